//! What an agent orders, and why it may not be possible now. Each order does its one thing or changes nothing.

use super::reach::Reachable;
use super::{Act, Call};
use crate::clock::Now;
use crate::fact::{Brief, Fact, Target, TransferResult, Way};
use crate::id::LegRef;
use std::sync::Arc;

/// What an agent orders, by a key, the API or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Bring somebody in.
    Reach(Arc<Reachable>, Way, Brief),
    /// 离开: the agent leaves; caller and target go on.
    Leave,
    /// 取消: the target that is being reached, or has joined, goes.
    Cancel,
    /// Talk to the target alone, to the caller alone, and so on in turn.
    Swap,
    /// 三方: whoever is apart joins the others.
    Together,
    /// Back to the caller: the target goes.
    Back,
    /// 保持: the agent hears nobody and nobody hears him, or no longer so.
    Hold(bool),
    /// 静音: nobody hears the agent, or they do again.
    Mute(bool),
    /// The recording begins, where it is made on demand.
    Record,
    /// Nothing is kept, or it is again; why.
    Pause(bool, String),
}

/// Why an order cannot be carried out now: nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// Caller and agent do not talk.
    NoTalk,
    /// Whoever orders is not the agent of this talk.
    NotTheAgent,
    /// Somebody is being brought in already, or is there.
    Busy,
    /// Nobody is there whom it could be about.
    Nobody,
    /// It is so already.
    Already,
    /// The seat's phone has a call in hand, or cannot be reached.
    SeatBusy,
    /// The call is not recorded.
    NotRecorded,
}

impl Call {
    /// An agent's order. `from` is the leg of whoever gives it, `by` who gave it for him; empty: he himself.
    ///
    /// # Errors
    /// [`Conflict`]; then nothing has changed.
    pub fn order(&mut self, from: LegRef, order: Order, by: &str, now: Now) -> Result<(), Conflict> {
        let Some(talking) = self.talk() else { return Err(Conflict::NoTalk) };
        if talking.with != Some(from) {
            return Err(Conflict::NotTheAgent);
        }
        let third = talking.third.as_deref();
        let (there, reaching) = (third.is_some(), third.is_some_and(|t| t.is_reaching()));
        match order {
            Order::Reach(..) if there => return Err(Conflict::Busy),
            Order::Reach(to, way, brief) => self.begin_reaching(from, to, way, brief, by, now),
            Order::Hold(held) => return self.park(from, held),
            Order::Mute(muted) => return self.mute(from, muted, by),
            Order::Record => return self.record(),
            Order::Pause(paused, why) => return self.pause(paused, by, &why),
            Order::Leave | Order::Cancel | Order::Swap | Order::Together | Order::Back if !there => {
                return Err(Conflict::Nobody);
            }
            Order::Leave | Order::Swap if reaching => return Err(Conflict::Busy),
            Order::Leave => self.agent_leaves(now),
            Order::Swap => self.swap(),
            Order::Together => return self.together(),
            Order::Cancel | Order::Back => {
                self.drop_third(if reaching { TransferResult::Cancelled } else { TransferResult::Joined });
            }
        }
        Ok(())
    }

    /// The switch holds the talk for the agent: his phone is told nothing, and hears silence.
    fn park(&mut self, leg: LegRef, parked: bool) -> Result<(), Conflict> {
        let Some(member) = self.member(leg) else { return Err(Conflict::Nobody) };
        if member.parked == parked {
            return Err(Conflict::Already);
        }
        member.parked = parked;
        let seat = match &member.target {
            Some(Target::Seat(seat)) => Some(seat.clone()),
            _ => None,
        };
        self.fact(Fact::Held { leg, held: parked });
        if let Some(seat) = seat {
            self.act(Act::SeatHeld(seat, parked));
        }
        self.patch_talk();
        Ok(())
    }

    fn mute(&mut self, leg: LegRef, muted: bool, by: &str) -> Result<(), Conflict> {
        let Some(member) = self.member(leg) else { return Err(Conflict::Nobody) };
        if member.muted == muted {
            return Err(Conflict::Already);
        }
        member.muted = muted;
        self.fact(Fact::Muted { leg, muted, ordered_by: by.to_owned() });
        self.patch_talk();
        Ok(())
    }
}
