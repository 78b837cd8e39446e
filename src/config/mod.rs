//! The configuration of one switch: addresses, trunks, seats, folders. Numbers and their routes are the dialplan, not this.
//!
//! [`Config::load`] gives a checked value, or every mistake with its file and line; nothing half right comes out of it. Groups and
//! trunks are names that the dialplan gives meaning to: [`Config::against`] holds the two against each other. It refuses to
//! start anything, to resolve names, and to keep the text: paths are relative to the file's own folder.

mod accounts;
mod addresses;
mod codecs;
mod dns;
mod flood;
mod keys;
mod mistake;
pub mod mix;
mod outbound;
mod persons;
mod reader;
mod recording;
mod seats;
mod sections;
mod secured;
mod tls;
mod trace;
mod trunks;

pub use accounts::Web;
pub use dns::Dns;
pub use flood::Flood;
pub use mistake::{Mistake, Severity, Spot};
pub use outbound::Outbound;
pub use persons::Person;
pub use recording::{Recording, WhenFull};
pub use seats::{Seat, SignIn};
pub use sections::{Admin, Floor, Http, Level, Media, Plan, Sip, Store};
pub use tls::Tls;
pub use trace::Trace;
pub use trunks::{Account, Source, Trunk};

use crate::access;
use crate::id::{AgentId, GroupId, SeatId, TrunkId};
use mistake::Mistakes;
use reader::{Document, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[sip]`: addresses, protocol limits.
    pub sip: Sip,
    /// `[tls]`: certificates, keys, and whom we trust.
    pub tls: Tls,
    /// `[dns]`: who is asked for the names of trunks.
    pub dns: Dns,
    /// `[media]`: the address and ports of RTP.
    pub media: Media,
    /// `[plan]`: where the dialplan and the prompts are.
    pub plan: Plan,
    /// `[trunk.<name>]`.
    pub trunks: BTreeMap<TrunkId, Trunk>,
    /// `[[seats]]`, one entry for each number.
    pub seats: BTreeMap<SeatId, Seat>,
    /// `[[persons]]`, one entry for each work number.
    pub persons: BTreeMap<AgentId, Person>,
    /// `[[accounts]]` of a laboratory, by name.
    pub accounts: BTreeMap<String, access::Account>,
    /// `[web]`: what holds for all accounts and pages.
    pub web: Web,
    /// `[keys]`: feature codes of agents on plain phones.
    pub keys: crate::exchange::Codes,
    /// `[floor]`: what this installation wants otherwise than the dialplan's groups say.
    pub floor: Floor,
    /// `[store]`: where records are kept, and how long.
    pub store: Store,
    /// `[recording]`: where recordings are kept, how, and how long.
    pub recording: Recording,
    /// `[admin]`: how the command line and the API reach the daemon.
    pub admin: Admin,
    /// `[flood]`: what load tests may do.
    pub flood: Flood,
    /// `[drain] limit_s`: how long live calls may go on after SIGTERM.
    pub drain: Duration,
    /// `[trace]`.
    pub trace: Trace,
    /// `[log] level`.
    pub log: Level,
    /// What is not wrong but should be looked at.
    pub warnings: Vec<Mistake>,
}

impl Config {
    /// Reads and checks a file, with the environment of this process.
    ///
    /// # Errors
    /// Every mistake, in the order of the text; warnings are among them. At least one is an error.
    pub fn load(path: &Path) -> Result<Self, Vec<Mistake>> {
        Self::of_file(path, &|name| std::env::var(name).ok())
    }

    /// Reads a file for whoever wants to know where things are and has not the daemon's environment: a secret that is not there is none.
    ///
    /// # Errors
    /// As [`Config::load`], but for secrets that are missing.
    pub fn outline(path: &Path) -> Result<Self, Vec<Mistake>> {
        Self::load(path).or_else(|_| {
            // A value of every secret's form, those of recordings' keys included: 32 bytes, another for each name.
            let absent =
                |name: &str| name.bytes().chain([0x5A; 32]).take(32).map(|byte| format!("{byte:02x}")).collect();
            let present = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            Self::of_file(path, &|name| Some(present(name).unwrap_or_else(|| absent(name))))
        })
    }

    fn of_file(path: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Mistake>> {
        let file = path.display().to_string();
        let unreadable =
            |zh: String, en: String| vec![Mistake { spot: Spot::file(&file), severity: Severity::Error, zh, en }];
        let bytes = fs::read(path).map_err(|e| unreadable(format!("无法读取：{e}"), format!("cannot be read: {e}")))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = e.as_bytes().iter().take(e.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count() + 1;
            unreadable(format!("第 {line} 行不是 UTF-8 文本"), format!("line {line} is not UTF-8 text"))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&file, &text, folder, variable)
    }

    /// Checks a text. `file` is its name in sentences, `folder` what its paths start from, `variable` the environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Mistake>> {
        let document = Document::new(file, text.strip_prefix('\u{feff}').unwrap_or(text), folder, variable);
        let config = Self::read(&document);
        let mistakes = document.mistakes();
        if mistakes.iter().any(|m| m.severity == Severity::Error) {
            return Err(mistakes);
        }
        Ok(Self { warnings: mistakes, ..config })
    }

    fn read(document: &Document<'_>) -> Self {
        let entries = document.parse();
        let root = Table::root(document, &entries);
        let sip = Sip::read(root.table("sip"));
        let admin = Admin::read(root.table("admin"));
        let config = Self {
            media: Media::read(root.table("media"), &sip),
            tls: Tls::read(root.table("tls")),
            dns: Dns::read(root.table("dns")),
            plan: Plan::read(root.table("plan")),
            trunks: trunks::read(document, root.value("trunk"), &sip),
            seats: seats::read(document, root.value("seats"), &sip),
            persons: persons::read(document, root.value("persons"), &sip),
            accounts: accounts::read(document, root.value("accounts"), (&sip, &admin)),
            web: Web::read(root.table("web")),
            keys: keys::read(root.table("keys")),
            floor: Floor::read(root.table("floor")),
            store: Store::read(root.table("store")),
            recording: Recording::read(root.table("recording")),
            admin,
            flood: Flood::read(root.table("flood")),
            drain: sections::drain(root.table("drain")),
            trace: Trace::read(root.table("trace")),
            log: Level::read(root.table("log")),
            warnings: Vec::new(),
            sip,
        };
        root.finish();
        config
    }

    /// Holds the names against those of the dialplan: an unknown group or trunk is an error, a trunk of the dialplan that has no
    /// address here is a warning.
    #[must_use]
    pub fn against(&self, groups: &BTreeSet<GroupId>, trunks: &BTreeSet<TrunkId>) -> Vec<Mistake> {
        let mut all = Mistakes::default();
        let mut seen = BTreeSet::new();
        let seats = self.seats.values().flat_map(|s| s.groups.iter().chain(&s.supervises));
        for (group, spot) in seats.chain(self.persons.values().flat_map(|p| &p.groups)) {
            if !groups.contains(group) && seen.insert(spot) {
                let names = groups.iter().map(GroupId::as_str);
                all.add(Severity::Error, || unknown("坐席组", "group", group.as_str(), names, spot));
            }
        }
        for (trunk, here) in &self.trunks {
            if !trunks.contains(trunk) {
                let names = trunks.iter().map(TrunkId::as_str);
                all.add(Severity::Error, || unknown("中继", "trunk", trunk.as_str(), names, &here.defined));
            }
        }
        let file = self.sip.defined.file.as_str();
        for trunk in trunks.iter().filter(|t| !self.trunks.contains_key(*t)) {
            all.add(Severity::Warning, || Mistake {
                spot: Spot::file(file),
                severity: Severity::Warning,
                zh: format!("拨号计划中的中继 {trunk} 没有地址：[trunk.{trunk}] 缺失，呼叫它将失败"),
                en: format!("trunk {trunk} of the dialplan has no [trunk.{trunk}] here: calls to it will fail"),
            });
        }
        all.unsorted(file)
    }

    /// A seat of this configuration has the number of a cancelled line: it would bring it back.
    #[must_use]
    pub fn cancelled_seat(&self, seat: &SeatId) -> Mistake {
        let spot = self.seats.get(seat).map_or_else(|| self.sip.defined.clone(), |s| s.defined.clone());
        Mistake {
            spot,
            severity: Severity::Error,
            zh: format!("坐席 {seat} 占用了已取消的号码：已经取消的热线号码不再恢复（方案二（一））"),
            en: format!("seat {seat} takes the number of a cancelled line, which is never restored (plan, part 2 (1))"),
        }
    }

    /// The web listener speaks TLS.
    #[must_use]
    pub fn web_is_secret(&self) -> bool {
        self.web.tls && self.admin.http.is_some()
    }

    /// Somebody must be shown a certificate: one that is configured, or else one that is made in the state folder.
    #[must_use]
    pub fn needs_certificate(&self) -> bool {
        self.web_is_secret() || self.sip.transports.listen.iter().any(|l| l.transport.is_secret())
    }

    /// The trunk that a source address belongs to: the longest prefix, one with a port before one without.
    #[must_use]
    pub fn trunk_of(&self, peer: SocketAddr) -> Option<&TrunkId> {
        let fits = |(id, trunk): (_, &Trunk)| {
            let best = trunk.inbound.iter().filter(|s| s.holds(peer)).map(|s| (s.port.is_some(), s.prefix)).max()?;
            Some((best, id))
        };
        self.trunks.iter().filter_map(fits).max_by_key(|(best, _)| *best).map(|(_, id)| id)
    }
}

fn unknown<'n>(zh: &str, en: &str, name: &str, names: impl Iterator<Item = &'n str>, spot: &Spot) -> Mistake {
    let (mut zh, mut en) = (format!("拨号计划中没有{zh} {name}"), format!("the dialplan knows no {en} {name}"));
    if let Some(like) = reader::like(name, names) {
        zh.push_str(&format!("，是否想写 {like}？"));
        en.push_str(&format!(": did you mean {like}?"));
    }
    Mistake { spot: spot.clone(), severity: Severity::Error, zh, en }
}

#[cfg(test)]
mod tests;
