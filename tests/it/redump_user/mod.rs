//! Full user dumps as sources and as results of re-encoding.

mod debuggers;
mod differences;
mod facts;
mod full;
mod hostile;
mod losses;
mod options;
mod round_trip;
mod shrink;

use libtest_mimic::Trial;
use userdump::redump::{Engine, Options, Report, redump};
use userdump::{Dump, RedumpError};

pub fn trials() -> Vec<Trial> {
    [
        debuggers::trials(),
        differences::trials(),
        full::trials(),
        hostile::trials(),
        options::trials(),
        round_trip::trials(),
        shrink::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Re-encodes with the debugger's words for options, even if debuggers would reject the result.
fn redumped(source: &[u8], options: &str) -> Result<(Vec<u8>, Report), RedumpError> {
    redumped_as(Engine::default(), source, options)
}

fn redumped_as(engine: Engine, source: &[u8], options: &str) -> Result<(Vec<u8>, Report), RedumpError> {
    let options = Options::parse_as(engine, options)?.forced();
    let mut out = Vec::new();
    let report = redump(&Dump::parse(source)?, &options, &mut out)?;
    assert_eq!(report.size, out.len() as u64, "the size in the report");
    Ok((out, report))
}
