//! Our flood beside SIPp: the same calls to the same server, and what each load tester itself costs.

use super::flooded::{cost, flood};
use super::server::{Server, TARGETS};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CALLS: u32 = 5_000;
const RATE: u32 = 500;

/// Prints CPU of either for a thousand calls, both ends each.
pub fn run() {
    let ours = TARGETS.iter().find(|t| t.name == "switchboard").unwrap();
    let server = Server::start(ours);
    let seconds = format!("{}s", CALLS / RATE);
    let rate = RATE.to_string();
    let result = flood(server.at, &["--rate", &rate, "--even", "--for", &seconds, "--talk", "100ms", "--no-sound"]);
    let number = |key: &str| result[key].as_f64().unwrap_or(f64::NAN);
    println!(
        "flood: {:.3} CPU-s a 1000 calls, both ends; {} of {} answered, {} late",
        number("own_cpu_s") * 1000.0 / number("answered"),
        result["answered"],
        result["calls"],
        result["late_starts"]
    );
    let department = sipp(&["-sf", "benches/sipp/department.xml", "-i", "127.0.0.20", "-p", "15060"]);
    std::thread::sleep(Duration::from_secs(1));
    let (calls, rate) = (CALLS.to_string(), RATE.to_string());
    let words = [
        "-sf",
        "benches/sipp/caller.xml",
        "-s",
        "12366",
        "-i",
        "127.0.0.10",
        "-p",
        "15061",
        "-m",
        &calls,
        "-r",
        &rate,
        "-l",
        "20000",
    ];
    let mut command = command(&words);
    let mut caller = command.arg(server.at).spawn().unwrap_or_else(|e| panic!("sipp: {e}"));
    let (callers, departments) = (watch(&mut caller), cost(department.id()).cpu_s);
    println!("SIPp:  {:.3} CPU-s a 1000 calls, both ends", (callers + departments) * 1000.0 / f64::from(CALLS));
    end(department);
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new("sipp");
    command.args(["-nostdin", "-buff_size", "4000000"]).args(words);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn sipp(words: &[&str]) -> Child {
    command(words).spawn().unwrap_or_else(|e| panic!("sipp: {e}"))
}

/// CPU until its end: the last look before it.
fn watch(child: &mut Child) -> f64 {
    let mut last = 0.0;
    loop {
        let cost = cost(child.id()).cpu_s;
        last = f64::max(last, cost);
        if child.try_wait().unwrap().is_some() {
            return last;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
