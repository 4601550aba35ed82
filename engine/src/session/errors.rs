//! What a failure below means to the person who asked.

use juice_proto::view::{CommandError, ErrorCode};

use crate::{profile::ProfileError, server_link::ConnectError, store::StoreError};

impl From<ProfileError> for CommandError {
    fn from(error: ProfileError) -> Self {
        let code = match error {
            ProfileError::InUse => ErrorCode::ProfileInUse,
            ProfileError::WrongPassword => ErrorCode::WrongPassword,
            ProfileError::Corrupt | ProfileError::KdfParamsOutOfRange => ErrorCode::ProfileCorrupt,
            ProfileError::TooNew => ErrorCode::ProfileTooNew,
            ProfileError::NoAccount | ProfileError::HasAccount => ErrorCode::Internal,
            ProfileError::Io(_) => ErrorCode::NotSaved,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::SchemaTooNew => ErrorCode::ProfileTooNew,
            StoreError::WrongKey | StoreError::Corrupt => ErrorCode::ProfileCorrupt,
            StoreError::BadChange => ErrorCode::Internal,
            StoreError::Database(_) | StoreError::Closed => ErrorCode::NotSaved,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<ConnectError> for CommandError {
    fn from(error: ConnectError) -> Self {
        let code = match error {
            ConnectError::Impostor => ErrorCode::ServerImpostor,
            ConnectError::Unreachable | ConnectError::Refused(_) | ConnectError::Lost => ErrorCode::ServerUnreachable,
        };
        Self { code, message: error.to_string() }
    }
}
