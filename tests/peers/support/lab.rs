//! A daemon of its own: `config/lab.toml` with other ports, state in a folder of its own.

use super::process::{Process, read};
use super::slot::Slot;
use super::{pause, until};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use switchboard::admin;
use switchboard::exchange::{self, Answer, CallRow, SeatRow, TransferRow, TrunkRow};
use switchboard::fact::{Event, Outcome, Supervision, Way};
use switchboard::ledger::Cdr;
use switchboard::store::{Filter, Reader};

/// The date of the lab's contract.
pub const LAB_DAY: &str = "2021-12-15T10:00";

/// A running daemon.
#[derive(Debug)]
pub struct Lab {
    pub slot: Slot,
    /// Everything the test writes; gone with it unless it fails.
    pub dir: PathBuf,
    as_of: String,
    /// What its environment has beside ours.
    variable: Option<(&'static str, &'static str)>,
    pub daemon: Process,
}

impl Lab {
    /// Starts a daemon whose clock shows [`LAB_DAY`].
    pub fn start() -> Self {
        Self::as_of(LAB_DAY)
    }

    /// Starts a daemon whose clock shows this local time.
    pub fn as_of(moment: &str) -> Self {
        Self::with(moment, |text, _| text)
    }

    /// Starts a daemon whose carrier has the slot's phone `n` as well; it is also where calls to the carrier go.
    pub fn with_citizen(n: u16) -> Self {
        let slot = Slot::take();
        let (citizen, trunks) = (format!("127.0.0.1:{}", slot.phone(n)), slot.trunks());
        let at = format!("inbound = [\"127.0.0.10\", \"{citizen}\"]");
        let calls = format!("outbound = \"127.0.0.10:{trunks}\"");
        Self::on(slot, LAB_DAY, |text, _| {
            let text = text.replacen("inbound = \"127.0.0.10\"", &at, 1);
            text.replacen(&calls, &format!("outbound = \"{citizen}\""), 1)
        })
    }

    /// Starts a daemon with another line or two in its configuration, made with the test's folder in hand.
    pub fn with(moment: &str, change: impl FnOnce(String, &Path) -> String) -> Self {
        Self::on(Slot::take(), moment, change)
    }

    /// Starts a daemon with a variable in its environment, and another line or two in its configuration.
    pub fn with_variable(name: &'static str, value: &'static str, change: impl FnOnce(String) -> String) -> Self {
        Self::in_environment(Slot::take(), LAB_DAY, Some((name, value)), |text, _| change(text))
    }

    fn on(slot: Slot, moment: &str, change: impl FnOnce(String, &Path) -> String) -> Self {
        Self::in_environment(slot, moment, None, change)
    }

    fn in_environment(
        slot: Slot,
        moment: &str,
        variable: Option<(&'static str, &'static str)>,
        change: impl FnOnce(String, &Path) -> String,
    ) -> Self {
        let dir = std::env::temp_dir().join(format!("switchboard-peers-{}-{}", std::process::id(), super::now()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("lab.toml"), change(config(&slot, &dir), &dir)).unwrap();
        let daemon = spawn(&dir, moment, variable, ("state", "daemon"));
        let mut lab = Self { slot, dir, as_of: moment.to_owned(), variable, daemon };
        lab.is_ready();
        lab
    }

    /// Another daemon with the same configuration, and so the same ports, but a state of its own.
    pub fn twin(&self) -> Process {
        spawn(&self.dir, &self.as_of, self.variable, ("state-twin", "twin"))
    }

    /// Kills the daemon as a crash would and starts it anew on the same state.
    pub fn crash_and_start(&mut self) {
        self.daemon.kill();
        self.starts_again();
    }

    /// Starts the daemon, which has ended, on the same state.
    pub fn starts_again(&mut self) {
        self.daemon = spawn(&self.dir, &self.as_of, self.variable, ("state", "daemon-again"));
        self.is_ready();
    }

    /// The same, and how long the start took, µs.
    pub fn crashes_and_starts(&mut self) -> u64 {
        self.daemon.kill();
        let began = super::now();
        self.daemon = spawn(&self.dir, &self.as_of, self.variable, ("state", "daemon-again"));
        self.is_ready();
        super::now() - began
    }

    fn is_ready(&mut self) {
        // `run` prints where it listens once it does.
        let ready = until(30_000, || {
            let printed = fs::metadata(&self.daemon.stdout).map_or(0, |m| m.len()) > 0;
            (printed || !self.daemon.runs()).then_some(printed)
        });
        assert_eq!(ready, Some(true), "the daemon did not start: {}", self.daemon.said());
    }

    /// Its SIP address.
    pub fn sip(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.slot.sip()))
    }

    fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// What an operator asks.
    pub fn asks(&self, command: &exchange::Command) -> Answer {
        self.ask(command)
    }

    /// Every fact of its journal, in order.
    pub fn journal(&self) -> Vec<Event> {
        let folder = self.state().join("journal");
        switchboard::store::replay(&folder, 1).unwrap().map(|e| e.unwrap()).collect()
    }

    fn ask(&self, command: &exchange::Command) -> Answer {
        admin::ask(&self.dir.join("sock"), command).unwrap()
    }

    /// Waits until the seat's phone is registered and the seat can be given a call.
    pub fn has_seat(&self, number: &str) {
        let ready = until(10_000, || match self.ask(&exchange::Command::Seats) {
            Answer::Seats { seats } => {
                let row = seats.into_iter().find(|s| s.seat.as_str() == number)?;
                (row.contact.is_some() && row.zh == "示闲").then_some(())
            }
            _ => None,
        });
        let seats = self.ask(&exchange::Command::Seats);
        assert!(ready.is_some(), "seat {number} did not become ready: {seats:?}\n{}", self.daemon.said());
    }

    /// Who is to be called back.
    pub fn callbacks(&self) -> Vec<exchange::CallbackRow> {
        match self.ask(&exchange::Command::Callbacks) {
            Answer::Callbacks { callbacks } => callbacks,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until agent and state of a seat are these.
    pub fn stands(&self, number: &str, agent: Option<&str>, state: &str) {
        let there =
            |row: &SeatRow| row.agent.as_ref().map(ToString::to_string).as_deref() == agent && row.state == state;
        let found = until(10_000, || there(&self.seat(number)).then_some(()));
        assert!(found.is_some(), "{:?}\n{}", self.seat(number), self.daemon.said());
    }

    /// One seat.
    pub fn seat(&self, number: &str) -> SeatRow {
        match self.ask(&exchange::Command::Seats) {
            Answer::Seats { seats } => seats.into_iter().find(|s| s.seat.as_str() == number).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// One trunk.
    pub fn trunk(&self, name: &str) -> TrunkRow {
        match self.ask(&exchange::Command::Trunks) {
            Answer::Trunks { trunks } => trunks.into_iter().find(|t| t.trunk.as_str() == name).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Calls that live now.
    pub fn live(&self) -> usize {
        match self.ask(&exchange::Command::Status) {
            Answer::Status(status) => status.calls,
            other => panic!("{other:?}"),
        }
    }

    /// The records, latest first, once there are `count` of them: exactly one a call.
    pub fn records(&self, count: usize) -> Vec<Cdr> {
        let read = || Reader::open(&self.state()).unwrap().calls(&Filter::default()).unwrap();
        let found = until(5_000, || (read().len() >= count).then_some(()));
        // A second record of the same call would follow at once.
        pause(300);
        let records = read();
        assert!(found.is_some() && records.len() == count, "{count} records, not {}: {records:#?}", records.len());
        records
    }

    /// Exactly one record of this outcome, whatever else there is.
    pub fn has_one(&self, outcome: Outcome) {
        let read = || {
            let records = Reader::open(&self.state()).unwrap().calls(&Filter::default()).unwrap();
            records.into_iter().filter(|r| r.outcome == outcome).count()
        };
        until(3_000, || (read() > 0).then_some(()));
        pause(300);
        assert_eq!(read(), 1, "records of {outcome:?}");
    }

    /// All records once no call lives and the last one is booked.
    pub fn all_records(&self) -> Vec<Cdr> {
        let none = until(10_000, || (self.live() == 0).then_some(()));
        assert!(none.is_some(), "{} calls live on", self.live());
        pause(500);
        let filter = Filter { limit: u32::MAX, ..Filter::default() };
        Reader::open(&self.state()).unwrap().calls(&filter).unwrap()
    }

    /// Live calls, oldest first.
    pub fn calls(&self) -> Vec<CallRow> {
        match self.ask(&exchange::Command::Calls) {
            Answer::Calls { calls } => calls,
            other => panic!("{other:?}"),
        }
    }

    /// The one live call.
    fn call(&self) -> switchboard::id::CallRef {
        match self.calls().as_slice() {
            [call] => call.call,
            other => panic!("{other:#?}"),
        }
    }

    /// Waits for what comes of the transfer to this number, the only one to it in all live calls.
    pub fn transfer_ends(&self, to: &str, millis: u64) -> TransferRow {
        let row = || self.calls().into_iter().flat_map(|c| c.transfers).find(|t| t.to == to && t.result.is_some());
        let ended = until(millis, row);
        ended.unwrap_or_else(|| panic!("no transfer to {to} ends: {:#?}\n{}", self.calls(), self.daemon.said()))
    }

    /// Brings somebody into the one live call.
    pub fn transfer(&self, to: &str, way: Way) {
        let (call, to, brief) = (self.call(), to.into(), Default::default());
        let command = exchange::Command::Transfer { call, to, way, brief, by: String::new() };
        assert!(matches!(self.ask(&command), Answer::Done | Answer::Asked { .. }));
    }

    /// Its agent leaves.
    pub fn leave(&self) {
        self.orders(exchange::Verb::Leave);
    }

    /// An order about the one live call, on behalf of its agent.
    pub fn orders(&self, verb: exchange::Verb) {
        let (by, why) = (String::new(), String::new());
        let command = exchange::Command::Conference { call: self.call(), verb, by, why };
        assert_eq!(self.ask(&command), Answer::Done, "{verb:?}");
    }

    /// A supervisor is in the one live call so.
    pub fn supervise(&self, seat: &str, mode: Supervision) {
        let (call, by, why) = (self.call(), "chen".to_owned(), "a new colleague".to_owned());
        let command = exchange::Command::Supervise { call, seat: seat.into(), mode, by, why, granted: false };
        assert_eq!(self.ask(&command), Answer::Done, "{mode:?}");
    }

    /// Every live call is ended.
    pub fn ends_all(&self) {
        for row in self.calls() {
            assert_eq!(self.ask(&exchange::Command::HangUp { call: row.call }), Answer::Done);
        }
    }

    /// All recordings there are.
    pub fn recordings(&self) -> Vec<PathBuf> {
        let days = fs::read_dir(self.state().join("recordings")).into_iter().flatten().flatten();
        let files = days.filter_map(|day| fs::read_dir(day.path()).ok()).flatten().flatten().map(|f| f.path());
        files.filter(|f| f.extension().is_some_and(|e| e == "wav")).collect()
    }

    /// The version of the plan in force.
    pub fn plan(&self) -> String {
        match self.ask(&exchange::Command::Status) {
            Answer::Status(status) => status.plan,
            other => panic!("{other:?}"),
        }
    }

    /// The one record.
    pub fn record(&self) -> Cdr {
        self.records(1).remove(0)
    }

    /// The facts of a recorded call.
    pub fn facts(&self, cdr: &Cdr) -> Vec<Event> {
        Reader::open(&self.state()).unwrap().call(cdr.call).unwrap().unwrap().1
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.daemon.kill();
        if std::thread::panicking() {
            eprintln!("kept: {}\n{}", self.dir.display(), read(&self.daemon.stderr));
        } else {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// The project's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn spawn(dir: &Path, as_of: &str, variable: Option<(&str, &str)>, (state, name): (&str, &str)) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["run", "--as-of", as_of, "--lang", "en"]);
    command.arg("--config").arg(dir.join("lab.toml")).arg("--state").arg(dir.join(state)).envs(variable);
    Process::start(&mut command, dir, name)
}

/// The lab's file with the slot's ports. A line of the contract that is not there any more fails here.
fn config(slot: &Slot, dir: &Path) -> String {
    let mut text = fs::read_to_string(root().join("config/lab.toml")).unwrap();
    let replaced = [
        // The slot has RTP ports for so many.
        ("[sip]\n", "[sip]\nmax_calls = 50\n".to_owned()),
        ("127.0.0.1:5070", format!("127.0.0.1:{}", slot.sip())),
        ("127.0.0.1:5071", format!("127.0.0.1:{}", slot.tls())),
        (":5060\"", format!(":{}\"", slot.trunks())),
        ("\"20000-39999\"", format!("\"{}\"", slot.rtp())),
        ("browser_port = 19999", format!("browser_port = {}", slot.browsers())),
        ("127.0.0.1:8080", format!("127.0.0.1:{}", slot.http())),
        ("\"/tmp/switchboard-lab.sock\"", format!("\"{}\"", dir.join("sock").display())),
        ("\"../dialplans\"", format!("\"{}\"", root().join("dialplans").display())),
    ];
    for (from, to) in replaced {
        assert!(text.contains(from), "config/lab.toml has no {from}");
        text = text.replace(from, &to);
    }
    text
}
