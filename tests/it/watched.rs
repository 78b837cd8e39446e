//! Lists that are shown again and again, filtered, or as CSV.
#![cfg(test)]

use super::cli::{Folder, binary, code, document, err, out, root};
use super::reports::Day;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::process::{Child, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use switchboard::fact::Party;

/// A daemon with six seats in two groups.
struct Daemon {
    child: Child,
    folder: Folder,
    ready: Value,
}

impl Daemon {
    fn start() -> Self {
        let folder = Folder::new();
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let plan = root().join("dialplans");
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let ports = 16_000 + 400 * STARTED.fetch_add(1, Ordering::Relaxed);
        let ports = format!("{ports}-{}", ports + 399);
        let text = format!(
            "[sip]\nlisten = [\"udp:{sip}\"]\nmax_calls = 10\n[media]\nports = \"{ports}\"\n[plan]\nfolder = {plan:?}\n\
             [store]\ntemporary = true\n[trunk.carrier]\ninbound = \"127.0.0.10\"\n[[seats]]\nnumbers = [\"8001-8004\"]\n\
             group = \"main\"\npassword = \"lab-{{seat}}\"\n[[seats]]\nnumbers = [\"8051-8052\"]\ngroup = \"kept.12348\"\n\
             password = \"lab-{{seat}}\"\n"
        );
        let config = folder.write("switchboard.toml", &text).display().to_string();
        let mut command = binary();
        command.args(["run", "--json", "--as-of", "2021-12-15T10:00", "--config", &config]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, folder, ready: serde_json::from_str(&line).unwrap() }
    }

    fn socket(&self) -> &str {
        self.ready["result"]["admin"].as_str().unwrap()
    }

    fn says(&self, words: &[&str]) -> Output {
        binary().args(words).args(["--socket", self.socket()]).stdin(Stdio::null()).output().unwrap()
    }

    fn stops(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = &self.folder;
    }
}

#[test]
fn the_floor_is_listed_filtered_as_csv_and_live() {
    let daemon = Daemon::start();
    let named = |words: &[&str]| {
        let output = daemon.says(&[&["seats", "ls", "--json"], words].concat());
        assert_eq!(code(&output), Some(0), "{}", err(&output));
        let seats = document(&output)["result"]["seats"].clone();
        seats.as_array().unwrap().iter().map(|row| row["seat"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named(&[]).len(), 6);
    assert_eq!(named(&["--group", "kept.12348"]), ["8051", "8052"]);
    assert_eq!(named(&["--work", "ready"]), Vec::<String>::new());
    assert_eq!(named(&["--group", "main", "--work", "not_ready:signed_out"]).len(), 4);
    let output = daemon.says(&["seats", "ls", "--group", "kept.12348", "--csv", "--lang", "en"]);
    let text = out(&output);
    assert!(
        text.starts_with(
            "seat,agent,groups,state,since,answered,phone,wrong passwords\r\n8051,'-,kept.12348,not_ready:signed_out"
        ),
        "{text}"
    );
    assert_eq!(text.matches("\r\n").count(), 3);

    let output = daemon.says(&["groups", "ls", "--live", "--json"]);
    let groups = document(&output)["result"]["groups"].clone();
    let law = groups.as_array().unwrap().iter().find(|g| g["group"] == "kept.12348").unwrap();
    assert_eq!([&law["waiting"], &law["seats"], &law["ready"], &law["busy"]], [0, 2, 0, 0]);
    let text = out(&daemon.says(&["groups", "ls", "--live", "--lang", "zh"]));
    assert!(text.contains("排队") && text.contains("示闲"), "{text}");
    let text = out(&daemon.says(&["groups", "ls", "--csv", "--lang", "en"]));
    assert!(text.starts_with("group,title,hours,"), "{text}");
    for wrong in [
        &["seats", "ls", "--csv", "--json"][..],
        &["status", "--watch", "--json"],
        &["seats", "ls", "--csv", "--watch"],
    ] {
        assert_eq!(code(&daemon.says(wrong)), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_watched_list_is_shown_until_the_daemon_ends() {
    let mut daemon = Daemon::start();
    for words in [
        &["status", "--watch"][..],
        &["seats", "ls", "--watch"],
        &["groups", "ls", "--watch"],
        &["calls", "ls", "--watch"],
    ] {
        let mut command = binary();
        command.args(words).args(["--socket", daemon.socket(), "--lang", "en"]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.trim().is_empty() && !line.contains('\u{1b}'), "{words:?}: {line:?}");
        assert!(child.try_wait().unwrap().is_none(), "{words:?} goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut command = binary();
    command.args(["calls", "ls", "--watch", "--socket", daemon.socket(), "--lang", "en"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    shown.read_line(&mut line).unwrap();
    assert_eq!(line, "no live calls\n");
    daemon.stops();
    let (mut rest, mut why) = (String::new(), String::new());
    shown.read_to_string(&mut rest).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut why).unwrap();
    assert_eq!((child.wait().unwrap().code(), rest.trim()), (Some(69), ""), "{why}");
    assert!(why.contains("not running") || why.contains("nobody") || !why.is_empty(), "{why}");
}

#[test]
fn records_are_chosen_by_outcome_and_written_as_csv() {
    let mut day = Day::new();
    let call = day.talk(0);
    day.ends(60_000, call, Party::Caller);
    let output = day.says(&["calls", "ls", "--csv", "--outcome", "connected"]);
    assert_eq!(code(&output), Some(0), "{}", err(&output));
    let text = out(&output);
    let (heading, row) = text.split_once("\r\n").unwrap();
    assert_eq!(heading.split(',').next(), Some("call"));
    assert!(row.starts_with(&format!("{call},2021-12-15 10:00:00.000,13900000001,12345,")), "{row}");
    assert!(row.contains(",city,connected,seat 8001,") && row.ends_with(",60000\r\n"), "{row}");
    let output = day.says(&["calls", "ls", "--csv", "--outcome", "abandoned"]);
    assert_eq!(out(&output), format!("{heading}\r\n"));
    let output = day.says(&["calls", "ls", "--outcome", "lost"]);
    assert_eq!(code(&output), Some(2));
    assert!(err(&output).contains("abandoned_in_prompt"), "{}", err(&output));
}
