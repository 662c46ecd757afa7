//! The files in `/proc/PID`.

use std::fs::{self, File};
use std::path::PathBuf;

pub struct Proc {
    process_id: i32,
}

impl Proc {
    pub const fn new(process_id: i32) -> Self {
        Self { process_id }
    }

    pub const fn process_id(&self) -> i32 {
        self.process_id
    }

    pub fn path(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.process_id).into()
    }

    pub fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.path(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub fn open(&self, name: &str) -> Result<File, String> {
        let path = self.path(name);
        File::open(&path).map_err(|error| format!("{}: {error}", path.display()))
    }
}
