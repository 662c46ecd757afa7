//! What records point to, carried from the source into the builder: once each, however many point to it.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use crate::error::ReadError;
use crate::format::handle::HandleObjectInformation;
use crate::format::system::XStateConfigFeature;
use crate::format::{LocationDescriptor, MinidumpType, Rva64, RvaWidth, StreamType};
use crate::read::handle::HandleObjects;
use crate::read::linux::LinuxMaps;
use crate::read::references::{Kind as PartKind, Part, parts_within};
use crate::read::system::MiscInfo;
use crate::read::{Budget, Context, MemoryPositions, Minidump, Module, RawStream, Stream};
use crate::write::{MinidumpBuilder, PartId, Text};

use crate::redump::accounts::Accounts;
use crate::redump::carried::object_bytes;
use crate::redump::context_form::{Change, Form};
use crate::redump::folders::base_names::{code_view_without_folder, string_without_folder, wide_name_of_module};
use crate::redump::folders::learn::Folders;
use crate::redump::folders::maps::maps_without_folders;
use crate::redump::options::Options;
use crate::redump::source::Source;
use crate::redump::unused_bytes::{clear_code_view, clear_debug_misc, clear_xstate};
use crate::redump::unused_in_streams::{clear_part, clear_stream};

/// What a context is called where it is charged for.
const CONTEXT: &str = "CONTEXT";

/// Which form of some bytes of the source a part holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Text,
    Bytes,
    Context,
    ThreadContext,
    Object,
    DebugMisc,
    ModuleName,
}

/// The builder, and which bytes of the source are in it already.
pub(super) struct Carrier<'s, 'a> {
    pub(super) builder: MinidumpBuilder<'a>,
    source: &'s Source<'a>,
    pub(super) dump: Minidump<'s>,
    pub(super) carried: HashMap<(Kind, u64, u64), PartId>,
    /// True if contexts keep what is behind their fixed part.
    extended_state: bool,
    /// Where that is in them.
    xstate: Option<XStateConfigFeature>,
    /// What may not be in the result, if anything.
    folders: Option<Folders>,
    /// What is carried: what the file holds is not carried more than twice, so that a small file whose records all point
    /// to the same long text does not become a large one.
    carried_bytes: Budget,
    /// Contexts that were charged for before everything else, by position and size, so that names and handles do not use
    /// up what registers need.
    prepaid: HashSet<(u64, u64)>,
    /// What streams refer to, whether it is carried or given up halfway.
    followed: Budget,
    /// Where the file has memory, of which nothing may come along as something else.
    memory: MemoryPositions,
    /// True if the result may have no memory that was not selected, whether it is in a list or in bytes that say nothing
    /// (`r`, `R`).
    pub(super) is_private: bool,
    /// What is wrong with parts that are carried all the same.
    pub(super) noticed: Vec<ReadError>,
    /// What is lost on the way.
    pub(super) accounts: Accounts,
    /// How many contexts have extended state.
    pub(super) extended_states: u64,
}

impl<'s, 'a> Carrier<'s, 'a> {
    pub(super) fn new(source: &'s Source<'a>, options: &Options) -> Self {
        let dump = source.dump();
        let twice = Budget::times(dump.data().len() as u64, 2);
        let folders = options.contain(MinidumpType::FILTER_MODULE_PATHS).then(|| Folders::of(&dump));
        let is_private = folders.is_some() || options.contain(MinidumpType::FILTER_MEMORY);
        let mut xstate = dump.find::<MiscInfo<'_>>().and_then(|misc| misc.xstate());
        if is_private {
            // As the result has it.
            xstate.iter_mut().for_each(clear_xstate);
        }
        let mut carrier = Self {
            builder: MinidumpBuilder::new(),
            source,
            dump,
            carried: HashMap::new(),
            extended_state: options.contain(MinidumpType::WITH_AVX_X_STATE_CONTEXT),
            xstate,
            folders,
            carried_bytes: twice,
            prepaid: HashSet::new(),
            followed: twice,
            memory: MemoryPositions::of(&dump),
            is_private,
            noticed: Vec::new(),
            accounts: Accounts::new(source.target, dump.data().len() as u64, is_private),
            extended_states: 0,
        };
        carrier.prepay_contexts();
        carrier
    }

    /// Takes what contexts cost, as far as it goes.
    fn prepay_contexts(&mut self) {
        let dump = self.dump;
        let threads = dump.threads().map(|thread| thread.raw().thread_context);
        let exceptions = dump.exceptions().flatten().map(|exception| exception.raw().thread_context);
        for location in threads.chain(exceptions) {
            let place = (location.rva.into(), location.data_size.into());
            let is_there = matches!(dump.dump_bytes().optional_location(CONTEXT, location), Ok(Some(_)));
            if is_there && !self.prepaid.contains(&place) {
                // Those that overlap so much that they do not fit are charged for like everything else.
                if !self.carried_bytes.has(place.1) || self.charge(CONTEXT, place.0, place.1).is_err() {
                    return;
                }
                self.prepaid.insert(place);
            }
        }
    }

    /// Refuses bytes that are memory where nothing of it may come along, and takes note of them otherwise.
    fn memory_in(&mut self, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        match self.memory.refuse(what, offset, size) {
            Err(error) if self.is_private => Err(error),
            noted => {
                self.noticed.extend(noted.err());
                Ok(())
            }
        }
    }

    /// A stream without what its size claims of memory, and that claim, if there is one. Where memory may come along, only
    /// tokens are shortened: they say where they end.
    pub(super) fn bounded(
        &self,
        stream: RawStream<'s>,
        decoded: Result<Stream<'s>, ReadError>,
    ) -> (RawStream<'s>, Result<Stream<'s>, ReadError>, Option<ReadError>) {
        let (offset, size) = (stream.offset(), stream.bytes().len() as u64);
        let memory = match stream.stream_type() {
            // They are written anew from the memory that was selected.
            StreamType::MEMORY_LIST | StreamType::MEMORY64_LIST => None,
            _ => self.memory.first_in(offset, size),
        };
        let Some(memory) = memory else { return (stream, decoded, None) };
        let own = match &decoded {
            Ok(Stream::Token(tokens)) => tokens.own_size(),
            _ => size,
        };
        let shortened = stream.shortened(if self.is_private { own.min(memory.saturating_sub(offset)) } else { own });
        let error = ReadError::MemoryShared { what: "stream", offset, size, memory };
        (shortened, Stream::decode(&shortened), Some(error))
    }

    /// Takes from what may be carried.
    pub(super) fn charge(&mut self, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        self.carried_bytes.charge(what, offset, size)
    }

    /// The part made of the `size` bytes at `offset`; `make` makes it if there is none yet.
    fn once(
        &mut self,
        what: &'static str,
        (kind, offset, size): (Kind, u64, u64),
        make: impl FnOnce(&mut MinidumpBuilder<'a>, &mut Option<Folders>) -> Result<PartId, ReadError>,
    ) -> Result<PartId, ReadError> {
        let key = (kind, offset, size);
        if let Some(&part) = self.carried.get(&key) {
            return Ok(part);
        }
        if what != CONTEXT || !self.prepaid.remove(&(offset, size)) {
            self.charge(what, offset, size)?;
        }
        let part = make(&mut self.builder, &mut self.folders)?;
        self.carried.insert(key, part);
        Ok(part)
    }

    /// The bytes of the string at `rva`, none of which may be memory.
    fn string(&mut self, rva: Rva64) -> Result<&'s [u8], ReadError> {
        const WHAT: &str = "MINIDUMP_STRING";
        let bytes = self.dump.string(rva)?.as_bytes();
        // Its length stands before it.
        self.memory_in(WHAT, rva, (bytes.len() as u64).saturating_add(4))?;
        Ok(bytes)
    }

    /// The string at `rva`, code unit for code unit.
    pub(super) fn text(&mut self, rva: Rva64) -> Result<PartId, ReadError> {
        const WHAT: &str = "MINIDUMP_STRING";
        let bytes = self.string(rva)?;
        let key = (Kind::Text, rva, bytes.len() as u64);
        let is_new = !self.carried.contains_key(&key);
        let part = self.once(WHAT, key, |builder, folders| {
            Ok(builder.text(Text::from_utf16_le(shown(folders, (WHAT, rva), bytes)?)))
        })?;
        if is_new {
            self.look_at_text(rva)?;
        }
        Ok(part)
    }

    /// As [`Carrier::text`], for the name of a module: without its folder, if folders may not be in the result.
    pub(super) fn module_name(&mut self, rva: Rva64) -> Result<PartId, ReadError> {
        if self.folders.is_none() {
            return self.text(rva);
        }
        // The whole text is charged for, as looking for its last separator goes through it.
        let text = self.string(rva)?;
        let key = (Kind::ModuleName, rva, text.len() as u64);
        let is_new = !self.carried.contains_key(&key);
        let part = self.once("MINIDUMP_STRING", key, |builder, _| {
            Ok(builder.text(Text::from_utf16_le(wide_name_of_module(text))))
        })?;
        if is_new {
            self.look_at_text(rva)?;
        }
        Ok(part)
    }

    /// The CodeView record of a module, likewise.
    pub(super) fn code_view(&mut self, module: &Module<'s>) -> Result<Option<PartId>, ReadError> {
        const WHAT: &str = "CodeView record";
        let location = module.raw().cv_record;
        if !self.is_private {
            return self.bytes(WHAT, location);
        }
        let Some(record) = self.dump.dump_bytes().optional_location(WHAT, location)? else {
            return Ok(None);
        };
        self.memory_in(WHAT, location.rva.into(), location.data_size.into())?;
        let key = (Kind::ModuleName, location.rva.into(), location.data_size.into());
        let source = self.source;
        let part = self.once(WHAT, key, |builder, folders| {
            // Where the path ends is looked for here, after it has been charged for.
            let code_view = module.code_view().ok().flatten();
            let shorter = code_view.filter(|_| folders.is_some());
            let shorter = shorter.and_then(|code_view| code_view_without_folder(record, code_view));
            let bytes = match shorter {
                Some(shorter) => shorter.into(),
                None => {
                    let mut bytes = shown(folders, (WHAT, location.rva.into()), record)?;
                    clear_code_view(&mut bytes);
                    source.lasting(location.rva.into(), bytes)
                }
            };
            Ok(builder.part(WHAT, bytes))
        });
        part.map(Some)
    }

    /// As [`Carrier::text`], for a position that is 0 where there is no string.
    pub(super) fn optional_text(&mut self, rva: u32) -> Result<Option<PartId>, ReadError> {
        if rva == 0 { Ok(None) } else { self.text(rva.into()).map(Some) }
    }

    /// The miscellaneous debug record at a location.
    pub(super) fn debug_misc(&mut self, location: LocationDescriptor) -> Result<Option<PartId>, ReadError> {
        let clear = if self.is_private { clear_debug_misc } else { |_: &mut Cow<'_, [u8]>| {} };
        self.changed_bytes("IMAGE_DEBUG_MISC", location, Kind::DebugMisc, clear)
    }

    /// The bytes at a location; `None` for one of no size or at position 0, where the header is.
    fn bytes(&mut self, what: &'static str, location: LocationDescriptor) -> Result<Option<PartId>, ReadError> {
        self.changed_bytes(what, location, Kind::Bytes, |_| {})
    }

    fn changed_bytes(
        &mut self,
        what: &'static str,
        location: LocationDescriptor,
        kind: Kind,
        change: impl Fn(&mut Cow<'_, [u8]>),
    ) -> Result<Option<PartId>, ReadError> {
        let Some(bytes) = self.dump.dump_bytes().optional_location(what, location)? else {
            return Ok(None);
        };
        self.memory_in(what, location.rva.into(), location.data_size.into())?;
        let key = (kind, location.rva.into(), location.data_size.into());
        let source = self.source;
        let offset = location.rva.into();
        let part = self.once(what, key, |builder, folders| {
            let mut bytes = shown(folders, (what, offset), bytes)?;
            change(&mut bytes);
            Ok(builder.part(what, source.lasting(offset, bytes)))
        });
        part.map(Some)
    }

    /// A context at a location; `of_thread` if it is for the thread list.
    pub(super) fn context(
        &mut self,
        context: Option<Context<'s>>,
        location: LocationDescriptor,
        of_thread: bool,
    ) -> Result<Option<PartId>, ReadError> {
        let Some(context) = context else { return Ok(None) };
        let processor = self.dump.target().processor();
        let (offset, size) = (u64::from(location.rva), u64::from(location.data_size));
        let shares = self.memory.first_in(offset, size).is_some();
        // Registers may be right where the size of what is behind them is not.
        let whole = self.extended_state && !(shares && self.is_private);
        let xstate = self.xstate.as_ref();
        let change = Change::new(&context, processor, Form { whole, of_thread, bare: self.is_private, xstate });
        if shares {
            let kept = change.applied(&context).len() as u64;
            self.memory_in(CONTEXT, offset, kept)?;
            self.noticed.extend(self.memory.refuse(CONTEXT, offset, size).err().filter(|_| kept < size));
        }
        // An unchanged record serves both.
        let kind = match change.is_none() {
            true => Kind::Bytes,
            false if change.is_of_thread() => Kind::ThreadContext,
            false => Kind::Context,
        };
        let key = (kind, location.rva.into(), location.data_size.into());
        let is_new = !self.carried.contains_key(&key);
        let source = self.source;
        let part = self.once(CONTEXT, key, |builder, _| {
            Ok(builder.part(CONTEXT, source.lasting(location.rva.into(), change.applied(&context))))
        })?;
        if is_new {
            self.extended_states += u64::from(!context.tail().is_empty());
            change.account(&context, &mut self.accounts);
        }
        Ok(Some(part))
    }

    /// The records about a handle's object, in their order, and what ended the chain early.
    pub(super) fn objects(&mut self, objects: HandleObjects<'s>) -> (Option<PartId>, Option<ReadError>) {
        const WHAT: &str = "MINIDUMP_HANDLE_OBJECT_INFORMATION";
        let mut chain: Vec<PartId> = Vec::new();
        let mut fault = None;
        for object in objects {
            let object = match object {
                Ok(object) => object,
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            };
            let size = object.bytes.len() as u64;
            let claimed = size.saturating_add(HandleObjectInformation::SIZE as u64);
            if let Err(error) = self.memory.refuse(WHAT, object.offset, claimed) {
                fault = Some(error);
                break;
            }
            let key = (Kind::Object, object.offset, size);
            let known = self.carried.get(&key).copied();
            if known.is_some_and(|part| chain.contains(&part)) {
                fault = Some(ReadError::Cycle { what: WHAT, offset: object.offset });
                break;
            }
            let made = self.once(WHAT, key, |builder, folders| {
                let bytes = shown(folders, (WHAT, object.offset), object_bytes(&object))?;
                Ok(builder.part(WHAT, bytes))
            });
            match made {
                Ok(part) => chain.push(part),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
            if let [.., before, part] = *chain {
                let field = HandleObjectInformation::OFFSETS.next_info_rva.get() as u64;
                self.builder.reference(before, field, RvaWidth::Rva, part);
            }
            if known.is_some() {
                // Another handle's chain goes on from here, and is linked already.
                break;
            }
            fault = fault.or(object.fault());
        }
        (chain.first().copied(), fault)
    }

    /// Takes folders out of a text in a field of its own.
    pub(super) fn hide_in(&mut self, field: &mut [u16]) {
        let text: Vec<u8> = field.iter().copied().flat_map(u16::to_le_bytes).collect();
        let shown = shown(&mut self.folders, ("MINIDUMP_MISC_INFO", 0), text).unwrap_or_default();
        let units =
            shown.chunks_exact(2).map(|unit| unit.iter().rev().fold(0, |all, byte| all << 8 | u16::from(*byte)));
        for (to, from) in field.iter_mut().zip(units.chain(core::iter::repeat(0))) {
            *to = from;
        }
    }

    /// A stream byte for byte, as much of it as there is; false if folders may be in it and cannot be taken out.
    pub(super) fn copy(&mut self, stream: &RawStream<'s>) -> Result<bool, ReadError> {
        let bytes = stream.bytes();
        self.charge("stream", stream.offset(), bytes.len() as u64)?;
        let mut bytes = Cow::Borrowed(bytes);
        if self.is_private {
            clear_stream(stream, &mut bytes);
        }
        let Ok(bytes) = shown(&mut self.folders, ("stream", stream.offset()), bytes) else { return Ok(false) };
        self.builder.stream(stream.stream_type(), self.source.lasting(stream.offset(), bytes));
        Ok(true)
    }

    /// The mappings with base names in place of paths. Many streams may be on the same bytes, and each gets a text of its own.
    pub(super) fn maps_without_folders(
        &mut self,
        stream: &RawStream<'s>,
        maps: &LinuxMaps<'s>,
    ) -> Result<(), ReadError> {
        self.charge("stream", stream.offset(), stream.bytes().len() as u64)?;
        self.builder.stream(stream.stream_type(), maps_without_folders(maps));
        Ok(())
    }

    /// A stream with all that it points to, the file offsets in it moved; tells which of them led nowhere.
    /// `None` as for [`Carrier::copy`].
    pub(super) fn relocate(&mut self, stream: &RawStream<'s>) -> Result<Option<Vec<ReadError>>, ReadError> {
        self.charge("stream", stream.offset(), stream.bytes().len() as u64)?;
        let (parts, mut faults) = parts_within(stream, &mut self.followed)?;
        let (kinds, parts): (Vec<PartKind>, Vec<Part<'_>>) = parts.into_iter().unzip();
        let beside = parts.iter().skip(1).fold(0u64, |total, part| total.saturating_add(part.bytes.len() as u64));
        self.charge("part of a stream", stream.offset(), beside)?;
        for part in parts.iter().skip(1) {
            match self.memory.refuse("part of a stream", part.offset, part.bytes.len() as u64) {
                Err(_) if self.is_private => return Ok(None),
                noted => faults.extend(noted.err()),
            }
        }
        let names = if self.folders.is_some() { module_names(stream, &parts) } else { HashSet::new() };
        let mut contents = Vec::with_capacity(parts.len());
        for ((part, &kind), number) in parts.iter().zip(&kinds).zip(0..) {
            let mut bytes = without_dead_references(part);
            if self.is_private {
                clear_part(kind, self.dump.dump_bytes(), part.bytes, &mut bytes);
            }
            let bytes = match names.contains(&number) {
                true => Ok(string_without_folder(&bytes).into()),
                false => shown(&mut self.folders, ("part of a stream", part.offset), bytes),
            };
            let Ok(bytes) = bytes else { return Ok(None) };
            contents.push(self.source.lasting(part.offset, bytes));
        }
        let mut ids: Vec<PartId> = Vec::with_capacity(parts.len());
        for bytes in contents {
            let is_stream = ids.is_empty();
            ids.push(match is_stream {
                true => self.builder.stream(stream.stream_type(), bytes),
                false => self.builder.part("part of a stream", bytes),
            });
        }
        for (part, &from) in parts.iter().zip(&ids) {
            for reference in &part.references {
                if let Some(&to) = reference.target.and_then(|target| ids.get(target)) {
                    self.builder.reference(from, reference.position, reference.width, to);
                }
            }
        }
        Ok(Some(faults))
    }
}

/// The bytes of what is called so and stands at an offset, as they may be in the result, if they may.
fn shown<'a>(
    folders: &mut Option<Folders>,
    place: (&'static str, u64),
    bytes: impl Into<Cow<'a, [u8]>>,
) -> Result<Cow<'a, [u8]>, ReadError> {
    match folders {
        Some(folders) => folders.hidden(place, bytes.into()),
        None => Ok(bytes.into()),
    }
}

/// The numbers of the parts that are names of modules: in lists of modules, what is referred to without a size.
fn module_names(stream: &RawStream<'_>, parts: &[Part<'_>]) -> HashSet<usize> {
    if !stream.stream_type().row().names_files {
        return HashSet::new();
    }
    let references = parts.iter().flat_map(|part| &part.references);
    references.filter(|reference| reference.extent.is_none()).filter_map(|reference| reference.target).collect()
}

/// The bytes of a part, with 0 for references that lead nowhere and for the sizes beside them.
fn without_dead_references<'a>(part: &Part<'a>) -> Cow<'a, [u8]> {
    let mut bytes = Cow::Borrowed(part.bytes);
    for reference in part.references.iter().filter(|reference| reference.target.is_none()) {
        let field = (reference.position, u64::from(reference.width.bytes()));
        for (position, width) in [Some(field), reference.extent.map(|extent| (extent, 4))].into_iter().flatten() {
            let range = usize::try_from(position).ok().zip(usize::try_from(position.saturating_add(width)).ok());
            let field = range.and_then(|(start, end)| bytes.to_mut().get_mut(start..end));
            field.into_iter().flatten().for_each(|byte| *byte = 0);
        }
    }
    bytes
}
