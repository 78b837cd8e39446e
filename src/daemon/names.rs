//! The names of trunks: what is asked of the thread that finds them, and what comes of its answers.

use super::Error;
use crate::config::{Config, Trunk};
use crate::exchange::Input;
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::names::{self, Settings, Told, Wanted};
use crate::transport::{PeerNames, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// So long a start waits for first answers: calls of its first second shall find their way.
const FIRST: Duration = Duration::from_secs(2);
/// Answers that wait.
const WAITING: usize = 256;

/// Where answers come from.
pub(super) struct Names {
    told: mpsc::Receiver<Told>,
    /// Questions that have had no answer at all.
    open: usize,
    /// What certificates must be of: written in the file, by trunk.
    written: BTreeMap<TrunkId, String>,
    peers: PeerNames,
    /// Addresses whose certificate's name is written in the file: no answer changes that.
    fixed: BTreeSet<SocketAddr>,
}

impl Names {
    /// Asks for whatever the configuration gives by name.
    pub fn start(
        config: &Config,
        listen: &[(Transport, SocketAddr)],
        state: &Path,
        peers: PeerNames,
    ) -> Result<Self, Error> {
        let wanted = wanted(config);
        let (tell, told) = mpsc::channel(WAITING);
        let written = config.trunks.iter().filter_map(|(id, t)| Some((id.clone(), t.tls_name.clone()?))).collect();
        let fixed = peers.iter().map(|peer| *peer.key()).collect();
        let names = Self { told, open: wanted.len(), written, peers, fixed };
        if !wanted.is_empty() {
            let able = listen.iter().map(|(transport, at)| (*transport, at.is_ipv4()));
            let settings = Settings { memory: Some(state.join("names.json")), ..settings(config, able) };
            names::start(settings, wanted, tell).map_err(|e| Error::Machine("names".into(), e))?;
        }
        Ok(names)
    }

    /// What is known at the start: of each question the first answer, but not later than in two seconds.
    pub async fn first(&mut self) -> Vec<Named> {
        let until = Instant::now() + FIRST;
        let mut all = Vec::new();
        while self.open > 0 {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(Some(named)) = tokio::time::timeout(left, self.next()).await else { break };
            self.open -= 1;
            all.push(named);
        }
        all
    }

    /// The next answer; never, if nothing is asked.
    pub async fn next(&mut self) -> Option<Named> {
        let told = self.told.recv().await?;
        Some(match told {
            Told::Targets { trunk, targets, names } => {
                for (target, name) in targets.iter().zip(names) {
                    // RFC 5922 §4: the certificate is of the name that was meant, not of the host that it leads to.
                    let name = self.written.get(&trunk).cloned().or_else(|| name.map(|n| n.to_string()));
                    let free = target.transport.is_secret() && !self.fixed.contains(&target.address);
                    if let Some(name) = name.filter(|_| free) {
                        self.peers.insert(target.address, name);
                    }
                }
                Named::Input(Input::Located { trunk, targets })
            }
            Told::Sources { trunk, addresses } => Named::Input(Input::Sources { trunk, addresses }),
            Told::Trouble { trunk, why, known } => {
                let holds = if known { "what is known of it holds" } else { "nobody can be reached by it yet" };
                tracing::error!(%trunk, %why, "a name cannot be found: {holds}");
                let text = format!("a name cannot be found: {why}; {holds}");
                Named::Fact(Fact::Alarm { subject: format!("trunk {trunk}"), text })
            }
        })
    }
}

/// What comes of an answer.
pub(super) enum Named {
    Input(Input),
    Fact(Fact),
}

/// Every question of a configuration, and how it is asked: for whoever only wants to know.
#[must_use]
pub fn names_of(config: &Config) -> Vec<(Settings, Wanted)> {
    let listen = &config.sip.transports.listen;
    let settings = settings(config, listen.iter().map(|l| (l.transport, l.name().is_ipv4())));
    wanted(config).into_iter().map(|wanted| (settings.clone(), wanted)).collect()
}

fn settings(config: &Config, able: impl Iterator<Item = (Transport, bool)>) -> Settings {
    let mut able: Vec<_> = able.collect();
    able.sort_unstable();
    able.dedup();
    Settings { servers: config.dns.servers.clone(), timeout: config.dns.timeout, able, memory: None }
}

fn wanted(config: &Config) -> Vec<Wanted> {
    config.trunks.iter().flat_map(|(id, trunk)| of_trunk(id, trunk)).collect()
}

fn of_trunk(id: &TrunkId, trunk: &Trunk) -> Vec<Wanted> {
    let calls = trunk.outbound.as_ref().filter(|o| o.is_named()).map(|outbound| Wanted::Calls {
        trunk: id.clone(),
        places: outbound.hops().to_vec(),
        transport: outbound.transport,
    });
    let sources = (!trunk.inbound_names.is_empty())
        .then(|| Wanted::Sources { trunk: id.clone(), places: trunk.inbound_names.clone() });
    calls.into_iter().chain(sources).collect()
}
