//! Whose a call, a seat or a record is, and how it is shown to whom.

use super::backend::Backend;
use super::fault::Fault;
use super::visitor::Visitor;
use crate::access::{Object, Right, masked};
use crate::call::Role;
use crate::exchange::{CallRow, SeatRow};
use crate::id::{AgentId, GroupId, SeatId};
use crate::live::Board;
use serde_json::{Value, json};

/// Whose it is.
#[derive(Debug, Default)]
pub(super) struct Owned {
    agents: Vec<AgentId>,
    seats: Vec<SeatId>,
    groups: Vec<GroupId>,
    free: bool,
}

impl Owned {
    /// A live call: those whose seats are in it, and the groups of these seats and of the line.
    pub fn call(row: &CallRow, board: &Board) -> Self {
        let mut owned = Self::default();
        for party in row.parties.iter().filter(|party| party.role != Role::Caller) {
            let Some(seat) = board.seat(&SeatId::from(party.who.as_str())) else { continue };
            owned.seat_of(&seat);
        }
        if let Some(seat) = row.from_seat.as_ref().and_then(|seat| board.seat(seat)) {
            owned.seat_of(&seat);
        }
        if !row.group.is_empty() {
            owned.groups.push(GroupId::from(row.group.as_str()));
        }
        owned.free = owned.groups.is_empty();
        owned
    }

    /// A seat: who sits there, and what it serves.
    pub fn seat(row: &SeatRow) -> Self {
        let mut owned = Self::default();
        owned.seat_of(row);
        owned.free = owned.groups.is_empty();
        owned
    }

    /// What a group has.
    pub fn group(group: &str) -> Self {
        Self { groups: vec![GroupId::from(group)], ..Self::default() }
    }

    fn seat_of(&mut self, row: &SeatRow) {
        self.agents.extend(row.agent.clone());
        self.seats.push(row.seat.clone());
        self.groups.extend(row.groups.iter().map(|group| GroupId::from(group.as_str())));
    }

    /// This one has it too.
    pub fn belongs(&mut self, agent: Option<&AgentId>) {
        self.agents.extend(agent.cloned());
    }

    /// As the decision is asked.
    pub fn object(&self) -> Object<'_> {
        Object { agents: &self.agents, seats: &self.seats, groups: &self.groups, unit: "", free: self.free }
    }
}

/// A live call as this visitor sees it; `None`: it is none of his.
pub(super) fn seen(row: &CallRow, board: &Board, visitor: &Visitor) -> Option<CallRow> {
    let masks = visitor.may(Right::Calls, &Owned::call(row, board).object()).ok()?;
    Some(if masks { hidden(row) } else { row.clone() })
}

/// The same, or why not.
///
/// # Errors
/// 403.
pub(super) fn shown(row: &CallRow, board: &Board, visitor: &Visitor) -> Result<CallRow, Fault> {
    let masks = visitor.may(Right::Calls, &Owned::call(row, board).object())?;
    Ok(if masks { hidden(row) } else { row.clone() })
}

/// A seat as pages show it: with the name of whoever sits there, and whether his paperwork has been extended.
pub(super) fn named(row: &SeatRow, backend: &Backend) -> Value {
    let mut told = json!(row);
    let Some(fields) = told.as_object_mut() else { return told };
    if let Some(name) = row.agent.as_ref().and_then(|agent| backend.people.name_of(agent)) {
        fields.insert("name".into(), name.into());
    }
    if backend.notes.has_extended(row) {
        fields.insert("extended".into(), true.into());
    }
    told
}

/// A call without its caller's number: where it stands as such, and where it stands as a party.
fn hidden(row: &CallRow) -> CallRow {
    let mut row = row.clone();
    let number = std::mem::take(&mut row.caller);
    row.caller = masked(&number);
    row.masked = true;
    let all = row.parties.iter_mut().map(|party| &mut party.who).chain(&mut row.with);
    all.filter(|who| **who == number).for_each(|who| *who = masked(&number));
    row
}
