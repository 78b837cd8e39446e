//! A telephone line: the sockets around one [`Phone`]. What is said comes from a [`Voice`]; what is heard is handed up packet by packet.
//!
//! The caller of `call` is this one. UDP only. It decides nothing: it carries out what the phone wants and tells what happened.

use super::voice::Voice;
use crate::clock::{Clock, Now};
use crate::phone::{self, Account, Phone};
use crate::rtp;
use crate::sip::dialog::SessionId;
use crate::sip::endpoint;
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use rand_core::{OsRng, TryRngCore};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

/// What happened on a line.
#[derive(Debug)]
pub enum Happened {
    /// The phone says so.
    Phone(phone::Event),
    /// This SIP message was sent.
    Sent(Bytes),
    /// This SIP message came.
    Received(Bytes),
    /// This RTP packet came.
    Heard(rtp::Header, Vec<u8>),
    /// Nobody listens on the other side's SIP port (ICMP port unreachable).
    Nobody,
}

/// Where a line is.
#[derive(Debug, Clone)]
pub struct Place {
    /// User part of our address.
    pub user: String,
    /// For challenges.
    pub password: Option<String>,
    /// Our address; port 0 takes any.
    pub local: SocketAddr,
    /// The server's.
    pub server: SocketAddr,
}

/// A line.
#[derive(Debug)]
pub struct Line {
    phone: Phone,
    /// What is said once media is agreed.
    pub voice: Voice,
    clock: Clock,
    flow: Flow,
    sip: UdpSocket,
    rtp: UdpSocket,
    datagram: Vec<u8>,
}

impl Line {
    /// Opens the sockets. The SIP socket takes messages of the server alone.
    ///
    /// # Errors
    /// What the system said, with the address.
    pub async fn open(place: Place, voice: Voice) -> io::Result<Self> {
        let sip = UdpSocket::bind(place.local).await.map_err(|e| at(place.local, &e))?;
        sip.connect(place.server).await.map_err(|e| at(place.server, &e))?;
        let local = sip.local_addr()?;
        let rtp = UdpSocket::bind(SocketAddr::new(local.ip(), 0)).await.map_err(|e| at(local, &e))?;
        let flow = Flow { transport: Transport::Udp, local, peer: place.server, connection: 0 };
        let Place { user, password, .. } = place;
        let account = Account { user, password, flow, rtp: rtp.local_addr()?, expires: 300 };
        let settings = endpoint::Settings { user_agent: "switchboard call".into(), ..endpoint::Settings::default() };
        let phone = Phone::new(account, settings, seed()?);
        Ok(Self { phone, voice, clock: Clock::system(), flow, sip, rtp, datagram: vec![0; 65_536] })
    }

    /// Our own SIP address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.flow.local
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Calls a URI.
    pub fn dial(&mut self, uri: &str) -> SessionId {
        self.phone.dial(uri, b"", self.clock.now())
    }

    /// Ends a call in whatever state.
    pub fn hang_up(&mut self, call: SessionId) {
        self.voice.stop();
        self.phone.hang_up(call, self.clock.now());
    }

    /// The next thing that happens; `None` at `until` (µs of [`Line::now`]). May be dropped at any await.
    pub async fn next(&mut self, until: u64) -> Option<Happened> {
        loop {
            if let Some(happened) = self.poll().await {
                return Some(happened);
            }
            let deadlines = [self.phone.deadline(), self.voice.deadline(), Some(until)];
            let wake = Instant::from_std(self.clock.instant(deadlines.into_iter().flatten().min().unwrap_or(until)));
            let mut sound = [0u8; 2048];
            tokio::select! {
                biased;
                got = self.sip.recv(&mut self.datagram) => match got {
                    Ok(length) => {
                        let bytes = Bytes::copy_from_slice(self.datagram.get(..length).unwrap_or_default());
                        self.phone.receive(self.flow, bytes.clone(), self.clock.now());
                        return Some(Happened::Received(bytes));
                    }
                    Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => return Some(Happened::Nobody),
                    Err(_) => {}
                },
                got = self.rtp.recv_from(&mut sound) => {
                    if let Some((header, payload)) = got.ok().and_then(|(n, _)| packet(sound.get(..n)?)) {
                        return Some(Happened::Heard(header, payload));
                    }
                }
                () = sleep_until(wake) => {
                    let now = self.clock.now();
                    if now.mono >= until {
                        return None;
                    }
                    self.tick(now).await;
                }
            }
        }
    }

    async fn tick(&mut self, now: Now) {
        if self.phone.deadline().is_some_and(|at| at <= now.mono) {
            self.phone.expire(now);
        }
        while let Some((to, packet)) = self.voice.poll(now.mono) {
            // A packet that cannot be sent is a packet lost: RTP lives with it.
            let _ = self.rtp.send_to(&packet, to).await;
        }
    }

    async fn poll(&mut self) -> Option<Happened> {
        match self.phone.poll()? {
            phone::Output::Send(_, bytes) => {
                // An error here is that of a datagram before (nobody listened); the transaction sends again.
                let refused = self.sip.send(&bytes).await.is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
                Some(if refused { Happened::Nobody } else { Happened::Sent(bytes) })
            }
            phone::Output::Event(event) => {
                match &event {
                    phone::Event::Media { agreed, .. } => self.voice.agree(agreed, self.clock.now().mono),
                    phone::Event::Failed { .. } | phone::Event::Ended { .. } => self.voice.stop(),
                    _ => {}
                }
                Some(Happened::Phone(event))
            }
        }
    }
}

fn packet(datagram: &[u8]) -> Option<(rtp::Header, Vec<u8>)> {
    let view = rtp::View::parse(datagram).ok()?;
    Some((view.header, datagram.get(view.payload)?.to_vec()))
}

fn at(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{address}: {error}"))
}

/// Randomness for tags, branches and SSRCs.
///
/// # Errors
/// The system gives none.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    OsRng.try_fill_bytes(&mut seed).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(seed)
}

/// Where a line to `server` begins when nothing else is said: the carrier of lab and demo for a loopback server, else any.
#[must_use]
pub fn usual_local(server: SocketAddr) -> IpAddr {
    match server.ip() {
        IpAddr::V4(ip) if ip.is_loopback() => IpAddr::from([127, 0, 0, 10]),
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}
