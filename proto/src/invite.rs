//! Links that people hand to each other: a server's address, and an invite.
//!
//! `juice://HOST[:PORT]#FINGERPRINT` names a server by its key, so its certificate needs no one's blessing.
//! `juice:1:ADDRESS:NAME:KEY:TOKEN` makes a verified buddy in one step: the token is known to the inviter alone, and the
//! key is the inviter's account key.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    error::ProtoError,
    id::{AccountKey, Millis, ServerKey},
    name::UserName,
};

/// The port of a server whose address names none.
pub const DEFAULT_PORT: u16 = 7733;
/// How long an invite is good.
pub const VALID: Millis = 7 * 24 * 60 * 60 * 1000;
/// The longest link.
pub const MAX_LINK: usize = 512;

/// Where a server is, and by which key it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// Host name, IPv4 address, or IPv6 address in brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Its key.
    pub key: ServerKey,
}

impl ServerAddress {
    /// Reads `juice://HOST[:PORT]#FINGERPRINT`; the fingerprint is the key in URL-safe base64.
    ///
    /// # Errors
    /// `BadLink`.
    pub fn parse(text: &str) -> Result<Self, ProtoError> {
        let text = text.trim();
        let rest = text.strip_prefix("juice://").filter(|_| text.len() <= MAX_LINK).ok_or(ProtoError::BadLink)?;
        let (place, key) = rest.split_once('#').ok_or(ProtoError::BadLink)?;
        let (host, port) = split_place(place.trim_end_matches('/'))?;
        Ok(Self { host, port, key: ServerKey::new(key_from(key)?) })
    }

    fn place(&self) -> String {
        if self.port == DEFAULT_PORT { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

fn split_place(place: &str) -> Result<(String, u16), ProtoError> {
    let after_bracket = place.find(']').map_or(0, |at| at + 1);
    let (host, port) = match place.get(after_bracket..).and_then(|rest| rest.rfind(':')) {
        Some(at) => {
            let (host, port) = place.split_at(after_bracket + at);
            let port = port.get(1..).and_then(|port| port.parse().ok()).ok_or(ProtoError::BadLink)?;
            (host, port)
        }
        None => (place, DEFAULT_PORT),
    };
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    let fine = !inner.is_empty()
        && port != 0
        && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '%'))
        && (host.starts_with('[') == inner.contains(':'));
    if fine { Ok((host.to_lowercase(), port)) } else { Err(ProtoError::BadLink) }
}

fn key_from(text: &str) -> Result<[u8; 32], ProtoError> {
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(ProtoError::BadLink)
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "juice://{}#{}", self.place(), URL_SAFE_NO_PAD.encode(self.key.bytes()))
    }
}

/// A secret that lets its bearer in, once.
pub type Token = [u8; 16];

/// An invitation to be buddies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The server that the inviter is at.
    pub server: ServerAddress,
    /// The inviter's name.
    pub name: UserName,
    /// The inviter's account key.
    pub key: AccountKey,
    /// The secret.
    pub token: Token,
}

impl Invite {
    /// Reads an invite link.
    ///
    /// # Errors
    /// `BadLink`.
    pub fn parse(link: &str) -> Result<Self, ProtoError> {
        let link = link.trim();
        let rest = link.strip_prefix("juice:1:").filter(|_| link.len() <= MAX_LINK).ok_or(ProtoError::BadLink)?;
        // From the right, since the server's place may hold colons.
        let mut parts = rest.rsplitn(5, ':');
        let mut next = || parts.next().ok_or(ProtoError::BadLink);
        let (token, key, name, server_key, place) = (next()?, next()?, next()?, next()?, next()?);
        let (host, port) = split_place(place)?;
        let token = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self {
            server: ServerAddress { host, port, key: ServerKey::new(key_from(server_key)?) },
            name: UserName::parse(&unescaped(name)?).map_err(|_| ProtoError::BadLink)?,
            key: AccountKey::new(key_from(key)?),
            token: token.ok_or(ProtoError::BadLink)?,
        })
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        write!(
            f,
            "juice:1:{}:{}:{}:{}:{}",
            self.server.place(),
            base64(self.server.key.bytes()),
            escaped(self.name.as_str()),
            base64(self.key.bytes()),
            base64(&self.token)
        )
    }
}

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
fn escaped(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn unescaped(name: &str) -> Result<String, ProtoError> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).ok_or(ProtoError::BadLink)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| ProtoError::BadLink)?);
        rest = rest.get(2..).unwrap_or_default();
    }
    String::from_utf8(bytes).map_err(|_| ProtoError::BadLink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_what_it_shows() {
        for (host, port) in [("chat.example.org", 443), ("127.0.0.1", DEFAULT_PORT), ("[::1]", 9000)] {
            let address = ServerAddress { host: host.into(), port, key: ServerKey::new([7; 32]) };
            assert_eq!(ServerAddress::parse(&address.to_string()), Ok(address));
        }
        for wrong in ["", "juice://", "juice://host", "https://host#AAAA", "juice://ho st#AAAA", "juice://host:0#AAAA"]
        {
            assert_eq!(ServerAddress::parse(wrong), Err(ProtoError::BadLink), "{wrong:?}");
        }
    }

    #[test]
    fn an_invite_reads_back_what_it_shows() {
        for (host, name) in [("chat.example.org", "bob"), ("[::1]", "محمد"), ("127.0.0.1", "jürgen")] {
            let invite = Invite {
                server: ServerAddress { host: host.into(), port: 8443, key: ServerKey::new([7; 32]) },
                name: UserName::parse(name).unwrap(),
                key: AccountKey::new([8; 32]),
                token: [9; 16],
            };
            let link = invite.to_string();
            assert!(link.is_ascii(), "a link survives every chat and mail: {link}");
            assert_eq!(Invite::parse(&link), Ok(invite));
        }
        assert_eq!(Invite::parse("juice:1:a:b:c"), Err(ProtoError::BadLink));
    }
}
