//! Why an order about a live call was not carried out, in the same words at every door: Chinese and English.

use crate::call::{Conflict, Unfit};
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

/// Why an order about a seat was not carried out.
#[must_use]
pub const fn unfit_words(why: Unfit) -> (&'static str, &'static str) {
    match why {
        Unfit::NoSeat => ("没有这个坐席", "there is no such seat"),
        Unfit::NotHim => ("没有这个工号，或密码不对", "there is no such person, or the PIN is wrong"),
        Unfit::Locked => ("密码连续错误，暂时不受理", "too many wrong PINs: not listened to for a while"),
        Unfit::Elsewhere => ("此人正在另一个坐席通话", "the person is in a call at another seat"),
        Unfit::Taken => ("坐席上另有他人，且手上有来电", "somebody else is signed in there and has a call in hand"),
        Unfit::Nobody => ("坐席没有签入，或签入的是别人", "nobody is signed in there, or somebody else"),
        Unfit::NotNow => ("坐席此刻的状态不允许", "what the seat does now does not allow it"),
    }
}

/// Why a call-back was not taken or closed.
#[must_use]
pub const fn callback_words(why: Conflict) -> (&'static str, &'static str) {
    match why {
        Conflict::SeatBusy => ("坐席话机忙或不在线", "the seat's phone is busy or cannot be reached"),
        _ => ("正在回电，或不在回电时段", "it is under way, or nobody is called back at this hour"),
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
