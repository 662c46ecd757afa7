//! Dumps with a great many memory ranges, byte by byte. Also used by a bench.

/// Where the dump has its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    List,
    List64,
}

/// The order of entries in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Sorted,
    Shuffled,
}

/// A process of Windows with one thread and one module. All its memory is described in the same way.
#[derive(Clone, Copy, Debug)]
pub struct ManyRanges {
    pub count: u32,
    pub form: Form,
    pub order: Order,
    /// The order of the memory information, which has an entry for each range; `None` without memory information.
    pub rows: Option<Order>,
    /// True if all ranges are in a section of the module, which has code and data.
    pub in_module: bool,
    /// True if each range overlaps the next one.
    pub overlapping: bool,
}

/// The size of a range, and the distance between the starts of ranges, with and without overlaps.
pub const SIZE: u32 = 32;
const STRIDE: [u64; 2] = [0x100, 0x10];
const IMAGE: u64 = 0x7ff0_0000_0000;
const HEADERS: usize = 0x400;
const HEAP: u64 = 0x100_0000_0000;
const STACK: u64 = 0x10_0000_0000;
const CONTEXT: usize = 1232;

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The headers of an image with one section, which begins after a page.
fn image(size: u32) -> Vec<u8> {
    let mut image = vec![0; HEADERS];
    put(&mut image, 0, b"MZ");
    put(&mut image, 0x3c, &0x80u32.to_le_bytes());
    put(&mut image, 0x80, b"PE\0\0\x64\x86\x01\0");
    put(&mut image, 0x94, &240u16.to_le_bytes());
    put(&mut image, 0x98, &0x20bu16.to_le_bytes());
    put(&mut image, 0x98 + 56, &words(&[size, 0x400]));
    put(&mut image, 0x98 + 108, &16u32.to_le_bytes());
    let section = 0x98 + 240;
    put(&mut image, section, b".all");
    put(&mut image, section + 8, &words(&[size - 0x1000, 0x1000, size - 0x1000, 0x1000]));
    put(&mut image, section + 36, &0xe000_0060u32.to_le_bytes());
    image
}

impl ManyRanges {
    /// The address of a range. There is a multiple of a page between the start of the module and the first one.
    pub fn address(&self, index: u32) -> u64 {
        let first = if self.in_module { IMAGE + 0x1000 } else { HEAP };
        first + self.stride() * u64::from(index)
    }

    fn stride(&self) -> u64 {
        STRIDE[usize::from(self.overlapping)]
    }

    /// The number at a place in an order.
    fn number(&self, order: Order, place: u32) -> u32 {
        match order {
            Order::Sorted => place,
            // The factor is a prime number.
            Order::Shuffled => ((u64::from(place) * 7_368_787 + 1) % u64::from(self.count)) as u32,
        }
    }

    /// The dump: headers of the image, a stack with a pointer to each range, and the ranges.
    pub fn build(&self) -> Vec<u8> {
        let (count, wide) = (self.count as usize, self.form == Form::List64);
        let size_of_image = if self.in_module { (self.address(self.count) - IMAGE) as u32 } else { 0x2000 };
        let name = "C:\\coreclr.dll";
        let name: Vec<u8> = (2 * name.len() as u32)
            .to_le_bytes()
            .into_iter()
            .chain(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes))
            .collect();
        let rows = if self.rows.is_some() { count } else { 0 };
        let streams = if rows > 0 { 5 } else { 4 };
        let directory = 32 + 12 * streams;
        let (system, threads, modules) = (directory, directory + 56, directory + 56 + 52);
        let context = modules + 4 + 108;
        let name_at = context + CONTEXT;
        let infos = (name_at + name.len()).next_multiple_of(8);
        let list = infos + if rows > 0 { 16 + 48 * rows } else { 0 };
        let (head, entry) = if wide { (16, 16) } else { (4, 16) };
        let data = list + head + entry * (count + 2);
        let stack = 8 * self.count;
        let total = data + HEADERS + stack as usize + SIZE as usize * count;
        let mut file = Vec::with_capacity(total);
        // The signature, the version, and flags for full memory with information about it.
        let flags = if wide { 0x802 } else { 0 };
        file.extend(words(&[0x504d_444d, 0xa793, streams as u32, 32, 0, 0, flags, 0]));
        let memory = head + entry * (count + 2);
        let entries = [(7, 56, system), (3, 52, threads), (4, 112, modules), (if wide { 9 } else { 5 }, memory, list)];
        let infos_entry = (16, 16 + 48 * rows, infos);
        for (kind, size, at) in entries.into_iter().chain((rows > 0).then_some(infos_entry)) {
            file.extend(words(&[kind, size as u32, at as u32]));
        }
        // AMD64, Windows NT 10.
        file.extend(words(&[9, 1 << 8, 10, 0, 19041, 2, 0, 0, 0, 0, 0, 0, 0, 0]));
        file.extend(words(&[1, 1, 0, 0, 0, 0, 0, STACK as u32, (STACK >> 32) as u32, stack]));
        file.extend(words(&[(data + HEADERS) as u32, CONTEXT as u32, context as u32]));
        let mut module = vec![0; 4 + 108];
        put(&mut module, 0, &words(&[1, IMAGE as u32, (IMAGE >> 32) as u32, size_of_image]));
        put(&mut module, 4 + 20, &(name_at as u32).to_le_bytes());
        file.extend(module);
        let mut registers = vec![0; CONTEXT];
        put(&mut registers, 0x30, &0x10_001fu32.to_le_bytes());
        put(&mut registers, 0x98, &STACK.to_le_bytes());
        put(&mut registers, 0xf8, &self.address(self.count / 2).to_le_bytes());
        file.extend(registers);
        file.extend(name);
        file.resize(infos, 0);
        if let Some(order) = self.rows {
            file.extend(words(&[16, 48, self.count, 0]));
            (0..self.count).for_each(|place| file.extend(self.row(self.number(order, place))));
        }
        if wide {
            file.extend([count as u64 + 2, data as u64].map(u64::to_le_bytes).as_flattened());
        } else {
            file.extend((self.count + 2).to_le_bytes());
        }
        let numbers = || (0..self.count).map(|place| self.number(self.order, place));
        let ranges = numbers().map(|number| (self.address(number), SIZE));
        let mut at = data as u32;
        for (address, size) in [(IMAGE, HEADERS as u32), (STACK, stack)].into_iter().chain(ranges) {
            file.extend(address.to_le_bytes());
            if wide {
                file.extend(u64::from(size).to_le_bytes());
            } else {
                file.extend(words(&[size, at]));
                at += size;
            }
        }
        file.extend(image(size_of_image.max(0x2000)));
        let pointers = (0..self.count).map(|place| self.address(self.number(Order::Shuffled, place)) + 8);
        pointers.for_each(|pointer| file.extend(pointer.to_le_bytes()));
        numbers().for_each(|number| file.extend([number as u8; SIZE as usize]));
        assert_eq!(file.len(), total);
        file
    }

    /// An entry of the memory information: every other one is executable, and all are writable.
    fn row(&self, number: u32) -> [u8; 48] {
        let (base, kind) = (self.address(number), if self.in_module { 0x100_0000 } else { 0x2_0000 });
        let allocation = if self.in_module { IMAGE } else { base };
        let protection: u32 = if number & 1 == 0 { 4 } else { 0x40 };
        let mut row = [0; 48];
        put(&mut row, 0, &base.to_le_bytes());
        put(&mut row, 8, &allocation.to_le_bytes());
        put(&mut row, 16, &protection.to_le_bytes());
        put(&mut row, 24, &u64::from(SIZE).min(self.stride()).to_le_bytes());
        put(&mut row, 32, &words(&[0x1000, protection, kind]));
        row
    }
}
