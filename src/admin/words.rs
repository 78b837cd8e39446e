//! Why an order about a live call was not carried out, in the same words at every door: Chinese and English.

use crate::call::Conflict;
use crate::id::CallRef;

/// Why not now.
#[must_use]
pub const fn conflict_words(why: Conflict) -> (&'static str, &'static str) {
    match why {
        Conflict::NoTalk => ("此刻没有坐席与来电人通话", "no agent talks to the caller at present"),
        Conflict::NotTheAgent => ("不是这个通话的坐席", "not the agent of this talk"),
        Conflict::Busy => ("已经有第三方，或正在呼叫", "a third party is there already, or being called"),
        Conflict::Nobody => ("没有第三方", "there is no third party"),
        Conflict::Already => ("已经如此", "it is so already"),
        Conflict::SeatBusy => ("坐席话机忙或不在线", "the seat's phone is busy or cannot be reached"),
        Conflict::NotRecorded => ("此通话不录音", "the call is not recorded"),
    }
}

/// The call is not live.
#[must_use]
pub fn unknown_words(call: CallRef) -> (String, String) {
    (format!("没有进行中的通话 {call}"), format!("there is no live call {call}"))
}

/// The number is in no directory.
#[must_use]
pub fn unreachable_words(to: &str) -> (String, String) {
    (format!("{to} 不在可转接的号码之中"), format!("{to} is not in the directory of transfers"))
}

/// The seat may not do that.
#[must_use]
pub const fn forbidden_words() -> (&'static str, &'static str) {
    (
        "这个坐席不是该通话所在坐席组的班长：见配置 [[seats]] supervises",
        "this seat is no supervisor of the call's group: see supervises in [[seats]] of the configuration",
    )
}
