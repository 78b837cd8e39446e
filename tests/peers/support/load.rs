//! A load that knows what became of each of its calls: phones as values on two real sockets, the carrier's and a sub-centre's.

use super::lab::Lab;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, UdpSocket};
use switchboard::clock::{Clock, Now, SECOND};
use switchboard::phone::{Account, Event, Output, Phone};
use switchboard::sip::dialog::SessionId;
use switchboard::sip::endpoint;
use switchboard::sip::flow::{Flow, Transport};

/// One phone with its socket. It has as many calls at a time as it likes.
struct Line {
    socket: UdpSocket,
    phone: Phone,
    flow: Flow,
}

/// What the caller's side has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Call-IDs whose INVITE was sent, whose INVITE got 200, whose BYE got 200.
    pub dialled: BTreeSet<String>,
    pub answered: BTreeSet<String>,
    pub over: BTreeSet<String>,
    /// From INVITE to 200, µs.
    pub setup: Vec<u64>,
}

/// Calls from the carrier to 12360, whose sub-centre answers at once.
pub struct Load {
    carrier: Line,
    branch: Line,
    clock: Clock,
    seed: u64,
    /// µs between two calls, and how long each talks.
    every: u64,
    talk: u64,
    next: u64,
    made: u64,
    ends: BTreeMap<(u64, SessionId), ()>,
    asked: BTreeMap<String, u64>,
    pub seen: Seen,
}

fn line(lab: &Lab, at: SocketAddr, user: &str, seed: u8) -> Line {
    let socket = UdpSocket::bind(at).unwrap();
    socket.set_nonblocking(true).unwrap();
    let flow = Flow { transport: Transport::Udp, local: at, peer: lab.sip(), connection: 0 };
    // Nobody listens for the sound: this is about signalling.
    let rtp = SocketAddr::new(at.ip(), at.port() + 2);
    let account = Account { user: user.into(), password: None, flow, rtp, expires: 600 };
    Line { socket, phone: Phone::new(account, endpoint::Settings::default(), [seed; 32]), flow }
}

impl Load {
    /// So many calls a second, each of which talks so long.
    pub fn new(lab: &Lab, cps: u64, talk_ms: u64, seed: u64) -> Self {
        let carrier = line(lab, SocketAddr::from(([127, 0, 0, 10], lab.slot.phone(0))), "13900000001", 1);
        let branch = line(lab, SocketAddr::from(([127, 0, 0, 21], lab.slot.trunks())), "branch", 2);
        let clock = Clock::system();
        Self {
            carrier,
            branch,
            clock,
            seed,
            every: SECOND / cps,
            talk: talk_ms * 1_000,
            next: 0,
            made: 0,
            ends: BTreeMap::new(),
            asked: BTreeMap::new(),
            seen: Seen::default(),
        }
    }

    /// Calls for so many milliseconds.
    pub fn runs(&mut self, millis: u64) {
        self.goes_on(millis, true);
    }

    /// No new calls; those that live end, within so many milliseconds.
    pub fn ends(&mut self, millis: u64) {
        self.goes_on(millis, false);
    }

    /// The phones are new: the daemon has died, and with it all that they knew of each other.
    pub fn starts_anew(&mut self, lab: &Lab) {
        self.seed += 1;
        let seed = (self.seed % 250) as u8;
        self.ends.clear();
        self.asked.clear();
        for (line, user, offset) in [(&mut self.carrier, "13900000001", 3), (&mut self.branch, "branch", 4)] {
            let rtp = SocketAddr::new(line.flow.local.ip(), line.flow.local.port() + 2);
            let account = Account { user: user.into(), password: None, flow: line.flow, rtp, expires: 600 };
            line.phone = Phone::new(account, endpoint::Settings::default(), [seed.wrapping_add(offset); 32]);
            let mut left = [0; 2_048];
            while line.socket.recv_from(&mut left).is_ok() {}
        }
        assert_eq!(lab.sip(), self.carrier.flow.peer);
    }

    fn goes_on(&mut self, millis: u64, calls: bool) {
        let end = self.clock.now().mono + millis * 1_000;
        loop {
            let now = self.clock.now();
            if now.mono >= end || (!calls && self.ends.is_empty() && self.asked.is_empty()) {
                return;
            }
            if calls && self.next <= now.mono {
                self.next = self.next.max(now.mono.saturating_sub(SECOND)) + self.every;
                // Each has a number of its own: of one number's calls the exchange takes a few at a time for a loop.
                self.made += 1;
                let who = format!("P-Asserted-Identity: <sip:138{:08}@127.0.0.10>\r\n", self.made);
                self.carrier.phone.dial(&format!("sip:12360@{}", self.carrier.flow.peer), who.as_bytes(), now);
            }
            while let Some(((at, call), ())) = self.ends.first_key_value().map(|(k, v)| (*k, *v)) {
                if at > now.mono {
                    break;
                }
                self.ends.remove(&(at, call));
                self.carrier.phone.hang_up(call, now);
            }
            let busy = self.carries(true, now) | self.carries(false, now);
            if !busy {
                std::thread::sleep(std::time::Duration::from_micros(500));
            }
        }
    }

    /// Everything that one of the phones has to receive and to say. True if there was anything.
    fn carries(&mut self, is_carrier: bool, now: Now) -> bool {
        let mut busy = false;
        let mut buffer = [0; 4_096];
        loop {
            let line = if is_carrier { &mut self.carrier } else { &mut self.branch };
            let Ok((length, _)) = line.socket.recv_from(&mut buffer) else { break };
            busy = true;
            if is_carrier {
                note(&buffer[..length], now, &mut self.asked, &mut self.seen);
            }
            line.phone.receive(line.flow, bytes::Bytes::copy_from_slice(&buffer[..length]), now);
        }
        let line = if is_carrier { &mut self.carrier } else { &mut self.branch };
        if line.phone.deadline().is_some_and(|at| at <= now.mono) {
            line.phone.expire(now);
        }
        while let Some(output) = line.phone.poll() {
            busy = true;
            match output {
                Output::Send(_, bytes) => {
                    if is_carrier && bytes.starts_with(b"INVITE") {
                        let call_id = header(&bytes, "Call-ID");
                        self.seen.dialled.insert(call_id.clone());
                        self.asked.entry(call_id).or_insert(now.mono);
                    }
                    // A daemon that is dead refuses it; that is part of the test.
                    let _ = line.socket.send_to(&bytes, line.flow.peer);
                }
                Output::Event(Event::Incoming { call, .. }) => {
                    line.phone.ring(call, now);
                    line.phone.answer(call, now);
                }
                Output::Event(Event::Connected { call }) if is_carrier => {
                    self.ends.insert((now.mono + self.talk, call), ());
                }
                Output::Event(_) => {}
            }
        }
        busy
    }
}

/// Books what the carrier's side receives.
fn note(bytes: &[u8], now: Now, asked: &mut BTreeMap<String, u64>, seen: &mut Seen) {
    if !bytes.starts_with(b"SIP/2.0 200") {
        return;
    }
    let call_id = header(bytes, "Call-ID");
    match header(bytes, "CSeq").split(' ').nth(1) {
        Some("INVITE") if seen.answered.insert(call_id.clone()) => {
            seen.setup.extend(asked.get(&call_id).map(|at| now.mono - at));
        }
        Some("BYE") => {
            asked.remove(&call_id);
            seen.over.insert(call_id);
        }
        _ => {}
    }
}

fn header(bytes: &[u8], name: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let value = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
}
