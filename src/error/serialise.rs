//! Errors are serialised as what they say.

use serde::{Serialize, Serializer};

use crate::error::ReadError;

impl Serialize for ReadError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
