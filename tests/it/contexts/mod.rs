//! Contexts: where each register is, which layout a record has, the meaning of the flags, extended registers.

mod choice;
mod peer;
mod registers;
pub mod tables;
mod xstate;

pub use peer::fields as fields_of_the_peer;
pub use registers::planted;

use libtest_mimic::Trial;
use userdump::Minidump;
use userdump::format::system::XStateConfigFeature;
use userdump::read::system::MiscInfo;
use userdump::read::{Context, ThreadList};

use crate::support::forms::{Form, open};
use crate::synth::{Dump, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    [registers::trials(), choice::trials(), xstate::trials(), peer::trials()].into_iter().flatten().collect()
}

const WINDOWS: u32 = 2;
const MACOS: u32 = 0x8101;
const LINUX: u32 = 0x8201;
const SOLARIS: u32 = 0x8202;
const ANDROID: u32 = 0x8203;

const LITTLE: Form = Form::USUAL;
const BIG: Form = Form { big_endian: true, filler: 3 };

/// A context record with its architecture and platform.
#[derive(Clone, Debug)]
struct Sample {
    form: Form,
    architecture: u16,
    platform: u32,
    record: Vec<u8>,
}

impl Sample {
    /// A record of this size, all zero except the flags.
    fn of_flags(architecture: u16, platform: u32, size: usize, flags: u64) -> Self {
        let mut record = vec![0; size];
        let at = if architecture == 9 { 48 } else { 0 };
        let flags = flags.to_le_bytes();
        let kept = size.saturating_sub(at).min(if flags[4..] == [0; 4] { 4 } else { 8 });
        record[at.min(size)..][..kept].copy_from_slice(&flags[..kept]);
        Self { form: LITTLE, architecture, platform, record }
    }

    fn look<T>(&self, look: impl FnOnce(Context<'_>) -> T) -> T {
        let system = SystemInfo { architecture: self.architecture, platform: self.platform, ..Default::default() };
        let dump = Dump::new().system_info(system).thread(Thread::new(7).context(self.record.clone()));
        let file = self.form.build(dump);
        look(first_context(&open(&file)))
    }

    fn layout(&self) -> Option<&'static str> {
        self.look(|context| context.layout().map(|layout| layout.name))
    }
}

fn first_context<'a>(dump: &Minidump<'a>) -> Context<'a> {
    contexts(dump).next().expect("there is a thread with a context")
}

/// The contexts of all threads that have one.
fn contexts<'a>(dump: &Minidump<'a>) -> impl Iterator<Item = Context<'a>> + use<'a> {
    let threads = dump.stream::<ThreadList<'a>>().ok().flatten();
    threads.into_iter().flatten().filter_map(|thread| thread.context().ok().flatten())
}

fn config(dump: &Minidump<'_>) -> Option<XStateConfigFeature> {
    dump.stream::<MiscInfo<'_>>().expect("the stream is valid")?.xstate()
}
