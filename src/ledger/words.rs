//! The words of the closed lists, as they stand on screens: Chinese first.

mod recording;
mod terms;
mod transfers;

pub(super) use recording::bytes;
pub use terms::{cause, origin, outcome, party, phase, service, target};
pub use transfers::{fate, reason, way};

use crate::fact::{Fact, Lang, Quality, Supervision};
use terms::{of_nobody, ordered};

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
        | Fact::LegAway { .. }
        | Fact::LegEnded { .. } => of_leg(fact, lang),
        Fact::PromptStarted { .. }
        | Fact::PromptEnded { .. }
        | Fact::Queued { .. }
        | Fact::WaitTold { .. }
        | Fact::Overflowed { .. } => of_waiting(fact, lang),
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
        Fact::DialogStands { .. } | Fact::MediaCarried { .. } => of_wire(fact, lang),
        Fact::Alarm { subject, text } => format!("{} {subject}: {text}", lang.of("告警", "ALARM")),
        Fact::TransferAsked { .. }
        | Fact::TransferRinging { .. }
        | Fact::TransferEnded { .. }
        | Fact::Returned { .. }
        | Fact::PartyLeft { .. }
        | Fact::LegMoved { .. }
        | Fact::LegReplaced { .. } => transfers::sentence(fact, lang),
        Fact::Muted { .. } | Fact::Supervised { .. } => of_supervision(fact, lang),
        Fact::Surveyed { grade, solved } => {
            let solved = solved.map_or("", |yes| {
                if yes { lang.of("，已解决", ", solved") } else { lang.of("，未解决", ", not solved") }
            });
            format!("{} {grade}{solved}", lang.of("评价", "graded"))
        }
        Fact::RecordingStarted { .. }
        | Fact::RecordingPaused { .. }
        | Fact::RecordingEnded { .. }
        | Fact::RecordingArchived { .. } => recording::sentence(fact, lang),
        other => of_nobody(other),
    }
}

fn of_wire(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::DialogStands { leg, dialog } => {
            format!("{} #{} · {}", lang.of("SIP 对话建立", "SIP dialog stands"), leg.0, dialog.call_id)
        }
        Fact::MediaCarried { legs } => {
            let of = |quality: &Quality| format!("#{} {}", quality.leg.0, opinion(quality.mos));
            let each: Vec<String> = legs.iter().map(of).collect();
            format!("{} {}", lang.of("话音质量 MOS", "media, MOS"), each.join(", "))
        }
        other => of_nobody(other),
    }
}

/// An opinion of a stream: `4.38`.
#[must_use]
pub fn opinion(mos: Option<u16>) -> String {
    mos.map_or_else(|| "-".to_owned(), |mos| format!("{}.{:02}", mos / 100, mos % 100))
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
        Fact::WaitTold { position, wait_ms, longer } => {
            let s = |ms: &u32| ms / 1000;
            let wait = wait_ms.map_or_else(String::new, |(low, high)| format!(" · {}–{} s", s(&low), s(&high)));
            let longer = longer.map_or_else(String::new, |why| format!(" · {}", terms::longer(why, lang)));
            format!("{} {position}{wait}{longer}", lang.of("告知位次", "told position"))
        }
        Fact::Overflowed { group, why } => {
            format!("{} {group}: {}", lang.of("溢出", "overflowed from"), cause(*why, lang))
        }
        other => of_nobody(other),
    }
}

fn of_leg(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::LegTried { leg, target: whom, agent } => {
            let agent = agent.as_ref().map_or_else(String::new, |a| format!(" {} {a}", lang.of("工号", "agent")));
            format!("{} {}{agent} #{}", lang.of("呼叫", "trying"), target(whom, lang), leg.0)
        }
        Fact::LegRinging { leg } => format!("{} #{}", lang.of("振铃", "ringing"), leg.0),
        Fact::LegAnswered { leg } => format!("{} #{}", lang.of("应答", "answered"), leg.0),
        Fact::LegFailed { leg, cause: why, status } => {
            let status = status.map_or_else(String::new, |s| format!(" · SIP {s}"));
            format!("{} #{}: {}{status}", lang.of("未通", "failed"), leg.0, cause(*why, lang))
        }
        Fact::Connected { leg } => format!("{} #{}", lang.of("通话", "connected"), leg.0),
        Fact::Held { leg, held: true } => format!("{} #{}", lang.of("保持", "held by"), leg.0),
        Fact::LegAway { leg, away: true } => {
            format!("{} #{}", lang.of("话机离线，等待恢复", "phone gone, awaited:"), leg.0)
        }
        Fact::LegAway { leg, .. } => format!("{} #{}", lang.of("话机恢复", "phone back:"), leg.0),
        Fact::Held { leg, .. } => format!("{} #{}", lang.of("取回", "taken back by"), leg.0),
        Fact::LegEnded { leg, by, cause: why } => {
            let word = lang.of("挂机", "hung up");
            format!("{word} #{} · {} · {}", leg.0, party(*by, lang), cause(*why, lang))
        }
        other => of_nobody(other),
    }
}
