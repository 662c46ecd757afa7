//! Circular imports between files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, code, module_path};

/// The maximum number of files in a circle.
const LARGEST: usize = 2;

/// Every circle with more files.
pub fn circles(sources: &[Source]) -> Vec<String> {
    let imports = imports(sources);
    let mut done = BTreeSet::new();
    let mut faults = Vec::new();
    for (file, _) in sources {
        if done.contains(file.as_str()) {
            continue;
        }
        let reached = reached_from(&imports, file);
        let circle: BTreeSet<&str> =
            reached.into_iter().filter(|other| reached_from(&imports, other).contains(file.as_str())).collect();
        if circle.len() > LARGEST {
            faults.push(format!("{} files import each other: {circle:?}", circle.len()));
        }
        done.extend(circle);
    }
    faults
}

/// The files that a file reaches through imports; the file itself only if one of them leads back to it.
fn reached_from<'s>(imports: &BTreeMap<&'s str, BTreeSet<&'s str>>, file: &str) -> BTreeSet<&'s str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = imports.get(file).into_iter().flatten().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(imports.get(file).into_iter().flatten());
        }
    }
    reached
}

/// For each file, the other files that its paths lead to: the file of the longest module prefix of a path. Items that a
/// `mod.rs` re-exports count as items of the `mod.rs`.
fn imports(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let files: BTreeMap<Vec<&str>, &str> = sources.iter().map(|(path, _)| (module_path(path), path.as_str())).collect();
    let imports = sources.iter().map(|(path, text)| {
        let own = module_path(path);
        let code = code(text);
        let targets = paths(&code).into_iter().filter_map(|path| {
            let absolute = absolute(&own, &path)?;
            (0..=absolute.len()).rev().find_map(|length| files.get(&absolute[..length]).copied())
        });
        let targets = targets.filter(|target| *target != path).collect();
        (path.as_str(), targets)
    });
    imports.collect()
}

/// Every path that begins with `crate` or `super`, or with the name of a child in a `use`, with groups in braces
/// expanded.
fn paths(code: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for root in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            let is_within = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            // `pub(in crate::module)` is a visibility, not an import.
            let is_path = !before.is_some_and(is_within) && !code[..at].ends_with("(in ");
            if is_path && code[at + root.len()..].starts_with("::") {
                expand(&mut vec![root], &code[at + root.len() + 2..], &mut found);
            }
        }
    }
    // `pub use child::Item;` in a `mod.rs`.
    for (at, _) in code.match_indices("use ") {
        let path = &code[at + 4..];
        if !["crate::", "super::", "self::"].iter().any(|root| path.starts_with(root)) {
            expand(&mut vec!["self"], path, &mut found);
        }
    }
    found
}

/// Expands the path or group at the start of `rest`, prefixed by `path`.
fn expand<'c>(path: &mut Vec<&'c str>, rest: &'c str, found: &mut Vec<Vec<&'c str>>) {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    expand(&mut path.clone(), &group[start..at], found);
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    path.push(&rest[..end]);
    match rest[end..].strip_prefix("::") {
        Some(rest) if end > 0 => expand(path, rest, found),
        _ => found.push(path.clone()),
    }
}

/// The path from the root of the crate.
fn absolute<'c>(own: &[&'c str], path: &[&'c str]) -> Option<Vec<&'c str>> {
    let mut absolute = if path.first() == Some(&"crate") { Vec::new() } else { own.to_vec() };
    for name in path {
        match *name {
            "crate" | "self" | "" => {}
            "super" => drop(absolute.pop()?),
            name => absolute.push(name),
        }
    }
    Some(absolute)
}
