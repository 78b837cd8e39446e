//! Our load tester as a process, and what processes cost.

use serde_json::Value;
use std::process::Command;
use switchboard::flood::process;

/// Runs our flood from the carrier to the department behind the server.
pub fn flood(to: &str, words: &[&str]) -> Value {
    result(Command::new(PROGRAM), to, words)
}

/// Runs our flood from the carrier to 12345, answered by seats of ours.
pub fn flood_seats(to: &str, words: &[&str]) -> Value {
    told(Command::new(PROGRAM).args(["flood", "12345", "--to", to]).args(words))
}

/// The same; one that takes longer than so many seconds is ended, and is an error.
pub fn flood_within(seconds: u32, to: &str, words: &[&str]) -> Value {
    let mut command = Command::new("timeout");
    command.args([&seconds.to_string(), PROGRAM]);
    result(command, to, words)
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_switchboard");

fn result(mut command: Command, to: &str, words: &[&str]) -> Value {
    told(command.args(["flood", "12366", "--to", to, "--answer-at", "127.0.0.20:15060"]).args(words))
}

/// What a flood tells of itself.
fn told(command: &mut Command) -> Value {
    let output = command.args(["--json", "--seed", "1", "--ring", "0s"]).output().unwrap();
    let mut document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("flood: {e}\n{}", String::from_utf8_lossy(&output.stderr)));
    document["result"].take()
}

/// What a process and all that it has started have cost.
pub fn cost(pid: u32) -> process::Cost {
    process::cost(pid).unwrap_or_default()
}
