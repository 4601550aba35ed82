//! What the vault's body holds: who I am, and the keys to prove it.
//!
//! CBOR with numbered fields, so that an older build skips what a newer one added. Every buffer that holds a secret is
//! wiped when it is dropped.

use juice_proto::{
    device_list::{DeviceList, Pin},
    error::ProtoError,
    frame,
    id::{AccountId, AccountKey},
    invite::ServerAddress,
    sign::{SecretKey, Signed},
    vault::{MAX_VAULT, PasswordBox},
};
use minicbor::{Decode, Encode, bytes::ByteArray};
use zeroize::{Zeroize, Zeroizing};

/// My account, as this device holds it.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Who I am.
    pub account: AccountId,
    /// My user name.
    pub name: String,
    /// The server that knows me.
    pub server: ServerAddress,
    /// This device's key.
    pub device: SecretKey,
    /// The account key's public half.
    pub account_key: AccountKey,
    /// My device list.
    pub list: Signed<DeviceList>,
    /// The key and list that this device holds itself to.
    pub pin: Pin,
    /// The account key, under the password: see [`juice_proto::capsule::open_here`].
    pub capsule: PasswordBox,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Body {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    name: String,
    #[n(2)]
    server: String,
    #[n(3)]
    device: ByteArray<32>,
    #[n(4)]
    account_key: AccountKey,
    #[n(5)]
    list: Signed<DeviceList>,
    #[n(6)]
    pin: Pin,
    #[n(7)]
    capsule: PasswordBox,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.device.zeroize();
    }
}

impl Keys {
    /// As the vault keeps them.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let body = Body {
            account: self.account,
            name: self.name.clone(),
            server: self.server.to_string(),
            device: ByteArray::from(*self.device.seed()),
            account_key: self.account_key,
            list: self.list.clone(),
            pin: self.pin,
            capsule: self.capsule.clone(),
        };
        // A buffer that grew would leave copies of the seed behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_VAULT));
        // Writing into a Vec can't fail.
        let _ = minicbor::encode(&body, &mut *bytes);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ProtoError> {
        let body: Body = frame::decode(bytes)?;
        Ok(Self {
            account: body.account,
            name: body.name.clone(),
            server: ServerAddress::parse(&body.server)?,
            device: SecretKey::from_seed(&body.device),
            account_key: body.account_key,
            list: body.list.clone(),
            pin: body.pin,
            capsule: body.capsule.clone(),
        })
    }
}
