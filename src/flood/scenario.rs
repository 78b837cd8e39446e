//! What callers and agents do: shares of numbers, how long they talk, who gives up, who presses which key. Values, drawn by dice.

use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;
use std::net::SocketAddr;

/// A length of time by chance, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Length {
    /// Always this.
    Fixed(f64),
    /// Anything between, evenly.
    Between(f64, f64),
    /// With this mean, as waiting for the unforeseen is (exponential).
    Exponential(f64),
    /// With this mean and this standard deviation of the logarithm, as talks are.
    LogNormal(f64, f64),
}

impl Length {
    /// Draws one, µs; never longer than ten times the mean.
    pub fn draw(&self, dice: &mut ChaCha8Rng) -> u64 {
        let mut chance = || (f64::from(dice.next_u32()) + 1.0) / (f64::from(u32::MAX) + 2.0);
        let seconds = match *self {
            Self::Fixed(s) => s,
            Self::Between(from, to) => from + (to - from) * chance(),
            Self::Exponential(mean) => (-chance().ln() * mean).min(10.0 * mean),
            Self::LogNormal(mean, sigma) => {
                // Box–Muller; the mean of a log-normal lies σ²/2 above its median.
                let normal = (-2.0 * chance().ln()).sqrt() * (std::f64::consts::TAU * chance()).cos();
                (mean * (normal * sigma - sigma * sigma / 2.0).exp()).min(10.0 * mean)
            }
        };
        (seconds.max(0.0) * 1e6) as u64
    }

    /// Its mean, s.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed(s) | Self::Exponential(s) | Self::LogNormal(s, _) => s,
            Self::Between(from, to) => f64::midpoint(from, to),
        }
    }
}

/// One kind of call.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// How it is called in the report.
    pub title: String,
    /// Its share of all calls, by weight.
    pub share: f64,
    /// The numbers that are dialled, one of them each time.
    pub numbers: Vec<String>,
    /// From the answer until the caller hangs up.
    pub talk: Length,
    /// Some callers give up: so many of them (0–1), after so long without a person.
    pub gives_up: Option<(f64, Length)>,
    /// Keys that the caller presses, so long after the answer.
    pub keys: Option<(Length, String)>,
    /// He puts the line on hold by re-INVITE: so many of them (0–1), so long after the answer, for so long.
    pub hold: Option<(f64, Length, Length)>,
    /// What the agent of this process does who takes it: so often (0–1).
    pub agent: Option<(f64, Agent)>,
    /// How many go by TCP (0–1).
    pub tcp: f64,
    /// Final statuses beside 2xx that are as they should be.
    pub expect: Vec<u16>,
}

/// What an agent does in a talk.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// So long after his answer.
    pub after: Length,
    /// Keys, or a REFER.
    pub does: Does,
}

/// How an agent moves a call elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// These keys, one after the other, as telephone-events.
    Keys(String),
    /// REFER to this number.
    Refer(String),
}

/// All of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The kinds of calls; at least one.
    pub kinds: Vec<Kind>,
    /// Relative rates over equal spans of the run; empty: the same all the time.
    pub day: Vec<f64>,
    /// Addresses at which departments answer.
    pub departments: Vec<SocketAddr>,
    /// How long seats and departments let it ring.
    pub ring: Length,
}

impl Scenario {
    /// Every call to this number, talking so long.
    #[must_use]
    pub fn one(number: &str, talk: Length) -> Self {
        let kind = Kind {
            title: number.to_owned(),
            share: 1.0,
            numbers: vec![number.to_owned()],
            talk,
            gives_up: None,
            keys: None,
            hold: None,
            agent: None,
            tcp: 0.0,
            expect: Vec::new(),
        };
        Self { kinds: vec![kind], day: Vec::new(), departments: Vec::new(), ring: Length::Fixed(0.2) }
    }

    /// One call: which kind, and which of its numbers.
    pub fn draw(&self, dice: &mut ChaCha8Rng) -> (usize, String) {
        let total: f64 = self.kinds.iter().map(|k| k.share).sum();
        let mut left = f64::from(dice.next_u32()) / (f64::from(u32::MAX) + 1.0) * total;
        let last = self.kinds.len().saturating_sub(1);
        let which = self.kinds.iter().position(|kind| {
            left -= kind.share;
            left < 0.0
        });
        let which = which.unwrap_or(last);
        let numbers = self.kinds.get(which).map_or(&[][..], |k| &k.numbers);
        let number = numbers.get(dice.next_u32() as usize % numbers.len().max(1));
        (which, number.cloned().unwrap_or_default())
    }
}

/// Whether something happens that happens so often (0–1).
pub fn happens(share: f64, dice: &mut ChaCha8Rng) -> bool {
    share > 0.0 && f64::from(dice.next_u32()) < share * (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    #[test]
    fn lengths_have_their_means() {
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        for length in
            [Length::Fixed(20.0), Length::Between(10.0, 30.0), Length::Exponential(20.0), Length::LogNormal(20.0, 0.8)]
        {
            let mean = (0..20_000).map(|_| length.draw(&mut dice) as f64).sum::<f64>() / 20_000.0 / 1e6;
            assert!((mean - 20.0).abs() < 0.6 && length.mean() == 20.0, "{length:?} {mean}");
        }
    }

    #[test]
    fn kinds_come_by_their_shares() {
        let mut scenario = Scenario::one("12345", Length::Fixed(1.0));
        let mut other = scenario.kinds[0].clone();
        (other.share, other.numbers) = (3.0, vec!["119".into(), "110".into()]);
        scenario.kinds.push(other);
        let mut dice = ChaCha8Rng::seed_from_u64(3);
        let drawn: Vec<(usize, String)> = (0..4_000).map(|_| scenario.draw(&mut dice)).collect();
        let share = |wanted: &str| drawn.iter().filter(|(_, number)| number == wanted).count() as f64 / 4_000.0;
        assert!((share("12345") - 0.25).abs() < 0.03);
        assert!((share("119") - 0.375).abs() < 0.03 && (share("110") - 0.375).abs() < 0.03);
        assert!((0..1000).all(|_| happens(1.0, &mut dice) && !happens(0.0, &mut dice)));
    }
}
