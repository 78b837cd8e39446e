//! Mutated messages into an exchange in virtual time: never a panic, nothing left behind. A printed seed replays:
//! `FUZZ_SEED=n cargo test --test it fuzz`.

use crate::support::raw::{Ask, CARRIER, FIRE, answer, sdp};
use crate::support::town::{Manner, Town};
use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::net::SocketAddr;
use switchboard::exchange::{Command, Input};
use switchboard::sip::flow::Flow;
use switchboard::sip::wire;

/// Messages sent, over all seeds.
const MESSAGES: usize = 24_000;
const SEEDS: u64 = 8;

struct Dice(ChaCha12Rng);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0.next_u32() as usize % n.max(1)
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Numbers, tokens and header lines that break things elsewhere.
const NASTY: [&[u8]; 24] = [
    b"0",
    b"-1",
    b"4294967295",
    b"4294967296",
    b"99999999999999999999",
    b"",
    b"\0",
    b"\r\n",
    b"\r\n ",
    b";",
    b"=",
    b"<",
    b">",
    b"\"",
    b"\\\"",
    b"%00",
    b"[::",
    b"]",
    b"z9hG4bK",
    b"\xff\xfe",
    b"\xb8\xa3",
    b":",
    b",,,,,",
    b";tag=",
];

const LINES: [&str; 30] = [
    "Require: 100rel",
    "Supported: 100rel, timer",
    "Session-Expires: 90;refresher=uas",
    "Session-Expires: 1",
    "RAck: 1 1 INVITE",
    "RSeq: 0",
    "Content-Length: 0",
    "Content-Type: multipart/mixed;boundary=b",
    "Route: <sip:127.0.0.30;lr>",
    "Record-Route: <sip:[::1>",
    "Max-Forwards: 0",
    "Via: SIP/2.0/UDP 127.0.0.10:7000;branch=",
    "Contact: *",
    "Contact: <sip:x@127.0.0.30:5060>",
    "Replaces: a;to-tag=1;from-tag=2",
    "Expires: 0",
    "Authorization: Digest username=\"8001\"",
    "Privacy: id",
    "Reason: Q.850;cause=999",
    "Diversion: <sip:1@2>;counter=99999999999",
    "Refer-To: <sip:119@127.0.0.1?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>",
    "Refer-To: sip:%@;method=?Replaces=%",
    "Refer-Sub: false",
    "Event: refer;id=1",
    "Subscription-State: terminated",
    "Require: replaces, norefersub, resource-priority",
    "Resource-Priority: esnet.0, esnet.",
    "Content-Type: application/dtmf-relay",
    "Content-Type: application/dtmf",
    "Info-Package: x",
];

fn mutated(dice: &mut Dice, mut m: Vec<u8>, others: &[Vec<u8>]) -> Vec<u8> {
    for _ in 0..dice.below(4) {
        let at = dice.below(m.len() + 1);
        match dice.below(10) {
            0 if at < m.len() => m[at] = (dice.0.next_u32() & 0xff) as u8,
            1 => {
                let end = (at + dice.below(40)).min(m.len());
                m.drain(at..end);
            }
            2 | 3 => {
                let nasty = *dice.of(&NASTY);
                m.splice(at..at, nasty.iter().copied());
            }
            4 => m.truncate(at),
            5 | 6 => {
                let line = format!("{}\r\n", dice.of(&LINES));
                if let Some(first) = m.windows(2).position(|w| w == b"\r\n") {
                    m.splice(first + 2..first + 2, line.bytes());
                }
            }
            7 => {
                let other = dice.of(others);
                m.truncate(at);
                m.extend_from_slice(&other[other.len().min(at)..]);
            }
            8 => {
                // One line taken out, or twice.
                let text: Vec<&[u8]> = m.split_inclusive(|b| *b == b'\n').collect();
                let i = dice.below(text.len());
                let twice = dice.below(2) == 0;
                let lines = text
                    .iter()
                    .enumerate()
                    .flat_map(|(n, l)| std::iter::repeat_n(*l, if n == i { usize::from(twice) * 2 } else { 1 }));
                m = lines.flatten().copied().collect();
            }
            _ => {
                // A number becomes another one.
                if let Some(digit) = m.iter().skip(at).position(u8::is_ascii_digit) {
                    let nasty = *dice.of(&NASTY);
                    m.splice(at + digit..at + digit + 1, nasty.iter().copied());
                }
            }
        }
    }
    m
}

/// What a peer could say next: fresh requests, and messages inside the dialogs that the exchange has just spoken in.
fn next_message(dice: &mut Dice, town: &Town, step: usize) -> (SocketAddr, Vec<u8>) {
    let carrier = SocketAddr::from((CARRIER.0, 7000 + (step % 50) as u16));
    if dice.below(3) > 0
        && !town.sent.is_empty()
        && let (flow, bytes) = &town.sent[town.sent.len() - 1 - dice.below(town.sent.len().min(30))]
        && let Ok(m) = wire::parse(bytes.clone())
    {
        if m.status().is_none() {
            let status =
                *dice.of(&[100, 180, 183, 200, 200, 202, 302, 401, 407, 422, 481, 486, 487, 491, 500, 503, 603]);
            let extra = *dice.of(&[
                "",
                "Require: 100rel\r\nRSeq: 5\r\n",
                "Min-SE: 2000\r\n",
                "Session-Expires: 90;refresher=uac\r\n",
                "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n",
            ]);
            let body = if dice.below(2) == 0 { sdp("127.0.0.30", 41_000) } else { String::new() };
            return (flow.peer, answer(&m, flow.peer, status, dice.of::<&str>(&["a", "b"]), extra, &body));
        }
        let method = *dice
            .of(&["ACK", "ACK", "BYE", "PRACK", "UPDATE", "INVITE", "INFO", "CANCEL", "OPTIONS", "REFER", "NOTIFY"]);
        let mut ask = Ask::new("INVITE", "12345", flow.peer);
        ask.call_id = String::from_utf8_lossy(m.call_id()).into_owned();
        ask.from =
            String::from_utf8_lossy(m.value(switchboard::sip::name::Name::From).unwrap_or_default()).into_owned();
        ask.cseq = m.cseq().map_or(1, |c| c.number);
        ask.branch = String::from_utf8_lossy(m.via().map(|v| v.branch()).unwrap_or_default()).into_owned();
        let step = if matches!(method, "ACK" | "CANCEL") { 0 } else { 1 + dice.below(3) as u32 };
        let mut ask = if method == "CANCEL" { ask.same_branch(method, None) } else { ask.within(method, &m, step) };
        if let Some(rseq) = m.number(switchboard::sip::name::Name::RSeq) {
            ask = ask.with(&format!("RAck: {rseq} 1 INVITE"));
        }
        if dice.below(3) == 0 {
            ask = ask.offering(sdp("127.0.0.10", 40_000));
        }
        return (flow.peer, ask.write());
    }
    let from = *dice.of(&[
        carrier,
        carrier,
        carrier,
        SocketAddr::from(FIRE),
        SocketAddr::from(([127, 0, 9, 9], 5060)),
        SocketAddr::from(([127, 0, 1, 1], 6000)),
    ]);
    let number = *dice.of(&["12345", "12333", "119", "12348", "12366", "8001", "12358", "404"]);
    let method = *dice
        .of(&["INVITE", "INVITE", "INVITE", "INVITE", "REGISTER", "OPTIONS", "BYE", "CANCEL", "ACK", "MESSAGE", "FOO"]);
    let mut ask = Ask::new(method, number, from);
    ask.call_id = format!("c{}", dice.below(100_000));
    ask.branch = format!("z9hG4bK{}", dice.below(100_000));
    if dice.below(4) == 0 {
        ask.body.clear();
    }
    if dice.below(3) == 0 {
        ask = ask.with("Supported: 100rel, timer");
    }
    (from, ask.write())
}

fn storm_of_nonsense(seed: u64, messages: usize) -> Town {
    let mut town = Town::new(seed);
    let mut dice = Dice(ChaCha12Rng::seed_from_u64(seed ^ 0xf022));
    for seat in ["8001", "8002", "8051"] {
        town.seat(seat, Manner::Answers(500_000));
    }
    town.runs(1.0);
    let mut recent: Vec<Vec<u8>> = vec![b"\r\n".to_vec()];
    for step in 0..messages {
        let (from, message) = next_message(&mut dice, &town, step);
        recent.push(message.clone());
        if recent.len() > 40 {
            recent.remove(0);
        }
        let message = mutated(&mut dice, message, &recent);
        let stranger = from.ip() == SocketAddr::from(([127, 0, 9, 9], 0)).ip();
        // Whatever is still on its way arrives first, so that the answers counted are those to this message.
        town.runs(if stranger { 0.003 } else { 0.0 });
        let before = town.sent.len();
        town.injects(from, &message);
        town.runs(0.001 * (3 + dice.below(18)) as f64);
        if stranger {
            // What was sent before is a retransmission.
            let new = |sent: &&(Flow, Bytes)| sent.0.peer.ip() == from.ip() && !town.sent[..before].contains(sent);
            let back = || town.sent[before..].iter().filter(new).map(|(_, b)| b);
            let bytes: usize = back().map(Bytes::len).sum();
            // Nobody gains by sending us a forged source, but for somebody who knows the tags of a dialog.
            let shown = || (String::from_utf8_lossy(&message).into_owned(), back().collect::<Vec<_>>());
            let inside = wire::parse(message.clone().into()).is_ok_and(|m| m.to_tag().is_some());
            assert!(inside || bytes * 2 <= message.len() * 3, "{bytes} for {}: {:#?}", message.len(), shown());
        }
        if step % 97 == 0 {
            town.trace.clear();
        }
        if town.sent.len() > 2000 {
            town.sent.drain(..1000);
        }
    }
    town
}

#[test]
fn nonsense_never_panics_and_leaves_nothing_behind() {
    let seeds: Vec<u64> = match std::env::var("FUZZ_SEED") {
        Ok(seed) => vec![seed.parse().expect("FUZZ_SEED is a number")],
        Err(_) => (0..SEEDS).collect(),
    };
    let each = MESSAGES / SEEDS as usize;
    let (mut calls, wanted) = (0, seeds.len() * 60);
    for seed in seeds {
        let played = std::panic::catch_unwind(|| {
            let mut town = storm_of_nonsense(seed, each);
            // Callers who do not mind waiting for ever are put down; then the longest timer of the RFC passes.
            let now = town.now;
            town.exchange.handle(Input::Command { id: 1, command: Command::EndAll }, now);
            town.drain_exchange();
            town.runs(120.0);
            assert_eq!(town.exchange.live(), 0, "calls");
            let (sessions, transactions, ports) = town.exchange.held();
            assert_eq!((sessions, ports, town.graph.open()), (0, 0, 0), "sessions, leases, open ports");
            assert!(transactions <= 3, "{transactions} transactions: more than the seats' REGISTERs");
            town.outcomes().len()
        });
        match played {
            Ok(ended) => calls += ended,
            Err(panic) => {
                eprintln!("replay with FUZZ_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    // Were next to nothing understood, the test would say nothing.
    assert!(calls > wanted, "{calls} calls came of it");
}
