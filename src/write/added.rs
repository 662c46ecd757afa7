//! Checks the records that were added.

use alloc::vec::Vec;

use crate::error::{Item, WriteError};
use crate::format::context::ContextLayout;

use crate::write::records::Lists;

/// What `plan` needs to know about the records that were added.
#[derive(Debug, Default)]
pub(super) struct Added {
    /// The first mistake.
    fault: Option<WriteError>,
    /// The layouts of all contexts, each once.
    layouts: Vec<ContextLayout>,
    pub(super) has_misc_info: bool,
}

impl Added {
    pub(super) fn fail(&mut self, fault: WriteError) {
        self.fault.get_or_insert(fault);
    }

    pub(super) fn invalid(&mut self, name: &'static str, reason: &'static str) {
        self.fail(WriteError::InvalidInput { item: Item { name, index: None }, reason });
    }

    pub(super) fn layout(&mut self, layout: &ContextLayout) {
        if !self.layouts.iter().any(|known| known.name == layout.name) {
            self.layouts.push(*layout);
        }
    }

    /// Reports the first mistake, or a context that does not belong to the processor of the system information.
    pub(super) fn check(&mut self, lists: &Lists<'_>) -> Result<(), WriteError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let Some((system, _)) = lists.system_infos.first() else { return Ok(()) };
        let known = system.processor_architecture.processor().contexts;
        match self.layouts.iter().find(|layout| !known.iter().any(|known| known.name == layout.name)) {
            Some(layout) => {
                let item = Item { name: layout.name, index: None };
                let reason = "a context of this layout does not belong to the processor of the system information";
                Err(WriteError::InvalidInput { item, reason })
            }
            None => Ok(()),
        }
    }
}
