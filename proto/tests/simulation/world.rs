//! The world: people, a server, links between them, and one queue of things that will happen.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use juice_proto::{
    content::kind,
    id::{AccountId, DeviceId, LinkId, Now},
    messenger::{
        Input, Output,
        record::{BuddyRecord, Fate, Progress},
    },
    seal::Suite,
    sign::SecretKey,
    view::{Availability, Command, Event, Relation},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::{
    person::{Person, identity},
    server::Server,
};

const START: u64 = 1_700_000_000_000;

/// What will happen.
enum Happening {
    /// For one run of one person.
    Tell { who: usize, run: u64, input: Input },
    /// A frame arrives at one end of a link.
    Frame { wire: u64, to: usize, bytes: Vec<u8> },
    /// The disk answers.
    DiskDone { who: usize, run: u64 },
    /// A frame arrives at the server.
    AtServer { who: usize, connection: u64, bytes: Vec<u8> },
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
struct Wire {
    ends: [(usize, u64, LinkId); 2],
}

#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub messages: u64,
    pub crashes: u64,
    pub breaks: u64,
}

pub struct World {
    rng: ChaCha20Rng,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    people: Vec<Person>,
    devices: BTreeMap<DeviceId, usize>,
    server: Server,
    wires: BTreeMap<u64, Wire>,
    next: u64,
    partitioned: BTreeSet<(usize, usize)>,
    suite: Suite,
    healed: bool,
    tally: Tally,
    /// What happened, for comparing runs.
    pub trace: Vec<(u64, u64)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let server = Server::new(SecretKey::from_seed(&[1; 32]));
        let count = 2 + below(&mut rng, 3);
        let mut people: Vec<_> =
            (0..count).map(|n| Person::new(identity(u8::try_from(n).expect("few"), &server.key))).collect();
        let records: Vec<_> = people.iter().map(|person| befriended(&person.identity)).collect();
        for (n, person) in people.iter_mut().enumerate() {
            records
                .iter()
                .enumerate()
                .filter(|(m, _)| *m != n)
                .for_each(|(_, r)| drop(person.disk.buddies.insert(r.account, r.clone())));
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
            tally: Tally::default(),
            trace: Vec::new(),
        };
        world.server.lists =
            world.people.iter().map(|person| (person.identity.account, person.identity.list.clone())).collect();
        for who in 0..count {
            let at = world.below(5_000);
            world.later(at, Happening::Restart { who });
        }
        world
    }

    /// Two minutes in which anything may go wrong.
    pub fn chaos(&mut self) {
        for _ in 0..40 {
            let at = self.below(120_000);
            self.later(at, Happening::Mischief);
        }
        self.run_until(START + 120_000);
    }

    /// Nothing goes wrong any more; three minutes are enough for everything to be delivered.
    pub fn heal(&mut self) {
        self.healed = true;
        self.partitioned.clear();
        if !self.server.running {
            self.later(0, Happening::ServerBack);
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

    fn show_oneself(&mut self, who: usize) {
        let status = Command::SetStatus { availability: Availability::Here, text: String::new() };
        self.tell(who, Input::Command(0, status));
    }

    /// Every message that its author's disk holds is on its buddy's disk and was shown there once, in order.
    pub fn check(&mut self) -> Tally {
        for (from, author) in self.people.iter().enumerate() {
            for (to, reader) in self.people.iter().enumerate().filter(|(to, _)| *to != from) {
                let _ = to;
                let of = |person: &Person, mine: bool, buddy: AccountId| -> BTreeSet<_> {
                    let messages = person.disk.rows.iter().map(|row| &row.message);
                    let lines = messages.filter(|m| m.mine == mine && m.buddy == buddy && kind::has_line(m.kind));
                    lines.map(|message| message.id).collect()
                };
                let written = of(author, true, reader.identity.account);
                let read = of(reader, false, author.identity.account);
                assert_eq!(written, read, "{from} to {to}: what was written and what arrived differ");
                let mine = || author.disk.rows.iter().map(|row| &row.message).filter(|message| message.mine);
                let refused = mine().filter(|message| message.progress == Progress::Refused).count();
                assert_eq!(refused, 0, "honest people refuse nothing");
                let waiting = mine().filter(|message| message.progress == Progress::Waiting).count();
                assert_eq!(waiting, 0, "{from}: every receipt came");
                self.tally.messages += u64::try_from(read.len()).expect("few");
            }
            let shown: Vec<_> = author.arrived.iter().map(|message| message.id.clone()).collect();
            let once: BTreeSet<_> = shown.iter().cloned().collect();
            assert_eq!(shown.len(), once.len(), "{from}: nothing is shown twice");
            let mut last: BTreeMap<&str, &str> = BTreeMap::new();
            for message in &author.arrived {
                let before = last.insert(&message.buddy, &message.order);
                assert!(before.is_none_or(|before| before < message.order.as_str()), "{from}: shown out of order");
            }
            for queued in &author.queued {
                let id = juice_proto::id::MessageId::parse(&queued.id).expect("an id");
                let kept = author.disk.row(id).is_some();
                let voided = author.disk.rows.iter().any(|row| row.message.mine && row.message.kind == kind::VOID);
                assert!(kept || voided, "{from}: what was shown as saved is on the disk");
            }
            assert!(author.doors.values().all(|open| (0..=1).contains(open)), "{from}: a door opens before it closes");
            assert_eq!(
                author.doors.values().filter(|open| **open == 1).count(),
                self.people.len() - 1,
                "{from}: everyone is here in the end"
            );
        }
        self.tally
    }

    fn below(&mut self, limit: u64) -> u64 {
        u64::try_from(below(&mut self.rng, usize::try_from(limit).expect("small"))).expect("small")
    }

    fn chance(&mut self, percent: u64) -> bool {
        !self.healed && self.below(100) < percent
    }

    fn clock(&self) -> Now {
        Now { mono: self.now - START, wall: self.now }
    }

    fn later(&mut self, after: u64, happening: Happening) {
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
            Happening::Connect { who, run, attempt } => self.connect(who, run, attempt),
            Happening::Grace { account } => {
                let letters = if self.server.running { self.server.gone(account) } else { Vec::new() };
                self.post(letters);
            }
            Happening::Restart { who } => {
                if self.people[who].messenger.is_none() {
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

    fn mischief(&mut self) {
        let who = below(&mut self.rng, self.people.len());
        match self.below(20) {
            0..=9 => self.write(who),
            10 | 11 => self.crash(who),
            12 | 13 => {
                let wire = below(&mut self.rng, self.wires.len().max(1));
                if let Some(wire) = self.wires.keys().nth(wire).copied() {
                    self.tally.breaks += 1;
                    self.break_wire(wire);
                }
            }
            14 => {
                let other = (who + 1) % self.people.len();
                self.partitioned.insert((who.min(other), who.max(other)));
                let between: Vec<_> = self
                    .wires
                    .iter()
                    .filter(|(_, w)| w.ends.iter().all(|(end, ..)| *end == who || *end == other))
                    .map(|(wire, _)| *wire)
                    .collect();
                between.into_iter().for_each(|wire| self.break_wire(wire));
            }
            15 => self.partitioned.clear(),
            16 => {
                self.server.die();
                for person in 0..self.people.len() {
                    self.lose_server(person, 1);
                }
                let back = self.below(30_000);
                self.later(back, Happening::ServerBack);
            }
            17 => {
                let availability =
                    [Availability::Here, Availability::Away, Availability::Invisible][below(&mut self.rng, 3)];
                self.tell(who, Input::Command(0, Command::SetStatus { availability, text: "x".into() }));
            }
            18 => self.tell(who, Input::Woke),
            _ => {
                let buddy = self.someone_else(who);
                if let Some(last) = self.people[who].queued.last().cloned() {
                    let cancel = Command::CancelMessage { buddy: last.buddy, message: last.id };
                    self.tell(who, Input::Command(0, cancel));
                }
                self.tell(who, Input::Command(0, Command::MarkRead { buddy }));
            }
        }
    }

    fn someone_else(&mut self, who: usize) -> String {
        let other = (who + 1 + below(&mut self.rng, self.people.len() - 1)) % self.people.len();
        self.people[other].identity.account.to_string()
    }

    fn write(&mut self, who: usize) {
        let buddy = self.someone_else(who);
        for n in 0..=self.below(4) {
            let text = format!("{} {n}", self.order);
            self.tell(who, Input::Command(0, Command::SendMessage { buddy: buddy.clone(), text, reply_to: None }));
        }
    }

    fn crash(&mut self, who: usize) {
        if self.people[who].messenger.is_none() {
            return;
        }
        self.tally.crashes += 1;
        let survive = below(&mut self.rng, self.people[who].saving.len() + 1);
        let wires: Vec<_> =
            self.wires.iter().filter(|(_, w)| w.ends.iter().any(|(end, ..)| *end == who)).map(|(id, _)| *id).collect();
        let account = self.people[who].identity.account;
        self.people[who].crash(survive);
        wires.into_iter().for_each(|wire| self.break_wire(wire));
        self.server.connected.remove(&account);
        self.later(20_000, Happening::Grace { account });
        let restart = self.below(40_000);
        self.later(restart, Happening::Restart { who });
    }

    fn break_wire(&mut self, wire: u64) {
        let Some(Wire { ends }) = self.wires.remove(&wire) else { return };
        for (who, run, link) in ends {
            let noticed = self.below(10_000);
            self.later(noticed, Happening::Tell { who, run, input: Input::LinkDown(link) });
        }
    }

    fn lose_server(&mut self, who: usize, attempt: u32) {
        let account = self.people[who].identity.account;
        if self.people[who].messenger.is_none() {
            return;
        }
        if self.people[who].server.take().is_some() {
            self.server.connected.remove(&account);
            self.later(20_000, Happening::Grace { account });
        }
        let run = self.people[who].run;
        self.tell(who, Input::ServerDown { attempt });
        let wait = self.below(2_000 * u64::from(attempt.min(8)));
        self.later(wait, Happening::Connect { who, run, attempt: attempt + 1 });
    }

    fn connect(&mut self, who: usize, run: u64, attempt: u32) {
        if self.people[who].run != run || self.people[who].messenger.is_none() || self.people[who].server.is_some() {
            return;
        }
        if !self.server.running {
            return self.lose_server(who, attempt);
        }
        self.next += 1;
        let mut nonce = [0; 32];
        self.rng.fill_bytes(&mut nonce);
        self.people[who].server = Some((self.next, nonce));
        self.server.connected.insert(self.people[who].identity.account, self.next);
        self.tell(who, Input::ServerUp { nonce, welcome: None });
    }

    fn at_server(&mut self, who: usize, connection: u64, bytes: &[u8]) {
        let Some((current, nonce)) = self.people[who].server else { return };
        if current == connection && self.server.running {
            let account = self.people[who].identity.account;
            let letters = self.server.hear(account, nonce, bytes, self.now);
            self.post(letters);
        }
    }

    fn post(&mut self, letters: Vec<(AccountId, Vec<u8>)>) {
        for (account, bytes) in letters {
            let Some(who) = self.people.iter().position(|person| person.identity.account == account) else { continue };
            let run = self.people[who].run;
            if self.people[who].server.is_some() {
                // One delay for all, so that the server's frames keep their order.
                self.later(20, Happening::Tell { who, run, input: Input::ServerFrame(bytes) });
            }
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
    fn tell(&mut self, who: usize, input: Input) {
        let now = self.clock();
        let Some(messenger) = &mut self.people[who].messenger else { return };
        messenger.handle(now, input);
        while let Some(output) = self.people[who].messenger.as_mut().and_then(|messenger| messenger.poll()) {
            self.carry_out(who, output);
        }
    }

    fn carry_out(&mut self, who: usize, output: Output) {
        let run = self.people[who].run;
        match output {
            Output::Answer(..) | Output::UseRelay(_) | Output::Reserve | Output::SignedOut => {}
            Output::Tell(event) => self.shown(who, event),
            Output::Dial { device, .. } => self.dial(who, device),
            Output::Send(link, bytes) => self.send(who, link, bytes),
            Output::Close(link) | Output::Refuse(link) => {
                if let Some(wire) = self.people[who].links.remove(&link) {
                    let Some(Wire { ends }) = self.wires.get(&wire) else { return };
                    let other = ends[usize::from(ends[0].2 == link && ends[0].0 == who)];
                    // What was sent before arrives before the end does.
                    self.later(200, Happening::Tell { who: other.0, run: other.1, input: Input::LinkDown(other.2) });
                }
            }
            Output::ServerSend(bytes) => {
                if let Some((connection, _)) = self.people[who].server {
                    self.later(20, Happening::AtServer { who, connection, bytes });
                }
            }
            Output::ServerClose { again } => {
                assert!(again, "nobody is superseded here");
                let account = self.people[who].identity.account;
                if self.people[who].server.take().is_some() {
                    self.server.connected.remove(&account);
                    self.later(20_000, Happening::Grace { account });
                }
                self.later(1, Happening::Tell { who, run, input: Input::ServerDown { attempt: 1 } });
                self.later(1_000, Happening::Connect { who, run, attempt: 2 });
            }
            Output::Save(save, changes) => {
                self.people[who].saving.push_back((save, changes));
                let takes = 1 + self.below(if self.healed { 3 } else { 300 });
                self.later(takes, Happening::DiskDone { who, run });
            }
            Output::Mail(number, _) => {
                self.later(100, Happening::Tell { who, run, input: Input::Mailed(number, None) })
            }
            Output::Fetch(buddy, from) => {
                let messages = self.people[who].disk.fetch(buddy, from);
                self.later(1, Happening::Tell { who, run, input: Input::Fetched(buddy, messages) });
            }
        }
    }

    fn shown(&mut self, who: usize, event: Event) {
        let person = &mut self.people[who];
        match event {
            Event::MessageArrived { message } => person.arrived.push(message),
            Event::MessageQueued { message } => person.queued.push(message),
            Event::BuddyAppeared { id } => *person.doors.entry(id).or_default() += 1,
            Event::BuddyWentAway { id } => *person.doors.entry(id).or_default() -= 1,
            _ => {}
        }
    }

    fn dial(&mut self, who: usize, device: DeviceId) {
        let run = self.people[who].run;
        let other = self.devices[&device];
        let apart = self.partitioned.contains(&(who.min(other), who.max(other)));
        let wait = 20 + self.below(80);
        if apart || self.people[other].messenger.is_none() || self.chance(10) {
            return self.later(wait, Happening::Tell { who, run, input: Input::DialFailed(device) });
        }
        self.next += 2;
        let (wire, links) = (self.next, [LinkId(self.next), LinkId(self.next + 1)]);
        let other_run = self.people[other].run;
        self.wires.insert(wire, Wire { ends: [(who, run, links[0]), (other, other_run, links[1])] });
        self.people[who].links.insert(links[0], wire);
        self.people[other].links.insert(links[1], wire);
        let mine = self.people[who].identity.device.device();
        let (here, there) = (Input::LinkUp { link: links[0], device, relayed: false }, links[1]);
        self.later(wait, Happening::Tell { who, run, input: here });
        let input = Input::LinkUp { link: there, device: mine, relayed: false };
        self.later(wait, Happening::Tell { who: other, run: other_run, input });
    }

    fn send(&mut self, who: usize, link: LinkId, bytes: Vec<u8>) {
        let Some(wire) = self.people[who].links.get(&link).copied() else { return };
        let Some(Wire { ends }) = self.wires.get(&wire) else { return };
        let to = usize::from(ends[0].0 == who && ends[0].2 == link);
        // A link keeps its order: one delay for all its frames.
        let delay = 10 + wire % 90;
        self.later(delay, Happening::Frame { wire, to, bytes });
    }
}

fn below(rng: &mut ChaCha20Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u32()).expect("64 bits") % limit
}

fn befriended(identity: &juice_proto::messenger::Identity) -> BuddyRecord {
    BuddyRecord {
        account: identity.account,
        name: identity.name.as_str().into(),
        alias: String::new(),
        relation: Relation::Buddy,
        pin: Some(identity.pin),
        list: Some(identity.list.clone()),
        suite: None,
        verified: false,
        key_alarm: false,
        last_seen_ms: 0,
        my_token: None,
        their_token: None,
    }
}
