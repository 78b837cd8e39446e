//! The coordinates of a cell: whom the agent brings in, how, at which moment what happens to whom.

use std::fmt;
use switchboard::fact::Cause;

/// Whom the agent brings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sub-centre 12366, one trunk.
    Branch,
    /// 119: the first emergency trunk is the one it happens on, the second answers.
    Fire,
    /// 119 again: the first trunk refuses at once, it happens on the second.
    FireSecond,
    /// 12348, a kept group with one phone.
    Kept,
    /// Seat 8002 by its own number.
    Seat,
    /// 95598, a utility.
    Power,
    /// 12345: the hub's own group.
    Hub,
}

/// How he does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `*1` and the number.
    Key,
    /// His phone's own transfer key: on answer, to emergency a three-way.
    Refer,
    /// 咨询 by command: the caller hears music meanwhile, to emergency a three-way.
    Consult,
}

/// The moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Asked for; no word of the target yet.
    Asked,
    /// It rings.
    Ringing,
    /// It sends a sound of its own.
    Early,
    /// Its 200 is on its way, and what happens is there first.
    Before,
    /// What happens is on its way, and its 200 is there first.
    Behind,
    /// Joined.
    Joined,
    /// The agent has left.
    Left,
    /// From the order to the end.
    Whole,
}

/// To whom it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Caller,
    Agent,
    Target,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Hangs up.
    Bye,
    /// Hangs up; and then the target refuses.
    ByeRefused,
    /// Hangs up; then whoever of caller and agent is left hangs up as well.
    ByeBye,
    /// Hangs up; our BYE to the agent is overtaken by the last NOTIFY of his REFER.
    Overtaken,
    /// Hangs up while another seat is free.
    ByeHelped,
    /// Orders the next one while this one is under way.
    Again,
    /// Refuses; a colleague of its group is free.
    OneOfTwo,
    /// Hangs up in the same instant as the next of caller, agent, target.
    ByeTogether,
    /// Hangs up, and the agent takes it back.
    ByeCancel,
    /// Transfers the caller on to 12360, as far as it may.
    Onward,
    /// Sends no sound any more, and is there all the same: a mute key, comfort noise.
    Hush,
    /// The network once says that nobody listens at his address, and is wrong.
    Glitch,
    /// His line is cut without a word; the target answers 2 s later where it has not.
    Dies,
    /// The same, but the target answers only after 15 s.
    DiesLong,
    /// The connection of his phone is lost.
    FlowLost,
    /// `*3`.
    Cancel,
    /// `*2`.
    Leave,
    /// `*0`.
    Back,
    /// `*4` twice.
    Swap,
    /// Holds us, and takes us back later.
    Hold,
    /// Holds us at the instant in which we refresh the session by re-INVITE: 491 to both.
    Glare,
    /// Refuses with this status.
    Refuses(u16),
    /// Says nothing at all to the INVITE.
    Mute,
    /// Nobody is at its port.
    Unreachable,
    /// Rings for ever.
    NoAnswer,
    /// Answers in the instant in which it is given up.
    Late,
    /// Each message comes three times.
    Storm,
    /// Each message is a second late.
    Slow,
    /// The first copy of each message is lost.
    FirstLost,
    /// The first ACK to it is lost.
    AckLost,
    /// No ACK ever reaches it.
    NoAck,
}

/// Final answers of a target and why, in the words of the operating floor (`call/cause.rs` must say the same).
pub const REFUSALS: [(u16, Cause); 18] = [
    (302, Cause::Rejected),
    (403, Cause::Forbidden),
    (404, Cause::Unallocated),
    (408, Cause::Timeout),
    (410, Cause::NumberChanged),
    (480, Cause::NoAnswer),
    (481, Cause::Internal),
    (484, Cause::InvalidNumber),
    (486, Cause::Busy),
    (487, Cause::CallerGone),
    (488, Cause::Media),
    (491, Cause::Internal),
    (500, Cause::Internal),
    (502, Cause::Congestion),
    (503, Cause::Congestion),
    (600, Cause::Busy),
    (603, Cause::Rejected),
    (604, Cause::Unallocated),
];

pub const KINDS: [Kind; 7] =
    [Kind::Branch, Kind::Fire, Kind::FireSecond, Kind::Kept, Kind::Seat, Kind::Power, Kind::Hub];
const WAYS: [Way; 3] = [Way::Key, Way::Refer, Way::Consult];
const STEPS: [Step; 8] =
    [Step::Asked, Step::Ringing, Step::Early, Step::Before, Step::Behind, Step::Joined, Step::Left, Step::Whole];

/// One cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub kind: Kind,
    pub way: Way,
    pub step: Step,
    pub who: Who,
    pub what: What,
}

/// How the talk stands when the exchange learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Reaching,
    Joined,
    Left,
}

impl Kind {
    pub const fn is_emergency(self) -> bool {
        matches!(self, Self::Fire | Self::FireSecond)
    }

    /// At the end of a trunk; else a phone of ours.
    pub const fn is_trunk(self) -> bool {
        matches!(self, Self::Branch | Self::Fire | Self::FireSecond | Self::Power)
    }

    /// Whether it may transfer a caller on: our seats, and the sub-centres' trunks.
    pub const fn may_transfer(self) -> bool {
        matches!(self, Self::Branch | Self::Kept | Self::Seat | Self::Hub)
    }

    pub const fn number(self) -> &'static str {
        match self {
            Self::Branch => "12366",
            Self::Fire | Self::FireSecond => "119",
            Self::Kept => "12348",
            Self::Seat => "8002",
            Self::Power => "95598",
            Self::Hub => "12345",
        }
    }
}

impl Cell {
    /// The agent leaves by himself when the target answers.
    pub fn leaves_on_answer(&self) -> bool {
        self.way == Way::Refer && !self.kind.is_emergency()
    }

    /// The caller hears music while agent and target talk.
    pub fn consults(&self) -> bool {
        self.way == Way::Consult && !self.kind.is_emergency()
    }

    pub fn standing(&self) -> Standing {
        match self.step {
            Step::Asked | Step::Ringing | Step::Early | Step::Before | Step::Whole => Standing::Reaching,
            Step::Behind | Step::Joined if self.leaves_on_answer() => Standing::Left,
            Step::Behind | Step::Joined => Standing::Joined,
            Step::Left => Standing::Left,
        }
    }

    /// Whether the target has answered when it happens, whatever the exchange knows.
    fn is_answered(&self) -> bool {
        matches!(self.step, Step::Before | Step::Behind | Step::Joined | Step::Left)
    }

    /// Whether there is such a cell.
    fn exists(&self) -> bool {
        use {Step as S, What as T, Who as W};
        let crossing = matches!(self.step, S::Before | S::Behind);
        if self.step == S::Early && !self.kind.is_trunk() {
            return false;
        }
        if self.step == S::Joined && self.leaves_on_answer() {
            return false;
        }
        // The agent has left; only his BYE may still be on its way.
        let no_agent = self.standing() == Standing::Left && !(crossing && self.what == T::Bye);
        if self.who == W::Agent && no_agent {
            return false;
        }
        let whole = matches!(self.what, T::Storm | T::Slow | T::FirstLost | T::AckLost | T::NoAck);
        if whole != (self.step == S::Whole) {
            return false;
        }
        match self.what {
            T::Bye | T::Dies => self.who != W::Target || (self.is_answered() && self.step != S::Before),
            T::Hold => self.who != W::Target || matches!(self.step, S::Joined | S::Left),
            // The caller's own phone refreshes his session: we never ask him.
            T::Glare => self.who != W::Caller && matches!(self.step, S::Joined | S::Left),
            T::DiesLong => self.who != W::Target && !self.is_answered() && self.kind.is_trunk(),
            T::ByeRefused => {
                let goes_on = self.kind.is_emergency() || (self.leaves_on_answer() && self.who == W::Agent);
                self.who != W::Target && !self.is_answered() && goes_on && self.kind != Kind::Fire
            }
            T::ByeBye => {
                let goes_on = self.kind.is_emergency() || (self.leaves_on_answer() && self.who == W::Agent);
                self.who != W::Target && goes_on && self.step != S::Before && self.standing() != Standing::Left
            }
            T::FlowLost => match self.who {
                W::Caller => false,
                W::Agent => true,
                W::Target => !self.kind.is_trunk() && !matches!(self.step, S::Before),
            },
            T::ByeHelped => {
                let reaching = matches!(self.step, S::Asked | S::Ringing | S::Early);
                self.who == W::Agent && self.kind.is_emergency() && reaching
            }
            T::ByeCancel => self.who == W::Caller && self.kind.is_emergency() && !crossing && self.step != S::Left,
            T::Onward => self.who == W::Target && self.step == S::Left,
            T::ByeTogether => self.step == S::Joined,
            T::Hush | T::Glitch => self.who != W::Target || matches!(self.step, S::Joined | S::Left),
            T::Overtaken => self.who == W::Caller && self.way == Way::Refer && self.standing() == Standing::Reaching,
            T::Again => self.who == W::Agent && !crossing,
            T::OneOfTwo => {
                self.who == W::Target && self.step == S::Ringing && matches!(self.kind, Kind::Kept | Kind::Hub)
            }
            T::Cancel => self.who == W::Agent,
            T::Leave => self.who == W::Agent && self.standing() == Standing::Reaching,
            T::Back | T::Swap => self.who == W::Agent && self.step == S::Joined,
            T::Refuses(_) => self.who == W::Target && !self.is_answered(),
            T::Mute | T::Unreachable => self.who == W::Target && self.step == S::Asked,
            T::NoAnswer | T::Late => self.who == W::Target && matches!(self.step, S::Ringing | S::Early),
            T::Storm | T::Slow | T::FirstLost => true,
            T::AckLost | T::NoAck => self.who == W::Target,
        }
    }

    /// Every cell of a kind.
    pub fn all(kind: Kind) -> Vec<Self> {
        let simple = [
            What::Bye,
            What::ByeRefused,
            What::ByeBye,
            What::Overtaken,
            What::ByeTogether,
            What::ByeCancel,
            What::Onward,
            What::Hush,
            What::Glitch,
            What::ByeHelped,
            What::Again,
            What::OneOfTwo,
            What::Dies,
            What::DiesLong,
            What::FlowLost,
            What::Cancel,
            What::Leave,
            What::Back,
            What::Swap,
            What::Hold,
            What::Glare,
            What::Mute,
            What::Unreachable,
            What::NoAnswer,
            What::Late,
            What::Storm,
            What::Slow,
            What::FirstLost,
            What::AckLost,
            What::NoAck,
        ];
        let events: Vec<What> = simple.into_iter().chain(REFUSALS.map(|(status, _)| What::Refuses(status))).collect();
        let mut cells = Vec::new();
        for way in WAYS {
            for step in STEPS {
                for who in [Who::Caller, Who::Agent, Who::Target] {
                    let cell = |what: &What| Self { kind, way, step, who, what: *what };
                    cells.extend(events.iter().map(cell).filter(Self::exists));
                }
            }
        }
        cells
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Branch => "12366",
            Kind::Fire => "119",
            Kind::FireSecond => "119b",
            Kind::Kept => "12348",
            Kind::Seat => "8002",
            Kind::Power => "95598",
            Kind::Hub => "12345",
        };
        let word = |debug: String| debug.to_lowercase();
        write!(f, "{kind}/{}/{}/", word(format!("{:?}", self.way)), word(format!("{:?}", self.step)))?;
        write!(f, "{}/", word(format!("{:?}", self.who)))?;
        match self.what {
            What::Refuses(status) => write!(f, "{status}"),
            what => f.write_str(&word(format!("{what:?}"))),
        }
    }
}
