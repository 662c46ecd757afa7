//! The parts of processes: addresses that overlap, memory with contents, and registers that refer to it.

use arbitrary::{Arbitrary, Result, Unstructured};
use userdump::format::ProcessorArchitecture;
use userdump::format::context::{ContextLayout, RegisterGroup};
use userdump::format::full_user_dump::ImageFileMachine;

use crate::secret;

/// The areas of addresses, few enough that ranges overlap: low ones, around 2 and 4 GiB, high ones, the last page.
const PAGES: [u64; 12] = [
    0,
    0x1_0000,
    0x1_1000,
    0x40_0000,
    0x7ffe_0000,
    0x7fff_f000,
    0x8000_0000,
    0xffff_f000,
    0x7ff6_0000_0000,
    0x7ff6_0000_1000,
    0xffff_ffff_8000_0000,
    u64::MAX - 0xfff,
];

/// An address, mostly in one of a few pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub u64);

impl<'a> Arbitrary<'a> for Address {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let (page, into): (u8, u16) = u.arbitrary()?;
        Ok(Self(match PAGES.get(usize::from(page & 15)) {
            Some(base) => base + u64::from(into & 0xfff),
            None => u.arbitrary()?,
        }))
    }
}

/// The processor architecture.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    X86,
    Amd64,
    Arm,
    Arm64,
}

impl Machine {
    pub const fn architecture(self) -> ProcessorArchitecture {
        match self {
            Self::X86 => ProcessorArchitecture::X86,
            Self::Amd64 => ProcessorArchitecture::AMD64,
            Self::Arm => ProcessorArchitecture::ARM,
            Self::Arm64 => ProcessorArchitecture::ARM64,
        }
    }

    pub fn image_file_machine(self) -> ImageFileMachine {
        ImageFileMachine::from_architecture(self.architecture()).expect("Windows runs on it")
    }

    /// Returns the pointer size in bytes.
    pub const fn pointer_size(self) -> usize {
        self.architecture().pointer_size() as usize
    }

    pub const fn is_wide(self) -> bool {
        !self.architecture().is_32_bit()
    }

    /// Returns the address in a form that is possible on the machine: below 4 GiB, or sign-extended.
    pub const fn address(self, address: Address) -> u64 {
        if self.is_wide() || address.0 >= 0xffff_ffff_8000_0000 { address.0 } else { address.0 & 0xffff_ffff }
    }

    /// Returns the layout of Windows.
    const fn layout(self) -> &'static ContextLayout {
        &self.architecture().processor().contexts[0]
    }
}

/// A context.
#[derive(Arbitrary, Clone, Debug)]
pub enum Context {
    /// Uses a layout of the machine.
    Registers {
        stack_pointer: Address,
        instruction_pointer: Address,
        others: u8,
    },
    Raw(Vec<u8>),
}

impl Context {
    pub fn bytes(&self, machine: Machine) -> Vec<u8> {
        let Self::Registers { stack_pointer, instruction_pointer, others } = self else {
            let Self::Raw(bytes) = self else { return Vec::new() };
            return bytes[..bytes.len().min(machine.layout().size as usize)].to_vec();
        };
        let layout = machine.layout();
        let mut bytes = vec![*others; layout.size as usize];
        let groups = layout.groups.iter().filter(|(group, _)| *group != RegisterGroup::XState);
        let flags = groups.fold(layout.cpu_flags[0], |flags, (_, flag)| flags | flag);
        let mut put = |at: u32, value: &[u8]| bytes[at as usize..][..value.len()].copy_from_slice(value);
        put(layout.flags_offset, &flags.to_le_bytes());
        for (at, address) in [(layout.stack_pointer, stack_pointer), (layout.instruction_pointer, instruction_pointer)]
        {
            put(at, &address.0.to_le_bytes()[..machine.pointer_size()]);
        }
        bytes
    }
}

/// The contents of a memory range.
#[derive(Arbitrary, Clone, Debug)]
pub enum Contents {
    Raw(Vec<u8>),
    Filled {
        byte: u8,
        size: u16,
    },
    /// Words that may be pointers, with room after them.
    Pointers {
        words: Vec<Address>,
        room: u8,
    },
    /// The secret, between room and words that may be pointers.
    Secret {
        before: u8,
        words: Vec<Address>,
    },
    /// The headers of an image with a code section and a data section.
    Image {
        sections: [Section; 2],
    },
}

/// A section of an image.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Section {
    address: u16,
    size: u16,
    characteristics: u8,
}

impl Contents {
    pub fn bytes(&self, machine: Machine) -> Vec<u8> {
        match self {
            Self::Raw(bytes) => bytes.clone(),
            Self::Filled { byte, size } => vec![*byte; usize::from(*size & 0x1fff)],
            Self::Pointers { words, room } => {
                let mut bytes = pointers(machine, words);
                bytes.resize(bytes.len() + usize::from(*room), 0);
                bytes
            }
            Self::Secret { before, words } => {
                [vec![0; usize::from(*before)], secret::bytes(), pointers(machine, words)].concat()
            }
            Self::Image { sections } => image(machine, sections),
        }
    }
}

fn pointers(machine: Machine, words: &[Address]) -> Vec<u8> {
    let words = words.iter().map(|word| word.0.to_le_bytes());
    words.flat_map(|word| word.into_iter().take(machine.pointer_size())).collect()
}

/// The distance between the headers of an image, by the format.
const PE_AT: usize = 0x80;

fn image(machine: Machine, sections: &[Section; 2]) -> Vec<u8> {
    let mut bytes = vec![0; 0x400];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    let optional: u16 = if machine.is_wide() { 240 } else { 224 };
    put(0, b"MZ");
    put(0x3c, &(PE_AT as u32).to_le_bytes());
    put(PE_AT, b"PE\0\0");
    put(PE_AT + 4, &machine.image_file_machine().0.to_le_bytes()[..2]);
    put(PE_AT + 6, &[2, 0]);
    put(PE_AT + 20, &optional.to_le_bytes());
    put(PE_AT + 24, if machine.is_wide() { &[0x0b, 2] } else { &[0x0b, 1] });
    // The size of the image.
    put(PE_AT + 24 + 56, &[0, 0, 1, 0]);
    for (index, section) in sections.iter().enumerate() {
        let at = PE_AT + 24 + usize::from(optional) + 40 * index;
        put(at, b".text");
        put(at + 8, &u32::from(section.size).to_le_bytes());
        put(at + 12, &u32::from(section.address).to_le_bytes());
        // Code or data, readable, possibly writable.
        put(at + 36, &(u32::from(section.characteristics) << 24 | 0x60).to_le_bytes());
    }
    bytes
}
