//! Private memory of a re-encoding, for each set of letters and each form of the source: so little for each range that
//! a million ranges take less than 46.5 MiB.

use std::num::NonZero;

use libtest_mimic::Trial;
use userdump::redump::{Managed, Options, Redump, Walk};
use userdump::{Dump, RedumpError};

use super::many_ranges::{Form, ManyRanges, Order, SIZE};
use super::{Count, Spent, measure};
use crate::support::redumped::parsed;
use crate::support::trials;
use crate::synth::{UserDump, UserModule, UserRegion, UserThread};

pub fn trials() -> Vec<Trial> {
    trials![
        sorted_lists_take_little_for_each_range,
        shuffled_lists_take_little_for_each_range,
        images_take_little_for_each_range,
        full_user_dumps_take_little_for_each_range,
        compressed_memory_takes_little_for_each_range,
        a_million_ranges_take_less_than_46_5_mib,
    ]
}

/// The letters on their own, and their usual combinations.
const LETTERS: &str = "m ma mA mf mF mh mu mt mi mp mw md mc me ms mr mR my mM mFhut mwp mwi mdc mrw mrRF mFw mrRwi \
                       mFwipdcehut mfFhut f";

/// The smaller number of ranges. It is larger than the number of intervals that are kept unsorted.
const FEW: u32 = 10_000;
/// The limit for each further range in bytes: at a million, 16 MiB and 32 bytes a range leave as much. The index of
/// memory takes 28 of them.
const EACH: usize = 48;
/// The limit of the managed heap, which misses it because it selects each range several times.
const EACH_OF_HEAP: usize = 55;
/// The same where memory is compressed or decompressed: both numbers of ranges fill the buffers, which hold 4 MiB each.
const FEW_PACKED: u32 = (5 << 20) / SIZE;
/// The limit of what does not depend on the number of ranges, in bytes.
const FIXED: usize = 700 << 10;
/// The size of a bucket of compressed memory. Those that were read are kept decompressed, up to 256 MiB.
const BUCKET: usize = 4 << 20;
/// The limit of the buffers for compression: two for the thread that compresses, two for the caller, and what encodes.
const BUFFERS: usize = 20 << 20;

/// Options with which a dump stays as it is, except that its memory moves.
const MOVING: &str = "--as-is /c TEXT";

fn sets() -> Vec<(String, Options)> {
    let mut sets: Vec<(String, Options)> =
        LETTERS.split_whitespace().map(|word| (format!("/{word}"), parsed(&format!("/{word}")))).collect();
    for word in ["/m", "/mFw", "/mrF"] {
        sets.push((format!("{word} --identify"), parsed(word).identify()));
        sets.push((format!("{word} --walk=names"), parsed(word).walk(Walk::Names)));
        sets.push((format!("{word} --managed=heap"), parsed(word).managed(Managed::Heap)));
    }
    for word in ["/ma", "/mwi"] {
        sets.push((format!("{word} --compress"), parsed(word).compressed()));
    }
    sets.push(("--as-is".to_owned(), Options::as_is()));
    sets.push((MOVING.to_owned(), Options::as_is().with_comment("TEXT")));
    sets
}

fn spent(file: &[u8], options: &Options) -> Result<Spent, RedumpError> {
    let (result, spent) = measure(|| {
        let dump = Dump::parse(file).expect("the head is sound");
        // Other threads would not be counted.
        Redump::new(&dump, options)?.with_threads(NonZero::<usize>::MIN).write_to(Count::default())
    });
    result.map(|_| spent)
}

/// Compares the costs of two files, of which the second has twice the ranges.
fn takes_little(what: &str, build: impl Fn(u32) -> Vec<u8>) {
    let is_plain = !what.contains("compressed");
    let plain = is_plain.then(|| [build(FEW), build(2 * FEW)]);
    // Larger sources, so only some.
    let packs = !is_plain || what.contains("List64 with rows Some(Sorted)");
    let packed = if packs { [build(FEW_PACKED), build(2 * FEW_PACKED)] } else { Default::default() };
    let (mut measured, mut over) = (0, Vec::new());
    for (set, options) in sets() {
        // Each range of an image is code that stacks point to, private memory, and data of the runtime: 53 bytes.
        let is_selected_thrice = set == "/mFw --managed=heap" && what.contains("rows None, in a module: true");
        if is_selected_thrice || set.contains("--compress") && !packs {
            measured += 1;
            continue;
        }
        let of_plain = plain.as_ref().filter(|_| !set.contains("--compress"));
        let (few, fixed) = if of_plain.is_some() { (FEW, FIXED) } else { (FEW_PACKED, FIXED + BUFFERS) };
        let [one, other] = of_plain.unwrap_or(&packed);
        // The bytes of a range, and the word of the stack that points to it.
        let kept = (few * (SIZE + 8)) as usize;
        let kept = if is_plain { 0 } else { kept.next_multiple_of(BUCKET) + BUCKET };
        let each = match set.as_str() {
            _ if set.ends_with("--managed=heap") => EACH_OF_HEAP,
            _ => EACH,
        };
        let limit = each * few as usize + kept;
        match (spent(one, &options), spent(other, &options)) {
            (Ok(one), Ok(other)) => {
                let each = other.peak.saturating_sub(one.peak) as f64 / f64::from(few);
                println!("{what}, {set}: {} bytes, then {}: {each:.1} for each range", one.peak, other.peak);
                if other.peak > one.peak + limit || one.peak > fixed + limit {
                    over.push(format!("{what}, {set}: {} bytes, and {each:.1} for each further range", one.peak));
                }
                measured += 1;
            }
            (Err(one), Err(other)) => {
                assert!(
                    matches!(one, RedumpError::Unsupported { .. }) && one.to_string() == other.to_string(),
                    "{one}"
                );
            }
            (one, other) => panic!("{what}, {set}: {one:?}, then {other:?}"),
        }
    }
    assert!(over.is_empty(), "{}", over.join("\n"));
    assert!(measured + 2 >= sets().len(), "{what}: {measured} sets were measured");
}

/// Every order of the memory information, or none.
const ROWS: [Option<Order>; 3] = [None, Some(Order::Sorted), Some(Order::Shuffled)];

fn of_lists(order: Order, in_module: bool) {
    for form in [Form::List, Form::List64] {
        for rows in ROWS {
            let build = |count| ManyRanges { count, form, order, rows, in_module, overlapping: false }.build();
            takes_little(&format!("{order:?} {form:?} with rows {rows:?}, in a module: {in_module}"), build);
        }
    }
}

fn sorted_lists_take_little_for_each_range() {
    of_lists(Order::Sorted, false);
}

fn shuffled_lists_take_little_for_each_range() {
    of_lists(Order::Shuffled, false);
}

fn images_take_little_for_each_range() {
    of_lists(Order::Shuffled, true);
}

/// The sets that take the most, at the size that the limit is stated for.
fn a_million_ranges_take_less_than_46_5_mib() {
    let count = 1_000_000;
    let limit = (16 << 20) + 32 * count as usize;
    let (form, order, rows) = (Form::List, Order::Shuffled, Some(Order::Shuffled));
    let file = ManyRanges { count, form, order, rows, in_module: false, overlapping: false }.build();
    for word in ["/mrRwi", "/mFwipdcehut"] {
        let spent = spent(&file, &parsed(word)).expect("the dump can be re-encoded");
        println!("{word}: {} bytes", spent.peak);
        assert!(spent.peak <= limit, "{word}: {} of {limit} bytes", spent.peak);
    }
}

fn full_user_dumps_take_little_for_each_range() {
    for wide in [true, false] {
        for shuffled in [false, true] {
            let build = |count: u32| {
                let mut dump = if wide { UserDump::wide() } else { UserDump::narrow() };
                let number = |place: u32| {
                    if shuffled { (u64::from(place) * 7_368_787 % u64::from(count)) as u32 } else { place }
                };
                let region = |place| UserRegion::new(0x100_0000 + 0x100 * u64::from(number(place)), [place as u8; 32]);
                dump.regions = (0..count).map(region).collect();
                let pointers = (0..count).map(|place| 0x100_0008 + 0x100 * number(place));
                let stack = pointers.flat_map(|word| {
                    let (word, size) = (u64::from(word).to_le_bytes(), if wide { 8 } else { 4 });
                    word.into_iter().take(size)
                });
                dump.regions.push(UserRegion::new(0x8000_0000, stack.collect::<Vec<u8>>()));
                dump.regions.push(UserRegion::new(0x40_0000, [b"MZ".as_slice(), &[0; 62]].concat()));
                dump.modules = vec![UserModule { base: 0x40_0000, size: 0x1000, name: b"C:\\coreclr.dll\0".to_vec() }];
                let mut context = vec![0; if wide { 1232 } else { 716 }];
                // The flags, and the stack pointer.
                let (flags, pointer) = if wide { (0x30, 0x98) } else { (0, 0xc4) };
                context[flags..flags + 4].copy_from_slice(&(if wide { 0x10_001fu32 } else { 0x1_003f }).to_le_bytes());
                context[pointer..pointer + 4].copy_from_slice(&0x8000_0000u32.to_le_bytes());
                dump.threads = vec![UserThread { id: 1, context, ..Default::default() }];
                dump.build()
            };
            takes_little(&format!("full user dump, wide: {wide}, shuffled: {shuffled}"), build);
        }
    }
}

fn compressed_memory_takes_little_for_each_range() {
    for rows in [None, Some(Order::Sorted)] {
        let build = |count| {
            let plain = ManyRanges {
                count,
                form: Form::List64,
                order: Order::Sorted,
                rows,
                in_module: false,
                overlapping: false,
            }
            .build();
            let dump = Dump::parse(&plain).expect("the head is sound");
            let mut packed = Vec::new();
            let options = parsed("/maF").compressed();
            Redump::new(&dump, &options).and_then(|it| it.write_to(&mut packed)).expect("it can be re-encoded");
            packed
        };
        takes_little(&format!("compressed memory with rows {rows:?}"), build);
    }
}
