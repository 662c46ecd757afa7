//! Records that lead to the symbols of a module.

use alloc::vec::Vec;
use core::fmt;

use crate::error::{Item, WriteError};
use crate::format::debug::Size;
use crate::format::module::{CV_SIGNATURE_ELF, CV_SIGNATURE_NB10, CV_SIGNATURE_RSDS, CvInfoPdb20, CvInfoPdb70, Guid};

use crate::write::encode;
use crate::write::entries::content::PartContent;

/// The record of a module that leads to its symbols.
///
/// # Examples
///
/// ```
/// use userdump::write::CodeView;
///
/// let record = CodeView::elf_build_id(&[0xab; 20]).encode()?;
/// assert_eq!(record[..5], [b'L', b'E', b'p', b'B', 0xab]);
/// # Ok::<(), userdump::WriteError>(())
/// ```
#[derive(Clone)]
pub struct CodeView {
    bytes: Vec<u8>,
    fault: Option<&'static str>,
}

impl CodeView {
    /// A PDB of today (`RSDS`): its GUID, its age and its path.
    pub fn pdb70(signature: Guid, age: u32, path: &str) -> Self {
        Self::with_path(encode::encoded(CvInfoPdb70 { cv_signature: CV_SIGNATURE_RSDS, signature, age }), path)
    }

    /// A PDB of Visual C++ 2 to 6 (`NB10`): the time of its making in seconds since 1970 UTC, its age and its path.
    pub fn pdb20(signature: u32, age: u32, path: &str) -> Self {
        let record = CvInfoPdb20 { cv_signature: CV_SIGNATURE_NB10, cv_offset: 0, signature, age };
        Self::with_path(encode::encoded(record), path)
    }

    /// The build ID of an ELF image (`BpEL`), as minidump-writer and Breakpad write it: 20 bytes of SHA-1 as a rule.
    pub fn elf_build_id(build_id: &[u8]) -> Self {
        let mut bytes = encode::encoded(CV_SIGNATURE_ELF);
        bytes.extend_from_slice(build_id);
        Self { bytes, fault: build_id.is_empty().then_some("a build ID of no bytes identifies nothing") }
    }

    fn with_path(mut bytes: Vec<u8>, path: &str) -> Self {
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
        Self { bytes, fault: path.contains('\0').then_some("the path has a NUL in it, where it would end") }
    }

    /// The record.
    ///
    /// # Errors
    ///
    /// [`WriteError::InvalidInput`] for a path with a NUL in it and for a build ID without bytes.
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        match self.fault {
            Some(reason) => {
                Err(WriteError::InvalidInput { item: Item { name: "CodeView record", index: None }, reason })
            }
            None => Ok(self.bytes.clone()),
        }
    }
}

/// Prints the size alone.
impl fmt::Debug for CodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CodeView").field(&Size(self.bytes.len())).finish()
    }
}

impl From<CodeView> for PartContent<'_> {
    fn from(record: CodeView) -> Self {
        record.encode().map_or_else(Self::fault, Self::from)
    }
}

impl From<&CodeView> for PartContent<'_> {
    fn from(record: &CodeView) -> Self {
        record.clone().into()
    }
}
