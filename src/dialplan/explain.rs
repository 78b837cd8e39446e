//! Decides, and says why: one code path, with an observer that the hot path leaves empty.

use super::route::{Origin, Route, Step};

use super::entry::{Class, Entry};
use super::life::State;
use super::number::Dialled;
use super::{Emergency, Plan};
use jiff::civil::Date;
use serde::Serialize;
use std::sync::Arc;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision<'p> {
    /// It is taken along these steps.
    Routed(Routed<'p>),
    /// There is no such number, or not yet.
    Refused(Refusal<'p>),
}

/// An entry, where it stands in its life, and its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routed<'p> {
    /// The entry. [`Entry::access`] says who may dial it: the caller of this function knows who is calling.
    pub entry: &'p Arc<Entry>,
    /// Its state at that moment.
    pub state: State,
    /// Its route; a call clones [`Route::steps`] and is free of the plan.
    pub route: &'p Route,
}

/// A call that leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal<'p> {
    /// SIP status: 404.
    pub status: u16,
    /// Q.850 cause: 1, unallocated number.
    pub q850: u8,
    /// The entry, when there is one: its cutover is still to come, or this side may not dial it.
    pub entry: Option<&'p Arc<Entry>>,
}

impl Plan {
    /// Decides what happens to a call at a moment (µs since the epoch). The hot path: no allocation.
    #[must_use]
    pub fn decide(&self, dialled: Dialled, wall: i64) -> Decision<'_> {
        decide(self, dialled, wall, &mut ())
    }

    /// Every number of the plan with its state at a moment, in the order of the files; emergency first.
    #[must_use]
    pub fn numbers(&self, wall: i64) -> Vec<NumberRow> {
        numbers(self, wall)
    }
}

/// A line of `numbers ls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NumberRow {
    /// `hotline.12333`.
    pub address: String,
    /// `12333`, or a pattern.
    pub number: String,
    /// What it is called.
    pub title: String,
    /// The department that answers for it.
    pub owner: String,
    /// Its kind.
    pub class: Class,
    /// Where it stands: `serving`, `before`, `transition:47`, `cancelled`.
    pub state: String,
    /// Of a merged number: the last day of its transition.
    pub last_day: Option<String>,
    /// Days left of the transition, today included; days until the cutover before it.
    pub days_left: Option<u32>,
    /// `file:line`; empty for the emergency layer.
    pub place: String,
}

/// Something the decision went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The exact-match layer in code.
    EmergencyLayer(Emergency),
    /// An entry with exactly these digits, or the pattern that matches with most fixed digits.
    Entry,
    /// No entry at all.
    NotInPlan,
    /// The trunk does not take the number in this spelling.
    SpellingNotTaken,
    /// Only seats may dial it.
    SeatsOnly,
}

/// Hears the reasons of a decision.
pub(super) trait Observe {
    fn note(&mut self, reason: Reason);
}

impl Observe for () {
    fn note(&mut self, _: Reason) {}
}

impl Observe for Vec<Reason> {
    fn note(&mut self, reason: Reason) {
        self.push(reason);
    }
}

/// The decision for a call, in this order: emergency layer, exact number, pattern; then the date.
pub(super) fn decide<'p>(plan: &'p Plan, dialled: Dialled, wall: i64, observer: &mut impl Observe) -> Decision<'p> {
    let entry = match dialled.emergency {
        Some(emergency) => {
            observer.note(Reason::EmergencyLayer(emergency));
            plan.emergency.get(emergency.index())
        }
        None => plan.table.get(dialled.digits).and_then(|index| plan.entries.get(index as usize)),
    };
    let Some(entry) = entry else {
        observer.note(Reason::NotInPlan);
        return Decision::Refused(Refusal { status: 404, q850: 1, entry: None });
    };
    if dialled.emergency.is_none() {
        observer.note(Reason::Entry);
    }
    match entry.life.at(wall) {
        (state, Some(route)) => Decision::Routed(Routed { entry, state, route }),
        (_, None) => Decision::Refused(Refusal { status: 404, q850: 1, entry: Some(entry) }),
    }
}

/// The decision as `[[expect]]` writes it: `prompt:transition/12333 > group:main`.
pub(super) fn line(decision: Decision<'_>) -> String {
    match decision {
        Decision::Routed(routed) => routed.route.steps.iter().map(word).collect::<Vec<_>>().join(" > "),
        Decision::Refused(refusal) => format!("release:{}", refusal.status),
    }
}

pub(super) fn word(step: &Step) -> String {
    match step {
        Step::Prompt { prompt, .. } => format!("prompt:{prompt}"),
        Step::Ring { group, .. } | Step::Queue { group, .. } => format!("group:{group}"),
        Step::Trunk { trunks, .. } => trunks.iter().map(|t| format!("trunk:{t}")).collect::<Vec<_>>().join(" > "),
        Step::CallBack { .. } => "callback".to_owned(),
        Step::Release { status, .. } => format!("release:{status}"),
    }
}

/// Where something stands, or nothing for what stands nowhere.
pub(super) fn place(plan: &Plan, origin: Origin) -> String {
    if origin.line == 0 { String::new() } else { plan.place(origin) }
}

/// All numbers at a moment.
pub(super) fn numbers(plan: &Plan, wall: i64) -> Vec<NumberRow> {
    let today = plan.zone.local(wall).date();
    plan.emergency.iter().chain(plan.entries.iter()).map(|entry| row(plan, entry, wall, today)).collect()
}

/// One entry at a moment.
pub(super) fn row_of(plan: &Plan, entry: &Entry, wall: i64) -> NumberRow {
    row(plan, entry, wall, plan.zone.local(wall).date())
}

fn row(plan: &Plan, entry: &Entry, wall: i64, today: Date) -> NumberRow {
    let (state, _) = entry.life.at(wall);
    let window = entry.life.window();
    let days_left = match state {
        State::Transition { day, of } => Some(u32::from(of - day) + 1),
        State::Before => window.and_then(|w| today.until(w.cutover).ok()?.get_days().try_into().ok()),
        State::Serving | State::Cancelled => None,
    };
    NumberRow {
        address: entry.address.to_string(),
        number: entry.number.to_string(),
        title: entry.title.to_string(),
        owner: entry.owner.to_string(),
        class: entry.class,
        state: state.to_string(),
        last_day: window.map(|w| w.last.to_string()),
        days_left,
        place: place(plan, entry.at),
    }
}
