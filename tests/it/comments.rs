//! Comment streams: the whole stream is text, in 8-bit characters or UTF-16.

use std::borrow::Cow;

use libtest_mimic::Trial;
use userdump::read::FromStream;
use userdump::read::text::{CommentA, CommentW};
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Shape, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        a_comment_in_8_bits_is_the_whole_stream,
        nuls_at_the_end_are_left_out_of_the_text,
        invalid_utf8_is_shown_as_replacements,
        a_comment_in_utf16_is_the_whole_stream,
        nuls_at_the_end_of_utf16_are_left_out_of_the_text,
        an_odd_size_leaves_the_last_byte_of_utf16_out,
        a_truncated_comment_keeps_the_bytes_present,
        a_comment_outside_the_file_is_an_error,
    ]
}

fn a_comment_in_8_bits_is_the_whole_stream() {
    for text in ["", "x", "*** procdump -ma 1234\n*** just testing"] {
        let dump = |_| Dump::new().comment_a(text).comment_w("other");
        in_every_form(dump, |dump, _| {
            let comment: CommentA<'_> = view(dump).expect("it is valid");
            assert_eq!((comment.as_bytes(), comment.to_string().as_str()), (text.as_bytes(), text));
            assert!(matches!(comment.to_string_lossy(), Cow::Borrowed(found) if found == text));
        });
    }
}

fn nuls_at_the_end_are_left_out_of_the_text() {
    for (text, expected) in [("a\0", "a"), ("a\0\0\0", "a"), ("a\0b\0", "a\0b"), ("\0\0", ""), ("\0a", "\0a")] {
        let dump = |_| Dump::new().comment_a(text);
        in_every_form(dump, |dump, _| {
            let comment: CommentA<'_> = view(dump).expect("it is valid");
            assert_eq!((comment.as_bytes(), comment.trim_end_nul()), (text.as_bytes(), expected.as_bytes()));
            assert_eq!((comment.to_string().as_str(), comment.to_string_lossy().as_ref()), (expected, expected));
        });
    }
}

fn invalid_utf8_is_shown_as_replacements() {
    for (bytes, expected) in [
        (b"caf\xe9".as_slice(), "caf\u{fffd}"),
        (b"\xff\xfea\0", "\u{fffd}\u{fffd}a"),
        (b"a\xf0\x9f\x98", "a\u{fffd}"),
        ("é😀".as_bytes(), "é😀"),
    ] {
        let dump = |_| Dump::new().raw(kind::COMMENT_A, bytes);
        in_every_form(dump, |dump, _| {
            let comment: CommentA<'_> = view(dump).expect("it is valid");
            assert_eq!((comment.to_string().as_str(), comment.to_string_lossy().as_ref()), (expected, expected));
            assert_eq!(comment.as_bytes(), bytes, "the bytes are unchanged");
        });
    }
}

fn a_comment_in_utf16_is_the_whole_stream() {
    for text in ["", "x", "just testing", "é😀"] {
        let dump = |_| Dump::new().comment_a("other").comment_w(text);
        in_every_form(dump, |dump, _| {
            let comment: CommentW<'_> = view(dump).expect("it is valid");
            assert_eq!(comment.to_string(), text);
            assert!(comment.text() == text && comment.text().is_valid());
        });
    }
    let bytes = Dump::new().comment_w("é").big_endian().build();
    assert_eq!(view::<CommentW<'_>>(&open(&bytes)).map(|comment| comment.text().as_bytes()), Ok([0, 0xe9].as_slice()));
}

fn nuls_at_the_end_of_utf16_are_left_out_of_the_text() {
    for (text, expected) in [("a\0", "a"), ("a\0\0\0", "a"), ("a\0b\0", "a\0b"), ("\0", "")] {
        let dump = |_| Dump::new().comment_w(text);
        in_every_form(dump, |dump, _| {
            let comment: CommentW<'_> = view(dump).expect("it is valid");
            assert_eq!(comment.to_string(), expected);
            assert_eq!(comment.text().to_string_lossy(), text, "the text itself has them");
        });
    }
}

fn an_odd_size_leaves_the_last_byte_of_utf16_out() {
    for form in Form::ALL {
        let odd = form.record(|bytes| {
            bytes.utf16("ab").u8(b'c');
        });
        let bytes = form.build(Dump::new().raw(kind::COMMENT_W, odd));
        let dump = open(&bytes);
        let comment: CommentW<'_> = view(&dump).expect("it is valid");
        assert_eq!((comment.to_string().as_str(), comment.text().is_valid()), ("ab", false));
        assert_eq!(comment.text().as_bytes().len(), 5);
    }
}

fn a_truncated_comment_keeps_the_bytes_present() {
    let shape = || Shape::usual().data_size(100);
    let bytes = Dump::new().comment_a("abc").shape(kind::COMMENT_A, shape()).build();
    assert_eq!(view::<CommentA<'_>>(&open(&bytes)).map(|comment| comment.to_string()), Ok("abc".to_owned()));
    let bytes = Dump::new().comment_w("abc").shape(kind::COMMENT_W, shape()).build();
    assert_eq!(view::<CommentW<'_>>(&open(&bytes)).map(|comment| comment.to_string()), Ok("abc".to_owned()));
}

fn a_comment_outside_the_file_is_an_error() {
    let shape = || Shape::usual().rva(0x7fff_ffff);
    let dump = |_| {
        let dump = Dump::new().comment_a("abc").comment_w("ab");
        dump.shape(kind::COMMENT_A, shape()).shape(kind::COMMENT_W, shape())
    };
    in_every_form(dump, |dump, _| {
        let missing = |needed| ReadError::Truncated { what: "stream", offset: 0x7fff_ffff, needed, available: 0 };
        assert_eq!(view::<CommentA<'_>>(dump).err(), Some(missing(3)));
        assert_eq!(view::<CommentW<'_>>(dump).err(), Some(missing(4)));
    });
}

fn view<'a, T: FromStream<'a>>(dump: &Minidump<'a>) -> Result<T, ReadError> {
    dump.stream().map(|stream| stream.expect("it is present"))
}
