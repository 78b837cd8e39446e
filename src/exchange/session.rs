//! What SIP sessions report, told to the calls they belong to.

use super::Exchange;
use crate::call::{Input, LegEvent, cause};
use crate::clock::Now;
use crate::fact::Cause;
use crate::id::{CallRef, LegRef};
use crate::patch::Command;
use crate::sip::dialog::SessionId;
use crate::sip::endpoint::{EndedBy, Event, FailedBy};
use bytes::Bytes;

impl Exchange {
    pub(super) fn sip_event(&mut self, event: Event, now: Now) {
        match event {
            Event::Request(incoming) => self.request(*incoming, now),
            Event::Response { token, status, message } => {
                self.keepalive_answered(token, status, message.as_deref(), now);
            }
            Event::Cancelled { session, q850: _ } => {
                self.leg_event(session, LegEvent::Ended { cause: Cause::CallerGone }, now);
            }
            Event::Pracked { session, sdp } | Event::Confirmed { session, sdp } => self.path(session, sdp, now),
            Event::Progress { session, status, sdp } => {
                self.target_heard(session, status);
                self.progress(session, status, sdp, now);
            }
            Event::Answered { session, sdp } => self.answered(session, sdp, now),
            Event::Failed { session, status, q850, by, moved_to } => {
                if self.fails_over(session, status, by, now) {
                    return;
                }
                if let Some(uri) = moved_to {
                    self.moved(session, &uri, now);
                }
                let cause = match by {
                    FailedBy::Response => cause::of_failure(status, q850),
                    FailedBy::Timeout | FailedBy::Transport => Cause::Unreachable,
                };
                let status = (by == FailedBy::Response).then_some(status);
                self.leg_event(session, LegEvent::Failed { cause, status }, now);
            }
            Event::Offer { session, sdp } => self.reoffered(session, sdp, now),
            Event::OfferAnswered { session, sdp } => self.reanswered(session, &sdp, now),
            Event::OfferFailed { session, status } => {
                tracing::debug!(?session, status, "the other side refused our offer");
                self.decoding_refused(session, now);
            }
            Event::Key { session, key, duration: _ } => self.info(session, key, now),
            Event::Refer { session, refer, to } => self.referred(session, refer, &to, now),
            Event::ReferUnheard { session, refer } => tracing::debug!(?session, ?refer, "nobody hears of this REFER"),
            Event::Probed { session, alive: true } => self.phone_lives(session, now),
            // It is told as one that is there: it may hear again what it did not answer in time.
            Event::Probed { session, alive: false } => self.phone_silent(session, now),
            // The exchange sends no REFER.
            Event::ReferAnswered { .. } | Event::Notified { .. } => {}
            Event::Ended { session, by, q850 } => {
                if by != EndedBy::Bye && self.phone_gone(session, now) {
                    return;
                }
                let cause = match by {
                    EndedBy::Bye => match q850.and_then(cause::from_q850) {
                        // A BYE is an ordinary end, whatever it says; only a broken far end is a loss.
                        Some(Cause::Lost) => Cause::Lost,
                        _ => Cause::Normal,
                    },
                    EndedBy::NotAcknowledged | EndedBy::Expired | EndedBy::Broken => Cause::Lost,
                };
                self.leg_event(session, LegEvent::Ended { cause }, now);
            }
        }
    }

    /// The far side is dead.
    pub(super) fn session_lost(&mut self, session: SessionId, now: Now) {
        if self.phone_gone(session, now) {
            return;
        }
        self.endpoint.hang_up(session, cause::leg_reason(Cause::Lost).as_bytes(), now);
        self.leg_event(session, LegEvent::Ended { cause: Cause::Lost }, now);
    }

    /// Ours ends what the phone's own keys would have ended: a talk, or ringing that is declined.
    pub(super) fn released(&mut self, session: SessionId, answered: bool, now: Now) {
        self.endpoint.hang_up(session, cause::leg_reason(Cause::Normal).as_bytes(), now);
        let event = match answered {
            true => LegEvent::Ended { cause: Cause::Normal },
            false => LegEvent::Failed { cause: Cause::Rejected, status: None },
        };
        self.leg_event(session, event, now);
    }

    /// A target has moved: it is followed inside the directory only (product §5.4).
    fn moved(&mut self, session: SessionId, uri: &[u8], now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        let Some(live) = self.calls.get(&call) else { return };
        let plan = std::sync::Arc::clone(&live.call.journey.snapshot.plan);
        let number = plan.normalise(uri).map(|d| d.digits.to_string());
        let found = number.ok().and_then(|n| self.reachable(&plan, &n, now.wall));
        if let (Some(found), Some(live)) = (found, self.calls.get_mut(&call)) {
            live.call.redirect(leg, &found, now);
        }
    }

    /// Tells the call; a leg that failed or ended is taken off the wire first.
    fn leg_event(&mut self, session: SessionId, event: LegEvent, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        if self.return_event(call, leg, event, now) {
            return;
        }
        if matches!(event, LegEvent::Failed { .. } | LegEvent::Ended { .. }) {
            self.forget_return(call, leg, now);
            self.close_leg(call, leg);
        }
        self.tell(call, Input::Leg(leg, event), now);
    }

    /// PRACK or ACK: the path to the caller exists.
    fn path(&mut self, session: SessionId, sdp: Option<Bytes>, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        if let Some(sdp) = sdp
            && !self.take_answer(call, leg, &sdp, now)
        {
            self.endpoint.hang_up(session, cause::reason_line(88).as_bytes(), now);
            return self.leg_event(session, LegEvent::Ended { cause: Cause::Media }, now);
        }
        self.open_path(call, leg);
        self.decode_wanted(call, now);
    }

    fn progress(&mut self, session: SessionId, status: u16, sdp: Option<Bytes>, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        let early = sdp.is_some_and(|sdp| self.take_answer(call, leg, &sdp, now));
        if early {
            self.open_path(call, leg);
        }
        let event = match (status, early) {
            (100, _) => LegEvent::Trying,
            (_, true) => LegEvent::EarlyMedia,
            (_, false) => LegEvent::Ringing,
        };
        self.leg_event(session, event, now);
    }

    fn answered(&mut self, session: SessionId, sdp: Option<Bytes>, now: Now) {
        let Some((call, rung)) = self.calls.owner(session) else { return };
        let leg = self.takes_its_place(session, call, rung);
        self.failover.forget(call, leg);
        let agreed = match sdp {
            Some(sdp) => self.take_answer(call, leg, &sdp, now),
            None => self.calls.get_mut(&call).and_then(|l| l.leg(leg)).is_some_and(|l| l.is_agreed()),
        };
        if !agreed {
            self.endpoint.hang_up(session, cause::reason_line(88).as_bytes(), now);
            let cause = Cause::Media;
            // One that came in another's place had been answered before.
            let failed = if leg == rung { LegEvent::Failed { cause, status: None } } else { LegEvent::Ended { cause } };
            return self.leg_event(session, failed, now);
        }
        self.open_path(call, leg);
        self.dialog_stands(call, leg, now);
        self.decode_wanted(call, now);
        if !self.is_back(call, leg, now) {
            self.leg_event(session, LegEvent::Answered, now);
        }
    }

    /// Takes an answer into the leg and tells the media engine. False when it cannot be used.
    fn take_answer(&mut self, call: CallRef, leg: LegRef, sdp: &[u8], now: Now) -> bool {
        let Some(found) = self.calls.get_mut(&call).and_then(|l| l.leg(leg)) else { return false };
        match found.take_answer(sdp) {
            Ok(held) => {
                let remote = found.remote();
                if let Some(remote) = remote {
                    self.media(remote);
                }
                self.reconcile(call, leg, now);
                if let Some(event) = held {
                    self.tell(call, Input::Leg(leg, event), now);
                }
                true
            }
            Err(why) => {
                tracing::debug!(%call, ?leg, %why, "the SDP answer cannot be used");
                false
            }
        }
    }

    fn reoffered(&mut self, session: SessionId, sdp: Option<Bytes>, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else {
            return self.endpoint.refuse_offer(session, 481, now);
        };
        let Some(found) = self.calls.get_mut(&call).and_then(|l| l.leg(leg)) else { return };
        match found.reoffered(sdp.as_deref()) {
            Ok((answer, held)) => {
                let remote = found.remote();
                self.endpoint.answer(session, answer, now);
                if let Some(remote) = remote {
                    self.media(remote);
                }
                self.reconcile(call, leg, now);
                self.decode_wanted(call, now);
                if let Some(event) = held {
                    self.tell(call, Input::Leg(leg, event), now);
                }
            }
            Err(why) => {
                let status = if why.malformed() { 400 } else { 488 };
                self.endpoint.refuse_offer(session, status, now);
            }
        }
    }

    /// The answer to an offer that our 200 to an offerless re-INVITE made.
    fn reanswered(&mut self, session: SessionId, sdp: &[u8], now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        self.take_answer(call, leg, sdp, now);
    }

    /// A digit by INFO goes on to whoever hears this leg, as telephone-event or in-band (interconnect, "Media").
    fn info(&mut self, session: SessionId, key: char, now: Now) {
        let Some((call, leg)) = self.calls.owner(session) else { return };
        if self.is_agents(call, leg) {
            return self.key(call, leg, key, now);
        }
        let Some(live) = self.calls.get(&call) else { return };
        let others = live.legs.iter().filter(|l| l.leg != leg).map(|l| l.lease);
        let digits: std::sync::Arc<str> = key.to_string().into();
        for lease in others.collect::<Vec<_>>() {
            self.media(Command::Digits { port: lease.port, epoch: lease.epoch, digits: digits.clone() });
        }
    }
}
