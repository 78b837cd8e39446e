//! The operators' page, run as it stands: its files are written into an empty folder, its commands typed in order, what is
//! printed and each exit code compared.
#![cfg(test)]

use crate::support::city::root;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use switchboard::dialplan::{Known, Plan, Source};

/// What the page says to do.
#[derive(Debug, PartialEq)]
enum Act {
    /// Put this text into this file.
    Write(String, String),
    /// Type this; so is what is printed, and this is the exit code.
    Type(String, Vec<String>, i32),
}

fn page() -> String {
    fs::read_to_string(root().join("dialplans/README.md")).unwrap()
}

/// The acts of a page in order.
fn acts(page: &str) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut file = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("File `").and_then(|l| l.strip_suffix("`:")) {
            file = Some(name.to_owned());
        }
        let Some(kind) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        match (kind, file.take()) {
            ("toml", Some(name)) => acts.push(Act::Write(name, format!("{}\n", body.join("\n")))),
            ("console", None) => typed(&body, &mut acts),
            other => panic!("a block that nobody runs: {other:?}"),
        }
    }
    acts
}

fn typed(body: &[&str], acts: &mut Vec<Act>) {
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    for line in body {
        match (line.strip_prefix("$ "), blocks.last_mut()) {
            (Some(command), _) => blocks.push((command.to_owned(), Vec::new())),
            (None, Some((_, printed))) => printed.push((*line).to_owned()),
            (None, None) => panic!("printed before anything is typed: {line}"),
        }
    }
    for (command, printed) in blocks {
        match (command.as_str(), acts.last_mut()) {
            ("echo $?", Some(Act::Type(_, _, exit))) => *exit = printed.concat().parse().unwrap(),
            _ => acts.push(Act::Type(command, printed, 0)),
        }
    }
}

/// Whether a line is as the page has it: `…` stands for anything.
fn line_is(line: &str, wanted: &str) -> bool {
    let mut pieces = wanted.split('…');
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// Whether all that was printed is as the page has it: a line `…` stands for any lines, also none.
fn is(printed: &[&str], wanted: &[String]) -> bool {
    match (printed.split_first(), wanted.split_first()) {
        (_, Some((w, later))) if w == "…" => {
            is(printed, later) || printed.split_first().is_some_and(|(_, p)| is(p, wanted))
        }
        (Some((line, p)), Some((w, later))) => line_is(line, w) && is(p, later),
        (None, None) => true,
        _ => false,
    }
}

/// A folder of its own, and the daemon that the page starts in it; both gone at the end.
struct Desk {
    folder: PathBuf,
    daemon: Option<Child>,
}

impl Desk {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("switchboard-page-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, daemon: None }
    }

    fn command(&self, program: &str) -> Command {
        let beside = Path::new(env!("CARGO_BIN_EXE_switchboard")).parent().unwrap();
        let path = format!("{}:{}", beside.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("PATH", path).env("SHIPPED", root().join("dialplans"));
        command.env("LANG", "en_US.UTF-8").env("NO_COLOR", "1").stdin(Stdio::null());
        for variable in ["LC_ALL", "LC_MESSAGES", "SWITCHBOARD_CONFIG", "RUST_LOG"] {
            command.env_remove(variable);
        }
        command
    }

    fn does(&mut self, act: &Act) {
        match act {
            Act::Write(name, text) => {
                let path = self.folder.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Act::Type(command, _, _) if command.ends_with(" &") => self.starts(command.trim_end_matches(" &")),
            Act::Type(command, wanted, exit) => {
                // Errors come last in a terminal too: nothing here prints both.
                let output = self.command("sh").args(["-c", command]).output().unwrap();
                let printed = [output.stdout, output.stderr].concat();
                let printed = String::from_utf8(printed).unwrap();
                let lines: Vec<&str> = printed.lines().collect();
                assert_eq!(output.status.code(), Some(*exit), "$ {command}\n{printed}");
                assert!(is(&lines, wanted), "$ {command}\n{printed}\nthe page has:\n{}", wanted.join("\n"));
            }
        }
    }

    fn starts(&mut self, command: &str) {
        let mut words = command.split(' ');
        let mut daemon = self.command(words.next().unwrap());
        daemon.args(words).stdout(Stdio::null()).stderr(Stdio::null());
        self.daemon = Some(daemon.spawn().unwrap());
        // A configuration that is named is asked alone: a demo of another test may answer too.
        let asked = ["status", "--config", "switchboard.toml"];
        let answers = |desk: &Self| desk.command("switchboard").args(asked).output().unwrap().status.success();
        for _ in 0..300 {
            if answers(self) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the daemon of the page does not answer");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = kill_process(Pid::from_child(&daemon), Signal::TERM);
            let _ = daemon.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_operators_page_does_what_it_says() {
    let acts = acts(&page());
    let commands = acts.iter().filter(|a| matches!(a, Act::Type(..))).count();
    assert!(commands >= 25 && acts.len() - commands >= 8, "{} acts, {commands} commands", acts.len());
    let mut desk = Desk::new();
    acts.iter().for_each(|act| desk.does(act));
}

#[test]
fn the_reader_of_the_page_reads_it() {
    let text = "File `a.toml`:\n\n```toml\nx = 1\n```\n\n```console\n$ one\nout…put\n$ echo $?\n1\n$ two\n```\n";
    let typed = |c: &str, p: &[&str], e| Act::Type(c.to_owned(), p.iter().map(|l| (*l).to_owned()).collect(), e);
    assert_eq!(
        acts(text),
        [Act::Write("a.toml".into(), "x = 1\n".into()), typed("one", &["out…put"], 1), typed("two", &[], 0)]
    );
    let wanted = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(is(&["a", "b", "output", "z"], &wanted(&["…", "out…t", "…"])));
    assert!(
        is(&["x"], &wanted(&["…", "x", "…"])) && !is(&["x", "y"], &wanted(&["x"])) && !is(&["x"], &wanted(&["x", "y"]))
    );
    assert!(line_is("abc", "a…c") && !line_is("abd", "a…c") && !line_is("xabc", "a…c") && line_is("abc", "…"));
}

/// Every key that the reader of plans knows stands on the page.
#[test]
fn the_page_names_every_key() {
    let page = page();
    let minimal = fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap();
    let tables = [
        "hotline.12400",
        "utility.12401",
        "route.12402",
        "group.g",
        "trunk.t",
        "calendar.c",
        "city",
        "emergency",
        "[expect]",
    ];
    for table in tables {
        let text = match table {
            "city" => minimal.replacen("[city]", "[city]\nzzzzzzzzzz = 1", 1),
            "emergency" => minimal.replacen("[emergency]", "[emergency]\nzzzzzzzzzz = 1", 1),
            _ => format!("{minimal}\n[{table}]\nzzzzzzzzzz = 1\n"),
        };
        let mistakes =
            Plan::load(&[Source { file: "x.toml".into(), text: text.into() }], &Known::default()).unwrap_err();
        let unknown = mistakes.iter().find(|m| m.code.as_str() == "DP003").unwrap();
        let help = unknown.help.as_ref().unwrap();
        let keys: BTreeSet<&str> = help.en.split_once("known keys: ").unwrap().1.split(", ").collect();
        assert!(keys.len() >= 2, "{table}: {keys:?}");
        for key in keys {
            let there = [format!("`{key}`"), format!(".{key}`")].iter().any(|k| page.contains(k));
            assert!(there, "{table}: the page does not tell of `{key}`");
        }
    }
}
