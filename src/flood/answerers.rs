//! Seats that register and departments behind trunks: whoever answers in this process. Pure.

use super::callers::{Callers, Out, endpoint_settings, stream};
use super::due::Due;
use super::order::{LegId, Order};
use super::scenario::{Agent, Does, Length};
use super::tally::Tally;
use crate::clock::Now;
use crate::phone::{Account, Event, Output, Phone};
use crate::sip::dialog::SessionId;
use crate::sip::flow::Flow;
use crate::sip::header::NameAddr;
use crate::sip::uri::Uri;
use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::RngCore;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

/// Where somebody answers.
#[derive(Debug, Clone)]
pub struct Place {
    /// A seat: its number and password. `None`: a department, which does not register.
    pub seat: Option<(String, String)>,
    /// From us to the server.
    pub flow: Flow,
    /// The socket of its sound, and its address.
    pub socket: (u16, SocketAddr),
}

/// Whoever answers.
#[derive(Debug)]
pub struct Answerers {
    posts: Vec<Post>,
    /// By our own address.
    at: HashMap<SocketAddr, usize>,
    ring: Length,
    dice: ChaCha8Rng,
    due: Due<(usize, SessionId, Step)>,
    out: VecDeque<Out>,
    legs: u32,
}

#[derive(Debug)]
struct Post {
    place: Place,
    phone: Phone,
    talks: HashMap<SessionId, Talk>,
    standing: Standing,
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not answered yet, or not asked for.
    Open,
    /// It stands.
    Registered,
    /// Refused with this status.
    Refused(u16),
}

#[derive(Debug)]
struct Talk {
    leg: LegId,
    call: Option<u32>,
    agent: Option<Agent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Answer,
    Do(Does),
}

impl Answerers {
    /// At these places.
    #[must_use]
    pub fn new(places: Vec<Place>, ring: Length, mut dice: ChaCha8Rng) -> Self {
        let mut post = |place: Place| {
            let (user, password) = match &place.seat {
                Some((user, password)) => (user.clone(), Some(password.clone())),
                None => ("department".to_owned(), None),
            };
            let account = Account { user, password, flow: place.flow, rtp: place.socket.1, expires: 600 };
            let mut seed = [0; 32];
            dice.fill_bytes(&mut seed);
            Post {
                place,
                phone: Phone::new(account, endpoint_settings(), seed),
                talks: HashMap::new(),
                standing: Standing::Open,
            }
        };
        let posts: Vec<Post> = places.into_iter().map(&mut post).collect();
        let at = posts.iter().enumerate().map(|(n, post)| (post.place.flow.local, n)).collect();
        Self { posts, at, ring, dice, due: Due::default(), out: VecDeque::new(), legs: 0 }
    }

    /// Every seat registers.
    pub fn register(&mut self, now: Now) {
        for post in self.posts.iter_mut().filter(|post| post.place.seat.is_some()) {
            post.phone.register(now);
        }
    }

    /// Every seat gives its registration up.
    pub fn unregister(&mut self, now: Now) {
        for post in self.posts.iter_mut().filter(|post| post.standing == Standing::Registered) {
            post.phone.unregister(now);
        }
    }

    /// How the seats' registrations stand.
    pub fn standings(&self) -> impl Iterator<Item = (&str, Standing)> {
        self.posts.iter().filter_map(|post| Some((post.place.seat.as_ref()?.0.as_str(), post.standing)))
    }

    /// Who is at this address of ours.
    #[must_use]
    pub fn post_at(&self, local: SocketAddr) -> Option<usize> {
        self.at.get(&local).copied()
    }

    /// One message from the network.
    pub fn receive(&mut self, post: usize, flow: Flow, bytes: Bytes, now: Now) {
        if let Some(post) = self.posts.get_mut(post) {
            post.phone.receive(flow, bytes, now);
        }
    }

    /// Does what is due, and takes what has happened.
    pub fn expire(&mut self, callers: &mut Callers, tally: &mut Tally, now: Now) {
        for n in 0..self.posts.len() {
            self.settle(n, callers, tally, now, false);
            if let Some(post) = self.posts.get_mut(n).filter(|p| p.phone.deadline().is_some_and(|at| at <= now.mono)) {
                post.phone.expire(now);
                self.settle(n, callers, tally, now, true);
            }
        }
        while let Some((n, session, step)) = self.due.take(now.mono) {
            self.step(n, session, step, tally, now);
            self.settle(n, callers, tally, now, false);
        }
    }

    /// When [`Self::expire`] must be called, µs.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.posts.iter().filter_map(|post| post.phone.deadline()).chain(self.due.deadline()).min()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    fn step(&mut self, n: usize, session: SessionId, step: Step, tally: &mut Tally, now: Now) {
        let Some(post) = self.posts.get_mut(n) else { return };
        let Some(talk) = post.talks.get_mut(&session) else { return };
        match step {
            Step::Answer => {
                tally.served += 1;
                let agent = talk.agent.take();
                post.phone.answer(session, now);
                if let Some(agent) = agent {
                    let at = now.mono + agent.after.draw(&mut self.dice);
                    self.due.set(at, (n, session, Step::Do(agent.does)));
                }
            }
            Step::Do(Does::Keys(keys)) => self.out.push_back(Out::Sound(Order::Press { leg: talk.leg, keys })),
            Step::Do(Does::Refer(number)) => {
                tally.refers += 1;
                let uri = format!("sip:{number}@{}", post.place.flow.peer);
                post.phone.refer(session, &uri, false, now);
            }
        }
    }

    fn settle(&mut self, n: usize, callers: &mut Callers, tally: &mut Tally, now: Now, expiring: bool) {
        loop {
            let Some(output) = self.posts.get_mut(n).and_then(|post| post.phone.poll()) else { return };
            match output {
                Output::Send(flow, bytes) => {
                    // What a timer sends is what was sent before, but for a registration's renewal.
                    tally.retransmissions += u64::from(expiring && !bytes.starts_with(b"REGISTER"));
                    self.out.push_back(Out::Send(flow, bytes));
                }
                Output::Event(event) => self.happened(n, event, callers, tally, now),
            }
        }
    }

    fn happened(&mut self, n: usize, event: Event, callers: &mut Callers, tally: &mut Tally, now: Now) {
        let Some(post) = self.posts.get_mut(n) else { return };
        match event {
            Event::Registered => post.standing = Standing::Registered,
            Event::RegisterFailed { status } => post.standing = Standing::Refused(status),
            Event::Incoming { call, from } => {
                if post.place.seat.is_some() && !post.talks.is_empty() {
                    return post.phone.reject(call, 486, now);
                }
                let (id, agent) = number(&from).and_then(|number| callers.whose(&number)).unzip();
                self.legs += 1;
                let leg = self.legs.wrapping_mul(2).wrapping_sub(1);
                let agent = agent.flatten().filter(|_| post.place.seat.is_some());
                post.talks.insert(call, Talk { leg, call: id, agent });
                post.phone.ring(call, now);
                self.due.set(now.mono + self.ring.draw(&mut self.dice), (n, call, Step::Answer));
            }
            Event::Media { call, agreed } => {
                let side = if post.place.seat.is_some() { 1 } else { 2 };
                if let Some(talk) = post.talks.get(&call) {
                    let stream = stream(talk.leg, post.place.socket.0, (talk.call, side), &agreed);
                    self.out.push_back(Out::Sound(Order::Agree(Box::new(stream))));
                }
            }
            Event::Ended { call, .. } | Event::Failed { call, .. } => {
                if let Some(talk) = post.talks.remove(&call) {
                    self.out.push_back(Out::Sound(Order::Close { leg: talk.leg }));
                }
            }
            Event::Replacing { call, replaced } => {
                if let Some(talk) = post.talks.remove(&replaced) {
                    post.talks.insert(call, talk);
                }
            }
            Event::Notified { status, over, .. } => tally.referred += u64::from(over && status < 300),
            Event::Connected { call } => {
                if let Some(talk) = post.talks.get(&call) {
                    self.out.push_back(Out::Sound(Order::Answered { leg: talk.leg, at: now.mono }));
                }
            }
            Event::Progress { .. } | Event::Refer { .. } | Event::Referred { .. } | Event::Key { .. } => {}
        }
    }
}

/// The user part of a From value.
fn number(from: &str) -> Option<String> {
    let address = NameAddr::read(from.as_bytes())?;
    let uri = Uri::read(address.uri)?;
    String::from_utf8(uri.user.to_vec()).ok()
}
