//! The differences, from which the text and the JSON are generated.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An item that is different in the two dumps, or that only one of them has.
#[derive(Debug)]
pub struct Difference {
    /// The part of the dump: `modules`, `memory`, ...
    pub section: &'static str,
    /// The item of that part.
    pub item: String,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    OnlyFirst,
    OnlySecond,
    /// The names of the fields that differ, each with both values.
    Changed(Vec<(String, [String; 2])>),
}

impl Difference {
    /// Returns the lines of text: one for the item, then one for each field.
    pub fn lines(&self) -> Vec<String> {
        let item = &self.item;
        match &self.kind {
            Kind::OnlyFirst => vec![format!("- {item}")],
            Kind::OnlySecond => vec![format!("+ {item}")],
            Kind::Changed(fields) => {
                let field = |(name, [first, second]): &(String, [String; 2])| format!("    {name}: {first} | {second}");
                [format!("! {item}")].into_iter().chain(fields.iter().map(field)).collect()
            }
        }
    }

    pub fn json(&self) -> Value {
        let (kind, fields) = match &self.kind {
            Kind::OnlyFirst => ("only in the first", &[][..]),
            Kind::OnlySecond => ("only in the second", &[][..]),
            Kind::Changed(fields) => ("differs", fields.as_slice()),
        };
        let fields: Vec<Value> =
            fields.iter().map(|(name, values)| json!({ "name": name, "values": values })).collect();
        json!({ "section": self.section, "item": self.item, "kind": kind, "fields": fields })
    }
}

/// The names and values of the fields by which two items are compared.
pub type Facts = BTreeMap<String, String>;

/// Compares the items of two dumps by their keys; items with the same key are matched in their order. If an item has a field
/// `name`, this name is printed after the key.
pub fn items(section: &'static str, both: [Vec<(String, Facts)>; 2]) -> Vec<Difference> {
    let [mut first, mut second] = both.map(numbered);
    let mut keys: Vec<(String, usize)> = first.keys().chain(second.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let pairs = keys.into_iter().map(|key| {
        let pair = (first.remove(&key), second.remove(&key));
        (key.0, pair)
    });
    let differences = pairs.filter_map(|(key, pair)| {
        let name = pair.0.as_ref().or(pair.1.as_ref()).and_then(|facts| facts.get("name"));
        let name = name.and_then(|name| name.rsplit(['\\', '/']).next()).unwrap_or_default();
        let item = format!("{key} {name}").trim_end().to_owned();
        Some(Difference { section, item, kind: kind(pair)? })
    });
    differences.collect()
}

fn kind(pair: (Option<Facts>, Option<Facts>)) -> Option<Kind> {
    match pair {
        (Some(first), Some(second)) => {
            let changed = changed(&first, &second);
            (!changed.is_empty()).then_some(Kind::Changed(changed))
        }
        (Some(_), None) => Some(Kind::OnlyFirst),
        (None, _) => Some(Kind::OnlySecond),
    }
}

/// Returns the fields that have different values, or that only one side has.
fn changed(first: &Facts, second: &Facts) -> Vec<(String, [String; 2])> {
    let names: std::collections::BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let value = |facts: &Facts, name: &String| facts.get(name).map_or("none".to_owned(), String::clone);
    let values = names.into_iter().map(|name| (name.clone(), [value(first, name), value(second, name)]));
    values.filter(|(_, [first, second])| first != second).collect()
}

fn numbered(items: Vec<(String, Facts)>) -> BTreeMap<(String, usize), Facts> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let items = items.into_iter().map(|(key, facts)| {
        let count = counts.entry(key.clone()).or_default();
        *count += 1;
        ((key, *count), facts)
    });
    items.collect()
}
