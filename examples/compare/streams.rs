//! Compares which streams two minidumps have, and the contents of streams that the other modules do not compare.

use std::collections::{BTreeMap, BTreeSet};

use userdump::format::stream::Relocation;
use userdump::format::{RvaWidth, StreamType};
use userdump::read::handle::{Handle, HandleData};
use userdump::read::references::parts;
use userdump::read::system::SystemInfo;
use userdump::read::{Minidump, RawStream};

use crate::difference::{Difference, Facts, Kind, items};
use crate::told::printable;

/// The field of `MINIDUMP_SYSTEM_INFO` with the RVA of the service pack, which is not compared.
const SERVICE_PACK_AT: std::ops::Range<usize> = 24..28;

pub fn differences(both: [&Minidump<'_>; 2]) -> Vec<Difference> {
    let mut found = items("handles", both.map(handles));
    let [first, second] = both.map(by_type);
    let types: BTreeSet<StreamType> = first.keys().chain(second.keys()).copied().collect();
    for stream_type in types {
        let [first, second] = [&first, &second].map(|it| it.get(&stream_type).map_or(&[][..], Vec::as_slice));
        for index in 0..first.len().max(second.len()) {
            let kind = match (first.get(index), second.get(index)) {
                (Some(first), Some(second)) => changed(first, second),
                (Some(_), None) => Some(Kind::OnlyFirst),
                (None, _) => Some(Kind::OnlySecond),
            };
            let item = stream_type.to_string();
            found.extend(kind.map(|kind| Difference { section: "streams", item, kind }));
        }
    }
    found
}

fn by_type<'a>(dump: &Minidump<'a>) -> BTreeMap<StreamType, Vec<RawStream<'a>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for stream in dump.raw_streams().filter(|stream| stream.stream_type() != StreamType::UNUSED) {
        found.entry(stream.stream_type()).or_default().push(stream);
    }
    found
}

fn changed(first: &RawStream<'_>, second: &RawStream<'_>) -> Option<Kind> {
    let (mine, other) = (contents(first), contents(second));
    let mut fields = Vec::new();
    if mine.len() != other.len() {
        fields.push(("size".to_owned(), [mine.len(), other.len()].map(|size| size.to_string())));
    }
    if let Some(at) = mine.iter().zip(&other).position(|(mine, other)| mine != other) {
        let byte = |bytes: &[u8]| bytes.get(at).map_or(String::new(), |byte| format!("{byte:02x}"));
        fields.push((format!("first at {at:#x}"), [byte(&mine), byte(&other)]));
    }
    let texts = [first, second].map(|stream| stream.view::<SystemInfo<'_>>().ok().map(|info| service_pack(&info)));
    if let [Some(mine), Some(other)] = texts {
        if first.stream_type() == StreamType::SYSTEM_INFO && mine != other {
            fields.push(("service pack".to_owned(), [mine, other]));
        }
    }
    (!fields.is_empty()).then_some(Kind::Changed(fields))
}

fn service_pack(info: &SystemInfo<'_>) -> String {
    let text = info.csd_version().ok().flatten();
    text.map_or(String::new(), |text| printable(&text.to_string()))
}

/// Returns the bytes of a stream and of all that it refers to, with zeros instead of RVAs. Returns no bytes for streams whose
/// records are compared by other modules.
fn contents(stream: &RawStream<'_>) -> Vec<u8> {
    if stream.stream_type() == StreamType::SYSTEM_INFO {
        let mut bytes = stream.bytes().to_vec();
        if let Some(position) = bytes.get_mut(SERVICE_PACK_AT) {
            position.fill(0);
        }
        return bytes;
    }
    if stream.stream_type().row().relocation == Relocation::Viewed {
        return Vec::new();
    }
    let Ok(found) = parts(stream) else { return stream.bytes().to_vec() };
    // By file offset, because a part may contain other parts.
    let fields =
        found.parts.iter().flat_map(|part| part.references.iter().map(|it| (part.offset + it.position, it.width)));
    let fields: BTreeMap<u64, RvaWidth> = fields.collect();
    let mut contents = Vec::new();
    for part in &found.parts {
        let start = contents.len();
        contents.extend_from_slice(part.bytes);
        for (position, width) in fields.range(part.offset..part.offset + part.bytes.len() as u64) {
            let at = start + (position - part.offset) as usize;
            let end = contents.len().min(at + width.bytes() as usize);
            contents[at..end].fill(0);
        }
    }
    contents
}

fn handles(dump: &Minidump<'_>) -> Vec<(String, Facts)> {
    let text = |text: Result<Option<userdump::read::text::Utf16<'_>>, _>| match text {
        Ok(text) => text.map(|text| printable(&text.to_string())),
        Err(error) => Some(format!("({error})")),
    };
    let handle = |handle: Handle<'_>| {
        let raw = handle.raw().descriptor;
        let objects = handle.object_information().filter_map(Result::ok);
        let objects: Vec<String> = objects.map(|it| format!("{}: {:02x?}", it.raw.info_type, it.bytes)).collect();
        let facts = [
            ("type", text(handle.type_name())),
            ("name", text(handle.object_name())),
            ("attributes", Some(format!("{:#x}", raw.attributes))),
            ("access", Some(format!("{:#x}", raw.granted_access))),
            ("handles", Some(raw.handle_count.to_string())),
            ("pointers", Some(raw.pointer_count.to_string())),
            ("object information", (!objects.is_empty()).then(|| objects.join(", "))),
        ];
        let facts = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        (format!("{:#x}", handle.value()), facts.collect())
    };
    dump.list::<HandleData<'_>>().into_iter().map(handle).collect()
}
