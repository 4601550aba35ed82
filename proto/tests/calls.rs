//! Calls of four people over all orders of what they do, on links that break and lose what is on its way, by seed.
//!
//! Whatever happened, once the links hold and time passes: two people have the same call in the same stage, or none;
//! sound goes exactly where a call is talked on at both ends and nobody holds it; nobody has two calls that go on.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's own helpers"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use juice_proto::{
    call::{Asked, CallSignal, Calls, Deed},
    id::{AccountId, CallId, DeviceId, Millis, Now},
    view::{CallStage, CallView, EndReason},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const PEOPLE: usize = 4;
const WALL: Millis = 1_800_000_000_000;

/// What a side does with the sound of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sound {
    secrets: ([u8; 32], [u8; 32]),
    mine: bool,
    paused: bool,
}

#[derive(Default)]
struct Person {
    calls: Calls,
    sounds: BTreeMap<CallId, Sound>,
    /// Everything that ever had sound: none may have it again.
    sounded: BTreeSet<CallId>,
    ended: Vec<(CallId, EndReason)>,
}

struct World {
    rng: ChaCha20Rng,
    mono: Millis,
    people: Vec<Person>,
    /// What is on its way from one to the other, where a link is.
    ways: BTreeMap<(usize, usize), VecDeque<(CallId, CallSignal)>>,
    history: Vec<String>,
}

fn account(who: usize) -> AccountId {
    AccountId::new([u8::try_from(who).expect("few") + 1; 32])
}

fn who(account: &AccountId) -> usize {
    usize::from(account.bytes()[0]) - 1
}

impl World {
    fn new(seed: u64) -> Self {
        let people = (0..PEOPLE).map(|_| Person::default()).collect();
        let mut world = Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            mono: 1_000,
            people,
            ways: BTreeMap::new(),
            history: Vec::new(),
        };
        for (a, b) in pairs() {
            world.link(a, b);
        }
        world
    }

    fn now(&self) -> Now {
        Now { mono: self.mono, wall: WALL + self.mono }
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.rng.next_u64() % limit as u64).expect("small")
    }

    fn entropy(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    fn linked(&self, a: usize, b: usize) -> bool {
        self.ways.contains_key(&(a, b))
    }

    fn link(&mut self, a: usize, b: usize) {
        for (from, to) in [(a, b), (b, a)] {
            self.ways.insert((from, to), VecDeque::new());
        }
        for (one, other) in [(a, b), (b, a)] {
            let now = self.now();
            self.people[one].calls.link_up(now, &account(other));
            self.settle(one);
        }
    }

    fn unlink(&mut self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            self.ways.remove(&(one, other));
            let now = self.now();
            self.people[one].calls.link_down(now, &account(other));
            self.settle(one);
        }
    }

    fn settle(&mut self, one: usize) {
        while let Some(deed) = self.people[one].calls.poll() {
            self.history.push(format!("{one}: {deed:?}"));
            match deed {
                Deed::Say(to, call, signal) => {
                    if let Some(way) = self.ways.get_mut(&(one, who(&to))) {
                        way.push_back((call, signal));
                    }
                }
                Deed::Start { call, mine, callers, callees, .. } => {
                    let person = &mut self.people[one];
                    assert!(
                        person.sounded.insert(call),
                        "the sound of a call starts once, or keys would be used twice"
                    );
                    person.sounds.insert(call, Sound { secrets: (callers, callees), mine, paused: false });
                }
                Deed::Pause(call, paused) => {
                    self.people[one].sounds.get_mut(&call).expect("only what sounds is paused").paused = paused;
                }
                Deed::Stop(call) => assert!(self.people[one].sounds.remove(&call).is_some(), "only what sounds stops"),
                Deed::Show(_) => {}
                Deed::Over(ended) => self.people[one].ended.push((ended.call, ended.reason)),
            }
        }
        let views = self.people[one].calls.views();
        let open = views.iter().filter(|view| view.talking_since_ms.is_some() && !view.held).count();
        assert!(open <= 1, "{one} talks on two calls at once");
        let talking: BTreeSet<_> = views.iter().filter(|view| view.talking_since_ms.is_some()).map(id_of).collect();
        assert_eq!(talking, self.people[one].sounds.keys().copied().collect(), "what is talked on sounds");
    }

    fn deliver(&mut self, from: usize, to: usize) {
        let half = self.entropy();
        let Some((call, signal)) = self.ways.get_mut(&(from, to)).and_then(VecDeque::pop_front) else { return };
        let device = DeviceId::new(*account(from).bytes());
        let now = self.now();
        self.people[to].calls.told(now, account(from), device, call, signal, half);
        self.settle(to);
    }

    fn pass(&mut self, time: Millis) {
        self.mono += time;
        for one in 0..PEOPLE {
            let now = self.now();
            if self.people[one].calls.deadline().is_some_and(|at| at <= now.mono) {
                self.people[one].calls.tick(now);
                self.settle(one);
            }
        }
    }

    fn act(&mut self) {
        let one = self.below(PEOPLE);
        let other = (one + 1 + self.below(PEOPLE - 1)) % PEOPLE;
        let (id, half, now) = (CallId::new(self.entropy()), self.entropy(), self.now());
        let theirs: Vec<_> = self.people[one].calls.views().iter().map(id_of).collect();
        let call = if theirs.is_empty() { None } else { Some(theirs[self.below(theirs.len())]) };
        let calls = &mut self.people[one].calls;
        match (self.rng.next_u32() % 12, call) {
            (0 | 1, _) if self.ways.contains_key(&(one, other)) => {
                let _ = calls.place(now, account(other), id, half);
            }
            (2 | 3, Some(call)) => self.ask(one, call, Asked::Answer(half)),
            (4, Some(call)) => self.ask(one, call, Asked::Decline),
            (5, Some(call)) => self.ask(one, call, Asked::HangUp),
            (6, Some(call)) => self.ask(one, call, Asked::Hold(true)),
            (7, Some(call)) => self.ask(one, call, Asked::Hold(false)),
            (8, _) => calls.mute(self.rng.next_u32().is_multiple_of(2)),
            (9, Some(call)) => calls.heard(call),
            (10, _) if self.rng.next_u32().is_multiple_of(4) => calls.deafen(self.rng.next_u32().is_multiple_of(2)),
            (11, Some(call)) if self.rng.next_u32().is_multiple_of(8) => calls.no_sound(now, call),
            _ => {}
        }
        self.settle(one);
    }

    /// What is refused is no more than that.
    fn ask(&mut self, one: usize, call: CallId, asked: Asked) {
        let now = self.now();
        let _ = self.people[one].calls.ask(now, call, asked);
    }

    fn step(&mut self) {
        match self.below(10) {
            0..=3 => self.act(),
            4..=7 => {
                let (from, to) = (self.below(PEOPLE), self.below(PEOPLE));
                self.deliver(from, to);
            }
            8 => {
                let time = [10, 500, 5_000, 16_000][self.below(4)];
                self.pass(time);
            }
            _ => {
                let (a, b) = pairs()[self.below(6)];
                if self.linked(a, b) { self.unlink(a, b) } else { self.link(a, b) }
            }
        }
    }

    fn heal(&mut self) {
        for (a, b) in pairs() {
            if !self.linked(a, b) {
                self.link(a, b);
            }
        }
        // Longer than anything waits, with all that is said arriving.
        for _ in 0..150 {
            while let Some((from, to)) = self.ways.iter().find(|(_, way)| !way.is_empty()).map(|(ends, _)| *ends) {
                self.deliver(from, to);
            }
            self.pass(500);
        }
    }

    fn judge(&self) {
        for (a, b) in pairs() {
            let between = |one: usize, other: usize| -> Option<CallView> {
                let hex = account(other).to_string();
                self.people[one].calls.views().into_iter().find(|view| view.buddy == hex)
            };
            let (mine, theirs) = (between(a, b), between(b, a));
            let (Some(mine), Some(theirs)) = (&mine, &theirs) else {
                assert!(mine.is_none() && theirs.is_none(), "one has a call that the other has not");
                continue;
            };
            assert_eq!(mine.id, theirs.id, "two have different calls");
            assert_ne!(mine.mine, theirs.mine, "both placed it, or neither");
            for view in [mine, theirs] {
                assert!(matches!(view.stage, CallStage::Talking | CallStage::Connecting), "nothing rings so long");
            }
            assert_eq!((mine.held, mine.held_by_them), (theirs.held_by_them, theirs.held));
            assert_eq!((mine.muted, mine.they_muted), (theirs.they_muted, theirs.muted));
            let id = id_of(mine);
            let (here, there) = (self.people[a].sounds[&id], self.people[b].sounds[&id]);
            assert_eq!(here.secrets, there.secrets, "the same keys at both ends");
            assert_ne!(here.mine, there.mine);
            assert_eq!(here.paused, there.paused, "both pause, or none");
            assert_eq!(here.paused, mine.held || mine.held_by_them);
        }
    }
}

fn pairs() -> [(usize, usize); 6] {
    [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
}

fn id_of(view: &CallView) -> CallId {
    CallId::parse(&view.id).expect("hex")
}

#[test]
fn whatever_four_people_do_on_breaking_links_they_come_to_agree() {
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..4_000 {
        let mut world = World::new(seed);
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..160 {
                world.step();
            }
            world.heal();
            world.judge();
        }));
        if told.is_err() {
            panic!("seed {seed}:\n{}", world.history.join("\n"));
        }
        for (_, reason) in world.people.iter().flat_map(|person| &person.ended) {
            *ends.entry(format!("{reason:?}")).or_default() += 1;
        }
    }
    // Every way to end has been gone.
    let missing: Vec<_> = ["LocalHangUp", "RemoteHangUp", "Declined", "DeclinedByMe", "NoAnswer", "Missed", "Busy"]
        .iter()
        .chain(&["Cancelled", "ConnectionLost", "NoSound"])
        .filter(|reason| !ends.contains_key(**reason))
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?} in {ends:?}");
}
