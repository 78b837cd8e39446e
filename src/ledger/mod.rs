//! The books: call detail records and service figures, folded from the stream of facts.
//!
//! Everything here is a pure function of [`crate::fact::Event`]s: the same stream always gives the same books, and
//! each ended call exactly one [`Cdr`]. This module refuses to read a clock, to keep anything on disk (that is
//! `store`), and to decide anything about a call. It also prints the records: see [`print`].

mod attempt;
mod cdr;
pub mod dialogs;
pub mod figures;
mod fold;
pub mod print;
pub mod service_level;
mod standing;
pub mod transfers;
pub mod words;

pub use attempt::Attempt;
pub use cdr::{Cdr, Played, Settings, Traffic, Visit};
pub use fold::{Fold, Phase};
pub use standing::Standing;

#[cfg(test)]
pub(crate) mod tests;
