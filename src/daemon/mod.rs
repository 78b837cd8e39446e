//! The daemon: sockets, media threads, store and operators' doors around one [`Exchange`](crate::exchange::Exchange).
//!
//! The calling thread becomes the signalling thread: it owns the exchange and its SIP sockets and gives it everything in one
//! order. Facts are written before the datagrams they explain leave. Another thread reads and checks dialplans. It decides
//! nothing about a call.

mod cut_off;
mod doors;
mod effort;
mod error;
mod first;
mod hep;
mod load;
mod media;
mod milestones;
mod names;
mod notify;
mod owed;
mod planner;
mod publisher;
mod pulse;
mod recordings;
mod run;
mod seed;
mod settings;
mod temporary;
mod watch;

pub use cut_off::cut_off;
pub use error::Error;
pub use load::{load_plan, plan_files, prompt_files, source, sources};
pub use names::names_of;
pub use run::run;

use crate::config::Config;
use crate::sip::flow::Transport;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What to run.
#[derive(Debug)]
pub struct Options {
    /// The checked configuration.
    pub config: Config,
    /// The clock shows this moment at the start and runs on, µs since the epoch; `None`: the machine's time.
    pub as_of: Option<i64>,
    /// The state folder (`--state`), before the one that the configuration names.
    pub state: Option<PathBuf>,
    /// Start on the version that was in force last when the folder's plan is wrong, instead of not at all.
    pub last_good: bool,
}

/// What runs, told once everything is ready.
#[derive(Debug, Clone)]
pub struct Ready {
    /// SIP sockets.
    pub sip: Vec<(Transport, SocketAddr)>,
    /// Version of the plan in force.
    pub plan: String,
    /// Seats configured.
    pub seats: usize,
    /// Trunks configured.
    pub trunks: usize,
    /// Numbers of the plan.
    pub numbers: usize,
    /// The state folder.
    pub state: PathBuf,
    /// It is temporary, gone with the daemon.
    pub temporary: bool,
    /// The admin socket.
    pub admin: PathBuf,
    /// The HTTP API, with the port that the kernel chose where 0 was asked for.
    pub http: Option<SocketAddr>,
    /// It speaks TLS.
    pub https: bool,
}
