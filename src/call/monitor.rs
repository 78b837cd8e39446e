//! 班长: a supervisor in a talk. He listens, is heard by the agent alone, by everyone, or takes the agent's place. Nobody hears
//! him before that is chosen; who asked for it, and why, is written down.

use super::{About, Act, Call, Conflict, Input, LegEvent, OfferResult};
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Supervision, Target};
use crate::id::{LegRef, OfferId, SeatId};
use crate::patch::Topology;
use crate::patch::topology::{Hears, Speaker};
use smallvec::SmallVec;

/// His phone rings so long.
const RINGS: u64 = 20 * SECOND;

/// A supervisor, from the order on.
#[derive(Debug)]
pub(super) struct Monitor {
    seat: SeatId,
    mode: Supervision,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The floor is asked for his seat.
    Asking,
    Ringing {
        leg: LegRef,
        offer: OfferId,
        until: u64,
    },
    There {
        leg: LegRef,
    },
}

impl Monitor {
    pub(super) fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Ringing { until, .. } => Some(until),
            State::Asking | State::There { .. } => None,
        }
    }

    pub(super) fn there(&self) -> Option<LegRef> {
        match self.state {
            State::There { leg } => Some(leg),
            State::Asking | State::Ringing { .. } => None,
        }
    }

    pub(super) fn leg(&self) -> Option<LegRef> {
        match self.state {
            State::Ringing { leg, .. } | State::There { leg } => Some(leg),
            State::Asking => None,
        }
    }

    pub(super) fn there_with_seat(&self) -> Option<(LegRef, &SeatId)> {
        self.there().map(|leg| (leg, &self.seat))
    }
}

impl Call {
    fn monitor(&mut self) -> Option<&mut Monitor> {
        self.talk()?.monitor.as_deref_mut()
    }

    /// A supervisor asks to be in the talk so, or changes how he is there.
    ///
    /// # Errors
    /// [`Conflict`]: nobody talks, another supervisor is there, or it is so already. That his phone is busy shows at once:
    /// then [`Call::supervisor`] is none.
    pub fn supervise(&mut self, seat: &SeatId, mode: Supervision, who: &str, why: &str) -> Result<(), Conflict> {
        let Some(talking) = self.talk() else { return Err(Conflict::NoTalk) };
        if talking.with.is_none() {
            return Err(Conflict::NoTalk);
        }
        if talking.seats().any(|(leg, s)| s == seat && talking.chief() != Some(leg)) {
            return Err(Conflict::SeatBusy);
        }
        let asked = Fact::Supervised { seat: seat.clone(), mode, who: who.to_owned(), why: why.to_owned() };
        match talking.monitor.as_deref_mut() {
            Some(other) if other.seat != *seat => return Err(Conflict::Busy),
            Some(same) if same.mode == mode => return Err(Conflict::Already),
            Some(same) => {
                same.mode = mode;
                self.fact(asked);
                self.supervised();
            }
            None => {
                let monitor = Monitor { seat: seat.clone(), mode, state: State::Asking };
                talking.monitor = Some(Box::new(monitor));
                self.fact(asked);
                self.act(Act::Reserve(seat.clone()));
            }
        }
        Ok(())
    }

    /// The supervisor's seat, from the moment he asked.
    #[must_use]
    pub fn supervisor(&self) -> Option<&SeatId> {
        match &self.stage {
            super::Stage::Talking(talking) => talking.monitor.as_ref().map(|m| &m.seat),
            _ => None,
        }
    }

    /// He goes.
    ///
    /// # Errors
    /// [`Conflict::Nobody`].
    pub fn dismiss(&mut self) -> Result<(), Conflict> {
        if self.monitor().is_none() {
            return Err(Conflict::Nobody);
        }
        self.drop_monitor(Cause::Normal);
        self.patch_talk();
        Ok(())
    }

    /// What the floor says, if it is about him. `true`: it was.
    pub(super) fn monitor_told(&mut self, input: &Input, now: Now) -> bool {
        let Some(monitor) = self.monitor() else { return false };
        match (input, &monitor.state) {
            (Input::Reserved(seat, told), State::Asking) if *seat == monitor.seat => {
                let (seat, mode, told) = (seat.clone(), monitor.mode, *told);
                match told {
                    Ok(offer) => {
                        let leg = self.dial(Target::Seat(seat), About::Supervision(mode));
                        let until = now.mono + RINGS;
                        if let Some(monitor) = self.monitor() {
                            monitor.state = State::Ringing { leg, offer, until };
                        }
                    }
                    Err(_) => self.forget_monitor(),
                }
            }
            (Input::Withdrawn { offer, cause }, State::Ringing { offer: held, leg, .. }) if offer == held => {
                let (leg, cause) = (*leg, *cause);
                self.fact(Fact::LegFailed { leg, cause, status: None });
                self.drop_leg(leg, cause);
                self.forget_monitor();
            }
            _ => return false,
        }
        true
    }

    /// What his leg reports. `true`: it was his.
    pub(super) fn monitor_event(&mut self, leg: LegRef, event: LegEvent) -> bool {
        let Some(monitor) = self.monitor().filter(|m| m.leg() == Some(leg)) else { return false };
        let offer = match monitor.state {
            State::Ringing { offer, .. } => Some(offer),
            State::Asking | State::There { .. } => None,
        };
        match (event, offer) {
            (LegEvent::Ringing | LegEvent::EarlyMedia, Some(offer)) => {
                self.fact(Fact::LegRinging { leg });
                self.act(Act::Offer(offer, OfferResult::Ringing));
            }
            (LegEvent::Answered, Some(offer)) => {
                monitor.state = State::There { leg };
                if let Some(member) = self.member(leg) {
                    member.answered = true;
                }
                self.fact(Fact::LegAnswered { leg });
                self.act(Act::Offer(offer, OfferResult::Accepted));
                self.supervised();
            }
            (LegEvent::Failed { cause, status }, Some(offer)) => {
                self.fact(Fact::LegFailed { leg, cause, status });
                self.remove(leg);
                self.act(Act::Offer(offer, OfferResult::Declined(cause)));
                self.forget_monitor();
            }
            (LegEvent::Ended { cause } | LegEvent::Failed { cause, .. }, None) => {
                let seat = monitor.seat.clone();
                self.fact(Fact::PartyLeft { leg, cause });
                self.remove(leg);
                self.act(Act::SeatFree(seat));
                self.forget_monitor();
                self.patch_talk();
            }
            _ => {}
        }
        true
    }

    /// He is there, or has chosen anew.
    fn supervised(&mut self) {
        let Some(monitor) = self.monitor() else { return };
        match (monitor.there(), monitor.mode) {
            (Some(leg), Supervision::TakeOver) => self.take_over(leg),
            (Some(_), Supervision::Listen | Supervision::Whisper | Supervision::Barge) => self.patch_talk(),
            (None, _) => {}
        }
    }

    /// 接管: he is the agent now; the agent goes.
    fn take_over(&mut self, leg: LegRef) {
        let Some(talking) = self.talk() else { return };
        let Some(monitor) = talking.monitor.take() else { return };
        talking.told = None;
        let (agent, seat) = (talking.with.replace(leg), talking.seat.replace(monitor.seat));
        self.dismiss_rejoin(Cause::Elsewhere);
        if let Some(agent) = agent {
            self.lets_go(agent, seat, Cause::Elsewhere, Cause::Normal);
        }
        self.fact(Fact::Connected { leg });
        self.patch_talk();
    }

    pub(super) fn monitor_due(&mut self, now: Now) {
        if self.monitor().and_then(|m| m.deadline()).is_some_and(|at| at <= now.mono) {
            self.drop_monitor(Cause::NoAnswer);
        }
    }

    /// He is let go, whatever he is doing.
    pub(super) fn drop_monitor(&mut self, cause: Cause) {
        let Some(monitor) = self.talk().and_then(|t| t.monitor.take()) else { return };
        match monitor.state {
            State::Asking => {}
            State::Ringing { leg, offer, .. } => {
                self.fact(Fact::LegFailed { leg, cause, status: None });
                self.drop_leg(leg, cause);
                self.act(Act::Offer(offer, OfferResult::Declined(cause)));
            }
            State::There { leg } => self.lets_go(leg, Some(monitor.seat), cause, cause),
        }
    }

    fn forget_monitor(&mut self) {
        if let Some(talking) = self.talk() {
            talking.monitor = None;
        }
    }

    /// What he hears, and who hears him. `heard`: whom everyone may hear, `hearing`: who hears a talk at all.
    pub(super) fn patch_monitor(
        &self,
        monitor: &Monitor,
        agent: Option<LegRef>,
        heard: &[LegRef],
        hearing: &[LegRef],
        topology: &mut Topology,
    ) {
        let Some(me) = monitor.there() else { return };
        if self.members.iter().any(|m| m.leg == me && m.held) {
            return topology.set(me, Hears::Source(crate::patch::Source::Nothing));
        }
        let speakers: SmallVec<[Speaker; 4]> = heard.iter().map(|leg| Speaker::new(*leg)).collect();
        topology.set(me, Hears::Mix { speakers, beside: None });
        let to: &[LegRef] = match (monitor.mode, &agent) {
            (Supervision::Listen, _) | (Supervision::Whisper, None) => &[],
            (Supervision::Whisper, Some(agent)) => std::slice::from_ref(agent),
            (Supervision::Barge | Supervision::TakeOver, _) => hearing,
        };
        for leg in to.iter().filter(|leg| hearing.contains(leg)) {
            topology.add(*leg, Speaker::new(me));
        }
    }
}
