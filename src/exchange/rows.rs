//! How the exchange stands, in rows: what operators are shown.

use super::trunks::registration::{Fault, Standing};
use crate::call::Role;
use crate::clock::SECOND;
use crate::fact::{Cause, Fact, Missed, Supervision, TransferResult, Way};
use crate::id::{AgentId, CallRef, GroupId, LegRef, SeatId, SkillId, TrunkId};
use crate::sip::auth::lockout::Held;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Transfers of one call that lists show: of more the oldest goes.
const MAX_TRANSFERS: usize = 256;

/// How the exchange stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Version of the plan in force.
    pub plan: String,
    /// Live calls.
    pub calls: usize,
    /// Calls that wait in queues.
    pub waiting: usize,
    /// Seats with a registered phone.
    pub seats_registered: usize,
    /// Seats that are ready for a call.
    pub seats_ready: usize,
    /// All seats.
    pub seats: usize,
    /// Media ports in use and bound.
    pub ports: (usize, usize),
    /// Trunks that do not answer.
    pub trunks_down: Vec<TrunkId>,
    /// No new calls are taken.
    pub draining: bool,
    /// Ordinary calls that are refused at present because requests wait too long, ‰.
    #[serde(default)]
    pub shed_permille: u16,
    /// Calls refused with 503 since the start.
    #[serde(default)]
    pub shed: u64,
    /// The folder of the records.
    pub state: String,
}

/// One live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its reference.
    pub call: CallRef,
    /// Number first dialled.
    pub dialled: String,
    /// Caller's number.
    pub caller: String,
    /// `announcing`, `queueing`, `ringing`, `talking`.
    pub stage: String,
    /// Whom the caller is, or may become, connected to.
    pub with: Vec<String>,
    /// Everyone who has a leg, the caller first while he is there.
    #[serde(default)]
    pub parties: Vec<PartyRow>,
    /// The transfers so far, in order.
    #[serde(default)]
    pub transfers: Vec<TransferRow>,
    /// The file of its recording, below the folder of recordings, without `.wav`.
    #[serde(default)]
    pub recording: Option<String>,
    /// Nothing of it is kept at present.
    #[serde(default)]
    pub recording_paused: bool,
    /// The caller's number is not shown whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// What the number first dialled is called.
    #[serde(default)]
    pub title: String,
    /// When it came, µs since the epoch.
    #[serde(default)]
    pub began: i64,
    /// Since when it is at this stage, µs since the epoch.
    #[serde(default)]
    pub since: i64,
    /// When it entered a line first, µs since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<i64>,
    /// The first answer by a person, µs since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<i64>,
    /// The group whose line it is in, or was in last; empty: none yet.
    #[serde(default)]
    pub group: String,
    /// Who hears music while the agent is with the other one: `caller`, `target`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<String>,
    /// The seat that calls, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_seat: Option<SeatId>,
    /// Why it has come there, if not by having been dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came: Option<Came>,
}

/// Why a call is not simply one that was dialled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    /// `overflow`, `returned`, `callback`; `transfer` as long as a transfer is under way.
    pub why: String,
    /// From whom: a group's title, a department, a seat.
    pub from: String,
    /// Why not there, as an agent's screen says it; empty: nothing to say.
    #[serde(default)]
    pub seen: String,
}

/// One leg of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyRow {
    /// Its name.
    pub leg: LegRef,
    /// What it is in the call.
    pub role: Role,
    /// The caller's number, a seat, or a trunk and the number dialled on it.
    pub who: String,
    /// It has answered.
    pub answered: bool,
    /// It has us on hold, or is held.
    pub held: bool,
    /// It is not heard.
    pub muted: bool,
    /// Its phone has gone, and is awaited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// Its media is encrypted.
    #[serde(default)]
    pub secure: bool,
    /// How a supervisor is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision: Option<Supervision>,
    /// What it is called, where it was brought in by a number of the directory.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
}

/// One transfer of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRow {
    /// From 1.
    pub transfer: u32,
    /// The number of the directory.
    pub to: String,
    /// What it is called.
    pub title: String,
    /// How.
    pub way: Way,
    /// It has rung.
    pub rang: bool,
    /// What came of it; `None` while it is under way.
    pub result: Option<TransferResult>,
    /// Why not.
    pub cause: Option<Cause>,
    /// The same as an agent's screen says it; empty while there is nothing to say.
    #[serde(default)]
    pub seen: String,
}

/// One group of seats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The group.
    pub group: GroupId,
    /// What it is called.
    pub title: String,
    /// Calls in its line, those for which a seat rings among them.
    pub waiting: usize,
    /// Its seats that are signed in, reachable and not on a break.
    #[serde(default)]
    pub at_work: u64,
    /// How many must be at work now.
    #[serde(default)]
    pub least: u32,
    /// Fewer are there; or nobody, and the group is there at all hours.
    #[serde(default)]
    pub short: bool,
    /// It is in disaster mode.
    #[serde(default)]
    pub disaster: bool,
}

/// One seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatRow {
    /// The seat.
    pub seat: SeatId,
    /// Who is signed in.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// The first of its groups; empty where it is in none.
    #[serde(default)]
    pub group: String,
    /// What it serves at present: the groups of its agent, or its own.
    pub groups: Vec<String>,
    /// Skills of its agent, each with its level.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skills: BTreeMap<SkillId, u8>,
    /// Its state as facts write it.
    pub state: String,
    /// The word on a Chinese screen.
    pub zh: String,
    /// Since when, µs since the epoch.
    #[serde(default)]
    pub since: i64,
    /// When that ends by itself, µs since the epoch: wrap-up, and a pause after calls that rang out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Calls of queues that the agent has answered since he signed in.
    #[serde(default)]
    pub answered: u64,
    /// How long he has talked since then, s.
    #[serde(default)]
    pub talked_s: u64,
    /// Where its phone is.
    pub contact: Option<String>,
    /// Who has given wrong passwords for it lately, and is locked out or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<LockRow>,
}

impl SeatRow {
    /// A call is in its hands: it talks, or holds.
    #[must_use]
    pub fn in_call(&self) -> bool {
        matches!(self.work(), "talking" | "held")
    }

    /// What it does, in the word that facts write, without what is added to it.
    #[must_use]
    pub fn work(&self) -> &str {
        self.state.split(['+', '>']).next().unwrap_or_default()
    }

    /// Its phone cannot be reached.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.state.contains("+lost")
    }
}

/// Why a call waits in its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyRow {
    /// The call.
    pub call: CallRef,
    /// The group.
    pub group: GroupId,
    /// 1 is the head of the line.
    pub position: u32,
    /// The skill that is asked for at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillId>,
    /// Its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Tiers up to this one may have it.
    pub tier: u8,
    /// Between which bounds eight of ten callers would wait, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely_ms: Option<(u32, u32)>,
    /// The group's seats in the order of their turns, those first that lack least: the first is who would be asked next.
    pub seats: Vec<LackRow>,
}

/// What keeps a seat from having a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackRow {
    /// The seat.
    pub seat: SeatId,
    /// Who sits there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// What it lacks, in Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// One caller who is to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackRow {
    /// The call that it comes from.
    pub callback: CallRef,
    /// Whom to call.
    pub number: String,
    /// The number that he dialled.
    pub dialled: String,
    /// The group that he waited in.
    pub group: String,
    /// His place in its line, µs since the epoch.
    pub place: i64,
    /// Why.
    pub why: Missed,
    /// How often he has been called.
    pub tries: u32,
    /// Why he was not reached last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Cause>,
    /// The call that carries it out at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRef>,
}

/// One source of wrong passwords for a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRow {
    /// Its address; of an IPv6 one the first 64 bits.
    pub source: String,
    /// Wrong passwords in a row.
    pub wrong: u32,
    /// It is not listened to for so many seconds more; 0: it is.
    pub left_s: u32,
}

/// One trunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkRow {
    /// The trunk.
    pub trunk: TrunkId,
    /// Where calls to it go.
    pub outbound: Option<String>,
    /// The addresses that calls to it are sent to, the preferred ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetRow>,
    /// One of them answers OPTIONS, or is never asked.
    pub up: bool,
    /// Calls on it that we sent.
    pub calls: usize,
    /// Our registration there, where the trunk asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationRow>,
}

/// One address that calls to a trunk are sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRow {
    /// `udp`, `tcp`, `tls`.
    pub transport: String,
    /// The address.
    pub address: std::net::SocketAddr,
    /// It answers OPTIONS, or is never asked.
    pub up: bool,
}

impl TargetRow {
    pub(super) fn of(target: &crate::sip::locate::Target, up: bool) -> Self {
        Self { transport: target.transport.word().to_owned(), address: target.address, up }
    }
}

/// Our registration at a trunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationRow {
    /// How it stands.
    pub state: RegistrationState,
    /// What the last attempt was refused with, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The other side has us for so many seconds more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_s: Option<u32>,
    /// It is tried or renewed in so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_s: Option<u32>,
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// The other side has us, and the last attempt went well.
    Registered,
    /// It has us still, but does not renew it.
    Failing,
    /// It has never answered yet.
    Asking,
    /// It gives no answer.
    Silent,
    /// It refuses us.
    Refused,
}

impl RegistrationRow {
    pub(super) fn of(standing: Standing) -> Self {
        let Standing { left, fault, next } = standing;
        let state = match (left, fault) {
            (Some(_), None) => RegistrationState::Registered,
            (Some(_), Some(_)) => RegistrationState::Failing,
            (None, None) => RegistrationState::Asking,
            (None, Some(Fault::Silent)) => RegistrationState::Silent,
            (None, Some(Fault::Status(_))) => RegistrationState::Refused,
        };
        let status = match fault {
            Some(Fault::Status(status)) => Some(status),
            Some(Fault::Silent) | None => None,
        };
        let seconds = |micros: u64| u32::try_from(micros.div_ceil(SECOND)).unwrap_or(u32::MAX);
        Self { state, status, left_s: left.map(seconds), next_s: next.map(seconds) }
    }
}

impl LockRow {
    pub(super) fn of(held: Held) -> Self {
        let left_s = u32::try_from(held.left.div_ceil(SECOND)).unwrap_or(u32::MAX);
        Self { source: held.source.to_string(), wrong: held.wrong, left_s }
    }
}

impl TransferRow {
    /// Takes a fact of the call into its transfers.
    pub(super) fn fold(rows: &mut Vec<Self>, fact: &Fact) {
        match fact {
            Fact::TransferAsked { transfer, to, title, way, .. } => {
                if rows.len() >= MAX_TRANSFERS {
                    rows.remove(0);
                }
                rows.push(Self {
                    transfer: *transfer,
                    to: to.clone(),
                    title: title.clone(),
                    way: *way,
                    rang: false,
                    result: None,
                    cause: None,
                    seen: String::new(),
                });
            }
            Fact::TransferRinging { transfer, .. } => {
                rows.iter_mut().filter(|r| r.transfer == *transfer).for_each(|r| r.rang = true);
            }
            Fact::TransferEnded { transfer, result, cause } => {
                let ended = rows.iter_mut().filter(|r| r.transfer == *transfer);
                let seen = cause.map_or("", crate::call::cause::seen);
                ended.for_each(|r| (r.result, r.cause, r.seen) = (Some(*result), *cause, seen.to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Brief;

    #[test]
    fn of_a_call_with_transfers_without_end_the_last_are_shown() {
        let mut rows = Vec::new();
        for transfer in 1..=1_000 {
            let asked = Fact::TransferAsked {
                transfer,
                by: LegRef(1),
                to: "12366".into(),
                title: String::new(),
                way: Way::ThreeWay,
                emergency: false,
                ordered_by: String::new(),
                brief: Brief::default(),
            };
            TransferRow::fold(&mut rows, &asked);
            let result = TransferResult::Cancelled;
            TransferRow::fold(&mut rows, &Fact::TransferEnded { transfer, result, cause: None });
        }
        assert_eq!((rows.len(), rows.first().map(|r| r.transfer)), (MAX_TRANSFERS, Some(1_000 - 255)));
        assert_eq!(rows.last().map(|r| (r.transfer, r.result)), Some((1_000, Some(TransferResult::Cancelled))));
    }
}
