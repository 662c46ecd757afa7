//! The readable text in a result, for a look at it before it leaves.

use std::collections::BTreeMap;

use serde::Serialize;

/// The fewest characters of a string. Shorter ones are mostly numbers that happen to be readable.
const SHORTEST: usize = 6;
/// The most strings that are returned, and the most characters of each.
const MOST: usize = 5000;
const LONGEST: usize = 300;
/// The number of strings at which the search stops. The rest is counted as not searched.
const LIMIT: usize = 200_000;

/// The strings of a result, those that look like something of a person first.
#[derive(Serialize)]
pub struct Strings {
    /// How many different strings there are.
    count: u64,
    /// True if there are more than this search stores.
    stopped: bool,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    kind: Kind,
    /// How often it occurs.
    times: u64,
    text: String,
}

/// What a string looks like.
#[derive(Clone, Copy, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// It has a folder.
    Path,
    /// An address of mail or of the web.
    Address,
    /// It has a name and a value, like environment variables.
    Variable,
    Other,
}

impl Strings {
    /// Finds runs of printable ASCII characters, in 8 and in 16 bits.
    pub fn of(bytes: &[u8]) -> Self {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        let mut stopped = false;
        let mut add = |run: &[u8]| {
            if run.len() >= SHORTEST && is_text(run) {
                let text = String::from_utf8_lossy(run.get(..LONGEST).unwrap_or(run)).into_owned();
                if found.len() < LIMIT || found.contains_key(&text) {
                    *found.entry(text).or_default() += 1;
                } else {
                    stopped = true;
                }
            }
        };
        bytes.split(|byte| !is_printable(*byte)).for_each(&mut add);
        for odd in [0, 1] {
            let units = bytes.get(odd..).unwrap_or_default().chunks_exact(2);
            let mut run = Vec::new();
            for unit in units {
                match unit {
                    [byte, 0] if is_printable(*byte) => run.push(*byte),
                    _ if run.is_empty() => {}
                    _ => {
                        add(&run);
                        run.clear();
                    }
                }
            }
            add(&run);
        }
        let count = found.len() as u64;
        let mut rows: Vec<Row> =
            found.into_iter().map(|(text, times)| Row { kind: Kind::of(&text), times, text }).collect();
        rows.sort_by(|a, b| (a.kind, &a.text).cmp(&(b.kind, &b.text)));
        rows.truncate(MOST);
        Self { count, stopped, rows }
    }
}

impl Kind {
    fn of(text: &str) -> Self {
        let parts = |separator: char| text.split(separator).filter(|part| part.len() > 1).count();
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_()".contains(c));
        match text.split_once('=') {
            _ if text.contains("://") => Self::Address,
            _ if text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) => {
                Self::Address
            }
            Some((name, value)) if is_name(name) && !value.is_empty() => Self::Variable,
            _ if text.contains(":\\") || text.starts_with("\\\\") || text.starts_with('/') => Self::Path,
            _ if parts('\\') > 1 || parts('/') > 2 => Self::Path,
            _ => Self::Other,
        }
    }
}

fn is_printable(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte)
}

/// False for code and tables that happen to be printable: text consists mostly of letters, digits and what paths need.
fn is_text(run: &[u8]) -> bool {
    let usual = run.iter().filter(|byte| byte.is_ascii_alphanumeric() || b" ._-:\\/=".contains(byte)).count();
    let differ = run.iter().any(|byte| Some(byte) != run.first());
    differ && usual * 4 >= run.len() * 3
}

#[cfg(test)]
mod tests {
    use super::{Kind, Strings};

    #[test]
    fn text_is_found_in_both_widths() {
        let mut bytes =
            b"\0\x01C:\\Users\\anna\\x.txt\0short\0\xffPATH=/bin:/usr/bin\0anna@example.org\xff\xff".to_vec();
        let wide = "command --secret";
        bytes.extend(wide.encode_utf16().flat_map(u16::to_le_bytes));
        // At an odd position, and a second time.
        bytes.extend([0xff, 0xff, 0xff]);
        bytes.extend(wide.encode_utf16().flat_map(u16::to_le_bytes));
        let strings = Strings::of(&bytes);
        let rows: Vec<_> = strings.rows.iter().map(|row| (row.text.as_str(), row.times)).collect();
        let wanted = [
            ("C:\\Users\\anna\\x.txt", 1),
            ("anna@example.org", 1),
            ("PATH=/bin:/usr/bin", 1),
            ("command --secret", 2),
        ];
        assert_eq!(rows, wanted);
        assert!(strings.rows.iter().map(|row| row.kind).eq([Kind::Path, Kind::Address, Kind::Variable, Kind::Other]));
        assert_eq!((strings.count, strings.stopped), (4, false));
    }

    #[test]
    fn noise_is_not_text() {
        assert_eq!(Strings::of(b"\0aaaaaaaa\0#!$%&()*\0").count, 0);
    }
}
