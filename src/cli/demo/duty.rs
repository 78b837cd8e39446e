//! How a robot agent spends its day: signs in, is ready, takes breaks, goes home; and what it does in a talk. Pure.

use super::mix::{between, one_of};
use crate::flood::scenario::happens;
use rand_chacha::ChaCha8Rng;

/// Whom agents bring in: sub-centres, power, water and gas, emergency services, kept lines.
const TARGETS: [&str; 12] =
    ["12366", "12366", "12360", "12313", "12367", "12305", "119", "120", "95598", "96355", "96777", "12348"];
/// Speed keys of the demo and whom they reach: see `[keys] speed` of its configuration.
pub const SPEED: [(&str, &str); 3] = [("1", "119"), ("2", "110"), ("66", "12366")];
/// Reasons of a break by the digit behind `*73`: 小休, 用餐, 培训, 会议.
const BREAKS: [char; 6] = ['1', '1', '1', '2', '3', '4'];

/// What an agent does in a talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Presses these keys, as telephone-events.
    Keys(String),
    /// REFER to this number: a blind transfer.
    Refer(&'static str),
    /// Puts the caller on hold, or takes him back.
    Hold(bool),
}

/// What the agent does in one talk: when, µs after its answer, and what; in order.
pub fn deeds(dice: &mut ChaCha8Rng) -> Vec<(u64, Deed)> {
    let first = between(3.0, 8.0, dice);
    let target = one_of(&TARGETS, dice).unwrap_or("12366");
    let keys = |keys: &str| Deed::Keys(keys.to_owned());
    if happens(0.24, dice) {
        // 三方：一起说一会儿，坐席退出，或请对方退出。
        let speed = one_of(&SPEED, dice).filter(|_| happens(0.3, dice));
        let called = speed.map_or(target, |(key, _)| key);
        let over = if happens(0.7, dice) { "*2" } else { "*3" };
        return vec![(first, Deed::Keys(format!("*1{called}#"))), (first + between(10.0, 18.0, dice), keys(over))];
    }
    if happens(0.08, dice) {
        return vec![(first, Deed::Refer(target))];
    }
    if happens(0.08, dice) {
        return vec![(first, Deed::Hold(true)), (first + between(5.0, 9.0, dice), Deed::Hold(false))];
    }
    if happens(0.1, dice) {
        return vec![(between(15.0, 40.0, dice), keys("*8"))];
    }
    Vec::new()
}

/// A seat's day: what its phone dials, one after the other, without end.
#[derive(Debug)]
pub struct Duty {
    dice: ChaCha8Rng,
    /// The persons who take turns at the seat, and how many turns there have been.
    persons: [String; 2],
    turns: usize,
    pin: String,
    stands: Stands,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Nobody sits here.
    Away,
    /// Somebody has just come, and is not ready.
    Come,
    /// He is ready, or talks.
    Ready,
    /// He has a break, or paperwork.
    Rests,
}

impl Duty {
    /// Of a seat where these persons take turns. `there`: the first one is signed in and ready as soon as the phone is.
    #[must_use]
    pub fn new(persons: [String; 2], pin: String, there: bool, dice: ChaCha8Rng) -> Self {
        let stands = if there { Stands::Ready } else { Stands::Away };
        Self { dice, persons, turns: usize::from(there), pin, stands }
    }

    /// What is dialled next, and how long after the last, µs.
    pub fn next(&mut self) -> (u64, String) {
        let dice = &mut self.dice;
        match self.stands {
            Stands::Away => {
                let wait = if self.turns == 0 { between(0.0, 4.0, dice) } else { between(5.0, 15.0, dice) };
                let person = self.persons.get(self.turns % 2).map_or("", String::as_str);
                let code = format!("*71*{person}*{}", self.pin);
                self.turns += 1;
                self.stands = Stands::Come;
                (wait, code)
            }
            Stands::Come => self.ready(0.3, 1.0),
            Stands::Rests => self.ready(12.0, 40.0),
            Stands::Ready => {
                let wait = between(40.0, 150.0, dice);
                self.stands = Stands::Rests;
                if happens(0.2, dice) {
                    self.stands = Stands::Away;
                    return (wait, "*70".to_owned());
                }
                if happens(0.25, dice) {
                    return (wait, "*74".to_owned());
                }
                (wait, format!("*73{}", one_of(&BREAKS, dice).unwrap_or('1')))
            }
        }
    }

    fn ready(&mut self, from: f64, to: f64) -> (u64, String) {
        self.stands = Stands::Ready;
        (between(from, to, &mut self.dice), "*72".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::mix::dice;
    use crate::clock::SECOND;

    #[test]
    fn a_seat_is_signed_in_before_anything_and_persons_take_turns() {
        let mut duty = Duty::new(["8101".into(), "9101".into()], "123456".into(), false, dice(1, 8101));
        let codes: Vec<String> = (0..400).map(|_| duty.next().1).collect();
        assert_eq!(codes[..2], ["*71*8101*123456", "*72"]);
        for pair in codes.windows(2) {
            let follows = match pair[0].as_str() {
                "*70" => pair[1].starts_with("*71*"),
                "*72" => ["*70", "*73", "*74"].iter().any(|code| pair[1].starts_with(code)),
                _ => pair[1] == "*72",
            };
            assert!(follows, "{pair:?}");
        }
        let turns: Vec<&String> = codes.iter().filter(|code| code.starts_with("*71")).collect();
        assert!(turns.len() > 10 && turns.windows(2).all(|w| w[0] != w[1]));
        let mut there = Duty::new(["8101".into(), "9101".into()], "1".into(), true, dice(1, 8101));
        let first = (0..400).map(|_| there.next().1).find(|code| code.starts_with("*71"));
        assert_eq!(first.as_deref(), Some("*71*9101*1"));
    }

    #[test]
    fn agents_are_ready_for_most_of_the_time() {
        let mut duty = Duty::new(["8101".into(), "9101".into()], "123456".into(), false, dice(2, 8101));
        let (mut ready, mut all) = (0, 0);
        for _ in 0..2_000 {
            let (wait, code) = duty.next();
            all += wait;
            ready += if ["*70", "*73", "*74"].iter().any(|c| code.starts_with(c)) { wait } else { 0 };
        }
        let share = ready as f64 / all as f64;
        assert!((0.7..0.9).contains(&share), "{share}");
    }

    #[test]
    fn a_third_of_the_talks_has_a_third_party_and_deeds_are_in_order() {
        let mut dice = dice(7, 0);
        let all: Vec<Vec<(u64, Deed)>> = (0..2_000).map(|_| deeds(&mut dice)).collect();
        assert!(all.iter().all(|deeds| deeds.is_sorted_by_key(|(at, _)| *at)));
        assert!(all.iter().flatten().all(|(at, _)| (3 * SECOND..=40 * SECOND).contains(at)));
        let moves = |deeds: &&Vec<(u64, Deed)>| match deeds.first() {
            Some((_, Deed::Keys(keys))) => keys.starts_with("*1"),
            Some((_, Deed::Refer(_))) => true,
            _ => false,
        };
        let share = all.iter().filter(moves).count() as f64 / 2_000.0;
        assert!((0.25..0.36).contains(&share), "{share}");
    }
}
