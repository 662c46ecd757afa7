//! The results of the 2026 debugger for `/xr`, `/xc`, `/xp`, `/xt` and `/j`.

use libtest_mimic::Trial;
use userdump::redump::Options;

use crate::support::facts::Facts;
use crate::support::golden::EXCEPTION_WORDS;
use crate::support::redumped::Redumped;
use crate::support::{Shared, shared_trial};

pub fn trials() -> Vec<Trial> {
    let test = |name| {
        shared_trial(format!("redump_exceptions::golden::{name}"), move |shared| {
            is_as_the_debuggers(shared, name);
        })
    };
    EXCEPTION_WORDS.map(test).into()
}

/// The options for the words in the name of a golden dump.
fn options(name: &str) -> Options {
    let options: Options = if name == "xpma" { "/ma" } else { "/m" }.parse().expect("they are known");
    match name {
        "plain" => options.with_made_up_records(),
        "xp" | "xpma" => options.with_exception_pointers(0x70_0100),
        "xrxc" => options.with_exception_record(0x70_0200).with_exception_context(0x70_0800),
        "xr" => options.with_exception_record(0x70_0200),
        "xc" => options.with_exception_context(0x70_0800),
        "xt" => options.with_exception_thread(2),
        "xpxt" => options.with_exception_pointers(0x70_0100).with_exception_thread(2),
        "j" => options.with_jit_debug_info(0x70_1800),
        _ => panic!("{name} is not known"),
    }
}

fn is_as_the_debuggers(shared: &Shared, name: &str) {
    let member = |name: &str| shared.golden(&format!("exception-words/{name}.dmp"));
    let (source, theirs) = (member("in"), member(name));
    let ours = Redumped::once(&source, &options(name));
    let (source, theirs, ours) = (Facts::of(&source), Facts::of(&theirs), ours.facts());
    let [theirs_says] = theirs.exceptions().try_into().expect("there is one");
    let [ours_says] = ours.exceptions().try_into().expect("there is one");
    let record = |it: &crate::support::facts::Exception<'_>| {
        (it.thread, it.code, it.flags, it.record, it.address, it.parameters, it.information, it.alignment)
    };
    assert_eq!(record(&ours_says), record(&theirs_says));
    // With `/xt` alone, the debugger takes the registers of another thread.
    let own = source.threads().into_iter().find(|thread| thread.id == 2).expect("it is there").context;
    let expected = if name == "xt" { own } else { theirs_says.context };
    assert!(ours_says.context.0 == expected.0, "the registers");
    if name == "xt" {
        assert!(theirs_says.context.0 == source.threads()[0].context.0, "the registers of another thread");
    }
    // The debugger fills in the start of the image where the user shared data page is.
    let ranges = theirs.ranges().into_iter().filter(|range| name == "xpma" || range.address != 0x1_4000_0000);
    for range in ranges {
        assert!(ours.read(range.address, range.size) == range.bytes.0, "{:#x}", range.address);
    }
}
