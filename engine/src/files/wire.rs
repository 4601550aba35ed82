//! Frames on a file's stream: read ahead and handed on in batches, so that a megabyte costs a few calls.
//!
//! Every wait has a deadline, every length is checked before anything is allocated for it. One task owns it.

use std::{ops::Range, time::Duration};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, FutureExt};
use juice_proto::{error::ProtoError, file::FileAsk, frame};
use tokio::time::timeout;

/// As much is read at a time as is there, up to this and a frame.
const BATCH: usize = 1024 * 1024;
/// How long the stream may give or take nothing.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// How a stream ended before its work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It closed or broke, or nothing came for too long.
    Lost,
    /// What came does not parse, or was not asked for.
    Nonsense,
}

impl From<std::io::Error> for Ended {
    fn from(_: std::io::Error) -> Self {
        Self::Lost
    }
}

impl From<ProtoError> for Ended {
    fn from(_: ProtoError) -> Self {
        Self::Nonsense
    }
}

/// Whole frames, and where each is among the bytes, without its length.
#[derive(Debug)]
pub(crate) struct Batch {
    pub bytes: Vec<u8>,
    pub frames: Vec<Range<usize>>,
}

/// See the module.
pub(crate) struct Wire<S> {
    stream: S,
    /// The beginning of a frame that is not whole yet.
    rest: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, rest: Vec::new() }
    }

    /// What is at the other end.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// The next frame as a word of who asks, within `patience` from its first byte to its last.
    pub async fn ask(&mut self, patience: Duration) -> Result<FileAsk, Ended> {
        let frame = timeout(patience, self.one()).await.map_err(|_| Ended::Lost)??;
        Ok(frame::decode(&frame)?)
    }

    /// One frame and no byte more.
    pub async fn one(&mut self) -> Result<Vec<u8>, Ended> {
        let mut header = [0; 4];
        self.read_exact(&mut header).await?;
        let mut bytes = vec![0; frame::length(header)?];
        self.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_exact(&mut self, mut into: &mut [u8]) -> Result<(), Ended> {
        let ahead = self.rest.len().min(into.len());
        let (front, back) = into.split_at_mut(ahead);
        for (to, from) in front.iter_mut().zip(self.rest.drain(..ahead)) {
            *to = from;
        }
        into = back;
        Ok(self.stream.read_exact(into).await?)
    }

    /// All whole frames that are there, at least one.
    pub async fn batch(&mut self) -> Result<Batch, Ended> {
        let rest = std::mem::take(&mut self.rest);
        let mut bytes = vec![0; BATCH + frame::MAX_FRAME + 4];
        bytes.get_mut(..rest.len()).unwrap_or_default().copy_from_slice(&rest);
        let (mut filled, mut parsed) = (rest.len(), 0);
        let mut frames = Vec::new();
        loop {
            while let Some(frame) = whole_frame(bytes.get(..filled).unwrap_or_default(), parsed)? {
                parsed = frame.end;
                frames.push(frame);
            }
            if filled >= BATCH && !frames.is_empty() {
                break;
            }
            let reading = self.stream.read(bytes.get_mut(filled..).unwrap_or_default());
            // What has come goes on at once; only an empty batch waits.
            let read = if frames.is_empty() {
                timeout(IDLE, reading).await.map_err(|_| Ended::Lost)??
            } else {
                match reading.now_or_never() {
                    Some(read) => read?,
                    None => break,
                }
            };
            if read == 0 {
                if frames.is_empty() {
                    return Err(Ended::Lost);
                }
                break;
            }
            filled += read;
        }
        bytes.truncate(filled);
        self.rest = bytes.get(parsed..).unwrap_or_default().to_vec();
        Ok(Batch { bytes, frames })
    }

    /// Writes a frame.
    pub async fn say<T: minicbor::Encode<()>>(&mut self, word: &T) -> Result<(), Ended> {
        let body = frame::encode(word);
        let mut bytes = frame::header(body.len())?.to_vec();
        bytes.extend(body);
        self.write(&bytes, |_| {}).await
    }

    /// Writes whole frames; `sent` hears of every piece that the stream took.
    pub async fn write(&mut self, mut bytes: &[u8], mut sent: impl FnMut(usize)) -> Result<(), Ended> {
        while !bytes.is_empty() {
            let taken = timeout(IDLE, self.stream.write(bytes)).await.map_err(|_| Ended::Lost)??;
            if taken == 0 {
                return Err(Ended::Lost);
            }
            sent(taken);
            bytes = bytes.get(taken..).unwrap_or_default();
        }
        timeout(IDLE, self.stream.flush()).await.map_err(|_| Ended::Lost)?.map_err(Into::into)
    }

    /// Ends the writing half, so that what was said last arrives.
    pub async fn close(mut self) {
        let _ = timeout(Duration::from_secs(2), async {
            let _ = self.stream.close().await;
            // Until the other side has gone too, or says more than it should.
            let _ = self.stream.read(&mut [0; 16]).await;
        })
        .await;
    }
}

/// The next frame at `at`; none while it is not whole.
fn whole_frame(bytes: &[u8], at: usize) -> Result<Option<Range<usize>>, ProtoError> {
    let Some((header, rest)) = bytes.get(at..).and_then(|rest| rest.split_first_chunk::<4>()) else { return Ok(None) };
    let length = frame::length(*header)?;
    Ok((rest.len() >= length).then(|| at + 4..at + 4 + length))
}

#[cfg(test)]
mod tests {
    use juice_proto::{file::FileAnswer, file::FileRefusal, id::MessageId};
    use tokio_util::compat::TokioAsyncReadCompatExt;

    use super::*;

    #[tokio::test]
    async fn frames_come_whole_however_they_are_cut() {
        let (near, far) = tokio::io::duplex(7);
        let (mut near, mut far) = (Wire::new(near.compat()), Wire::new(far.compat()));
        let words = [FileAsk::Whole(MessageId::new([1; 32])), FileAsk::Ready(MessageId::new([2; 32]))];
        let said = words.clone();
        let saying = tokio::spawn(async move {
            for word in &said {
                near.say(word).await.unwrap();
            }
            for _ in 0..3 {
                near.say(&FileAnswer::No(FileRefusal::Busy)).await.unwrap();
            }
            near.close().await;
        });
        for word in &words {
            assert_eq!(far.ask(IDLE).await.as_ref(), Ok(word));
        }
        let mut frames = 0;
        while let Ok(batch) = far.batch().await {
            for frame in &batch.frames {
                assert_eq!(frame::decode(&batch.bytes[frame.clone()]), Ok(FileAnswer::No(FileRefusal::Busy)));
                frames += 1;
            }
        }
        assert_eq!(frames, 3);
        drop(far);
        saying.await.unwrap();
    }

    #[tokio::test]
    async fn a_wrong_length_is_nonsense_and_a_byte_now_and_then_is_too_slow() {
        for length in [0u32, 96 * 1024 + 1, u32::MAX] {
            let (near, far) = tokio::io::duplex(64);
            let mut near = near.compat();
            near.write_all(&length.to_be_bytes()).await.unwrap();
            assert_eq!(Wire::new(far.compat()).batch().await.unwrap_err(), Ended::Nonsense, "{length}");
        }
        let (near, far) = tokio::io::duplex(64);
        tokio::spawn(async move {
            let mut near = near.compat();
            let word = frame::encode(&FileAsk::Whole(MessageId::new([1; 32])));
            for byte in frame::header(word.len()).unwrap().into_iter().chain(word) {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if near.write_all(&[byte]).await.is_err() {
                    break;
                }
            }
        });
        let begin = std::time::Instant::now();
        assert_eq!(Wire::new(far.compat()).ask(Duration::from_millis(500)).await, Err(Ended::Lost));
        assert!(begin.elapsed() < Duration::from_secs(1), "the whole word has one deadline");
    }
}
