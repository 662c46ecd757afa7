//! The full user dump (`USERDUMP` or `USERDU64`), the old format of the debugger's `/f`.

mod check;
mod dump;
mod modules;
mod regions;
mod stored;
mod threads;
mod version;

pub use dump::FullUserDump;
pub use modules::{UserModule, UserModules};
pub use regions::{StoredRegion, StoredRegions};
pub use threads::{UserException, UserThread, UserThreadList, UserThreads};
pub use version::{VersionInformation, VersionTextPairs, VersionTexts};
