//! The operators' doors: the Unix socket on the signalling thread's runtime, the HTTP API on threads of its own.

use super::{Error, Ready};
use crate::config::Config;
use crate::dialplan::Plan;
use crate::sip::flow::Transport;
use crate::web::{People, Rules, Views};
use crate::{admin, web};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// Where the operators' doors are.
pub(super) struct Doors {
    admin: PathBuf,
    http: Option<SocketAddr>,
}

impl Doors {
    /// What is told of a daemon that serves. `folder`: that of the records, and whether it goes with the daemon.
    pub(super) fn ready(
        self,
        (state, temporary): (PathBuf, bool),
        sip: Vec<(Transport, SocketAddr)>,
        config: &Config,
        plan: &Plan,
        wall: i64,
    ) -> Ready {
        let (seats, trunks, numbers) = (config.seats.len(), config.trunks.len(), plan.numbers(wall).len());
        let plan = plan.version().to_owned();
        let (admin, http, https) = (self.admin, self.http, config.web_is_secret());
        Ready { sip, plan, seats, trunks, numbers, state, temporary, admin, http, https }
    }
}

/// The doors, and what comes in by them.
pub(super) type Opened = (Doors, mpsc::Receiver<admin::Ask>, mpsc::Receiver<admin::Task>);

/// Opens them. What the API shows without asking stands in `views`.
///
/// # Errors
/// [`Error::Http`], [`Error::Admin`].
pub(super) fn open_doors(config: &Config, state: &Path, views: Views) -> Result<Opened, Error> {
    let (to_exchange, asks) = mpsc::channel(64);
    let (to_planner, tasks) = mpsc::channel(64);
    let (to_people, errands) = mpsc::channel(16);
    let views = Views { planner: Some(to_planner.clone()), ..views };
    // First the one that leaves no file behind when the other cannot be had.
    let listener = bind_http(config)?;
    let http = listener.as_ref().map(|(_, at)| *at);
    let people = open_people(config, state, &views, http)?;
    Arc::clone(&people).serve(errands).map_err(|e| Error::Machine("thread".into(), e))?;
    start_http(config, listener, &to_exchange, views, people)?;
    hear_hup(to_planner.clone()).map_err(|e| Error::Machine("signal".into(), e))?;
    let admin = start_admin(config, state, admin::Queues { asks: to_exchange, tasks: to_planner, errands: to_people })?;
    Ok((Doors { admin, http }, asks, tasks))
}

fn start_admin(config: &Config, state: &Path, queues: admin::Queues) -> Result<PathBuf, Error> {
    let path = config.admin.socket.clone().unwrap_or_else(|| state.join("switchboard.sock"));
    let listener = admin::bind(&path).map_err(|e| Error::Admin(path.clone(), e))?;
    tokio::spawn(admin::serve(listener, queues));
    Ok(path)
}

/// SIGHUP is `reload`: the dialplan's folder is read again. Keys and certificates are looked at by themselves.
fn hear_hup(tasks: mpsc::Sender<admin::Task>) -> std::io::Result<()> {
    let mut hup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hup.recv().await.is_some() {
            let (answer, outcome) = oneshot::channel();
            let by = admin::By { author: "SIGHUP".to_owned(), note: String::new() };
            if tasks.send((admin::Order::Reload(by), None, answer)).await.is_err() {
                return;
            }
            match outcome.await {
                Ok(admin::Outcome::InForce { .. }) => tracing::info!("another dialplan is in force: SIGHUP"),
                Ok(admin::Outcome::Unchanged { .. }) => tracing::info!("the dialplan is unchanged: SIGHUP"),
                Ok(_) | Err(_) => tracing::error!("SIGHUP: the dialplan of before stays in force"),
            }
        }
    });
    Ok(())
}

/// Accounts and the trail; they are there without the web listener too, so that accounts can be made before it is. Links lead to `http`.
fn open_people(config: &Config, state: &Path, views: &Views, http: Option<SocketAddr>) -> Result<Arc<People>, Error> {
    let at = http.map_or_else(|| "127.0.0.1".to_owned(), |at| at.to_string());
    let scheme = if config.web.tls { "https" } else { "http" };
    let url = config.web.url.clone().unwrap_or_else(|| format!("{scheme}://{at}"));
    let (written, second_factor) = (config.accounts.clone(), config.web.second_factor.clone());
    let rules = Rules { written, second_factor, url };
    let people = People::open(state, rules, views.clock, Arc::clone(&views.board)).map_err(Error::Store)?;
    Ok(Arc::new(people))
}

/// The API's listener, where it is configured, and where it is: with the port that the kernel chose where 0 was asked for.
fn bind_http(config: &Config) -> Result<Option<(TcpListener, SocketAddr)>, Error> {
    let Some(http) = &config.admin.http else { return Ok(None) };
    let bound = web::bind(http.listen).and_then(|listener| listener.local_addr().map(|at| (listener, at)));
    bound.map(Some).map_err(|e| Error::Http(http.listen, e))
}

/// The API, where it is configured.
fn start_http(
    config: &Config,
    listener: Option<(TcpListener, SocketAddr)>,
    asks: &mpsc::Sender<admin::Ask>,
    views: Views,
    people: Arc<People>,
) -> Result<(), Error> {
    let (Some(http), Some((listener, _))) = (&config.admin.http, listener) else { return Ok(()) };
    let (watchers, connections) = (config.web.feeds, config.web.connections);
    let limits = web::Limits { watchers, connections, per_address: config.web.per_source, ..web::Limits::default() };
    web::spawn(listener, &http.token, asks.clone(), views, people, limits).map_err(|e| Error::Http(http.listen, e))
}
