//! Long work in pieces: how many rows at a time, how long a write may take where others wait for it, and the rest behind each
//! piece. So are rows brought in and taken back, and the tokens and API keys that hang on them brought in.

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

/// How a piece is written.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// Whether it matters how long it takes.
    learns: bool,
    gap: Option<Duration>,
}

/// What the writing of a piece took.
#[derive(Clone, Copy)]
pub(super) struct Took {
    /// The write itself, where that matters.
    time: Option<Duration>,
    /// How long the next one was held back.
    held_back: Duration,
}

impl Took {
    /// Nothing was written.
    pub(super) const NOTHING: Self = Self { time: None, held_back: Duration::ZERO };
}

impl Manner {
    /// Writes, and lets others write after it.
    pub(super) async fn write<T: Tools, R>(self, tools: &T, write: impl Future<Output = R>) -> (R, Took) {
        let began = self.learns.then(|| tools.clock().now());
        let done = write.await;
        let time = began.map(|began| tools.clock().now().since(began));
        if let Some(gap) = self.gap {
            tools.pause(gap).await;
        }
        (done, Took { time, held_back: self.gap.unwrap_or_default() })
    }
}

impl Pieces {
    pub(super) fn new<T: Tools>(tools: &T, pace: Pace, most: u32) -> Self {
        let turn = tools.target().turn();
        Self {
            stride: Stride::new(pace.most_rows(most, turn), turn.map(|turn| turn.write)),
            gap: turn.map(|turn| turn.gap),
            rests: Rests::new(pace, tools),
        }
    }

    /// Rows of the next piece.
    pub(super) fn rows(&self) -> usize {
        self.rests.rows(self.stride.rows())
    }

    /// How many rows to read at a time, of so many.
    pub(super) fn page(&self, rows: u32) -> u32 {
        self.rests.page(rows)
    }

    /// Whether the next piece is read and decided while one is written.
    pub(super) const fn works_ahead(&self) -> bool {
        self.rests.works_ahead()
    }

    /// How it is written.
    pub(super) const fn manner(&self) -> Manner {
        Manner { learns: self.stride.learns(), gap: self.gap }
    }

    /// Learns from a piece of so many rows that was written, or of none that was not.
    pub(super) fn took(&mut self, rows: Option<usize>, took: Took) {
        self.rests.held_back(took.held_back);
        if let (Some(rows), Some(time)) = (rows, took.time) {
            self.stride.took(rows, time);
        }
    }

    /// Writes so many rows, and lets others write after it.
    pub(super) async fn write<T: Tools, R>(&mut self, tools: &T, rows: usize, write: impl Future<Output = R>) -> R {
        let (done, took) = self.manner().write(tools, write).await;
        self.took(Some(rows), took);
        done
    }

    /// Rests behind a piece.
    pub(super) async fn rest<T: Tools>(&mut self, tools: &T) {
        self.rests.rest(tools, Duration::ZERO).await;
    }

    /// The rests themselves.
    pub(super) const fn rests(&mut self) -> &mut Rests {
        &mut self.rests
    }
}
