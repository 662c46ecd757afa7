//! `/proc/self/status` and other files about the process that are text.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::{Field, fields, value};

text_streams! {
    /// `/proc/self/status`: the state of the process, a field in each line.
    LinuxProcStatus(LINUX_PROC_STATUS);
    /// `/proc/self/stat`: the state of the process, figures in one line; named by LLVM.
    LinuxProcStat(LINUX_PROC_STAT);
    /// `/proc/uptime`: how long the machine had been running and idle, in seconds; named by LLVM.
    LinuxProcUptime(LINUX_PROC_UPTIME);
    /// The open files of the process; named by LLVM, and the form of the text is not documented.
    LinuxProcFd(LINUX_PROC_FD);
}

impl<'a> LinuxProcStatus<'a> {
    /// The fields, in the order of the file; tabs may separate the parts of a value.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        fields(self.text(), b':')
    }

    /// The value of the first field with this key: `VmPeak`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Utf8<'a>> {
        value(self.fields(), key)
    }

    /// The id of the process; `None` if the file does not say.
    #[must_use]
    pub fn process_id(&self) -> Option<u64> {
        self.get("Pid")?.decimal()
    }
}
