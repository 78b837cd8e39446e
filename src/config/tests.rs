//! Every shipped file, every mistake.

use super::*;
use crate::dialplan::Record;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The folder of the shipped files.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// A folder of this test alone, with a dialplan folder in it; gone at the end.
struct Folder(PathBuf);

impl Deref for Folder {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("switchboard-config-{name}-{}", std::process::id()));
    fs::create_dir_all(folder.join("dialplans/prompts")).unwrap();
    Folder(folder)
}

/// Passwords of seats, readable as the mode says.
fn passwords(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn parse(folder: &Path, text: &str) -> Result<Config, Vec<Mistake>> {
    let variable = |name: &str| (name == "SET").then(|| "from-the-environment".to_owned());
    Config::parse("x.toml", text, folder, &variable)
}

fn good(name: &str, text: &str) -> Config {
    let folder = folder(name);
    parse(&folder, text).unwrap_or_else(|m| panic!("{}", list(&m, &folder)))
}

/// Mistakes in both languages, one a line.
fn list(mistakes: &[Mistake], folder: &Path) -> String {
    let mut out = String::new();
    for mistake in mistakes {
        let _ = writeln!(out, "{mistake}\n{mistake:#}");
    }
    out.replace(&*folder.display().to_string(), "FOLDER")
}

fn mistakes(folder: &Path, text: &str) -> String {
    let found = match parse(folder, text) {
        Ok(config) => config.warnings,
        Err(mistakes) => mistakes,
    };
    list(&found, folder)
}

#[test]
fn of_a_million_mistakes_the_first_are_kept_and_the_rest_counted() {
    let folder = folder("many");
    let many: String = (0..5_000).map(|n| format!("nonsense_{n} = 1\n")).collect();
    let found = parse(&folder, &many).unwrap_err();
    assert!(found.len() < 1_100, "{}", found.len());
    let last = found.last().unwrap();
    assert_eq!((last.spot.line, last.severity), (0, Severity::Error));
    // Those kept and those counted are all there are: each key, and what a configuration must have.
    let few = parse(&folder, "nonsense_0 = 1\n").unwrap_err().len() - 1;
    let more: usize = last.en.split(' ').find_map(|word| word.parse().ok()).unwrap();
    assert_eq!(found.len() - 1 + more, 5_000 + few, "{last}");
    assert!(last.zh.starts_with("……另有"), "{last:#}");
}

#[test]
fn the_lab_profile_keeps_its_contract() {
    let lab = Config::load(&shipped().join("lab.toml")).unwrap_or_else(|m| panic!("{}", list(&m, &shipped())));
    assert_eq!(lab.warnings, []);
    let sockets: Vec<_> = lab.sip.transports.listen.iter().map(ToString::to_string).collect();
    assert_eq!(sockets, ["udp:127.0.0.1:5070", "tcp:127.0.0.1:5070", "tls:127.0.0.1:5071"]);
    assert_eq!((lab.media.ports.clone(), lab.media.address.to_string()), (20_000..=39_999, "127.0.0.1".into()));
    let floor = Floor {
        ring_time: Some(Duration::from_secs(5)),
        wrap_up: Some(Duration::ZERO),
        whisper: None,
        ..Floor::default()
    };
    assert_eq!((lab.floor, lab.store.folder), (floor, None));
    let http = lab.admin.http.unwrap();
    assert_eq!((http.listen.to_string(), http.token), ("127.0.0.1:8080".into(), "lab".into()));
    let seats: Vec<_> = lab.seats.keys().map(|s| s.as_str().to_owned()).collect();
    assert_eq!(seats, (8001..=8099).map(|n| n.to_string()).collect::<Vec<_>>());
    let persons: Vec<_> = lab.persons.keys().map(|p| p.as_str().to_owned()).collect();
    assert_eq!(persons, seats);
    for (id, person) in &lab.persons {
        assert_eq!((person.pin, person.groups.len(), person.tier), (crate::call::Pin::new(id.as_str()), 0, 0));
    }
    let mut table = String::new();
    for (id, seat) in &lab.seats {
        assert_eq!(seat.password, crate::sip::auth::Password::Plain(format!("lab-{id}")));
        let manual = ("8041"..="8049").contains(&id.as_str());
        assert_eq!(seat.sign_in, if manual { SignIn::Manual } else { SignIn::OnRegister }, "{id}");
        let groups = seat.groups.iter().map(|(g, _)| g.to_string());
        let supervised = seat.supervises.iter().map(|(g, _)| format!("supervises {g}"));
        let _ = writeln!(table, "{id} {}", groups.chain(supervised).collect::<Vec<_>>().join(" "));
    }
    for (id, trunk) in &lab.trunks {
        assert!(trunk.trusted, "{id}");
        let from: Vec<_> = trunk.inbound.iter().map(|s| s.address.to_string()).collect();
        let _ = writeln!(
            table,
            "{id} from {} to {}",
            from.join(" "),
            trunk.outbound.as_ref().unwrap().addresses().next().unwrap()
        );
    }
    insta::assert_snapshot!(table);
}

#[test]
fn the_minimal_file_loads_as_soon_as_the_seats_have_passwords() {
    let text = fs::read_to_string(shipped().join("minimal.toml")).unwrap().replace("../dialplans", "dialplans");
    let folder = folder("minimal");
    let before = list(&parse(&folder, &text).unwrap_err(), &folder);
    assert_eq!(before.lines().count(), 2, "one mistake, two languages: {before}");
    assert!(before.contains("FOLDER/seats.passwords cannot be read"), "{before}");
    let text_of_file = "# made by openssl\n801 a8d0f3c1\n802 b7\t\n803 c y\n804 dd0\n";
    passwords(&folder.join("seats.passwords"), text_of_file, 0o600);
    let config = parse(&folder, &text).unwrap();
    assert_eq!((config.warnings.len(), config.seats.len()), (0, 4));
    assert_eq!(config.seats["803"].password, crate::sip::auth::Password::Plain("c y".into()));
    assert!(text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).count() <= 16, "the fewest lines");
}

#[test]
fn switchboard_toml_tells_every_key_and_its_true_default() {
    let text = fs::read_to_string(shipped().join("switchboard.toml")).unwrap();
    let none = |_: &str| None;
    let plain = Config::parse("switchboard.toml", &text, &shipped(), &none).unwrap();
    assert_eq!(plain.warnings, []);
    // Every default taken at its word gives the same. Those of trunks need a trunk, so its example lines go with them.
    let spoken: Vec<_> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) && !rest.starts_with("e.g.") => rest,
            Some(rest) if rest.starts_with("e.g. [trunk") || rest.starts_with("e.g. outbound") => &rest[5..],
            _ => line,
        })
        .collect();
    // The seats' own defaults have no table here, and one of their keys is a trunk's too.
    let spoken = spoken.join("\n").replace("sign_in = \"on-register\"", "");
    let (trunks, seats) = spoken.split_once("# Seats, many at a time").unwrap();
    let spoken = format!("{trunks}# {}", seats.replace("srtp = \"off\"", "").replace("srtp_keys_in_clear = false", ""));
    let spoken = Config::parse("switchboard.toml", &spoken, &shipped(), &none)
        .unwrap_or_else(|m| panic!("{}", list(&m, &shipped())));
    let shown = |config: &Config| {
        let Config { sip, media, plan, floor, store, recording, admin, flood, drain, log, .. } = config;
        let sip = Sip { defined: Spot::file(""), listen_span: 0..0, ..sip.clone() };
        format!(
            "{sip:#?} {media:#?} {plan:#?} {floor:#?} {store:#?} {recording:#?} {admin:#?} {flood:#?} {drain:#?} {log:#?}"
        )
    };
    assert_eq!(shown(&plain), shown(&spoken));
    let trunk = &good("trunk", "[sip]\nlisten = 'udp:127.0.0.1:5070'\n[trunk.carrier]\noutbound = '192.0.2.1:5060'")
        .trunks["carrier"];
    let no_place = |t: &Trunk| format!("{:#?}", Trunk { defined: Spot::file(""), outbound: None, ..t.clone() });
    assert_eq!(no_place(trunk), no_place(&spoken.trunks["carrier"]));
    // And no key is left out.
    let all = "[trunk.x]\n[[seats]]\n";
    let (folder, asked) = (folder("asked"), std::cell::RefCell::default());
    let document = Document::new("x.toml", all, &folder, &none);
    Config::read(&document);
    asked.replace(document.asked.take());
    let asked = asked.into_inner();
    assert!(asked.len() > 50, "{asked:?}");
    for (table, key) in asked {
        let there = text.contains(&format!("{key} = "))
            || text.contains(&format!("[{key}]"))
            || text.contains(&format!("[[{key}]]"));
        let named = ["trunk", "password", "password_env", "ha1"].contains(&key) && text.contains(key);
        assert!(there || named, "switchboard.toml does not tell of {key} in {table}");
    }
}

#[test]
fn recordings_lie_below_the_state_unless_the_file_says_where() {
    let plain = good("recording-plain", "[sip]\nlisten = 'udp:127.0.0.1:5070'\n").recording;
    assert_eq!(plain, Recording { folder: None, default: Record::Always, keep_days: 1096, ..plain.clone() });
    assert_eq!(plain.folder(Path::new("/var/lib/s")), Path::new("/var/lib/s/recordings"));
    let text = "[sip]\nlisten = 'udp:127.0.0.1:5070'\n[recording]\n";
    let folder = folder("recording");
    let keys = "folder = 'tapes'\ndefault = 'never'\nkeep_days = 30\n";
    let said = parse(&folder, &format!("{text}{keys}")).unwrap().recording;
    assert_eq!((said.default, said.keep_days), (Record::Never, 30));
    assert_eq!(said.folder(Path::new("/var/lib/s")), folder.join("tapes"), "from the file's own folder");
    fs::write(folder.join("taken"), "").unwrap();
    for (wrong, why) in [
        ("default = 'on-demand'", "default"),
        ("keep_days = 0", "keep_days"),
        ("folder = 'taken'", "FOLDER/taken is no folder"),
        ("keep_day = 30", "did you mean \"keep_days\""),
    ] {
        let told = mistakes(&folder, &format!("{text}{wrong}\n"));
        assert!(told.contains(why), "{wrong}: {told}");
    }
}

#[test]
fn tls_wants_files_that_are_there_and_belong_together_and_unverified_is_for_this_machine() {
    let folder = folder("tls");
    for (text, why) in [
        ("[tls]\ncertificate = 'nowhere.pem'\nkey = 'nowhere.key'\n", "there is no file"),
        ("[tls]\nkey = 'nowhere.key'\n", "key lacks certificate"),
        ("[tls]\nmin_version = '1.1'\n", "1.2"),
        ("[tls.name.'hub.example']\n", "lacks certificate and key"),
        ("[trunk.a]\noutbound = '192.0.2.1'\ntransport = 'tls'\n", "has no tls address"),
        ("[trunk.a]\ninbound = '192.0.2.1'\nmutual_tls = true\n", "needs tls_name"),
        ("[trunk.a]\ninbound = '192.0.2.1'\ntls_verify = false\n", "on this machine only"),
        ("[trunk.a]\noutbound = '192.0.2.1'\nsrtp = 'required'\n", "go by TLS alone"),
        ("[[seats]]\nnumbers = '1'\npassword = 'x'\nsrtp = 'required'\n", "go by TLS alone"),
        ("[trunk.a]\ninbound = '192.0.2.1'\nsrtp = 'always'\n", "required"),
    ] {
        let told = mistakes(&folder, &format!("[sip]\nlisten = 'udp:127.0.0.1:5060'\n{text}"));
        assert!(told.contains(why), "{text}: {told}");
    }
    let sip = "[sip]\nlisten = ['udp:127.0.0.1:5060', 'tls:127.0.0.1:5061']\n";
    let far = mistakes(
        &folder,
        "[sip]\nlisten = 'tls:192.0.2.9:5061'\n[trunk.a]\noutbound = '192.0.2.1'\ntransport = 'tls'\ntls_verify = false\n",
    );
    assert!(far.contains("on this machine only"), "{far}");
    let near = good(
        "near",
        &format!(
            "{sip}[trunk.a]\noutbound = '127.0.0.50'\ntransport = 'tls'\ntls_verify = false\ntls_name = 'SBC.example'\n"
        ),
    );
    for (text, warnings) in [
        ("[trunk.a]\noutbound = '192.0.2.1'\nsrtp = 'offered'\n", 1),
        ("[trunk.a]\noutbound = '192.0.2.1'\nsrtp = 'required'\nsrtp_keys_in_clear = true\n", 0),
        ("[trunk.a]\ninbound = '192.0.2.1'\nsrtp = 'required'\n", 0),
        ("[trunk.a]\noutbound = '192.0.2.1'\ntransport = 'tls'\nsrtp = 'required'\n", 0),
    ] {
        assert_eq!(good("srtp", &format!("{sip}{text}")).warnings.len(), warnings, "{text}");
    }
    let trunk = &near.trunks["a"];
    let to: Vec<_> = trunk.outbound.as_ref().unwrap().addresses().map(|at| at.to_string()).collect();
    assert_eq!(to, ["127.0.0.50:5061"], "the port of TLS");
    assert_eq!((trunk.tls_unverified, trunk.tls_name.as_deref()), (true, Some("sbc.example")));
}

#[test]
fn trunks_are_reached_by_name_by_several_places_and_through_a_proxy() {
    let folder = folder("named");
    for (text, why) in [
        ("outbound = 'sip:carrier.example'", "an address or a name"),
        ("outbound = ['a.example', 'A.example.']", "stands here twice"),
        ("outbound = 'a.example'\ntransport = 'tls'", "has no tls address"),
        ("outbound = ['192.0.2.1', '2001:db8::1']", "has no udp address of IPv6"),
        ("inbound = 'a.example'\noutbound_proxy = '192.0.2.1'", "outbound_proxy needs outbound"),
        ("outbound = 'a.example'\noutbound_proxy = '2001:db8::1'", "has no udp address of IPv6"),
        ("outbound = 'a.example'\nfailover_ms = 10", "failover_ms"),
        ("outbound = 'a.example'\ntls_verify = false", "on this machine only"),
        ("inbound = 'a..example'", "is no source"),
        ("inbound = '192.0.2.1'\n[dns]\nservers = 'ns.example'", "addresses of name servers"),
    ] {
        let told = mistakes(&folder, &format!("[sip]\nlisten = 'udp:192.0.2.9:5060'\n[trunk.a]\n{text}\n"));
        assert!(told.contains(why), "{text}: {told}");
    }
    let config = good(
        "named",
        "[sip]\nlisten = ['udp:192.0.2.9:5060', 'tls:192.0.2.9:5061']\n[dns]\nservers = ['192.0.2.53', '[2001:db8::53]:5353']\n\
         [trunk.a]\ninbound = ['SIP.carrier.example', '192.0.2.1']\noutbound = ['sip.carrier.example', '192.0.2.1']\n\
         [trunk.b]\noutbound = 'carrier.example'\noutbound_proxy = ['192.0.2.7', 'edge.example:5062']\n",
    );
    let shown = |places: &[crate::sip::locate::Place]| places.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (a, b) = (&config.trunks["a"], config.trunks["b"].outbound.as_ref().unwrap());
    assert_eq!((shown(&a.inbound_names), a.inbound.len()), (vec!["sip.carrier.example".to_owned()], 1));
    let out = a.outbound.as_ref().unwrap();
    assert_eq!((shown(out.hops()), out.transport), (vec!["sip.carrier.example".into(), "192.0.2.1".into()], None));
    assert_eq!((shown(b.hops()), b.is_named()), (vec!["192.0.2.7".into(), "edge.example:5062".into()], true));
    assert_eq!(
        config.dns.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["192.0.2.53:53", "[2001:db8::53]:5353"]
    );
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place() {
    let text = r#"
[sip]
listen = ["udp:127.0.0.1", "udp:0.0.0.0:5060", "sctp:127.0.0.1:5061", "udp:127.0.0.1:5070", "udp:127.0.0.1:5070", "tcp:127.0.0.1:0"]
usr_agent = "x"
realm = ""
t1_ms = 5
algorithms = ["MD5", "SHA-1"]
min_se_s = 2000
advertised = "hub.example"
max_calls = "many"

[media]
address = "0.0.0.0"
ports = "5001-6000"

[plan]
folder = "dialplan"
prompts = "nowhere"

[trunk.a]
inbound = ["192.0.2.1", "everybody", "0.0.0.0/0"]
outbound = "sip:carrier.example"
transport = "sctp"

[trunk.b]
inbound = "192.0.2.1"
outbound = "[2001:db8::1]:5060"
auth_user = "hub"
register = true
options_s = 5
natt = true

[trunk.c]
trusted = 1

[[seats]]
numbers = ["8001-8003", "8003", "80", "9-1"]
group = "main"
groups = ["main"]
password = "x"
ha1 = "00"

[[seats]]
numbers = "8004"

[[seats]]
password_env = "UNSET"

[floor]
ring_time_s = 0

[store]
folder = "x"
temporary = true

[keys]
three_way = "1"
leave = "*22"
cancel = "*2"
speed = { 1 = "119", 123 = "12366", 2 = "fire" }

[admin]
http = "127.0.0.1:8080"
link = "hub.example"

[drain]
limit_s = -1

[log]
level = "loud"

[sipp]
"#;
    let told = mistakes(&folder("many"), text);
    insta::assert_snapshot!(told);
}

#[test]
fn weak_settings_on_an_open_address_are_told() {
    let folder = folder("weak");
    let text = "8031 12345678
8032 my8032
8033 w
8033
8033 x
";
    passwords(&folder.join("weak.passwords"), text, 0o644);
    let text = r#"
sip.listen = "udp:192.0.2.10:5060"
media.ports = "5060-5069"
[trunk.wide]
inbound = "10.0.0.0/8"
[[seats]]
numbers = "8001-8010"
password = "hub-{seat}"
[[seats]]
numbers = "8011"
password = "8011"
[[seats]]
numbers = "8012"
password = "{seat}x"
[[seats]]
numbers = "8013"
password = "short"
[[seats]]
numbers = "8014-8015"
password_env = "SET"
[[seats]]
numbers = "8016-8017"
ha1 = "00000000000000000000000000000000"
[[seats]]
numbers = "8031-8034"
passwords_file = "weak.passwords"
[admin]
http = "192.0.2.10:8080"
http_token = "lab"
"#;
    let told = mistakes(&folder, text);
    insta::assert_snapshot!(told);
}

#[test]
fn locks_are_what_the_file_says_and_never_none_on_an_open_address() {
    let usual = good("lockout", "[sip]\nlisten = 'udp:127.0.0.1:5060'\npassword_failures = 0\n");
    assert_eq!((usual.sip.lockout.failures, usual.warnings.len()), (0, 0));
    let text =
        "[sip]\nlisten = 'udp:192.0.2.10:5060'\npassword_failures = 3\npassword_lock_s = 10\nlegs_per_caller = 40\n";
    let config = good("lockout", text);
    let limits = config.sip.lockout;
    assert_eq!((limits.failures, limits.first, limits.longest), (3, 10_000_000, 900_000_000));
    assert_eq!((config.sip.legs_per_caller, config.warnings.len()), (40, 0));
    let folder = folder("lockout-open");
    let told = mistakes(&folder, "[sip]\nlisten = 'udp:192.0.2.10:5060'\npassword_failures = 0\n");
    assert!(told.contains("x.toml:3:21: warning: password_failures = 0"), "{told}");
    let told =
        mistakes(&folder, "[sip]\nlisten = 'udp:127.0.0.1:5060'\npassword_lock_s = 60\npassword_lock_max_s = 30\n");
    assert!(told.contains("password_lock_s is more than password_lock_max_s"), "{told}");
}

#[test]
fn broken_toml_is_told_and_the_rest_is_read_all_the_same() {
    let text = "[sip]\nlisten = “udp:127.0.0.1:5060”\nt1_ms = 1\n[media\nports = 3\n[log]\nlevel = \"inf\"\n";
    let told = mistakes(&folder("broken"), text);
    insta::assert_snapshot!(told);
}

#[test]
fn a_file_that_is_not_there_or_not_text_gets_one_sentence() {
    let folder = folder("nofile");
    let path = folder.join("none.toml");
    assert!(
        list(&Config::load(&path).unwrap_err(), &folder)
            .starts_with("FOLDER/none.toml: error: cannot be read: No such file")
    );
    fs::write(&path, b"[sip]\n# \xc4\xe3").unwrap();
    assert!(
        list(&Config::load(&path).unwrap_err(), &folder)
            .starts_with("FOLDER/none.toml: error: line 2 is not UTF-8 text")
    );
}

#[test]
fn names_are_held_against_the_dialplan() {
    let config = good(
        "against",
        "[sip]\nlisten = 'udp:127.0.0.1:5070'\n[trunk.branch.12366]\noutbound = '127.0.0.20'\n[trunk.carier]\ninbound = '127.0.0.10'\n\
         [[seats]]\nnumbers = '8001-8009'\ngroups = ['main', 'kept.12343']\npassword = 'lab-{seat}'\n\
         [[seats]]\nnumbers = '8050'\nsupervises = ['main', 'man']\npassword = 'lab-{seat}'\n",
    );
    let groups = ["main", "kept.12348"].map(GroupId::from).into();
    let trunks = ["carrier", "branch.12366", "emergency-1"].map(TrunkId::from).into();
    let told = list(&config.against(&groups, &trunks), Path::new("/nowhere"));
    insta::assert_snapshot!(told);
}

#[test]
fn the_shipped_files_name_what_the_shipped_dialplan_knows() {
    let (mut groups, mut trunks) = (BTreeSet::new(), BTreeSet::new());
    for file in fs::read_dir(shipped().join("../dialplans")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = fs::read_to_string(path).unwrap();
            let table: toml::Table = text.parse().unwrap();
            let names =
                |section: &str| table.get(section).and_then(|v| v.as_table()).into_iter().flat_map(|t| t.keys());
            groups.extend(names("group").map(|n| GroupId::from(n.as_str())));
            trunks.extend(names("trunk").map(|n| TrunkId::from(n.as_str())));
        }
    }
    assert!(groups.len() >= 5 && trunks.len() >= 11, "{groups:?} {trunks:?}");
    let lab = Config::load(&shipped().join("lab.toml")).unwrap();
    assert_eq!(lab.against(&groups, &trunks), []);
}

#[test]
fn a_source_address_leads_to_its_trunk() {
    let config = good(
        "sources",
        "[sip]\nlisten = ['udp:127.0.0.1:5070', 'tcp:[::1]:5070', 'tcp:192.0.2.10:5070', 'tcp:127.0.0.1:5070']\n\
         [trunk.net]\ninbound = ['192.0.0.0/16', '2001:db8::/32']\n[trunk.host]\ninbound = '192.0.2.1'\n\
         [trunk.port]\ninbound = '192.0.2.1:5062'\noutbound = '127.0.0.9:5060'\ntransport = 'tcp'\n",
    );
    for (peer, trunk) in [
        ("192.0.2.1:5062", Some("port")),
        ("192.0.2.1:5063", Some("host")),
        ("192.0.2.2:5062", Some("net")),
        ("192.1.2.2:5062", None),
        ("[2001:db8::9]:1", Some("net")),
        ("[::ffff:192.0.2.1]:1", None),
    ] {
        assert_eq!(config.trunk_of(peer.parse().unwrap()).map(TrunkId::as_str), trunk, "{peer}");
    }
    for (text, good) in
        [("1.2.3.4/33", false), ("::1/128", true), ("1.2.3.4/", false), ("x", false), ("[::1]:5060", true)]
    {
        assert_eq!(Source::parse(text).is_some(), good, "{text}");
    }
}

proptest! {
    #[test]
    fn a_mutilated_file_never_panics(at in any::<prop::sample::Index>(), cut in 0usize..40, put in "[\\PC\n\"\\[\\]=]{0,6}") {
        let mut text: Vec<char> = fs::read_to_string(shipped().join("lab.toml")).unwrap().chars().collect();
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        text.splice(start..end, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(mistakes) = parse(&shipped(), &text) {
            prop_assert!(mistakes.iter().any(|m| m.severity == Severity::Error), "{}", list(&mistakes, &shipped()));
        }
    }
}

#[test]
fn a_break_may_have_a_length_and_one_that_is_none_is_told() {
    let folder = folder("breaks");
    let config = parse(
        &folder,
        "[sip]\nlisten = [\"udp:192.0.2.10:5060\"]\n[floor]\nbreaks = [\"小休=15\", \"用餐 = 30\", \"会议\"]\n",
    )
    .unwrap();
    assert_eq!(config.floor.breaks, ["小休", "用餐", "会议"]);
    assert_eq!(config.floor.break_minutes, [("小休".to_owned(), 15), ("用餐".to_owned(), 30)].into());
    for wrong in ["用餐=", "用餐=0", "用餐=481", "用餐=half"] {
        let told = mistakes(&folder, &format!("[floor]\nbreaks = [\"{wrong}\"]\n"));
        assert!(told.contains("1 到 480 分钟"), "{wrong}: {told}");
    }
}
