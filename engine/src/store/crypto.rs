//! The library under SQLCipher, which must not be taken down while a connection's thread still uses it.
//!
//! OpenSSL frees its tables when the process exits. SQLx closes a connection on a thread of its own, which may be in the
//! middle of that in the same moment, and the process then dies of a freed table when all its work is done.

/// Asks OpenSSL not to clean up at the exit; to be called before the first database is opened in a process.
#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "one call with constants, before the first connection")]
pub fn keep_until_the_end() {
    use std::{ffi::c_void, ptr, sync::Once};

    /// `OPENSSL_INIT_NO_ATEXIT` of OpenSSL 1.1.1 and later.
    const NO_ATEXIT: u64 = 0x0008_0000;

    unsafe extern "C" {
        fn OPENSSL_init_crypto(options: u64, settings: *const c_void) -> i32;
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the function takes any options at any time, and no settings.
        if unsafe { OPENSSL_init_crypto(NO_ATEXIT, ptr::null()) } != 1 {
            tracing::warn!("libcrypto could not be made ready");
        }
    });
}

/// Elsewhere SQLCipher stands on the system's own library.
#[cfg(not(target_os = "linux"))]
pub fn keep_until_the_end() {}
