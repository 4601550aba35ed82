//! Calls of four people over all orders of what they do, on links that break and lose what is on its way, by seed.
//!
//! Whatever happened, once the links hold and time passes: two people have the same call in the same stage, or none;
//! sound goes exactly where a call is talked on at both ends and nobody holds it; nobody has two groups that go
//! on; and of those whom somebody introduced to each other, each two hear each other with the same keys.

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
    call::{Asked, CallSignal, Calls, Deed, Guest, Shows},
    id::{AccountId, CallId, DeviceId, Millis, Now},
    view::{CallPerson, CallStage, CallView, EndReason},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const PEOPLE: usize = 4;
const WALL: Millis = 1_800_000_000_000;

/// What a side does with the sound of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sound {
    group: CallId,
    secrets: ([u8; 32], [u8; 32]),
    mine: bool,
    paused: bool,
}

#[derive(Default)]
struct Person {
    calls: Calls,
    sounds: BTreeMap<CallId, Sound>,
    /// What is to be seen in each group.
    videos: BTreeMap<CallId, Shows>,
    /// Everything that ever had sound: none may have it again.
    sounded: BTreeSet<CallId>,
    ended: Vec<EndReason>,
    parted: Vec<EndReason>,
    /// The most that were in one group with them.
    company: usize,
}

struct World {
    rng: ChaCha20Rng,
    mono: Millis,
    people: Vec<Person>,
    /// What is on its way from one to the other, where a link is.
    ways: BTreeMap<(usize, usize), VecDeque<(CallId, CallSignal)>>,
    /// To whom a sound was silent.
    silent: BTreeSet<(usize, CallId)>,
    /// Who said in which call that they host.
    hosted: BTreeSet<(usize, CallId)>,
    sociable: bool,
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
            silent: BTreeSet::new(),
            hosted: BTreeSet::new(),
            sociable: seed % 2 == 1,
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
                    if matches!(&signal, CallSignal::Side(side) if side.hosts) {
                        self.hosted.insert((one, call));
                    }
                    if let Some(way) = self.ways.get_mut(&(one, who(&to))) {
                        way.push_back((call, signal));
                    }
                }
                Deed::Start { call, group, mine, callers, callees, .. } => {
                    let person = &mut self.people[one];
                    assert!(
                        person.sounded.insert(call),
                        "the sound of a call starts once, or keys would be used twice"
                    );
                    person.sounds.insert(call, Sound { group, secrets: (callers, callees), mine, paused: false });
                }
                Deed::Pause(call, paused) => {
                    self.people[one].sounds.get_mut(&call).expect("only what sounds is paused").paused = paused;
                }
                Deed::Stop(call) => {
                    let Person { sounds, videos, .. } = &mut self.people[one];
                    let Sound { group, .. } = sounds.remove(&call).expect("only what sounds stops");
                    // Nobody is left in it to see anything.
                    if sounds.values().all(|sound| sound.group != group) {
                        videos.remove(&group);
                    }
                }
                Deed::Introduce(to, call, others) => {
                    let guests = others.into_iter().map(|other| Guest {
                        pair: other.pair,
                        first: other.first,
                        secret: other.secret.into(),
                        account: other.account,
                        device: other.device,
                        name: who(&other.account).to_string(),
                        addresses: Vec::new(),
                    });
                    if let Some(way) = self.ways.get_mut(&(one, who(&to))) {
                        way.push_back((call, CallSignal::Guests(guests.collect())));
                    }
                }
                Deed::Side(pair, side) => {
                    assert!(self.people[one].sounds.contains_key(&pair), "only with sound can a side be told");
                    for other in (0..PEOPLE).filter(|other| *other != one) {
                        if self.people[other].sounds.contains_key(&pair) {
                            self.people[other].calls.side_told(pair, side);
                        }
                    }
                }
                Deed::Video(group, shows) => drop(self.people[one].videos.insert(group, shows)),
                Deed::Show(_) | Deed::Reach { .. } => {}
                Deed::Parted(parted) => self.people[one].parted.push(parted.reason),
                Deed::Over(ended) => self.people[one].ended.push(ended.reason),
            }
        }
        let views = self.people[one].calls.views();
        let open = views.iter().filter(|view| view.talking_since_ms.is_some() && !view.held).count();
        assert!(open <= 1, "{one} talks on two calls at once");
        let people = views.iter().flat_map(|view| &view.people);
        let talking: BTreeSet<_> = people.filter(|person| talks(person)).map(person_id).collect();
        assert_eq!(talking, self.people[one].sounds.keys().copied().collect(), "what is talked on sounds");
        for view in &views {
            assert!(!view.people.is_empty(), "a group with nobody");
            let company = view.people.iter().filter(|person| talks(person)).count();
            if view.talking_since_ms.is_some() {
                let shown = self.people[one].videos.get(&id_of(view)).copied().unwrap_or_default();
                assert_eq!(shown, view.shows, "what is said to be shown is shown");
            }
            self.people[one].company = self.people[one].company.max(company);
        }
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
        // In company people call each other more than they hang up.
        let choices: &[u32] = if self.sociable {
            &[0, 0, 2, 2, 2, 2, 2, 2, 6, 7, 7, 8, 9, 12, 12, 12, 12, 12, 5, 14, 15]
        } else {
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
        };
        let choice = choices[usize::try_from(self.rng.next_u32()).expect("64 bits") % choices.len()];
        match (choice, call) {
            (0 | 1, _) if self.ways.contains_key(&(one, other)) => {
                let shows = if half[0].is_multiple_of(2) { Shows::Camera } else { Shows::Nothing };
                let _ = calls.place(now, account(other), id, half, shows);
            }
            (2 | 3, Some(call)) => {
                let shows = if half[0].is_multiple_of(2) { Shows::Camera } else { Shows::Nothing };
                self.ask(one, call, Asked::Answer(half, shows));
            }
            (15, Some(call)) => {
                let shows = [Shows::Nothing, Shows::Camera, Shows::Screen][usize::from(half[0] % 3)];
                self.ask(one, call, Asked::Show(shows));
            }
            (4, Some(call)) => self.ask(one, call, Asked::Decline),
            (5, Some(call)) => self.ask(one, call, Asked::HangUp),
            (6, Some(call)) => self.ask(one, call, Asked::Hold(true)),
            (7, Some(call)) => self.ask(one, call, Asked::Hold(false)),
            (8, _) => calls.mute(self.rng.next_u32().is_multiple_of(2)),
            (9, Some(call)) => calls.heard(call),
            (10, _) if self.rng.next_u32().is_multiple_of(4) => calls.deafen(self.rng.next_u32().is_multiple_of(2)),
            (12 | 13, Some(call)) if self.ways.contains_key(&(one, other)) => {
                let _ = calls.add(now, call, account(other), id, half, vec!["1".into()]);
            }
            (14, Some(call)) => {
                let people = calls.view(&call).map(|view| view.people).unwrap_or_default();
                if let Some(person) = people.first() {
                    self.ask(one, person_id(person), Asked::Dismiss);
                }
            }
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
        if self.sociable && self.below(8) > 0 {
            self.act();
            for (from, to) in pairs().into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
                self.deliver(from, to);
            }
            return;
        }
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
            self.exchange();
            self.sound();
            self.pass(500);
        }
    }

    /// All that is said arrives, and all that is said to that.
    fn exchange(&mut self) {
        while let Some((from, to)) = self.ways.iter().find(|(_, way)| !way.is_empty()).map(|(ends, _)| *ends) {
            self.deliver(from, to);
        }
    }

    /// Whoever has the sound of two is heard by the other who has it, and is silent to one where the other has not.
    fn sound(&mut self) {
        for one in 0..PEOPLE {
            let sounds: Vec<_> = self.people[one].sounds.keys().copied().collect();
            for id in sounds {
                let there = (0..PEOPLE).any(|other| other != one && self.people[other].sounds.contains_key(&id));
                let now = self.now();
                let calls = &mut self.people[one].calls;
                if there {
                    calls.heard(id);
                } else if self.silent.insert((one, id)) {
                    calls.met_is_silent(now, id);
                }
                self.settle(one);
            }
        }
    }

    fn judge(&self) {
        for (a, b) in pairs() {
            let between = |one: usize, other: usize, introduced: bool| -> BTreeMap<CallId, (CallPerson, CallView)> {
                let hex = account(other).to_string();
                let views = self.people[one].calls.views();
                let people = views.iter().flat_map(|view| view.people.iter().map(move |person| (person, view)));
                let theirs = people.filter(|(person, _)| person.buddy == hex && person.name.is_some() == introduced);
                theirs.map(|(person, view)| (person_id(person), (person.clone(), view.clone()))).collect()
            };
            let ids = |of: &BTreeMap<CallId, _>| of.keys().copied().collect::<Vec<_>>();
            for introduced in [false, true] {
                let (mine, theirs) = (between(a, b, introduced), between(b, a, introduced));
                assert_eq!(ids(&mine), ids(&theirs), "{a} and {b} have different calls, introduced {introduced}");
                assert!(introduced || mine.len() <= 1, "two have one call with each other at most");
                for (id, (there, view)) in &mine {
                    let (here, their_view) = &theirs[id];
                    for person in [here, there] {
                        assert!(talks(person), "nothing rings so long");
                    }
                    if !introduced {
                        let held = (view.held, there.held);
                        assert_eq!(held, (here.held, their_view.held), "both know who holds");
                        assert_eq!((view.muted, there.muted), (here.muted, their_view.muted));
                        assert_eq!(
                            (view.shows, there.shows),
                            (here.shows, their_view.shows),
                            "both know what is shown"
                        );
                    }
                    let (at_a, at_b) = (self.people[a].sounds[id], self.people[b].sounds[id]);
                    assert_eq!(at_a.secrets, at_b.secrets, "the same keys at both ends");
                    assert_ne!(at_a.mine, at_b.mine);
                    if introduced {
                        assert_eq!((at_a.paused, at_b.paused), (view.held, their_view.held));
                    } else {
                        assert_eq!(at_a.paused, at_b.paused, "both pause, or none");
                        assert_eq!(at_a.paused, view.held || there.held);
                    }
                }
            }
        }
        // Whoever is hosted hears everybody else who is.
        for host in 0..PEOPLE {
            for view in self.people[host].calls.views().iter().filter(|view| view.can_add) {
                for (one, other) in view.people.iter().flat_map(|one| view.people.iter().map(move |other| (one, other)))
                {
                    let of_one = &self.people[who_hex(&one.buddy)].calls;
                    let heard = of_one.views().iter().any(|view| {
                        let with_host = view.people.iter().any(|person| person.id == one.id);
                        with_host && (view.people.iter().any(|person| person.buddy == other.buddy))
                    });
                    // Who hosts others, or did, is introduced to nobody.
                    let hosting = [one, other]
                        .iter()
                        .any(|person| self.hosted.contains(&(who_hex(&person.buddy), person_id(person))));
                    assert!(one.id == other.id || heard || hosting, "{} does not hear {}", one.buddy, other.buddy);
                }
            }
        }
    }
}

/// They can talk with each other.
fn talks(person: &CallPerson) -> bool {
    matches!(person.stage, CallStage::Talking | CallStage::Connecting | CallStage::Reconnecting)
}

fn person_id(person: &CallPerson) -> CallId {
    CallId::parse(&person.id).expect("hex")
}

fn who_hex(account: &str) -> usize {
    who(&AccountId::parse(account).expect("hex"))
}

#[test]
fn who_comes_into_a_call_that_is_held_recorded_and_seen_is_told_so() {
    let mut world = World::new(0);
    let (first, second) = (CallId::new([1; 32]), CallId::new([2; 32]));
    let now = world.now();
    world.people[0].calls.place(now, account(1), first, [3; 32], Shows::Camera).expect("it is placed");
    world.settle(0);
    world.exchange();
    world.ask(1, first, Asked::Answer([4; 32], Shows::Nothing));
    world.settle(1);
    world.exchange();
    world.ask(0, first, Asked::Record(true));
    world.people[0].calls.add(now, first, account(2), second, [5; 32], Vec::new()).expect("it is placed");
    world.ask(0, first, Asked::Hold(true));
    world.settle(0);
    world.exchange();
    world.ask(2, second, Asked::Answer([6; 32], Shows::Nothing));
    world.settle(2);
    world.exchange();
    let view = world.people[2].calls.view(&second).expect("they talk");
    assert!(view.they_record && view.held_by_them, "{view:?}");
    assert_eq!(view.people[0].shows, Shows::Camera);
    assert!(world.people[0].sounds[&second].paused, "nothing goes either way");
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
        for person in &world.people {
            for reason in &person.ended {
                *ends.entry(format!("{reason:?}")).or_default() += 1;
            }
            *ends.entry(format!("company of {}", person.company)).or_default() += 1;
            *ends.entry("parted".into()).or_default() += u32::try_from(person.parted.len()).expect("few");
        }
    }
    // Every way to end has been gone.
    let missing: Vec<_> = ["LocalHangUp", "RemoteHangUp", "Declined", "DeclinedByMe", "NoAnswer", "Missed", "Busy"]
        .iter()
        .chain(&["Cancelled", "ConnectionLost", "NoSound", "company of 2", "company of 3"])
        .filter(|reason| !ends.contains_key(**reason))
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?} in {ends:?}");
}
