//! The signalling thread's loop.

use super::doors::open_doors;
use super::effort::Effort;
use super::first::{First, first, introduce};
use super::hep::Hep;
use super::media::{self, Closed, Media};
use super::names::{Named, Names};
use super::notify::Notify;
use super::owed::Owed;
use super::planner::{InForce, Notice, Planner};
use super::publisher::Publisher;
use super::pulse::Teller;
use super::recordings::{Keeper, Word};
use super::seed::seed;
use super::temporary::{Temporary, state_folder};
use super::{Error, Options, Ready, milestones, settings};
use crate::clock::{Clock, Now, SECOND};
use crate::exchange::{Answer, Command, Exchange, Input, Load, Output};
use crate::fact::{self, Fact};
use crate::sip::flow::Flow;
use crate::store::plans::{Change, Plans};
use crate::store::{Journal, Writer};
use crate::transport::{Received, Transports};
use crate::{admin, exchange, patch, store, transport};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// How long, µs, and how many facts are kept together for the records.
const BOOK_EVERY: u64 = SECOND / 10;
const BUNDLE: usize = 1024;
/// How long BYEs and their answers may take once the last call is told to end.
const LAST_WORDS: u64 = SECOND;

/// Runs until SIGTERM or SIGINT has been drained.
///
/// # Errors
/// [`Error`] when it cannot start; nothing has been served then.
pub fn run(options: Options, ready: impl FnOnce(&Ready)) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::Machine("tokio".into(), e))?;
    runtime.block_on(async move {
        let mut daemon = Daemon::start(options)?;
        for named in daemon.names.first().await {
            daemon.named(named);
        }
        ready(&daemon.ready);
        daemon.signals.notify.ready();
        daemon.serve().await;
        daemon.stop();
        Ok(())
    })
}

struct Daemon {
    clock: Clock,
    exchange: Exchange,
    transports: Transports,
    hep: Option<Hep>,
    names: Names,
    media: crate::media::Handle,
    owed: Owed,
    media_events: mpsc::Receiver<patch::Event>,
    closed: Closed,
    lost_events: Arc<AtomicU64>,
    asks: mpsc::Receiver<admin::Ask>,
    in_force: InForce,
    notices: mpsc::Receiver<Notice>,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    next_ask: u64,
    journal: Option<Journal>,
    writer: Option<Writer>,
    signals: Signals,
    ready: Ready,
    effort: Effort,
    drain: Drain,
    /// How long live calls may go on once draining, µs.
    drain_limit: u64,
    batch: Batch,
    store_alarm: bool,
    teller: Teller,
    publisher: Publisher,
    /// Words of who looks after the recordings as long as the daemon runs; goes before him, who may wait for it.
    words: mpsc::Receiver<Word>,
    keeper: Keeper,
    /// Removed with the daemon when the state is temporary.
    _temporary: Option<Temporary>,
}

/// Moments are µs monotonic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drain {
    /// New calls are taken.
    Serving,
    /// No new calls; live ones may go on until then.
    Draining { until: u64 },
    /// The last call has ended or was told to: BYEs and their answers may take until then.
    Ending { at: u64 },
}

/// What the system says, and what it is told.
struct Signals {
    term: Signal,
    int: Signal,
    notify: Notify,
}

impl Signals {
    fn catch() -> std::io::Result<Self> {
        let (term, int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { term, int, notify: Notify::of_environment() })
    }
}

/// What one round wants done, kept between rounds for its memory.
#[derive(Default)]
struct Batch {
    facts: Vec<fact::Event>,
    sends: Vec<(Flow, bytes::Bytes)>,
    received: Vec<Received>,
    /// Who waits for the facts of this round to be in the journal.
    written: Vec<std::sync::mpsc::SyncSender<()>>,
    /// Facts in the journal that the records' thread has not been given, and when it will be.
    unbooked: Vec<fact::Event>,
    book_by: Option<u64>,
}

impl Daemon {
    fn start(options: Options) -> Result<Self, Error> {
        let Options { config, as_of, state, last_good } = options;
        let clock = as_of.map_or_else(Clock::system, Clock::as_of);
        let state = state.or_else(|| config.store.folder.clone());
        let First { loaded, clips, watch, instead } = first(&config, state.as_deref(), clock.now().wall, last_good)?;
        let snapshot = loaded.snapshot;
        let (state, temporary) = state_folder(state)?;
        let (transports, listen, hep, names) = bind(&config, &state)?;
        let mut opened = open_store(&state, &config, &snapshot.plan)?;
        let (keeper, words) = Keeper::of(&config, &state, as_of, clock)?;
        let started = media::start(&config, &state, clock)?;
        let Media { handle: media, events: media_events, closed, lost: lost_events, door } = started;
        let (in_force, teller, now) = (InForce::new(ArcSwap::new(snapshot.clone())), Teller::default(), clock.now());
        let views = settings::views((&config, &state), clock, &in_force, (&opened.writer, &teller, &transports));
        let publisher = Publisher::of(&views.board, config.admin.http.is_some()).map_err(thread)?;
        let (doors, asks, tasks) = open_doors(&config, &state, views)?;
        let plans = history(&state, &snapshot.plan, &loaded.sources, now.wall)?;
        let ready = doors.ready((state, temporary.is_some()), listen.clone(), &config, &snapshot.plan, now.wall);
        let mut exchange = Exchange::new(
            exchange::Settings { door, ..settings::exchange(&config, listen, &ready.state) },
            snapshot,
            seed(),
            opened.journal.next_seq(),
            now,
        );
        introduce(&mut exchange, &ready.plan, instead, &mut opened, now);
        let ((notify, notices), drain, state) = (mpsc::channel(16), config.drain, ready.state.clone());
        let planner =
            Planner { config, clock, state, plans, in_force: in_force.clone(), clips, watch, notices: notify };
        planner.start(tasks).map_err(thread)?;
        Ok(Self {
            clock,
            exchange,
            transports,
            hep,
            names,
            media,
            owed: Owed::default(),
            media_events,
            closed,
            lost_events,
            asks,
            in_force,
            notices,
            waiting: BTreeMap::new(),
            next_ask: 0,
            journal: Some(opened.journal),
            writer: Some(opened.writer),
            signals: Signals::catch().map_err(|e| Error::Machine("signal".into(), e))?,
            ready,
            effort: Effort::default(),
            drain: Drain::Serving,
            drain_limit: u64::try_from(drain.as_micros()).unwrap_or(u64::MAX),
            batch: Batch::default(),
            store_alarm: false,
            teller,
            publisher,
            words,
            keeper,
            _temporary: temporary,
        })
    }

    /// Everything that comes in, in one order, until drained.
    async fn serve(&mut self) {
        while let Ok(event) = self.media_events.try_recv() {
            self.give(Input::Media(event));
        }
        while let Ok(word) = self.words.try_recv() {
            self.word(word);
        }
        self.flush();
        while !self.is_drained() {
            let wake = self.wake_at();
            let mut received = std::mem::take(&mut self.batch.received);
            tokio::select! {
                () = self.transports.recv(&mut received) => {}
                Some(event) = self.media_events.recv() => self.give(Input::Media(event)),
                Some(ask) = self.asks.recv() => self.ask(ask),
                Some(notice) = self.notices.recv() => self.notice(notice),
                Some(word) = self.words.recv() => self.word(word),
                Some(named) = self.names.next() => self.named(named),
                () = tokio::time::sleep_until(wake) => {}
                _ = self.signals.term.recv() => self.drain(),
                _ = self.signals.int.recv() => self.drain(),
            }
            self.observe();
            for one in received.drain(..) {
                self.received(one);
            }
            self.batch.received = received;
            while let Ok(event) = self.media_events.try_recv() {
                self.give(Input::Media(event));
            }
            self.tick();
            self.flush();
            self.signals.notify.alive(self.clock.now());
        }
    }

    /// How long what has just come in has waited, how late sound is, how busy this thread: under overload new calls are refused.
    fn observe(&mut self) {
        let now = self.clock.now();
        let load = Load { waited: self.transports.waited(), late: self.media.late(), busy: self.effort.permille(now) };
        self.teller.saw(load);
        self.exchange.observe(load, now);
    }

    fn wake_at(&self) -> tokio::time::Instant {
        let now = self.clock.now();
        let far = now.mono + 3600 * SECOND;
        let journal = self.journal.as_ref().and_then(Journal::deadline);
        let drain = match self.drain {
            Drain::Serving => None,
            Drain::Draining { until: at } | Drain::Ending { at } => Some(at),
        };
        let (pulse, rows) = (Some(self.teller.deadline()), self.publisher.deadline(&self.exchange));
        let parts =
            [self.exchange.deadline(), journal, self.batch.book_by, drain, self.owed.deadline(now), pulse, rows];
        let at = parts.into_iter().chain([self.signals.notify.deadline()]).flatten().min().unwrap_or(far).min(far);
        tokio::time::Instant::from_std(self.clock.instant(at))
    }

    fn received(&mut self, one: Received) {
        match one {
            Received::Datagram { flow, bytes } | Received::Message { flow, bytes } => {
                if let Some(hep) = &mut self.hep {
                    hep.copy(false, &flow, &bytes, self.clock.now().wall);
                }
                self.give(Input::Message(flow, bytes));
            }
            Received::Closed { flow, why } => {
                if let transport::Why::Handshake(why) = &why {
                    tracing::info!(peer = %flow.peer, %why, "no TLS connection");
                }
                tracing::debug!(?flow, ?why, "connection closed");
                self.give(if why == transport::Why::Left { Input::FlowLeft(flow) } else { Input::FlowFailed(flow) });
            }
            Received::Certificates(text) => {
                self.exchange.note(Fact::Alarm { subject: "tls".into(), text }, self.clock.now());
                self.collect();
            }
            Received::Unsent { flow } => self.give(Input::FlowFailed(flow)),
            Received::Opened { flow, names } => {
                tracing::debug!(?flow, ?names, "connection open");
                if !names.is_empty() {
                    self.give(Input::Proved(flow, names));
                }
            }
        }
    }

    /// From whoever keeps the dialplan.
    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Put(fact, done) => {
                self.give(Input::Plan(self.in_force.load_full(), fact));
                // The planner waits for it, and not for ever.
                let _ = done.try_send(());
            }
            Notice::Note(fact) => {
                self.exchange.note(fact, self.clock.now());
                self.collect();
            }
        }
    }

    /// From whoever finds names.
    fn named(&mut self, named: Named) {
        match named {
            Named::Input(input) => self.give(input),
            Named::Fact(fact) => {
                self.exchange.note(fact, self.clock.now());
                self.collect();
            }
        }
    }

    /// From whoever keeps the recordings.
    fn word(&mut self, word: Word) {
        let now = self.clock.now();
        match word {
            Word::Archived { call, archived, done } => {
                self.exchange.archived(call, archived, now);
                self.batch.written.push(done);
            }
            Word::Alarm(text) => self.exchange.note(Fact::Alarm { subject: "recording".into(), text }, now),
            Word::Storage(storage) => self.exchange.stored(storage),
        }
        self.collect();
    }

    fn ask(&mut self, (command, answer): admin::Ask) {
        self.next_ask += 1;
        let drain = command == Command::Drain;
        self.waiting.insert(self.next_ask, answer);
        self.give(Input::Command { id: self.next_ask, command });
        self.publisher.publish(&mut self.exchange, true, self.clock.now());
        if drain {
            self.drain();
        }
    }

    fn give(&mut self, input: Input) {
        self.exchange.handle(input, self.clock.now());
        self.collect();
    }

    /// Takes what the exchange wants: media at once, so that a port listens before its address is told; facts and datagrams
    /// are kept for [`Daemon::flush`].
    fn collect(&mut self) {
        while let Some(output) = self.exchange.poll() {
            match output {
                Output::Fact(event) => {
                    milestones::log(&event);
                    self.teller.fact(&event);
                    self.batch.facts.push(event);
                }
                Output::Send(flow, bytes) => self.batch.sends.push((flow, bytes)),
                Output::Media(command) => {
                    if let Err(full) = self.media.send(command) {
                        tracing::error!("{full}");
                        self.owed.refused(*full.0);
                    }
                }
                Output::Answer { id, answer } => {
                    if let Some(to) = self.waiting.remove(&id) {
                        // Whoever asked may be gone by now.
                        let _ = to.send(answer);
                    }
                }
            }
        }
        while let Some(finished) = self.exchange.finished_recording() {
            self.keeper.pack(finished);
        }
    }

    /// Timers, the journal's fsync, the end of a drain.
    fn tick(&mut self) {
        let now = self.clock.now();
        self.owed.again(|command| self.media.send(command).map_err(|full| full.0));
        let closed = std::mem::take(&mut *self.closed.lock().unwrap_or_else(PoisonError::into_inner));
        for event in closed {
            self.give(Input::Media(event));
        }
        if self.exchange.deadline().is_some_and(|at| at <= now.mono) {
            self.give(Input::Due);
        }
        if self.batch.book_by.is_some_and(|at| at <= now.mono) {
            self.book_now();
        }
        let synced = self.journal.as_mut().map(|j| j.sync_if_due(now));
        if let Some(Err(e)) = synced {
            self.store_trouble(&e.to_string());
        } else if let Some(why) = self.writer.as_ref().and_then(Writer::failing) {
            self.store_trouble(&format!("call records cannot be booked: {why}"));
        }
        if let Drain::Draining { until } = self.drain
            && (until <= now.mono || self.exchange.live() == 0)
        {
            self.give(Input::Command { id: 0, command: Command::EndAll });
            self.drain = Drain::Ending { at: now.mono + LAST_WORDS };
        }
        let lost = self.lost_events.swap(0, Ordering::Relaxed);
        self.teller.lost(lost);
        if self.teller.deadline() <= now.mono {
            self.tell(now);
        }
        self.publisher.publish(&mut self.exchange, false, now);
        if lost > 0 {
            tracing::error!(lost, "media events were lost: the signalling thread is behind");
        }
    }

    /// Facts first, then what they explain (write(2) is safe against kill -9; fsync follows within a second).
    fn flush(&mut self) {
        let facts = std::mem::take(&mut self.batch.facts);
        if !facts.is_empty() {
            let written = self.journal.as_mut().map(|j| j.append(&facts));
            let waiting = std::mem::take(&mut self.batch.written);
            match written {
                Some(Err(e)) => self.store_trouble(&e.to_string()),
                _ => {
                    // Who waits for it may have given up by now.
                    for done in waiting {
                        let _ = done.try_send(());
                    }
                    self.store_fine();
                }
            }
            self.book(facts);
        }
        for (flow, bytes) in self.batch.sends.drain(..) {
            if let Some(hep) = &mut self.hep {
                hep.copy(true, &flow, &bytes, self.clock.now().wall);
            }
            self.transports.send(flow, bytes);
        }
        self.transports.flush();
    }

    /// Facts for the records go in bundles: the journal has them already, and each bundle wakes a thread.
    fn book(&mut self, facts: Vec<fact::Event>) {
        let now = self.clock.now().mono;
        self.batch.unbooked.extend(facts);
        self.batch.book_by.get_or_insert(now + BOOK_EVERY);
        if self.batch.unbooked.len() >= BUNDLE {
            self.book_now();
        }
    }

    fn book_now(&mut self) {
        self.batch.book_by = None;
        let bundle = std::mem::take(&mut self.batch.unbooked);
        if let (Some(writer), false) = (&self.writer, bundle.is_empty()) {
            writer.send(bundle);
        }
    }

    /// Said once, until it is well again: a full disk must not be made fuller by its alarms.
    fn store_trouble(&mut self, why: &str) {
        if !std::mem::replace(&mut self.store_alarm, true) {
            tracing::error!("{why}");
            let fact = Fact::Alarm { subject: "store".into(), text: why.to_owned() };
            self.exchange.note(fact, self.clock.now());
            self.collect();
        }
    }

    fn store_fine(&mut self) {
        if !self.store_alarm {
            return;
        }
        let journal = self.journal.as_ref().and_then(|j| j.health().failing);
        if journal.or_else(|| self.writer.as_ref().and_then(Writer::failing)).is_none() {
            self.store_alarm = false;
            tracing::info!("the store takes records again");
        }
    }

    /// How the daemon is, for whoever watches it.
    fn tell(&mut self, now: Now) {
        let lag = self.writer.as_ref().map(Writer::lag).unwrap_or_default();
        let next = self.journal.as_ref().map_or(0, Journal::next_seq);
        let pulse = admin::Pulse {
            meters: self.exchange.meters(),
            transport: self.transports.counts(),
            connections: self.transports.connections(),
            media_dropped: self.media.dropped(),
            media_refused: self.media.refused(),
            journal: self.journal.as_ref().map(Journal::health).unwrap_or_default(),
            unfolded: next.saturating_sub(1).saturating_sub(lag.folded),
            unbooked: lag.waiting,
            unbookable: self.writer.as_ref().and_then(Writer::failing),
            ..admin::Pulse::default()
        };
        self.teller.tell(pulse, now);
    }

    fn is_drained(&self) -> bool {
        matches!(self.drain, Drain::Ending { at } if at <= self.clock.now().mono)
    }

    /// No new calls; live ones end in peace, up to the limit. Asked a second time: at once.
    fn drain(&mut self) {
        let now = self.clock.now();
        match self.drain {
            Drain::Serving => {
                self.signals.notify.stopping();
                tracing::info!(calls = self.exchange.live(), "draining");
                self.drain = Drain::Draining { until: now.mono.saturating_add(self.drain_limit) };
                self.give(Input::Command { id: 0, command: Command::Drain });
            }
            Drain::Draining { .. } => self.drain = Drain::Draining { until: now.mono },
            Drain::Ending { .. } => {}
        }
    }

    fn stop(&mut self) {
        self.exchange.note(Fact::DaemonStopped, self.clock.now());
        self.collect();
        self.flush();
        self.book_now();
        drop(self.writer.take());
        if let Some(Err(e)) = self.journal.take().map(Journal::close) {
            tracing::error!("{e}");
        }
        // Gone, so that the next start finds no stale one; the daemon is its only user.
        let _ = std::fs::remove_file(&self.ready.admin);
    }
}

/// No image of this process is ever written: keys are in it.
fn no_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        tracing::warn!(%error, "a crash may write an image of the memory, keys included");
    }
}

/// The sockets of the signalling, what they are known by, where a copy of what is said goes, and who finds the names of trunks.
fn bind(
    config: &crate::config::Config,
    state: &std::path::Path,
) -> Result<(Transports, Listens, Option<Hep>, Names), Error> {
    if config.needs_certificate() {
        no_dumps();
    }
    let sip = settings::transports(config, state).map_err(|e| Error::Listen(e.into()))?;
    let transports = Transports::bind(&sip).map_err(Error::Listen)?;
    let listen: Listens = transports.locals().collect();
    let names = Names::start(config, &listen, state, transports.peer_names())?;
    let hep = Hep::open(&config.trace).map_err(|e| Error::Machine("hep".into(), e))?;
    Ok((transports, listen, hep, names))
}

type Listens = Vec<(transport::Transport, std::net::SocketAddr)>;

fn open_store(
    state: &std::path::Path,
    config: &crate::config::Config,
    plan: &crate::dialplan::Plan,
) -> Result<store::Opened, Error> {
    let opened = store::open(state, &settings::store(config), settings::ledger(plan)).map_err(Error::Store)?;
    report(&opened.recovered);
    Ok(opened)
}

/// A thread that cannot be had.
fn thread(error: std::io::Error) -> Error {
    Error::Machine("thread".into(), error)
}

/// The history of plans, with the one that the daemon starts with.
fn history(
    state: &std::path::Path,
    plan: &crate::dialplan::Plan,
    sources: &[crate::dialplan::Source],
    wall: i64,
) -> Result<Plans, Error> {
    let mut plans = Plans::open(state).map_err(Error::Store)?;
    if plans.records().last().is_none_or(|r| r.version != plan.version()) {
        plans.put(plan, sources, Change::start(), wall).map_err(Error::Store)?;
    }
    Ok(plans)
}

fn report(recovered: &store::Recovered) {
    if recovered.replayed > 0 || recovered.crashed > 0 {
        tracing::warn!(?recovered, "the last run did not end in order; its records are complete");
    }
}
