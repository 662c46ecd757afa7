//! `/proc/self/status` and other text files about the process.

use core::iter::FusedIterator;

use crate::read::text::utf8::Utf8;

use crate::read::linux::fields::{Field, fields, value};

text_streams! {
    /// `/proc/self/status`: the state of the process, with one field per line.
    LinuxProcStatus(LINUX_PROC_STATUS);
    /// `/proc/self/stat`: the state of the process, as numbers in a single line; named by LLVM.
    LinuxProcStat(LINUX_PROC_STAT);
    /// `/proc/uptime`: the uptime and the idle time of the machine, in seconds; named by LLVM.
    LinuxProcUptime(LINUX_PROC_UPTIME);
    /// The open files of the process, in an undocumented text format; named by LLVM.
    LinuxProcFd(LINUX_PROC_FD);
}

impl<'a> LinuxProcStatus<'a> {
    /// The fields in file order. The parts of a value may be separated by tabs.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'a>> + FusedIterator + Clone + use<'a> {
        fields(self.text(), b':')
    }

    /// The value of the first field with this key, such as `VmPeak`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Utf8<'a>> {
        value(self.fields(), key)
    }

    /// The process ID; `None` if the file does not contain it.
    #[must_use]
    pub fn process_id(&self) -> Option<u64> {
        self.get("Pid")?.decimal()
    }
}
