//! `batch`: its results are the same as those of `redump`, each input is answered, and a failure leaves no file.

use std::any::Any;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use libtest_mimic::{Completion, Trial};

use super::{Folder, command};
use crate::support::cpu::Cpu;
use crate::support::fixtures::{FULL_USER_DUMP, QUICK_START};
use crate::support::json::Json;
use crate::support::trials;
use crate::synth::{Dump, Module, Part, Thread};

#[path = "../../../examples/batch/guard.rs"]
mod guard;
#[path = "../../../examples/batch/queue.rs"]
mod queue;

pub fn trials() -> Vec<Trial> {
    trials![
        a_folder_is_re_encoded_as_by_redump,
        lines_are_answered_in_their_order,
        a_line_is_answered_before_the_next_one_comes,
        no_result_takes_the_place_of_an_input,
        results_are_replaced_or_skipped_as_asked,
        only_a_manifest_is_replaced_by_one,
        paths_below_a_base_are_kept,
        the_exit_status_tells_the_result,
        special_and_large_files_are_refused,
        a_full_disk_leaves_nothing,
        a_panic_is_an_error_of_its_dump,
        answers_keep_the_order_and_few_wait,
        a_closed_output_ends_the_work,
        wrong_arguments_are_refused,
    ]
}

/// A dump that cannot be re-encoded: it has only a header.
const HEADER_ONLY: &[u8] = include_bytes!("../../fixtures/regressions/header-only.dmp");

/// Returns a dump with a thread whose context is outside the file.
fn flawed() -> Vec<u8> {
    let outside = Part::At(1232, 0x7fff_0000);
    let thread = Thread { context: outside, ..Thread::new(7) };
    let intact = Thread::new(8).context(Cpu::AMD64.context(0x1000, 0x2000));
    let dump = Dump::new().system_info(Cpu::AMD64.windows()).module(Module::new(0x1000, 0x1000, "a.exe"));
    dump.thread(thread).thread(intact).build()
}

fn folder(files: &[(&str, &[u8])]) -> Folder {
    let folder = Folder::with(&[]);
    for (name, bytes) in files {
        let path = folder.path(name);
        fs::create_dir_all(path.parent().expect("the file has a folder")).expect("the folder can be created");
        fs::write(path, bytes).expect("the file can be written");
    }
    folder
}

/// Returns the paths of all files below a folder, with `/` as separator.
fn below(folder: &Folder, name: &str) -> Vec<String> {
    let (root, mut folders, mut found) = (folder.path(name), vec![folder.path(name)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("the folder can be listed").path();
            match path.is_dir() {
                true => folders.push(path),
                false => found
                    .push(path.strip_prefix(&root).expect("it is below the root").to_string_lossy().replace('\\', "/")),
            }
        }
    }
    found.sort();
    found
}

/// Parses the lines of a manifest or of the answers.
fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| Json::parse(line.as_bytes())).collect()
}

fn results(lines: &[Json]) -> Vec<&str> {
    lines.iter().map(|line| line.get("result").text()).collect()
}

/// Returns the result of `redump`.
fn by_redump(bytes: &[u8], words: &[&str]) -> Vec<u8> {
    let folder = Folder::with(&[("in.dmp", bytes)]);
    assert_eq!(folder.run("redump", &[words, &["in.dmp", "out.dmp"]].concat()).code, 0);
    folder.read("out.dmp")
}

fn a_folder_is_re_encoded_as_by_redump() {
    let files: [(&str, &[u8]); 6] = [
        ("dumps/a.dmp", QUICK_START),
        ("dumps/b.DMP", HEADER_ONLY),
        ("dumps/deep/er/c.mdmp", FULL_USER_DUMP),
        ("dumps/deep/d.hdmp", b"not a dump"),
        ("dumps/e.txt", QUICK_START),
        ("dumps/small/old.dmp", QUICK_START),
    ];
    for jobs in ["1", "4"] {
        let folder = folder(&files);
        let mut words = vec!["--output", "dumps/small", "--letters", "/mFhut", "--walk", "--manifest", "m.jsonl"];
        words.extend(["--jobs", jobs, "dumps"]);
        let ran = folder.run("batch", &words);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let small = ["a.dmp", "deep/er/c.mdmp", "old.dmp"];
        assert_eq!(below(&folder, "dumps/small"), small);
        for (name, bytes) in [(small[0], QUICK_START), (small[1], FULL_USER_DUMP)] {
            let expected = by_redump(bytes, &["--walk", "/mFhut"]);
            assert!(folder.read(&format!("dumps/small/{name}")) == expected, "{name}");
        }
        assert!(folder.read("dumps/small/old.dmp") == QUICK_START);

        // One line for each dump in the order of the paths, then the failures again.
        let told: Vec<_> = ran.out.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
        assert_eq!(told, ["written", "failed", "failed", "written"]);
        let failures: Vec<_> = ran.err.lines().collect();
        assert!(matches!(failures[..], ["failures:", _, _, _]), "{failures:?}");
        assert!(failures[1].replace('\\', "/").trim_start().starts_with("dumps/b.DMP: "), "{failures:?}");
        assert!(failures[2].contains("d.hdmp: "), "{failures:?}");
        let size = |name: &str| folder.read(&format!("dumps/small/{name}")).len();
        let before = QUICK_START.len() + FULL_USER_DUMP.len();
        let after = size(small[0]) + size(small[1]);
        let sum = format!("2 written ({before} -> {after} bytes), 0 of them flawed; 0 skipped, 2 failed");
        assert_eq!(failures[3], sum);

        let manifest = String::from_utf8(folder.read("m.jsonl")).expect("the manifest is UTF-8");
        let manifest = lines(&manifest);
        assert_eq!(results(&manifest), told);
        let [first, second, ..] = manifest.as_slice() else { panic!("four lines expected") };
        assert_eq!(first.get("input").text().replace('\\', "/"), "dumps/a.dmp");
        assert!(first.get("output").text().replace('\\', "/").ends_with("/dumps/small/a.dmp"));
        assert_eq!(first.get("options").text(), "/mFhut --walk");
        assert_eq!(first.get("source_size").number(), QUICK_START.len() as u64);
        assert_eq!(first.get("size").number(), size(small[0]) as u64);
        assert_eq!(*first.get("error"), Json::Null);
        // The dump has no handles.
        let unavailable = first.get("unavailable").get("first").list();
        assert!(unavailable.iter().any(|it| it.text().starts_with("h: ")), "{unavailable:?}");
        assert!(!second.get("error").text().is_empty());
        assert_eq!(second.get("source_size").number(), HEADER_ONLY.len() as u64);
        assert_eq!(*second.get("size"), Json::Null);
    }
}

fn lines_are_answered_in_their_order() {
    let long = "x".repeat(1 << 20);
    let files: [(&str, &[u8]); 3] = [("a.dmp", QUICK_START), ("b.dmp", HEADER_ONLY), ("folder/c.dmp", FULL_USER_DUMP)];
    let input = format!("a.dmp\nb.dmp\r\n\nmissing.dmp\nfolder\n{long}\nfolder/c.dmp\nb.dmp");
    let names = ["a.dmp", "b.dmp", "", "missing.dmp", "folder", &long[..64], "folder/c.dmp", "b.dmp"];
    for jobs in ["1", "3"] {
        let folder = folder(&files);
        let words = ["--output", "out", "--jobs", jobs, "-"];
        let ran = folder.run_with("batch", &words, input.as_bytes());
        assert_eq!((ran.code, ran.err.as_str()), (1, ""));
        let answers = lines(&ran.out);
        let inputs: Vec<_> = answers.iter().map(|answer| answer.get("input").text()).collect();
        assert_eq!(inputs, names);
        let expected = ["written", "failed", "failed", "failed", "failed", "failed", "written", "failed"];
        assert_eq!(results(&answers), expected);
        assert_eq!(below(&folder, "out"), ["a.dmp", "c.dmp"]);
        assert!(folder.read("out/a.dmp") == by_redump(QUICK_START, &["/m"]));
        // Spark and Hadoop repeat a task that fails.
        let again = folder.run_with("batch", &["--exit-zero", "--output", "out", "-"], b"b.dmp\n");
        assert_eq!((again.code, results(&lines(&again.out))), (0, vec!["failed"]));
    }
}

/// A program may wait for each answer before it sends the next path.
fn a_line_is_answered_before_the_next_one_comes() {
    for jobs in [&[][..], &["--jobs", "4"]] {
        let folder = folder(&[("a.dmp", QUICK_START), ("b.dmp", HEADER_ONLY)]);
        let mut child = command("batch")
            .args([&["--output", "out", "-"], jobs].concat())
            .current_dir(folder.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let mut questions = child.stdin.take().expect("standard input is piped");
        let mut answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        for (question, expected) in [("a.dmp", "written"), ("b.dmp", "failed"), ("a.dmp", "failed")] {
            writeln!(questions, "{question}").expect("the program reads its input");
            let mut answer = String::new();
            answers.read_line(&mut answer).expect("the program answers");
            let answer = Json::parse(answer.trim_end().as_bytes());
            assert_eq!((answer.get("input").text(), answer.get("result").text()), (question, expected));
        }
        drop(questions);
        let mut rest = String::new();
        answers.read_to_string(&mut rest).expect("the program ends");
        assert_eq!((child.wait().expect("the program ends").code(), rest.as_str()), (Some(1), ""));
    }
}

fn no_result_takes_the_place_of_an_input() {
    let files: [(&str, &[u8]); 3] = [("in/a.dmp", QUICK_START), ("in/deep/b.dmp", QUICK_START), ("c.dmp", QUICK_START)];
    let folder = folder(&files);
    let unchanged = || {
        for (name, bytes) in files {
            assert!(folder.read(name) == bytes, "{name}");
        }
        assert_eq!(
            (below(&folder, "in"), below(&folder, "out")),
            (vec!["a.dmp".to_owned(), "deep/b.dmp".to_owned()], vec![])
        );
    };
    for output in ["in", ".", "in/../in", "in/deep/.."] {
        let ran = folder.run("batch", &["--overwrite", "--output", output, "in"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{output}");
        assert!(ran.err.contains("the output folder cannot also be an input"), "{}", ran.err);
        unchanged();
        let ran = folder.run("batch", &["--overwrite", "--output", output, "in/a.dmp"]);
        assert!(
            ran.code == 1 && ran.out.contains("in/a.dmp: this file is in the output folder"),
            "{} {}",
            ran.out,
            ran.err
        );
        unchanged();
        let ran = folder.run_with("batch", &["--overwrite", "--output", output, "-"], b"in/a.dmp\n");
        assert_eq!((ran.code, results(&lines(&ran.out))), (1, vec!["failed"]));
        unchanged();
    }
    // Two inputs with the same name: the result of the first one already exists for the second one.
    let ran = folder.run("batch", &["--output", "two", "c.dmp", "./c.dmp"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("file exists; use --overwrite to overwrite it"), "{}", ran.out);
    assert_eq!(below(&folder, "two"), ["c.dmp"]);
    unchanged();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        fs::create_dir(folder.path("out")).expect("the folder can be created");
        // A link to a file and a link to a folder, both outside the output folder.
        symlink(folder.path("c.dmp"), folder.path("out/c.dmp")).expect("links can be made");
        symlink(folder.path("in/deep"), folder.path("out/deep")).expect("links can be made");
        for input in ["c.dmp", "in"] {
            let ran = folder.run("batch", &["--overwrite", "--output", "out", input]);
            assert!(
                ran.code == 1 && ran.out.contains("a link leads out of the output folder"),
                "{} {}",
                ran.out,
                ran.err
            );
        }
        for (name, bytes) in files {
            assert!(folder.read(name) == bytes, "{name}");
        }
        // The input is a link into the output folder.
        symlink(folder.path("out/a.dmp"), folder.path("link.dmp")).expect("links can be made");
        let ran = folder.run("batch", &["--overwrite", "--output", "out", "link.dmp"]);
        assert!(ran.code == 1 && ran.out.contains("this file is in the output folder"), "{} {}", ran.out, ran.err);
    }
}

fn results_are_replaced_or_skipped_as_asked() {
    let folder = folder(&[("in/a.dmp", QUICK_START), ("in/b.dmp", QUICK_START), ("out/a.dmp", b"old")]);
    let run = |words: &[&str]| {
        let ran = folder.run("batch", &[words, &["--output", "out", "--manifest", "m.jsonl", "in"]].concat());
        (
            ran.code,
            folder.read("out/a.dmp") == b"old",
            lines(&String::from_utf8(folder.read("m.jsonl")).expect("the manifest is UTF-8")),
        )
    };
    let (code, is_old, manifest) = run(&[]);
    assert_eq!((code, is_old, results(&manifest)), (1, true, vec!["failed", "written"]));
    let (code, is_old, manifest) = run(&["--resume"]);
    assert_eq!((code, is_old, results(&manifest)), (0, true, vec!["failed", "written", "skipped", "skipped"]));
    let (code, is_old, manifest) = run(&["--overwrite"]);
    assert_eq!((code, is_old, results(&manifest)), (0, false, vec!["written", "written"]));
    let expected = by_redump(QUICK_START, &["/m"]);
    assert!(folder.read("out/a.dmp") == expected && folder.read("out/b.dmp") == expected);
    // The manifest exists, and neither option allows changing it.
    let ran = folder.run("batch", &["--output", "new", "--manifest", "m.jsonl", "in"]);
    assert_eq!((ran.code, ran.out.as_str(), below(&folder, "new")), (2, "", vec![]));
}

fn only_a_manifest_is_replaced_by_one() {
    let folder = folder(&[("in/a.dmp", QUICK_START), ("notes.txt", b"by hand")]);
    for option in ["--overwrite", "--resume"] {
        for path in ["notes.txt", "in/a.dmp"] {
            let ran = folder.run("batch", &[option, "--output", "out", "--manifest", path, "in"]);
            assert_eq!(ran.code, 2, "{}", ran.out);
            assert!(ran.err.contains("not a manifest"), "{}", ran.err);
            assert!(folder.read("notes.txt") == b"by hand" && folder.read("in/a.dmp") == QUICK_START);
        }
    }
}

fn paths_below_a_base_are_kept() {
    let folder = folder(&[("in/1/a.dmp", QUICK_START), ("in/2/a.dmp", QUICK_START), ("a.dmp", QUICK_START)]);
    let names = b"in/1/a.dmp\n./in/2/a.dmp\na.dmp\nin/../a.dmp\n";
    let ran = folder.run_with("batch", &["--output", "out", "--base", "in", "-"], names);
    assert_eq!(results(&lines(&ran.out)), ["written", "written", "failed", "failed"], "{}", ran.out);
    assert_eq!(below(&folder, "out"), ["1/a.dmp", "2/a.dmp"]);
    let ran = folder.run("batch", &["--output", "other", "--base", ".", "in/1", "a.dmp"]);
    assert_eq!((ran.code, below(&folder, "other")), (0, vec!["a.dmp".to_owned(), "in/1/a.dmp".to_owned()]));
}

fn the_exit_status_tells_the_result() {
    let flawed = flawed();
    let files: [(&str, &[u8]); 3] = [("a.dmp", QUICK_START), ("b.dmp", HEADER_ONLY), ("c.dmp", &flawed)];
    let rows: [(&[&str], i32, &[&str]); 5] = [
        (&["a.dmp"], 0, &["written"]),
        (&["a.dmp", "c.dmp"], 3, &["written", "flawed"]),
        (&["b.dmp", "c.dmp"], 1, &["failed", "flawed"]),
        (&["--exit-zero", "b.dmp", "c.dmp"], 0, &["failed", "flawed"]),
        (&["missing.dmp"], 1, &["failed"]),
    ];
    for (words, code, expected) in rows {
        let folder = folder(&files);
        let ran = folder.run("batch", &[&["--output", "out", "--manifest", "m.jsonl"], words].concat());
        let manifest = lines(&String::from_utf8(folder.read("m.jsonl")).expect("the manifest is UTF-8"));
        assert_eq!((ran.code, results(&manifest).as_slice()), (code, expected), "{words:?}");
        let told: Vec<_> = ran.out.lines().map(|line| line.split_whitespace().next().unwrap_or_default()).collect();
        assert_eq!(told, expected, "{words:?}");
    }
    // A result that no debugger would open is a failure and is not written.
    let no_threads = Dump::new().system_info(Cpu::AMD64.windows()).module(Module::new(0x1000, 0x1000, "a.exe")).build();
    let folder = folder(&[("a.dmp", &no_threads)]);
    let ran = folder.run("batch", &["--output", "out", "a.dmp"]);
    assert_eq!((ran.code, below(&folder, "out")), (1, vec![]), "{}", ran.out);
    assert!(ran.out.contains("no debugger would open the result: it has no threads"), "{}", ran.out);
}

fn special_and_large_files_are_refused() {
    let folder = folder(&[("a.dmp", QUICK_START)]);
    let size = QUICK_START.len();
    for read in [&[][..], &["--read"]] {
        let fits = size.to_string();
        let less = (size - 1).to_string();
        let ran =
            folder.run("batch", &[&["--overwrite", "--output", "out", "--max-size", &fits, "a.dmp"], read].concat());
        assert_eq!((ran.code, ran.out.contains("-> ")), (0, true), "{}", ran.out);
        let ran = folder.run("batch", &[&["--output", "new", "--max-size", &less, "a.dmp"], read].concat());
        let expected = format!("failed   a.dmp: {size} bytes exceed --max-size {less}\n");
        assert_eq!((ran.code, ran.out), (1, expected));
    }
    #[cfg(unix)]
    {
        let ran = folder.run("batch", &["--output", "out", "/dev/zero"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, "failed   /dev/zero: not a regular file\n"));
    }
}

#[cfg(not(target_os = "linux"))]
fn a_full_disk_leaves_nothing() -> Completion {
    Completion::ignored_with("`ulimit` cannot limit file sizes")
}

/// Simulates a full disk with a limit on file sizes. The signal that the limit raises must not end the process.
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_nothing() -> Completion {
    if super::runner().is_some() {
        return Completion::ignored_with(super::IN_AN_EMULATOR);
    }
    let folder = folder(&[("in/a.dmp", QUICK_START), ("in/b.dmp", HEADER_ONLY)]);
    let command = "trap '' XFSZ; ulimit -f 4; exec \"$0\" --output out in";
    let mut shell = std::process::Command::new("bash");
    let shell = shell.args(["-c", command, Folder::program("batch").to_str().expect("the path is Unicode")]);
    let ran = shell.current_dir(folder.path("")).output().expect("bash can be started");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!((ran.status.code(), below(&folder, "out")), (Some(1), vec![]), "{said}");
    assert!(said.starts_with("failed   ") && said.lines().count() == 2, "{said}");
    Completion::Completed
}

fn a_panic_is_an_error_of_its_dump() {
    assert_eq!(guard::guarded(|| Ok(7)), Ok(7));
    assert_eq!(guard::guarded(|| Err::<u8, _>("wrong".to_owned())), Err("wrong".to_owned()));
    // Unwinds like `panic!`, but without a message on standard error.
    let caught = |payload: Box<dyn Any + Send>| guard::guarded(|| -> Result<u8, String> { resume_unwind(payload) });
    let said = |text: &str| Err(format!("panic, please report it: {text}"));
    assert_eq!(caught(Box::new("at 7".to_owned())), said("at 7"));
    assert_eq!(caught(Box::new("plain")), said("plain"));
    assert_eq!(caught(Box::new(7)), said("without a message"));
}

fn answers_keep_the_order_and_few_wait() {
    let jobs = NonZero::new(3).expect("3 is not 0");
    // The first question is answered only when the queue is full.
    let (asked, first) = (AtomicUsize::new(0), Barrier::new(2));
    let bound = 3 * 64 + 2;
    let told = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while asked.load(Ordering::SeqCst) < bound {
                std::thread::yield_now();
            }
            // Enough time to ask more questions, if the queue had room.
            std::thread::sleep(std::time::Duration::from_millis(200));
            assert_eq!((asked.load(Ordering::SeqCst), told.lock().expect("no thread panics").len()), (bound, 0));
            first.wait();
        });
        let questions = (0..1000).inspect(|_| {
            asked.fetch_add(1, Ordering::SeqCst);
        });
        let answer = |question: usize| {
            if question == 0 {
                first.wait();
            }
            question * 2
        };
        queue::in_order(jobs, questions.map(Ok), answer, |answer| {
            told.lock().expect("no thread panics").push(answer);
            Ok(())
        })
        .expect("no call fails");
    });
    let told = told.into_inner().expect("no thread panics");
    assert!(told.into_iter().eq((0..1000).map(|question| question * 2)));
}

fn a_closed_output_ends_the_work() {
    let asked = AtomicUsize::new(0);
    let questions = (0..1_000_000u32).inspect(|_| {
        asked.fetch_add(1, Ordering::SeqCst);
    });
    let tell = |answer| if answer < 10 { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) };
    let ended = queue::in_order(NonZero::<usize>::MIN, questions.map(Ok), |question| question, tell);
    assert_eq!(ended.map_err(|error| error.kind()), Err(io::ErrorKind::BrokenPipe));
    assert!(asked.load(Ordering::SeqCst) < 1000);
    let questions = [Ok(1), Err(io::Error::other("gone")), Ok(2)];
    let mut told = Vec::new();
    let ended = queue::in_order(
        NonZero::<usize>::MIN,
        questions.into_iter(),
        |question| question,
        |answer| {
            told.push(answer);
            Ok(())
        },
    );
    assert_eq!((ended.map_err(|error| error.to_string()), told), (Err("gone".to_owned()), vec![1]));
}

fn wrong_arguments_are_refused() {
    let rows: [(&[&str], &str); 10] = [
        (&["in"], "--output FOLDER is required"),
        (&["--output", "out"], "INPUT is required"),
        (&["--output"], "--output needs a value"),
        (&["--output", "out", "-", "in"], "INPUT is required: dumps and folders, or only `-`"),
        (&["--output", "out", "--jobs", "0", "in"], "\"0\" is not a valid number"),
        (&["--output", "out", "--letters", "/mQ", "in"], "--letters /mQ: "),
        (&["--output", "out", "--walks", "in"], "\"--walks\" is not an option"),
        (&["--output", "out", "--walk=all", "in"], "\"--walk=all\" is not an option"),
        (&["--output", "out", "--resume", "--overwrite", "in"], "--overwrite and --resume"),
        (&["--output", "out", "--letters", "/f", "--compress", "in"], "/f and --compress"),
    ];
    for (words, expected) in rows {
        let folder = folder(&[("in/a.dmp", QUICK_START)]);
        let ran = folder.run("batch", words);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(ran.err.starts_with(&format!("batch: {expected}")), "{}", ran.err);
        assert!(ran.err.contains("`batch --help`"), "{}", ran.err);
        assert_eq!(folder.files().into_keys().collect::<Vec<_>>(), ["in"]);
    }
}
