//! Facts in, records out: one [`Cdr`] at each `call_ended`, the live calls in between.

use super::attempt::{Attempt, millis};
use super::cdr::{Cdr, Played, Settings, Visit};
use super::transfers::{self, Caller};
use crate::fact::{Cause, Event, Fact, Outcome, Party, SCHEMA, Target};
use crate::id::{CallRef, GroupId, LegRef, SeatId};
use std::collections::BTreeMap;

/// Most entries in each list of one record; a call has a handful, and no call may grow without bound.
pub const MAX_LIST: usize = 256;

/// The number whose t1 is its t0 (product §7).
pub(super) const HUB: &str = "12345";

/// The state of the books between two events. Its size is that of the live calls.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    settings: Settings,
    /// Boxed: new calls have the highest keys, and nodes that are split at their end stay half empty.
    live: BTreeMap<CallRef, Box<Live>>,
    orphans: u64,
}

/// A call that has not ended.
#[derive(Debug, Clone)]
struct Live {
    cdr: Cdr,
    caller: Caller,
    recording: Recording,
}

/// What its recorder does, from when, µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    Off,
    On { since: i64 },
    Paused { since: i64, at: i64 },
    Ended,
}

/// What goes on in a live call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase<'a> {
    /// Accepted, nothing more yet.
    Routing,
    /// A prompt plays.
    Prompt(&'a Played),
    /// Waiting in this queue.
    Waiting(&'a GroupId),
    /// This target was tried or rings.
    Ringing(&'a Target),
    /// Caller and this target hear each other.
    Talking(&'a Target),
}

impl Fold {
    /// Empty books.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, live: BTreeMap::new(), orphans: 0 }
    }

    /// Takes the next event of the stream; a call's last one gives its record.
    pub fn apply(&mut self, event: &Event) -> Option<Cdr> {
        let call = event.call?;
        if let Fact::CallOffered { .. } = event.fact {
            self.open(call, event);
            return None;
        }
        let Some(live) = self.live.get_mut(&call) else {
            // The recorder may tell its last word after the call has ended; what keeps recordings does, and media threads do.
            let late = matches!(
                event.fact,
                Fact::RecordingEnded { .. } | Fact::RecordingArchived { .. } | Fact::MediaCarried { .. }
            );
            self.orphans += u64::from(!late);
            return None;
        };
        if let Fact::CallEnded { outcome, by, cause, status } = event.fact {
            let live = self.live.remove(&call)?;
            return Some(close(*live, event, (outcome, by, cause, status)));
        }
        note(live, event);
        None
    }

    /// The live calls, oldest first: their records so far. What goes on is [`Cdr::phase`]; `end`, `outcome`, `by` and
    /// `cause` mean nothing yet.
    pub fn live(&self) -> impl Iterator<Item = &Cdr> {
        self.live.values().map(|live| &live.cdr)
    }

    /// The first event of the oldest live call: a replay that begins here misses nothing of any live call.
    #[must_use]
    pub fn oldest_live_seq(&self) -> Option<u64> {
        self.live.values().map(|live| live.cdr.first_seq).min()
    }

    /// Events of calls whose beginning was not seen; not 0 only after a replay that began in the middle.
    #[must_use]
    pub fn orphans(&self) -> u64 {
        self.orphans
    }

    /// The `call_ended` facts that the calls still live are owed because the daemon died: stamped `at` (µs), numbered
    /// from `next_seq`. They belong into the journal, and through [`Self::apply`] give the records.
    #[must_use]
    pub fn close_interrupted(&self, at: i64, next_seq: u64) -> Vec<Event> {
        let ended = |(seq, call): (u64, &CallRef)| Event {
            v: SCHEMA,
            seq,
            at,
            call: Some(*call),
            fact: Fact::CallEnded {
                outcome: Outcome::Interrupted,
                by: Party::Switch,
                cause: Cause::Internal,
                status: None,
            },
        };
        (next_seq..).zip(self.live.keys()).map(ended).collect()
    }

    fn open(&mut self, call: CallRef, event: &Event) {
        let Fact::CallOffered { leg, origin, caller, caller_shown, dialled, to, call_id, source, .. } = &event.fact
        else {
            return;
        };
        let cdr = Cdr {
            call,
            first_seq: event.seq,
            seq: event.seq,
            t0: event.at,
            t1: None,
            t2: None,
            end: event.at,
            traffic: self.settings.traffic(origin, caller),
            origin: origin.clone(),
            caller: caller.clone(),
            caller_shown: *caller_shown,
            dialled: dialled.clone(),
            to: to.clone(),
            call_id: call_id.clone(),
            source: source.clone(),
            entry: None,
            title: None,
            service: None,
            state: None,
            plan: None,
            prompts: Vec::new(),
            visits: Vec::new(),
            attempts: Vec::new(),
            transfers: Vec::new(),
            recording: None,
            recorded_ms: None,
            recording_paused_ms: 0,
            archived: None,
            media: Vec::new(),
            grade: None,
            solved: None,
            omitted: 0,
            answered_by: None,
            outcome: Outcome::Interrupted,
            by: Party::Switch,
            cause: Cause::Internal,
            status: None,
        };
        let caller = Caller { leg: *leg, gone: false };
        self.live.entry(call).or_insert_with(|| Box::new(Live { cdr, caller, recording: Recording::Off }));
    }
}

/// Books a fact from the middle of a call.
fn note(live: &mut Live, event: &Event) {
    let (cdr, at) = (&mut live.cdr, event.at);
    match &event.fact {
        Fact::CallRouted { entry, title, service, state, plan } => {
            (cdr.entry, cdr.title) = (Some(entry.clone()), Some(title.clone()));
            (cdr.state, cdr.plan) = (Some(state.clone()), Some(plan.clone()));
            cdr.service = Some(*service);
        }
        Fact::Queued { group } => {
            human_turn(cdr, at);
            let visit = Visit { group: group.clone(), at, end: None, overflow: None };
            push(&mut cdr.visits, &mut cdr.omitted, visit);
        }
        Fact::Overflowed { group, why } => {
            let open = cdr.visits.iter_mut().rev().find(|v| v.end.is_none() && v.group == *group);
            if let Some(visit) = open {
                (visit.end, visit.overflow) = (Some(at), Some(*why));
            }
        }
        Fact::PromptStarted { .. } | Fact::PromptEnded { .. } => note_prompt(cdr, event),
        Fact::Surveyed { grade, solved } => (cdr.grade, cdr.solved) = (Some(*grade), *solved),
        Fact::LegTried { leg, target, agent } => {
            human_turn(cdr, at);
            let tried = Attempt { agent: agent.clone(), ..attempt(*leg, target, at) };
            push(&mut cdr.attempts, &mut cdr.omitted, tried);
        }
        // The leg has talked before, in the call that it comes from.
        Fact::LegMoved { leg, target, .. } => {
            let moved = Attempt { answered: Some(at), ..attempt(*leg, target, at) };
            push(&mut cdr.attempts, &mut cdr.omitted, moved);
        }
        Fact::LegReplaced { leg, by, target } => {
            let connected = cdr.attempts.iter().rev().find(|a| a.leg == *leg).and_then(|a| a.connected).map(|_| at);
            let instead = Attempt { answered: Some(at), connected, ..attempt(*by, target, at) };
            push(&mut cdr.attempts, &mut cdr.omitted, instead);
        }
        Fact::RecordingStarted { .. } | Fact::RecordingPaused { .. } | Fact::RecordingEnded { .. } => {
            note_recording(live, event);
        }
        Fact::MediaCarried { legs } => cdr.media.clone_from(legs),
        Fact::RecordingArchived { archived } => cdr.archived = Some(Box::new(archived.clone())),
        fact => note_leg(cdr, fact, at),
    }
    let Live { cdr, caller, .. } = live;
    if let Some(transfer) = transfers::asked(&event.fact, at) {
        push(&mut cdr.transfers, &mut cdr.omitted, transfer);
    }
    transfers::note(&mut cdr.transfers, caller, &cdr.attempts, &event.fact, at);
}

fn note_recording(live: &mut Live, event: &Event) {
    let (cdr, at) = (&mut live.cdr, event.at);
    match (&event.fact, live.recording) {
        (Fact::RecordingStarted { file }, Recording::Off) => {
            cdr.recording = Some(file.clone());
            live.recording = Recording::On { since: at };
        }
        (Fact::RecordingPaused { paused: true, .. }, Recording::On { since }) => {
            live.recording = Recording::Paused { since, at }
        }
        (Fact::RecordingPaused { paused: false, .. }, Recording::Paused { since, at: from }) => {
            cdr.recording_paused_ms += millis(from, at);
            live.recording = Recording::On { since };
        }
        (Fact::RecordingEnded { ms }, _) => {
            end_recording(live, at);
            live.cdr.recorded_ms = Some(*ms);
        }
        _ => {}
    }
}

fn end_recording(live: &mut Live, at: i64) {
    let since = match live.recording {
        Recording::Off | Recording::Ended => return,
        Recording::On { since } => since,
        Recording::Paused { since, at: from } => {
            live.cdr.recording_paused_ms += millis(from, at);
            since
        }
    };
    live.cdr.recorded_ms = Some(millis(since, at));
    live.recording = Recording::Ended;
}

fn note_prompt(cdr: &mut Cdr, event: &Event) {
    let at = event.at;
    match &event.fact {
        Fact::PromptStarted { prompt, early } => {
            let played = Played { prompt: prompt.clone(), early: *early, at, end: None, whole: false };
            push(&mut cdr.prompts, &mut cdr.omitted, played);
        }
        Fact::PromptEnded { prompt, whole } => {
            let open = cdr.prompts.iter_mut().rev().find(|p| p.end.is_none() && p.prompt == *prompt);
            if let Some(played) = open {
                (played.end, played.whole) = (Some(at), *whole);
            }
        }
        _ => {}
    }
}

/// Books a fact about a leg that was sent out; the caller's own leg is not among the attempts.
fn note_leg(cdr: &mut Cdr, fact: &Fact, at: i64) {
    let leg = match fact {
        Fact::LegRinging { leg }
        | Fact::LegAnswered { leg }
        | Fact::LegFailed { leg, .. }
        | Fact::Connected { leg }
        | Fact::PartyLeft { leg, .. }
        | Fact::LegEnded { leg, .. } => *leg,
        _ => return,
    };
    let Some(attempt) = cdr.attempts.iter_mut().rev().find(|a| a.leg == leg) else {
        return;
    };
    match fact {
        Fact::LegRinging { .. } => attempt.ringing = attempt.ringing.or(Some(at)),
        Fact::LegAnswered { .. } => attempt.answered = attempt.answered.or(Some(at)),
        Fact::LegFailed { cause, status, .. } => {
            (attempt.end, attempt.cause, attempt.status) = (Some(at), Some(*cause), *status);
        }
        Fact::LegEnded { by, cause, .. } => {
            (attempt.end, attempt.cause, attempt.by) = (Some(at), Some(*cause), Some(*by));
        }
        Fact::PartyLeft { cause, .. } => (attempt.end, attempt.cause) = (Some(at), Some(*cause)),
        Fact::Connected { .. } => {
            attempt.connected = attempt.connected.or(Some(at));
            if cdr.t2.is_none() {
                // A leg that answered while it was being cancelled is never connected: no t2 by it.
                cdr.t2 = attempt.answered.or(Some(at));
                cdr.answered_by = Some(attempt.target.clone());
            }
            for visit in cdr.visits.iter_mut().filter(|v| v.end.is_none()) {
                visit.end = Some(at);
            }
        }
        _ => {}
    }
}

fn close(mut live: Live, event: &Event, how: (Outcome, Party, Cause, Option<u16>)) -> Cdr {
    end_recording(&mut live, event.at);
    let Live { mut cdr, caller, .. } = live;
    (cdr.outcome, cdr.by, cdr.cause, cdr.status) = how;
    (cdr.seq, cdr.end) = (event.seq, event.at.max(cdr.t0));
    if cdr.dialled == HUB && cdr.t1.is_none() && cdr.service.is_some() {
        cdr.t1 = Some(cdr.t0);
    }
    for visit in cdr.visits.iter_mut().filter(|v| v.end.is_none()) {
        visit.end = Some(cdr.end);
    }
    for attempt in cdr.attempts.iter_mut().filter(|a| a.end.is_none()) {
        attempt.end = Some(cdr.end);
    }
    transfers::close(&mut cdr.transfers, caller, cdr.by, cdr.end);
    cdr
}

/// t1: once, and for the hub always t0.
fn human_turn(cdr: &mut Cdr, at: i64) {
    let t1 = if cdr.dialled == HUB { cdr.t0 } else { at };
    cdr.t1.get_or_insert(t1);
}

fn attempt(leg: LegRef, target: &Target, at: i64) -> Attempt {
    Attempt {
        leg,
        target: target.clone(),
        agent: None,
        at,
        ringing: None,
        answered: None,
        connected: None,
        end: None,
        cause: None,
        status: None,
        by: None,
    }
}

fn push<T>(list: &mut Vec<T>, omitted: &mut u32, entry: T) {
    if list.len() < MAX_LIST {
        if list.is_empty() {
            // Most calls have one of each.
            list.reserve_exact(1);
        }
        list.push(entry);
    } else {
        *omitted = omitted.saturating_add(1);
    }
}

impl Cdr {
    /// What goes on in a call that has not ended.
    #[must_use]
    pub fn phase(&self) -> Phase<'_> {
        let up = |a: &&Attempt| a.connected.is_some() && a.end.is_none();
        if let Some(attempt) = self.attempts.iter().rev().find(up) {
            return Phase::Talking(&attempt.target);
        }
        if let Some(attempt) = self.attempts.iter().rev().find(|a| a.end.is_none()) {
            return Phase::Ringing(&attempt.target);
        }
        if let Some(visit) = self.visits.iter().rev().find(|v| v.end.is_none()) {
            return Phase::Waiting(&visit.group);
        }
        match self.prompts.iter().rev().find(|p| p.end.is_none()) {
            Some(played) => Phase::Prompt(played),
            None => Phase::Routing,
        }
    }

    /// The seat that answered, if a seat did.
    #[must_use]
    pub fn answering_seat(&self) -> Option<&SeatId> {
        match &self.answered_by {
            Some(Target::Seat(seat)) => Some(seat),
            _ => None,
        }
    }
}
