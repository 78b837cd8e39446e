//! The servers that are compared: how each is started, and ended by its own process number.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A kind of server.
pub struct Target {
    pub name: &'static str,
    /// Sound goes through it.
    pub relays: bool,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ours,
    Kamailio,
    KamailioRtpengine,
}

pub const TARGETS: [Target; 3] = [
    Target { name: "switchboard", relays: true, kind: Kind::Ours },
    Target { name: "Kamailio (proxy alone)", relays: false, kind: Kind::Kamailio },
    Target { name: "Kamailio + rtpengine", relays: true, kind: Kind::KamailioRtpengine },
];

/// One that runs.
pub struct Server {
    pub at: &'static str,
    children: Vec<Child>,
    folder: PathBuf,
}

impl Server {
    /// Starts it.
    pub fn start(target: &Target) -> Self {
        Self::altered(target, &[])
    }

    /// Starts it with some texts of our configuration replaced.
    pub fn altered(target: &Target, changes: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("switchboard-compare-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut children = Vec::new();
        let at = if target.kind == Kind::Ours { "127.0.0.1:15070" } else { "127.0.0.1:15170" };
        if target.kind == Kind::Ours {
            let config = folder.join("compare.toml");
            let changed = changes.iter().fold(ours(here, &folder), |text, (from, to)| {
                assert!(text.contains(from), "config/lab.toml has no {from}");
                text.replacen(from, to, 1)
            });
            fs::write(&config, changed).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
            command.args(["run", "--as-of", "2021-12-15T10:00", "--config"]).arg(config);
            children.push(spawn(command));
        } else {
            if target.kind == Kind::KamailioRtpengine {
                children.push(spawn(rtpengine()));
                sleep(Duration::from_millis(800));
            }
            children.push(spawn(kamailio(here, &folder, target.kind == Kind::KamailioRtpengine)));
        }
        sleep(Duration::from_millis(2_000));
        let mut server = Self { at, children, folder };
        for child in &mut server.children {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "{} did not start: {ended:?}", target.name);
        }
        server
    }

    /// Its processes; each counts with all that it has started.
    pub fn pids(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }

    /// The operators' socket of ours.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("sock")
    }

    /// Proportional set size of its processes, kB.
    pub fn pss_kb(&self) -> u64 {
        let of = |pid: u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
            let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap();
            line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        self.pids().into_iter().map(of).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let id = rustix::process::Pid::from_child(child);
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            for _ in 0..100 {
                if child.try_wait().is_ok_and(|ended| ended.is_some()) {
                    break;
                }
                sleep(Duration::from_millis(50));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
        sleep(Duration::from_millis(500));
    }
}

fn spawn(mut command: Command) -> Child {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The laboratory profile on other ports, unrecorded.
fn ours(here: &Path, folder: &Path) -> String {
    fs::read_to_string(here.join("config/lab.toml"))
        .unwrap()
        .replace(":5070", ":15070")
        .replace("127.0.0.20:5060", "127.0.0.20:15060")
        .replace("http = \"127.0.0.1:8080\"\nhttp_token = \"lab\"\n", "")
        .replace("../dialplans", here.join("dialplans").to_str().unwrap())
        .replace("[recording]\n", "[log]\nlevel = \"warn\"\n\n[recording]\ndefault = \"never\"\n")
        .replace("/tmp/switchboard-lab.sock", folder.join("sock").to_str().unwrap())
}

fn kamailio(here: &Path, folder: &Path, relay: bool) -> Command {
    let mut command = Command::new("kamailio");
    command.args(["-DD", "-m", "512", "-f"]).arg(here.join("benches/compare/kamailio.cfg"));
    command.arg("-P").arg(folder.join("kamailio.pid")).arg("-Y").arg(folder);
    if relay {
        command.args(["-A", "RELAY=1"]);
    }
    command
}

/// In user space, as it runs where its kernel module is not.
fn rtpengine() -> Command {
    let mut command = Command::new("rtpengine");
    command.args([
        "--foreground",
        "--log-stderr",
        "--table=-1",
        "--interface=127.0.0.1",
        "--listen-ng=127.0.0.1:12223",
    ]);
    command.args([
        "--port-min=40000",
        "--port-max=49998",
        "--num-threads=2",
        "--log-level=4",
        "--timeout=3600",
        "--delete-delay=0",
    ]);
    command
}
