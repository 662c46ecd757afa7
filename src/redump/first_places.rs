//! Lists the data that is charged for before anything else that records refer to.

use crate::format::{LocationDescriptor, Rva64};
use crate::read::Minidump;
use crate::read::thread::ThreadNames;

/// The names under which contexts, strings and records are charged for.
pub(super) const CONTEXT: &str = "CONTEXT";
pub(super) const STRING: &str = "MINIDUMP_STRING";
pub(super) const CODE_VIEW: &str = "CodeView record";

/// A name, a position in the file and a size in bytes.
pub(super) type Place = (&'static str, u64, u64);

/// Data that is charged for first.
pub(super) enum First {
    Record(Place),
    /// A string, whose size has yet to be read.
    Name(Rva64),
}

/// Returns the contexts, then the names and CodeView records of modules and the names of threads.
pub(super) fn first_places<'a>(dump: &Minidump<'a>) -> impl Iterator<Item = First> + use<'a> {
    let dump = *dump;
    let threads = dump.threads().map(|thread| thread.raw().thread_context);
    let exceptions = dump.exceptions().flatten().map(|exception| exception.raw().thread_context);
    let contexts = threads.chain(exceptions).map(|location| (CONTEXT, location));
    let records = dump.modules().into_iter().map(|module| (CODE_VIEW, module.raw().cv_record));
    let located = move |(what, location): (_, LocationDescriptor)| {
        let is_there = matches!(dump.dump_bytes().optional_location(what, location), Ok(Some(_)));
        is_there.then(|| First::Record((what, location.rva.into(), location.data_size.into())))
    };
    let module_names = dump.modules().into_iter().map(|module| module.raw().module_name_rva.into());
    let thread_names = dump.list::<ThreadNames<'_>>().into_iter().map(|name| name.raw().rva_of_thread_name);
    let names = module_names.map(First::Name).chain(records.filter_map(located)).chain(thread_names.map(First::Name));
    contexts.filter_map(located).chain(names)
}
