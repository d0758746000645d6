//! The stores in memory pass the suite.

use authly_directory::memory::MemoryDirectory;

async fn fresh() -> (MemoryDirectory, ()) {
    (MemoryDirectory::new(), ())
}

authly_storage_contract::suite!(fresh);
