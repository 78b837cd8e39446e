//! Hours of service by the calendar.

use super::days::Calendar;
use jiff::civil::DateTime;
use std::sync::Arc;

/// When a group is staffed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hours {
    /// Always: what the plan demands of 12345 and of every kept line (§二).
    Always,
    /// Workdays of a calendar, between two local times of day.
    Workdays {
        /// The calendar.
        calendar: Arc<Calendar>,
        /// From this time, included.
        from: jiff::civil::Time,
        /// Until this time, excluded.
        to: jiff::civil::Time,
    },
}

impl Hours {
    /// Whether it is staffed at a local date and time.
    #[must_use]
    pub fn open_at(&self, local: DateTime) -> bool {
        match self {
            Self::Always => true,
            Self::Workdays { calendar, from, to } => {
                calendar.is_workday(local.date()) && *from <= local.time() && local.time() < *to
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn working_hours_follow_the_calendar_and_end_before_their_last_minute() {
        let calendar = Calendar { holidays: [date(2021, 10, 4)].into(), workdays: [date(2021, 10, 9)].into() };
        let (from, to) = (time(8, 30, 0, 0), time(17, 30, 0, 0));
        let hours = Hours::Workdays { calendar: Arc::new(calendar), from, to };
        assert!(hours.open_at(date(2021, 10, 9).to_datetime(from)));
        assert!(!hours.open_at(date(2021, 10, 9).to_datetime(to)));
        assert!(!hours.open_at(date(2021, 10, 4).at(12, 0, 0, 0)));
        assert!(Hours::Always.open_at(date(2021, 10, 4).at(3, 0, 0, 0)));
    }
}
