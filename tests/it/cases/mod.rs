//! The table of small failing inputs, `cases/cases.tsv` of the shared files: each row is covered by a test.

mod hostile;
mod sizes;
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use crate::support::{Shared, trials};

pub fn trials() -> Vec<Trial> {
    let own = trials![every_row_is_held, what_holds_a_row_names_its_file];
    [own, hostile::trials(), sizes::trials(), told::trials()].into_iter().flatten().collect()
}

/// Each file of the table, without its extension, and the test that checks its expected value.
const HELD: [(&str, &str); 43] = [
    ("bad-directory", "redump_tables::shared_file"),
    ("misc-record-unicode", "redump_folders::shared_misc_record"),
    ("context-stale-bytes", "contract/contexts::stale_bytes_of_a_shared_file"),
    ("secret-32bit-text", "redump_filter/planted::the_password_of_a_small_program_goes"),
    ("secret-folders", "redump_folders/spellings::shared_folders"),
    ("arm64-signed-returns", "redump_filter/returns::signed_return_addresses_of_windows_stay"),
    ("hostile-crashpad-cycle", "cases/hostile::dumps_made_to_cost_cost_no_more_than_they_weigh"),
    ("hostile-folder-sizes", "cases/hostile::dumps_made_to_cost_cost_no_more_than_they_weigh"),
    ("hostile-exception-windows", "cases/hostile::dumps_made_to_cost_cost_no_more_than_they_weigh"),
    ("jit-function-table", "redump_select/unwind::of_the_cases"),
    ("jit-chained", "redump_select/unwind::of_the_cases"),
    ("jit-tight-ranges", "redump_select/unwind::of_the_cases"),
    ("wow64-taskmgr-full", "programs/wow64::the_case_is_a_32_bit_process"),
    ("fiber-stack", "redump_select/in_use::of_the_cases"),
    ("stack-only-in-thread-record", "programs/stacks::the_stack_of_the_case_is_only_in_the_thread_record"),
    ("auxv-holds-maps", "check/linux_text::the_shared_file_has_its_maps_under_another_type"),
    ("procdump-comments", "cases/told::both_comments_are_printed"),
    ("memory64-without-flag", "check/memory::the_shared_file_has_memory_without_the_flag"),
    ("exception-cpp", "reasons/raised::the_cases_are_named"),
    ("exception-threadname", "reasons/raised::the_cases_are_named"),
    ("exception-x-fatal-app-exit", "reasons/raised::the_cases_are_named"),
    ("exception-chromium-oom", "reasons/raised::the_cases_are_named"),
    ("empty", "other_formats::files_of_reports_are_called_by_their_names"),
    ("gzip", "other_formats::files_of_reports_are_called_by_their_names"),
    ("elf-core", "other_formats::files_of_reports_are_called_by_their_names"),
    ("html", "other_formats::files_of_reports_are_called_by_their_names"),
    ("region-says-free", "cases/told::memory_that_a_row_calls_free_is_kept"),
    ("handle-info-over-memory", "cases/sizes::sizes_that_reach_into_memory_include_none"),
    ("handle-info-oversize", "cases/sizes::registers_are_not_given_up_for_handles"),
    ("big-name-over-memory", "cases/sizes::a_name_ends_at_its_nul"),
    ("bigstream-token-over-memory", "cases/sizes::tokens_end_with_their_entries"),
    ("directory-all-zero", "redump_tables::shared_file"),
    ("m64-size16", "list_sizes::the_cases_have_what_their_counts_prove"),
    ("sizes-rounded-to-8", "list_sizes::the_cases_have_what_their_counts_prove"),
    ("exc-sp-below", "redump_select/in_use::of_the_cases"),
    ("no-sysinfo", "redump_usable::without_system_information"),
    ("thread-names-odd", "cases/told::the_first_name_that_can_be_read_counts"),
    ("stack-rva-partly", "threads/positions::a_stack_of_which_a_list_has_half"),
    ("misc-size0", "list_sizes::the_cases_have_what_their_counts_prove"),
    ("modules-odd", "check/plausible::the_modules_of_the_shared_file"),
    ("arm64-with-x64-context", "check/plausible::x64_contexts_of_an_arm64_system"),
    ("net10-x86-triage-exception", "redump_select/managed/golden::small_sources_keep_all_but_stacks"),
    ("net10-x64-engine-m-with-dac", "redump_select/managed/golden::small_sources_keep_all_but_stacks"),
];

fn every_row_is_held(shared: &Shared) {
    let table = String::from_utf8(shared.read("cases/cases.tsv")).expect("it is UTF-8");
    let rows: Vec<_> = table.lines().skip(1).filter_map(|row| row.split('\t').next()?.strip_suffix(".dmp")).collect();
    assert!(rows.len() >= HELD.len());
    let is_held = |row: &&str| HELD.iter().any(|(file, _)| file == row);
    let loose: Vec<_> = rows.iter().copied().filter(|row| !is_held(row)).collect();
    assert_eq!(loose, [""; 0], "no test covers these rows");
    let gone: Vec<_> = HELD.iter().filter(|(file, _)| !rows.contains(file)).collect();
    assert!(gone.is_empty(), "the table does not have {gone:?}");
}

/// A test that is renamed or no longer names its file covers nothing.
fn what_holds_a_row_names_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = BTreeMap::new();
    let mut faults = Vec::new();
    for (file, test) in HELD {
        let (path, name) = test.split_once("::").expect("a file and a test");
        let text: &String = texts.entry(path).or_insert_with(|| {
            let found =
                [format!("{path}.rs"), format!("{path}/mod.rs")].map(|path| fs::read_to_string(folder.join(path)));
            found.into_iter().find_map(Result::ok).unwrap_or_default()
        });
        if !text.contains(&format!("fn {name}(")) {
            faults.push(format!("the test {test} does not exist"));
        }
        if !text.contains(&format!("{file}.dmp\"")) && !text.contains(&format!("\"{file}\"")) {
            faults.push(format!("{path} does not name {file}"));
        }
    }
    assert_eq!(faults, [""; 0]);
}
