//! A buddy request: who asks, with what words, signed by the asker's device and sealed to the one asked.
//!
//! The server carries it as an envelope and learns that one account asked another, nothing else. With an invite's token
//! in it, it is the answer to that invite.

use minicbor::{Decode, Encode, bytes::ByteArray};

use crate::{
    error::ProtoError,
    id::{AccountId, DeviceId, Millis, ServerKey},
    letter::DeliveryToken,
    name::UserName,
    sign::{Context, Signable, Signed},
};

/// The longest note, in characters.
pub const MAX_NOTE: usize = 200;

/// "Will you be my buddy?"
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Request {
    /// The asker.
    #[n(0)]
    pub from: AccountId,
    /// The asker's name; it must hash to `from`.
    #[n(1)]
    pub name: String,
    /// The one asked.
    #[n(2)]
    pub to: AccountId,
    /// A few words.
    #[n(3)]
    pub note: String,
    /// The token of the invite that this answers.
    #[n(4)]
    pub token: Option<ByteArray<16>>,
    /// When.
    #[n(5)]
    pub asked_ms: Millis,
    /// With which the one asked may post letters to the asker.
    #[n(6)]
    pub delivery: Option<DeliveryToken>,
}

impl Signable for Request {
    const CONTEXT: Context = Context::Request;
}

/// Checks a request that came from `from` on `device`, to `to`, all at `server`.
///
/// # Errors
/// `BadSignature`, `WrongConversation` for another asker or one asked, `BadName` for a name that is not the asker's,
/// `TooLong`.
pub fn check(
    signed: &Signed<Request>,
    from: &AccountId,
    device: &DeviceId,
    to: &AccountId,
    server: &ServerKey,
) -> Result<Request, ProtoError> {
    let request = signed.open(device.bytes())?;
    if request.from != *from || request.to != *to {
        return Err(ProtoError::WrongConversation);
    }
    if request.note.chars().count() > MAX_NOTE {
        return Err(ProtoError::TooLong);
    }
    let name = UserName::parse(&request.name)?;
    if name.as_str() != request.name || AccountId::derive(server, name.as_str()) != request.from {
        return Err(ProtoError::BadName);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::SecretKey;

    #[test]
    fn eve_cannot_ask_in_the_name_of_another() {
        let server = ServerKey::new([1; 32]);
        let key = SecretKey::from_seed(&[2; 32]);
        let (alice, bob) = (AccountId::derive(&server, "alice"), AccountId::derive(&server, "bob"));
        let request = Request {
            from: alice,
            name: "alice".into(),
            to: bob,
            note: "hi".into(),
            token: None,
            asked_ms: 1,
            delivery: None,
        };
        let verdict = |request: &Request, from| {
            check(&Signed::make(request, &key), &from, &key.device(), &bob, &server).map(drop)
        };
        assert_eq!(verdict(&request, alice), Ok(()));
        let eve = AccountId::derive(&server, "eve");
        assert_eq!(verdict(&Request { from: eve, ..request.clone() }, eve), Err(ProtoError::BadName));
        assert_eq!(verdict(&request, eve), Err(ProtoError::WrongConversation));
        assert_eq!(verdict(&Request { to: eve, ..request.clone() }, alice), Err(ProtoError::WrongConversation));
        assert_eq!(verdict(&Request { note: "x".repeat(201), ..request }, alice), Err(ProtoError::TooLong));
    }
}
