//! A robot's telephone: sockets around one [`Phone`], with several calls, whose sound is the choir's. It hears nothing.

use super::choir::Choir;
use crate::cli::line::{self, Place};
use crate::cli::voice::Sound;
use crate::clock::{Now, SECOND};
use crate::phone::{self, Account, Event, Phone};
use crate::sip::dialog::SessionId;
use crate::sip::endpoint;
use crate::sip::flow::{Flow, Transport};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

/// A robot's telephone.
#[derive(Debug)]
pub struct Post {
    /// What its calls have in the choir.
    id: u32,
    phone: Phone,
    flow: Flow,
    sip: UdpSocket,
    rtp: Rc<std::net::UdpSocket>,
    sound: Sound,
    choir: Rc<Choir>,
    datagram: Vec<u8>,
}

impl Post {
    /// Opens the sockets. `id` is its own in the choir.
    ///
    /// # Errors
    /// What the system said.
    pub async fn open(place: Place, sound: Sound, choir: Rc<Choir>, id: u32) -> io::Result<Self> {
        let sip = UdpSocket::bind(place.local).await?;
        sip.connect(place.server).await?;
        let local = sip.local_addr()?;
        let rtp = std::net::UdpSocket::bind(SocketAddr::new(local.ip(), 0))?;
        // The runtime never sees it: nobody is woken by a packet that is thrown away.
        rtp.set_nonblocking(true)?;
        let flow = Flow { transport: Transport::Udp, local, peer: place.server, connection: 0 };
        let Place { user, password, .. } = place;
        let account = Account { user, password, flow, rtp: rtp.local_addr()?, expires: 300 };
        let settings = endpoint::Settings { user_agent: "switchboard demo".into(), ..endpoint::Settings::default() };
        let phone = Phone::new(account, settings, line::seed()?);
        Ok(Self { id, phone, flow, sip, rtp: Rc::new(rtp), sound, choir, datagram: vec![0; 65_536] })
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Now {
        self.choir.clock.now()
    }

    /// Registers and stays registered.
    pub fn register(&mut self) {
        self.phone.register(self.now());
    }

    /// Calls a number of the server.
    pub fn dial(&mut self, number: &str) -> SessionId {
        self.phone.dial(&self.uri(number), b"", self.now())
    }

    /// 180 to a call.
    pub fn ring(&mut self, call: SessionId) {
        self.phone.ring(call, self.now());
    }

    /// 200 to a call.
    pub fn answer(&mut self, call: SessionId) {
        self.phone.answer(call, self.now());
    }

    /// 486 to a call.
    pub fn busy(&mut self, call: SessionId) {
        self.phone.reject(call, 486, self.now());
    }

    /// Ends a call in whatever state.
    pub fn hang_up(&mut self, call: SessionId) {
        self.choir.stop((self.id, call));
        self.phone.hang_up(call, self.now());
    }

    /// Holds a call, or takes it back.
    pub fn hold(&mut self, call: SessionId, held: bool) {
        self.phone.hold(call, held, self.now());
    }

    /// Blind transfer of a call by REFER.
    pub fn refer(&mut self, call: SessionId, number: &str) {
        self.phone.refer(call, &self.uri(number), false, self.now());
    }

    /// Presses keys in a call.
    pub fn press(&mut self, call: SessionId, keys: &str) {
        self.choir.press((self.id, call), keys);
    }

    /// The next event; `None` at `until`, µs. May be dropped at any await.
    pub async fn next(&mut self, until: u64) -> Option<Event> {
        loop {
            if let Some(event) = self.poll().await {
                return Some(event);
            }
            let at = self.phone.deadline().map_or(until, |at| at.min(until));
            let wake = Instant::from_std(self.choir.clock.instant(at));
            tokio::select! {
                biased;
                // An error is that of a datagram before: nobody listened, and the transaction sends again.
                Ok(length) = self.sip.recv(&mut self.datagram) => {
                    let bytes = Bytes::copy_from_slice(self.datagram.get(..length).unwrap_or_default());
                    self.phone.receive(self.flow, bytes, self.choir.clock.now());
                }
                () = sleep_until(wake) => {
                    let now = self.now();
                    if self.phone.deadline().is_some_and(|at| at <= now.mono) {
                        self.phone.expire(now);
                    } else if now.mono >= until {
                        return None;
                    }
                }
            }
        }
    }

    /// Ends every call and waits a moment for the answers. A registration is left to end with the daemon: a hall that empties at its
    /// end is nothing to raise an alarm about.
    pub async fn close(mut self) {
        let calls: Vec<SessionId> = self.phone.calls().collect();
        for call in &calls {
            self.hang_up(*call);
        }
        let until = self.now().mono + SECOND / 5;
        while self.next(until).await.is_some() {}
    }

    /// The same for who has been called: callers and agents hang up first, and no exchange is seen to fail.
    pub async fn leave(mut self) {
        let until = self.now().mono + 3 * SECOND / 10;
        while self.next(until).await.is_some() {}
        self.close().await;
    }

    fn uri(&self, number: &str) -> String {
        format!("sip:{number}@{}", self.flow.peer)
    }

    async fn poll(&mut self) -> Option<Event> {
        loop {
            match self.phone.poll()? {
                phone::Output::Send(_, bytes) => {
                    // As above: SIP sends again.
                    let _ = self.sip.send(&bytes).await;
                }
                phone::Output::Event(event) => {
                    self.sounds(&event);
                    return Some(event);
                }
            }
        }
    }

    fn sounds(&self, event: &Event) {
        match event {
            Event::Media { call, agreed } => self.choir.agree((self.id, *call), agreed, &self.sound, &self.rtp),
            Event::Failed { call, .. } | Event::Ended { call, .. } => self.choir.stop((self.id, *call)),
            _ => {}
        }
    }
}
