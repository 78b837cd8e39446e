//! By hour: the local hour of t0, in the plan's zone; where a clock is set back, both hours of that name are one.

use crate::calendar::Zone;
use jiff::ToSpan;
use jiff::civil::DateTime;
use std::fmt;

/// A local hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(DateTime);

impl Hour {
    /// The hour of a moment, µs since the epoch.
    #[must_use]
    pub fn of(wall: i64, zone: &Zone) -> Self {
        let local = zone.local(wall);
        Self(local.date().at(local.hour(), 0, 0, 0))
    }

    /// `2021-12-15T10`, with or without `:00`; `None` for anything else, and for what is no whole hour.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let hour = time.strip_suffix(":00").unwrap_or(time);
        if hour.len() != 2 || !hour.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let date: jiff::civil::Date = date.parse().ok()?;
        let time = jiff::civil::Time::new(hour.parse().ok()?, 0, 0, 0).ok()?;
        Some(Self(date.to_datetime(time)))
    }

    /// So many hours later; earlier, where it is negative.
    #[must_use]
    pub fn plus(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours.hours()))
    }

    /// Its beginning, µs since the epoch.
    #[must_use]
    pub fn begins(self, zone: &Zone) -> i64 {
        zone.moment(self.0)
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.strftime("%Y-%m-%dT%H:00").to_string())
    }
}
