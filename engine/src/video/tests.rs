//! The whole corridor on the synthetic camera: what goes in at one end comes out at the other, whatever is lost between.

mod codec;
mod hostile;

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;

fn small() -> Setup {
    let source = SourceChoice::Synthetic(Synthetic::TestPicture(None));
    Setup { source, wanted: Wanted { size: Size::VGA, rate: 30 }, ..Setup::default() }
}

const PATIENCE: Duration = Duration::from_secs(30);

/// Carries frames from me to a peer until `until` is content, each through `way`; wishes for keyframes go back at once.
fn carry(
    (video, frames): (&CallVideo, &mut VideoFrames),
    (eye, wishes): (&mut Eye, &mut KeyframeWishes),
    mut way: impl FnMut(&CodedFrame) -> bool,
    mut until: impl FnMut() -> bool,
) {
    let began = Instant::now();
    while !until() {
        assert!(began.elapsed() < PATIENCE, "it never came to it: {:?}, {:?}", video.sent(), eye.sight());
        while let Some(frame) = frames.try_next() {
            if way(&frame) {
                eye.push(frame);
            }
        }
        if wishes.try_next() {
            video.request_keyframe();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The number and age in ms of a picture that is there.
fn stamp(pictures: &mut Pictures) -> Option<(u16, f64)> {
    let stamp = read_stamp(&*pictures.try_next()?)?;
    Some((stamp.number, stamp.age_ms()))
}

#[test]
fn a_picture_goes_through_the_whole_corridor() {
    let (video, mut frames, mut events) = CallVideo::start(small()).unwrap();
    let (mut eye, mut pictures, mut wishes) = video.watch().unwrap();
    let mut preview = video.preview();
    let (mut seen, mut own) = (vec![], vec![]);
    carry(
        (&video, &mut frames),
        (&mut eye, &mut wishes),
        |_| true,
        || {
            seen.extend(stamp(&mut pictures));
            own.extend(stamp(&mut preview));
            seen.len() >= 30
        },
    );
    assert!(seen.windows(2).all(|two| two[0].0 < two[1].0), "out of order: {seen:?}");
    assert!(own.len() > 10, "{} pictures of my own", own.len());
    let mut ages: Vec<f64> = seen.iter().map(|(_, age)| *age).collect();
    ages.sort_by(f64::total_cmp);
    // Generous, since other tests run beside this one.
    assert!((0.0..250.0).contains(&ages[15]), "{} ms from the camera to the eye", ages[15]);
    let sight = eye.sight();
    assert_eq!((sight.missing, sight.refused, sight.wishes), (0, 0, 0), "{sight:?}");
    assert_eq!(events.try_next(), Some(VideoEvent::CameraChanged("Test picture".to_owned())));
    assert_eq!(events.try_next(), None);
}

#[test]
fn a_tenth_of_the_frames_may_be_lost_and_the_picture_moves_again_within_a_second() {
    let (video, mut frames, _events) = CallVideo::start(small()).unwrap();
    let (mut eye, mut pictures, mut wishes) = video.watch().unwrap();
    eye.set_round_trip(30);
    let (mut seed, mut shown, mut longest) = (7_u32, None, Duration::ZERO);
    let (began, mut lost) = (Instant::now(), 0);
    carry(
        (&video, &mut frames),
        (&mut eye, &mut wishes),
        |_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let is_lost = seed >> 24 < 26;
            lost += u32::from(is_lost);
            !is_lost
        },
        || {
            if stamp(&mut pictures).is_some() {
                longest = longest.max(shown.replace(Instant::now()).map_or(Duration::ZERO, |at: Instant| at.elapsed()));
            }
            began.elapsed() > Duration::from_secs(5)
        },
    );
    assert!(lost > 3, "the test lost nothing");
    // 0.4 s of it are between two keyframes; the rest is for a busy machine.
    assert!(longest < Duration::from_millis(1_500), "it stood still for {longest:?}");
    assert!(eye.sight().delivered > 60, "{:?}", eye.sight());
}

#[test]
fn the_plan_is_followed_down_to_nothing_and_back() {
    let (video, mut frames, _events) = CallVideo::start(small()).unwrap();
    let good = VideoLink { loss: 0.0, rtt_ms: 50, queued_ms: 0, came_kbit_s: None, relayed: false };
    let filled = |came| VideoLink { queued_ms: 400, came_kbit_s: Some(came), ..good };
    let mut until = |link: VideoLink, meant: &dyn Fn(Option<CodedFrame>) -> bool| {
        let began = Instant::now();
        while !meant(frames.try_next()) {
            assert!(began.elapsed() < PATIENCE, "{:?}", video.plan());
            video.adapt(link);
            thread::sleep(Duration::from_millis(5));
        }
    };
    until(good, &|frame| frame.is_some_and(|frame| (frame.width, frame.height) == (640, 480)));
    until(filled(150), &|frame| frame.is_some_and(|frame| (frame.width, frame.height, frame.key) == (320, 240, true)));
    until(filled(0), &|_| video.plan().step == Step::None);
    let mut preview = video.preview();
    thread::sleep(Duration::from_millis(100));
    let coded = video.sent().coded;
    thread::sleep(Duration::from_millis(200));
    assert_eq!(video.sent().coded, coded, "the voice needs all there is");
    assert!(stamp(&mut preview).is_some(), "I see myself all the same");
}

#[test]
fn a_source_may_be_changed_in_the_middle_of_a_call_and_switched_off() {
    let (video, mut frames, mut events) = CallVideo::start(Setup { source: SourceChoice::Off, ..small() }).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(frames.try_next().is_none() && events.try_next().is_none(), "no camera is open");
    video.use_source(SourceChoice::Synthetic(Synthetic::TestPicture(None)), Hint::Camera);
    let began = Instant::now();
    while frames.try_next().is_none() {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
    video.use_source(SourceChoice::Off, Hint::Camera);
    thread::sleep(Duration::from_millis(300));
    let coded = video.sent().coded;
    thread::sleep(Duration::from_millis(200));
    assert_eq!(video.sent().coded, coded);
}

#[test]
fn one_sees_oneself_before_anybody_is_called() {
    let (video, frames, _events) = CallVideo::start(small()).unwrap();
    drop(frames);
    let (mut preview, began) = (video.preview(), Instant::now());
    while stamp(&mut preview).is_none_or(|(number, _)| number < 5) {
        assert!(began.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(video.sent().coded, 0, "nobody takes them");
}

#[test]
fn without_a_camera_one_is_told_so() {
    if cameras().is_ok_and(|cameras| !cameras.is_empty()) {
        return;
    }
    for source in [SourceChoice::Camera, SourceChoice::Named(CameraId("97".to_owned()))] {
        let (_video, _frames, mut events) = CallVideo::start(Setup { source, ..small() }).unwrap();
        let began = Instant::now();
        let told = loop {
            if let Some(event) = events.try_next() {
                break event;
            }
            assert!(began.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(told, VideoEvent::CameraLost(CameraTrouble::None));
    }
}

#[test]
fn eight_peers_are_seen_and_a_ninth_is_refused() {
    let (video, _frames, _events) = CallVideo::start(Setup { source: SourceChoice::Off, ..small() }).unwrap();
    let mut eyes: Vec<_> = (0..EYES).map(|_| video.watch().unwrap()).collect();
    assert!(matches!(video.watch(), Err(VideoError::TooManyEyes)));
    eyes.pop();
    assert!(video.watch().is_ok(), "who left makes room");
}

#[test]
fn a_voice_that_is_heard_late_holds_the_picture_back_as_long() {
    let (video, mut frames, _events) = CallVideo::start(small()).unwrap();
    let (mut eye, mut pictures, mut wishes) = video.watch().unwrap();
    let mut of = |delay| {
        eye.set_audio_delay(delay);
        let mut ages = vec![];
        carry(
            (&video, &mut frames),
            (&mut eye, &mut wishes),
            |_| true,
            || {
                ages.extend(stamp(&mut pictures).map(|(_, age)| age));
                ages.len() >= 40
            },
        );
        ages.drain(..10);
        ages.sort_by(f64::total_cmp);
        ages[15]
    };
    let (at_once, held) = (of(None), of(Some(120)));
    // Some of it passes on the way.
    assert!((80.0..200.0).contains(&(held - at_once)), "{at_once} and {held} ms");
}

#[cfg(target_os = "linux")]
fn own_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|name| name.starts_with("juice-")).count()
}

/// Alone in this process under nextest; under `cargo test` others' threads come and go, so it waits for a while.
#[cfg(target_os = "linux")]
#[test]
fn a_dropped_call_ends_every_thread_of_it() {
    let (video, mut frames, mut events) = CallVideo::start(small()).unwrap();
    let (eye, mut pictures, mut wishes) = video.watch().unwrap();
    let began = Instant::now();
    while own_threads() < 3 {
        assert!(began.elapsed() < PATIENCE, "encode, camera, eye");
        thread::sleep(Duration::from_millis(5));
    }
    drop((video, eye));
    let began = Instant::now();
    while own_threads() > 0 {
        assert!(began.elapsed() < PATIENCE, "threads are left");
        thread::sleep(Duration::from_millis(10));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        while frames.next().await.is_some() {}
        while events.next().await.is_some() {}
        assert_eq!(pictures.next().await.map(|picture| picture.size()), None, "the painter is told of the end");
        assert_eq!(wishes.next().await, None);
    });
}
