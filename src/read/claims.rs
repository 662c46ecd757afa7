//! Bytes of the file that two owners claim: at least one of the two has a false position or size.

use alloc::vec::Vec;

use crate::error::ReadError;
use crate::format::StreamType;
use crate::read::interval::Interval;
use crate::read::memory::positions::MemoryPositions;
use crate::read::minidump::Minidump;
use crate::read::work::worked;

/// What claims bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClaimKind {
    /// The header or the directory.
    Table,
    /// The entries of a list, or a structure of fixed size.
    Records,
    /// The fixed part of a context whose flags are those of the processor.
    Registers,
    /// That of any other.
    Context,
    /// What follows it.
    ExtendedState,
    Text,
    CodeView,
    DebugMisc,
    Object,
    /// Anything else that a stream refers to.
    Part,
    /// A stream whose size nothing proves.
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

/// Whose the bytes are: a stream, which is unused for header and directory, an entry of it, and where that is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    pub(crate) stream: StreamType,
    pub(crate) entry: Option<u32>,
    pub(crate) offset: u64,
}

/// Bytes and whose they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) interval: Interval,
    pub(crate) kind: ClaimKind,
    pub(crate) owner: Owner,
}

impl Claim {
    /// What two records may have in common: the same bytes as the same kind of thing.
    const fn identity(&self) -> (u64, u64, ClaimKind) {
        (self.interval.start, self.interval.last, self.kind)
    }

    /// As [`Claim::identity`]; two streams of different types are not the same even where all their bytes are.
    fn key(&self) -> ((u64, u64, ClaimKind), Option<StreamType>) {
        (self.identity(), Some(self.owner.stream).filter(|_| self.kind == ClaimKind::Stream))
    }

    /// True if both may have the same bytes. Some producers count to a stream what it refers to, or to a part of it, and two
    /// entries of the directory may lead to one stream if they are of one type.
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

/// All claims, by how much is known of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claims {
    /// Those whose position and size are certain: tables, records.
    pub(crate) certain: Vec<Claim>,
    /// Contexts whose flags are those of the processor.
    pub(crate) registers: Vec<Claim>,
    /// What records refer to.
    pub(crate) parts: Vec<Claim>,
    /// What streams of other producers refer to: what is in what is theirs to say.
    pub(crate) nested: Vec<Claim>,
    /// Streams whose size nothing proves.
    pub(crate) streams: Vec<Claim>,
}

#[cfg(feature = "std")]
impl Claims {
    /// What records and streams refer to.
    pub(crate) fn referred_to(&self) -> impl Iterator<Item = Interval> {
        [&self.registers, &self.parts, &self.nested].into_iter().flatten().map(|claim| claim.interval)
    }
}

/// Adds a claim. What is in a full list twice goes before it grows, so that it takes no more room than claims that differ.
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

/// Sorts claims and leaves of equal ones the first, whose owner is the first record that refers to the part.
fn keep_once(claims: &mut Vec<Claim>) {
    worked(claims.len() as u64);
    claims.sort_by_key(Claim::key);
    claims.dedup_by_key(|claim| claim.key());
}

/// A claim to bytes of which some are another owner's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedPart {
    pub(crate) claim: Claim,
    /// What the other claim is, and where it starts.
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

    /// True if two entries of the directory claim the same bytes, which is told of the directory.
    pub(crate) const fn is_of_directory(&self) -> bool {
        matches!(self.claim.kind, ClaimKind::Stream) && matches!(self.other.0, ClaimKind::Stream | ClaimKind::Records)
    }
}

/// The claims to bytes of other owners, each once, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedParts {
    shared: Vec<SharedPart>,
}

impl SharedParts {
    /// Those of a dump. What claims memory is not among them: it is refused for that, and makes nothing else doubtful.
    pub(crate) fn of(dump: &Minidump<'_>, memory: &MemoryPositions) -> Self {
        let mut claims = Claims::of(dump);
        let is_memory = |claim: &Claim| memory.first_in(claim.interval.start, claim.interval.size()).is_some();
        for list in [&mut claims.parts, &mut claims.nested, &mut claims.streams] {
            list.retain(|claim| !is_memory(claim));
        }
        Self::among(claims)
    }

    /// A claim is at fault if it has bytes of one that is known better, or as little. That of two which are known as little
    /// the right one is lost, too, is better than to tell the secret of one as the name of the other.
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

    /// Checks that bytes belong to nobody else. Contexts that share bytes with each other only are taken for what they say
    /// they are: registers.
    ///
    /// # Errors
    ///
    /// [`ReadError::PartShared`] if some of them do.
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

/// Claims in ascending order, each once, and which of those before reaches furthest.
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

    /// Of the first `count` claims the one that reaches furthest, if it has bytes of a claim that starts behind them.
    fn reaching(&self, count: usize, claim: &Claim) -> Option<Claim> {
        let furthest = count.checked_sub(1).and_then(|index| self.furthest.get(index))?;
        let other = self.claims.get(*furthest)?;
        (other.interval.last >= claim.interval.start && !claim.may_share(other)).then_some(*other)
    }

    /// A claim that has bytes of one that is not among these.
    fn overlapping(&self, claim: &Claim) -> Option<Claim> {
        self.reaching(self.claims.partition_point(|other| other.interval.start <= claim.interval.last), claim)
    }

    /// A claim that has bytes of that with this number.
    fn neighbour(&self, index: usize) -> Option<Claim> {
        let claim = self.claims.get(index)?;
        let next = index.checked_add(1).and_then(|index| self.claims.get(index));
        let next = next.filter(|next| next.interval.start <= claim.interval.last && !claim.may_share(next));
        self.reaching(index, claim).or(next.copied())
    }
}
