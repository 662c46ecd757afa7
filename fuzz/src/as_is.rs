//! Dumps as they are: any bytes stay the same without hooks, and with some the result can be gone through.

use userdump::format::StreamType;
use userdump::redump::{Hooks, Options, Redump};
use userdump::{Dump, Minidump};

/// A type of stream that no dump has.
const NEW: StreamType = StreamType(0x1_0042);

/// Re-encodes the dump as it is, and with some of everything that a program can change.
pub fn check(source: &[u8]) {
    let Ok(dump) = Dump::parse(source) else { return };
    let Some(same) = written(&dump, Hooks::new()) else { return };
    assert!(same == source, "nothing is to change without hooks");
    let mut count = 0u32;
    let hooks = Hooks::new()
        .keep_modules(|module| module.base() % 3 != 0)
        .keep_threads(|thread| thread.id() % 3 != 0)
        .map_module(|_, new| {
            count += 1;
            new.record.check_sum = count;
            new.rename("renamed").set_code_view(*b"NB10");
        })
        .map_exception(|_, new| {
            new.record.exception_record.exception_code = 7;
            new.set_context([1; 8]);
        })
        .name_thread(1, "named")
        .blank([0..0x1_0000])
        .replace_memory(0x1000, &b"replaced"[..])
        .redact(|_, _, bytes| bytes.iter_mut().for_each(|byte| *byte ^= 1))
        .add_stream(NEW, &b"new"[..]);
    let Some(changed) = written(&dump, hooks) else { return };
    let changed = Minidump::parse(&changed).expect("the result is a minidump");
    assert!(changed.raw_streams().any(|stream| stream.stream_type() == NEW && stream.bytes() == b"new"));
    crate::walk(&Dump::Minidump(changed));
}

/// `None` if the dump cannot be kept as it is.
fn written<'a>(dump: &Dump<'a>, hooks: Hooks<'a>) -> Option<Vec<u8>> {
    let redump = Redump::with_hooks(dump, &Options::as_is(), hooks).ok()?;
    let (size, mut out) = (redump.size(), Vec::new());
    redump.write_to(&mut out).expect("a vector takes everything");
    assert_eq!(out.len() as u64, size);
    Some(out)
}
