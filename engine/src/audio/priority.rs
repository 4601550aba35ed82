//! For threads that must run on time: asks the system to let them go before others.
//!
//! Called once by each thread that sound goes through, those of sound cards among them. Where the system refuses, as Linux
//! does for people whom nobody gave the right to it, the thread runs as it was, and a busy machine may be heard.

use thread_priority::Error;

/// Below the 5 of PulseAudio's own threads, which bring what ours work on.
#[cfg(target_os = "linux")]
const PRIORITY: u8 = 4;
/// In the lower half of what there is for such threads.
#[cfg(all(unix, not(target_os = "linux")))]
const PRIORITY: u8 = 20;

/// Asks for the thread that calls it.
pub(super) fn hurry() {
    if let Err(error) = ask() {
        tracing::debug!(?error, "a thread of sound runs as any other");
    }
}

#[cfg(unix)]
fn ask() -> Result<(), Error> {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let priority = PRIORITY.try_into().map(ThreadPriority::Crossplatform).unwrap_or(ThreadPriority::Min);
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    set_thread_priority_and_policy(thread_native_id(), priority, policy)
}

#[cfg(not(unix))]
fn ask() -> Result<(), Error> {
    thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Max)
}
