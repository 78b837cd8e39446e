//! Feature codes: what an agent's keys mean on a plain phone.

use crate::call::Order;
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
    /// A number of the directory, which may go on.
    Number,
}

impl Codes {
    /// Two codes of which one is how the other begins.
    #[must_use]
    pub fn ambiguous(&self) -> Option<(&str, &str)> {
        let all = [&self.three_way, &self.leave, &self.cancel, &self.swap, &self.back].map(String::as_str);
        let pairs = all.into_iter().enumerate().flat_map(|(i, one)| {
            all.into_iter()
                .enumerate()
                .filter(move |(j, other)| i != *j && other.starts_with(one))
                .map(move |(_, o)| (one, o))
        });
        pairs.into_iter().next()
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
        ];
        if let Some((_, order)) = simple.iter().find(|(code, _)| *code == keys) {
            return Meaning::Order(order.clone());
        }
        if keys.len() > self.three_way.len() && keys.starts_with(&self.three_way) {
            return Meaning::Number;
        }
        let begins = simple.iter().map(|(code, _)| *code).chain([&self.three_way]).any(|code| code.starts_with(keys));
        if begins { Meaning::More } else { Meaning::Digits }
    }
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
            ("*5", Meaning::Digits),
            ("**", Meaning::Digits),
            ("1", Meaning::Digits),
            ("#", Meaning::Digits),
        ] {
            assert_eq!(codes.meaning(keys), meaning, "{keys}");
        }
    }
}
