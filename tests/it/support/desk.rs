//! A seat's phone written by hand: it registers and calls step by step, with any password.

use super::raw::{Ask, Peer};
use super::town::Town;
use switchboard::sip::auth::{Password, client};
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;

/// Where seat 8001's phone stands.
pub const HOME: ([u8; 4], u16) = ([127, 0, 1, 1], 7000);
/// Somebody else's address.
pub const THIEF: ([u8; 4], u16) = ([127, 0, 9, 9], 5060);

/// A phone written by hand.
pub struct Desk {
    pub peer: Peer,
    user: &'static str,
    pub password: String,
    step: u32,
    nonces: client::Nonces,
    /// Those last heard.
    pub challenges: Vec<Vec<u8>>,
}

impl Desk {
    pub fn new(town: &mut Town, place: ([u8; 4], u16), user: &'static str, password: impl Into<String>) -> Self {
        let peer = Peer::at(town, place);
        Self {
            peer,
            user,
            password: password.into(),
            step: 0,
            nonces: client::Nonces::default(),
            challenges: Vec::new(),
        }
    }

    pub fn ask(&mut self, lines: &[&str]) -> Ask {
        self.step += 1;
        let mut ask = Ask::new("REGISTER", self.user, self.peer.at);
        ask.uri = "sip:127.0.0.1:5070".into();
        ask.from = format!("<sip:{}@127.0.0.1>;tag=r", self.user);
        ask.cseq = self.step;
        ask.branch = format!("z9hG4bK-r{}-{}", self.step, self.peer.at);
        ask.call_id = format!("reg-{}", self.peer.at);
        for line in lines {
            ask = ask.with(line);
        }
        ask
    }

    /// The Authorization line for the challenge last heard.
    pub fn credentials(&mut self) -> String {
        self.credentials_for("REGISTER")
    }

    fn credentials_for(&mut self, method: &str) -> String {
        let password = Password::Plain(self.password.clone());
        let from = client::From { user: self.user, password: &password };
        let challenges: Vec<&[u8]> = self.challenges.iter().map(|c| &c[..]).collect();
        let value = client::answer(&challenges, &from, method.as_bytes(), "sip:127.0.0.1:5070", "c0", &mut self.nonces);
        format!("Authorization: {}", value.expect("a challenge that can be answered"))
    }

    pub fn says(&mut self, town: &mut Town, ask: &Ask) -> Message {
        self.peer.says(town, ask.write());
        let got = self.peer.hears_one(town);
        if got.status() == Some(401) {
            self.challenges = got.values(Name::WwwAuthenticate).map(<[u8]>::to_vec).collect();
        }
        got
    }

    /// Registers with these lines, answering one challenge.
    pub fn registers(&mut self, town: &mut Town, lines: &[&str]) -> Message {
        if self.challenges.is_empty() {
            let ask = self.ask(lines);
            let no = self.says(town, &ask);
            assert_eq!(no.status(), Some(401));
        }
        let credentials = self.credentials();
        let ask = self.ask(lines).with(&credentials);
        self.says(town, &ask)
    }

    /// Calls this number, answering one challenge: the first answer then, or the 401 if that comes.
    pub fn invites(&mut self, town: &mut Town, number: &str) -> Message {
        let mut ask = Ask::new("INVITE", number, self.peer.at);
        ask.from = format!("<sip:{}@127.0.0.1>;tag=i", self.user);
        for with_credentials in [false, true] {
            self.step += 1;
            ask.cseq = self.step;
            ask.branch = format!("z9hG4bK-i{}-{}", self.step, self.peer.at);
            ask.call_id = format!("inv-{}-{}", self.step, self.peer.at);
            if with_credentials {
                let credentials = self.credentials_for("INVITE");
                ask = ask.with(&credentials);
            }
            self.peer.says(town, ask.write());
            let got = self.peer.hears(town).remove(0);
            if with_credentials || got.status() != Some(401) {
                return got;
            }
            self.challenges = got.values(Name::WwwAuthenticate).map(<[u8]>::to_vec).collect();
        }
        unreachable!("the second answer is returned")
    }
}
