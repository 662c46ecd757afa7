//! The common interface of dumps of every format: modules, threads, the exception, and what is at an address.

mod crash;
mod images;
mod places;
mod process;

use libtest_mimic::Trial;

pub fn trials() -> Vec<Trial> {
    [crash::trials(), images::trials(), places::trials(), process::trials()].into_iter().flatten().collect()
}
