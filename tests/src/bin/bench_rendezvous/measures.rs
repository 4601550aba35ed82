//! The measures of a full server.

use std::time::{Duration, Instant};

use juice_proto::server::{Answer, Call};
use juice_tests::Folder;
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};

use crate::{
    SETTLED,
    calm::{Calm, Runs, Watch, at, median},
    client::Door,
    crowd::Crowd,
    people::Person,
    process::Process,
};

/// So many calls in a run.
const CALLS: usize = 5_000;
/// So many changes in a run.
const CHANGES: usize = 300;
/// Between two changes, so that each finds everyone at rest.
const REST: Duration = Duration::from_millis(2);
/// Runs that count, and runs at most.
const RUNS: (usize, usize) = (3, 12);
/// The same of kills, which take longer.
const KILLS: (usize, usize) = (3, 6);
/// A measure that takes so long is none: ten thousand come back in a quarter of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Of a run, or the median of several.
#[derive(Clone, Copy, Debug)]
pub struct Percentiles {
    pub p50: f64,
    pub p99: f64,
}

impl Percentiles {
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self { p50: at(&times, 50), p99: at(&times, 99) }
    }

    fn medians(runs: &[Self]) -> Self {
        let of = |which: fn(&Self) -> f64| median(runs.iter().map(which).collect());
        Self { p50: of(|run| run.p50), p99: of(|run| run.p99) }
    }
}

/// A look at another account, one call after the other on one connection, while everyone else is idle; milliseconds.
pub async fn calls(calm: &mut Calm, server: &Process, door: &Door, person: &Person, other: &Person) -> Percentiles {
    let mut client = door.enter(person).await.expect("everyone is let in");
    let call = Call::LookUp { account: other.id, since_version: 0 };
    let mut runs = Runs::new(RUNS);
    while runs.more() {
        let watch = Watch::begin(server.cpu());
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let start = Instant::now();
            let answer = client.call(&call).await.expect("an answer");
            times.push(millis(start.elapsed()));
            assert!(matches!(answer, Answer::Account { .. }), "{answer:?}");
        }
        runs.add(watch.end(server.cpu()), Percentiles::of(times));
    }
    Percentiles::medians(&calm.calmest("call_ms", runs))
}

/// From the moment in which one user says another presence to the last of so many buddies having heard; milliseconds.
pub async fn fanouts(
    calm: &mut Calm,
    server: &Process,
    crowd: &Crowd,
    door: &Door,
    (person, buddies): (&Person, usize),
) -> Percentiles {
    // Their coming is told too.
    crowd.await_frames(buddies);
    let mut client = door.enter(person).await.expect("everyone is let in");
    timeout(PATIENCE, crowd.last_frame()).await.expect("every buddy is told");
    let mut runs = Runs::new(RUNS);
    while runs.more() {
        let watch = Watch::begin(server.cpu());
        let mut times = Vec::with_capacity(CHANGES);
        for _ in 0..CHANGES {
            sleep(REST).await;
            let call = Call::SetPresence { presence: Some(person.presence()) };
            crowd.await_frames(buddies);
            let start = Instant::now();
            let answer = client.call(&call).await.expect("an answer");
            let last = timeout(PATIENCE, crowd.last_frame()).await.expect("every buddy is told");
            times.push(millis(last.duration_since(start)));
            assert_eq!(answer, Answer::Done, "the presence is taken");
        }
        runs.add(watch.end(server.cpu()), Percentiles::of(times));
    }
    Percentiles::medians(&calm.calmest("fanout_ms", runs))
}

/// From the end of the server, with no word to anyone, and its start at the same place to the last user's being signed
/// in again; seconds.
pub async fn returns(calm: &mut Calm, mut server: Process, folder: &Folder, crowd: &Crowd) -> f64 {
    let mut runs = Runs::new(KILLS);
    while runs.more() {
        let (data, socket) = (folder.path().to_owned(), server.socket());
        let watch = Watch::begin(Duration::ZERO);
        let start = Instant::now();
        // On another thread, so that everyone notices meanwhile.
        let again = spawn_blocking(move || {
            drop(server);
            Process::start(&data, Some(socket), false)
        });
        timeout(PATIENCE, crowd.all_return()).await.expect("everyone comes back");
        let seconds = start.elapsed().as_secs_f64();
        server = again.await.expect("it starts");
        runs.add(watch.end(server.cpu()), seconds);
        eprintln!("all back after {seconds:.2} s");
        sleep(SETTLED).await;
    }
    median(calm.calmest("reconnect_s", runs))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
