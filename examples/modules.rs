//! Lists the modules of a dump with the identifiers of their binaries and symbols, then the unloaded modules.
//!
//! ```text
//! $ cargo run --release --example modules -- tests/fixtures/quick-start.dmp
//! 0x000000007b000000 to 0x000000007b5e5000  C:\windows\system32\kernelbase.dll
//!     image   63F14E2B5e5000
//! ...
//! 0x0000000170000000 to 0x0000000170361000  C:\windows\system32\ntdll.dll
//!     version 6.1.7601.24059
//!     image   63F14E2B361000
//! 0x00000002c7470000 to 0x00000002c781a000  ucrtbase.dll, unloaded
//! ```

mod support;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use support::printable;
use userdump::read::any_format::AnyText;
use userdump::read::module::CodeView;
use userdump::read::system::wow64::Wow64;
use userdump::{Dump, ReadError};

const HELP: &str = "\
modules FILE

Lists the modules of a dump of any format with the identifiers of their binaries and symbols (version, code ID, CodeView
record), then the unloaded modules. For a 32-bit process in a 64-bit dump, each module is marked as 32-bit or 64-bit.

Example: modules crash.dmp";

fn main() -> ExitCode {
    support::run(HELP, list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let dump = Dump::parse(file)?;
    let memory = dump.memory();
    // The 64-bit dump of a 32-bit process lists modules of both widths.
    let wow64 = Wow64::of(&dump, &memory);
    for module in dump.modules() {
        // 32-bit addresses may be sign-extended in the file.
        let base = dump.target().mask(module.base());
        let end = base.saturating_add(module.size().into());
        let width = match &wow64 {
            Some(process) if process.is_32_bit(&module) => ", 32-bit",
            Some(_) => ", 64-bit",
            None => "",
        };
        writeln!(out, "{base:#018x} to {end:#018x}  {}{width}", text(module.name()))?;
        if let Some(version) = module.file_version(&memory) {
            writeln!(out, "    version {version}")?;
        }
        if let Some(id) = module.code_id(&memory) {
            writeln!(out, "    image   {id:#}")?;
        }
        match module.code_view(&memory) {
            Ok(record) => record.map_or(Ok(()), |record| writeln!(out, "    symbols {}", symbols(record.view())))?,
            Err(error) => writeln!(out, "    symbols: {error}")?,
        }
    }
    for module in dump.unloaded_modules() {
        let (base, size) = (dump.target().mask(module.base()), u64::from(module.size()));
        let name = text(module.name().map(AnyText::Utf16));
        writeln!(out, "{base:#018x} to {:#018x}  {name}, unloaded", base.saturating_add(size))?;
    }
    Ok(())
}

fn symbols(record: CodeView<'_>) -> String {
    let path = |path| printable(&String::from_utf8_lossy(path));
    match record {
        CodeView::Pdb70 { header, path: pdb } => format!("{} {} {}", header.signature, header.age, path(pdb)),
        CodeView::Pdb20 { header, path: pdb } => format!("{:08X} {} {}", header.signature, header.age, path(pdb)),
        CodeView::ElfBuildId(id) => id.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}")),
        _ => "in a CodeView record of an unknown type".into(),
    }
}

/// Returns a name, or the reason why it cannot be read, so that one damaged name does not end the list.
fn text(name: Result<AnyText<'_>, ReadError>) -> String {
    name.map_or_else(|error| format!("({error})"), |name| printable(&name.to_string()))
}
