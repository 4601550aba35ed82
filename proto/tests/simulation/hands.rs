//! What happens to what messengers want done: frames on wires, calls at the server, and what windows are shown.

use juice_proto::{
    id::{AccountId, DeviceId, LinkId},
    messenger::{Input, Output},
    server::{Answer, Call},
    view::{Event, Notice},
};

use rand_core::Rng;

use crate::world::{Happening, Wire, World, short};

impl World {
    pub fn carry_out(&mut self, who: usize, output: Output) {
        let run = self.people[who].run;
        if self.talks {
            eprintln!("   {who} -> {}", short(&output));
        }
        match output {
            Output::Answer(..) | Output::Voice(_) | Output::UseRelay(_) | Output::Reserve | Output::SignedOut => {}
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
                // Where there is none, the next try is under way already.
                if self.people[who].server.take().is_some() {
                    self.server.connected.remove(&account);
                    self.later(20_000, Happening::Grace { account });
                    self.later(1, Happening::Tell { who, run, input: Input::ServerDown { attempt: 1 } });
                    self.later(1_000, Happening::Connect { who, run, attempt: 2 });
                }
            }
            Output::Save(save, changes) => {
                self.people[who].saving.push_back((save, changes));
                let takes = 1 + self.below(if self.healed { 3 } else { 300 });
                self.later(takes, Happening::DiskDone { who, run });
            }
            Output::Mail(number, call) => self.later(100, Happening::Mail { who, run, number, call }),
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
            Event::MessageChanged { .. } => self.tally.changes += 1,
            Event::Notice { notice } => {
                assert!(!matches!(notice, Notice::Equivocation { .. }), "honest people say one thing in one place");
            }
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

    pub fn break_wire(&mut self, wire: u64) {
        let Some(Wire { ends }) = self.wires.remove(&wire) else { return };
        for (who, run, link) in ends {
            let noticed = self.below(10_000);
            self.later(noticed, Happening::Tell { who, run, input: Input::LinkDown(link) });
        }
    }

    pub fn lose_server(&mut self, who: usize, attempt: u32) {
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

    pub fn connect(&mut self, who: usize, run: u64, attempt: u32) {
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

    pub fn at_server(&mut self, who: usize, connection: u64, bytes: &[u8]) {
        let Some((current, nonce)) = self.people[who].server else { return };
        if current == connection && self.server.running {
            let account = self.people[who].identity.account;
            let letters = self.server.hear(account, nonce, bytes, self.now);
            self.post(letters);
        }
    }

    pub fn post(&mut self, letters: Vec<(AccountId, Vec<u8>)>) {
        for (account, bytes) in letters {
            let Some(who) = self.people.iter().position(|person| person.identity.account == account) else { continue };
            let run = self.people[who].run;
            if self.people[who].server.is_some() {
                // One delay for all, so that the server's frames keep their order.
                self.later(20, Happening::Tell { who, run, input: Input::ServerFrame(bytes) });
            }
        }
    }

    /// A call of nobody knows whom. It may be lost, and so may its answer.
    pub fn mailed(&mut self, who: usize, run: u64, number: u64, call: Call) {
        let lost = !self.server.running || self.chance(10);
        let answer = (!lost).then(|| {
            let (answer, letters) = self.server.hear_unnamed(call, self.now);
            self.tally.letters += u64::from(answer == Answer::Done);
            self.post(letters);
            answer
        });
        let answer = answer.filter(|_| !self.chance(10));
        self.later(100, Happening::Tell { who, run, input: Input::Mailed(number, answer) });
    }
}
