//! A cabinet (CAB) with the result, as the debugger packs it with `/b`.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use cab::{CabinetBuilder, CompressionType};

/// The largest file that a cabinet has room for, in bytes: 65,535 blocks of 32 KiB.
pub const LARGEST: u64 = 0x7fff_8000;

/// Names have so many bytes at most.
const LONGEST_NAME: usize = 255;

/// Why there is no cabinet: whoever wrote the file in it failed, or the cabinet could not be written.
#[derive(Debug)]
pub enum Fault<E> {
    File(E),
    Cabinet(io::Error),
}

/// Whether a file of this name and size, in bytes, can be in a cabinet.
pub fn admit(name: &str, size: u64) -> io::Result<()> {
    if size > LARGEST {
        return Err(io::Error::other(format!("a cabinet has room for {LARGEST} bytes, and the dump has {size}")));
    }
    if name.len() > LONGEST_NAME {
        return Err(io::Error::other(format!("names in a cabinet have at most {LONGEST_NAME} bytes: {name}")));
    }
    Ok(())
}

/// Makes `cabinet` one with a single file, which gets the bytes that `write` writes, and gives what that gives. No more than
/// a block of 32 KiB is in memory.
pub fn pack<T, E>(
    cabinet: &File,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, Fault<E>> {
    let mut builder = CabinetBuilder::new();
    builder.add_folder(CompressionType::MsZip).add_file(name);
    let mut writer = builder.build(BufWriter::new(cabinet)).map_err(Fault::Cabinet)?;
    let Some(mut file) = writer.next_file().map_err(Fault::Cabinet)? else {
        return Err(Fault::Cabinet(io::Error::other("it has no file")));
    };
    let written = write(&mut file).map_err(Fault::File)?;
    let buffer = writer.finish().map_err(Fault::Cabinet)?;
    buffer.into_inner().map_err(|error| Fault::Cabinet(error.into_error()))?;
    Ok(written)
}

/// A dump and the same in a cabinet.
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
