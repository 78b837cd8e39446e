//! `flood`: one load test, its live view, its report, its verdict.

pub(super) mod args;
mod browsers;
mod html;
mod live;
mod step;
mod text;

use super::args::Global;
use super::demo;
use super::exit::{Done, Exit, Failure};
use super::line;
use super::place;
use super::screen::Screen;
use crate::clock::SECOND;
use crate::config::{Flood as Limits, mix};
use crate::flood::arrivals::Rate;
use crate::flood::expect::{Expect, Verdict, Wrong};
use crate::flood::plan::{Plan, Pool, Seat};
use crate::flood::process;
use crate::flood::report::{FIGURES, Report};
use crate::flood::run;
use crate::flood::scenario::{Length, Scenario};
use crate::phone::is_number;
use args::Flood;
use live::Live;
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use step::Step;

/// What `--find-limit` holds each step against unless `--expect` says otherwise.
const CLEAN: [&str; 3] = ["failed=0", "p99<100ms", "late_starts<1%"];
/// On loopback: the carrier that lab and demo trust, and where seats are.
const CARRIER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 10));
const SEATS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 60));
/// Seats of the lab profile that pages call from.
const LAB_SEATS: u32 = 99;
/// Steps of `--find-limit` at most.
const STEPS: usize = 24;

/// What is needed beside the plan to tell what came of it.
struct Told<'a> {
    args: &'a Flood,
    plan: Plan,
    expects: Vec<Expect>,
    screen: &'a Screen,
}

/// Runs it.
pub(super) fn flood(global: &Global, args: &Flood, screen: &Screen) -> Result<Done, Failure> {
    let limits = limits(global)?;
    if let Some(pages) = args.webrtc {
        // Who does not say how many seats there are has those of the lab.
        let seats = seats(args, if args.seats == 0 { LAB_SEATS } else { args.seats })?;
        let seed = args.seed.map_or_else(random, Ok)?;
        return browsers::flood(args, pages, seats, seed, &limits, screen);
    }
    let told = Told { args, plan: plan(args, &limits)?, expects: expects(args)?, screen };
    if let Some(folder) = &args.report {
        // Before the run: a report that cannot be kept is no reason to have flooded anybody.
        fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
    }
    if !screen.json {
        screen.line(&screen.fitted(&text::opening(&told.plan, args, screen.lang)));
    }
    if args.find_limit { find_limit(&told, &limits) } else { once(&told) }
}

fn once(told: &Told<'_>) -> Result<Done, Failure> {
    let report = go(told, &told.plan)?;
    finish(told, &report, Vec::new())
}

/// One run with its live view.
fn go(told: &Told<'_>, plan: &Plan) -> Result<Report, Failure> {
    let mut live = Live::new(told.screen);
    let report = run::run(plan, &mut |view| live.show(view)).map_err(|e| failure(&e, plan));
    live.end();
    report
}

fn finish(told: &Told<'_>, report: &Report, steps: Vec<Step>) -> Result<Done, Failure> {
    let verdicts: Vec<Verdict> =
        if told.args.find_limit { Vec::new() } else { told.expects.iter().map(|e| e.judge(report)).collect() };
    let good = if told.args.find_limit {
        steps.iter().any(|step| step.held)
    } else if verdicts.is_empty() {
        report.bad() == 0 && report.tally.calls > 0
    } else {
        verdicts.iter().all(|v| v.met)
    };
    let machine = process::machine();
    let mut result = report.document();
    if let Some(map) = result.as_object_mut() {
        map.insert("machine".into(), json!(machine));
        map.insert("to".into(), json!(told.plan.server.to_string()));
        let expected = verdicts.iter().map(|v| json!({ "expect": v.text, "met": v.met, "found": v.found }));
        map.insert("expect".into(), Value::Array(expected.collect()));
        if told.args.find_limit {
            map.insert("limit".into(), limit(&steps));
        }
    }
    let mut words = text::report(report, &told.plan, &machine, told.screen.lang);
    words.below.push_str(&text::steps(&steps, told.screen.lang));
    words.below.push_str(&text::verdicts(&verdicts, told.screen.lang));
    let mut text = words.plain();
    if let Some(folder) = &told.args.report {
        keep(folder, "report.txt", &text)?;
        keep(folder, "report.json", &format!("{result:#}\n"))?;
        keep(folder, "report.html", &html::page(report, told.plan.server, &words, told.screen.lang))?;
        text.push_str(&format!("{}{}\n", told.screen.lang.of("报告    ", "report  "), folder.display()));
    }
    Ok(Done { text: told.screen.fitted(&text), result, exit: if good { Exit::Ok } else { Exit::Bad } })
}

fn limit(steps: &[Step]) -> Value {
    let best =
        steps.iter().filter(|s| s.held).map(|s| s.rate).fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
    let all: Vec<Value> = steps
        .iter()
        .map(|s| {
            json!({ "rate": s.rate, "held": s.held, "broken": s.broken, "answered": s.report.tally.answered,
                "failed": s.report.bad(), "late_starts": s.report.tally.late_starts, "setup_ms": s.report.tally.setup.ms() })
        })
        .collect();
    json!({ "rate": best, "steps": all })
}

/// Doubles the rate until something does not hold, then halves the gap until it is a tenth.
fn find_limit(told: &Told<'_>, limits: &Limits) -> Result<Done, Failure> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut good, mut bad) = (None::<f64>, None::<f64>);
    let mut rate = 50.0;
    while steps.len() < STEPS {
        let rates = Rate::steady(rate, told.plan.rate.seconds());
        let report = go(told, &Plan { rate: rates, ..told.plan.clone() })?;
        let broken: Vec<String> = told
            .expects
            .iter()
            .map(|e| e.judge(&report))
            .filter(|v| !v.met)
            .map(|v| format!("{}: {}", v.text, v.found))
            .collect();
        let interrupted = report.interrupted;
        let step = Step { rate, held: broken.is_empty() && !interrupted, broken, report };
        told.screen.line(&told.screen.fitted(&text::step(&step, told.screen.lang)));
        if step.held {
            good = Some(rate)
        } else {
            bad = Some(rate)
        }
        steps.push(step);
        rate = match (good, bad) {
            (_, None) => rate * 2.0,
            (None, Some(bad)) => bad / 2.0,
            (Some(good), Some(bad)) => f64::midpoint(good, bad).round(),
        };
        let close = good.zip(bad).is_some_and(|(good, bad)| bad - good <= good / 10.0);
        if interrupted || close || rate < 1.0 || rate > f64::from(limits.max_rate) {
            break;
        }
    }
    let best = steps.iter().rposition(|s| s.held && Some(s.rate) == good).unwrap_or(steps.len().saturating_sub(1));
    let Some(step) = steps.get_mut(best) else {
        return Err(Failure::new(Exit::Bad, "一步也没有跑完", "no step was run"));
    };
    // The report of the best step stands for all.
    let report = std::mem::take(&mut step.report);
    finish(told, &report, steps)
}

/// What this installation allows: `[flood]` of the configuration, if there is one.
fn limits(global: &Global) -> Result<Limits, Failure> {
    if global.config.is_none() && place::config(global).is_err() {
        return Ok(Limits::default());
    }
    place::config(global).map(|config| config.flood)
}

fn plan(args: &Flood, limits: &Limits) -> Result<Plan, Failure> {
    let usage = |zh: String, en: String| Failure::new(Exit::Usage, zh, en);
    if !limits.allows(args.to) {
        let zh = format!("{} 不是本机地址：只有配置 [flood] targets 列出的地址才可以压测", args.to);
        let en = format!(
            "{} is not this machine: only what [flood] targets of the configuration lists may be flooded",
            args.to
        );
        return Err(Failure::new(Exit::Forbidden, zh, en));
    }
    let scenario = scenario(args)?;
    let pool = Pool::parse(&args.from).ok_or_else(|| {
        usage(
            format!("--from 应为 FIRST-LAST，而不是 \"{}\"", args.from),
            format!("--from is FIRST-LAST, not \"{}\"", args.from),
        )
    })?;
    let rate = rate(args, &scenario);
    within(&rate, limits)?;
    if let Some(pid) = args.pid.filter(|pid| process::cost(*pid).is_none()) {
        return Err(usage(format!("没有进程 {pid}"), format!("there is no process {pid}")));
    }
    let login = args.login.as_deref().map(|text| {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Seat { user: user.to_owned(), password: password.to_owned() }
    });
    Ok(Plan {
        server: args.to,
        most_calls: limits.max_calls,
        rate,
        even: args.even,
        concurrent: args.concurrent,
        seats: seats(args, args.seats)?,
        pool,
        callers_ip: args.local.map_or_else(|| towards(args.to, CARRIER), Ok)?,
        seats_ip: args.seats_local.map_or_else(|| towards(args.to, SEATS), Ok)?,
        login,
        seed: args.seed.map_or_else(random, Ok)?,
        sound: !args.no_sound,
        patience: (args.patience * SECOND as f64) as u64,
        pid: args.pid,
        scenario,
    })
}

fn scenario(args: &Flood) -> Result<Scenario, Failure> {
    let mut scenario = match (&args.mix, &args.number) {
        (Some(name), _) => mix::load(name).map_err(|mistakes| place::wrong(&mistakes))?,
        (None, Some(number)) => {
            if !is_number(number) {
                let (zh, en) = (format!("\"{number}\" 不能拨"), format!("\"{number}\" cannot be dialled"));
                return Err(Failure::new(Exit::Usage, zh, en));
            }
            Scenario::one(number, args.talk())
        }
        (None, None) => {
            let (zh, en) = ("要拨哪个号码？写号码，或 --mix city", "which number? Name one, or --mix city");
            return Err(Failure::new(Exit::Usage, zh, en));
        }
    };
    if args.talk.is_some() {
        scenario.kinds.iter_mut().for_each(|kind| kind.talk = args.talk());
    }
    if let Some(ring) = args.ring {
        scenario.ring = Length::Fixed(ring);
    }
    if args.answer_at.is_empty() {
        // Of a mix, those that nobody else answers at: the demo has its own.
        scenario.departments.retain(|at| UdpSocket::bind(at).is_ok());
    } else {
        scenario.departments.clone_from(&args.answer_at);
    }
    Ok(scenario)
}

fn rate(args: &Flood, scenario: &Scenario) -> Rate {
    let seconds = args.seconds();
    if let Some((from, to)) = args.ramp {
        return Rate::ramp(from, to, seconds);
    }
    // So many live calls are kept by as many a second as end in one.
    let talk = scenario.kinds.first().map_or(20.0, |kind| kind.talk.mean()).max(0.1);
    let rate = args.rate.or_else(|| args.concurrent.map(|n| n as f64 / talk)).unwrap_or(50.0);
    if scenario.day.is_empty() { Rate::steady(rate, seconds) } else { Rate::day(&scenario.day, rate, seconds) }
}

/// Limits of rate, calls and time, whatever was asked for.
fn within(rate: &Rate, limits: &Limits) -> Result<(), Failure> {
    let beyond = [
        ("max_rate", rate.highest(), f64::from(limits.max_rate)),
        ("max_calls", rate.calls(), limits.max_calls as f64),
        ("max_s", rate.seconds(), f64::from(limits.max_s)),
    ];
    beyond.iter().find(|(_, asked, most)| asked > most).map_or(Ok(()), |(name, asked, most)| {
        let zh = format!("超出限制：{asked:.0}，而 [flood] {name} = {most:.0}");
        Err(Failure::new(Exit::Forbidden, zh, format!("beyond the limit: {asked:.0}, and [flood] {name} = {most:.0}")))
    })
}

fn seats(args: &Flood, count: u32) -> Result<Vec<Seat>, Failure> {
    let (usual, password) = demo_seats(args.to).unwrap_or_else(|| ("8001".to_owned(), "lab-{seat}".to_owned()));
    let text = args.first_seat.as_ref().unwrap_or(&usual);
    let password = args.seat_password.as_ref().unwrap_or(&password);
    let first = text.parse::<u64>().map_err(|_| {
        Failure::new(
            Exit::Usage,
            format!("--first-seat 应为号码，而不是 \"{text}\""),
            format!("--first-seat is a number, not \"{text}\""),
        )
    })?;
    let width = text.len();
    let seat = |n: u32| {
        let user = format!("{:0width$}", first + u64::from(n));
        Seat { password: password.replace("{seat}", &user), user }
    };
    Ok((0..count).map(seat).collect())
}

/// The first seat and the password that a demo of this user has left for load tests, if it is the one to be flooded.
fn demo_seats(to: SocketAddr) -> Option<(String, String)> {
    let left = |state: std::path::PathBuf| {
        let text = fs::read_to_string(state.join(demo::SEATS_FILE)).ok()?;
        let mut lines = text.lines();
        let here = lines.next()?.parse() == Ok(to);
        let (first, password) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        here.then_some((first, password))
    };
    place::demos().into_iter().find_map(left)
}

/// Where calls and seats come from when nothing else is said: on loopback `usual`, else the address that leads to the server.
fn towards(server: SocketAddr, usual: IpAddr) -> Result<IpAddr, Failure> {
    if server.ip().is_loopback() && server.is_ipv4() {
        return Ok(usual);
    }
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let found = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(server)?;
        socket.local_addr()
    });
    found.map(|local| local.ip()).map_err(|e| {
        Failure::new(Exit::Bad, format!("没有到 {server} 的路：{e}"), format!("there is no way to {server}: {e}"))
    })
}

fn random() -> Result<u64, Failure> {
    let seed = line::seed().map_err(|e| {
        Failure::new(Exit::Bad, format!("系统不给随机数：{e}"), format!("the system gives no randomness: {e}"))
    })?;
    // Short enough to be typed again.
    Ok(u64::from(u32::from_le_bytes(seed.first_chunk().copied().unwrap_or_default())))
}

fn expects(args: &Flood) -> Result<Vec<Expect>, Failure> {
    let usual: Vec<String> = CLEAN.map(str::to_owned).into();
    let texts = if args.find_limit && args.expect.is_empty() { &usual } else { &args.expect };
    texts.iter().map(|text| Expect::parse(text).map_err(|wrong| no_expectation(text, &wrong))).collect()
}

fn no_expectation(text: &str, wrong: &Wrong) -> Failure {
    let (zh, en) = match wrong {
        Wrong::Name(name) => {
            let like = FIGURES.iter().min_by_key(|f| strsim::damerau_levenshtein(f, name)).copied().unwrap_or_default();
            (
                format!("没有名为 \"{name}\" 的指标，是否想写 {like}？"),
                format!("there is no figure \"{name}\": did you mean {like}?"),
            )
        }
        Wrong::Form => (
            format!("--expect \"{text}\"：应如 answered>=99.9% 或 p99<5ms"),
            format!("--expect \"{text}\": write answered>=99.9% or p99<5ms"),
        ),
        Wrong::Unit(name) => {
            (format!("{name} 不用这个单位：\"{text}\""), format!("{name} is not in that unit: \"{text}\""))
        }
    };
    Failure::new(Exit::Usage, zh, en)
}

fn failure(error: &run::Error, plan: &Plan) -> Failure {
    match error {
        run::Error::Machine(what, e) => {
            Failure::new(Exit::Bad, format!("无法打开 {what}：{e}"), format!("{what} cannot be opened: {e}"))
        }
        run::Error::Listen(e) => Failure::new(Exit::Busy, format!("无法监听：{e}"), format!("cannot listen: {e}")),
        run::Error::Seat(seat, Some(status)) => Failure::new(
            Exit::Bad,
            format!("坐席 {seat} 注册被拒：{status}（--seat-password？）"),
            format!("seat {seat} cannot register: {status} (--seat-password?)"),
        ),
        run::Error::Seat(seat, None) => Failure::new(
            Exit::Unreachable,
            format!("{} 没有应答坐席 {seat} 的注册", plan.server),
            format!("{} does not answer the registration of seat {seat}", plan.server),
        ),
    }
}

fn keep(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    fs::write(&path, text).map_err(|e| unwritable(&path, &e))
}

fn unwritable(path: &Path, e: &std::io::Error) -> Failure {
    let at = path.display();
    Failure::new(Exit::Bad, format!("无法写入 {at}：{e}"), format!("{at} cannot be written: {e}"))
}
