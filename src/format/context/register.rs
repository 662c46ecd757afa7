//! What the tables of registers are made of.

use core::ops::Range;

/// What a register belongs to, as the flags of a context sort them.
///
/// Which registers a group has differs from layout to layout: Breakpad counts the instruction pointer among the
/// integer registers, Windows among the control registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RegisterGroup {
    /// Where the thread is: instruction pointer, stack pointer, processor status.
    Control,
    /// General registers.
    Integer,
    /// Segment registers of x86 and AMD64 that are not control registers.
    Segments,
    /// Floating point, and on most processors the vector registers that share its storage.
    FloatingPoint,
    /// Break points, watch points and traces of the processor.
    Debug,
    /// The area of the `FXSAVE` instruction in an x86 context.
    Extended,
    /// Vector registers with storage of their own.
    Vector,
    /// Accumulators of the DSP extension of MIPS.
    Dsp,
    /// Registers behind the fixed part of the record. Layouts list none of them.
    XState,
    /// What Breakpad calls "extra" on SPARC, without saying what that is. No layout lists any of them.
    Extra,
}

/// The place of one register in a context.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegisterField {
    /// Name, in lower case.
    pub name: &'static str,
    /// What it belongs to.
    pub group: RegisterGroup,
    /// Bytes from the start of the record.
    pub offset: u32,
    /// Size in bytes: 1, 2, 4, 8, 10 or 16.
    pub size: u32,
    /// True within an area of bytes that the processor itself stores, such as that of `FXSAVE`: the register is
    /// little-endian in big-endian files, too.
    pub stored_by_cpu: bool,
}

/// Registers of one size and group at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub first: RegisterField,
    pub names: &'static [&'static str],
    pub stride: u32,
}

impl Run {
    /// Registers of `size` bytes, one behind the other from `offset` on.
    pub const fn new(group: RegisterGroup, size: u32, offset: u32, names: &'static [&'static str]) -> Self {
        let first = RegisterField { name: "", group, offset, size, stored_by_cpu: false };
        Self { first, names, stride: size }
    }

    /// The same in a byte area, `stride` bytes from one start to the next.
    pub const fn stored_by_cpu(self, stride: u32) -> Self {
        Self { first: RegisterField { stored_by_cpu: true, ..self.first }, stride, ..self }
    }

    /// Where the bytes of the registers are: one range where they lie one behind the other, else one for each.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u32>> + Clone + use<> {
        let Self { first, names, stride } = *self;
        let gapless = stride == first.size;
        let whole = gapless.then(|| first.offset..names.iter().fold(first.offset, |end, _| end + stride));
        let fields = self.fields().filter(move |_| !gapless);
        whole.into_iter().chain(fields.map(|field| field.offset..field.offset + field.size))
    }

    /// The register of a number.
    #[inline]
    pub fn field(&self, number: u8) -> Option<RegisterField> {
        let name = self.names.get(usize::from(number))?;
        Some(RegisterField { name, offset: self.first.offset + u32::from(number) * self.stride, ..self.first })
    }

    pub fn fields(&self) -> impl Iterator<Item = RegisterField> + Clone + use<> {
        let Self { first, names, stride } = *self;
        let offsets = (0..).map(move |index: u32| first.offset + index * stride);
        names.iter().zip(offsets).map(move |(name, offset)| RegisterField { name, offset, ..first })
    }
}

/// Where the register of a name is; a constant that asks for one that is not there does not compile.
pub(super) const fn offset_of(name: &str, mut runs: &[Run]) -> u32 {
    while let [run, other_runs @ ..] = runs {
        let (mut names, mut offset) = (run.names, run.first.offset);
        while let [known, other_names @ ..] = names {
            if is_same(known.as_bytes(), name.as_bytes()) {
                return offset;
            }
            (names, offset) = (other_names, offset + run.stride);
        }
        runs = other_runs;
    }
    unreachable!()
}

pub(super) const fn is_same(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([first, rest_of_a @ ..], [second, rest_of_b @ ..]) = (a, b) {
        if *first != *second {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}

/// The names of registers that are numbered from 0: `numbered!("r", 0 1 2)` is `&["r0", "r1", "r2"]`.
macro_rules! numbered {
    ($prefix:literal, $($number:literal)+) => {
        &[$(concat!($prefix, $number)),+]
    };
}

/// The names of 32 registers that are numbered from 0.
macro_rules! numbered_32 {
    ($prefix:literal) => {
        numbered!(
            $prefix,
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        )
    };
}
