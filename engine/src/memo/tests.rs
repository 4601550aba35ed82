//! Memos from the synthetic microphone and camera to the file and back to the loudspeaker.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test waits for one event of many")]

use std::{fs, path::Path, time::Duration};

use juice_proto::view::{EndReason, MemoPlay};
use tokio::time::timeout;

use super::*;
use crate::{
    audio::{Sink, Source},
    call::{Sound, Vision},
    clip::Film,
    video::{Synthetic, read_stamp},
};

const BUDDY: [u8; 32] = [7; 32];

/// A room with devices of its own, in a folder of its own.
struct Stand {
    folder: PathBuf,
    memos: Option<Memos>,
    news: mpsc::Receiver<MemoNews>,
    equipment: Equipment,
    buddy: String,
}

impl Stand {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("juice-memo-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let sink = Sink::File(folder.join("heard.wav"));
        let sound = Sound::load(folder.join("sound.json"), Some(Source::Tone { hertz: 300 }), Some(sink));
        let vision = Vision::load(folder.join("video.json"), Some(Synthetic::TestPicture(None)));
        let equipment = Equipment { sound, vision, screens: Screens::default() };
        let (memos, news) = Self::open(&folder, &equipment);
        Self { folder, memos: Some(memos), news, equipment, buddy: AccountId::new(BUDDY).to_string() }
    }

    fn open(folder: &Path, equipment: &Equipment) -> (Memos, mpsc::Receiver<MemoNews>) {
        let (told, news) = mpsc::channel(64);
        (Memos::start(folder.join("memos"), folder.join("sent"), equipment.screens.clone(), told), news)
    }

    fn memos(&mut self) -> &mut Memos {
        self.memos.as_mut().unwrap()
    }

    fn ask(&mut self, command: Command) -> Result<Reply, CommandError> {
        let equipment = self.equipment.clone();
        self.memos().ask(command, &equipment, false).expect("it is about memos")
    }

    fn record(&mut self, video: bool) {
        let buddy = self.buddy.clone();
        self.ask(Command::RecordMemo { buddy, video }).unwrap();
    }

    /// The next event that fits.
    async fn until<T>(&mut self, what: &str, fits: impl Fn(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let news = self.news.recv().await.expect("the room is open");
                if let Some(found) = self.memos().told(news).as_ref().and_then(&fits) {
                    return found;
                }
            }
        };
        timeout(Duration::from_secs(20), found).await.unwrap_or_else(|_| panic!("never: {what}"))
    }

    async fn until_stage(&mut self, stage: MemoStage, least_ms: u32) -> MemoDraft {
        self.until(&format!("{stage:?}"), |event| match event {
            Event::MemoChanged { draft } if draft.stage == stage && draft.memo.duration_ms >= least_ms => {
                Some(draft.clone())
            }
            _ => None,
        })
        .await
    }

    async fn until_played(&mut self, fits: impl Fn(&MemoPlay) -> bool) -> MemoPlay {
        self.until("played", |event| match event {
            Event::MemoPlayed { play } if fits(play) => Some(play.clone()),
            _ => None,
        })
        .await
    }

    fn play(&mut self, from_ms: u32) -> oneshot::Receiver<Result<Reply, CommandError>> {
        let (answer, answered) = oneshot::channel();
        let (buddy, equipment) = (self.buddy.clone(), self.equipment.clone());
        let clip = open(&self.memos().draft(&buddy).unwrap()).unwrap();
        self.memos().player(&equipment).play(clip, (buddy, None), from_ms, answer);
        answered
    }

    /// What came out of the loudspeaker so far, a file for the last time it was open.
    fn heard(&self) -> Vec<f32> {
        let mut file = hound::WavReader::open(self.folder.join("heard.memo.wav")).expect("something was played");
        file.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / f32::from(i16::MAX)).collect()
    }

    /// Closes the room, and opens it anew.
    async fn reopen(&mut self) {
        self.news.close();
        self.memos.take().unwrap().close().await;
        let (memos, news) = Self::open(&self.folder, &self.equipment);
        (self.memos, self.news) = (Some(memos), news);
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.memos = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn hertz(samples: &[f32]) -> f32 {
    samples.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count() as f32 * 48_000.0 / samples.len() as f32
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_kept_at_its_length_and_heard_again_as_it_was() {
    let mut stand = Stand::new("said");
    stand.record(false);
    stand.until_stage(MemoStage::Recording, 2_000).await;
    stand.ask(Command::StopMemo).unwrap();
    let kept = stand.until_stage(MemoStage::Kept, 0).await;
    assert!((1_900..2_600).contains(&kept.memo.duration_ms), "{kept:?}");
    assert!(!kept.memo.video && kept.thumbnail.is_empty() && kept.memo.waveform.len() == 64);

    stand.play(0).await.unwrap().unwrap();
    stand.until_played(|play| play.runs && play.position_ms > 500).await;
    let end = stand.until_played(|play| !play.runs).await;
    assert_eq!((end.position_ms, end.duration_ms), (kept.memo.duration_ms, kept.memo.duration_ms));
    stand.memos = None;
    let heard = stand.heard();
    let seconds = heard.len() as f32 / 48_000.0;
    assert!((seconds - kept.memo.duration_ms as f32 / 1_000.0).abs() < 0.5, "{seconds} s");
    let middle = &heard[heard.len() / 3..heard.len() * 2 / 3];
    assert!((hertz(middle) - 300.0).abs() < 6.0, "{} Hz", hertz(middle));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_kept_picture_by_picture() {
    let mut stand = Stand::new("shown");
    stand.record(true);
    stand.until_stage(MemoStage::Recording, 2_500).await;
    assert!(stand.equipment.screens.next(crate::call::MINE, None).await.is_some(), "I see myself");
    stand.ask(Command::StopMemo).unwrap();
    let kept = stand.until_stage(MemoStage::Kept, 0).await;
    assert!(kept.memo.video && kept.thumbnail.starts_with("data:image/jpeg"), "{kept:?}");
    assert!((2_300..3_300).contains(&kept.memo.duration_ms), "{kept:?}");

    let buddy = stand.buddy.clone();
    let clip = Clip::open(&stand.memos().draft(&buddy).unwrap()).unwrap();
    let mut film = Film::from(&clip, Duration::ZERO);
    let seen: Vec<u16> = (0..=60)
        .filter_map(|step| film.until(&clip, Duration::from_millis(step * 40)))
        .map(|picture| read_stamp(&picture).expect("it is the test picture").number)
        .collect();
    assert!(seen.len() > 30, "{} pictures in 2.4 s", seen.len());
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "in their order: {seen:?}");
    let passed = f64::from(seen[seen.len() - 1] - seen[0]);
    assert!((55.0..85.0).contains(&passed), "{passed} pictures of 30 a second in 2.4 s");

    stand.play(1_000).await.unwrap().unwrap();
    stand.until_played(|play| play.runs && play.position_ms > 1_200).await;
    let picture = stand.equipment.screens.next(MEMO, None).await.expect("it is seen while it plays");
    assert!(picture.captured() >= 900_000, "from the moment that was asked for: {picture:?}");
    stand.ask(Command::PauseMemo).unwrap();
    let held = stand.until_played(|play| !play.runs).await;
    assert!(held.position_ms >= 1_200 && held.position_ms < held.duration_ms, "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_recorded_outlives_a_lock_and_what_a_crash_leaves_is_found() {
    let mut stand = Stand::new("lock");
    stand.record(false);
    stand.until_stage(MemoStage::Recording, 2_800).await;
    let part = stand.folder.join("memos").join(format!("{}.take.ogg.part", stand.buddy));
    let crashed = fs::read(&part).expect("it is written as it is recorded");
    stand.reopen().await;
    let kept = stand.until_stage(MemoStage::Kept, 0).await;
    assert!(kept.memo.duration_ms >= 2_700, "{kept:?}");

    let other = AccountId::new([8; 32]).to_string();
    fs::write(part.with_file_name(format!("{other}.take.ogg.part")), crashed).unwrap();
    fs::write(part.with_file_name(format!("{other}.take.mp4")), b"no film at all").unwrap();
    stand.reopen().await;
    let found = stand.until("the other", |event| match event {
        Event::MemoChanged { draft } if draft.buddy == other => Some(draft.clone()),
        _ => None,
    });
    let found = found.await;
    assert!((900..2_800).contains(&found.memo.duration_ms), "up to its last second: {found:?}");
    assert_eq!(stand.memos().views().len(), 2);
    let left = fs::read_dir(stand.folder.join("memos")).unwrap().count();
    assert_eq!(left, 2, "what can't be played is cleared away");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_leaves_nothing_and_one_recording_replaces_the_other_only_when_it_is_whole() {
    let mut stand = Stand::new("discard");
    stand.record(false);
    stand.until_stage(MemoStage::Recording, 1_000).await;
    stand.ask(Command::StopMemo).unwrap();
    let first = stand.until_stage(MemoStage::Kept, 0).await;

    stand.record(false);
    stand.until_stage(MemoStage::Recording, 300).await;
    let buddy = stand.buddy.clone();
    stand.ask(Command::DiscardMemo { buddy: buddy.clone() }).unwrap();
    assert_eq!(stand.until_stage(MemoStage::Kept, 0).await, first, "the first is still there");

    stand.ask(Command::DiscardMemo { buddy }).unwrap();
    stand.until("gone", |event| matches!(event, Event::MemoGone { .. }).then_some(())).await;
    assert!(stand.memos().views().is_empty());
    stand.reopen().await;
    assert_eq!(fs::read_dir(stand.folder.join("memos")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_rings_holds_what_plays_and_one_that_begins_ends_the_recording() {
    let mut stand = Stand::new("call");
    stand.record(false);
    stand.until_stage(MemoStage::Recording, 1_500).await;
    let call = |stage| Event::CallChanged { call: CallView::with_one("a", "bob", stage) };
    stand.memos().overhear(&call(CallStage::Incoming));
    stand.until_stage(MemoStage::Recording, 1_900).await;
    stand.memos().overhear(&call(CallStage::Connecting));
    stand.until_stage(MemoStage::Kept, 1_800).await;

    let buddy = stand.buddy.clone();
    let refused = stand.ask(Command::RecordMemo { buddy, video: false }).unwrap_err();
    assert_eq!(refused.code, ErrorCode::InCall);
    let (call_id, reason) = ("a".into(), EndReason::RemoteHangUp);
    stand.memos().overhear(&Event::CallEnded { call: call_id, buddy: "bob".into(), reason });

    stand.play(0).await.unwrap().unwrap();
    stand.until_played(|play| play.runs && play.position_ms > 300).await;
    stand.memos().overhear(&call(CallStage::Incoming));
    let held = stand.until_played(|play| !play.runs).await;
    assert!(held.position_ms < held.duration_ms, "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_double_pace_it_takes_half_the_time() {
    let mut stand = Stand::new("pace");
    stand.record(false);
    stand.until_stage(MemoStage::Recording, 2_400).await;
    stand.ask(Command::StopMemo).unwrap();
    stand.until_stage(MemoStage::Kept, 0).await;
    stand.ask(Command::SetMemoPace { percent: 200 }).unwrap();
    let began = std::time::Instant::now();
    stand.play(0).await.unwrap().unwrap();
    let end = stand.until_played(|play| !play.runs).await;
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());
    assert_eq!((end.percent, end.position_ms), (200, end.duration_ms));
}
