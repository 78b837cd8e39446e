//! One engine on one core: epoll in front of it, sockets behind it, a bounded queue of commands beside it.

use super::door::{Door, Post};
use super::engine::Engine;
use super::port::{Ports, Ready};
use super::recorder::{self, Recorder};
use super::settings::{Browsers, Error, Settings};
use super::tell::Tell;
use crate::clock::{Clock, Now};
use crate::patch::{Command, Event, PortId};
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Sockets looked at after one wait.
const BATCH: usize = 256;
/// Longest datagram taken; voice is a tenth of it.
const LONGEST: usize = 2_048;
/// Bytes of datagrams read in a row before they are looked at.
const GATHERED: usize = 24 * LONGEST;
/// Commands obeyed before packets are looked at again.
const COMMANDS: usize = 512;
/// Longest sleep, µs: how long a command that is not urgent may wait.
const IDLE: u64 = 100_000;
/// Pairs bound in one go while calls run, so that no packet waits long for it.
const SLICE: usize = 16;
/// Most pairs that are kept free: what a storm of 4,000 calls a second takes until it is told of.
const AHEAD: usize = 1_024;
/// Datagrams of browsers taken in one round.
const DOOR: usize = 64;
/// How often packets are looked for that nobody hears before the tick, µs: a wake-up for each costs more than all the
/// rest of it. Every tick is a multiple of it; jitter is measured no finer than this by those who wait for the tick.
const SLOT: u64 = 5_000;
/// Packets taken at one such time for each socket set aside; a flood waits for the next time, or is dropped by the system.
const ROUNDS: usize = 4;

/// The running media threads.
#[derive(Debug)]
pub struct Handle {
    workers: Vec<Worker>,
    shared: Arc<Shared>,
    /// Ends when the last of the workers has.
    recorder: Option<Recorder>,
}

#[derive(Debug)]
struct Worker {
    commands: SyncSender<Command>,
    wake: Arc<Wake>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// The most that a tick was late by since [`Handle::late`] was asked, µs.
    late: AtomicU64,
    dropped: AtomicU64,
    refused: AtomicU64,
}

/// Wakes a thread out of its wait; several calls before it looks are one.
#[derive(Debug)]
struct Wake {
    event: OwnedFd,
    pending: AtomicBool,
}

/// The command queue of the port's thread is full, or there is no such thread; the command comes back.
#[derive(Debug, thiserror::Error)]
#[error("a media thread takes no more commands")]
pub struct Full(pub Box<Command>);

/// Starts the threads. Ports are told by [`Event::Ready`] before this returns, and later as more are bound.
///
/// # Errors
/// [`Error`]: settings that cannot be, or a share of the range in which nothing can be bound.
pub fn spawn(settings: &Settings, clock: Clock, tell: Tell) -> Result<Handle, Error> {
    settings.check()?;
    raise_descriptors();
    let shared = Arc::new(Shared::default());
    let recording = settings.recordings.as_deref().map(|folder| recorder::spawn(folder, tell.clone())).transpose()?;
    let mut handle = Handle { workers: Vec::new(), shared: shared.clone(), recorder: None };
    // The tap is dropped before the handle, whose end waits for the recorder.
    let tap;
    (tap, handle.recorder) = recording.unzip();
    let wakes: Vec<_> = (0..settings.threads).map(|_| Wake::new().map(Arc::new)).collect::<Result<_, _>>()?;
    let door = door(settings)?;
    for (thread, wake) in (0..settings.threads).zip(&wakes) {
        let wake = Arc::clone(wake);
        let (commands, queue) = sync_channel(settings.commands);
        let mut core = Core::new(settings, thread, clock, tell.clone(), wake.clone(), queue, shared.clone())?;
        core.ports.tap.clone_from(&tap);
        if let Some((door, browsers)) = door.as_ref().zip(settings.browsers.as_ref()) {
            core.meet(door, browsers, &wakes)?;
        }
        core.first_ports(settings, thread)?;
        let name = format!("media-{thread}");
        let thread = std::thread::Builder::new().name(name).spawn(move || core.run())?;
        handle.workers.push(Worker { commands, wake, thread: Some(thread) });
    }
    Ok(handle)
}

/// The port of all browsers, where there shall be one.
fn door(settings: &Settings) -> Result<Option<Arc<Door>>, Error> {
    let Some(browsers) = &settings.browsers else { return Ok(None) };
    let opened = Door::open(browsers, settings.threads);
    opened.map(|door| Some(Arc::new(door))).map_err(|why| Error::Browsers { at: browsers.at, why: why.into() })
}

impl Handle {
    /// Gives a command to the thread of its port. Never waits.
    ///
    /// # Errors
    /// [`Full`] when the thread is so far behind that its queue is full; counted in [`Handle::refused`].
    pub fn send(&self, command: Command) -> Result<(), Full> {
        let thread = usize::from(port(&command).thread);
        // Only what is heard cannot wait: a wake-up costs more than all the rest of a command. The others are obeyed with the
        // next packet, tick or wake-up, a tenth of a second later at the most.
        let urgent = matches!(command, Command::Hear { .. } | Command::Digits { .. } | Command::Listen { .. });
        let refuse = |command| {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            Err(Full(Box::new(command)))
        };
        let Some(worker) = self.workers.get(thread) else {
            return refuse(command);
        };
        match worker.commands.try_send(command) {
            Ok(()) => {
                if urgent {
                    worker.wake.ring();
                }
                Ok(())
            }
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => refuse(command),
        }
    }

    /// Packets that the system did not take, on all threads.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// The most that sound was sent late by since the last time, µs, on the thread that is worst off.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.shared.late.swap(0, Ordering::Relaxed)
    }

    /// Commands that found a full queue.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Ends the threads and closes their sockets.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for worker in &mut self.workers {
            worker.wake.ring();
            if let Some(thread) = worker.thread.take()
                && thread.join().is_err()
            {
                tracing::error!("a media thread ended by a panic");
            }
        }
        drop(self.recorder.take());
    }
}

impl Wake {
    fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { event, pending: AtomicBool::new(false) })
    }

    fn ring(&self) {
        if !self.pending.swap(true, Ordering::AcqRel) {
            // Can only fail when the counter is full, and then the thread is awake.
            let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
        }
    }

    /// Heard: whatever is rung from here on rings again.
    fn heard(&self) {
        let _ = rustix::io::read(&self.event, &mut [0u8; 8]);
        self.pending.store(false, Ordering::Release);
    }
}

/// What one thread owns.
struct Core {
    id: u8,
    engine: Engine,
    ports: Ports,
    clock: Clock,
    tell: Tell,
    wake: Arc<Wake>,
    queue: Receiver<Command>,
    shared: Arc<Shared>,
    /// Datagrams read and not looked at yet: of which port, where from, how long.
    read: Vec<(u32, SocketAddr, usize)>,
    /// What the others' threads have left for this one.
    post: Post,
    /// Those that are to be woken for what is left for them.
    wakes: Vec<Arc<Wake>>,
    /// The slot at which the sockets set aside were last asked.
    looked: u64,
    /// Free pairs to keep bound.
    chunk: usize,
    /// Binding goes on until there are `chunk` free ones again.
    short: bool,
    /// The range is used up, or the system gives no more.
    spent: bool,
}

impl Core {
    fn new(
        settings: &Settings,
        id: u8,
        clock: Clock,
        tell: Tell,
        wake: Arc<Wake>,
        queue: Receiver<Command>,
        shared: Arc<Shared>,
    ) -> Result<Self, Error> {
        let seed = settings.seed.wrapping_add(u64::from(id));
        let ports = Ports::new(settings.address, settings.share(id), seed).map_err(io::Error::from)?;
        let number = epoll::EventData::new_u64(Ready::Wake.number());
        epoll::add(ports.epoll(), &wake.event, number, epoll::EventFlags::IN).map_err(io::Error::from)?;
        Ok(Self {
            id,
            engine: Engine::new(id, seed),
            ports,
            read: Vec::new(),
            post: Post::default(),
            wakes: Vec::new(),
            looked: 0,
            clock,
            tell,
            wake,
            queue,
            shared,
            chunk: usize::from(settings.chunk),
            short: false,
            spent: false,
        })
    }

    /// Browsers are met; the first thread reads what comes from them.
    fn meet(&mut self, door: &Arc<Door>, browsers: &Browsers, wakes: &[Arc<Wake>]) -> Result<(), Error> {
        let engine = std::mem::replace(&mut self.engine, Engine::new(self.id, 0));
        self.engine = engine.with_browsers(Arc::clone(&browsers.identity));
        if self.id == 0 {
            door.wakes(self.ports.epoll(), Ready::Door.number()).map_err(io::Error::from)?;
        }
        self.ports.door = Some((Arc::clone(door), self.id));
        self.wakes = wakes.to_vec();
        Ok(())
    }

    /// The first chunk, while errors can still be returned.
    fn first_ports(&mut self, settings: &Settings, thread: u8) -> Result<(), Error> {
        let (ready, why) = self.bind(self.chunk);
        match why {
            Some(why) if ready.is_empty() => {
                let share = settings.share(thread);
                let (first, last) = (*share.start(), *share.end());
                Err(Error::Bind { address: settings.address, first, last, why: why.into() })
            }
            _ => {
                (self.tell)(Event::Ready { ports: ready });
                Ok(())
            }
        }
    }

    fn bind(&mut self, count: usize) -> (Vec<(PortId, SocketAddr)>, Option<Errno>) {
        let mut ready = Vec::with_capacity(count);
        for _ in 0..count {
            match self.ports.bind() {
                Ok((index, address)) => {
                    self.engine.grow();
                    ready.push((PortId { thread: self.id, index }, address));
                }
                Err(why) => {
                    self.spent = true;
                    tracing::info!(thread = self.id, bound = self.engine.ports(), last = %why, "every media port of the share is bound");
                    return (ready, Some(why));
                }
            }
        }
        (ready, None)
    }

    /// Binds some more pairs when few are free.
    fn top_up(&mut self) {
        let free = self.engine.ports() - self.engine.open();
        self.short = !self.spent && (free < self.chunk.div_ceil(2) || (self.short && free < self.chunk));
        if self.short {
            // Where few are free they are taken faster than they are told of: more are kept ahead from now on, and packets
            // wait a little longer for it.
            let storm = free < self.chunk / 4;
            if storm {
                self.chunk = (self.chunk * 2).min(AHEAD);
            }
            let (ports, _) = self.bind(if storm { 4 * SLICE } else { SLICE }.min(self.chunk));
            if !ports.is_empty() {
                (self.tell)(Event::Ready { ports });
            }
        }
    }

    fn run(&mut self) {
        let mut ready = Vec::with_capacity(BATCH);
        let mut buffer = vec![0u8; GATHERED];
        let mut works = true;
        while works && !self.shared.stop.load(Ordering::Acquire) {
            works = self.round(&mut ready, &mut buffer);
        }
    }

    /// Waits once, and does what there is to be done. False: it cannot wait any more.
    fn round(&mut self, ready: &mut Vec<epoll::Event>, buffer: &mut [u8]) -> bool {
        ready.clear();
        let timeout = self.timeout();
        match epoll::wait(self.ports.epoll(), rustix::buffer::spare_capacity(ready), timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => {
                tracing::error!(thread = self.id, %why, "a media thread cannot wait for packets and ends");
                return false;
            }
        }
        let now = self.clock.now();
        self.obey(now);
        for event in &*ready {
            let ready = Ready::of(event.data.u64());
            match ready {
                Ready::Wake => self.woken(now),
                Ready::Door => self.at_the_door(buffer, now),
                ready => self.take(ready, buffer, now),
            }
            if let Ready::Rtp(port) = ready
                && self.engine.only_mixed(port)
            {
                self.ports.set_aside(port);
            }
        }
        self.look(ready, buffer, now);
        if let Some(at) = self.engine.deadline().filter(|at| *at <= now.mono) {
            self.shared.late.fetch_max(now.mono - at, Ordering::Relaxed);
            self.ports.hold();
            self.engine.tick(now, &mut self.ports);
            self.ports.release();
        }
        // One step of one browser's handshake, so that no packet waits for two.
        self.engine.shake(now, &mut self.ports);
        while let Some(event) = self.engine.poll() {
            (self.tell)(event);
        }
        for (index, epoch, packet) in self.ports.seen.drain(..) {
            (self.tell)(Event::Packet { port: PortId { thread: self.id, index }, epoch, packet });
        }
        self.top_up();
        if let Some(tap) = &mut self.ports.tap {
            tap.again();
        }
        let dropped = std::mem::take(&mut self.ports.dropped);
        if dropped > 0 {
            self.shared.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        true
    }

    /// Takes what has come to the sockets set aside, once in each slot and before its tick.
    fn look(&mut self, ready: &mut Vec<epoll::Event>, buffer: &mut [u8], now: Now) {
        let slot = now.mono / SLOT;
        if slot == self.looked || self.ports.aside() == 0 {
            return;
        }
        self.looked = slot;
        let mut most = self.ports.aside() * ROUNDS;
        while most > 0 {
            ready.clear();
            let at_once = Some(&Timespec::default());
            let asked = epoll::wait(self.ports.slow(), rustix::buffer::spare_capacity(ready), at_once);
            if !asked.is_ok_and(|n| n > 0) {
                return;
            }
            // First the system calls, then the sound: each goes faster without the other between.
            let mut events = ready.iter();
            while self.gather(&mut events, buffer, now) {}
            most = most.saturating_sub(ready.len());
        }
    }

    /// Reads one datagram for each event as long as there is room, then looks at all of them; whether any event was left.
    fn gather(&mut self, events: &mut std::slice::Iter<'_, epoll::Event>, buffer: &mut [u8], now: Now) -> bool {
        self.read.clear();
        let mut end = 0;
        while let Some(room) = buffer.get_mut(end..).filter(|room| room.len() >= LONGEST) {
            let Some(event) = events.next() else {
                break;
            };
            let ready = Ready::of(event.data.u64());
            if let (Ready::Rtp(port), Some((length, from))) = (ready, self.ports.receive(ready, room)) {
                self.read.push((port, from, length));
                end += length;
            }
        }
        let mut rest = buffer;
        for (port, from, length) in self.read.drain(..) {
            let (datagram, after) = rest.split_at_mut(length.min(rest.len()));
            self.engine.on_rtp(port, from, datagram, now, &mut self.ports);
            rest = after;
        }
        !events.as_slice().is_empty()
    }

    /// How long to wait: until the next tick or the next look at the sockets set aside, not at all while ports are short,
    /// never longer than commands may wait.
    fn timeout(&self) -> Option<Timespec> {
        if self.short || self.engine.shakes() {
            return Some(Timespec::default());
        }
        let look = (self.ports.aside() > 0).then_some((self.looked + 1) * SLOT);
        let due = [self.engine.deadline(), look].into_iter().flatten().min();
        let micros = due.map_or(IDLE, |at| at.saturating_sub(self.clock.now().mono)).min(IDLE);
        Some(Timespec {
            tv_sec: i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX),
            tv_nsec: (micros % 1_000_000 * 1_000) as i64,
        })
    }

    /// Obeys what has been asked, before the packets that it may concern are looked at.
    fn obey(&mut self, now: Now) {
        let mut obeyed = 0;
        for command in self.queue.try_iter().take(COMMANDS) {
            self.engine.handle(command, now, &mut self.ports);
            obeyed += 1;
        }
        if obeyed > 0 && self.ports.aside() > 0 {
            let engine = &self.engine;
            self.ports.call_back(|port| engine.only_mixed(port));
        }
        if obeyed == COMMANDS {
            // There may be more, but packets have waited long enough.
            self.wake.ring();
        }
    }

    /// One datagram of a socket that is ready; if there are more, epoll says so again.
    fn take(&mut self, ready: Ready, buffer: &mut [u8], now: Now) {
        let Some((length, from)) = self.ports.receive(ready, buffer) else {
            return;
        };
        let datagram = buffer.get_mut(..length).unwrap_or(&mut []);
        match ready {
            Ready::Rtp(port) => self.engine.on_rtp(port, from, datagram, now, &mut self.ports),
            Ready::Rtcp(port) => self.engine.on_rtcp(port, from, datagram, now),
            Ready::Door | Ready::Wake => {}
        }
    }

    /// Somebody has woken the thread: for a command, or for what browsers have sent.
    fn woken(&mut self, now: Now) {
        self.wake.heard();
        let Some((door, _)) = &self.ports.door else { return };
        door.collect(self.id, &mut self.post);
        let mut post = std::mem::take(&mut self.post);
        post.each(|port, from, datagram| self.engine.on_web(port, from, datagram, now, &mut self.ports));
        self.post = post;
    }

    /// Browsers have sent something: what is for this thread's legs is looked at, the rest left for the others.
    fn at_the_door(&mut self, buffer: &mut [u8], now: Now) {
        let Some((door, _)) = self.ports.door.clone() else { return };
        for _ in 0..DOOR {
            let Some((length, from)) = buffer.get_mut(..LONGEST).and_then(|room| door.receive(room)) else { return };
            let datagram = buffer.get_mut(..length).unwrap_or(&mut []);
            match door.whose(from, datagram) {
                Some(port) if port.thread == self.id => {
                    self.engine.on_web(port.index, from, datagram, now, &mut self.ports);
                }
                Some(port) if door.leave(port, from, datagram) => {
                    if let Some(wake) = self.wakes.get(usize::from(port.thread)) {
                        wake.ring();
                    }
                }
                _ => {}
            }
        }
    }
}

fn port(command: &Command) -> PortId {
    match command {
        Command::Open { port, .. }
        | Command::Expect { port, .. }
        | Command::Remote { port, .. }
        | Command::Hear { port, .. }
        | Command::Digits { port, .. }
        | Command::Keys { port, .. }
        | Command::Listen { port, .. }
        | Command::Watch { port, .. }
        | Command::Close { port, .. } => *port,
        Command::Record { thread, .. } => PortId { thread: *thread, index: 0 },
    }
}

/// Two sockets a leg: the soft limit of descriptors is raised to the hard one. What cannot be raised shows as
/// "no more media ports".
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(why) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%why, "cannot raise the limit of open files");
        }
    }
}

#[cfg(test)]
mod rounds;

#[cfg(test)]
mod tests;
