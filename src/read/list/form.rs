//! Determines where the entries of a list are. The entry count is more reliable than the size of the stream, which is
//! often rounded up or wrong.

use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::RawStream;

/// The size of a count of entries.
pub(crate) const COUNT: u64 = size_of::<u32>() as u64;

/// The number of entries that are checked before the declared size of a stream is overruled.
const PROOFS: u32 = 16;

/// The offset of the first entry in its stream, and the distance between entries, in bytes.
pub(crate) type Form = (u64, u64);

/// Determines the form of a list whose header is only the entry count `count`.
///
/// Some compilers put four bytes of padding after the count or into each entry, and some producers round the size of
/// the stream up, so the size alone does not determine the form. The form in which more of a few sample entries are
/// plausible is chosen; if there is a tie, the form that matches the size of the stream.
pub(crate) fn counted<'a, R: Record<'a>>(stream: &RawStream<'a>, count: u32) -> Form {
    counted_of(stream, count, (R::SIZE, R::ALIGNED_SIZE), is_plausible::<R>)
}

/// Whether the bytes at an offset in the file are plausible as an entry of a size.
type IsPlausible<'a> = fn(&RawStream<'a>, u64, u64) -> bool;

/// The part that is the same for all types of entries, which have a packed and perhaps an aligned size.
fn counted_of<'a>(
    stream: &RawStream<'a>,
    count: u32,
    (packed, aligned): (u64, Option<u64>),
    is_plausible: IsPlausible<'a>,
) -> Form {
    let usual = (COUNT, packed);
    let forms = [Some(packed), aligned].into_iter().flatten();
    let forms = forms.flat_map(|size| [(COUNT, size), (2 * COUNT, size)]);
    let end = |(start, size): Form| start.saturating_add(u64::from(count).saturating_mul(size));
    // There is nothing to guess if the size is that of the usual form, which all but a few compilers write.
    if count == 0 || end(usual) == stream.declared_size() {
        return usual;
    }
    // If no entry is plausible in any form, the aligned forms are not assumed.
    let by_size = forms.clone().take(2).find(|form| end(*form) == stream.declared_size()).unwrap_or(usual);
    let mut best = by_size;
    let mut most = plausible_entries(stream, best, count, is_plausible);
    for form in forms.filter(|form| *form != by_size) {
        let found = plausible_entries(stream, form, count, is_plausible);
        // If both are plausible: padding is 0, and the fields in its place are not.
        let prefers_usual =
            found == most && found > 0 && form == usual && best == by_size && is_rounded(stream, end(usual));
        if found > most || prefers_usual {
            (best, most) = (form, found);
        }
    }
    best
}

/// True if the four bytes at the start cannot be padding and those at the end can.
fn is_rounded(stream: &RawStream<'_>, end: u64) -> bool {
    let word = |position: u64| stream.read::<u32>("padding", position);
    word(COUNT).is_ok_and(|first| first != 0) && word(end).is_ok_and(|last| last == 0)
}

/// The indices of a few of `count` entries: the first, some in the middle, and the last.
fn samples(count: u32) -> impl Iterator<Item = u32> {
    let mut before = None;
    let numbers = [0, 1, 2, count / 2, count.saturating_sub(2), count.saturating_sub(1)];
    numbers.into_iter().filter(move |number| {
        let is_next = before.is_none_or(|before| before < *number) && *number < count;
        if is_next {
            before = Some(*number);
        }
        is_next
    })
}

/// Counts how many of a few sample entries are plausible in a form.
fn plausible_entries<'a>(
    stream: &RawStream<'a>,
    (start, size): Form,
    count: u32,
    is_plausible: IsPlausible<'a>,
) -> usize {
    let first = stream.offset().saturating_add(start);
    let offsets = samples(count).map(|number| first.saturating_add(u64::from(number).saturating_mul(size)));
    offsets.filter(|offset| is_plausible(stream, *offset, size)).count()
}

fn is_plausible<'a, R: Record<'a>>(stream: &RawStream<'a>, offset: u64, size: u64) -> bool {
    let dump = stream.dump();
    dump.bytes().available(offset, size) == size
        && R::decode(dump, offset, size).is_ok_and(|entry| entry.is_plausible(dump))
}

/// True if the entries that `whole` has and `list` lacks are present although the declared size of the stream is too
/// small for them. A sample of them, including the first and the last, must all be plausible.
pub(crate) fn is_proven<'a, R: Record<'a>>(stream: &RawStream<'a>, list: &List<'a, R>, whole: &List<'a, R>) -> bool {
    let missing = whole.len().saturating_sub(list.len());
    if missing == 0 || whole.len() < whole.declared_len() || stream.is_bounded() {
        return false;
    }
    are_plausible(stream, (whole.entry_offset(list.len()), whole.entry_size()), missing, is_plausible::<R>)
}

/// True if the sample of `missing` entries is plausible, the first of which is at `start`.
fn are_plausible<'a>(
    stream: &RawStream<'a>,
    (start, size): (u64, u64),
    missing: u64,
    is_plausible: IsPlausible<'a>,
) -> bool {
    let step = (missing / u64::from(PROOFS)).max(1);
    let numbers = (0..2 * PROOFS).map(|number| step.saturating_mul(number.into()));
    let mut numbers = numbers.take_while(|number| *number < missing).chain([missing.saturating_sub(1)]);
    numbers.all(|number| is_plausible(stream, start.saturating_add(number.saturating_mul(size)), size))
}
