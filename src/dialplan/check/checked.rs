//! A plan as it was written, with what the first passes found in it.

use super::names::Names;
use crate::calendar::Zone;
use crate::dialplan::format::{CityWritten, LineWritten, Written};
use crate::dialplan::number::Numbering;
use crate::dialplan::source::Known;
use jiff::civil::Date;

/// What the passes share.
pub(super) struct Checked<'w> {
    pub(super) written: &'w Written,
    pub(super) names: Names<'w>,
    pub(super) known: &'w Known,
    pub(super) city: Option<&'w CityWritten>,
    pub(super) numbering: Option<Numbering>,
    pub(super) zone: Option<Zone>,
    pub(super) issued: Option<Date>,
    /// The one line of class hub.
    pub(super) hub: Option<&'w LineWritten>,
}
