//! What was asked for on a stream and has not come: anything else is nonsense.

use std::ops::Range;

use juice_proto::{
    file::{FileAnswer, FileRefusal, Run},
    frame,
};

use crate::files::{part::Sealed, wire::Ended};

/// The chunks that were asked for and have not come: they come in this order and no other.
pub(super) struct Asked {
    runs: std::vec::IntoIter<Run>,
    now: Run,
}

impl Asked {
    pub fn new(runs: Vec<Run>) -> Self {
        let mut asked = Self { runs: runs.into_iter(), now: Run { first: 0, count: 0 } };
        asked.turn();
        asked
    }

    fn turn(&mut self) {
        if self.now.count == 0
            && let Some(next) = self.runs.next()
        {
            self.now = next;
        }
    }

    pub fn is_done(&self) -> bool {
        self.now.count == 0
    }

    /// The chunks of a batch, and a refusal behind them.
    pub fn take(&mut self, bytes: &[u8], frames: &[Range<usize>]) -> Result<(Vec<Sealed>, Option<FileRefusal>), Ended> {
        let mut chunks = Vec::with_capacity(frames.len());
        for frame in frames {
            let body = bytes.get(frame.clone()).unwrap_or_default();
            match frame::decode::<FileAnswer<'_>>(body)? {
                FileAnswer::Chunk(index, sealed) => {
                    if self.is_done() || index != self.now.first {
                        return Err(Ended::Nonsense);
                    }
                    self.now = Run { first: index + 1, count: self.now.count - 1 };
                    self.turn();
                    // The sealed bytes are the end of the frame.
                    chunks.push(Sealed { index, place: frame.end - sealed.len()..frame.end });
                }
                FileAnswer::No(refusal) => return Ok((chunks, Some(refusal))),
                FileAnswer::Noted => return Err(Ended::Nonsense),
            }
        }
        Ok((chunks, None))
    }
}
