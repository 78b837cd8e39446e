//! Which codec each leg speaks: lists of trunks, the caller's leg that follows, and what goes through as it is.

use crate::support::city;
use crate::support::raw::{Ask, CARRIER, FIRE, Peer, answer};
use crate::support::town::Town;
use crate::support::wire::Weather;
use switchboard::codec::{Codec, Menu};
use switchboard::dialplan::Record;
use switchboard::exchange::{Answer, Verb};
use switchboard::fact::{Cause, Fact};
use switchboard::id::TrunkId;
use switchboard::sip::message::Message;
use switchboard::sip::name::Method;

const BRANCH: ([u8; 4], u16) = ([127, 0, 0, 20], 5060);

fn town(record: Record, carrier: Option<&[Codec]>, branch: Option<&[Codec]>) -> Town {
    let mut settings = city::settings();
    settings.record_default = record;
    for (trunk, codecs) in [("carrier", carrier), ("branch.12366", branch)] {
        settings.trunks.get_mut(&TrunkId::from(trunk)).unwrap().codecs =
            codecs.map(|all| Menu::of(all.iter().copied()));
    }
    Town::with("2021-12-15T10:00", 7, Weather::FINE, settings)
}

fn body(ip: &str, stream: &str) -> String {
    let lines: String = stream.split(" | ").map(|line| format!("{line}\r\n")).collect();
    format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n{lines}")
}

/// The `m=` line's formats, and the `rtpmap` and `fmtp` lines of what is no event.
fn said(message: &Message) -> String {
    let text = String::from_utf8_lossy(message.body()).into_owned();
    let formats = text.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap_or_default();
    let formats: Vec<&str> = formats.split(' ').skip(2).collect();
    let events: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("telephone-event"))
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split(' ').next())
        .collect();
    let parameters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("a=fmtp:"))
        .filter(|line| !events.iter().any(|event| line.starts_with(&format!("{event} "))))
        .collect();
    let formats: Vec<&str> = formats.into_iter().filter(|format| !events.contains(format)).collect();
    [formats.join(" "), parameters.join("; ")].join(if parameters.is_empty() { "" } else { " | " })
}

/// A caller with this offer to 12366, and the sub-centre that is called.
struct Pair {
    town: Town,
    caller: Peer,
    branch: Peer,
    ask: Ask,
    /// The INVITE that the sub-centre got; `None`: none.
    invite: Option<Message>,
}

impl Pair {
    fn dials(mut town: Town, offer: &str) -> Self {
        let (caller, mut branch) = (Peer::at(&town, CARRIER), Peer::at(&town, BRANCH));
        let ask = Ask::new("INVITE", "12366", caller.at).offering(body("127.0.0.10", offer));
        caller.says(&mut town, ask.write());
        town.runs(0.2);
        let invite = branch.hears(&town).into_iter().find(|m| m.method() == Some(Method::Invite));
        Self { town, caller, branch, ask, invite }
    }

    /// The sub-centre answers; the caller's 200.
    fn answers(&mut self, stream: &str) -> Message {
        let invite = self.invite.clone().expect("it was called");
        let bytes = answer(&invite, self.branch.at, 200, "b", "", &body("127.0.0.20", stream));
        self.branch.says(&mut self.town, bytes);
        self.town.runs(0.2);
        let heard = self.caller.hears(&self.town);
        let ok = heard.into_iter().find(|m| m.status() == Some(200)).expect("the caller is answered");
        self.caller.says(&mut self.town, self.ask.ack(&ok).write());
        self.town.runs(0.2);
        ok
    }

    /// The caller hangs up, and nothing is left.
    fn ends(mut self, ok: &Message) {
        self.caller.says(&mut self.town, self.ask.within("BYE", ok, 1).write());
        let bye = self.branch.hears(&self.town).into_iter().find(|m| m.method() == Some(Method::Bye)).expect("a BYE");
        self.branch.says(&mut self.town, answer(&bye, self.branch.at, 200, "", "", ""));
        self.town.runs(120.0);
        assert_eq!(self.town.exchange.held(), (0, 0, 0));
    }

    /// Offers of ours inside the talk: to the caller, to the sub-centre.
    fn offered_anew(&mut self) -> [Option<Message>; 2] {
        self.town.runs(1.5);
        let invite = |messages: Vec<Message>| messages.into_iter().find(|m| m.method() == Some(Method::Invite));
        [invite(self.caller.hears(&self.town)), invite(self.branch.hears(&self.town))]
    }
}

/// The carrier's list, the sub-centre's, what that is offered, what it answers, what the caller gets.
type Row<'r> = (&'r [Codec], &'r [Codec], &'r str, &'r str, &'r str);

#[test]
fn the_lists_of_the_trunks_say_what_is_offered_and_answered() {
    use Codec::{G722, Ilbc, Opus, Pcma, Pcmu};
    let all = "m=audio 4000 RTP/AVP 9 0 8 97 111 101 | a=rtpmap:97 iLBC/8000 | a=fmtp:97 mode=30 | a=rtpmap:111 opus/48000/2 | a=rtpmap:101 telephone-event/8000";
    let table: [Row<'_>; 7] = [
        (&[Pcmu], &[Pcma, Pcmu], "0 8", "m=audio 5000 RTP/AVP 0", "0"),
        (&[Pcma, Pcmu], &[Pcmu], "0", "m=audio 5000 RTP/AVP 0", "0"),
        (&[Pcma], &[Pcmu], "0", "m=audio 5000 RTP/AVP 0", "8"),
        (&[G722, Pcma], &[Pcma, G722], "9 8", "m=audio 5000 RTP/AVP 9", "9"),
        (&[G722, Pcma], &[Pcma, G722], "9 8", "m=audio 5000 RTP/AVP 8", "8"),
        (
            &[Ilbc, Pcma],
            &[Ilbc, Pcmu],
            "97 0 | 97 mode=30",
            "m=audio 5000 RTP/AVP 97 | a=rtpmap:97 iLBC/8000 | a=fmtp:97 mode=30",
            "97 | 97 mode=30",
        ),
        (&[Opus, Pcma], &[Pcma], "8", "m=audio 5000 RTP/AVP 8", "8"),
    ];
    for (carrier, branch, offered, answered, got) in table {
        let mut pair = Pair::dials(town(Record::Never, Some(carrier), Some(branch)), all);
        let what = format!("{carrier:?} {branch:?} {answered}");
        assert_eq!(said(pair.invite.as_ref().expect("called")), offered, "{what}");
        let ok = pair.answers(answered);
        assert_eq!(said(&ok), got, "{what}");
        assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false], "{what}: nothing has to change");
        assert_eq!(pair.town.the_call().stage, "talking", "{what}");
        pair.ends(&ok);
    }
}

#[test]
fn without_lists_the_callers_leg_follows_and_what_nobody_decodes_goes_through_as_a_last_resort() {
    for (offer, offered, answered, got) in [
        ("m=audio 4000 RTP/AVP 8 0", "8 0", "m=audio 5000 RTP/AVP 0", "0"),
        ("m=audio 4000 RTP/AVP 0 8", "8 0", "m=audio 5000 RTP/AVP 8", "8"),
        ("m=audio 4000 RTP/AVP 8 9", "8 0", "m=audio 5000 RTP/AVP 8", "8"),
        ("m=audio 4000 RTP/AVP 9", "9", "m=audio 5000 RTP/AVP 9", "9"),
        (
            "m=audio 4000 RTP/AVP 96 | a=rtpmap:96 opus/48000/2",
            "8 0",
            "m=audio 5000 RTP/AVP 8",
            "96 | 96 minptime=10;useinbandfec=1;stereo=0",
        ),
        (
            "m=audio 4000 RTP/AVP 18 | a=fmtp:18 annexb=yes",
            "18 | 18 annexb=yes",
            "m=audio 5000 RTP/AVP 18 | a=fmtp:18 annexb=no",
            "18 | 18 annexb=no",
        ),
    ] {
        let mut pair = Pair::dials(town(Record::Never, None, None), offer);
        assert_eq!(said(pair.invite.as_ref().expect("called")), offered, "{offer}");
        let ok = pair.answers(answered);
        assert_eq!(said(&ok), got, "{offer}");
        assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false], "{offer}");
        pair.ends(&ok);
    }
}

#[test]
fn who_has_nothing_in_common_is_refused_and_who_would_hear_prompts_must_be_decoded() {
    let g729 = "m=audio 4000 RTP/AVP 18";
    // The sub-centre takes none of it: he goes on as if it could not be reached.
    let pair = Pair::dials(town(Record::Never, None, Some(&[Codec::Pcma])), g729);
    assert!(pair.invite.is_none());
    let failed = |fact: &Fact| matches!(fact, Fact::LegFailed { cause: Cause::Media, .. });
    assert!(pair.town.facts.iter().any(|event| failed(&event.fact)), "{:?}", pair.town.facts);
    // A queue says something first.
    let mut town = town(Record::Never, None, None);
    let mut caller = Peer::at(&town, CARRIER);
    caller.says(&mut town, Ask::new("INVITE", "12345", caller.at).offering(body("127.0.0.10", g729)).write());
    assert_eq!(caller.words(&town).last().map(String::as_str), Some("488 INVITE"));
    // An emergency line answers at once, and may have it.
    let mut fire = Peer::at(&town, FIRE);
    caller.says(&mut town, Ask::new("INVITE", "119", caller.at).offering(body("127.0.0.10", g729)).write());
    town.runs(0.2);
    let invite = fire.hears(&town).into_iter().find(|m| m.method() == Some(Method::Invite)).expect("119 is called");
    assert_eq!(said(&invite), "18");
}

#[test]
fn what_is_recorded_is_decoded_from_its_beginning_or_as_soon_as_somebody_asks() {
    let both: &[Codec] = &[Codec::G722, Codec::Pcma];
    let offer = "m=audio 4000 RTP/AVP 9 8 101 | a=rtpmap:101 telephone-event/8000";
    let mut pair = Pair::dials(town(Record::Always, Some(both), Some(both)), offer);
    assert_eq!(said(pair.invite.as_ref().expect("called")), "8", "recorded from its beginning");
    assert_eq!(said(&pair.answers("m=audio 5000 RTP/AVP 8")), "8");
    // On demand: through at first, and decoded once the order comes.
    let mut pair = Pair::dials(town(Record::OnDemand, Some(both), Some(both)), offer);
    let ok = pair.answers("m=audio 5000 RTP/AVP 9");
    assert_eq!(said(&ok), "9");
    assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false]);
    assert_eq!(pair.town.orders(Verb::Record), Answer::Done);
    let [to_caller, to_branch] = pair.offered_anew();
    let (to_caller, to_branch) = (to_caller.expect("offered anew"), to_branch.expect("offered anew"));
    assert_eq!((said(&to_caller), said(&to_branch)), ("8".to_owned(), "8".to_owned()));
    for (peer, request, ip) in [(&pair.caller, &to_caller, "127.0.0.10"), (&pair.branch, &to_branch, "127.0.0.20")] {
        let ok = answer(request, peer.at, 200, "", "", &body(ip, "m=audio 6000 RTP/AVP 8"));
        peer.says(&mut pair.town, ok);
    }
    pair.town.runs(1.0);
    assert_eq!(pair.town.the_call().stage, "talking");
    assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false], "and that is all");
    pair.ends(&ok);
}

/// Those who go through, by lists on both sides, and what the caller's 200 was.
fn through(record: Record) -> (Pair, Message) {
    let both: &[Codec] = &[Codec::G722, Codec::Pcma];
    let mut pair = Pair::dials(town(record, Some(both), Some(both)), "m=audio 4000 RTP/AVP 9 8");
    let ok = pair.answers("m=audio 5000 RTP/AVP 9");
    assert_eq!(said(&ok), "9");
    (pair, ok)
}

#[test]
fn a_caller_who_has_nothing_else_stays_as_he_is_though_he_is_recorded() {
    let mut pair = Pair::dials(town(Record::Always, None, None), "m=audio 4000 RTP/AVP 18");
    assert_eq!(said(pair.invite.as_ref().expect("called")), "18");
    let ok = pair.answers("m=audio 5000 RTP/AVP 18");
    assert_eq!(said(&ok), "18");
    assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false], "one of two who change would hear nobody");
    pair.ends(&ok);
}

#[test]
fn who_refuses_to_be_decoded_brings_the_other_back() {
    let (mut pair, ok) = through(Record::OnDemand);
    assert_eq!(pair.town.orders(Verb::Record), Answer::Done);
    let [to_caller, to_branch] = pair.offered_anew().map(|m| m.expect("offered anew"));
    let bytes = answer(&to_caller, pair.caller.at, 200, "", "", &body("127.0.0.10", "m=audio 4000 RTP/AVP 8"));
    pair.caller.says(&mut pair.town, bytes);
    let bytes = answer(&to_branch, pair.branch.at, 488, "", "", "");
    pair.branch.says(&mut pair.town, bytes);
    let [to_caller, to_branch] = pair.offered_anew();
    assert_eq!(to_caller.as_ref().map(said), Some("9".to_owned()), "he speaks what the other one speaks");
    assert!(to_branch.is_none(), "it has said what it wants");
    let bytes = answer(&to_caller.unwrap(), pair.caller.at, 200, "", "", &body("127.0.0.10", "m=audio 4000 RTP/AVP 9"));
    pair.caller.says(&mut pair.town, bytes);
    assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false]);
    assert_eq!(pair.town.the_call().stage, "talking");
    pair.ends(&ok);
}

#[test]
fn a_re_invite_that_crosses_ours_is_answered_and_ours_is_said_anew() {
    let (mut pair, ok) = through(Record::OnDemand);
    assert_eq!(pair.town.orders(Verb::Record), Answer::Done);
    let [to_caller, to_branch] = pair.offered_anew().map(|m| m.expect("offered anew"));
    // The caller has said his own at the same time.
    let theirs = pair.ask.within("INVITE", &ok, 1).offering(body("127.0.0.10", "m=audio 4002 RTP/AVP 9 8"));
    let bytes = answer(&to_caller, pair.caller.at, 491, "", "", "");
    pair.caller.says(&mut pair.town, bytes);
    pair.caller.hears(&pair.town);
    pair.caller.says(&mut pair.town, theirs.write());
    let answered = pair.caller.hears(&pair.town).into_iter().find(|m| m.status() == Some(200)).expect("an answer");
    pair.caller.says(&mut pair.town, theirs.ack(&answered).write());
    let bytes = answer(&to_branch, pair.branch.at, 200, "", "", &body("127.0.0.20", "m=audio 5000 RTP/AVP 8"));
    pair.branch.says(&mut pair.town, bytes);
    pair.town.runs(5.0);
    let invite = |m: &Message| m.method() == Some(Method::Invite);
    let again = pair.caller.hears(&pair.town).into_iter().find(invite).expect("ours has its turn");
    let version = |m: &Message| {
        let text = String::from_utf8_lossy(m.body()).into_owned();
        text.lines().find_map(|l| l.strip_prefix("o=- ")?.split(' ').nth(1)?.parse::<u64>().ok()).unwrap()
    };
    assert_eq!(said(&again), "8");
    let versions = [version(&to_caller), version(&answered), version(&again)];
    assert!(versions.is_sorted_by(|a, b| a < b), "each text has a version of its own: {versions:?}");
    let bytes = answer(&again, pair.caller.at, 200, "", "", &body("127.0.0.10", "m=audio 4002 RTP/AVP 8"));
    pair.caller.says(&mut pair.town, bytes);
    assert_eq!(pair.offered_anew().map(|m| m.is_some()), [false, false]);
    assert_eq!(pair.town.the_call().stage, "talking");
}

#[test]
fn an_early_answer_in_one_codec_and_the_last_in_another_lose_no_call() {
    let both: &[Codec] = &[Codec::G722, Codec::Pcma];
    let mut pair = Pair::dials(town(Record::Never, Some(both), Some(both)), "m=audio 4000 RTP/AVP 9 8");
    let invite = pair.invite.clone().expect("called");
    for stream in ["m=audio 5000 RTP/AVP 8", "m=audio 5000 RTP/AVP 9"] {
        let early = answer(&invite, pair.branch.at, 183, "b", "", &body("127.0.0.20", stream));
        pair.branch.says(&mut pair.town, early);
        pair.town.runs(0.3);
    }
    let ok = pair.answers("m=audio 5000 RTP/AVP 9");
    pair.town.runs(1.0);
    assert_eq!(pair.town.the_call().stage, "talking");
    let [to_caller, to_branch] = pair.offered_anew();
    // What the caller was told first decides; where that is another codec, nobody is left with one that the other does not speak.
    let spoken = (said(&ok), to_caller.as_ref().map(said), to_branch.as_ref().map(said));
    assert!(
        matches!(&spoken, (a, None, None) if a == "9") || matches!(&spoken, (a, None, Some(b)) if a == b),
        "{spoken:?}"
    );
}

#[test]
fn the_next_trunk_is_offered_what_the_caller_might_speak_too() {
    let mut settings = city::settings();
    settings.record_default = Record::Never;
    for trunk in ["carrier", "emergency-1"] {
        settings.trunks.get_mut(&TrunkId::from(trunk)).unwrap().codecs = Some(Menu::of([Codec::G722, Codec::Pcma]));
    }
    settings.trunks.get_mut(&TrunkId::from("emergency-2")).unwrap().codecs = Some(Menu::of([Codec::Pcma]));
    let mut town = Town::with("2021-12-15T10:00", 7, Weather::FINE, settings);
    let caller = Peer::at(&town, CARRIER);
    let (mut fire, mut second) = (Peer::at(&town, FIRE), Peer::at(&town, ([127, 0, 0, 31], 5060)));
    let ask = Ask::new("INVITE", "119", caller.at).offering(body("127.0.0.10", "m=audio 4000 RTP/AVP 9 8"));
    caller.says(&mut town, ask.write());
    town.runs(0.2);
    let is_invite = |m: &Message| m.method() == Some(Method::Invite);
    let invite = fire.hears(&town).into_iter().find(is_invite).expect("119 is called");
    let early = answer(&invite, fire.at, 183, "f", "", &body("127.0.0.30", "m=audio 5000 RTP/AVP 9"));
    fire.says(&mut town, early);
    town.runs(0.2);
    fire.says(&mut town, answer(&invite, fire.at, 503, "f", "", ""));
    town.runs(0.3);
    let next = second.hears(&town).into_iter().find(is_invite).expect("the next one is called");
    assert!(said(&next).split(' ').any(|format| format == "8"), "{}", said(&next));
}
