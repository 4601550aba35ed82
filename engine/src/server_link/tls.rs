//! TLS to the server: who may be at the other end.
//!
//! Either the certificate's key is the pinned server key, whatever else the certificate says; or the chain is valid for
//! the host by the web's roots, as when a proxy with a bought certificate stands in front. The second proves the host,
//! not the server: that is left to the proof in the WebSocket's upgrade, which is checked in both cases.

use std::sync::Arc;

use juice_proto::id::ServerKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::{
    oid_registry::OID_SIG_ED25519,
    prelude::{FromDer, X509Certificate},
};

/// A configuration good for one connection: nothing is resumed, so the certificate is checked every time.
pub(super) fn config(pinned: ServerKey) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let bought = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let verifier = Verifier { pinned, bought, provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

#[derive(Debug)]
struct Verifier {
    pinned: ServerKey,
    bought: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ed25519_key(end_entity).ok_or(CertificateError::BadEncoding)?;
        if key.as_deref() == Some(self.pinned.bytes()) {
            return Ok(ServerCertVerified::assertion());
        }
        self.bought.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate's public key if it is Ed25519 (RFC 8410); none outside if it is no certificate.
fn ed25519_key(certificate: &CertificateDer<'_>) -> Option<Option<Vec<u8>>> {
    let (rest, certificate) = X509Certificate::from_der(certificate).ok()?;
    let info = certificate.public_key();
    let ed25519 = info.algorithm.algorithm == OID_SIG_ED25519 && info.algorithm.parameters.is_none();
    rest.is_empty().then(|| ed25519.then(|| info.subject_public_key.data.to_vec()))
}
