//! Where the entries of a list are: the count proves more than the size of the stream, which is often rounded or false.

use crate::read::list::entries::{List, Record};
use crate::read::raw_stream::RawStream;

/// The size of a count of entries.
pub(crate) const COUNT: u64 = size_of::<u32>() as u64;

/// So many entries are looked at before a size that is too small is passed over.
const PROOFS: u32 = 16;

/// Where the first entry is in its stream, and how far it is from there to the next, in bytes.
pub(crate) type Form = (u64, u64);

/// The form of a list with nothing but a count of `count` entries in front of them.
///
/// Some compilers put four bytes of padding behind the count, or into each entry, and some producers round the size of
/// the stream up, so that the size does not tell one from the other. The form in which more of a few entries make sense
/// counts; where that does not decide, the one that gives the stream its size.
pub(crate) fn counted<'a, R: Record<'a>>(stream: &RawStream<'a>, count: u32) -> Form {
    let usual = (COUNT, R::SIZE);
    let forms = [Some(R::SIZE), R::ALIGNED_SIZE].into_iter().flatten();
    let forms = forms.flat_map(|size| [(COUNT, size), (2 * COUNT, size)]);
    let end = |(start, size): Form| start.saturating_add(u64::from(count).saturating_mul(size));
    // Nothing is left to guess where the size is that of the usual form, as everybody but a few compilers writes it.
    if count == 0 || end(usual) == stream.declared_size() {
        return usual;
    }
    // What makes no sense at all is not taken for aligned.
    let by_size = forms.clone().take(2).find(|form| end(*form) == stream.declared_size()).unwrap_or(usual);
    let mut best = by_size;
    let mut most = sense::<R>(stream, best, count);
    for form in forms.filter(|form| *form != by_size) {
        let found = sense::<R>(stream, form, count);
        // Where both make sense, padding is 0 and the fields in its place are not.
        let rather = found == most && found > 0 && form == usual && best == by_size && is_rounded(stream, end(usual));
        if found > most || rather {
            (best, most) = (form, found);
        }
    }
    best
}

/// True if the four bytes at the start could not be padding and those at the end could.
fn is_rounded(stream: &RawStream<'_>, end: u64) -> bool {
    let word = |position: u64| stream.read::<u32>("padding", position);
    word(COUNT).is_ok_and(|first| first != 0) && word(end).is_ok_and(|last| last == 0)
}

/// The numbers of a few entries of `count`: the first, some in the middle, and the last.
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

/// How many of a few entries make sense in a form.
fn sense<'a, R: Record<'a>>(stream: &RawStream<'a>, (start, size): Form, count: u32) -> usize {
    let first = stream.offset().saturating_add(start);
    let offsets = samples(count).map(|number| first.saturating_add(u64::from(number).saturating_mul(size)));
    offsets.filter(|offset| makes_sense::<R>(stream, *offset, size)).count()
}

fn makes_sense<'a, R: Record<'a>>(stream: &RawStream<'a>, offset: u64, size: u64) -> bool {
    let dump = stream.dump();
    dump.bytes().clipped(offset, size).len() as u64 == size
        && R::decode(dump, offset, size).is_ok_and(|entry| entry.makes_sense(dump))
}

/// True if the entries of `whole` that `list` lacks are there, although the size of the stream is too small for them: all
/// of a few make sense, the first and the last among them.
pub(crate) fn is_proven<'a, R: Record<'a>>(stream: &RawStream<'a>, list: &List<'a, R>, whole: &List<'a, R>) -> bool {
    let missing = whole.len().saturating_sub(list.len());
    if missing == 0 || whole.len() < whole.declared_len() || stream.is_bounded() {
        return false;
    }
    let step = (missing / u64::from(PROOFS)).max(1);
    let numbers = (0..2 * PROOFS).map(|number| step.saturating_mul(number.into()));
    let mut numbers = numbers.take_while(|number| *number < missing).chain([missing.saturating_sub(1)]);
    numbers.all(|number| {
        makes_sense::<R>(stream, whole.entry_offset(list.len().saturating_add(number)), whole.entry_size())
    })
}
