//! Bytes of the file that are claimed by two owners, so that at least one of them has a wrong position or size.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::read::interval::Interval;
use crate::read::memory::positions::MemoryPositions;
use crate::read::minidump::Minidump;
use crate::read::work::worked;

/// The kind of data that a claim is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClaimKind {
    /// The header or the directory.
    Table,
    /// The entries of a list, or a structure of fixed size.
    Records,
    /// The fixed part of a context whose flags match the processor.
    Registers,
    /// The fixed part of any other context.
    Context,
    /// The extended state after the fixed part of a context.
    ExtendedState,
    Text,
    CodeView,
    DebugMisc,
    Object,
    /// Anything else that a stream refers to.
    Part,
    /// A stream whose size cannot be verified.
    Stream,
}

impl ClaimKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Table => "header or directory",
            Self::Records => "list or structure",
            Self::Registers | Self::Context => "CONTEXT",
            Self::ExtendedState => "extended state of a CONTEXT",
            Self::Text => "MINIDUMP_STRING",
            Self::CodeView => "CodeView record",
            Self::DebugMisc => "IMAGE_DEBUG_MISC",
            Self::Object => "MINIDUMP_HANDLE_OBJECT_INFORMATION",
            Self::Part => "part of a stream",
            Self::Stream => "stream",
        }
    }
}

/// The owner of a claim: a stream (unused for header and directory), an entry of that stream, and its position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) stream: StreamType,
    pub(crate) entry: Option<u32>,
    pub(crate) offset: u64,
}

/// A range of bytes and its owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) interval: Interval,
    pub(crate) kind: ClaimKind,
    pub(crate) owner: Owner,
}

impl Claim {
    /// What two equal claims have in common: the same bytes as the same kind of data.
    const fn identity(&self) -> (u64, u64, ClaimKind) {
        (self.interval.start, self.interval.last, self.kind)
    }

    /// Like [`Claim::identity`], but distinguishes streams of different types even if they have the same bytes.
    fn key(&self) -> ((u64, u64, ClaimKind), Option<StreamType>) {
        (self.identity(), Some(self.owner.stream).filter(|_| self.kind == ClaimKind::Stream))
    }

    /// True if two claims may overlap. Some producers count data that a stream or a part of it refers to as part of the
    /// stream, and two directory entries of the same type may refer to one stream.
    fn may_share(&self, other: &Self) -> bool {
        let is_stream = |claim: &Self| matches!(claim.kind, ClaimKind::Stream | ClaimKind::Records);
        let is_one_type = self.owner.stream == other.owner.stream;
        match (self.kind, other.kind) {
            (ClaimKind::Part, ClaimKind::Part) => is_one_type,
            (ClaimKind::Stream, _) if is_stream(other) => self.interval == other.interval && is_one_type,
            (ClaimKind::Stream, _) | (_, ClaimKind::Stream) => is_one_type,
            _ => false,
        }
    }
}

/// All claims, grouped by how certain they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// Claims whose position and size are certain: tables and records.
    pub(crate) certain: Vec<Claim>,
    /// Contexts whose flags match the processor.
    pub(crate) registers: Vec<Claim>,
    /// Parts that records refer to.
    pub(crate) parts: Vec<Claim>,
    /// Parts that the streams of other producers refer to; those producers decide what contains what.
    pub(crate) nested: Vec<Claim>,
    /// Streams whose size cannot be verified.
    pub(crate) streams: Vec<Claim>,
}

#[cfg(feature = "std")]
impl Claims {
    /// The parts that records and streams refer to.
    pub(crate) fn referred_to(&self) -> impl Iterator<Item = Interval> {
        [&self.registers, &self.parts, &self.nested].into_iter().flatten().map(|claim| claim.interval)
    }
}

/// Adds a claim. A full list is deduplicated before it grows, so that its size depends on the number of distinct
/// claims.
pub(crate) fn add(list: &mut Vec<Claim>, claim: Claim) {
    const FEW: usize = 64;
    if list.len() == list.capacity() && list.len() >= FEW {
        keep_once(list);
        if list.len() > list.capacity() / 2 {
            list.reserve(list.len());
        }
    }
    list.push(claim);
}

/// Sorts the claims and removes duplicates. The first one is kept; its owner is the first record that refers to the
/// part.
fn keep_once(claims: &mut Vec<Claim>) {
    worked(claims.len() as u64);
    claims.sort_by_key(Claim::key);
    claims.dedup_by_key(|claim| claim.key());
}

/// A claim to bytes that partly belong to another owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedPart {
    pub(crate) claim: Claim,
    /// The kind and the start of the other claim.
    other: (ClaimKind, u64),
}

impl SharedPart {
    pub(crate) fn error(&self) -> ReadError {
        ReadError::PartShared {
            what: self.claim.kind.name(),
            offset: self.claim.interval.start,
            size: self.claim.interval.size(),
            other: self.other.0.name(),
            other_offset: self.other.1,
        }
    }

    /// True if two directory entries claim the same bytes; this is reported for the directory.
    pub(crate) const fn is_of_directory(&self) -> bool {
        matches!(self.claim.kind, ClaimKind::Stream) && matches!(self.other.0, ClaimKind::Stream | ClaimKind::Records)
    }
}

/// The claims that overlap those of other owners, each once, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedParts {
    shared: Vec<SharedPart>,
}

impl SharedParts {
    /// Finds the overlapping claims of a dump. Claims to memory are left out: they are rejected for that reason, and do
    /// not put other claims in doubt.
    pub(crate) fn of(dump: &Minidump<'_>, memory: &MemoryPositions) -> Self {
        let mut claims = Claims::of(dump);
        let is_memory = |claim: &Claim| memory.first_in(claim.interval.start, claim.interval.size()).is_some();
        for list in [&mut claims.parts, &mut claims.nested, &mut claims.streams] {
            list.retain(|claim| !is_memory(claim));
        }
        Self::among(claims)
    }

    /// A claim is wrong if it overlaps one that is at least as certain. If both are equally uncertain, the right one is
    /// lost too; that is better than disclosing secret data of one as the name of the other.
    fn among(claims: Claims) -> Self {
        let [certain, registers] = [claims.certain, claims.registers].map(Sorted::new);
        let [parts, nested, streams] = [claims.parts, claims.nested, claims.streams].map(Sorted::new);
        let mut shared = Vec::new();
        for (claims, others) in [
            (&registers, [&certain].as_slice()),
            (&parts, &[&certain, &registers, &nested, &streams]),
            (&nested, &[&certain, &registers, &parts, &streams]),
            (&streams, &[&certain, &registers, &parts, &nested]),
        ] {
            for (index, &claim) in claims.claims.iter().enumerate() {
                let other = others.iter().find_map(|others| others.overlapping(&claim));
                let other = other.or_else(|| claims.neighbour(index));
                let other = other.map(|other| (other.kind, other.interval.start));
                shared.extend(other.map(|other| SharedPart { claim, other }));
            }
        }
        shared.sort_unstable_by_key(|shared| shared.claim.identity());
        Self { shared }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SharedPart> {
        self.shared.iter()
    }

    /// Checks that bytes do not belong to another owner. Contexts that overlap only other contexts are accepted as
    /// registers.
    ///
    /// # Errors
    ///
    /// [`ReadError::PartShared`] if some of the bytes do.
    #[cfg(feature = "std")]
    pub(crate) fn refuse(&self, kind: ClaimKind, offset: u64, size: u64) -> Result<(), ReadError> {
        let Some(interval) = Interval::new(offset, size) else { return Ok(()) };
        let key = (interval.start, interval.last, kind);
        let found = self.shared.binary_search_by_key(&key, |shared| shared.claim.identity());
        match found.ok().and_then(|index| self.shared.get(index)) {
            Some(shared) if (kind, shared.other.0) != (ClaimKind::Registers, ClaimKind::Registers) => {
                Err(shared.error())
            }
            _ => Ok(()),
        }
    }
}

/// Claims without duplicates in ascending order. `furthest` has, for each index, the claim up to there that ends last.
#[derive(Debug)]
struct Sorted {
    claims: Vec<Claim>,
    furthest: Vec<usize>,
}

impl Sorted {
    fn new(mut claims: Vec<Claim>) -> Self {
        keep_once(&mut claims);
        let mut furthest: Vec<usize> = Vec::with_capacity(claims.len());
        let mut best: Option<(u64, usize)> = None;
        for (index, claim) in claims.iter().enumerate() {
            let reached = best.filter(|(last, _)| *last >= claim.interval.last);
            let (last, index) = reached.unwrap_or((claim.interval.last, index));
            best = Some((last, index));
            furthest.push(index);
        }
        Self { claims, furthest }
    }

    /// The one of the first `count` claims that ends last, if it overlaps a claim that starts after them.
    fn reaching(&self, count: usize, claim: &Claim) -> Option<Claim> {
        let furthest = count.checked_sub(1).and_then(|index| self.furthest.get(index))?;
        let other = self.claims.get(*furthest)?;
        (other.interval.last >= claim.interval.start && !claim.may_share(other)).then_some(*other)
    }

    /// A claim in this list that overlaps a claim of another list.
    fn overlapping(&self, claim: &Claim) -> Option<Claim> {
        self.reaching(self.claims.partition_point(|other| other.interval.start <= claim.interval.last), claim)
    }

    /// A claim in this list that overlaps the claim at `index`.
    fn neighbour(&self, index: usize) -> Option<Claim> {
        let claim = self.claims.get(index)?;
        let next = index.checked_add(1).and_then(|index| self.claims.get(index));
        let next = next.filter(|next| next.interval.start <= claim.interval.last && !claim.may_share(next));
        self.reaching(index, claim).or(next.copied())
    }
}
