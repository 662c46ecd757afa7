//! The number of names that a module of the crate exports, which are the names on its page of the documentation.

use super::{Source, code};

/// The maximum number of names that is still readable on a page.
const MOST: usize = 40;

/// Every module with more names on its page.
pub fn crowded(sources: &[Source]) -> Vec<String> {
    let pages = pages(sources).into_iter();
    let names = pages.map(|(page, names)| (page, names.len()));
    names.filter(|(_, names)| *names > MOST).map(|(page, names)| format!("{page} has {names} names")).collect()
}

/// The public modules, by their files, with the names that each exports.
pub fn pages(sources: &[Source]) -> Vec<(String, Vec<String>)> {
    let find = |path: &str| sources.iter().find(|(found, _)| found == path);
    let mut pages = Vec::new();
    let mut next = vec!["src/lib.rs".to_owned()];
    while let Some((path, text)) = next.pop().and_then(|path| find(&path)) {
        let names = names(&code(text));
        let folder =
            path.strip_suffix("/mod.rs").or(path.strip_suffix("/lib.rs")).unwrap_or(path.trim_end_matches(".rs"));
        for module in names.iter().filter_map(|name| name.strip_prefix("mod ")) {
            let places = [format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")];
            next.extend(places.into_iter().filter(|place| find(place).is_some()));
        }
        pages.push((path.clone(), names));
    }
    pages
}

/// The names that the code of a module exports; modules are prefixed with `mod `.
fn names(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    for line in code.lines() {
        let is_outer = !line.starts_with(' ');
        let Some(rest) = line.trim_start().strip_prefix("pub ") else { continue };
        // Macros indent the types that they declare; indented constants and functions belong to types.
        let keywords: &[&str] = if is_outer {
            &["struct", "enum", "trait", "type", "const fn", "const", "fn"]
        } else {
            &["struct", "enum", "trait"]
        };
        let item = keywords.iter().find_map(|keyword| rest.strip_prefix(keyword)?.strip_prefix(' '));
        if let Some(module) = rest.strip_prefix("mod ").filter(|_| is_outer) {
            names.push(format!("mod {}", name(module)));
        } else if let Some(item) = item {
            names.push(name(item));
        }
    }
    for tree in code.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()) {
        let group = tree.split_once('{').map_or(tree.rsplit("::").next(), |(_, group)| group.split('}').next());
        names.extend(
            group
                .into_iter()
                .flat_map(|group| group.split(','))
                .map(str::trim)
                .map(name)
                .filter(|name| !name.is_empty()),
        );
    }
    names.sort();
    names.dedup();
    names
}
