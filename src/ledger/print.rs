//! Records as text for `switchboard calls`: a table of many, the ladder of one. Pure; masks nothing, since it is the
//! operator's own record, but control characters from the wire never reach a terminal.

use super::words;
use super::{Cdr, Played, Traffic};
use crate::fact::Event;
use crate::fact::Lang;
use columns::{align, blank, clean, seconds, shown};
use jiff::{Timestamp, tz};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

mod columns;
mod csv;
mod figures;
mod media;
mod transfers;

pub use csv::{record, records};
pub use figures::{figures, figures_csv, survey};
pub use transfers::departments;

/// One line a call. A heading stands above, columns are aligned by display width.
#[must_use]
pub fn table(cdrs: &[Cdr], lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["编号", "时间", "主叫", "被叫", "线路", "结果", "接听", "等待", "通话"],
        Lang::En => ["call", "time", "caller", "dialled", "line", "outcome", "answered by", "wait", "talk"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(cdrs.iter().map(|cdr| row(cdr, lang)));
    align(&rows, &[7, 8])
}

/// One line a call that has not ended, as of `now` (µs since the epoch).
#[must_use]
pub fn live(cdrs: &[Cdr], now: i64, lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["编号", "时间", "主叫", "被叫", "线路", "状态", "已历时"],
        Lang::En => ["call", "time", "caller", "dialled", "line", "now", "for"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    for cdr in cdrs {
        let line = cdr.title.as_deref().or(cdr.entry.as_deref()).unwrap_or("-");
        let lasted = u64::try_from(now.saturating_sub(cdr.t0) / 1_000).unwrap_or(0);
        rows.push([
            cdr.call.to_string(),
            local(cdr.t0),
            clean(shown(&cdr.caller)),
            clean(shown(&cdr.dialled)),
            clean(shown(line)),
            clean(&words::phase(&cdr.phase(), lang)),
            seconds(Some(lasted)),
        ]);
    }
    align(&rows, &[6])
}

/// One call: its record, each leg tried, and what happened in order.
#[must_use]
pub fn show(cdr: &Cdr, events: &[Event], lang: Lang) -> String {
    let mut out = String::new();
    let fields = facts_of(cdr, lang);
    let widest = fields.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    for (name, value) in fields {
        let _ = writeln!(out, "{name}{}  {}", blank(widest - name.width()), clean(&value));
    }
    if !cdr.attempts.is_empty() {
        let _ = write!(out, "\n{}", attempts(cdr, lang));
    }
    out.push_str(&transfers::chain(cdr, lang));
    out.push_str(&media::table(cdr, lang));
    out.push('\n');
    if events.is_empty() {
        let gone = lang.of("事件已按保存期限清除。", "Its events are past their retention.");
        let _ = writeln!(out, "{gone}");
    }
    for event in events {
        let since = event.at.saturating_sub(cdr.t0).max(0);
        let (s, ms) = (since / 1_000_000, since / 1_000 % 1_000);
        let _ = writeln!(out, "{s:>6}.{ms:03}  {}", clean(&words::sentence(&event.fact, lang)));
    }
    out
}

fn row(cdr: &Cdr, lang: Lang) -> [String; 9] {
    let line = cdr.title.as_deref().or(cdr.entry.as_deref()).unwrap_or("-");
    [
        cdr.call.to_string(),
        local(cdr.t0),
        clean(shown(&cdr.caller)),
        clean(shown(&cdr.dialled)),
        clean(shown(line)),
        words::outcome(cdr.outcome, lang).to_owned(),
        clean(&answered_by(cdr, lang)),
        seconds(cdr.wait_ms()),
        seconds(cdr.talk_ms()),
    ]
}

fn facts_of(cdr: &Cdr, lang: Lang) -> Vec<(&'static str, String)> {
    let name = |zh, en| lang.of(zh, en);
    let mut fields = who(cdr, lang);
    fields.extend([
        (name("来话", "offered"), stamp(Some(cdr.t0))),
        (name("待接", "to persons"), stamp(cdr.t1)),
        (name("接通", "answered"), stamp(cdr.t2)),
        (name("结束", "ended"), stamp(Some(cdr.end))),
        (name("等待", "wait"), seconds(cdr.wait_ms())),
        (name("通话", "talk"), seconds(cdr.talk_ms())),
    ]);
    fields.extend(how(cdr, lang));
    if cdr.omitted > 0 {
        fields.push((name("略去", "left out"), cdr.omitted.to_string()));
    }
    fields
}

/// Who called what, and how that is counted.
fn who(cdr: &Cdr, lang: Lang) -> Vec<(&'static str, String)> {
    let name = |zh, en| lang.of(zh, en);
    let line = [&cdr.entry, &cdr.title, &cdr.state].map(|t| or_dash(t.as_ref()));
    let counted = cdr.service.map_or("-", |s| words::service(s, lang));
    let traffic = match cdr.traffic {
        Traffic::City => name("本市", "city"),
        Traffic::Province => name("全省", "province"),
    };
    let hidden = if cdr.caller_shown { "" } else { name("（不显号）", " (withheld)") };
    let origin = words::origin(&cdr.origin, lang);
    let caller = format!("{}{hidden} · {origin} · {}", shown(&cdr.caller), cdr.source);
    vec![
        (name("编号", "call"), cdr.call.to_string()),
        (name("主叫", "caller"), caller),
        (name("被叫", "dialled"), format!("{} · {}", shown(&cdr.dialled), cdr.to)),
        (name("线路", "line"), line.join(" · ")),
        (name("统计", "counted as"), format!("{counted} · {traffic}")),
    ]
}

/// Who answered, and how it went.
fn how(cdr: &Cdr, lang: Lang) -> Vec<(&'static str, String)> {
    let name = |zh, en| lang.of(zh, en);
    let status = cdr.status.map_or_else(String::new, |s| format!(" · SIP {s}"));
    let (by, why) = (words::party(cdr.by, lang), words::cause(cdr.cause, lang));
    let outcome = format!("{} · {by} · {why}{status}", words::outcome(cdr.outcome, lang));
    let heard = |p: &Played| {
        let how = if p.whole { "" } else { name("（中断）", " (cut)") };
        format!("{}{how}", p.prompt)
    };
    let prompts: Vec<String> = cdr.prompts.iter().map(heard).collect();
    let mut fields = vec![
        (name("接听", "answered by"), answered_by(cdr, lang)),
        (name("结果", "outcome"), outcome),
        (name("放音", "prompts"), shown(&prompts.join(", ")).to_owned()),
        (name("录音", "recording"), recording(cdr, lang)),
    ];
    fields.extend(kept(cdr, lang).map(|kept| (name("归档", "kept"), kept)));
    fields.extend([(name("路由表", "plan"), or_dash(cdr.plan.as_ref())), ("Call-ID", cdr.call_id.clone())]);
    fields
}

/// The recording's file and length; what was not kept of it.
fn recording(cdr: &Cdr, lang: Lang) -> String {
    let Some(file) = &cdr.recording else { return "-".to_owned() };
    let paused = match cdr.recording_paused_ms {
        0 => String::new(),
        ms => format!("{} {}", lang.of("，其中停录", ", paused for"), seconds(Some(ms))),
    };
    let kept = cdr.archived.as_ref().map_or_else(|| format!("{file}.wav"), |archived| archived.file.clone());
    format!("{kept} · {}{paused}", seconds(cdr.recorded_ms))
}

/// How it is kept: length, hash, and whether it is sealed.
fn kept(cdr: &Cdr, lang: Lang) -> Option<String> {
    let archived = cdr.archived.as_ref()?;
    let sealed = archived.key.as_ref().map_or_else(String::new, |key| format!(" · {} {key}", lang.of("密钥", "key")));
    Some(format!("{} · SHA-256 {}{sealed}", words::bytes(archived.bytes), archived.sha256))
}

fn answered_by(cdr: &Cdr, lang: Lang) -> String {
    cdr.answered_by.as_ref().map_or_else(|| "-".to_owned(), |t| words::target(t, lang))
}

fn or_dash(text: Option<&String>) -> String {
    shown(text.map_or("", |t| t)).to_owned()
}

fn attempts(cdr: &Cdr, lang: Lang) -> String {
    let heading = match lang {
        Lang::Zh => ["腿", "去向", "呼出", "振铃", "应答", "结束", "原因"],
        Lang::En => ["leg", "target", "tried", "ringing", "answered", "ended", "cause"],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    for a in &cdr.attempts {
        let since = |at: Option<i64>| seconds(at.map(|at| u64::try_from((at - cdr.t0) / 1_000).unwrap_or(0)));
        let why = a.cause.map_or("-", |c| words::cause(c, lang));
        let status = a.status.map_or_else(String::new, |s| format!(" · SIP {s}"));
        rows.push([
            format!("#{}", a.leg.0),
            clean(&words::target(&a.target, lang)),
            since(Some(a.at)),
            since(a.ringing),
            since(a.answered),
            since(a.end),
            format!("{why}{status}"),
        ]);
    }
    align(&rows, &[2, 3, 4, 5])
}

/// Civil time in Asia/Shanghai (UTC+8, no summer time since 1991).
fn local(at: i64) -> String {
    civil(at, "%Y-%m-%d %H:%M:%S")
}

fn stamp(at: Option<i64>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| civil(at, "%Y-%m-%d %H:%M:%S%.3f"))
}

fn civil(at: i64, format: &str) -> String {
    let zone = tz::TimeZone::fixed(tz::offset(8));
    Timestamp::from_microsecond(at).map_or_else(|_| at.to_string(), |t| t.to_zoned(zone).strftime(format).to_string())
}
