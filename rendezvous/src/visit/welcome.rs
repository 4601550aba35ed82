//! The welcome: contacts with their presence and lists, waiting requests, cut into frames of a few KiB.

use bytes::Bytes;
use juice_proto::{
    frame,
    id::{AccountId, Millis},
    server::{Answer, Contact, Pending, Push, SignedWelcome, Welcome},
};

use super::{Reply, Session, Visit, open::Opening};
use crate::{clock, denied::Denied, presence::push_frame, store::Beside};

/// What a frame holds, but for a contact or request that alone is longer: a socket's buffer keeps the size of the longest
/// frame ever written, for all the time that the client is here.
const FRAME_BUDGET: usize = 4 * 1024;

impl Visit {
    /// Settles the session among its buddies and says all there is to know, but for the letters: whether there are any.
    pub(super) async fn welcome(
        &self,
        call: &[u8],
        session: Session,
        opening: Opening,
    ) -> Result<(Reply, bool), Denied> {
        let house = &self.house;
        let server_ms = clock::wall_ms();
        let asked_after = self.asked_after(server_ms);
        let (contacts, beside) = loop {
            let changes = house.presences.changes(&session.account);
            let (known, beside) = house.store.contacts(session.row, opening.since, asked_after).await?;
            let buddies: Vec<AccountId> =
                known.iter().filter(|contact| contact.mutual).map(|contact| contact.account).collect();
            let settled = house.presences.settle(
                (session.account, session.number),
                changes,
                buddies,
                opening.presence.clone(),
                opening.moved.as_ref(),
                &house.metrics,
            );
            if let Some(theirs) = settled {
                let mut theirs = theirs.into_iter();
                let contact = |known: crate::store::Known| Contact {
                    account: known.account,
                    relation: known.relation,
                    presence: if known.mutual { theirs.next().flatten() } else { None },
                    lists: known.lists,
                };
                break (known.into_iter().map(contact).collect::<Vec<_>>(), beside);
            }
        };
        // A request that comes from here on finds the seat taken and is pushed.
        let pending = if beside.requests { house.store.pending(session.row, asked_after).await? } else { Vec::new() };
        let (welcome, more) = self.cut(server_ms, contacts, pending, beside);
        let signed = SignedWelcome::make(&welcome, &house.key, &self.nonce, call);
        Ok((Reply { more, ..Answer::Welcome(signed).into() }, beside.letters > 0))
    }

    /// What fits goes into the welcome, the rest behind it.
    fn cut(
        &self,
        server_ms: Millis,
        contacts: Vec<Contact>,
        pending: Vec<Pending>,
        beside: Beside,
    ) -> (Welcome, Vec<Bytes>) {
        let contact_count = u32::try_from(contacts.len()).unwrap_or(u32::MAX);
        let mut pages = pages(contacts).into_iter();
        let first = pages.next().unwrap_or_default();
        let mut room = FRAME_BUDGET.saturating_sub(first.iter().map(size).sum());
        let mut more: Vec<Bytes> = pages.map(|page| push_frame(Push::Contacts(page))).collect();
        let mut welcome = Welcome {
            server_ms,
            contacts: first,
            contact_count,
            pending: Vec::new(),
            mailbox: beside.letters,
            tokens: Some(beside.tokens),
            relay: self.house.relay,
            seen_from: Some(self.address.to_string()),
        };
        for request in pending {
            let size = frame::encode(&request).len();
            if size <= room {
                room -= size;
                welcome.pending.push(request);
            } else {
                room = 0;
                more.push(push_frame(Push::Pending(request)));
            }
        }
        (welcome, more)
    }
}

fn pages(contacts: Vec<Contact>) -> Vec<Vec<Contact>> {
    let mut pages = Vec::new();
    let mut page = Vec::new();
    let mut filled = 0;
    for contact in contacts {
        let size = size(&contact);
        if filled + size > FRAME_BUDGET && !page.is_empty() {
            pages.push(std::mem::take(&mut page));
            filled = 0;
        }
        filled += size;
        page.push(contact);
    }
    pages.push(page);
    pages
}

/// At least as long as the contact is when encoded.
fn size(contact: &Contact) -> usize {
    // A signature takes 66 bytes, headers and lengths few; an id 34.
    let lists: usize = contact.lists.iter().map(|list| list.bytes().len() + 80).sum();
    let presence = contact.presence.as_ref().map_or(0, |presence| presence.bytes().len() + 80);
    lists + presence + 64
}

#[cfg(test)]
mod tests {
    use juice_proto::{device_list::DeviceList, server::Relation, sign::SecretKey};

    use super::*;

    #[test]
    fn a_thousand_contacts_are_cut_into_frames_that_fit() {
        let key = SecretKey::from_seed(&[1; 32]);
        let contacts: Vec<Contact> = (0..1000u32)
            .map(|n| {
                let mut bytes = [0; 32];
                bytes[..4].copy_from_slice(&n.to_be_bytes());
                let account = AccountId::new(bytes);
                let list = DeviceList::first(account, key.account_key(), key.device(), 1 << 40);
                Contact { account, relation: Relation::Buddy, lists: vec![list.sign(&key).0; 3], presence: None }
            })
            .collect();
        assert!(frame::encode(&contacts[0]).len() <= size(&contacts[0]));
        let pages = pages(contacts);
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 1000);
        for page in pages {
            let frame = push_frame(Push::Contacts(page));
            assert!(frame.len() <= FRAME_BUDGET + 16, "{} bytes", frame.len());
        }
    }
}
