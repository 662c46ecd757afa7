//! Converts records of 64-bit processes to their 32-bit form, if the values fit.

use crate::error::{Item, WriteError};
use crate::format::full_user_dump::{
    CrashModule32, CrashModule64, CrashThread32, CrashThread64, ExceptionDebugEvent32, ExceptionDebugEvent64,
    ExceptionRecord32, MemoryBasicInformation32, UsermodeCrashdumpHeader32, UsermodeCrashdumpHeader64,
};
use crate::format::{ExceptionRecord, MemoryInfo};
use crate::write::cursor::rva;
use crate::write::encode::{Encode, fit32};

use crate::write::full_user_dump::names::{CONTEXT, EVENT, MODULE, RANGE, REGION, THREAD, VERSION};

/// A record with a different form for 32-bit processes. Padding that the narrow form lacks is dropped.
pub(super) trait Narrow: Encode {
    type Narrow: Encode;

    /// Returns the narrow form; `item` is used in errors.
    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError>;
}

/// The first address whose upper half is the sign extension of its lower half.
const SIGN_EXTENDED: u64 = 0xFFFF_FFFF_8000_0000;

/// Returns the lower half of an address whose upper half is zero or a sign extension.
fn address(value: u64, item: Item) -> Result<u32, WriteError> {
    if value <= u32::MAX.into() || value >= SIGN_EXTENDED {
        Ok(low_half(value))
    } else {
        Err(WriteError::InvalidInput { item, reason: "an address or a word in it has more than 32 bits" })
    }
}

fn low_half(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

impl Narrow for UsermodeCrashdumpHeader64 {
    type Narrow = UsermodeCrashdumpHeader32;

    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError> {
        let position = |name, offset| rva(offset, Item { name, index: None });
        Ok(UsermodeCrashdumpHeader32 {
            signature: self.signature,
            major_version: self.major_version,
            minor_version: self.minor_version,
            machine_image_type: self.machine_image_type,
            thread_count: self.thread_count,
            module_count: self.module_count,
            memory_region_count: self.memory_region_count,
            thread_offset: position(CONTEXT, self.thread_offset)?,
            module_offset: position(MODULE, self.module_offset)?,
            data_offset: position(RANGE, self.data_offset)?,
            memory_region_offset: position(REGION, self.memory_region_offset)?,
            debug_event_offset: position(EVENT, self.debug_event_offset)?,
            thread_state_offset: position(THREAD, self.thread_state_offset)?,
            version_info_offset: position(VERSION, self.version_info_offset)?,
            spare: address(self.spare, item)?,
        })
    }
}

impl Narrow for CrashThread64 {
    type Narrow = CrashThread32;

    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError> {
        let mut spare = [0; 7];
        for (narrow, wide) in spare.iter_mut().zip(self.spare) {
            *narrow = address(wide, item)?;
        }
        Ok(CrashThread32 {
            thread_id: self.thread_id,
            suspend_count: self.suspend_count,
            priority_class: self.priority_class,
            priority: self.priority,
            teb: address(self.teb, item)?,
            spare,
        })
    }
}

impl Narrow for CrashModule64 {
    type Narrow = CrashModule32;

    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError> {
        Ok(CrashModule32 {
            base_of_image: address(self.base_of_image, item)?,
            size_of_image: self.size_of_image,
            image_name_length: self.image_name_length,
        })
    }
}

impl Narrow for MemoryInfo {
    type Narrow = MemoryBasicInformation32;

    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError> {
        Ok(MemoryBasicInformation32 {
            base_address: address(self.base_address, item)?,
            allocation_base: address(self.allocation_base, item)?,
            allocation_protect: self.allocation_protect,
            region_size: fit32(item, self.region_size, "bytes")?,
            state: self.state,
            protect: self.protect,
            memory_type: self.memory_type,
        })
    }
}

impl Narrow for ExceptionDebugEvent64 {
    type Narrow = ExceptionDebugEvent32;

    fn narrow(self, item: Item) -> Result<Self::Narrow, WriteError> {
        Ok(ExceptionDebugEvent32 {
            debug_event_code: self.debug_event_code,
            process_id: self.process_id,
            thread_id: self.thread_id,
            exception_record: exception(&self.exception_record, item)?,
            first_chance: self.first_chance,
        })
    }
}

/// Parameters beyond the number of parameters may have any value, so only their lower halves are kept.
fn exception(wide: &ExceptionRecord, item: Item) -> Result<ExceptionRecord32, WriteError> {
    let mut exception_information = [0; 15];
    let parameters = exception_information.iter_mut().zip(wide.exception_information);
    for ((narrow, wide), valid) in parameters.zip((0..).map(|index: u32| index < wide.number_parameters)) {
        *narrow = if valid { address(wide, item)? } else { low_half(wide) };
    }
    Ok(ExceptionRecord32 {
        exception_code: wide.exception_code,
        exception_flags: wide.exception_flags,
        exception_record: address(wide.exception_record, item)?,
        exception_address: address(wide.exception_address, item)?,
        number_parameters: wide.number_parameters,
        exception_information,
    })
}
