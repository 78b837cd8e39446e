//! SIPp as carrier, seat or exchange: a scenario, its log of messages, and the sound of its calls by a [`Line`].

use super::lab::{Lab, root};
use super::process::{Process, needs, read};
use super::sound::{Ear, Line};
use super::tunnel::Tunnel;
use super::until;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The carrier's address, trusted by the lab.
pub const CARRIER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 10));

/// What a SIPp does.
#[derive(Debug, Clone)]
pub struct Role {
    scenario: &'static str,
    ip: IpAddr,
    port: u16,
    hertz: f64,
    /// How long it talks or rings (SIPp's `-d`), ms.
    millis: u64,
    words: Vec<(&'static str, String)>,
    /// What stands in the place of keywords of SIPp's own.
    keywords: Vec<(&'static str, String)>,
    /// SIPp's `-t`, unless it is UDP by one socket.
    transport: Option<&'static str>,
    /// Where it calls, unless that is the exchange itself.
    to: Option<SocketAddr>,
    calls: Option<u32>,
    rate: u32,
    seconds: u32,
    quiet: bool,
    /// The payload type and the name of what it speaks instead of PCMA.
    speaks: Option<(u8, &'static str)>,
    /// Lines of the file for `[field0]`, `[field1]`.
    fields: Vec<String>,
}

/// A running SIPp with the sound of its calls.
#[derive(Debug)]
pub struct Sipp {
    process: Process,
    messages: PathBuf,
    pub line: Line,
    name: String,
}

impl Role {
    fn new(scenario: &'static str, ip: IpAddr, port: u16) -> Self {
        Self {
            scenario,
            ip,
            port,
            hertz: 1_000.0,
            millis: 0,
            words: Vec::new(),
            keywords: Vec::new(),
            transport: None,
            to: None,
            calls: Some(1),
            rate: 10,
            seconds: 60,
            quiet: false,
            speaks: None,
            fields: Vec::new(),
        }
    }

    /// A call from the carrier to a request-URI, by `scenarios/<scenario>.xml`; phone `n` of the slot.
    pub fn carrier(lab: &Lab, n: u16, scenario: &'static str, uri: &str) -> Self {
        Self::new(scenario, CARRIER, lab.slot.phone(n)).word("uri", uri).word("caller", "13900000001")
    }

    /// A call from the carrier to a number.
    pub fn dials(lab: &Lab, n: u16, number: &str) -> Self {
        Self::carrier(lab, n, "call", &format!("sip:{number}@{}", lab.sip()))
    }

    /// Phones of many seats at one address.
    pub fn seats(lab: &Lab, n: u16, scenario: &'static str) -> Self {
        Self::new(scenario, IpAddr::from([127, 0, 0, 1]), lab.slot.phone(n))
    }

    /// These seats register, with their phones at phone `n` of the slot.
    pub fn registers(lab: &Lab, n: u16, users: &[String]) -> Self {
        let line = |user: &String| format!("{user};[authentication username={user} password=lab-{user}]");
        let role = Self::seats(lab, n, "register_all");
        let calls = u32::try_from(users.len()).unwrap();
        Self { fields: users.iter().map(line).collect(), ..role.calls(calls).rate(100) }
    }

    /// An exchange at the end of a trunk; it takes call after call until the test ends.
    pub fn exchange(lab: &Lab, scenario: &'static str, last: u8) -> Self {
        Self::new(scenario, IpAddr::from([127, 0, 0, last]), lab.slot.trunks()).endless()
    }

    /// From another address than the scenario's own: a stranger.
    pub fn from(mut self, ip: [u8; 4]) -> Self {
        self.ip = ip.into();
        self
    }

    /// What the other side hears, Hz.
    pub fn says(mut self, hertz: f64) -> Self {
        self.hertz = hertz;
        self
    }

    /// How long it talks or rings, ms.
    pub fn millis(mut self, millis: u64) -> Self {
        self.millis = millis;
        self
    }

    /// Replaces `{{key}}` in the scenario.
    pub fn word(mut self, key: &'static str, value: &str) -> Self {
        self.words.push((key, value.to_owned()));
        self
    }

    /// The caller's number; SIPp's own keywords may stand in it.
    pub fn calling_from(mut self, caller: &str) -> Self {
        self.words.retain(|(key, _)| *key != "caller");
        self.word("caller", caller)
    }

    /// TCP instead of UDP.
    pub fn tcp(mut self) -> Self {
        self.transport = Some("t1");
        self
    }

    /// By TLS: each call makes a connection of its own to the tunnel.
    pub fn through(mut self, tunnel: &Tunnel) -> Self {
        self.keywords.push(("[transport]", "TLS".to_owned()));
        (self.transport, self.to) = (Some("tn"), Some(tunnel.at));
        self
    }

    /// It is called by TLS, at the tunnel's address.
    pub fn behind(mut self, tunnel: &Tunnel) -> Self {
        self.keywords.push(("[local_ip]:[local_port]", tunnel.at.to_string()));
        self.keywords.push(("[transport]", "TLS".to_owned()));
        self.tcp()
    }

    /// So many calls a second instead of ten.
    pub fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// It may take so long instead of a minute.
    pub fn seconds(mut self, seconds: u32) -> Self {
        self.seconds = seconds;
        self
    }

    /// Keeps no log of its messages: for floods.
    pub fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// So many calls, ten a second.
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Takes call after call until the test ends.
    pub fn endless(mut self) -> Self {
        self.calls = None;
        self
    }

    /// What it says is of this codec, as far as anybody can tell.
    pub fn speaks(mut self, payload_type: u8, name: &'static str) -> Self {
        self.speaks = Some((payload_type, name));
        self
    }

    /// Starts it.
    pub fn start(self, lab: &Lab) -> Sipp {
        needs("sipp", "sip-tester");
        let name = format!("{}-{}-{}", self.scenario, self.ip, self.port);
        let line = Line::new(self.ip, self.hertz);
        let scenario = self.write(&lab.dir, &name, &line);
        let messages = lab.dir.join(format!("{name}.messages"));
        let mut command = Command::new("sipp");
        command.arg("-sf").arg(scenario).arg("-i").arg(self.ip.to_string()).args(["-p", &self.port.to_string()]);
        if !self.quiet {
            command.args(["-trace_msg", "-message_file"]).arg(&messages);
        }
        command.args(["-trace_err", "-error_file"]).arg(lab.dir.join(format!("{name}.errors")));
        command.args([
            "-nostdin",
            "-d",
            &self.millis.to_string(),
            "-timeout",
            &self.seconds.to_string(),
            "-timeout_error",
        ]);
        command.args(["-r", &self.rate.to_string()]);
        // SIPp binds media ports of its own though it carries no media here: keep them off the other phones'.
        command.args(["-mi", &self.ip.to_string(), "-mp", &(self.port + 2).to_string()]);
        if let Some(transport) = self.transport {
            command.args(["-t", transport]);
            if transport == "tn" {
                // Fewer than the files that it may open, and as many calls as connections.
                command.args(["-max_socket", "400", "-l", "400"]);
            }
        }
        if !self.fields.is_empty() {
            let file = lab.dir.join(format!("{name}.csv"));
            fs::write(&file, format!("SEQUENTIAL\n{}\n", self.fields.join("\n"))).unwrap();
            command.arg("-inf").arg(file);
        }
        if let Some(calls) = self.calls {
            command.args(["-m", &calls.to_string()]);
        }
        command.arg(self.to.unwrap_or(lab.sip()).to_string()).current_dir(&lab.dir);
        let process = Process::start(&mut command, &lab.dir, &name);
        Sipp { process, messages, line, name }
    }

    fn write(&self, dir: &Path, name: &str, line: &Line) -> PathBuf {
        let path = root().join(format!("tests/peers/scenarios/{}.xml", self.scenario));
        let mut text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let rtp = line.address.port().to_string();
        for (key, value) in self.words.iter().chain([&("rtp", rtp)]) {
            text = text.replace(&format!("{{{{{key}}}}}"), value);
        }
        for (keyword, value) in &self.keywords {
            text = text.replace(keyword, value);
        }
        assert!(!text.contains("{{"), "{}: a word is not told", path.display());
        if let Some((number, name)) = self.speaks {
            line.speaks_as(number);
            text = text.replace("RTP/AVP 8", &format!("RTP/AVP {number}"));
            text = text.replace("a=rtpmap:8 PCMA/8000", &format!("a=rtpmap:{number} {name}"));
        }
        let written = dir.join(format!("{name}.xml"));
        fs::write(&written, text).unwrap();
        written
    }
}

impl Sipp {
    /// No new calls; it ends when those that live have.
    pub fn stop(&mut self) {
        self.process.signal(rustix::process::Signal::USR1);
    }

    /// A seat's phone: registers with its password, then answers one call by `scenario` on the same port.
    pub fn seat(lab: &Lab, n: u16, number: &str, role: impl FnOnce(Role) -> Role) -> Self {
        Self::seat_that(lab, n, number, "answer", role)
    }

    /// A seat's phone with another scenario than answering.
    pub fn seat_that(lab: &Lab, n: u16, number: &str, scenario: &'static str, role: impl FnOnce(Role) -> Role) -> Self {
        let (ip, port) = (IpAddr::from([127, 0, 0, 1]), lab.slot.phone(n));
        Role::new("register", ip, port).word("seat", number).start(lab).ends_well(8_000);
        let sipp = role(Role::new(scenario, ip, port)).start(lab);
        lab.has_seat(number);
        // SIPp says nothing when it listens.
        super::pause(200);
        sipp
    }

    /// Waits for its end: every message of the scenario came as it stands there.
    pub fn ends_well(mut self, millis: u64) -> Record {
        let status = self.process.exit(millis);
        let record = Record { messages: self.log(), line: self.line };
        let ok = status.is_some_and(|s| s.success());
        assert!(ok, "SIPp {} ended with {status:?}\n{}", self.name, record.messages.join("\n"));
        record
    }

    /// Waits for its end, however its calls went.
    pub fn ends(&mut self, millis: u64) {
        assert!(self.process.exit(millis).is_some(), "SIPp {} does not end", self.name);
    }

    /// Call-IDs of its calls whose BYE got a 200.
    pub fn byes_answered(&self) -> Vec<String> {
        let ok = |m: &String| m.starts_with("<SIP/2.0 200") && header(m, "CSeq").ends_with("BYE");
        self.log().iter().filter(|m| ok(m)).map(|m| header(m, "Call-ID").to_owned()).collect()
    }

    /// Its messages so far: `<` received, `>` sent, then the message.
    pub fn log(&self) -> Vec<String> {
        parse(&read(&self.messages))
    }

    /// Waits for a received message that starts so.
    pub fn receives(&self, start: &str, millis: u64) -> String {
        let wanted = format!("<{start}");
        let found = until(millis, || self.log().into_iter().find(|m| m.starts_with(&wanted)));
        found.unwrap_or_else(|| panic!("SIPp {} got no {start}:\n{}", self.name, self.log().join("\n")))
    }

    /// Waits for the other side's SDP and speaks to it.
    pub fn talks(&self, millis: u64) {
        let sdp = until(millis, || self.log().iter().rev().filter(|m| m.starts_with('<')).find_map(|m| rtp_of(m)));
        self.line.speaks_to(sdp.unwrap_or_else(|| panic!("SIPp {} got no SDP:\n{}", self.name, self.log().join("\n"))));
    }
}

/// What remains of a SIPp that has ended.
#[derive(Debug)]
pub struct Record {
    pub messages: Vec<String>,
    pub line: Line,
}

impl Record {
    /// The first received message that starts so.
    pub fn received(&self, start: &str) -> &str {
        let found = self.messages.iter().find(|m| m.starts_with(&format!("<{start}")));
        found.unwrap_or_else(|| panic!("no {start} came:\n{}", self.messages.join("\n")))
    }

    /// Whether a received message starts so.
    pub fn has(&self, start: &str) -> bool {
        self.messages.iter().any(|m| m.starts_with(&format!("<{start}")))
    }
}

/// The first value of a header, by its full name.
pub fn header<'m>(message: &'m str, name: &str) -> &'m str {
    let value = message.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    });
    value.unwrap_or_else(|| panic!("no {name} in\n{message}"))
}

fn parse(log: &str) -> Vec<String> {
    log.split("-----------------------------------------------").filter_map(one).collect()
}

/// One entry: time, then `UDP message sent (N bytes):` or `UDP message received [N] bytes :`, an empty line, the message.
fn one(entry: &str) -> Option<String> {
    let mut parts = entry.splitn(3, '\n');
    let (_time, what) = (parts.next()?, parts.next()?);
    let sign = if what.contains("message received") { '<' } else { '>' };
    let message = parts.next()?.trim().replace('\r', "");
    (!message.is_empty()).then(|| format!("{sign}{message}"))
}

fn rtp_of(message: &str) -> Option<Ear> {
    let line = |start: &str| message.lines().find_map(|l| l.strip_prefix(start));
    let ip = line("c=IN IP4 ")?.trim().parse::<IpAddr>().ok()?;
    let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
    let is_events = |l: &&str| l.contains("telephone-event/8000");
    let events = message.lines().filter_map(|l| l.strip_prefix("a=rtpmap:")).find(is_events);
    let events = events.and_then(|l| l.split(' ').next()?.parse().ok());
    Some(Ear { rtp: SocketAddr::new(ip, port), events })
}
