//! The way through full user dumps.

use userdump::read::FullUserDump;
use userdump::read::full_user_dump::VersionInformation;

use super::{Walk, Walked};

impl Walk<'_> {
    pub(super) fn user_dump(&mut self, dump: &FullUserDump<'_>) -> Walked {
        let size = dump.data().len() as u64;
        self.see(&(dump, dump.header(), dump.target(), dump.is_64_bit(), dump.build_number(), dump.context_size()));
        let threads = dump.threads();
        self.see(&(threads.len(), threads.declared_len(), threads.entry_size(), threads.fault()));
        for (index, thread) in (0..).zip(&threads) {
            self.item(&(threads.entry_offset(index), thread));
            self.context(thread.context());
        }
        self.allow(size);
        let modules = dump.modules();
        self.see(&(modules.declared_len(), modules.fault()));
        for module in modules {
            let contains = [module.base(), u64::MAX].map(|address| module.contains(address));
            let name = module.name().map(|name| (name, name.to_string()));
            self.item(&(module.offset(), module, contains, name));
        }
        self.allow(size);
        let regions = dump.region_list();
        self.see(&(regions.len(), regions.declared_len(), regions.entry_size(), regions.fault()));
        regions.iter().for_each(|region| self.item(&region));
        self.allow(size);
        for stored in dump.stored_regions() {
            assert!(stored.range.bytes.len() as u64 <= stored.range.size, "a region has more bytes than it says");
            self.item(&(stored.info, stored.range.address, stored.range.offset, stored.range.fault()));
        }
        self.allow(size);
        self.memory(&dump.memory());
        self.allow(size);
        self.regions(&dump.regions());
        self.see(&dump.debug_event());
        match dump.exception() {
            Ok(Some(exception)) => {
                self.see(&(exception, exception.parameters(), exception.reason(), exception.is_first_chance()));
                self.context(exception.context());
            }
            other => self.see(&other.map(|_| ())),
        }
        self.allow(size);
        match dump.version_information() {
            Some(VersionInformation::Texts(texts)) => texts.iter().for_each(|pair| self.item(&pair)),
            other => self.see(&other),
        }
        self.see(&dump.service_pack());
        self.allow(size);
        let findings = self.findings(|found| dump.check(found));
        Walked { streams: 0, items: self.items, findings }
    }
}
