//! Prints memory of the dumped process; bytes that the dump lacks are `??`.
//!
//! ```text
//! $ cargo run --release --example read_memory -- tests/fixtures/quick-start.dmp 0x11fd98 0x60
//! 000000000011fd90                          00 00 00 00 00 00 00 00          ........
//! 000000000011fda0  00 00 00 00 00 00 00 00 77 d7 05 70 01 00 00 00  ........w..p....
//! 000000000011fdb0  00 00 00 00 00 00 00 00 80 40 01 40 01 00 00 00  .........@.@....
//! 000000000011fdc0  00 00 00 00 00 00 00 00 00 00 3c 01 00 00 00 00  ..........<.....
//! 000000000011fdd0  00 00 3f 01 00 00 00 00 00 00 43 02 00 00 00 00  ..?.......C.....
//! 000000000011fde0  00 00 00 00 00 00 00 00 89 a0 07 70 04 00 00 00  ...........p....
//! 000000000011fdf0  90 fe 11 00 00 00 00 00                          ........
//! ```

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use userdump::Dump;

/// The number of bytes in a row.
const ROW: u64 = 16;

const HELP: &str = "\
read_memory FILE ADDRESS LENGTH

Prints LENGTH bytes of memory starting at ADDRESS, in hexadecimal and as text. Bytes that the dump lacks are `??`. Numbers are
decimal, or hexadecimal with the prefix 0x; a backtick, as in debuggers (0x7ff6`12340000), is ignored in hexadecimal numbers.

Example: read_memory crash.dmp 0x11fd98 0x60";

fn main() -> ExitCode {
    support::run(HELP, print)
}

fn print(file: &[u8], words: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let [address, length] = words else {
        return Err("an address and a length are needed".into());
    };
    let (start, length) = (number(address)?, number(length)?);
    let more = length.checked_sub(1).ok_or("the length must not be 0")?;
    let last = start.saturating_add(more);
    // Building the index takes one pass over all ranges. After that, each read is a binary search.
    let memory = Dump::parse(file)?.memory();
    let mut present = 0;
    let mut row = start - start % ROW;
    loop {
        let asked = |address: &u64| (start..=last).contains(address);
        let (mut digits, mut characters) = (String::new(), String::new());
        for address in row..=row | (ROW - 1) {
            let byte = memory.read_u8(address).filter(|_| asked(&address));
            present += u64::from(byte.is_some());
            digits += &match byte {
                Some(byte) => format!(" {byte:02x}"),
                None if asked(&address) => " ??".to_owned(),
                None => "   ".to_owned(),
            };
            characters.push(byte.map_or(' ', |byte| if byte.is_ascii_graphic() { byte.into() } else { '.' }));
        }
        writeln!(out, "{}", format!("{row:016x} {digits}  {characters}").trim_end())?;
        match row.checked_add(ROW).filter(|row| *row <= last) {
            Some(next) => row = next,
            None => break,
        }
    }
    if present == 0 { Err("the dump has none of these bytes".into()) } else { Ok(()) }
}

/// Parses a number: decimal, or hexadecimal with the prefix `0x`. Ignores the debugger's backtick between the halves.
fn number(word: &str) -> Result<u64, Box<dyn Error>> {
    let parsed = match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(&digits.replace('`', ""), 16),
        None => word.parse(),
    };
    parsed.map_err(|error| format!("{word}: {error}").into())
}
