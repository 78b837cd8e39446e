//! The words of the closed lists, as they stand on screens: Chinese first.

mod recording;
mod transfers;

pub(super) use recording::bytes;
pub use transfers::{fate, reason, way};

use super::Phase;
use crate::fact::{Cause, Fact, Origin, Outcome, Party, Service, Supervision, Target};

/// Language of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The one of two texts that is in this language.
    #[must_use]
    pub const fn of<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// An outcome in a word.
#[must_use]
pub const fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Connected => lang.of("接通", "connected"),
        Outcome::AbandonedInPrompt => lang.of("提示音中挂机", "gave up in prompt"),
        Outcome::Abandoned => lang.of("等待中放弃", "abandoned"),
        Outcome::CancelledNumber => lang.of("号码已取消", "number cancelled"),
        Outcome::Refused => lang.of("拒绝", "refused"),
        Outcome::NoAnswer => lang.of("无人接听", "no answer"),
        Outcome::Busy => lang.of("忙", "busy"),
        Outcome::Unreachable => lang.of("不可达", "unreachable"),
        Outcome::Shed => lang.of("过载拒接", "shed"),
        Outcome::Failed => lang.of("故障", "failed"),
        Outcome::Crashed => lang.of("系统中断", "crashed"),
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
        Cause::WaitedLong => lang.of("等待超限", "waited too long"),
        Cause::CallerGone => lang.of("主叫已挂机", "caller gone"),
        Cause::Elsewhere => lang.of("他处已接", "taken elsewhere"),
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

/// One fact of a call as a sentence.
#[must_use]
pub fn sentence(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::LegTried { .. }
        | Fact::LegRinging { .. }
        | Fact::LegAnswered { .. }
        | Fact::LegFailed { .. }
        | Fact::Connected { .. }
        | Fact::Held { .. }
        | Fact::LegEnded { .. } => of_leg(fact, lang),
        Fact::PromptStarted { .. } | Fact::PromptEnded { .. } | Fact::Queued { .. } | Fact::Overflowed { .. } => {
            of_waiting(fact, lang)
        }
        Fact::CallOffered { origin: from, caller, to, .. } => {
            format!("{} {caller} → {to} ({})", lang.of("来话", "INVITE"), origin(from, lang))
        }
        Fact::CallRouted { entry, title, service: kind, state, plan } => {
            let word = lang.of("路由", "routed to");
            format!("{word} {entry} {title} · {} · {state} · {plan}", service(*kind, lang))
        }
        Fact::SwitchAnswered => lang.of("交换机应答", "the switch answered").to_owned(),
        Fact::CallEnded { outcome: how, by, cause: why, status } => {
            let status = status.map_or_else(String::new, |s| format!(" · SIP {s}"));
            let word = lang.of("结束", "ended");
            let (how, by, why) = (outcome(*how, lang), party(*by, lang), cause(*why, lang));
            format!("{word} {how} · {by} · {why}{status}")
        }
        Fact::Alarm { subject, text } => format!("{} {subject}: {text}", lang.of("告警", "ALARM")),
        Fact::TransferAsked { .. }
        | Fact::TransferRinging { .. }
        | Fact::TransferEnded { .. }
        | Fact::Returned { .. }
        | Fact::PartyLeft { .. }
        | Fact::LegMoved { .. }
        | Fact::LegReplaced { .. } => transfers::sentence(fact, lang),
        Fact::Muted { .. } | Fact::Supervised { .. } => of_supervision(fact, lang),
        Fact::RecordingStarted { .. }
        | Fact::RecordingPaused { .. }
        | Fact::RecordingEnded { .. }
        | Fact::RecordingArchived { .. } => recording::sentence(fact, lang),
        other => of_nobody(other),
    }
}

fn of_supervision(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::Muted { leg, muted, ordered_by } => {
            let how = if *muted { lang.of("静音", "muted") } else { lang.of("取消静音", "heard again") };
            format!("{how} #{}{}", leg.0, ordered(ordered_by, lang))
        }
        Fact::Supervised { seat, mode, who, why } => {
            let mode = match mode {
                Supervision::Listen => lang.of("监听", "listens"),
                Supervision::Whisper => lang.of("耳语", "whispers"),
                Supervision::Barge => lang.of("强插", "barges in"),
                Supervision::TakeOver => lang.of("接管", "takes over"),
            };
            let who = if who.is_empty() { String::new() } else { format!(" · {who}") };
            format!("{} {seat} {mode}{who} · {why}", lang.of("班长", "supervisor"))
        }
        other => of_nobody(other),
    }
}

/// Who ordered something; nothing for the agent himself.
fn ordered(by: &str, lang: Lang) -> String {
    if by.is_empty() { String::new() } else { format!(" · {} {by}", lang.of("下令", "ordered by")) }
}

fn of_waiting(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::PromptStarted { prompt, early } => {
            let how = if *early { lang.of("（早期媒体）", " (early media)") } else { "" };
            format!("{} {prompt}{how}", lang.of("放音", "prompt"))
        }
        Fact::PromptEnded { prompt, whole } => {
            let how = if *whole { lang.of("放完", "played whole") } else { lang.of("中断", "cut") };
            format!("{} {prompt} {how}", lang.of("放音", "prompt"))
        }
        Fact::Queued { group } => format!("{} {group}", lang.of("进入队列", "queued in")),
        Fact::Overflowed { group, why } => {
            format!("{} {group}: {}", lang.of("溢出", "overflowed from"), cause(*why, lang))
        }
        other => of_nobody(other),
    }
}

fn of_leg(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::LegTried { leg, target: whom } => {
            format!("{} {} #{}", lang.of("呼叫", "trying"), target(whom, lang), leg.0)
        }
        Fact::LegRinging { leg } => format!("{} #{}", lang.of("振铃", "ringing"), leg.0),
        Fact::LegAnswered { leg } => format!("{} #{}", lang.of("应答", "answered"), leg.0),
        Fact::LegFailed { leg, cause: why, status } => {
            let status = status.map_or_else(String::new, |s| format!(" · SIP {s}"));
            format!("{} #{}: {}{status}", lang.of("未通", "failed"), leg.0, cause(*why, lang))
        }
        Fact::Connected { leg } => format!("{} #{}", lang.of("通话", "connected"), leg.0),
        Fact::Held { leg, held: true } => format!("{} #{}", lang.of("保持", "held by"), leg.0),
        Fact::Held { leg, .. } => format!("{} #{}", lang.of("取回", "taken back by"), leg.0),
        Fact::LegEnded { leg, by, cause: why } => {
            let word = lang.of("挂机", "hung up");
            format!("{word} #{} · {} · {}", leg.0, party(*by, lang), cause(*why, lang))
        }
        other => of_nobody(other),
    }
}

/// Facts that belong to no call print as they stand in the journal.
fn of_nobody(fact: &Fact) -> String {
    serde_json::to_string(fact).unwrap_or_default()
}
