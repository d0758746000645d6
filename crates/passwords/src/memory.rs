//! The blocks that argon2 works in, kept by each thread from one hash to the next.

use argon2::Block;
use zeroize::Zeroize as _;

/// A thread's working memory.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    /// The most blocks (KiB) that are kept; hashes that need more are rare imports.
    const KEPT: usize = 20 * 1024;

    /// So many blocks; their content is overwritten before it is read.
    pub(crate) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.release();
            self.0.resize(count, Block::new());
        }
        self.0.get_mut(..count).unwrap_or_default()
    }

    /// Gives back what a rare, large hash needed.
    pub(crate) fn shrink(&mut self) {
        if self.0.len() > Self::KEPT {
            self.release();
        }
    }

    /// Wipes and gives back everything.
    pub(crate) fn release(&mut self) {
        self.0.iter_mut().for_each(|block| block.zeroize());
        self.0 = Vec::new();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.release();
    }
}
