//! The transition of a merged number, in calendar months and whole local days.

use crate::calendar::Zone;
use jiff::ToSpan;
use jiff::civil::Date;
use std::sync::Arc;

/// The transition of a merged number: \[cutover 00:00, last day 24:00\[.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// First day.
    pub cutover: Date,
    /// Last day, included.
    pub last: Date,
    /// The midnights: that of the cutover, of every day after it, and of the day after the last.
    midnights: Arc<[i64]>,
}

impl Window {
    /// The window from `cutover` until `last`, both included.
    #[must_use]
    pub fn new(cutover: Date, last: Date, zone: &Zone) -> Self {
        let days = cutover.series(1.day()).take_while(|d| *d <= last);
        let mut midnights: Vec<i64> = days.map(|d| zone.midnight(d)).collect();
        midnights.push(zone.midnight(last.tomorrow().unwrap_or(last)));
        Self { cutover, last, midnights: midnights.into() }
    }

    /// The last day of a transition: `cutover` + `months` calendar months; a day that month lacks is its last (2021-11-30 → 2022-02-28).
    #[must_use]
    pub fn last_day(cutover: Date, months: i32) -> Date {
        cutover.checked_add(months.months()).unwrap_or(Date::MAX)
    }

    /// Which day of the transition it is at `wall` (µs), 1-based: 0 before the cutover, `None` after the window.
    #[must_use]
    pub fn day(&self, wall: i64) -> Option<u16> {
        const DAY: i64 = 86_400_000_000;
        let (Some(first), Some(end)) = (self.midnights.first(), self.midnights.last()) else { return None };
        if wall < *first {
            return Some(0);
        }
        if wall >= *end {
            return None;
        }
        // Days have 24 h in most zones: the guess is right at once, and corrected where a clock was set.
        let mut passed = usize::try_from((wall - first) / DAY).map_or(0, |n| n.min(self.midnights.len() - 1));
        while self.midnights.get(passed).is_some_and(|m| *m <= wall) {
            passed += 1;
        }
        while passed > 0 && self.midnights.get(passed - 1).is_some_and(|m| *m > wall) {
            passed -= 1;
        }
        u16::try_from(passed).ok()
    }

    /// How many days the transition has.
    #[must_use]
    pub fn days(&self) -> u16 {
        u16::try_from(self.midnights.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    /// Midnight of the cutover, and the midnight after the last day, µs since the epoch.
    #[must_use]
    pub fn bounds(&self) -> (i64, i64) {
        (self.midnights.first().copied().unwrap_or(i64::MIN), self.midnights.last().copied().unwrap_or(i64::MAX))
    }

    /// The first day on which the number is cancelled.
    #[must_use]
    pub fn cancelled_from(&self) -> Date {
        self.last.tomorrow().unwrap_or(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn shanghai() -> Zone {
        Zone::named("Asia/Shanghai").unwrap()
    }

    #[test]
    fn a_window_ends_at_midnight_after_its_last_day() {
        let zone = shanghai();
        let cutover = date(2021, 11, 30);
        let window = Window::new(cutover, Window::last_day(cutover, 3), &zone);
        assert_eq!(window.last, date(2022, 2, 28));
        assert_eq!((window.days(), window.cancelled_from()), (91, date(2022, 3, 1)));
        let at = |d: Date| zone.midnight(d);
        assert_eq!(window.day(at(cutover) - 1), Some(0));
        assert_eq!(window.day(at(cutover)), Some(1));
        assert_eq!(window.day(at(date(2022, 1, 15)) + 3 * 3_600_000_000), Some(47));
        assert_eq!(window.day(at(date(2022, 3, 1)) - 1), Some(91));
        assert_eq!(window.day(at(date(2022, 3, 1))), None);
    }

    #[test]
    fn days_are_counted_through_a_change_of_clocks() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let cutover = date(2021, 9, 30);
        let window = Window::new(cutover, Window::last_day(cutover, 3), &zone);
        for (day, n) in cutover.series(1.day()).take_while(|d| *d <= window.last).zip(1..) {
            let midnight = zone.midnight(day);
            let next = zone.midnight(day.tomorrow().unwrap());
            assert_eq!((window.day(midnight), window.day(next - 1)), (Some(n), Some(n)), "{day}");
        }
    }
}
