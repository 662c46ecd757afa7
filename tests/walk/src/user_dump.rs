//! Walks full user dumps.

use std::hint::black_box;

use userdump::read::FullUserDump;
use userdump::read::full_user_dump::VersionInformation;

use crate::streams::check_range;
use crate::{Walk, spelled};

impl Walk<'_> {
    pub(crate) fn user_dump(&mut self, dump: &FullUserDump<'_>) {
        self.see(&(dump, dump.header(), dump.target(), dump.is_64_bit(), dump.build_number(), dump.context_size()));
        let threads = dump.threads();
        assert!(threads.len() <= threads.declared_len());
        assert_eq!(threads.fault().is_some(), threads.len() < threads.declared_len());
        self.see(&(threads.len(), threads.declared_len(), threads.entry_size(), threads.fault()));
        for (index, thread) in (0..).zip(&threads) {
            self.item(&(threads.entry_offset(index), thread));
            self.context(thread.context());
        }
        self.next();
        let modules = dump.modules();
        assert!(modules.clone().count() as u64 <= modules.declared_len().into());
        self.see(&(modules.declared_len(), modules.fault()));
        for module in modules {
            let contains = [module.base(), u64::MAX].map(|address| module.contains(address));
            let name = module.name().map(|name| {
                assert_eq!(name.chars().count(), name.as_bytes().len());
                (name, name.to_string())
            });
            self.item(&(module.offset(), module, contains, name));
        }
        self.next();
        let regions = dump.region_list();
        assert!(regions.len() <= regions.declared_len());
        assert_eq!(dump.regions().iter().count() as u64, regions.len());
        self.see(&(regions.len(), regions.declared_len(), regions.entry_size(), regions.fault()));
        regions.iter().for_each(|region| self.item(&region));
        self.next();
        assert!(dump.stored_regions().count() as u64 <= regions.len());
        for stored in dump.stored_regions() {
            check_range(&stored.range);
            self.item(&(stored.info, stored.range.address, stored.range.offset, stored.range.fault()));
        }
        self.see(&dump.debug_event());
        match dump.exception() {
            Ok(Some(exception)) => {
                assert!(exception.parameters().len() <= 15);
                self.see(&(exception, exception.parameters(), exception.reason(), exception.is_first_chance()));
                black_box(exception.reason().to_string());
                self.context(exception.context());
            }
            other => self.see(&other.map(|_| ())),
        }
        self.next();
        let version = dump.version_information();
        if let Some(VersionInformation::Texts(texts)) = version {
            texts.iter().for_each(|pair| {
                self.item(&[pair.0, pair.1].map(|text| spelled(&text)));
            });
        } else {
            self.see(&version);
        }
        let service_pack = dump.service_pack();
        self.see(&service_pack.map(|text| spelled(&text)));
    }
}
