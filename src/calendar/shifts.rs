//! Shifts: how many must be at work when.

use super::days::Calendar;
use jiff::civil::DateTime;
use std::fmt;
use std::sync::Arc;

/// Minutes of a day.
const DAY: u16 = 1440;

/// On which days a shift is worked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Days {
    /// On all.
    Every,
    /// On workdays of the calendar.
    Working,
    /// On its days off.
    Off,
}

/// One shift. It belongs to the day on which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// On which days.
    pub days: Days,
    /// From this minute of the day, included.
    pub from: u16,
    /// Until this one, excluded; not later than `from`: of the next day.
    pub until: u16,
    /// How many must be at work, 1 to 10,000.
    pub seats: u32,
}

impl Shift {
    /// As a plan writes it: `08:00-20:00 20`, `workday 08:00-20:00 20`, `dayoff 20:00-08:00 4`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let first = words.next()?;
        let (days, times) = match first {
            "workday" => (Days::Working, words.next()?),
            "dayoff" => (Days::Off, words.next()?),
            times => (Days::Every, times),
        };
        let (from, until) = times.split_once('-')?;
        let (from, until) = (minute(from)?, minute(until)?);
        let seats: u32 = words.next()?.parse().ok().filter(|n| (1..=10_000).contains(n))?;
        let whole = words.next().is_none() && from < DAY && from != until;
        whole.then_some(Self { days, from, until, seats })
    }

    fn holds(&self, local: DateTime, calendar: &Calendar) -> bool {
        let now = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let today = local.date();
        let day = if self.from < self.until {
            (self.from..self.until).contains(&now).then_some(today)
        } else if now >= self.from {
            Some(today)
        } else {
            (now < self.until).then(|| today.yesterday().ok()).flatten()
        };
        day.is_some_and(|day| match self.days {
            Days::Every => true,
            Days::Working => calendar.is_workday(day),
            Days::Off => !calendar.is_workday(day),
        })
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.days {
            Days::Every => "",
            Days::Working => "workday ",
            Days::Off => "dayoff ",
        })?;
        let (from, until) = (self.from, self.until);
        write!(f, "{:02}:{:02}-{:02}:{:02} {}", from / 60, from % 60, until / 60, until % 60, self.seats)
    }
}

/// `08:30`, up to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |t: &str| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
    let (h, m): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (digits(hour) && digits(minute) && m < 60 && h * 60 + m <= DAY).then_some(h * 60 + m)
}

/// The shifts of one floor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shifts {
    /// Which days are worked.
    pub calendar: Arc<Calendar>,
    /// All of them, in any order.
    pub all: Box<[Shift]>,
}

impl Shifts {
    /// How many must be at work at a local date and time: the most that a shift wants which holds then; `None` where none does.
    #[must_use]
    pub fn least(&self, local: DateTime) -> Option<u32> {
        self.all.iter().filter(|shift| shift.holds(local, &self.calendar)).map(|shift| shift.seats).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn shifts(all: &[&str]) -> Shifts {
        let calendar = Calendar { holidays: [date(2021, 10, 4)].into(), workdays: [date(2021, 10, 9)].into() };
        Shifts { calendar: Arc::new(calendar), all: all.iter().map(|s| Shift::parse(s).unwrap()).collect() }
    }

    #[test]
    fn a_shift_is_read_as_it_is_written_and_anything_else_is_none() {
        for text in ["08:00-20:00 20", "workday 08:30-24:00 1", "dayoff 20:00-08:00 10000"] {
            assert_eq!(Shift::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "08:00-20:00",
            "8:00-20:00 2",
            "08:00-25:00 2",
            "08:60-09:00 2",
            "24:00-08:00 2",
            "08:00-08:00 2",
            "08:00-20:00 0",
            "08:00-20:00 10001",
            "holiday 08:00-20:00 2",
            "08:00-20:00 2 3",
            "08:00 20:00 2",
        ] {
            assert_eq!(Shift::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let shifts =
            shifts(&["workday 08:00-20:00 20", "dayoff 08:00-20:00 8", "workday 20:00-08:00 4", "00:00-24:00 1"]);
        let at = |y, m, d, hour| shifts.least(date(y, m, d).at(hour, 0, 0, 0));
        assert_eq!([at(2021, 10, 8, 7), at(2021, 10, 8, 8), at(2021, 10, 8, 20)], [Some(4), Some(20), Some(4)]);
        // A Saturday that is worked, the Sunday behind it, and a holiday Monday.
        assert_eq!([at(2021, 10, 9, 12), at(2021, 10, 10, 3), at(2021, 10, 10, 12)], [Some(20), Some(4), Some(8)]);
        assert_eq!([at(2021, 10, 4, 12), at(2021, 10, 4, 22), at(2021, 10, 5, 3)], [Some(8), Some(1), Some(1)]);
        assert_eq!(Shifts::default().least(date(2021, 10, 4).at(3, 0, 0, 0)), None);
    }
}
