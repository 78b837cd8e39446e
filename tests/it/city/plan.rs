//! What happens in a city, as a list that is drawn from a seed once and then played: a part of it can be played alone.

use std::fmt;
use switchboard::clock::SECOND;

/// A number that follows from others and from nothing else, so that what is left out of a plan changes nothing of the rest.
pub fn mix(seed: u64, salt: u64) -> u64 {
    let mut z = seed.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Numbers in a row that follow from a seed.
#[derive(Debug, Clone)]
pub struct Dice(u64, u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed, 0)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.1 += 1;
        mix(self.0, self.1) % n.max(1)
    }

    /// µs between two moments in ms.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        (from + self.below(to - from)) * 1_000
    }

    /// µs that are short mostly and long sometimes, about `mean` seconds.
    pub fn about(&mut self, mean: f64) -> u64 {
        let uniform = (self.below(1_000_000) + 1) as f64 / 1_000_001.0;
        ((-uniform.ln()).min(6.0) * mean * 1e6) as u64 + SECOND / 2
    }
}

/// How the exchange at the far end of a trunk takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Answers,
    /// Refuses with this status.
    Refuses(u16),
    /// Rings and rings.
    Rings,
}

/// A fault of what the city stands on, of which the watch must tell: never part of a plan that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A media port is not closed.
    LeaksPort,
    /// A caller hears nothing.
    Deafens,
    /// A caller hears another caller's talk.
    Crosses,
    /// The journal says that an end is written, and it is not.
    LosesRecord,
    /// The end of a call is written twice.
    DoublesRecord,
    /// The end of a call is never told.
    SwallowsEnd,
    /// Both emergency trunks are cut off.
    CutsEmergency,
    /// INVITEs to this seat are lost, of all that it is sent.
    StopsSeat(usize),
    /// At the next kill the disk does not have the last lines.
    ForgetsAtKill,
    /// Somebody does not go home.
    StaysOn,
    /// Who keeps the floor's rules has heard something wrong.
    Mishears(super::hall::Ears),
    /// At the next start nobody is signed in again.
    ForgetsPersons,
    /// At the next start nobody is called back any more.
    ForgetsCallbacks,
}

/// What goes wrong, or is done from outside. Lengths are µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 10 % loss, duplication and reordering.
    Storm(u64),
    /// A host is cut off: 127.0.0.`last`; 10 is the carrier.
    Partition(u8, u64),
    /// A seat's line is cut.
    Cut(usize, u64),
    /// A seat's phone loses its power.
    PowerLoss(usize, u64),
    /// The agent takes a break: the phone gives up its registration.
    Break(usize, u64),
    /// A seat's sound does not arrive.
    OneWay(usize, u64),
    /// A trunk's far end takes calls so.
    Bank(u8, Mood, u64),
    /// Another plan comes into force.
    Reload(usize),
    /// The exchange is killed, and started again after so long. True: between its journal and its sockets.
    Kill(u64, bool),
    /// The disk is full.
    Full(u64),
    /// The wall clock jumps by so many seconds.
    Clock(i64),
    /// An operator orders something about the call with this place among the live ones.
    Order(u64),
    Fault(Fault),
}

/// A call that somebody makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallPlan {
    pub number: &'static str,
    /// How long he waits for a person, µs.
    pub patience: u64,
    /// How long he talks, µs.
    pub talk: u64,
}

/// What is done at a seat by order or by its phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// A person signs in, perhaps one who sits elsewhere.
    Comes,
    Ready,
    /// A break, for the reason behind this key.
    Rests(u8),
    Writes,
    Goes,
}

/// What persons and operators do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// At this seat; true: by its phone's keys.
    Seat(usize, Does, bool),
    /// This place of the list of call-backs is taken by a seat.
    Takes(u64, usize),
    /// This place of the list is closed by hand.
    Closes(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Call(CallPlan),
    Act(Act),
    Trouble(Trouble),
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// µs after the beginning.
    pub at: u64,
    /// What else is decided about it follows from this.
    pub seed: u64,
    pub what: What,
}

/// How large the city is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Seats of the hub.
    pub seats: usize,
    /// Lines of each trunk's far end.
    pub lines: usize,
    /// Media ports.
    pub ports: u32,
}

/// Everything that happens, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub scale: Scale,
    /// When all go home, µs.
    pub end: u64,
    pub items: Vec<Item>,
}

/// Numbers that citizens dial on a weekday, and how often out of a hundred.
const NUMBERS: [(u64, &[&str]); 10] = [
    (48, &["12345", "059112345", "+8659112345"]),
    (14, &["12333", "12300", "12336", "12350", "12393"]),
    (5, &["12369", "12329", "12385"]),
    (9, &["12348", "12328"]),
    (2, &["12320", "12315"]),
    (10, &["12366", "12360", "12313", "12367", "12305"]),
    (4, &["12358", "12396", "12319"]),
    (4, &["119", "110", "120", "122"]),
    (3, &["13800138000", "95598", "1234"]),
    (1, &["12345", "8001"]),
];

/// How many of a thousand calls of a weekday come in each hour.
const HOURS: [u64; 24] = [6, 4, 3, 3, 3, 5, 12, 25, 65, 90, 92, 80, 50, 55, 75, 86, 82, 65, 45, 38, 34, 28, 18, 12];

/// 127.0.0.10: the carrier, by which citizens call and are called back.
pub const NETWORK: u8 = 10;

/// The trunks' far ends: sub-centres, emergency services, the power company.
pub const BANKS: [u8; 8] = [20, 21, 22, 23, 24, 30, 31, 40];

fn number(dice: &mut Dice) -> &'static str {
    let mut left = dice.below(NUMBERS.iter().map(|(share, _)| share).sum());
    for (share, numbers) in NUMBERS {
        if left < share {
            return numbers[dice.below(numbers.len() as u64) as usize];
        }
        left -= share;
    }
    "12345"
}

fn call(at: u64, seed: u64, talk: f64) -> Item {
    let dice = &mut Dice::new(seed);
    let hurried = dice.below(12) == 0;
    let patience = if hurried { dice.between(50, 9_000) } else { dice.between(20_000, 200_000) };
    let call = CallPlan { number: number(dice), patience, talk: dice.about(talk) };
    Item { at, seed, what: What::Call(call) }
}

fn trouble(at: u64, seed: u64, scale: Scale) -> Item {
    let dice = &mut Dice::new(seed);
    let seat = dice.below(scale.seats as u64) as usize;
    let bank = BANKS[dice.below(BANKS.len() as u64) as usize];
    let length = dice.between(3_000, 60_000);
    let trouble = match dice.below(26) {
        0 | 1 => Trouble::Storm(length),
        2 => Trouble::Partition(10, length),
        3 | 4 => Trouble::Partition(bank, length),
        5 | 6 => Trouble::Cut(seat, length),
        7 | 8 => Trouble::PowerLoss(seat, length),
        9..=11 => Trouble::Break(seat, length),
        12 => Trouble::OneWay(seat, length),
        13..=15 => {
            let moods = [486, 503, 603, 480, 404].map(Mood::Refuses);
            let mood = if dice.below(4) == 0 { Mood::Rings } else { moods[dice.below(5) as usize] };
            Trouble::Bank(bank, mood, length)
        }
        16..=18 => Trouble::Reload(dice.below(3) as usize),
        19 => Trouble::Kill(dice.between(100, 8_000), dice.below(2) == 0),
        20 | 21 => Trouble::Full(length),
        22 => Trouble::Clock(dice.below(7_200) as i64 - 3_600),
        _ => Trouble::Order(dice.below(1_000)),
    };
    Item { at, seed, what: What::Trouble(trouble) }
}

fn act(at: u64, seed: u64, scale: Scale) -> Item {
    let dice = &mut Dice::new(seed);
    let seat = dice.below(scale.seats as u64) as usize;
    // Most are about the seats that wait for persons.
    let seat = if dice.below(3) > 0 { seat / 3 * 3 + 2 } else { seat };
    let by_code = dice.below(2) == 0;
    let act = match dice.below(24) {
        0..=9 => Act::Seat(seat, Does::Comes, by_code),
        10..=13 => Act::Seat(seat, Does::Ready, by_code),
        14..=16 => Act::Seat(seat, Does::Rests(dice.below(4) as u8), by_code),
        17 | 18 => Act::Seat(seat, Does::Writes, by_code),
        19 => Act::Seat(seat, Does::Goes, by_code),
        20..=22 => Act::Takes(dice.below(1_000), seat),
        _ => Act::Closes(dice.below(1_000)),
    };
    Item { at, seed, what: What::Act(act) }
}

/// Persons come to the seats that wait for them, within the first `seconds`.
fn shift(seed: u64, scale: Scale, seconds: u64) -> impl Iterator<Item = Item> {
    let manual = (0..scale.seats).filter(|n| super::shift::is_manual(*n));
    manual.flat_map(move |n| {
        let seed = mix(seed, 2_000_000 + n as u64);
        let dice = &mut Dice::new(seed);
        let at = 5 * SECOND + dice.between(0, seconds * 1_000);
        let by_code = dice.below(2) == 0;
        let what = |does| What::Act(Act::Seat(n, does, by_code));
        let ready = at + dice.between(9_000, 20_000);
        [Item { at, seed, what: what(Does::Comes) }, Item { at: ready, seed, what: what(Does::Ready) }]
    })
}

impl Plan {
    /// With every other seed there are too few seats: callers wait, and ask to be called back.
    pub fn rushed(mut self) -> Self {
        if self.seed % 2 == 1 {
            self.scale.seats = self.scale.seats / 3 + 4;
        }
        self
    }

    /// With persons who come to their seats, and so many things that persons and operators do.
    pub fn staffed(mut self, acts: u64) -> Self {
        let (seed, scale) = (self.seed, self.scale);
        let seconds = self.end / SECOND - 60;
        let dice = &mut Dice::new(mix(seed, 3));
        self.items.extend(shift(seed, scale, seconds / 4));
        self.items.extend((0..acts).map(|n| {
            let at = 5 * SECOND + dice.between(0, seconds * 1_000);
            act(at, mix(seed, 3_000_000 + n), scale)
        }));
        self.items.sort_by_key(|i| (i.at, i.seed));
        self
    }

    /// `calls` within `seconds`, with so many troubles among them.
    pub fn draw(seed: u64, calls: u64, troubles: u64, seconds: u64) -> Self {
        let scale = Scale { seats: 12 + (mix(seed, 5) % 40) as usize, lines: 24, ports: 600 };
        let dice = &mut Dice::new(mix(seed, 1));
        // The phones have registered by then.
        let moment = |dice: &mut Dice| 5 * SECOND + dice.between(0, seconds * 1_000);
        let mut items: Vec<Item> = (0..calls).map(|n| call(moment(dice), mix(seed, 1_000 + n), 35.0)).collect();
        items.extend((0..troubles).map(|n| trouble(moment(dice), mix(seed, 1_000_000 + n), scale)));
        items.sort_by_key(|i| (i.at, i.seed));
        Self { seed, scale, end: (seconds + 60) * SECOND, items }
    }

    /// A weekday of a city of eight million: so many calls by the hours of the day, and a trouble every ten minutes.
    pub fn day(seed: u64, calls: u64) -> Self {
        let scale = Scale { seats: 260, lines: 60, ports: 3_000 };
        let dice = &mut Dice::new(mix(seed, 1));
        let whole: u64 = HOURS.iter().sum();
        let moment = |dice: &mut Dice| {
            let mut left = dice.below(whole);
            let hour = HOURS.iter().position(|share| {
                let here = left < *share;
                left = left.saturating_sub(*share);
                here
            });
            (hour.unwrap_or(12) as u64 * 3_600 + 5) * SECOND + dice.between(0, 3_590_000)
        };
        let mut items: Vec<Item> = (0..calls).map(|n| call(moment(dice), mix(seed, 1_000 + n), 75.0)).collect();
        items.extend((0..144).map(|n| trouble((n * 600 + 300) * SECOND, mix(seed, 1_000_000 + n), scale)));
        items.sort_by_key(|i| (i.at, i.seed));
        Self { seed, scale, end: 24 * 3_600 * SECOND, items }
    }

    /// With one thing more.
    pub fn with(mut self, at: u64, trouble: Trouble) -> Self {
        self.items.push(Item { at, seed: mix(self.seed, 9), what: What::Trouble(trouble) });
        self.items.sort_by_key(|i| (i.at, i.seed));
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, scale, end, items } = self;
        writeln!(f, "seed {seed}, {} seats, all go home at {:.3} s:", scale.seats, *end as f64 / 1e6)?;
        for Item { at, what, seed } in items {
            write!(f, "{:>12.6} s  ", *at as f64 / 1e6)?;
            match what {
                What::Call(c) => {
                    let (patience, talk) = (c.patience as f64 / 1e6, c.talk as f64 / 1e6);
                    writeln!(f, "call to {}, waits {patience:.3} s, talks {talk:.3} s ({seed:016x})", c.number)?;
                }
                What::Act(act) => writeln!(f, "{act:?} ({seed:016x})")?,
                What::Trouble(trouble) => writeln!(f, "{trouble:?} ({seed:016x})")?,
            }
        }
        Ok(())
    }
}
