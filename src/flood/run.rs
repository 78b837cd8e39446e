//! The loop of a run: sockets, the clock, callers, answerers, and the thread of the sound.

use super::answerers::{Answerers, Place, Standing};
use super::arrivals::Arrivals;
use super::callers::{self, Callers, Out};
use super::order::{Order, Word};
use super::plan::Plan;
use super::process::{self, Cost};
use super::report::{Report, Server};
use super::sockets::{EACH, Sockets};
use super::sound::{Live, Sound, Totals};
use super::tally::Tally;
use crate::clock::{Clock, Now, SECOND};
use crate::sip::dialog::Credentials;
use crate::sip::flow::{Flow, Transport};
use crate::transport::{Error as TransportError, Listen, Received, Settings, Transports};
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::io::unix::AsyncFd;

/// How long seats may take to register, µs.
const REGISTERING: u64 = 8 * SECOND;
/// How long BYEs and CANCELs may wait for their answers once the last call is over, µs: until their transactions give up (64 × T1).
const LAST_WORDS: u64 = 33 * SECOND;
/// The same after an interruption.
const IN_A_HURRY: u64 = 3 * SECOND;

/// Why a run could not begin.
#[derive(Debug)]
pub enum Error {
    /// A socket, a thread, or the runtime.
    Machine(String, io::Error),
    /// A SIP address cannot be had.
    Listen(TransportError),
    /// This seat cannot register: with this status; `None`: no answer.
    Seat(String, Option<u16>),
}

/// What stands on the screen.
#[derive(Debug)]
pub struct View<'a> {
    /// Since the begin, s.
    pub seconds: f64,
    /// Of so many.
    pub length: f64,
    /// Counts so far.
    pub tally: &'a Tally,
    /// Live calls.
    pub live: u64,
    /// What is heard.
    pub sound: &'a Live,
    /// CPU of the server in the last second (share of a core), and its memory, MB.
    pub server: Option<(f64, f64)>,
}

/// Runs it; `show` is called several times a second.
///
/// # Errors
/// [`Error`] when it cannot begin. What goes wrong later is in the report.
pub fn run(plan: &Plan, show: &mut dyn FnMut(&View<'_>)) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Error::Machine("tokio".into(), e))?;
    runtime.block_on(async {
        let mut run = Run::open(plan)?;
        run.register().await?;
        run.go(show).await;
        Ok(run.report())
    })
}

struct Run<'p> {
    plan: &'p Plan,
    clock: Clock,
    transports: Transports,
    callers: Callers,
    answerers: Answerers,
    callers_at: [SocketAddr; 2],
    orders: Option<Sender<Order>>,
    words: Receiver<Word>,
    thread: Option<JoinHandle<Totals>>,
    live: Arc<Live>,
    tally: Tally,
    timer: AsyncFd<OwnedFd>,
    /// The moment that the timer is set to, until it has fired and been read, µs.
    armed: Option<u64>,
    received: Vec<Received>,
    costs: Option<Costs>,
    own_cpu_s: f64,
    began: u64,
    most_live: u64,
    interrupted: bool,
}

/// The server's costs as they were looked at.
struct Costs {
    pid: u32,
    first: Cost,
    last: (u64, Cost),
    most_kb: u64,
    shown: Option<(f64, f64)>,
}

impl<'p> Run<'p> {
    fn open(plan: &'p Plan) -> Result<Self, Error> {
        let clock = Clock::system();
        let mut dice = ChaCha8Rng::seed_from_u64(plan.seed);
        let (transports, places) = sip_sockets(plan)?;
        let (sockets, places) = sound_sockets(plan, places)?;
        let local = |transport| {
            let found = transports.locals().find(|(t, at)| *t == transport && at.ip() == plan.callers_ip);
            found.map_or(SocketAddr::new(plan.callers_ip, 0), |(_, at)| at)
        };
        let flow = |transport| Flow { transport, local: local(transport), peer: plan.server, connection: 0 };
        let flows = [flow(Transport::Udp), flow(Transport::Tcp)];
        let mut seed = [0; 32];
        dice.fill_bytes(&mut seed);
        let login = plan.login.clone();
        let scenario = Arc::new(plan.scenario.clone());
        let own: Vec<(u16, SocketAddr)> = (0..EACH).zip(sockets.addresses()).collect();
        let settings = callers::Settings {
            scenario: Arc::clone(&scenario),
            flows,
            pool: plan.pool.clone(),
            credentials: login.map(|seat| Credentials { user: seat.user, password: seat.password }),
            sockets: own,
            patience: plan.patience,
        };
        let callers = Callers::new(settings, seed, ChaCha8Rng::seed_from_u64(plan.seed ^ 0x00C0_FFEE));
        let answerers = Answerers::new(places, scenario.ring, ChaCha8Rng::seed_from_u64(plan.seed ^ 0x5EA7));
        let live = Arc::new(Live::default());
        let ((tell, words), (orders, told)) = (channel(), channel());
        let sound = Sound::new(sockets, clock, Arc::clone(&live), tell);
        let spawn = std::thread::Builder::new().name("sound".into());
        let thread = spawn.spawn(move || sound.run(&told)).map_err(|e| Error::Machine("thread".into(), e))?;
        Ok(Self {
            plan,
            clock,
            transports,
            callers,
            answerers,
            callers_at: flows.map(|flow| flow.local),
            orders: Some(orders),
            words,
            thread: Some(thread),
            live,
            tally: Tally::default(),
            timer: timer().map_err(|e| Error::Machine("timerfd".into(), e))?,
            armed: None,
            received: Vec::new(),
            costs: plan.pid.and_then(Costs::begin),
            own_cpu_s: process::own_cpu_s(),
            began: 0,
            most_live: 0,
            interrupted: false,
        })
    }

    /// Registers every seat and waits for the last.
    async fn register(&mut self) -> Result<(), Error> {
        let now = self.clock.now();
        self.answerers.register(now);
        let until = now.mono + REGISTERING;
        loop {
            let now = self.clock.now();
            self.turn(now);
            let refused = self.answerers.standings().find_map(|(seat, standing)| match standing {
                Standing::Refused(status) => Some((seat.to_owned(), Some(status))),
                _ => None,
            });
            let open =
                || self.answerers.standings().find(|(_, s)| *s == Standing::Open).map(|(s, _)| (s.to_owned(), None));
            if let Some((seat, status)) = refused.or_else(|| (now.mono >= until).then(open).flatten()) {
                return Err(Error::Seat(seat, status));
            }
            if open().is_none() {
                return Ok(());
            }
            self.wait(until).await;
        }
    }

    async fn go(&mut self, show: &mut dyn FnMut(&View<'_>)) {
        let mut arrivals = Arrivals::new(self.plan.rate.clone(), self.plan.even, self.plan.seed);
        self.began = self.clock.now().mono;
        self.tally = Tally::default();
        let mut next = arrivals.next();
        let (mut second, mut shown) = (self.began + SECOND, 0);
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        let mut over_since = None;
        loop {
            let now = self.clock.now();
            while let Some(at) = next.filter(|at| self.began + at <= now.mono) {
                self.arrive(self.began + at, now);
                next = arrivals.next().filter(|_| self.tally.calls < self.plan.most_calls);
            }
            self.turn(now);
            let live = self.callers.live() as u64;
            self.most_live = self.most_live.max(live);
            if now.mono >= second {
                second += SECOND;
                let costs = self.costs.as_mut().and_then(|costs| costs.look(now.mono));
                self.tally.tick(live, costs);
            }
            if now.mono >= shown {
                shown = now.mono + SECOND / 4;
                self.show(now, show);
            }
            if next.is_none() && live == 0 {
                let since = *over_since.get_or_insert(now.mono);
                let patience = if self.interrupted { IN_A_HURRY } else { LAST_WORDS };
                // A moment beyond the last answer: what departments and seats are told comes after it.
                let settled = self.callers.ending() == 0 && now.mono >= since + SECOND / 2;
                if settled || now.mono >= since + patience {
                    break;
                }
            }
            let wake = next.map_or(second, |at| (self.began + at).min(second)).min(shown);
            tokio::select! {
                () = self.wait(wake) => {}
                _ = &mut interrupt, if !self.interrupted => {
                    self.interrupted = true;
                    next = None;
                    let now = self.clock.now();
                    self.callers.hang_up_all(now, &mut self.tally);
                }
            }
        }
        self.end(show).await;
    }

    /// Seats give their registrations up; a moment for the answers.
    async fn end(&mut self, show: &mut dyn FnMut(&View<'_>)) {
        let now = self.clock.now();
        let live = self.callers.live() as u64;
        let costs = self.costs.as_mut().and_then(|costs| costs.look(now.mono));
        self.tally.tick(live, costs);
        self.show(now, show);
        self.answerers.unregister(now);
        let until = now.mono + SECOND / 5;
        while self.clock.now().mono < until {
            self.turn(self.clock.now());
            self.wait(until).await;
        }
    }

    fn show(&self, now: Now, show: &mut dyn FnMut(&View<'_>)) {
        show(&View {
            seconds: now.mono.saturating_sub(self.began) as f64 / 1e6,
            length: self.plan.rate.seconds(),
            tally: &self.tally,
            live: self.callers.live() as u64,
            sound: &self.live,
            server: self.costs.as_ref().and_then(|costs| costs.shown),
        });
    }

    /// A call's moment has come.
    fn arrive(&mut self, at: u64, now: Now) {
        let drawn = self.callers.draw();
        if self.plan.concurrent.is_some_and(|most| self.callers.live() as u64 >= most) {
            let title = self.callers.title(drawn.0).to_owned();
            return self.tally.hold_back(&title);
        }
        self.callers.dial(drawn, at, now, &mut self.tally);
    }

    /// Does what is due and sends what is to be sent.
    fn turn(&mut self, now: Now) {
        while let Ok(Word::Reached { call, at }) = self.words.try_recv() {
            self.callers.reached(call, at, &mut self.tally);
        }
        self.callers.expire(now, &mut self.tally);
        self.answerers.expire(&mut self.callers, &mut self.tally, now);
        while let Some(out) = self.callers.poll().or_else(|| self.answerers.poll()) {
            match out {
                Out::Send(flow, bytes) => self.transports.send(flow, bytes),
                Out::Sound(order) if self.plan.sound => {
                    if let Some(orders) = &self.orders {
                        // The thread ends when it is told to, not before.
                        let _ = orders.send(order);
                    }
                }
                Out::Sound(_) => {}
            }
        }
        self.transports.flush();
    }

    /// Until something has come in, something is due, or `until`.
    async fn wait(&mut self, until: u64) {
        let due = self.callers.deadline().into_iter().chain(self.answerers.deadline()).min();
        let wake = due.map_or(until, |at| at.min(until));
        // Setting it is a system call for each message; one that is set too early costs a turn now and then.
        if self.armed.is_none_or(|at| wake < at) {
            self.arm(wake);
        }
        let mut received = std::mem::take(&mut self.received);
        tokio::select! {
            () = self.transports.recv(&mut received) => {}
            ready = self.timer.readable() => if let Ok(mut ready) = ready {
                let mut fired = [0; 8];
                // How often it fired says nothing; that it is read lets it fire again.
                let read = ready.try_io(|timer| rustix::io::read(timer, &mut fired).map_err(io::Error::from));
                if read.is_ok_and(|read| read.is_ok()) {
                    self.armed = None;
                }
            },
        }
        let now = self.clock.now();
        for one in received.drain(..) {
            self.take(one, now);
        }
        self.received = received;
    }

    /// Has the timer fire at this moment, µs, or at once where it is past.
    fn arm(&mut self, at: u64) {
        let ahead = at.saturating_sub(self.clock.now().mono).max(1);
        let time = Timespec { tv_sec: (ahead / SECOND) as i64, tv_nsec: (ahead % SECOND * 1000) as _ };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: never, it_value: time };
        // A positive time on a timer that is open: the system has no reason to refuse it.
        let _ = timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once);
        self.armed = Some(at);
    }

    fn take(&mut self, one: Received, now: Now) {
        let (flow, bytes) = match one {
            Received::Datagram { flow, bytes } | Received::Message { flow, bytes } => (flow, Some(bytes)),
            Received::Closed { flow, .. } | Received::Unsent { flow } => (flow, None),
            Received::Opened { .. } | Received::Certificates(_) => return,
        };
        let ours = self.callers_at.contains(&flow.local);
        match (ours, bytes) {
            (true, Some(bytes)) => self.callers.receive(flow, bytes, now, &mut self.tally),
            (true, None) => self.callers.flow_failed(flow, now, &mut self.tally),
            (false, Some(bytes)) => {
                if let Some(post) = self.answerers.post_at(flow.local) {
                    self.answerers.receive(post, flow, bytes, now);
                }
            }
            (false, None) => {}
        }
    }

    fn report(mut self) -> Report {
        let now = self.clock.now().mono;
        if let Some(orders) = self.orders.take() {
            let _ = orders.send(Order::Finish);
        }
        let sound = self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        debug_assert_eq!(self.live.legs.load(Ordering::Relaxed), 0);
        Report {
            tally: self.tally,
            sound,
            server: self.costs.map(|costs| Server::of(costs.first, costs.last.1, costs.most_kb)),
            own_cpu_s: process::own_cpu_s() - self.own_cpu_s,
            seconds: now.saturating_sub(self.began) as f64 / 1e6,
            interrupted: self.interrupted,
            most_live: self.most_live,
            seed: self.plan.seed,
        }
    }
}

impl Costs {
    fn begin(pid: u32) -> Option<Self> {
        let first = process::cost(pid)?;
        Some(Self { pid, first, last: (0, first), most_kb: first.rss_kb, shown: None })
    }

    /// Looks again; CPU as a share of one core since the last look, and memory in MB.
    fn look(&mut self, now: u64) -> Option<(f64, f64)> {
        let cost = process::cost(self.pid)?;
        let (since, before) = std::mem::replace(&mut self.last, (now, cost));
        self.most_kb = self.most_kb.max(cost.rss_kb);
        let seconds = now.saturating_sub(since) as f64 / 1e6;
        let share = if since == 0 { 0.0 } else { (cost.cpu_s - before.cpu_s) / seconds.max(1e-3) };
        self.shown = Some((share, cost.rss_kb as f64 / 1024.0));
        self.shown
    }
}

#[expect(deprecated, reason = "what replaces it is unsafe for types that are not `OwnedFd`, and for that one alike")]
fn timer() -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?)
}

/// Who answers, and where his SIP address is.
type Named = (Option<(String, String)>, SocketAddr);

/// The callers' sockets by UDP and TCP, one for each seat, and one at each department's address that is free.
fn sip_sockets(plan: &Plan) -> Result<(Transports, Vec<Named>), Error> {
    let any = |ip: IpAddr| SocketAddr::new(ip, 0);
    let mut listen =
        vec![Listen::new(Transport::Udp, any(plan.callers_ip)), Listen::new(Transport::Tcp, any(plan.callers_ip))];
    listen.extend(plan.seats.iter().map(|_| Listen::new(Transport::Udp, any(plan.seats_ip))));
    listen.extend(plan.scenario.departments.iter().map(|at| Listen::new(Transport::Udp, *at)));
    let transports =
        Transports::bind(&Settings { udp_queue: 65_536, ..Settings::new(listen) }).map_err(Error::Listen)?;
    let udp: Vec<SocketAddr> = transports.locals().filter(|(t, _)| *t == Transport::Udp).map(|(_, at)| at).collect();
    let seats = plan.seats.iter().map(|seat| Some((seat.user.clone(), seat.password.clone())));
    let who = seats.chain(plan.scenario.departments.iter().map(|_| None));
    let places = who.zip(udp.into_iter().skip(1)).collect();
    Ok((transports, places))
}

/// The callers' sockets of sound first, then those of each further address.
fn sound_sockets(plan: &Plan, named: Vec<Named>) -> Result<(Sockets, Vec<Place>), Error> {
    let mut sockets = Sockets::default();
    let mut bound: Vec<(IpAddr, u16)> = Vec::new();
    let mut at = |ip: IpAddr| {
        if let Some((_, first)) = bound.iter().find(|(bound, _)| *bound == ip) {
            return Ok(*first);
        }
        let first = sockets.bind(ip).map_err(|e| Error::Machine(ip.to_string(), e))?;
        bound.push((ip, first));
        Ok(first)
    };
    at(plan.callers_ip)?;
    let firsts = named.iter().map(|(_, local)| at(local.ip())).collect::<Result<Vec<u16>, Error>>()?;
    let addresses = sockets.addresses();
    let place = |(n, ((seat, local), first)): (usize, (Named, u16))| {
        let number = first + (n % usize::from(EACH)) as u16;
        let flow = Flow { transport: Transport::Udp, local, peer: plan.server, connection: 0 };
        let rtp = addresses.get(usize::from(number)).copied().unwrap_or(local);
        Place { seat, flow, socket: (number, rtp) }
    };
    let places = named.into_iter().zip(firsts).enumerate().map(place).collect();
    Ok((sockets, places))
}
