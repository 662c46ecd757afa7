//! Checks for implausible values: IDs, contexts and modules that can be read but are wrong.

use alloc::vec::Vec;

use crate::format::LocationDescriptor;
use crate::read::check::finding::FindingCode;
use crate::read::context::registers::Context;
use crate::read::exception::stream::Exception;
use crate::read::interval::Interval;
use crate::read::list::entries::{List, Record};
use crate::read::module::list::ModuleList;
use crate::read::raw_stream::RawStream;
use crate::read::system::info::SystemInfo;

use crate::read::check::state::{Check, Place};

/// The maximum number of parameters of an exception.
const MAX_PARAMETERS: u32 = 15;

impl<'a> Check<'a, '_> {
    /// Looks for thread IDs that are 0 or occur more than once.
    pub(crate) fn thread_ids<R: Record<'a>>(
        &mut self,
        stream: &RawStream<'a>,
        list: &List<'a, R>,
        id: impl Fn(&R) -> u32,
    ) {
        let place =
            |index: u64| Place { entry: Some(index), offset: list.entry_offset(index), ..Place::stream(stream) };
        let mut ids: Vec<(u32, u64)> = list.iter().map(|thread| id(&thread)).zip(0..).collect();
        ids.sort_unstable();
        let mut before = None;
        for (id, index) in ids {
            match before {
                Some(same) if same == id => self.report(FindingCode::ThreadIdRepeated, place(index), None),
                _ if id == 0 => self.report(FindingCode::ThreadIdZero, place(index), None),
                _ => {}
            }
            before = Some(id);
        }
    }

    /// Checks that there is a context, and that it is for the processor of the dump.
    pub(crate) fn plausible_context(
        &mut self,
        place: Place,
        location: LocationDescriptor,
        context: Option<&Context<'a>>,
    ) {
        match context {
            None if location.data_size == 0 || location.rva == 0 => {
                self.report(FindingCode::ContextMissing, place, None);
            }
            Some(context) if context.names_other_processor() => {
                self.report(FindingCode::ContextOfOtherProcessor, place, None);
            }
            _ => {}
        }
    }

    pub(crate) fn plausible_exception(&mut self, place: Place, exception: &Exception<'a>) {
        if exception.raw().exception_record.number_parameters > MAX_PARAMETERS {
            self.report(FindingCode::TooManyParameters, place, None);
        }
    }

    /// Checks that the processor is known.
    pub(crate) fn plausible_system(&mut self, place: Place, system: &SystemInfo<'a>) {
        if system.raw().processor_architecture.processor().contexts.is_empty() {
            self.report(FindingCode::ProcessorUnknown, place, None);
        }
    }

    /// Checks the addresses of modules.
    pub(crate) fn plausible_modules(&mut self, stream: &RawStream<'a>, list: &ModuleList<'a>) {
        let target = self.dump.target();
        let mut places: Vec<(Interval, u64)> = Vec::new();
        for (index, module) in (0..).zip(list) {
            let place = Place { entry: Some(index), offset: list.entry_offset(index), ..Place::stream(stream) };
            let (base, size) = (target.mask(module.base()), u64::from(module.size()));
            if base == 0 {
                self.report(FindingCode::ModuleWithoutBase, place, None);
            }
            if size == 0 {
                self.report(FindingCode::ModuleWithoutSize, place, None);
            } else if size - 1 > target.last_address() - base {
                self.report(FindingCode::ModulePastEnd, place, None);
            }
            places.extend(target.interval(base, size).map(|interval| (interval, index)));
        }
        // Of two modules with the same start, the larger one comes first; of two equal ones, the earlier one.
        places.sort_unstable_by_key(|(it, index)| (it.start, u64::MAX - it.last, *index));
        let mut furthest: Option<Interval> = None;
        let mut before = None;
        for (interval, index) in places {
            let place = Place { entry: Some(index), offset: list.entry_offset(index), ..Place::stream(stream) };
            if before == Some(interval) {
                self.report(FindingCode::ModuleRepeated, place, None);
            } else if furthest.is_some_and(|furthest| furthest.last >= interval.start) {
                self.report(FindingCode::ModulesOverlap, place, None);
            }
            before = Some(interval);
            if furthest.is_none_or(|furthest| furthest.last < interval.last) {
                furthest = Some(interval);
            }
        }
    }
}
