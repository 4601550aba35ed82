//! What must hold when everything is well again.

use std::collections::{BTreeMap, BTreeSet};

use juice_proto::{
    content::kind,
    id::{AccountId, MessageId},
    messenger::record::Progress,
};

use crate::{
    disk::Row,
    person::Person,
    world::{Tally, World},
};

impl World {
    /// Nothing is lost, nothing is shown twice or out of order, and both sides of each conversation say the same.
    pub fn check(&mut self) -> Tally {
        for (from, author) in self.people.iter().enumerate() {
            for (to, reader) in self.people.iter().enumerate().filter(|(to, _)| *to != from) {
                let written = ever(author, true, reader.identity.account);
                let read = ever(reader, false, author.identity.account);
                assert_eq!(written, read, "{from} to {to}: what was written and what arrived differ");
                self.tally.messages += u64::try_from(read.len()).expect("few");
                same_words(author, reader, &format!("{from} to {to}"));
            }
            settled(author, from);
            shown_once_and_in_order(author, from);
            if self.turn.is_none() {
                assert!(author.doors.values().all(|n| (0..=1).contains(n)), "{from}: a door opens before it closes");
                let open = author.doors.values().filter(|open| **open == 1).count();
                assert_eq!(open, self.people.len() - 1, "{from}: everyone is here in the end");
                assert_eq!(self.server.mail.of(author.identity.account), 0, "{from}: every letter is collected");
            }
        }
        self.tally
    }
}

/// The messages that ever were on someone's disk, by them or by their buddy.
fn ever(person: &Person, mine: bool, buddy: AccountId) -> BTreeSet<MessageId> {
    let of = person.disk.ever.iter().filter(|(_, whose)| **whose == (buddy, mine));
    of.map(|(id, _)| *id).collect()
}

/// What is left of a conversation on both disks reads the same.
fn same_words(author: &Person, reader: &Person, whose: &str) {
    let lines = author.disk.rows.iter().filter(|row| kind::has_line(row.message.kind) && row.message.mine);
    for mine in lines.filter(|row| row.message.buddy == reader.identity.account) {
        let Some(theirs) = reader.disk.row(mine.message.id) else { continue };
        assert_eq!(mine.message.text, theirs.message.text, "{whose}: the last text that its author gave it");
        assert_eq!((mine.edited, mine.deleted), (theirs.edited, theirs.deleted), "{whose}");
        assert_eq!(emoji(mine, true), emoji(theirs, false), "{whose}: the author's emoji");
        assert_eq!(emoji(mine, false), emoji(theirs, true), "{whose}: the reader's emoji");
    }
}

fn emoji(row: &Row, mine: bool) -> BTreeSet<&str> {
    row.reactions.iter().filter(|(_, by_me)| *by_me == mine).map(|(emoji, _)| emoji.as_str()).collect()
}

/// Every receipt came, and none is owed.
fn settled(person: &Person, who: usize) {
    let mine = || person.disk.rows.iter().map(|row| &row.message).filter(|message| message.mine);
    let refused = mine().filter(|message| message.progress == Progress::Refused).count();
    assert_eq!(refused, 0, "{who}: honest people refuse nothing");
    let waiting = mine().filter(|message| message.progress == Progress::Waiting).count();
    assert_eq!(waiting, 0, "{who}: every receipt came");
    assert!(person.disk.owed.is_empty(), "{who}: every receipt went");
}

fn shown_once_and_in_order(person: &Person, who: usize) {
    let shown: Vec<_> = person.arrived.iter().map(|message| message.id.clone()).collect();
    let once: BTreeSet<_> = shown.iter().cloned().collect();
    assert_eq!(shown.len(), once.len(), "{who}: nothing is shown twice");
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for message in &person.arrived {
        let before = last.insert(&message.buddy, &message.order);
        assert!(before.is_none_or(|before| before < message.order.as_str()), "{who}: shown out of order");
    }
    for queued in &person.queued {
        let id = MessageId::parse(&queued.id).expect("an id");
        let kept = person.disk.ever.contains_key(&id);
        assert!(kept || person.disk.voided.contains(&id), "{who}: what was shown as saved was on the disk");
    }
}
