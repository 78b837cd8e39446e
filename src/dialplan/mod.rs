//! The dialplan: which number leads where, on which date, and why.
//!
//! Text comes in as values ([`Source`]) and a checked, immutable [`Plan`] comes out, or every mistake with its file,
//! line and column. One code path decides ([`Plan::decide`]) and prints its reasons ([`Plan::why`]).
//!
//! It refuses to read files, clocks or sockets; to hold addresses, passwords or seats (configuration does); to be
//! changed once built (a reload builds another plan and swaps the `Arc`); and to load a plan that has a mistake.

mod admission;
pub mod check;
pub mod difference;
pub mod digits;
pub mod duties;
pub mod emergency;
pub mod entry;
mod explain;
pub mod fmt;
mod format;
pub mod life;
pub mod lineage;
mod nearest;
pub mod number;
mod phrase;
mod plan;
pub mod route;
pub mod schema;
pub mod segment;
mod source;
pub mod table;
mod timeline;
mod visit;
mod why;
pub mod window;

pub use admission::Side;
pub use check::{Code, Diagnostic, Guide, Places, Severity, render, sarif, told};
pub use difference::Difference;
pub use digits::Digits;
pub use duties::{Annex, Duties};
pub use emergency::Emergency;
pub use entry::{Access, City, Class, Entry, Group, MAX_OVERFLOWS, Record, Role, Strategy, Trunk};
pub use explain::{Decision, NumberRow, Refusal, Routed};
pub use life::{Life, State};
pub use lineage::Lineage;
pub use number::{Dialled, NumberError, Numbering, Spelling};
pub use phrase::{seat_text, state_word};
pub use plan::Plan;
pub use route::{Origin, Route, Step};
pub use source::{Known, Source, version_of};
pub use timeline::{NumberLife, Period, PeriodFacts, Timeline, TimelineFacts};
pub use visit::{Hop, Meets, Visit};
pub use why::{Counted, EntryFacts, Facts, Question, TrunkFacts, Why};
