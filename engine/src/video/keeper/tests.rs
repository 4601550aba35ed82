//! Cameras that come, go, and misbehave, played by sources that do as they are told.

use super::*;
use crate::video::{picture::Size, source::VideoSource};
use crate::{
    lock::lock,
    queue::{Taker, newest},
};

/// The first camera.
const USUAL: &str = "usual";

/// What the next camera that is opened does.
#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    Missing,
    /// The chosen one is; another isn't.
    OtherWorks,
    Busy,
    Refused,
    Absurd,
    Works,
    StandsStill,
    Panics,
}

#[derive(Clone)]
struct World(Arc<Mutex<Behaviour>>);

impl World {
    fn now(&self) -> Behaviour {
        *lock(&self.0)
    }

    fn becomes(&self, behaviour: Behaviour) {
        *lock(&self.0) = behaviour;
    }
}

struct Played {
    world: World,
    about: AboutSource,
}

impl VideoSource for Played {
    fn about(&self) -> &AboutSource {
        &self.about
    }

    fn read(&mut self) -> Result<Picture, VideoError> {
        thread::sleep(Duration::from_millis(5));
        match self.world.now() {
            Behaviour::StandsStill => {
                while self.world.now() == Behaviour::StandsStill {
                    thread::sleep(Duration::from_millis(5));
                }
                Err(VideoError::Gone("late".to_owned()))
            }
            Behaviour::Panics => panic!("as some drivers do"),
            Behaviour::OtherWorks if self.about.name != USUAL => Err(VideoError::Gone("unplugged".to_owned())),
            Behaviour::Works | Behaviour::OtherWorks => Ok(Picture::filled(self.about.size, 0, [128; 3])),
            Behaviour::Missing | Behaviour::Busy | Behaviour::Refused | Behaviour::Absurd => {
                Err(VideoError::Gone("unplugged".to_owned()))
            }
        }
    }
}

struct Kept {
    world: World,
    keeper: Keeper,
    events: Taker<VideoEvent>,
    pictures: Taker<Arc<Picture>>,
}

fn keep(behaviour: Behaviour) -> Kept {
    let world = World(Arc::new(Mutex::new(behaviour)));
    let opened = world.clone();
    let open: Opener = Arc::new(move |choice, wanted, _| {
        let name = match choice {
            SourceChoice::Named(id) => id.0.clone(),
            SourceChoice::Off | SourceChoice::Camera | SourceChoice::Screen(..) | SourceChoice::Synthetic(_) => {
                USUAL.to_owned()
            }
        };
        match opened.now() {
            Behaviour::OtherWorks if matches!(choice, SourceChoice::Named(_)) => Err(VideoError::NoCamera),
            Behaviour::Missing => Err(VideoError::NoCamera),
            Behaviour::Busy => Err(VideoError::Busy),
            Behaviour::Refused => Err(VideoError::NotAllowed),
            Behaviour::Absurd => Err(VideoError::Absurd("16384x16384".to_owned())),
            Behaviour::Works | Behaviour::OtherWorks | Behaviour::StandsStill | Behaviour::Panics => {
                let about = AboutSource { id: CameraId(name.clone()), name, size: wanted.size, rate: wanted.rate };
                Ok(Box::new(Played { world: opened.clone(), about }))
            }
        }
    });
    let (pictures_giver, pictures) = newest(1);
    let (events_giver, events) = newest(32);
    let wanted = Wanted { size: Size::new(16, 16).unwrap(), rate: 30 };
    let chosen = (SourceChoice::Camera, wanted);
    let keeper = Keeper::new(open, chosen, MediaClock::default(), pictures_giver, events_giver);
    Kept { world, keeper, events, pictures }
}

impl Kept {
    /// Looks until there is an event.
    fn event(&mut self) -> VideoEvent {
        let began = Instant::now();
        loop {
            self.keeper.look(Instant::now());
            if let Some(event) = self.events.try_take() {
                return event;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "nothing happened");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn each_trouble_is_told_once_and_for_what_it_is() {
    let mut kept = keep(Behaviour::Missing);
    let rows = [
        (Behaviour::Missing, CameraTrouble::None),
        (Behaviour::Busy, CameraTrouble::Busy),
        (Behaviour::Refused, CameraTrouble::Refused),
        (Behaviour::Absurd, CameraTrouble::Absurd),
    ];
    for (behaviour, trouble) in rows {
        kept.world.becomes(behaviour);
        assert_eq!(kept.event(), VideoEvent::CameraLost(trouble));
    }
    kept.world.becomes(Behaviour::Works);
    assert_eq!(kept.event(), VideoEvent::CameraBack("usual".to_owned()));
    assert!(kept.pictures.try_take().is_some());
}

#[test]
fn a_camera_that_is_unplugged_and_plugged_in_again_comes_back() {
    let mut kept = keep(Behaviour::Works);
    assert_eq!(kept.event(), VideoEvent::CameraChanged("usual".to_owned()));
    kept.world.becomes(Behaviour::Missing);
    assert_eq!(kept.event(), VideoEvent::CameraLost(CameraTrouble::Gone));
    assert_eq!(kept.event(), VideoEvent::CameraLost(CameraTrouble::None), "gone, and nothing in its place");
    kept.world.becomes(Behaviour::Works);
    assert_eq!(kept.event(), VideoEvent::CameraBack("usual".to_owned()));
}

#[test]
fn another_stands_in_for_the_chosen_camera_until_that_is_back() {
    let mut kept = keep(Behaviour::Works);
    kept.keeper.choose(SourceChoice::Named(CameraId("chosen".to_owned())));
    assert_eq!(kept.event(), VideoEvent::CameraChanged("chosen".to_owned()));
    kept.world.becomes(Behaviour::OtherWorks);
    assert_eq!(kept.event(), VideoEvent::CameraLost(CameraTrouble::Gone));
    assert_eq!(kept.event(), VideoEvent::CameraBack(USUAL.to_owned()));
    let began = Instant::now();
    while began.elapsed() < SEEKS * 2 {
        kept.keeper.look(Instant::now());
        assert_eq!(kept.events.try_take(), None, "it is looked for in silence");
        thread::sleep(Duration::from_millis(5));
    }
    while kept.pictures.try_take().is_some() {}
    kept.world.becomes(Behaviour::Works);
    assert_eq!(kept.event(), VideoEvent::CameraBack("chosen".to_owned()));
    assert!(kept.pictures.try_take().is_some());
    let began = Instant::now();
    while !kept.keeper.leaving.is_empty() {
        kept.keeper.look(Instant::now());
        assert!(began.elapsed() < Duration::from_secs(20), "the light of the other stays on");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(kept.keeper.hope.is_none());
}

#[test]
fn a_camera_that_stands_still_or_whose_driver_breaks_is_lost() {
    for behaviour in [Behaviour::StandsStill, Behaviour::Panics] {
        let mut kept = keep(Behaviour::Works);
        kept.event();
        kept.world.becomes(behaviour);
        assert_eq!(kept.event(), VideoEvent::CameraLost(CameraTrouble::Gone));
        kept.world.becomes(Behaviour::Works);
        assert_eq!(kept.event(), VideoEvent::CameraBack("usual".to_owned()));
    }
}

#[test]
fn another_camera_may_be_chosen_and_off_closes_it() {
    let mut kept = keep(Behaviour::Works);
    kept.event();
    kept.keeper.choose(SourceChoice::Named(CameraId("other".to_owned())));
    assert_eq!(kept.event(), VideoEvent::CameraChanged("other".to_owned()));
    kept.keeper.choose(SourceChoice::Off);
    let began = Instant::now();
    while !kept.keeper.leaving.is_empty() || kept.keeper.place.is_some() {
        kept.keeper.look(Instant::now());
        assert!(began.elapsed() < Duration::from_secs(20), "the camera's light stays on");
        thread::sleep(Duration::from_millis(5));
    }
    while kept.pictures.try_take().is_some() {}
    thread::sleep(Duration::from_millis(50));
    kept.keeper.look(Instant::now());
    assert!(kept.pictures.try_take().is_none() && kept.events.try_take().is_none());
}
