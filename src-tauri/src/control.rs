//! What a running JUICE is told from outside of its window: by `juice ctl`, and by the key for talking.
//!
//! Each wish is one line on the profile's door, and so is what came of it. One task carries them out, one after the
//! other, so that a key that is let go never overtakes itself; it asks the engine as the page does.

use juice_engine::{
    Handle,
    view::{CallStage, CallView, Command, Phase},
};
use tokio::sync::{mpsc, oneshot};

/// Wishes that may wait; above it they are left out.
const WISHES: usize = 16;

/// What is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// My microphone.
    Talk(Turn),
    Answer,
    Decline,
    HangUp,
    Show,
}

/// Which way something is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Turn {
    On,
    Off,
    Toggle,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Talking,
    Muted,
    Answered,
    Declined,
    HungUp,
    Shown,
    NoCall,
    NobodyCalls,
    SignedOut,
    Failed,
}

const CONTROLS: [(&str, Control); 7] = [
    ("talk on", Control::Talk(Turn::On)),
    ("talk off", Control::Talk(Turn::Off)),
    ("talk toggle", Control::Talk(Turn::Toggle)),
    ("answer", Control::Answer),
    ("decline", Control::Decline),
    ("hang-up", Control::HangUp),
    ("show", Control::Show),
];

/// Each outcome on the wire, and to a person.
const OUTCOMES: [(&str, Outcome, &str); 10] = [
    ("talking", Outcome::Talking, "Your microphone is on."),
    ("muted", Outcome::Muted, "Your microphone is off."),
    ("answered", Outcome::Answered, "Answered."),
    ("declined", Outcome::Declined, "Declined."),
    ("hung-up", Outcome::HungUp, "Hung up."),
    ("shown", Outcome::Shown, "JUICE has come up."),
    ("no-call", Outcome::NoCall, "You are in no call."),
    ("nobody-calls", Outcome::NobodyCalls, "Nobody is calling you."),
    ("signed-out", Outcome::SignedOut, "Nobody is signed in. Open JUICE and enter your password."),
    ("failed", Outcome::Failed, "JUICE couldn't do that just now."),
];

impl Control {
    pub fn line(self) -> &'static str {
        CONTROLS.iter().find(|(_, control)| *control == self).map_or("", |(line, _)| *line)
    }

    pub fn read(line: &str) -> Option<Self> {
        CONTROLS.iter().find(|(known, _)| *known == line).map(|(_, control)| *control)
    }
}

impl Outcome {
    pub fn line(self) -> &'static str {
        self.entry().0
    }

    pub fn read(line: &str) -> Option<Self> {
        OUTCOMES.iter().find(|(known, ..)| *known == line).map(|(_, outcome, _)| *outcome)
    }

    /// For the one who wished it.
    pub fn in_words(self) -> &'static str {
        self.entry().2
    }

    /// Whether it was done.
    pub fn is_done(self) -> bool {
        match self {
            Self::Talking | Self::Muted | Self::Answered | Self::Declined | Self::HungUp | Self::Shown => true,
            Self::NoCall | Self::NobodyCalls | Self::SignedOut | Self::Failed => false,
        }
    }

    fn entry(self) -> (&'static str, Self, &'static str) {
        let known = OUTCOMES.iter().find(|(_, outcome, _)| *outcome == self);
        known.copied().unwrap_or(("failed", Self::Failed, "JUICE couldn't do that just now."))
    }
}

/// Where an outcome goes.
pub type Answer = oneshot::Sender<Outcome>;

#[derive(Debug)]
enum Wish {
    Control(Control, Answer),
    /// The key for talking goes down or up.
    Push(bool),
}

/// The way to the task. It ends with the last of these.
#[derive(Clone, Debug)]
pub struct Controls(mpsc::Sender<Wish>);

impl Controls {
    pub fn start(engine: Handle) -> Self {
        let (sender, mut wishes) = mpsc::channel(WISHES);
        tokio::spawn(async move {
            let mut pushing = false;
            while let Some(wish) = wishes.recv().await {
                match wish {
                    Wish::Control(control, answer) => {
                        let _ = answer.send(carry_out(&engine, control).await);
                    }
                    Wish::Push(down) => pushing = push(&engine, down, pushing).await,
                }
            }
        });
        Self(sender)
    }

    /// Wishes something. Where nobody can take it, the answer is dropped.
    pub fn wish(&self, control: Control, answer: Answer) {
        if let Err(error) = self.0.try_send(Wish::Control(control, answer)) {
            tracing::warn!(%error, "a wish was left out");
        }
    }

    /// The key for talking goes down or up.
    pub fn push(&self, down: bool) {
        if let Err(error) = self.0.try_send(Wish::Push(down)) {
            tracing::warn!(%error, "the key for talking was not heard");
        }
    }
}

async fn carry_out(engine: &Handle, control: Control) -> Outcome {
    let snapshot = engine.snapshot().await;
    if snapshot.phase != Phase::Open {
        return Outcome::SignedOut;
    }
    let (command, done) = match command_for(control, &snapshot.calls) {
        Ok(wanted) => wanted,
        Err(refused) => return refused,
    };
    match engine.command(command).await {
        Ok(_) => done,
        Err(error) => {
            tracing::info!(code = ?error.code, "what was wished from outside was not done");
            Outcome::Failed
        }
    }
}

/// What the engine is to do, and what that comes to; or why there is nothing to do.
fn command_for(control: Control, calls: &[CallView]) -> Result<(Command, Outcome), Outcome> {
    let caller = || calls.iter().find(|call| call.stage == CallStage::Incoming).ok_or(Outcome::NobodyCalls);
    let current = || current(calls).ok_or(Outcome::NoCall);
    Ok(match control {
        Control::Talk(turn) => {
            let on = match turn {
                Turn::On => false,
                Turn::Off => true,
                Turn::Toggle => !current()?.muted,
            };
            current()?;
            (Command::Mute { on }, if on { Outcome::Muted } else { Outcome::Talking })
        }
        Control::Answer => (Command::AnswerCall { call: caller()?.id.clone(), video: false }, Outcome::Answered),
        Control::Decline => (Command::DeclineCall { call: caller()?.id.clone() }, Outcome::Declined),
        Control::HangUp => (Command::HangUp { call: current()?.id.clone() }, Outcome::HungUp),
        // The desk's own.
        Control::Show => return Err(Outcome::Shown),
    })
}

/// The call that is heard, or will be.
fn current(calls: &[CallView]) -> Option<&CallView> {
    let mut mine = calls.iter().filter(|call| call.stage != CallStage::Incoming);
    mine.clone().find(|call| !call.held).or_else(|| mine.next())
}

/// As the window's own key does it: only in a call, and not for who hears nothing either. Says whether it is held.
async fn push(engine: &Handle, down: bool, pushing: bool) -> bool {
    if down == pushing {
        return pushing;
    }
    if down {
        let snapshot = engine.snapshot().await;
        if current(&snapshot.calls).is_none_or(|call| call.deafened) {
            return false;
        }
    }
    if let Err(error) = engine.command(Command::Mute { on: !down }).await {
        tracing::info!(code = ?error.code, "the key for talking did nothing");
    }
    down
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: &str, stage: CallStage, held: bool, muted: bool) -> CallView {
        CallView { held, muted, ..CallView::with_one(id, "bob", stage) }
    }

    #[test]
    fn every_wish_and_every_outcome_is_read_as_it_was_written() {
        for (line, control) in CONTROLS {
            assert_eq!((control.line(), Control::read(line)), (line, Some(control)));
        }
        for (line, outcome, words) in OUTCOMES {
            assert_eq!((outcome.line(), Outcome::read(line), outcome.in_words()), (line, Some(outcome), words));
        }
        for line in ["", "talk", "talk on ", "quit", "TALK ON"] {
            assert_eq!(Control::read(line), None, "'{line}' is no wish");
        }
    }

    #[test]
    fn the_microphone_is_turned_where_there_is_a_call() {
        let talk = [call("a", CallStage::Talking, false, true)];
        let turned = |turn, calls: &[CallView]| match command_for(Control::Talk(turn), calls) {
            Ok((Command::Mute { on }, outcome)) => Ok((on, outcome)),
            Ok(_) => panic!("only the microphone is turned"),
            Err(refused) => Err(refused),
        };
        assert_eq!(turned(Turn::On, &talk), Ok((false, Outcome::Talking)));
        assert_eq!(turned(Turn::Off, &talk), Ok((true, Outcome::Muted)));
        assert_eq!(turned(Turn::Toggle, &talk), Ok((false, Outcome::Talking)));
        assert_eq!(turned(Turn::On, &[]), Err(Outcome::NoCall));
        let rings = [call("a", CallStage::Incoming, false, false)];
        assert_eq!(turned(Turn::Toggle, &rings), Err(Outcome::NoCall), "it only rings");
    }

    #[test]
    fn who_rings_is_answered_and_who_is_heard_is_hung_up_on() {
        let calls = [
            call("held", CallStage::Talking, true, false),
            call("heard", CallStage::Talking, false, false),
            call("rings", CallStage::Incoming, false, false),
        ];
        let of = |control| match command_for(control, &calls) {
            Ok((Command::AnswerCall { call, .. } | Command::DeclineCall { call } | Command::HangUp { call }, _)) => {
                call
            }
            Ok(_) | Err(_) => String::new(),
        };
        assert_eq!((of(Control::Answer), of(Control::Decline)), ("rings".into(), "rings".into()));
        assert_eq!(of(Control::HangUp), "heard");
        assert_eq!(command_for(Control::Answer, &calls[..2]).err(), Some(Outcome::NobodyCalls));
        assert_eq!(command_for(Control::HangUp, &calls[2..]).err(), Some(Outcome::NoCall));
    }
}
