//! User names: what one may be called, and which names are the same name.

use precis_profiles::{UsernameCaseMapped, precis_core::profile::PrecisFastInvocation};

use crate::error::ProtoError;

/// The longest name, in characters.
pub const MAX_NAME: usize = 32;

/// A user name in its canonical form (RFC 8265, UsernameCaseMapped): `Bob`, `BOB` and `bob` are one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// The canonical form of what a person typed.
    ///
    /// # Errors
    /// `BadName` for an empty or over-long name, spaces, controls, or mixed directions.
    pub fn parse(typed: &str) -> Result<Self, ProtoError> {
        let typed = typed.trim();
        if typed.is_empty() || typed.chars().count() > MAX_NAME {
            return Err(ProtoError::BadName);
        }
        let name = UsernameCaseMapped::enforce(typed).map_err(|_| ProtoError::BadName)?;
        // A letter that the tables don't know yet can map to one that is not allowed.
        if UsernameCaseMapped::enforce(name.as_ref()).as_deref() != Ok(name.as_ref()) {
            return Err(ProtoError::BadName);
        }
        // A colon would end the name in an invite link.
        if name.contains([':', '/', '#', '@']) || name.chars().count() > MAX_NAME {
            return Err(ProtoError::BadName);
        }
        Ok(Self(name.into_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        assert_eq!(UserName::parse(" Alice ").unwrap(), UserName::parse("ALICE").unwrap());
        assert_eq!(UserName::parse("Jürgen").unwrap(), UserName::parse("ju\u{308}rgen").unwrap());
        assert_eq!(UserName::parse("محمد").unwrap().as_str(), "محمد");
    }

    #[test]
    fn names_that_would_confuse_are_refused() {
        for wrong in ["", "  ", "two words", "a:b", "a/b", "\u{202e}evil", "nul\0", &"x".repeat(33)] {
            assert_eq!(UserName::parse(wrong), Err(ProtoError::BadName), "{wrong:?}");
        }
    }
}
