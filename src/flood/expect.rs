//! What a run must hold: `answered>=99.9%`, `p99<5ms`, `wrong_sound=0`.

use super::report::{FIGURES, Figure, Report};

/// One expectation.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    text: String,
    name: String,
    op: Op,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Plain(f64),
    /// Of 100.
    Percent(f64),
    /// µs.
    Time(f64),
}

/// Why a text is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// There is no figure of this name.
    Name(String),
    /// It does not compare, or not with a number.
    Form,
    /// This figure is not given in that unit.
    Unit(String),
}

/// Whether it held.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The expectation as it was written.
    pub text: String,
    /// It holds.
    pub met: bool,
    /// What was found, in words.
    pub found: String,
}

impl Expect {
    /// Reads one.
    ///
    /// # Errors
    /// [`Wrong`].
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let text = text.trim();
        let at = text.find(['<', '>', '=']).ok_or(Wrong::Form)?;
        let (name, rest) = text.split_at(at);
        let name = name.trim();
        if !FIGURES.contains(&name) {
            return Err(Wrong::Name(name.to_owned()));
        }
        let ops = [
            ("<=", Op::AtMost),
            (">=", Op::AtLeast),
            ("==", Op::Equal),
            ("<", Op::Less),
            (">", Op::More),
            ("=", Op::Equal),
        ];
        let (op, rest) = ops.iter().find_map(|(sign, op)| Some((*op, rest.strip_prefix(sign)?))).ok_or(Wrong::Form)?;
        let value = Value::parse(rest.trim()).ok_or(Wrong::Form)?;
        let fits = match value {
            Value::Time(_) => is_time(name),
            Value::Percent(_) => !is_time(name) && !matches!(name, "cpu_s" | "cpu_s_per_1000" | "rss_kb"),
            // Milliseconds are what a bare number of a time means.
            Value::Plain(_) => true,
        };
        if !fits {
            return Err(Wrong::Unit(name.to_owned()));
        }
        Ok(Self { text: text.to_owned(), name: name.to_owned(), op, value })
    }

    /// Holds it against a run. What was not measured does not hold.
    #[must_use]
    pub fn judge(&self, report: &Report) -> Verdict {
        let figure = report.figure(&self.name).unwrap_or(Figure::Missing);
        let percent = |count: u64, whole: u64| count as f64 * 100.0 / whole.max(1) as f64;
        let (found, wanted) = match (figure, self.value) {
            (Figure::Count { whole: 0, .. }, Value::Percent(_)) | (Figure::Missing, _) => (None, 0.0),
            (Figure::Count { count, whole }, Value::Percent(p)) => (Some(percent(count, whole)), p),
            (Figure::Count { count, .. }, Value::Plain(n) | Value::Time(n)) => (Some(count as f64), n),
            (Figure::Time(us), Value::Time(t)) => (Some(us as f64), t),
            (Figure::Time(us), Value::Plain(n) | Value::Percent(n)) => (Some(us as f64 / 1000.0), n),
            (Figure::Plain(found), Value::Plain(n) | Value::Percent(n) | Value::Time(n)) => (Some(found), n),
        };
        let met = found.is_some_and(|found| match self.op {
            Op::Less => found < wanted,
            Op::AtMost => found <= wanted,
            Op::Equal => (found - wanted).abs() < 1e-9,
            Op::AtLeast => found >= wanted,
            Op::More => found > wanted,
        });
        let words = match figure {
            Figure::Missing => "–".to_owned(),
            Figure::Count { count, whole } => format!("{count} / {whole} ({:.3}%)", percent(count, whole)),
            Figure::Time(us) => format!("{:.3} ms", us as f64 / 1000.0),
            Figure::Plain(found) => format!("{found:.3}"),
        };
        Verdict { text: self.text.clone(), met, found: words }
    }
}

impl Value {
    fn parse(text: &str) -> Option<Self> {
        let number = |t: &str| t.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
        let with = |unit: &str| text.strip_suffix(unit).and_then(number);
        let percent = with("%").map(Self::Percent);
        let time = || with("us").or_else(|| Some(with("ms")? * 1e3)).or_else(|| Some(with("s")? * 1e6));
        percent.or_else(|| time().map(Self::Time)).or_else(|| number(text).map(Self::Plain))
    }
}

fn is_time(name: &str) -> bool {
    matches!(name, "p50" | "p90" | "p99" | "p999" | "p9999" | "max") || name.ends_with("_p99")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flood::tally::Tally;

    fn report() -> Report {
        let mut tally = Tally::default();
        for n in 0..1000u64 {
            tally.begin("x", false);
            if n < 999 { tally.answer("x", 200, (n + 1) * 10) } else { tally.fail("x") }
        }
        Report { tally, ..Report::default() }
    }

    #[test]
    fn what_holds_and_what_does_not() {
        let report = report();
        let met = |text: &str| Expect::parse(text).unwrap().judge(&report).met;
        for holds in [
            "answered>=99.9%",
            "answered = 999",
            "p99<10ms",
            "p50 < 0.006s",
            "p99<10",
            "failed<=1",
            "wrong_sound=0",
            "max<=9990us",
        ] {
            assert!(met(holds), "{holds}");
        }
        for fails in [
            "answered>99.9%",
            "answered>=1000",
            "p99<5ms",
            "failed=0",
            "failed<0.1%",
            "person_p99<1s",
            "rss_kb<1",
            "lost<1%",
        ] {
            assert!(!met(fails), "{fails}: {:?}", Expect::parse(fails).unwrap().judge(&report));
        }
    }

    #[test]
    fn what_is_none() {
        let wrong = |text: &str| Expect::parse(text).unwrap_err();
        assert_eq!(wrong("answred>1"), Wrong::Name("answred".into()));
        for form in ["answered", "answered>", "answered>x", "answered>-1", "answered<>1"] {
            assert_eq!(wrong(form), Wrong::Form, "{form}");
        }
        assert_eq!(wrong("answered>5ms"), Wrong::Unit("answered".into()));
        assert_eq!(wrong("p99<5%"), Wrong::Unit("p99".into()));
    }

    #[test]
    fn every_name_is_a_figure() {
        let report = report();
        assert!(FIGURES.iter().all(|name| report.figure(name).is_some()));
    }
}
