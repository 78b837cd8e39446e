//! `outbound`, `outbound_proxy`, `transport` and `failover_ms` of a trunk: where calls to it go, by address or by name.

use super::reader::{Found, Table};
use super::sections::Sip;
use crate::sip::flow::Transport;
use crate::sip::locate::{Host, Place};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Most places of one trunk.
const PLACES: usize = 16;

/// Where calls to a trunk go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// By what; `None`: by what the names say, and UDP to an address.
    pub transport: Option<Transport>,
    /// Its places, the one that is tried first first.
    pub places: Vec<Place>,
    /// Everything is sent there, whatever it is addressed to.
    pub proxies: Vec<Place>,
    /// A target that has not answered at all for so long is given up for the next.
    pub silence: Duration,
}

impl Outbound {
    /// The places that messages are sent to.
    #[must_use]
    pub fn hops(&self) -> &[Place] {
        if self.proxies.is_empty() { &self.places } else { &self.proxies }
    }

    /// Whether a name server must be asked.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.hops().iter().any(|place| place.name().is_some())
    }

    /// The transport of whatever no name says otherwise of.
    #[must_use]
    pub fn usual(&self) -> Transport {
        self.transport.unwrap_or(Transport::Udp)
    }

    /// The addresses that are written, with the port that is meant.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.hops().iter().filter_map(|place| Some(place.target(self.usual(), 0)?.address))
    }
}

pub(super) fn read(table: &Table<'_, '_>, transport: Option<Transport>, sip: &Sip) -> Option<Outbound> {
    let silence = Duration::from_millis(table.number_or("failover_ms", 200..=32_000, 1_500));
    let places = places(table, "outbound", transport, sip);
    let proxies = places_of(table, "outbound_proxy", transport, sip, table.value("outbound").is_some());
    let span = table.value("outbound_proxy").map(|v| v.span());
    let Some(places) = places else {
        if let Some(span) = span {
            table.document.error(span, "outbound_proxy 需要 outbound", "outbound_proxy needs outbound");
        }
        return None;
    };
    (!places.is_empty()).then_some(Outbound { transport, places, proxies: proxies.unwrap_or_default(), silence })
}

fn places(table: &Table<'_, '_>, key: &'static str, transport: Option<Transport>, sip: &Sip) -> Option<Vec<Place>> {
    // With a proxy what is addressed need not be reached by us.
    places_of(table, key, transport, sip, table.value("outbound_proxy").is_none())
}

fn places_of(
    table: &Table<'_, '_>,
    key: &'static str,
    transport: Option<Transport>,
    sip: &Sip,
    reached: bool,
) -> Option<Vec<Place>> {
    let texts = table.value(key).and_then(|_| table.texts(key))?;
    let mut all: Vec<Place> = Vec::new();
    for (text, span) in texts {
        let Some(place) = Place::parse(text) else {
            let zh =
                format!("{key} 应为地址或主机名，如 \"192.0.2.1:5060\"、\"sip.carrier.example\"，而不是 \"{text}\"");
            let en = format!(
                "{key} should be an address or a name like \"192.0.2.1:5060\", \"sip.carrier.example\", not \"{text}\""
            );
            table.document.error(span, zh, en);
            continue;
        };
        if all.contains(&place) {
            table.document.error(span, format!("\"{text}\" 重复"), format!("\"{text}\" stands here twice"));
        } else if all.len() == PLACES {
            let zh = format!("{key} 最多 {PLACES} 项");
            table.document.error(span, zh, format!("{key} has {PLACES} places at most"));
            break;
        } else {
            if reached {
                reachable(table, &place, transport, sip, (text, span));
            }
            all.push(place);
        }
    }
    Some(all)
}

/// Says so where no socket of ours leads there.
fn reachable(table: &Table<'_, '_>, place: &Place, transport: Option<Transport>, sip: &Sip, (text, span): Found<&str>) {
    // Without any address to listen on that mistake is told already.
    if sip.transports.listen.is_empty() {
        return;
    }
    let by = transport.unwrap_or(Transport::Udp);
    let ways = |peer: IpAddr| sip.local_for(by, SocketAddr::new(peer, 1)).is_some();
    match place.host {
        Host::Address(ip) if !ways(ip) => {
            let (scheme, family) = (by.word(), if ip.is_ipv4() { 4 } else { 6 });
            let zh = format!("[sip] listen 中没有 {scheme} 的 IPv{family} 地址，无法到达 {text}");
            let en = format!("{text} cannot be reached: [sip] listen has no {scheme} address of IPv{family}");
            table.document.error(span, zh, en);
        }
        Host::Name(_) if transport.is_some() && !sip.transports.listen.iter().any(|l| l.transport == by) => {
            let zh = format!("[sip] listen 中没有 {} 地址，无法到达 {text}", by.word());
            let en = format!("{text} cannot be reached: [sip] listen has no {} address", by.word());
            table.document.error(span, zh, en);
        }
        Host::Address(_) | Host::Name(_) => {}
    }
}
