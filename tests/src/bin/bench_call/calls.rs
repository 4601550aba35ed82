//! Two whole engines and a server in this process, which call each other on loopback.

use std::time::{Duration, Instant};

use juice_engine::{
    audio::Source,
    view::{CallStage, Command, Event},
};
use juice_tests::{Buddy, Folder, Server, befriend, cost::memory};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use crate::{
    cost::Stopwatch,
    marks::Marks,
    percentiles, round,
    sound::{self, RATE},
};

/// After this the cleaning knows the voice, and the coding the link.
const WARM: Duration = Duration::from_secs(4);
/// Longer than any sound is on its way on loopback.
const LATEST_MS: f64 = 400.0;
/// How long a voice is until it begins again, in seconds.
const LOOP: usize = 60;
/// Until the devices of a call that is over are closed.
const CLOSING: Duration = Duration::from_millis(500);

pub async fn measure(marks: &Marks, calls: usize, seconds: u64) -> Map<String, Value> {
    let (folder, server) = (Folder::new("voices"), Server::start().await);
    let (mut people, mut sources) = (Vec::new(), Vec::new());
    let length = usize::try_from(seconds).unwrap_or(usize::MAX).saturating_add(WARM.as_secs() as usize);
    for (seed, name) in [(1, "alice"), (2, "bob")] {
        let path = folder.path().join(format!("{name}.wav"));
        let voice = sound::voice(seed, length.min(LOOP));
        sound::write(&path, &voice);
        let buddy = Buddy::speaking(name, Source::File(path.clone())).await;
        buddy.sign_up(&server.address()).await.expect("registers");
        people.push(buddy);
        sources.push((path, voice));
    }
    let [alice, bob] = &mut people[..] else { unreachable!("two were made") };
    befriend(alice, bob).await;
    if !alice.row("bob").await.can_voice {
        alice.until("a microphone", |event| matches!(event, Event::BuddyChanged { buddy } if buddy.can_voice)).await;
    }

    let (mut rings, mut sounds) = (Vec::new(), Vec::new());
    for _ in 0..calls {
        let call = talk(alice, bob, &mut rings, &mut sounds).await;
        sleep(CLOSING).await;
        hang_up(alice, bob, call).await;
    }
    eprintln!("{calls} short calls done");

    marks.clear();
    let call = talk(alice, bob, &mut Vec::new(), &mut Vec::new()).await;
    sleep(WARM).await;
    let stopwatch = Stopwatch::start();
    sleep(Duration::from_secs(seconds)).await;
    let (cpu, pss) = (stopwatch.percent(2.0), memory("self"));
    hang_up(alice, bob, call).await;
    let mut frames = marks.frames();
    eprintln!("{} frames arrived", frames.len());

    let (mut lags, mut drift) = (Vec::new(), 0.0f64);
    for ((path, said), listener) in sources.iter().zip([&*bob, &*alice]) {
        let (Some(from), Some(to)) = (marks.began(path), marks.began(&listener.heard())) else { continue };
        let (_, heard) = juice_tests::wav::read(&listener.heard());
        // In the recording a sound is earlier by what the recording began later.
        let later = millis(to.saturating_duration_since(from)) - millis(from.saturating_duration_since(to));
        let skip = WARM.as_secs() as usize * RATE as usize;
        // The microphone has played it over and over.
        let said: Vec<_> = said.iter().copied().cycle().take(length * RATE as usize).collect();
        let found = sound::lags(&said[skip..], heard.get(skip..).unwrap_or_default(), -later, LATEST_MS - later);
        drift = drift.max(drifted(&found));
        lags.extend(found.into_iter().map(|lag| lag + later));
    }
    eprintln!("{} times two seconds were found again", lags.len());
    let result = json!({
        "place_to_ring_ms": percentiles(&mut rings, &[50, 95]),
        "answer_to_sound_ms": percentiles(&mut sounds, &[50, 95]),
        "frame_ms": percentiles(&mut frames, &[50, 95, 99]),
        "callback_to_callback_ms": percentiles(&mut lags, &[50, 95]),
        "drift_ms": round(drift),
        "cpu_pct": cpu,
        "pss_mb": pss.map(round),
    });
    for buddy in people {
        buddy.handle.stop().await;
    }
    match result {
        Value::Object(result) => result,
        _ => unreachable!("it was just made"),
    }
}

/// By how much what is heard came later, or sooner, in the last tenth of a call than in its first: medians, in ms.
fn drifted(lags: &[f64]) -> f64 {
    let tenth = (lags.len() / 10).max(1).min(lags.len());
    let (first, last) = (&lags[..tenth], &lags[lags.len() - tenth..]);
    let median = |part: &[f64]| {
        let mut sorted = part.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    };
    (median(last) - median(first)).abs()
}

/// A call from alice to bob until both hear something; adds how long it took to ring, and from the answer to sound.
async fn talk(alice: &mut Buddy, bob: &mut Buddy, rings: &mut Vec<f64>, sounds: &mut Vec<f64>) -> String {
    let buddy = alice.id_of("bob").await;
    let start = Instant::now();
    let (placed, (call, rang)) =
        tokio::join!(alice.command(Command::PlaceCall { buddy, video: false }), stage(bob, CallStage::Incoming));
    placed.expect("it is placed");
    rings.push(millis(rang - start));
    let answer = Command::AnswerCall { call: call.clone(), video: false };
    let handle = bob.handle.clone();
    let start = Instant::now();
    let (answered, (_, here), (_, there)) =
        tokio::join!(handle.command(answer), stage(bob, CallStage::Talking), stage(alice, CallStage::Talking));
    answered.expect("it is answered");
    sounds.push(millis(here.max(there) - start));
    call
}

async fn hang_up(alice: &mut Buddy, bob: &mut Buddy, call: String) {
    alice.command(Command::HangUp { call }).await.expect("hangs up");
    for buddy in [alice, bob] {
        buddy.until("the end", |event| matches!(event, Event::CallEnded { .. })).await;
        buddy.drain().await;
    }
    sleep(CLOSING).await;
}

/// The call that is at a stage, and when it was.
async fn stage(buddy: &mut Buddy, stage: CallStage) -> (String, Instant) {
    let event = buddy
        .until(&format!("{stage:?}"), |event| matches!(event, Event::CallChanged { call } if call.stage == stage))
        .await;
    match event {
        Event::CallChanged { call } => (call.id, Instant::now()),
        _ => unreachable!("just matched"),
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
