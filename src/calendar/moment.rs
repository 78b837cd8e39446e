//! Dates and times as an operator writes them: local, Asia/Shanghai, unless an offset is given.

use super::zone::Zone;

/// Reads `2021-12-15`, `2021-12-15T10:00[:SS]` (also with a blank) or RFC 3339 with an offset. µs since the epoch.
///
/// # Errors
/// A sentence in which form it is wanted.
pub fn parse(text: &str) -> Result<i64, String> {
    let text = text.trim();
    zone()
        .read(text)
        .ok_or_else(|| format!("应写作 2021-12-15T10:00（北京时间） · \"{text}\" is no time: write 2021-12-15T10:00"))
}

/// The moment as a local time, `2021-12-15 10:00:00`.
#[must_use]
pub fn shown(wall: i64) -> String {
    zone().local(wall).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Where no plan says another one.
#[must_use]
pub fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap_or_else(Zone::utc)
}

/// The moment's local time of day, `10:00:00`.
#[must_use]
pub fn clock(wall: i64) -> String {
    zone().local(wall).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_local_unless_it_says_otherwise() {
        let ten = 1_639_533_600_000_000;
        for text in ["2021-12-15T10:00", "2021-12-15T10:00:00", "2021-12-15 10:00", "2021-12-15T02:00:00Z"] {
            assert_eq!(parse(text), Ok(ten), "{text}");
        }
        assert_eq!(parse("2021-12-15T10:00:00+08:00"), Ok(ten));
        assert_eq!(parse("2021-12-15"), Ok(ten - 10 * 3_600_000_000));
        assert_eq!(shown(ten), "2021-12-15 10:00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "today", "2021-13-01", "2021-02-30T10:00", "10:00", "2021-12-15T25:00"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
