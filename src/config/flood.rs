//! `[flood]`: whom load tests may call, and how much.

use super::reader::Table;
use std::net::{IpAddr, SocketAddr};

/// `[flood]`. Without it: this machine alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flood {
    /// Addresses beside loopback that may be flooded, with a port or with any (0).
    pub targets: Vec<SocketAddr>,
    /// Most calls a second.
    pub max_rate: u32,
    /// Most calls of one run.
    pub max_calls: u64,
    /// Longest run, s.
    pub max_s: u32,
}

impl Default for Flood {
    fn default() -> Self {
        Self { targets: Vec::new(), max_rate: 20_000, max_calls: 5_000_000, max_s: 14_400 }
    }
}

impl Flood {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let usual = Self::default();
        let mut targets = Vec::new();
        for (text, span) in table.texts("targets").unwrap_or_default() {
            let address = text.parse::<SocketAddr>().ok();
            let address = address.or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0)));
            match address.filter(|at| !at.ip().is_unspecified() && !at.ip().is_multicast()) {
                Some(address) => targets.push(address),
                None => table.document.error(
                    span,
                    format!("targets 应为 IP 或 IP:端口，而不是 \"{text}\""),
                    format!("targets are IP or IP:PORT, not \"{text}\""),
                ),
            }
        }
        let flood = Self {
            targets,
            max_rate: table.number_or("max_rate", 1..=1_000_000, usual.max_rate),
            max_calls: table.number_or("max_calls", 1..=1_000_000_000, usual.max_calls),
            max_s: table.number_or("max_s", 1..=604_800, usual.max_s),
        };
        table.finish();
        flood
    }

    /// Whether this address may be flooded: loopback always.
    #[must_use]
    pub fn allows(&self, server: SocketAddr) -> bool {
        let fits = |at: &SocketAddr| at.ip() == server.ip() && (at.port() == 0 || at.port() == server.port());
        server.ip().is_loopback() || self.targets.iter().any(fits)
    }
}
