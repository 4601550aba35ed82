//! How I have arranged my list: groups, favourites, notes. All of it is mine alone, and nobody is told.

use super::{super::*, *};

/// The most groups.
const MAX_GROUPS: usize = 50;
/// The longest name of a group, in characters.
const MAX_GROUP_NAME: usize = 64;
/// The longest notes about a buddy, in characters.
const MAX_NOTES: usize = 4_000;

impl Messenger {
    pub(in crate::messenger) fn place(&mut self, number: u64, buddy: &str, place: BuddyPlace) -> Outcome {
        if place.group.is_some_and(|id| self.groups.iter().all(|group| group.id != id)) {
            return Err(refuse(ErrorCode::Unknown, "no such group"));
        }
        self.arrange(number, buddy, |record| record.place = place)
    }

    pub(in crate::messenger) fn note_about(&mut self, number: u64, buddy: &str, notes: &str) -> Outcome {
        let is_fit = |c: char| !c.is_control() || c == '\n' || c == '\t';
        if notes.chars().count() > MAX_NOTES || !notes.chars().all(is_fit) {
            return Err(refuse(ErrorCode::BadText, "the notes are too long"));
        }
        self.arrange(number, buddy, |record| record.notes = notes.trim_end().into())
    }

    fn arrange(&mut self, number: u64, buddy: &str, change: impl FnOnce(&mut BuddyRecord)) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let Some(buddy) = self.buddies.get_mut(&account) else { return Err(unknown()) };
        change(&mut buddy.record);
        let saved = Change::Buddy(buddy.record.clone());
        self.dirty.insert(account);
        self.save(Saving::Command(number, Box::new(Reply::Done)), vec![saved]);
        Ok(None)
    }

    pub(in crate::messenger) fn set_groups(&mut self, number: u64, groups: Vec<BuddyGroup>) -> Outcome {
        let mut groups = groups;
        for group in &mut groups {
            group.name = group.name.trim().into();
        }
        let is_fit =
            |name: &str| (1..=MAX_GROUP_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        let ids: BTreeSet<u32> = groups.iter().map(|group| group.id).collect();
        if groups.len() > MAX_GROUPS || ids.len() != groups.len() || !groups.iter().all(|group| is_fit(&group.name)) {
            return Err(refuse(ErrorCode::BadText, "a group has no name or too long a one, or there are too many"));
        }
        self.groups.clone_from(&groups);
        self.show_me();
        let mut changes = vec![Change::Groups(groups)];
        for buddy in self.buddies.values_mut() {
            if buddy.record.place.group.is_some_and(|group| !ids.contains(&group)) {
                buddy.record.place.group = None;
                self.dirty.insert(buddy.record.account);
                changes.push(Change::Buddy(buddy.record.clone()));
            }
        }
        self.save(Saving::Command(number, Box::new(Reply::Done)), changes);
        Ok(None)
    }
}
