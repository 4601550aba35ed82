//! Whether there is to be a small window: the one with the other's picture, above all else, while the large one is away.
//!
//! It comes when it is asked for, and by itself where a call with pictures goes on and the large window is not to be
//! seen; whoever closes it means no, as long as that call lasts. Owned by the desk. Plain data: no clock, no window.

use std::collections::HashMap;

use juice_engine::view::{CallStage, CallView, Event, Shows};
use serde::Deserialize;
use ts_rs::TS;

/// What a page wishes of the small window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum SmallWish {
    /// Open it, and let the person use it.
    Open,
    /// Close it, and not by itself again in this call.
    Close,
    /// Close it, and bring the large one up.
    Back,
    /// It follows the pointer from here on, until the button is let go of.
    Move,
}

/// What to do about it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `focused`: the person asked for it. Otherwise they type elsewhere, and go on.
    Open {
        focused: bool,
    },
    Close,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Small {
    /// Those in which somebody talks, and what of it.
    calls: HashMap<String, Seen>,
    /// By whom it was opened; none while there is none.
    open: Option<By>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// There is something to see in it.
    has_pictures: bool,
    is_refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Itself,
    Person,
}

impl Small {
    /// Starts anew from everything there is.
    pub fn load(&mut self, calls: &[CallView]) {
        self.calls.retain(|id, _| calls.iter().any(|call| call.id == *id));
        calls.iter().for_each(|call| self.take(call));
    }

    /// Takes in one event.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about calls")]
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::CallChanged { call } => self.take(call),
            Event::CallEnded { call, .. } => drop(self.calls.remove(call)),
            _ => {}
        }
    }

    fn take(&mut self, call: &CallView) {
        if call.talking_since_ms.is_none() || call.stage == CallStage::Incoming {
            self.calls.remove(&call.id);
            return;
        }
        let is_shown = call.shows == Shows::Camera || call.people.iter().any(|person| person.shows != Shows::Nothing);
        self.calls.entry(call.id.clone()).or_default().has_pictures = is_shown && !call.held;
    }

    /// Whether it matters that the large window is to be seen or not.
    pub fn cares(&self) -> bool {
        self.open.is_some() || self.calls.values().any(Seen::comes_by_itself)
    }

    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// What is to be done, where the large window is to be seen or not.
    pub fn settle(&mut self, large_is_seen: bool) -> Option<Change> {
        match self.open {
            Some(By::Itself) if large_is_seen => self.close(),
            Some(_) if self.calls.is_empty() => self.close(),
            None if !large_is_seen && self.cares() => {
                self.open = Some(By::Itself);
                Some(Change::Open { focused: false })
            }
            Some(By::Itself | By::Person) | None => None,
        }
    }

    /// A person asks for it.
    pub fn open(&mut self) -> Option<Change> {
        if self.calls.is_empty() {
            return None;
        }
        self.open = Some(By::Person);
        Some(Change::Open { focused: true })
    }

    /// A person wants it no more, or goes back to the large one: then it may come again.
    pub fn end(&mut self, is_refused: bool) -> Option<Change> {
        self.calls.values_mut().for_each(|call| call.is_refused |= is_refused);
        self.close()
    }

    fn close(&mut self) -> Option<Change> {
        self.open.take().map(|_| Change::Close)
    }
}

impl Seen {
    fn comes_by_itself(&self) -> bool {
        self.has_pictures && !self.is_refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, shows: Shows) -> CallView {
        let mut call = CallView::with_one(id, "bob", CallStage::Talking);
        (call.talking_since_ms, call.shows) = (Some(1.0), shows);
        call
    }

    fn hearing(small: &mut Small, call: CallView) {
        small.apply(&Event::CallChanged { call });
    }

    #[test]
    fn it_comes_by_itself_without_the_focus_and_goes_when_the_large_one_is_back() {
        let mut small = Small::default();
        assert_eq!(small.settle(false), None, "there is no call");
        hearing(&mut small, call("a", Shows::Nothing));
        assert_eq!(small.settle(false), None, "nobody shows anything");
        hearing(&mut small, call("a", Shows::Camera));
        assert_eq!(small.settle(true), None, "the large one is there");
        assert_eq!(small.settle(false), Some(Change::Open { focused: false }));
        assert_eq!(small.settle(false), None, "once is enough");
        assert_eq!(small.settle(true), Some(Change::Close));
        assert_eq!(small.settle(false), Some(Change::Open { focused: false }), "and every time anew");
    }

    #[test]
    fn it_stays_where_the_pictures_end_and_goes_with_the_call() {
        let mut small = Small::default();
        hearing(&mut small, call("a", Shows::Camera));
        small.settle(false);
        hearing(&mut small, call("a", Shows::Nothing));
        assert_eq!(small.settle(false), None, "they may come again");
        small.load(&[]);
        assert_eq!(small.settle(false), Some(Change::Close));
        assert!(!small.cares());
    }

    #[test]
    fn who_closes_it_is_not_asked_again_in_this_call() {
        let mut small = Small::default();
        hearing(&mut small, call("a", Shows::Camera));
        small.settle(false);
        assert_eq!(small.end(true), Some(Change::Close));
        assert_eq!((small.settle(false), small.cares()), (None, false));
        hearing(&mut small, call("a", Shows::Camera));
        assert_eq!(small.settle(false), None, "it is the same call");
        assert_eq!(small.open(), Some(Change::Open { focused: true }), "but a person may ask");
        small.end(false);
        hearing(&mut small, call("b", Shows::Camera));
        assert_eq!(small.settle(false), Some(Change::Open { focused: false }), "another call");
    }

    #[test]
    fn one_that_was_asked_for_stays_beside_the_large_one() {
        let mut small = Small::default();
        assert_eq!(small.open(), None, "of what?");
        hearing(&mut small, call("a", Shows::Camera));
        assert_eq!(small.open(), Some(Change::Open { focused: true }));
        assert_eq!((small.settle(true), small.settle(false)), (None, None));
        assert_eq!(small.end(false), Some(Change::Close), "back to the large one");
        assert_eq!(small.settle(false), Some(Change::Open { focused: false }), "which was no refusal");
    }

    #[test]
    fn what_rings_or_is_held_brings_none() {
        let mut small = Small::default();
        hearing(&mut small, CallView::with_one("a", "bob", CallStage::Incoming));
        let mut held = call("b", Shows::Camera);
        held.held = true;
        hearing(&mut small, held);
        assert_eq!(small.settle(false), None);
    }
}
