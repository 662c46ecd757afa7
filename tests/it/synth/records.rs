//! The records of a synthetic dump. Every field is public and every record has defaults.

/// The target of a field that holds the offset of a `MINIDUMP_STRING`.
#[derive(Clone, Debug, Default)]
pub enum Text {
    /// Nothing: the field is 0.
    #[default]
    None,
    Plain(String),
    /// Any code units after any size field (in bytes), without a terminator.
    Units(u32, Vec<u16>),
    /// The field holds this number, regardless of the data there.
    At(u64),
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// The target of a location descriptor.
#[derive(Clone, Debug, Default)]
pub enum Part {
    /// Nothing: size and offset are 0.
    #[default]
    None,
    Bytes(Vec<u8>),
    /// The same bytes as the context of the thread with this ID.
    ContextOf(u32),
    /// The descriptor holds this size and this offset, regardless of the data there.
    At(u32, u32),
}

impl<B: AsRef<[u8]>> From<B> for Part {
    fn from(bytes: B) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }
}

/// The target of a memory descriptor.
#[derive(Clone, Debug, Default)]
pub enum Stack {
    /// Nothing: all fields are 0.
    #[default]
    None,
    /// Separate bytes that are in no memory list.
    Stored(u64, Vec<u8>),
    /// An address and a size; the offset refers to the bytes of the memory list.
    Listed(u64, u32),
    /// An address, a size and an offset, regardless of the data there. Offset 0: the bytes are in the memory lists.
    At(u64, u32, u32),
}

impl Stack {
    pub fn stored(address: u64, bytes: impl AsRef<[u8]>) -> Self {
        Self::Stored(address, bytes.as_ref().to_vec())
    }
}

/// `MINIDUMP_THREAD` or `MINIDUMP_THREAD_EX`.
#[derive(Clone, Debug, Default)]
pub struct Thread {
    pub id: u32,
    pub suspend_count: u32,
    pub priority_class: u32,
    pub priority: u32,
    pub teb: u64,
    pub stack: Stack,
    pub context: Part,
    /// Only `MINIDUMP_THREAD_EX` has it.
    pub backing_store: Stack,
}

impl Thread {
    pub fn new(id: u32) -> Self {
        Self { id, ..Self::default() }
    }

    pub fn stack(self, stack: Stack) -> Self {
        Self { stack, ..self }
    }

    pub fn context(self, context: impl Into<Part>) -> Self {
        Self { context: context.into(), ..self }
    }
}

/// `MINIDUMP_MODULE`.
#[derive(Clone, Debug, Default)]
pub struct Module {
    pub base: u64,
    pub size: u32,
    pub checksum: u32,
    pub timestamp: u32,
    pub name: Text,
    /// `VS_FIXEDFILEINFO`, word by word.
    pub version: [u32; 13],
    pub code_view: Part,
    pub misc: Part,
    pub reserved: [u64; 2],
}

impl Module {
    pub fn new(base: u64, size: u32, name: &str) -> Self {
        Self { base, size, name: name.into(), ..Self::default() }
    }

    pub fn code_view(self, record: impl Into<Part>) -> Self {
        Self { code_view: record.into(), ..self }
    }
}

/// An `RSDS` record: the GUID as stored, the age and the name of the PDB.
pub fn rsds(guid: [u8; 16], age: u32, name: &str) -> Vec<u8> {
    [b"RSDS".as_slice(), &guid, &age.to_le_bytes(), name.as_bytes(), b"\0"].concat()
}

/// `MINIDUMP_UNLOADED_MODULE`.
#[derive(Clone, Debug, Default)]
pub struct UnloadedModule {
    pub base: u64,
    pub size: u32,
    pub checksum: u32,
    pub timestamp: u32,
    pub name: Text,
}

impl UnloadedModule {
    pub fn new(base: u64, size: u32, name: &str) -> Self {
        Self { base, size, name: name.into(), ..Self::default() }
    }
}

/// `MINIDUMP_MEMORY_DESCRIPTOR`.
#[derive(Clone, Debug)]
pub enum Range {
    Stored(u64, Vec<u8>),
    /// An address, a size and an offset, regardless of the data there.
    At(u64, u32, u32),
}

/// `MINIDUMP_MEMORY_DESCRIPTOR64`: an address, a size, and the bytes in the file, which may be fewer or more.
#[derive(Clone, Debug)]
pub struct Range64 {
    pub address: u64,
    pub size: u64,
    pub bytes: Vec<u8>,
}

/// `MINIDUMP_MEMORY_INFO`. By default a committed private writable page.
#[derive(Clone, Debug)]
pub struct MemoryInfo {
    pub base: u64,
    pub allocation_base: u64,
    pub allocation_protect: u32,
    pub size: u64,
    pub state: u32,
    pub protect: u32,
    pub kind: u32,
    /// The padding at 20 and 44.
    pub alignment: [u32; 2],
}

impl Default for MemoryInfo {
    fn default() -> Self {
        Self {
            base: 0x1000,
            allocation_base: 0x1000,
            allocation_protect: 4,
            size: 0x1000,
            state: 0x1000,
            protect: 4,
            kind: 0x20000,
            alignment: [0; 2],
        }
    }
}

impl MemoryInfo {
    /// The default region at this address, as a separate allocation.
    pub fn new(base: u64, size: u64) -> Self {
        Self { base, allocation_base: base, size, ..Self::default() }
    }
}

/// `MINIDUMP_THREAD_INFO`.
#[derive(Clone, Debug, Default)]
pub struct ThreadInfo {
    pub id: u32,
    pub flags: u32,
    pub error: u32,
    pub exit_status: u32,
    /// Creation time, exit time, kernel time, user time.
    pub times: [u64; 4],
    pub start_address: u64,
    pub affinity: u64,
}

/// `MINIDUMP_EXCEPTION_STREAM`.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    pub thread: u32,
    pub code: u32,
    pub flags: u32,
    pub record: u64,
    pub address: u64,
    /// `NumberParameters`, as stored in the file.
    pub parameters: u32,
    pub information: [u64; 15],
    /// The padding at 4 and 36.
    pub alignment: [u32; 2],
    pub context: Part,
}

impl Exception {
    /// An exception whose context is that of its thread.
    pub fn new(thread: u32, code: u32, address: u64) -> Self {
        Self { thread, code, address, context: Part::ContextOf(thread), ..Self::default() }
    }
}

/// `MINIDUMP_SYSTEM_INFO`. By default Windows 10 on AMD64 with four processors.
#[derive(Clone, Debug)]
pub struct SystemInfo {
    pub architecture: u16,
    pub level: u16,
    pub revision: u16,
    pub processors: u8,
    pub product: u8,
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    pub platform: u32,
    pub service_pack: Text,
    pub suite: u16,
    pub reserved: u16,
    /// The union, as stored in the file.
    pub cpu: [u8; 24],
}

impl Default for SystemInfo {
    fn default() -> Self {
        Self {
            architecture: 9,
            level: 6,
            revision: 0x5e03,
            processors: 4,
            product: 1,
            major: 10,
            minor: 0,
            build: 19041,
            platform: 2,
            service_pack: "".into(),
            suite: 0x100,
            reserved: 0,
            cpu: [0; 24],
        }
    }
}

/// `MINIDUMP_MISC_INFO`, any version: 24, 44, 232, 832 or 1364 bytes, or any other size.
#[derive(Clone, Debug)]
pub struct MiscInfo {
    /// The stored size: fields are cut off there, or followed by zeros.
    pub size: usize,
    /// `SizeOfInfo`, if it differs from `size`.
    pub size_of_info: Option<u32>,
    pub flags: u32,
    pub process_id: u32,
    /// Creation time, user time, kernel time.
    pub times: [u32; 3],
    /// Maximum MHz, current MHz, MHz limit, maximum idle state, current idle state.
    pub power: [u32; 5],
    /// Integrity level, execute flags, protected process.
    pub process: [u32; 3],
    pub time_zone: TimeZone,
    pub build: String,
    pub debugger_build: String,
    pub xstate_context_size: u32,
    pub xstate_features: u64,
    /// Offset and size of each feature.
    pub xstate: [[u32; 2]; 64],
    pub cookie: u32,
}

impl MiscInfo {
    /// A MiscInfo of this size.
    pub fn of_size(size: usize) -> Self {
        Self { size, ..Self::default() }
    }
}

/// `TIME_ZONE_INFORMATION` with the ID before it.
#[derive(Clone, Debug, Default)]
pub struct TimeZone {
    pub id: u32,
    pub bias: i32,
    pub standard_name: String,
    pub standard_date: [u16; 8],
    pub standard_bias: i32,
    pub daylight_name: String,
    pub daylight_date: [u16; 8],
    pub daylight_bias: i32,
}

impl Default for MiscInfo {
    fn default() -> Self {
        Self {
            size: 1364,
            size_of_info: None,
            flags: 3,
            process_id: 77,
            times: [1_600_000_000, 1, 2],
            power: [0; 5],
            process: [0; 3],
            time_zone: TimeZone::default(),
            build: String::new(),
            debugger_build: String::new(),
            xstate_context_size: 0,
            xstate_features: 0,
            xstate: [[0; 2]; 64],
            cookie: 0,
        }
    }
}

/// `MINIDUMP_HANDLE_DESCRIPTOR_2`, or the shorter form if the entry size is 32.
#[derive(Clone, Debug, Default)]
pub struct Handle {
    pub handle: u64,
    pub type_name: Text,
    pub object_name: Text,
    pub attributes: u32,
    pub access: u32,
    pub handles: u32,
    pub pointers: u32,
    pub reserved: u32,
    pub objects: Vec<ObjectInfo>,
    /// The last object information refers back to the first.
    pub objects_in_a_circle: bool,
}

impl Handle {
    pub fn new(handle: u64, type_name: impl Into<Text>) -> Self {
        Self { handle, type_name: type_name.into(), ..Self::default() }
    }
}

/// `MINIDUMP_HANDLE_OBJECT_INFORMATION`.
#[derive(Clone, Debug, Default)]
pub struct ObjectInfo {
    pub kind: u32,
    pub bytes: Vec<u8>,
}

/// `MINIDUMP_FUNCTION_TABLE_DESCRIPTOR` and the data after it. All tables of a stream have the same entry size and the
/// same number of native bytes.
#[derive(Clone, Debug, Default)]
pub struct FunctionTable {
    pub minimum: u64,
    pub maximum: u64,
    pub base: u64,
    pub native: Vec<u8>,
    pub entry_size: usize,
    /// All entries, end to end.
    pub entries: Vec<u8>,
    pub padding: usize,
}

/// An element of the token stream, including its header of 16 bytes.
#[derive(Clone, Debug, Default)]
pub struct Token {
    pub id: u32,
    pub handle: u64,
    pub data: Vec<u8>,
}
