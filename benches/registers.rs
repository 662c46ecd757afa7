//! Reads registers by name, compared with a hand-written match and with the method for the instruction pointer.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use userdump::format::context::ContextLayout;
use userdump::format::{PlatformId, ProcessorArchitecture};
use userdump::read::Context;
use userdump::write::{ContextBuilder, SystemInfo, Thread};
use userdump::{Dump, MinidumpBuilder};

const VALUE: u64 = 0x1_4000_1234;

fn file() -> Vec<u8> {
    let mut dump = MinidumpBuilder::new();
    dump.add(SystemInfo::new(ProcessorArchitecture::AMD64, PlatformId::WIN32_NT));
    let mut registers = ContextBuilder::new(&ContextLayout::AMD64);
    for name in ["rip", "rax", "r15"] {
        registers.register(name, VALUE);
    }
    dump.add(Thread::new(1).context(registers));
    let mut file = Vec::new();
    dump.plan().expect("the dump can be planned").write_to(&mut file).expect("writing to a vector succeeds");
    file
}

/// Reads a register like a program that supports only a few registers of one processor.
fn by_match(context: &Context<'_>, name: &str) -> Option<u64> {
    let at = match name {
        "rax" => 120,
        "rcx" => 128,
        "rdx" => 136,
        "rbx" => 144,
        "rsp" => 152,
        "rbp" => 160,
        "rsi" => 168,
        "rdi" => 176,
        "r8" => 184,
        "r9" => 192,
        "r10" => 200,
        "r11" => 208,
        "r12" => 216,
        "r13" => 224,
        "r14" => 232,
        "r15" => 240,
        "rip" => 248,
        _ => return None,
    };
    context.as_bytes().get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

fn by_name(criterion: &mut Criterion) {
    let file = file();
    let dump = Dump::parse(&file).expect("the dump can be parsed");
    let thread = dump.threads().next().expect("the dump has a thread");
    let context = thread.context().expect("the context can be read").expect("the thread has a context");
    let mut group = criterion.benchmark_group("register");
    for name in ["rip", "rax", "r15"] {
        assert_eq!(context.register(name).and_then(|value| value.as_u64()), Some(VALUE));
        assert_eq!(by_match(&context, name), Some(VALUE));
        group.bench_function(format!("{name} by name"), |bencher| {
            bencher.iter(|| black_box(&context).register(black_box(name)).and_then(|value| value.as_u64()));
        });
        group.bench_function(format!("{name} by match"), |bencher| {
            bencher.iter(|| by_match(black_box(&context), black_box(name)));
        });
    }
    group.bench_function("rip by method", |bencher| bencher.iter(|| black_box(&context).instruction_pointer()));
    group.finish();
}

criterion_group!(benches, by_name);
criterion_main!(benches);
