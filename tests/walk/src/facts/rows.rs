//! The entries of the streams.

use super::{Blob, Entry, Facts, Rva};

/// A string and its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub at: Rva,
    /// `None` if there is no string.
    pub text: Option<String>,
}

/// `MINIDUMP_THREAD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread<'a> {
    pub id: u32,
    pub suspend_count: u32,
    pub priority_class: u32,
    pub priority: u32,
    pub teb: u64,
    pub stack_start: u64,
    pub stack_size: u32,
    pub stack_at: Rva,
    pub context_at: Rva,
    pub context: Blob<'a>,
}

/// `MINIDUMP_MODULE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module<'a> {
    pub base: u64,
    pub size: u32,
    pub checksum: u32,
    pub timestamp: u32,
    pub name: Name,
    pub version: [u32; 13],
    pub code_view_at: Rva,
    pub code_view: Blob<'a>,
    pub misc_at: Rva,
    pub misc: Blob<'a>,
    pub reserved: [u64; 2],
}

/// An entry of either memory list; `bytes` ends at the end of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryRange<'a> {
    pub address: u64,
    pub size: u64,
    pub at: Rva,
    pub bytes: Blob<'a>,
}

/// `MINIDUMP_EXCEPTION_STREAM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception<'a> {
    pub thread: u32,
    pub code: u32,
    pub flags: u32,
    pub record: u64,
    pub address: u64,
    pub parameters: u32,
    pub information: [u64; 15],
    /// The padding at offsets 4 and 36.
    pub alignment: [u32; 2],
    pub context_at: Rva,
    pub context: Blob<'a>,
}

/// `MINIDUMP_SYSTEM_INFO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemInfo<'a> {
    pub architecture: u16,
    pub level: u16,
    pub revision: u16,
    pub processors: u8,
    pub product: u8,
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    pub platform: u32,
    pub service_pack: Name,
    pub suite: u16,
    pub reserved: u16,
    pub cpu: Blob<'a>,
}

/// `MINIDUMP_MEMORY_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryInfo {
    pub base: u64,
    pub allocation_base: u64,
    pub allocation_protect: u32,
    pub size: u64,
    pub state: u32,
    pub protect: u32,
    pub kind: u32,
    /// The padding at offsets 20 and 44.
    pub alignment: [u32; 2],
}

/// `MINIDUMP_THREAD_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadInfo {
    pub id: u32,
    pub flags: u32,
    pub error: u32,
    pub exit_status: u32,
    /// Creation, exit, kernel and user time.
    pub times: [u64; 4],
    pub start_address: u64,
    pub affinity: u64,
}

/// `MINIDUMP_UNLOADED_MODULE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnloadedModule {
    pub base: u64,
    pub size: u32,
    pub checksum: u32,
    pub timestamp: u32,
    pub name: Name,
}

/// `MINIDUMP_HANDLE_DESCRIPTOR` or `MINIDUMP_HANDLE_DESCRIPTOR_2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle<'a> {
    pub handle: u64,
    pub type_name: Name,
    pub object_name: Name,
    pub attributes: u32,
    pub access: u32,
    pub handles: u32,
    pub pointers: u32,
    /// The field at offset 36, `None` in the shorter form.
    pub reserved: Option<u32>,
    pub objects: Vec<ObjectInfo<'a>>,
}

/// `MINIDUMP_HANDLE_OBJECT_INFORMATION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo<'a> {
    pub at: Rva,
    pub kind: u32,
    pub bytes: Blob<'a>,
}

/// `MINIDUMP_THREAD_NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadName {
    pub thread: u32,
    pub name: Name,
}

impl<'a> Facts<'a> {
    /// Returns the offsets of the entries of a list that starts with a count, which may be followed by four bytes of padding.
    fn counted(&self, list: Entry, row: u64) -> Vec<u64> {
        let count = u64::from(self.u32(list.rva.0));
        let padded = count != 0 && u64::from(list.size) == 8 + count * row;
        (0..count).map(|index| list.rva.0 + if padded { 8 } else { 4 } + index * row).collect()
    }

    /// Returns the offsets of the entries of a list that records the sizes of its header and entries, and the size of an entry.
    fn sized(&self, list: Entry) -> (Vec<u64>, u64) {
        let at = list.rva.0;
        let (header, row) = (u64::from(self.u32(at)), u64::from(self.u32(at + 4)));
        let wide = list.kind == 16 && header >= 16;
        let count = if wide { self.u64(at + 8) } else { u64::from(self.u32(at + 8)) };
        ((0..count).map(|index| at + header + index * row).collect(), row)
    }

    fn counted_rows<T>(&self, kind: u32, row: u64, decode: impl Fn(u64) -> T) -> Vec<T> {
        self.stream(kind).map(|list| self.counted(list, row).into_iter().map(decode).collect()).unwrap_or_default()
    }

    fn sized_rows<T>(&self, kind: u32, decode: impl Fn(u64, u64) -> T) -> Vec<T> {
        let Some(list) = self.stream(kind) else {
            return Vec::new();
        };
        let (rows, size) = self.sized(list);
        rows.into_iter().map(|at| decode(at, size)).collect()
    }

    pub fn threads(&self) -> Vec<Thread<'a>> {
        self.counted_rows(3, 48, |at| Thread {
            id: self.u32(at),
            suspend_count: self.u32(at + 4),
            priority_class: self.u32(at + 8),
            priority: self.u32(at + 12),
            teb: self.u64(at + 16),
            stack_start: self.u64(at + 24),
            stack_size: self.u32(at + 32),
            stack_at: self.rva(at + 36),
            context_at: self.rva(at + 44),
            context: self.located(at + 40),
        })
    }

    pub fn modules(&self) -> Vec<Module<'a>> {
        self.counted_rows(4, 108, |at| Module {
            base: self.u64(at),
            size: self.u32(at + 8),
            checksum: self.u32(at + 12),
            timestamp: self.u32(at + 16),
            name: self.name(self.rva(at + 20)),
            version: std::array::from_fn(|word| self.u32(at + 24 + 4 * word as u64)),
            code_view_at: self.rva(at + 80),
            code_view: self.located(at + 76),
            misc_at: self.rva(at + 88),
            misc: self.located(at + 84),
            reserved: [self.u64(at + 92), self.u64(at + 100)],
        })
    }

    /// Returns the entries of the memory list, then those of the 64-bit memory list.
    pub fn ranges(&self) -> Vec<MemoryRange<'a>> {
        let mut ranges =
            self.counted_rows(5, 16, |at| self.range(self.u64(at), u64::from(self.u32(at + 8)), self.rva(at + 12)));
        if let Some(list) = self.stream(9) {
            let at = list.rva.0;
            let mut offset = self.u64(at + 8);
            for index in 0..self.u64(at) {
                let size = self.u64(at + 24 + 16 * index);
                ranges.push(self.range(self.u64(at + 16 + 16 * index), size, Rva(offset)));
                offset += size;
            }
        }
        ranges
    }

    fn range(&self, address: u64, size: u64, at: Rva) -> MemoryRange<'a> {
        let available = (self.bytes.len() as u64).saturating_sub(at.0).min(size);
        MemoryRange { address, size, at, bytes: self.blob(at, available) }
    }

    /// Returns up to `size` bytes at an address, from the first range that contains it; no bytes if there is no such range.
    pub fn read(&self, address: u64, size: u64) -> &'a [u8] {
        let contains =
            |range: &MemoryRange<'_>| address.checked_sub(range.address).is_some_and(|into| into < range.size);
        let Some(range) = self.ranges().into_iter().find(contains) else {
            return &[];
        };
        let bytes = range.bytes.0.get(super::index(address - range.address)..).unwrap_or_default();
        usize::try_from(size).ok().and_then(|size| bytes.get(..size)).unwrap_or(bytes)
    }

    /// Returns all exception streams; there may be several.
    pub fn exceptions(&self) -> Vec<Exception<'a>> {
        let streams = self.directory.iter().filter(|entry| entry.kind == 6);
        streams.map(|entry| self.exception_at(entry.rva.0)).collect()
    }

    fn exception_at(&self, at: u64) -> Exception<'a> {
        Exception {
            thread: self.u32(at),
            code: self.u32(at + 8),
            flags: self.u32(at + 12),
            record: self.u64(at + 16),
            address: self.u64(at + 24),
            parameters: self.u32(at + 32),
            information: std::array::from_fn(|word| self.u64(at + 40 + 8 * word as u64)),
            alignment: [self.u32(at + 4), self.u32(at + 36)],
            context_at: self.rva(at + 164),
            context: self.located(at + 160),
        }
    }

    pub fn system_info(&self) -> Option<SystemInfo<'a>> {
        let at = self.stream(7)?.rva.0;
        Some(SystemInfo {
            architecture: self.u16(at),
            level: self.u16(at + 2),
            revision: self.u16(at + 4),
            processors: self.u8(at + 6),
            product: self.u8(at + 7),
            major: self.u32(at + 8),
            minor: self.u32(at + 12),
            build: self.u32(at + 16),
            platform: self.u32(at + 20),
            service_pack: self.name(self.rva(at + 24)),
            suite: self.u16(at + 28),
            reserved: self.u16(at + 30),
            cpu: self.blob(Rva(at + 32), 24),
        })
    }

    pub fn memory_infos(&self) -> Vec<MemoryInfo> {
        self.sized_rows(16, |at, _| MemoryInfo {
            base: self.u64(at),
            allocation_base: self.u64(at + 8),
            allocation_protect: self.u32(at + 16),
            size: self.u64(at + 24),
            state: self.u32(at + 32),
            protect: self.u32(at + 36),
            kind: self.u32(at + 40),
            alignment: [self.u32(at + 20), self.u32(at + 44)],
        })
    }

    pub fn thread_infos(&self) -> Vec<ThreadInfo> {
        self.sized_rows(17, |at, _| ThreadInfo {
            id: self.u32(at),
            flags: self.u32(at + 4),
            error: self.u32(at + 8),
            exit_status: self.u32(at + 12),
            times: std::array::from_fn(|word| self.u64(at + 16 + 8 * word as u64)),
            start_address: self.u64(at + 48),
            affinity: self.u64(at + 56),
        })
    }

    pub fn unloaded_modules(&self) -> Vec<UnloadedModule> {
        self.sized_rows(14, |at, _| UnloadedModule {
            base: self.u64(at),
            size: self.u32(at + 8),
            checksum: self.u32(at + 12),
            timestamp: self.u32(at + 16),
            name: self.name(self.rva(at + 20)),
        })
    }

    pub fn handles(&self) -> Vec<Handle<'a>> {
        self.sized_rows(12, |at, row| Handle {
            handle: self.u64(at),
            type_name: self.name(self.rva(at + 8)),
            object_name: self.name(self.rva(at + 12)),
            attributes: self.u32(at + 16),
            access: self.u32(at + 20),
            handles: self.u32(at + 24),
            pointers: self.u32(at + 28),
            reserved: (row >= 40).then(|| self.u32(at + 36)),
            objects: if row >= 40 { self.objects(self.rva(at + 32)) } else { Vec::new() },
        })
    }

    fn objects(&self, mut at: Rva) -> Vec<ObjectInfo<'a>> {
        let mut objects = Vec::new();
        while at.0 != 0 {
            assert!(objects.len() < 1000, "the object information {at:?} forms a cycle");
            let size = u64::from(self.u32(at.0 + 8));
            objects.push(ObjectInfo { at, kind: self.u32(at.0 + 4), bytes: self.blob(Rva(at.0 + 12), size) });
            at = self.rva(at.0);
        }
        objects
    }

    pub fn thread_names(&self) -> Vec<ThreadName> {
        self.counted_rows(24, 12, |at| ThreadName { thread: self.u32(at), name: self.name(Rva(self.u64(at + 4))) })
    }
}
