//! Lists the streams of a dump, as its directory has them.
//!
//! OUTPUT

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use userdump::Dump;

fn main() -> ExitCode {
    support::run("streams FILE", list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let Dump::Minidump(dump) = Dump::parse(file)? else {
        return Err("a dump of this kind has no streams".into());
    };
    writeln!(out, "{:>3} {:>10} {:>10} {:>10}  name", "", "offset", "size", "type")?;
    for (stream, decoded) in dump.streams() {
        let (index, offset, size) = (stream.index(), stream.offset(), stream.declared_size());
        let (number, name) = (stream.stream_type().0, stream.stream_type().name().unwrap_or("unknown"));
        write!(out, "{index:>3} {offset:>#10x} {size:>10} {number:>#10x}  {name}")?;
        // Whether it can be decoded or not, the bytes that are there are at hand: `stream.bytes()`.
        match stream.fault().or(decoded.err()) {
            Some(error) => writeln!(out, ": {error}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
