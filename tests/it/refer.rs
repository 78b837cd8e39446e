//! Moving a call: REFER, Replaces, keys by INFO and challenges, by the telephone of the tests against a switch that obeys,
//! and against the exchange as it is.

use crate::races::talking_119;
use crate::sent::{Read, all_messages, one_message};
use crate::support::city;
use crate::support::raw::{Ask, CARRIER, answer, text};
use crate::support::town::{Manner, Town};
use bytes::Bytes;
use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use switchboard::clock::Now;
use switchboard::id::TrunkId;
use switchboard::phone::{self, Account, Event as Heard, Phone};
use switchboard::sdp::{Direction, Local, Negotiation};
use switchboard::sip::auth::{Algorithm, Realm};
use switchboard::sip::dialog::{Credentials, Outgoing, ReferId, Replaces, SessionId};
use switchboard::sip::endpoint::{Endpoint, Event, Incoming, Output, Settings};
use switchboard::sip::flow::{Flow, Transport};
use switchboard::sip::lines::Lines;
use switchboard::sip::name::{Method, Name};

const SOON: Manner = Manner::Answers(1_000_000);

// --- a phone and a switch that obeys --------------------------------------------------------------------------------

/// A phone, and an endpoint that takes every call and does what its test says.
struct Pair {
    now: Now,
    phone: Phone,
    switch: Endpoint,
    /// What the phone reported.
    heard: Vec<phone::Event>,
    /// What the endpoint reported.
    told: Vec<Event>,
    /// What both have sent, as an independent reader must have it; the switch's apart.
    sent: [Vec<Bytes>; 2],
    /// Messages on their way: to the switch or not.
    wire: Vec<(bool, Bytes)>,
    /// The switch answers calls with this.
    media: Negotiation,
    /// Share of messages that the wire loses, percent, and its dice.
    loss: u32,
    dice: ChaCha12Rng,
}

fn flow(local: u8, peer: u8) -> Flow {
    let at = |last| SocketAddr::from(([127, 0, 0, last], 5060));
    Flow { transport: Transport::Udp, local: at(local), peer: at(peer), connection: 0 }
}

const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8\r\n";

impl Pair {
    fn new() -> Self {
        let account = Account {
            user: "8001".into(),
            password: Some("secret".into()),
            flow: flow(2, 1),
            rtp: SocketAddr::from(([127, 0, 0, 2], 30_000)),
            expires: 600,
        };
        Self {
            now: Now::default().plus(1_000_000),
            phone: Phone::new(account, Settings::default(), [1; 32]),
            switch: Endpoint::new(Settings::default(), [2; 32]),
            heard: Vec::new(),
            told: Vec::new(),
            sent: [Vec::new(), Vec::new()],
            wire: Vec::new(),
            media: Negotiation::new(Local { address: [127, 0, 0, 1].into(), port: 20_000, session_id: 1 }),
            loss: 0,
            dice: ChaCha12Rng::seed_from_u64(0),
        }
    }

    /// The phone's call to the switch, which stands.
    fn standing(&mut self) -> (SessionId, SessionId) {
        let call = self.phone.dial("sip:12345@127.0.0.1", b"", self.now);
        self.runs(0);
        let invite = self.request(Method::Invite);
        let session = self.switch.admit(invite, true, self.now);
        self.switch.accept(session, Some(SDP.into()), b"", self.now);
        self.runs(0);
        assert!(self.heard.contains(&Heard::Connected { call }));
        (call, session)
    }

    /// The switch calls the phone, with these lines.
    fn calls(&mut self, lines: Lines) -> SessionId {
        let outgoing = Outgoing {
            flow: flow(1, 2),
            uri: "sip:8001@127.0.0.2".into(),
            from: "<sip:119@127.0.0.1>".into(),
            to: "<sip:8001@127.0.0.2>".into(),
            sdp: self.media.offer(Direction::SendRecv),
            other_sdp: None,
            max_forwards: 70,
            extra: lines.into_bytes().into(),
            credentials: None,
            by_flow: true,
            session_expires: 0,
        };
        let session = self.switch.connect(outgoing, self.now);
        self.runs(1);
        session
    }

    /// The request outside any dialog that the switch was last handed.
    fn request(&mut self, method: Method) -> Incoming {
        let found = self.told.iter().position(|e| matches!(e, Event::Request(i) if i.message.method() == Some(method)));
        match self.told.remove(found.unwrap_or_else(|| panic!("no {method} in {:?}", self.told))) {
            Event::Request(incoming) => *incoming,
            other => panic!("{other:?}"),
        }
    }

    fn refer(&mut self) -> (ReferId, String, bool) {
        let found = self.told.iter().rev().find_map(|e| match e {
            Event::Refer { refer, to, .. } => Some((*refer, text(Some(&to.uri)), to.replaces.is_some())),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no REFER in {:?}", self.told))
    }

    /// Delivers everything, and lets so many seconds pass.
    fn runs(&mut self, seconds: u64) {
        let until = self.now.mono + seconds * 1_000_000;
        loop {
            self.collect();
            if !self.wire.is_empty() {
                let (to_switch, bytes) = self.wire.remove(0);
                if self.dice.next_u32() % 100 < self.loss {
                    continue;
                }
                match to_switch {
                    true => self.switch.receive(flow(1, 2), bytes, self.now),
                    false => self.phone.receive(flow(2, 1), bytes, self.now),
                }
                continue;
            }
            let due = self.phone.deadline().into_iter().chain(self.switch.deadline()).min();
            let Some(at) = due.filter(|at| *at <= until) else { break };
            self.now = self.now.plus(at.saturating_sub(self.now.mono));
            self.phone.expire(self.now);
            self.switch.expire(self.now);
        }
        self.now = self.now.plus(until.saturating_sub(self.now.mono));
    }

    fn collect(&mut self) {
        while let Some(output) = self.phone.poll() {
            match output {
                phone::Output::Send(_, bytes) => {
                    self.sent[0].push(bytes.clone());
                    self.wire.push((true, bytes));
                }
                phone::Output::Event(event) => self.heard.push(event),
            }
        }
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Send(_, bytes) => {
                    self.sent[1].push(bytes.clone());
                    self.wire.push((false, bytes));
                }
                Output::Event(event) => self.told.push(event),
            }
        }
    }

    /// Every message is one that an independent reader takes; nothing is left behind.
    fn ends(mut self) {
        for call in self.phone.calls().collect::<Vec<_>>() {
            self.phone.hang_up(call, self.now);
        }
        self.runs(300);
        assert_eq!((self.phone.held(), self.switch.live()), ((0, 0), (0, 0)));
        for side in &self.sent {
            let read: Vec<Read> = side.iter().map(|b| Read::new(b)).collect();
            read.iter().for_each(one_message);
            all_messages(&read);
        }
    }
}

fn notified(pair: &Pair) -> Vec<(u16, bool)> {
    let status = |e: &Heard| match e {
        Heard::Notified { status, over, .. } => Some((*status, *over)),
        _ => None,
    };
    pair.heard.iter().filter_map(status).collect()
}

#[test]
fn a_blind_transfer_is_told_to_its_end() {
    let mut pair = Pair::new();
    let (call, _) = pair.standing();
    pair.phone.refer(call, "sip:12348@127.0.0.1", false, pair.now);
    pair.runs(0);
    let (refer, to, attended) = pair.refer();
    assert_eq!((to.as_str(), attended), ("sip:12348@127.0.0.1", false));
    pair.switch.accept_refer(refer, pair.now);
    pair.runs(1);
    pair.switch.report_refer(refer, 180, pair.now);
    pair.runs(1);
    pair.switch.report_refer(refer, 200, pair.now);
    pair.runs(1);
    assert!(pair.heard.contains(&Heard::Referred { call, status: 202 }));
    assert_eq!(notified(&pair), [(100, false), (180, false), (200, true)]);
    // The next one, refused: told by its own status alone.
    pair.phone.refer(call, "sip:12348@127.0.0.1", false, pair.now);
    pair.runs(0);
    let (second, ..) = pair.refer();
    assert_ne!(second, refer);
    pair.switch.decline_refer(second, 403, pair.now);
    pair.runs(1);
    assert!(pair.heard.contains(&Heard::Referred { call, status: 403 }));
    assert_eq!(notified(&pair).len(), 3);
    pair.ends();
}

#[test]
fn a_silent_transfer_is_not_told() {
    let mut pair = Pair::new();
    let (call, _) = pair.standing();
    pair.phone.refer(call, "tel:119", true, pair.now);
    pair.runs(0);
    let (refer, to, _) = pair.refer();
    assert_eq!(to, "tel:119");
    pair.switch.accept_refer(refer, pair.now);
    pair.runs(1);
    pair.switch.report_refer(refer, 200, pair.now);
    pair.runs(1);
    assert!(pair.heard.contains(&Heard::Referred { call, status: 202 }));
    assert_eq!(notified(&pair), []);
    pair.ends();
}

/// Under loss a REFER is asked once, and its sender hears either how it ended or, by its own timers, nothing.
#[test]
fn a_transfer_on_a_bad_line_is_done_once() {
    let mut told = 0;
    for seed in 0..60 {
        let mut pair = Pair::new();
        let (call, session) = pair.standing();
        (pair.loss, pair.dice) = (35, ChaCha12Rng::seed_from_u64(seed));
        pair.phone.refer(call, "sip:12348@127.0.0.1", false, pair.now);
        let asked = |pair: &Pair| pair.told.iter().filter(|e| matches!(e, Event::Refer { .. })).count();
        for _ in 0..40 {
            pair.runs(1);
            if asked(&pair) > 0 {
                break;
            }
        }
        // A copy that comes after the decision is answered as the first was.
        if asked(&pair) == 1 {
            let (refer, ..) = pair.refer();
            pair.switch.accept_refer(refer, pair.now);
            pair.runs(5);
            pair.switch.report_refer(refer, 486, pair.now);
            pair.runs(40);
            let unheard = pair.told.iter().any(|e| matches!(e, Event::ReferUnheard { .. }));
            let last = notified(&pair).last().copied();
            assert!(
                last == Some((486, true)) || unheard || pair.switch.given_up().no_response > 0,
                "seed {seed}: {last:?}"
            );
            told += u32::from(last == Some((486, true)));
        }
        assert!(asked(&pair) <= 1, "seed {seed}");
        assert!(pair.switch.is_live(session), "seed {seed}: a lost NOTIFY ends no call");
        pair.loss = 0;
        pair.ends();
    }
    assert!(told > 10, "{told} of 60 heard the end");
}

/// The phone hangs up at once and forgets the call: its 481 to a NOTIFY harms nothing.
#[test]
fn a_phone_that_hangs_up_behind_its_refer_is_let_go() {
    let mut pair = Pair::new();
    let (call, session) = pair.standing();
    pair.phone.refer(call, "sip:119@127.0.0.1", false, pair.now);
    pair.runs(0);
    let (refer, ..) = pair.refer();
    pair.switch.accept_refer(refer, pair.now);
    pair.runs(0);
    pair.phone.hang_up(call, pair.now);
    pair.runs(0);
    assert!(pair.told.iter().any(|e| matches!(e, Event::Ended { session: s, .. } if *s == session)));
    pair.switch.report_refer(refer, 200, pair.now);
    pair.runs(1);
    assert_eq!(notified(&pair), [(100, false)]);
    pair.ends();
}

/// An attended transfer names the other call as its far end sees it, and the INVITE that follows takes its place.
#[test]
fn an_attended_transfer_takes_the_place_of_a_call() {
    let mut pair = Pair::new();
    let (call, _) = pair.standing();
    let (consult, consulted) = pair.standing();
    assert!(pair.phone.refer_to_other(call, consult, "sip:12348@127.0.0.1", false, pair.now));
    pair.runs(0);
    let (refer, _, attended) = pair.refer();
    assert!(attended);
    pair.switch.decline_refer(refer, 403, pair.now);
    let named = pair.phone.replaces(consult).expect("a far end");
    let wanted = pair.told.iter().rev().find_map(|e| match e {
        Event::Refer { to, .. } => to.replaces.clone(),
        _ => None,
    });
    assert_eq!(wanted, Some(named.clone()));
    assert_eq!(pair.switch.named(&named), Some(consulted), "the switch has that call itself");

    // Whoever is told so calls the switch with it: it finds the session.
    let third = pair.phone.dial_replacing("sip:12348@127.0.0.1", &named, pair.now);
    pair.runs(0);
    let invite = pair.request(Method::Invite);
    let replaced = pair.switch.replaced(&invite).expect("a call that stands").expect("Replaces");
    let session = pair.switch.admit(invite, true, pair.now);
    pair.switch.accept(session, Some(SDP.into()), b"", pair.now);
    pair.switch.hang_up(replaced, b"", pair.now);
    pair.runs(1);
    assert!(pair.heard.contains(&Heard::Connected { call: third }));
    assert!(pair.heard.iter().any(|e| matches!(e, Heard::Ended { call, .. } if *call == consult)));
    pair.ends();
}

/// A phone whose call is taken from it answers at once, and ends the one that goes. What travels with the call is written
/// so that an independent reader takes it.
#[test]
fn a_phone_lets_its_call_be_taken() {
    let mut pair = Pair::new();
    let (call, session) = pair.standing();
    let mut lines = Lines::new();
    lines.replaces(&pair.switch.replaces_of(session).expect("a far end"));
    lines.user_to_user("转接".as_bytes()).expect("short").emergency().referred_by("sip:8001@127.0.0.1");
    lines.history("sip:12345@127.0.0.1", "1", None).call_info("http://127.0.0.1/c/1", "info");
    let taken = pair.calls(lines);
    assert!(pair.told.iter().any(|e| matches!(e, Event::Answered { session, .. } if *session == taken)));
    assert!(pair.told.iter().any(|e| matches!(e, Event::Ended { session: s, .. } if *s == session)));
    let new = pair.heard.iter().find_map(|e| match e {
        Heard::Replacing { call: new, replaced } if *replaced == call => Some(*new),
        _ => None,
    });
    assert_eq!(pair.phone.calls().collect::<Vec<_>>(), [new.expect("told")]);
    pair.ends();
}

/// Picked up while it rings (RFC 3891 §7.2): `early-only`; the phone cancels what it had dialled. Once answered it is 486.
#[test]
fn a_call_that_rings_is_picked_up_and_one_that_stands_is_not() {
    let mut pair = Pair::new();
    let call = pair.phone.dial("sip:12345@127.0.0.1", b"", pair.now);
    pair.runs(0);
    let invite = pair.request(Method::Invite);
    let ringing = pair.switch.admit(invite, true, pair.now);
    pair.switch.progress(ringing, 180, None, b"", pair.now);
    pair.runs(1);
    let early = |pair: &Pair, session| {
        let mut lines = Lines::new();
        let replaces = pair.switch.replaces_of(session).expect("a far end");
        lines.replaces(&Replaces { early_only: true, ..replaces });
        lines
    };
    let lines = early(&pair, ringing);
    let picked = pair.calls(lines);
    assert!(pair.told.iter().any(|e| matches!(e, Event::Answered { session, .. } if *session == picked)));
    assert!(pair.told.iter().any(|e| matches!(e, Event::Cancelled { session, .. } if *session == ringing)));
    assert!(!pair.phone.calls().any(|c| c == call));

    let lines = early(&pair, picked);
    let refused = pair.calls(lines);
    let failed = |e: &Event| matches!(e, Event::Failed { session, status: 486, .. } if *session == refused);
    assert!(pair.told.iter().any(failed));
    assert!(pair.switch.is_live(picked));
    pair.ends();
}

#[test]
fn keys_go_by_info_in_their_order() {
    let mut pair = Pair::new();
    let (call, session) = pair.standing();
    pair.phone.keys(call, "*1#d", pair.now);
    pair.switch.info_digits(session, "09", pair.now);
    pair.runs(1);
    let got: String = pair
        .told
        .iter()
        .filter_map(|e| match e {
            Event::Key { key, duration: Some(160), .. } => Some(*key),
            _ => None,
        })
        .collect();
    assert_eq!(got, "*1#D");
    let got: Vec<char> = pair
        .heard
        .iter()
        .filter_map(|e| match e {
            Heard::Key { key, .. } => Some(*key),
            _ => None,
        })
        .collect();
    assert_eq!(got, ['0', '9']);
    pair.ends();
}

#[test]
fn a_probe_tells_a_phone_that_lives_from_one_that_has_forgotten() {
    let mut pair = Pair::new();
    let (_, session) = pair.standing();
    pair.switch.probe(session, pair.now);
    pair.runs(1);
    let probed = |pair: &Pair| {
        pair.told.iter().rev().find_map(|e| match e {
            Event::Probed { alive, .. } => Some(*alive),
            _ => None,
        })
    };
    assert_eq!(probed(&pair), Some(true));
    // It has been switched off and on: nothing of the call is left there.
    let fresh = Pair::new();
    pair.phone = fresh.phone;
    pair.switch.probe(session, pair.now);
    pair.runs(1);
    assert_eq!(probed(&pair), Some(false));
    assert!(pair.switch.is_live(session));
    pair.switch.hang_up(session, b"", pair.now);
    pair.runs(60);
    assert_eq!(pair.switch.live(), (0, 0));
}

// --- the exchange as it is ------------------------------------------------------------------------------------------

/// Callers' and strangers' numbers are never put through by REFER; what it does for a seat is told in `three_way`.
#[test]
fn a_callers_refer_is_declined_and_the_call_goes_on() {
    let mut town = Town::new(1);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let citizen = town.citizen("13900000001");
    let call = town.dials(citizen, "12345");
    assert!(town.until(60, |t| t.talk(citizen, seat)));
    town.refers(seat, "13800138000", false);
    town.refers(citizen, "110", true);
    town.runs(1.0);
    town.refers_attended(citizen, call, "119");
    town.runs(5.0);
    let statuses = |who| -> BTreeSet<u16> {
        let status = |e: &Heard| match e {
            Heard::Referred { status, .. } => Some(*status),
            _ => None,
        };
        town.log(who).iter().filter_map(status).collect()
    };
    assert_eq!((statuses(seat), statuses(citizen)), ([403].into(), [403].into()));
    assert!(town.talk(citizen, seat));
    town.goes_home();
}

#[test]
fn nobody_takes_a_call_from_another_yet() {
    let mut town = Town::new(2);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    assert!(town.until(60, |t| t.talk(citizen, seat)));
    let named = town.replaces(citizen);
    let other = town.citizen("13900000002");
    town.dials_replacing(other, "12345", &named);
    town.runs(2.0);
    assert_eq!(town.failed(other).map(|f| f.0), Some(403));
    assert!(town.talk(citizen, seat));
    town.hangs_up(citizen);
    town.runs(2.0);
    town.dials_replacing(other, "12345", &named);
    town.runs(2.0);
    assert_eq!(town.failed(other).map(|f| f.0), Some(603), "it has ended");
    town.goes_home();
}

#[test]
fn keys_by_info_reach_whoever_listens() {
    let mut town = Town::new(3);
    let seat = town.seat("8001", SOON);
    town.runs(1.0);
    let citizen = town.citizen("13900000001");
    town.dials(citizen, "12345");
    assert!(town.until(60, |t| t.talk(citizen, seat)));
    town.informs(citizen, "15#");
    town.runs(2.0);
    assert_eq!(town.keys_heard(seat), "15#");
    assert_eq!(town.keys_heard(citizen), "");
    town.goes_home();
}

/// A trunk that asks for a password asks for it in the BYE as well (RFC 3261 §22.2).
#[test]
fn a_trunk_that_challenges_the_bye_has_its_answer() {
    let mut settings = city::settings();
    let credentials = Credentials { user: "hotline".into(), password: "secret".into() };
    settings.trunks.get_mut(&TrunkId::from("emergency-1")).unwrap().credentials = Some(credentials);
    let mut town = Town::with("2021-12-15T10:00", 4, crate::support::wire::Weather::FINE, settings);
    let ask = Ask::new("INVITE", "119", SocketAddr::from(CARRIER));
    let (mut caller, mut far, ..) = talking_119(&mut town, &ask, "");
    let ok =
        town.sent.iter().rev().find(|(f, b)| f.peer == caller.at && b.starts_with(b"SIP/2.0 200")).unwrap().1.clone();
    let ok = switchboard::sip::wire::parse(ok).unwrap();
    caller.says(&mut town, ask.within("BYE", &ok, 1).write());
    assert_eq!(caller.words(&town), ["200 BYE"]);
    let bye = far.hears_one(&town);
    let mut realm = Realm::new("far", [3; 32]);
    let line = format!(
        "Proxy-Authenticate: {}\r\n",
        realm.challenge(town.now, city::EXCHANGE.ip(), &[Algorithm::Md5], false)[0]
    );
    far.says(&mut town, answer(&bye, far.at, 407, "far1", &line, ""));
    let again = far.hears_one(&town);
    assert_eq!((again.method_token(), again.call_id()), (&b"BYE"[..], bye.call_id()));
    let value = text(again.value(Name::ProxyAuthorization));
    assert!(value.contains("username=\"hotline\""), "{value}");
    assert_eq!(again.cseq().unwrap().number, bye.cseq().unwrap().number + 1);
    far.says(&mut town, answer(&again, far.at, 200, "far1", "", ""));
    town.runs(40.0);
    let read: Vec<Read> = town.sent.iter().map(|(_, b)| Read::new(b)).collect();
    read.iter().for_each(one_message);
    all_messages(&read);
    assert_eq!(town.exchange.held(), (0, 0, 0));
}
