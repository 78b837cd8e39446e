//! Callers with no network: what they send and what is counted of it.

use super::*;
use crate::clock::SECOND;
use crate::flood::scenario::Length;
use crate::sip::flow::Transport;
use rand_core::SeedableRng;

const BEGIN: Now = Now { mono: 1_000_000, wall: 1_639_533_600_000_000 };

/// One caller who talks for 10 s and waits for an answer for 5 s at most.
fn caller() -> (Callers, Tally, Flow) {
    let [local, peer] = [5_062, 5_070].map(|port| SocketAddr::from(([127, 0, 0, 10], port)));
    let flow = Flow { transport: Transport::Udp, local, peer, connection: 0 };
    let settings = Settings {
        scenario: Arc::new(Scenario::one("12345", Length::Fixed(10.0))),
        flows: [flow; 2],
        pool: Pool::parse("13900000000-13900000009").unwrap(),
        credentials: None,
        sockets: vec![(0, SocketAddr::from(([127, 0, 0, 10], 4_000)))],
        patience: 5 * SECOND,
    };
    let mut callers = Callers::new(settings, [7; 32], ChaCha8Rng::seed_from_u64(7));
    let mut tally = Tally::default();
    callers.dial((0, "12345".to_owned()), BEGIN.mono, BEGIN, &mut tally);
    (callers, tally, flow)
}

/// The method of the next message, and the answer that it gets with this status.
fn sent(callers: &mut Callers, status: &str) -> (String, Bytes) {
    let message = loop {
        match callers.poll().expect("a message") {
            Out::Send(_, bytes) => break String::from_utf8(bytes.to_vec()).unwrap(),
            Out::Sound(_) => {}
        }
    };
    let kept = ["Via:", "From:", "Call-ID:", "CSeq:"];
    let mut answer = format!("SIP/2.0 {status}\r\n");
    for line in message.lines() {
        match line {
            _ if kept.iter().any(|name| line.starts_with(name)) => answer += &format!("{line}\r\n"),
            _ if line.starts_with("To:") && line.contains(";tag=") => answer += &format!("{line}\r\n"),
            _ if line.starts_with("To:") => answer += &format!("{line};tag=b\r\n"),
            _ => {}
        }
    }
    answer += "Contact: <sip:127.0.0.10:5070>\r\nContent-Length: 0\r\n\r\n";
    (message.split(' ').next().unwrap().to_owned(), answer.into())
}

#[test]
fn a_call_that_is_given_up_before_its_answer_is_over_for_the_caller_and_cancelled() {
    for interrupted in [true, false] {
        let (mut callers, mut tally, flow) = caller();
        let (method, trying) = sent(&mut callers, "100 Trying");
        assert_eq!((method.as_str(), callers.live()), ("INVITE", 1));
        let refused = Bytes::from(String::from_utf8(trying.to_vec()).unwrap().replace("100 Trying", "487 Terminated"));
        callers.receive(flow, trying, BEGIN, &mut tally);
        let now = BEGIN.plus(5 * SECOND);
        if interrupted {
            callers.hang_up_all(now, &mut tally);
        } else {
            callers.expire(now, &mut tally);
        }
        assert_eq!((callers.live(), callers.ending()), (0, 1));
        let figures = (tally.abandoned, tally.as_expected, tally.timeouts, tally.failed);
        assert_eq!(figures, if interrupted { (1, 1, 0, 0) } else { (0, 0, 1, 1) });
        let (method, ok) = sent(&mut callers, "200 OK");
        assert_eq!(method, "CANCEL");
        callers.receive(flow, ok, now, &mut tally);
        callers.receive(flow, refused, now, &mut tally);
        assert_eq!(sent(&mut callers, "").0, "ACK");
        assert_eq!((callers.live(), callers.ending()), (0, 0));
    }
}

#[test]
fn everybody_hangs_up_at_once_and_nothing_of_it_is_sent_again() {
    let (mut callers, mut tally, flow) = caller();
    let (_, ok) = sent(&mut callers, "200 OK");
    callers.receive(flow, ok, BEGIN, &mut tally);
    assert_eq!((sent(&mut callers, "").0.as_str(), tally.answered), ("ACK", 1));
    let now = BEGIN.plus(SECOND);
    callers.hang_up_all(now, &mut tally);
    let (method, ok) = sent(&mut callers, "200 OK");
    assert_eq!((method.as_str(), callers.live(), callers.ending()), ("BYE", 0, 1));
    callers.receive(flow, ok, now, &mut tally);
    assert_eq!((callers.ending(), tally.byes_answered, tally.abandoned, tally.retransmissions), (0, 1, 1, 0));
}

#[test]
fn only_a_final_answer_to_a_bye_is_one() {
    let message = |first: &str, cseq: &str| format!("{first}\r\nVia: x\r\nCall-ID: abc@x \r\nCSeq: {cseq}\r\n\r\n");
    let found = |first, cseq| answered_bye(message(first, cseq).as_bytes()).map(|c| c.to_vec());
    assert_eq!(found("SIP/2.0 200 OK", "2 BYE"), Some(b"abc@x".to_vec()));
    assert_eq!(found("SIP/2.0 481 No", "2 BYE"), Some(b"abc@x".to_vec()));
    assert_eq!(found("SIP/2.0 100 Trying", "2 BYE"), None);
    assert_eq!(found("SIP/2.0 200 OK", "2 INVITE"), None);
    assert_eq!(found("BYE sip:a SIP/2.0", "2 BYE"), None);
}
