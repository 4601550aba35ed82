//! Many rows in one, as JSON with bytes in hex: sqlx hands each row on from SQLite's thread to ours by itself, and for the
//! fifty contacts of a login that costs more than all else that the login does.

use juice_proto::error::ProtoError;
use serde::Deserialize;

/// What SQLite's `json_group_array` made.
pub(super) fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ProtoError> {
    serde_json::from_str(text).map_err(|_| ProtoError::Corrupt)
}

/// What its `hex` made; of NULL that is nothing.
pub(super) fn from_hex(digits: &str) -> Result<Vec<u8>, ProtoError> {
    let mut bytes = vec![0; digits.len() / 2];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| ProtoError::Corrupt)?;
    Ok(bytes)
}

/// An id that its `hex` made.
pub(super) fn id_from_hex(digits: &str) -> Result<[u8; 32], ProtoError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| ProtoError::Corrupt)?;
    Ok(bytes)
}
