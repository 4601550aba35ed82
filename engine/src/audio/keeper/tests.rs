//! Devices that come and go, played by a backend that does as it is told.

use std::{
    sync::{
        Mutex,
        mpsc::{self, Receiver},
    },
    thread::JoinHandle,
};

use super::*;
use crate::audio::{
    device::{DeviceId, Input, Meant, Output},
    microphone::MicrophoneCallback,
    speaker::SpeakerCallback,
};
use crate::{
    lock::lock,
    queue::{Taker, newest},
};

/// What is plugged in; the first is the default one.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Vec<&'static str>>>);

impl World {
    fn plug(&self, devices: &[&'static str]) {
        *lock(&self.0) = devices.to_vec();
    }

    fn about<S>(&self, choice: &DeviceChoice<S>) -> Result<About, AudioError> {
        let devices = lock(&self.0);
        let found = match choice {
            DeviceChoice::Named(id) => devices.iter().find(|name| id.0 == **name),
            DeviceChoice::Default | DeviceChoice::Synthetic(_) => devices.first(),
        };
        let name = (*found.ok_or(AudioError::NoDevice)?).to_owned();
        Ok(About { id: DeviceId(name.clone()), name, rate: 48_000 })
    }
}

impl Backend for World {
    fn microphone(&mut self, choice: &MicrophoneChoice) -> Result<Box<dyn Input>, AudioError> {
        Ok(Box::new(Plugged { about: self.about(choice)?, world: self.clone() }))
    }

    fn speaker(&mut self, choice: &SpeakerChoice) -> Result<Box<dyn Output>, AudioError> {
        Ok(Box::new(Plugged { about: self.about(choice)?, world: self.clone() }))
    }

    fn present(&mut self, microphone: &MicrophoneChoice, speaker: &SpeakerChoice) -> (Meant, Meant) {
        let usual = self.about(&MicrophoneChoice::Default).ok();
        let this = |about: Option<About>| {
            about.or_else(|| usual.clone()).map_or(Meant::Nothing, |about| Meant::This(about.id))
        };
        (this(self.about(microphone).ok()), this(self.about(speaker).ok()))
    }
}

struct Plugged {
    about: About,
    world: World,
}

impl Plugged {
    /// Calls every 10 ms while the device is plugged in.
    fn run(self, mut call: impl FnMut() + Send + 'static) -> Running {
        let (keep, ended) = mpsc::sync_channel::<()>(1);
        let (name, world) = (self.about.name, self.world);
        let thread = thread::spawn(move || {
            while ended.recv_timeout(Duration::from_millis(10)) == Err(mpsc::RecvTimeoutError::Timeout) {
                let devices = lock(&world.0).clone();
                if devices.contains(&name.as_str()) {
                    call();
                }
            }
        });
        Box::new(Call { _keep: keep, _thread: thread })
    }
}

struct Call {
    _keep: SyncSender<()>,
    _thread: JoinHandle<()>,
}

impl Input for Plugged {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, mut callback: MicrophoneCallback) -> Result<Running, AudioError> {
        Ok(self.run(move || callback.take(&[0.0; 480], 1, |sample| sample)))
    }
}

impl Output for Plugged {
    fn about(&self) -> &About {
        &self.about
    }

    fn start(self: Box<Self>, mut callback: SpeakerCallback) -> Result<Running, AudioError> {
        Ok(self.run(move || callback.fill(&mut [0.0; 480], 1, |sample| sample)))
    }
}

struct Kept {
    shared: Arc<Shared>,
    events: Taker<AudioEvent>,
    orders: SyncSender<Order>,
    _ends: (Receiver<encode::Order>, Receiver<playout::Order>),
    thread: Option<JoinHandle<()>>,
}

fn keep(world: &World, microphone: MicrophoneChoice) -> Kept {
    let shared = Arc::new(Shared::default());
    let (orders, taken) = mpsc::sync_channel(ORDERS);
    let (encode, encode_end) = mpsc::sync_channel(64);
    let (playout, playout_end) = mpsc::sync_channel(64);
    let (giver, events) = newest(64);
    let keeper = Keeper {
        shared: Arc::clone(&shared),
        backend: world.clone(),
        orders: taken,
        encode,
        playout,
        events: giver,
        microphone,
        speaker: DeviceChoice::Default,
    };
    let thread = Some(thread::spawn(move || keeper.run()));
    Kept { shared, events, orders, _ends: (encode_end, playout_end), thread }
}

impl Kept {
    /// The next event about the microphone, and how long it took.
    fn next(&mut self) -> (AudioEvent, Duration) {
        let began = Instant::now();
        loop {
            match self.events.try_take() {
                Some(AudioEvent::SpeakerLost | AudioEvent::SpeakerBack(_) | AudioEvent::SpeakerChanged(_)) => {}
                Some(event) => return (event, began.elapsed()),
                None => thread::sleep(Duration::from_millis(5)),
            }
            assert!(began.elapsed() < Duration::from_secs(20), "nothing happened");
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn changed(name: &str) -> AudioEvent {
    AudioEvent::MicrophoneChanged(name.to_owned())
}

#[test]
fn a_device_that_is_pulled_out_is_replaced_by_the_default_one_and_taken_again_when_it_is_back() {
    let world = World::default();
    world.plug(&["built in", "headset"]);
    let mut kept = keep(&world, DeviceChoice::Named(DeviceId("headset".to_owned())));
    assert_eq!(kept.next().0, changed("headset"));
    // Time for it to have called: before, it is given longer.
    thread::sleep(Duration::from_millis(300));
    world.plug(&["built in"]);
    let (event, took) = kept.next();
    assert_eq!(event, changed("built in"));
    assert!(took < Duration::from_secs(2), "{took:?} without a microphone");
    world.plug(&["built in", "headset"]);
    assert_eq!(kept.next().0, changed("headset"));
}

#[test]
fn the_last_microphone_is_lost_and_comes_back() {
    let world = World::default();
    world.plug(&["built in"]);
    let mut kept = keep(&world, DeviceChoice::Default);
    assert_eq!(kept.next().0, changed("built in"));
    thread::sleep(Duration::from_millis(300));
    world.plug(&[]);
    assert_eq!(kept.next().0, AudioEvent::MicrophoneLost);
    thread::sleep(Duration::from_millis(700));
    assert_eq!(kept.events.try_take().filter(|event| *event == AudioEvent::MicrophoneLost), None, "told twice");
    world.plug(&["built in"]);
    assert_eq!(kept.next().0, AudioEvent::MicrophoneBack("built in".to_owned()));
}

#[test]
fn another_default_and_another_choice_are_followed() {
    let world = World::default();
    world.plug(&["one", "two", "three"]);
    let mut kept = keep(&world, DeviceChoice::Default);
    assert_eq!(kept.next().0, changed("one"));
    world.plug(&["two", "one", "three"]);
    assert_eq!(kept.next().0, changed("two"));
    kept.orders.send(Order::Microphone(DeviceChoice::Named(DeviceId("three".to_owned())))).unwrap();
    kept.shared.keeper.wake();
    assert_eq!(kept.next().0, changed("three"));
}
