//! The clocks: the wall for stamping, a monotonic one for waiting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use juice_proto::id::{Millis, Now};

/// Milliseconds since 1970, UTC.
pub(crate) fn wall_ms() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// The time as the protocol's checks want it; they look at the wall clock alone.
pub(crate) fn now() -> Now {
    Now { mono: 0, wall: wall_ms() }
}

/// When the wall clock will show `wall`, on the monotonic one.
pub(crate) fn instant_of(wall: Millis) -> Instant {
    let now = Instant::now();
    let wait = Duration::from_millis(wall.saturating_sub(wall_ms()));
    now.checked_add(wait).unwrap_or(now)
}

/// `middle` give or take a sixth, so that many clients do not all act in the same moment.
pub(crate) fn jittered(middle: Duration) -> Duration {
    let mut byte = [0];
    // Without randomness everyone waits the same time, which is no harm worth failing for.
    let _ = getrandom::fill(&mut byte);
    middle.mul_f64(5.0 / 6.0 + f64::from(u8::from_be_bytes(byte)) / 255.0 / 3.0)
}
