//! One word for each thing of a closed list.

use crate::fact::{Cause, Fact, Lang, Longer, Origin, Outcome, Party, Service, Target};
use crate::ledger::fold::Phase;

/// An outcome in a word.
#[must_use]
pub const fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Connected => lang.of("接通", "connected"),
        Outcome::AbandonedInPrompt => lang.of("提示音中挂机", "gave up in prompt"),
        Outcome::Abandoned => lang.of("等待中放弃", "abandoned"),
        Outcome::Callback => lang.of("预约回电", "call-back"),
        Outcome::Served => lang.of("已办理", "served"),
        Outcome::CancelledNumber => lang.of("号码已取消", "number cancelled"),
        Outcome::Refused => lang.of("拒绝", "refused"),
        Outcome::NoAnswer => lang.of("无人接听", "no answer"),
        Outcome::Busy => lang.of("忙", "busy"),
        Outcome::Unreachable => lang.of("不可达", "unreachable"),
        Outcome::Shed => lang.of("过载拒接", "shed"),
        Outcome::Failed => lang.of("故障", "failed"),
        Outcome::Interrupted => lang.of("系统中断", "interrupted"),
    }
}

/// A cause in a word.
#[must_use]
pub const fn cause(cause: Cause, lang: Lang) -> &'static str {
    match cause {
        Cause::Normal => lang.of("正常", "normal"),
        Cause::Busy => lang.of("忙", "busy"),
        Cause::NoAnswer => lang.of("无人接听", "no answer"),
        Cause::Unreachable => lang.of("不可达", "unreachable"),
        Cause::Rejected => lang.of("被拒接", "rejected"),
        Cause::NumberChanged => lang.of("号码已改", "number changed"),
        Cause::Unallocated => lang.of("空号", "no such number"),
        Cause::InvalidNumber => lang.of("号码无效", "invalid number"),
        Cause::Congestion => lang.of("拥塞", "congestion"),
        Cause::Forbidden => lang.of("无权呼叫", "not allowed"),
        Cause::Media => lang.of("媒体不兼容", "no common codec"),
        Cause::Timeout => lang.of("超时", "timeout"),
        Cause::Loop => lang.of("环路", "loop"),
        Cause::Lost => lang.of("掉线", "lost"),
        Cause::NoSeat => lang.of("无坐席签入", "no seat signed in"),
        Cause::Disaster => lang.of("应急模式", "disaster mode"),
        Cause::WaitedLong => lang.of("等待超限", "waited too long"),
        Cause::CallerGone => lang.of("主叫已挂机", "caller gone"),
        Cause::Elsewhere => lang.of("他处已接", "taken elsewhere"),
        Cause::CalledBack => lang.of("预约回电", "to be called back"),
        Cause::Served => lang.of("已办理", "served"),
        Cause::Shed => lang.of("过载", "overload"),
        Cause::Internal => lang.of("内部错误", "internal error"),
    }
}

/// A side of the call.
#[must_use]
pub const fn party(party: Party, lang: Lang) -> &'static str {
    match party {
        Party::Caller => lang.of("主叫", "caller"),
        Party::Callee => lang.of("被叫", "callee"),
        Party::Switch => lang.of("交换机", "switch"),
    }
}

/// What a call is counted under.
#[must_use]
pub const fn service(service: Service, lang: Lang) -> &'static str {
    match service {
        Service::Hotline => lang.of("热线", "hotline"),
        Service::Cancelled => lang.of("已取消号码", "cancelled number"),
        Service::Emergency => lang.of("紧急", "emergency"),
        Service::Internal => lang.of("内部", "internal"),
        Service::Refused => lang.of("拒绝", "refused"),
    }
}

/// What goes on in a live call.
#[must_use]
pub fn phase(phase: &Phase<'_>, lang: Lang) -> String {
    match phase {
        Phase::Routing => lang.of("处理中", "routing").to_owned(),
        Phase::Prompt(played) => format!("{} {}", lang.of("放音", "prompt"), played.prompt),
        Phase::Waiting(group) => format!("{} {group}", lang.of("排队", "waiting in")),
        Phase::Ringing(whom) => format!("{} {}", lang.of("振铃", "ringing"), target(whom, lang)),
        Phase::Talking(whom) => format!("{} {}", lang.of("通话", "talking to"), target(whom, lang)),
    }
}

/// Whence a call came.
#[must_use]
pub fn origin(origin: &Origin, lang: Lang) -> String {
    match origin {
        Origin::Trunk(trunk) => format!("{} {trunk}", lang.of("中继", "trunk")),
        Origin::Seat(seat) => format!("{} {seat}", lang.of("坐席", "seat")),
    }
}

/// Whom a leg was sent to.
#[must_use]
pub fn target(target: &Target, lang: Lang) -> String {
    match target {
        Target::Seat(seat) => format!("{} {seat}", lang.of("坐席", "seat")),
        Target::Trunk { trunk, number } => {
            format!("{} {trunk} → {number}", lang.of("中继", "trunk"))
        }
    }
}

/// Who ordered something; nothing for the agent himself.
pub(super) fn ordered(by: &str, lang: Lang) -> String {
    if by.is_empty() { String::new() } else { format!(" · {} {by}", lang.of("下令", "ordered by")) }
}

/// Facts that belong to no call print as they stand in the journal.
pub(super) fn of_nobody(fact: &Fact) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}

/// Why a caller waits longer than he was told.
pub(super) fn longer(why: Longer, lang: Lang) -> &'static str {
    match why {
        Longer::FewerSeats => lang.of("坐席减少", "fewer seats"),
        Longer::Overtaken => lang.of("有优先来电", "a call with precedence came"),
        Longer::LongTalks => lang.of("通话较长", "talks last longer"),
    }
}
