//! OPAQUE: registering and proving a password without showing it (RFC 9807; Ristretto255, SHA-512, Argon2id).
//!
//! Nothing that helps to guess the password travels, and the server stores nothing equivalent to it. The client gets an
//! export key out of it, which wraps the account key (see [`crate::capsule`]). The library is of an older generation of
//! RustCrypto traits, which stay inside this file; messages cross its edge as bytes.

use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, CredentialResponse, Identifiers, RegistrationRequest,
    RegistrationResponse, RegistrationUpload, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration,
    ServerSetup, TripleDh,
    errors::InternalError,
    generic_array::{ArrayLength, GenericArray},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    error::ProtoError,
    id::{AccountId, ServerKey},
    vault::KdfParams,
};

/// The key that both ends of a registration or login can't know without the password.
pub type ExportKey = Zeroizing<[u8; 64]>;

struct Juice;

impl CipherSuite for Juice {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_010::Sha512>;
    type Ksf = Stretch;
}

/// Argon2id over the OPRF's output. The salt is fixed: the input is already unique to account and server.
#[derive(Default)]
struct Stretch;

impl opaque_ke::ksf::Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        KdfParams::DEFAULT.stretch(&input, b"juice/opaque/ksf", &mut output).map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

/// Lends our generator to the older traits.
struct Older<'a, R>(&'a mut R);

impl<R: CryptoRng> rand_core_06::RngCore for Older<'_, R> {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: CryptoRng> rand_core_06::CryptoRng for Older<'_, R> {}

fn malformed<E>(_: E) -> ProtoError {
    ProtoError::Malformed
}

fn export(key: &[u8]) -> Result<ExportKey, ProtoError> {
    Ok(Zeroizing::new(key.try_into().map_err(malformed)?))
}

fn identifiers<'a>(account: &'a AccountId, server: &'a ServerKey) -> Identifiers<'a> {
    Identifiers { client: Some(account.bytes()), server: Some(server.bytes()) }
}

/// A registration (or a new password) under way at the client.
pub struct Registering {
    state: ClientRegistration<Juice>,
    password: Zeroizing<Vec<u8>>,
}

impl Registering {
    /// Begins; the bytes go to the server.
    ///
    /// # Errors
    /// `Malformed` only where the library fails.
    pub fn start(password: &str, rng: &mut impl CryptoRng) -> Result<(Self, Vec<u8>), ProtoError> {
        let start = ClientRegistration::<Juice>::start(&mut Older(rng), password.as_bytes()).map_err(malformed)?;
        let password = Zeroizing::new(password.as_bytes().to_vec());
        Ok((Self { state: start.state, password }, start.message.serialize().to_vec()))
    }

    /// Ends with the server's answer; the bytes go to the server to be kept. Takes 50 to 200 ms and 64 MiB.
    ///
    /// # Errors
    /// `Malformed` for an answer that is none.
    pub fn finish(
        self,
        answer: &[u8],
        account: &AccountId,
        server: &ServerKey,
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, ExportKey), ProtoError> {
        let answer = RegistrationResponse::deserialize(answer).map_err(malformed)?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(account, server), None);
        let finish = self.state.finish(&mut Older(rng), &self.password, answer, parameters).map_err(malformed)?;
        Ok((finish.message.serialize().to_vec(), export(&finish.export_key)?))
    }
}

/// A login under way at the client.
pub struct LoggingIn {
    state: ClientLogin<Juice>,
    password: Zeroizing<Vec<u8>>,
}

impl LoggingIn {
    /// Begins; the bytes go to the server.
    ///
    /// # Errors
    /// `Malformed` only where the library fails.
    pub fn start(password: &str, rng: &mut impl CryptoRng) -> Result<(Self, Vec<u8>), ProtoError> {
        let start = ClientLogin::<Juice>::start(&mut Older(rng), password.as_bytes()).map_err(malformed)?;
        let password = Zeroizing::new(password.as_bytes().to_vec());
        Ok((Self { state: start.state, password }, start.message.serialize().to_vec()))
    }

    /// Ends with the server's answer; the bytes prove the password to the server.
    ///
    /// # Errors
    /// `WrongPassword`, also for a name that the server does not know.
    pub fn finish(
        self,
        answer: &[u8],
        account: &AccountId,
        server: &ServerKey,
        rng: &mut impl CryptoRng,
    ) -> Result<(Vec<u8>, ExportKey), ProtoError> {
        let answer = CredentialResponse::deserialize(answer).map_err(malformed)?;
        let parameters = ClientLoginFinishParameters::new(None, identifiers(account, server), None);
        let finish = self
            .state
            .finish(&mut Older(rng), &self.password, answer, parameters)
            .map_err(|_| ProtoError::WrongPassword)?;
        Ok((finish.message.serialize().to_vec(), export(&finish.export_key)?))
    }
}

/// The server's side: its secrets, made once.
pub struct OpaqueServer(ServerSetup<Juice>);

/// A login under way at the server.
pub struct Challenged(ServerLogin<Juice>);

impl OpaqueServer {
    /// Fresh secrets.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(ServerSetup::new(&mut Older(rng)))
    }

    /// Stored secrets.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProtoError> {
        ServerSetup::deserialize(bytes).map(Self).map_err(|_| ProtoError::Corrupt)
    }

    /// The secrets, to be stored.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.serialize().to_vec())
    }

    /// Answers the first message of a registration.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn register(&self, request: &[u8], account: &AccountId) -> Result<Vec<u8>, ProtoError> {
        let request = RegistrationRequest::deserialize(request).map_err(malformed)?;
        let answer = ServerRegistration::start(&self.0, request, account.bytes()).map_err(malformed)?;
        Ok(answer.message.serialize().to_vec())
    }

    /// Answers the first message of a login; without a `record` (unknown name) with an answer of the same shape that no
    /// password fits.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn challenge(
        &self,
        request: &[u8],
        record: Option<&[u8]>,
        account: &AccountId,
        server: &ServerKey,
        rng: &mut impl CryptoRng,
    ) -> Result<(Challenged, Vec<u8>), ProtoError> {
        let request = CredentialRequest::deserialize(request).map_err(malformed)?;
        let record = record.map(ServerRegistration::deserialize).transpose().map_err(malformed)?;
        let parameters = ServerLoginParameters { context: None, identifiers: identifiers(account, server) };
        let start = ServerLogin::start(&mut Older(rng), &self.0, record, request, account.bytes(), parameters)
            .map_err(malformed)?;
        Ok((Challenged(start.state), start.message.serialize().to_vec()))
    }
}

impl Challenged {
    /// Checks the client's proof.
    ///
    /// # Errors
    /// `WrongPassword`, `Malformed`.
    pub fn check(self, proof: &[u8], account: &AccountId, server: &ServerKey) -> Result<(), ProtoError> {
        let proof = CredentialFinalization::deserialize(proof).map_err(malformed)?;
        let parameters = ServerLoginParameters { context: None, identifiers: identifiers(account, server) };
        self.0.finish(proof, parameters).map(drop).map_err(|_| ProtoError::WrongPassword)
    }
}

/// The record to keep from the last message of a registration.
///
/// # Errors
/// `Malformed`.
pub fn record(upload: &[u8]) -> Result<Vec<u8>, ProtoError> {
    let upload = RegistrationUpload::<Juice>::deserialize(upload).map_err(malformed)?;
    Ok(ServerRegistration::finish(upload).serialize().to_vec())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn the_right_password_opens_and_a_wrong_one_or_an_unknown_name_does_not() {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let server = OpaqueServer::random(&mut rng);
        let (account, key) = (AccountId::new([1; 32]), ServerKey::new([2; 32]));
        let (client, request) = Registering::start("correct horse", &mut rng).unwrap();
        let answer = server.register(&request, &account).unwrap();
        let (upload, registered) = client.finish(&answer, &account, &key, &mut rng).unwrap();
        let kept = record(&upload).unwrap();

        let mut login = |password: &str, kept: Option<&[u8]>| {
            let (client, request) = LoggingIn::start(password, &mut rng).unwrap();
            let (challenged, answer) = server.challenge(&request, kept, &account, &key, &mut rng).unwrap();
            let length = answer.len();
            let export = client.finish(&answer, &account, &key, &mut rng).map(|(proof, export)| {
                challenged.check(&proof, &account, &key).unwrap();
                export
            });
            (export, length)
        };
        let (right, length) = login("correct horse", Some(&kept));
        assert_eq!(right.unwrap(), registered);
        let (wrong, _) = login("wrong horse", Some(&kept));
        assert_eq!(wrong.unwrap_err(), ProtoError::WrongPassword);
        let (unknown, same_length) = login("correct horse", None);
        assert_eq!(unknown.unwrap_err(), ProtoError::WrongPassword);
        assert_eq!(length, same_length, "an unknown name must not show by the answer's size");
    }

    #[test]
    fn garbage_is_refused() {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let server = OpaqueServer::random(&mut rng);
        let account = AccountId::new([1; 32]);
        for garbage in [&b""[..], &[0; 32], &[0xff; 400]] {
            assert_eq!(server.register(garbage, &account), Err(ProtoError::Malformed));
            assert!(record(garbage).is_err());
        }
    }
}
