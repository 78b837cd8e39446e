//! Transfers in words: what was asked, what came of it, who took whose place.

use super::terms::{cause, of_nobody, ordered, target};
use crate::fact::Lang;
use crate::fact::{Brief, Fact, TransferResult, Way};
use crate::ledger::transfers::{Fate, Reason};

/// A way of bringing somebody in.
#[must_use]
pub const fn way(way: Way, lang: Lang) -> &'static str {
    match way {
        Way::ThreeWay => lang.of("三方", "three-way"),
        Way::OnAnswer => lang.of("接通后退出", "on answer"),
        Way::Consult => lang.of("先咨询", "consult"),
        Way::Blind => lang.of("盲转", "blind"),
        Way::Attended => lang.of("咨询后转", "attended"),
    }
}

/// What became of the caller.
#[must_use]
pub const fn fate(fate: Fate, lang: Lang) -> &'static str {
    match fate {
        Fate::Joined => lang.of("接入", "joined"),
        Fate::Returned => lang.of("退回", "returned"),
        Fate::CallerGone => lang.of("来电人挂机", "caller gone"),
        Fate::Lost => lang.of("丢失", "LOST"),
    }
}

/// Why a transfer came back.
#[must_use]
pub const fn reason(reason: Reason, lang: Lang) -> &'static str {
    match reason {
        Reason::Failed(why) => cause(why, lang),
        Reason::Cancelled => lang.of("坐席取消", "cancelled"),
        Reason::AgentGone => lang.of("坐席离线", "agent gone"),
        Reason::Unsaid => lang.of("未记录", "not told"),
    }
}

/// One fact about a transfer, or about who takes whose place, as a sentence.
pub(super) fn sentence(fact: &Fact, lang: Lang) -> String {
    match fact {
        Fact::TransferAsked { transfer, by, to, title, way: how, ordered_by, brief, emergency: _ } => {
            let (word, how) = (lang.of("转接", "transfer"), way(*how, lang));
            let (by, ordered, brief) = (by.0, ordered(ordered_by, lang), briefed(brief, lang));
            let whom = format!("{to} {title}");
            format!("{word} {transfer} · {how} · #{by} → {}{ordered}{brief}", whom.trim_end())
        }
        Fact::TransferRinging { transfer, leg } => {
            format!("{} {transfer} · {} #{}", lang.of("转接", "transfer"), lang.of("振铃", "ringing"), leg.0)
        }
        Fact::TransferEnded { transfer, result, cause: why } => {
            let result = match result {
                TransferResult::Joined => lang.of("接入", "joined"),
                TransferResult::Failed => lang.of("未通", "failed"),
                TransferResult::Cancelled => lang.of("坐席取消", "cancelled by the agent"),
                TransferResult::CallerGone => lang.of("来电人挂机", "the caller hung up"),
                TransferResult::AgentGone => lang.of("坐席离线，来电人回到队首", "the agent went, the caller is next"),
            };
            let why = why.map_or_else(String::new, |why| format!(" · {}", cause(why, lang)));
            format!("{} {transfer} · {result}{why}", lang.of("转接", "transfer"))
        }
        Fact::Returned { seat, cause: why } => {
            let whom = seat.as_ref().map_or_else(
                || lang.of("队首", "the head of the queue").to_owned(),
                |seat| format!("{} {seat}", lang.of("坐席", "seat")),
            );
            format!("{} {whom} · {}", lang.of("来电人退回", "the caller goes back to"), cause(*why, lang))
        }
        Fact::PartyLeft { leg, cause: why } => {
            format!("{} #{} · {}", lang.of("退出", "left"), leg.0, cause(*why, lang))
        }
        Fact::LegMoved { leg, from, target: whom } => {
            let (word, from_word) = (lang.of("移入", "moved in"), lang.of("来自通话", "from call"));
            format!("{word} #{} {} · {from_word} {from}", leg.0, target(whom, lang))
        }
        Fact::LegReplaced { leg, by, target: whom } => {
            let word = lang.of("替换", "replaced");
            format!("{word} #{} → #{} {}", leg.0, by.0, target(whom, lang))
        }
        other => of_nobody(other),
    }
}

fn briefed(brief: &Brief, lang: Lang) -> String {
    let mut text = String::new();
    for (word, value) in [(lang.of("事由", "reason"), &brief.reason), (lang.of("位置", "location"), &brief.location)]
    {
        if !value.is_empty() {
            text.push_str(&format!(" · {word} {value}"));
        }
    }
    text
}
