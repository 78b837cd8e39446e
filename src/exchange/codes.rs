//! Feature codes: what an agent's keys mean on a plain phone.

use crate::call::{Order, Pin, SeatCode, SeatOrder};
use std::collections::BTreeMap;

/// The codes. Each begins with `*`, and none begins with another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    /// Then a number of the directory: it joins caller and agent. Alone, ended by `#`: whoever is there and apart joins.
    pub three_way: String,
    /// The agent leaves; caller and target go on.
    pub leave: String,
    /// The target goes, whether it rings or has joined.
    pub cancel: String,
    /// Talk to the target alone, to the caller alone, in turn.
    pub swap: String,
    /// Back to the caller; the target goes.
    pub back: String,
    /// 评价: the caller is asked how he was served; the agent is free.
    pub survey: String,
    /// 签入. Dialled: then work number and PIN are asked for, or they follow at once, `*71*8041*1234`.
    pub sign_in: String,
    /// 签出.
    pub sign_out: String,
    /// 示闲.
    pub ready: String,
    /// 小休, 示忙: then a digit for the reason.
    pub rest: String,
    /// Longer paperwork.
    pub wrap_up: String,
    /// Speed keys: what may be pressed behind [`Codes::three_way`] instead of a number of the directory, and that number.
    pub speed: BTreeMap<String, String>,
}

impl Default for Codes {
    fn default() -> Self {
        let code = |text: &str| text.to_owned();
        Self {
            three_way: code("*1"),
            leave: code("*2"),
            cancel: code("*3"),
            swap: code("*4"),
            back: code("*0"),
            survey: code("*8"),
            sign_in: code("*71"),
            sign_out: code("*70"),
            ready: code("*72"),
            rest: code("*73"),
            wrap_up: code("*74"),
            speed: BTreeMap::new(),
        }
    }
}

/// Most keys of one code: the code, a number, `#`. What is longer names nobody.
pub(super) const MAX_KEYS: usize = 32;

/// What an agent has pressed of a code.
#[derive(Debug, Default)]
pub(super) struct Pressed {
    pub text: String,
    /// Of the timer that runs since the last key.
    pub serial: u32,
}

/// What keys so far mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nothing: they go on to the other side.
    Digits,
    /// The beginning of a code.
    More,
    Order(Order),
    /// About the agent's seat.
    Seat(SeatOrder),
    /// A break; the reason may follow.
    Break,
    /// A number of the directory, which may go on.
    Number,
}

impl Codes {
    /// Two codes of which one is how the other begins.
    #[must_use]
    pub fn ambiguous(&self) -> Option<(&str, &str)> {
        let all = self.all();
        let pairs = all.into_iter().enumerate().flat_map(|(i, one)| {
            all.into_iter()
                .enumerate()
                .filter(move |(j, other)| i != *j && other.starts_with(one))
                .map(move |(_, o)| (one, o))
        });
        pairs.into_iter().next()
    }

    fn all(&self) -> [&str; 11] {
        let Self { three_way, leave, cancel, swap, back, survey, sign_in, sign_out, ready, rest, wrap_up, speed: _ } =
            self;
        [three_way, leave, cancel, swap, back, survey, sign_in, sign_out, ready, rest, wrap_up].map(String::as_str)
    }

    /// What a seat's phone orders about its seat by dialling this.
    #[must_use]
    pub fn dialled(&self, number: &str) -> Option<SeatCode> {
        let number = number.trim_end_matches('#');
        let simple = [
            (&self.sign_out, SeatCode::Order(SeatOrder::SignOut)),
            (&self.ready, SeatCode::Order(SeatOrder::Ready)),
            (&self.wrap_up, SeatCode::Order(SeatOrder::WrapUp)),
            (&self.rest, SeatCode::Order(SeatOrder::Break(None))),
        ];
        if let Some((_, meant)) = simple.into_iter().find(|(code, _)| **code == number) {
            return Some(meant);
        }
        if let Some(rest) = number.strip_prefix(&self.sign_in) {
            let mut parts = rest.trim_start_matches('*').split(['*', '#']);
            let (agent, pin) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let digits = |text: &str| text.len() <= MAX_KEYS && text.bytes().all(|b| b.is_ascii_digit());
            let good = digits(agent) && digits(pin) && parts.next().is_none();
            let pin = (!pin.is_empty()).then(|| Pin::new(pin));
            return good.then(|| SeatCode::SignIn { agent: agent.to_owned(), pin });
        }
        let reason = number.strip_prefix(&self.rest)?;
        Some(SeatCode::Order(SeatOrder::Break(Some(key(reason)?))))
    }

    /// The number that was meant, behind the code.
    pub(super) fn number<'a>(&'a self, keys: &'a str) -> &'a str {
        let pressed = keys.get(self.three_way.len()..).unwrap_or_default().trim_end_matches('#');
        self.speed.get(pressed).map_or(pressed, String::as_str)
    }

    pub(super) fn meaning(&self, keys: &str) -> Meaning {
        let simple = [
            (&self.leave, Order::Leave),
            (&self.cancel, Order::Cancel),
            (&self.swap, Order::Swap),
            (&self.back, Order::Back),
            (&self.survey, Order::Survey),
        ];
        if let Some((_, order)) = simple.iter().find(|(code, _)| *code == keys) {
            return Meaning::Order(order.clone());
        }
        let seat =
            [(&self.sign_out, SeatOrder::SignOut), (&self.ready, SeatOrder::Ready), (&self.wrap_up, SeatOrder::WrapUp)];
        if let Some((_, order)) = seat.into_iter().find(|(code, _)| **code == keys) {
            return Meaning::Seat(order);
        }
        match keys.strip_prefix(&self.rest).map(|reason| (reason, key(reason))) {
            Some((_, Some(reason))) => return Meaning::Seat(SeatOrder::Break(Some(reason))),
            Some(("#", _)) => return Meaning::Seat(SeatOrder::Break(None)),
            Some(("", _)) => return Meaning::Break,
            Some(_) | None => {}
        }
        if keys.len() > self.three_way.len() && keys.starts_with(&self.three_way) {
            return Meaning::Number;
        }
        // Nobody signs in from within a talk.
        let begins = self.all().into_iter().filter(|code| *code != self.sign_in).any(|code| code.starts_with(keys));
        if begins { Meaning::More } else { Meaning::Digits }
    }
}

/// A single digit from 1.
fn key(text: &str) -> Option<u8> {
    text.parse().ok().filter(|digit| text.len() == 1 && (1..=9).contains(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_codes_say() {
        let codes = Codes::default();
        for (keys, meaning) in [
            ("*", Meaning::More),
            ("*1", Meaning::More),
            ("*11", Meaning::Number),
            ("*1119", Meaning::Number),
            ("*1119#", Meaning::Number),
            ("*2", Meaning::Order(Order::Leave)),
            ("*3", Meaning::Order(Order::Cancel)),
            ("*4", Meaning::Order(Order::Swap)),
            ("*0", Meaning::Order(Order::Back)),
            ("*7", Meaning::More),
            ("*71", Meaning::Digits),
            ("*72", Meaning::Seat(SeatOrder::Ready)),
            ("*70", Meaning::Seat(SeatOrder::SignOut)),
            ("*74", Meaning::Seat(SeatOrder::WrapUp)),
            ("*73", Meaning::Break),
            ("*732", Meaning::Seat(SeatOrder::Break(Some(2)))),
            ("*73#", Meaning::Seat(SeatOrder::Break(None))),
            ("*730", Meaning::Digits),
            ("*8", Meaning::Order(Order::Survey)),
            ("*5", Meaning::Digits),
            ("**", Meaning::Digits),
            ("1", Meaning::Digits),
            ("#", Meaning::Digits),
        ] {
            assert_eq!(codes.meaning(keys), meaning, "{keys}");
        }
    }

    #[test]
    fn a_code_that_is_dialled_says_what_it_is_about() {
        let codes = Codes::default();
        let sign_in = |agent: &str, pin: &str| {
            let pin = (!pin.is_empty()).then(|| Pin::new(pin));
            Some(SeatCode::SignIn { agent: agent.into(), pin })
        };
        let order = |order| Some(SeatCode::Order(order));
        for (number, meant) in [
            ("*71", sign_in("", "")),
            ("*71*8041", sign_in("8041", "")),
            ("*718041", sign_in("8041", "")),
            ("*71*8041*1234", sign_in("8041", "1234")),
            ("*71*8041#1234#", sign_in("8041", "1234")),
            ("*71*8041*1234*5", None),
            ("*70", order(SeatOrder::SignOut)),
            ("*72#", order(SeatOrder::Ready)),
            ("*73", order(SeatOrder::Break(None))),
            ("*732", order(SeatOrder::Break(Some(2)))),
            ("*7322", None),
            ("*74", order(SeatOrder::WrapUp)),
            ("*79", None),
            ("8001", None),
        ] {
            assert_eq!(codes.dialled(number), meant, "{number}");
        }
    }
}
