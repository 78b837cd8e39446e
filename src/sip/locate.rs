//! Where SIP finds the other side: places as operators write them, and the targets that they lead to (RFC 3263, RFC 2782).
//!
//! Values only: whoever asks name servers stands elsewhere, and so does who keeps count of which target answers.

use super::flow::Transport;
use smallvec::SmallVec;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The longest name of a host, and of one of its labels, bytes (RFC 1035 §2.3.4).
const LONGEST: (usize, usize) = (253, 63);

/// A host, and a port if one is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The host.
    pub host: Host,
    /// `None`: what the name servers say, else the usual one of the transport.
    pub port: Option<u16>,
}

/// A host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// By its address.
    Address(IpAddr),
    /// By its name, in small letters.
    Name(Arc<str>),
}

impl Place {
    /// Reads `192.0.2.1`, `192.0.2.1:5060`, `[2001:db8::1]:5060`, `2001:db8::1`, `sip.carrier.example` or `sip.carrier.example:5080`. `None`
    /// for anything else, for port 0 and for addresses that are nobody's.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let address = |ip: IpAddr, port| (!ip.is_unspecified()).then_some(Self { host: Host::Address(ip), port });
        if let Ok(at) = text.parse::<SocketAddr>() {
            return address(at.ip(), Some(at.port())).filter(|_| at.port() != 0);
        }
        if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return address(ip, None);
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse::<u16>().ok().filter(|p| *p != 0)?)),
            None => (text, None),
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        is_name(name).then(|| Self { host: Host::Name(name.to_ascii_lowercase().into()), port })
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&Arc<str>> {
        match &self.host {
            Host::Name(name) => Some(name),
            Host::Address(_) => None,
        }
    }

    /// The target that it is, if no name server need be asked. `place` is which one of several it is.
    #[must_use]
    pub fn target(&self, transport: Transport, place: u16) -> Option<Target> {
        match self.host {
            Host::Address(ip) => {
                let address = SocketAddr::new(ip, self.port.unwrap_or_else(|| usual_port(transport)));
                Some(Target { transport, address, place, priority: 0, weight: 0 })
            }
            Host::Name(_) => None,
        }
    }
}

impl fmt::Display for Place {
    /// As it stands in a URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            Host::Address(ip) => write!(f, "{ip}")?,
            Host::Name(name) => f.write_str(name)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// The port of SIP by this transport (RFC 3261 §19.1.2).
#[must_use]
pub const fn usual_port(transport: Transport) -> u16 {
    if transport.is_secret() { 5061 } else { 5060 }
}

/// Letters, digits, `-` and `_` in labels; the last label has a letter, or it would be an address that was mistyped.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=LONGEST.1).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= LONGEST.0 && text.split('.').all(label) && last.bytes().any(|b| b.is_ascii_alphabetic())
}

/// One address that a place leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Of the places that were written, which: those of an earlier one are tried before all of a later one.
    pub place: u16,
    /// Among those of one place the lowest first (RFC 2782).
    pub priority: u16,
    /// Among those of one priority the share of the calls; 0: hardly any.
    pub weight: u32,
    /// By what it is reached.
    pub transport: Transport,
    /// Where it is.
    pub address: SocketAddr,
}

/// Targets in the order in which they are to be tried, drawn by weight among those of one priority (RFC 2782, "Weight").
#[must_use]
pub fn order(targets: &[Target], mut random: u64) -> SmallVec<[Target; 2]> {
    let mut left: SmallVec<[Target; 2]> = targets.into();
    left.sort_unstable();
    let mut ordered = SmallVec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let rank = (first.place, first.priority);
        let alike = left.iter().take_while(|t| (t.place, t.priority) == rank).count();
        let sum: u64 = left.iter().take(alike).map(|t| u64::from(t.weight)).sum();
        // SplitMix64's step: each draw has its own number, however many there are.
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (random ^ (random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let drawn = (mixed ^ (mixed >> 27)) >> 16;
        let at = match sum {
            0 => (drawn % alike as u64) as usize,
            _ => {
                let mut wanted = drawn % (sum + 1);
                let mut weights = left.iter().take(alike).map(|t| u64::from(t.weight));
                weights
                    .position(|weight| {
                        let here = wanted <= weight;
                        wanted = wanted.saturating_sub(weight);
                        here
                    })
                    .unwrap_or(0)
            }
        };
        ordered.push(left.remove(at));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn places_are_read_as_operators_write_them() {
        let good = [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:5080", "192.0.2.1:5080"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("[2001:db8::1]:5060", "[2001:db8::1]:5060"),
            ("SIP.Carrier.example", "sip.carrier.example"),
            ("sip.carrier.example.:5080", "sip.carrier.example:5080"),
            ("localhost", "localhost"),
            ("_x.carrier-1.cn", "_x.carrier-1.cn"),
        ];
        for (text, shown) in good {
            assert_eq!(Place::parse(text).unwrap_or_else(|| panic!("{text}")).to_string(), shown);
        }
        let long = format!("{}.cn", "a".repeat(64));
        for bad in [
            "",
            ".",
            "a..b",
            "a b",
            "sip:a",
            "a:0",
            "a:99999",
            "192.0.2.1:0",
            "0.0.0.0",
            "192.0.2.300",
            "-a.cn",
            "a-.cn",
            "号码.cn",
            &long,
        ] {
            assert_eq!(Place::parse(bad), None, "{bad}");
        }
    }

    fn target(place: u16, priority: u16, weight: u32, port: u16) -> Target {
        Target { place, priority, weight, transport: Transport::Udp, address: ([192, 0, 2, 1], port).into() }
    }

    #[test]
    fn places_then_priorities_then_weights() {
        let all = [target(1, 0, 0, 4), target(0, 20, 0, 3), target(0, 10, 30 * 256, 1), target(0, 10, 10 * 256, 2)];
        let mut firsts = BTreeMap::new();
        for random in 0..40_000 {
            let ordered = order(&all, random);
            let ports: Vec<u16> = ordered.iter().map(|t| t.address.port()).collect();
            assert_eq!(ports[2..], [3, 4], "{ports:?}");
            *firsts.entry(ports[0]).or_insert(0) += 1;
        }
        let share = f64::from(firsts[&1]) / 40_000.0;
        assert!((0.73..0.77).contains(&share), "{share}: three quarters by weight");
        // Without weights each is as likely as any other.
        let alike = [target(0, 0, 0, 1), target(0, 0, 0, 2)];
        let first = (0..10_000).filter(|r| order(&alike, *r)[0].address.port() == 1).count();
        assert!((4_700..5_300).contains(&first), "{first}");
        assert!(order(&[], 1).is_empty());
    }

    #[test]
    fn a_weight_of_nothing_is_seldom_first_but_is_tried() {
        let all = [target(0, 0, 0, 1), target(0, 0, 100, 2)];
        let first = (0..10_000).filter(|r| order(&all, *r)[0].address.port() == 1).count();
        assert!((20..300).contains(&first), "{first} of 10,000");
    }
}
