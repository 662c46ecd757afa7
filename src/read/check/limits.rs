//! What today's debugger (10.0.29507) refuses or ignores although it can be read.

use crate::format::StreamType;
use crate::format::handle::HandleOperation;
use crate::format::header::DirectoryEntry;
use crate::format::module::UnloadedModuleListHeader;
use crate::format::thread::ThreadInfoListHeader;
use crate::read::check::finding::FindingCode;
use crate::read::check::state::{Check, Place};
use crate::read::raw_stream::RawStream;
use crate::read::streams::Stream;

impl<'a> Check<'a, '_> {
    /// Compares a stream with the limits of today's debugger. Other debuggers do not have these limits.
    pub(crate) fn limits(&mut self, stream: &RawStream<'a>, place: Place, decoded: Option<&Stream<'a>>) {
        self.before_directory_end(stream, place);
        let is_short = |size: u64, count: u64| count > 0 && size < HandleOperation::SIZE as u64;
        let code = match decoded {
            Some(Stream::UnloadedModuleList(list)) if list.declared_len() > UnloadedModuleListHeader::MAX_ENTRIES => {
                FindingCode::TooManyUnloadedModules
            }
            Some(Stream::ThreadInfoList(list)) if list.declared_len() > ThreadInfoListHeader::MAX_ENTRIES => {
                FindingCode::TooManyThreadInfos
            }
            Some(Stream::HandleOperationList(list)) if is_short(list.entry_size(), list.declared_len()) => {
                FindingCode::HandleOperationsShort
            }
            _ => return,
        };
        self.report(code, Place::stream(stream), None);
    }

    /// Reports only one such stream. The end of a truncated directory is unknown.
    fn before_directory_end(&mut self, stream: &RawStream<'a>, place: Place) {
        let header = self.dump.header();
        let directory = u64::from(header.number_of_streams).saturating_mul(DirectoryEntry::SIZE as u64);
        let end = u64::from(header.stream_directory_rva).saturating_add(directory);
        let is_before =
            stream.stream_type() != StreamType::UNUSED && stream.declared_size() > 0 && stream.offset() < end;
        if is_before && !self.is_before_directory_end && self.dump.directory().fault().is_none() {
            self.is_before_directory_end = true;
            self.report(FindingCode::StreamBeforeDirectoryEnd, place, None);
        }
    }
}
