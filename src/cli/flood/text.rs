//! A run in words: what stands on the screen while it goes on, and the report at its end.

use super::super::table::padded;
use super::args::Flood;
use super::step::Step;
use crate::fact::Lang;
use crate::flood::expect::Verdict;
use crate::flood::plan::Plan;
use crate::flood::report::Report;
use crate::flood::run::View;
use crate::flood::tally::Spread;
use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

/// Cells that a line's name takes, and each thing beside it in the live view: five on a terminal of 80.
const NAME: usize = 8;
const CELL: usize = 16;

/// The percentiles of the table.
pub(super) const PERCENTILES: [(&str, f64); 6] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999), ("max", 1.0)];

/// What will be done.
pub(super) fn opening(plan: &Plan, args: &Flood, lang: Lang) -> String {
    let (calls, seconds, highest) = (plan.rate.calls(), plan.rate.seconds(), plan.rate.highest());
    let what = args.mix.as_deref().or(args.number.as_deref()).unwrap_or_default();
    let (seats, departments) = (plan.seats.len(), plan.scenario.departments.len());
    let (to, seed) = (plan.server, plan.seed);
    let end = lang.of("Ctrl-C 提前结束，仍给出报告", "Ctrl-C ends it early, with a report");
    match lang {
        Lang::Zh if args.find_limit => {
            format!("压测 {what} → {to}：每步 {seconds} s，从每秒 50 个起，种子 {seed}\n{end}")
        }
        Lang::En if args.find_limit => {
            format!("flooding {what} → {to}: {seconds} s a step, from 50 calls/s on, seed {seed}\n{end}")
        }
        Lang::Zh => format!(
            "压测 {what} → {to}：{seconds} s 内约 {calls:.0} 个呼叫，最高每秒 {highest:.0} 个，\
             坐席 {seats}，分中心 {departments}，种子 {seed}\n{end}"
        ),
        Lang::En => format!(
            "flooding {what} → {to}: about {calls:.0} calls in {seconds} s, {highest:.0}/s at most, {seats} seats, \
             {departments} departments, seed {seed}\n{end}"
        ),
    }
}

/// What goes on, in rows: a name and what stands beside it.
fn rows(view: &View<'_>, lang: Lang) -> Vec<Vec<String>> {
    let t = view.tally;
    let last = t.seconds.last().copied().unwrap_or_default();
    let (legs, packets) = (view.sound.legs.load(Relaxed), view.sound.packets.load(Relaxed));
    let (holes, wrong) = (view.sound.holes.load(Relaxed), view.sound.wrong.load(Relaxed));
    let (calls, answered, failed, late) = (t.calls, t.answered, t.failed + t.not_begun, t.late_starts);
    let (begun, live) = (last.begun, view.live);
    let clock = format!("{:.0} / {:.0} s", view.seconds, view.length);
    let [p50, p99] = [format!("p50 {:.1} ms", last.p50), format!("p99 {:.1} ms", last.p99)];
    let mut rows = match lang {
        Lang::Zh => vec![
            vec!["用时".to_owned(), clock, format!("每秒 {begun} 个"), format!("进行中 {live}")],
            vec![
                "呼叫".to_owned(),
                format!("{calls} 个"),
                format!("接通 {answered}"),
                format!("失败 {failed}"),
                format!("晚发 {late}"),
            ],
            vec!["接通".to_owned(), p50, p99],
            vec![
                "声音".to_owned(),
                format!("{legs} 路"),
                format!("{packets} 包"),
                format!("断续 {holes}"),
                format!("串音 {wrong}"),
            ],
        ],
        Lang::En => vec![
            vec!["time".to_owned(), clock, format!("{begun} calls/s"), format!("{live} live")],
            vec![
                "calls".to_owned(),
                format!("{calls} begun"),
                format!("{answered} answered"),
                format!("{failed} failed"),
                format!("{late} late"),
            ],
            vec!["answer".to_owned(), p50, p99],
            vec![
                "sound".to_owned(),
                format!("{legs} legs"),
                format!("{packets} packets"),
                format!("{holes} holes"),
                format!("{wrong} wrong"),
            ],
        ],
    };
    if let Some((cpu, mb)) = view.server {
        rows.push(vec![
            lang.of("对方", "server").to_owned(),
            format!("CPU {:.0}%", cpu * 100.0),
            format!("{mb:.0} MB"),
        ]);
    }
    rows
}

/// The view that is drawn over: the same place for the same thing, whatever its figures.
pub(super) fn live(view: &View<'_>, lang: Lang) -> Vec<String> {
    let line = |row: Vec<String>| {
        let mut widths = std::iter::once(NAME).chain(std::iter::repeat(CELL));
        let cells = row.iter().map(|cell| padded(cell, widths.next().unwrap_or(CELL))).collect::<String>();
        cells.trim_end().to_owned()
    };
    rows(view, lang).into_iter().map(line).collect()
}

/// The same on one line.
pub(super) fn live_line(view: &View<'_>, lang: Lang) -> String {
    let row = |row: Vec<String>| row.join("  ").replacen("  ", " ", 1);
    rows(view, lang).into_iter().map(row).collect::<Vec<_>>().join("   ")
}

/// One step of `--find-limit`.
pub(super) fn step(step: &Step, lang: Lang) -> String {
    let t = &step.report.tally;
    let mark = if step.held { "✓" } else { "✗" };
    let p99 = t.setup.at(0.99) as f64 / 1000.0;
    let broken = if step.broken.is_empty() { String::new() } else { format!("   {}", step.broken.join("; ")) };
    match lang {
        Lang::Zh => {
            format!("{mark} 每秒 {:>6.0} 个：接通 {} / {}，p99 {p99:.1} ms{broken}", step.rate, t.answered, t.calls)
        }
        Lang::En => format!(
            "{mark} {:>6.0} calls/s: {} of {} answered, p99 {p99:.1} ms{broken}",
            step.rate, t.answered, t.calls
        ),
    }
}

/// The limit that the steps have found.
pub(super) fn steps(steps: &[Step], lang: Lang) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let best = steps.iter().filter(|s| s.held).map(|s| s.rate).fold(0.0, f64::max);
    let above = steps.iter().filter(|s| !s.held).map(|s| s.rate).fold(f64::INFINITY, f64::min);
    let above = if above.is_finite() { format!("{above:.0}") } else { "–".to_owned() };
    match lang {
        Lang::Zh => format!("极限    每秒 {best:.0} 个全部成立，每秒 {above} 个不成立\n"),
        Lang::En => format!("limit   everything held at {best:.0} calls/s, not at {above}\n"),
    }
}

/// What was expected, and whether it held.
pub(super) fn verdicts(verdicts: &[Verdict], lang: Lang) -> String {
    let line = |v: &Verdict| {
        let mark = if v.met { "✓" } else { "✗" };
        format!("{}{mark} {}   {} {}\n", lang.of("期望    ", "expect  "), v.text, lang.of("实际", "found"), v.found)
    };
    verdicts.iter().map(line).collect()
}

/// The report: what stands above the table of times, the table, and what stands below it.
pub(super) struct Words {
    pub(super) above: String,
    pub(super) times: Vec<Row>,
    pub(super) below: String,
}

/// One row of the table: what it is the time of, and its percentiles as in [`PERCENTILES`], ms.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) ms: [String; PERCENTILES.len()],
}

impl Words {
    /// As plain text.
    pub(super) fn plain(&self) -> String {
        let line = |name: &str, cells: &[String]| {
            format!("{}{}", padded(name, NAME), cells.iter().map(|cell| format!("{cell:>10}")).collect::<String>())
        };
        let head = line("", &PERCENTILES.map(|(name, _)| name.to_owned()));
        let rows: String = self.times.iter().map(|row| format!("{}\n", line(row.name, &row.ms))).collect();
        format!("\n{}{head}   ms\n{rows}{}", self.above, self.below)
    }
}

/// The report.
pub(super) fn report(report: &Report, plan: &Plan, machine: &str, lang: Lang) -> Words {
    let (mut above, mut out) = (String::new(), String::new());
    signalling(&mut above, report, lang);
    if plan.sound {
        sound(&mut out, report, lang);
    }
    if report.tally.kinds.len() > 1 {
        kinds(&mut out, report, lang);
    }
    costs(&mut out, report, lang);
    // Writing into a `String` cannot fail.
    let _ = writeln!(out, "{}{machine}", lang.of("本机    ", "machine "));
    let (seconds, seed) = (report.seconds, report.seed);
    let _ = match lang {
        Lang::Zh => {
            writeln!(out, "历时    {seconds:.1} s，种子 {seed}{}", if report.interrupted { "，提前结束" } else { "" })
        }
        Lang::En => writeln!(
            out,
            "took    {seconds:.1} s, seed {seed}{}",
            if report.interrupted { ", ended early" } else { "" }
        ),
    };
    Words { above, times: times(report, lang), below: out }
}

fn signalling(out: &mut String, report: &Report, lang: Lang) {
    let t = &report.tally;
    let share = t.answered as f64 * 100.0 / t.calls.max(1) as f64;
    let none = (t.timeouts > 0).then(|| format!("{}×{}", lang.of("无应答", "none"), t.timeouts));
    let status: Vec<String> = t.status.iter().map(|(s, n)| format!("{s}×{n}")).chain(none).collect();
    let status = status.join(lang.of("，", ", "));
    let byes = t.byes.saturating_sub(t.byes_answered);
    let _ = match lang {
        Lang::Zh => writeln!(
            out,
            "呼叫    {} 个，接通 {}（{share:.3}%），失败 {}，主叫放弃 {}，最多同时 {}\n\
             状态    {status}\n\
             发送    晚发 {}，未发 {}，重发 {}，挂机无应答 {byes}，对方先挂 {}，通话中断 {}",
            t.calls,
            t.answered,
            report.bad(),
            t.abandoned,
            report.most_live,
            t.late_starts,
            t.not_begun,
            t.retransmissions,
            t.ended_there,
            t.broken
        ),
        Lang::En => writeln!(
            out,
            "calls   {}, {} answered ({share:.3}%), {} failed, {} given up by the caller, {} live at most\n\
             status  {status}\n\
             sent    {} late, {} not begun, {} again, {byes} BYEs without answer, {} ended by the other side, {} broken",
            t.calls,
            t.answered,
            report.bad(),
            t.abandoned,
            report.most_live,
            t.late_starts,
            t.not_begun,
            t.retransmissions,
            t.ended_there,
            t.broken
        ),
    };
    if t.served + t.refers > 0 {
        let _ = match lang {
            Lang::Zh => {
                writeln!(out, "应答    坐席与分中心接起 {}，REFER 转接 {} 次，完成 {}", t.served, t.refers, t.referred)
            }
            Lang::En => writeln!(
                out,
                "served  {} by seats and departments here, {} REFERs, {} done",
                t.served, t.refers, t.referred
            ),
        };
    }
}

fn times(report: &Report, lang: Lang) -> Vec<Row> {
    let t = &report.tally;
    let s = &report.sound;
    let rows: [(&str, &str, &Spread); 7] = [
        ("振铃", "ring", &t.post_dial),
        ("接通", "answer", &t.setup),
        ("见人", "person", &t.person),
        ("挂机", "bye", &t.bye),
        ("首包", "first", &s.first),
        ("时延", "delay", &s.delay),
        ("抖动", "jitter", &s.jitter),
    ];
    let row = |(zh, en, spread): &(&'static str, &'static str, &Spread)| Row {
        name: lang.of(zh, en),
        ms: PERCENTILES.map(|(_, share)| format!("{:.3}", spread.at(share) as f64 / 1000.0)),
    };
    rows.iter().filter(|(.., spread)| spread.count() > 0).map(row).collect()
}

fn sound(out: &mut String, report: &Report, lang: Lang) {
    let (s, c) = (&report.sound, &report.sound.counts);
    let level =
        if s.level.count() > 0 { format!("{:.1} dBFS", -(s.level.at(0.5) as f64) / 10.0) } else { "–".to_owned() };
    let million = |n: u64| n as f64 * 1e6 / c.packets.max(1) as f64;
    let (legs, mute, one_way, wrong) = (s.legs, s.mute_legs, s.one_way, c.wrong);
    let (packets, marked, other, said) = (c.packets, c.marked, c.other, s.said);
    let (lost, late, holes) = (c.lost, c.late, c.holes);
    let (lost_ppm, holes_ppm) = (million(lost), million(holes));
    let stalls = match (s.stalls, lang) {
        (0, _) => String::new(),
        (n, Lang::Zh) => format!("，本进程迟滞 {n} 次"),
        (n, Lang::En) => format!(", this process was late {n} times"),
    };
    let _ = match lang {
        Lang::Zh => writeln!(
            out,
            "声音    {legs} 路，无声 {mute}，单向 {one_way}，串音 {wrong} 包\n\
             收发    收 {packets} 包（对方本人 {marked}，提示音等 {other}，{level}），发 {said}\n\
             质量    丢 {lost}（{lost_ppm:.1} ppm），乱序 {late}，40 ms 以上断续 {holes}（{holes_ppm:.1} ppm）{stalls}"
        ),
        Lang::En => writeln!(
            out,
            "sound   {legs} legs, {mute} mute, {one_way} one-way, {wrong} packets of another call\n\
             heard   {packets} packets ({marked} of the other side, {other} prompts and others at {level}), said {said}\n\
             quality {lost} lost ({lost_ppm:.1} ppm), {late} out of order, {holes} holes over 40 ms ({holes_ppm:.1} ppm){stalls}"
        ),
    };
}

fn kinds(out: &mut String, report: &Report, lang: Lang) {
    for (kind, [calls, answered, failed]) in &report.tally.kinds {
        let _ = match lang {
            Lang::Zh => writeln!(out, "        {kind}：{calls} 个，接通 {answered}，失败 {failed}"),
            Lang::En => writeln!(out, "        {kind}: {calls} calls, {answered} answered, {failed} failed"),
        };
    }
}

fn costs(out: &mut String, report: &Report, lang: Lang) {
    let calls = report.tally.answered.max(1) as f64;
    if let Some(server) = report.server {
        let (per, [begin, most, end]) = (server.cpu_s * 1000.0 / calls, server.rss_kb.map(|kb| kb as f64 / 1024.0));
        let cpu = server.cpu_s;
        let _ = match lang {
            Lang::Zh => writeln!(
                out,
                "对方    CPU {cpu:.2} s（每千个 {per:.3} s），内存 {begin:.0} → 最多 {most:.0} → {end:.0} MB"
            ),
            Lang::En => writeln!(
                out,
                "server  {cpu:.2} CPU-s ({per:.3} a thousand calls), memory {begin:.0} → {most:.0} at most → {end:.0} MB"
            ),
        };
    }
    let own = report.own_cpu_s;
    let _ = match lang {
        Lang::Zh => writeln!(out, "自身    CPU {own:.2} s（每千个 {:.3} s）", own * 1000.0 / calls),
        Lang::En => writeln!(out, "itself  {own:.2} CPU-s ({:.3} a thousand calls)", own * 1000.0 / calls),
    };
}
