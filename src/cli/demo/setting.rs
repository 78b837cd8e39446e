//! What one start of the demo has drawn and found, and the configuration that is made of it: everything on loopback.

use super::duty::SPEED;
use super::{guests, supervisor};
use crate::cli::exit::{Exit, Failure};
use crate::cli::line;
use serde_json::Value;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;

/// Where it listens unless that is taken: what `call` looks for.
pub const PORT: u16 = 5070;
/// Where the web listener is unless that is taken.
const WEB: u16 = 8080;
/// Seats with a robot, and those whose robots talk when nobody calls but the user.
pub const ROBOTS: [&str; 3] = ["8001", "8002", "8003"];
/// Seats that are left for agents' pages.
const PAGES: &str = "8004-8008";
/// The seat that is left for a phone of the user's own.
pub const GUEST: &str = "8010";
/// Seats that are left for load tests.
pub const FLOOD: (&str, &str) = ("8211", "8249");
/// The hub's group.
const MAIN: &str = "main";
/// Kept groups, and their first seat with a robot.
const KEPT: [(&str, u32); 4] = [("kept.12348", 8051), ("kept.12328", 8055), ("kept.12320", 8059), ("kept.12315", 8063)];
/// The first of the main group's further seats with a robot.
const FURTHER: u32 = 8101;
/// Trunks by the last byte of their loopback address, and the tone that answers there, Hz.
pub const EXCHANGES: [(u8, &[&str], f64); 8] = [
    (20, &["branch.12366"], 520.0),
    (21, &["branch.12360"], 540.0),
    (22, &["branch.12313"], 560.0),
    (23, &["branch.12367"], 580.0),
    (24, &["branch.12305"], 600.0),
    (30, &["emergency-1"], 700.0),
    (31, &["emergency-2"], 720.0),
    (40, &["utility-power", "utility-water", "utility-gas"], 800.0),
];

/// What one start has drawn and found.
#[derive(Debug)]
pub struct Setting {
    /// Where SIP is.
    pub sip: SocketAddr,
    /// Where the web listener is; port 0: the system picks one.
    pub web: SocketAddr,
    /// The one port of pages' media.
    pub browsers: u16,
    /// Port of the robot exchanges.
    pub exchanges: u16,
    /// For every seat of this start.
    pub secret: String,
    /// For the web listener.
    pub token: String,
    /// For every person.
    pub pin: String,
    /// Robots that call, about so many at a time.
    pub callers: u32,
    /// Of all that robots do by chance.
    pub seed: u64,
    /// The dialplan.
    pub plan: PathBuf,
    /// The state folder.
    pub state: PathBuf,
}

/// A seat of the hall with a robot: its number and group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// The seat, which is also the number of the person of the first shift.
    pub seat: String,
    /// Whom it serves.
    pub group: &'static str,
}

impl Desk {
    /// Whether the first person is signed in as soon as the phone is registered: in the main group, which is never without anybody.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.group == MAIN
    }

    /// Who takes turns here: the second one's number begins with 9.
    #[must_use]
    pub fn persons(&self) -> [String; 2] {
        [self.seat.clone(), format!("9{}", self.seat.get(1..).unwrap_or_default())]
    }
}

/// The hall's desks for so many callers: six of ten in the main group, the rest in the kept ones and sub-centres.
#[must_use]
pub fn desks(callers: u32) -> Vec<Desk> {
    if callers == 0 {
        return Vec::new();
    }
    let further = (callers * 6 / 10).saturating_sub(ROBOTS.len() as u32);
    let first = ROBOTS.iter().map(|seat| (*seat).to_owned());
    let main = first.chain((FURTHER..).take(further as usize).map(|seat| seat.to_string()));
    let kept = (callers / 16).clamp(1, 4);
    let kept = KEPT
        .iter()
        .flat_map(|(group, first)| (*first..).take(kept as usize).map(|seat| Desk { seat: seat.to_string(), group }));
    main.map(|seat| Desk { seat, group: MAIN }).chain(kept).collect()
}

/// The robots' persons: those of the first shift, those of the second, the supervisor; none where robots only answer.
#[must_use]
pub fn persons(callers: u32) -> Vec<String> {
    let desks = desks(callers);
    let shift = |n: usize| desks.iter().filter_map(move |desk| desk.persons().into_iter().nth(n));
    let supervisor = (!desks.is_empty()).then(|| supervisor::SEAT.to_owned());
    shift(0).chain(shift(1)).chain(supervisor).collect()
}

/// The wanted SIP port, or the first free one from 5070 on.
///
/// # Errors
/// None is free.
pub fn choose(port: Option<u16>) -> Result<u16, Failure> {
    let free = |port: u16| {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
    };
    match port {
        // Taken: the daemon says so in its own sentence.
        Some(port) => Ok(port),
        None => (PORT..PORT + 10).find(|p| free(*p)).ok_or_else(|| {
            let (first, last) = (PORT, PORT + 9);
            let zh = format!("127.0.0.1 的 {first} 到 {last} 端口都被占用：请用 --port 指定一个空闲端口");
            Failure::new(
                Exit::Busy,
                zh,
                format!("ports {first} to {last} of 127.0.0.1 are all taken: name a free one by --port"),
            )
        }),
    }
}

/// 8080 for the demo at the usual SIP port, where it is free; any other port else, so that demos side by side never want the same one.
#[must_use]
pub fn web(sip: u16) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], WEB));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    if sip == PORT && TcpListener::bind(usual).is_ok() { usual } else { any }
}

/// A hundred ports from this one on, in another order for each SIP port: demos that start at the same time look at different ones first.
fn hundred(first: u16, sip: u16) -> impl Iterator<Item = u16> {
    (0..100).map(move |n| first + (n + sip % 100 + 30) % 100)
}

/// A UDP port for the media of pages, behind those of phones.
///
/// # Errors
/// None is free.
pub fn free_browsers(sip: u16) -> Result<u16, Failure> {
    let free = |port: &u16| UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], *port))).is_ok();
    hundred(18_000, sip).find(free).ok_or_else(|| {
        let zh = "127.0.0.1 的 18000 到 18099 上没有空闲的端口给网页话机";
        Failure::new(Exit::Busy, zh, "no port of 127.0.0.1 from 18000 to 18099 is free for telephones in pages")
    })
}

/// One port that is free on the address of every robot exchange.
///
/// # Errors
/// None is.
pub fn free_exchanges(sip: u16) -> Result<u16, Failure> {
    let free = |port: u16| {
        EXCHANGES.iter().all(|(last, ..)| UdpSocket::bind(SocketAddr::from(([127, 0, 0, *last], port))).is_ok())
    };
    hundred(5080, sip).find(|port| free(*port)).ok_or_else(|| {
        let zh = "127.0.0.20 到 127.0.0.40 上没有空闲的端口给演示用的外线";
        Failure::new(Exit::Busy, zh, "no port is free on 127.0.0.20 to 127.0.0.40 for the demo's trunks")
    })
}

fn random() -> Result<[u8; 32], Failure> {
    line::seed().map_err(|e| {
        Failure::new(Exit::Bad, format!("系统不给随机数：{e}"), format!("the system gives no randomness: {e}"))
    })
}

/// A password: 16 hexadecimal digits.
///
/// # Errors
/// The system gives no randomness.
pub fn secret() -> Result<String, Failure> {
    Ok(random()?.iter().take(8).map(|b| format!("{b:02x}")).collect())
}

/// A PIN: six digits.
///
/// # Errors
/// As [`secret`].
pub fn pin() -> Result<String, Failure> {
    Ok(random()?.iter().take(6).map(|b| char::from(b'0' + b % 10)).collect())
}

/// A seed short enough to be typed.
///
/// # Errors
/// As [`secret`].
pub fn seed() -> Result<u64, Failure> {
    Ok(random()?.iter().take(4).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
}

/// The configuration of this start.
#[must_use]
pub fn text(setting: &Setting) -> String {
    let Setting { sip, web, browsers, exchanges, token, plan, callers, .. } = setting;
    // A JSON string is a TOML one.
    let folder = Value::from(plan.to_string_lossy());
    // In a hall that is alive somebody always talks: the end does not wait for it.
    let (wrap_up, drain) = if *callers > 0 { (5, 1) } else { (2, 2) };
    // Browsers on the same machine take all of it for moments: no reason to refuse callers.
    // Links sign in by themselves: no second factor. The quota: nobody else keeps the recordings of robots from filling the disk.
    let mut text = format!(
        "[sip]\nlisten = [\"udp:{sip}\", \"tcp:{sip}\"]\nmax_calls = 200\nqueue_delay_ms = 200\n\n[media]\naddress = \"127.0.0.1\"\n\
         ports = \"16000-17999\"\nthreads = 1\nbrowser_port = {browsers}\n\n[plan]\nfolder = {folder}\n\n\
         [floor]\nring_time_s = 8\nwrap_up_s = {wrap_up}\n\n[admin]\nhttp = \"{web}\"\nhttp_token = \"{token}\"\n\n\
         [web]\nsecond_factor = []\n\n[recording]\nquota_gb = 2\n\n[drain]\nlimit_s = {drain}\n\n[log]\nlevel = \"warn\"\n\n[keys]\nspeed = {{ {} }}\n\n\
         [trunk.carrier]\ninbound = \"127.0.0.10\"\ntrusted = true\n\n\
         [trunk.secure]\ninbound = \"127.0.0.50\"\ntrusted = true\nsrtp = \"required\"\nsrtp_keys_in_clear = true\n",
        SPEED.map(|(key, number)| format!("{key} = \"{number}\"")).join(", "),
    );
    for (last, names, _) in EXCHANGES {
        for (name, inbound) in names.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            let _ = write!(text, "\n[trunk.\"{name}\"]\noutbound = \"127.0.0.{last}:{exchanges}\"\ntrusted = true\n");
            if inbound {
                let _ = writeln!(text, "inbound = \"127.0.0.{last}\"");
            }
        }
    }
    text.push_str(&seats(setting));
    text
}

fn seats(setting: &Setting) -> String {
    let Setting { secret, pin, .. } = setting;
    let seat =
        |numbers: &str, more: &str| format!("\n[[seats]]\nnumbers = \"{numbers}\"\npassword = \"{secret}\"\n{more}\n");
    let main = &format!("group = \"{MAIN}\"");
    let desks = desks(setting.callers);
    let mut text = [GUEST, &format!("{}-{}", FLOOD.0, FLOOD.1)].map(|numbers| seat(numbers, main)).concat();
    // Whoever sits in a page signs in himself.
    text.push_str(&seat(PAGES, &format!("{main}\nsign_in = \"manual\"")));
    text.push_str(&seat(guests::SUPERVISOR, &format!("supervises = [\"{MAIN}\"]\nsign_in = \"manual\"")));
    let agents = [guests::AGENTS.as_slice(), &[guests::SUPERVISOR]]
        .concat()
        .iter()
        .map(|person| format!("\"{person}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let _ = write!(text, "\n[[persons]]\nnumbers = [{agents}]\npin = \"{pin}\"\n");
    if desks.is_empty() {
        text.extend(ROBOTS.map(|numbers| seat(numbers, main)));
        return text;
    }
    for desk in desks {
        let sign_in = if desk.opens() { "on-register" } else { "manual" };
        text.push_str(&seat(&desk.seat, &format!("group = \"{}\"\nsign_in = \"{sign_in}\"", desk.group)));
        let persons = desk.persons().map(|person| format!("\"{person}\"")).join(", ");
        let _ = write!(text, "\n[[persons]]\nnumbers = [{persons}]\npin = \"{pin}\"\n");
    }
    text.push_str(&seat(supervisor::SEAT, &format!("supervises = [\"{MAIN}\"]")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn config(callers: u32) -> Config {
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans");
        let setting = Setting {
            sip: SocketAddr::from(([127, 0, 0, 1], 5070)),
            web: SocketAddr::from(([127, 0, 0, 1], 0)),
            browsers: 18_000,
            exchanges: 5080,
            secret: secret().map_err(|f| f.en).unwrap(),
            token: secret().map_err(|f| f.en).unwrap(),
            pin: pin().map_err(|f| f.en).unwrap(),
            callers,
            seed: 1,
            plan: if plan.is_dir() { plan } else { std::env::temp_dir() },
            state: PathBuf::new(),
        };
        assert!(setting.secret != setting.token && setting.pin.len() == 6);
        let config = Config::parse("demo", &text(&setting), Path::new("/"), &|_| None).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        config
    }

    #[test]
    fn its_configuration_is_a_valid_one_on_loopback_alone() {
        for callers in [0, 1, 12, 100] {
            let config = config(callers);
            assert!(config.sip.transports.listen.iter().all(|l| l.address.ip().is_loopback()));
            assert!(config.admin.http.is_some_and(|http| http.listen.ip().is_loopback()));
            let outbounds = config.trunks.values().filter_map(|t| t.outbound.as_ref());
            assert!(outbounds.flat_map(|o| o.addresses()).all(|at| at.ip().is_loopback()));
            assert_eq!(config.trunks.len(), 12);
            let supervisor = usize::from(callers > 0);
            let robots = desks(callers).len().max(ROBOTS.len());
            assert_eq!(config.seats.len(), 5 + 1 + 1 + 39 + robots + supervisor);
        }
    }

    #[test]
    fn a_hall_has_desks_in_every_group_and_leaves_the_users_seats_alone() {
        for callers in [1, 6, 12, 100] {
            let desks = desks(callers);
            let groups: BTreeSet<&str> = desks.iter().map(|desk| desk.group).collect();
            assert_eq!(groups.len(), 5);
            let main = desks.iter().filter(|desk| desk.group == "main").count();
            assert_eq!(main, (callers as usize * 6 / 10).max(3));
            let seats: BTreeSet<u32> = desks.iter().map(|desk| desk.seat.parse().unwrap()).collect();
            assert_eq!(seats.len(), desks.len());
            assert!(seats.iter().all(|seat| !(8004..=8050).contains(seat) && *seat < 8200), "{seats:?}");
        }
        assert_eq!(Desk { seat: "8101".into(), group: "main" }.persons(), ["8101", "9101"]);
    }
}
