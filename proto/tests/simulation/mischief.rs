//! What may go wrong, and what people do meanwhile.

use std::path::PathBuf;

use juice_proto::{
    content::FileOffer,
    messenger::Input,
    view::{Availability, Command, MessageView, Privacy},
};

use crate::world::{Happening, World, below};

impl World {
    pub fn mischief(&mut self) {
        let who = below(&mut self.rng, self.people.len());
        match self.below(24) {
            0..=5 => self.write(who),
            6..=9 | 20..=22 => self.change(who),
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
            23 if self.below(3) == 0 => {
                let buddy = self.someone_else(who);
                self.tell(who, Input::Command(0, Command::ForgetConversation { buddy }));
            }
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
        self.leave(who, survive);
        let restart = self.below(40_000);
        self.later(restart, Happening::Restart { who });
    }

    /// The program ends, and as many of the saves under way are on the disk.
    pub fn leave(&mut self, who: usize, survive: usize) {
        let wires: Vec<_> =
            self.wires.iter().filter(|(_, w)| w.ends.iter().any(|(end, ..)| *end == who)).map(|(id, _)| *id).collect();
        let account = self.people[who].identity.account;
        self.people[who].crash(survive);
        wires.into_iter().for_each(|wire| self.break_wire(wire));
        self.server.connected.remove(&account);
        self.later(20_000, Happening::Grace { account });
    }

    /// Something about what was said: an answer, another text, an emoji, a deletion; or a file.
    fn change(&mut self, who: usize) {
        let (mine, theirs) = (&self.people[who].queued, &self.people[who].arrived);
        let (mine, any) = (pick(&mut self.rng, mine), pick(&mut self.rng, &[&mine[..], &theirs[..]].concat()));
        let command = match (self.below(8), mine, any) {
            (0 | 1, Some(mine), _) => {
                let text = format!("{} better", self.order);
                Command::EditMessage { buddy: mine.buddy, message: mine.id, text }
            }
            (2, Some(mine), _) => Command::DeleteMessage { buddy: mine.buddy, message: mine.id },
            (3 | 4, _, Some(any)) => {
                let emoji = ["\u{1f44d}", "\u{1f34a}"][below(&mut self.rng, 2)].into();
                let on = self.below(3) > 0;
                Command::React { buddy: any.buddy, message: any.id, emoji, on }
            }
            (5, _, Some(any)) => {
                let text = format!("{} because", self.order);
                Command::SendMessage { buddy: any.buddy, text, reply_to: Some(any.id) }
            }
            (6, ..) => {
                let privacy = Privacy { read_receipts: self.below(2) == 0, typing: true };
                Command::SetPrivacy { privacy }
            }
            _ => {
                let (buddy, path) = (self.someone_else(who), PathBuf::from("cat.jpg"));
                let caption = format!("{} a file", self.order);
                let (key, root) = ([1; 32].into(), [2; 32].into());
                let offer =
                    FileOffer { name: "cat.jpg".into(), size: 9, key, root, picture: None, caption, memo: None };
                return self.tell(who, Input::FileReady { number: 0, buddy, offer: Box::new(offer), path });
            }
        };
        self.tell(who, Input::Command(0, command));
    }
}

/// One of the newest few.
fn pick(rng: &mut rand_chacha::ChaCha20Rng, messages: &[MessageView]) -> Option<MessageView> {
    let back = below(rng, 6.min(messages.len().max(1)));
    messages.iter().rev().nth(back).cloned()
}
