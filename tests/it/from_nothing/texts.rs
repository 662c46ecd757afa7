//! Every text stream: viewed without a dump, written from its view, and built from its parts.

use libtest_mimic::{Completion, Trial};
use userdump::format::StreamType;
use userdump::format::linux::{AuxType, LinuxMapFlags};
use userdump::format::stream::{Relocation, TextLine, WholeStream};
use userdump::read::facebook::*;
use userdump::read::linux::*;
use userdump::read::mozilla::MozSoftErrors;
use userdump::read::text::{CommentA, CommentW, Utf8};
use userdump::read::{FromStream, Minidump, Stream};
use userdump::write::TextStream;
use userdump::{MinidumpBuilder, WriteError};

use crate::plan::write;
use crate::support::facts::Facts;
use crate::support::forms::Form;
use crate::support::{Shared, trials};
use crate::synth::{Dump, SystemInfo};

pub fn trials() -> Vec<Trial> {
    trials![
        every_text_stream_is_viewed_without_a_dump_and_written_from_its_view,
        every_text_of_the_corpus_is_written_again,
        texts_are_made_of_their_parts,
        maps_and_limits_are_written_as_the_kernel_writes_them,
        the_running_kernel_agrees,
        parts_that_cannot_be_in_a_text_are_errors,
        big_endian_views_are_refused,
    ]
}

/// The name of the view, its type, and a function that writes the bytes of a text viewed without a dump.
type View = (&'static str, StreamType, fn(&[u8]) -> Vec<u8>);

fn written<'a>(view: impl WholeStream<'a> + userdump::write::Entry<'a>) -> Vec<u8> {
    let kind = view.stream_type();
    let mut dump = MinidumpBuilder::new();
    dump.add(view);
    let file = write(dump);
    Facts::of(&file).stream_bytes(kind.0).expect("it is present").0.to_vec()
}

macro_rules! views {
    ($($view:ident)*) => {
        &[$((stringify!($view), <$view<'_> as FromStream<'_>>::STREAM_TYPE, |text| {
            let view = $view::parse(text);
            assert_eq!(view.stream_type(), <$view<'_> as FromStream<'_>>::STREAM_TYPE);
            written(view)
        })),*]
    };
}

const VIEWS: &[View] = views! {
    CommentA CommentW LinuxCpuInfo LinuxProcStatus LinuxLsbRelease LinuxCmdLine LinuxEnviron LinuxMaps LinuxProcStat
    LinuxProcUptime LinuxProcFd MozLinuxLimits MozSoftErrors FacebookLogcat FacebookAppCustomData FacebookAppVersionName
    FacebookJavaStack FacebookDalvikInfo FacebookDumpErrorLog FacebookAppStateLog FacebookAbortReason FacebookThreadName
};

/// Every view in the table that holds no offsets and whose name is that of a text.
fn every_text_stream_is_viewed_without_a_dump_and_written_from_its_view() {
    let texts = [&b""[..], b"a", b"key: value\n\n\xff\0", b"\0\0", b"0-1 r--p 0 0:0 0\n"];
    for kind in StreamType::KNOWN {
        let name = kind.name().expect("it has a name");
        let is_text = ["Linux", "Moz", "Facebook", "Comment"].iter().any(|prefix| name.starts_with(prefix));
        let mut dump = MinidumpBuilder::new();
        dump.stream(*kind, vec![b'1'; 32]);
        let file = write(dump);
        let dump = Minidump::parse(&file).expect("it opens");
        let has_view = dump.streams().all(|(_, view)| !matches!(view, Ok(Stream::Raw(_) | Stream::Unused)));
        let listed = VIEWS.iter().find(|(_, of, _)| of == kind);
        let is_expected = is_text && has_view && kind.row().relocation == Relocation::None;
        // The auxiliary vector, which consists of words, is tested below.
        let is_listed = listed.is_some() || *kind == StreamType::LINUX_AUXV;
        assert_eq!(is_listed, is_expected, "{name}");
        for text in texts {
            assert_eq!(listed.map(|(.., write)| write(text)), listed.map(|_| text.to_vec()), "{name}");
        }
    }
    let words = [6_u64, 4096, 0, 0].map(u64::to_le_bytes).concat();
    assert_eq!(LinuxAuxv::parse(&words, 8).get(AuxType(6)), Some(4096));
    assert_eq!(written(LinuxAuxv::parse(&words, 8)), words);
    let words = [6_u32, 4096, 0, 0].map(u32::to_le_bytes).concat();
    assert_eq!(LinuxAuxv::parse(&words, 4).get(AuxType(6)), Some(4096));
}

fn every_text_of_the_corpus_is_written_again(shared: &Shared) {
    let mut count = 0;
    for row in shared.corpus() {
        let file = shared.corpus_file(&row);
        let Ok(dump) = Minidump::parse(&file) else { continue };
        for raw in dump.raw_streams() {
            let Some((name, _, write)) = VIEWS.iter().find(|(_, kind, _)| *kind == raw.stream_type()) else { continue };
            assert_eq!(write(raw.bytes()), raw.bytes(), "{name} of {}", row.file);
            count += 1;
        }
        if let Ok(Some(maps)) = dump.stream::<LinuxMaps<'_>>() {
            let alone = LinuxMaps::parse(maps.text().as_bytes());
            assert!(alone.iter().eq(maps.iter()), "{}", row.file);
            // Written again, they are the same mappings, whatever padding their kernel used.
            let lines = TextStream::lines(StreamType::LINUX_MAPS, maps.iter());
            assert!(LinuxMaps::parse(lines.as_bytes()).iter().eq(maps.iter()), "{}", row.file);
        }
    }
    assert!(count > 100, "{count} texts");
}

fn texts_are_made_of_their_parts() {
    let cases = [
        (TextStream::cmd_line(["/bin/app", "", "-x"]), "/bin/app\0\0-x\0"),
        (TextStream::cmd_line([""; 0]), ""),
        (TextStream::environ([("HOME", "/root"), ("EMPTY", "")]), "HOME=/root\0EMPTY=\0"),
        (
            TextStream::fields(StreamType::LINUX_PROC_STATUS, [("Name", "head"), ("Umask", "0022")]),
            "Name:\thead\nUmask:\t0022\n",
        ),
        (
            TextStream::fields(StreamType::LINUX_LSB_RELEASE, [("ID", "debian"), ("PRETTY_NAME", "Debian GNU/Linux")]),
            "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux\"\n",
        ),
        (
            TextStream::cpu_info([
                [("processor", "0"), ("vendor_id", "AuthenticAMD")],
                [("processor", "1"), ("x", "y")],
            ]),
            "processor\t: 0\nvendor_id\t: AuthenticAMD\n\nprocessor\t: 1\nx\t: y\n\n",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(String::from_utf8_lossy(text.as_bytes()), expected);
        let kind = text.stream_type();
        let mut dump = MinidumpBuilder::new();
        dump.add(text);
        let file = write(dump);
        assert_eq!(Facts::of(&file).stream_bytes(kind.0).expect("it is present").0, expected.as_bytes());
    }
    let pairs = [(AuxType(6), 4096), (AuxType(9), 0x1_0000)];
    let wide = [6_u64, 4096, 9, 0x1_0000, 0, 0].map(u64::to_le_bytes).concat();
    let narrow = [6_u32, 4096, 9, 0x1_0000, 0, 0].map(u32::to_le_bytes).concat();
    assert_eq!(TextStream::auxv(pairs, 8).as_bytes(), wide);
    assert_eq!(TextStream::auxv(pairs, 4).as_bytes(), narrow);
    // Reading returns what was written.
    let text = TextStream::cpu_info([[("processor", "0"), ("model name", "A CPU")], [("processor", "7"), ("a", "b")]]);
    let processors = LinuxCpuInfo::parse(text.as_bytes());
    assert_eq!(processors.processors().map(|it| it.number()).collect::<Vec<_>>(), [Some(0), Some(7)]);
    let text = TextStream::fields(StreamType::LINUX_LSB_RELEASE, [("DISTRIB_DESCRIPTION", "Some Linux 7")]);
    assert_eq!(LinuxLsbRelease::parse(text.as_bytes()).description().expect("it is present"), "Some Linux 7");
}

/// As in `/proc/self/maps` and `/proc/self/limits` of Linux 6.18.
const MAPS: &str = "\
55a914032000-55a914037000 r-xp 00002000 fe:00 247030                     /usr/bin/cat
564462ec6000-564462ee7000 rw-p 00000000 00:00 0                          [heap]
7fa9ddfeb000-7fa9ddfed000 rw-p 00000000 00:00 0 
7fa9ddff0000-7fa9ddff1000 rw-s 00000000 00:01 1042                       /memfd:a b (deleted)
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";
const LIMITS: &str = "\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 524288               files     
Max nice priority         0                    0                    
Max realtime timeout      unlimited            unlimited            us        
";

fn maps_and_limits_are_written_as_the_kernel_writes_them() {
    let maps = LinuxMaps::parse(MAPS.as_bytes());
    assert_eq!(maps.iter().count(), 5);
    let text = TextStream::lines(StreamType::LINUX_MAPS, maps.iter());
    assert_eq!(String::from_utf8_lossy(text.as_bytes()), MAPS);
    let limits = MozLinuxLimits::parse(LIMITS.as_bytes());
    assert_eq!(limits.limits().count(), 4);
    assert_eq!(String::from_utf8_lossy(TextStream::limits(limits.limits()).as_bytes()), LIMITS);
    // A mapping that was not parsed from text.
    let mapping = LinuxMapping {
        start: 0x1000,
        end: 0x3000,
        flags: LinuxMapFlags::READ | LinuxMapFlags::SHARED,
        offset: 0x200,
        device: (8, 1),
        inode: 7,
        path: Utf8::new(b"/lib/\xff.so"),
        deleted: false,
    };
    let mut line = Vec::new();
    mapping.put_line(&mut line);
    assert_eq!(line, b"00001000-00003000 r--s 00000200 08:01 7                                  /lib/\xff.so\n");
}

/// On Linux, all lines of this process are written exactly as the kernel has them.
fn the_running_kernel_agrees() -> Completion {
    if crate::programs::runner().is_some() {
        return Completion::ignored_with("an emulator makes up its own lines");
    }
    if let Ok(text) = std::fs::read("/proc/self/maps") {
        let lines = TextStream::lines(StreamType::LINUX_MAPS, LinuxMaps::parse(&text).iter());
        assert_eq!(String::from_utf8_lossy(lines.as_bytes()), String::from_utf8_lossy(&text));
    }
    if let Ok(text) = std::fs::read("/proc/self/limits") {
        let lines = TextStream::limits(MozLinuxLimits::parse(&text).limits());
        assert_eq!(String::from_utf8_lossy(lines.as_bytes()), String::from_utf8_lossy(&text));
    }
    Completion::Completed
}

fn parts_that_cannot_be_in_a_text_are_errors() {
    let mapping =
        LinuxMapping { path: Utf8::new(b"/a\nb"), ..LinuxMaps::parse(MAPS.as_bytes()).iter().next().expect("one") };
    let cases = [
        (TextStream::cmd_line(["a\0b"]), "LinuxCmdLine: a string contains a NUL"),
        (TextStream::environ([("a=b", "c")]), "LinuxEnviron: a key contains the separator"),
        (TextStream::environ([("a", "b\0")]), "LinuxEnviron: a string contains a NUL"),
        (
            TextStream::fields(StreamType::LINUX_PROC_STATUS, [("a:", "c")]),
            "LinuxProcStatus: a key contains the separator",
        ),
        (
            TextStream::fields(StreamType::LINUX_LSB_RELEASE, [("a", "b\nc")]),
            "LinuxLsbRelease: a line contains a line feed",
        ),
        (TextStream::cpu_info([[("a", "b\n")]]), "LinuxCpuInfo: a line contains a line feed"),
        (TextStream::auxv([(AuxType(1), 1 << 32)], 4), "LinuxAuxv: a word does not fit 32 bits"),
        (TextStream::lines(StreamType::LINUX_MAPS, [mapping]), "LinuxMaps: a line contains a line feed"),
    ];
    for (text, message) in cases {
        let mut dump = MinidumpBuilder::new();
        dump.add(text);
        assert_eq!(dump.plan().expect_err("it is invalid").to_string(), message);
    }
}

fn big_endian_views_are_refused() {
    let system = SystemInfo { architecture: 3, platform: 0x8201, ..Default::default() };
    let dump = Dump::new().system_info(system).raw(StreamType::COMMENT_W.0, [0, 65, 0, 66]);
    let dump = dump.raw(StreamType::LINUX_AUXV.0, [0; 16]);
    let file = Form { big_endian: true, ..Form::USUAL }.build(dump);
    let dump = Minidump::parse(&file).expect("it opens");
    let comment = dump.stream::<CommentW<'_>>().expect("it is valid").expect("it is present");
    let auxv = dump.stream::<LinuxAuxv<'_>>().expect("it is valid").expect("it is present");
    let mut builders = [MinidumpBuilder::new(), MinidumpBuilder::new()];
    builders[0].add(comment);
    builders[1].add(auxv);
    for builder in builders {
        assert!(matches!(builder.plan(), Err(WriteError::InvalidInput { .. })));
    }
}
