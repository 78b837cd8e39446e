//! An example for every command, at the end of its `--help` and on its manual page. Tests parse each of them.
//!
//! A command that says its own in `args` needs no line here.

use super::args::Cli;
use clap::{Command, CommandFactory, FromArgMatches};
use std::ffi::OsString;

/// Command, and how it is called.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "run",
        &[
            "switchboard run --config config/switchboard.toml",
            "switchboard run --config config/lab.toml --as-of 2021-12-15T10:00",
        ],
    ),
    ("demo", &["switchboard demo", "switchboard demo --as-of 2022-03-01T00:00 --port 5090"]),
    (
        "status",
        &["switchboard status", "switchboard status --json --state /var/lib/switchboard", "switchboard status --watch"],
    ),
    (
        "trace",
        &[
            "switchboard trace 5bhd74ktj01 --ladder",
            "switchboard trace 12345 --follow",
            "switchboard trace 13900000001 --pcap call.pcap",
        ],
    ),
    ("doctor", &["switchboard doctor --config config/switchboard.toml"]),
    (
        "call",
        &["switchboard call 12333 --out a.wav", "switchboard call 12318 --expect 410 --expect prompt:cancelled/12318"],
    ),
    (
        "calls ls",
        &[
            "switchboard calls ls --number 12333 --since 2021-12-15",
            "switchboard calls ls --json --limit 100",
            "switchboard calls ls --watch --stage queueing",
            "switchboard calls ls --outcome abandoned --csv --limit 1000",
        ],
    ),
    ("calls show", &["switchboard calls show 5bhd7pq5c01"]),
    ("calls hangup", &["switchboard calls hangup 5bhd7pq5c01"]),
    ("seats ls", &["switchboard seats ls --group main --work ready", "switchboard seats ls --watch"]),
    ("trunks ls", &["switchboard trunks ls"]),
    (
        "groups ls",
        &[
            "switchboard groups ls",
            "switchboard groups ls --dialplan dialplans --lang en",
            "switchboard groups ls --live",
            "switchboard groups ls --watch",
        ],
    ),
    ("numbers ls", &["switchboard numbers ls", "switchboard numbers ls --at 2022-03-01T00:00"]),
    (
        "dialplan why",
        &[
            "switchboard dialplan why 12333 --at 2022-01-15T03:00",
            "switchboard dialplan why 12348 --seats 0",
            "switchboard dialplan why +8659112333 --trunk carrier --from 13905911234",
            "switchboard dialplan why 95598 --seat 8001",
        ],
    ),
    (
        "dialplan timeline",
        &["switchboard dialplan timeline 12333", "switchboard dialplan timeline 12348 --at 2022-01-15"],
    ),
    (
        "dialplan duties",
        &[
            "switchboard dialplan duties",
            "switchboard dialplan duties --long --at 2022-01-15",
            "switchboard dialplan duties --annex annex.toml --lang en",
        ],
    ),
    ("dialplan check", &["switchboard dialplan check", "switchboard dialplan check /etc/switchboard/dialplans --json"]),
    ("completions", &["switchboard completions bash > /etc/bash_completion.d/switchboard"]),
    ("man", &["switchboard man | man -l -", "switchboard man --out /usr/local/share/man/man1"]),
    ("explain", &["switchboard explain DP030"]),
];

/// The grammar with its examples.
pub(super) fn command() -> Command {
    EXAMPLES.iter().fold(Cli::command(), |command, (path, lines)| {
        let path: Vec<&str> = path.split(' ').collect();
        attach(command, &path, lines)
    })
}

fn attach(command: Command, path: &[&str], lines: &[&str]) -> Command {
    match path.split_first() {
        None => {
            let lines: String = lines.iter().map(|line| format!("\n  {line}")).collect();
            command.after_help(format!("例 examples:{lines}"))
        }
        // A name that the grammar lacks is left out: a test holds that there is none.
        Some((name, _)) if command.find_subcommand(name).is_none() => command,
        Some((name, deeper)) => command.mut_subcommand(*name, |below| attach(below, deeper, lines)),
    }
}

/// Arguments as the grammar has them.
pub(super) fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|e| e.format(&mut command))
}

#[cfg(test)]
mod tests {
    use super::super::manual;
    use super::*;
    use clap::Parser;
    use clap_complete::Shell;

    /// Every command that has none below it, as its words.
    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        for below in command.get_subcommands() {
            let path = format!("{path} {}", below.get_name()).trim().to_owned();
            if below.has_subcommands() {
                leaves(below, &path, found);
            } else {
                found.push((path, below.clone().render_long_help().to_string()));
            }
        }
    }

    /// Words as a shell makes them of a line, with double quotes.
    fn words(line: &str) -> Vec<String> {
        let quoted = line.split('"').enumerate();
        let pieces = quoted.flat_map(|(i, piece)| match i % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect(),
            _ => vec![piece.to_owned()],
        });
        pieces.collect()
    }

    fn all() -> Vec<(String, String)> {
        let mut found = Vec::new();
        leaves(&command(), "", &mut found);
        assert!(found.len() >= 19, "{found:?}");
        found
    }

    #[test]
    fn every_command_has_an_example_in_its_help_that_is_no_mistake() {
        for (path, help) in all() {
            let (_, shown) = help.split_once("例 example").unwrap_or_else(|| panic!("{path} has no example"));
            let shown: Vec<&str> =
                shown.lines().filter_map(|l| l.find("switchboard ").and_then(|at| l.get(at..))).collect();
            assert!(!shown.is_empty(), "{path}");
            for line in shown {
                let own = line.split(['|', '>']).next().unwrap_or_default();
                assert!(own.starts_with(&format!("switchboard {path}")), "{path}: {line}");
                assert!(Cli::try_parse_from(words(own)).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn no_example_is_of_a_command_that_is_not_there() {
        let there: Vec<String> = all().into_iter().map(|(path, _)| path).collect();
        for (path, _) in EXAMPLES {
            assert!(there.iter().any(|t| t == path), "{path}");
        }
    }

    #[test]
    fn every_shell_completes_every_command() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let done = manual::completions(shell).unwrap_or_else(|e| panic!("{shell}: {e:?}"));
            for word in all().iter().flat_map(|(path, _)| path.split(' ')) {
                assert!(done.text.contains(word), "{shell} does not know {word}");
            }
        }
    }

    #[test]
    fn every_command_has_a_manual_page_with_its_example() {
        let pages = manual::pages().unwrap();
        assert_eq!(pages.first().map(|(name, _)| name.as_str()), Some("switchboard.1"));
        for (path, _) in all() {
            let name = format!("switchboard-{}.1", path.replace(' ', "-"));
            let (_, page) = pages.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no page {name}"));
            assert!(page.contains(".TH") && page.contains("例 example"), "{name}");
        }
    }
}
