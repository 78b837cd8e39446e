//! The running daemon under load on loopback: CPU seconds, memory, setup times. Callers come from the carrier trunk, the far
//! side is the sub-centre 12366; both live in this process.

use crate::{line, no_figure};
use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The daemon on ports of its own.
pub struct Lab {
    child: Child,
    folder: PathBuf,
    sip: SocketAddr,
    carrier: UdpSocket,
    branch: UdpSocket,
    rtp: UdpSocket,
    far_rtp: UdpSocket,
}

const SIP: u16 = 15_070;
const TLS: u16 = 15_071;
/// Where the lab serves its API, with the token that `config/lab.toml` names.
pub const API: u16 = 15_080;
pub const TOKEN: &str = "lab";
/// Numbers of live calls between which memory is compared.
const WEIGHED: [usize; 2] = [100, 500];

impl Lab {
    /// `record`: whether calls from trunk to trunk are recorded, "always" or "never".
    pub fn start(record: &str) -> Self {
        Self::with(|text, _| text.replace("[recording]", &format!("[recording]\ndefault = \"{record}\"")))
    }

    /// With a configuration that has been changed; the folder of the bench's own files is given too.
    pub fn with(change: impl FnOnce(String, &Path) -> String) -> Self {
        let folder = std::env::temp_dir().join(format!("switchboard-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("config/lab.toml"))
            .unwrap()
            .replace(":5070", &format!(":{SIP}"))
            .replace(":5071", &format!(":{TLS}"))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{API}"))
            .replace("127.0.0.20:5060", "127.0.0.20:15060")
            .replace("../dialplans", root.join("dialplans").to_str().unwrap())
            .replace("browser_port = 19999", "browser_port = 18999")
            // What is kept for `trace` has a bound of its own, whatever the calls.
            .replace("[media]", "[log]\nlevel = \"warn\"\n\n[trace]\nmemory_kib = 0\n\n[media]")
            .replace("/tmp/switchboard-lab.sock", folder.join("sock").to_str().unwrap());
        let text = change(text, &folder);
        let config = folder.join("bench.toml");
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["run", "--as-of", "2021-12-15T10:00", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        sleep(Duration::from_millis(1500));
        let ended = child.try_wait().expect("the daemon is a child");
        assert!(ended.is_none(), "the daemon has not started: {ended:?}");
        let socket = |ip: [u8; 4], port: u16| {
            let s = UdpSocket::bind(SocketAddr::from((ip, port))).expect("a loopback port of the bench is free");
            s.set_nonblocking(true).unwrap();
            let _ = socket2::SockRef::from(&s).set_recv_buffer_size(8 << 20);
            s
        };
        Self {
            child,
            folder,
            sip: SocketAddr::from(([127, 0, 0, 1], SIP)),
            carrier: socket([127, 0, 0, 10], 15_061),
            branch: socket([127, 0, 0, 20], 15_060),
            rtp: socket([127, 0, 0, 10], 45_000),
            far_rtp: socket([127, 0, 0, 20], 45_000),
        }
    }

    /// The daemon's process id, and its SIP address.
    pub fn at(&self) -> (u32, SocketAddr) {
        (self.child.id(), self.sip)
    }

    /// User + system time of the daemon, s.
    pub fn cpu(&self) -> f64 {
        switchboard::flood::process::cost(self.child.id()).unwrap().cpu_s
    }

    /// Proportional set size, kB.
    fn pss(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).unwrap();
        let line = text.lines().find(|l| l.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let prefix = format!("{name}: ");
    message.split("\r\n").find_map(|l| l.strip_prefix(prefix.as_str())).unwrap_or("")
}

fn sdp(at: SocketAddr) -> String {
    let (ip, port) = (at.ip(), at.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n"
    )
}

fn media_port(message: &str) -> Option<SocketAddr> {
    let port = message.split("m=audio ").nth(1)?.split(' ').next()?.parse().ok()?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// What came of a run.
#[derive(Default)]
pub struct Result {
    pub answered: usize,
    pub failed: usize,
    pub setup_us: Vec<u64>,
    /// Memory at so many live calls, kB.
    pss: Vec<(usize, f64)>,
    rtp_in: u64,
    rtp_out: u64,
}

struct Call {
    begun: Instant,
    hang_up_at: Option<Instant>,
    to: String,
    done: bool,
    rtp: Option<SocketAddr>,
}

/// What is asked of a run.
#[derive(Clone, Copy)]
pub struct Wish {
    pub number: &'static str,
    pub calls: usize,
    pub rate: f64,
    pub talk: Duration,
    /// Both sides send 20 ms A-law.
    pub rtp: bool,
}

struct Run<'l> {
    lab: &'l Lab,
    wish: Wish,
    id: u32,
    calls: Vec<Call>,
    by_id: HashMap<String, usize>,
    far: HashMap<String, SocketAddr>,
    result: Result,
    over: usize,
    /// Answered and not hung up, in the order of their answers.
    talking: VecDeque<usize>,
}

impl<'l> Run<'l> {
    fn new(lab: &'l Lab, wish: Wish, id: u32) -> Self {
        Self {
            lab,
            wish,
            id,
            calls: Vec::new(),
            by_id: HashMap::new(),
            far: HashMap::new(),
            result: Result::default(),
            over: 0,
            talking: VecDeque::new(),
        }
    }

    fn go(mut self) -> Result {
        let begun = now();
        let limit = Duration::from_secs_f64(self.wish.calls as f64 / self.wish.rate) + self.wish.talk * 2;
        let limit = limit + Duration::from_secs(10);
        let mut tick = begun;
        let mut packet = [0xd5u8; 172];
        let mut sequence = 0u16;
        while self.over < self.wish.calls && begun.elapsed() < limit {
            let due = (begun.elapsed().as_secs_f64() * self.wish.rate) as usize + 1;
            while self.calls.len() < due.min(self.wish.calls) {
                self.invite();
            }
            let busy = self.callers() | self.far_side();
            self.hang_ups();
            if self.wish.rtp && now() >= tick {
                tick += Duration::from_millis(20);
                sequence = sequence.wrapping_add(1);
                self.voice(&mut packet, sequence);
            }
            self.drain_rtp();
            if !busy {
                sleep(Duration::from_micros(200));
            }
            self.weigh();
        }
        self.result.failed += self.wish.calls - self.over;
        self.result
    }

    /// Notes the memory at two numbers of answered calls of one ramp, none of which has ended.
    fn weigh(&mut self) {
        let weighed = self.result.pss.len();
        if let Some(&at) = WEIGHED.get(weighed)
            && self.over == 0
            && self.result.answered >= at
        {
            self.result.pss.push((self.result.answered, self.lab.pss()));
        }
    }

    fn send(&self, text: &str) {
        let _ = self.lab.carrier.send_to(text.as_bytes(), self.lab.sip);
    }

    fn invite(&mut self) {
        let (n, run, at) = (self.calls.len(), self.id, self.lab.carrier.local_addr().unwrap());
        let body = sdp(self.lab.rtp.local_addr().unwrap());
        let number = self.wish.number;
        self.send(&format!(
            "INVITE sip:{number}@{} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bKi{run}-{n}\r\nFrom: <sip:139{n:08}@{at}>;tag=c{run}-{n}\r\nTo: <sip:{number}@{}>\r\nCall-ID: {run}-{n}@bench\r\nCSeq: 1 INVITE\r\nContact: <sip:caller@{at}>\r\nMax-Forwards: 70\r\nAllow: INVITE,ACK,BYE,CANCEL,OPTIONS,UPDATE\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            self.lab.sip, self.lab.sip, body.len()
        ));
        self.by_id.insert(format!("{run}-{n}@bench"), n);
        self.calls.push(Call { begun: now(), hang_up_at: None, to: String::new(), done: false, rtp: None });
    }

    fn in_dialog(&self, n: usize, method: &str, seq: u32) {
        let (run, at, to) = (self.id, self.lab.carrier.local_addr().unwrap(), &self.calls[n].to);
        self.send(&format!(
            "{method} sip:{} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bK{method}{run}-{n}\r\nFrom: <sip:139{n:08}@{at}>;tag=c{run}-{n}\r\nTo: {to}\r\nCall-ID: {run}-{n}@bench\r\nCSeq: {seq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            self.lab.sip
        ));
    }

    fn callers(&mut self) -> bool {
        let mut buffer = [0u8; 4096];
        let mut busy = false;
        while let Ok((n, _)) = self.lab.carrier.recv_from(&mut buffer) {
            busy = true;
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let Some(&i) = self.by_id.get(header(&text, "Call-ID")) else { continue };
            let invite = header(&text, "CSeq").ends_with("INVITE");
            match (text.get(8..11), invite) {
                (Some("200"), true) => {
                    if self.calls[i].hang_up_at.is_none() {
                        self.result.answered += 1;
                        let setup = self.calls[i].begun.elapsed().as_micros() as u64;
                        self.result.setup_us.push(setup);
                        self.calls[i].hang_up_at = Some(now() + self.wish.talk);
                        self.calls[i].to = header(&text, "To").to_owned();
                        self.calls[i].rtp = media_port(&text);
                        self.talking.push_back(i);
                    }
                    self.in_dialog(i, "ACK", 1);
                }
                (Some(status), true) if status >= "300" => {
                    self.calls[i].to = header(&text, "To").to_owned();
                    self.result.failed += 1;
                    self.finish(i);
                }
                (Some("200"), false) => self.finish(i),
                _ => {}
            }
        }
        busy
    }

    fn finish(&mut self, i: usize) {
        if !std::mem::replace(&mut self.calls[i].done, true) {
            self.over += 1;
        }
    }

    fn hang_ups(&mut self) {
        let at = now();
        while let Some(&i) = self.talking.front().filter(|i| self.calls[**i].hang_up_at.is_some_and(|t| t <= at)) {
            self.talking.pop_front();
            if !self.calls[i].done {
                self.calls[i].rtp = None;
                self.in_dialog(i, "BYE", 2);
            }
        }
    }

    fn far_side(&mut self) -> bool {
        let mut buffer = [0u8; 4096];
        let mut busy = false;
        while let Ok((n, from)) = self.lab.branch.recv_from(&mut buffer) {
            busy = true;
            let text = String::from_utf8_lossy(&buffer[..n]).into_owned();
            let id = header(&text, "Call-ID").to_owned();
            if text.starts_with("INVITE") {
                if let Some(port) = media_port(&text) {
                    self.far.insert(id, port);
                }
                self.reply(&text, "180 Ringing", "", from);
                let body = sdp(self.lab.far_rtp.local_addr().unwrap());
                self.reply(&text, "200 OK", &body, from);
            } else if text.starts_with("BYE") {
                self.far.remove(&id);
                self.reply(&text, "200 OK", "", from);
            } else if text.starts_with("OPTIONS") {
                self.reply(&text, "200 OK", "", from);
            }
        }
        busy
    }

    fn reply(&self, request: &str, status: &str, body: &str, to: SocketAddr) {
        let tag = if header(request, "To").contains("tag=") { "" } else { ";tag=far" };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:far@{}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            header(request, "Via"),
            header(request, "From"),
            header(request, "To"),
            header(request, "Call-ID"),
            header(request, "CSeq"),
            self.lab.branch.local_addr().unwrap(),
            body.len()
        );
        let _ = self.lab.branch.send_to(text.as_bytes(), to);
    }

    fn voice(&mut self, packet: &mut [u8; 172], sequence: u16) {
        packet[0] = 0x80;
        packet[1] = 8;
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        for call in &self.calls {
            if let Some(port) = call.rtp {
                self.result.rtp_out += u64::from(self.lab.rtp.send_to(packet, port).is_ok());
            }
        }
        for port in self.far.values() {
            self.result.rtp_out += u64::from(self.lab.far_rtp.send_to(packet, port).is_ok());
        }
    }

    fn drain_rtp(&mut self) {
        let mut buffer = [0u8; 2048];
        for socket in [&self.lab.rtp, &self.lab.far_rtp] {
            loop {
                match socket.recv_from(&mut buffer) {
                    Ok(_) => self.result.rtp_in += 1,
                    Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                    Err(_) => break,
                }
            }
        }
    }
}

pub fn percentile(values: &mut [u64], p: f64) -> f64 {
    values.sort_unstable();
    values.get(((values.len().max(1) - 1) as f64 * p) as usize).copied().unwrap_or(0) as f64 / 1000.0
}

pub fn run() {
    let lab = Lab::start("never");
    signalling(&lab);
    prompt(&lab);
    relay(&lab, "relay, per call-minute of 6000 packets", 0.030);
    strangers(&lab);
    drop(lab);
    relay(&Lab::start("always"), "relay, recorded, per call-minute of 6000 packets", 0.036);
    memory();
}

/// What is kept of calls: while they live, and when they are over.
pub fn memory() {
    weight(&Lab::start("never"), "memory a live call, relayed (100 to 500)", 10.0);
    weight(&Lab::start("always"), "memory a live call, recorded (100 to 500)", 20.0);
    flood(&Lab::start("never"));
}

pub fn measured(lab: &Lab, wish: Wish, id: u32) -> (Result, f64) {
    let before = lab.cpu();
    let result = Run::new(lab, wish, id).go();
    sleep(Duration::from_millis(500));
    (result, lab.cpu() - before)
}

/// CPU seconds for each of so many calls or packets, if there were any.
fn per(what: &str, cpu: f64, many: u64, budget: Option<f64>) {
    match many {
        0 => no_figure(what, "nothing came through"),
        many => line(what, cpu / many as f64, "CPU-s", budget),
    }
}

fn signalling(lab: &Lab) {
    // At a low rate each message wakes an idle processor, and its owner pays for that: both rates are shown.
    let low = Wish { number: "12366", calls: 1000, rate: 100.0, talk: Duration::from_millis(100), rtp: false };
    let (r, cpu) = measured(lab, low, 7);
    per("B2BUA at 100 cps, per 1000 calls", cpu * 1000.0, r.answered as u64, None);
    let wish = Wish { calls: 5000, rate: 1000.0, ..low };
    let (mut r, cpu) = measured(lab, wish, 1);
    println!("  {} calls at 1000 cps: {} answered, {} failed", wish.calls, r.answered, r.failed);
    per("B2BUA, both legs, ports and CDR, per 1000 calls", cpu * 1000.0, r.answered as u64, Some(0.30));
    line("setup time p50", percentile(&mut r.setup_us, 0.5), "ms", Some(1.0));
    line("setup time p99", percentile(&mut r.setup_us, 0.99), "ms", Some(5.0));
}

fn prompt(lab: &Lab) {
    let wish = Wish { number: "12345", calls: 400, rate: 50.0, talk: Duration::from_secs(2), rtp: false };
    let (r, cpu) = measured(lab, wish, 2);
    println!("  {} prompt calls: {} answered, {} failed, {} packets heard", wish.calls, r.answered, r.failed, r.rtp_in);
    per("answer + 2 s prompt + BYE, per 1000 calls", cpu * 1000.0, r.answered as u64, Some(0.5));
}

fn relay(lab: &Lab, what: &str, budget: f64) {
    let wish = Wish { number: "12366", calls: 100, rate: 50.0, talk: Duration::from_secs(20), rtp: true };
    let (r, cpu) = measured(lab, wish, 3);
    let share = r.rtp_in as f64 / r.rtp_out.max(1) as f64;
    println!("  {} relayed calls: {} packets sent, {:.3} of them heard", r.answered, r.rtp_out, share);
    per(what, cpu * 6000.0, r.rtp_in, Some(budget));
}

/// Both sides send sound, so that every buffer is in use.
fn weight(lab: &Lab, what: &str, budget: f64) {
    let wish = Wish { number: "12366", calls: 520, rate: 100.0, talk: Duration::from_secs(9), rtp: true };
    let (r, _) = measured(lab, wish, 4);
    if let [(few, small), (many, large)] = r.pss[..] {
        line(what, (large - small) / (many - few) as f64, "kB", Some(budget));
    } else {
        no_figure(what, &format!("{} answered, {} failed", r.answered, r.failed));
    }
}

/// 3,400 calls a second for 16 s; what of their memory is still there a minute later.
fn flood(lab: &Lab) {
    let warm = Wish { number: "12366", calls: 500, rate: 500.0, talk: Duration::from_millis(100), rtp: false };
    measured(lab, warm, 8);
    let before = lab.pss();
    let (r, cpu) = measured(lab, Wish { calls: 54_400, rate: 3_400.0, ..warm }, 5);
    let most = lab.pss();
    println!("  54,400 calls at 3,400 cps: {} answered, {} failed, {cpu:.1} CPU-s, {most:.0} kB", r.answered, r.failed);
    // Everything of a finished call is gone 32 s after its end (64 × T1).
    sleep(Duration::from_secs(60));
    line("memory kept 60 s after 3,400 cps for 16 s", (lab.pss() - before) / 1024.0, "MB", Some(32.0));
}

fn strangers(lab: &Lab) {
    let stranger = UdpSocket::bind("127.0.9.9:0").unwrap();
    let at = stranger.local_addr().unwrap();
    let count = 20_000;
    let before = lab.cpu();
    for n in 0..count {
        let text = format!(
            "INVITE sip:12345@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bKs{n}\r\nFrom: <sip:s@x>;tag={n}\r\nTo: <sip:12345@{0}>\r\nCall-ID: s{n}@x\r\nCSeq: 1 INVITE\r\nContact: <sip:s@{at}>\r\nMax-Forwards: 70\r\nUser-Agent: scanner scanner scanner scanner scanner scanner\r\nContent-Length: 0\r\n\r\n",
            lab.sip
        );
        let _ = stranger.send_to(text.as_bytes(), lab.sip);
        if n % 50 == 0 {
            sleep(Duration::from_millis(2));
        }
    }
    sleep(Duration::from_millis(300));
    line(
        "stateless 401 to a stranger, per 1000",
        (lab.cpu() - before) * 1000.0 / f64::from(count),
        "CPU-s",
        Some(0.03),
    );
}
