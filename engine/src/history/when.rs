//! Times as they are written out: universal time, since a file may be read anywhere.

use juice_proto::id::Millis;

const DAY: u64 = 24 * 60 * 60 * 1_000;

/// `2026-02-28`.
pub(super) fn day(at: Millis) -> String {
    // Days to a date: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
    let days = at / DAY + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `23:59`.
pub(super) fn time(at: Millis) -> String {
    let minutes = at % DAY / 60_000;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `2026-02-28T23:59:58.123Z`.
pub(super) fn stamp(at: Millis) -> String {
    let (seconds, rest) = (at % 60_000 / 1_000, at % 1_000);
    format!("{}T{}:{seconds:02}.{rest:03}Z", day(at), time(at))
}

/// `2026-02-28 23.59.58 UTC`: for the name of a file.
pub(crate) fn file_stamp(at: Millis) -> String {
    format!("{} {}.{:02} UTC", day(at), time(at).replace(':', "."), at % 60_000 / 1_000)
}

/// `2026-02-28 23:59 UTC`.
pub(super) fn plainly(at: Millis) -> String {
    format!("{} {} UTC", day(at), time(at))
}

/// A size as a person reads it.
#[allow(clippy::cast_precision_loss, reason = "a size to be read, not counted with")]
pub(super) fn size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 1_000.0 {
            return if unit == "bytes" { format!("{bytes} bytes") } else { format!("{size:.1} {unit}") };
        }
        size /= 1_000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_782_399_999), "2000-02-28T23:59:59.999Z");
        assert_eq!(stamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(plainly(1_780_000_000_000), "2026-05-28 20:26 UTC");
        assert_eq!(day(4_107_542_400_000), "2100-03-01");
        assert_eq!(
            (size(999), size(1_500), size(3_000_000_000)),
            ("999 bytes".into(), "1.5 kB".into(), "3.0 GB".into())
        );
    }
}
