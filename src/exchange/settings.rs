//! What the exchange is told about this machine: trunks, seats, limits. Checked by `config` before it comes here.

use super::codes::Codes;
use super::overload::Overload;
use crate::call::Pin;
use crate::codec::Menu;
use crate::id::{AgentId, GroupId, PromptId, SeatId, SkillId, TrunkId};
use crate::key::{Fingerprint, Srtp};
use crate::sip::auth::lockout::Limits;
use crate::sip::auth::{Algorithm, Password};
use crate::sip::dialog::Credentials;
use crate::sip::endpoint;
use crate::sip::flow::{Flow, Transport};
use crate::sip::locate::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Everything.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The SIP stack.
    pub sip: endpoint::Settings,
    /// Where browsers' media comes to, and the fingerprint of our certificate; `None`: there are none.
    pub door: Option<(SocketAddr, Fingerprint)>,
    /// Bytes of signalling that are kept in memory for `trace`; 0: none.
    pub trace: usize,
    /// Digest realm, as phones show it.
    pub realm: String,
    /// Digest algorithms offered, the strongest first.
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce may be used, µs.
    pub nonce: u64,
    /// Wrong passwords until their source is locked out, and for how long.
    pub lockout: Limits,
    /// Shortest and longest registration granted, s.
    pub register: (u32, u32),
    /// Our own addresses, in order of preference for calls out.
    pub listen: Vec<(Transport, SocketAddr)>,
    /// Trunks by the name they have in the dialplan.
    pub trunks: BTreeMap<TrunkId, TrunkSettings>,
    /// Seats.
    pub seats: BTreeMap<SeatId, SeatSettings>,
    /// Persons by their work numbers.
    pub persons: BTreeMap<AgentId, PersonSettings>,
    /// What a break may be for, in the order of its keys, from 1.
    pub breaks: Vec<Arc<str>>,
    /// Limits of the floor.
    pub floor: FloorSettings,
    /// When and how often callers are called back.
    pub callbacks: CallbackSettings,
    /// How long a seat rings before the next is tried, µs, instead of what the group says.
    pub ring_time: Option<u64>,
    /// Paperwork after a call, µs, where it is set for this machine.
    pub wrap_up: Option<u64>,
    /// The folder of the records, told to operators who ask.
    pub state: String,
    /// Live calls beyond which ordinary calls are shed (503); emergency calls never are.
    pub max_calls: usize,
    /// How overload is met.
    pub overload: Overload,
    /// What a caller hears before the 503 where there is no room for his call, if the plan has it.
    pub busy_prompt: Option<PromptId>,
    /// Whether calls of no group are recorded: trunk to trunk. A group says so itself.
    pub record_default: crate::dialplan::Record,
    /// Legs that one number may have up on a trunk at a time; more are taken for a loop. Emergency calls are never counted.
    pub legs_per_caller: usize,
    /// Feature codes of agents on plain phones.
    pub codes: Codes,
    /// A seat that hangs up so soon after its answer, µs, has served nobody: its caller goes back to the head of the queue.
    pub early_hangup: u64,
    /// A seat whose phone is lost in a talk is waited for so long, µs; 0: not at all.
    pub return_wait: u64,
    /// Said to the target of a transfer before it joins, with the number dialled and the caller's; never to emergency lines.
    pub whisper: Option<PromptId>,
    /// A link to a call's screen, with `{call}` for its reference: told to the targets of transfers in Call-Info.
    pub link: Option<String>,
}

/// One trunk's address and manners.
#[derive(Debug, Clone, Default)]
pub struct TrunkSettings {
    /// Who may speak as this trunk.
    pub inbound: Vec<SourceRule>,
    /// Where calls to it go.
    pub outbound: Option<Outbound>,
    /// Calls from it are taken only by TLS from whoever has proved this name (RFC 5922).
    pub proves: Option<String>,
    /// What it may speak; `None`: the house's, or a browser's.
    pub codecs: Option<Menu>,
    /// Whether its media is encrypted.
    pub srtp: Srtp,
    /// It stands behind a NAT: media may come from the signalling source.
    pub nat: bool,
    /// P-Asserted-Identity is believed from it and told to it.
    pub trusted: bool,
    /// OPTIONS every so many µs; 0: never asked, always taken as up.
    pub options: u64,
    /// We register with it.
    pub register: bool,
    /// For its 401 or 407.
    pub credentials: Option<Credentials>,
    /// Most calls at a time that we send to it; `None` is no limit.
    pub max_calls: Option<usize>,
}

/// Where calls to a trunk go.
#[derive(Debug, Clone, Default)]
pub struct Outbound {
    /// As it is written.
    pub shown: String,
    /// What its addresses lead to; what its names lead to comes by [`super::Input::Located`].
    pub targets: Vec<Target>,
    /// What stands behind the `@` of a URI, for each place: its name; `None`: the target's own address.
    pub hosts: Vec<Option<Arc<str>>>,
    /// The outbound proxy that each place is, as a Route header has it (RFC 3261 §8.1.2); empty: there is none.
    pub routes: Vec<Arc<str>>,
    /// A target that has not answered at all for so long, µs, is given up for the next.
    pub silence: u64,
}

impl Outbound {
    /// One target by its address.
    #[must_use]
    pub fn to(transport: Transport, address: SocketAddr) -> Self {
        let target = Target { place: 0, priority: 0, weight: 0, transport, address };
        Self { shown: address.to_string(), targets: vec![target], silence: crate::clock::SECOND, ..Self::default() }
    }

    /// The URI of a target, with this user or without one.
    #[must_use]
    pub fn uri(&self, user: Option<&str>, target: &Target) -> String {
        let (user, at) = user.map_or(("", ""), |user| (user, "@"));
        match self.hosts.get(usize::from(target.place)).and_then(Option::as_ref) {
            Some(host) => format!("sip:{user}{at}{host}"),
            None => format!("sip:{user}{at}{}{}", target.address, target.transport.suffix()),
        }
    }
}

/// One seat.
#[derive(Debug, Clone)]
pub struct SeatSettings {
    /// The groups it serves, in order.
    pub groups: Vec<GroupId>,
    /// 班长: the groups whose calls it may supervise.
    pub supervises: BTreeSet<GroupId>,
    /// What it must know.
    pub password: Password,
    /// A registered phone is signed in and ready.
    pub sign_in_on_register: bool,
    /// What it may speak; `None`: the house's, or a browser's.
    pub codecs: Option<Menu>,
    /// Whether its media is encrypted.
    pub srtp: Srtp,
}

/// One person.
#[derive(Debug, Clone, Default)]
pub struct PersonSettings {
    /// What he shows at a telephone.
    pub pin: Pin,
    /// The groups that he serves wherever he sits, in order; none: those of his seat.
    pub groups: Vec<GroupId>,
    /// What he is trained for, each with its level.
    pub skills: BTreeMap<SkillId, u8>,
    /// 0 serves at once, higher tiers after the delays of the group.
    pub tier: u8,
}

/// When and how often callers are called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackSettings {
    /// Nobody is called before this minute of the local day, nor from the second one on.
    pub hours: (u16, u16),
    /// A caller is called so often at most.
    pub tries: u32,
    /// From one try to the next, µs.
    pub every: u64,
    /// A call-back that nobody has carried out is forgotten after so long, µs.
    pub keep: u64,
}

/// Limits of the floor that hold for all groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloorSettings {
    /// A seat where so many calls in a row rang out is not ready; 0 is never.
    pub no_answer_limit: u32,
    /// For so long at most, µs; 0: until its agent says that he is there.
    pub no_answer_rest: u64,
    /// A seat may hold all its calls so long, µs; 0 is without limit.
    pub hold_limit: u64,
    /// Paperwork that an agent asks for, µs.
    pub long_wrap_up: u64,
}

/// Addresses that speak as a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRule {
    /// Address, or first address of the network.
    pub ip: IpAddr,
    /// Leading bits that must agree.
    pub bits: u8,
    /// Only from this port.
    pub port: Option<u16>,
}

impl TrunkSettings {
    /// Whether calls come from this address, whatever the port.
    #[must_use]
    pub fn comes_from(&self, ip: IpAddr) -> bool {
        let rule = |r: &SourceRule| SourceRule { port: None, ..*r }.matches(SocketAddr::new(ip, 0));
        self.inbound.iter().any(rule)
    }
}

impl SourceRule {
    /// Whether a packet from `source` is meant.
    #[must_use]
    pub fn matches(&self, source: SocketAddr) -> bool {
        if self.port.is_some_and(|p| p != source.port()) {
            return false;
        }
        match (self.ip, source.ip()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u32::from(a) ^ u32::from(b)).leading_zeros() >= u32::from(self.bits.min(32))
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                (u128::from(a) ^ u128::from(b)).leading_zeros() >= u32::from(self.bits.min(128))
            }
            _ => false,
        }
    }
}

impl Settings {
    /// Whose packets these are, and how exact the rule is that says so; the most exact one wins.
    #[must_use]
    pub fn trunk_of(&self, source: SocketAddr) -> Option<(&TrunkId, (u8, bool))> {
        let rules = self.trunks.iter().flat_map(|(id, t)| t.inbound.iter().map(move |r| (id, r)));
        let matching = rules.filter(|(_, r)| r.matches(source));
        matching.map(|(id, r)| (id, (r.bits, r.port.is_some()))).max_by_key(|(_, exact)| *exact)
    }

    /// The flow of a request to this address that follows no other.
    #[must_use]
    pub fn flow_to(&self, transport: Transport, peer: SocketAddr) -> Option<Flow> {
        let fits = |(t, local): &&(Transport, SocketAddr)| *t == transport && local.is_ipv4() == peer.is_ipv4();
        // To this machine from an address of this machine alone: others it may not be let in from.
        let unlike = |(_, local): &&(Transport, SocketAddr)| local.ip().is_loopback() != peer.ip().is_loopback();
        let (_, local) = self.listen.iter().filter(fits).min_by_key(unlike)?;
        Some(Flow { transport, local: *local, peer, connection: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_matches_its_network_and_port_only() {
        let rule = SourceRule { ip: "10.1.2.0".parse().unwrap(), bits: 24, port: None };
        assert!(rule.matches("10.1.2.99:5060".parse().unwrap()));
        assert!(!rule.matches("10.1.3.1:5060".parse().unwrap()));
        assert!(!rule.matches("[::1]:5060".parse().unwrap()));
        let rule = SourceRule { ip: "127.0.0.10".parse().unwrap(), bits: 32, port: Some(5061) };
        assert!(!rule.matches("127.0.0.10:5060".parse().unwrap()));
    }
}
