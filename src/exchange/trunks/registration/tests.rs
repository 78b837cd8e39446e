//! The registration against registrars of every kind, without an exchange.

use super::*;
use crate::sip::flow::Transport;
use crate::sip::wire;
use bytes::Bytes;

const OURS: &str = "<sip:hub@127.0.0.1:5070>";

/// A registration, its clock, and everything that it has sent.
struct Bench {
    registration: Registration,
    now: Now,
    sent: Vec<Register>,
    alarms: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        Self::by(Transport::Udp)
    }

    fn by(transport: Transport) -> Self {
        let account = Account {
            registrar: (transport, SocketAddr::from(([10, 0, 0, 1], 5060))),
            domain: None,
            local: SocketAddr::from(([127, 0, 0, 1], 5070)),
            credentials: Credentials { user: "hub".into(), password: "secret".into() },
        };
        let registration = Registration::new(account, "id".into(), "tag".into(), 0);
        Self { registration, now: Now::default(), sent: Vec::new(), alarms: Vec::new() }
    }

    /// Waits for the next attempt: after how many seconds it came.
    fn tries(&mut self) -> u64 {
        let at = self.registration.deadline().expect("another attempt");
        let waited = at.saturating_sub(self.now.mono);
        self.now = self.now.plus(waited);
        let register = self.registration.due(self.now).expect("it is due");
        assert_eq!(self.registration.due(self.now), None, "once");
        assert_eq!(self.registration.deadline(), None, "an answer is awaited");
        self.sent.push(register);
        waited / SECOND
    }

    fn take(&mut self, status: u16, message: Option<&Message>, random: u64) -> bool {
        let may_be = |at: SocketAddr| at.ip() == SocketAddr::from(([10, 0, 0, 2], 0)).ip();
        let then = self.registration.answered(status, message, may_be, (random, "c0"), self.now);
        let more = then.send.is_some();
        self.sent.extend(then.send);
        self.alarms.extend(then.alarm);
        more
    }

    /// The registrar answers; whether another REGISTER follows at once.
    fn gets(&mut self, status: u16, lines: &str) -> bool {
        let text = format!(
            "SIP/2.0 {status} x\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1\r\nFrom: <sip:hub@x>;tag=a\r\n\
             To: <sip:hub@x>;tag=b\r\nCall-ID: id\r\nCSeq: 1 REGISTER\r\n{lines}Content-Length: 0\r\n\r\n"
        );
        let message = wire::parse(Bytes::from(text)).unwrap();
        self.take(status, Some(&message), 0)
    }

    fn last(&self) -> &Register {
        self.sent.last().expect("something was sent")
    }

    fn left(&self) -> Option<u64> {
        self.registration.standing(self.now).left.map(|left| left / SECOND)
    }
}

#[test]
fn the_other_side_is_told_by_which_transport_we_are_called() {
    for (transport, contact) in [
        (Transport::Udp, "sip:hub@127.0.0.1:5070"),
        (Transport::Tcp, "sip:hub@127.0.0.1:5070;transport=tcp"),
        (Transport::Tls, "sip:hub@127.0.0.1:5070;transport=tls"),
    ] {
        let mut bench = Bench::by(transport);
        bench.tries();
        assert_eq!(bench.last().contact, contact);
        bench.gets(200, &format!("Contact: <sip:hub@127.0.0.9>;expires=7, <{contact}>;expires=60\r\n"));
        assert_eq!(bench.left(), Some(60), "{contact} is ours");
    }
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\n";

/// What was granted, of all the ways in which it is said.
#[test]
fn our_own_contact_says_how_long() {
    let cases = [
        (format!("Contact: {OURS};expires=60\r\n"), 60),
        // After an address change the stale one stands first.
        (format!("Contact: <sip:hub@127.0.0.9:5070>;expires=0, {OURS};expires=120\r\n"), 120),
        (format!("Contact: <sip:hub@127.0.0.1:5071>;expires=3\r\nContact: {OURS};expires=90\r\nExpires: 7\r\n"), 90),
        (format!("Contact: <sip:hub@127.0.0.9>;expires=0, {OURS}\r\nExpires: 70\r\n"), 70),
        // None of them is ours: rewritten on the way.
        ("Contact: <sip:hub@127.0.0.9:5070>;expires=0\r\nExpires: 80\r\n".into(), 80),
        ("Contact: <sip:hub@127.0.0.9:5070>;expires=0\r\n".into(), 600),
        ("Expires: 45\r\n".into(), 45),
        (String::new(), 600),
        ("Contact: <sip:%68ub@127.0.0.1:5070;transport=udp;x=y>;expires=50\r\n".into(), 600),
        ("Contact: <sip:%68ub@127.0.0.1:5070;x=y>;expires=50\r\n".into(), 50),
        (format!("Contact: {OURS};expires=99999999\r\n"), 86_400),
    ];
    for (lines, granted) in cases {
        let mut bench = Bench::new();
        bench.tries();
        assert!(!bench.gets(200, &lines));
        assert_eq!(bench.left(), Some(granted), "{lines}");
        assert_eq!(bench.tries(), granted / 2, "{lines}");
    }
}

#[test]
fn taken_and_yet_not_there_is_no_registration() {
    let mut bench = Bench::new();
    bench.tries();
    bench.gets(200, &format!("Contact: {OURS};expires=0\r\n"));
    assert_eq!((bench.left(), bench.alarms.len()), (None, 1));
    assert!(bench.tries() >= 30);
}

#[test]
fn too_brief_is_asked_for_as_long_as_the_other_side_wants_and_stays_so() {
    let mut bench = Bench::new();
    bench.tries();
    assert!(bench.gets(423, "Min-Expires: 1800\r\n"));
    assert_eq!((bench.last().expires, bench.last().cseq), (1800, 2));
    bench.gets(200, "");
    assert_eq!(bench.left(), Some(1800));
    assert_eq!((bench.tries(), bench.last().expires), (900, 1800));
    assert!(bench.alarms.is_empty());
}

#[test]
fn a_423_that_cannot_be_obeyed_is_a_refusal_and_no_storm() {
    for lines in
        ["", "Min-Expires: 600\r\n", "Min-Expires: 5\r\n", "Min-Expires: 86401\r\n", "Min-Expires: 4294967295\r\n"]
    {
        let mut bench = Bench::new();
        bench.tries();
        assert!(!bench.gets(423, lines), "{lines}");
        assert!(bench.tries() >= 300);
        assert_eq!(bench.last().expires, 600);
    }
    // One that wants more each time gets its way once an attempt.
    let mut bench = Bench::new();
    for round in 0..5 {
        bench.tries();
        bench.gets(423, &format!("Min-Expires: {}\r\n", 1000 + 2 * round));
        assert!(!bench.gets(423, &format!("Min-Expires: {}\r\n", 1001 + 2 * round)));
    }
    assert_eq!(bench.sent.len(), 10);
    assert!(bench.now.mono >= 4 * 300 * SECOND);
}

#[test]
fn a_challenge_is_answered_once_and_again_after_423() {
    let mut bench = Bench::new();
    bench.tries();
    assert!(bench.gets(401, CHALLENGE));
    assert!(bench.last().authorization.starts_with("Authorization: Digest username=\"hub\""));
    assert!(bench.gets(423, "Min-Expires: 900\r\n"));
    assert!(bench.last().authorization.is_empty());
    assert!(bench.gets(401, CHALLENGE));
    bench.gets(200, "");
    assert_eq!((bench.left(), bench.sent.len()), (Some(900), 4));
}

/// After a good answer the other side has changed our password: one alarm, and hours between the attempts.
#[test]
fn refused_credentials_are_told_once_and_tried_slowly() {
    for status in [401, 403, 404] {
        let mut bench = Bench::new();
        bench.tries();
        bench.gets(200, "");
        let mut waits = vec![bench.tries()];
        for _ in 0..5 {
            if status == 401 {
                assert!(bench.gets(401, CHALLENGE));
            }
            assert!(!bench.gets(status, CHALLENGE));
            assert_eq!(bench.left(), None);
            waits.push(bench.tries());
        }
        assert_eq!(waits, [300, 300, 600, 1200, 1800, 1800], "at least half of what was drawn");
        assert_eq!(bench.alarms, [format!("registration refused with {status}: its calls may not reach us")]);
        // It is right again: the next trouble is told again.
        bench.gets(200, "");
        assert_eq!(bench.tries(), 300);
        bench.gets(403, "");
        assert_eq!(bench.alarms.len(), 2);
    }
}

#[test]
fn silence_is_waited_out_longer_each_time_between_half_and_all() {
    let mut low = Bench::new();
    low.tries();
    low.gets(200, "");
    low.tries();
    let mut waits = Vec::new();
    for round in 0..8 {
        low.take(408, None, 0);
        // The registration holds for as long as it was granted: nothing is told before.
        assert_eq!((low.left().is_some(), low.alarms.len()), if round < 4 { (true, 0) } else { (false, 1) }, "{round}");
        waits.push(low.tries());
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 900, 900, 900]);
    let mut high = Bench::new();
    for wait in [60, 120, 240, 480, 960, 1800, 1800] {
        high.tries();
        // The most that may be drawn.
        high.take(503, None, wait * SECOND / 2);
        let next = high.registration.deadline().unwrap() - high.now.mono;
        assert_eq!(next, wait * SECOND);
    }
}

#[test]
fn retry_after_is_kept_within_reason() {
    for (lines, least, most) in [
        ("Retry-After: 200\r\n", 200, 200),
        ("Retry-After: 200 (in maintenance);duration=60\r\n", 200, 200),
        ("Retry-After: 1\r\n", 30, 60),
        ("Retry-After: 4000000000\r\n", 3600, 3600),
        ("Retry-After: soon\r\n", 30, 60),
        ("", 30, 60),
    ] {
        let mut bench = Bench::new();
        bench.tries();
        assert!(!bench.gets(503, lines));
        let wait = bench.tries();
        assert!((least..=most).contains(&wait), "{lines} {wait}");
    }
}

#[test]
fn a_redirection_is_followed_to_the_trunks_own_addresses_and_once() {
    let mut bench = Bench::new();
    bench.tries();
    let lines = "Contact: <sip:registrar.example>, <sip:203.0.113.9>, <sip:10.0.0.2:5062>\r\n";
    assert!(bench.gets(302, lines));
    assert_eq!(bench.last().to.1, SocketAddr::from(([10, 0, 0, 2], 5062)));
    assert_eq!(bench.last().aor, "sip:hub@10.0.0.1", "we are the same there");
    assert!(bench.gets(401, CHALLENGE));
    assert!(bench.last().authorization.contains("uri=\"sip:10.0.0.2:5062\""));
    bench.gets(200, "");
    assert_eq!(bench.left(), Some(600));
    // From the beginning the next time; two that send us to and fro do not find us between them.
    bench.tries();
    assert_eq!(bench.last().to.1, SocketAddr::from(([10, 0, 0, 1], 5060)));
    assert!(bench.gets(302, "Contact: <sip:10.0.0.2>\r\n"));
    assert!(!bench.gets(302, "Contact: <sip:10.0.0.2:5070>\r\n"));
    assert!(bench.tries() >= 300);
    // Nowhere that is the trunk's: a password is shown to nobody else.
    assert!(!bench.gets(301, "Contact: <sip:203.0.113.9>\r\n"));
    assert!(!bench.sent.iter().any(|r| r.to.1.ip() == SocketAddr::from(([203, 0, 113, 9], 0)).ip()));
}
