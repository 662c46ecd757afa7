//! Turns ordinary functions into trials.

use libtest_mimic::{Completion, Failed, Trial};

use super::{Shared, holes};

/// Lists functions as trials named after their module: `trials![a, b]` in `header` gives `header::a` and `header::b`.
///
/// A function that takes `&Shared` is ignored, with the reason, if the shared files are not available.
macro_rules! trials {
    ($($test:ident),* $(,)?) => {
        vec![$($crate::support::trial::Test::trial($test, concat!(module_path!(), "::", stringify!($test)))),*]
    };
}
pub(crate) use trials;

/// A function that can be listed. `Input` only distinguishes the two kinds.
pub trait Test<Input> {
    /// Makes a trial of it; `path` starts with the name of the binary, which is omitted from the trial's name.
    fn trial(self, path: &str) -> Trial;
}

impl<F: FnOnce() + Send + 'static> Test<()> for F {
    fn trial(self, path: &str) -> Trial {
        Trial::test(within_crate(path), move || {
            self();
            Ok(())
        })
    }
}

impl<F: FnOnce(&Shared) + Send + 'static> Test<Shared> for F {
    fn trial(self, path: &str) -> Trial {
        shared_trial(within_crate(path), self)
    }
}

/// A test that says whether this system can run it.
impl<F: FnOnce() -> Completion + Send + 'static> Test<Completion> for F {
    fn trial(self, path: &str) -> Trial {
        Trial::ignorable_test(within_crate(path), move || Ok(self()))
    }
}

fn within_crate(path: &str) -> &str {
    path.split_once("::").map_or(path, |(_, rest)| rest)
}

/// A trial of files with holes that are too large to be mapped with 32-bit addresses. It is ignored, with the reason, where
/// addresses have 32 bits and where files cannot have holes.
pub fn trial_of_large_file(name: impl Into<String>, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        if cfg!(not(target_pointer_width = "64")) {
            return Ok(Completion::ignored_with("no mapping is so long"));
        }
        if !holes::are_supported() {
            return Ok(Completion::ignored_with("files cannot have holes here"));
        }
        test();
        Ok(Completion::Completed)
    })
}

/// A trial that needs the shared files, for tests that are made in a loop (one per file, for example).
pub fn shared_trial(name: impl Into<String>, test: impl FnOnce(&Shared) + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || -> Result<Completion, Failed> {
        let Some(shared) = Shared::from_environment() else {
            return Ok(Completion::ignored_with("USERDUMP_SHARED is not set"));
        };
        test(&shared);
        Ok(Completion::Completed)
    })
}
