//! Finds the owners of the bytes of the file, for all data that is carried into another dump.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::format::handle::HandleObjectInformation;
use crate::format::stream::{Relocation, Repeats};
use crate::format::{self, Header, LocationDescriptor, Rva64, StreamType};
use crate::read::budget::Budget;
use crate::read::check::cut::sound_entries;
use crate::read::claims::{Claim, ClaimKind, Claims, Owner, add};
use crate::read::context::registers::Context;
use crate::read::dump_bytes::Tables;
use crate::read::exception::stream::Exception;
use crate::read::handle::HandleData;
use crate::read::interval::Interval;
use crate::read::list::entries::{List, Record};
use crate::read::memory::compressed::CompressedMemory;
use crate::read::minidump::Minidump;
use crate::read::module::list::{ModuleList, UnloadedModuleList};
use crate::read::raw_stream::RawStream;
use crate::read::references::{Kind, parts_within};
use crate::read::streams::Stream;
use crate::read::thread::extended::ThreadExList;
use crate::read::thread::list::{ThreadList, ThreadNames};

impl Claims {
    /// Collects the claims of a dump, in time and memory proportional to the file. If references lead to the same bytes
    /// so often that reading them would take longer, the remaining ones claim nothing.
    pub(crate) fn of(dump: &Minidump<'_>) -> Self {
        let twice = Budget::times(dump.bytes().size(), 2);
        let mut gatherer = Gatherer {
            dump: *dump,
            claims: Self::default(),
            texts: BTreeMap::new(),
            objects: BTreeSet::new(),
            read: twice,
        };
        let entries = sound_entries(dump);
        gatherer.tables(entries);
        let mut met = BTreeSet::new();
        for stream in dump.raw_streams().take_while(|stream| stream.index() < entries) {
            let stream_type = stream.stream_type();
            let is_first = stream_type != StreamType::UNUSED && met.insert(stream_type);
            if is_first || stream_type.row().repeats != Repeats::Once && stream_type != StreamType::UNUSED {
                gatherer.stream(&stream, is_first);
            }
        }
        gatherer.claims
    }
}

struct Gatherer<'a> {
    dump: Minidump<'a>,
    claims: Claims,
    /// The sizes of names by position.
    texts: BTreeMap<Rva64, u64>,
    /// The positions of the object information found so far.
    objects: BTreeSet<u64>,
    /// The budget for finding the ends of names and the targets of references.
    read: Budget,
}

impl<'a> Gatherer<'a> {
    fn tables(&mut self, entries: u32) {
        let directory = self.dump.directory();
        // A wrong count must not put all data after the directory in doubt.
        let (start, end) = (directory.entry_offset(0), directory.entry_offset(entries.min(Tables::MOST_ENTRIES)));
        let owner = Owner { stream: StreamType::UNUSED, entry: None, offset: 0 };
        for (offset, size) in [(0, Header::SIZE as u64), (start, end.saturating_sub(start))] {
            let interval = Interval::new(offset, size);
            self.claims.certain.extend(interval.map(|interval| Claim { interval, kind: ClaimKind::Table, owner }));
        }
    }

    fn stream(&mut self, stream: &RawStream<'a>, is_first: bool) {
        let owner = Owner { stream: stream.stream_type(), entry: None, offset: stream.offset() };
        let whole = stream.available();
        // Streams of other producers are carried even if they cannot be read.
        let Ok(decoded) = Stream::decode(stream) else {
            if let Some(interval) = Interval::new(stream.offset(), whole) {
                add(&mut self.claims.streams, Claim { interval, kind: ClaimKind::Stream, owner });
            }
            return;
        };
        // What a stream states about itself must agree with its size, because its position may be wrong.
        let certain = match &decoded {
            Stream::SystemInfo(system) => {
                let processor = system.raw().processor_architecture.processor();
                Some(format::SystemInfo::SIZE as u64).filter(|_| !processor.contexts.is_empty())
            }
            Stream::Exception(exception) => {
                let context = exception.context().ok().flatten();
                let has_registers = context.is_some_and(|context| context.is_for_its_processor());
                Some(format::ExceptionStream::SIZE as u64).filter(|_| has_registers)
            }
            Stream::MiscInfo(misc) => {
                let declared = misc.raw().misc_info4.misc_info3.misc_info2.misc_info.size_of_info;
                Some(u64::from(declared)).filter(|size| *size == stream.declared_size())
            }
            Stream::Token(tokens) => tokens.proven_size().filter(|size| *size == tokens.raw().token_list_size.into()),
            Stream::FunctionTable(tables) => tables.proven_size(),
            _ => decoded.proven_size(stream).or_else(|| is_list(stream.stream_type()).then_some(whole)),
        };
        match (certain, Interval::new(stream.offset(), certain.map_or(whole, |size| size.min(whole)))) {
            (_, None) => {}
            (Some(_), Some(interval)) => {
                add(&mut self.claims.certain, Claim { interval, kind: ClaimKind::Records, owner });
            }
            (None, Some(interval)) => {
                add(&mut self.claims.streams, Claim { interval, kind: ClaimKind::Stream, owner });
            }
        }
        match &decoded {
            Stream::Exception(exception) => self.exception(exception, owner),
            _ if !is_first => {}
            Stream::SystemInfo(system) => self.text(system.raw().csd_version_rva.into(), owner),
            Stream::ThreadList(list) => self.threads(list, owner),
            Stream::ThreadExList(list) => self.threads_ex(list, owner),
            Stream::ModuleList(list) => self.modules(list, owner),
            Stream::UnloadedModuleList(list) => self.unloaded_modules(list, owner),
            Stream::ThreadNames(list) => self.thread_names(list, owner),
            Stream::HandleData(list) => self.handles(list, owner),
            Stream::CompressedMemory(memory) => self.arrays(memory, owner),
            _ if stream.stream_type().row().relocation == Relocation::Known => self.references(stream, owner),
            _ => {}
        }
    }

    /// Calls `each` for every entry of a list, with the entry as the owner.
    fn each<R: Record<'a>>(&mut self, list: &List<'a, R>, owner: Owner, mut each: impl FnMut(&mut Self, R, Owner)) {
        for (index, entry) in (0u32..).zip(list) {
            each(self, entry, Owner { entry: Some(index), offset: list.entry_offset(index.into()), ..owner });
        }
    }

    fn threads(&mut self, list: &ThreadList<'a>, owner: Owner) {
        self.each(list, owner, |all, thread, owner| {
            all.context(thread.raw().thread_context, thread.context().ok().flatten(), owner);
        });
    }

    fn threads_ex(&mut self, list: &ThreadExList<'a>, owner: Owner) {
        self.each(list, owner, |all, thread, owner| {
            all.context(thread.raw().thread.thread_context, thread.context().ok().flatten(), owner);
        });
    }

    fn exception(&mut self, exception: &Exception<'a>, owner: Owner) {
        self.context(exception.raw().thread_context, exception.context().ok().flatten(), owner);
    }

    fn modules(&mut self, list: &ModuleList<'a>, owner: Owner) {
        self.each(list, owner, |all, module, owner| {
            let raw = module.raw();
            all.text(raw.module_name_rva.into(), owner);
            all.record(ClaimKind::CodeView, raw.cv_record, owner);
            all.record(ClaimKind::DebugMisc, raw.misc_record, owner);
        });
    }

    fn unloaded_modules(&mut self, list: &UnloadedModuleList<'a>, owner: Owner) {
        self.each(list, owner, |all, module, owner| all.text(module.raw().module_name_rva.into(), owner));
    }

    fn thread_names(&mut self, list: &ThreadNames<'a>, owner: Owner) {
        self.each(list, owner, |all, name, owner| all.text(name.raw().rva_of_thread_name, owner));
    }

    fn handles(&mut self, list: &HandleData<'a>, owner: Owner) {
        self.each(list, owner, |all, handle, owner| {
            let raw = handle.raw().descriptor;
            all.text(raw.type_name_rva.into(), owner);
            all.text(raw.object_name_rva.into(), owner);
            // The rest of the chain was already claimed by another handle.
            for object in handle.object_information().map_while(Result::ok) {
                if !all.objects.insert(object.offset) {
                    break;
                }
                let size = (HandleObjectInformation::SIZE as u64).saturating_add(object.bytes.len() as u64);
                all.part(ClaimKind::Object, object.offset, size, owner);
            }
        });
    }

    /// The arrays of compressed memory, which are records like those of a list.
    fn arrays(&mut self, memory: &CompressedMemory<'a>, owner: Owner) {
        let (regions, buckets) = (memory.regions(), memory.buckets());
        let size = |len: u64, entry: u64| len.saturating_mul(entry);
        for (offset, size) in [
            (regions.entry_offset(0), size(regions.len(), regions.entry_size())),
            (buckets.entry_offset(0), size(buckets.len(), buckets.entry_size())),
        ] {
            if let Some(interval) = Interval::new(offset, size) {
                add(&mut self.claims.certain, Claim { interval, kind: ClaimKind::Records, owner });
            }
        }
    }

    fn references(&mut self, stream: &RawStream<'a>, owner: Owner) {
        let Ok((parts, _)) = parts_within(stream, &mut self.read) else { return };
        for (kind, part) in parts.iter().skip(1) {
            match kind {
                Kind::Utf16 => self.text(part.offset, owner),
                _ => self.part(kind.claim(), part.offset, part.bytes.len() as u64, owner),
            }
        }
    }

    fn context(&mut self, location: LocationDescriptor, context: Option<Context<'a>>, owner: Owner) {
        let Some(context) = context else { return };
        let (start, tail) = (u64::from(location.rva), context.tail().len() as u64);
        let fixed = u64::from(location.data_size).saturating_sub(tail);
        self.part(ClaimKind::ExtendedState, start.saturating_add(fixed), tail, owner);
        match (context.is_for_its_processor(), Interval::new(start, fixed)) {
            (true, Some(interval)) => {
                add(&mut self.claims.registers, Claim { interval, kind: ClaimKind::Registers, owner });
            }
            _ => self.part(ClaimKind::Context, start, fixed, owner),
        }
    }

    fn record(&mut self, kind: ClaimKind, location: LocationDescriptor, owner: Owner) {
        let (offset, size) = (location.rva.into(), location.data_size.into());
        if offset != 0 && size != 0 && self.dump.bytes().present("", offset, size).is_ok() {
            self.part(kind, offset, size, owner);
        }
    }

    /// Claims a name up to its end. An empty name claims nothing.
    fn text(&mut self, rva: Rva64, owner: Owner) {
        if rva == 0 || self.read.is_spent() {
            return;
        }
        let (dump, read) = (self.dump, &mut self.read);
        let length = *self.texts.entry(rva).or_insert_with(|| {
            let length = dump.string(rva).map_or(0, |text| text.as_bytes().len() as u64);
            // A name that does not fit has been read anyway, but none is read after it.
            let charged = read.charge("MINIDUMP_STRING", rva, length);
            charged.map_or(0, |()| length)
        });
        if length > 0 {
            self.part(ClaimKind::Text, rva, length.saturating_add(size_of::<u32>() as u64), owner);
        }
    }

    fn part(&mut self, kind: ClaimKind, offset: u64, size: u64, owner: Owner) {
        let list = if kind == ClaimKind::Part { &mut self.claims.nested } else { &mut self.claims.parts };
        if let Some(interval) = Interval::new(offset, size) {
            add(list, Claim { interval, kind, owner });
        }
    }
}

/// True for streams that are lists of records with references.
fn is_list(stream_type: StreamType) -> bool {
    stream_type.row().relocation == Relocation::Viewed
}
