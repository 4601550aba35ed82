//! The end of the process, which waits for databases that are still being closed.
//!
//! SQLCipher and the OpenSSL under it free their tables when the process exits. SQLx closes a connection that was only
//! dropped on a thread of its own, which may be in the middle of that in the same moment; the process would then die of
//! a freed table with all its work done. So connections are counted, and the exit waits for the last, for a while.

use std::{
    ffi::c_int,
    sync::{
        Arc, Once,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use sqlx::sqlite::SqliteConnectOptions;

/// Whoever has not closed by then is asleep with a connection that nobody will ever drop.
const AT_MOST: Duration = Duration::from_millis(500);
const STEP: Duration = Duration::from_millis(1);

static OPEN: AtomicUsize = AtomicUsize::new(0);

struct Open;

impl Open {
    fn new() -> Arc<Self> {
        OPEN.fetch_add(1, SeqCst);
        Arc::new(Self)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, SeqCst);
    }
}

/// Counts whatever is connected with these options. A collation that no statement names carries the count, because
/// SQLite drops those last, after all that is sealed.
pub(super) fn waits_for(options: SqliteConnectOptions) -> SqliteConnectOptions {
    wait_at_exit();
    let open = Open::new();
    options.collation("juice_open", move |left: &str, right: &str| {
        let _counted = &open;
        left.cmp(right)
    })
}

/// What is registered last is called first, so both libraries register theirs here, before ours.
#[allow(unsafe_code, reason = "three calls without arguments of ours, before the first connection")]
fn wait_at_exit() {
    unsafe extern "C" {
        fn atexit(function: extern "C" fn()) -> c_int;
        #[cfg(target_os = "linux")]
        fn OPENSSL_init_crypto(options: u64, settings: *const std::ffi::c_void) -> c_int;
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: all three may be called at any time; a failure leaves the exit as it was without us.
        unsafe {
            libsqlite3_sys::sqlite3_initialize();
            #[cfg(target_os = "linux")]
            OPENSSL_init_crypto(0, std::ptr::null());
            atexit(wait);
        }
    });
}

extern "C" fn wait() {
    let until = Instant::now() + AT_MOST;
    while OPEN.load(SeqCst) > 0 && Instant::now() < until {
        sleep(STEP);
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{ConnectOptions, Connection};

    use super::*;

    #[tokio::test]
    async fn a_connection_is_counted_until_it_is_closed() {
        let before = OPEN.load(SeqCst);
        let options = waits_for(SqliteConnectOptions::new().in_memory(true));
        let connection = options.connect().await.unwrap();
        drop(options);
        assert_eq!(OPEN.load(SeqCst), before + 1);
        connection.close().await.unwrap();
        assert_eq!(OPEN.load(SeqCst), before);
    }
}
