//! What moves a call: the person here, the one there, links that come and go, and time.

use super::*;

impl Calls {
    /// Calls a buddy with whom there is a link, to let them see this. The id and the half of the secret are fresh entropy.
    ///
    /// # Errors
    /// `InCall`.
    pub fn place(
        &mut self,
        now: Now,
        buddy: AccountId,
        id: CallId,
        my_half: [u8; 32],
        shows: Shows,
    ) -> Result<(), Refusal> {
        if self.groups().len() >= MAX_GROUPS || self.with(&buddy).is_some() {
            return Err(Refusal::InCall);
        }
        let call = Call::new(buddy, true, Stage::Calling, now.mono + NO_RING);
        self.calling(id, Call { my_half, me: Side { shows, ..Side::default() }, ..call });
        Ok(())
    }

    pub(super) fn calling(&mut self, id: CallId, call: Call) {
        self.calls.insert(id, call);
        self.hold_others(id);
        self.say_again(id);
        self.show(id);
    }

    /// Does what the person here asks of a call.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn ask(&mut self, now: Now, id: CallId, asked: Asked) -> Result<(), Refusal> {
        if let Asked::Volume(percent) = asked {
            return self.set_volume(id, percent.min(200));
        }
        if asked == Asked::Dismiss {
            return self.dismiss(now, id);
        }
        let members = self.members(id);
        if members.len() > 1 || !self.calls.contains_key(&id) {
            // What is asked of a group that I host is meant for all of it.
            members.first().ok_or(Refusal::Unknown)?;
            return self.ask_all(now, id, &members, asked);
        }
        self.ask_one(now, id, asked)
    }

    /// What is asked of a group, of each of its calls that it fits.
    fn ask_all(&mut self, now: Now, group: CallId, members: &[CallId], asked: Asked) -> Result<(), Refusal> {
        if let Asked::Hold(on) = asked {
            if !on {
                self.hold_others(group);
            }
            self.hold(group, on);
            return Ok(());
        }
        if asked == Asked::HangUp {
            self.leave_group(now, group);
            return Ok(());
        }
        let done: Vec<_> = members.iter().map(|id| self.ask_one(now, *id, asked)).collect();
        done.into_iter().find(Result::is_ok).unwrap_or(Err(Refusal::Unknown))
    }

    pub(super) fn ask_one(&mut self, now: Now, id: CallId, asked: Asked) -> Result<(), Refusal> {
        let call = self.calls.get_mut(&id).ok_or(Refusal::Unknown)?;
        match (asked, call.stage) {
            (Asked::Answer(my_half, shows), Stage::Incoming) => {
                call.me.shows = shows;
                self.answer(now, id, my_half);
            }
            (Asked::Decline, Stage::Incoming) => self.end(id, EndReason::DeclinedByMe, CallSignal::Decline, now),
            (Asked::HangUp, Stage::Calling | Stage::Ringing) => {
                self.end(id, EndReason::Cancelled, CallSignal::End, now)
            }
            (Asked::HangUp, Stage::Incoming) => self.end(id, EndReason::DeclinedByMe, CallSignal::Decline, now),
            (Asked::HangUp, Stage::Talking { .. }) => self.end(id, EndReason::LocalHangUp, CallSignal::End, now),
            (Asked::Hold(on), Stage::Talking { .. }) => {
                if !on {
                    self.hold_others(id);
                }
                self.hold(self.group(id), on);
            }
            (Asked::Record(on), Stage::Talking { .. }) => {
                call.me.recording = on;
                self.say_side(id);
                self.show(id);
            }
            (Asked::Show(shows), Stage::Talking { .. }) => {
                call.me.shows = shows;
                self.deeds.push_back(Deed::Video(self.group(id), shows));
                self.say_side(id);
                self.show(id);
            }
            // It is shown when they answer.
            (Asked::Show(shows), Stage::Calling | Stage::Ringing) => {
                call.me.shows = shows;
                self.show(id);
            }
            (
                Asked::Answer(..)
                | Asked::Decline
                | Asked::Hold(_)
                | Asked::Record(_)
                | Asked::Show(_)
                | Asked::Volume(_)
                | Asked::Dismiss,
                _,
            ) => return Err(Refusal::Unknown),
        }
        Ok(())
    }

    /// Turns my microphone off or on, in every call.
    pub fn mute(&mut self, on: bool) {
        self.muted = on;
        // Who unmutes wants to be heard, and so to hear.
        self.deafened &= on;
        self.tell_sides();
    }

    /// Plays nothing here, and turns the microphone off with it.
    pub fn deafen(&mut self, on: bool) {
        self.deafened = on;
        self.tell_sides();
    }

    fn tell_sides(&mut self) {
        let ids: Vec<_> = self.calls.keys().copied().collect();
        ids.into_iter().for_each(|id| self.say_side(id));
        self.groups().into_iter().for_each(|group| self.show(group));
    }

    /// Sound of a call has come.
    pub fn heard(&mut self, id: CallId) {
        self.met_is_heard(id);
        if let Some(Stage::Talking { heard, .. }) = self.calls.get_mut(&id).map(|call| &mut call.stage)
            && !std::mem::replace(heard, true)
        {
            self.show(id);
        }
    }

    /// No microphone or loudspeaker could be used for it.
    pub fn no_sound(&mut self, now: Now, id: CallId) {
        // It is the same microphone for everyone in the group.
        let group = self.group_of_sound(id);
        self.end_all(group, |calls, id| calls.end(id, EndReason::NoSound, CallSignal::End, now));
    }

    /// A buddy's device says something about a call. `my_half` is fresh entropy, for a call that answers itself.
    pub fn told(
        &mut self,
        now: Now,
        buddy: AccountId,
        device: DeviceId,
        id: CallId,
        signal: CallSignal,
        my_half: [u8; 32],
    ) {
        match self.calls.get(&id) {
            Some(call) if call.buddy != buddy => {}
            Some(_) => self.told_of(now, id, device, signal),
            None => match signal {
                CallSignal::Offer(secret, with, offered) => {
                    let call = Call::new(buddy, false, Stage::Incoming, now.mono + ABANDONED);
                    let call = Call { device: Some(device), their_half: half(secret), with, offered, ..call };
                    self.offered(now, id, call, my_half);
                }
                CallSignal::End | CallSignal::Decline | CallSignal::Busy => {}
                // They go on with something that is over here.
                CallSignal::Ringing | CallSignal::Answer(_) | CallSignal::Side(_) | CallSignal::Guests(_) => {
                    self.deeds.push_back(Deed::Say(buddy, id, CallSignal::End));
                }
            },
        }
    }

    fn offered(&mut self, now: Now, id: CallId, mut call: Call, my_half: [u8; 32]) {
        let buddy = call.buddy;
        // It is over here, and they have not heard it.
        if let Some((_, _, last)) = self.finished.iter().find(|(over, whose, _)| *over == id && *whose == buddy) {
            return self.deeds.push_back(Deed::Say(buddy, id, last.clone()));
        }
        let mut wanted = false;
        if let Some(other) = self.with(&buddy) {
            let mine = self.calls.get(&other).is_some_and(|call| call.mine && !call.talking());
            if mine && other < id {
                // They come to the same, with the roles exchanged.
                return;
            }
            // Either both called at once, or they began anew and know nothing of the other one.
            wanted = mine;
            if mine {
                let group = self.group(other);
                if let Some(other) = self.calls.remove(&other) {
                    (call.hosted, call.me) = (other.hosted, other.me);
                }
                let goes_on = call.hosted.is_some();
                let reason = EndReason::Cancelled;
                self.deeds.push_back(Deed::Over(Ended { call: other, group, goes_on, buddy, reason, trace: None }));
            } else {
                let talking = self.calls.get(&other).is_some_and(Call::talking);
                let reason = if talking { EndReason::ConnectionLost } else { EndReason::Missed };
                self.finish(other, reason, CallSignal::End, now);
            }
        }
        if call.hosted.is_none() && self.groups().len() >= MAX_GROUPS {
            self.deeds.push_back(Deed::Say(buddy, id, CallSignal::Busy));
            return;
        }
        self.calls.insert(id, call);
        if wanted {
            self.answer(now, id, my_half);
        } else {
            self.say(id, CallSignal::Ringing);
            self.show(id);
        }
    }

    fn answer(&mut self, now: Now, id: CallId, my_half: [u8; 32]) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.my_half = my_half;
        }
        self.say(id, CallSignal::Answer(my_half.into()));
        self.start(id, now);
        self.say_side(id);
    }

    fn told_of(&mut self, now: Now, id: CallId, device: DeviceId, signal: CallSignal) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        match (signal, call.stage, call.mine) {
            (CallSignal::Ringing, Stage::Calling, true) => {
                call.stage = Stage::Ringing;
                call.deadline = Some(now.mono + NO_ANSWER);
                self.show(id);
            }
            (CallSignal::Answer(secret), Stage::Calling | Stage::Ringing, true) => {
                call.their_half = half(secret);
                call.device = Some(device);
                self.start(id, now);
                self.say_side(id);
            }
            (CallSignal::Decline, Stage::Calling | Stage::Ringing, true) => {
                self.finish(id, EndReason::Declined, CallSignal::End, now)
            }
            (CallSignal::Busy, Stage::Calling | Stage::Ringing, true) => {
                self.finish(id, EndReason::Busy, CallSignal::End, now)
            }
            (CallSignal::End, Stage::Incoming, _) => self.finish(id, EndReason::Missed, CallSignal::End, now),
            (CallSignal::End, Stage::Talking { .. }, _) => self.left(id, EndReason::RemoteHangUp, now),
            (CallSignal::Guests(guests), Stage::Talking { .. }, _) => self.met(id, guests, now),
            // Nobody rings there any more.
            (CallSignal::End, Stage::Calling | Stage::Ringing, _) => {
                self.finish(id, EndReason::NoAnswer, CallSignal::End, now)
            }
            (CallSignal::Side(side), Stage::Talking { .. }, _) => {
                let hosts = call.them.hosts;
                self.change_sides(id, |call| call.them = side);
                if side.hosts != hosts {
                    self.introduce(self.group(id));
                }
            }
            // They did not hear, on the link that broke.
            (CallSignal::Offer(..), _, false) => self.say_again(id),
            _ => {}
        }
    }

    /// Says on a new link how far the call with this buddy is.
    pub fn link_up(&mut self, now: Now, buddy: &AccountId) {
        let Some(id) = self.with(buddy) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        if !std::mem::replace(&mut call.linked, true) && call.talking() {
            call.deadline = None;
            self.show(id);
        } else if call.stage == Stage::Calling {
            call.deadline = Some(now.mono + NO_RING);
        }
        self.say_again(id);
    }

    pub(super) fn say_again(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let (my_half, mine, stage, with, shows) =
            (call.my_half, call.mine, call.stage, call.with.clone(), call.me.shows);
        match (stage, mine) {
            (Stage::Calling | Stage::Ringing, _) => {
                self.say(id, CallSignal::Offer(my_half.into(), with, shows));
            }
            (Stage::Incoming, _) => self.say(id, CallSignal::Ringing),
            (Stage::Talking { .. }, false) => {
                self.say(id, CallSignal::Answer(my_half.into()));
                self.say_side(id);
            }
            (Stage::Talking { .. }, true) => self.say_side(id),
        }
        self.introduce_to(id);
    }

    /// The last link to this buddy is gone.
    pub fn link_down(&mut self, now: Now, buddy: &AccountId) {
        let Some(id) = self.with(buddy) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        if std::mem::replace(&mut call.linked, false) && call.talking() {
            call.deadline = Some(now.mono + LOST);
            self.show(id);
        }
    }

    /// They said goodbye, or are no buddies any more: no call goes on with them.
    pub fn gone(&mut self, now: Now, buddy: &AccountId) {
        let Some(id) = self.with(buddy) else { return };
        let reason = match self.calls.get(&id).map(|call| (call.stage, call.mine)) {
            Some((Stage::Incoming, _)) => EndReason::Missed,
            Some((Stage::Talking { .. }, _)) => EndReason::RemoteHangUp,
            _ => EndReason::NoAnswer,
        };
        self.left(id, reason, now);
    }

    /// I am leaving this buddy: the call ends.
    pub fn leave(&mut self, now: Now, buddy: &AccountId) {
        if let Some(id) = self.with(buddy) {
            // A call can be hung up at every stage.
            let _ = self.ask_one(now, id, Asked::HangUp);
        }
    }

    /// Gives up what nothing came of.
    pub fn tick(&mut self, now: Now) {
        let due = |call: &Call| call.deadline.is_some_and(|at| at <= now.mono);
        let overdue: Vec<_> = self.calls.iter().filter(|(_, call)| due(call)).map(|(id, _)| *id).collect();
        for id in overdue {
            let Some(call) = self.calls.get(&id) else { continue };
            let reason = match call.stage {
                Stage::Calling if call.linked => EndReason::Unsupported,
                Stage::Calling | Stage::Talking { .. } => EndReason::ConnectionLost,
                Stage::Ringing => EndReason::NoAnswer,
                Stage::Incoming => EndReason::Missed,
            };
            self.say(id, CallSignal::End);
            self.left(id, reason, now);
        }
        self.look_for_met(now);
    }
}
