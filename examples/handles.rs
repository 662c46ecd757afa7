//! Lists the handles of the process, and the information that the dump has about their objects.
//!
//! ```text
//! $ cargo run --release --example handles -- streams.dmp
//!     handle     access  handles pointers  type and name
//!       0x44   0x1f0003        3        4  Event \BaseName
//!                                  Process1 8 bytes
//!       0x48   0x1f0001        5        6  Event
//! ```
//!
//! None of the fixtures has handles: the debugger writes them with `.dump /mh`.

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use userdump::read::handle::HandleData;
use userdump::read::text::Utf16;
use userdump::{Dump, ReadError};

const HELP: &str = "\
handles FILE

Lists the handles of a minidump: access, counts, type and name, and the information about their objects. The debugger writes
handles if the options contain the letter `h`.

Example: handles crash.dmp";

fn main() -> ExitCode {
    support::run(HELP, list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let Dump::Minidump(dump) = Dump::parse(file)? else {
        return Err("a full user dump has no handles".into());
    };
    let Some(handles) = dump.stream::<HandleData<'_>>()? else {
        return Err("the dump has no handles; the debugger writes them if the options contain the letter h".into());
    };
    writeln!(out, "{:>10} {:>10} {:>8} {:>8}  type and name", "handle", "access", "handles", "pointers")?;
    for handle in &handles {
        let raw = handle.raw().descriptor;
        let (access, others, pointers) = (raw.granted_access, raw.handle_count, raw.pointer_count);
        let (kind, name) = (text(handle.type_name()), text(handle.object_name()));
        let line = format!("{:>#10x} {access:>#10x} {others:>8} {pointers:>8}  {kind} {name}", handle.value());
        writeln!(out, "{}", line.trim_end())?;
        for object in handle.object_information() {
            match object {
                Ok(object) => writeln!(out, "{:>41} {} bytes", object.raw.info_type, object.bytes.len())?,
                // The chain ends here. Continue with the next handle.
                Err(error) => writeln!(out, "{:>41}{error}", "")?,
            }
        }
    }
    Ok(())
}

/// Returns a name, an empty string if there is no name, or the reason why it cannot be read.
fn text(name: Result<Option<Utf16<'_>>, ReadError>) -> String {
    match name {
        Ok(name) => name.map_or(String::new(), |name| support::printable(&name.to_string_lossy())),
        Err(error) => format!("({error})"),
    }
}
