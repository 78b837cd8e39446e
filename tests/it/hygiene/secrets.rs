//! Secrets in no `Debug` and no log, callers' numbers masked in it, and everything that is written its owner's alone.

use crate::cli::{Folder, binary};
use crate::support::city::{self, root};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use switchboard::config::Config;
use switchboard::sip::auth::{Password, client};
use switchboard::sip::name::Name;
use switchboard::sip::wire;

/// Recognisable wherever they turn up.
const SEAT: &str = "geheim-of-the-seat";
const TRUNK: &str = "geheim-of-the-trunk";
const TOKEN: &str = "geheim-of-the-api";
const KEY: &str = "feedfacecafebeef0123456789abcdeffeedfacecafebeef0123456789abcdef";
const HASH: &str = "deadbeefdeadbeefdeadbeefdeadbeef";
const CALLER: &str = "13912345678";

/// The key's first bytes as `{:?}` of a byte list would show them.
const BYTES: &str = "254, 237, 250, 206";

fn secrets() -> [&'static str; 6] {
    [SEAT, TRUNK, TOKEN, KEY, HASH, BYTES]
}

fn text(sip: SocketAddr, state: &Path) -> String {
    format!(
        "[sip]\nlisten = [\"udp:{sip}\"]\nmax_calls = 10\n[media]\nports = \"16000-16499\"\n[plan]\nfolder = {:?}\n\
         [store]\nfolder = {state:?}\n[admin]\nhttp = \"127.0.0.1:0\"\nhttp_token = \"{TOKEN}\"\n\
         [recording]\nencrypt = true\nkey_env = \"GEHEIM_KEY\"\n[drain]\nlimit_s = 1\n[log]\nlevel = \"trace\"\n\
         [trunk.carrier]\ninbound = \"127.0.0.10\"\n\
         [trunk.emergency-1]\ninbound = \"127.0.0.30\"\noutbound = \"127.0.0.30:5060\"\nauth_user = \"hub\"\nauth_password = \"{TRUNK}\"\n\
         [[seats]]\nnumbers = [\"8001\"]\ngroup = \"main\"\npassword = \"{SEAT}\"\n\
         [[seats]]\nnumbers = [\"8002\"]\ngroup = \"main\"\nha1 = \"{HASH}\"\n",
        root().join("dialplans")
    )
}

#[test]
fn no_settings_show_a_secret() {
    let folder = Folder::new();
    let text = text("127.0.0.1:5070".parse().unwrap(), &folder.0);
    let variable = |name: &str| (name == "GEHEIM_KEY").then(|| KEY.to_owned());
    let config = Config::parse("x.toml", &text, &folder.0, &variable).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    // They are there, and not shown.
    assert_eq!(config.admin.http.as_ref().map(|h| h.token.as_str()), Some(TOKEN));
    assert_eq!(config.seats.len(), 2);
    for shown in [format!("{config:?}"), format!("{config:#?}")] {
        let found: Vec<_> = secrets().into_iter().filter(|s| shown.to_ascii_lowercase().contains(s)).collect();
        assert!(found.is_empty(), "{found:?}");
        assert!(shown.contains("8001") && shown.contains("hub"), "it shows the rest");
    }
    let options = switchboard::daemon::Options { config, as_of: None, state: None, last_good: false };
    let exchange = city::settings();
    let login = client::Login::new(client::Credentials { user: "hub".into(), password: TRUNK.into() });
    let all = format!("{options:?} {exchange:?} {login:?} {:?}", Password::Plain(SEAT.into()));
    for secret in secrets().into_iter().chain(["lab-80"]) {
        assert!(!all.contains(secret), "{secret}");
    }
    // A mistake beside a secret does not repeat it.
    let wrong = text_with_mistakes(&text);
    let mistakes = Config::parse("x.toml", &wrong, &folder.0, &variable).unwrap_err();
    let told: String = mistakes.iter().map(|m| format!("{m} {m:?} {} {}", m.zh, m.en)).collect();
    assert!(secrets().iter().all(|s| !told.contains(s)), "{told}");
}

/// Values of the wrong kind and in the wrong place, all of them secret.
fn text_with_mistakes(text: &str) -> String {
    text.replace("auth_user = \"hub\"\n", "")
        .replace(&format!("password = \"{SEAT}\""), &format!("password = \"{SEAT}\"\nha1 = \"{HASH}\""))
        .replace(&format!("http_token = \"{TOKEN}\""), &format!("http_token = [\"{TOKEN}\"]"))
}

/// Every file and folder below.
fn walk(folder: &Path, found: &mut Vec<(String, u32, bool)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let of = fs::symlink_metadata(&path).unwrap();
        found.push((path.display().to_string(), of.permissions().mode() & 0o777, of.is_dir()));
        if of.is_dir() {
            walk(&path, found);
        }
    }
}

/// What comes back within two seconds.
fn asks(socket: &UdpSocket, to: SocketAddr, message: &str) -> Vec<u8> {
    socket.send_to(message.replace('\n', "\r\n").as_bytes(), to).unwrap();
    let mut bytes = vec![0; 65_536];
    let (length, _) = socket.recv_from(&mut bytes).expect("an answer");
    bytes.truncate(length);
    bytes
}

fn request(method: &str, from: &str, at: SocketAddr, step: u32, extra: &str, body: &str) -> String {
    let uri = if method == "REGISTER" { "sip:127.0.0.1" } else { "sip:12345@127.0.0.1" };
    format!(
        "{method} {uri} SIP/2.0\nVia: SIP/2.0/UDP {at};branch=z9hG4bK-{method}-{step};rport\nMax-Forwards: 70\n\
         From: <sip:{from}@127.0.0.1>;tag=1\nTo: <sip:{from}@127.0.0.1>\nCall-ID: {method}@{at}\nCSeq: {step} {method}\n\
         Contact: <sip:{from}@{at}>\n{extra}Content-Length: {}\n\n{body}",
        body.replace('\n', "\r\n").len()
    )
}

/// A phone that registers: the challenge, and the answer to it.
fn registers(sip: SocketAddr) {
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let at = phone.local_addr().unwrap();
    let challenged = wire::parse(asks(&phone, sip, &request("REGISTER", "8001", at, 1, "", "")).into()).unwrap();
    assert_eq!(challenged.status(), Some(401));
    let challenges: Vec<&[u8]> = challenged.values(Name::WwwAuthenticate).collect();
    let password = Password::Plain(SEAT.into());
    let from = client::From { user: "8001", password: &password };
    let answer = client::answer(&challenges, &from, b"REGISTER", "sip:127.0.0.1", "c", &mut client::Nonces::default());
    let extra = format!("Authorization: {}\n", answer.unwrap());
    let done = wire::parse(asks(&phone, sip, &request("REGISTER", "8001", at, 2, &extra, "")).into()).unwrap();
    assert_eq!(done.status(), Some(200));
}

/// A caller from the carrier.
fn calls(sip: SocketAddr) {
    let carrier = UdpSocket::bind("127.0.0.10:0").unwrap();
    carrier.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let at = carrier.local_addr().unwrap();
    let offer = "v=0\no=- 1 1 IN IP4 127.0.0.10\ns=-\nc=IN IP4 127.0.0.10\nt=0 0\nm=audio 40000 RTP/AVP 8\n";
    let ringing = asks(&carrier, sip, &request("INVITE", CALLER, at, 1, "Content-Type: application/sdp\n", offer));
    assert!(ringing.starts_with(b"SIP/2.0 1"), "{}", String::from_utf8_lossy(&ringing));
}

#[test]
fn the_daemon_tells_no_secret_masks_numbers_and_closes_its_files() {
    let folder = Folder::new();
    let state = folder.0.join("state");
    // As an earlier version left it, with an umask that lets others read.
    fs::create_dir_all(state.join("journal")).unwrap();
    fs::set_permissions(state.join("journal"), fs::Permissions::from_mode(0o755)).unwrap();
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = folder.write("switchboard.toml", &text(sip, &state));
    let log = fs::File::create(folder.0.join("log")).unwrap();
    let mut command = std::process::Command::new("sh");
    let program = binary();
    command.current_dir(root()).env_remove("RUST_LOG").env("NO_COLOR", "1").env("GEHEIM_KEY", KEY);
    command.args(["-c", "umask 0022; exec \"$0\" \"$@\""]).arg(program.get_program());
    command.args(["run", "--json", "--as-of", "2021-12-15T10:00", "--config"]).arg(config).stdin(Stdio::null());
    let mut daemon = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut ready = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let said = || fs::read_to_string(folder.0.join("log")).unwrap();
    assert!(ready.contains("\"ok\":true"), "{ready}{}", said());
    registers(sip);
    calls(sip);
    std::thread::sleep(Duration::from_millis(300));
    let mut found = Vec::new();
    walk(&state, &mut found);
    kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
    assert_eq!(daemon.wait().unwrap().code(), Some(0));
    walk(&state, &mut found);

    let open: Vec<_> = found.iter().filter(|(_, mode, dir)| *mode != if *dir { 0o700 } else { 0o600 }).collect();
    assert!(open.is_empty(), "{open:#?}");
    for name in ["journal/", "switchboard.db", "switchboard.sock", "plans/"] {
        assert!(found.iter().any(|(path, ..)| path.contains(name)), "{name}: {found:?}");
    }

    let said = said();
    assert!(secrets().iter().all(|s| !said.to_ascii_lowercase().contains(s)), "{said}");
    let loud = |line: &&str| [" INFO ", " WARN ", "ERROR "].iter().any(|level| line.contains(level));
    let shown: Vec<_> = said.lines().filter(loud).filter(|line| line.contains(CALLER)).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    assert!(said.contains("139****5678"), "the call is told, masked: {said}");
    assert!(said.lines().any(|line| line.contains("DEBUG")), "the log was as loud as it was asked to be");
}
