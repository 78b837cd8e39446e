//! Days off and days worked.

use jiff::civil::{Date, Weekday};
use std::collections::BTreeSet;

/// Public holidays and the working weekends that make up for them (调休), as data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    /// Days off.
    pub holidays: BTreeSet<Date>,
    /// Saturdays and Sundays that are worked.
    pub workdays: BTreeSet<Date>,
}

impl Calendar {
    /// Whether people work on this day.
    #[must_use]
    pub fn is_workday(&self, day: Date) -> bool {
        if self.workdays.contains(&day) {
            return true;
        }
        !self.holidays.contains(&day) && !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_working_saturday_is_worked_and_a_holiday_monday_is_not() {
        let calendar = Calendar { holidays: [date(2021, 10, 4)].into(), workdays: [date(2021, 10, 9)].into() };
        assert!(calendar.is_workday(date(2021, 10, 9)));
        assert!(!calendar.is_workday(date(2021, 10, 10)));
        assert!(!calendar.is_workday(date(2021, 10, 4)));
        assert!(calendar.is_workday(date(2021, 10, 11)));
    }
}
