//! `demo`: the whole on one machine and nothing outside it. Three robot seats, robot exchanges behind every trunk, a temporary state.
//!
//! No default password: each start draws its own. Emergency numbers lead to a robot with a tone and never leave the machine.

use super::exit::{Done, Exit, Failure};
use super::line::{Line, Place};
use super::robot::{self, Action};
use super::screen::Screen;
use super::voice::{Sound, Voice};
use super::{args::Global, call, line, moment, place, run};
use crate::config::{Config, Level};
use crate::daemon::{Options, Ready};
use crate::fact::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Where it listens unless that is taken: what `call` looks for.
const PORT: u16 = 5070;
/// Seats with a robot.
const ROBOTS: [&str; 3] = ["8001", "8002", "8003"];
/// The seat that is left for a phone of the user's own.
const GUEST: &str = "8010";
/// Seats that are left for load tests.
const FLOOD: (&str, &str) = ("8011", "8049");
/// Where a load test finds their password: first line the SIP address, then the first seat, then the password.
pub(super) const SEATS_FILE: &str = "flood-seats";
/// Pause between a robot's sentences, samples: 2 s.
const PAUSE: usize = 16_000;
/// Trunks by the last byte of their loopback address, and the tone that answers there, Hz.
const EXCHANGES: [(u8, &[&str], f64); 8] = [
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
struct Setting {
    sip: SocketAddr,
    /// Port of the robot exchanges.
    exchanges: u16,
    /// For every seat of this start.
    secret: String,
    plan: PathBuf,
    state: PathBuf,
}

/// Runs until SIGINT or SIGTERM.
pub(super) fn demo(global: &Global, as_of: i64, port: Option<u16>, screen: &Screen) -> Result<Done, Failure> {
    run::log(Level::Warn);
    let plan = global.dialplan.as_ref().map_or_else(place::shipped, |folder| place::existing(folder))?;
    let plan = fs::canonicalize(&plan).unwrap_or(plan);
    let sip = SocketAddr::from(([127, 0, 0, 1], choose(port)?));
    let state = State::make(sip.port())?;
    let setting = Setting { sip, exchanges: free_exchanges()?, secret: secret()?, plan, state: state.0.clone() };
    let config = Config::parse("demo", &text(&setting), Path::new("/"), &|_| None).map_err(|m| place::wrong(&m))?;
    let voices = ROBOTS.iter().zip(1..).map(|(_, n)| voice(&setting.plan, n)).collect::<Result<Vec<_>, _>>()?;
    let options = Options { config, as_of: Some(as_of), state: Some(setting.state.clone()), last_good: false };
    let (stop, stopped) = watch::channel(false);
    let mut robots: Option<JoinHandle<()>> = None;
    let shown = *screen;
    leave_seats(&setting).map_err(|e| {
        let at = setting.state.display();
        Failure::new(Exit::Bad, format!("无法写入 {at}：{e}"), format!("{at} cannot be written: {e}"))
    })?;
    let done = run::start(options, |ready| {
        shown.say(&welcome(&setting, as_of, shown.lang), || document(ready, &setting));
        robots = Some(std::thread::spawn(move || run_robots(&setting, &voices, &stopped, shown)));
    });
    // The daemon has ended, or never began: without listeners there is nobody to tell.
    let _ = stop.send(true);
    if robots.is_some_and(|thread| thread.join().is_err()) {
        tracing::error!("a robot stopped in disorder");
    }
    done
}

fn voice(plan: &Path, number: u32) -> Result<Arc<[u8]>, Failure> {
    let path = plan.join(format!("prompts/robot/{number}.wav"));
    call::read_wav(&path).map(Arc::from).map_err(|failure| Failure { exit: Exit::Config as u8, ..failure })
}

/// The wanted port, or the first free one from 5070 on.
fn choose(port: Option<u16>) -> Result<u16, Failure> {
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

/// One port that is free on the address of every robot exchange.
fn free_exchanges() -> Result<u16, Failure> {
    let free = |port: u16| {
        EXCHANGES.iter().all(|(last, ..)| UdpSocket::bind(SocketAddr::from(([127, 0, 0, *last], port))).is_ok())
    };
    (5080..5180).find(|port| free(*port)).ok_or_else(|| {
        let zh = "127.0.0.20 到 127.0.0.40 上没有空闲的端口给演示用的外线";
        Failure::new(Exit::Busy, zh, "no port is free on 127.0.0.20 to 127.0.0.40 for the demo's trunks")
    })
}

fn secret() -> Result<String, Failure> {
    let seed = line::seed().map_err(|e| {
        Failure::new(Exit::Bad, format!("系统不给随机数：{e}"), format!("the system gives no randomness: {e}"))
    })?;
    Ok(seed.iter().take(8).map(|b| format!("{b:02x}")).collect())
}

/// The state folder: ours alone, and gone in the end.
struct State(PathBuf);

impl State {
    fn make(port: u16) -> Result<Self, Failure> {
        let usual = place::demo_state();
        let folder = if port == PORT { usual } else { usual.with_extension(port.to_string()) };
        let at = folder.display().to_string();
        let failed =
            |e: io::Error| Failure::new(Exit::Bad, format!("无法使用 {at}：{e}"), format!("{at} cannot be used: {e}"));
        match fs::symlink_metadata(&folder) {
            // What a killed demo left. Another user's is not touched.
            Ok(found) if found.is_dir() && found.uid() == rustix::process::getuid().as_raw() => {
                if std::os::unix::net::UnixStream::connect(folder.join("switchboard.sock")).is_ok() {
                    let zh = format!("另一个演示正在 {at} 运行");
                    return Err(Failure::new(Exit::Busy, zh, format!("another demo runs in {at}")));
                }
                fs::remove_dir_all(&folder).map_err(failed)?;
            }
            Ok(_) => return Err(failed(io::ErrorKind::PermissionDenied.into())),
            Err(_) => {}
        }
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        Ok(Self(folder))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Left behind on failure: it is below the system's temporary folder, and the next demo clears it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The configuration of this start.
fn text(setting: &Setting) -> String {
    let Setting { sip, exchanges, secret, plan, .. } = setting;
    // A JSON string is a TOML one.
    let folder = Value::from(plan.to_string_lossy());
    let mut text = format!(
        "[sip]\nlisten = [\"udp:{sip}\", \"tcp:{sip}\"]\nmax_calls = 200\n\n[media]\naddress = \"127.0.0.1\"\n\
         ports = \"16000-17999\"\nthreads = 1\n\n[plan]\nfolder = {folder}\n\n[floor]\nring_time_s = 8\nwrap_up_s = 2\n\n\
         [drain]\nlimit_s = 2\n\n[log]\nlevel = \"warn\"\n\n[trunk.carrier]\ninbound = \"127.0.0.10\"\ntrusted = true\n"
    );
    for (last, names, _) in EXCHANGES {
        for (name, inbound) in names.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            let _ = write!(text, "\n[trunk.\"{name}\"]\noutbound = \"127.0.0.{last}:{exchanges}\"\ntrusted = true\n");
            if inbound {
                let _ = writeln!(text, "inbound = \"127.0.0.{last}\"");
            }
        }
    }
    for seat in ROBOTS.iter().chain([&GUEST]) {
        let _ = write!(text, "\n[[seats]]\nnumbers = \"{seat}\"\ngroup = \"main\"\npassword = \"{secret}\"\n");
    }
    let _ =
        write!(text, "\n[[seats]]\nnumbers = \"{}-{}\"\ngroup = \"main\"\npassword = \"{secret}\"\n", FLOOD.0, FLOOD.1);
    text
}

/// Tells load tests of this user which seats they may have.
fn leave_seats(setting: &Setting) -> io::Result<()> {
    let text = format!("{}\n{}\n{}\n", setting.sip, FLOOD.0, setting.secret);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(setting.state.join(SEATS_FILE))?;
    file.write_all(text.as_bytes())
}

/// The robots' thread.
fn run_robots(setting: &Setting, voices: &[Arc<[u8]>], stopped: &watch::Receiver<bool>, screen: Screen) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "no robots"),
    };
    let local = tokio::task::LocalSet::new();
    for (seat, clip) in ROBOTS.iter().zip(voices) {
        let place = Place {
            user: (*seat).to_owned(),
            password: Some(setting.secret.clone()),
            local: SocketAddr::from(([127, 0, 0, 1], 0)),
            server: setting.sip,
        };
        let sound = Sound::Clip(clip.clone(), PAUSE);
        local.spawn_local(one(place, sound, true, stopped.clone(), screen));
    }
    for (last, names, hertz) in EXCHANGES {
        let user = names.first().map_or("exchange", |n| n).to_owned();
        let local_address = SocketAddr::from(([127, 0, 0, last], setting.exchanges));
        let place = Place { user, password: None, local: local_address, server: setting.sip };
        local.spawn_local(one(place, Sound::Tone(hertz), false, stopped.clone(), screen));
    }
    runtime.block_on(local);
}

async fn one(place: Place, sound: Sound, registers: bool, stopped: watch::Receiver<bool>, screen: Screen) {
    let name = place.user.clone();
    let ssrc = line::seed().ok().and_then(|s| s.first_chunk().copied()).map_or(1, u32::from_le_bytes);
    match Line::open(place, Voice::new(sound, ssrc)).await {
        Ok(line) => robot::run(line, registers, stopped, |action| tell(&name, action, screen)).await,
        Err(error) => tracing::error!(%name, %error, "a robot has no line"),
    }
}

fn tell(name: &str, action: Action, screen: Screen) {
    let text = match action {
        Action::Registered => return,
        Action::Refused(status) => format!("{} {status}", screen.lang.of("注册被拒", "registration refused")),
        Action::Rings => screen.lang.of("振铃", "rings").to_owned(),
        Action::Answers => screen.lang.of("应答", "answers").to_owned(),
        Action::Over => screen.lang.of("结束", "over").to_owned(),
    };
    screen.line(&format!("  {name}  {text}"));
}

fn document(ready: &Ready, setting: &Setting) -> Value {
    let mut document = run::document(ready);
    if let Some(fields) = document.as_object_mut() {
        fields.insert("robots".into(), json!(ROBOTS));
        fields.insert("guest".into(), json!({ "seat": GUEST, "password": setting.secret }));
    }
    document
}

fn welcome(setting: &Setting, as_of: i64, lang: Lang) -> String {
    let (sip, secret) = (setting.sip, &setting.secret);
    let program = std::env::args().next().unwrap_or_else(|| "switchboard".into());
    let at = if sip.port() == PORT { String::new() } else { format!(" --at {sip}") };
    let to = if sip.port() == PORT { String::new() } else { format!(" --to {sip}") };
    let clock = moment::shown(as_of);
    match lang {
        Lang::Zh => format!(
            "演示已就绪：福州 12345，时钟从 {clock} 走起，一切只在本机\n\
             SIP {sip}（UDP、TCP），三个会说话的机器坐席：8001 8002 8003\n\n\
             在另一个终端里试试：\n\
             \x20 {program} call 12345 --out a.wav{at}     坐席接听\n\
             \x20 {program} call 12333 --out a.wav{at}     过渡期：先放提示音，再由坐席接听\n\
             \x20 {program} call 12318 --out a.wav{at}     已取消的号码：播提示，410\n\
             \x20 {program} call 12366{at}                 分中心（单音代替）\n\
             \x20 {program} call 119{at}                   紧急号码（单音代替，不会拨出本机）\n\
             \x20 {program} flood 12345 --rate 20 --for 30s --talk 2s --seats 39{to}   压力测试\n\
             \x20 {program} dialplan why 12333 --at 2022-03-01\n\
             \x20 {program} status    calls ls    seats ls    trunks ls\n\n\
             用自己的 SIP 话机：账号 {GUEST}@{sip}，口令 {secret}（只在这一次有效），拨 12345\n\
             Ctrl-C 结束，数据随之删除\n\n"
        ),
        Lang::En => format!(
            "The demo is ready: Fuzhou's 12345, its clock runs on from {clock}; nothing leaves this machine\n\
             SIP {sip} (UDP, TCP), three robot seats that talk: 8001 8002 8003\n\n\
             Try in another terminal:\n\
             \x20 {program} call 12345 --out a.wav{at}     a seat answers\n\
             \x20 {program} call 12333 --out a.wav{at}     in transition: its prompt, then a seat\n\
             \x20 {program} call 12318 --out a.wav{at}     a cancelled number: an announcement, 410\n\
             \x20 {program} call 12366{at}                 a sub-centre (a tone stands for it)\n\
             \x20 {program} call 119{at}                   emergency (a tone stands for it; nothing leaves this machine)\n\
             \x20 {program} flood 12345 --rate 20 --for 30s --talk 2s --seats 39{to}   a load test\n\
             \x20 {program} dialplan why 12333 --at 2022-03-01\n\
             \x20 {program} status    calls ls    seats ls    trunks ls\n\n\
             With a SIP phone of your own: account {GUEST}@{sip}, password {secret} (for this once), dial 12345\n\
             Ctrl-C ends it and removes its state\n\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_configuration_is_a_valid_one_on_loopback_alone() {
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans");
        let setting = Setting {
            sip: SocketAddr::from(([127, 0, 0, 1], 5070)),
            exchanges: 5080,
            secret: secret().map_err(|f| f.en).unwrap(),
            plan: if plan.is_dir() { plan } else { std::env::temp_dir() },
            state: PathBuf::new(),
        };
        let config = Config::parse("demo", &text(&setting), Path::new("/"), &|_| None).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        assert!(config.sip.transports.listen.iter().all(|l| l.address.ip().is_loopback()));
        let outbounds = config.trunks.values().filter_map(|t| t.outbound.as_ref());
        assert!(outbounds.flat_map(|o| o.addresses()).all(|at| at.ip().is_loopback()));
        assert_eq!((config.seats.len(), config.trunks.len()), (43, 11));
        assert_ne!(secret().map_err(|f| f.en).unwrap(), setting.secret);
    }
}
