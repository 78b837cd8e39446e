//! Time zones: a moment as a local date and time, and back.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A time zone. Days begin at its local midnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Zone {
    /// The zone of this IANA name, from the bundled database; `None` when there is no such zone.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Its IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The local date and time at a moment, µs since the epoch.
    #[must_use]
    pub fn local(&self, wall: i64) -> DateTime {
        let moment = jiff::Timestamp::from_microsecond(wall).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.0.to_datetime(moment)
    }

    /// The moment of a local date and time, µs since the epoch (the earlier one where a clock is set back).
    #[must_use]
    pub fn moment(&self, at: DateTime) -> i64 {
        self.0.to_timestamp(at).map_or(i64::MAX, jiff::Timestamp::as_microsecond)
    }

    /// A moment as it is written, µs since the epoch: `2021-12-15`, `2021-12-15T10:00` with or without seconds, here; or with an
    /// offset (RFC 3339).
    #[must_use]
    pub fn read(&self, text: &str) -> Option<i64> {
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(moment.as_microsecond());
        }
        let local = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
        local.ok().map(|local| self.moment(local))
    }

    /// Local midnight at which a day begins, µs since the epoch.
    #[must_use]
    pub fn midnight(&self, day: Date) -> i64 {
        self.moment(day.to_datetime(jiff::civil::Time::midnight()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_moment_is_local_and_comes_back() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let midnight = date(2021, 12, 15).at(0, 0, 0, 0);
        assert_eq!(zone.midnight(date(2021, 12, 15)), 1_639_497_600_000_000);
        assert_eq!(zone.local(zone.moment(midnight)), midnight);
        assert_eq!(Zone::utc().midnight(date(1970, 1, 2)), 86_400_000_000);
        assert_eq!(Zone::named("Asia/Fuzhou"), None);
    }
}
