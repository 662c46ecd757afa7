//! Contexts: which layout belongs to which processor and size, and where the registers are in it.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::read::Context;

use super::threads;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        registers_are_at_their_places,
        a_longer_record_has_the_layout_of_its_fixed_part,
        a_record_shorter_than_all_layouts_has_no_registers,
        a_record_has_no_layout_without_a_known_processor,
        no_size_is_no_context,
        a_context_outside_the_file_is_an_error,
        threads_may_share_a_context,
    ]
}

/// Where things are in the record of a processor, in the words of contexts.md: architecture, size of the record, place
/// and width of the flags, places of the instruction, stack and frame pointers, and their width.
struct Place {
    architecture: u16,
    size: usize,
    flags: (usize, usize),
    instruction: usize,
    stack: usize,
    frame: Option<usize>,
    width: usize,
}

/// A row of the table: `(architecture, size, flags at, flags width, IP, SP, FP, register width)`.
const fn place(row: (u16, usize, usize, usize, usize, usize, Option<usize>, usize)) -> Place {
    let (architecture, size, at, flags, instruction, stack, frame, width) = row;
    Place { architecture, size, flags: (at, flags), instruction, stack, frame, width }
}

const PLACES: [Place; 22] = [
    place((0, 716, 0, 4, 184, 196, Some(180), 4)),
    place((10, 716, 0, 4, 184, 196, Some(180), 4)),
    place((14, 716, 0, 4, 184, 196, Some(180), 4)),
    place((9, 1232, 48, 4, 248, 152, Some(160), 8)),
    // LLDB's, without a floating-point area.
    place((9, 736, 48, 4, 248, 152, Some(160), 8)),
    // Breakpad's and Crashpad's, then that of Windows.
    place((5, 368, 0, 4, 64, 56, Some(48), 4)),
    place((5, 416, 0, 4, 64, 56, Some(48), 4)),
    place((13, 416, 0, 4, 64, 56, Some(48), 4)),
    // That of Windows, LLDB's and Breakpad's old one.
    place((12, 912, 0, 4, 264, 256, Some(240), 8)),
    place((12, 800, 0, 8, 264, 256, Some(240), 8)),
    place((0x8003, 796, 0, 8, 264, 256, Some(240), 8)),
    place((1, 600, 0, 4, 312, 240, Some(248), 8)),
    place((0x8004, 600, 0, 4, 312, 240, Some(248), 8)),
    place((0x8004, 640, 0, 8, 336, 240, Some(248), 8)),
    place((3, 1004, 0, 4, 4, 16, None, 4)),
    place((0x8002, 1160, 0, 8, 8, 32, None, 8)),
    place((0x8001, 584, 0, 4, 272, 120, Some(248), 8)),
    place((0x8005, 268, 0, 4, 8, 16, Some(40), 4)),
    place((0x8006, 528, 0, 4, 8, 24, Some(72), 8)),
    // The padding at the end may be missing.
    place((0x8006, 524, 0, 4, 8, 24, Some(72), 8)),
    // XSAVE areas follow the fixed part.
    place((9, 1376, 48, 4, 248, 152, Some(160), 8)),
    place((0, 1500, 0, 4, 184, 196, Some(180), 4)),
];

/// What is planted; the first as many bytes of it as the register is wide.
const FLAGS: u64 = 0x1122_3344_8765_4321;
const INSTRUCTION: u64 = 0x7fff_1111_9999_0001;
const STACK: u64 = 0x7fff_2222_8888_0002;
const FRAME: u64 = 0x7fff_3333_7777_0003;

impl Place {
    /// A record of filler with the values at their places.
    fn record(&self, form: Form) -> Vec<u8> {
        let mut record = vec![0xee; self.size];
        let mut plant = |at: usize, value: u64, width: usize| {
            let bytes = form.record(|bytes| {
                match width {
                    8 => bytes.u64(value),
                    _ => bytes.u32(value as u32),
                };
            });
            record[at..at + width].copy_from_slice(&bytes);
        };
        plant(self.flags.0, FLAGS, self.flags.1);
        plant(self.instruction, INSTRUCTION, self.width);
        plant(self.stack, STACK, self.width);
        if let Some(frame) = self.frame {
            plant(frame, FRAME, self.width);
        }
        record
    }
}

fn registers_are_at_their_places() {
    for place in PLACES {
        check(
            place.architecture,
            |form| place.record(form),
            |context| {
                let cut = |value: u64, width| if width == 8 { value } else { value & 0xffff_ffff };
                let name = format!("{:#x} with {} bytes", place.architecture, place.size);
                assert_eq!(context.flags(), Some(cut(FLAGS, place.flags.1)), "{name}");
                assert_eq!(context.instruction_pointer(), Some(cut(INSTRUCTION, place.width)), "{name}");
                assert_eq!(context.stack_pointer(), Some(cut(STACK, place.width)), "{name}");
                assert_eq!(context.frame_pointer(), place.frame.map(|_| cut(FRAME, place.width)), "{name}");
                assert_eq!(context.as_bytes().len(), place.size);
            },
        );
    }
}

fn a_longer_record_has_the_layout_of_its_fixed_part() {
    /// An architecture, and sizes of records with the layouts that they have.
    type Sizes = (u16, &'static [(usize, Option<u32>)]);
    let sizes: [Sizes; 8] = [
        (0, &[(715, None), (716, Some(716)), (717, Some(716)), (5000, Some(716))]),
        (9, &[(735, None), (736, Some(736)), (1231, Some(736)), (1232, Some(1232)), (2048, Some(1232))]),
        (5, &[(367, None), (368, Some(368)), (415, Some(368)), (416, Some(416)), (500, Some(416))]),
        (12, &[(799, None), (800, Some(800)), (911, Some(800)), (912, Some(912)), (1000, Some(912))]),
        (0x8003, &[(795, None), (796, Some(796)), (912, Some(796))]),
        (0x8004, &[(599, None), (600, Some(600)), (639, Some(600)), (640, Some(640))]),
        (0x8006, &[(523, None), (524, Some(528)), (528, Some(528)), (600, Some(528))]),
        (3, &[(1003, None), (1004, Some(1004))]),
    ];
    for (architecture, rows) in sizes {
        for &(size, expected) in rows {
            let look = |context: Context<'_>| {
                assert_eq!(context.layout().map(|layout| layout.size), expected, "{architecture:#x}, {size}");
            };
            check(architecture, |_| vec![0; size], look);
        }
    }
}

fn a_record_shorter_than_all_layouts_has_no_registers() {
    for place in PLACES {
        for size in [1, 4, 64] {
            let look = |context: Context<'_>| {
                let registers = [context.instruction_pointer(), context.stack_pointer(), context.frame_pointer()];
                assert_eq!((context.layout(), context.flags(), registers), (None, None, [None; 3]));
                assert_eq!(context.as_bytes().len(), size, "the bytes are there all the same");
            };
            check(place.architecture, |form| place.record(form)[..size].to_vec(), look);
        }
    }
}

fn a_record_has_no_layout_without_a_known_processor() {
    let look = |context: Context<'_>| {
        assert_eq!((context.layout(), context.flags(), context.stack_pointer()), (None, None, None));
        assert_eq!(context.as_bytes(), [7; 1232]);
    };
    for architecture in [2, 4, 6, 7, 8, 11, 0x1234, 0xffff] {
        check(architecture, |_| vec![7; 1232], look);
    }
    // Without a system information there is no processor.
    in_every_form(
        |_| Dump::new().thread(Thread::new(1).context([7; 1232])),
        |dump, _| {
            look(threads(dump).get(0).expect("it is there").context().expect("it is whole").expect("it is there"))
        },
    );
}

fn no_size_is_no_context() {
    for part in [Part::None, Part::At(0, 33), Part::At(0, u32::MAX)] {
        in_every_form(
            |_| system(9).thread(Thread::new(1).context(part.clone())),
            |dump, _| {
                let context = threads(dump).get(0).expect("it is there").context();
                assert!(matches!(context, Ok(None)), "{context:?}");
            },
        );
    }
}

fn a_context_outside_the_file_is_an_error() {
    let missing = |offset, needed, available| ReadError::Truncated { what: "CONTEXT", offset, needed, available };
    for (size, rva) in [(1232, 0x7fff_ffff), (1, u32::MAX), (u32::MAX, u32::MAX)] {
        in_every_form(
            |_| system(9).thread(Thread::new(1).context(Part::At(size, rva))).thread(Thread::new(2).context([1; 9])),
            |dump, _| {
                let [first, second] = [0, 1].map(|index| threads(dump).get(index).expect("it is there").context());
                assert_eq!(first.map(|_| ()), Err(missing(rva.into(), size.into(), 0)));
                assert!(second.is_ok_and(|context| context.is_some()));
            },
        );
    }
    let bytes = system(9).thread(Thread::new(1).context([1; 1232])).build();
    let start = bytes.len() as u64 - 1232;
    let cut = open(&bytes[..bytes.len() - 1]);
    let context = threads(&cut).get(0).expect("it is there").context();
    assert_eq!(context.map(|_| ()), Err(missing(start, 1232, 1231)));
}

fn threads_may_share_a_context() {
    let dump = |_| system(9).thread(Thread::new(1).context([5; 40])).thread(Thread::new(2).context(Part::ContextOf(1)));
    in_every_form(dump, |dump, _| {
        let contexts = threads(dump).iter().map(|thread| thread.context().expect("it is whole").expect("it is there"));
        let places: Vec<_> = contexts.map(|context| context.as_bytes().as_ptr()).collect();
        assert_eq!(places[0], places[1]);
    });
}

fn system(architecture: u16) -> Dump {
    Dump::new().system_info(SystemInfo { architecture, ..SystemInfo::default() })
}

/// Looks at the context of a thread in every form of a dump.
fn check(architecture: u16, record: impl Fn(Form) -> Vec<u8>, look: impl Fn(Context<'_>)) {
    in_every_form(
        |form| system(architecture).thread(Thread::new(1).context(record(form))),
        |dump, _| {
            let context = threads(dump).get(0).expect("it is there").context();
            look(context.expect("it lies in the file").expect("it is there"));
        },
    );
}
