//! How much room there is for what a test run builds.

use std::path::Path;
use std::process::Command;

use crate::{process, workspace};

/// What a run from nothing takes at most, in GiB: without incremental builds (`CI`) half of it.
const WANTED: u64 = 25;

/// Says so where the disk may be too small: what fails then fails late, and for a reason that is hard to see.
pub(crate) fn look() {
    if let Some(free) = free(&workspace::root()).filter(|free| *free < WANTED) {
        eprintln!(
            "warning: {free} GiB are free, and a run from nothing takes up to {WANTED} (half of that with CI=true); `cargo clean` makes room"
        );
    }
}

/// GiB that are free where that folder is; nothing where `df` does not tell.
fn free(folder: &Path) -> Option<u64> {
    let told = process::output(Command::new("df").arg("-Pk").arg(folder)).ok()?;
    available(&told)
}

/// The fourth column of the last line, in KiB, as POSIX has it.
fn available(told: &str) -> Option<u64> {
    let kib: u64 = told.lines().last()?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib / 1024 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_df_tells_is_read() {
        let told =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 264212084 17044212 79691776 18% /\n";
        assert_eq!(available(told), Some(76));
        assert_eq!(available("df: no such file"), None);
        assert!(free(Path::new("/")).is_some());
    }
}
