//! The engine's answers to its commands, extracted from its text. Panics if the text lacks one.

use std::collections::BTreeMap;

/// Names of registers and their values.
pub type Registers = BTreeMap<String, u64>;

/// The answers to the commands that the engine ran on one dump.
pub struct Answers {
    /// `||`: `User mini dump`, or another name for the dump.
    pub kind: String,
    /// `~*`.
    pub threads: Vec<Thread>,
    /// `lm`, by address; `None` where the engine refuses because the thread of the exception is missing.
    pub modules: Option<Vec<Module>>,
    /// `.exr -1`.
    pub exception: Exception,
    /// `.ecxr`; `None` if the dump has no exception context, or its thread is missing.
    pub exception_registers: Option<State>,
    /// `~*e r`: one for each thread.
    pub registers: Vec<State>,
    /// `~*k`: the frames of each thread; `None` as for the modules.
    pub stacks: Option<Vec<Vec<Frame>>>,
    /// `.time`; `None` as for the modules.
    pub times: Option<Times>,
    /// `vertarget`; `None` as for the modules.
    pub system: Option<System>,
}

pub struct Thread {
    /// True for the one that the engine shows first.
    pub is_current: bool,
    pub process: u32,
    pub id: u32,
    pub suspend_count: i32,
    pub teb: u64,
    pub name: Option<String>,
    pub priority: u32,
    pub priority_class: u32,
    /// Start address and affinity, in dumps with thread times.
    pub info: Option<(u64, u64)>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    pub start: u64,
    pub end: u64,
    /// Without folder and extension.
    pub name: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Exception {
    pub address: u64,
    pub code: u32,
    pub flags: u32,
    pub parameters: Vec<u64>,
}

/// Registers, and the instruction that they point to.
pub struct State {
    pub registers: Registers,
    /// The name of the module that contains the instruction, and the offset in it.
    pub symbol: Option<(String, u64)>,
    pub address: u64,
    /// The bytes of the instruction; `None` if the dump has none.
    pub instruction: Option<Vec<u8>>,
}

/// A line of a stack: the first number is the stack pointer of the frame (x64) or its frame pointer (x86).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub pointer: u64,
    pub return_address: u64,
}

/// In milliseconds.
#[derive(Debug, PartialEq, Eq)]
pub struct Times {
    /// The time of the dump, since 1970.
    pub session: u64,
    pub system_uptime: u64,
    pub process_uptime: Option<u64>,
    pub kernel: u64,
    pub user: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub struct System {
    pub version: String,
    pub build: u32,
    pub processors: u8,
    pub processor: String,
    pub product: String,
}

impl Answers {
    pub fn of(text: &str) -> Self {
        let sections = sections(text);
        let of = |command: &str| -> &[&str] {
            let lines = sections.iter().find(|(name, _)| *name == command);
            &lines.unwrap_or_else(|| panic!("the command {command} was not run")).1
        };
        // Each command has a different error message.
        let answered = |command: &str| {
            let lines = of(command);
            let is_refused = lines.is_empty() || lines.iter().any(|line| line.trim_start().starts_with("hr="));
            (!is_refused).then_some(lines)
        };
        let states = of(".ecxr");
        let no_context = states.is_empty() || states == ["Minidump doesn't have an exception context"];
        let answers = Self {
            kind: kind(of("||")),
            threads: threads(of("~*")),
            modules: answered("lm").map(modules),
            exception: exception(of(".exr -1")),
            exception_registers: (!no_context).then(|| state(states)),
            registers: states_of_threads(of("~*e r")),
            stacks: answered("~*k").map(stacks),
            times: answered(".time").map(times),
            system: answered("vertarget").map(system),
        };
        assert_eq!(answers.registers.len(), answers.threads.len(), "registers of each thread");
        if let Some(stacks) = &answers.stacks {
            assert_eq!(stacks.len(), answers.threads.len(), "a stack of each thread");
        }
        answers
    }
}

/// The lines of each command.
fn sections(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("> "), sections.last_mut()) {
            (Some(command), _) => sections.push((command, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => panic!("{line} belongs to no command"),
        }
    }
    sections
}

/// Parses a hexadecimal number, with or without the separator in its middle.
pub fn hex(digits: &str) -> u64 {
    u64::from_str_radix(&digits.replace('`', ""), 16).unwrap_or_else(|_| panic!("{digits} is not a hexadecimal number"))
}

fn hex32(digits: &str) -> u32 {
    hex(digits).try_into().expect("it fits in 32 bits")
}

/// The text after a label in a line, up to the next space; panics if there is none.
fn word<'l>(line: &'l str, label: &str) -> &'l str {
    let rest = line.split_once(label).unwrap_or_else(|| panic!("{line} has no {label}")).1;
    rest.split_whitespace().next().unwrap_or_else(|| panic!("{line} has nothing after {label}"))
}

fn decimal<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is not a number"))
}

fn kind(lines: &[&str]) -> String {
    let [line] = lines else { panic!("{lines:?}") };
    let words = line.trim_start_matches(['.', ' ', '0']);
    words.split_once(':').expect("the name follows").0.to_owned()
}

fn threads(lines: &[&str]) -> Vec<Thread> {
    let mut threads: Vec<Thread> = Vec::new();
    for line in lines {
        if line.contains(" Id: ") {
            let (process, id) = word(line, "Id:").split_once('.').expect("process and thread");
            threads.push(Thread {
                is_current: line.starts_with(['.', '#']),
                process: hex32(process),
                id: hex32(id),
                suspend_count: decimal(word(line, "Suspend:")),
                teb: hex(word(line, "Teb:")),
                name: line.split('"').nth(1).map(str::to_owned),
                priority: u32::MAX,
                priority_class: u32::MAX,
                info: None,
            });
            continue;
        }
        let thread = threads.last_mut().expect("a thread precedes it");
        if line.contains("Start:") {
            let address = line.split(['(', ')']).nth(1).expect("an address is in parentheses");
            thread.info = Some((hex(address), 0));
        } else {
            thread.priority = decimal(word(line, "Priority:"));
            thread.priority_class = decimal(word(line, "Priority class:"));
            if let Some((_, affinity)) = &mut thread.info {
                *affinity = hex(word(line, "Affinity:"));
            }
        }
    }
    assert!(!threads.is_empty() && threads.iter().all(|it| it.priority != u32::MAX), "threads without priorities");
    threads
}

fn modules(lines: &[&str]) -> Vec<Module> {
    let rows = lines.iter().skip(1);
    let modules: Vec<Module> = rows
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            Module { start: hex(words[0]), end: hex(words[1]), name: words[2].to_owned() }
        })
        .collect();
    assert!(!modules.is_empty(), "no modules in {lines:?}");
    modules
}

fn exception(lines: &[&str]) -> Exception {
    let text = lines.join("\n");
    let parameters: Vec<u64> =
        lines.iter().filter(|line| line.contains("Parameter[")).map(|line| hex(word(line, "]:"))).collect();
    assert_eq!(parameters.len(), decimal::<usize>(word(&text, "NumberParameters:")), "{text}");
    Exception {
        address: hex(word(&text, "ExceptionAddress:")),
        code: hex32(word(&text, "ExceptionCode:")),
        flags: hex32(word(&text, "ExceptionFlags:")),
        parameters,
    }
}

fn is_first_line(line: &str) -> bool {
    line.starts_with("rax=") || line.starts_with("eax=")
}

fn states_of_threads(lines: &[&str]) -> Vec<State> {
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        if is_first_line(line) {
            blocks.push(Vec::new());
        }
        blocks.last_mut().expect("it begins with a register").push(line);
    }
    blocks.iter().map(|block| state(block)).collect()
}

fn state(lines: &[&str]) -> State {
    assert!(is_first_line(lines[0]), "{lines:?}");
    let (last, above) = lines.split_last().expect("there is a line");
    let mut registers = Registers::new();
    let mut symbol = None;
    for line in above {
        if let Some((module, offset)) = line.strip_suffix(':').and_then(|line| line.split_once("+0x")) {
            symbol = Some((module.to_owned(), hex(offset)));
            continue;
        }
        // `r8` has a space in front of it.
        for (name, value) in line.split_whitespace().filter_map(|word| word.split_once('=')) {
            // The I/O privilege level is part of the flags.
            if name != "iopl" {
                registers.insert(name.to_owned(), hex(value));
            }
        }
    }
    let (address, rest) = last.split_once(' ').expect("an address is in front");
    let bytes = rest.split_whitespace().next().expect("its bytes come after it");
    let instruction = (!bytes.starts_with('?')).then(|| {
        assert!(bytes.len() % 2 == 0, "{last}");
        (0..bytes.len()).step_by(2).map(|at| hex(&bytes[at..at + 2]) as u8).collect()
    });
    // 16 general registers, the instruction pointer, flags and six segment registers; or 9.
    let expected = if registers.contains_key("rax") { 17 + 7 } else { 9 + 7 };
    assert_eq!(registers.len(), expected, "{lines:?}");
    State { registers, symbol, address: hex(address), instruction }
}

fn stacks(lines: &[&str]) -> Vec<Vec<Frame>> {
    let mut stacks: Vec<Vec<Frame>> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        if line.contains(" Id: ") {
            stacks.push(Vec::new());
        } else if !line.starts_with("Child") {
            let mut words = line.split_whitespace();
            let mut number = || hex(words.next().expect("two numbers are in front"));
            let frame = Frame { pointer: number(), return_address: number() };
            stacks.last_mut().expect("a thread precedes it").push(frame);
        }
    }
    assert!(stacks.iter().all(|frames| !frames.is_empty()), "a thread without frames");
    stacks
}

fn times(lines: &[&str]) -> Times {
    let of = |label: &str| {
        let lines = lines.iter().find_map(|line| line.trim_start().strip_prefix(label));
        lines.unwrap_or_else(|| panic!("the label {label} is missing")).trim()
    };
    Times {
        session: date(of("Debug session time:")),
        system_uptime: duration(of("System Uptime:")).expect("it is known"),
        process_uptime: duration(of("Process Uptime:")),
        kernel: duration(of("Kernel time:")).expect("it is known"),
        user: duration(of("User time:")).expect("it is known"),
    }
}

/// `0 days 0:54:32.697`.
fn duration(text: &str) -> Option<u64> {
    if text == "not available" {
        return None;
    }
    let (days, time) = text.split_once(" days ").unwrap_or_else(|| panic!("{text} has no days"));
    Some(decimal::<u64>(days) * 86_400_000 + time_of_day(time))
}

/// `0:54:32.697`, in milliseconds.
fn time_of_day(text: &str) -> u64 {
    let parts: Vec<u64> = text.split([':', '.']).map(decimal).collect();
    let [hours, minutes, seconds, milliseconds] = parts[..] else { panic!("{text} is not a time") };
    ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
}

/// `Fri Nov 27 14:02:02.000 2026 (UTC + 0:00)`.
fn date(text: &str) -> u64 {
    const MONTHS: [(&str, u64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words[5..], ["(UTC", "+", "0:00)"], "{text}");
    let (day, year): (u64, u64) = (decimal(words[2]), decimal(words[4]));
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month = MONTHS.iter().position(|(name, _)| *name == words[1]).expect("it is a month");
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let months: u64 = MONTHS[..month].iter().map(|(_, days)| days).sum();
    let leap_day = u64::from(is_leap(year) && month > 1);
    (years + months + leap_day + day - 1) * 86_400_000 + time_of_day(words[3])
}

fn system(lines: &[&str]) -> System {
    let line = lines[0];
    let version = line.split(" Version ").next().expect("there is something in front").to_owned();
    let processors =
        line.split(['(', ' ']).skip_while(|word| *word != "MP").find(|word| !word.is_empty() && *word != "MP");
    System {
        version,
        build: decimal(word(line, "Version")),
        processors: decimal(processors.expect("it counts processors")),
        processor: line.split_once("Free ").expect("the processor follows").1.to_owned(),
        product: word(lines[1], "Product:").to_owned(),
    }
}
