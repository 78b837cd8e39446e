//! The orders about a live call: their words in the address, and what each reads from its body.

use super::body::Fields;
use super::fault::Fault;
use crate::access::Right;
use crate::admin::{NAME, NOTE};
use crate::exchange::{Command, SeatSet, Verb};
use crate::fact::{Brief, Supervision, Way};
use crate::id::{AgentId, CallRef, GroupId, SeatId};
use axum::http::StatusCode;

/// Longest seat, characters.
const SEAT: usize = 16;
/// Keys at a time.
const KEYS: usize = 32;

const WAYS: [(&str, Way); 4] =
    [("on_answer", Way::OnAnswer), ("three_way", Way::ThreeWay), ("consult", Way::Consult), ("blind", Way::Blind)];
const TAPE: [(&str, Verb); 3] = [("start", Verb::Record), ("pause", Verb::Pause), ("continue", Verb::Continue)];

/// An order by its word in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// 三方.
    ThreeWay,
    /// 转接, in a way of the body's.
    Transfer,
    /// Nothing but who and why.
    Plain(Verb),
    /// Mute, or its end.
    Mute,
    /// 班长.
    Supervise(Supervision),
    /// 录音.
    Record,
    /// A seat's own leg ends.
    Release,
    /// Keys towards whomever a seat talks to.
    Digits,
}

impl Action {
    /// Every word.
    pub const ALL: [(&'static str, Self); 19] = [
        ("three-way", Self::ThreeWay),
        ("transfer", Self::Transfer),
        ("hold", Self::Plain(Verb::Hold)),
        ("resume", Self::Plain(Verb::Resume)),
        ("mute", Self::Mute),
        ("leave", Self::Plain(Verb::Leave)),
        ("cancel", Self::Plain(Verb::Cancel)),
        ("swap", Self::Plain(Verb::Swap)),
        ("together", Self::Plain(Verb::Together)),
        ("back", Self::Plain(Verb::Back)),
        ("monitor", Self::Supervise(Supervision::Listen)),
        ("whisper", Self::Supervise(Supervision::Whisper)),
        ("barge", Self::Supervise(Supervision::Barge)),
        ("takeover", Self::Supervise(Supervision::TakeOver)),
        ("dismiss", Self::Plain(Verb::Dismiss)),
        ("survey", Self::Plain(Verb::Survey)),
        ("record", Self::Record),
        ("release", Self::Release),
        ("digits", Self::Digits),
    ];

    /// What one must be allowed.
    #[must_use]
    pub fn right(self) -> Right {
        match self {
            Self::Supervise(_) | Self::Plain(Verb::Dismiss) => Right::Supervise,
            Self::ThreeWay
            | Self::Transfer
            | Self::Plain(_)
            | Self::Mute
            | Self::Record
            | Self::Release
            | Self::Digits => Right::Order,
        }
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, action)| *action == self).map_or("", |(word, _)| word)
    }

    /// It goes on after its answer, so that a client may wait for the end.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Self::ThreeWay | Self::Transfer)
    }

    /// What the exchange is told by a request's body. `by` is who orders as the header says; the body's own comes first.
    ///
    /// # Errors
    /// 400 when the body is no JSON object, 422 with the field.
    pub fn command(self, call: CallRef, body: &[u8], by: String) -> Result<Command, Fault> {
        let mut fields = Fields::read(body)?;
        let named = fields.text("by", NAME)?;
        let by = if named.is_empty() { by } else { named };
        let command = match self {
            Self::ThreeWay => reach(call, &mut fields, Way::ThreeWay, by)?,
            Self::Transfer => {
                let way = fields.word("way", &WAYS, Some(Way::OnAnswer))?;
                reach(call, &mut fields, way, by)?
            }
            Self::Plain(verb) => Command::Conference { call, verb, by, why: fields.text("why", NOTE)? },
            Self::Mute => {
                let verb = if fields.flag("muted", true)? { Verb::Mute } else { Verb::Unmute };
                Command::Conference { call, verb, by, why: fields.text("why", NOTE)? }
            }
            Self::Supervise(mode) => {
                let seat = SeatId::from(fields.required("seat", SEAT)?);
                Command::Supervise { call, seat, mode, by, why: fields.required("why", NOTE)?, granted: false }
            }
            Self::Release | Self::Digits => {
                let seat = Some(fields.text("seat", SEAT)?).filter(|seat| !seat.is_empty()).map(SeatId::from);
                match self {
                    Self::Digits => Command::Digits { call, seat, digits: keys(&mut fields)?, by },
                    _ => Command::Release { call, seat, by },
                }
            }
            Self::Record => {
                let verb = fields.word("do", &TAPE, None)?;
                Command::Conference { call, verb, by, why: fields.text("why", NOTE)? }
            }
        };
        fields.finish()?;
        Ok(command)
    }
}

/// An order about a seat: `agent` signs in, `state` is set; one of them stands there.
///
/// # Errors
/// As [`Action::command`].
pub(super) fn set(seat: SeatId, body: &[u8], by: String) -> Result<Command, Fault> {
    let mut fields = Fields::read(body)?;
    let named = fields.text("by", NAME)?;
    let by = if named.is_empty() { by } else { named };
    let agent = Some(fields.text("agent", SEAT)?).filter(|agent| !agent.is_empty()).map(AgentId::from);
    let words = SeatSet::ALL.map(|state| (state.word(), Some(state)));
    // Without an agent there is a state.
    let state = fields.word("state", &words, agent.is_some().then_some(None))?;
    let reason = fields.text("reason", NAME)?;
    fields.finish()?;
    Ok(Command::Seat { seat, agent, state, reason, by })
}

/// Disaster mode of a group: `disaster` is `on` or `off`; `reason` may be left out.
///
/// # Errors
/// As [`Action::command`].
pub(super) fn disaster(group: GroupId, body: &[u8], by: String) -> Result<Command, Fault> {
    let mut fields = Fields::read(body)?;
    let named = fields.text("by", NAME)?;
    let on = fields.word("disaster", &[("on", true), ("off", false)], None)?;
    let reason = fields.text("reason", NOTE)?;
    fields.finish()?;
    Ok(Command::Disaster { group, on, by: if named.is_empty() { by } else { named }, reason })
}

/// Who calls one back: `seat`.
///
/// # Errors
/// As [`Action::command`].
pub(super) fn take(callback: CallRef, body: &[u8], by: String) -> Result<Command, Fault> {
    let mut fields = Fields::read(body)?;
    let named = fields.text("by", NAME)?;
    let seat = SeatId::from(fields.required("seat", SEAT)?);
    fields.finish()?;
    Ok(Command::TakeCallback { callback, seat, by: if named.is_empty() { by } else { named } })
}

/// What came of one: `note`, which may be left out.
///
/// # Errors
/// As [`Action::command`].
pub(super) fn end(callback: CallRef, body: &[u8], by: String) -> Result<Command, Fault> {
    let mut fields = Fields::read(body)?;
    let named = fields.text("by", NAME)?;
    let note = fields.text("note", NOTE)?;
    fields.finish()?;
    Ok(Command::EndCallback { callback, by: if named.is_empty() { by } else { named }, note })
}

/// Keys of a telephone.
fn keys(fields: &mut Fields) -> Result<String, Fault> {
    let digits = fields.required("digits", KEYS)?;
    if digits.chars().all(|key| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')) {
        return Ok(digits);
    }
    let (zh, en) =
        (format!("digits 应为 1 到 {KEYS} 个 0-9 * # A-D"), format!("digits are 1 to {KEYS} of 0-9 * # A-D"));
    Err(Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, "digits", (zh, en)))
}

fn reach(call: CallRef, fields: &mut Fields, way: Way, by: String) -> Result<Command, Fault> {
    let to = fields.number("to")?;
    let brief = Brief { reason: fields.text("reason", NOTE)?, location: fields.text("location", NOTE)? };
    Ok(Command::Transfer { call, to, way, brief, by })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallRef = CallRef(7);

    fn read(word: &str, body: &str) -> Result<Command, Fault> {
        let (_, action) = Action::ALL.into_iter().find(|(w, _)| *w == word).unwrap();
        action.command(CALL, body.as_bytes(), "张三".into())
    }

    fn conference(verb: Verb, by: &str, why: &str) -> Command {
        Command::Conference { call: CALL, verb, by: by.into(), why: why.into() }
    }

    #[test]
    fn each_word_is_its_command() {
        let transfer = |way, reason: &str, by: &str| Command::Transfer {
            call: CALL,
            to: "12366".into(),
            way,
            brief: Brief { reason: reason.into(), location: String::new() },
            by: by.into(),
        };
        assert_eq!(read("three-way", r#"{"to":"12366"}"#).unwrap(), transfer(Way::ThreeWay, "", "张三"));
        assert_eq!(read("transfer", r#"{"to":"12366"}"#).unwrap(), transfer(Way::OnAnswer, "", "张三"));
        let blind = r#"{"to":"12366","way":"blind","reason":"个税","by":"李四"}"#;
        assert_eq!(read("transfer", blind).unwrap(), transfer(Way::Blind, "个税", "李四"));
        let plain = [
            ("hold", Verb::Hold),
            ("resume", Verb::Resume),
            ("leave", Verb::Leave),
            ("cancel", Verb::Cancel),
            ("swap", Verb::Swap),
            ("together", Verb::Together),
            ("back", Verb::Back),
            ("dismiss", Verb::Dismiss),
            ("survey", Verb::Survey),
        ];
        for (word, verb) in plain {
            assert_eq!(read(word, "").unwrap(), conference(verb, "张三", ""), "{word}");
            assert_eq!(read(word, r#"{"why":"x"}"#).unwrap(), conference(verb, "张三", "x"), "{word}");
        }
        assert_eq!(read("mute", "{}").unwrap(), conference(Verb::Mute, "张三", ""));
        assert_eq!(read("mute", r#"{"muted":false}"#).unwrap(), conference(Verb::Unmute, "张三", ""));
        for (word, verb) in [("start", Verb::Record), ("pause", Verb::Pause), ("continue", Verb::Continue)] {
            let body = format!(r#"{{"do":"{word}","why":"证件号"}}"#);
            assert_eq!(read("record", &body).unwrap(), conference(verb, "张三", "证件号"));
        }
        let modes = [
            ("monitor", Supervision::Listen),
            ("whisper", Supervision::Whisper),
            ("barge", Supervision::Barge),
            ("takeover", Supervision::TakeOver),
        ];
        for (word, mode) in modes {
            let command = read(word, r#"{"seat":"8050","why":"投诉"}"#).unwrap();
            let (seat, by, why) = ("8050".into(), "张三".into(), "投诉".into());
            assert_eq!(command, Command::Supervise { call: CALL, seat, mode, by, why, granted: false });
        }
    }

    #[test]
    fn a_seat_is_set_by_an_agent_or_a_state() {
        let read = |body: &str| set("8041".into(), body.as_bytes(), "王班长".into());
        let command = |agent: Option<&str>, state, reason: &str| Command::Seat {
            seat: "8041".into(),
            agent: agent.map(Into::into),
            state,
            reason: reason.into(),
            by: "王班长".into(),
        };
        let break_ = Some(SeatSet::Break);
        assert_eq!(
            read(r#"{"agent":"8041","state":"ready"}"#).unwrap(),
            command(Some("8041"), Some(SeatSet::Ready), "")
        );
        assert_eq!(read(r#"{"agent":"8041"}"#).unwrap(), command(Some("8041"), None, ""));
        assert_eq!(read(r#"{"state":"break","reason":"用餐"}"#).unwrap(), command(None, break_, "用餐"));
        assert_eq!(read(r#"{"state":"wrap-up"}"#).unwrap(), command(None, Some(SeatSet::WrapUp), ""));
        for (body, field) in [("{}", "state"), (r#"{"state":"away"}"#, "state"), (r#"{"agent":"8041","x":1}"#, "x")] {
            let fault = read(body).unwrap_err();
            assert_eq!((fault.status.as_u16(), fault.field.as_deref()), (422, Some(field)), "{body}");
        }
    }

    #[test]
    fn what_is_missing_wrong_or_unknown_is_named() {
        let cases = [
            ("three-way", "{}", "to"),
            ("three-way", r#"{"to":"12366","way":"blind"}"#, "way"),
            ("transfer", r#"{"to":12366}"#, "to"),
            ("transfer", r#"{"to":"12366","way":"attended"}"#, "way"),
            ("monitor", r#"{"why":"x"}"#, "seat"),
            ("barge", r#"{"seat":"8050"}"#, "why"),
            ("takeover", r#"{"seat":"8050","why":" "}"#, "why"),
            ("record", "{}", "do"),
            ("record", r#"{"do":"stop"}"#, "do"),
            ("mute", r#"{"muted":1}"#, "muted"),
            ("hold", r#"{"to":"12366"}"#, "to"),
            ("hold", r#"{"by":["x"]}"#, "by"),
        ];
        for (word, body, field) in cases {
            let fault = read(word, body).unwrap_err();
            assert_eq!((fault.status.as_u16(), fault.field.as_deref()), (422, Some(field)), "{word} {body}");
        }
    }
}
