//! CodeView records, which identify the symbols of a module.

use alloc::vec::Vec;
use core::fmt;

use crate::error::{Item, WriteError};
use crate::format::debug::Size;
use crate::format::module::{CV_SIGNATURE_ELF, CV_SIGNATURE_NB10, CV_SIGNATURE_RSDS, CvInfoPdb20, CvInfoPdb70, Guid};

use crate::write::encode;
use crate::write::entries::content::PartContent;

/// A CodeView record, which identifies the symbols of a module.
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
    /// Creates a PDB 7.0 record (`RSDS`): GUID, age and path of the PDB.
    #[must_use]
    pub fn pdb70(signature: Guid, age: u32, path: &str) -> Self {
        Self::with_path(encode::encoded(CvInfoPdb70 { cv_signature: CV_SIGNATURE_RSDS, signature, age }), path)
    }

    /// Creates a PDB 2.0 record (`NB10`), as Visual C++ 6 and earlier wrote it: time stamp in seconds since 1970 UTC, age
    /// and path.
    #[must_use]
    pub fn pdb20(signature: u32, age: u32, path: &str) -> Self {
        let record = CvInfoPdb20 { cv_signature: CV_SIGNATURE_NB10, cv_offset: 0, signature, age };
        Self::with_path(encode::encoded(record), path)
    }

    /// Creates a record with the build ID of an ELF image (`BpEL`), as Breakpad and minidump-writer write it. Usually 20
    /// bytes.
    #[must_use]
    pub fn elf_build_id(build_id: &[u8]) -> Self {
        let mut bytes = encode::encoded(CV_SIGNATURE_ELF);
        bytes.extend_from_slice(build_id);
        Self { bytes, fault: build_id.is_empty().then_some("the build ID is empty") }
    }

    fn with_path(mut bytes: Vec<u8>, path: &str) -> Self {
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
        Self { bytes, fault: path.contains('\0').then_some("the path contains a NUL") }
    }

    /// Returns the bytes of the record.
    ///
    /// # Errors
    ///
    /// [`WriteError::InvalidInput`] if the path contains a NUL or the build ID is empty.
    pub fn encode(&self) -> Result<Vec<u8>, WriteError> {
        match self.fault {
            Some(reason) => {
                Err(WriteError::InvalidInput { item: Item { name: "CodeView record", index: None }, reason })
            }
            None => Ok(self.bytes.clone()),
        }
    }
}

/// Prints only the size.
impl fmt::Debug for CodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CodeView").field(&Size(self.bytes.len())).finish()
    }
}

impl From<CodeView> for PartContent<'_> {
    fn from(record: CodeView) -> Self {
        (&record).into()
    }
}

impl From<&CodeView> for PartContent<'_> {
    fn from(record: &CodeView) -> Self {
        record.encode().map_or_else(Self::fault, Self::from)
    }
}
