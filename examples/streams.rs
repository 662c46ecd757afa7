//! Lists the streams of a dump in the order of its directory.
//!
//! ```text
//! $ cargo run --release --example streams -- tests/fixtures/quick-start.dmp
//!         offset       size       type  name
//!   0      0x72c        244        0x3  ThreadList
//!   1      0x820        332       0x11  ThreadInfoList
//!   2      0x96c        436        0x4  ModuleList
//!   3      0xb20         36        0xe  UnloadedModuleList
//!   4      0xb44        744       0x13  Token
//!   5     0x2ece        212        0x5  MemoryList
//!   6    0x14a42       5392       0x10  MemoryInfoList
//!   7      0x684        168        0x6  Exception
//!   8       0xf8         56        0x7  SystemInfo
//!   9      0x130       1364        0xf  MiscInfo
//!  10      0xe2c        492       0x15  SystemMemoryInfo
//!  11     0x1018        152       0x16  ProcessVmCounters
//! ...
//! ```

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use userdump::Dump;

const HELP: &str = "\
streams FILE

Lists the streams of a minidump in the order of its directory: file offset, size, type and name, and what is wrong with
streams that cannot be decoded.

Example: streams crash.dmp";

fn main() -> ExitCode {
    support::run(HELP, list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let Dump::Minidump(dump) = Dump::parse(file)? else {
        return Err("a full user dump has no streams; its header has the offsets of its parts".into());
    };
    writeln!(out, "{:>3} {:>10} {:>10} {:>10}  name", "", "offset", "size", "type")?;
    for (stream, decoded) in dump.streams() {
        let (index, offset, size) = (stream.index(), stream.offset(), stream.declared_size());
        let (number, name) = (stream.stream_type().0, stream.stream_type().name().unwrap_or("unknown"));
        write!(out, "{index:>3} {offset:>#10x} {size:>10} {number:>#10x}  {name}")?;
        // The bytes are available even if the stream cannot be decoded: `stream.bytes()`.
        match stream.fault().or(decoded.err()) {
            Some(error) => writeln!(out, ": {error}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
