//! `doctor`: what stands in the way of a start, each with its fix. It changes nothing.

mod names;

use super::args::Global;
use super::exit::{Done, Exit, Failure};
use super::screen::Screen;
use super::{ask, moment, place};
use crate::admin;
use crate::clock::Clock;
use crate::config::{Config, Severity};
use crate::daemon;
use crate::exchange::{Answer, Command, GroupRow};
use crate::fact::Lang;
use crate::sip::flow::Transport;
use crate::transport::{certificate, leads_to_trusted};
use rustix::fs::{Access, access, statvfs};
use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

/// 2025-01-01 in UTC, µs: no machine that is set right shows an earlier time.
const OLDEST: i64 = 1_735_689_600_000_000;
/// Free space for records and journal, bytes: less is bad, less than ten times this is worth a look.
const SPACE: u64 = 100 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Grade {
    Ok,
    Warn,
    Bad,
}

/// One finding.
#[derive(Debug, Serialize)]
struct Line {
    grade: Grade,
    /// Bad in what an operator wrote: exit 78.
    #[serde(skip)]
    written: bool,
    zh: String,
    en: String,
}

#[derive(Debug, Default)]
struct Findings(Vec<Line>);

impl Findings {
    fn add(&mut self, grade: Grade, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(Line { grade, written: false, zh: zh.into(), en: en.into() });
    }

    fn written(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push(Line { grade: Grade::Bad, written: true, zh: zh.into(), en: en.into() });
    }
}

/// Checks everything that can be checked from here.
pub(super) fn doctor(global: &Global, screen: &Screen) -> Result<Done, Failure> {
    let mut findings = Findings::default();
    if let Some(config) = configuration(global, &mut findings) {
        dialplan(&config, screen.lang, &mut findings);
        let running = is_running(global);
        sockets(&config, running, &mut findings);
        files(&config, &mut findings);
        certificates(&config, &mut findings);
        for (found, zh, en) in names::names(&config) {
            findings.add(if found { Grade::Ok } else { Grade::Bad }, zh, en);
        }
        state(global, &config, &mut findings);
        recordings(global, &config, &mut findings);
        staff(global, &mut findings);
    }
    clock(&mut findings);
    let Findings(lines) = findings;
    let exit = match lines.iter().filter(|l| l.grade == Grade::Bad).map(|l| l.written).max() {
        None => Exit::Ok as u8,
        Some(true) => Exit::Config as u8,
        Some(false) => Exit::Bad as u8,
    };
    let text: String = lines.iter().map(|l| shown(l, screen)).collect();
    if exit == Exit::Config as u8 {
        let all = |pick: fn(&Line) -> &str| lines.iter().map(|l| format!("{} {}\n", mark(l.grade), pick(l))).collect();
        let details = lines.iter().map(|l| json!(l)).collect();
        return Err(Failure::mistakes(exit, all(|l| &l.zh), all(|l| &l.en), details));
    }
    let exit = if exit == 0 { Exit::Ok } else { Exit::Bad };
    Ok(Done { text, result: json!({ "findings": lines }), exit })
}

const fn mark(grade: Grade) -> &'static str {
    match grade {
        Grade::Ok => "✓",
        Grade::Warn => "!",
        Grade::Bad => "✗",
    }
}

fn shown(line: &Line, screen: &Screen) -> String {
    let color = match (screen.color, line.grade) {
        (false, _) => return format!("{} {}\n", mark(line.grade), screen.lang.of(&line.zh, &line.en)),
        (true, Grade::Ok) => 32,
        (true, Grade::Warn) => 33,
        (true, Grade::Bad) => 31,
    };
    format!("\u{1b}[{color}m{}\u{1b}[0m {}\n", mark(line.grade), screen.lang.of(&line.zh, &line.en))
}

fn configuration(global: &Global, findings: &mut Findings) -> Option<Config> {
    match place::config(global) {
        Ok(config) => {
            let file = place::config_file(global).unwrap_or_default();
            let (file, seats, trunks) = (file.display().to_string(), config.seats.len(), config.trunks.len());
            findings.add(
                Grade::Ok,
                format!("配置 {file}：{seats} 个坐席，{trunks} 条中继"),
                format!("configuration {file}: {seats} seats, {trunks} trunks"),
            );
            for warning in &config.warnings {
                findings.add(Grade::Warn, format!("{warning:#}"), format!("{warning}"));
            }
            Some(config)
        }
        Err(failure) => {
            for (zh, en) in failure.zh.lines().zip(failure.en.lines()) {
                findings.written(format!("配置：{zh}"), format!("configuration: {en}"));
            }
            // Where only secrets are missing, the rest can be looked at all the same.
            place::outline(global).ok()
        }
    }
}

fn dialplan(config: &Config, lang: Lang, findings: &mut Findings) {
    let at = config.plan.folder.display();
    let snapshot = match daemon::load_plan(config) {
        Ok((snapshot, warnings)) => {
            let (numbers, prompts, version) =
                (snapshot.plan.entries().count() + 4, snapshot.prompts.len(), snapshot.plan.version());
            findings.add(
                if warnings.is_empty() { Grade::Ok } else { Grade::Warn },
                format!(
                    "拨号计划 {at}：{numbers} 个号码，{prompts} 段提示音，{} 处提醒，版本 {version}",
                    warnings.len()
                ),
                format!(
                    "dialplan {at}: {numbers} numbers, {prompts} prompts, {} to look at, version {version}",
                    warnings.len()
                ),
            );
            snapshot
        }
        Err(error) => {
            let tell = |lang| error.tell(lang, false);
            let fix = lang.of("：switchboard dialplan check", ": switchboard dialplan check");
            findings.written(
                format!("拨号计划 {at}{fix}\n{}", tell(Lang::Zh)),
                format!("dialplan {at}{fix}\n{}", tell(Lang::En)),
            );
            return;
        }
    };
    let groups: BTreeSet<_> = snapshot.plan.groups().map(|g| g.id.clone()).collect();
    let trunks: BTreeSet<_> = snapshot.plan.trunks().map(|t| t.id.clone()).collect();
    for mistake in config.against(&groups, &trunks) {
        match mistake.severity {
            Severity::Error => findings.written(format!("{mistake:#}"), format!("{mistake}")),
            Severity::Warning => findings.add(Grade::Warn, format!("{mistake:#}"), format!("{mistake}")),
        }
    }
}

fn is_running(global: &Global) -> bool {
    let sockets = place::sockets(global).unwrap_or_default();
    sockets.iter().any(|socket| admin::ask(socket, &Command::Status).is_ok())
}

fn sockets(config: &Config, running: bool, findings: &mut Findings) {
    for listen in &config.sip.transports.listen {
        let bound = match listen.transport {
            Transport::Udp => UdpSocket::bind(listen.address).map(drop),
            _ => TcpListener::bind(listen.address).map(drop),
        };
        address(&listen.to_string(), &bound, ("[sip] listen", running), findings);
    }
    let media = SocketAddr::new(config.media.address, 0);
    let name = format!("RTP {} {}-{}", media.ip(), config.media.ports.start(), config.media.ports.end());
    address(&name, &UdpSocket::bind(media).map(drop), ("[media] address", running), findings);
    if let Some(port) = config.media.browser_port {
        let at = SocketAddr::new(config.media.address, port);
        address(
            &format!("browsers udp:{at}"),
            &UdpSocket::bind(at).map(drop),
            ("[media] browser_port", running),
            findings,
        );
    }
    if let Some(http) = &config.admin.http {
        let bound = TcpListener::bind(http.listen).map(drop);
        let scheme = if config.web_is_secret() { "https" } else { "http" };
        address(&format!("{scheme}:{}", http.listen), &bound, ("[admin] http", running), findings);
    }
}

/// Whether an address can be had; `key` is where it is written.
fn address(name: &str, bound: &io::Result<()>, (key, running): (&str, bool), findings: &mut Findings) {
    match bound {
        Ok(()) => findings.add(Grade::Ok, format!("{name} 可用"), format!("{name} is free")),
        Err(e) if e.kind() == ErrorKind::AddrInUse && running => {
            findings.add(
                Grade::Ok,
                format!("{name} 由正在运行的交换机使用"),
                format!("{name} is used by the running switchboard"),
            );
        }
        Err(e) if e.kind() == ErrorKind::AddrInUse => {
            let zh = format!("{name} 被别的程序占用：用 ss -lnp 找到它，或改 {key}");
            findings.add(
                Grade::Bad,
                zh,
                format!("{name} is taken by another program: find it by ss -lnp, or change {key}"),
            );
        }
        Err(e) if e.kind() == ErrorKind::AddrNotAvailable => {
            let zh = format!("{name} 不是本机地址：改 {key}");
            findings.written(zh, format!("{name} is no address of this machine: change {key}"));
        }
        Err(e) => findings.add(Grade::Bad, format!("{name}：{e}"), format!("{name}: {e}")),
    }
}

/// Whether the certificates of TLS hold, and for how long yet.
fn certificates(config: &Config, findings: &mut Findings) {
    if config.needs_certificate() && config.tls.own.is_none() {
        let zh = "TLS：没有配置证书，使用数据目录中自签的一张：对方须把它加入信任";
        let en = "TLS: no certificate is configured; one that signs itself is used from the state folder: others must be told to trust it";
        findings.add(Grade::Warn, zh, en);
    }
    let now = Clock::system().now().wall / 1_000_000;
    for identity in config.tls.own.iter().chain(config.tls.named.iter().map(|(_, identity)| identity)) {
        let at = identity.certificate.display();
        let said = match certificate::said(&identity.certificate) {
            Ok(said) => said,
            Err(mistake) => {
                findings.written(format!("证书 {mistake}"), format!("certificate {mistake}"));
                continue;
            }
        };
        let (names, days) = (said.names.join(", "), (said.until - now).div_euclid(86_400));
        let grade = match days {
            _ if said.from > now => Grade::Bad,
            ..0 => Grade::Bad,
            0..21 => Grade::Warn,
            21.. => Grade::Ok,
        };
        let (zh, en) = match days {
            _ if said.from > now => ("尚未生效".to_owned(), "does not hold yet".to_owned()),
            ..0 => (format!("已过期 {} 天", -days), format!("expired {} days ago", -days)),
            days => (format!("还有 {days} 天到期"), format!("holds for {days} days yet")),
        };
        findings.add(grade, format!("证书 {at}（{names}）{zh}"), format!("certificate {at} ({names}) {en}"));
        let by = match &config.tls.trusted {
            Some(file) => format!("[tls] trusted = {}", file.display()),
            None => "this machine".to_owned(),
        };
        match leads_to_trusted(&identity.certificate, config.tls.trusted.as_deref()) {
            _ if grade == Grade::Bad => {}
            Ok(()) => findings.add(
                Grade::Ok,
                format!("证书 {at} 的证书链通到受信任的机构（{by}）"),
                format!("certificate {at} leads to an authority that is trusted by {by}"),
            ),
            Err(why) => findings.add(
                Grade::Warn,
                format!("证书 {at} 的证书链没有通到受信任的机构（{by}：{why}）：把中间证书接在文件后面，或让对方信任它的机构"),
                format!(
                    "certificate {at} leads to no authority that is trusted by {by} ({why}): put those in between behind it in its file, \
                     or have the other side trust its authority"
                ),
            ),
        }
    }
}

/// Two ports a leg, two legs a call, and their RTCP; connections beside.
fn files(config: &Config, findings: &mut Findings) {
    let ports = u64::from(*config.media.ports.end()).saturating_sub(u64::from(*config.media.ports.start())) + 1;
    let wanted = (u64::from(config.sip.max_calls) * 4).min(ports) + config.sip.transports.tcp.connections as u64 + 128;
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if limit >= wanted {
        findings.add(Grade::Ok, format!("可打开文件 {limit} 个"), format!("open files: {limit}"));
        return;
    }
    let zh = format!(
        "可打开文件只有 {limit} 个，{} 个通话需要 {wanted}：ulimit -n {wanted}，或 systemd 的 LimitNOFILE={wanted}",
        config.sip.max_calls
    );
    let en = format!(
        "open files: {limit}; {} calls take {wanted}: ulimit -n {wanted}, or LimitNOFILE={wanted} for systemd",
        config.sip.max_calls
    );
    findings.add(Grade::Warn, zh, en);
}

/// The room for recordings: as the running daemon counts it, else what the disk has beside what must be free.
fn recordings(global: &Global, config: &Config, findings: &mut Findings) {
    if let Some(storage) = ask::storage(global) {
        let near = storage.quota.is_some_and(|quota| storage.bytes >= quota / 100 * 80);
        let grade = match () {
            () if storage.refused => Grade::Bad,
            () if near || storage.free < storage.min_free.saturating_mul(4) => Grade::Warn,
            () => Grade::Ok,
        };
        let line = |lang| ask::room(&storage, lang).split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
        findings.add(grade, format!("录音 {}", line(Lang::Zh)), format!("recordings: {}", line(Lang::En)));
        return;
    }
    let state = global.state.clone().or_else(|| config.store.folder.clone()).unwrap_or_else(std::env::temp_dir);
    let folder = config.recording.folder(&state);
    let Some(standing) = folder.ancestors().find(|p| p.is_dir()) else { return };
    let Ok(disk) = statvfs(standing) else { return };
    let (free, least) = (disk.f_bavail * disk.f_frsize, config.recording.min_free);
    if free < least {
        let (free, least) = (free / 1_000_000, least / 1_000_000);
        findings.add(
            Grade::Bad,
            format!("录音磁盘只剩 {free} MB，少于 min_free_mb = {least}：不会开始录音；请腾出空间，或缩短 [recording] keep_days"),
            format!("{free} MB are free for recordings, fewer than min_free_mb = {least}: none would begin; make room, or lower [recording] keep_days"),
        );
    }
}

/// Whether every group of the running switchboard has the seats at work that it must.
fn staff(global: &Global, findings: &mut Findings) {
    let Ok(Answer::Groups { groups }) = ask::ask(global, &Command::Groups) else { return };
    for GroupRow { group, title, at_work, least, short, disaster, .. } in &groups {
        if *short {
            let least = (*least).max(1);
            let zh = format!("坐席组 {group} {title}：在岗 {at_work} 席，应有 {least} 席：请安排签入（seats set）");
            let en =
                format!("group {group} {title}: {at_work} seats at work of at least {least}: sign some in (seats set)");
            findings.add(Grade::Warn, zh, en);
        }
        if *disaster {
            let zh = format!("坐席组 {group} {title} 处于应急模式：switchboard groups disaster {group} off 恢复");
            let en =
                format!("group {group} {title} is in disaster mode: switchboard groups disaster {group} off ends it");
            findings.add(Grade::Warn, zh, en);
        }
    }
}

fn state(global: &Global, config: &Config, findings: &mut Findings) {
    let folder = global.state.clone().or_else(|| config.store.folder.clone());
    let temporary = folder.is_none();
    let state = folder.unwrap_or_else(std::env::temp_dir);
    let kind = if temporary { ("（临时）", " (temporary)") } else { ("", "") };
    let what = (("数据目录", "state folder"), ("--state", "[store]"));
    room(&state, what, kind, findings);
    // Below the state folder it has the same owner and the same disk.
    if let Some(recordings) = &config.recording.folder {
        room(
            recordings,
            (("录音目录", "folder of recordings"), ("[recording] folder", "[recording]")),
            ("", ""),
            findings,
        );
    }
}

/// Whether a folder can be written and its disk has room. `what`: its name; by what another is chosen, and where it says how long
/// things are kept.
fn room(folder: &Path, what: ((&str, &str), (&str, &str)), kind: (&str, &str), findings: &mut Findings) {
    let ((name, en_name), (choice, section)) = what;
    let at = folder.display();
    // A folder that is not there yet will be made in the nearest one that is.
    let standing =
        folder.ancestors().find(|p| p.is_dir()).filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(e) = access(standing, Access::WRITE_OK | Access::EXEC_OK) {
        let standing = standing.display();
        let zh = format!("{name} {at} 不可写（{e}）：chown 或 chmod {standing}，或用 {choice} 另选");
        findings.add(
            Grade::Bad,
            zh,
            format!("{en_name} {at} cannot be written ({e}): chown or chmod {standing}, or choose another by {choice}"),
        );
        return;
    }
    match statvfs(standing) {
        Ok(disk) => {
            let free = disk.f_bavail * disk.f_frsize;
            let grade = match free {
                f if f < SPACE => Grade::Bad,
                f if f < 10 * SPACE => Grade::Warn,
                _ => Grade::Ok,
            };
            let fix = if grade == Grade::Ok {
                (String::new(), String::new())
            } else {
                (
                    format!("：请腾出空间，或缩短 {section} 的保存天数"),
                    format!(": make room, or keep things for fewer days in {section}"),
                )
            };
            let mib = free >> 20;
            findings.add(
                grade,
                format!("{name} {at}{}，剩余 {mib} MiB{}", kind.0, fix.0),
                format!("{en_name} {at}{}, {mib} MiB free{}", kind.1, fix.1),
            );
        }
        Err(e) => findings.add(
            Grade::Warn,
            format!("{name} {at}：不知道剩余空间（{e}）"),
            format!("{en_name} {at}: free space is not known ({e})"),
        ),
    }
}

fn clock(findings: &mut Findings) {
    let wall = Clock::system().now().wall;
    let shown = moment::shown(wall);
    if wall < OLDEST {
        let zh = format!("时钟是 {shown}，不对：号码按日期转换，请用 NTP 校时（timedatectl set-ntp true）");
        findings.add(Grade::Bad, zh, format!("the clock says {shown}, which is wrong: numbers change by date; set it by NTP (timedatectl set-ntp true)"));
        return;
    }
    findings.add(Grade::Ok, format!("时钟 {shown}（北京时间）"), format!("clock {shown} (Asia/Shanghai)"));
    // What the kernel knows of time servers, whichever program asks them; where nobody can say it, nothing is said.
    let asked =
        std::process::Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    let said = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    synchronised(said.as_deref().unwrap_or_default(), findings);
}

/// What `timedatectl` says of the clock: `yes`, `no`, or nothing.
fn synchronised(said: &[u8], findings: &mut Findings) {
    match said.trim_ascii() {
        b"yes" => findings.add(Grade::Ok, "时钟由时间服务器校准", "a time server keeps the clock"),
        b"no" => findings.add(
            Grade::Warn,
            "时钟没有由时间服务器校准：号码按日期转换，通话记录以它为准（timedatectl set-ntp true，或 chrony）",
            "no time server keeps the clock: numbers change by date, and records go by it (timedatectl set-ntp true, or chrony)",
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_no_time_server_keeps_is_told_and_what_nobody_knows_is_not() {
        let mut findings = Findings::default();
        for said in [&b"yes\n"[..], b"no\n", b"", b"maybe"] {
            synchronised(said, &mut findings);
        }
        assert_eq!(findings.0.iter().map(|l| l.grade).collect::<Vec<_>>(), [Grade::Ok, Grade::Warn]);
    }

    #[test]
    fn the_worst_finding_decides_and_a_written_mistake_comes_first() {
        let mut findings = Findings::default();
        address("udp:x", &Ok(()), ("[sip] listen", false), &mut findings);
        address("udp:x", &Err(ErrorKind::AddrInUse.into()), ("[sip] listen", true), &mut findings);
        address("udp:x", &Err(ErrorKind::AddrInUse.into()), ("[sip] listen", false), &mut findings);
        address("udp:x", &Err(ErrorKind::AddrNotAvailable.into()), ("[admin] http", false), &mut findings);
        let grades: Vec<_> = findings.0.iter().map(|l| (l.grade, l.written)).collect();
        assert_eq!(grades, [(Grade::Ok, false), (Grade::Ok, false), (Grade::Bad, false), (Grade::Bad, true)]);
    }
}
