//! What a toast counts, and the newest of it word by word, so that it can follow when its author mends or deletes it.

use std::collections::VecDeque;

/// Messages that are known one by one; nobody scrolls back in a toast.
const KNOWN: usize = 16;

/// The pieces of news in a toast.
#[derive(Clone, Debug, Default)]
pub struct Said {
    count: u32,
    /// The newest of them by id, oldest first, as they are shown.
    known: VecDeque<(String, String)>,
}

impl Said {
    /// News that nobody takes back.
    pub fn news() -> Self {
        Self { count: 1, known: VecDeque::new() }
    }

    /// A message.
    pub fn message(id: &str, body: &str) -> Self {
        Self { count: 1, known: VecDeque::from([(id.to_owned(), body.to_owned())]) }
    }

    pub fn count(&self) -> u32 {
        self.count
    }

    /// The newest message, as it stands.
    pub fn newest(&self) -> Option<&str> {
        self.known.back().map(|(_, body)| body.as_str())
    }

    /// More came.
    pub fn add(&mut self, more: Self) {
        self.count = self.count.saturating_add(more.count);
        self.known.extend(more.known);
        let surplus = self.known.len().saturating_sub(KNOWN);
        self.known.drain(..surplus);
    }

    /// A message has another text, or none any more. False where nothing of it is shown here.
    pub fn mend(&mut self, id: &str, body: Option<&str>) -> bool {
        let Some(at) = self.known.iter().position(|(known, _)| known == id) else { return false };
        match (body, self.known.get_mut(at)) {
            (Some(body), Some((_, shown))) if shown == body => return false,
            (Some(body), Some((_, shown))) => body.clone_into(shown),
            (Some(_), None) => return false,
            (None, _) => {
                self.known.remove(at);
                // Of those that are older than what is known there is nothing to show.
                self.count = if self.known.is_empty() { 0 } else { self.count.saturating_sub(1) };
            }
        }
        true
    }
}
