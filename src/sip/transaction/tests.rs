//! The four machines whole: every state × every input, over UDP and over a reliable transport, in one snapshot each.

use super::{Act, Acts, Intervals, Letter};
use super::{client, client_invite, server, server_invite};
use std::fmt::{Debug, Write as _};

const LETTERS: [Letter; 12] = [
    Letter::A,
    Letter::B,
    Letter::D,
    Letter::E,
    Letter::F,
    Letter::G,
    Letter::H,
    Letter::I,
    Letter::J,
    Letter::K,
    Letter::L,
    Letter::M,
];

fn acts(acts: &Acts) -> String {
    let word = |act: &Act| match act {
        Act::Start(letter, after) => format!("start {letter:?} {} ms", after / 1000),
        other => format!("{other:?}"),
    };
    if acts.is_empty() { "-".to_owned() } else { acts.iter().map(word).collect::<Vec<_>>().join(", ") }
}

/// One line for each state and input that changes or does anything; the others are named together at the end of the state, so
/// that none is left out unseen.
fn table<S: Debug + Copy + PartialEq, I: Debug + Copy>(
    states: &[S],
    inputs: &[I],
    step: impl Fn(S, I, bool) -> (S, Acts),
) -> String {
    let mut out = String::new();
    for reliable in [false, true] {
        let _ = writeln!(out, "== {} ==", if reliable { "reliable" } else { "UDP" });
        for &state in states {
            let mut silent = Vec::new();
            for &input in inputs {
                let (next, done) = step(state, input, reliable);
                if next == state && done.is_empty() {
                    silent.push(format!("{input:?}"));
                } else {
                    let (state, input, next) = (format!("{state:?}"), format!("{input:?}"), format!("{next:?}"));
                    let _ = writeln!(out, "{state:24} {input:16} -> {next:24} {}", acts(&done));
                }
            }
            let _ = writeln!(out, "{:24} absorbs {}", format!("{state:?}"), silent.join(" "));
        }
    }
    out
}

#[test]
fn client_invite_machine() {
    use client_invite::{Input as I, State as S};
    let t = Intervals::default();
    let states = [
        S::Calling { a: 500_000 },
        S::Calling { a: 8_000_000 },
        S::Proceeding,
        S::Completed,
        S::Accepted,
        S::Terminated,
    ];
    let mut inputs = vec![I::Provisional, I::Success, I::Failure, I::TransportError];
    inputs.extend(LETTERS.map(I::Timer));
    let mut out = String::new();
    for reliable in [false, true] {
        let (state, done) = client_invite::begin(&t, reliable);
        let _ = writeln!(out, "begin reliable={reliable} -> {state:?} {}", acts(&done));
    }
    out.push_str(&table(&states, &inputs, |s, i, reliable| client_invite::step(s, i, &t, reliable)));
    insta::assert_snapshot!(out);
}

#[test]
fn client_machine() {
    use client::{Input as I, State as S};
    let t = Intervals::default();
    let states = [S::Trying { e: 500_000 }, S::Trying { e: 4_000_000 }, S::Proceeding, S::Completed, S::Terminated];
    let mut inputs = vec![I::Provisional, I::Final, I::TransportError];
    inputs.extend(LETTERS.map(I::Timer));
    let mut out = String::new();
    for reliable in [false, true] {
        let (state, done) = client::begin(&t, reliable);
        let _ = writeln!(out, "begin reliable={reliable} -> {state:?} {}", acts(&done));
    }
    out.push_str(&table(&states, &inputs, |s, i, reliable| client::step(s, i, &t, reliable)));
    insta::assert_snapshot!(out);
}

#[test]
fn server_invite_machine() {
    use server_invite::{Input as I, State as S};
    let t = Intervals::default();
    let states = [
        S::Proceeding,
        S::Completed { g: 500_000 },
        S::Completed { g: 4_000_000 },
        S::Confirmed,
        S::Accepted,
        S::Terminated,
    ];
    let mut inputs = vec![I::Invite, I::Ack, I::Provisional, I::Success, I::Failure, I::TransportError];
    inputs.extend(LETTERS.map(I::Timer));
    insta::assert_snapshot!(table(&states, &inputs, |s, i, reliable| server_invite::step(s, i, &t, reliable)));
}

#[test]
fn server_machine() {
    use server::{Input as I, State as S};
    let t = Intervals::default();
    let states = [S::Trying, S::Proceeding, S::Completed, S::Terminated];
    let mut inputs = vec![I::Request, I::Provisional, I::Final, I::TransportError];
    inputs.extend(LETTERS.map(I::Timer));
    insta::assert_snapshot!(table(&states, &inputs, |s, i, reliable| server::step(s, i, &t, reliable)));
}

/// When each retransmission leaves, ms, until the machine gives up: RFC 3261 §17.1.1.2, §17.1.2.2, §17.2.1.
#[test]
fn retransmissions_leave_at_the_moments_of_the_rfc() {
    let t = Intervals::default();
    let run = |first: Acts, mut step: Box<dyn FnMut(Letter) -> Acts>| {
        let (mut due, mut sent, mut now) = (Vec::new(), Vec::new(), 0);
        let mut acts = first;
        loop {
            for act in acts {
                match act {
                    Act::Start(letter, after) => due.push((now + after, letter)),
                    Act::Resend => sent.push(now / 1000),
                    Act::End => return (sent, now / 1000),
                    _ => {}
                }
            }
            due.sort_by_key(|(at, _)| *at);
            let (at, letter) = due.remove(0);
            now = at;
            acts = step(letter);
        }
    };
    let (mut state, first) = client_invite::begin(&t, false);
    let invite = run(
        first,
        Box::new(move |l| {
            let (next, acts) = client_invite::step(state, client_invite::Input::Timer(l), &t, false);
            state = next;
            acts
        }),
    );
    assert_eq!(invite, (vec![500, 1500, 3500, 7500, 15_500, 31_500], 32_000));
    let (mut state, first) = client::begin(&t, false);
    let other = run(
        first,
        Box::new(move |l| {
            let (next, acts) = client::step(state, client::Input::Timer(l), &t, false);
            state = next;
            acts
        }),
    );
    assert_eq!(other, (vec![500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500], 32_000));
    let (mut state, first) =
        server_invite::step(server_invite::State::Proceeding, server_invite::Input::Failure, &t, false);
    let refusal = run(
        first,
        Box::new(move |l| {
            let (next, acts) = server_invite::step(state, server_invite::Input::Timer(l), &t, false);
            state = next;
            acts
        }),
    );
    assert_eq!(refusal, other);
}
