//! Two nodes behind one carrier are upgraded one after the other under load: nobody is refused, nobody is cut.
//!
//! The carrier is a switchboard of its own, whose calls to 12360 go to node A before B, and those to 12366 to B before A.

use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::{Role, Sipp, header};
use super::support::{pause, until};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use switchboard::fact::{Cause, Outcome, Target};
use switchboard::ledger::Cdr;

/// Calls a second of each of the two numbers, and how long each talks, ms.
const RATE: u32 = 7;
const TALK: u64 = 3_000;
/// SIPp gives up after so long, s; the test takes a minute.
const LIMIT_S: u32 = 300;

/// A node, and the exchanges of the sub-centres 12366 and 12360 as it reaches them.
struct Node {
    lab: Lab,
    _branches: [Sipp; 2],
}

impl Node {
    fn start() -> Self {
        // Its carrier is at another port of this address.
        let known = |text: String| text.replacen("inbound = \"127.0.0.10\"", "inbound = \"127.0.0.1\"", 1);
        let lab = Lab::with(LAB_DAY, |text, _| known(roomy(&text)));
        let branch = |last| Role::exchange(&lab, "exchange", last).quiet().seconds(LIMIT_S).start(&lab);
        let branches = [20, 21].map(branch);
        Self { lab, _branches: branches }
    }
}

/// Most of the slot's ports are for the sound of calls: nothing but two SIPps has others.
fn roomy(text: &str) -> String {
    let line = text.lines().find(|l| l.starts_with("ports = ")).unwrap();
    let last: u16 = line.split(['-', '"']).nth(2).and_then(|p| p.parse().ok()).unwrap();
    text.replace(line, &format!("ports = \"{}-{last}\"", last - 459)).replace("max_calls = 50", "max_calls = 110")
}

/// A carrier that knows both nodes, each as the first of one number.
fn carrier(a: SocketAddr, b: SocketAddr) -> Lab {
    let leads = |text: String, last: u8, [first, second]: [SocketAddr; 2]| {
        let at = text.find(&format!("outbound = \"127.0.0.{last}:")).unwrap();
        let (head, tail) = text.split_at(at);
        let rest = tail.split_once("options_s = 0\n").unwrap().1;
        let outbound = format!("outbound = [\"{first}\", \"{second}\"]\ntrusted = true");
        format!("{head}{outbound}\noptions_s = 10\nfailover_ms = 1000\n{rest}")
    };
    Lab::with(LAB_DAY, |text, _| leads(leads(roomy(&text), 21, [a, b]), 20, [b, a]))
}

/// What `switchboard status` says.
fn status(node: &Lab) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    command.args(["status", "--lang", "en", "--config"]).arg(node.dir.join("lab.toml"));
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

/// `systemctl restart`, as the unit has it: SIGTERM, an end of its own when its last call is over, and a start on the same state.
fn drains_and_starts(node: &mut Lab, other: &Lab) {
    assert!(node.live() > 10, "{} calls live: it is no upgrade under load", node.live());
    node.daemon.terminate();
    let drains = until(2_000, || status(node).contains("draining: no new calls").then_some(()));
    assert!(drains.is_some(), "{}\n{}", status(node), node.daemon.said());
    let ended = node.daemon.exit(60_000).and_then(|status| status.code());
    assert_eq!(ended, Some(0), "{}", node.daemon.said());
    assert!(other.live() > 20, "the other node has {} calls of both numbers", other.live());
    // No start is that slow: the carrier must do without it.
    pause(1_500);
    node.starts_again();
    let again = until(60_000, || (node.live() > 10).then_some(()));
    assert!(again.is_some(), "nobody calls it any more: {}", other.daemon.said());
}

/// Call-IDs of what a caller's SIPp has dialled.
fn dialled(log: &[String]) -> BTreeSet<String> {
    log.iter().filter(|m| m.starts_with(">INVITE")).map(|m| header(m, "Call-ID").to_owned()).collect()
}

fn call_ids<'r>(records: impl IntoIterator<Item = &'r Cdr>) -> BTreeSet<String> {
    records.into_iter().map(|cdr| cdr.call_id.clone()).collect()
}

/// Every record is of a talk with a trunk, or of a call that a node has sent on to the other one while it drained.
fn talks(records: &[Cdr]) -> Vec<&Cdr> {
    let (talks, others): (Vec<&Cdr>, Vec<&Cdr>) = records.iter().partition(|cdr| cdr.outcome == Outcome::Connected);
    assert!(others.iter().all(|cdr| cdr.outcome == Outcome::Shed), "{others:#?}");
    let whole = |cdr: &&Cdr| matches!(cdr.answered_by, Some(Target::Trunk { .. })) && cdr.cause == Cause::Normal;
    assert!(talks.iter().all(whole), "{:#?}", talks.iter().find(|cdr| !whole(cdr)));
    talks
}

#[test]
fn two_nodes_are_drained_and_started_one_after_the_other_and_no_caller_notices() {
    let (mut a, mut b) = (Node::start(), Node::start());
    let carrier = carrier(a.lab.sip(), b.lab.sip());
    let caller = |n, number| {
        let role = Role::dials(&carrier, n, number).calling_from(&format!("138{n}[call_number]")).millis(TALK);
        role.rate(RATE).endless().seconds(LIMIT_S).start(&carrier)
    };
    let mut callers = [caller(0, "12360"), caller(1, "12366")];
    let busy = |lab: &Lab| until(20_000, || (lab.live() > 15).then_some(())).is_some();
    assert!(busy(&a.lab) && busy(&b.lab), "{}", carrier.daemon.said());
    drains_and_starts(&mut a.lab, &b.lab);
    drains_and_starts(&mut b.lab, &a.lab);
    pause(2_000);
    callers.iter_mut().for_each(Sipp::stop);
    // Each of them got every message that stands in its scenario, and no other one.
    let ids: BTreeSet<String> = callers.into_iter().flat_map(|c| dialled(&c.ends_well(30_000).messages)).collect();
    assert!(ids.len() >= 200, "{} calls", ids.len());
    let records = carrier.all_records();
    assert_eq!(talks(&records).len(), records.len(), "the carrier refuses nobody");
    assert_eq!((records.len(), call_ids(&records)), (ids.len(), ids.clone()));
    let nodes = [a.lab.all_records(), b.lab.all_records()];
    let served = nodes.each_ref().map(|records| talks(records).len());
    assert_eq!(served.iter().sum::<usize>(), ids.len());
    let legs = call_ids(nodes.iter().flat_map(|records| talks(records)));
    assert_eq!(legs.len(), ids.len(), "one talk a call");
    let sent_on = nodes.each_ref().map(Vec::len).iter().sum::<usize>() - ids.len();
    println!("{} calls, {served:?} served, {sent_on} sent on while draining", ids.len());
}
