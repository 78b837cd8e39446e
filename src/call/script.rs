//! The steps that a call still has before it.

use crate::dialplan::{MAX_OVERFLOWS, Route, Step};
use std::sync::Arc;

/// A route being walked.
#[derive(Debug, Clone)]
pub struct Script {
    steps: Arc<[Step]>,
    next: usize,
    overflows: u8,
}

impl Script {
    /// Starts at the first of these steps.
    #[must_use]
    pub fn new(steps: Arc<[Step]>) -> Self {
        Self { steps, next: 0, overflows: 0 }
    }

    /// The next step, if there is one.
    pub fn take_step(&mut self) -> Option<Step> {
        let step = self.steps.get(self.next).cloned()?;
        self.next += 1;
        Some(step)
    }

    /// Goes on with another route. False when the call has overflowed too often.
    #[must_use]
    pub fn divert(&mut self, route: &Route) -> bool {
        self.overflows += 1;
        self.steps = route.steps.clone();
        self.next = 0;
        self.overflows <= MAX_OVERFLOWS
    }

    /// Whether a later step leads to people or a release: else there is nothing to go on with.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.next >= self.steps.len()
    }
}
