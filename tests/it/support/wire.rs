//! A virtual wire: delay, loss, duplication and reordering drawn from a seed.

use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// How bad the wire is, per mille.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    pub loss: u32,
    pub duplicate: u32,
    /// Packets that take up to 300 ms longer.
    pub late: u32,
}

impl Weather {
    pub const FINE: Self = Self { loss: 0, duplicate: 0, late: 0 };
    pub const STORM: Self = Self { loss: 100, duplicate: 100, late: 100 };
}

/// One datagram on its way.
#[derive(Debug, Clone)]
pub struct Datagram {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Bytes,
}

/// What a rule does to a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Lost,
    /// It comes three times, 30 ms apart.
    Thrice,
    /// So many µs later.
    Late(u64),
    /// Its first copy is lost: only what is sent again arrives.
    FirstLost,
    /// A 180 becomes a 183 with SDP that names this RTP address: the far end's own sound.
    Early(SocketAddr),
    /// Its sender does not know UPDATE: it is refreshed by re-INVITE.
    NoUpdate,
    /// Its SDP speaks a profile that nobody has.
    Strange,
}

/// Which datagrams a fate is for: by either address, and how they begin.
#[derive(Debug, Clone)]
pub struct Rule {
    pub from: Option<SocketAddr>,
    pub to: Option<SocketAddr>,
    pub begins: &'static str,
    /// For so many of them.
    pub times: u32,
    pub fate: Fate,
}

impl Rule {
    pub fn from(from: SocketAddr, begins: &'static str, fate: Fate) -> Self {
        Self { from: Some(from), to: None, begins, times: u32::MAX, fate }
    }

    pub fn to(to: SocketAddr, begins: &'static str, fate: Fate) -> Self {
        Self { from: None, to: Some(to), begins, times: u32::MAX, fate }
    }

    pub fn once(self) -> Self {
        Self { times: 1, ..self }
    }

    fn is_for(&self, datagram: &Datagram) -> bool {
        self.times > 0
            && self.from.is_none_or(|at| at == datagram.from)
            && self.to.is_none_or(|at| at == datagram.to)
            && datagram.bytes.starts_with(self.begins.as_bytes())
    }
}

/// Datagrams in flight, by arrival.
#[derive(Debug)]
pub struct Wire {
    rng: ChaCha12Rng,
    weather: Weather,
    flying: BTreeMap<(u64, u64), Datagram>,
    sent: u64,
    steady: bool,
    rules: Vec<Rule>,
    /// Whose first copy has been lost.
    lost: BTreeSet<(SocketAddr, Bytes)>,
    /// Hosts and addresses that nothing reaches and nothing leaves.
    cut: (BTreeSet<IpAddr>, BTreeSet<SocketAddr>),
}

impl Wire {
    pub fn new(seed: u64, weather: Weather) -> Self {
        Self {
            rng: ChaCha12Rng::seed_from_u64(seed),
            weather,
            flying: BTreeMap::new(),
            sent: 0,
            steady: false,
            rules: Vec::new(),
            lost: BTreeSet::new(),
            cut: Default::default(),
        }
    }

    /// From now on it is as bad as this.
    pub fn turns(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// A whole host is cut off, or is not any more.
    pub fn cuts_host(&mut self, host: IpAddr, cut: bool) {
        if cut {
            self.cut.0.insert(host)
        } else {
            self.cut.0.remove(&host)
        };
    }

    /// The same for one address.
    pub fn cuts(&mut self, at: SocketAddr, cut: bool) {
        if cut {
            self.cut.1.insert(at)
        } else {
            self.cut.1.remove(&at)
        };
    }

    /// Nothing reaches this address.
    pub fn is_cut(&self, at: SocketAddr) -> bool {
        self.cut.0.contains(&at.ip()) || self.cut.1.contains(&at)
    }

    /// From now on; of several rules for one datagram the last given holds.
    pub fn rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// From now on everything takes the same time: nothing overtakes anything.
    pub fn steady(&mut self) {
        self.steady = true;
    }

    /// The weather alone again.
    pub fn forget_rules(&mut self) {
        self.rules.clear();
    }

    fn chance(&mut self, per_mille: u32) -> bool {
        self.rng.next_u32() % 1000 < per_mille
    }

    pub fn send(&mut self, datagram: Datagram, now: u64) {
        if self.is_cut(datagram.from) || self.is_cut(datagram.to) {
            return;
        }
        let Some(rule) = self.rules.iter_mut().rev().find(|r| r.is_for(&datagram)) else {
            return self.fly(datagram, now);
        };
        rule.times -= 1;
        match rule.fate {
            Fate::Lost => {}
            Fate::Thrice => {
                for copy in 0..3 {
                    self.fly(datagram.clone(), now + copy * 30_000);
                }
            }
            Fate::Late(by) => self.fly(datagram, now + by),
            Fate::FirstLost if self.lost.insert((datagram.to, datagram.bytes.clone())) => {}
            Fate::FirstLost => self.fly(datagram, now),
            Fate::Early(rtp) => {
                let bytes = early(&datagram.bytes, rtp);
                self.fly(Datagram { bytes, ..datagram }, now);
            }
            Fate::NoUpdate => self.fly(reworded(datagram, "UPDATE", "XPDATE"), now),
            Fate::Strange => self.fly(reworded(datagram, "RTP/AVP", "RTP/XVP"), now),
        }
    }

    fn fly(&mut self, datagram: Datagram, now: u64) {
        let copies = 1 + u32::from(self.chance(self.weather.duplicate));
        for _ in 0..copies {
            if self.chance(self.weather.loss) {
                continue;
            }
            let mut delay = 500 + u64::from(self.rng.next_u32() % 1000);
            if self.chance(self.weather.late) {
                delay += u64::from(self.rng.next_u32() % 300_000);
            }
            if self.steady {
                delay = 1_000;
            }
            self.sent += 1;
            self.flying.insert((now + delay, self.sent), datagram.clone());
        }
    }

    pub fn deadline(&self) -> Option<u64> {
        self.flying.keys().next().map(|(at, _)| *at)
    }

    pub fn arrive(&mut self, now: u64) -> Option<Datagram> {
        let entry = self.flying.first_entry().filter(|e| e.key().0 <= now)?;
        Some(entry.remove())
    }
}

/// The same with another word of the same length in the place of one.
fn reworded(datagram: Datagram, from: &str, to: &str) -> Datagram {
    let text = String::from_utf8_lossy(&datagram.bytes).replace(from, to);
    Datagram { bytes: text.into_bytes().into(), ..datagram }
}

/// A 180 as a 183 with the far end's SDP.
fn early(ringing: &[u8], rtp: SocketAddr) -> Bytes {
    let (ip, port) = (rtp.ip(), rtp.port());
    let sdp = format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n");
    let text = String::from_utf8_lossy(ringing).replacen("SIP/2.0 180 Ringing", "SIP/2.0 183 Session Progress", 1);
    let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with("Content-Length:"));
    let mut out: String = lines.flat_map(|l| [l, "\r\n"]).collect();
    out.push_str(&format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}", sdp.len()));
    out.into_bytes().into()
}
