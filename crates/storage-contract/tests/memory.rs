//! The stores in memory pass the suite.

use authly_directory::memory::MemoryDirectory;

async fn fresh() -> (MemoryDirectory, ()) {
    (MemoryDirectory::new(), ())
}

authly_storage_contract::suite!(fresh);

async fn fresh_target() -> (authly_cutover::memory::MemoryTarget, ()) {
    (authly_cutover::memory::MemoryTarget::new(), ())
}

authly_storage_contract::cutover_suite!(fresh_target);
