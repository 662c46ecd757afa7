//! The state behind the page: one dump, and the answer to the last question.

use std::error::Error;
use std::io::Write;

use serde::Serialize;
use userdump::redump::{Redump, Report};
use userdump::{Dump, OwnedDump};

use crate::choices::options;
use crate::contents::Contents;
use crate::leaving::Leaving;
use crate::strings::Strings;

/// One dump, and the buffers that the page and the module share.
#[derive(Default)]
pub struct Page {
    input: Vec<u8>,
    dump: Option<OwnedDump<Vec<u8>>>,
    output: Vec<u8>,
}

impl Page {
    /// Returns an input buffer of this size; `None` if there is not enough memory.
    pub fn input(&mut self, size: usize) -> Option<&mut [u8]> {
        self.input = zeroed(size)?;
        Some(&mut self.input)
    }

    /// Returns the answer, or the error message, of the last call.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Calls `work`, and stores what it returns as the output. Returns 0, or 1 for an error.
    pub fn answer(&mut self, work: impl FnOnce(&mut Self) -> Result<Vec<u8>, String>) -> u32 {
        // The buffer of the last answer may be as large as the dump.
        self.output = Vec::new();
        let (output, status) = match work(self) {
            Ok(output) => (output, 0),
            Err(message) => (message.into_bytes(), 1),
        };
        self.output = output;
        status
    }

    /// Opens the input as a dump, and returns its [`Contents`].
    ///
    /// # Errors
    ///
    /// Why the input is not a dump.
    pub fn open(&mut self) -> Result<Vec<u8>, String> {
        self.dump = None;
        let dump = OwnedDump::new(std::mem::take(&mut self.input)).map_err(|error| chain(&error))?;
        let answer = json(&Contents::of(&dump.dump()))?;
        self.dump = Some(dump);
        Ok(answer)
    }

    /// Plans a result with the options in the input, and returns what is [`Leaving`] with it.
    ///
    /// # Errors
    ///
    /// Why the options are wrong, or why there is no such result.
    pub fn plan(&mut self) -> Result<Vec<u8>, String> {
        let words = self.words()?;
        json(&Leaving::of(&self.dump()?, &options(&words)?)?)
    }

    /// Returns a result with the options in the input.
    ///
    /// # Errors
    ///
    /// Why the options are wrong, or why there is no such result.
    pub fn write(&mut self) -> Result<Vec<u8>, String> {
        let words = self.words()?;
        let dump = self.dump()?;
        let redump = Redump::new(&dump, &options(&words)?).map_err(|error| chain(&error))?;
        let mut result = Vec::new();
        let size = usize::try_from(redump.size()).ok();
        if size.is_none_or(|size| result.try_reserve_exact(size).is_err()) {
            let size = redump.size();
            return Err(format!(
                "a page does not get the {size} bytes of memory that the result needs; use the program redump"
            ));
        }
        write(redump, &mut result)?;
        Ok(result)
    }

    /// Returns the readable text in a result with the options in the input.
    ///
    /// # Errors
    ///
    /// Those of [`Page::write`].
    pub fn strings(&mut self) -> Result<Vec<u8>, String> {
        json(&Strings::of(&self.write()?))
    }

    fn words(&mut self) -> Result<String, String> {
        String::from_utf8(std::mem::take(&mut self.input)).map_err(|_| "the options are not UTF-8".to_owned())
    }

    fn dump(&self) -> Result<Dump<'_>, String> {
        Ok(self.dump.as_ref().ok_or("no dump is open")?.dump())
    }
}

/// Writes a result. The module has this code once, and not once for each type of sink.
///
/// # Errors
///
/// Why the result cannot be written.
pub fn write(redump: Redump<'_>, sink: &mut dyn Write) -> Result<Report, String> {
    redump.write_to(sink).map_err(|error| chain(&error))
}

/// Returns so many zeros; `None` if there is not enough memory.
fn zeroed(size: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).ok()?;
    bytes.resize(size, 0);
    Some(bytes)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, String> {
    serde_json::to_vec(value).map_err(|error| error.to_string())
}

/// Returns an error and the chain of its causes.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
