//! A hall at rest: 5,000 registered seats at which nobody is signed in, and 2,000 callers who wait in its line.
//!
//! Budget: 5 % of one processor, for callers who have put the line on hold themselves and are sent nothing. What it costs to play music to
//! them is media: it is shown beside it without a budget.

use crate::load::{Lab, now};
use crate::{line, no_figure};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;
use switchboard::sip::auth::{Password, client};
use switchboard::sip::name::Name;
use switchboard::sip::wire;

const SEATS: u32 = 5_000;
const FIRST: u32 = 600_000;
const CALLS: u32 = 2_000;
/// What is measured, after what has just begun has come to rest.
const WHILE: Duration = Duration::from_secs(20);
const REST: Duration = Duration::from_secs(5);

/// The shipped plan with room for all of them in the hub's line.
fn plan(folder: &Path) -> PathBuf {
    let (from, to) = (PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dialplans"), folder.join("dialplans"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap();
        if path.extension().is_some_and(|e| e == "toml") && name != "90-expect.toml" {
            let text = std::fs::read_to_string(&path).unwrap();
            let text =
                text.replace("max_size = 500", "max_size = 5000").replace("max_wait = \"10m\"", "max_wait = \"2h\"");
            std::fs::write(to.join(name), text).unwrap();
        }
    }
    let _ = std::os::unix::fs::symlink(from.join("prompts"), to.join("prompts"));
    to
}

fn hall() -> Lab {
    Lab::with(|text, folder| {
        let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("dialplans");
        let text = text.replace(shipped.to_str().unwrap(), plan(folder).to_str().unwrap());
        let seats = format!(
            "\n[[seats]]\nnumbers = \"{FIRST}-{}\"\ngroup = \"main\"\npassword = \"lab-{{seat}}\"\nsign_in = \"manual\"\n",
            FIRST + SEATS - 1
        );
        format!("{text}{seats}")
    })
}

fn socket(ip: [u8; 4], port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(SocketAddr::from((ip, port))).expect("a loopback port of the bench is free");
    socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(8 << 20);
    socket
}

/// Registers a seat; false where it cannot be had.
fn register(socket: &UdpSocket, sip: SocketAddr, seat: u32) -> bool {
    let (user, at) = (seat.to_string(), socket.local_addr().unwrap());
    let password = Password::Plain(format!("lab-{seat}"));
    let mut credentials = String::new();
    for step in 1..=2 {
        let text = format!(
            "REGISTER sip:{sip} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bKr{seat}-{step}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{sip}>;tag=r{seat}\r\nTo: <sip:{user}@{sip}>\r\nCall-ID: r{seat}@bench\r\nCSeq: {step} REGISTER\r\n\
             Contact: <sip:{user}@{at}>\r\nExpires: 3600\r\n{credentials}Content-Length: 0\r\n\r\n"
        );
        let _ = socket.send_to(text.as_bytes(), sip);
        let mut buffer = [0u8; 4096];
        let Ok((n, _)) = socket.recv_from(&mut buffer) else { return false };
        let Ok(answer) = wire::parse(buffer[..n].to_vec().into()) else { return false };
        match answer.status() {
            Some(200) => return true,
            Some(401) => {}
            _ => return false,
        }
        let challenges: Vec<&[u8]> = answer.values(Name::WwwAuthenticate).collect();
        let from = client::From { user: &user, password: &password };
        let (uri, mut nonces) = (format!("sip:{sip}"), client::Nonces::default());
        let Some(value) = client::answer(&challenges, &from, b"REGISTER", &uri, "c0", &mut nonces) else {
            return false;
        };
        credentials = format!("Authorization: {value}\r\n");
    }
    false
}

/// A caller who waits; `way`: what his phone does with sound.
fn waits(socket: &UdpSocket, sip: SocketAddr, n: u32, way: &str) -> bool {
    let at = socket.local_addr().unwrap();
    let head = |method: &str, to: &str, seq: u32| {
        format!(
            "{method} sip:12345@{sip} SIP/2.0\r\nVia: SIP/2.0/UDP {at};rport;branch=z9hG4bK{method}{way}{n}\r\nFrom: <sip:139{n:08}@{at}>;tag={way}{n}\r\n\
             To: {to}\r\nCall-ID: {way}{n}@bench\r\nCSeq: {seq} {method}\r\nContact: <sip:caller@{at}>\r\nMax-Forwards: 70\r\n"
        )
    };
    let body = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 45000 RTP/AVP 8\r\na={way}\r\n",
        ip = at.ip()
    );
    let invite = head("INVITE", &format!("<sip:12345@{sip}>"), 1);
    let text = format!("{invite}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let _ = socket.send_to(text.as_bytes(), sip);
    let mut buffer = [0u8; 4096];
    loop {
        let Ok((read, _)) = socket.recv_from(&mut buffer) else { return false };
        let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let to = text.split("\r\n").find_map(|l| l.strip_prefix("To: ")).unwrap_or_default();
        match text.get(8..11) {
            Some("100" | "180" | "183") => {}
            Some("200") => {
                let _ = socket.send_to(format!("{}Content-Length: 0\r\n\r\n", head("ACK", to, 1)).as_bytes(), sip);
                return true;
            }
            _ => return false,
        }
    }
}

/// CPU of each thread, s, by its name.
pub fn threads(pid: u32) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let Ok(text) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let (Some(open), Some(close)) = (text.find('('), text.rfind(')')) else { continue };
        let fields: Vec<&str> = text[close + 2..].split_whitespace().collect();
        let ticks: f64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<f64>().ok()).sum();
        *found.entry(text[open + 1..close].to_owned()).or_default() += ticks / 100.0;
    }
    found
}

/// Share of one processor, in percent, that the daemon takes at rest; by thread what takes more than a tenth of a percent.
fn share(lab: &Lab, what: &str, budget: Option<f64>) {
    std::thread::sleep(REST);
    let (begun, before, by_thread) = (now(), lab.cpu(), threads(lab.at().0));
    std::thread::sleep(WHILE);
    let took = begun.elapsed().as_secs_f64();
    line(what, (lab.cpu() - before) / took * 100.0, "% of a processor", budget);
    for (name, cpu) in threads(lab.at().0) {
        let percent = (cpu - by_thread.get(&name).copied().unwrap_or(0.0)) / took * 100.0;
        if percent >= 0.1 {
            line(&format!("  of it, threads named {name}"), percent, "% of a processor", None);
        }
    }
}

pub fn run() {
    let lab = hall();
    let sip = lab.at().1;
    let (phones, carrier) = (socket([127, 0, 0, 1], 15_090), socket([127, 0, 0, 10], 15_091));
    let registered = (FIRST..FIRST + SEATS).filter(|seat| register(&phones, sip, *seat)).count();
    let wait = (0..CALLS).filter(|n| waits(&carrier, sip, *n, "inactive")).count();
    println!("  {registered} seats registered, {wait} callers wait and are on hold");
    if registered < SEATS as usize || wait < CALLS as usize {
        return no_figure("a hall at rest", "not all of them could be had");
    }
    share(&lab, "5,000 seats, 2,000 waiting calls on hold, at rest", Some(5.0));
    drop(lab);
    let lab = hall();
    let wait = (0..CALLS).filter(|n| waits(&carrier, sip, *n, "sendrecv")).count();
    println!("  {wait} callers wait and hear music");
    share(&lab, "2,000 callers who hear music: 100,000 packets a second", None);
}
