//! A description of a dump in a form common to both readers, and the comparison of two descriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub enum Value<'a> {
    None,
    Number(u128),
    Text(String),
    Bytes(&'a [u8]),
    /// Bytes that were read by address.
    Read(Vec<u8>),
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Number(number) => write!(f, "{number:#x}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bytes(bytes) => write!(f, "{} bytes {:02x?}", bytes.len(), &bytes[..bytes.len().min(16)]),
            Self::Read(bytes) => write!(f, "{bytes:02x?}"),
        }
    }
}

impl<'a> Value<'a> {
    /// A flag, or a number of any width.
    pub fn number(number: impl Into<u128>) -> Self {
        Self::Number(number.into())
    }

    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub fn numbers<T: fmt::Debug>(numbers: &[T]) -> Self {
        Self::Text(format!("{numbers:x?}"))
    }

    /// An optional number.
    pub fn maybe(number: Option<impl Into<u128>>) -> Self {
        number.map_or(Self::None, Self::number)
    }

    /// An optional text.
    pub fn maybe_text(text: Option<impl ToString>) -> Self {
        text.map_or(Self::None, Self::text)
    }
}

/// A thing in a dump with its fields; kinds are `thread`, `module` and so on.
#[derive(Debug)]
pub struct Item<'a> {
    pub kind: &'static str,
    pub key: String,
    pub fields: BTreeMap<String, Value<'a>>,
}

/// Everything that one reader reports about a dump, in its order.
#[derive(Debug, Default)]
pub struct Description<'a> {
    items: Vec<Item<'a>>,
    /// How often each key occurred.
    seen: BTreeMap<(&'static str, String), usize>,
}

impl<'a> Description<'a> {
    /// Adds an item; repeated keys are numbered.
    pub fn add(
        &mut self,
        kind: &'static str,
        key: impl ToString,
        fields: impl IntoIterator<Item = (impl ToString, Value<'a>)>,
    ) {
        let key = key.to_string();
        let seen = self.seen.entry((kind, key.clone())).or_insert(0);
        *seen += 1;
        let key = if *seen > 1 { format!("{key} again {seen}") } else { key };
        let fields = fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        self.items.push(Item { kind, key, fields });
    }

    /// Records that a list can be read, whatever it holds.
    pub fn list(&mut self, kind: &'static str) {
        self.add("list", kind, [("there", Value::Number(1))]);
    }

    fn by_key(&self) -> BTreeMap<(&'static str, &str), &Item<'a>> {
        self.items.iter().map(|item| ((item.kind, item.key.as_str()), item)).collect()
    }
}

/// A difference: kind and field. Instead of a field, `only ours`, `only theirs` or `order`.
pub type Difference = (&'static str, String);

/// Returns the differences, each with its count and an example, and how many fields were compared.
pub fn compare(ours: &Description<'_>, theirs: &Description<'_>) -> (BTreeMap<Difference, (usize, String)>, usize) {
    let mut differences: BTreeMap<Difference, (usize, String)> = BTreeMap::new();
    let mut differ = |kind: &'static str, field: &str, example: String| {
        differences.entry((kind, field.to_owned())).or_insert((0, example)).0 += 1;
    };
    let (by_key, their_key) = (ours.by_key(), theirs.by_key());
    let mut compared = 0;
    for (key, item) in &by_key {
        let Some(other) = their_key.get(key) else {
            differ(key.0, "only ours", format!("{item:x?}"));
            continue;
        };
        let names: BTreeSet<&String> = item.fields.keys().chain(other.fields.keys()).collect();
        for name in names {
            let (value, their_value) = (item.fields.get(name), other.fields.get(name));
            compared += 1;
            if value != their_value {
                differ(key.0, name, format!("{}: ours {value:?}, theirs {their_value:?}", key.1));
            }
        }
    }
    for (key, item) in &their_key {
        if !by_key.contains_key(key) {
            differ(key.0, "only theirs", format!("{item:x?}"));
        }
    }
    // Common items come in the same order.
    let common = |items: &[Item<'_>]| -> Vec<(&'static str, String)> {
        let both = |item: &&Item<'_>| {
            let key = (item.kind, item.key.as_str());
            by_key.contains_key(&key) && their_key.contains_key(&key)
        };
        items.iter().filter(both).map(|item| (item.kind, item.key.clone())).collect()
    };
    if let Some((our, their)) = common(&ours.items).into_iter().zip(common(&theirs.items)).find(|(a, b)| a != b) {
        differ(our.0, "order", format!("ours {our:?}, theirs {their:?}"));
    }
    (differences, compared)
}
