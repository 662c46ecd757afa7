//! Carries what records refer to from the source to the builder, once for each part, however many records refer to it.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use std::collections::{HashMap, HashSet};

use crate::error::ReadError;
use crate::format::handle::HandleObjectInformation;
use crate::format::system::XStateConfigFeature;
use crate::format::{LocationDescriptor, MinidumpType, Rva64, RvaWidth, StreamType};
use crate::read::handle::HandleObjects;
use crate::read::system::MiscInfo;
use crate::read::text::Utf16;
use crate::read::{Budget, ClaimKind, Context, Minidump, Module, RawStream, SharedParts, Stream};
use crate::write::{MinidumpBuilder, PartId, Text};

use crate::redump::accounts::Accounts;
use crate::redump::carried::object_bytes;
use crate::redump::context_form::{Change, Form};
use crate::redump::filter::triage::Triage;
use crate::redump::first_places::{CODE_VIEW, CONTEXT, First, Place, STRING, first_places};
use crate::redump::folders::base_names::{code_view_without_folder, wide_name_of_module};
use crate::redump::folders::learn::Folders;
use crate::redump::options::Options;
use crate::redump::select::selected::Selection;
use crate::redump::source::{LITTLE, Source};
use crate::redump::unused_bytes::{clear_code_view, clear_debug_misc, clear_xstate};

/// The form that a part has in the result, and its owner: bytes that two of these refer to become two parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Text,
    CodeView,
    PlainContext,
    Context,
    ThreadContext,
    Object,
    DebugMisc,
    ModuleName,
}

/// The builder, and which bytes of the source are already in it.
pub(super) struct Carrier<'s, 'a> {
    pub(super) builder: MinidumpBuilder<'a>,
    pub(super) source: &'s Source<'a>,
    pub(super) dump: Minidump<'s>,
    pub(super) carried: HashMap<(Kind, u64, u64), PartId>,
    /// True if contexts keep their extended state.
    extended_state: bool,
    /// The filter for registers, if the result is a triage dump.
    triage: Option<&'s Triage>,
    /// True if contexts keep floating-point and vector registers.
    vectors: bool,
    /// Where these registers are.
    xstate: Option<XStateConfigFeature>,
    /// The folders that must not be in the result, if any.
    pub(super) folders: Option<Folders>,
    /// The budget for what is carried: with memory and list entries at most twice the file size, so that a small file
    /// whose records all refer to the same long string does not become a large one.
    pub(super) carried_bytes: Budget,
    /// The budget for zeros that are added, half of what every result gets; beyond it, zeros count as carried.
    pub(super) zeros: Budget,
    /// Contexts and what identifies modules, by name, position and size. They are charged for before anything else, so
    /// that handles do not use up their budget.
    prepaid: HashSet<Place>,
    /// The bytes of the strings that were read, by position, and the budget for reading them.
    strings: HashMap<Rva64, &'s [u8]>,
    read: Budget,
    /// The budget for what streams refer to, whether it is carried or not.
    pub(super) followed: Budget,
    /// The parts that claim bytes of other owners.
    pub(super) doubtful: SharedParts,
    /// True if memory that was not selected must not get into the result, neither as memory nor in meaningless bytes
    /// (`r`, `R`).
    pub(super) is_private: bool,
    /// Faults of parts that are carried anyway.
    pub(super) noticed: Vec<ReadError>,
    /// The losses.
    pub(super) accounts: Accounts,
    /// How many contexts have extended state.
    pub(super) extended_states: u64,
}

impl<'s, 'a> Carrier<'s, 'a> {
    /// Starts with an empty builder. `selection` is the memory that the result has.
    pub(super) fn new(source: &'s Source<'a>, options: &Options, selection: &'s Selection) -> Self {
        let dump = source.dump();
        let twice = Budget::times(dump.file_size(), 2);
        let folders = options.contain(MinidumpType::FILTER_MODULE_PATHS).then(|| Folders::of(&dump));
        let is_private = options.is_private();
        let mut xstate = dump.find::<MiscInfo<'_>>().and_then(|misc| misc.xstate());
        if is_private {
            // As in the result.
            xstate.iter_mut().for_each(clear_xstate);
        }
        let doubtful = SharedParts::of(&dump, &source.positions);
        let mut carrier = Self {
            builder: MinidumpBuilder::new(),
            source,
            dump,
            carried: HashMap::new(),
            extended_state: selection.flags(source, options).contains(MinidumpType::WITH_AVX_X_STATE_CONTEXT),
            triage: selection.triage.as_deref(),
            vectors: !options.contain(MinidumpType::FILTER_MEMORY),
            xstate,
            folders,
            carried_bytes: source.room(&selection.selected.ranges),
            zeros: Budget::bytes(LITTLE / 2),
            prepaid: HashSet::new(),
            strings: HashMap::new(),
            read: twice,
            followed: twice,
            doubtful,
            is_private,
            noticed: Vec::new(),
            accounts: Accounts::new(source.target, dump.file_size(), is_private),
            extended_states: 0,
        };
        carrier.prepay();
        carrier
    }

    /// Charges for contexts, then for names and CodeView records of modules and names of threads, until the budget is
    /// spent.
    fn prepay(&mut self) {
        for first in first_places(&self.dump) {
            let place = match first {
                First::Record(place) => place,
                First::Name(rva) => match self.any_string(rva) {
                    Ok(text) => (STRING, rva, text.as_bytes().len() as u64),
                    Err(_) => continue,
                },
            };
            if !self.prepaid.contains(&place) {
                let (what, offset, size) = place;
                // If they overlap so much that they do not fit, they are charged for like everything else.
                if !self.carried_bytes.has(size) || self.charge(what, offset, size).is_err() {
                    return;
                }
                self.prepaid.insert(place);
            }
        }
    }

    /// Refuses bytes that are memory or belong to something else if such bytes must not get into the result; otherwise
    /// only notes the fault.
    fn own(&mut self, kind: ClaimKind, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        let own = self.source.positions.refuse(what, offset, size);
        self.refused_or_noted(own.and_then(|()| self.doubtful.refuse(kind, offset, size)))
    }

    fn refused_or_noted(&mut self, own: Result<(), ReadError>) -> Result<(), ReadError> {
        match own {
            Err(error) if self.is_private => Err(error),
            noted => {
                self.noticed.extend(noted.err());
                Ok(())
            }
        }
    }

    /// Returns a stream without the memory that its size claims, and the fault. Unless the result is private, only
    /// tokens are shortened, because they record their own size.
    pub(super) fn bounded(
        &self,
        stream: RawStream<'s>,
        decoded: Result<Stream<'s>, ReadError>,
    ) -> (RawStream<'s>, Result<Stream<'s>, ReadError>, Option<ReadError>) {
        let (offset, whole) = (stream.offset(), stream.available());
        let size = decoded.as_ref().map_or(whole, |decoded| decoded.size_in_file(&stream));
        let memory = match stream.stream_type() {
            // Memory lists are encoded again from the selected memory.
            StreamType::MEMORY_LIST | StreamType::MEMORY64_LIST => None,
            _ => self.source.positions.first_in(offset, size),
        };
        let Some(memory) = memory else {
            let doubtful = self.doubtful.refuse(ClaimKind::Stream, offset, whole).err();
            if doubtful.is_none() || !self.is_private {
                return (stream, decoded, doubtful);
            }
            // The owner of the bytes is unknown, so none of them are carried.
            let nothing = stream.shortened(0);
            let decoded = Stream::decode(&nothing).map_err(|error| doubtful.unwrap_or(error));
            return (nothing, decoded, doubtful);
        };
        let own = match &decoded {
            Ok(Stream::Token(tokens)) => tokens.own_size(),
            _ => size,
        };
        let error = ReadError::MemoryShared { what: "stream", offset, size, memory };
        let believed = if self.is_private { own.min(memory.saturating_sub(offset)) } else { own };
        if believed == size {
            return (stream, decoded, Some(error));
        }
        let shortened = stream.shortened(believed);
        (shortened, Stream::decode(&shortened).map_err(|_| error), Some(error))
    }

    /// Charges for bytes that are carried.
    pub(super) fn charge(&mut self, what: &'static str, offset: u64, size: u64) -> Result<(), ReadError> {
        self.carried_bytes.charge(what, offset, size)
    }

    /// Returns the part made from the `size` bytes at `offset`; calls `make` if there is none yet.
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
        if !self.prepaid.remove(&(what, offset, size)) {
            self.charge(what, offset, size)?;
        }
        let part = make(&mut self.builder, &mut self.folders)?;
        self.carried.insert(key, part);
        Ok(part)
    }

    /// Returns the string at `rva`, even if others claim some of its bytes.
    fn any_string(&mut self, rva: Rva64) -> Result<Utf16<'s>, ReadError> {
        if let Some(bytes) = self.strings.get(&rva) {
            return Ok(Utf16::new(bytes, self.dump.byte_order()));
        }
        // Finding the end of a string takes time proportional to its length.
        self.read.charge(STRING, rva, 0)?;
        let text = self.dump.string(rva)?;
        self.strings.insert(rva, text.as_bytes());
        self.read.charge(STRING, rva, text.as_bytes().len() as u64)?;
        Ok(text)
    }

    /// Returns the part that `shape` makes from the string at `rva`, all bytes of which must belong to it alone.
    fn text_once(
        &mut self,
        kind: Kind,
        rva: Rva64,
        shape: impl FnOnce(&mut Option<Folders>, &'s [u8]) -> Result<Cow<'s, [u8]>, ReadError>,
    ) -> Result<PartId, ReadError> {
        let text = self.any_string(rva)?;
        let bytes = text.as_bytes();
        // Including the length in front of it.
        self.own(ClaimKind::Text, STRING, rva, (bytes.len() as u64).saturating_add(4))?;
        let key = (kind, rva, bytes.len() as u64);
        let is_new = !self.carried.contains_key(&key);
        let part =
            self.once(STRING, key, |builder, folders| Ok(builder.text(Text::from_utf16_le(shape(folders, bytes)?))))?;
        if is_new {
            self.check_text(rva, text);
        }
        Ok(part)
    }

    /// Returns the string at `rva`, code unit for code unit.
    pub(super) fn text(&mut self, rva: Rva64) -> Result<PartId, ReadError> {
        self.text_once(Kind::Text, rva, |folders, text| shown(folders, (STRING, rva), text))
    }

    /// Like [`Carrier::text`], for the name of a module: without its folder if folders must not be in the result.
    pub(super) fn module_name(&mut self, rva: Rva64) -> Result<PartId, ReadError> {
        if self.folders.is_none() {
            return self.text(rva);
        }
        // The whole text is charged for, because all of it is searched for the last separator.
        self.text_once(Kind::ModuleName, rva, |_, text| Ok(wide_name_of_module(text)))
    }

    /// Returns the CodeView record of a module, without the folder in the same case.
    pub(super) fn code_view(&mut self, module: &Module<'s>) -> Result<Option<PartId>, ReadError> {
        const WHAT: &str = CODE_VIEW;
        let location = module.raw().cv_record;
        if !self.is_private {
            return self.bytes(WHAT, location);
        }
        let Some(record) = self.dump.dump_bytes().optional_location(WHAT, location)? else {
            return Ok(None);
        };
        self.own(ClaimKind::CodeView, WHAT, location.rva.into(), location.data_size.into())?;
        let key = (Kind::CodeView, location.rva.into(), location.data_size.into());
        let source = self.source;
        let part = self.once(WHAT, key, |builder, folders| {
            // The end of the path is looked for here, after it has been charged for.
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

    /// Like [`Carrier::text`], for a position that is 0 if there is no string.
    pub(super) fn optional_text(&mut self, rva: u32) -> Result<Option<PartId>, ReadError> {
        if rva == 0 { Ok(None) } else { self.text(rva.into()).map(Some) }
    }

    /// Returns the miscellaneous debug record at a location.
    pub(super) fn debug_misc(&mut self, location: LocationDescriptor) -> Result<Option<PartId>, ReadError> {
        let clear = if self.is_private { clear_debug_misc } else { |_: &mut Cow<'_, [u8]>| {} };
        self.changed_bytes("IMAGE_DEBUG_MISC", location, Kind::DebugMisc, clear)
    }

    /// Returns the bytes at a location; `None` if its size or its position is 0.
    fn bytes(&mut self, what: &'static str, location: LocationDescriptor) -> Result<Option<PartId>, ReadError> {
        self.changed_bytes(what, location, Kind::CodeView, |_| {})
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
        let claim = if kind == Kind::DebugMisc { ClaimKind::DebugMisc } else { ClaimKind::CodeView };
        self.own(claim, what, location.rva.into(), location.data_size.into())?;
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

    /// Returns a context that is not from the file.
    pub(super) fn new_context(&mut self, context: &Context<'_>) -> PartId {
        let (whole, bare, triage) = (self.extended_state && self.vectors, self.is_private, self.triage);
        let (vectors, xstate) = (self.vectors, self.xstate.as_ref());
        let form = Form { whole, of_thread: false, bare, triage, vectors, xstate };
        let change = Change::new(context, self.dump.target().processor(), form);
        self.extended_states += u64::from(!context.tail().is_empty());
        self.builder.part(CONTEXT, change.applied(context).into_owned())
    }

    /// Returns the context at a location; `of_thread` if it is for the thread list.
    pub(super) fn context(
        &mut self,
        context: Option<Context<'s>>,
        location: LocationDescriptor,
        of_thread: bool,
    ) -> Result<Option<PartId>, ReadError> {
        let Some(context) = context else { return Ok(None) };
        let processor = self.dump.target().processor();
        let (offset, size) = (u64::from(location.rva), u64::from(location.data_size));
        let shares = self.source.positions.first_in(offset, size).is_some();
        let tail = context.tail().len() as u64;
        let fixed = size.saturating_sub(tail);
        let claim = if context.is_for_its_processor() { ClaimKind::Registers } else { ClaimKind::Context };
        self.refused_or_noted(self.doubtful.refuse(claim, offset, fixed))?;
        let extended = self.doubtful.refuse(ClaimKind::ExtendedState, offset.saturating_add(fixed), tail);
        // The fixed part may be valid even if the size of the extended part is not.
        let is_doubtful = shares || extended.is_err();
        let whole = self.extended_state && self.vectors && !(is_doubtful && self.is_private);
        self.noticed.extend(extended.err().filter(|_| self.extended_state));
        let (bare, triage, vectors, xstate) = (self.is_private, self.triage, self.vectors, self.xstate.as_ref());
        let change = Change::new(&context, processor, Form { whole, of_thread, bare, triage, vectors, xstate });
        if shares {
            let kept = change.applied(&context).len() as u64;
            let memory = self.source.positions.refuse(CONTEXT, offset, kept);
            self.refused_or_noted(memory)?;
            self.noticed.extend(self.source.positions.refuse(CONTEXT, offset, size).err().filter(|_| kept < size));
        }
        // An unchanged context serves both kinds.
        let kind = match change.is_none() {
            true => Kind::PlainContext,
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

    /// Returns the records about a handle's object, in their order, and the fault that ended the chain early.
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
            if let Err(error) = self.source.positions.refuse(WHAT, object.offset, claimed) {
                fault = Some(error);
                break;
            }
            let doubtful = self.doubtful.refuse(ClaimKind::Object, object.offset, claimed).err();
            fault = fault.or(doubtful);
            if doubtful.is_some() && self.is_private {
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
                // From here on it is the chain of another handle, which is linked already.
                break;
            }
            fault = fault.or(object.fault());
        }
        (chain.first().copied(), fault)
    }

    /// Replaces folders in a text field.
    pub(super) fn hide_in(&mut self, field: &mut [u16]) {
        let text: Vec<u8> = field.iter().copied().flat_map(u16::to_le_bytes).collect();
        let shown = shown(&mut self.folders, ("MINIDUMP_MISC_INFO", 0), text).unwrap_or_default();
        let units =
            shown.chunks_exact(2).map(|unit| unit.iter().rev().fold(0, |all, byte| all << 8 | u16::from(*byte)));
        for (to, from) in field.iter_mut().zip(units.chain(core::iter::repeat(0))) {
            *to = from;
        }
    }
}

/// Returns bytes without the folders that must not be in the result, or an error if they cannot be removed. `place` is
/// the name and position of the bytes.
pub(super) fn shown<'a>(
    folders: &mut Option<Folders>,
    place: (&'static str, u64),
    bytes: impl Into<Cow<'a, [u8]>>,
) -> Result<Cow<'a, [u8]>, ReadError> {
    match folders {
        Some(folders) => folders.hidden(place, bytes.into()),
        None => Ok(bytes.into()),
    }
}
