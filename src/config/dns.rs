//! `[dns]`: who is asked for the names of trunks.

use super::reader::Table;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// `[dns]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// Name servers; none: those of the system (`/etc/resolv.conf`).
    pub servers: Vec<SocketAddr>,
    /// How long one may take to answer.
    pub timeout: Duration,
}

impl Dns {
    pub(super) fn read(table: Table<'_, '_>) -> Self {
        let mut servers = Vec::new();
        for (text, span) in table.value("servers").and_then(|_| table.texts("servers")).unwrap_or_default() {
            let at = text.parse::<SocketAddr>().ok();
            let at = at.or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 53)));
            match at.filter(|at| at.port() != 0 && !at.ip().is_unspecified()) {
                Some(at) => servers.push(at),
                None => {
                    let zh = format!("servers 应为名称服务器的地址，如 \"192.0.2.53\"，而不是 \"{text}\"");
                    let en = format!("servers are addresses of name servers like \"192.0.2.53\", not \"{text}\"");
                    table.document.error(span, zh, en);
                }
            }
        }
        let timeout = Duration::from_millis(table.number_or("timeout_ms", 100..=30_000, 2_000));
        table.finish();
        Self { servers, timeout }
    }
}
