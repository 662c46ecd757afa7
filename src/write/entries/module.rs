//! Loaded and unloaded modules.

use crate::format;
use crate::format::module::FixedFileInfo;

use crate::write::builder::MinidumpBuilder;
use crate::write::entries::content::{AddTo, PartContent};
use crate::write::text::Text;

/// A module, its name and its debug records, for [`MinidumpBuilder::add`].
///
/// # Examples
///
/// ```
/// use userdump::write::{MinidumpBuilder, Module};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut dump = MinidumpBuilder::new();
/// dump.add(Module::new(0x1_4000_0000, 0x2_0000, "C:\\app.exe").version([1, 2, 3, 4], [1, 2, 0, 0]));
/// let mut file = Vec::new();
/// dump.plan()?.write_to(&mut file)?;
/// let place = userdump::Dump::parse(&file)?.modules_by_address().locate(0x1_4000_1000).map(|it| it.to_string());
/// assert_eq!(place.as_deref(), Some("app.exe+0x1000"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Module<'a> {
    record: format::Module,
    name: Text<'a>,
    code_view: Option<PartContent<'a>>,
    misc: Option<PartContent<'a>>,
}

impl<'a> Module<'a> {
    /// Creates a module of `size` bytes at `base`; `name` is its path.
    pub fn new(base: u64, size: u32, name: impl Into<Text<'a>>) -> Self {
        let record = format::Module { base_of_image: base, size_of_image: size, ..Default::default() };
        Self { record, name: name.into(), code_view: None, misc: None }
    }

    /// Sets the checksum in the image header.
    #[must_use]
    pub fn check_sum(mut self, check_sum: u32) -> Self {
        self.record.check_sum = check_sum;
        self
    }

    /// Sets the time stamp in the image header: seconds since 1970 UTC, or a hash for reproducible builds.
    #[must_use]
    pub fn time_date_stamp(mut self, time_date_stamp: u32) -> Self {
        self.record.time_date_stamp = time_date_stamp;
        self
    }

    /// Sets the fixed part of the version resource.
    #[must_use]
    pub fn version_info(mut self, version_info: FixedFileInfo) -> Self {
        self.record.version_info = version_info;
        self
    }

    /// Sets the file version and the product version, but no other field of the version resource.
    #[must_use]
    pub fn version(self, file: [u16; 4], product: [u16; 4]) -> Self {
        let halves = |[a, b, c, d]: [u16; 4]| (u32::from(a) << 16 | u32::from(b), u32::from(c) << 16 | u32::from(d));
        let ((file_version_ms, file_version_ls), (product_version_ms, product_version_ls)) =
            (halves(file), halves(product));
        self.version_info(FixedFileInfo {
            signature: FixedFileInfo::SIGNATURE,
            struc_version: FixedFileInfo::STRUC_VERSION,
            file_version_ms,
            file_version_ls,
            product_version_ms,
            product_version_ls,
            ..Default::default()
        })
    }

    /// Sets the record that identifies the symbols, from a [`CodeView`](crate::write::CodeView) or from bytes.
    #[must_use]
    pub fn code_view(mut self, record: impl Into<PartContent<'a>>) -> Self {
        self.code_view = Some(record.into());
        self
    }

    /// Sets the `IMAGE_DEBUG_MISC` record.
    #[must_use]
    pub fn misc(mut self, record: impl Into<PartContent<'a>>) -> Self {
        self.misc = Some(record.into());
        self
    }
}

impl<'a> AddTo<'a> for Module<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let name = dump.text(self.name);
        let code_view = self.code_view.and_then(|record| record.part(dump, "CodeView record"));
        let misc = self.misc.and_then(|record| record.part(dump, "IMAGE_DEBUG_MISC"));
        dump.module(self.record, name, code_view, misc);
    }
}

/// An unloaded module, for [`MinidumpBuilder::add`].
#[derive(Debug)]
pub struct UnloadedModule<'a> {
    record: format::module::UnloadedModule,
    name: Text<'a>,
}

impl<'a> UnloadedModule<'a> {
    /// Creates an unloaded module that was loaded with `size` bytes at `base`. Windows stores only the file name as `name`.
    pub fn new(base: u64, size: u32, name: impl Into<Text<'a>>) -> Self {
        let record = format::module::UnloadedModule { base_of_image: base, size_of_image: size, ..Default::default() };
        Self { record, name: name.into() }
    }

    /// Sets the checksum in the image header.
    #[must_use]
    pub fn check_sum(mut self, check_sum: u32) -> Self {
        self.record.check_sum = check_sum;
        self
    }

    /// Sets the time stamp in the image header: seconds since 1970 UTC, or a hash for reproducible builds.
    #[must_use]
    pub fn time_date_stamp(mut self, time_date_stamp: u32) -> Self {
        self.record.time_date_stamp = time_date_stamp;
        self
    }
}

impl<'a> AddTo<'a> for UnloadedModule<'a> {
    fn add_to(self, dump: &mut MinidumpBuilder<'a>) {
        let name = dump.text(self.name);
        dump.unloaded_module(self.record, Some(name));
    }
}
