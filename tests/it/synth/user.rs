//! The builder of full user dumps, `USERDUMP` (32-bit) and `USERDU64`: always little-endian.

use super::{Bytes, Label};

/// A full user dump under construction. Its parts are in the debugger's order: event, regions, contexts, threads,
/// modules, memory, version information.
pub struct UserDump {
    pub wide: bool,
    /// `IMAGE_FILE_MACHINE_*`.
    pub machine: u32,
    pub major: u32,
    /// The build number in the high half.
    pub minor: u32,
    pub event: Option<UserEvent>,
    pub threads: Vec<UserThread>,
    pub modules: Vec<UserModule>,
    pub regions: Vec<UserRegion>,
    /// The bytes at `VersionInfoOffset`; if there are none, the offset is 0.
    pub version_info: Option<Vec<u8>>,
    /// Filler before every part.
    pub filler: usize,
}

/// `DEBUG_EVENT` with an exception.
#[derive(Clone, Debug, Default)]
pub struct UserEvent {
    pub process: u32,
    pub thread: u32,
    pub code: u32,
    pub flags: u32,
    pub record: u64,
    pub address: u64,
    pub parameters: u32,
    pub information: [u64; 15],
    pub first_chance: u32,
}

/// `CRASH_THREAD` and its context.
#[derive(Clone, Debug, Default)]
pub struct UserThread {
    pub id: u32,
    pub suspend_count: u32,
    pub priority_class: u32,
    pub priority: u32,
    pub teb: u64,
    pub context: Vec<u8>,
}

/// `CRASH_MODULE`.
#[derive(Clone, Debug, Default)]
pub struct UserModule {
    pub base: u64,
    pub size: u32,
    /// The path in 8-bit characters, including its terminator.
    pub name: Vec<u8>,
}

/// `MEMORY_BASIC_INFORMATION` and the bytes of the region.
#[derive(Clone, Debug)]
pub struct UserRegion {
    pub base: u64,
    pub allocation_base: u64,
    pub allocation_protect: u32,
    pub size: u64,
    pub state: u32,
    pub protect: u32,
    pub kind: u32,
    /// The padding at 20 and 44 of the 64-bit form.
    pub alignment: [u32; 2],
    /// As many bytes as `size` says, none for a region that is only described, or another number for a damaged file.
    pub bytes: Vec<u8>,
}

impl UserRegion {
    /// Committed private writable memory.
    pub fn new(base: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        Self {
            base,
            allocation_base: base,
            allocation_protect: 4,
            size: bytes.len() as u64,
            state: 0x1000,
            protect: 4,
            kind: 0x20000,
            alignment: [0, 1],
            bytes,
        }
    }
}

impl UserDump {
    /// A `USERDUMP` for x86.
    pub fn narrow() -> Self {
        Self { wide: false, machine: 0x14c, ..Self::wide() }
    }

    /// A `USERDU64` for AMD64.
    pub fn wide() -> Self {
        Self {
            wide: true,
            machine: 0x8664,
            major: 10,
            minor: 19041 << 16,
            event: None,
            threads: Vec::new(),
            modules: Vec::new(),
            regions: Vec::new(),
            version_info: None,
            filler: 0,
        }
    }

    pub fn event(self, event: UserEvent) -> Self {
        Self { event: Some(event), ..self }
    }

    pub fn thread(mut self, thread: UserThread) -> Self {
        self.threads.push(thread);
        self
    }

    pub fn module(mut self, base: u64, size: u32, name: &str) -> Self {
        self.modules.push(UserModule { base, size, name: [name.as_bytes(), b"\0"].concat() });
        self
    }

    pub fn region(mut self, region: UserRegion) -> Self {
        self.regions.push(region);
        self
    }

    /// Adds a region with these bytes.
    pub fn memory(self, address: u64, bytes: impl AsRef<[u8]>) -> Self {
        self.region(UserRegion::new(address, bytes))
    }

    /// Adds the string pairs that the debugger writes.
    pub fn service_pack(self, text: &str) -> Self {
        let mut bytes = Bytes::little_endian();
        bytes.utf16("CRASH: OS SP\0").utf16(text).utf16("\0\0");
        Self { version_info: Some(bytes.finish()), ..self }
    }

    /// The bytes of the file.
    pub fn build(self) -> Vec<u8> {
        let mut out = Writer { bytes: Bytes::little_endian(), wide: self.wide, filler: self.filler };
        let [thread, module, data, region, event, state, version] = std::array::from_fn(|_| out.bytes.label());
        let counts = [self.threads.len() as u32, self.modules.len() as u32, self.regions.len() as u32];
        out.bytes.raw(if self.wide { b"USERDU64" } else { b"USERDUMP" }).u32s(&[self.major, self.minor, self.machine]);
        out.bytes.u32s(&counts);
        for label in [thread, module, data, region] {
            out.offset(label);
        }
        out.offset_if(event, self.event.is_some());
        out.offset(state);
        out.offset_if(version, self.version_info.is_some());
        out.word(0);

        out.part(event);
        if let Some(it) = &self.event {
            out.event(it);
        }
        out.part(region);
        self.regions.iter().for_each(|it| out.region(it));
        out.part(thread);
        for it in &self.threads {
            out.bytes.raw(&it.context);
        }
        out.part(state);
        self.threads.iter().for_each(|it| out.thread(it));
        out.part(module);
        self.modules.iter().for_each(|it| out.module(it));
        out.part(data);
        for it in &self.regions {
            out.bytes.raw(&it.bytes);
        }
        out.part(version);
        out.bytes.raw(self.version_info.unwrap_or_default());
        out.bytes.finish()
    }
}

struct Writer {
    bytes: Bytes,
    wide: bool,
    filler: usize,
}

impl Writer {
    /// Appends a number of the width of the process's addresses.
    fn word(&mut self, value: u64) {
        if self.wide {
            self.bytes.u64(value)
        } else {
            self.bytes.u32(value as u32)
        };
    }

    fn offset(&mut self, label: Label) {
        if self.wide {
            self.bytes.rva64(label)
        } else {
            self.bytes.rva(label)
        };
    }

    fn offset_if(&mut self, label: Label, there: bool) {
        if there { self.offset(label) } else { self.word(0) }
    }

    fn part(&mut self, label: Label) {
        self.bytes.filler(self.filler).place(label);
    }

    fn event(&mut self, event: &UserEvent) {
        let start = self.bytes.len();
        self.bytes.u32(1).u32(event.process).u32(event.thread);
        if self.wide {
            self.bytes.u32(0);
        }
        self.bytes.u32(event.code).u32(event.flags);
        self.word(event.record);
        self.word(event.address);
        self.bytes.u32(event.parameters);
        if self.wide {
            self.bytes.u32(0);
        }
        event.information.iter().for_each(|it| self.word(*it));
        self.bytes.u32(event.first_chance);
        let size = if self.wide { 176 } else { 96 };
        self.bytes.resize((start + size) as usize);
    }

    fn region(&mut self, region: &UserRegion) {
        self.word(region.base);
        self.word(region.allocation_base);
        self.bytes.u32(region.allocation_protect);
        if self.wide {
            self.bytes.u32(region.alignment[0]);
        }
        self.word(region.size);
        self.bytes.u32s(&[region.state, region.protect, region.kind]);
        if self.wide {
            self.bytes.u32(region.alignment[1]);
        }
    }

    fn thread(&mut self, thread: &UserThread) {
        self.bytes.u32s(&[thread.id, thread.suspend_count, thread.priority_class, thread.priority]);
        self.word(thread.teb);
        (0..7).for_each(|_| self.word(0));
    }

    fn module(&mut self, module: &UserModule) {
        self.word(module.base);
        self.bytes.u32(module.size).u32(module.name.len() as u32).raw(&module.name);
    }
}
