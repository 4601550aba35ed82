//! Why a call is not done: what the client is told, and what it means for the connection.

use juice_proto::{error::ProtoError, server::Refusal};

use crate::store::StoreError;

/// A call that is not done.
#[derive(Debug)]
pub(crate) enum Denied {
    /// The client is told why.
    Refused(Refusal),
    /// The store failed; the client is told to try again.
    Failed(StoreError),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<sqlx::Error> for Denied {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(StoreError::Database(error))
    }
}

/// The refusal of bytes that do not parse or are not signed as they should be.
pub(crate) fn malformed(error: ProtoError) -> Refusal {
    if error == ProtoError::BadSignature { Refusal::BadSignature } else { Refusal::BadRequest }
}

/// The refusal of a device list.
pub(crate) fn wrong_list(error: ProtoError) -> Refusal {
    if [ProtoError::BadSignature, ProtoError::Malformed].contains(&error) {
        malformed(error)
    } else {
        Refusal::WrongList
    }
}

/// The refusal of a presence or a day key.
pub(crate) fn stale(error: ProtoError) -> Refusal {
    let stale = [ProtoError::StalePresence, ProtoError::ClockSkew, ProtoError::UnknownKey];
    if stale.contains(&error) { Refusal::Stale } else { malformed(error) }
}

/// Whether the connection ends with this refusal.
pub(crate) fn ends_connection(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::BadRequest | Refusal::BadSignature)
}
