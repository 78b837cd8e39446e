//! Our load tester as a process, and what processes cost.

use serde_json::Value;
use std::process::Command;
use switchboard::flood::process;

/// Runs our flood from the carrier to the department behind the server.
pub fn flood(to: &str, words: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard"))
        .args([
            "flood",
            "12366",
            "--to",
            to,
            "--answer-at",
            "127.0.0.20:15060",
            "--json",
            "--seed",
            "1",
            "--ring",
            "0s",
        ])
        .args(words)
        .output()
        .unwrap();
    let mut document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("flood: {e}\n{}", String::from_utf8_lossy(&output.stderr)));
    document["result"].take()
}

/// What a process and all that it has started have cost.
pub fn cost(pid: u32) -> process::Cost {
    process::cost(pid).unwrap_or_default()
}
