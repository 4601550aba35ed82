//! The conversation with the server: calls, answers, and what the server pushes by itself.
//!
//! One WebSocket per client at `PATH`; every binary message is one frame. The upgrade request carries a challenge and
//! its response the server's key, a nonce and the server's signature over both, so the client knows whom it talks to
//! before it says anything. The first call that opens a session is signed over that nonce by the device that it speaks
//! for. A call is answered once, by its number; pushes come at any time after the welcome.

mod call;
mod push;

use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

pub use self::{
    call::{Answer, Call, MAX_TOKENS, Refusal},
    push::{Contact, LETTERS_AHEAD, Pending, Push, Relation, Relay, Welcome},
};
use crate::{
    error::ProtoError,
    frame,
    id::{DeviceId, ServerKey, hash},
    sign::{Context, SecretKey, verify},
};

/// Where the WebSocket is.
pub const PATH: &str = "/juice/1";
/// Header of the upgrade request: 32 random bytes, URL-safe base64.
pub const CHALLENGE_HEADER: &str = "juice-challenge";
/// Header of the upgrade response: the server's key, URL-safe base64.
pub const KEY_HEADER: &str = "juice-key";
/// Header of the upgrade response: 32 random bytes, URL-safe base64.
pub const NONCE_HEADER: &str = "juice-nonce";
/// Header of the upgrade response: the server's signature over challenge and nonce, URL-safe base64.
pub const PROOF_HEADER: &str = "juice-proof";

/// Random bytes that make a signature good for one connection.
pub type Nonce = [u8; 32];

/// The server's signature in the upgrade response.
pub fn prove_server(key: &SecretKey, challenge: &Nonce, nonce: &Nonce) -> [u8; 64] {
    key.sign(Context::Server, &[challenge, nonce])
}

/// Checks the server's signature in the upgrade response.
///
/// # Errors
/// `BadSignature`: whoever answers is not the server that the address names.
pub fn check_server(server: &ServerKey, challenge: &Nonce, nonce: &Nonce, proof: &[u8; 64]) -> Result<(), ProtoError> {
    verify(Context::Server, server.bytes(), &[challenge, nonce], proof)
}

/// A frame from a client.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct ClientFrame {
    /// The call's number on this connection; the answer repeats it.
    #[n(0)]
    pub number: u32,
    /// The encoded [`Call`].
    #[n(1)]
    pub call: ByteVec,
    /// For a call that opens a session: the device's signature over nonce, server key and `call`.
    #[n(2)]
    pub proof: Option<ByteArray<64>>,
}

impl ClientFrame {
    /// A call in a session that is open, or that needs none.
    pub fn plain(number: u32, call: &Call) -> Self {
        Self { number, call: frame::encode(call).into(), proof: None }
    }

    /// A call that opens a session for the device of `key`.
    pub fn proven(number: u32, call: &Call, key: &SecretKey, server: &ServerKey, nonce: &Nonce) -> Self {
        let call = frame::encode(call);
        let proof = key.sign(Context::Hello, &[nonce, server.bytes(), &call]);
        Self { number, call: call.into(), proof: Some(proof.into()) }
    }

    /// The call.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn open(&self) -> Result<Call, ProtoError> {
        frame::decode(&self.call)
    }

    /// Checks that `device` made this call on the connection with `nonce`.
    ///
    /// # Errors
    /// `BadSignature`.
    pub fn check(&self, device: &DeviceId, server: &ServerKey, nonce: &Nonce) -> Result<(), ProtoError> {
        let proof = self.proof.as_ref().ok_or(ProtoError::BadSignature)?;
        verify(Context::Hello, device.bytes(), &[nonce, server.bytes(), &self.call], proof)
    }
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum ServerFrame {
    /// The answer to the call of that number.
    #[n(0)]
    Answer(#[n(0)] u32, #[n(1)] Box<Answer>),
    /// News.
    #[n(1)]
    Push(#[n(0)] Box<Push>),
}

/// A welcome with the server's signature over the connection's nonce, the call that it answers, and its bytes.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct SignedWelcome {
    #[n(0)]
    welcome: ByteVec,
    #[n(1)]
    signature: ByteArray<64>,
}

impl SignedWelcome {
    /// Signs.
    pub fn make(welcome: &Welcome, key: &SecretKey, nonce: &Nonce, call: &[u8]) -> Self {
        let welcome = frame::encode(welcome);
        let signature = key.sign(Context::Welcome, &[nonce, &hash("juice/call/1", &[call]), &welcome]);
        Self { welcome: welcome.into(), signature: signature.into() }
    }

    /// The welcome, if `server` signed it as the answer to `call`.
    ///
    /// # Errors
    /// `BadSignature`, `Malformed`.
    pub fn open(&self, server: &ServerKey, nonce: &Nonce, call: &[u8]) -> Result<Welcome, ProtoError> {
        let parts = [nonce.as_slice(), &hash("juice/call/1", &[call]), &self.welcome];
        verify(Context::Welcome, server.bytes(), &parts, &self.signature)?;
        frame::decode(&self.welcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eve_cannot_replay_a_call_or_a_welcome_on_another_connection() {
        let (server, device) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let call = Call::Goodbye;
        let frame = ClientFrame::proven(1, &call, &device, &server.server_key(), &[7; 32]);
        assert_eq!(frame.check(&device.device(), &server.server_key(), &[7; 32]), Ok(()));
        assert_eq!(frame.check(&device.device(), &server.server_key(), &[8; 32]), Err(ProtoError::BadSignature));
        let other = SecretKey::from_seed(&[3; 32]);
        assert_eq!(frame.check(&device.device(), &other.server_key(), &[7; 32]), Err(ProtoError::BadSignature));
        assert_eq!(frame.check(&other.device(), &server.server_key(), &[7; 32]), Err(ProtoError::BadSignature));

        let welcome = Welcome { server_ms: 5, ..Welcome::default() };
        let signed = SignedWelcome::make(&welcome, &server, &[7; 32], &frame.call);
        assert_eq!(signed.open(&server.server_key(), &[7; 32], &frame.call), Ok(welcome));
        assert_eq!(signed.open(&server.server_key(), &[8; 32], &frame.call), Err(ProtoError::BadSignature));
        assert_eq!(signed.open(&server.server_key(), &[7; 32], b"other"), Err(ProtoError::BadSignature));
    }

    #[test]
    fn eve_cannot_pose_as_the_server() {
        let (server, eve) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[66; 32]));
        let proof = prove_server(&eve, &[1; 32], &[2; 32]);
        assert_eq!(check_server(&server.server_key(), &[1; 32], &[2; 32], &proof), Err(ProtoError::BadSignature));
    }
}
