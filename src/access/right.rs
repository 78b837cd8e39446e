//! The one decision: who, what, whose.

use super::role::Role;
use crate::id::{AgentId, GroupId, SeatId};
use serde::Serialize;
use std::collections::BTreeSet;

/// What may be done at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// His own session: who he is, his password, his language, signing out.
    Session,
    /// The work place of an agent: its feed, its words.
    Desk,
    /// A telephone in the page, for one's own seat.
    Phone,
    /// How the exchange stands; seats and groups.
    Floor,
    /// Live calls.
    Calls,
    /// Orders about a live call: transfer, hold, record.
    Order,
    /// Ending a live call from outside.
    HangUp,
    /// Listen, whisper, barge in, take over.
    Supervise,
    /// A seat's state, and who sits there.
    Seat,
    /// A word to a seat's page.
    Message,
    /// A group's disaster mode.
    Group,
    /// Callers who are to be called back.
    Callbacks,
    /// The wallboard.
    Wall,
    /// Figures over ended calls.
    Figures,
    /// Records of ended calls.
    Journeys,
    /// The whole number of a caller, with a reason.
    Unmask,
    /// The sound of a call.
    Recording,
    /// The ladder of a call's signalling, without content.
    Ladder,
    /// Trunks, health, measurements.
    Health,
    /// The dialplan: numbers, why, history.
    Plan,
    /// Another dialplan.
    PlanChange,
    /// Alarms.
    Alarms,
    /// Saying that one has seen to an alarm.
    Acknowledge,
    /// Accounts.
    Accounts,
    /// The trail of what has been done and seen.
    Audit,
}

/// Whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Nobody's.
    None,
    /// His own: his seat, his calls.
    Own,
    /// Those of his groups.
    Groups,
    /// Those of his unit and of units below it.
    Unit,
    /// Everybody's.
    All,
}

use Scope::{All, Groups, None as No, Own, Unit};

/// Rows in the order of [`Right`], columns in the order of [`Role`]: agent, supervisor, department, operator, manager, auditor, admin.
#[rustfmt::skip]
const TABLE: [(Right, [Scope; 7]); 25] = [
    (Right::Session,     [All, All,    All,  All, All, All, All]),
    (Right::Desk,        [Own, Own,    No,   No,  No,  No,  No]),
    (Right::Phone,       [Own, Own,    No,   No,  No,  No,  No]),
    (Right::Floor,       [All, Groups, No,   All, All, No,  No]),
    (Right::Calls,       [Own, Groups, No,   All, No,  No,  No]),
    (Right::Order,       [Own, Groups, No,   No,  No,  No,  No]),
    (Right::HangUp,      [No,  Groups, No,   All, No,  No,  No]),
    (Right::Supervise,   [No,  Groups, No,   No,  No,  No,  No]),
    (Right::Seat,        [Own, Groups, No,   All, No,  No,  No]),
    (Right::Message,     [No,  Groups, No,   No,  No,  No,  No]),
    (Right::Group,       [No,  Groups, No,   All, No,  No,  No]),
    (Right::Callbacks,   [Own, Groups, No,   No,  No,  No,  No]),
    (Right::Wall,        [All, All,    No,   All, All, No,  No]),
    (Right::Figures,     [No,  All,    Unit, All, All, No,  No]),
    (Right::Journeys,    [Own, Groups, Unit, All, All, All, No]),
    (Right::Unmask,      [Own, Groups, Unit, No,  No,  No,  No]),
    (Right::Recording,   [No,  Groups, No,   No,  No,  No,  No]),
    (Right::Ladder,      [No,  No,     No,   All, No,  No,  No]),
    (Right::Health,      [No,  No,     No,   All, No,  No,  No]),
    (Right::Plan,        [No,  All,    No,   All, All, All, No]),
    (Right::PlanChange,  [No,  No,     No,   All, No,  No,  No]),
    (Right::Alarms,      [No,  All,    No,   All, No,  No,  No]),
    (Right::Acknowledge, [No,  All,    No,   All, No,  No,  No]),
    (Right::Accounts,    [No,  No,     No,   No,  No,  No,  All]),
    (Right::Audit,       [No,  No,     No,   No,  No,  All, No]),
];

impl Right {
    /// All.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.into_iter().map(|(right, _)| right)
    }

    /// Citizens' data are shown by it: whoever has not agreed to secrecy may not.
    #[must_use]
    pub const fn of_citizens(self) -> bool {
        matches!(
            self,
            Self::Calls
                | Self::Order
                | Self::Supervise
                | Self::Callbacks
                | Self::Journeys
                | Self::Unmask
                | Self::Recording
                | Self::Ladder
                | Self::Phone
        )
    }
}

/// Who asks: a person, or a program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// The account; of a program its name too.
    pub name: String,
    /// What he is called.
    pub title: String,
    /// His roles.
    pub roles: BTreeSet<Role>,
    /// His department, `市人社局/就业处`: the part before a slash is above the part behind it. Empty: none.
    pub unit: String,
    /// The groups that he supervises; empty: all.
    pub groups: BTreeSet<GroupId>,
    /// His work number, if he sits at a seat.
    pub agent: Option<AgentId>,
    /// He has agreed to secrecy, and it holds.
    pub secrecy: bool,
    /// A program that is shown numbers in full and acts for persons whom it names itself.
    pub trusted: bool,
}

/// Whose it is that shall be seen or changed. What is not known is left out: then only who may everybody's may.
#[derive(Debug, Clone, Copy, Default)]
pub struct Object<'a> {
    /// Persons who have it in hand.
    pub agents: &'a [AgentId],
    /// Seats at which it is: of a seat itself, where nobody sits.
    pub seats: &'a [SeatId],
    /// Groups that serve it.
    pub groups: &'a [GroupId],
    /// The department whose line was dialled.
    pub unit: &'a str,
    /// Nobody has it yet: a seat without a person, a caller whom no group has.
    pub free: bool,
}

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// He may; and sees callers' numbers so.
    Allowed {
        /// Numbers are shown as `139****0001`.
        masked: bool,
    },
    /// He may not.
    Refused(Refusal),
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// None of his roles may.
    Role,
    /// His roles may, but not to this one's.
    Object,
    /// He has not agreed to secrecy, or no more.
    Secrecy,
}

impl Decision {
    /// Numbers are masked; `Err` when it is refused.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn masked(self) -> Result<bool, Refusal> {
        match self {
            Self::Allowed { masked } => Ok(masked),
            Self::Refused(why) => Err(why),
        }
    }
}

/// How far one role reaches.
#[must_use]
pub fn may(role: Role, right: Right) -> Scope {
    let row = TABLE.iter().find(|(of, _)| *of == right);
    row.map_or(Scope::None, |(_, scopes)| scopes[role as usize])
}

/// Whether he may do this to that. `of` is left out at the door itself, where it is not known yet: then it is whether he may at all.
#[must_use]
pub fn decide(who: &Who, right: Right, of: Option<&Object<'_>>) -> Decision {
    if right == Right::Session {
        return Decision::Allowed { masked: !who.trusted };
    }
    let scopes: BTreeSet<Scope> =
        who.roles.iter().map(|role| may(*role, right)).filter(|s| *s != Scope::None).collect();
    if scopes.is_empty() {
        return Decision::Refused(Refusal::Role);
    }
    if right.of_citizens() && !who.secrecy {
        return Decision::Refused(Refusal::Secrecy);
    }
    let Some(of) = of else { return Decision::Allowed { masked: !who.trusted } };
    let reaches: Vec<Scope> = scopes.into_iter().filter(|scope| reaches(who, *scope, of)).collect();
    if reaches.is_empty() {
        return Decision::Refused(Refusal::Object);
    }
    // Who has the caller before him needs his number; whoever else has to say why he wants it.
    let needs = who.trusted || reaches.contains(&Own);
    Decision::Allowed { masked: !needs }
}

fn reaches(who: &Who, scope: Scope, of: &Object<'_>) -> bool {
    match scope {
        Scope::None => false,
        All => true,
        Own => who.agent.as_ref().is_some_and(|agent| of.agents.contains(agent)),
        Groups => who.groups.is_empty() || of.groups.iter().any(|group| who.groups.contains(group)) || of.free,
        Unit => !who.unit.is_empty() && below(of.unit, &who.unit),
    }
}

/// Whether a unit is another one or stands below it.
fn below(unit: &str, above: &str) -> bool {
    unit.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
pub(super) fn table() -> impl Iterator<Item = (Right, Role, Scope)> {
    TABLE.into_iter().flat_map(|(right, scopes)| Role::ALL.into_iter().zip(scopes).map(move |(r, s)| (right, r, s)))
}
