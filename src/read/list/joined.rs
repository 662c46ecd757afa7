//! Concatenates lists, some of which may be absent, into an iterator that knows its length.

use core::iter::{Chain, FusedIterator};

/// The entries of `front`, then those of `back`.
pub(crate) fn joined<A, B, T>(front: A, back: B) -> Joined<A::IntoIter, B::IntoIter>
where
    A: IntoIterator<Item = T>,
    B: IntoIterator<Item = T>,
{
    Joined(front.into_iter().chain(back))
}

/// Like [`Chain`], but with an exact length: two lists in a file cannot have more entries than the file has bytes.
#[derive(Clone, Debug)]
pub(crate) struct Joined<A, B>(Chain<A, B>);

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Joined<A, B> {
    type Item = A::Item;

    fn next(&mut self) -> Option<A::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }

    fn nth(&mut self, n: usize) -> Option<A::Item> {
        self.0.nth(n)
    }
}

impl<A: DoubleEndedIterator, B: DoubleEndedIterator<Item = A::Item>> DoubleEndedIterator for Joined<A, B> {
    fn next_back(&mut self) -> Option<A::Item> {
        self.0.next_back()
    }
}

impl<A: ExactSizeIterator, B: ExactSizeIterator<Item = A::Item>> ExactSizeIterator for Joined<A, B> {}
impl<A: FusedIterator, B: FusedIterator<Item = A::Item>> FusedIterator for Joined<A, B> {}

/// The entries of a list that may be absent.
#[derive(Clone, Debug)]
pub(crate) struct Optional<I>(pub Option<I>);

impl<I: Iterator> Iterator for Optional<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.0.as_mut()?.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.as_ref().map_or((0, Some(0)), Iterator::size_hint)
    }

    fn nth(&mut self, n: usize) -> Option<I::Item> {
        self.0.as_mut()?.nth(n)
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for Optional<I> {
    fn next_back(&mut self) -> Option<I::Item> {
        self.0.as_mut()?.next_back()
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Optional<I> {}
impl<I: FusedIterator> FusedIterator for Optional<I> {}
