//! Handle records.

use crate::format::handle::{HandleDescriptor, HandleDescriptor2};

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::{AddTo, PartContent};
use crate::write::text::Text;

/// A handle and the names of its type and object, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::read::{Minidump, handle::HandleData};
/// use userdump::write::{Handle, MinidumpBuilder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(Handle::new(0x44).type_name("Event").object_name("\\BaseNamedObjects\\stop"));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let handles = Minidump::parse(&file)?.stream::<HandleData>()?.unwrap();
/// assert_eq!(handles.get(0).unwrap().type_name()?.unwrap().to_string(), "Event");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Handle<'a> {
    record: HandleDescriptor,
    type_name: Option<Text<'a>>,
    object_name: Option<Text<'a>>,
    information: Option<PartContent<'a>>,
}

impl<'a> Handle<'a> {
    /// Creates a handle with this value.
    #[must_use]
    pub fn new(handle: u64) -> Self {
        let record = HandleDescriptor { handle, ..Default::default() };
        Self { record, type_name: None, object_name: None, information: None }
    }

    /// Sets the type of the object, such as `Event`.
    #[must_use]
    pub fn type_name(mut self, name: impl Into<Text<'a>>) -> Self {
        self.type_name = Some(name.into());
        self
    }

    /// Sets the name of the object, such as `\BaseNamedObjects\stop`.
    #[must_use]
    pub fn object_name(mut self, name: impl Into<Text<'a>>) -> Self {
        self.object_name = Some(name.into());
        self
    }

    /// Sets the attributes of the handle.
    #[must_use]
    pub fn attributes(mut self, attributes: u32) -> Self {
        self.record.attributes = attributes;
        self
    }

    /// Sets the access mask that was granted.
    #[must_use]
    pub fn granted_access(mut self, granted_access: u32) -> Self {
        self.record.granted_access = granted_access;
        self
    }

    /// Sets the number of open handles to the object.
    #[must_use]
    pub fn handle_count(mut self, handle_count: u32) -> Self {
        self.record.handle_count = handle_count;
        self
    }

    /// Sets the number of kernel references to the object.
    #[must_use]
    pub fn pointer_count(mut self, pointer_count: u32) -> Self {
        self.record.pointer_count = pointer_count;
        self
    }

    /// Sets the object information: the first part of the chain, or the bytes of a single record.
    #[must_use]
    pub fn information(mut self, record: impl Into<PartContent<'a>>) -> Self {
        self.information = Some(record.into());
        self
    }
}

impl<'a> AddTo<'a> for Handle<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let type_name = self.type_name.map(|name| dump.text(name));
        let object_name = self.object_name.map(|name| dump.text(name));
        let information = self.information.and_then(|record| record.part(dump, "object information"));
        let record = HandleDescriptor2 { descriptor: self.record, ..Default::default() };
        dump.handle(record, type_name, object_name, information);
    }
}
