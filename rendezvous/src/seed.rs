//! Accounts by the thousand, for benchmarks: written straight into the folder of a server that does not run yet.
//!
//! Registering over the wire costs a client 13 ms of password hashing and the server a flush to disk for each account
//! and each pair of buddies. What is planted here is whole but for the password: no record of one is stored, so none
//! opens the account, and only its device can. Whoever may write the folder can do this by any SQLite shell, so the
//! feature gives nobody a right that they have not.

use std::path::Path;

use juice_proto::{
    device_list::DeviceList,
    id::{AccountId, Millis},
    prekey::Prekey,
    sign::Signed,
};

use crate::store::{Store, StoreError};

/// An account to be, with its buddies.
pub struct Seedling {
    /// Its id.
    pub account: AccountId,
    /// Its first list.
    pub list: Signed<DeviceList>,
    /// Its key of the day.
    pub prekey: Signed<Prekey>,
    /// Its buddies, as places in the same slice; they must have it too.
    pub buddies: Vec<usize>,
}

/// Makes these accounts, as of `made_ms`, in the folder `data`, which no server has used yet.
///
/// # Errors
/// Of the store.
pub async fn plant(data: &Path, seedlings: &[Seedling], made_ms: Millis) -> Result<(), StoreError> {
    let store = Store::open(data).await?;
    store.plant(seedlings, made_ms).await?;
    store.close().await;
    Ok(())
}
