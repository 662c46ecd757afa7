//! Lists the modules of a dump with what finds their files and symbols, then those that were unloaded.
//!
//! ```text
//! $ cargo run --example modules -- tests/fixtures/quick-start.dmp
//! 0x000000007b000000 to 0x000000007b5e5000  C:\windows\system32\kernelbase.dll
//!     image   63F14E2B5e5000
//! 0x000000007b600000 to 0x000000007b795000  C:\windows\system32\kernel32.dll
//!     version 10.0.18362.1350
//!     image   63F14E2B195000
//! 0x0000000140000000 to 0x000000014001e000  C:\victim\victim.exe
//!     image   000000001e000
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
use userdump::format::FixedFileInfo;
use userdump::read::{AnyModule, AnyText, ByteOrder, CodeView, Image, UnloadedModuleList};
use userdump::{Dump, ReadError};

fn main() -> ExitCode {
    support::run("modules FILE", list)
}

fn list(file: &[u8], _: &[String], out: &mut dyn Write) -> Result<(), Box<dyn Error>> {
    let dump = Dump::parse(file)?;
    let memory = dump.memory();
    for module in dump.modules() {
        let end = module.base().saturating_add(module.size().into());
        writeln!(out, "{:#018x} to {end:#018x}  {}", module.base(), text(module.name()))?;
        if let AnyModule::Minidump(module) = module {
            let (version, stamp) = (module.version().copied(), module.raw().time_date_stamp);
            details(version, (stamp, module.size()), module.code_view(), out)?;
        } else if let Some(image) = Image::at(&memory, module.base()) {
            // A full user dump leaves the rest to the image in memory.
            let record = image.code_view_record();
            let code_view = record.as_deref().map(|record| CodeView::new(record, ByteOrder::Little));
            details(image.version(), (image.time_date_stamp(), module.size()), Ok(code_view), out)?;
        }
    }
    let unloaded = match dump {
        Dump::Minidump(dump) => dump.stream::<UnloadedModuleList<'_>>()?,
        _ => None,
    };
    for module in unloaded.into_iter().flatten() {
        let (base, size) = (module.raw().base_of_image, u64::from(module.raw().size_of_image));
        let name = text(module.name().map(AnyText::Utf16));
        writeln!(out, "{base:#018x} to {:#018x}  {name}, unloaded", base.saturating_add(size))?;
    }
    Ok(())
}

/// Version, file by time stamp and size, and symbols.
fn details(
    version: Option<FixedFileInfo>,
    (stamp, size): (u32, u32),
    code_view: Result<Option<CodeView<'_>>, ReadError>,
    out: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    if let Some(version) = version {
        let (high, low) = (version.file_version_ms, version.file_version_ls);
        writeln!(out, "    version {}.{}.{}.{}", high >> 16, high & 0xffff, low >> 16, low & 0xffff)?;
    }
    // A symbol server has the file under its time stamp and size.
    writeln!(out, "    image   {stamp:08X}{size:x}")?;
    match code_view {
        Ok(Some(CodeView::Pdb70 { head, path })) => {
            writeln!(out, "    symbols {} {} {}", head.signature, head.age, ansi(path))?;
        }
        Ok(Some(CodeView::Pdb20 { head, path })) => {
            writeln!(out, "    symbols {:08X} {} {}", head.signature, head.age, ansi(path))?;
        }
        Ok(Some(CodeView::ElfBuildId(id))) => {
            let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            writeln!(out, "    symbols {id}")?;
        }
        Ok(Some(_)) => writeln!(out, "    symbols in a record of an unknown kind")?,
        Ok(None) => {}
        Err(error) => writeln!(out, "    symbols: {error}")?,
    }
    Ok(())
}

/// A name, or why it cannot be read: one broken name does not spoil the list.
fn text(name: Result<AnyText<'_>, ReadError>) -> String {
    name.map_or_else(|error| format!("({error})"), |name| printable(&name.to_string()))
}

fn ansi(path: &[u8]) -> String {
    printable(&String::from_utf8_lossy(path))
}
