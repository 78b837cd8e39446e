//! `flood --webrtc N`: so many pages, their report, their verdict.

use super::super::exit::{Done, Exit, Failure};
use super::super::screen::Screen;
use super::args::Flood;
use crate::clock::SECOND;
use crate::config::Flood as Limits;
use crate::fact::Lang;
use crate::flood::browsers::{Outcome, Plan, run};
use crate::flood::plan::Seat;
use crate::flood::process;
use crate::flood::tally::Spread;
use serde_json::json;
use std::fmt::Write as _;

/// How many begin in a second, unless the command line says otherwise.
const RATE: f64 = 20.0;
/// How long each talks.
const TALK: f64 = 20.0;

/// What a process has cost meanwhile.
struct Cost {
    cpu_s: f64,
    rss_kb: u64,
}

/// Runs it. `pages` of `args` call from these seats in turn.
pub(super) fn flood(
    args: &Flood,
    pages: u32,
    seats: Vec<Seat>,
    seed: u64,
    limits: &Limits,
    screen: &Screen,
) -> Result<Done, Failure> {
    let plan = plan(args, pages, seats, seed, limits)?;
    let before = args.pid.and_then(process::cost);
    if !screen.json {
        let (zh, en) = ("个网页电话呼叫", "pages call");
        screen.line(&format!("{pages} {} {} → ws://{}/sip", screen.lang.of(zh, en), plan.number, plan.server));
    }
    let mut told = 0;
    let outcome = run(&plan, &mut |progress| {
        let (begun, through, failed) = (progress.begun, progress.through, progress.failed);
        if !screen.json && begun / 50 > told {
            told = begun / 50;
            let words = screen.lang.of("已发起，媒体接通，失败", "begun, through, failed");
            screen.line(&format!("{begun} / {through} / {failed}  {words}"));
        }
    });
    let outcome = outcome.map_err(|e| Failure::new(Exit::Bad, format!("无法运行：{e}"), format!("cannot run: {e}")))?;
    let cost = before.zip(args.pid.and_then(process::cost)).map(|(before, after)| Cost {
        cpu_s: after.cpu_s - before.cpu_s,
        rss_kb: after.rss_kb.saturating_sub(before.rss_kb),
    });
    let good = outcome.begun > 0 && outcome.failed.is_empty() && outcome.heard == outcome.begun;
    let result = json!({
        "pages": pages, "begun": outcome.begun, "answered": outcome.answered, "through": outcome.through,
        "heard": outcome.heard, "failed": outcome.failed, "setup_ms": outcome.setup.ms(),
        "handshake_ms": outcome.handshake.ms(), "packets": {
            "sent": outcome.packets[0], "received": outcome.packets[1], "missing": outcome.packets[2],
        },
        "server": cost.as_ref().map(|cost| json!({ "cpu_s": cost.cpu_s, "rss_kb_more": cost.rss_kb })),
        "seed": seed,
    });
    let exit = if good { Exit::Ok } else { Exit::Bad };
    Ok(Done { text: text(&outcome, cost.as_ref(), seed, screen.lang), result, exit })
}

fn plan(args: &Flood, pages: u32, seats: Vec<Seat>, seed: u64, limits: &Limits) -> Result<Plan, Failure> {
    let forbidden = |zh: String, en: String| Err(Failure::new(Exit::Forbidden, zh, en));
    if !limits.allows(args.web) {
        let zh = format!("{} 不是本机地址：只有配置 [flood] targets 列出的地址才可以压测", args.web);
        return forbidden(zh, format!("{} is not this machine, nor in [flood] targets", args.web));
    }
    let rate = args.rate.unwrap_or(RATE);
    if u64::from(pages) > limits.max_calls || rate > f64::from(limits.max_rate) {
        let zh = format!("超出限制：[flood] max_calls = {}，max_rate = {}", limits.max_calls, limits.max_rate);
        let en = format!("beyond the limits: [flood] max_calls = {}, max_rate = {}", limits.max_calls, limits.max_rate);
        return forbidden(zh, en);
    }
    let Some(number) = args.number.clone().filter(|number| crate::phone::is_number(number)) else {
        return Err(Failure::new(Exit::Usage, "要拨哪个号码？", "which number do the pages call?"));
    };
    Ok(Plan {
        server: args.web,
        number,
        seats: seats.into_iter().map(|seat| (seat.user, seat.password)).collect(),
        pages,
        rate,
        talk: (args.talk.unwrap_or(TALK) * SECOND as f64) as u64,
        patience: (args.patience * SECOND as f64) as u64,
        seed,
    })
}

fn text(outcome: &Outcome, cost: Option<&Cost>, seed: u64, lang: Lang) -> String {
    let mut text = String::new();
    let mut line = |zh: &str, en: &str, what: String| {
        let _ = writeln!(text, "{:<10}{what}", lang.of(zh, en));
    };
    let calls = [outcome.begun, outcome.answered, outcome.through, outcome.heard].map(|n| n.to_string()).join(" / ");
    line("呼叫", "calls", format!("{calls}  {}", lang.of("发起/应答/媒体接通/听到", "begun/answered/through/heard")));
    for (why, count) in &outcome.failed {
        line("失败", "failed", format!("{count} × {why}"));
    }
    line("接通", "setup", spread(&outcome.setup));
    line("ICE+DTLS", "ICE+DTLS", spread(&outcome.handshake));
    let [sent, received, missing] = outcome.packets;
    line(
        "RTP",
        "RTP",
        format!(
            "{} {sent}, {} {received}, {} {missing}",
            lang.of("发", "sent"),
            lang.of("收", "received"),
            lang.of("缺", "missing")
        ),
    );
    if let Some(cost) = cost {
        let each = cost.rss_kb as f64 / (outcome.through.max(1) as f64);
        line(
            "服务端",
            "server",
            format!("CPU {:.2} s, +{} kB ({each:.1} kB/{})", cost.cpu_s, cost.rss_kb, lang.of("路", "leg")),
        );
    }
    line("种子", "seed", seed.to_string());
    text
}

fn spread(spread: &Spread) -> String {
    let ms = |p: f64| spread.at(p) as f64 / 1_000.0;
    format!("p50 {:.1} ms  p99 {:.1} ms  max {:.1} ms", ms(0.5), ms(0.99), spread.max() as f64 / 1_000.0)
}
