//! What a buddy does in calls, and what it waits for.

use juice_engine::view::{CallStage, CallView, Command, EndReason, Event, SoundSettings};

use crate::{Buddy, befriend};

/// Makes buddies of two, and waits until each can call the other.
pub async fn befriend_to_call(one: &mut Buddy, other: &mut Buddy) {
    befriend(one, other).await;
    let (theirs, mine) = (other.name.clone(), one.name.clone());
    one.until_callable(&theirs).await;
    other.until_callable(&mine).await;
}

impl Buddy {
    /// Takes its voice as it is: a steady tone is what noise suppression takes out.
    pub async fn take_sound_raw(&self) {
        let settings = SoundSettings {
            echo_cancellation: false,
            noise_suppression: false,
            gain_control: false,
            ..SoundSettings::default()
        };
        self.command(Command::SetSound { settings }).await.expect("is kept");
    }

    /// Waits until this buddy can be called.
    pub async fn until_callable(&mut self, name: &str) {
        if !self.row(name).await.can_voice {
            let is_callable =
                |event: &Event| matches!(event, Event::BuddyChanged { buddy } if buddy.name == name && buddy.can_voice);
            self.until("a microphone", is_callable).await;
        }
    }

    /// Waits for a call that fits.
    pub async fn until_call(&mut self, what: &str, fits: impl Fn(&CallView) -> bool) -> CallView {
        match self.until(what, |event| matches!(event, Event::CallChanged { call } if fits(call))).await {
            Event::CallChanged { call } => call,
            _ => unreachable!("just matched"),
        }
    }

    /// Waits until a call is so far.
    pub async fn until_stage(&mut self, stage: CallStage) -> CallView {
        self.until_call(&format!("{stage:?}"), |call| call.stage == stage).await
    }

    /// Waits until a call is over.
    pub async fn until_call_ended(&mut self) -> EndReason {
        match self.until("the end", |event| matches!(event, Event::CallEnded { .. })).await {
            Event::CallEnded { reason, .. } => reason,
            _ => unreachable!("just matched"),
        }
    }
}
