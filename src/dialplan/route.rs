//! What is done with a call: steps, in order, and where in the sources each is written.

use super::digits::Digits;
use crate::id::{GroupId, PromptId, TrunkId};
use std::sync::Arc;

/// Where something stands in the sources: index of the file and 1-based line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// Index into the sources that were loaded.
    pub file: u16,
    /// Line, from 1.
    pub line: u32,
}

/// One thing to do with a call. A call takes the steps in order; what fails or goes unanswered leads to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Play a prompt whole, then go on.
    Prompt {
        /// The prompt.
        prompt: PromptId,
        /// As early media (183) while the call is unanswered; else the call is answered (200) first.
        early: bool,
    },
    /// Ring a department's own seats at once; busy, nobody there or `timeout_ms` over: the next step.
    Ring {
        /// The group of kept seats.
        group: GroupId,
        /// How long, ms.
        timeout_ms: u32,
    },
    /// Wait in the queue of a group. Nothing follows it: the group's own overflow does.
    Queue {
        /// The group.
        group: GroupId,
        /// The skill that is asked for first, if the line names one. Whoever runs the queue decides when to do without.
        skill: Option<Arc<str>>,
    },
    /// Call out over the first of these trunks that works; all fail or nobody answers: the next step.
    Trunk {
        /// Trunks in the order of trial.
        trunks: Arc<[TrunkId]>,
        /// The number in its local form, [`Digits::EMPTY`] for the number that was dialled;
        /// [`super::Plan::spell`] writes it as the trunk wants it.
        number: Digits,
        /// Without any 1xx for so long, ms: the next trunk.
        progress_ms: u32,
        /// Without an answer for so long, ms: the next step. Counted from the first 1xx.
        timeout_ms: u32,
    },
    /// The caller may ask by key to be called back, in his place in this group's line; who does not goes on to the next step.
    CallBack {
        /// The group.
        group: GroupId,
    },
    /// End the call.
    Release {
        /// SIP status, 400 to 699.
        status: u16,
        /// Q.850 cause for the `Reason` header.
        q850: u8,
    },
}

/// Steps, and where in the sources each of them is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What to do, in order; never empty. Entries that lead the same way share one list.
    pub steps: Arc<[Step]>,
    /// One place for each step.
    pub origins: Origins,
}

impl Route {
    pub(super) fn new(parts: Vec<(Step, Origin)>) -> Self {
        let (steps, origins): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Self { steps: steps.into(), origins: origins.into_iter().collect() }
    }
}

/// Places, as a slice. One is the rule, and it takes no allocation.
#[derive(Debug, Clone)]
pub enum Origins {
    /// The place of a single step.
    One(Origin),
    /// Any other number of places.
    Many(Arc<[Origin]>),
}

impl std::ops::Deref for Origins {
    type Target = [Origin];

    fn deref(&self) -> &[Origin] {
        match self {
            Self::One(origin) => std::slice::from_ref(origin),
            Self::Many(origins) => origins,
        }
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        let mut origins = origins.into_iter();
        match (origins.next(), origins.next()) {
            (Some(one), None) => Self::One(one),
            (first, second) => Self::Many(first.into_iter().chain(second).chain(origins).collect()),
        }
    }
}

impl PartialEq for Origins {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Origins {}
