//! What the engine asks the messenger before a file moves: whose device a stream is with.
//!
//! The bytes of files never come here. A stream of [`crate::file::PROTOCOL`] is given to, and taken from, a device only
//! while a link with it is up, whose greeting has proven the account.

use super::Messenger;
use crate::id::{AccountId, DeviceId};

impl Messenger {
    /// The device that speaks for a buddy now; none where no link is up, or where they are not to be talked to.
    pub fn linked_device(&self, account: &AccountId) -> Option<DeviceId> {
        let buddy = self.buddies.get(account).filter(|buddy| buddy.friendly())?;
        let link = self.links.get(buddy.reach.up.last()?)?;
        Some(link.device)
    }
}
