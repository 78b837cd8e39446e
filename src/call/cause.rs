//! One table: SIP status ↔ Q.850 cause ↔ [`Cause`] ↔ [`Outcome`]. Service codes are chosen here and nowhere else.
//!
//! After RFC 3398 §7.2.4.1 and §8.2.6.1, ITU-T Q.850 and RFC 6432.

use crate::fact::{Cause, Outcome};

/// Rows: cause, status we send, Q.850 value we send, how the call counts.
const TABLE: [(Cause, u16, u8, Outcome); 20] = [
    (Cause::Normal, 480, 16, Outcome::Failed),
    (Cause::Busy, 486, 17, Outcome::Busy),
    (Cause::NoAnswer, 480, 19, Outcome::NoAnswer),
    (Cause::Unreachable, 480, 20, Outcome::Unreachable),
    (Cause::Rejected, 403, 21, Outcome::NoAnswer),
    (Cause::NumberChanged, 410, 22, Outcome::CancelledNumber),
    (Cause::Unallocated, 404, 1, Outcome::Refused),
    (Cause::InvalidNumber, 484, 28, Outcome::Refused),
    (Cause::Congestion, 503, 34, Outcome::Unreachable),
    (Cause::Forbidden, 403, 57, Outcome::Refused),
    (Cause::Media, 488, 88, Outcome::Failed),
    (Cause::Timeout, 504, 102, Outcome::Unreachable),
    (Cause::Loop, 482, 25, Outcome::Refused),
    (Cause::Lost, 480, 27, Outcome::Unreachable),
    (Cause::NoSeat, 480, 20, Outcome::NoAnswer),
    (Cause::WaitedLong, 480, 19, Outcome::NoAnswer),
    (Cause::CallerGone, 487, 16, Outcome::Abandoned),
    (Cause::Elsewhere, 480, 26, Outcome::NoAnswer),
    (Cause::Shed, 503, 42, Outcome::Shed),
    (Cause::Internal, 500, 41, Outcome::Failed),
];

fn row(cause: Cause) -> &'static (Cause, u16, u8, Outcome) {
    TABLE.iter().find(|r| r.0 == cause).unwrap_or(&TABLE[TABLE.len() - 1])
}

/// What a caller who has no final response yet is sent: SIP status and Q.850 cause.
#[must_use]
pub fn to_sip(cause: Cause) -> (u16, u8) {
    let (_, status, q850, _) = row(cause);
    (*status, *q850)
}

/// How a call that ended for this cause, without anybody connected, is counted.
#[must_use]
pub fn outcome(cause: Cause) -> Outcome {
    row(cause).3
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
pub const fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::Normal => "挂机",
        Cause::Busy => "忙",
        Cause::NoAnswer | Cause::WaitedLong => "无人接听",
        Cause::Unreachable | Cause::Timeout | Cause::Lost => "无法接通",
        Cause::Rejected => "拒接",
        Cause::NumberChanged => "改号",
        Cause::Unallocated | Cause::InvalidNumber => "空号",
        Cause::Congestion | Cause::Shed => "线路忙",
        Cause::Forbidden => "未授权",
        Cause::Media => "媒体不符",
        Cause::Loop => "环路",
        Cause::NoSeat => "无坐席",
        Cause::CallerGone => "已取消",
        Cause::Elsewhere => "他处已接",
        Cause::Internal => "故障",
    }
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
        cause => reason_line(row(cause).2),
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

    #[test]
    fn every_cause_has_one_row_and_maps_back_to_a_failure() {
        for (i, (cause, status, q850, _)) in TABLE.iter().enumerate() {
            assert!(TABLE[..i].iter().all(|r| r.0 != *cause));
            assert!((400..700).contains(status), "{cause:?}");
            assert!((1..=127).contains(q850), "{cause:?}");
        }
        assert_eq!(to_sip(Cause::NumberChanged), (410, 22));
        assert_eq!(of_failure(480, Some(19)), Cause::NoAnswer);
        assert_eq!(of_failure(486, Some(16)), Cause::Busy);
        assert_eq!(of_failure(503, None), Cause::Congestion);
    }
}
