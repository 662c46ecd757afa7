//! The way through full user dumps.

use std::hint::black_box;

use userdump::read::FullUserDump;
use userdump::read::full_user_dump::VersionInformation;

use crate::{walk_context, walk_image_at, walk_index, walk_range, walk_text};

/// Asks the dump for everything there is in it.
pub fn walk_user_dump(dump: &FullUserDump<'_>) {
    black_box((dump.header(), dump.target(), dump.build_number(), dump.context_size()));
    let threads = dump.threads();
    assert!(threads.len() <= threads.declared_len());
    assert_eq!(threads.fault().is_some(), threads.len() < threads.declared_len());
    threads.iter().for_each(|thread| walk_context(thread.context()));

    let modules = dump.modules();
    assert!(modules.clone().count() as u64 <= modules.declared_len().into());
    black_box(modules.fault());
    for module in modules {
        assert_eq!(module.contains(module.base()), module.size() > 0);
        if let Ok(name) = module.name() {
            assert_eq!(name.chars().count(), name.as_bytes().len());
            black_box(name.to_string());
        }
    }

    let regions = dump.region_list();
    assert!(regions.len() <= regions.declared_len());
    assert!(dump.stored_regions().count() as u64 <= regions.len());
    dump.stored_regions().for_each(|region| walk_range(&region.range));
    let regions = dump.regions();
    assert_eq!(regions.iter().count() as u64, dump.region_list().len());
    for region in regions.iter().filter(|region| region.size() > 0) {
        assert!(regions.at_address(region.base()).is_some(), "a region has its first address");
    }
    let memory = dump.memory();
    walk_index(&memory);
    dump.modules().for_each(|module| walk_image_at(&memory, module.base()));

    black_box(dump.debug_event().is_ok());
    if let Ok(Some(exception)) = dump.exception() {
        assert!(exception.parameters().len() <= 15);
        black_box((exception.reason().to_string(), exception.is_first_chance()));
        walk_context(exception.context());
    }
    if let Some(VersionInformation::Texts(texts)) = dump.version_information() {
        texts.iter().for_each(|(key, text)| [key, text].into_iter().for_each(walk_text));
    }
    dump.service_pack().into_iter().for_each(walk_text);
}
