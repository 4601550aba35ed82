//! Calls: what the person asks of them and what buddies say about them, for [`Calls`] to decide; and its deeds done.

use super::*;
use crate::{
    call::{CallSignal, Deed, Refusal},
    content::{Body, CallOutcome},
    error::ProtoError,
    id::CallId,
    link::LinkBody,
    media::MediaKeys,
    view::Relation,
};

impl Messenger {
    pub(super) fn place_call(&mut self, buddy: &str) -> Outcome {
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
        let (id, half) = (CallId::new(self.entropy()), self.entropy());
        self.calls.place(self.now, account, id, half).map_err(refused)?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn answer_call(&mut self, call: &str) -> Outcome {
        let half = self.entropy();
        self.ask_of_call(call, Asked::Answer(half))
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
                Deed::Start { call, device, mine, callers, callees } => {
                    let keys = Box::new(MediaKeys::derive(&call, mine, &callers, &callees));
                    let Some(buddy) = self.calls.buddy(&call) else { continue };
                    self.out.push_back(Output::Voice(Voice::Start { call, buddy, device, keys }));
                }
                Deed::Pause(call, on) => self.out.push_back(Output::Voice(Voice::Pause(call, on))),
                Deed::Stop(call) => self.out.push_back(Output::Voice(Voice::Stop(call))),
                Deed::Show(call) => {
                    if let Some(call) = self.calls.view(&call) {
                        self.tell(Event::CallChanged { call });
                    }
                }
                Deed::Over(ended) => {
                    let (call, buddy) = (ended.call.to_string(), ended.buddy.to_string());
                    self.tell(Event::CallEnded { call, buddy, reason: ended.reason });
                    if let Some(outcome) = ended.trace {
                        self.keep_trace(&ended.buddy, outcome);
                    }
                }
            }
        }
        if let Some(at) = self.calls.deadline() {
            self.timers.reset(at, Timer::Calls);
        }
    }

    /// The conversation keeps what came of a call; the other side has it from there too.
    fn keep_trace(&mut self, buddy: &AccountId, outcome: CallOutcome) {
        // Nobody waits for an answer, so it has no command's number; without a buddy there is nobody to tell.
        let _ = self.compose(0, &buddy.to_string(), Body::Call(outcome), None);
    }

    fn entropy(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

fn call_by_hex(hex: &str) -> Result<CallId, CommandError> {
    CallId::parse(hex).map_err(|_| refused(Refusal::Unknown))
}

fn refused(refusal: Refusal) -> CommandError {
    match refusal {
        Refusal::Unknown => refuse(ErrorCode::Unknown, "no such call"),
        Refusal::InCall => refuse(ErrorCode::InCall, "there is a call already"),
    }
}
