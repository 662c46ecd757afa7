//! Walks the streams of a minidump.

use std::collections::BTreeMap;

use userdump::Minidump;
use userdump::format::StreamType;
use userdump::format::stream::Relocation;
use userdump::read::RawStream;
use userdump::read::references::parts;

use crate::{LISTS, SEARCHES, Walk};

impl Walk<'_> {
    /// Walks a minidump and returns the number of streams.
    pub(crate) fn minidump(&mut self, dump: &Minidump<'_>) -> u64 {
        let directory = dump.directory();
        assert!(directory.len() <= directory.declared_len());
        self.see(&(dump.flags(), dump.target(), directory.fault()));
        let mut streams = 0;
        let mut met: BTreeMap<StreamType, u32> = BTreeMap::new();
        for (index, (stream, decoded)) in (0..).zip(dump.streams()) {
            streams += 1;
            self.next();
            assert_eq!((stream.index(), Some(stream.entry())), (index, directory.get(index)));
            assert!(stream.bytes().len() as u64 <= stream.declared_size());
            self.item(&(stream.index(), stream.entry(), stream.bytes().len(), stream.fault()));
            let times = met.entry(stream.stream_type()).or_default();
            *times += 1;
            match decoded {
                Ok(_) if *times > LISTS => {}
                Ok(decoded) => {
                    self.stream(&stream, &decoded);
                    self.parts(&stream);
                }
                Err(error) => self.see(&error),
            }
        }
        self.next();
        dump.threads().take(SEARCHES).for_each(|thread| self.item(&dump.stack(&thread)));
        dump.exceptions().for_each(|exception| self.item(&exception.map(|it| it.thread_id())));
        self.next();
        self.see(&dump.crashed_thread_id());
        if let Some(thread) = dump.crashed_thread() {
            self.thread(&thread);
        }
        streams
    }

    /// Visits the parts of a stream whose parts are known.
    fn parts(&mut self, stream: &RawStream<'_>) {
        if stream.stream_type().row().relocation != Relocation::Known {
            return;
        }
        match parts(stream) {
            Ok(found) => {
                self.see(&found.faults);
                found.parts.iter().for_each(|part| self.item(&(part.offset, part.bytes.len(), &part.references)));
            }
            Err(error) => self.see(&error),
        }
    }
}
