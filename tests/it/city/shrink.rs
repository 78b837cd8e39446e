//! Makes a plan that fails as small as it can be, by playing it again and again with less in it.

use super::plan::{Plan, What};
use super::play::{Failure, play};
use switchboard::clock::SECOND;

/// How often a plan is played again at most.
const TRIES: u32 = 400;

/// A plan that fails and of which nothing can be left out.
pub struct Shrunk {
    pub plan: Plan,
    pub failure: Failure,
    pub trace: Vec<String>,
    /// How often it was played for that.
    pub tries: u32,
}

/// Plays parts of a plan.
struct Shrinker {
    best: Plan,
    failure: Failure,
    tries: u32,
}

impl Shrinker {
    /// Takes this plan if it breaks the same rule.
    fn fails_too(&mut self, plan: Plan) -> bool {
        if self.tries >= TRIES || plan == self.best {
            return false;
        }
        self.tries += 1;
        match play(&plan, false) {
            Err((failure, _)) if failure.rule == self.failure.rule => {
                (self.best, self.failure) = (plan, failure);
                true
            }
            _ => false,
        }
    }

    /// What comes after the failure has no part in it, and little of what comes after that.
    fn ends_early(&mut self) {
        let at = self.failure.at;
        let mut plan = self.best.clone();
        plan.items.retain(|i| i.at <= at);
        self.fails_too(plan);
        let last = self.best.items.last().map_or(0, |i| i.at);
        for more in [1, 30, 120] {
            let end = last + more * SECOND;
            if end < self.best.end && self.fails_too(Plan { end, ..self.best.clone() }) {
                return;
            }
        }
    }

    /// Half of what is in it, then quarters, then one by one.
    fn leaves_out(&mut self) {
        let mut chunk = self.best.items.len().div_ceil(2);
        while chunk > 0 {
            let mut at = 0;
            while at < self.best.items.len() {
                let mut plan = self.best.clone();
                plan.items.drain(at..(at + chunk).min(plan.items.len()));
                if !self.fails_too(plan) {
                    at += chunk;
                }
            }
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2) };
        }
    }

    /// Fewer seats and lines, and who waits and talks does so for a short while.
    fn is_smaller(&mut self) {
        for seats in [1, 2, 4, 8, 16, 32] {
            let mut plan = self.best.clone();
            plan.scale.seats = seats;
            if seats < self.best.scale.seats && self.fails_too(plan) {
                break;
            }
        }
        for n in 0..self.best.items.len() {
            let mut plan = self.best.clone();
            if let What::Call(call) = &mut plan.items[n].what {
                call.talk = call.talk.min(5 * SECOND);
                self.fails_too(plan);
            }
        }
    }
}

/// Shrinks a plan that has failed so.
pub fn shrink(plan: &Plan, failure: Failure) -> Shrunk {
    let mut shrinker = Shrinker { best: plan.clone(), failure, tries: 0 };
    shrinker.ends_early();
    shrinker.leaves_out();
    shrinker.is_smaller();
    shrinker.ends_early();
    let Shrinker { best, failure, tries } = shrinker;
    match play(&best, true) {
        Err((failure, trace)) => Shrunk { plan: best, failure, trace, tries },
        Ok(_) => Shrunk { plan: best, failure, trace: vec!["it does not fail every time".to_owned()], tries },
    }
}
