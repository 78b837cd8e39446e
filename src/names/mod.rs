//! Names of trunks, and where they lead: who asks the name servers, on a thread of its own, and asks again when an answer is old.
//!
//! An answer is good for its TTL; then it is asked for anew, and the old one holds for as long as no other comes: that a name server is
//! away shall keep nobody from calling. What was found last is kept in the state folder, so that it holds for a start too. It refuses
//! to choose among targets and to know which answer: [`Told`] says all there are.

mod find;
mod memory;
mod wanted;

pub use wanted::Wanted;

use crate::id::TrunkId;
use crate::sip::flow::Transport;
use crate::sip::locate::{Place, Target};
use find::{Found, Source};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use memory::Memory;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// An answer is asked for again after its TTL, but not sooner and not later than this.
const KEPT: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3600));
/// First and longest wait after a failure.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

/// Who is asked, and what may come of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name servers; none: those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long one may take.
    pub timeout: Duration,
    /// What we can reach others by: transports, and whether by IPv4.
    pub able: Vec<(Transport, bool)>,
    /// Where the last answers are kept.
    pub memory: Option<PathBuf>,
}

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Where calls to a trunk go from now on, and the name that each address was found by.
    Targets {
        /// The trunk.
        trunk: TrunkId,
        /// Every target.
        targets: Vec<Target>,
        /// The name that was written, for each target.
        names: Vec<Option<Arc<str>>>,
    },
    /// Which addresses it calls from, from now on.
    Sources {
        /// The trunk.
        trunk: TrunkId,
        /// Every address, with a port where one is written.
        addresses: Vec<(IpAddr, Option<u16>)>,
    },
    /// Its names cannot be found at the moment; what was found before holds. Said once, until they are found again.
    Trouble {
        /// The trunk.
        trunk: TrunkId,
        /// Why.
        why: String,
        /// Whether something was found before.
        known: bool,
    },
}

/// Begins to ask. What was found by an earlier run is told first. Ends with the receiver.
///
/// # Errors
/// No thread or no runtime can be had.
pub fn start(settings: Settings, wanted: Vec<Wanted>, tell: mpsc::Sender<Told>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("names".into()).spawn(move || {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let settings = Arc::new(settings);
            let memory = Memory::open(settings.memory.clone());
            let tasks = wanted.into_iter().map(|wanted| {
                let (settings, memory, tell) = (Arc::clone(&settings), memory.clone(), tell.clone());
                tokio::task::spawn_local(async move { keep(&settings, wanted, memory, tell).await })
            });
            for task in tasks.collect::<Vec<_>>() {
                // One that ends has nobody to tell any more.
                let _ = task.await;
            }
        });
    })?;
    Ok(())
}

/// Asks once, for whoever only wants to know.
///
/// # Errors
/// Why a name cannot be found.
pub fn once(settings: &Settings, wanted: &Wanted) -> Result<Told, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let Looked { found, trouble, .. } = runtime.block_on(look(settings, wanted, None));
    match (found, trouble) {
        (_, Some(why)) => Err(why),
        (found, None) => found.map(|found| found.told(wanted)).ok_or_else(|| "nothing is found".to_owned()),
    }
}

/// Keeps one trunk's names found.
async fn keep(settings: &Settings, wanted: Wanted, memory: Memory, tell: mpsc::Sender<Told>) -> Option<()> {
    let mut last = memory.recall(&wanted);
    if let Some(found) = &last {
        tell.send(found.told(&wanted)).await.ok()?;
    }
    let (mut wait, mut told) = (AGAIN.0, false);
    loop {
        let Looked { found, trouble, lasts } = look(settings, &wanted, last.as_ref()).await;
        let known = found.is_some();
        if let Some(found) = found {
            // After trouble it is said once more, so that whoever was told knows that it is over.
            if last.as_ref() != Some(&found) || (told && trouble.is_none()) {
                tell.send(found.told(&wanted)).await.ok()?;
            }
            memory.keep(&wanted, &found);
            last = Some(found);
        }
        let Some(why) = trouble else {
            (told, wait) = (false, AGAIN.0);
            nap(&tell, lasts.clamp(KEPT.0, KEPT.1)).await?;
            continue;
        };
        tracing::debug!(?wanted, %why, "a name cannot be found");
        if !std::mem::replace(&mut told, true) {
            let known = known || last.is_some();
            tell.send(Told::Trouble { trunk: wanted.trunk().clone(), why, known }).await.ok()?;
        }
        nap(&tell, wait).await?;
        wait = (wait * 2).min(AGAIN.1);
    }
}

/// Waits, unless nobody listens any more.
async fn nap(tell: &mpsc::Sender<Told>, wait: Duration) -> Option<()> {
    tokio::select! {
        () = tokio::time::sleep(wait) => Some(()),
        () = tell.closed() => None,
    }
}

/// What came of asking once.
struct Looked {
    /// What holds now; `None`: nothing new is known.
    found: Option<Found>,
    /// Why a name cannot be found.
    trouble: Option<String>,
    /// How long it holds.
    lasts: Duration,
}

/// Asks once. Of a name that cannot be found holds what was found before.
async fn look(settings: &Settings, wanted: &Wanted, before: Option<&Found>) -> Looked {
    // Each time anew: who changes /etc/resolv.conf or /etc/hosts need not tell us.
    let dns = match resolver(settings) {
        Ok(dns) => dns,
        Err(why) => return Looked { found: None, trouble: Some(why.to_string()), lasts: Duration::ZERO },
    };
    let source = Source::new(&dns, &settings.able);
    let (found, trouble) = match wanted {
        Wanted::Calls { places, transport, .. } => source.targets(places, *transport, before).await,
        Wanted::Sources { places, .. } => source.addresses(places, before).await,
    };
    let found = Some(found).filter(|found| !found.is_empty());
    Looked { found, trouble, lasts: source.until().saturating_duration_since(Instant::now()) }
}

fn resolver(settings: &Settings) -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let mut builder = if settings.servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = settings.servers.iter().map(|at| {
            let mut server = NameServerConfig::udp_and_tcp(at.ip());
            for connection in &mut server.connections {
                connection.port = at.port();
            }
            server
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        TokioResolver::builder_with_config(config, Default::default())
    };
    let options = builder.options_mut();
    options.timeout = settings.timeout;
    options.attempts = 2;
    options.cache_size = 0;
    builder.build()
}

impl Found {
    fn is_empty(&self) -> bool {
        match self {
            Self::Targets(targets) => targets.is_empty(),
            Self::Addresses(addresses) => addresses.is_empty(),
        }
    }

    fn told(&self, wanted: &Wanted) -> Told {
        let trunk = wanted.trunk().clone();
        match self {
            Self::Targets(targets) => {
                let name = |t: &Target| wanted.places().get(usize::from(t.place)).and_then(Place::name).cloned();
                Told::Targets { trunk, names: targets.iter().map(name).collect(), targets: targets.clone() }
            }
            Self::Addresses(addresses) => Told::Sources { trunk, addresses: addresses.clone() },
        }
    }
}
