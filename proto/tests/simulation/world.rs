//! The world: people, a server, links between them, and one queue of things that will happen.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use juice_proto::{
    id::{AccountId, DeviceId, LinkId, Millis, Now},
    messenger::{Input, record::Fate},
    seal::Suite,
    server::Call,
    sign::SecretKey,
    view::{Availability, Command},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::{
    person::{Person, befriended, identity},
    server::Server,
};

pub const START: u64 = 1_700_000_000_000;

/// Longer than letters are kept.
const HOLIDAYS: Millis = 15 * 24 * 60 * 60 * 1000;

/// What will happen.
pub enum Happening {
    /// For one run of one person.
    Tell { who: usize, run: u64, input: Input },
    /// A frame arrives at one end of a link.
    Frame { wire: u64, to: usize, bytes: Vec<u8> },
    /// The disk answers.
    DiskDone { who: usize, run: u64 },
    /// A frame arrives at the server.
    AtServer { who: usize, connection: u64, bytes: Vec<u8> },
    /// A call of nobody knows whom arrives at the server.
    Mail { who: usize, run: u64, number: u64, call: Call },
    /// Someone tries to connect to the server.
    Connect { who: usize, run: u64, attempt: u32 },
    /// The server notices that someone is gone.
    Grace { account: AccountId },
    /// Someone starts their program again.
    Restart { who: usize },
    /// The server starts again.
    ServerBack,
    /// A random fault or wish.
    Mischief,
}

/// A link between two people: both ends' numbers, or none once it is closed.
pub struct Wire {
    pub ends: [(usize, u64, LinkId); 2],
}

#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub messages: u64,
    pub crashes: u64,
    pub breaks: u64,
    pub letters: u64,
    pub changes: u64,
}

pub struct World {
    pub rng: ChaCha20Rng,
    pub now: u64,
    pub order: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    pub people: Vec<Person>,
    pub devices: BTreeMap<DeviceId, usize>,
    pub server: Server,
    pub wires: BTreeMap<u64, Wire>,
    pub next: u64,
    pub partitioned: BTreeSet<(usize, usize)>,
    suite: Suite,
    pub healed: bool,
    /// In a world where nobody is ever there together with another: whose turn it is.
    pub turn: Option<usize>,
    /// How long nobody is there before everything is well.
    holidays: Millis,
    pub tally: Tally,
    /// With JUICE_TALK set all that passes between messengers and the world is printed, to look at one seed.
    pub talks: bool,
    /// What happened, for comparing runs.
    pub trace: Vec<(u64, u64)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let server = Server::new(SecretKey::from_seed(&[1; 32]));
        let alone = seed % 4 == 3;
        let count = 2 + below(&mut rng, if alone { 2 } else { 3 });
        let mut people: Vec<_> =
            (0..count).map(|n| Person::new(identity(u8::try_from(n).expect("few"), &server.key))).collect();
        // Who never meets must have met once; others may.
        let met = alone || below(&mut rng, 2) == 0;
        let everyone: Vec<_> = people.iter().map(|person| person.identity.clone()).collect();
        for person in &mut people {
            let others = everyone.iter().filter(|other| other.account != person.identity.account);
            let records = others.map(|other| befriended(&person.identity, other, met));
            person.disk.buddies.extend(records.map(|record| (record.account, record)));
        }
        let mut world = Self {
            // The hybrid suite is ten times the work; its logic is the same.
            suite: if seed.is_multiple_of(50) { Suite::XWing } else { Suite::X25519 },
            rng,
            now: START,
            order: 0,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            devices: people.iter().enumerate().map(|(n, p)| (p.identity.device.device(), n)).collect(),
            people,
            server,
            wires: BTreeMap::new(),
            next: 0,
            partitioned: BTreeSet::new(),
            healed: false,
            turn: alone.then_some(0),
            holidays: if seed % 8 == 3 { HOLIDAYS } else { 0 },
            tally: Tally::default(),
            talks: std::env::var_os("JUICE_TALK").is_some(),
            trace: Vec::new(),
        };
        world.server.lists =
            world.people.iter().map(|person| (person.identity.account, person.identity.list.clone())).collect();
        for who in 0..count {
            let at = world.below(5_000);
            world.later(at, Happening::Restart { who });
        }
        if world.below(8) == 0 {
            world.server.mail.room = 2;
        }
        world
    }

    /// Two minutes in which anything may go wrong.
    pub fn chaos(&mut self) {
        if self.turn.is_some() {
            return (0..6).for_each(|_| self.take_turns(20_000, 8));
        }
        for _ in 0..40 {
            let at = self.below(120_000);
            self.later(at, Happening::Mischief);
        }
        self.run_until(START + 120_000);
    }

    /// Nothing goes wrong any more; three minutes are enough for everything to be delivered, or a few turns of everyone.
    pub fn heal(&mut self) {
        self.now += self.holidays;
        self.healed = true;
        self.partitioned.clear();
        self.server.mail.room = 1_000;
        if !self.server.running {
            self.later(0, Happening::ServerBack);
        }
        if self.turn.is_some() {
            return (0..6 * self.people.len()).for_each(|_| self.take_turns(30_000, 0));
        }
        for who in 0..self.people.len() {
            if self.people[who].messenger.is_none() {
                self.later(0, Happening::Restart { who });
            } else {
                self.show_oneself(who);
            }
        }
        self.run_until(self.now + 180_000);
    }

    /// The next one is there for a while, alone.
    fn take_turns(&mut self, time: Millis, mischief: usize) {
        let who = self.turn.map_or(0, |who| (who + 1) % self.people.len());
        self.turn = Some(who);
        self.later(0, Happening::Restart { who });
        for _ in 0..mischief {
            let at = self.below(time);
            self.later(at, Happening::Mischief);
        }
        self.run_until(self.now + time);
        let saves = self.people[who].saving.len();
        let survive = if self.healed { saves } else { below(&mut self.rng, saves + 1) };
        self.leave(who, survive);
    }

    fn show_oneself(&mut self, who: usize) {
        let status = Command::SetStatus { availability: Availability::Here, text: String::new() };
        self.tell(who, Input::Command(0, status));
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        u64::try_from(below(&mut self.rng, usize::try_from(limit).expect("small"))).expect("small")
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        !self.healed && self.below(100) < percent
    }

    fn clock(&self) -> Now {
        Now { mono: self.now - START, wall: self.now }
    }

    pub fn later(&mut self, after: u64, happening: Happening) {
        self.order += 1;
        self.queue.push(Reverse((self.now + after, self.order)));
        self.happenings.insert(self.order, happening);
    }

    fn run_until(&mut self, end: u64) {
        loop {
            let happening = self.queue.peek().map(|Reverse((at, _))| *at);
            let timer = self
                .people
                .iter()
                .enumerate()
                .filter_map(|(n, person)| Some((person.messenger.as_ref()?.deadline()? + START, n)))
                .min();
            let timer_first = timer.is_some_and(|(at, _)| happening.is_none_or(|other| at < other));
            if timer_first {
                let (at, who) = timer.expect("just looked");
                if at > end {
                    break;
                }
                self.now = self.now.max(at);
                self.tell(who, Input::Tick);
            } else {
                let Some(at) = happening.filter(|at| *at <= end) else { break };
                self.now = self.now.max(at);
                let Reverse((_, order)) = self.queue.pop().expect("just looked");
                let happening = self.happenings.remove(&order).expect("queued");
                self.trace.push((self.now, order));
                self.happen(happening);
            }
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Tell { who, run, input } => {
                if self.people[who].run == run {
                    self.tell(who, input);
                }
            }
            Happening::Frame { wire, to, mut bytes } => {
                let Some((who, run, link)) = self.wires.get(&wire).map(|wire| wire.ends[to]) else { return };
                if self.people[who].run != run || self.people[who].messenger.is_none() {
                    return;
                }
                if self.chance(1) {
                    // A frame is bent on its way, or comes twice: neither may do more than cost the link.
                    if self.below(2) == 0 {
                        let at = below(&mut self.rng, bytes.len());
                        bytes[at] ^= 1;
                    } else {
                        self.tell(who, Input::LinkFrame(link, bytes.clone()));
                    }
                }
                self.tell(who, Input::LinkFrame(link, bytes));
            }
            Happening::DiskDone { who, run } => self.disk_done(who, run),
            Happening::AtServer { who, connection, bytes } => self.at_server(who, connection, &bytes),
            Happening::Mail { who, run, number, call } => self.mailed(who, run, number, call),
            Happening::Connect { who, run, attempt } => self.connect(who, run, attempt),
            Happening::Grace { account } => {
                let letters = if self.server.running { self.server.gone(account) } else { Vec::new() };
                self.post(letters);
            }
            Happening::Restart { who } => {
                if self.people[who].messenger.is_none() && self.turn.is_none_or(|turn| turn == who) {
                    let mut seed = [0; 32];
                    self.rng.fill_bytes(&mut seed);
                    let (suite, now) = (self.suite, self.clock());
                    self.people[who].start(suite, seed, now);
                    let run = self.people[who].run;
                    self.tell(who, Input::Addresses(vec!["here".into()], false));
                    if self.healed {
                        self.show_oneself(who);
                    }
                    self.later(1, Happening::Connect { who, run, attempt: 1 });
                }
            }
            Happening::ServerBack => self.server.running = true,
            Happening::Mischief => self.mischief(),
        }
    }

    fn disk_done(&mut self, who: usize, run: u64) {
        if self.people[who].run != run || self.people[who].messenger.is_none() {
            return;
        }
        let Some((save, changes)) = self.people[who].saving.pop_front() else { return };
        if self.chance(2) {
            return self.tell(who, Input::SaveFailed(save));
        }
        let fates: Vec<Fate> = changes.into_iter().map(|change| self.people[who].disk.make(change)).collect();
        self.tell(who, Input::Saved(save, fates));
    }

    /// Hands an input to a person's messenger and does what it wants done.
    pub fn tell(&mut self, who: usize, input: Input) {
        let now = self.clock();
        let Some(messenger) = &mut self.people[who].messenger else { return };
        if self.talks {
            eprintln!("{} {who} <- {}", self.now - START, short(&input));
        }
        messenger.handle(now, input);
        while let Some(output) = self.people[who].messenger.as_mut().and_then(|messenger| messenger.poll()) {
            self.carry_out(who, output);
        }
    }
}

pub fn below(rng: &mut ChaCha20Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u32()).expect("64 bits") % limit
}

pub fn short(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").chars().take(300).collect()
}
