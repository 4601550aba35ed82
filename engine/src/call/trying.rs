//! The test of microphone and loudspeaker, told to the window.

use juice_proto::view::{Event, SoundLevels, SoundTest};
use tokio::sync::mpsc;

use super::{CallNews, meter};
use crate::audio::{SelfTest, SelfTestNews, Setup};

/// Records five seconds and plays them back; ends when it is over or dropped.
pub(super) async fn out(setup: Setup, news: mpsc::Sender<CallNews>) {
    let tell = |event: Event| CallNews::show(&news, event);
    let stage = |test: SoundTest| tell(Event::SoundTestChanged { test });
    let level = |microphone: f64| {
        let levels = SoundLevels { microphone, speaking: Vec::new(), speaking_muted: false };
        tell(Event::SoundLevelsChanged { levels });
    };
    let mut test = match SelfTest::start(setup) {
        Ok(test) => test,
        Err(error) => {
            tracing::warn!(%error, "no test of the devices");
            return stage(SoundTest::Failed);
        }
    };
    stage(SoundTest::Recording);
    let mut playing = false;
    while let Some(step) = test.next().await {
        match step {
            SelfTestNews::Listening { level: rms, .. } => level(meter(rms)),
            SelfTestNews::Playing { level: rms, .. } => {
                if !std::mem::replace(&mut playing, true) {
                    stage(SoundTest::Playing);
                }
                level(meter(rms));
            }
            SelfTestNews::Device(event) => tracing::debug!(?event, "while the devices are tried"),
            SelfTestNews::Finished { heard } => {
                level(0.0);
                stage(if heard { SoundTest::Done } else { SoundTest::Failed });
            }
        }
    }
}
