//! What a caller meets at a group of seats, and where the group's overflow leads: hop by hop, as the floor has it.

use super::entry::{Group, MAX_OVERFLOWS};
use super::route::{Origin, Route, Step};
use super::{Plan, explain};
use crate::calendar::Hours;
use crate::id::GroupId;
use serde::Serialize;
use std::sync::Arc;

/// What a caller meets at a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Meets {
    /// Outside its hours: on at once.
    Closed,
    /// Nobody is signed in and its overflow leads to other people: on at once.
    Nobody,
    /// Nobody is signed in and nobody else could answer: the caller waits for the phones to come back.
    Waits,
    /// Seats are signed in, or it was not said how many.
    Seats,
}

/// One group on a caller's way.
#[derive(Debug, Clone, Serialize)]
pub struct Visit {
    /// The group.
    pub group: GroupId,
    /// Where it is defined, `file:line`.
    pub place: String,
    /// `7x24`, or `08:30-17:30 cn`: from, until, calendar.
    pub hours: String,
    /// Whether that includes the moment.
    pub open: bool,
    /// Seats signed in, if the question said.
    pub seats: Option<u32>,
    /// What the caller meets.
    pub meets: Meets,
    /// One seat rings so long, ms.
    pub ring_ms: u32,
    /// The caller goes on after so long, ms: by the overflow, or, where a department's own seats ring, by the next step.
    pub max_wait_ms: u32,
    /// The caller goes on at once when so many wait already.
    pub max_size: u32,
    /// The group's overflow; empty where a department's own seats ring: the next step follows then.
    pub overflow: Vec<Hop>,
}

/// One step with what is met there.
#[derive(Debug, Clone, Serialize)]
pub struct Hop {
    /// As `[[expect]]` writes it.
    pub step: String,
    /// `file:line`; empty where nothing is written.
    pub place: String,
    /// The step itself.
    #[serde(skip)]
    pub of: Step,
    /// Of a step to a group: what is met there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<Visit>,
    /// This overflow is one too many: the call is released instead.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub too_many: bool,
}

/// The steps of a route with every group on the way, for a moment and so many seats signed in to each group.
pub(super) fn hops(plan: &Plan, route: &Route, wall: i64, seats: Option<u32>) -> Vec<Hop> {
    walk(plan, route, wall, seats, 0)
}

fn walk(plan: &Plan, route: &Route, wall: i64, seats: Option<u32>, overflows: u8) -> Vec<Hop> {
    let hop = |(step, origin): (&Step, &Origin)| {
        let visit = match step {
            Step::Ring { group, timeout_ms } => visit(plan, group, Some(*timeout_ms), wall, seats, overflows),
            Step::Queue { group, .. } => visit(plan, group, None, wall, seats, overflows),
            Step::Prompt { .. } | Step::Trunk { .. } | Step::CallBack { .. } | Step::Release { .. } => None,
        };
        let too_many = overflows > MAX_OVERFLOWS;
        Hop { step: explain::word(step), place: explain::place(plan, *origin), of: step.clone(), visit, too_many }
    };
    route.steps.iter().zip(route.origins.iter()).map(hop).collect()
}

/// `ringing` is the limit of a step that rings a department's own seats; a queue has its group's.
fn visit(
    plan: &Plan,
    id: &GroupId,
    ringing: Option<u32>,
    wall: i64,
    seats: Option<u32>,
    overflows: u8,
) -> Option<Visit> {
    let group = plan.group(id)?;
    let open = plan.is_open(group, wall);
    let meets = match seats {
        _ if !open => Meets::Closed,
        Some(0) if group.leads_to_people() => Meets::Nobody,
        Some(0) => Meets::Waits,
        _ => Meets::Seats,
    };
    let overflow = match ringing {
        None if overflows <= MAX_OVERFLOWS => walk(plan, &group.overflow, wall, seats, overflows + 1),
        _ => Vec::new(),
    };
    Some(Visit {
        group: id.clone(),
        place: plan.place(group.at),
        hours: hours(plan, group),
        open,
        seats,
        meets,
        ring_ms: group.ring_ms,
        max_wait_ms: ringing.map_or(group.max_wait_ms, |ms| ms.min(group.max_wait_ms)),
        max_size: group.max_size,
        overflow,
    })
}

/// A group's hours as one word: `7x24`, or from, until and the calendar's name.
pub(super) fn hours(plan: &Plan, group: &Group) -> String {
    match &group.hours {
        Hours::Always => "7x24".to_owned(),
        Hours::Workdays { calendar, from, to } => {
            let name = plan.city.calendars.iter().find(|(_, c)| Arc::ptr_eq(c, calendar)).map_or("", |(name, _)| name);
            format!("{}-{} {name}", from.strftime("%H:%M"), to.strftime("%H:%M"))
        }
    }
}
