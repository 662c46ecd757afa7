//! Exceptions: one stream each, of which there may be several.

use libtest_mimic::Trial;
use userdump::{Minidump, ReadError};

use crate::support::forms::{Form, in_every_form, open};
use crate::support::trials;
use crate::synth::{Dump, Exception, Part, Shape, Thread, kind};

pub fn trials() -> Vec<Trial> {
    trials![
        an_exception_has_the_fields_of_the_file,
        parameters_are_as_many_as_are_counted_and_15_at_most,
        several_exceptions_come_in_the_order_of_the_directory,
        one_broken_exception_does_not_affect_the_others,
        an_exception_has_its_own_context_or_that_of_its_thread,
        an_exception_that_is_cut_is_an_error,
    ]
}

fn an_exception_has_the_fields_of_the_file() {
    let exception = Exception {
        thread: 7,
        code: 0xc000_0005,
        flags: 1,
        record: 0x1_0000_0002,
        address: 0xffff_ffff_a500_100c,
        parameters: 2,
        information: std::array::from_fn(|word| 0xffff_ffff_9000_0000 + word as u64),
        alignment: [5, 6],
        context: Part::At(8, 9),
    };
    in_every_form(
        |_| Dump::new().exception(exception.clone()),
        |dump, _| {
            let exception = first(dump).expect("it is sound");
            let (thread, code, address) = (exception.thread_id(), exception.code(), exception.address());
            assert_eq!((thread, code, address), (7, 0xc000_0005, 0xffff_ffff_a500_100c));
            assert_eq!(exception.parameters(), [0xffff_ffff_9000_0000, 0xffff_ffff_9000_0001]);
            let raw = exception.raw();
            assert_eq!((raw.alignment, raw.exception_record.alignment), (5, 6));
            let record = raw.exception_record;
            assert_eq!((record.exception_flags, record.exception_record), (1, 0x1_0000_0002));
            assert_eq!((record.number_parameters, record.exception_information[14]), (2, 0xffff_ffff_9000_000e));
            assert_eq!((raw.thread_context.data_size, raw.thread_context.rva), (8, 9));
        },
    );
}

fn parameters_are_as_many_as_are_counted_and_15_at_most() {
    for (counted, expected) in [(0, 0), (1, 1), (14, 14), (15, 15), (16, 15), (0x7fff_ffff, 15), (u32::MAX, 15)] {
        let information = std::array::from_fn(|word| 100 + word as u64);
        let exception = || Exception { parameters: counted, information, ..Exception::default() };
        in_every_form(
            |_| Dump::new().exception(exception()),
            |dump, _| {
                let exception = first(dump).expect("it is sound");
                assert_eq!(exception.parameters(), &information[..expected]);
                assert_eq!(exception.raw().exception_record.number_parameters, counted);
            },
        );
    }
}

fn several_exceptions_come_in_the_order_of_the_directory() {
    let exception = |thread, code| Exception { thread, code, ..Exception::default() };
    let dump = |_| {
        let dump = Dump::new().exception(exception(9, 1)).thread(Thread::new(7)).exception(exception(7, 2));
        dump.unused(1).exception(exception(9, 3))
    };
    in_every_form(dump, |dump, _| {
        let found: Vec<_> = dump.exceptions().map(|it| it.map(|it| (it.thread_id(), it.code()))).collect();
        assert_eq!(found, [Ok((9, 1)), Ok((7, 2)), Ok((9, 3))]);
        assert_eq!(first(dump).map(|it| it.code()), Ok(1));
    });
    let bytes = Dump::new().thread(Thread::new(7)).build();
    assert_eq!(open(&bytes).exceptions().count(), 0);
}

fn one_broken_exception_does_not_affect_the_others() {
    let exception = |code| Exception { code, ..Exception::default() };
    for form in Form::ALL {
        let mut bytes = form.build(Dump::new().exception(exception(1)).exception(exception(2)));
        // The position of the first stream.
        bytes[32 + 8..32 + 12].fill(0xff);
        let missing =
            ReadError::Truncated { what: "MINIDUMP_EXCEPTION_STREAM", offset: 0xffff_ffff, needed: 168, available: 0 };
        let found: Vec<_> = open(&bytes).exceptions().map(|it| it.map(|it| it.code())).collect();
        assert_eq!(found, [Err(missing), Ok(2)]);
    }
}

fn an_exception_has_its_own_context_or_that_of_its_thread() {
    let with = |context: Part| Exception { context, ..Exception::new(7, 1, 2) };
    let dump = |_| {
        let dump = Dump::new().thread(Thread::new(7).context([1; 20])).exception(with(Part::ContextOf(7)));
        dump.exception(with([2; 9].into())).exception(with(Part::None)).exception(with(Part::At(4, u32::MAX)))
    };
    in_every_form(dump, |dump, _| {
        let context = |exception: Result<userdump::read::Exception<'_>, _>| -> Result<Option<Vec<u8>>, ReadError> {
            Ok(exception?.context()?.map(|context| context.as_bytes().to_vec()))
        };
        let found: Vec<_> = dump.exceptions().map(context).collect();
        let missing = ReadError::Truncated { what: "CONTEXT", offset: 0xffff_ffff, needed: 4, available: 0 };
        assert_eq!(found, [Ok(Some(vec![1; 20])), Ok(Some(vec![2; 9])), Ok(None), Err(missing)]);
    });
}

fn an_exception_that_is_cut_is_an_error() {
    for size in [0, 1, 100, 167] {
        let shape = Shape::usual().data_size(size);
        let dump = |_| Dump::new().exception(Exception::default()).shape(kind::EXCEPTION, shape.clone());
        in_every_form(dump, |dump, facts| {
            let offset = facts.stream(6).expect("it is there").rva.0;
            let what = "MINIDUMP_EXCEPTION_STREAM";
            let error = ReadError::Truncated { what, offset, needed: 168, available: size.into() };
            assert_eq!(first(dump).map(|_| ()), Err(error));
        });
    }
    // A longer stream is valid.
    let shape = Shape::usual().data_size(172);
    let dump = |_| {
        Dump::new().exception(Exception { code: 5, ..Exception::default() }).shape(6, shape.clone()).raw(99, [0; 4])
    };
    in_every_form(dump, |dump, _| assert_eq!(first(dump).map(|it| it.code()), Ok(5)));
}

fn first<'a>(dump: &Minidump<'a>) -> Result<userdump::read::Exception<'a>, ReadError> {
    dump.stream().map(|stream| stream.expect("it is there"))
}
