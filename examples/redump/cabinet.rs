//! Packs the result into a cabinet (CAB), as the debugger does with `/b`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use cab::{CabinetBuilder, CompressionType};

/// The largest file that fits into a cabinet, in bytes: 65,535 blocks of 32 KiB.
pub const LARGEST: u64 = 0x7fff_8000;

/// The longest file name in a cabinet, in bytes.
const LONGEST_NAME: usize = 255;

/// Why packing failed: writing the packed file failed, or writing the cabinet did.
#[derive(Debug)]
pub enum Fault<E> {
    File(E),
    Cabinet(io::Error),
}

/// Checks whether a file with this name and size, in bytes, fits into a cabinet.
pub fn admit(name: &str, size: u64) -> io::Result<()> {
    if size > LARGEST {
        return Err(io::Error::other(format!("a cabinet can hold {LARGEST} bytes, but the dump has {size}")));
    }
    if name.len() > LONGEST_NAME {
        return Err(io::Error::other(format!("file names in a cabinet are limited to {LONGEST_NAME} bytes: {name}")));
    }
    Ok(())
}

/// Writes a cabinet with a single file, whose contents `write` writes. Returns the result of `write`. Buffers at most
/// one block of 32 KiB.
pub fn pack<T, E>(
    cabinet: &File,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, Fault<E>> {
    let mut builder = CabinetBuilder::new();
    builder.add_folder(CompressionType::MsZip).add_file(name);
    let mut writer = builder.build(BufWriter::new(cabinet)).map_err(Fault::Cabinet)?;
    let Some(mut file) = writer.next_file().map_err(Fault::Cabinet)? else {
        return Err(Fault::Cabinet(io::Error::other("the cabinet has no file")));
    };
    let written = write(&mut file).map_err(Fault::File)?;
    let buffer = writer.finish().map_err(Fault::Cabinet)?;
    buffer.into_inner().map_err(|error| Fault::Cabinet(error.into_error()))?;
    Ok(written)
}

/// Writes to a dump and to a cabinet at the same time.
pub struct Both<'s>(pub &'s File, pub &'s mut dyn Write);

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        let of_cabinet = |error: io::Error| io::Error::new(error.kind(), format!("in the cabinet: {error}"));
        self.1.write_all(bytes).map_err(of_cabinet)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.1.flush()
    }
}
