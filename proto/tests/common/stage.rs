//! The stage: a few messengers on virtual time, wired together without a network.
//!
//! What a messenger sends arrives at once and in order; a disk answers at once unless told otherwise; nothing else
//! happens than what a test does or a timer brings. Everything that came out stays in a log for the test to look at.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use juice_proto::{
    frame,
    id::{DeviceId, LinkId, Millis, Now},
    link::LinkFrame,
    messenger::{
        Input, Messenger, Output, SaveId,
        record::{Change, Fate},
    },
    seal::Suite,
    server::{Answer, Call, ClientFrame, Nonce, Push, ServerFrame},
    view::Command,
};

use super::{
    disk::{Disk, DiskMood},
    people::{Persona, START, persona},
    rendezvous::{Letter, Rendezvous},
};

/// Who: an index into the cast.
pub type Who = usize;
pub const ALICE: Who = 0;
pub const BOB: Who = 1;
pub const CAROL: Who = 2;

/// One person on the stage.
pub struct Player {
    pub persona: Persona,
    pub messenger: Option<Messenger>,
    pub disk: Disk,
    pub mood: DiskMood,
    saving: VecDeque<(SaveId, Vec<Change>)>,
    /// The nonce of their connection to the server.
    pub connection: Option<Nonce>,
    /// How far their wall clock is ahead.
    pub skew: Millis,
    pub suite: Suite,
}

/// One end of a link: whose it is (none: the test's own), and the other end.
#[derive(Clone, Copy)]
struct End {
    owner: Option<Who>,
    other: LinkId,
}

pub struct Stage {
    /// Milliseconds since the start.
    pub clock: Millis,
    pub players: Vec<Player>,
    pub server: Option<Rendezvous>,
    ends: BTreeMap<LinkId, End>,
    heard: BTreeMap<LinkId, VecDeque<Vec<u8>>>,
    queue: VecDeque<(Who, Input)>,
    next: u64,
    /// Those whom no dial reaches.
    pub unreachable: BTreeSet<Who>,
    /// Links that are stuck, by one of their ends, and what waits in them.
    stuck: BTreeMap<LinkId, VecDeque<(LinkId, Vec<u8>)>>,
    /// So many answers to calls without a name are lost, after the calls did what they do.
    pub lose_answers: usize,
    /// What the server answers to calls without a name, whatever they are.
    pub mail_answer: Option<Answer>,
    /// Everything that came out, oldest first, with its time.
    pub log: Vec<(Millis, Who, Output)>,
}

impl Stage {
    /// These people, all buddies, their programs running; no server and no links yet.
    pub fn new(names: &[&str]) -> Self {
        Self::cast(names.iter().map(|name| persona(name)).collect())
    }

    pub fn cast(people: Vec<Persona>) -> Self {
        let mut stage = Self {
            clock: 0,
            players: Vec::new(),
            server: None,
            ends: BTreeMap::new(),
            heard: BTreeMap::new(),
            queue: VecDeque::new(),
            next: 0,
            unreachable: BTreeSet::new(),
            stuck: BTreeMap::new(),
            lose_answers: 0,
            mail_answer: None,
            log: Vec::new(),
        };
        for persona in &people {
            let mut disk = Disk::default();
            let others = people.iter().filter(|other| other.identity.account != persona.identity.account);
            disk.buddies.extend(others.map(|other| (other.identity.account, other.record_at(persona))));
            stage.players.push(Player {
                persona: persona.clone(),
                messenger: None,
                disk,
                mood: DiskMood::Works,
                saving: VecDeque::new(),
                connection: None,
                skew: 0,
                suite: Suite::X25519,
            });
        }
        (0..people.len()).for_each(|who| stage.start(who));
        stage
    }

    /// These people at a server, online, and linked to each other.
    pub fn online(names: &[&str]) -> Self {
        let mut stage = Self::new(names);
        stage.open_server();
        for who in 0..names.len() {
            stage.connect(who);
        }
        stage
    }

    /// Two people with one link between them and no server.
    pub fn linked() -> Self {
        let mut stage = Self::new(&["alice", "bob"]);
        stage.link(ALICE, BOB);
        stage.log.clear();
        stage
    }

    pub fn now(&self, who: Who) -> Now {
        Now { mono: 1_000_000 + self.clock, wall: START + self.clock + self.players[who].skew }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    // Programs.

    pub fn start(&mut self, who: Who) {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.number().to_be_bytes());
        let now = self.now(who);
        let player = &mut self.players[who];
        let identity = player.persona.identity.clone();
        player.messenger = Some(Messenger::new(identity, player.disk.load(), player.suite, seed, now));
        self.tell(who, Input::Addresses(vec!["/ip4/192.0.2.1/udp/1/quic-v1".into()], false));
    }

    /// The program dies without a word; what was not saved is lost. Others notice by [`Stage::cut`].
    pub fn kill(&mut self, who: Who) {
        self.players[who].messenger = None;
        self.players[who].saving.clear();
        self.players[who].connection = None;
        self.queue.retain(|(other, _)| *other != who);
    }

    /// Hands an input over and plays until nothing more happens at this moment.
    pub fn tell(&mut self, who: Who, input: Input) {
        self.queue.push_back((who, input));
        self.settle();
    }

    pub fn command(&mut self, who: Who, command: Command) -> u64 {
        let number = self.number();
        self.tell(who, Input::Command(number, command));
        number
    }

    pub fn write(&mut self, from: Who, to: Who, text: &str) -> u64 {
        let buddy = self.hex(to);
        self.command(from, Command::SendMessage { buddy, text: text.into(), reply_to: None })
    }

    pub fn hex(&self, who: Who) -> String {
        self.players[who].persona.hex()
    }

    pub fn device(&self, who: Who) -> DeviceId {
        self.players[who].persona.identity.device.device()
    }

    fn settle(&mut self) {
        while let Some((who, input)) = self.queue.pop_front() {
            let now = self.now(who);
            let Some(messenger) = &mut self.players[who].messenger else {
                continue;
            };
            messenger.handle(now, input);
            while let Some(output) = self.players[who].messenger.as_mut().and_then(Messenger::poll) {
                self.log.push((self.clock, who, output.clone()));
                self.carry_out(who, output);
            }
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Millis) {
        let end = self.clock + time;
        loop {
            let timers = self.players.iter().enumerate();
            let due = timers.filter_map(|(who, p)| Some((p.messenger.as_ref()?.deadline()?, who))).min();
            let Some((at, who)) = due.filter(|(at, _)| *at <= 1_000_000 + end) else {
                break;
            };
            self.clock = self.clock.max(at - 1_000_000);
            self.tell(who, Input::Tick);
        }
        self.clock = end;
    }

    fn carry_out(&mut self, who: Who, output: Output) {
        match output {
            Output::Send(link, bytes) => self.arrive(link, bytes),
            Output::Close(link) | Output::Refuse(link) => self.close(link),
            Output::Dial { device, .. } => self.dialled(who, device),
            Output::Save(save, changes) => {
                self.players[who].saving.push_back((save, changes));
                if self.players[who].mood != DiskMood::Stalls {
                    self.flush(who);
                }
            }
            Output::Fetch(buddy, from) => {
                let messages = self.players[who].disk.fetch(buddy, from);
                self.queue.push_back((who, Input::Fetched(buddy, messages)));
            }
            Output::Mail(number, call) => self.mailed(who, number, call),
            Output::ServerSend(bytes) => self.at_server(who, &bytes),
            Output::ServerClose { .. } => self.players[who].connection = None,
            Output::Answer(..)
            | Output::Tell(_)
            | Output::Voice(_)
            | Output::UseRelay(_)
            | Output::Reserve
            | Output::SignedOut => {}
        }
    }

    // Disks.

    fn flush(&mut self, who: Who) {
        while let Some((save, changes)) = self.players[who].saving.pop_front() {
            let player = &mut self.players[who];
            let input = if player.mood == DiskMood::Fails {
                Input::SaveFailed(save)
            } else {
                let fates: Vec<Fate> = changes.into_iter().map(|change| player.disk.make(change)).collect();
                Input::Saved(save, fates)
            };
            self.queue.push_back((who, input));
        }
    }

    /// Changes the disk's mood; what it had not answered it answers in the new one.
    pub fn disk(&mut self, who: Who, mood: DiskMood) {
        self.players[who].mood = mood;
        if mood != DiskMood::Stalls {
            self.flush(who);
        }
        self.settle();
    }

    // Links.

    fn wire(&mut self, a: Option<Who>, b: Option<Who>) -> [LinkId; 2] {
        let links = [LinkId(self.number()), LinkId(self.number())];
        self.ends.insert(links[0], End { owner: a, other: links[1] });
        self.ends.insert(links[1], End { owner: b, other: links[0] });
        links
    }

    /// Opens a link between two; the end of each.
    pub fn link(&mut self, a: Who, b: Who) -> [LinkId; 2] {
        let links = self.wire(Some(a), Some(b));
        let (to_a, to_b) = (self.device(b), self.device(a));
        self.queue.push_back((a, Input::LinkUp { link: links[0], device: to_a, relayed: false }));
        self.queue.push_back((b, Input::LinkUp { link: links[1], device: to_b, relayed: false }));
        self.settle();
        links
    }

    /// Opens a link between someone and the test, which has proven to be `device`; the test's end.
    pub fn raw_link(&mut self, who: Who, device: DeviceId) -> LinkId {
        let [mine, theirs] = self.wire(None, Some(who));
        self.heard.insert(mine, VecDeque::new());
        self.tell(who, Input::LinkUp { link: theirs, device, relayed: false });
        mine
    }

    /// Sends bytes from the test's end of a link.
    pub fn inject(&mut self, link: LinkId, bytes: Vec<u8>) {
        self.arrive(link, bytes);
        self.settle();
    }

    /// What came at the test's end of a link.
    pub fn hear(&mut self, link: LinkId) -> Option<LinkFrame> {
        let bytes = self.heard.get_mut(&link)?.pop_front()?;
        Some(frame::decode(&bytes).expect("messengers speak the protocol"))
    }

    pub fn is_open(&self, link: LinkId) -> bool {
        self.ends.contains_key(&link)
    }

    fn arrive(&mut self, from: LinkId, bytes: Vec<u8>) {
        let Some(End { other, .. }) = self.ends.get(&from).copied() else {
            return;
        };
        let stuck = if self.stuck.contains_key(&from) { from } else { other };
        if let Some(waiting) = self.stuck.get_mut(&stuck) {
            return waiting.push_back((from, bytes));
        }
        match self.ends.get(&other).and_then(|end| end.owner) {
            Some(who) => self.queue.push_back((who, Input::LinkFrame(other, bytes))),
            None => self.heard.entry(other).or_default().push_back(bytes),
        }
    }

    /// Nothing gets through a link any more, and nobody notices.
    pub fn stick(&mut self, link: LinkId) {
        self.stuck.insert(link, VecDeque::new());
    }

    /// What waited in a stuck link arrives.
    pub fn unstick(&mut self, link: LinkId) {
        for (from, bytes) in self.stuck.remove(&link).unwrap_or_default() {
            self.arrive(from, bytes);
        }
        self.settle();
    }

    /// One side closes: the other hears of it after what was sent before.
    fn close(&mut self, link: LinkId) {
        let Some(End { other, .. }) = self.ends.remove(&link) else {
            return;
        };
        if let Some(End { owner: Some(who), .. }) = self.ends.remove(&other) {
            self.queue.push_back((who, Input::LinkDown(other)));
        }
    }

    /// Every link of someone breaks, and whoever is still running notices.
    pub fn cut(&mut self, who: Who) {
        let links: Vec<_> = self.ends.iter().filter(|(_, end)| end.owner == Some(who)).map(|(link, _)| *link).collect();
        for link in links {
            self.queue.push_back((who, Input::LinkDown(link)));
            self.close(link);
        }
        self.settle();
    }

    /// The links of someone that are open.
    pub fn links(&self, who: Who) -> Vec<LinkId> {
        self.ends.iter().filter(|(_, end)| end.owner == Some(who)).map(|(link, _)| *link).collect()
    }

    fn dialled(&mut self, who: Who, device: DeviceId) {
        let found = (0..self.players.len()).find(|other| self.device(*other) == device);
        let there = found.filter(|other| self.players[*other].messenger.is_some() && !self.unreachable.contains(other));
        match there {
            Some(other) => drop(self.link_later(who, other)),
            None => self.queue.push_back((who, Input::DialFailed(device))),
        }
    }

    fn link_later(&mut self, a: Who, b: Who) -> [LinkId; 2] {
        let links = self.wire(Some(a), Some(b));
        let (to_a, to_b) = (self.device(b), self.device(a));
        self.queue.push_back((a, Input::LinkUp { link: links[0], device: to_a, relayed: false }));
        self.queue.push_back((b, Input::LinkUp { link: links[1], device: to_b, relayed: false }));
        links
    }

    // The server.

    pub fn open_server(&mut self) {
        let people: Vec<_> = self.players.iter().map(|player| player.persona.clone()).collect();
        let mut server = Rendezvous::new(&people);
        for player in &self.players {
            let tokens = player.disk.buddies.values().filter_map(|record| record.my_token);
            let hashes: Vec<_> = tokens.map(|record| record.token.hash()).collect();
            server.mail.set_tokens(player.persona.identity.account, &hashes, &[]);
        }
        self.server = Some(server);
    }

    fn mailed(&mut self, who: Who, number: u64, call: Call) {
        if let Some(answer) = self.mail_answer.clone() {
            return self.queue.push_back((who, Input::Mailed(number, Some(answer))));
        }
        let lost = matches!(call, Call::Post { .. }) && self.lose_answers > 0;
        let wall = START + self.clock;
        let here = self.players.iter().filter(|player| player.connection.is_some());
        let connected: BTreeSet<_> = here.map(|player| player.persona.identity.account).collect();
        let answer = self.server.as_mut().map(|server| server.hear_unnamed(call, wall, |a| connected.contains(&a)));
        let (answer, letters) = answer.map_or((None, Vec::new()), |(answer, letters)| (Some(answer), letters));
        self.post(letters);
        self.lose_answers -= usize::from(lost);
        self.queue.push_back((who, Input::Mailed(number, answer.filter(|_| !lost))));
    }

    /// A connection to the server comes up.
    pub fn connect(&mut self, who: Who) -> Nonce {
        let mut nonce = [7; 32];
        nonce[..8].copy_from_slice(&self.number().to_be_bytes());
        self.players[who].connection = Some(nonce);
        self.tell(who, Input::ServerUp { nonce, welcome: None });
        nonce
    }

    /// The server is gone, with all that it had in memory.
    pub fn server_dies(&mut self) {
        self.server = None;
        for who in 0..self.players.len() {
            if self.players[who].connection.take().is_some() {
                self.tell(who, Input::ServerDown { attempt: 1 });
            }
        }
    }

    fn at_server(&mut self, who: Who, bytes: &[u8]) {
        let call: ClientFrame = frame::decode(bytes).expect("clients speak the protocol");
        let (account, wall) = (self.players[who].persona.identity.account, START + self.clock);
        let Some((server, nonce)) = self.server.as_mut().zip(self.players[who].connection) else {
            return;
        };
        let letters = server.hear(account, &nonce, &call, wall);
        self.post(letters);
    }

    fn post(&mut self, letters: Vec<Letter>) {
        for (account, frame) in letters {
            let to = self.players.iter().position(|player| player.persona.identity.account == account);
            if let Some(to) = to.filter(|to| self.players[*to].connection.is_some()) {
                self.queue.push_back((to, Input::ServerFrame(Rendezvous::bytes(&frame))));
            }
        }
    }

    pub fn push(&mut self, who: Who, push: Push) {
        self.tell(who, Input::ServerFrame(Rendezvous::bytes(&ServerFrame::Push(Box::new(push)))));
    }

    /// The grace of someone who vanished is over: their buddies are told.
    pub fn server_misses(&mut self, who: Who) {
        let account = self.players[who].persona.identity.account;
        let letters = self.server.as_mut().map(|server| server.set(account, None)).unwrap_or_default();
        self.post(letters);
        self.settle();
    }
}
