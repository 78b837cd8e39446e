//! Transfers counted by department: the directory's number.

use super::{Fate, Transfer};
use crate::fact::{Cause, TransferResult};
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// The transfers to one number, or to all: `asked = answered + returned + caller_gone + lost`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Department {
    /// The number of the directory; empty in a total.
    pub number: String,
    /// What it was called when it was asked last.
    pub title: String,
    /// Transfers asked for.
    pub asked: u64,
    /// Of these, joined.
    pub answered: u64,
    /// Of these, within 15.000 s of the asking.
    pub in_15s: u64,
    /// Asked, rang, and then joined or failed.
    pub rang: u64,
    /// From the asking to the join or failure of those, ms in all.
    pub ring_ms: u64,
    /// Not joined, and the caller was with somebody or in the queue.
    pub returned: u64,
    /// Of these, why: the counts add up to `returned`.
    pub causes: BTreeMap<Reason, u64>,
    /// The caller hung up himself meanwhile.
    pub caller_gone: u64,
    /// Must be 0.
    pub lost: u64,
}

/// Why a transfer came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The target could not be had.
    Failed(Cause),
    /// The agent took it back.
    Cancelled,
    /// The agent was lost or hung up, and the caller went to the head of the queue.
    AgentGone,
    /// It was not told.
    Unsaid,
}

impl Reason {
    /// Why this one came back, if it did.
    #[must_use]
    pub fn of(transfer: &Transfer) -> Self {
        match (transfer.result, transfer.cause) {
            (Some(TransferResult::Cancelled), _) => Self::Cancelled,
            (Some(TransferResult::AgentGone), _) => Self::AgentGone,
            (_, Some(cause)) => Self::Failed(cause),
            (_, None) => Self::Unsaid,
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Failed(cause) => cause.serialize(to),
            Self::Cancelled => to.serialize_str("cancelled"),
            Self::AgentGone => to.serialize_str("agent_gone"),
            Self::Unsaid => to.serialize_str("unsaid"),
        }
    }
}

impl Department {
    /// The mean of those that rang, from the asking to the join or failure, ms.
    #[must_use]
    pub fn mean_ring_ms(&self) -> Option<u64> {
        self.ring_ms.checked_div(self.rang)
    }

    fn add(&mut self, transfer: &Transfer) {
        self.asked += 1;
        if let Some(ms) = transfer.ring_ms() {
            self.rang += 1;
            self.ring_ms = self.ring_ms.saturating_add(ms);
        }
        self.in_15s += u64::from(transfer.in_time());
        match transfer.fate {
            Some(Fate::Joined) => self.answered += 1,
            Some(Fate::Returned) => {
                self.returned += 1;
                *self.causes.entry(Reason::of(transfer)).or_default() += 1;
            }
            Some(Fate::CallerGone) => self.caller_gone += 1,
            // Undecided in the record of an ended call cannot be; it would be nobody's caller.
            Some(Fate::Lost) | None => self.lost += 1,
        }
    }
}

/// The report: each department, and all together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departments {
    departments: BTreeMap<String, (i64, Department)>,
    total: Department,
}

impl Departments {
    /// Counts a transfer in; the order does not matter.
    pub fn add(&mut self, transfer: &Transfer) {
        self.total.add(transfer);
        let (latest, department) =
            self.departments.entry(transfer.to.clone()).or_insert_with(|| (i64::MIN, Department::default()));
        department.add(transfer);
        // A line may have been renamed meanwhile: one number is one department.
        if (transfer.asked, &transfer.title) >= (*latest, &department.title) {
            *latest = transfer.asked;
            department.title.clone_from(&transfer.title);
            department.number.clone_from(&transfer.to);
        }
    }

    /// Each number that was asked for, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Department> {
        self.departments.values().map(|(_, department)| department)
    }

    /// All together; number and title are empty.
    #[must_use]
    pub fn total(&self) -> &Department {
        &self.total
    }
}
