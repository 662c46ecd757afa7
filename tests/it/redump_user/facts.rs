//! A plain decoder of full user dumps: field by field, with literal offsets.

/// The content of a full user dump, in file order.
pub struct User<'a> {
    pub wide: bool,
    pub major: u32,
    pub minor: u32,
    pub machine: u32,
    pub event: Option<Event>,
    pub threads: Vec<Thread<'a>>,
    pub modules: Vec<Module>,
    pub regions: Vec<Region<'a>>,
    /// From the end of the memory to the end of the file.
    pub version: &'a [u8],
}

/// A debug event with its valid parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub code: u32,
    pub process: u32,
    pub thread: u32,
    pub exception: u32,
    pub flags: u32,
    pub record: u64,
    pub address: u64,
    pub parameters: u32,
    pub information: [u64; 15],
    pub first_chance: u32,
}

impl Event {
    /// The event without the bytes after its parameters.
    pub fn valid(&self) -> Self {
        let mut event = self.clone();
        event.information[self.parameters.min(15) as usize..].fill(0);
        event
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread<'a> {
    pub id: u32,
    pub suspend_count: u32,
    pub priority_class: u32,
    pub priority: u32,
    pub teb: u64,
    pub context: &'a [u8],
}

impl Thread<'_> {
    /// Everything but the context.
    pub fn state(&self) -> (u32, u32, u32, u32, u64) {
        (self.id, self.suspend_count, self.priority_class, self.priority, self.teb)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    pub base: u64,
    pub size: u32,
    pub name: String,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Region<'a> {
    pub row: Row,
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub base: u64,
    pub allocation_base: u64,
    pub allocation_protect: u32,
    pub size: u64,
    pub state: u32,
    pub protect: u32,
    pub kind: u32,
    /// The words at 20 and 44 of the 64-bit form.
    pub alignment: [u32; 2],
}

/// Reads one field after the other.
struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    wide: bool,
}

impl<'a> Fields<'a> {
    fn take(&mut self, size: usize) -> &'a [u8] {
        self.at += size;
        &self.bytes[self.at - size..self.at]
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("four bytes"))
    }

    fn word(&mut self) -> u64 {
        let low = u64::from(self.u32());
        if self.wide { low | u64::from(self.u32()) << 32 } else { low }
    }

    fn pad(&mut self) -> u32 {
        if self.wide { self.u32() } else { 0 }
    }
}

impl<'a> User<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        let wide = bytes.starts_with(b"USERDU64");
        assert!(wide || bytes.starts_with(b"USERDUMP"), "the signature of a full user dump");
        let at = |at: u64| Fields { bytes, at: at as usize, wide };
        let mut header = at(8);
        let [major, minor, machine, threads, modules, regions] = std::array::from_fn(|_| header.u32());
        let [contexts, module_table, data, region_table, event, states, version, _] =
            std::array::from_fn(|_| header.word());
        let context_size = match machine {
            0x14c => 716,
            0x1c4 => 416,
            0x8664 => 1232,
            0xaa64 => 912,
            other => panic!("machine {other:#x}"),
        };
        let [mut contexts, mut states, mut table, mut rows, mut data] =
            [contexts, states, module_table, region_table, data].map(at);
        let thread = |_| {
            let [id, suspend_count, priority_class, priority] = std::array::from_fn(|_| states.u32());
            let teb = states.word();
            (0..7).for_each(|_| _ = states.word());
            Thread { id, suspend_count, priority_class, priority, teb, context: contexts.take(context_size) }
        };
        let threads = (0..threads).map(thread).collect();
        let module = |_| {
            let (base, size, length) = (table.word(), table.u32(), table.u32() as usize);
            let (nul, name) = table.take(length).split_last().expect("a name has a NUL");
            assert_eq!(*nul, 0);
            Module { base, size, name: name.iter().map(|byte| char::from(*byte)).collect() }
        };
        let modules = (0..modules).map(module).collect();
        let region = |_| {
            let row = rows.row();
            Region { row, bytes: data.take(row.size as usize) }
        };
        let regions = (0..regions).map(region).collect();
        let version = if version == 0 { &[] } else { &bytes[version as usize..] };
        let event = (event != 0).then(|| at(event).event());
        Self { wide, major, minor, machine, event, threads, modules, regions, version }
    }

    pub fn rows(&self) -> Vec<Row> {
        self.regions.iter().map(|region| region.row).collect()
    }

    /// The strings of the version information, each without its NUL.
    pub fn texts(&self) -> Vec<String> {
        let units: Vec<u16> = self.version.chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
        let texts = units.split(|unit| *unit == 0).map(String::from_utf16_lossy);
        texts.take_while(|text| !text.is_empty()).collect()
    }

    /// The text after `CRASH: OS SP`, without the word for "none".
    pub fn service_pack(&self) -> String {
        let mut texts = self.texts().into_iter().skip_while(|text| text != "CRASH: OS SP");
        texts.nth(1).filter(|text| text != "none").unwrap_or_default()
    }
}

impl Fields<'_> {
    fn event(&mut self) -> Event {
        let [code, process, thread] = std::array::from_fn(|_| self.u32());
        self.pad();
        let [exception, flags] = std::array::from_fn(|_| self.u32());
        let [record, address] = std::array::from_fn(|_| self.word());
        let parameters = self.u32();
        self.pad();
        let information = std::array::from_fn(|_| self.word());
        let first_chance = self.u32();
        Event { code, process, thread, exception, flags, record, address, parameters, information, first_chance }
    }

    fn row(&mut self) -> Row {
        // In the order of the fields.
        let [base, allocation_base] = std::array::from_fn(|_| self.word());
        let (allocation_protect, first) = (self.u32(), self.pad());
        let size = self.word();
        let [state, protect, kind] = std::array::from_fn(|_| self.u32());
        let alignment = [first, self.pad()];
        Row { base, allocation_base, allocation_protect, size, state, protect, kind, alignment }
    }
}
