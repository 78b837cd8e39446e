//! Callers who are to be called back: because they asked for it while they waited, gave up, or could not be taken.
//!
//! Who asked for it keeps his place: a call without a caller stands in the line for him, and when his turn comes the seat is rung
//! first, then he. The others are a list that people work through (`callbacks take`). Each call has one entry at most; two callers who
//! show one number are two.

use super::Exchange;
use super::calls::Live;
use super::command::Answer;
use super::due::Due;
use super::rows::CallbackRow;
use crate::call::{Call, Conflict, Journey, Recall, Script};
use crate::clock::{Now, SECOND};
use crate::fact::{Cause, Fact, Missed, Origin, Owed, Recovered, Service};
use crate::id::{CallRef, GroupId, LegRef, SeatId, TrunkId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Callers in the list; of more the oldest goes.
const MOST: usize = 10_000;
/// After a try that nobody could make, µs.
const SOON: u64 = 60 * SECOND;
/// Minutes of a day.
const DAY: u16 = 1440;

/// The list.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    all: BTreeMap<CallRef, Callback>,
    /// Calls that carry one out.
    running: BTreeMap<CallRef, CallRef>,
}

/// One caller.
#[derive(Debug, Clone)]
struct Callback {
    number: String,
    trunk: TrunkId,
    dialled: String,
    group: GroupId,
    skill: Option<Arc<str>>,
    place: i64,
    since: u64,
    why: Missed,
    tries: u32,
    last: Option<Cause>,
    reached: bool,
    call: Option<CallRef>,
}

impl Callbacks {
    /// What an agent found who called: told by the call that carries it out.
    pub fn tried(&mut self, call: CallRef, reached: bool, cause: Option<Cause>) {
        let Some(callback) = self.running.get(&call).and_then(|id| self.all.get_mut(id)) else { return };
        callback.tries = callback.tries.saturating_add(1);
        (callback.reached, callback.last) = (reached, cause);
    }
}

impl Exchange {
    /// The caller has confirmed by key that he wants to be called back.
    pub(super) fn keep_place(&mut self, call: CallRef, group: &GroupId, skill: Option<Arc<str>>, now: Now) {
        self.list(call, group.clone(), skill, Missed::Asked, now);
        self.recall_at(call, 0, now);
    }

    /// A caller of a hotline has got no help: he is put on the list.
    pub(super) fn missed(&mut self, call: CallRef, why: Missed, now: Now) {
        let hotline = |live: &Live| live.call.journey.service == Service::Hotline && live.call.journey.recall.is_none();
        if !self.calls.get(&call).is_some_and(hotline) {
            return;
        }
        if let Some(group) = self.snapshot.plan.hub_group().cloned() {
            self.list(call, group, None, why, now);
        }
    }

    fn list(&mut self, call: CallRef, group: GroupId, skill: Option<Arc<str>>, why: Missed, now: Now) {
        let Some(live) = self.calls.get(&call) else { return };
        let journey = &live.call.journey;
        let Origin::Trunk(trunk) = &journey.origin else { return };
        let digits = journey.caller.number.trim_start_matches('+');
        if !(5..=15).contains(&digits.len()) || self.callbacks.all.contains_key(&call) {
            return;
        }
        let callback = Callback {
            number: journey.caller.number.clone(),
            trunk: trunk.clone(),
            dialled: journey.dialled.clone(),
            group,
            skill,
            place: journey.place,
            since: now.mono,
            why,
            tries: 0,
            last: None,
            reached: false,
            call: None,
        };
        self.fact(Some(call), Fact::CallbackAsked { callback: owed(call, &callback) }, now);
        self.callbacks.all.insert(call, callback);
        self.trim_callbacks(now);
    }

    fn trim_callbacks(&mut self, now: Now) {
        if self.callbacks.all.len() > MOST
            && let Some(oldest) = self.callbacks.all.iter().find(|(_, c)| c.call.is_none()).map(|(id, _)| *id)
        {
            self.forget_callback(oldest, Recovered::Expired, String::new(), String::new(), now);
        }
    }

    /// Wakes it after so long, and not in quiet hours.
    fn recall_at(&mut self, callback: CallRef, after: u64, now: Now) {
        let quiet = self.quiet(now.plus(after));
        self.wheel.set(now.mono + after + quiet, Due::Recall(callback));
    }

    /// How long quiet hours still last, µs; 0 outside of them.
    fn quiet(&self, now: Now) -> u64 {
        let (from, until) = self.settings.callbacks.hours;
        let minute = self.minute(now);
        if (from..until).contains(&minute) {
            return 0;
        }
        let minutes = (from + DAY - minute) % DAY;
        u64::from(minutes) * 60 * SECOND
    }

    /// How long it is until they begin, µs.
    fn until_quiet(&self, now: Now) -> u64 {
        let minute = self.minute(now);
        u64::from((self.settings.callbacks.hours.1 + DAY - minute) % DAY) * 60 * SECOND
    }

    /// The minute of the local day.
    fn minute(&self, now: Now) -> u16 {
        let local = self.snapshot.plan.zone().local(now.wall);
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
    }

    /// The time of one has come that calls by itself.
    pub(super) fn recall_due(&mut self, id: CallRef, now: Now) {
        let keep = self.settings.callbacks.keep;
        match self.callbacks.all.get(&id) {
            // The night has begun while he stood in the line.
            Some(callback) if callback.call.is_some() => {
                let call = callback.call.filter(|_| self.quiet(now) > 0);
                let waits = call.filter(|call| self.calls.get(call).is_some_and(|l| l.call.stage() == "calling_back"));
                if let Some(call) = waits {
                    self.tell(call, crate::call::Input::HangUp(Cause::Normal), now);
                }
            }
            Some(callback) if now.mono.saturating_sub(callback.since) > keep => {
                self.forget_callback(id, Recovered::Expired, String::new(), String::new(), now);
            }
            Some(_) if self.draining => {}
            Some(_) => self.call_back(id, None, now),
            None => {}
        }
    }

    /// A call begins that has no caller yet.
    fn call_back(&mut self, id: CallRef, seat: Option<SeatId>, now: Now) {
        let call = self.mint(now);
        let Some(callback) = self.callbacks.all.get_mut(&id) else { return };
        callback.call = Some(call);
        let found = callback.clone();
        self.callbacks.running.insert(call, id);
        let recall = Recall {
            group: found.group.clone(),
            skill: found.skill.clone(),
            seat: seat.clone(),
            trunk: self.way_back(&found.trunk),
            number: found.number.clone(),
        };
        let journey = Journey {
            recall: Some(Box::new(recall)),
            place: found.place,
            ..self.journey_back(&found.trunk, &found.number, &found.dialled, now)
        };
        let offered = Fact::CallOffered {
            leg: LegRef(0),
            origin: journey.origin.clone(),
            caller: journey.caller.number.clone(),
            caller_shown: true,
            dialled: journey.dialled.clone(),
            to: String::new(),
            call_id: String::new(),
            source: String::new(),
        };
        self.fact(Some(call), offered, now);
        let routed = Fact::CallRouted {
            entry: journey.entry.clone(),
            title: journey.title.clone(),
            service: journey.service,
            state: "serving".into(),
            plan: self.snapshot.plan.version().to_owned(),
        };
        self.fact(Some(call), routed, now);
        self.fact(Some(call), Fact::CallbackBegun { callback: id, seat }, now);
        let evening = self.until_quiet(now);
        self.wheel.set(now.mono + evening, Due::Recall(id));
        self.calls.insert(call, Live::without_leg(Call::new(call, journey, Script::new(Arc::from([])))));
        self.tell(call, crate::call::Input::Begin, now);
    }

    /// The trunk that he came by, if calls can go out there; else the first carrier that takes some.
    fn way_back(&self, trunk: &TrunkId) -> TrunkId {
        let goes_out = |id: &TrunkId| self.settings.trunks.get(id).is_some_and(|t| t.outbound.is_some());
        let carrier = || {
            let carriers = self.snapshot.plan.trunks().filter(|t| t.role == crate::dialplan::Role::Carrier);
            carriers.map(|t| t.id.clone()).find(|id| goes_out(id))
        };
        if goes_out(trunk) { trunk.clone() } else { carrier().unwrap_or_else(|| trunk.clone()) }
    }

    /// The call that carries one out is over.
    pub(super) fn recalled(&mut self, call: CallRef, now: Now) {
        let Some(id) = self.callbacks.running.remove(&call) else { return };
        let Some(callback) = self.callbacks.all.get_mut(&id) else { return };
        callback.call = None;
        let (reached, tries, why, last) = (callback.reached, callback.tries, callback.why, callback.last);
        let limits = self.settings.callbacks;
        if reached {
            self.forget_callback(id, Recovered::Reached, String::new(), String::new(), now);
        } else if tries >= limits.tries {
            self.forget_callback(id, Recovered::Unreached, String::new(), String::new(), now);
        } else if why == Missed::Asked {
            // An agent who gave up has not tried as a caller who does not answer has been tried.
            let answered = last.is_some_and(|cause| cause != Cause::Normal);
            self.recall_at(id, if answered { limits.every } else { SOON }, now);
        }
    }

    fn forget_callback(&mut self, id: CallRef, outcome: Recovered, by: String, note: String, now: Now) {
        if self.callbacks.all.remove(&id).is_some() {
            self.fact(None, Fact::CallbackEnded { callback: id, outcome, by, note }, now);
        }
    }

    /// A seat takes one on itself.
    pub(super) fn take_callback(&mut self, id: CallRef, seat: SeatId, by: &str, now: Now) -> Answer {
        let Some(callback) = self.callbacks.all.get(&id) else { return Answer::Unknown };
        if callback.call.is_some() || self.quiet(now) > 0 {
            return Answer::Conflict { why: Conflict::Already };
        }
        let free = self.floor.seat(&seat).is_some_and(|v| v.state.reachable && v.offer.is_none() && v.calls.is_empty());
        if !free {
            return Answer::Conflict { why: Conflict::SeatBusy };
        }
        tracing::info!(callback = %id, %seat, %by, "a call-back is taken");
        self.call_back(id, Some(seat), now);
        Answer::Done
    }

    /// Somebody says that it is done.
    pub(super) fn end_callback(&mut self, id: CallRef, by: String, note: String, now: Now) -> Answer {
        let Some(callback) = self.callbacks.all.get(&id) else { return Answer::Unknown };
        if callback.call.is_some() {
            return Answer::Conflict { why: Conflict::Already };
        }
        self.forget_callback(id, Recovered::Closed, by, note, now);
        Answer::Done
    }

    /// A former run has left them: `fresh` ones are told of now. Those who asked for it are called when a seat is there.
    pub(super) fn restore_callbacks(&mut self, left: Vec<Owed>, fresh: bool, now: Now) {
        for owed in left {
            let (id, why) = (owed.callback, owed.why);
            if fresh {
                self.fact(Some(id), Fact::CallbackAsked { callback: owed.clone() }, now);
            }
            let callback = Callback {
                number: owed.number,
                trunk: owed.trunk,
                dialled: owed.dialled,
                group: owed.group,
                skill: owed.skill.map(Into::into),
                place: owed.place,
                since: now.mono,
                why,
                tries: owed.tries,
                last: None,
                reached: false,
                call: None,
            };
            self.callbacks.all.insert(id, callback);
            if why == Missed::Asked {
                self.recall_at(id, SECOND, now);
            }
        }
        self.trim_callbacks(now);
    }

    /// All of them, as they must not be forgotten.
    pub(super) fn owed(&self) -> Vec<Owed> {
        self.callbacks.all.iter().map(|(id, callback)| owed(*id, callback)).collect()
    }

    pub(super) fn callback_rows(&self) -> Vec<CallbackRow> {
        let mut rows: Vec<CallbackRow> = self.callbacks.all.iter().map(|(id, c)| row(*id, c)).collect();
        rows.sort_by_key(|row| (row.place, row.callback));
        rows
    }
}

/// What must not be forgotten of one.
fn owed(callback: CallRef, found: &Callback) -> Owed {
    Owed {
        callback,
        number: found.number.clone(),
        trunk: found.trunk.clone(),
        dialled: found.dialled.clone(),
        group: found.group.clone(),
        skill: found.skill.as_deref().map(str::to_owned),
        place: found.place,
        why: found.why,
        tries: found.tries,
    }
}

fn row(callback: CallRef, found: &Callback) -> CallbackRow {
    CallbackRow {
        callback,
        number: found.number.clone(),
        dialled: found.dialled.clone(),
        group: found.group.to_string(),
        place: found.place,
        why: found.why,
        tries: found.tries,
        last: found.last,
        call: found.call,
    }
}
