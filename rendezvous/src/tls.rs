//! TLS: a self-signed certificate whose key is the server's own, so that a client which knows the address knows the
//! certificate.
//!
//! Web browsers don't take Ed25519 certificates; to them goes a second one, made anew at each start, which is good for
//! the invite page alone.

use std::sync::Arc;

use juice_proto::sign::SecretKey;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use rustls::{
    ServerConfig, SignatureScheme,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};

/// What stands before an Ed25519 seed in PKCS#8 (RFC 8410, section 7).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate could not be made, as of a host that is no host.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The library refused.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

#[derive(Debug)]
struct Certificates {
    own: Arc<CertifiedKey>,
    for_browsers: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let own = hello.signature_schemes().contains(&SignatureScheme::ED25519);
        Some(Arc::clone(if own { &self.own } else { &self.for_browsers }))
    }
}

fn certified(host: &str, key: &KeyPair) -> Result<Arc<CertifiedKey>, TlsError> {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let certificate = CertificateParams::new(vec![name.to_owned()])?.self_signed(key)?;
    let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let signer = ring::sign::any_supported_type(&secret)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signer)))
}

/// The configuration of a server called `host`.
pub(crate) fn config(key: &SecretKey, host: &str) -> Result<ServerConfig, TlsError> {
    let mut pkcs8 = PKCS8_ED25519.to_vec();
    pkcs8.extend_from_slice(key.seed().as_ref());
    let pkcs8 = PrivatePkcs8KeyDer::from(pkcs8);
    let own = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &PKCS_ED25519)?;
    let certificates = Certificates {
        own: certified(host, &own)?,
        for_browsers: certified(host, &KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)?,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A client connects once a day: tickets would cost bytes and memory for nothing.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}
