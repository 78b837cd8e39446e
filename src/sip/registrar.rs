//! The registrar (RFC 3261 §10): which seat is reached by which flow.
//!
//! One binding a seat: a newer phone takes the place of an older one, so that a call never rings at two desks.
//! Who may register is decided before: this module refuses to know passwords.

use super::endpoint::Incoming;
use super::flow::Flow;
use super::header::{self, NameAddr};
use super::name::Name;
use super::uri::Uri;
use crate::clock::{Now, SECOND};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Where a seat's phone is.
#[derive(Debug, Clone)]
pub struct Binding {
    /// Its Contact URI.
    pub contact: Bytes,
    /// The flow it registered by: requests to it go there (RFC 5626).
    pub flow: Flow,
    /// Path values, to be used as Route (RFC 3327).
    pub path: Vec<Bytes>,
    /// When it ends, µs monotonic.
    pub expires_at: u64,
    /// `+sip.instance` and `reg-id` as they came, where the phone keeps its flow alive by RFC 5626.
    outbound: Option<Box<str>>,
    call_id: Bytes,
    cseq: u32,
}

/// What a REGISTER did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: a query.
    None,
    /// A new binding, or one that moved.
    Bound,
    /// The same binding lives on.
    Refreshed,
    /// The same, by a phone that has started again: a phone keeps the Call-ID of its REGISTERs until then (§10.2.4).
    Restarted,
    /// The binding is gone.
    Removed,
}

/// All bindings, by seat.
#[derive(Debug)]
pub struct Registrar {
    bindings: BTreeMap<String, Binding>,
    expiries: BTreeSet<(u64, String)>,
    /// By the flow that it came by: each OPTIONS of a stranger asks for it.
    flows: BTreeSet<(Flow, String)>,
    /// Shortest and longest registration granted, s.
    granted: (u32, u32),
}

impl Registrar {
    /// A registrar without bindings that grants from `granted.0` to `granted.1` seconds; asking for less gets 423.
    #[must_use]
    pub fn new(granted: (u32, u32)) -> Self {
        Self { bindings: BTreeMap::new(), expiries: BTreeSet::new(), flows: BTreeSet::new(), granted }
    }

    /// Carries out an authenticated REGISTER of `user`, for `most` seconds at the longest: what changed, and the header lines of the 200.
    ///
    /// # Errors
    /// The status that refuses it (400, 403, 423, 500) with header lines.
    pub fn register(
        &mut self,
        user: &str,
        incoming: &Incoming,
        most: u32,
        now: Now,
    ) -> Result<(Change, String), (u16, String)> {
        let m = &incoming.message;
        let plain = |status| Err((status, String::new()));
        let Some(aor) = m.to().and_then(|to| Uri::read(to.uri)) else { return plain(400) };
        if aor.user != user.as_bytes() {
            return plain(403);
        }
        let Some(cseq) = m.cseq().map(|c| c.number) else { return plain(400) };
        if let Some(old) = self.bindings.get(user)
            && old.call_id == m.call_id()
            && cseq <= old.cseq
        {
            return plain(500);
        }
        let general = m.number(Name::Expires);
        let contacts: Vec<&[u8]> = m.elements(Name::Contact).collect();
        let change = match contacts.as_slice() {
            [] => Change::None,
            [b"*"] if general == Some(0) => self.remove(user),
            [b"*"] => return plain(400),
            several => self.bind(user, incoming, several, general, (cseq, most), now)?,
        };
        Ok((change, self.contact_lines(user, now)))
    }

    fn bind(
        &mut self,
        user: &str,
        incoming: &Incoming,
        contacts: &[&[u8]],
        general: Option<u32>,
        (cseq, most): (u32, u32),
        now: Now,
    ) -> Result<Change, (u16, String)> {
        let (shortest, longest) = self.granted;
        let mut wanted = Vec::with_capacity(contacts.len());
        // All of them are looked at before one is taken: the whole REGISTER or nothing of it (§10.3 step 7).
        for contact in contacts {
            let Some(address) = NameAddr::read(contact) else { return Err((400, String::new())) };
            let expires = address.param("expires").and_then(header::number).or(general).unwrap_or(longest);
            if expires > 0 && expires < shortest {
                return Err((423, format!("Min-Expires: {shortest}\r\n")));
            }
            if expires > 0 && (Uri::read(address.uri).is_none() || !Uri::is_plausible(address.uri)) {
                return Err((400, String::new()));
            }
            wanted.push((address, expires));
        }
        let mut change = Change::None;
        for (address, expires) in wanted {
            if expires == 0 {
                let same = self.bindings.get(user).is_some_and(|b| b.contact == address.uri);
                change = if same { self.remove(user) } else { change };
                continue;
            }
            let expires_at = now.mono + u64::from(expires.min(longest).min(most)) * SECOND;
            let binding = Binding {
                contact: Bytes::copy_from_slice(address.uri),
                flow: incoming.flow,
                path: incoming.message.elements(Name::Path).map(Bytes::copy_from_slice).collect(),
                expires_at,
                outbound: outbound(&address, incoming),
                call_id: Bytes::copy_from_slice(incoming.message.call_id()),
                cseq,
            };
            change = self.put(user, binding);
        }
        Ok(change)
    }

    fn put(&mut self, user: &str, binding: Binding) -> Change {
        let old = self.bindings.insert(user.to_owned(), binding.clone());
        if let Some(old) = &old {
            self.unlist(user, old);
        }
        self.expiries.insert((binding.expires_at, user.to_owned()));
        self.flows.insert((binding.flow, user.to_owned()));
        match old {
            Some(old) if old.contact == binding.contact && old.flow == binding.flow => {
                if old.call_id == binding.call_id { Change::Refreshed } else { Change::Restarted }
            }
            _ => Change::Bound,
        }
    }

    /// Takes a seat's binding away.
    pub fn remove(&mut self, user: &str) -> Change {
        match self.bindings.remove(user) {
            Some(old) => {
                self.unlist(user, &old);
                Change::Removed
            }
            None => Change::None,
        }
    }

    fn unlist(&mut self, user: &str, gone: &Binding) {
        self.expiries.remove(&(gone.expires_at, user.to_owned()));
        self.flows.remove(&(gone.flow, user.to_owned()));
    }

    /// Where a seat's phone is.
    #[must_use]
    pub fn binding(&self, user: &str) -> Option<&Binding> {
        self.bindings.get(user)
    }

    /// Every binding, by seat.
    pub fn bindings(&self) -> impl Iterator<Item = (&str, &Binding)> {
        self.bindings.iter().map(|(user, binding)| (user.as_str(), binding))
    }

    /// Whether some phone registered by this flow.
    #[must_use]
    pub fn knows(&self, flow: &Flow) -> bool {
        self.users_on(flow).next().is_some()
    }

    /// The seats whose phones registered by a flow that is lost; their bindings are gone.
    pub fn flow_lost(&mut self, flow: &Flow) -> Vec<String> {
        let lost: Vec<String> = self.users_on(flow).cloned().collect();
        for user in &lost {
            self.remove(user);
        }
        lost
    }

    fn users_on(&self, flow: &Flow) -> impl Iterator<Item = &String> {
        let flow = *flow;
        self.flows.range((flow, String::new())..).take_while(move |(f, _)| *f == flow).map(|(_, user)| user)
    }

    /// When the next binding ends, µs monotonic.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.expiries.first().map(|(at, _)| *at)
    }

    /// The seats whose bindings have ended.
    pub fn expire(&mut self, now: Now) -> Vec<String> {
        let mut gone = Vec::new();
        while let Some((at, user)) = self.expiries.first().cloned() {
            if at > now.mono {
                break;
            }
            self.remove(&user);
            gone.push(user);
        }
        gone
    }

    /// Contact and Path lines of the 200 (RFC 3261 §10.3 step 8, RFC 3327 §5.3).
    fn contact_lines(&self, user: &str, now: Now) -> String {
        let mut lines = String::new();
        if let Some(binding) = self.bindings.get(user) {
            let left = binding.expires_at.saturating_sub(now.mono).div_ceil(SECOND);
            let contact = String::from_utf8_lossy(&binding.contact);
            let outbound = binding.outbound.as_deref().unwrap_or_default();
            let _ = write!(lines, "Contact: <{contact}>{outbound};expires={left}\r\n");
            if !outbound.is_empty() {
                lines.push_str("Require: outbound\r\n"); // RFC 5626 §6
            }
            for path in &binding.path {
                let _ = write!(lines, "Path: {}\r\n", String::from_utf8_lossy(path));
            }
        }
        lines
    }
}

/// The parameters by which a phone names its flow (RFC 5626 §4.2), where it asks for it and both can be repeated.
fn outbound(contact: &NameAddr<'_>, incoming: &Incoming) -> Option<Box<str>> {
    let asked = incoming.message.elements(Name::Supported).any(|option| option.eq_ignore_ascii_case(b"outbound"));
    let text = |name| std::str::from_utf8(contact.param(name)?).ok();
    let (instance, reg_id) = (text("+sip.instance")?, text("reg-id")?);
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',');
    let instance = instance.trim_matches('"');
    let fits = asked && instance.len() <= 128 && instance.chars().all(plain) && reg_id.parse::<u32>().is_ok();
    fits.then(|| format!(";+sip.instance=\"{instance}\";reg-id={reg_id}").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::flow::{Flow, Transport};
    use crate::sip::wire;

    fn incoming(call_id: &str, cseq: u32, port: u16, lines: &str) -> Incoming {
        let text = format!(
            "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:{port};branch=z9hG4bK{cseq}\r\nFrom: <sip:8001@h>;tag=1\r\nTo: <sip:8001@h>\r\n\
             Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        let peer = std::net::SocketAddr::from(([127, 0, 0, 2], port));
        let local = std::net::SocketAddr::from(([127, 0, 0, 1], 5060));
        let flow = Flow { transport: Transport::Udp, local, peer, connection: 0 };
        Incoming { flow, message: wire::parse(Bytes::from(text)).unwrap() }
    }

    const DESK: &str = "Contact: <sip:8001@127.0.0.2:6000>\r\n";

    /// Every REGISTER a phone may send × what the registrar holds.
    #[test]
    fn registers_by_state() {
        type Bound = Option<(&'static str, u32, u16, &'static str)>;
        let states: [(&str, Bound); 4] = [
            ("nothing bound", None),
            ("bound, same Call-ID, CSeq 5", Some(("a", 5, 6000, DESK))),
            ("bound by another phone", Some(("b", 5, 7000, "Contact: <sip:8001@127.0.0.2:7000>\r\n"))),
            (
                "bound with Path",
                Some(("a", 5, 6000, "Contact: <sip:8001@127.0.0.2:6000>\r\nPath: <sip:p@10.0.0.1;lr>\r\n")),
            ),
        ];
        let inputs = [
            ("asks", 6, ""),
            ("binds for 600 s", 6, "Contact: <sip:8001@127.0.0.2:6000>\r\nExpires: 600\r\n"),
            ("binds by parameter", 6, "Contact: <sip:8001@127.0.0.2:6000>;expires=60\r\nExpires: 600\r\n"),
            ("binds without a time", 6, DESK),
            ("binds for a year", 6, "Contact: <sip:8001@127.0.0.2:6000>\r\nExpires: 31536000\r\n"),
            ("binds too briefly", 6, "Contact: <sip:8001@127.0.0.2:6000>\r\nExpires: 29\r\n"),
            ("binds tel:", 6, "Contact: <tel:8001>\r\n"),
            ("binds nonsense", 6, "Contact: \"open <sip:a@b>\r\n"),
            ("binds two", 6, "Contact: <sip:8001@127.0.0.2:6000>, <sip:8001@127.0.0.2:6002>\r\n"),
            ("binds two, one too brief", 6, "Contact: <sip:8001@127.0.0.2:6000>;expires=60, <sip:x@y>;expires=1\r\n"),
            ("with an old CSeq", 5, "Contact: <sip:8001@127.0.0.2:6002>\r\n"),
            ("leaves", 6, "Contact: <sip:8001@127.0.0.2:6000>;expires=0\r\n"),
            ("leaves with *", 6, "Contact: *\r\nExpires: 0\r\n"),
            ("* for 60 s", 6, "Contact: *\r\nExpires: 60\r\n"),
            ("* without a time", 6, "Contact: *\r\n"),
            ("* and another", 6, "Contact: *, <sip:a@b>\r\nExpires: 0\r\n"),
        ];
        let mut table = String::new();
        for (name, before) in states {
            table.push_str(&format!("== {name} ==\n"));
            for (input, cseq, lines) in inputs {
                let mut registrar = Registrar::new((30, 3600));
                let now = Now::default().plus(SECOND);
                if let Some((call_id, cseq, port, lines)) = before {
                    registrar.register("8001", &incoming(call_id, cseq, port, lines), u32::MAX, now).unwrap();
                }
                let result = registrar.register("8001", &incoming("a", cseq, 6000, lines), u32::MAX, now.plus(SECOND));
                let result = match result {
                    Ok((change, lines)) => format!("{change:?} {}", lines.replace("\r\n", " ")),
                    Err((status, lines)) => format!("{status} {}", lines.replace("\r\n", " ")),
                };
                let left = registrar.binding("8001").map_or("nothing".into(), |b| b.flow.peer.port().to_string());
                table.push_str(&format!("{input:26} {} | {left}\n", result.trim_end()));
                assert_eq!(registrar.expiries.len(), registrar.bindings.len(), "{name}, {input}");
                assert_eq!(registrar.flows.len(), registrar.bindings.len(), "{name}, {input}");
            }
        }
        insta::assert_snapshot!(table);
        let other =
            Registrar::new((30, 3600)).register("8002", &incoming("a", 1, 6000, DESK), u32::MAX, Now::default());
        assert_eq!(other, Err((403, String::new())), "another's binding");
    }

    #[test]
    fn a_binding_ends_at_its_moment_and_with_its_flow() {
        let mut registrar = Registrar::new((30, 3600));
        let now = Now::default();
        let register = incoming("a", 1, 6000, "Contact: <sip:8001@127.0.0.2:6000>;expires=60\r\n");
        registrar.register("8001", &register, u32::MAX, now).unwrap();
        assert!(registrar.knows(&register.flow));
        assert_eq!(registrar.deadline(), Some(60 * SECOND));
        assert!(registrar.expire(now.plus(60 * SECOND - 1)).is_empty());
        assert_eq!(registrar.expire(now.plus(60 * SECOND)), ["8001"]);
        assert_eq!((registrar.deadline(), registrar.bindings().count()), (None, 0));
        registrar.register("8001", &register, u32::MAX, now).unwrap();
        assert_eq!(registrar.flow_lost(&register.flow), ["8001"]);
        assert_eq!((registrar.deadline(), registrar.knows(&register.flow)), (None, false));
    }
}
