//! The command line as a person or a script meets it: the real binary, its words and its exit codes.
#![cfg(test)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of one test, gone with it.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("switchboard-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.current_dir(root()).env_remove("SWITCHBOARD_CONFIG").env_remove("RUST_LOG").env("NO_COLOR", "1");
    command
}

pub(super) fn switchboard(arguments: &[&str]) -> Output {
    binary().args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(super) fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// The one document of `--json`: exactly one line, and it is JSON.
pub(super) fn document(output: &Output) -> Value {
    let text = out(output);
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// A configuration on loopback that listens on `sip`.
fn config(folder: &Folder, sip: SocketAddr) -> PathBuf {
    let plan = root().join("dialplans");
    let text = format!(
        "[sip]\nlisten = [\"udp:{sip}\"]\nmax_calls = 10\n[media]\nports = \"18000-18999\"\n[plan]\nfolder = {plan:?}\n\
         [store]\ntemporary = true\n[trunk.carrier]\ninbound = \"127.0.0.10\"\n"
    );
    folder.write("switchboard.toml", &text)
}

#[test]
fn the_shipped_dialplan_is_found_right() {
    let output = switchboard(&["dialplan", "check", "dialplans", "--lang", "en"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    assert!(out(&output).contains("dialplans: no error"), "{}", out(&output));
}

#[test]
fn a_broken_dialplan_is_told_with_file_and_line_and_exit_78() {
    let folder = Folder::new();
    folder.write("10-broken.toml", "[hotline.12333]\ntitel = \"x\"\n");
    let at = folder.0.to_str().unwrap();
    let output = switchboard(&["dialplan", "check", at, "--lang", "en"]);
    assert_eq!(code(&output), Some(78));
    assert!(err(&output).contains("10-broken.toml:2:1"), "{}", err(&output));
    assert_eq!(out(&output), "");

    let output = switchboard(&["dialplan", "check", at, "--json"]);
    let document = document(&output);
    assert_eq!((code(&output), &document["ok"], &document["exit"]), (Some(78), &false.into(), &78.into()));
    let details = document["details"].as_array().unwrap();
    let unknown = details.iter().find(|d| d["code"] == "DP003").unwrap();
    assert_eq!((&unknown["line"], &unknown["column"]), (&2.into(), &1.into()));
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_one_sentence() {
    let folder = Folder::new();
    let nowhere = folder.0.join("nowhere");
    for at in [&nowhere, &folder.0] {
        let output = switchboard(&["dialplan", "check", at.to_str().unwrap()]);
        assert_eq!((code(&output), err(&output).lines().count()), (Some(78), 1), "{}", err(&output));
    }
}

#[test]
fn why_says_what_happens_and_where_that_is_written() {
    let output = switchboard(&["dialplan", "why", "12333", "--at", "2022-01-15T03:00", "--lang", "zh"]);
    assert_eq!(code(&output), Some(0));
    insta::assert_snapshot!(out(&output), @r"
    12333 人力资源社会保障 · 整体并入 · 过渡期第 47 天（2022-02-28 止）
      1 放提示音 transition/12333.wav            dialplans/10-merged.toml:7
      2 进入坐席组 main，技能 社保               dialplans/10-merged.toml:8
      2022-03-01 起：播“号码已取消，请拨 12345”，410 + Q.850 cause 22
    ");
    let output = switchboard(&["dialplan", "why", "13800138000", "--json"]);
    let document = document(&output);
    assert_eq!((code(&output), &document["result"]["status"]), (Some(1), &404.into()));
}

#[test]
fn numbers_stand_in_their_state_of_a_date() {
    let state = |at: &str| {
        let output = switchboard(&["numbers", "ls", "--at", at, "--json"]);
        let document = document(&output);
        let rows = document["result"]["numbers"].as_array().unwrap().clone();
        rows.iter().find(|r| r["number"] == "12333").unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!([state("2021-12-15"), state("2022-03-01")], ["transition:16", "cancelled"]);
}

#[test]
fn why_answers_for_one_side_and_timeline_and_duties_answer_by_their_exit_code() {
    let why = |words: &[&str]| switchboard(&[&["dialplan", "why"], words, &["--json"]].concat());
    let seats_only = why(&["95598", "--trunk", "carrier"]);
    assert_eq!((code(&seats_only), &document(&seats_only)["result"]["reason"]), (Some(1), &"seats_only".into()));
    assert_eq!(code(&why(&["95598", "--seat", "8001"])), Some(0));
    assert_eq!(code(&why(&["95598", "--trunk", "nope"])), Some(2));
    let all = document(&why(&["12348", "--seats", "0", "--trunk", "carrier", "--from", "13900000001"]));
    let result = &all["result"];
    assert_eq!(
        (&result["steps"][0]["visit"]["meets"], &result["trunk"]["trunk"]),
        (&"nobody".into(), &"carrier".into())
    );
    let main = &result["steps"][1]["visit"];
    assert_eq!((&main["meets"], &main["overflow"][1]["step"]), (&"waits".into(), &"release:486".into()));
    assert!(result["counted"]["province"] == false && result["steps"][0]["place"].is_string(), "{result}");

    let timeline = |number: &str| switchboard(&["dialplan", "timeline", number, "--at", "2022-01-15", "--json"]);
    let life = timeline("12333");
    let (states, exit) = (document(&life)["result"]["periods"].clone(), code(&life));
    let states: Vec<_> = states.as_array().unwrap().iter().map(|p| (p["state"].clone(), p["now"].clone())).collect();
    let state = |word: &str, now: bool| (Value::from(word), Value::from(now));
    assert_eq!(states, [state("before", false), state("transition", true), state("cancelled", false)]);
    assert_eq!((exit, code(&timeline("12400"))), (Some(0), Some(1)));

    // The city's own annex demands a data feed and a knowledge base, which the plan declares and nothing serves.
    let output = switchboard(&["dialplan", "duties"]);
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("项已声明、未提供，0 项未达到"), "{}", out(&output));
    assert!(out(&output).contains("○ 数据实时归集：已声明，未提供"), "{}", out(&output));
    let all = document(&switchboard(&["dialplan", "duties", "--json"]));
    let sum = |key: &str| all["result"][key].as_u64().unwrap();
    assert_eq!(sum("demands"), sum("met") + sum("declared") + sum("not_met"));
    assert!(sum("declared") > 0 && sum("not_met") == 0, "{all}");
    let folder = Folder::new();
    let annex = fs::read_to_string(root().join("src/dialplan/annex.toml")).unwrap();
    let more =
        "[[row]]\nnumber = \"12399\"\nowner = \"x\"\nclass = \"branch\"\ndemands = [\"number-kept\"]\ntext = \"x\"\n";
    let served = "title = \"x\"\nissued = 2021-11-08\ndeadline = 2021-11-30\nmonths = 3\n[[row]]\nnumber = \"12348\"\n\
                  owner = \"市司法局\"\nclass = \"parallel\"\ndemands = [\"number-kept\", \"link\"]\ntext = \"x\"\n";
    let served = folder.write("served.toml", served);
    assert_eq!(code(&switchboard(&["dialplan", "duties", "--annex", served.to_str().unwrap()])), Some(0));
    let longer = folder.write("annex.toml", &format!("{annex}\n{more}"));
    let output = switchboard(&["dialplan", "duties", "--annex", longer.to_str().unwrap(), "--lang", "en"]);
    assert_eq!(code(&output), Some(1));
    assert!(out(&output).contains("✗ 12399 number kept: the plan has no such number"), "{}", out(&output));
    let broken = folder.write("broken.toml", "title = 1\n");
    let output = switchboard(&["dialplan", "duties", "--annex", broken.to_str().unwrap()]);
    assert_eq!(code(&output), Some(78), "{}", err(&output));
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let folder = Folder::new();
    let at = folder.0.join("man1");
    let output = switchboard(&["man", "--out", at.to_str().unwrap()]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    assert!(fs::read_to_string(at.join("switchboard-dialplan-why.1")).unwrap().contains("dialplan why 12348"));
    assert!(out(&switchboard(&["completions", "bash"])).contains("timeline"));
    assert_eq!(code(&switchboard(&["completions", "tcsh"])), Some(2));
}

/// A `cargo` that builds nothing: it says that the program is there, as the real one would, and runs it when asked to.
fn cargo(folder: &Folder, program: &str) -> PathBuf {
    let script = format!(
        "#!/bin/sh\ncase $1 in\n\
         build) echo '{{\"reason\":\"compiler-artifact\",\"filenames\":[\"x\"],\"executable\":null}}'\n\
         echo '{{\"reason\":\"compiler-artifact\",\"executable\":\"{program}\",\"fresh\":true}}'\n\
         echo '{{\"reason\":\"build-finished\",\"success\":true}}' ;;\n\
         run) shift; while [ $1 != -- ]; do shift; done; shift; exec {program} $* ;;\nesac\n"
    );
    executable(folder.write("cargo", &script))
}

fn executable(path: PathBuf) -> PathBuf {
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn make(at: &Path, goal: &str, cargo: &Path, destination: &Path) -> Output {
    let mut make = Command::new("make");
    make.current_dir(at).args([goal, "PREFIX=/usr/local"]);
    // Run by another make it would say which folder it enters.
    for said in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] {
        make.env_remove(said);
    }
    make.arg(format!("CARGO={}", cargo.display())).arg(format!("DESTDIR={}", destination.display()));
    make.output().unwrap()
}

/// Cargo's target folder may be set anywhere, and what lies in `target/` be of last year.
#[test]
fn make_takes_the_program_from_where_cargo_put_it() {
    let (here, there) = (Folder::new(), Folder::new());
    let contrib = ["contrib/switchboard.service", "contrib/switchboard.sysusers"];
    for below in ["Makefile", ".ci/need", ".ci/built", "config/minimal.toml"].into_iter().chain(contrib) {
        let to = here.0.join(below);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(root().join(below), to).unwrap();
    }
    fs::create_dir_all(here.0.join("dialplans")).unwrap();
    for kind in ["debug", "release"] {
        fs::create_dir_all(here.0.join("target").join(kind)).unwrap();
        executable(here.write(&format!("target/{kind}/switchboard"), "#!/bin/sh\necho old $*\n"));
    }
    let built = executable(there.write("switchboard", "#!/bin/sh\necho new $*\n"));
    let cargo = cargo(&there, built.to_str().unwrap());

    let made = make(&here.0, "install", &cargo, &there.0);
    assert_eq!(code(&made), Some(0), "{}", err(&made));
    let installed = fs::read_to_string(there.0.join("usr/local/bin/switchboard")).unwrap();
    assert_eq!(installed, fs::read_to_string(&built).unwrap());
    let completions = there.0.join("usr/local/share/bash-completion/completions/switchboard");
    assert_eq!(fs::read_to_string(completions).unwrap(), "new completions bash\n");
    let unit = fs::read_to_string(there.0.join("usr/local/lib/systemd/system/switchboard.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/local/bin/switchboard run "), "{unit}");
    assert!(there.0.join("usr/local/lib/sysusers.d/switchboard.conf").is_file());

    let shown = make(&here.0, "demo", &cargo, &there.0);
    assert_eq!((code(&shown), out(&shown).trim()), (Some(0), "new demo --callers 12"), "{}", err(&shown));

    // A cargo that says nothing of a program: a sentence, and nothing is installed.
    let silent = executable(there.write("silent", "#!/bin/sh\n"));
    let made = make(&here.0, "install", &silent, &there.0.join("nowhere"));
    assert!(code(&made) != Some(0) && err(&made).contains("cargo did not say where"), "{}", err(&made));
    assert!(!there.0.join("nowhere").exists());
}

#[test]
fn what_is_installed_finds_its_dialplan_from_anywhere() {
    let folder = Folder::new();
    let cargo = cargo(&folder, env!("CARGO_BIN_EXE_switchboard"));
    let made = make(root(), "install", &cargo, &folder.0);
    assert_eq!(code(&made), Some(0), "{}", err(&made));
    let installed = |below: &str| folder.0.join("usr/local").join(below);
    for below in [
        "share/man/man1/switchboard-dialplan-duties.1",
        "share/bash-completion/completions/switchboard",
        "share/zsh/site-functions/_switchboard",
        "share/switchboard/config/minimal.toml",
        "share/switchboard/dialplans/prompts/waiting.wav",
    ] {
        assert!(fs::metadata(installed(below)).unwrap().len() > 0, "{below}");
    }
    let mut check = Command::new(installed("bin/switchboard"));
    check.current_dir(&folder.0).env_remove("SWITCHBOARD_CONFIG").args(["dialplan", "check", "--lang", "en"]);
    let checked = check.output().unwrap();
    assert_eq!(code(&checked), Some(0), "{}", err(&checked));
    assert!(out(&checked).contains("share/switchboard/dialplans: no error"), "{}", out(&checked));
}

#[test]
fn without_the_daemons_secrets_its_own_plan_is_looked_at_and_doctor_goes_on() {
    let folder = Folder::new();
    let plan = folder.0.join("ours");
    fs::create_dir(&plan).unwrap();
    fs::write(plan.join("plan.toml"), "nonsense = true\n").unwrap();
    let text = format!(
        "[sip]\nlisten = [\"udp:127.0.0.1:25099\"]\n[plan]\nfolder = {plan:?}\n[store]\ntemporary = true\n\
         [admin]\nhttp = \"127.0.0.1:25098\"\nhttp_token_env = \"NOT_SET_HERE\"\n[recording]\nencrypt = true\n\
         [trunk.carrier]\ninbound = \"127.0.0.10\"\n"
    );
    folder.write("switchboard.toml", &text);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
        command.current_dir(&folder.0).env_remove("SWITCHBOARD_CONFIG").args(arguments).args(["--lang", "en"]);
        command.output().unwrap()
    };
    let checked = run(&["dialplan", "check"]);
    assert_eq!(code(&checked), Some(78), "{}{}", out(&checked), err(&checked));
    assert!(err(&checked).contains("ours"), "not the plan of the configuration: {}", err(&checked));
    let doctor = run(&["doctor"]);
    let said = out(&doctor) + &err(&doctor);
    assert_eq!(code(&doctor), Some(78), "{said}");
    assert!(said.contains("NOT_SET_HERE is not set"), "{said}");
    assert!(said.contains("udp:127.0.0.1:25099"), "{said}");
    // What has another mistake leads nowhere, rather than to the plan beside the program.
    folder.write("switchboard.toml", &format!("{text}[sipp]\nx = 1\n"));
    let checked = run(&["dialplan", "check"]);
    assert_eq!(code(&checked), Some(78), "{}{}", out(&checked), err(&checked));
    assert!(err(&checked).contains("switchboard.toml"), "{}", err(&checked));
}

#[test]
fn usage_is_exit_2_and_help_is_not() {
    for wrong in [&["nope"][..], &[], &["run", "--as-of", "tomorrow"], &["call"], &["calls", "show", "x"]] {
        assert_eq!(code(&switchboard(wrong)), Some(2), "{wrong:?}");
    }
    let output = switchboard(&["nope", "--json"]);
    assert_eq!((code(&output), &document(&output)["exit"]), (Some(2), &2.into()));
    assert_eq!(code(&switchboard(&["--help"])), Some(0));
    assert_eq!(code(&switchboard(&["--version"])), Some(0));
}

#[test]
fn a_code_is_explained_and_an_unknown_one_is_usage() {
    let output = switchboard(&["explain", "dp030", "--lang", "en"]);
    assert!(code(&output) == Some(0) && out(&output).contains("emergency"), "{}", out(&output));
    assert_eq!(code(&switchboard(&["explain", "DP999"])), Some(2));
}

#[test]
fn without_a_daemon_a_question_is_exit_69_in_the_language_asked() {
    let folder = Folder::new();
    let socket = folder.0.join("none.sock");
    let socket = socket.to_str().unwrap();
    for words in [&["status"][..], &["seats", "ls"], &["trunks", "ls"], &["calls", "hangup", "5bhd7pq5c01"]] {
        let output = switchboard(&[words, &["--socket", socket, "--lang", "en"]].concat());
        assert_eq!(code(&output), Some(69), "{words:?}");
        assert!(err(&output).starts_with("error: no switchboard runs at "), "{}", err(&output));
    }
    let output = switchboard(&["status", "--socket", socket, "--json"]);
    assert_eq!((code(&output), &document(&output)["exit"]), (Some(69), &69.into()));
    let output = switchboard(&["status", "--socket", socket, "--lang", "zh"]);
    assert!(err(&output).starts_with("错误：交换机没有运行"), "{}", err(&output));
}

#[test]
fn a_call_to_nobody_is_exit_69() {
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = switchboard(&["call", "12345", "--at", &free, "--seconds", "3", "--lang", "en"]);
    assert_eq!(code(&output), Some(69), "{}", err(&output));
}

#[test]
fn a_port_in_use_is_exit_75_and_one_sentence() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let folder = Folder::new();
    let config = config(&folder, taken.local_addr().unwrap());
    let output = switchboard(&["run", "--config", config.to_str().unwrap(), "--json"]);
    let document = document(&output);
    assert_eq!(code(&output), Some(75), "{document}");
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(document["error"]["zh"].as_str().unwrap().contains(&port), "{document}");
}

#[test]
fn a_broken_configuration_is_exit_78_with_every_mistake() {
    let folder = Folder::new();
    let config = folder.write("switchboard.toml", "[sip]\nlisten = [\"udp:here\"]\n\n[nonsense]\n");
    for command in ["run", "doctor"] {
        let output = switchboard(&[command, "--config", config.to_str().unwrap(), "--lang", "en"]);
        assert_eq!(code(&output), Some(78), "{command}");
        let text = err(&output);
        assert!(text.contains("switchboard.toml:2:") && text.contains("switchboard.toml:4:"), "{text}");
    }
}

#[test]
fn the_doctor_finds_a_good_machine_good_and_a_taken_port_bad() {
    let folder = Folder::new();
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = config(&folder, free);
    let output = switchboard(&["doctor", "--config", path.to_str().unwrap(), "--json"]);
    assert_eq!(code(&output), Some(0), "{}", out(&output));
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let path = config(&folder, taken.local_addr().unwrap());
    let output = switchboard(&["doctor", "--config", path.to_str().unwrap(), "--json"]);
    assert_eq!(code(&output), Some(1), "{}", out(&output));
}

/// A demo that runs, and ends with the test.
pub(super) struct Demo {
    child: Child,
    /// What it printed when it was ready.
    pub(super) ready: Value,
    address: String,
}

impl Demo {
    pub(super) fn start(more: &[&str]) -> Self {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = binary();
        command.args(["demo", "--json", "--port", &port.to_string()]).args(more).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        Self { child, ready: document["result"].clone(), address: format!("127.0.0.1:{port}") }
    }

    pub(super) fn ask(&self, words: &[&str]) -> Value {
        let (socket, state) = (self.ready["admin"].as_str().unwrap(), self.ready["state"].as_str().unwrap());
        document(&switchboard(&[words, &["--socket", socket, "--state", state, "--json"]].concat()))["result"].clone()
    }

    /// Waits, half a minute at most, until the daemon answers so.
    fn until(&self, words: &[&str], good: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..300 {
            let answer = self.ask(words);
            if good(&answer) {
                return answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("{words:?} never came true: {}", self.ask(words));
    }

    /// Its exit code.
    pub(super) fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_demo_answers_a_call_and_leaves_nothing_behind() {
    let demo = Demo::start(&[]);
    let folder = Folder::new();
    demo.until(&["status"], |status| status["seats_ready"] == 3);
    let wav = folder.0.join("a.wav");
    let cancelled = std::thread::spawn({
        let at = demo.address.clone();
        move || switchboard(&["call", "12318", "--at", &at, "--expect", "410", "--expect", "prompt:cancelled/12318"])
    });
    let words = ["call", "12345", "--at", &demo.address, "--seconds", "8", "--json", "--expect", "200", "--dtmf", "1#"];
    let output = switchboard(&[&words[..], &["--out", wav.to_str().unwrap()]].concat());
    let call = document(&output);
    assert_eq!(code(&output), Some(0), "{call}");
    assert_eq!((&call["result"]["status"], &call["result"]["unreadable"]), (&200.into(), &0.into()));
    let pieces = call["result"]["heard"]["pieces"].as_array().unwrap();
    assert!(pieces.iter().any(|p| p["kind"] == "voice"), "the robot was not heard: {call}");
    assert!(fs::metadata(&wav).unwrap().len() > 60_000);
    let cancelled = cancelled.join().unwrap();
    assert_eq!(code(&cancelled), Some(0), "{}", out(&cancelled));

    let calls = demo.until(&["calls", "ls"], |list| list["calls"].as_array().is_some_and(|c| c.len() == 2));
    let numbers = demo.ask(&["numbers", "ls", "--at", "2021-12-15T11:00"]);
    let dialled = |n: &str| {
        let row = numbers["numbers"].as_array().unwrap().iter().find(|r| r["number"] == n).unwrap();
        row["calls"].as_u64()
    };
    assert_eq!(["12345", "12318", "12333"].map(dialled), [Some(1), Some(1), Some(0)], "{numbers}");
    let reference = calls["calls"][0]["call"].as_str().unwrap();
    assert!(demo.ask(&["calls", "show", reference])["events"].as_array().is_some_and(|e| !e.is_empty()));
    let state = PathBuf::from(demo.ready["state"].as_str().unwrap());
    assert!(state.is_dir());
    assert_eq!((demo.stop(), state.exists()), (Some(0), false));
}
