//! Options that keep a dump as it is.

use crate::redump::as_is::AsIs;
use crate::redump::options::Options;

impl Options {
    /// Returns options that keep a minidump as it is: every stream, the flags, the memory lists with their kind, order and
    /// overlaps, and compressed memory. Nothing is made up and nothing is removed; only [`Hooks`](crate::redump::Hooks)
    /// change the dump.
    ///
    /// The text form is `as-is`. It can be combined with a comment, but with no other option.
    ///
    /// Nothing moves in the file unless something before it grows or is removed. Without hooks, the result equals the source
    /// byte for byte. Names, records and streams that are removed are zeroed, or cut out if they are large. References to
    /// positions outside the file stay, and are listed in [`Report::faults`](crate::redump::Report::faults).
    ///
    /// Full user dumps, big-endian dumps and changes to compressed memory are refused.
    ///
    /// # Examples
    ///
    /// A patcher that drops a module, renames another one, changes the exception code and adds a stream:
    ///
    /// ```
    /// use userdump::format::StreamType;
    /// use userdump::read::Module;
    /// use userdump::redump::{Hooks, Options, Redump};
    ///
    /// fn patch(file: &[u8], drop: &str, old: &str, new: &str, code: u32) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    ///     let dump = userdump::Dump::parse(file)?;
    ///     let is = |module: &Module<'_>, name: &str| module.name().is_ok_and(|it| it.to_string_lossy().ends_with(name));
    ///     let hooks = Hooks::new()
    ///         .keep_modules(|module| !is(module, drop))
    ///         .map_module(|module, edit| {
    ///             if is(module, old) {
    ///                 edit.rename(new);
    ///             }
    ///         })
    ///         .map_exception(|_, edit| edit.record.exception_record.exception_code = code)
    ///         .add_stream(StreamType(0x1_0042), &b"patched"[..]);
    ///     let mut out = Vec::new();
    ///     Redump::with_hooks(&dump, &Options::as_is(), hooks)?.write_to(&mut out)?;
    ///     Ok(out)
    /// }
    /// # let mut dump = userdump::MinidumpBuilder::new();
    /// # let names = ["C:\\a.exe", "C:\\b.dll"].map(|name| dump.text(name));
    /// # names.map(|name| drop(dump.module(Default::default(), name, None, None)));
    /// # let mut file = Vec::new();
    /// # dump.plan()?.write_to(&mut file)?;
    /// # let patched = patch(&file, "b.dll", "a.exe", "C:\\new.exe", 0xdead_beef)?;
    /// # let modules = userdump::Minidump::parse(&patched)?.modules();
    /// # assert_eq!((modules.len(), modules.get(0).unwrap().name()?.to_string_lossy()), (1, "C:\\new.exe".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn as_is() -> Self {
        Self { as_is: Some(AsIs::new()), ..Self::default() }
    }

    /// Returns true for [`Options::as_is`].
    #[must_use]
    pub const fn is_as_is(&self) -> bool {
        self.as_is.is_some()
    }

    /// Returns true if more than a comment is combined with `as-is`.
    pub(in crate::redump) fn conflict_with_as_is(&self) -> bool {
        let Self { engine, as_is, forced, unpadded, .. } = *self;
        *self != Self { engine, as_is, forced, unpadded, comment: self.comment.clone(), ..Self::default() }
    }
}
