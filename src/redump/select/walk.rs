use crate::redump::report::Report;

use crate::redump::select::presets::Ground;
use crate::redump::select::wanted::Wanted;

pub(super) fn walk(_wanted: &mut Wanted<'_, '_>, _ground: &Ground<'_, '_>, _report: &mut Report) {}
