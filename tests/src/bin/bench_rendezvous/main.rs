//! What the rendezvous costs and how fast it is: the real program in a process of its own, thousands of users over TLS
//! from this one, loopback between them. The last line is one JSON object.
//!
//! Users are planted into the server's folder and know nothing of passwords. All of them live on this one thread, as the
//! server would be slowed by whatever more it takes from the machine. Times are disturbed by whoever else is at work there, so a measure is repeated as [`calm`] says, by how much others
//! worked and never by its result. What comes out is the median of its runs.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that can't go on has failed"
)]

mod calm;
mod client;
mod crowd;
mod measures;
mod people;
mod process;

use std::time::Duration;

use clap::{Parser, builder::RangedU64ValueParser};
use juice_proto::id::ServerKey;
use juice_tests::Folder;
use serde_json::json;
use tokio::time::sleep;

use self::{
    calm::{Calm, median, round},
    client::Door,
    crowd::Crowd,
    people::{Person, plant},
    process::Process,
};

/// How large the server is that is measured.
#[derive(Clone, Copy, Parser)]
struct Size {
    /// Users in all, each signed in.
    // Fewer, and the first ones would not be strangers; more than a server takes would be turned away.
    #[arg(long, default_value_t = 5_000, value_parser = RangedU64ValueParser::<usize>::new().range(4_000..=19_000))]
    users: usize,
    /// Buddies of each, an even number.
    #[arg(long, default_value_t = 50, value_parser = RangedU64ValueParser::<usize>::new().range(2..=50))]
    buddies: usize,
}

/// Files that this process has open beside a socket for each user.
const OTHER_FILES: u64 = 100;
/// So many for a small server. No two of them are buddies: what a login costs is not what telling it costs.
const FEW: usize = 1_000;
/// How often a small server is filled.
const FILLS: usize = 3;
/// After this a server that nobody asks for anything has done what it does by itself.
const SETTLED: Duration = Duration::from_secs(2);

fn main() {
    let size = Size::parse();
    assert!(size.buddies % 2 == 0, "one on either side in the ring, so --buddies is even");
    let files = rlimit::increase_nofile_limit(u64::MAX).expect("the limit on open files can be raised");
    let needed = u64::try_from(size.users).expect("not so many") + OTHER_FILES;
    assert!(files >= needed, "{needed} open files are needed, here and by the server; the system allows {files}");
    // One thread: between two, each frame would wake the other.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(size));
}

async fn run(Size { users, buddies }: Size) {
    let folder = Folder::new("rendezvous");
    let (server, people) = plant(folder.path(), users + 1, buddies).await;
    let (me, people) = people.split_last().expect("there are some");
    eprintln!("{users} users with {buddies} buddies each planted");
    let (idle, idle_with_relay) = (idle_mb(&folder, false).await, idle_mb(&folder, true).await);
    eprintln!("idle: {idle:.1} MB, with the relay {idle_with_relay:.1} MB");

    let mut fills = Vec::new();
    for _ in 1..FILLS {
        fills.push(Filled::start(&folder, server, people).await);
        // The last one is for what follows.
        fills.last_mut().and_then(|fill: &mut Filled| fill.alive.take());
    }
    let mut fill = Filled::start(&folder, server, people).await;
    let (process, mut crowd) = fill.alive.take().expect("just started");
    let bare_kb = fill.bare_kb;
    fills.push(fill);
    let login_us: Vec<f64> = fills.iter().map(|fill| fill.login_us).collect();
    let few_kb: Vec<f64> = fills.iter().map(|fill| fill.kb_each).collect();
    eprintln!("CPU a login: {login_us:.0?} us; {FEW} users: {few_kb:.1?} KB each");

    let cpu = process.cpu();
    crowd.come(&people[FEW..]).await;
    let told_us = (process.cpu() - cpu).as_secs_f64() * 1e6 / (users - FEW) as f64;
    sleep(SETTLED).await;
    let all_kb = (process.rss_kb() - bare_kb) / users as f64;
    eprintln!("{users} users: {all_kb:.1} KB each; CPU a login that others are told of: {told_us:.0} us");

    let mut calm = Calm::default();
    let door = Door::new(process.socket(), server);
    let calls = measures::calls(&mut calm, &process, &door, me, &people[0]).await;
    eprintln!("a call: {calls:.3?} ms");
    let fanouts = measures::fanouts(&mut calm, &process, &crowd, &door, (me, buddies)).await;
    eprintln!("a change told to {buddies}: {fanouts:.3?} ms");
    let returns = measures::returns(&mut calm, process, &folder, &crowd).await;
    let result = json!({
        "users": users,
        "buddies": buddies,
        "idle_rss_mb": { "no_relay": round(idle), "relay": round(idle_with_relay) },
        "rss_per_user_kb": { FEW.to_string(): round(median(few_kb)), users.to_string(): round(all_kb) },
        "call_ms": { "p50": round(calls.p50), "p99": round(calls.p99) },
        "login_cpu_us": median(login_us).round(),
        // Of the others, who are told to those of their buddies who are there: of 50 buddies and 5,000 users 31 on average.
        "login_told_cpu_us": told_us.round(),
        "fanout_ms": { "p50": round(fanouts.p50), "p99": round(fanouts.p99) },
        "reconnect_s": round(returns),
        "taken_by_others_percent": calm.report(),
    });
    println!("{result}");
}

/// What a server needs that knows all users and serves none.
async fn idle_mb(folder: &Folder, relay: bool) -> f64 {
    let process = Process::start(folder.path(), None, relay);
    sleep(SETTLED).await;
    process.rss_kb() / 1_024.0
}

/// A fresh server with a few users, and what they took.
struct Filled {
    alive: Option<(Process, Crowd)>,
    /// Its memory without them.
    bare_kb: f64,
    kb_each: f64,
    /// Its CPU for a login, in microseconds.
    login_us: f64,
}

impl Filled {
    async fn start(folder: &Folder, server: ServerKey, people: &[Person]) -> Self {
        let process = Process::start(folder.path(), None, false);
        sleep(SETTLED).await;
        let (bare_kb, bare_cpu) = (process.rss_kb(), process.cpu());
        let mut crowd = Crowd::new(Door::new(process.socket(), server));
        crowd.come(&people[..FEW]).await;
        let cpu = process.cpu() - bare_cpu;
        sleep(SETTLED).await;
        let kb_each = (process.rss_kb() - bare_kb) / FEW as f64;
        Self { alive: Some((process, crowd)), bare_kb, kb_each, login_us: cpu.as_secs_f64() * 1e6 / FEW as f64 }
    }
}
