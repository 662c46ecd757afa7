//! Contexts: the layout for each processor and size, and the positions of the registers in it.

use libtest_mimic::Trial;
use userdump::ReadError;
use userdump::read::{Context, ThreadList};

use super::threads;
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Part, SystemInfo, Thread};

pub fn trials() -> Vec<Trial> {
    trials![
        a_context_at_position_0_is_absent,
        registers_are_at_their_places,
        a_longer_record_has_the_layout_of_its_fixed_part,
        a_record_shorter_than_all_layouts_has_the_registers_inside,
        a_record_has_no_layout_without_a_known_processor,
        no_size_is_no_context,
        a_context_outside_the_file_is_an_error,
        threads_may_share_a_context,
    ]
}

/// Positions in the record of a processor, in the terms of contexts.md: architecture, size of the record, position and
/// width of the flags, positions of the instruction, stack and frame pointers, and their width.
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
    // LLDB's layout, without a floating-point area.
    place((9, 736, 48, 4, 248, 152, Some(160), 8)),
    // The layout of Breakpad and Crashpad, then that of Windows.
    place((5, 368, 0, 4, 64, 56, Some(48), 4)),
    place((5, 416, 0, 4, 64, 56, Some(48), 4)),
    place((13, 416, 0, 4, 64, 56, Some(48), 4)),
    // The layouts of Windows and LLDB, and Breakpad's old one.
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

/// The planted values; registers hold as many of their first bytes as they are wide.
const FLAGS: u64 = 0x1122_3344_8765_4321;
const INSTRUCTION: u64 = 0x7fff_1111_9999_0001;
const STACK: u64 = 0x7fff_2222_8888_0002;
const FRAME: u64 = 0x7fff_3333_7777_0003;

impl Place {
    /// A record of filler with the values at their positions.
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
    /// An architecture, and sizes of records without flags with their layouts.
    type Sizes = (u16, &'static [(usize, u32)]);
    let sizes: [Sizes; 8] = [
        (0, &[(715, 716), (716, 716), (717, 716), (5000, 716)]),
        (9, &[(735, 736), (736, 736), (1231, 736), (1232, 1232), (2048, 1232)]),
        (5, &[(367, 368), (368, 368), (415, 368), (416, 416), (500, 416)]),
        (12, &[(799, 796), (800, 800), (911, 800), (912, 912), (1000, 912)]),
        (0x8003, &[(795, 796), (796, 796), (912, 796)]),
        (0x8004, &[(599, 600), (600, 600), (639, 600), (640, 640)]),
        (0x8006, &[(523, 528), (524, 528), (528, 528), (600, 528)]),
        (3, &[(1003, 1004), (1004, 1004)]),
    ];
    for (architecture, rows) in sizes {
        for &(size, expected) in rows {
            let look = |context: Context<'_>| {
                let layout = context.layout().map(|layout| layout.size);
                assert_eq!(layout, Some(expected), "{architecture:#x}, {size}");
                // The last four bytes of RISC-V 64 are padding.
                let least = if architecture == 0x8006 { 524 } else { expected as usize };
                assert_eq!(context.is_truncated(), size < least, "{architecture:#x}, {size}");
            };
            check(architecture, |_| vec![0; size], look);
        }
    }
}

fn a_record_shorter_than_all_layouts_has_the_registers_inside() {
    /// Architecture, flags with the bit of the processor, and which of the flags and the instruction, stack and frame
    /// pointers are in the first 1, 4, 64 and 260 bytes.
    type Row = (u16, u32, [(bool, [bool; 3]); 4]);
    const NONE: (bool, [bool; 3]) = (false, [false; 3]);
    const FLAGS_ONLY: (bool, [bool; 3]) = (true, [false; 3]);
    const ALL: (bool, [bool; 3]) = (true, [true; 3]);
    let rows: [Row; 11] = [
        (0, 0x1_0001, [NONE, FLAGS_ONLY, FLAGS_ONLY, ALL]),
        // The flags are at 48.
        (9, 0x10_0001, [NONE, NONE, FLAGS_ONLY, ALL]),
        // Stack and frame pointer are within the first 64 bytes, the instruction pointer begins after them.
        (5, 0x20_0001, [NONE, FLAGS_ONLY, (true, [false, true, true]), ALL]),
        (12, 0x40_0001, [NONE, FLAGS_ONLY, FLAGS_ONLY, (true, [false, false, true])]),
        // The flags take eight bytes.
        (0x8003, 0x8000_0002, [NONE, NONE, FLAGS_ONLY, (true, [false, false, true])]),
        (1, 0x4_0002, [NONE, FLAGS_ONLY, FLAGS_ONLY, (true, [false, true, true])]),
        // Two more without a frame pointer.
        (3, 0x2000_0001, [NONE, FLAGS_ONLY, (true, [true, true, false]), (true, [true, true, false])]),
        (0x8002, 0x100_0001, [NONE, NONE, (true, [true, true, false]), (true, [true, true, false])]),
        (0x8001, 0x1000_0001, [NONE, FLAGS_ONLY, FLAGS_ONLY, (true, [false, true, true])]),
        (0x8005, 0x80_0001, [NONE, FLAGS_ONLY, ALL, ALL]),
        (0x8006, 0x800_0001, [NONE, FLAGS_ONLY, (true, [true, true, false]), ALL]),
    ];
    for (architecture, flags, expected) in rows {
        let place = PLACES.iter().find(|place| place.architecture == architecture).expect("it is in the table");
        let record = |form: Form| {
            let mut record = place.record(form);
            let (at, width) = place.flags;
            record[at..at + width].copy_from_slice(&form.record(|bytes| {
                match width {
                    8 => bytes.u64(flags.into()),
                    _ => bytes.u32(flags),
                };
            }));
            record
        };
        for (size, (has_flags, has)) in [1, 4, 64, 260].into_iter().zip(expected) {
            let look = |context: Context<'_>| {
                let name = format!("{architecture:#x} with {size} bytes");
                let cut = |value: u64| if place.width == 8 { value } else { value & 0xffff_ffff };
                let values = [INSTRUCTION, STACK, FRAME].map(cut);
                let pointers = [context.instruction_pointer(), context.stack_pointer(), context.frame_pointer()];
                let wanted = [0, 1, 2].map(|index| has[index].then_some(values[index]));
                assert_eq!((context.flags(), pointers), (has_flags.then_some(flags.into()), wanted), "{name}");
                assert_eq!(context.as_bytes().len(), size, "the bytes are there all the same");
            };
            check(architecture, |form| record(form)[..size].to_vec(), look);
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
    // Without system information the processor is unknown.
    in_every_form(
        |_| Dump::new().thread(Thread::new(1).context([7; 1232])),
        |dump, _| {
            look(threads(dump).get(0).expect("it is there").context().expect("it is complete").expect("it is there"))
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
        let contexts =
            threads(dump).iter().map(|thread| thread.context().expect("it is complete").expect("it is there"));
        let places: Vec<_> = contexts.map(|context| context.as_bytes().as_ptr()).collect();
        assert_eq!(places[0], places[1]);
    });
}

fn system(architecture: u16) -> Dump {
    Dump::new().system_info(SystemInfo { architecture, ..SystemInfo::default() })
}

/// Checks the context of a thread in every form of a dump.
fn check(architecture: u16, record: impl Fn(Form) -> Vec<u8>, look: impl Fn(Context<'_>)) {
    in_every_form(
        |form| system(architecture).thread(Thread::new(1).context(record(form))),
        |dump, _| {
            let context = threads(dump).get(0).expect("it is there").context();
            look(context.expect("it is in the file").expect("it is there"));
        },
    );
}

/// The data at position 0 is the header, not registers.
fn a_context_at_position_0_is_absent() {
    let dump = |_| Dump::new().thread(Thread { context: Part::At(8, 0), ..Thread::new(1) });
    in_every_form(dump, |dump, _| {
        let thread = dump.stream::<ThreadList<'_>>().unwrap().unwrap().get(0).unwrap();
        assert!(matches!(thread.context(), Ok(None)));
    });
}
