//! The call detail record: what one call was, from its INVITE to its end.

use super::attempt::{Attempt, millis};
use super::transfers::Transfer;
use crate::calendar::Zone;
use crate::dialplan::segment;
use crate::fact::{Archived, Cause, Origin, Outcome, Party, Quality, Service, Target};
use crate::id::{CallRef, GroupId, PromptId, TrunkId};
use serde::{Deserialize, Serialize};

/// One call's record. Times are wall clock, µs since the epoch (product §7 for t0, t1, t2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cdr {
    /// Our reference.
    pub call: CallRef,
    /// Position of its first event in the stream.
    pub first_seq: u64,
    /// Position of its `call_ended`; unique, so a replay never books a call twice.
    pub seq: u64,
    /// The INVITE was accepted for routing.
    pub t0: i64,
    /// It entered a queue, or began to ring a seat or a trunk; t0 for the hub.
    pub t1: Option<i64>,
    /// A person answered. Prompts, early media and the switch's own 200 never count.
    pub t2: Option<i64>,
    /// It was over.
    pub end: i64,
    /// Whence it came.
    pub origin: Origin,
    /// The caller as given, unmasked: the operator's own record.
    pub caller: String,
    /// Whether the caller let the number be shown.
    pub caller_shown: bool,
    /// The number first dialled, normalised.
    pub dialled: String,
    /// The request-URI as it came.
    pub to: String,
    /// SIP's Call-ID of the caller's leg.
    pub call_id: String,
    /// Source address of the INVITE.
    pub source: String,
    /// City or province (product §2).
    pub traffic: Traffic,
    /// Dialplan entry, e.g. `hotline.12333`; `None` when the call was never routed.
    pub entry: Option<String>,
    /// The entry's title.
    pub title: Option<String>,
    /// What it is counted under; `None` when it was never routed.
    pub service: Option<Service>,
    /// The number's life at that moment, e.g. `transition:47`.
    pub state: Option<String>,
    /// Version of the dialplan in force.
    pub plan: Option<String>,
    /// Prompts played to the caller, in order.
    pub prompts: Vec<Played>,
    /// Visits to queues, in order.
    pub visits: Vec<Visit>,
    /// Legs sent out, in order: for an emergency call each trunk tried with its cause.
    pub attempts: Vec<Attempt>,
    /// Transfers asked for, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// Its recording: a file below the folder of recordings, without `.wav`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// How long that is, pauses and all, ms; to the call's end where the recorder did not tell before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_ms: Option<u64>,
    /// Of these, how long nothing was kept, ms.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub recording_paused_ms: u64,
    /// The recording's file as it is kept, once it is: told after the call's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<Box<Archived>>,
    /// What its legs' media was like, once it is known: told after the call's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Quality>,
    /// How the caller was served, in his words: 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
    /// Whether his matter is solved, in his words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved: Option<bool>,
    /// Entries left out of the lists because the call had more than [`super::fold::MAX_LIST`] of one.
    pub omitted: u32,
    /// Who answered first.
    pub answered_by: Option<Target>,
    /// How it ended.
    pub outcome: Outcome,
    /// Who ended it.
    pub by: Party,
    /// Why.
    pub cause: Cause,
    /// SIP status the caller got, if we ended it with one.
    pub status: Option<u16>,
}

/// A prompt as it was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Played {
    /// Which.
    pub prompt: PromptId,
    /// As early media, before any answer.
    pub early: bool,
    /// From when, µs.
    pub at: i64,
    /// Until when, µs; `None`: the call ended before.
    pub end: Option<i64>,
    /// Heard to its last sample.
    pub whole: bool,
}

/// One visit to a queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Whose queue.
    pub group: GroupId,
    /// Entered, µs.
    pub at: i64,
    /// Left, µs.
    pub end: Option<i64>,
    /// Why it left without an answer.
    pub overflow: Option<Cause>,
}

/// City or provincial traffic, counted apart on lines such as 12333 and 12393.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// The city's own.
    #[default]
    City,
    /// From elsewhere in the province.
    Province,
}

/// What the books must be told from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Trunks that carry provincial traffic only.
    pub province_trunks: Vec<TrunkId>,
    /// The city's number ranges (号段) as leading digits of a caller without `+86` or a long-distance 0. Empty: callers are not
    /// told apart. Callers that show no number count as the city's.
    pub city_callers: Vec<String>,
    /// The zone in which figures have their hours.
    pub zone: Zone,
}

impl Settings {
    /// Where a call is counted: by its trunk, else by its caller's range.
    #[must_use]
    pub fn traffic(&self, origin: &Origin, caller: &str) -> Traffic {
        if matches!(origin, Origin::Trunk(t) if self.province_trunks.contains(t)) {
            return Traffic::Province;
        }
        match segment::is_of_city(&self.city_callers, caller) {
            Some(false) => Traffic::Province,
            Some(true) | None => Traffic::City,
        }
    }
}

impl Cdr {
    /// How long the caller waited for a person, from t1 to t2 or the end, ms. `None` without t1.
    #[must_use]
    pub fn wait_ms(&self) -> Option<u64> {
        self.t1.map(|t1| millis(t1, self.t2.unwrap_or(self.end)))
    }

    /// How long caller and person had each other, from t2 to the end, ms. `None` without t2.
    #[must_use]
    pub fn talk_ms(&self) -> Option<u64> {
        self.t2.map(|t2| millis(t2, self.end))
    }

    /// The whole call, ms.
    #[must_use]
    pub fn total_ms(&self) -> u64 {
        millis(self.t0, self.end)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn city_and_province_are_told_apart_by_trunk_then_by_the_callers_range() {
        let carrier = Origin::Trunk("carrier".into());
        let provincial = Origin::Trunk("province".into());
        let mut settings = Settings { province_trunks: vec!["province".into()], ..Settings::default() };
        assert_eq!(settings.traffic(&provincial, "13900000001"), Traffic::Province);
        assert_eq!(settings.traffic(&carrier, "059212345678"), Traffic::City, "ranges not told");
        settings.city_callers = vec!["0591".into(), "1390591".into()];
        for (caller, traffic) in [
            ("059187654321", Traffic::City),
            ("+8659187654321", Traffic::City),
            ("13905910000", Traffic::City),
            ("+8613905910000", Traffic::City),
            ("059287654321", Traffic::Province),
            ("13900000001", Traffic::Province),
            ("anonymous", Traffic::City),
            ("", Traffic::City),
            ("8001", Traffic::City),
        ] {
            assert_eq!(settings.traffic(&carrier, caller), traffic, "{caller}");
        }
    }
}
