//! Figures by line, group, department, person, traffic and hour: folds over records, one at a time, in bounded room.
//!
//! One file a figure or dimension, its formula in the first line; product §7 has the definitions, [`super::service_level`] those of
//! the judged rates. A [`Book`] keeps the last hours, each a value behind an `Arc`: a reader holds what it was given and locks nobody.
//! A call counts in the hour of its t0, once it has ended; its visits and answers count with it. Calls that were refused under
//! overload without a record of their own (`Fact::CallsShed`) are in no figure here: the API's `switchboard_calls_shed_total` has
//! them. Occupancy needs the time that seats were signed in, which no record says: it is not here.

mod abandoned;
mod answers;
mod book;
mod calls;
mod department;
mod grades;
mod group;
mod hour;
mod line;
mod meter;
mod outcomes;
mod person;
mod report;
mod sheet;
mod talk;
mod tally;
mod traffic;
mod transfers;
mod wait;

pub use answers::Answers;
pub use book::{Book, KEPT};
pub use calls::Calls;
pub use department::{Department, Owners, departments};
pub use grades::Grades;
pub use group::{Ended, Visits};
pub use hour::Hour;
pub use line::Line;
pub use meter::Meter;
pub use outcomes::Outcomes;
pub use person::{Offers, Who};
pub use report::{By, Figure, Period, Report, Row};
pub use sheet::Sheet;
pub use tally::Tally;
pub use transfers::Transfers;
pub use wait::{BOUNDS, Waits};

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
