//! Lines on standard error that say what is being done and how long it took.
//!
//! A step prints its line before it starts, so that whoever waits knows for what, and a second one
//! when it is done. Output of the programs in between is left as it is.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// Does the work between two lines that name it.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    eprintln!("> {name}");
    let begun = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    eprintln!("  {outcome}: {name} ({})", spoken(begun.elapsed()));
    result
}

/// A line about something that needs no time.
pub fn note(sentence: &str) {
    eprintln!("  {sentence}");
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`.
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else if seconds >= 10 {
        format!("{seconds} s")
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_fine_as_anybody_cares() {
        assert_eq!(spoken(Duration::from_millis(420)), "0.4 s");
        assert_eq!(spoken(Duration::from_millis(12_900)), "12 s");
        assert_eq!(spoken(Duration::from_secs(185)), "3 min 05 s");
    }
}
