//! The shipped plan with its prompts, and the lab's trunks and seats, as the tests' exchange has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use switchboard::call::{Pin, Snapshot};
use switchboard::dialplan::{Known, Plan, Source};
use switchboard::exchange::{
    CallbackSettings, FloorSettings, Outbound, PersonSettings, SeatSettings, Settings, SourceRule, TrunkSettings,
};
use switchboard::id::{AgentId, GroupId, PromptId, SeatId, TrunkId};
use switchboard::patch::Clip;
use switchboard::sip::auth::{Algorithm, Password};
use switchboard::sip::endpoint;
use switchboard::sip::flow::Transport;

/// The exchange's own address.
pub const EXCHANGE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5070);

/// The project's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The TOML files of a folder, as the dialplan takes them.
pub fn sources(folder: &Path) -> Vec<Source> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|p| Source {
            file: p.strip_prefix(root()).unwrap_or(&p).display().to_string(),
            text: fs::read_to_string(&p).unwrap().into(),
        })
        .collect()
}

fn prompts(folder: &Path, below: &str, found: &mut BTreeMap<PromptId, Clip>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            prompts(&path, &format!("{below}{name}/"), found);
        } else if path.extension().is_some_and(|e| e == "wav") {
            // Only the length matters in virtual time: two bytes a sample behind a header of 44.
            let samples = (fs::metadata(&path).unwrap().len() as usize).saturating_sub(44) / 2;
            let id = PromptId::from(format!("{below}{name}"));
            found.insert(id.clone(), Clip { name: id, alaw: vec![0xd5; samples].into() });
        }
    }
}

/// The shipped dialplan.
pub static SHIPPED: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
    let folder = root().join("dialplans");
    let mut clips = BTreeMap::new();
    prompts(&folder.join("prompts"), "", &mut clips);
    let names: BTreeSet<PromptId> = clips.keys().cloned().collect();
    let known = Known { prompts: Some(names), ..Known::default() };
    let plan = match Plan::load(&sources(&folder), &known) {
        Ok((plan, _)) => plan,
        Err(mistakes) => panic!("the shipped plan has mistakes: {mistakes:#?}"),
    };
    Arc::new(Snapshot { plan: Arc::new(plan), prompts: clips })
});

/// The shipped plan with each text changed, and the shipped prompts.
pub fn edited(change: impl Fn(&str) -> String) -> Arc<Snapshot> {
    let mut sources = sources(&root().join("dialplans"));
    sources.retain(|s| s.name() != "90-expect.toml");
    for source in &mut sources {
        source.text = change(&source.text).into();
    }
    match Plan::load(&sources, &Known::default()) {
        Ok((plan, _)) => Arc::new(Snapshot { plan: Arc::new(plan), prompts: SHIPPED.prompts.clone() }),
        Err(mistakes) => panic!("{}", switchboard::dialplan::render(&mistakes, &sources, Default::default(), false)),
    }
}

fn trunk(ip: [u8; 4], out: bool) -> TrunkSettings {
    TrunkSettings {
        inbound: vec![SourceRule { ip: ip.into(), bits: 32, port: None }],
        outbound: out.then(|| Outbound::to(Transport::Udp, SocketAddr::from((ip, 5060)))),
        trusted: true,
        ..TrunkSettings::default()
    }
}

/// The lab's trunks and seats (config/lab.toml), as values.
pub fn settings() -> Settings {
    let mut trunks = BTreeMap::from([(TrunkId::from("carrier"), trunk([127, 0, 0, 10], false))]);
    let named = ["branch.12366", "branch.12360", "branch.12313", "branch.12367", "branch.12305"];
    for (name, last) in named.into_iter().zip(20u8..) {
        trunks.insert(TrunkId::from(name), trunk([127, 0, 0, last], true));
    }
    for (name, last) in [("emergency-1", 30), ("emergency-2", 31), ("utility-power", 40)] {
        trunks.insert(TrunkId::from(name), trunk([127, 0, 0, last], true));
    }
    let mut seats = BTreeMap::new();
    let mut seat = |range: std::ops::RangeInclusive<u32>, group: &str| {
        for number in range {
            let settings = SeatSettings {
                // 8050 serves no queue.
                groups: (number != 8050).then(|| GroupId::from(group)).into_iter().collect(),
                // The supervisors' desks.
                supervises: (number == 8049 || number == 8050).then(|| GroupId::from("main")).into_iter().collect(),
                password: Password::Plain(format!("lab-{number}")),
                sign_in_on_register: true,
                srtp: switchboard::key::Srtp::default(),
                codecs: None,
            };
            seats.insert(SeatId::from(number.to_string()), settings);
        }
    };
    seat(8001..=8050, "main");
    seat(8051..=8054, "kept.12348");
    seat(8055..=8058, "kept.12328");
    Settings {
        overload: switchboard::exchange::Overload::default(),
        busy_prompt: Some("busy".into()),
        sip: endpoint::Settings::default(),
        door: None,
        trace: 0,
        realm: "12345".into(),
        algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
        nonce: 60_000_000,
        lockout: switchboard::sip::auth::lockout::Limits::default(),
        register: (30, 3600),
        listen: vec![(Transport::Udp, EXCHANGE)],
        trunks,
        seats,
        persons: (8001..=8099).map(person).collect(),
        breaks: ["小休", "用餐", "培训"].map(Into::into).to_vec(),
        callbacks: CallbackSettings { hours: (8 * 60, 21 * 60), tries: 3, every: 600_000_000, keep: 86_400_000_000 },
        floor: FloorSettings {
            no_answer_limit: 3,
            no_answer_rest: 120_000_000,
            hold_limit: 0,
            long_wrap_up: 120_000_000,
        },
        ring_time: Some(5_000_000),
        wrap_up: Some(0),
        state: String::new(),
        max_calls: 1000,
        record_default: switchboard::dialplan::Record::Always,
        legs_per_caller: 3,
        codes: switchboard::exchange::Codes::default(),
        link: None,
        // The talks of scenes are young; what the end of a young one means stands in `unserved`.
        early_hangup: 0,
        return_wait: 0,
        whisper: None,
    }
}

/// A person whose PIN is his number.
fn person(number: u32) -> (AgentId, PersonSettings) {
    let number = number.to_string();
    let settings = PersonSettings { pin: Pin::new(&number), ..PersonSettings::default() };
    (AgentId::from(number), settings)
}

/// Wall clock µs of a local moment in Fuzhou.
pub fn at(local: &str) -> i64 {
    let moment: jiff::civil::DateTime = local.parse().unwrap();
    moment.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).unwrap().timestamp().as_microsecond()
}
