//! The life of a number: where it stands at a moment, and which steps it then has.
//!
//! A merged number moves one way: before → transition → cancelled. Nothing leads back (plan §二(一)).

use super::route::Route;
use super::window::Window;
use std::fmt;

/// Where a number stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// In service without an end: hub, parallel, branch, emergency, utility, route.
    Serving,
    /// Merged, its cutover still to come.
    Before,
    /// Merged, in its transition: day 1 is the cutover.
    Transition {
        /// Which day it is, from 1.
        day: u16,
        /// How many days the transition has.
        of: u16,
    },
    /// Merged and cancelled for ever.
    Cancelled,
}

impl fmt::Display for State {
    /// As facts carry it: `serving`, `before`, `transition:47`, `cancelled`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serving => f.write_str("serving"),
            Self::Before => f.write_str("before"),
            Self::Transition { day, .. } => write!(f, "transition:{day}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// The routes of a number by date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// One route for ever.
    Kept(Route),
    /// A merged number's.
    Merged(Box<Merged>),
}

/// A merged number's window and its three routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// First and last day of the transition.
    pub window: Window,
    /// The line had stopped before the plan was issued and the operator gave no date: the window is the default one.
    pub assumed: bool,
    /// Before the cutover: the entry's own group or trunk; `None` is 404.
    pub before: Option<Route>,
    /// In the transition: prompt, then the hub's queue.
    pub transition: Route,
    /// Afterwards: the announcement, then 410 with Q.850 cause 22.
    pub cancelled: Route,
}

impl Life {
    /// State and route at a moment (µs since the epoch); no route means 404.
    #[must_use]
    pub fn at(&self, wall: i64) -> (State, Option<&Route>) {
        match self {
            Self::Kept(route) => (State::Serving, Some(route)),
            Self::Merged(merged) => match merged.window.day(wall) {
                Some(0) => (State::Before, merged.before.as_ref()),
                Some(day) => (State::Transition { day, of: merged.window.days() }, Some(&merged.transition)),
                None => (State::Cancelled, Some(&merged.cancelled)),
            },
        }
    }

    /// The window, for a merged number.
    #[must_use]
    pub fn window(&self) -> Option<&Window> {
        match self {
            Self::Kept(_) => None,
            Self::Merged(merged) => Some(&merged.window),
        }
    }
}
