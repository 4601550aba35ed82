//! The process's environment, as far as it can hurt.

/// Takes `SSLKEYLOGFILE` out of the environment: the QUIC transport would write every traffic secret to that file.
/// To be called first in `main`, before there are threads.
#[allow(unsafe_code, reason = "changing the environment is unsafe once there are threads; see the caller's duty")]
pub fn forget_tls_secrets_file() {
    // SAFETY: called first in `main`, so no other thread reads the environment.
    unsafe { std::env::remove_var("SSLKEYLOGFILE") };
}
