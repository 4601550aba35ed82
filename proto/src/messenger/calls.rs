//! Calls: what the person asks of them and what buddies say about them, for [`Calls`] to decide; and its deeds done.

use super::*;
use crate::{
    call::{CallSignal, Deed, Guest, Introduced, MAX_GROUP, Parted, Refusal, Shows},
    content::{Body, CallTrace},
    error::ProtoError,
    id::CallId,
    link::LinkBody,
    media::MediaKeys,
    name::MAX_NAME,
    presence,
    server::Call,
    view::{EndReason, Relation},
};

impl Messenger {
    pub(super) fn place_call(&mut self, buddy: &str, video: bool) -> Outcome {
        let account = self.callable(buddy)?;
        let (id, half) = (CallId::new(self.entropy()), self.entropy());
        self.calls.place(self.now, account, id, half, camera(video)).map_err(refused)?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn add_to_call(&mut self, call: &str, buddy: &str) -> Outcome {
        let (account, group) = (self.callable(buddy)?, call_by_hex(call)?);
        let name = |account| Some(self.buddies.get(&account)?.record.name.clone());
        let with = self.calls.company(&group).into_iter().filter_map(name).collect();
        let (id, half) = (CallId::new(self.entropy()), self.entropy());
        self.calls.add(self.now, group, account, id, half, with).map_err(refused)?;
        Ok(Some(Reply::Done))
    }

    /// A buddy who can be called now.
    fn callable(&self, buddy: &str) -> Result<AccountId, CommandError> {
        let buddy = self.buddy_by_hex(buddy)?;
        let account = buddy.record.account;
        if buddy.record.relation != Relation::Buddy || buddy.reach.up.is_empty() {
            return Err(refuse(ErrorCode::NotReachable, "they are not there"));
        }
        if !buddy.capabilities.microphone {
            return Err(refuse(ErrorCode::NotReachable, "they have no microphone"));
        }
        if !self.capabilities.microphone {
            return Err(refuse(ErrorCode::NoSound, "no microphone is here"));
        }
        Ok(account)
    }

    pub(super) fn answer_call(&mut self, call: &str, video: bool) -> Outcome {
        let half = self.entropy();
        self.ask_of_call(call, Asked::Answer(half, camera(video)))
    }

    pub(super) fn ask_of_call(&mut self, call: &str, asked: Asked) -> Outcome {
        self.calls.ask(self.now, call_by_hex(call)?, asked).map_err(refused)?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn set_volume(&mut self, call: &str, percent: u32) -> Outcome {
        let done = self.ask_of_call(call, Asked::Volume(percent))?;
        self.out.push_back(Output::Voice(Voice::Volume(call_by_hex(call)?, percent.min(200))));
        Ok(done)
    }

    pub(super) fn record_call(&mut self, call: &str, on: bool) -> Outcome {
        let done = self.ask_of_call(call, Asked::Record(on))?;
        self.out.push_back(Output::Voice(Voice::Record(call_by_hex(call)?, on)));
        Ok(done)
    }

    pub(super) fn mute(&mut self, on: bool) -> Outcome {
        self.calls.mute(on);
        self.say_how_i_listen();
        Ok(Some(Reply::Done))
    }

    pub(super) fn deafen(&mut self, on: bool) -> Outcome {
        self.calls.deafen(on);
        self.say_how_i_listen();
        Ok(Some(Reply::Done))
    }

    fn say_how_i_listen(&mut self) {
        self.out.push_back(Output::Voice(Voice::Mute(self.calls.is_muted())));
        self.out.push_back(Output::Voice(Voice::Deafen(self.calls.is_deafened())));
    }

    pub(super) fn call_told(
        &mut self,
        account: AccountId,
        device: DeviceId,
        call: CallId,
        signal: CallSignal,
    ) -> Result<(), ProtoError> {
        check(&signal)?;
        let half = self.entropy();
        self.calls.told(self.now, account, device, call, signal, half);
        Ok(())
    }

    /// Ends the call with a buddy, where there is one, and says so while it can be said.
    pub(super) fn hang_up_calls(&mut self, account: &AccountId) {
        self.calls.leave(self.now, account);
        self.do_calls();
    }

    /// Does what the calls want done.
    pub(super) fn do_calls(&mut self) {
        while let Some(deed) = self.calls.poll() {
            match deed {
                Deed::Say(buddy, call, signal) => drop(self.say(&buddy, &LinkBody::Call(call, signal))),
                Deed::Start { call, group, buddy, device, mine, callers, callees } => {
                    let keys = Box::new(MediaKeys::derive(&call, mine, &callers, &callees));
                    self.out.push_back(Output::Voice(Voice::Start { call, group, buddy, device, keys }));
                }
                Deed::Side(call, side) => self.out.push_back(Output::Voice(Voice::Side(call, side))),
                Deed::Introduce(buddy, call, others) => {
                    let guests = others.into_iter().filter_map(|other| self.guest(other)).collect();
                    self.say(&buddy, &LinkBody::Call(call, CallSignal::Guests(guests)));
                }
                Deed::Reach { buddy, device, addresses } => self.reach_guest(&buddy, device, addresses),
                Deed::Video(group, shows) => self.out.push_back(Output::Voice(Voice::Video(group, shows))),
                Deed::Pause(call, on) => self.out.push_back(Output::Voice(Voice::Pause(call, on))),
                Deed::Stop(call) => self.out.push_back(Output::Voice(Voice::Stop(call))),
                Deed::Show(call) => {
                    if let Some(call) = self.calls.view(&call) {
                        self.tell(Event::CallChanged { call });
                    }
                }
                Deed::Parted(Parted { group, account, name, reason }) => {
                    let (call, buddy) = (group.to_string(), account.to_string());
                    self.tell(Event::CallLeft { call, buddy, name, reason });
                }
                Deed::Over(ended) => {
                    let (call, buddy, reason) = (ended.group.to_string(), ended.buddy.to_string(), ended.reason);
                    let by_me = matches!(reason, EndReason::LocalHangUp | EndReason::Cancelled | EndReason::NoSound);
                    if !ended.goes_on {
                        self.tell(Event::CallEnded { call, buddy, reason });
                    } else if !by_me {
                        self.tell(Event::CallLeft { call, buddy, name: None, reason });
                    }
                    if let Some(trace) = ended.trace {
                        self.keep_trace(&ended.buddy, trace);
                    }
                }
            }
        }
        if let Some(at) = self.calls.deadline() {
            self.timers.reset(at, Timer::Calls);
        }
    }

    /// How one in a group that I host is introduced to another.
    fn guest(&self, other: Introduced) -> Option<Guest> {
        let Introduced { pair, first, secret, account, device } = other;
        let buddy = self.buddies.get(&account)?;
        let addresses = buddy.presence.as_ref().map(|presence| presence.addresses.clone()).unwrap_or_default();
        let name = buddy.record.name.clone();
        Some(Guest { pair, first, secret: secret.into(), account, device, name, addresses })
    }

    /// Makes a way to a device that I was introduced to. The link that comes of it ends by itself where it is no buddy's;
    /// the sound goes over the connection.
    fn reach_guest(&mut self, account: &AccountId, device: DeviceId, addresses: Vec<String>) {
        let buddy = self.buddies.get(account).filter(|buddy| buddy.device() == Some(device));
        if buddy.is_some_and(|buddy| !buddy.reach.up.is_empty()) {
            return;
        }
        if buddy.is_some() {
            self.tell_server(&Call::Nudge { buddy: *account });
        }
        self.out.push_back(Output::Dial { device, addresses, relay: true });
    }

    /// The conversation keeps what came of a call; the other side has it from there too.
    fn keep_trace(&mut self, buddy: &AccountId, trace: CallTrace) {
        // Nobody waits for an answer, so it has no command's number; without a buddy there is nobody to tell.
        let _ = self.compose(0, &buddy.to_string(), Body::Call(trace), None);
    }

    fn entropy(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

fn camera(video: bool) -> Shows {
    if video { Shows::Camera } else { Shows::Nothing }
}

fn call_by_hex(hex: &str) -> Result<CallId, CommandError> {
    CallId::parse(hex).map_err(|_| refused(Refusal::Unknown))
}

/// What a signal may hold at most.
fn check(signal: &CallSignal) -> Result<(), ProtoError> {
    let named = |name: &str| name.chars().count() <= MAX_NAME;
    let fits = match signal {
        CallSignal::Offer(_, with, _) => with.len() < MAX_GROUP && with.iter().all(|name| named(name)),
        CallSignal::Guests(guests) => {
            let fits = |guest: &Guest| named(&guest.name) && presence::addresses_fit(&guest.addresses);
            guests.len() < MAX_GROUP && guests.iter().all(fits)
        }
        CallSignal::Ringing
        | CallSignal::Answer(_)
        | CallSignal::Decline
        | CallSignal::Busy
        | CallSignal::End
        | CallSignal::Side(_) => true,
    };
    if fits { Ok(()) } else { Err(ProtoError::TooLong) }
}

fn refused(refusal: Refusal) -> CommandError {
    match refusal {
        Refusal::Unknown => refuse(ErrorCode::Unknown, "no such call"),
        Refusal::InCall => refuse(ErrorCode::InCall, "there is a call already"),
    }
}
