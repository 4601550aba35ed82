//! The server's two secrets, each in a file that only its owner may read: its Ed25519 key, by which clients know it,
//! and OPAQUE's. Made at the first start; whoever loses them loses the server's address and everyone's password.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use juice_proto::{opaque::OpaqueServer, sign::SecretKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

const SERVER_KEY: &str = "server.key";
const OPAQUE_KEY: &str = "opaque.key";

/// A generator with a fresh seed of the system's.
pub(crate) fn rng() -> io::Result<ChaCha20Rng> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// The data folder, closed to others.
pub(crate) fn make_folder(data: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data)
}

/// A new file that only its owner may read.
pub(crate) fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The server's key.
pub(crate) fn server_key(data: &Path) -> io::Result<SecretKey> {
    let stored = load_or_make(&data.join(SERVER_KEY), || {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(seed.to_vec())
    })?;
    let seed = <[u8; 32]>::try_from(stored).map_err(|_| damaged(SERVER_KEY))?;
    Ok(SecretKey::from_seed(&seed))
}

/// OPAQUE's secrets.
pub(crate) fn opaque(data: &Path) -> io::Result<OpaqueServer> {
    let stored = load_or_make(&data.join(OPAQUE_KEY), || Ok(OpaqueServer::random(&mut rng()?).to_bytes().to_vec()))?;
    OpaqueServer::from_bytes(&stored).map_err(|_| damaged(OPAQUE_KEY))
}

fn damaged(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name} is damaged"))
}

fn load_or_make(path: &Path, make: impl Fn() -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
    match fs::read_to_string(path) {
        Ok(text) => hex::decode(text.trim()).map_err(|_| damaged(&path.display().to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = make()?;
            // Whole or not at all: a crash must not leave half a key behind.
            let part = path.with_extension("part");
            let _ = fs::remove_file(&part);
            let mut file = create_private(&part)?;
            writeln!(file, "{}", hex::encode(&secret))?;
            file.sync_all()?;
            fs::rename(&part, path)?;
            Ok(secret)
        }
        Err(error) => Err(error),
    }
}

/// A registration code as it is stored: its hash, without regard to case and surrounding space.
pub(crate) fn code_hash(code: &str) -> [u8; 32] {
    juice_proto::id::hash("juice/code/1", &[code.trim().to_lowercase().as_bytes()])
}

/// Reads 32 bytes of URL-safe base64, as the headers of the upgrade carry them.
pub(crate) fn nonce_from(text: &str) -> Option<[u8; 32]> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        assert_eq!(code_hash(" ABCD-1234 "), code_hash("abcd-1234"));
        assert_ne!(code_hash("abcd-1234"), code_hash("abcd-1235"));
    }
}
