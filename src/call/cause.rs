//! One table: SIP status ↔ Q.850 cause ↔ [`Cause`] ↔ [`Outcome`] ↔ what an agent hears and sees. Service codes are chosen here and
//! nowhere else.
//!
//! After RFC 3398 §7.2.4.1 and §8.2.6.1, ITU-T Q.850, RFC 6432; tones after GB/T 3380.

use crate::fact::{Cause, Outcome};
use crate::patch::Tone;

/// One cause.
struct Row {
    cause: Cause,
    /// What we send a caller who has no final response yet.
    status: u16,
    /// Beside it, in Reason.
    q850: u8,
    /// How a call that came to nothing by it is counted.
    outcome: Outcome,
    /// What an agent hears for a moment when a transfer of his failed so.
    heard: Tone,
    /// What his screen says.
    seen: &'static str,
}

const fn line(cause: Cause, status: u16, q850: u8, outcome: Outcome, heard: Tone, seen: &'static str) -> Row {
    Row { cause, status, q850, outcome, heard, seen }
}

const TABLE: [Row; 23] = [
    line(Cause::Normal, 480, 16, Outcome::Failed, Tone::Busy, "挂机"),
    line(Cause::Busy, 486, 17, Outcome::Busy, Tone::Busy, "忙"),
    line(Cause::NoAnswer, 480, 19, Outcome::NoAnswer, Tone::Busy, "无人接听"),
    line(Cause::Unreachable, 480, 20, Outcome::Unreachable, Tone::Congestion, "无法接通"),
    line(Cause::Rejected, 403, 21, Outcome::NoAnswer, Tone::Busy, "拒接"),
    line(Cause::NumberChanged, 410, 22, Outcome::CancelledNumber, Tone::Congestion, "改号"),
    line(Cause::Unallocated, 404, 1, Outcome::Refused, Tone::Congestion, "空号"),
    line(Cause::InvalidNumber, 484, 28, Outcome::Refused, Tone::Congestion, "号码不全"),
    line(Cause::Congestion, 503, 34, Outcome::Unreachable, Tone::Congestion, "线路忙"),
    line(Cause::Forbidden, 403, 57, Outcome::Refused, Tone::Congestion, "未授权"),
    line(Cause::Media, 488, 88, Outcome::Failed, Tone::Congestion, "媒体不符"),
    line(Cause::Timeout, 504, 102, Outcome::Unreachable, Tone::Congestion, "超时"),
    line(Cause::Loop, 482, 25, Outcome::Refused, Tone::Congestion, "环路"),
    line(Cause::Lost, 480, 27, Outcome::Unreachable, Tone::Congestion, "掉线"),
    line(Cause::NoSeat, 480, 20, Outcome::NoAnswer, Tone::Congestion, "无坐席签入"),
    line(Cause::WaitedLong, 480, 19, Outcome::NoAnswer, Tone::Busy, "等待超限"),
    line(Cause::CallerGone, 487, 16, Outcome::Abandoned, Tone::Busy, "已取消"),
    line(Cause::Elsewhere, 480, 26, Outcome::NoAnswer, Tone::Busy, "他处已接"),
    line(Cause::Shed, 503, 42, Outcome::Shed, Tone::Congestion, "过载"),
    line(Cause::Disaster, 480, 27, Outcome::NoAnswer, Tone::Congestion, "应急模式"),
    line(Cause::CalledBack, 480, 16, Outcome::Callback, Tone::Busy, "预约回电"),
    line(Cause::Served, 480, 16, Outcome::Served, Tone::Busy, "已办理"),
    line(Cause::Internal, 500, 41, Outcome::Failed, Tone::Congestion, "故障"),
];

fn row(cause: Cause) -> &'static Row {
    TABLE.iter().find(|r| r.cause == cause).unwrap_or(&TABLE[TABLE.len() - 1])
}

/// What a caller who has no final response yet is sent: SIP status and Q.850 cause.
#[must_use]
pub fn to_sip(cause: Cause) -> (u16, u8) {
    let row = row(cause);
    (row.status, row.q850)
}

/// How a call that ended for this cause, without anybody connected, is counted.
#[must_use]
pub fn outcome(cause: Cause) -> Outcome {
    row(cause).outcome
}

/// The cause behind a final status of the other side.
#[must_use]
pub const fn from_status(status: u16) -> Cause {
    match status {
        404 | 604 => Cause::Unallocated,
        410 => Cause::NumberChanged,
        416 | 484 | 485 => Cause::InvalidNumber,
        401 | 402 | 403 | 407 => Cause::Forbidden,
        408 | 504 => Cause::Timeout,
        480 => Cause::NoAnswer,
        486 | 600 => Cause::Busy,
        482 | 483 => Cause::Loop,
        415 | 488 | 606 => Cause::Media,
        487 => Cause::CallerGone,
        603 => Cause::Rejected,
        502 | 503 => Cause::Congestion,
        300..=399 => Cause::Rejected,
        _ => Cause::Internal,
    }
}

/// The cause behind a Q.850 value, where it says more than the status did.
#[must_use]
pub const fn from_q850(value: u8) -> Option<Cause> {
    Some(match value {
        1 => Cause::Unallocated,
        16 | 31 => Cause::Normal,
        17 => Cause::Busy,
        18 | 20 => Cause::Unreachable,
        19 => Cause::NoAnswer,
        21 => Cause::Rejected,
        22 => Cause::NumberChanged,
        25 => Cause::Loop,
        26 => Cause::Elsewhere,
        27 | 38 => Cause::Lost,
        28 => Cause::InvalidNumber,
        34 | 42 | 44 | 47 => Cause::Congestion,
        41 => Cause::Internal,
        50 | 55 | 57 => Cause::Forbidden,
        65 | 79 | 88 => Cause::Media,
        102 => Cause::Timeout,
        _ => return None,
    })
}

/// The cause behind what our own script releases with. From us a 42 is overload, from another side it is its congestion.
#[must_use]
pub fn said(status: u16, q850: u8) -> Cause {
    if (status, q850) == to_sip(Cause::Shed) {
        return Cause::Shed;
    }
    from_q850(q850).unwrap_or_else(|| from_status(status))
}

/// The cause of a failed leg: what its Reason says, else its status.
#[must_use]
pub fn of_failure(status: u16, q850: Option<u8>) -> Cause {
    match q850.and_then(from_q850) {
        Some(Cause::Normal) | None => from_status(status),
        Some(cause) => cause,
    }
}

/// The cause as a seat's screen says it.
#[must_use]
pub fn seen(cause: Cause) -> &'static str {
    row(cause).seen
}

/// What an agent hears for a moment when his transfer failed so.
#[must_use]
pub fn heard(cause: Cause) -> Tone {
    row(cause).heard
}

/// The Reason lines of a BYE, CANCEL or final response (RFC 3326, RFC 6432).
#[must_use]
pub fn reason_line(q850: u8) -> String {
    format!("Reason: Q.850;cause={q850};text=\"{}\"\r\n", q850_text(q850))
}

/// The Reason line of a CANCEL or BYE that ends a leg for this cause.
#[must_use]
pub fn leg_reason(cause: Cause) -> String {
    match cause {
        // RFC 3326 §3.1: told apart so that a phone does not list it as a missed call.
        Cause::Elsewhere => "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n".into(),
        Cause::CallerGone => reason_line(16),
        cause => reason_line(row(cause).q850),
    }
}

const fn q850_text(q850: u8) -> &'static str {
    match q850 {
        1 => "Unallocated number",
        16 => "Normal call clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "No answer from user",
        20 => "Subscriber absent",
        21 => "Call rejected",
        22 => "Number changed",
        25 => "Exchange routing error",
        26 => "Non-selected user clearing",
        27 => "Destination out of order",
        28 => "Invalid number format",
        34 => "No circuit available",
        41 => "Temporary failure",
        42 => "Switching equipment congestion",
        57 => "Bearer capability not authorized",
        88 => "Incompatible destination",
        102 => "Recovery on timer expiry",
        _ => "Interworking, unspecified",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses that RFC 3261 §21 names.
    fn reason_known(status: u16) -> bool {
        !matches!(status, 306..=379 | 381..=399 | 411 | 412 | 417..=419 | 424..=479 | 490 | 492..=499 | 506..=512 | 514..=599)
            && !matches!(status, 303 | 304 | 601 | 602 | 605 | 607..=699)
    }

    #[test]
    fn every_cause_has_one_row_and_maps_back_to_a_failure() {
        let mut table =
            String::from("cause | status of ours | Q.850 | counted as | heard | seen | statuses and Q.850 of theirs\n");
        for (i, row) in TABLE.iter().enumerate() {
            let cause = row.cause;
            assert!(TABLE[..i].iter().all(|r| r.cause != cause));
            let statuses = (300..700).filter(|s| from_status(*s) == cause && reason_known(*s)).map(|s| s.to_string());
            let values = (1..=127).filter(|q| from_q850(*q) == Some(cause)).map(|q| format!("q{q}"));
            let theirs: Vec<_> = statuses.chain(values).collect();
            let Row { status, q850, outcome, heard, seen, .. } = row;
            table +=
                &format!("{cause:?} | {status} | {q850} | {outcome:?} | {heard:?} | {seen} | {}\n", theirs.join(" "));
        }
        insta::assert_snapshot!(table);
        assert_eq!(to_sip(Cause::NumberChanged), (410, 22));
        assert_eq!(of_failure(480, Some(19)), Cause::NoAnswer);
        assert_eq!(of_failure(486, Some(16)), Cause::Busy);
        assert_eq!(of_failure(503, None), Cause::Congestion);
    }
}
