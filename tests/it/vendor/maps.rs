//! The mappings of a Linux process.

use libtest_mimic::Trial;
use userdump::format::linux::LinuxMapFlags;
use userdump::read::linux::{LinuxMapping, LinuxMaps};

use super::{kind, linux, texts, view};
use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::Dump;

pub fn trials() -> Vec<Trial> {
    trials![
        rows_have_all_their_columns,
        paths_may_hold_white_space,
        a_deleted_file_is_marked,
        letters_give_the_rights,
        a_line_that_is_cut_before_its_path_is_not_a_mapping,
        lines_that_are_not_mappings_are_reported,
        a_mapping_is_found_by_address,
        addresses_of_32_bits_are_compared_in_32_bits,
    ]
}

const USUAL: &str = "\
00400000-0040b000 r-xp 00001000 08:1f 1234                               /usr/bin/app
0040b000-0060a000 ---p 00000000 00:00 0 
7ffd1a9c5000-7ffd1a9e7000 rw-p 00000000 00:00 0                          [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";

/// Checks the mapping in a text of one line.
fn check(line: &str, look: impl Fn(Option<LinuxMapping<'_>>)) {
    let bytes = Form::USUAL.build(Dump::new().raw(kind::LINUX_MAPS, line));
    let maps: LinuxMaps<'_> = view(&open(&bytes));
    let found = maps.iter().next();
    assert_eq!(maps.unreadable_lines().count(), usize::from(found.is_none()), "{line}");
    look(found);
}

fn rows_have_all_their_columns() {
    in_every_form(
        |_| Dump::new().raw(kind::LINUX_MAPS, USUAL),
        |dump, _| {
            let maps: LinuxMaps<'_> = view(dump);
            let [app, gap, stack, vsyscall] = maps.iter().collect::<Vec<_>>().try_into().expect("four mappings");
            assert_eq!((app.addresses(), app.size()), (0x40_0000..0x40_b000, 0xb000));
            assert_eq!((app.offset, app.device, app.inode), (0x1000, (8, 31), 1234));
            assert_eq!((app.path == "/usr/bin/app", app.deleted, app.is_file()), (true, false, true));
            assert_eq!(app.flags, LinuxMapFlags::READ | LinuxMapFlags::EXECUTE);
            assert_eq!((gap.flags, gap.path.is_empty(), gap.is_file()), (LinuxMapFlags::empty(), true, false));
            assert_eq!((stack.start, stack.end, stack.is_file()), (0x7ffd_1a9c_5000, 0x7ffd_1a9e_7000, false));
            assert_eq!(texts([stack.path, vsyscall.path]), ["[stack]", "[vsyscall]"]);
            assert_eq!(vsyscall.addresses(), 0xffff_ffff_ff60_0000..0xffff_ffff_ff60_1000);
            assert_eq!(
                (maps.text() == USUAL, maps.text().is_truncated(), maps.unreadable_lines().count()),
                (true, false, 0)
            );
        },
    );
}

fn paths_may_hold_white_space() {
    let row = |path: &str| format!("1000-2000 rw-s 00000000 00:04 77   {path}\n");
    let paths = [
        "/dev/ashmem/dalvik-main space",
        "[anon:libc malloc]",
        "/a  b ",
        "/data/app/x=1/base.apk",
        "//anon",
        "/a\\012b",
    ];
    for path in paths {
        check(&row(path), |found| assert_eq!(found.map(|it| it.path.to_string()).as_deref(), Some(path)));
    }
    // A tab before the path, as in hand-written files.
    check("1000-2000 rw-p 0 0:0 0\t[heap]", |found| assert!(found.is_some_and(|it| it.path == "[heap]")));
}

fn a_deleted_file_is_marked() {
    for (path, expected) in [
        ("/tmp/a (deleted)", ("/tmp/a", true)),
        ("/tmp/a (deleted) (deleted)", ("/tmp/a (deleted)", true)),
        ("/tmp/(deleted)", ("/tmp/(deleted)", false)),
        ("/tmp/a (deleted)x", ("/tmp/a (deleted)x", false)),
        ("/dev/ashmem/a b (deleted)", ("/dev/ashmem/a b", true)),
    ] {
        check(&format!("1000-2000 r--s 00000000 fd:01 5 {path}\n"), |found| {
            let found = found.expect("it is a row");
            assert_eq!((found.path.to_string().as_str(), found.deleted), expected);
        });
    }
}

fn letters_give_the_rights() {
    let all = [
        (0, 'r', LinuxMapFlags::READ),
        (1, 'w', LinuxMapFlags::WRITE),
        (2, 'x', LinuxMapFlags::EXECUTE),
        (3, 's', LinuxMapFlags::SHARED),
    ];
    for bits in 0..16_u32 {
        let mut letters = vec!['-', '-', '-', 'p'];
        let mut expected = LinuxMapFlags::empty();
        for (at, letter, flag) in all.iter().filter(|(at, _, _)| bits & 1 << at != 0) {
            letters[*at] = *letter;
            expected |= *flag;
        }
        let letters: String = letters.into_iter().collect();
        check(&format!("1000-2000 {letters} 0 0:0 0"), |found| assert_eq!(found.map(|it| it.flags), Some(expected)));
    }
    for letters in ["rwx", "rwxpp", "RWXP", "r?xp", "wr-p", "rwx-", "----"] {
        check(&format!("1000-2000 {letters} 0 0:0 0"), |found| assert_eq!(found, None));
    }
}

fn a_line_that_is_cut_before_its_path_is_not_a_mapping() {
    let line = "00400000-0040b000 r-xp 00001000 08:1f 1234                               /usr/bin/app";
    let inode = line.find("1234").expect("it is there");
    for cut in 1..=line.len() {
        check(&line[..cut], |found| {
            assert_eq!(found.is_some(), cut > inode, "{}", &line[..cut]);
            let path = found.map(|it| it.path.to_string()).unwrap_or_default();
            assert!("/usr/bin/app".starts_with(&path));
        });
        let bytes = Form::USUAL.build(Dump::new().raw(kind::LINUX_MAPS, format!("{USUAL}{}", &line[..cut])));
        let maps: LinuxMaps<'_> = view(&open(&bytes));
        assert!(maps.text().is_truncated());
        assert_eq!(maps.iter().count(), 4 + usize::from(cut > inode));
    }
}

fn lines_that_are_not_mappings_are_reported() {
    let long = "10000000000000000-10000000000001000 r--p 0 0:0 0";
    let bad = [
        "",
        "hello",
        "1000 r--p 0 0:0 0",
        "1000-g r--p 0 0:0 0",
        long,
        "1-2 r--p 0 0 0",
        "1-2 r--p 0 0:0 x",
        "+1-2 r--p 0 0:0 0",
    ];
    let text = bad.join("\n") + "\n" + USUAL;
    let bytes = Form::USUAL.build(Dump::new().raw(kind::LINUX_MAPS, text));
    let maps: LinuxMaps<'_> = view(&open(&bytes));
    assert_eq!(texts(maps.unreadable_lines()), bad);
    assert_eq!(maps.iter().count(), 4);
}

fn a_mapping_is_found_by_address() {
    let bytes = Form::USUAL.build(linux(false).raw(kind::LINUX_MAPS, USUAL));
    let maps: LinuxMaps<'_> = view(&open(&bytes));
    let found = |address| maps.at_address(address).map(|it| it.start);
    assert_eq!(found(0x3f_ffff), None);
    assert_eq!((found(0x40_0000), found(0x40_afff)), (Some(0x40_0000), Some(0x40_0000)));
    assert_eq!((found(0x40_b000), found(0x60_a000)), (Some(0x40_b000), None));
    assert_eq!((found(0xffff_ffff_ff60_0fff), found(u64::MAX)), (Some(0xffff_ffff_ff60_0000), None));
    // In reverse, it contains no address.
    let bytes = Form::USUAL.build(Dump::new().raw(kind::LINUX_MAPS, "2000-1000 r--p 0 0:0 0\n"));
    let maps: LinuxMaps<'_> = view(&open(&bytes));
    assert_eq!((maps.iter().next().map(|it| it.size()), maps.at_address(0x1800)), (Some(0), None));
}

fn addresses_of_32_bits_are_compared_in_32_bits() {
    let bytes = Form::USUAL.build(linux(true).raw(kind::LINUX_MAPS, "ff9be000-ff9df000 rw-p 00000000 00:00 0 \n"));
    let maps: LinuxMaps<'_> = view(&open(&bytes));
    let found = maps.at_address(0xffff_ffff_ff9b_e123).map(|it| it.addresses());
    assert_eq!(found, Some(0xff9b_e000..0xff9d_f000));
}
