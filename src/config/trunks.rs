//! `[trunk.<name>]`: who a source address is, and where calls to a name go.

use super::codecs::codecs;
use super::mistake::Spot;
use super::outbound::{self, Outbound};
use super::reader::{Document, Found, Table};
use super::sections::{Sip, secret};
use super::secured::srtp;
use crate::codec::Menu;
use crate::id::TrunkId;
use crate::key::Srtp;
use crate::sip::auth::Password;
use crate::sip::flow::Transport;
use crate::sip::locate::Place;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// One trunk.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Calls from these addresses come from this trunk and need no password.
    pub inbound: Vec<Source>,
    /// And from whatever addresses these names lead to; a port where one is written.
    pub inbound_names: Vec<Place>,
    /// Where calls to it go; `None` for one that only calls us.
    pub outbound: Option<Outbound>,
    /// The name that its certificate must have when we call it by TLS; `None`: the name that we call it by, or its address.
    pub tls_name: Option<String>,
    /// By TLS any certificate of it is taken: only on this machine.
    pub tls_unverified: bool,
    /// Calls from it are taken by TLS alone, and only with a certificate of `tls_name`.
    pub mutual: bool,
    /// What it may speak; `None`: the house's.
    pub codecs: Option<Menu>,
    /// Whether its media is encrypted.
    pub srtp: Srtp,
    /// Its SDP addresses cannot be believed: answer where its packets come from.
    pub nat: bool,
    /// Its P-Asserted-Identity is believed, and it is told ours (RFC 3325).
    pub trusted: bool,
    /// How often it is asked by OPTIONS whether it is there; `None` is never.
    pub options: Option<Duration>,
    /// What we answer its challenges with.
    pub account: Option<Account>,
    /// We register with it.
    pub register: bool,
    /// Most calls at a time, both directions; `None` is no limit.
    pub max_calls: Option<u32>,
    /// Where it is defined.
    pub defined: Spot,
}

/// Our account at a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Password,
}

/// Addresses that a trunk calls from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// An address of the network.
    pub address: IpAddr,
    /// How many of its leading bits count: 32 or 128 is one address.
    pub prefix: u8,
    /// The one port that counts; `None` is any.
    pub port: Option<u16>,
}

impl Source {
    /// Reads `127.0.0.10`, `127.0.0.10:5060` or `192.0.2.0/24`. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(with_port) = text.parse::<SocketAddr>() {
            let one = Self::one(with_port.ip());
            return Some(Self { port: Some(with_port.port()), ..one });
        }
        let Some((address, prefix)) = text.split_once('/') else {
            return text.parse().ok().map(Self::one);
        };
        let one = Self::one(address.parse().ok()?);
        let prefix = prefix.parse().ok().filter(|p| *p <= one.prefix)?;
        Some(Self { prefix, ..one })
    }

    fn one(address: IpAddr) -> Self {
        Self { address, prefix: if address.is_ipv4() { 32 } else { 128 }, port: None }
    }

    /// Whether a peer is one of these.
    #[must_use]
    pub fn holds(&self, peer: SocketAddr) -> bool {
        // Both families on the upper end of 128 bits, so that one shift serves both.
        let bits = |ip: IpAddr| match ip {
            IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
            IpAddr::V6(v6) => v6.to_bits(),
        };
        let differ = bits(self.address) ^ bits(peer.ip());
        self.address.is_ipv4() == peer.is_ipv4()
            && differ.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            && self.port.is_none_or(|port| port == peer.port())
    }
}

pub(super) fn read(
    document: &Document<'_>,
    value: Option<&Spanned<DeValue<'_>>>,
    sip: &Sip,
) -> BTreeMap<TrunkId, Trunk> {
    let mut all = BTreeMap::new();
    let mut sources = Vec::new();
    walk(document, "", value, &mut |name, table| {
        let trunk = one(&table, sip, &mut sources);
        table.finish();
        all.insert(TrunkId::from(name), trunk);
    });
    all
}

/// `[trunk.branch.12366]` is the same as `[trunk."branch.12366"]`: a table of nothing but tables is a part of a name.
fn walk<'d, 'a>(
    document: &'d Document<'a>,
    name: &str,
    value: Option<&'d Spanned<DeValue<'a>>>,
    each: &mut dyn FnMut(&str, Table<'d, 'a>),
) {
    let table = Table::new(document, format!("[trunk{}{name}]", if name.is_empty() { "" } else { "." }), value);
    let nested = table.entries().next().is_some() && table.entries().all(|(_, v)| v.get_ref().is_table());
    if !name.is_empty() && !nested {
        return each(name, table);
    }
    for (key, value) in table.entries() {
        let dot = if name.is_empty() { "" } else { "." };
        walk(document, &format!("{name}{dot}{key}"), Some(value), each);
    }
}

fn one(table: &Table<'_, '_>, sip: &Sip, sources: &mut Vec<(Source, String)>) -> Trunk {
    let words = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|t| (t.word(), Some(t)));
    let by = table.choice("transport", &words, None);
    let transport = by.unwrap_or(Transport::Udp);
    let (inbound, inbound_names) = inbound(table, sources);
    let outbound = outbound::read(table, by, sip);
    let given = table.value("inbound").is_some() || table.value("outbound").is_some();
    if !given {
        table.missing(
            "inbound（它从哪里呼入）或 outbound（呼叫送往哪里）",
            "inbound (where it calls from) or outbound (where calls to it go)",
        );
    }
    let account = account(table);
    let register = table.flag("register", false);
    if register && (account.is_none() || outbound.is_none()) {
        let span = table.value("register").map_or(table.span.clone(), |v| v.span());
        let zh = "register = true 需要 outbound、auth_user 和 auth_password 或 auth_password_env";
        let en = "register = true needs outbound, auth_user, and auth_password or auth_password_env";
        table.document.error(span, zh, en);
    }
    let options = table.number_or("options_s", 0..=3600, 20);
    if (1..10).contains(&options) {
        let span = table.value("options_s").map_or(0..0, |v| v.span());
        table.document.error(
            span,
            "options_s 应为 0（不探测）或 10 以上",
            "options_s should be 0 (never) or 10 at least",
        );
    }
    let (tls_name, mutual, tls_unverified) = secured(table, transport, outbound.as_ref());
    Trunk {
        tls_name,
        mutual,
        tls_unverified,
        codecs: codecs(table),
        srtp: srtp(table, sip, outbound.as_ref().map(|_| transport)),
        nat: table.flag("nat", false),
        trusted: table.flag("trusted", false),
        options: (options > 0 && outbound.is_some()).then(|| Duration::from_secs(options)),
        max_calls: Some(table.number_or("max_calls", 0..=100_000, 0)).filter(|n| *n > 0),
        defined: table.document.spot(&table.span),
        inbound,
        inbound_names,
        outbound,
        account,
        register,
    }
}

/// Who must be at the other end of a TLS connection.
fn secured(table: &Table<'_, '_>, transport: Transport, outbound: Option<&Outbound>) -> (Option<String>, bool, bool) {
    let name = table.text("tls_name");
    let mutual = table.flag("mutual_tls", false);
    let unverified = !table.flag("tls_verify", true);
    let span = |key| table.value(key).map_or(table.span.clone(), |v| v.span());
    if mutual && name.is_none() {
        let zh = "mutual_tls = true 需要 tls_name：对方证书中的名称";
        table.document.error(span("mutual_tls"), zh, "mutual_tls = true needs tls_name, the name in its certificate");
    }
    let elsewhere = outbound.is_some_and(|o| o.is_named() || o.addresses().any(|at| !at.ip().is_loopback()));
    if unverified && (elsewhere || transport != Transport::Tls) {
        let zh =
            "tls_verify = false 只用于本机的 transport = \"tls\"：任何人都可冒充对方；请把对方证书放进 [tls] trusted";
        let en = "tls_verify = false is for transport = \"tls\" on this machine only: anybody could stand in for the other side; put its certificate into [tls] trusted";
        table.document.error(span("tls_verify"), zh, en);
    }
    (name.map(|(name, _)| name.to_ascii_lowercase()), mutual, unverified)
}

fn inbound(table: &Table<'_, '_>, sources: &mut Vec<(Source, String)>) -> (Vec<Source>, Vec<Place>) {
    let document = table.document;
    let (mut all, mut names) = (Vec::new(), Vec::new());
    for (text, span) in table.texts("inbound").unwrap_or_default() {
        // A name of one label is a word that was mistyped, and would be believed without a password.
        if let Some(place) = Place::parse(text).filter(|p| p.name().is_some_and(|name| name.contains('.'))) {
            names.push(place);
            continue;
        }
        let Some(source) = Source::parse(text) else {
            let zh = format!(
                "\"{text}\" 不是来源地址：应写作 \"192.0.2.1\"、\"192.0.2.1:5060\"、\"192.0.2.0/24\" 或 \"sip.carrier.example\""
            );
            let en = format!(
                "\"{text}\" is no source: write \"192.0.2.1\", \"192.0.2.1:5060\", \"192.0.2.0/24\" or \"sip.carrier.example\""
            );
            document.error(span, zh, en);
            continue;
        };
        if let Some((_, other)) = sources.iter().find(|(s, _)| *s == source) {
            let zh = format!("来源 {text} 已属于 {other}：来电不能同时属于两条中继");
            let en = format!("{text} already is a source of {other}: a call cannot come from two trunks");
            document.error(span, zh, en);
            continue;
        }
        if source.prefix == 0 {
            let zh = format!("{text} 是任何人：中继来电不需要口令，请写明地址");
            let en = format!("{text} is everybody, and a trunk needs no password: name its addresses");
            document.error(span, zh, en);
        } else if source.prefix < if source.address.is_ipv4() { 16 } else { 32 } {
            let zh = format!("{text} 的范围很大，其中任何地址都无需口令");
            document.warning(span, zh, format!("{text} is wide, and nobody in it needs a password"));
        }
        sources.push((source, table.name.clone()));
        all.push(source);
    }
    (all, names)
}

fn account(table: &Table<'_, '_>) -> Option<Account> {
    let user = table.text("auth_user");
    let password = secret(table, "auth_password", "auth_password_env");
    let lone = |(_, span): Found<()>, zh: &str, en: &str| table.document.error(span, zh, en);
    match (user, password) {
        (Some((user, _)), Some((password, _))) => {
            return Some(Account { user: user.to_owned(), password: Password::Plain(password) });
        }
        (Some((_, span)), None) => {
            lone(
                ((), span),
                "auth_user 缺少 auth_password 或 auth_password_env",
                "auth_user lacks auth_password or auth_password_env",
            );
        }
        (None, Some((_, span))) => lone(((), span), "缺少 auth_user", "auth_user is missing"),
        (None, None) => {}
    }
    None
}
