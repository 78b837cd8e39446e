//! Whose a call, a seat or a record is, and how it is shown to whom.

use super::backend::Backend;
use super::fault::Fault;
use super::visitor::Visitor;
use crate::access::{Object, Right, masked};
use crate::call::Role;
use crate::exchange::{CallRow, SeatRow};
use crate::id::{AgentId, GroupId, SeatId};
use crate::live::{Board, GroupNow};
use serde_json::{Value, json};
use std::sync::Arc;

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

    /// A seat by what it serves alone: whoever sits there counts for nothing.
    pub fn groups_of(row: &SeatRow) -> Self {
        let mut owned = Self::seat(row);
        owned.agents.clear();
        owned
    }

    /// Who waits in a group's line, or is to be called back from it: those who serve the group at present have him in hand.
    pub fn line(group: &str, board: &Board) -> Self {
        let serves = |row: &Arc<SeatRow>| row.groups.iter().any(|of| of == group);
        let agents = board.seats().iter().filter(|row| serves(row)).filter_map(|row| row.agent.clone()).collect();
        Self { agents, ..Self::group(group) }
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

/// The seats that this visitor sees on the floor.
pub(super) fn seats<'a>(rows: &'a [Arc<SeatRow>], visitor: &'a Visitor) -> impl Iterator<Item = &'a Arc<SeatRow>> {
    rows.iter().filter(|row| visitor.may(Right::Floor, &Owned::seat(row).object()).is_ok())
}

/// The groups that he sees there.
pub(super) fn groups(board: &Board, visitor: &Visitor) -> Value {
    let all = board.groups();
    let his = |group: &&GroupNow| visitor.may(Right::Floor, &Owned::group(group.row.group.as_str()).object()).is_ok();
    json!(all.iter().filter(his).collect::<Vec<_>>())
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
pub(super) fn named(row: &SeatRow, backend: &Backend, visitor: &Visitor) -> Value {
    let mut told = json!(row);
    let Some(fields) = told.as_object_mut() else { return told };
    // Where a phone is, and who has guessed at its password, is the operators' to know.
    if visitor.may(Right::Health, &Object::default()).is_err() {
        fields.insert("contact".into(), Value::Null);
        fields.remove("locked");
    }
    if let Some(name) = row.agent.as_ref().and_then(|agent| backend.people.name_of(agent)) {
        fields.insert("name".into(), name.into());
    }
    // A break that has a length is counted down; nobody is put back to work by that.
    let minutes = row.work().strip_prefix("not_ready:").and_then(|of| backend.views.house.break_minutes.get(of));
    if let (Some(minutes), None) = (minutes, row.until) {
        fields.insert("until".into(), (row.since + i64::from(*minutes) * 60_000_000).into());
    }
    if backend.notes.has_extended(row) {
        fields.insert("extended".into(), true.into());
    }
    told
}

/// A number that is nobody's of ours: the plan has no name for it, and it is longer than a seat's.
pub(super) fn is_citizens(number: &str, title: &str) -> bool {
    title.is_empty() && number.len() > 6
}

/// A call without its caller's number, where it stands as such and as a party; nor that of a citizen whom a seat has called.
fn hidden(row: &CallRow) -> CallRow {
    let mut row = row.clone();
    if row.from_seat.is_some() && is_citizens(&row.dialled, &row.title) {
        let number = std::mem::take(&mut row.dialled);
        row.dialled = masked(&number);
        row.parties.iter_mut().map(|party| &mut party.who).chain(&mut row.with).for_each(|who| {
            *who = who.replace(&*number, &masked(&number));
        });
    }
    let number = std::mem::take(&mut row.caller);
    row.caller = masked(&number);
    row.masked = true;
    let all = row.parties.iter_mut().map(|party| &mut party.who).chain(&mut row.with);
    all.filter(|who| **who == number).for_each(|who| *who = masked(&number));
    row
}
