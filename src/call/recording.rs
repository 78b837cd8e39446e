//! Whether the call is recorded, and who is in it: one recording a caller's journey, from the first answer to the end.

use super::{Call, Conflict, Stage};
use crate::fact::Fact;
use crate::id::LegRef;
use smallvec::SmallVec;

/// When a group's talks are recorded.
pub use crate::dialplan::Record;

/// What is known of this call's recording.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// Somebody asked for it, where it is made on demand.
    asked: bool,
    paused: bool,
}

/// What shall be recorded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Nothing is kept at present.
    pub paused: bool,
    /// Who is in the talk, with the channel that belongs to his part: 0 the caller, 1 the agent, 2 the third, 3 the supervisor.
    pub parties: SmallVec<[(u8, LegRef); 4]>,
}

impl Call {
    /// What shall be recorded now; `None`: nothing (yet).
    #[must_use]
    pub fn recorded(&self) -> Option<Recorded> {
        if self.journey.answered_at.is_none() || matches!(self.stage, Stage::Over) || !self.is_recorded() {
            return None;
        }
        let mut parties: SmallVec<[(u8, LegRef); 4]> = SmallVec::new();
        let is_here = |leg: &LegRef| self.members.iter().any(|m| m.leg == *leg && m.answered);
        parties.extend(Some(self.caller()).filter(is_here).map(|leg| (0, leg)));
        if let Stage::Talking(talking) = &self.stage {
            let parts = [talking.with, talking.third.as_ref().and_then(|t| t.joined()), talking.chief()];
            parties.extend((1u8..).zip(parts).filter_map(|(part, leg)| Some((part, leg.filter(is_here)?))));
        }
        Some(Recorded { paused: self.recording.paused, parties })
    }

    fn is_recorded(&self) -> bool {
        match self.journey.record {
            Record::Always => true,
            Record::Never => false,
            Record::OnDemand => self.recording.asked,
        }
    }

    /// The group that serves the call says whether it is recorded; once one has begun, the next group does not end it.
    pub(super) fn served_by(&mut self, record: Record) {
        if self.journey.answered_at.is_none() || self.journey.record != Record::Always {
            self.journey.record = record;
        }
    }

    pub(super) fn record(&mut self) -> Result<(), Conflict> {
        if self.is_recorded() {
            return Err(Conflict::Already);
        }
        if self.journey.record == Record::Never {
            return Err(Conflict::NotRecorded);
        }
        self.recording.asked = true;
        Ok(())
    }

    pub(super) fn pause(&mut self, paused: bool, by: &str, why: &str) -> Result<(), Conflict> {
        if self.recorded().is_none() {
            return Err(Conflict::NotRecorded);
        }
        if self.recording.paused == paused {
            return Err(Conflict::Already);
        }
        self.recording.paused = paused;
        self.fact(Fact::RecordingPaused { paused, ordered_by: by.to_owned(), why: why.to_owned() });
        Ok(())
    }
}
