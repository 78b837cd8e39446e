//! Legs of browsers: a client of another hand behind the port of all browsers, the engine in virtual time.

use super::*;
use crate::browser::Identity;
use crate::browser::tests::client::{self, Client};
use crate::key::{Crypto, Fingerprint, Ice, Master, Suite, Web};
use crate::rtp::srtp::{GROWS, Listener, Sender};
use std::sync::LazyLock;

static OURS: LazyLock<Arc<Identity>> = LazyLock::new(|| Arc::new(Identity::new().unwrap()));

const ICE: Ice = Ice { user: *b"00000000abcdefgh", password: *b"0123456789abcdefghijklmn" };

fn check(ice: &Ice, nominates: bool) -> Vec<u8> {
    client::check(&ice.user, &ice.password, nominates)
}

/// A page: where it is, its handshake, and then its own ends of SRTP.
struct Page {
    at: SocketAddr,
    browser: Client,
    read: usize,
    sender: Option<Sender>,
    listener: Option<Listener>,
}

fn there(port: u16) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 9], port))
}

fn web(fingerprint: Fingerprint, ice: Ice) -> Remote {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 9));
    Remote { rtp: Some(nowhere), source: None, crypto: Some(Crypto::Web(Web { ice, theirs: fingerprint })), ..sdp(0) }
}

impl Page {
    fn new(town: &Town, gcm: bool) -> Self {
        let browser = Client::new(town.now.mono, gcm);
        Self { at: there(1), browser, read: 0, sender: None, listener: None }
    }

    fn sends(&self, town: &mut Town, datagram: &[u8]) {
        town.web(self.at, &mut datagram.to_vec());
    }

    fn checks(&self, town: &mut Town, ice: &Ice) {
        self.sends(town, &check(ice, true));
    }

    /// Both sides go on with the handshake, 10 ms at a time, until the page has keys.
    fn shakes(&mut self, town: &mut Town) {
        for _ in 0..200 {
            for datagram in self.browser.sent() {
                self.sends(town, &datagram);
            }
            town.shake();
            // Media that follows at once is left to be heard.
            let shaken = |d: &[u8]| d[0] & 0xC0 != 0x80;
            let all: Vec<_> = town.wire.web[self.read..].iter().take_while(|(.., d)| shaken(d)).cloned().collect();
            self.read += all.len();
            for (_, to, datagram) in all {
                if to == self.at && (20..64).contains(&datagram[0]) {
                    self.browser.read(&datagram, town.now.mono);
                }
            }
            if let Some([theirs, ours]) = self.browser.masters() {
                let suite = if self.browser.gcm { Suite::Gcm } else { Suite::Cm80 };
                self.sender = Some(Sender::new(&Master::new(suite, &theirs).unwrap()));
                self.listener = Some(Listener::new(&Master::new(suite, &ours).unwrap()));
                return;
            }
            town.pass(10);
        }
        panic!("no keys after 2 s");
    }

    fn sealed(&mut self, n: u16, payload: &[u8]) -> Vec<u8> {
        let mut datagram = vec![0; HEADER];
        audio(0, n).write(&mut datagram).unwrap();
        datagram.extend(payload);
        let length = datagram.len();
        datagram.resize(length + GROWS, 0);
        let length = self.sender.as_mut().unwrap().protect(&mut datagram, length).unwrap();
        datagram.truncate(length);
        datagram
    }

    fn says(&mut self, town: &mut Town, n: u16, payload: &[u8]) {
        let datagram = self.sealed(n, payload);
        self.sends(town, &datagram);
    }

    /// The sound that has been sent to it since it last listened.
    fn hears(&mut self, town: &Town) -> Vec<Vec<u8>> {
        let all = &town.wire.web[self.read..];
        self.read += all.len();
        let media =
            all.iter().filter(|(_, to, d)| *to == self.at && d[0] & 0xC0 == 0x80 && !(192..224).contains(&d[1]));
        let listener = self.listener.as_mut().unwrap();
        media
            .map(|(.., datagram)| {
                let mut datagram = datagram.clone();
                let length = listener.open(&mut datagram).expect("authentic");
                datagram[HEADER..length].to_vec()
            })
            .collect()
    }
}

#[test]
fn an_answer_that_names_no_keys_leaves_those_that_there_are() {
    let (mut town, mut page) = Town::talking(false);
    let keyed = web(Fingerprint(page.browser.fingerprint), ICE);
    town.remote(0, Remote { rtp: None, crypto: None, ..keyed });
    town.pass(200);
    page.hears(&town);
    town.remote(0, keyed);
    town.hear(0, Source::Tone(crate::patch::Tone::Ringback));
    town.pass(200);
    assert!(page.hears(&town).len() > 5, "by the same keys");
}

impl Town {
    /// A browser's leg on port 0, a phone's on port 1.
    fn with_browser() -> Self {
        let mut town = Self::new(&[]);
        town.engine = Engine::new(0, 0x5eed).with_browsers(Arc::clone(&OURS));
        for index in 0..2 {
            town.engine.grow();
            town.open(index, FIRST);
        }
        town.remote(1, sdp(1));
        town
    }

    fn web(&mut self, from: SocketAddr, datagram: &mut [u8]) {
        self.wire.now = self.now.mono;
        self.engine.on_web(0, from, datagram, self.now, &mut self.wire);
        self.drain();
    }

    fn shake(&mut self) {
        self.wire.now = self.now.mono;
        while self.engine.shake(self.now, &mut self.wire) {}
    }

    fn expect(&mut self, ice: Ice) {
        self.command(Command::Expect { port: id(0), epoch: FIRST, ice });
    }

    /// A page that has been called, has answered, and is through.
    fn talking(gcm: bool) -> (Self, Page) {
        let mut town = Self::with_browser();
        let mut page = Page::new(&town, gcm);
        town.expect(ICE);
        town.remote(0, web(Fingerprint(page.browser.fingerprint), ICE));
        page.checks(&mut town, &ICE);
        page.shakes(&mut town);
        (town, page)
    }
}

#[test]
fn a_page_and_a_phone_hear_each_other_byte_for_byte() {
    for gcm in [false, true] {
        let (mut town, mut page) = Town::talking(gcm);
        assert_eq!(town.wire.routes, [(there(1), 0, true)]);
        town.join(0, 1);
        for n in 0..50u16 {
            page.says(&mut town, n, &[n as u8; 160]);
            let sent = town.wire.rtp.last().unwrap();
            assert_eq!((sent.port, sent.at, &sent.payload[..]), (1, town.now.mono, &[n as u8; 160][..]));
            town.says(1, n, &[!(n as u8); 160]);
            assert_eq!(page.hears(&town), [vec![!(n as u8); 160]]);
            town.pass(20);
        }
        let at = town.wire.web.len();
        town.pass(20_000);
        let reports = town.wire.web[at..].iter().filter(|(_, to, d)| *to == there(1) && (200..=201).contains(&d[1]));
        assert!(reports.count() >= 2, "reports go by the same port");
        assert!(town.wire.rtcp.iter().all(|r| r.1 == 1) && town.heard(0).is_empty(), "its own sockets are silent");
        town.close(0);
        assert_eq!(town.wire.routes.last(), Some(&(there(1), 0, false)));
    }
}

#[test]
fn checks_and_a_handshake_before_our_answer_is_there_are_not_lost() {
    let mut town = Town::with_browser();
    let mut page = Page::new(&town, false);
    page.checks(&mut town, &ICE);
    assert!(town.wire.web.is_empty(), "nobody is expected");
    town.expect(ICE);
    page.checks(&mut town, &ICE);
    let hello = page.browser.sent();
    hello.iter().for_each(|d| page.sends(&mut town, d));
    town.shake();
    assert_eq!(town.wire.web.len(), 1, "the check was answered, the hello waits for the fingerprint");
    town.remote(0, web(Fingerprint(page.browser.fingerprint), ICE));
    town.shake();
    assert!(town.wire.web.len() > 1, "it is answered at once");
    page.shakes(&mut town);
}

#[test]
fn what_it_shall_hear_waits_for_the_keys_and_is_heard_from_its_first_sample() {
    let mut town = Town::with_browser();
    let mut page = Page::new(&town, false);
    town.remote(0, web(Fingerprint(page.browser.fingerprint), ICE));
    town.hear(0, play(1, &[clip("welcome", 1_600)], false));
    town.pass(700);
    page.checks(&mut town, &ICE);
    page.shakes(&mut town);
    town.pass(400);
    let heard: Vec<u8> = page.hears(&town).concat();
    assert!(
        heard == (0..1_600).map(|i| (i % 251) as u8).collect::<Vec<_>>(),
        "{} bytes from {:?}",
        heard.len(),
        heard.first()
    );
    assert!(matches!(town.events.last(), Some(Event::PlayFinished { play: PlayId(1), .. })));
    // Without keys it goes by in the end, so that no call hangs on a browser that never comes.
    let mut town = Town::with_browser();
    town.remote(0, web(Fingerprint(page.browser.fingerprint), ICE));
    town.hear(0, play(2, &[clip("welcome", 1_600)], false));
    town.pass(2_900);
    assert!(town.events.is_empty());
    town.pass(400);
    assert!(matches!(town.events.last(), Some(Event::PlayFinished { play: PlayId(2), .. })));
}

#[test]
fn strangers_bleed_nothing_and_inject_nothing() {
    let (mut town, mut page) = Town::talking(false);
    town.join(0, 1);
    page.says(&mut town, 0, &[1; 160]);
    let sealed = page.sealed(1, &[2; 160]);
    let sent = town.wire.web.len();
    let mut plain = vec![0; HEADER];
    audio(0, 2).write(&mut plain).unwrap();
    plain.extend([3; 160]);
    // From an address that has passed no check: even what is authentic; in the clear; a replay; a forgery; by the leg's own sockets.
    town.web(there(66), &mut sealed.clone());
    town.web(there(1), &mut plain.clone());
    let mut forged = sealed.clone();
    *forged.last_mut().unwrap() ^= 1;
    town.web(there(1), &mut forged);
    town.datagram(0, there(1), &mut plain.clone());
    town.datagram(0, there(1), &mut sealed.clone());
    let wrong = Ice { password: *b"0123456789abcdefghijklmN", ..ICE };
    town.web(there(66), &mut check(&wrong, true));
    town.web(there(66), &mut [22; 60]);
    town.web(there(1), &mut [0x80, 200, 0, 1, 0, 0, 0, 0]);
    town.web(there(1), &mut []);
    assert_eq!((town.heard(1).len(), town.wire.web.len()), (1, sent));
    town.says(1, 0, &[9; 160]);
    assert_eq!(page.hears(&town), [vec![9; 160]], "it still goes to the page");
    town.web(there(1), &mut sealed.clone());
    town.web(there(1), &mut sealed.clone());
    assert_eq!(town.heard(1).len(), 2, "once");
    town.close(0);
    let Some(Event::Closed { stats, .. }) = town.events.last() else { panic!() };
    assert_eq!((stats.received, stats.refused), (2, 10));
}

#[test]
fn media_follows_the_page_to_another_network_and_a_restart_keeps_the_keys() {
    let (mut town, mut page) = Town::talking(false);
    town.join(0, 1);
    page.says(&mut town, 0, &[1; 160]);
    // A check alone moves nothing; what is authentic does.
    page.at = there(2);
    page.checks(&mut town, &ICE);
    town.says(1, 0, &[4; 160]);
    assert!(page.hears(&town).is_empty(), "it went to the first address");
    page.says(&mut town, 1, &[2; 160]);
    town.says(1, 1, &[5; 160]);
    assert_eq!(page.hears(&town), [vec![5; 160]]);
    // A restart of ICE from a third: the nominated pair is taken at once.
    let next = Ice { user: *b"00000000ijklmnop", password: *b"9876543210abcdefghijklmn" };
    town.remote(0, web(Fingerprint(page.browser.fingerprint), next));
    page.at = there(3);
    page.checks(&mut town, &next);
    town.says(1, 2, &[6; 160]);
    assert_eq!(page.hears(&town), [vec![6; 160]]);
    page.says(&mut town, 2, &[3; 160]);
    assert_eq!(town.heard(1).last().unwrap().payload, [3; 160]);
    assert_one_stream(&town.heard(1));
    // Another certificate is another browser: nothing of the former one's keys holds.
    town.remote(0, web(Fingerprint([9; 32]), next));
    let sent = town.wire.web.len();
    page.says(&mut town, 3, &[7; 160]);
    town.says(1, 3, &[8; 160]);
    assert_eq!((town.wire.web.len(), town.heard(1).last().unwrap().payload.clone()), (sent, vec![3; 160]));
}

#[test]
fn a_page_that_holds_is_sent_nothing_and_one_that_is_muted_is_not_dead() {
    let (mut town, mut page) = Town::talking(false);
    town.join(0, 1);
    page.says(&mut town, 0, &[1; 160]);
    town.remote(0, Remote { rtp: None, ..web(Fingerprint(page.browser.fingerprint), ICE) });
    town.says(1, 0, &[2; 160]);
    assert!(page.hears(&town).is_empty());
    town.remote(0, web(Fingerprint(page.browser.fingerprint), ICE));
    town.says(1, 1, &[3; 160]);
    assert_eq!(page.hears(&town), [vec![3; 160]]);
    for n in 0..10u16 {
        town.pass(2_500);
        page.checks(&mut town, &ICE);
        town.says(1, 200 + n, &[4; 160]);
    }
    assert!(!town.events.iter().any(|e| matches!(e, Event::Silent { port, .. } if *port == id(0))));
    town.pass(6_000);
    assert!(town.events.iter().any(|e| matches!(e, Event::Silent { port, .. } if *port == id(0))), "and then it is");
}
