//! Command lines for `redump`.

use userdump::Dump;
use userdump::format::StreamType;
use userdump_walk::presets::PRESETS;

use crate::numbers::Numbers;
use crate::places::Places;

/// The letters of `/m`.
const LETTERS: &str = "aAfFhtudcipwrRy";

/// Returns options for a dump that will be damaged. The second value is true if they request a full user dump.
pub fn options(intact: &[u8], places: &Places, numbers: &mut Numbers) -> (Vec<String>, bool) {
    let full_user_dump = numbers.once_in(6);
    let mut words = vec![if full_user_dump { "/f".to_owned() } else { letters(numbers) }];
    let mut add = |these: &[&str]| words.extend(these.iter().map(|word| (*word).to_owned()));
    if numbers.once_in(8) {
        add(&["/o"]);
    }
    if numbers.once_in(8) {
        add(&["/c", numbers.pick(&["", "damaged", "\u{e9}\u{1f4a5}"]).expect("the list has rows")]);
    }
    if numbers.once_in(4) {
        add(&["--explain"]);
    }
    if !full_user_dump && numbers.once_in(4) {
        add(&[numbers.pick(&PRESETS).expect("the list has rows")]);
    }
    if numbers.once_in(6) {
        add(&["--read"]);
    }
    if numbers.once_in(8) {
        add(&["--drop-stream", &stream_type(places, numbers)]);
    }
    if let Some(dump) = Dump::parse(intact).ok().filter(|_| numbers.once_in(4)) {
        if numbers.once_in(2) {
            (0..1 + numbers.below(2)).for_each(|_| add(&["--only-thread", &thread(&dump, numbers)]));
        } else {
            (0..1 + numbers.below(3)).for_each(|_| add(&["--keep", &memory(&dump, numbers)]));
        }
    }
    (words, full_user_dump)
}

fn letters(numbers: &mut Numbers) -> String {
    let each = [1, 3, 6][numbers.below(3)];
    let chosen = LETTERS.chars().filter(|_| each > 1 && numbers.once_in(each));
    ['/', 'm'].into_iter().chain(chosen).collect()
}

fn stream_type(places: &Places, numbers: &mut Numbers) -> String {
    let number = numbers.pick(&places.rows).map_or(numbers.below(30) as u32, |row| row.stream_type);
    let name = StreamType(number).name().filter(|_| numbers.once_in(2));
    name.map_or_else(|| format!("{number:#x}"), str::to_owned)
}

fn thread(dump: &Dump<'_>, numbers: &mut Numbers) -> String {
    let ids: Vec<u32> = dump.threads().take(64).map(|thread| thread.id()).collect();
    let id = numbers.pick(&ids).copied().filter(|_| !numbers.once_in(8));
    id.map_or_else(|| numbers.below(5000).to_string(), |id| format!("{id:#x}"))
}

/// Returns a range of the dump, a part of one, a larger one, or an arbitrary one.
fn memory(dump: &Dump<'_>, numbers: &mut Numbers) -> String {
    let ranges: Vec<_> = dump.memory().visible_ranges().take(256).map(|range| (range.address, range.size)).collect();
    let (start, size) = numbers.pick(&ranges).copied().unwrap_or((0x1000, 0x1000));
    let (address, length) = match numbers.below(4) {
        0 => (start, size),
        1 => (start.wrapping_sub(numbers.below(64) as u64), size.saturating_add(numbers.below(128) as u64)),
        2 => (start.wrapping_add(size / 2), *numbers.pick(&[0, 1, 16, u64::MAX]).expect("the list has rows")),
        _ => (numbers.next() >> numbers.below(64), numbers.next() >> numbers.below(64)),
    };
    format!("{address:#x}+{length:#x}")
}
