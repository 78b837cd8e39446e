//! One search: NAPTR, SRV, A and AAAA in the order of RFC 3263 §4.

use crate::sip::flow::Transport;
use crate::sip::locate::{Host, Place, Target, usual_port};
use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use tokio::time::{Duration, Instant};

/// Of more records of one answer the rest is left out.
const RECORDS: usize = 64;
/// Most targets of one trunk.
const TARGETS: usize = 64;
/// What says nothing of its age is asked for again after this.
const AGE: Duration = Duration::from_secs(3600);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Targets(Vec<Target>),
    Addresses(Vec<(IpAddr, Option<u16>)>),
}

/// Where answers come from, and when the first of them is old.
pub(super) struct Source<'a> {
    dns: &'a TokioResolver,
    able: &'a [(Transport, bool)],
    until: Cell<Instant>,
}

/// SRV's service and protocol for each transport that names may lead to, the usual one first.
const SERVICES: [(Transport, &str, &str); 3] = [
    (Transport::Udp, "_sip._udp", "SIP+D2U"),
    (Transport::Tcp, "_sip._tcp", "SIP+D2T"),
    (Transport::Tls, "_sips._tcp", "SIPS+D2T"),
];

impl<'a> Source<'a> {
    pub fn new(dns: &'a TokioResolver, able: &'a [(Transport, bool)]) -> Self {
        Self { dns, able, until: Cell::new(Instant::now() + AGE) }
    }

    /// When the first of the answers is old.
    pub fn until(&self) -> Instant {
        self.until.get()
    }

    /// Where calls to these places go; and why a name cannot be found, in whose place stands what was found `before`.
    pub async fn targets(
        &self,
        places: &[Place],
        transport: Option<Transport>,
        before: Option<&Found>,
    ) -> (Found, Option<String>) {
        let before = if let Some(Found::Targets(targets)) = before { &targets[..] } else { &[] };
        let (mut all, mut trouble) = (Vec::new(), None);
        for (index, place) in (0..).zip(places) {
            match &place.host {
                Host::Address(_) => all.extend(place.target(transport.unwrap_or(Transport::Udp), index)),
                Host::Name(name) => match self.place(index, name, place.port, transport).await {
                    Ok(found) => all.extend(found),
                    Err(why) => {
                        all.extend(before.iter().filter(|target| target.place == index));
                        trouble.get_or_insert(why);
                    }
                },
            }
        }
        all.truncate(TARGETS);
        (Found::Targets(all), trouble)
    }

    /// Every address that these names may call from; and why something of them cannot be found, in whose place stands all that was found
    /// `before`.
    pub async fn addresses(&self, places: &[Place], before: Option<&Found>) -> (Found, Option<String>) {
        let before = if let Some(Found::Addresses(addresses)) = before { &addresses[..] } else { &[] };
        let (mut all, mut trouble) = (Vec::new(), None);
        for place in places {
            let Host::Name(name) = &place.host else { continue };
            let (found, why) = self.sources(name, place.port).await;
            all.extend(found);
            trouble = trouble.or(why);
        }
        if trouble.is_some() {
            all.extend(before);
        }
        all.sort_unstable();
        all.dedup();
        all.truncate(TARGETS);
        (Found::Addresses(all), trouble)
    }

    /// The addresses of one name and of every host that its services lead to. What cannot be found of it takes nothing else with it.
    async fn sources(&self, name: &str, port: Option<u16>) -> (Vec<(IpAddr, Option<u16>)>, Option<String>) {
        let (mut names, mut trouble) = (vec![name.to_owned()], None);
        if port.is_none() {
            let mut services: Vec<String> =
                SERVICES.iter().map(|(_, service, _)| format!("{service}.{name}")).collect();
            match self.naptr(name).await {
                Ok(named) => services.extend(named.into_iter().map(|(_, service)| service)),
                Err(why) => trouble = Some(why),
            }
            for service in services {
                match self.srv(&service).await {
                    Ok(records) => names.extend(records.iter().map(|srv| srv.target.to_ascii())),
                    Err(why) => trouble = trouble.or(Some(why)),
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        let mut all = Vec::new();
        for host in names.iter().filter(|host| *host != ".").take(TARGETS) {
            match self.hosts(host, None).await {
                Ok(hosts) => all.extend(hosts.into_iter().map(|ip| (ip, port))),
                Err(why) => trouble = trouble.or(Some(why)),
            }
        }
        if all.is_empty() {
            trouble = trouble.or_else(|| Some(format!("{name} has no address")));
        }
        (all, trouble)
    }

    async fn place(
        &self,
        index: u16,
        name: &str,
        port: Option<u16>,
        by: Option<Transport>,
    ) -> Result<Vec<Target>, String> {
        // RFC 3263 §4.1: a port means neither NAPTR nor SRV.
        if let Some(port) = port {
            return self.plain(index, name, by.unwrap_or(Transport::Udp), port).await;
        }
        let mut refused = false;
        for (transport, service) in self.services(name, by).await? {
            let records = self.srv(&service).await?;
            if let [only] = &records[..]
                && only.target.is_root()
            {
                // RFC 2782: the service is decidedly not available there.
                refused = true;
                continue;
            }
            if records.is_empty() {
                continue;
            }
            let targets = self.served(index, transport, &records).await?;
            if targets.is_empty() {
                return Err(format!("{service} has no address"));
            }
            return Ok(targets);
        }
        if refused {
            return Err(format!("{name} says that there is no such service"));
        }
        let transport = by.unwrap_or(Transport::Udp);
        self.plain(index, name, transport, usual_port(transport)).await
    }

    /// The services to ask for, in the order of preference (RFC 3263 §4.1).
    async fn services(&self, name: &str, by: Option<Transport>) -> Result<Vec<(Transport, String)>, String> {
        let usual = |(transport, service, _): &(Transport, &str, &str)| (*transport, format!("{service}.{name}"));
        if let Some(by) = by {
            return Ok(SERVICES.iter().filter(|(t, ..)| *t == by).map(usual).collect());
        }
        let named = self.naptr(name).await?;
        if named.is_empty() {
            return Ok(SERVICES.iter().filter(|(t, ..)| self.is_able(*t)).map(usual).collect());
        }
        Ok(named)
    }

    async fn plain(&self, index: u16, name: &str, transport: Transport, port: u16) -> Result<Vec<Target>, String> {
        let hosts = self.hosts(name, Some(transport)).await?;
        if hosts.is_empty() {
            return Err(format!("{name} has no address that {} of ours leads to", transport.word()));
        }
        let target = |(at, ip): (u16, IpAddr)| {
            let address = SocketAddr::new(ip, port);
            // In the order in which they were answered.
            Target { place: index, priority: at, weight: 0, transport, address }
        };
        Ok((0..).zip(hosts).map(target).collect())
    }

    async fn served(&self, index: u16, transport: Transport, records: &[SRV]) -> Result<Vec<Target>, String> {
        let (mut all, mut trouble) = (Vec::new(), None);
        for srv in records.iter().filter(|srv| srv.port != 0) {
            let name = srv.target.to_ascii();
            let hosts = match self.hosts(&name, Some(transport)).await {
                Ok(hosts) => hosts,
                Err(why) => {
                    trouble = Some(why);
                    continue;
                }
            };
            // Several addresses of one host share its weight.
            let weight = u32::from(srv.weight) * 256 / u32::try_from(hosts.len().max(1)).unwrap_or(1);
            all.extend(hosts.into_iter().map(|ip| {
                let address = SocketAddr::new(ip, srv.port);
                Target { place: index, priority: srv.priority, weight, transport, address }
            }));
        }
        // One host that cannot be found takes no other with it.
        match trouble {
            Some(why) if all.is_empty() => Err(why),
            _ => Ok(all),
        }
    }

    async fn naptr(&self, name: &str) -> Result<Vec<(Transport, String)>, String> {
        let found = self.ask(name, RecordType::NAPTR).await?;
        let mut records: Vec<NAPTR> =
            found.into_iter().filter_map(|r| if let RData::NAPTR(r) = r { Some(r) } else { None }).collect();
        records.sort_by_key(|r| (r.order, r.preference));
        let fits = |r: &NAPTR| {
            let service = String::from_utf8_lossy(&r.services).to_ascii_uppercase();
            let (transport, ..) = SERVICES.iter().find(|(.., word)| *word == service)?;
            // RFC 3263 §4.1: the flag says that what it leads to is an SRV record.
            let leads = r.flags.eq_ignore_ascii_case(b"s") && r.regexp.is_empty() && self.is_able(*transport);
            leads.then(|| (*transport, r.replacement.to_ascii()))
        };
        Ok(records.iter().filter_map(fits).collect())
    }

    async fn srv(&self, service: &str) -> Result<Vec<SRV>, String> {
        let found = self.ask(service, RecordType::SRV).await?;
        let mut records: Vec<SRV> =
            found.into_iter().filter_map(|r| if let RData::SRV(r) = r { Some(r) } else { None }).collect();
        records.sort_by_key(|r| (r.priority, r.port));
        records.truncate(RECORDS);
        Ok(records)
    }

    /// The addresses of a host: those that a transport of ours leads to, or all.
    async fn hosts(&self, name: &str, transport: Option<Transport>) -> Result<Vec<IpAddr>, String> {
        let wanted =
            |v4: bool| self.able.iter().any(|(t, family)| *family == v4 && transport.is_none_or(|by| by == *t));
        let mut all = Vec::new();
        for (v4, kind) in [(true, RecordType::A), (false, RecordType::AAAA)] {
            if !wanted(v4) {
                continue;
            }
            for record in self.ask(name, kind).await? {
                match record {
                    RData::A(a) => all.push(IpAddr::V4(a.0)),
                    RData::AAAA(a) => all.push(IpAddr::V6(a.0)),
                    _ => {}
                }
            }
        }
        all.retain(|ip| !ip.is_unspecified() && !ip.is_multicast());
        all.truncate(RECORDS);
        Ok(all)
    }

    fn is_able(&self, transport: Transport) -> bool {
        self.able.iter().any(|(t, _)| *t == transport)
    }

    /// The records of one kind; none, if the name servers say that there are none.
    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, String> {
        let mut full = Name::from_ascii(name).map_err(|e| format!("{name}: {e}"))?;
        // A name of several labels is whole; a short one is of our own domain, as for everybody else on this machine.
        full.set_fqdn(full.num_labels() > 1);
        match self.dns.lookup(full, kind).await {
            Ok(found) => {
                let of_kind = || found.answers().iter().filter(|record| record.record_type() == kind);
                // An alias is as old as the oldest part of the way.
                let ttl = found.answers().iter().map(|record| record.ttl).min();
                self.lasts(ttl.map_or(AGE, |ttl| Duration::from_secs(u64::from(ttl))));
                Ok(of_kind().map(|record| record.data.clone()).collect())
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
            {
                self.lasts(none.negative_ttl.map_or(AGE, |ttl| Duration::from_secs(u64::from(ttl))));
                Ok(Vec::new())
            }
            Err(why) => Err(format!("{name} {kind}: {why}")),
        }
    }

    fn lasts(&self, ttl: Duration) {
        self.until.set(self.until.get().min(Instant::now() + ttl));
    }
}
