//! Long work in pieces: how many rows at a time, how long a write may take where others wait for it, and the rest behind each
//! piece. The import has the same for the batches that it decides ahead; here is what takes rows back, and what brings in the
//! tokens and API keys that hang on them.

use std::{future::Future, time::Duration};

use authly_cutover::store::CutoverStore as _;
use oauth_core::services::Clock as _;

use super::{
    Tools,
    pace::{Pace, Rests},
    stride::Stride,
};

/// The pieces of one piece of work.
pub(super) struct Pieces {
    stride: Stride,
    /// How long the next write holds back where others wait for the one before.
    gap: Option<Duration>,
    rests: Rests,
}

impl Pieces {
    pub(super) fn new<T: Tools>(tools: &T, pace: Pace, most: u32) -> Self {
        let turn = tools.target().turn();
        Self {
            stride: Stride::new(pace.most_rows(most, turn), turn.map(|turn| turn.write)),
            gap: turn.map(|turn| turn.gap),
            rests: Rests::new(pace, tools.clock().now()),
        }
    }

    /// Rows of the next piece.
    pub(super) fn rows(&self) -> usize {
        self.stride.rows()
    }

    /// Writes so many rows, and lets others write after it.
    pub(super) async fn write<T: Tools, R>(&mut self, tools: &T, rows: usize, write: impl Future<Output = R>) -> R {
        let began = self.stride.learns().then(|| tools.clock().now());
        let done = write.await;
        if let Some(began) = began {
            self.stride.took(rows, tools.clock().now().since(began));
        }
        if let Some(gap) = self.gap {
            tools.pause(gap).await;
            self.rests.held_back(gap);
        }
        done
    }

    /// Rests behind a piece.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T) {
        self.rests.rest(tools, Duration::ZERO).await;
    }
}
