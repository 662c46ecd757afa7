//! The building blocks of the register tables.

use core::ops::Range;

/// A register group, as distinguished by the context flags.
///
/// The registers of a group differ between layouts: the instruction pointer is an integer register in Breakpad's
/// layouts and a control register in those of Windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RegisterGroup {
    /// Control registers: instruction pointer, stack pointer, processor status.
    Control,
    /// General-purpose registers.
    Integer,
    /// Segment registers of x86 and AMD64 that are not control registers.
    Segments,
    /// Floating-point registers, and on most processors the vector registers that share their storage.
    FloatingPoint,
    /// Debug registers: breakpoints, watchpoints and branch traces.
    Debug,
    /// The `FXSAVE` area of an x86 context.
    Extended,
    /// Vector registers with separate storage.
    Vector,
    /// Accumulators of the DSP extension of MIPS.
    Dsp,
    /// Extended registers after the fixed part of the record. Layouts do not list them.
    XState,
    /// The "extra" group that Breakpad has for SPARC without a description. Layouts do not list any registers of it.
    Extra,
}

/// The position of a register in a context.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegisterField {
    /// Name of the register, in lower case.
    pub name: &'static str,
    /// The group of the register.
    pub group: RegisterGroup,
    /// Offset from the start of the record in bytes.
    pub offset: u32,
    /// Size in bytes: 1, 2, 4, 8, 10 or 16.
    pub size: u32,
    /// True if the register is in an area that the processor stores itself, for example by `FXSAVE`. Such a register is
    /// little-endian in big-endian files, too.
    pub stored_by_cpu: bool,
}

/// Consecutive registers of the same size and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub first: RegisterField,
    pub names: &'static [&'static str],
    pub stride: u32,
}

impl Run {
    /// Creates a run of adjacent registers of `size` bytes that starts at `offset`.
    pub const fn new(group: RegisterGroup, size: u32, offset: u32, names: &'static [&'static str]) -> Self {
        let first = RegisterField { name: "", group, offset, size, stored_by_cpu: false };
        Self { first, names, stride: size }
    }

    /// Moves the registers `stride` bytes apart, in an area that the processor stores.
    pub const fn stored_by_cpu(self, stride: u32) -> Self {
        Self { first: RegisterField { stored_by_cpu: true, ..self.first }, stride, ..self }
    }

    /// Returns the byte ranges of the registers: a single range if the registers are adjacent, otherwise one range
    /// each.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u32>> + Clone + use<> {
        let Self { first, names, stride } = *self;
        let gapless = stride == first.size;
        let adjacent = gapless.then(|| first.offset..names.iter().fold(first.offset, |end, _| end + stride));
        let fields = self.fields().filter(move |_| !gapless);
        adjacent.into_iter().chain(fields.map(|field| field.offset..field.offset + field.size))
    }

    /// Returns the register with an index.
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

/// Returns the offset of the register with a name. In a constant, an unknown name is a compile error.
pub(super) const fn offset_of(name: &str, mut runs: &[Run]) -> u32 {
    while let [run, other_runs @ ..] = runs {
        let (mut names, mut offset) = (run.names, run.first.offset);
        while let [known, other_names @ ..] = names {
            if are_equal(known.as_bytes(), name.as_bytes()) {
                return offset;
            }
            (names, offset) = (other_names, offset + run.stride);
        }
        runs = other_runs;
    }
    unreachable!()
}

pub(super) const fn are_equal(mut a: &[u8], mut b: &[u8]) -> bool {
    while let ([first, rest_of_a @ ..], [second, rest_of_b @ ..]) = (a, b) {
        if *first != *second {
            return false;
        }
        (a, b) = (rest_of_a, rest_of_b);
    }
    a.is_empty() && b.is_empty()
}

/// Returns the names of numbered registers: `numbered!("r", 0 1 2)` is `&["r0", "r1", "r2"]`.
macro_rules! numbered {
    ($prefix:literal, $($number:literal)+) => {
        &[$(concat!($prefix, $number)),+]
    };
}

/// Returns the names of 32 registers, numbered from 0.
macro_rules! numbered_32 {
    ($prefix:literal) => {
        numbered!(
            $prefix,
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        )
    };
}
