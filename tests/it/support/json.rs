//! A JSON reader for the facts about golden dumps. `serde_json` would add comparisons between numbers and its values to
//! this whole binary, after which the type of `[]` can no longer be inferred.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A value; a missing value is [`Json::Null`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Null,
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl Json {
    /// # Panics
    ///
    /// Panics if it is not JSON, or has anything that does not occur in the facts: booleans, signs, fractions.
    pub fn parse(bytes: &[u8]) -> Self {
        let mut rest = std::str::from_utf8(bytes).expect("it is UTF-8").chars().peekable();
        let value = value(&mut rest);
        space(&mut rest);
        assert_eq!(rest.next(), None, "trailing data after the value");
        value
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> &Self {
        let Self::Map(map) = self else { panic!("{self:?} has no keys") };
        map.get(key).unwrap_or(&Self::Null)
    }

    /// A number, or the hexadecimal number in a string.
    pub fn number(&self) -> u64 {
        let digits = |text: &str| text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => digits(text).unwrap_or_else(|| panic!("{text} is not a number")),
            other => panic!("{other:?} is not a number"),
        }
    }

    pub fn text(&self) -> &str {
        let Self::Text(text) = self else { panic!("{self:?} is not a string") };
        text
    }

    pub fn list(&self) -> &[Self] {
        let Self::List(list) = self else { panic!("{self:?} is not a list") };
        list
    }
}

type Rest<'a> = Peekable<Chars<'a>>;

fn space(rest: &mut Rest<'_>) {
    while rest.next_if(|c| c.is_ascii_whitespace()).is_some() {}
}

fn value(rest: &mut Rest<'_>) -> Json {
    space(rest);
    match rest.peek().copied() {
        Some('{') => {
            let entry = |rest: &mut Rest<'_>| {
                space(rest);
                let key = text(rest);
                space(rest);
                assert_eq!(rest.next(), Some(':'));
                (key, value(rest))
            };
            Json::Map(items(rest, '}', entry).into_iter().collect())
        }
        Some('[') => Json::List(items(rest, ']', value)),
        Some('"') => Json::Text(text(rest)),
        Some('n') => {
            assert!(rest.by_ref().take(4).eq("null".chars()), "only null has no quotes");
            Json::Null
        }
        _ => {
            let digits: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
            Json::Number(digits.parse().expect("it is a number"))
        }
    }
}

/// The comma-separated items up to the closing bracket.
fn items<T>(rest: &mut Rest<'_>, end: char, item: impl Fn(&mut Rest<'_>) -> T) -> Vec<T> {
    rest.next();
    let mut found = Vec::new();
    space(rest);
    while rest.next_if_eq(&end).is_none() {
        if !found.is_empty() {
            assert_eq!(rest.next(), Some(','));
        }
        found.push(item(rest));
        space(rest);
    }
    found
}

fn text(rest: &mut Rest<'_>) -> String {
    assert_eq!(rest.next(), Some('"'));
    let mut text = String::new();
    loop {
        match rest.next().expect("the text has an end") {
            '"' => return text,
            '\\' => text.push(match rest.next() {
                Some('u') => {
                    let digits: String = rest.take(4).collect();
                    let number = u32::from_str_radix(&digits, 16).ok();
                    number.and_then(char::from_u32).expect("a character that is not a surrogate")
                }
                Some('n') => '\n',
                Some(c @ ('\\' | '"' | '/')) => c,
                other => panic!("{other:?} after a backslash"),
            }),
            c => text.push(c),
        }
    }
}
