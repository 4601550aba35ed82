//! When it rings: what is told of calls, and of me, becomes what is to be heard before a call is answered; and a chime when
//! somebody comes into a group or leaves it.
//!
//! The engine rings and not the page, so that a hidden window, or none, rings too. Who is busy hears nobody call; beside
//! a call that goes on it rings softly. Owned by [`super::Talks`]; the bell has a thread of its own.

use std::collections::HashMap;

use juice_proto::view::{Availability, CallStage, CallView, Event};

use super::{close, sound::Sound};
use crate::audio::{Bell, Pull, Tone};

/// How loud it rings into a call that is going on.
const BESIDE: f32 = 0.3;

/// See the module. Dropping it ends the ringing.
#[derive(Default)]
pub(super) struct Ringing {
    bell: Option<Bell>,
    calls: HashMap<String, Stand>,
    busy: bool,
    /// What is to be heard once.
    chime: Option<Tone>,
}

/// What of a call is to be heard.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stand {
    stage: CallStage,
    held: bool,
    /// How many others talk in it.
    talkers: usize,
}

impl Ringing {
    /// Takes in an event; says whether it is about this at all.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about calls")]
    pub fn overhear(&mut self, event: &Event) -> bool {
        match event {
            Event::CallChanged { call: CallView { id, stage, held, people, .. } } => {
                let talkers = people.iter().filter(|person| talks(person.stage)).count();
                let stand = Stand { stage: *stage, held: *held, talkers };
                let before = self.calls.insert(id.clone(), stand);
                // The first one is the answer, and the last one the end; neither needs a sound.
                self.chime = match before.map_or(0, |before| before.talkers) {
                    0 => None,
                    before if before < talkers => Some(Tone::Joined),
                    before if before > talkers && talkers > 0 => Some(Tone::Left),
                    _ => None,
                };
                before != Some(stand)
            }
            Event::CallEnded { call, .. } => self.calls.remove(call).is_some(),
            Event::MeChanged { me } => {
                let busy = me.availability == Availability::Busy;
                std::mem::replace(&mut self.busy, busy) != busy
            }
            _ => false,
        }
    }

    /// Rings, or stops ringing, as things stand. `beside` where there is a call that no event tells of.
    pub fn settle(&mut self, sound: &Sound, beside: bool) {
        let pull = self.wanted(beside).filter(|_| sound.settings.sounds).map(|(tone, loudness)| Pull {
            tone,
            loudness,
            speaker: sound.bell(),
        });
        if pull.is_some() || self.bell.is_some() {
            self.bell.get_or_insert_default().ring(pull);
        }
        if let Some(tone) = self.chime.take().filter(|_| sound.settings.sounds) {
            let speaker = sound.bell();
            self.bell.get_or_insert_default().chime(Pull { tone, loudness: BESIDE, speaker });
        }
    }

    /// What is to be heard, and how loud.
    fn wanted(&self, beside: bool) -> Option<(Tone, f32)> {
        let is_theirs = |stand: &Stand| stand.stage == CallStage::Incoming;
        if self.calls.values().any(is_theirs) && !self.busy {
            let talks = beside || !self.calls.values().all(is_theirs);
            return Some((Tone::Ring, if talks { BESIDE } else { 1.0 }));
        }
        let rings_there = |stand: &Stand| stand.stage == CallStage::Ringing && !stand.held;
        self.calls.values().any(rings_there).then_some((Tone::RingBack, 1.0))
    }
}

fn talks(stage: CallStage) -> bool {
    matches!(stage, CallStage::Talking | CallStage::Connecting | CallStage::Reconnecting)
}

impl Drop for Ringing {
    fn drop(&mut self) {
        // Its last sound is still on its way to the loudspeaker.
        self.bell.take().into_iter().for_each(close);
    }
}

#[cfg(test)]
mod tests {
    use juice_proto::view::{CallPerson, EndReason, MeView};

    use super::*;

    fn changed(id: &str, stage: CallStage, held: bool) -> Event {
        Event::CallChanged { call: CallView { held, ..CallView::with_one(id, "bob", stage) } }
    }

    fn ended(id: &str) -> Event {
        Event::CallEnded { call: id.into(), buddy: "bob".into(), reason: EndReason::Missed }
    }

    fn me(availability: Availability) -> Event {
        let (id, name, server, status_text) = ("me".into(), "alice".into(), String::new(), String::new());
        Event::MeChanged {
            me: MeView { id, name, server, availability, status_text, privacy: Default::default(), groups: Vec::new() },
        }
    }

    fn after(events: &[Event]) -> Option<(Tone, f32)> {
        let mut ringing = Ringing::default();
        for event in events {
            ringing.overhear(event);
        }
        ringing.wanted(false)
    }

    const RING: Option<(Tone, f32)> = Some((Tone::Ring, 1.0));
    const BACK: Option<(Tone, f32)> = Some((Tone::RingBack, 1.0));

    #[test]
    fn it_rings_from_the_call_to_the_answer_or_the_end() {
        let comes = changed("a", CallStage::Incoming, false);
        assert_eq!(after(std::slice::from_ref(&comes)), RING);
        assert_eq!(after(&[comes.clone(), changed("a", CallStage::Connecting, false)]), None);
        assert_eq!(after(&[comes, ended("a")]), None);
    }

    #[test]
    fn it_rings_back_only_while_it_rings_there() {
        let calling = changed("a", CallStage::Calling, false);
        assert_eq!(after(std::slice::from_ref(&calling)), None, "their computer has not said that it rings");
        let rings = changed("a", CallStage::Ringing, false);
        assert_eq!(after(&[calling, rings.clone()]), BACK);
        assert_eq!(after(&[me(Availability::Busy), rings.clone()]), BACK, "who is busy may call");
        assert_eq!(after(&[changed("a", CallStage::Ringing, true)]), None, "held is out of mind");
        assert_eq!(after(&[rings, changed("a", CallStage::Talking, false)]), None);
    }

    #[test]
    fn who_is_busy_hears_nobody_call_until_they_are_not() {
        let comes = changed("a", CallStage::Incoming, false);
        assert_eq!(after(&[me(Availability::Busy), comes.clone()]), None);
        assert_eq!(after(&[comes.clone(), me(Availability::Busy)]), None);
        assert_eq!(after(&[me(Availability::Busy), comes, me(Availability::Here)]), RING);
    }

    #[test]
    fn beside_a_call_it_rings_softly() {
        let (comes, talk) = (changed("b", CallStage::Incoming, false), changed("a", CallStage::Talking, false));
        assert_eq!(after(&[talk.clone(), comes.clone()]), Some((Tone::Ring, BESIDE)));
        assert_eq!(after(&[talk, comes.clone(), ended("a")]), RING);
        let mut ringing = Ringing::default();
        ringing.overhear(&comes);
        assert_eq!(ringing.wanted(true), Some((Tone::Ring, BESIDE)), "the echo is a call too");
    }

    #[test]
    fn who_comes_into_a_group_or_leaves_it_is_heard() {
        let group = |stages: &[CallStage]| {
            let Event::CallChanged { mut call } = changed("a", CallStage::Talking, false) else { unreachable!() };
            let person = |stage: &CallStage| CallPerson::new("", "", *stage);
            call.people = stages.iter().map(person).collect();
            Event::CallChanged { call }
        };
        let (talks, rings) = (CallStage::Talking, CallStage::Ringing);
        let mut ringing = Ringing::default();
        let mut after = |stages: &[CallStage]| {
            ringing.overhear(&group(stages));
            ringing.chime.take()
        };
        assert_eq!(after(&[talks]), None, "the answer");
        assert_eq!(after(&[talks, rings]), None, "only called");
        assert_eq!(after(&[talks, talks]), Some(Tone::Joined));
        assert_eq!(after(&[talks]), Some(Tone::Left));
        assert_eq!(after(&[]), None, "the end");
    }

    #[test]
    fn of_two_who_call_the_second_goes_on_ringing() {
        let both = [changed("a", CallStage::Incoming, false), changed("b", CallStage::Incoming, false), ended("a")];
        assert_eq!(after(&both), RING);
    }
}
