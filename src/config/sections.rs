//! The plain sections: every key with its range and its default.

use super::addresses::{listens, origins};
use super::mistake::Spot;
use super::reader::{Found, Table};
use crate::clock::{MILLI, SECOND};
use crate::exchange::Overload;
use crate::sip::auth::Algorithm;
use crate::sip::auth::lockout::Limits;
use crate::sip::flow::Transport;
use crate::transport::{self, Listen};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::time::Duration;

/// `[sip]`.
#[derive(Debug, Clone)]
pub struct Sip {
    /// Sockets, buffers and the limits of TCP.
    pub transports: transport::Settings,
    /// The realm that seats' passwords belong to.
    pub realm: String,
    /// Digest algorithms that are offered, in this order.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce may be used.
    pub nonce: Duration,
    /// Wrong passwords of a source for a seat until it is locked out, and for how long.
    pub lockout: Limits,
    /// Value of User-Agent and Server.
    pub user_agent: String,
    /// RFC 3261's T1: the round trip that retransmissions start from.
    pub t1: Duration,
    /// Most calls at a time; more are answered 503. Emergency calls are never counted out.
    pub max_calls: u32,
    /// How overload is met (RFC 6357).
    pub overload: Overload,
    /// What callers beyond `max_calls` hear before the 503; empty in the file: nothing.
    pub busy_prompt: Option<String>,
    /// Legs of one number on a trunk at a time; more are taken for a loop. Emergency calls are not counted.
    pub legs_per_caller: u32,
    /// Session timer that we ask for (RFC 4028).
    pub session_expires: Duration,
    /// Shortest session timer that we accept, 90 s at least (RFC 4028 §4).
    pub min_se: Duration,
    /// Shortest registration; less is answered 423.
    pub register_min: Duration,
    /// Longest registration; more is shortened.
    pub register_max: Duration,
    /// Where the section stands.
    pub defined: Spot,
    /// Where `listen` stands.
    pub(super) listen_span: Range<usize>,
}

impl Sip {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let advertised = table.parsed::<IpAddr>("advertised", " IP 地址", "an IP address");
        let (listen, listen_span) = listens(&table, advertised);
        let mut transports = transport::Settings::new(listen);
        transports.udp_buffer = table.number_or("udp_buffer_kib", 64..=262_144, 4096) * 1024;
        transports.tcp.connections = table.number_or("tcp_connections", 1..=65_536, 4096);
        transports.tcp.per_source = table.number_or("tcp_per_source", 1..=65_536, 1024);
        transports.tcp.idle = Duration::from_secs(table.number_or("tcp_idle_s", 60..=86_400, 3900));
        transports.origins = origins(&table);
        let seconds = |key, range, default| Duration::from_secs(table.number_or(key, range, default));
        let sip = Self {
            realm: table.text("realm").map_or("12345", |(t, _)| t).to_owned(),
            algorithms: algorithms(&table),
            nonce: seconds("nonce_s", 10..=3600, 60),
            lockout: lockout(&table),
            user_agent: user_agent(&table),
            t1: Duration::from_millis(table.number_or("t1_ms", 100..=2000, 500)),
            max_calls: table.number_or("max_calls", 1..=100_000, 5000),
            overload: overload(&table),
            busy_prompt: Some(table.text("busy_prompt").map_or("busy", |(t, _)| t))
                .filter(|t| !t.is_empty())
                .map(str::to_owned),
            legs_per_caller: table.number_or("legs_per_caller", 1..=100_000, 3),
            session_expires: seconds("session_expires_s", 90..=86_400, 1800),
            min_se: seconds("min_se_s", 90..=86_400, 90),
            register_min: seconds("register_min_s", 10..=3600, 60),
            register_max: seconds("register_max_s", 60..=86_400, 3600),
            defined: table.document.spot(&table.span),
            transports,
            listen_span,
        };
        sip.compare(&table);
        if let Some(value) =
            table.value("password_failures").filter(|_| sip.lockout.failures == 0 && !sip.only_loopback())
        {
            let zh = "password_failures = 0：任何人都可以无限次猜口令";
            table.document.warning(value.span(), zh, "password_failures = 0: anybody may guess passwords for ever");
        }
        table.finish();
        sip
    }

    fn compare(&self, table: &Table<'_, '_>) {
        let order = [
            ("min_se_s", self.min_se, "session_expires_s", self.session_expires),
            ("register_min_s", self.register_min, "register_max_s", self.register_max),
        ];
        for (low, least, high, most) in order {
            if least > most {
                let span = table.value(low).or(table.value(high)).map_or(table.span.clone(), |v| v.span());
                table.document.error(span, format!("{low} 大于 {high}"), format!("{low} is more than {high}"));
            }
        }
    }

    /// True if nothing outside this machine can reach us.
    pub(super) fn only_loopback(&self) -> bool {
        self.transports.listen.iter().all(|l| l.address.ip().is_loopback())
    }

    /// The socket that a peer is best reached from: same transport and family, loopback to loopback.
    pub(super) fn local_for(&self, transport: Transport, peer: SocketAddr) -> Option<SocketAddr> {
        let able = |l: &&Listen| l.transport == transport && l.address.is_ipv4() == peer.is_ipv4();
        let unlike = |l: &&Listen| l.address.ip().is_loopback() != peer.ip().is_loopback();
        self.transports.listen.iter().filter(able).min_by_key(unlike).map(Listen::name)
    }
}

fn algorithms(table: &Table<'_, '_>) -> Vec<Algorithm> {
    let Some(texts) = table.texts("algorithms") else {
        return vec![Algorithm::Sha256, Algorithm::Md5];
    };
    let mut all = Vec::new();
    for (text, span) in texts {
        match Algorithm::parse(text.as_bytes()) {
            Some(algorithm) if !all.contains(&algorithm) => all.push(algorithm),
            _ => {
                let zh = format!("algorithms 只能是 \"SHA-256\"、\"MD5\"，各一次，而不是 \"{text}\"");
                let en = format!("algorithms are \"SHA-256\" and \"MD5\", each once, not \"{text}\"");
                table.document.error(span, zh, en);
            }
        }
    }
    if all.is_empty() {
        table.missing("algorithms 中的算法", "an algorithm in algorithms");
    }
    all
}

fn overload(table: &Table<'_, '_>) -> Overload {
    let usual = Overload::default();
    Overload {
        delay: table.number_or("queue_delay_ms", 5..=1000, usual.delay / MILLI) * MILLI,
        sure: table.number_or("sure_cps", 1..=100_000, usual.sure),
        source: table.number_or("source_rate", 1..=1_000_000, usual.source),
    }
}

/// Never locking anybody out is a choice for a loopback lab.
fn lockout(table: &Table<'_, '_>) -> Limits {
    let usual = Limits::default();
    let micros = |key, usual: u64| table.number_or(key, 1..=86_400, usual / SECOND) * SECOND;
    let limits = Limits {
        failures: table.number_or("password_failures", 0..=1000, usual.failures),
        first: micros("password_lock_s", usual.first),
        longest: micros("password_lock_max_s", usual.longest),
    };
    if limits.first > limits.longest {
        let span = table.value("password_lock_s").or(table.value("password_lock_max_s"));
        let span = span.map_or(table.span.clone(), |v| v.span());
        let zh = "password_lock_s 大于 password_lock_max_s";
        table.document.error(span, zh, "password_lock_s is more than password_lock_max_s");
    }
    limits
}

fn user_agent(table: &Table<'_, '_>) -> String {
    let (text, span) = table.text("user_agent").unwrap_or(("switchboard", 0..0));
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        table.document.error(span, "user_agent 只能用 ASCII 字符", "user_agent takes ASCII only");
    }
    text.to_owned()
}

/// `[media]`.
#[derive(Debug, Clone)]
pub struct Media {
    /// The address in SDP, and of the sockets.
    pub address: IpAddr,
    /// RTP on the even ports, RTCP on the next.
    pub ports: RangeInclusive<u16>,
    /// Media threads; 0 is one for each core.
    pub threads: u8,
    /// The UDP port that all browsers' media comes to; `None`: no browser is a telephone here.
    pub browser_port: Option<u16>,
}

impl Media {
    pub(super) fn read(table: Table<'_, '_>, sip: &Sip) -> Self {
        let document = table.document;
        let first = sip.transports.listen.first().map(|l| l.address.ip());
        let given = table.parsed::<IpAddr>("address", " IP 地址", "an IP address");
        let span = given.as_ref().map_or(sip.listen_span.clone(), |(_, span)| span.clone());
        let address = given.map(|(ip, _)| ip).or(first);
        if address.is_some_and(|ip| ip.is_unspecified() || ip.is_multicast()) {
            let zh = "[media] address 须写明本机的一个地址：它会写进 SDP";
            document.error(span, zh, "[media] address must name one address of this machine: it goes into SDP");
        }
        let (ports, span) = ports(&table);
        for listen in sip.transports.listen.iter().filter(|l| l.transport == Transport::Udp) {
            if ports.contains(&listen.address.port()) {
                let zh = format!("[media] ports 与 [sip] listen 的 {listen} 重叠");
                document.error(span.clone(), zh, format!("[media] ports overlap {listen} of [sip] listen"));
            }
        }
        let calls = (u32::from(*ports.end()) + 1).saturating_sub(u32::from(*ports.start())) / 4;
        if calls < sip.max_calls {
            let most = sip.max_calls;
            let zh = format!("[media] ports 只够 {calls} 个通话（每个两对端口），少于 [sip] max_calls = {most}");
            let en = format!(
                "[media] ports are enough for {calls} calls (two pairs each), fewer than [sip] max_calls = {most}"
            );
            document.warning(span, zh, en);
        }
        let threads = table.number_or("threads", 0..=64, 0);
        let browser_port = browser_port(&table, sip, &ports);
        table.finish();
        Self { address: address.unwrap_or(IpAddr::from([127, 0, 0, 1])), ports, threads, browser_port }
    }
}

fn browser_port(table: &Table<'_, '_>, sip: &Sip, ports: &RangeInclusive<u16>) -> Option<u16> {
    let port = Some(table.number_or("browser_port", 0..=65_535, 0)).filter(|port| *port != 0);
    let span = table.value("browser_port").map_or(table.span.clone(), |value| value.span());
    let udp = || sip.transports.listen.iter().filter(|l| l.transport == Transport::Udp);
    if let Some(port) = port.filter(|port| ports.contains(port) || udp().any(|l| l.address.port() == *port)) {
        let zh = format!("browser_port = {port} 已用于 [media] ports 或 [sip] listen");
        table.document.error(span, zh, format!("browser_port = {port} is in [media] ports or [sip] listen already"));
    } else if port.is_none() && sip.transports.listen.iter().any(|l| l.transport.is_web()) {
        let zh = "有 ws: 或 wss: 监听地址而没有 [media] browser_port：网页电话只能登记，不能通话";
        let en = "there is a ws: or wss: address and no [media] browser_port: a telephone in a page could register and never talk";
        table.document.warning(span, zh, en);
    }
    port
}

fn ports(table: &Table<'_, '_>) -> (RangeInclusive<u16>, Range<usize>) {
    let usual = 20_000..=39_999;
    let Some((text, span)) = table.text("ports") else {
        return (usual, table.span.clone());
    };
    let ends =
        text.split_once('-').and_then(|(a, b)| Some((a.trim().parse::<u16>().ok()?, b.trim().parse::<u16>().ok()?)));
    match ends {
        Some((first, last)) if first >= 1024 && first % 2 == 0 && last % 2 == 1 && first < last => (first..=last, span),
        _ => {
            let zh = format!("ports 应如 \"20000-39999\"：从 1024 以上的偶数到奇数，而不是 \"{text}\"");
            let en = format!(
                "ports should be like \"20000-39999\", from an even number (1024 at least) to an odd one, not \"{text}\""
            );
            table.document.error(span.clone(), zh, en);
            (usual, span)
        }
    }
}

/// `[plan]`.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The folder of the dialplan's TOML files.
    pub folder: PathBuf,
    /// The folder of the prompts.
    pub prompts: PathBuf,
    /// Edits come into force by themselves.
    pub watch: bool,
    /// Operators may put the folder's plan and earlier versions in force from their pages; else by the command line alone.
    pub by_pages: bool,
}

impl Plan {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let find = |key, given: Option<Found<&str>>, usual: PathBuf| {
            let span = given.as_ref().map_or(table.span.clone(), |(_, span)| span.clone());
            let folder = given.map_or(usual, |(path, _)| table.document.path(path));
            if !folder.is_dir() {
                let at = folder.display();
                let zh = format!("[plan] {key}：没有文件夹 {at}（相对路径从本文件所在文件夹算起）");
                let en = format!("[plan] {key}: there is no folder {at} (paths start from this file's folder)");
                table.document.error(span, zh, en);
                return (folder, false);
            }
            (folder, true)
        };
        let (folder, there) = find("folder", table.text("folder"), table.document.path("dialplans"));
        let given = table.text("prompts");
        // One missing folder is one mistake, not two.
        let prompts = match given {
            None if !there => folder.join("prompts"),
            given => find("prompts", given, folder.join("prompts")).0,
        };
        let watch = table.flag("watch", false);
        let by_pages = table.choice("edited_by", &[("pages", true), ("files", false)], true);
        table.finish();
        Self { folder, prompts, watch, by_pages }
    }
}

/// `[floor]`. What is given holds for every group instead of the dialplan's own times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// How long one seat rings.
    pub ring_time: Option<Duration>,
    /// Rest after a call.
    pub wrap_up: Option<Duration>,
    /// A seat that hangs up so soon after its answer has served nobody: its caller goes back to the head of the queue.
    pub early_hangup: Duration,
    /// A seat whose phone is lost in a talk is waited for so long; zero: its caller goes to the head of the queue at once.
    pub return_wait: Duration,
    /// Said to the target of a transfer before it joins.
    pub whisper: Option<String>,
    /// A seat where so many calls in a row rang out is not ready; 0 is never.
    pub no_answer_limit: u32,
    /// For so long at most; zero: until its agent says that he is there.
    pub no_answer_rest: Duration,
    /// A seat may hold all its calls so long; zero is without limit.
    pub hold_limit: Duration,
    /// Paperwork that an agent asks for by key.
    pub longer_wrap_up: Duration,
    /// What a break may be for, in the order of their keys 1 to 9.
    pub breaks: Vec<String>,
    /// How long a break for this may be, minutes: a page counts it down. Those that are not there have no end.
    pub break_minutes: BTreeMap<String, u32>,
    /// Callers are called back from this minute of the day until the other.
    pub callback_hours: (u16, u16),
    /// A caller is called back so often at most.
    pub callback_tries: u32,
    /// From one try to the next.
    pub callback_every: Duration,
    /// A call-back that nobody has carried out is forgotten after so long.
    pub callback_keep: Duration,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            ring_time: None,
            wrap_up: None,
            early_hangup: Duration::from_secs(5),
            return_wait: Duration::from_secs(15),
            whisper: None,
            no_answer_limit: 3,
            no_answer_rest: Duration::from_secs(120),
            hold_limit: Duration::ZERO,
            longer_wrap_up: Duration::from_secs(120),
            breaks: ["小休", "用餐", "培训", "会议", "其他"].map(str::to_owned).to_vec(),
            break_minutes: BTreeMap::new(),
            callback_hours: (8 * 60, 21 * 60),
            callback_tries: 3,
            callback_every: Duration::from_secs(600),
            callback_keep: Duration::from_secs(3 * 86_400),
        }
    }
}

impl Floor {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let seconds = |key, range| table.number(key, range).map(|(n, _)| Duration::from_secs(n));
        let (ring_time, wrap_up) = (seconds("ring_time_s", 1..=120), seconds("wrap_up_s", 0..=3600));
        let early_hangup = seconds("early_hangup_s", 0..=60).unwrap_or(Self::default().early_hangup);
        let return_wait = seconds("return_s", 0..=120).unwrap_or(Self::default().return_wait);
        let whisper = table.text("whisper").map(|(prompt, _)| prompt.to_owned());
        let usual = Self::default();
        let (breaks, break_minutes) = breaks(&table).unwrap_or((usual.breaks, usual.break_minutes));
        let floor = Self {
            ring_time,
            wrap_up,
            early_hangup,
            return_wait,
            whisper,
            no_answer_limit: table.number_or("no_answer_limit", 0..=100, usual.no_answer_limit),
            no_answer_rest: seconds("no_answer_rest_s", 0..=86_400).unwrap_or(usual.no_answer_rest),
            hold_limit: seconds("hold_limit_s", 0..=86_400).unwrap_or(usual.hold_limit),
            longer_wrap_up: seconds("longer_wrap_up_s", 1..=3_600).unwrap_or(usual.longer_wrap_up),
            breaks,
            break_minutes,
            callback_hours: hours(&table, "callback_hours").unwrap_or(usual.callback_hours),
            callback_tries: table.number_or("callback_tries", 1..=20, usual.callback_tries),
            callback_every: seconds("callback_every_s", 1..=86_400).unwrap_or(usual.callback_every),
            callback_keep: seconds("callback_keep_s", 60..=2_592_000).unwrap_or(usual.callback_keep),
        };
        table.finish();
        floor
    }
}

/// `"08:00-21:00"`: minutes of the day, the second after the first.
fn hours(table: &Table<'_, '_>, key: &'static str) -> Option<(u16, u16)> {
    let (text, span) = table.text(key)?;
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour <= 24 && minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
    };
    let both = text.split_once('-').and_then(|(from, until)| minute(from).zip(minute(until)));
    let good = both.filter(|(from, until)| from < until);
    if good.is_none() {
        let zh = format!("{key} 应写作 \"08:00-21:00\"，先早后晚");
        table.document.error(span, zh, format!("{key} should be written as \"08:00-21:00\", the earlier first"));
    }
    good
}

/// Words for breaks: at most nine, one for each key; behind `=` how many minutes one may be.
fn breaks(table: &Table<'_, '_>) -> Option<(Vec<String>, BTreeMap<String, u32>)> {
    let all = table.texts("breaks")?;
    let (mut words, mut minutes) = (Vec::new(), BTreeMap::new());
    for (at, (text, span)) in all.into_iter().enumerate() {
        let (word, length) = text.split_once('=').map_or((text, None), |(word, length)| (word, Some(length.trim())));
        let word = word.trim().to_owned();
        if at >= 9 || word.is_empty() || word.chars().count() > 16 || word.chars().any(char::is_control) {
            let zh = "breaks 是 1 到 9 个词，每个不超过 16 个字";
            table.document.error(span.clone(), zh, "breaks are 1 to 9 words of at most 16 characters");
        }
        match length.map(|length| length.parse().ok().filter(|minutes| (1..=480).contains(minutes))) {
            Some(None) => {
                let zh = format!("{word} 的时长应为 1 到 480 分钟：\"{word}=30\"");
                table.document.error(span, zh, format!("{word} is 1 to 480 minutes long: \"{word}=30\""));
            }
            Some(Some(length)) => _ = minutes.insert(word.clone(), length),
            None => {}
        }
        words.push(word);
    }
    Some((words, minutes))
}

/// `[store]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The state folder; `None` is a temporary one, gone with the daemon. `--state` comes before it.
    pub folder: Option<PathBuf>,
    /// Call records are kept so many days.
    pub record_days: u32,
    /// The event journal is kept so many days.
    pub journal_days: u32,
}

impl Store {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let temporary = table.flag("temporary", false);
        let folder = table.text("folder");
        if let (true, Some((_, span))) = (temporary, &folder) {
            let zh = "folder 与 temporary = true 只能写一个";
            table.document.error(span.clone(), zh, "folder and temporary = true exclude each other");
        }
        let folder = (!temporary).then(|| table.document.path(folder.map_or("state", |(path, _)| path)));
        let record_days = table.number_or("record_days", 1..=36_500, 1096);
        let journal_days = table.number_or("journal_days", 1..=36_500, 31);
        table.finish();
        Self { folder, record_days, journal_days }
    }
}

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// The command line's Unix socket; `None` is `switchboard.sock` in the state folder.
    pub socket: Option<PathBuf>,
    /// The HTTP API; `None` is none.
    pub http: Option<Http>,
    /// Where a call's screen is, with `{call}` for its reference.
    pub link: Option<String>,
}

/// The HTTP API.
#[derive(Clone, PartialEq, Eq)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What a client must show.
    pub token: String,
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Http({}, …)", self.listen)
    }
}

impl Admin {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let document = table.document;
        let socket = table.text("socket").map(|(path, span)| (document.path(path), span));
        if let Some((path, span)) = &socket
            && path.as_os_str().len() > 107
        {
            document.error(span.clone(), "socket 路径超过 107 字节", "the socket's path is longer than 107 bytes");
        }
        let link = table.text("link").map(|(text, span)| {
            let url = text.starts_with("https://") || text.starts_with("http://");
            if !url || !text.contains("{call}") || text.contains(['<', '>', '"', ' ']) {
                let zh = format!(
                    "link 应为含 {{call}} 的网址，如 \"https://hub.example/calls/{{call}}\"，而不是 \"{text}\""
                );
                let en = format!(
                    "link is a URL with {{call}} in it, such as \"https://hub.example/calls/{{call}}\", not \"{text}\""
                );
                document.error(span, zh, en);
            }
            text.to_owned()
        });
        let http = table.parsed::<SocketAddr>("http", "地址和端口", "an address and a port");
        let token = secret(&table, "http_token", "http_token_env");
        let http = http.and_then(|(listen, span)| {
            let Some((token, at)) = token else {
                let zh = "[admin] http 需要 http_token 或 http_token_env：没有口令的接口谁都能用";
                document.error(
                    span,
                    zh,
                    "[admin] http needs http_token or http_token_env: without one anybody could use it",
                );
                return None;
            };
            if token.len() < 16 && !listen.ip().is_loopback() {
                let zh = "接口不只在本机可达，口令至少 16 个字符";
                document.error(at, zh, "the API is reachable from outside: its token takes 16 characters at least");
            }
            Some(Http { listen, token })
        });
        table.finish();
        Self { socket: socket.map(|(path, _)| path), http, link }
    }
}

/// A secret written here, or named by an environment variable; not both. `None` if it is not there, which may have been reported.
pub(super) fn secret(table: &Table<'_, '_>, plain: &'static str, from: &'static str) -> Option<Found<String>> {
    let document = table.document;
    let (here, named) = (table.text(plain), table.text(from));
    if let (Some(_), Some((_, span))) = (&here, &named) {
        let zh = format!("{plain} 与 {from} 只能写一个");
        document.error(span.clone(), zh, format!("{plain} and {from} exclude each other"));
    }
    if let Some((text, span)) = here {
        return Some((text.to_owned(), span));
    }
    let (name, span) = named?;
    let value = (document.variable)(name).filter(|v| !v.is_empty());
    if value.is_none() {
        let zh = format!("{from}：环境变量 {name} 未设置或为空");
        document.error(span.clone(), zh, format!("{from}: the environment variable {name} is not set or empty"));
    }
    // The mistake is told; an empty secret stands for the one that is not there, so that it is not told twice.
    Some((value.unwrap_or_default(), span))
}

pub(super) fn drain(table: Table<'_, '_>) -> Duration {
    let limit = Duration::from_secs(table.number_or("limit_s", 0..=86_400, 60));
    table.finish();
    limit
}

/// `[log] level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something stopped.
    Error,
    /// Worth a look at 3 a.m.
    Warn,
    /// Call milestones.
    Info,
    /// Each branch; callers' numbers masked.
    Debug,
    /// Each packet.
    Trace,
}

impl Level {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let words = [
            ("error", Self::Error),
            ("warn", Self::Warn),
            ("info", Self::Info),
            ("debug", Self::Debug),
            ("trace", Self::Trace),
        ];
        let level = table.choice("level", &words, Self::Info);
        table.finish();
        level
    }
}
