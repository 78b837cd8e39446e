//! A name server of the test's own: its records, and how it fails, change while it runs.

use hickory_resolver::proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, CNAME, NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// Every answer is SERVFAIL.
    Failing,
    /// There is no answer at all.
    Silent,
}

#[derive(Debug)]
struct Zone {
    records: Vec<Record>,
    mood: Mood,
    asked: Vec<String>,
}

/// The server; it ends with its value.
#[derive(Debug)]
pub struct Dns {
    pub at: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    ends: Arc<AtomicBool>,
}

fn name(text: &str) -> Name {
    let mut name = Name::from_str(text).unwrap();
    name.set_fqdn(true);
    name
}

impl Dns {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let at = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(Zone { records: Vec::new(), mood: Mood::Well, asked: Vec::new() }));
        let ends = Arc::new(AtomicBool::new(false));
        let (theirs, over) = (Arc::clone(&zone), Arc::clone(&ends));
        std::thread::spawn(move || {
            let mut bytes = [0; 1_500];
            while !over.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
                if let Some(answer) = answer(&theirs, &bytes[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { at, zone, ends }
    }

    fn put(&self, owner: &str, ttl: u32, data: RData) {
        self.zone.lock().unwrap().records.push(Record::from_rdata(name(owner), ttl, data));
    }

    pub fn a(&self, owner: &str, ttl: u32, address: [u8; 4]) {
        self.put(owner, ttl, RData::A(A(Ipv4Addr::from(address))));
    }

    pub fn alias(&self, owner: &str, ttl: u32, to: &str) {
        self.put(owner, ttl, RData::CNAME(CNAME(name(to))));
    }

    /// Priority, weight, port, host.
    pub fn srv(&self, owner: &str, ttl: u32, (priority, weight, port, host): (u16, u16, u16, &str)) {
        self.put(owner, ttl, RData::SRV(SRV::new(priority, weight, port, name(host))));
    }

    /// Order, preference, service, where to.
    pub fn naptr(&self, owner: &str, (order, preference, service, to): (u16, u16, &str, &str)) {
        let text = |text: &str| text.as_bytes().to_vec().into_boxed_slice();
        let data = NAPTR::new(order, preference, text("s"), text(service), text(""), name(to));
        self.put(owner, 60, RData::NAPTR(data));
    }

    /// Every record of a name goes.
    pub fn forgets(&self, owner: &str) {
        let owner = name(owner);
        self.zone.lock().unwrap().records.retain(|record| record.name != owner);
    }

    pub fn is(&self, mood: Mood) {
        self.zone.lock().unwrap().mood = mood;
    }

    /// What it has been asked since the last time, `NAME TYPE`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.zone.lock().unwrap().asked)
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

fn answer(zone: &Mutex<Zone>, bytes: &[u8]) -> Option<Vec<u8>> {
    let request = Message::from_vec(bytes).ok()?;
    let query = request.queries.first()?.clone();
    let mut zone = zone.lock().unwrap();
    zone.asked.push(format!("{} {}", query.name().to_ascii().trim_end_matches('.'), query.query_type()));
    let mut response = Message::new(request.metadata.id, MessageType::Response, OpCode::Query);
    response.metadata.recursion_desired = true;
    response.metadata.recursion_available = true;
    response.add_query(query.clone());
    match zone.mood {
        Mood::Silent => return None,
        Mood::Failing => response.metadata.response_code = ResponseCode::ServFail,
        Mood::Well => {
            let mut owner = query.name().clone();
            let alias = zone.records.iter().find(|r| r.name == owner && r.record_type() == RecordType::CNAME).cloned();
            if let Some(alias) = alias {
                if let RData::CNAME(to) = &alias.data {
                    owner = to.0.clone();
                }
                response.add_answer(alias);
            }
            let fits = |r: &&Record| r.name == owner && r.record_type() == query.query_type();
            zone.records.iter().filter(fits).for_each(|r| _ = response.add_answer(r.clone()));
            if !zone.records.iter().any(|r| r.name == owner) {
                response.metadata.response_code = ResponseCode::NXDomain;
            }
        }
    }
    response.to_vec().ok()
}
