//! Many messengers in one made-up world: a network with delay, breaking links, corrupted and repeated frames and
//! partitions, a server that dies, disks that fail, and programs that crash between any write and its acknowledgement.
//! All on virtual time and from one seed, so that a failure can be looked at again.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    reason = "a test's own helpers"
)]

#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../common/disk.rs"]
mod disk;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../common/mailbox.rs"]
mod mailbox;

mod hands;
mod mischief;
mod person;
mod server;
mod verdict;
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use world::World;

/// How many worlds are tried; `JUICE_SEEDS` overrides it.
const SEEDS: u64 = 20_000;

#[test]
fn every_message_arrives_exactly_once_after_the_network_heals() {
    let seeds =
        std::env::var("JUICE_SEEDS").ok().map_or(SEEDS, |seeds| seeds.parse().expect("JUICE_SEEDS is a number"));
    let first = std::env::var("JUICE_FIRST_SEED").ok().map_or(0, |seed| seed.parse().expect("a number"));
    let next = AtomicU64::new(first);
    let [messages, crashes, breaks, letters, changes] = std::array::from_fn(|_| AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        break;
                    }
                    let told = catch_unwind(AssertUnwindSafe(|| {
                        let mut world = World::new(seed);
                        world.chaos();
                        world.heal();
                        world.check()
                    }));
                    match told {
                        Ok(tally) => {
                            messages.fetch_add(tally.messages, Ordering::Relaxed);
                            crashes.fetch_add(tally.crashes, Ordering::Relaxed);
                            breaks.fetch_add(tally.breaks, Ordering::Relaxed);
                            letters.fetch_add(tally.letters, Ordering::Relaxed);
                            changes.fetch_add(tally.changes, Ordering::Relaxed);
                        }
                        Err(panic) => {
                            eprintln!("seed {seed}: run again with JUICE_FIRST_SEED={seed} JUICE_SEEDS=1");
                            std::panic::resume_unwind(panic);
                        }
                    }
                }
            });
        }
    });
    let [messages, crashes, breaks] = [messages, crashes, breaks].map(AtomicU64::into_inner);
    let [letters, changes] = [letters, changes].map(AtomicU64::into_inner);
    println!(
        "{seeds} worlds: {messages} messages, {changes} changes, {letters} letters, {crashes} crashes, {breaks} breaks"
    );
    assert!(seeds < 100 || letters > seeds && changes > seeds, "nor may the mail be idle");
    assert!(
        seeds < 100 || messages > seeds * 5 && crashes > seeds / 2 && breaks > seeds / 2,
        "the chaos must be worth its name"
    );
}

#[test]
fn the_same_seed_is_the_same_world() {
    let run = || {
        let mut world = World::new(4_711);
        world.chaos();
        world.heal();
        world.check();
        world.trace
    };
    assert!(run() == run(), "chance comes from the seed alone");
}
