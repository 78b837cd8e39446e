//! Transfers as text: the chain of one call, and the report by department.

use super::columns::{align, clean, seconds, shown};
use crate::fact::Lang;
use crate::ledger::Cdr;
use crate::ledger::attempt::millis;
use crate::ledger::transfers::{Department, Departments, Fate, Reason, Transfer};
use crate::ledger::words;

/// Each transfer of a call, in s since its t0; nothing without transfers.
pub(super) fn chain(cdr: &Cdr, lang: Lang) -> String {
    if cdr.transfers.is_empty() {
        return String::new();
    }
    let heading = match lang {
        Lang::Zh => ["转接", "去向", "方式", "请求", "振铃", "接通或失败", "历时", "坐席退出", "第三方退出", "结果"],
        Lang::En => [
            "transfer",
            "to",
            "way",
            "asked",
            "ringing",
            "joined or not",
            "took",
            "agent left",
            "target left",
            "result",
        ],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(cdr.transfers.iter().map(|t| row(t, cdr.t0, lang)));
    format!("\n{}", align(&rows, &[3, 4, 5, 6, 7, 8]))
}

fn row(t: &Transfer, t0: i64, lang: Lang) -> [String; 10] {
    let since = |at: Option<i64>| seconds(at.map(|at| millis(t0, at)));
    let to = format!("{} {}", t.to, t.title);
    let result = t.fate.map_or("-", |fate| words::fate(fate, lang));
    let why = match (t.fate, t.cause) {
        (Some(Fate::Returned), _) => Some(words::reason(Reason::of(t), lang)),
        (_, cause) => cause.map(|cause| words::cause(cause, lang)),
    };
    let why = why.map_or_else(String::new, |why| format!(" · {why}"));
    let reason = if t.brief.reason.is_empty() { String::new() } else { format!(" · {}", t.brief.reason) };
    [
        t.transfer.to_string(),
        clean(to.trim_end()),
        words::way(t.way, lang).to_owned(),
        since(Some(t.asked)),
        since(t.ringing),
        since(t.end),
        seconds(t.lasted_ms()),
        since(t.agent_left),
        since(t.target_left),
        clean(&format!("{result}{why}{reason}")),
    ]
}

/// One line a department, and one for all together.
#[must_use]
pub fn departments(departments: &Departments, lang: Lang) -> String {
    let total = departments.total();
    if total.asked == 0 {
        return lang.of("没有转接\n", "no transfers\n").to_owned();
    }
    let heading = match lang {
        Lang::Zh => ["号码", "部门", "请求", "接通", "15秒内", "平均振铃", "退回", "来电人挂机", "丢失", "退回原因"],
        Lang::En => [
            "number",
            "department",
            "asked",
            "answered",
            "in 15 s",
            "mean ring",
            "returned",
            "caller gone",
            "lost",
            "returned for",
        ],
    };
    let mut rows = vec![heading.map(str::to_owned)];
    rows.extend(departments.iter().map(|d| figures(d, lang)));
    let mut sum = figures(total, lang);
    sum[0] = lang.of("合计", "total").to_owned();
    rows.push(sum);
    align(&rows, &[2, 3, 4, 5, 6, 7, 8])
}

fn figures(d: &Department, lang: Lang) -> [String; 10] {
    let causes = d.causes.iter().map(|(why, count)| format!("{} {count}", words::reason(*why, lang)));
    [
        clean(shown(&d.number)),
        clean(shown(&d.title)),
        d.asked.to_string(),
        d.answered.to_string(),
        d.in_15s.to_string(),
        seconds(d.mean_ring_ms()),
        d.returned.to_string(),
        d.caller_gone.to_string(),
        d.lost.to_string(),
        shown(&causes.collect::<Vec<_>>().join(lang.of("，", ", "))).to_owned(),
    ]
}
