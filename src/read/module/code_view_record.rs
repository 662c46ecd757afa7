//! The record that identifies the symbols of a module, from the module list or from an image in memory.

use alloc::borrow::Cow;

use crate::format::debug::Size;
#[cfg(feature = "std")]
use crate::format::module::{CV_SIGNATURE_RSDS, CvInfoPdb70, Guid};

use crate::read::bytes::ByteOrder;
use crate::read::module::debug_id::DebugId;
use crate::read::module::list::CodeView;

/// Identifies the symbols of a module, in dumps of either format. It is a record of the module list or the equivalent
/// in the module's image in memory. See [`AnyModule::code_view`](crate::read::any_format::AnyModule::code_view).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CodeViewRecord<'m> {
    form: Form<'m>,
    order: ByteOrder,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Form<'m> {
    Record(Cow<'m, [u8]>),
    #[cfg(feature = "std")]
    BuildId(alloc::vec::Vec<u8>),
    #[cfg(feature = "std")]
    Uuid(Guid),
}

impl<'m> CodeViewRecord<'m> {
    pub(crate) const fn new(record: Cow<'m, [u8]>, order: ByteOrder) -> Self {
        Self { form: Form::Record(record), order }
    }

    #[cfg(feature = "std")]
    pub(crate) const fn from_build_id(id: alloc::vec::Vec<u8>, order: ByteOrder) -> Self {
        Self { form: Form::BuildId(id), order }
    }

    #[cfg(feature = "std")]
    pub(crate) const fn from_uuid(uuid: Guid) -> Self {
        Self { form: Form::Uuid(uuid), order: ByteOrder::Big }
    }

    /// Decodes the record. An ELF image has its build ID. A Mach-O image has its UUID in the form of a GUID, with an
    /// age of 0 and an empty path, as written by Breakpad and Crashpad.
    #[must_use]
    pub fn view(&self) -> CodeView<'_> {
        match &self.form {
            Form::Record(record) => CodeView::new(record, self.order),
            #[cfg(feature = "std")]
            Form::BuildId(id) => CodeView::ElfBuildId(id),
            #[cfg(feature = "std")]
            Form::Uuid(uuid) => CodeView::Pdb70 {
                header: CvInfoPdb70 { cv_signature: CV_SIGNATURE_RSDS, signature: *uuid, age: 0 },
                path: &[],
            },
        }
    }

    /// Returns the byte order of the record, which is that of the dump or of the image.
    #[must_use]
    pub const fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Returns the identifier of the symbols: see [`CodeView::debug_id`].
    #[must_use]
    pub fn debug_id(&self) -> Option<DebugId> {
        self.view().debug_id(self.order)
    }
}

/// Prints the number of bytes, not the bytes.
impl core::fmt::Debug for CodeViewRecord<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match &self.form {
            Form::Record(record) => f.debug_tuple("CodeViewRecord").field(&Size(record.len())).finish(),
            #[cfg(feature = "std")]
            Form::BuildId(_) | Form::Uuid(_) => f.debug_tuple("CodeViewRecord").field(&self.view()).finish(),
        }
    }
}
