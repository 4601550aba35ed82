//! Everyone who is signed in, each in a task: hears what is pushed, and comes back when the server was gone, after the
//! waits that the engine makes: none before the first try, then a random part of 1, 2, 4 seconds and so on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt, stream};
use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinSet,
    time::sleep,
};

use crate::{
    client::{Client, Door},
    people::Person,
};

/// How many sign in at a time.
const AT_THE_DOOR: usize = 8;
/// The longest wait between two tries, in seconds.
const MAX_WAIT: f64 = 60.0;

/// Everyone.
pub struct Crowd {
    door: Door,
    hall: Arc<Hall>,
    tasks: JoinSet<()>,
}

/// What their tasks share.
struct Hall {
    /// How often somebody has come.
    comings: watch::Sender<usize>,
    /// How many frames are to come until the clock stops.
    awaited: AtomicUsize,
    stopped: Mutex<Option<Instant>>,
    last: Notify,
}

impl Crowd {
    pub fn new(door: Door) -> Self {
        let hall = Hall {
            comings: watch::Sender::new(0),
            awaited: AtomicUsize::new(0),
            stopped: Mutex::default(),
            last: Notify::new(),
        };
        Self { door, hall: Arc::new(hall), tasks: JoinSet::new() }
    }

    /// Signs these in, a few at a time.
    pub async fn come(&mut self, people: &[Person]) {
        let door = self.door.clone();
        let mut coming = stream::iter(people)
            .map(|person| {
                let entering = door.enter(person);
                async move { (person, entering.await.expect("everyone is let in")) }
            })
            .buffer_unordered(AT_THE_DOOR);
        while let Some((person, client)) = coming.next().await {
            self.hall.comings.send_modify(|comings| *comings += 1);
            self.tasks.spawn(stay(client, person.clone(), self.door.clone(), Arc::clone(&self.hall)));
        }
    }

    /// Waits until everyone has come once more.
    pub async fn all_return(&self) {
        let mut comings = self.hall.comings.subscribe();
        let all = *comings.borrow() + self.tasks.len();
        comings.wait_for(|comings| *comings >= all).await.expect("the hall stands");
    }

    /// From this moment on counts the frames that come to any of them.
    pub fn await_frames(&self, count: usize) {
        self.hall.awaited.store(count, Relaxed);
    }

    /// When the last of the frames came that are awaited.
    pub async fn last_frame(&self) -> Instant {
        self.hall.last.notified().await;
        self.hall.stopped.lock().await.take().expect("set before the notice")
    }
}

async fn stay(mut client: Client, person: Person, door: Door, hall: Arc<Hall>) {
    loop {
        while client.next().await.is_ok() {
            hall.heard();
        }
        // Ends the connection before another begins.
        drop(client);
        client = come_back(&person, &door).await;
        hall.comings.send_modify(|comings| *comings += 1);
    }
}

async fn come_back(person: &Person, door: &Door) -> Client {
    let mut longest = 0.0;
    loop {
        sleep(Duration::from_secs_f64(random() * longest)).await;
        // Boxed: most of the time there is none.
        if let Ok(client) = door.enter(person).boxed().await {
            return client;
        }
        longest = f64::clamp(longest * 2.0, 1.0, MAX_WAIT);
    }
}

/// From 0 to 1.
fn random() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library's source of randomness: the keys of its hash maps.
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

impl Hall {
    fn heard(&self) {
        let awaited = self.awaited.load(Relaxed);
        self.awaited.store(awaited.saturating_sub(1), Relaxed);
        if awaited == 1 {
            // Nobody holds it on the one thread while this runs.
            if let Ok(mut stopped) = self.stopped.try_lock() {
                *stopped = Some(Instant::now());
            }
            self.last.notify_one();
        }
    }
}
