//! What can be wrong with bytes from elsewhere: one closed list, each entry with its own thing to do about it.

/// Why bytes from a buddy, the server or a file were refused.
///
/// The names are part of the protocol: tests, logs and refusals sent to the other side use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProtoError {
    /// A frame's length is 0 or above [`crate::frame::MAX_FRAME`]: close the stream.
    #[error("frame length out of range")]
    FrameLen,
    /// The bytes do not parse: close the stream.
    #[error("malformed bytes")]
    Malformed,
    /// A field is longer than its limit.
    #[error("field too long")]
    TooLong,
    /// A protocol version this build does not speak.
    #[error("unknown version")]
    Version,
    /// The signature, its key or its form is wrong.
    #[error("bad signature")]
    BadSignature,
    /// The author's device list does not hold this device.
    #[error("device not in its account's list")]
    UnknownDevice,
    /// The author's device list has revoked this device.
    #[error("device revoked")]
    RevokedDevice,
    /// The content belongs to a conversation of other people.
    #[error("content of another conversation")]
    WrongConversation,
    /// The envelope is for another device.
    #[error("envelope for another device")]
    WrongRecipient,
    /// The envelope names a key that is unknown or destroyed: the sender seals again.
    #[error("unknown key")]
    UnknownKey,
    /// The seal does not open.
    #[error("seal broken")]
    BadSeal,
    /// A weaker suite than this contact has been seen with.
    #[error("weaker suite than before")]
    SuiteDowngrade,
    /// Two contents under one sequence number.
    #[error("two contents under one sequence number")]
    Equivocation,
    /// A sequence number absurdly far ahead.
    #[error("sequence number too far ahead")]
    SeqJump,
    /// A message body above its limit.
    #[error("message too long")]
    BodyTooLong,
    /// A device list older than the pinned one.
    #[error("device list rolled back")]
    Rollback,
    /// A device list that contradicts the pinned one.
    #[error("device list forked")]
    ForkedDeviceList,
    /// Device lists are missing between the pinned one and this.
    #[error("gap in the chain of device lists")]
    ChainGap,
    /// More than [`crate::device_list::MAX_DEVICES`].
    #[error("too many devices")]
    TooManyDevices,
    /// The account key is not the pinned one.
    #[error("account key changed")]
    AccountKeyChanged,
    /// The presence has expired or is older than the last.
    #[error("stale presence")]
    StalePresence,
    /// The presence or key is from the future.
    #[error("clock skew")]
    ClockSkew,
    /// The password does not open this.
    #[error("wrong password")]
    WrongPassword,
    /// The file is damaged.
    #[error("corrupt")]
    Corrupt,
    /// Password hashing parameters outside what this build will spend.
    #[error("key derivation parameters out of range")]
    KdfParamsOutOfRange,
    /// The user name breaks the rules.
    #[error("bad name")]
    BadName,
    /// A link or address can't be read.
    #[error("unreadable link or address")]
    BadLink,
}
