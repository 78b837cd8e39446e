//! HTTP digest for SIP (RFC 3261 §22 with RFC 7616 and RFC 8760): challenges, nonces and their replay, and our answer to a challenge.
//!
//! [`Realm`] is the server's side, [`client::answer`] the client's. Nonces are stateless (time + keyed MAC), so a flood of
//! strangers costs no memory; only a nonce that a right password came with is remembered. It refuses to decide which response
//! goes out, to know who the users are, and to compare the `uri` parameter with the Request-URI (RFC 7616 §3.4.6): the caller does.
//!
//! Left out on purpose: `auth-int`, `-sess` algorithms, `userhash`, and requests without `qop` at the server (RFC 8760 §2.6 makes it a MUST).

pub mod client;
mod digest;
pub mod lockout;
mod nonce;
mod params;

pub use digest::{Algorithm, Password};

use crate::clock::{Now, SECOND};
use digest::Ask;
use nonce::{Mint, Seen};
use params::Params;
use std::borrow::{Borrow, Cow};
use std::net::IpAddr;

/// Longest `Authorization` value that is looked at, bytes.
pub const MAX_HEADER: usize = 2048;
/// How long a nonce may be used unless [`Realm::lifetime`] says otherwise, µs.
pub const DEFAULT_LIFETIME: u64 = 60 * SECOND;

/// One protection realm: makes challenges, judges credentials.
#[derive(Debug)]
pub struct Realm {
    name: String,
    algorithms: Vec<Algorithm>,
    lifetime: u64,
    mint: Mint,
    seen: Seen,
}

/// What became of one `Authorization` or `Proxy-Authorization` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict<'h> {
    /// The password is right, the nonce is fresh, the count is new.
    Ok {
        /// The user who proved to know the password.
        user: Cow<'h, str>,
        /// The `uri` that was signed. The caller checks that it is the Request-URI (RFC 7616 §3.4.6; else 400).
        uri: Cow<'h, [u8]>,
    },
    /// The password is right, but the nonce has expired, is not ours, was given to another address, or its count was used
    /// before: challenge with `stale=true`.
    Stale,
    /// Unknown user or wrong password, not told apart: challenge again (401). With a [`Guess`] when it may be held against its
    /// sender: the nonce is ours, was given to his very address, has not expired, and its count was not used before.
    Wrong(Option<Guess<'h>>),
    /// No credentials for this realm here (another scheme, realm or algorithm): challenge (401), or try the next header.
    Missing,
    /// Not readable, or without a parameter that must be there: 400.
    Malformed,
}

/// A wrong answer to a challenge that its sender was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess<'h> {
    /// The user whose password was guessed; whether there is such a user is not said.
    pub user: Cow<'h, str>,
    /// Tells one answer from another: a copy of it, sent again because our challenge was lost, is no second guess.
    pub answer: u64,
}

impl Realm {
    /// A realm that accepts SHA-256 and MD5. `key` comes from the injected random source and is new at every start.
    #[must_use]
    pub fn new(name: &str, key: [u8; 32]) -> Self {
        Self {
            name: name.to_owned(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            lifetime: DEFAULT_LIFETIME,
            mint: Mint::new(&key),
            seen: Seen::default(),
        }
    }

    /// Accepts only these algorithms, offered in this order (RFC 8760 §2.4: the strongest first).
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    /// Lets a nonce live for `micros`.
    #[must_use]
    pub fn lifetime(mut self, micros: u64) -> Self {
        self.lifetime = micros;
        self
    }

    /// The realm's name as phones show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values of `WWW-Authenticate` (or `Proxy-Authenticate`), one header line each, all with one new nonce that serves the
    /// address `to` alone.
    ///
    /// `offered` chooses among the realm's algorithms: an answer to a stranger may have to leave out MD5 to stay small.
    pub fn challenge(&mut self, now: Now, to: IpAddr, offered: &[Algorithm], stale: bool) -> Vec<String> {
        let nonce = self.mint.nonce(now, to);
        let stale = if stale { ", stale=true" } else { "" };
        let realm = digest::quoted(&self.name);
        let wanted = self.algorithms.iter().filter(|a| offered.contains(a));
        wanted.map(|a| format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={a}, qop=\"auth\"{stale}")).collect()
    }

    /// Judges one `Authorization` or `Proxy-Authorization` value that came from the address `from`. `lookup` gives the password of
    /// a user of this realm.
    ///
    /// The work is the same for a known and for an unknown user. A right answer takes its (nonce, count) out of use.
    pub fn verify<'h, P: Borrow<Password>>(
        &mut self,
        header: &'h [u8],
        method: &[u8],
        from: IpAddr,
        now: Now,
        lookup: impl FnOnce(&str) -> Option<P>,
    ) -> Verdict<'h> {
        if header.len() > MAX_HEADER {
            return Verdict::Malformed;
        }
        match params::scheme(header) {
            Some((scheme, _)) if !scheme.eq_ignore_ascii_case(b"Digest") => {
                return Verdict::Missing;
            }
            None => return Verdict::Missing,
            Some(_) => {}
        }
        let Some(sent) = Params::parse(header) else {
            return Verdict::Malformed;
        };
        if sent.realm.as_deref() != Some(self.name.as_bytes()) {
            return Verdict::Missing;
        }
        let algorithm = match sent.algorithm.as_deref() {
            None => Some(Algorithm::Md5),
            Some(name) => Algorithm::parse(name),
        };
        let Some(algorithm) = algorithm.filter(|a| self.algorithms.contains(a)) else {
            return Verdict::Missing;
        };
        self.judge(sent, algorithm, method, from, now, lookup).unwrap_or(Verdict::Malformed)
    }

    /// The part after parsing; `None` when a parameter that must be there is not.
    fn judge<'h, P: Borrow<Password>>(
        &mut self,
        sent: Params<'h>,
        algorithm: Algorithm,
        method: &[u8],
        from: IpAddr,
        now: Now,
        lookup: impl FnOnce(&str) -> Option<P>,
    ) -> Option<Verdict<'h>> {
        let (user, uri, nonce) = (sent.username?, sent.uri?, sent.nonce?);
        let (response, cnonce, nc) = (sent.response?, sent.cnonce?, sent.nc?);
        if !sent.qop?.eq_ignore_ascii_case(b"auth") {
            return None;
        }
        let count = digest::count(&nc)?;
        let mut given = [0; 32];
        let given = digest::from_hex(&response, &mut given).filter(|g| g.len() == algorithm.size())?;
        let user = match user {
            Cow::Borrowed(b) => std::str::from_utf8(b).map(Cow::Borrowed).ok(),
            Cow::Owned(b) => String::from_utf8(b).map(Cow::Owned).ok(),
        };
        let known = user.as_deref().and_then(lookup);
        let nobody = Password::Plain(String::new());
        let password = known.as_ref().map_or(&nobody, Borrow::borrow);
        let ask = Ask {
            algorithm,
            user: user.as_deref().unwrap_or_default().as_bytes(),
            realm: self.name.as_bytes(),
            method,
            uri: &uri,
            nonce: &nonce,
            qop: Some((&nc, &cnonce)),
        };
        let same = ask.response(password).is_some_and(|right| digest::same(right.bytes(), given));
        // RFC 7616 §3.3: `stale` only if the digest was right for that nonce, so the nonce is looked at last.
        let id = self.mint.read(&nonce, from).filter(|id| id.fresh(now, self.lifetime));
        let right = same && known.is_some();
        drop(known);
        let Some(user) = user else { return Some(Verdict::Wrong(None)) };
        if !right {
            let counts = id.is_some_and(|id| !self.seen.is_used(id, count));
            let answer = given.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            return Some(Verdict::Wrong(counts.then_some(Guess { user, answer })));
        }
        let Some(id) = id else { return Some(Verdict::Stale) };
        if !self.seen.first_use(id, count, now, self.lifetime) {
            return Some(Verdict::Stale);
        }
        Some(Verdict::Ok { user, uri })
    }
}

#[cfg(test)]
mod tests {
    use super::client::Nonces;
    use super::*;
    use proptest::prelude::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const BOTH: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    fn at(seconds: u64) -> Now {
        Now::default().plus(seconds * SECOND)
    }

    fn realm() -> Realm {
        Realm::new("hub", [7; 32])
    }

    fn secret(user: &str) -> Option<Password> {
        (user == "8001").then(|| Password::Plain("lab-8001".into()))
    }

    fn answer(challenges: &[String], password: &str, nonces: &mut Nonces) -> String {
        let challenges: Vec<&[u8]> = challenges.iter().map(String::as_bytes).collect();
        let password = Password::Plain(password.into());
        let from = client::From { user: "8001", password: &password };
        client::answer(&challenges, &from, b"REGISTER", "sip:hub", "0a4f113b", nonces).unwrap()
    }

    fn ok() -> Verdict<'static> {
        Verdict::Ok { user: "8001".into(), uri: b"sip:hub"[..].into() }
    }

    #[test]
    fn a_challenge_reads_as_rfc_8760_shows_it() {
        let lines = realm().challenge(at(0), HERE, &BOTH, true);
        insta::assert_snapshot!(lines.join("\n"), @r#"
        Digest realm="hub", nonce="AAAAAAAAAAABZn2XNtzg", algorithm=SHA-256, qop="auth", stale=true
        Digest realm="hub", nonce="AAAAAAAAAAABZn2XNtzg", algorithm=MD5, qop="auth", stale=true
        "#);
        assert_eq!(realm().challenge(at(0), HERE, &[Algorithm::Sha256], false).len(), 1);
    }

    #[test]
    fn the_right_password_is_let_in_once_for_each_count() {
        let mut realm = realm();
        let challenges = realm.challenge(at(1), HERE, &BOTH, false);
        let mut nonces = Nonces::default();
        let first = answer(&challenges, "lab-8001", &mut nonces);
        let second = answer(&challenges, "lab-8001", &mut nonces);
        assert!(first.contains("algorithm=SHA-256") && second.contains("nc=00000002"));
        // RFC 7616 §3.4: the later count may arrive first, neither twice.
        for (header, verdict) in [(&second, ok()), (&first, ok()), (&second, Verdict::Stale), (&first, Verdict::Stale)]
        {
            assert_eq!(realm.verify(header.as_bytes(), b"REGISTER", HERE, at(2), secret), verdict);
        }
    }

    #[test]
    fn what_is_wrong_stale_missing_and_malformed() {
        let mut realm = realm();
        let challenges = realm.challenge(at(1), HERE, &[Algorithm::Md5], false);
        let good = answer(&challenges, "lab-8001", &mut Nonces::default());
        let bad = answer(&challenges, "lab-8002", &mut Nonces::default());
        let foreign = Realm::new("hub", [8; 32]).challenge(at(1), HERE, &BOTH, false);
        let foreign = answer(&foreign, "lab-8001", &mut Nonces::default());
        let with = |from: &str, to: &str| good.replace(from, to);
        let rows = [
            ("wrong password", bad, 2),
            ("unknown user", with("\"8001\"", "\"8002\""), 2),
            ("another uri", with("sip:hub", "sip:bub"), 2),
            ("nonce expired", good.clone(), 62),
            ("nonce of another start", foreign, 2),
            ("another realm", with("\"hub\"", "\"pub\""), 2),
            ("another scheme", "Basic ODAwMTpsYWI=".into(), 2),
            ("nothing", String::new(), 2),
            ("unknown algorithm", with("=MD5", "=MD5-sess"), 2),
            ("no qop", with(", qop=auth", ""), 2),
            ("qop auth-int", with("qop=auth", "qop=auth-int"), 2),
            ("no cnonce", with("cnonce", "dnonce"), 2),
            ("nc zero", with("nc=00000001", "nc=00000000"), 2),
            ("nc not hex", with("nc=00000001", "nc=0000000g"), 2),
            ("response too short", with("response=\"", "response=\"\", x=\""), 2),
            ("open quote", with("113b\"", "113b"), 2),
            ("a name twice", format!("{good}, nc=00000001"), 2),
            ("too long", format!("{good}, x={}", "y".repeat(MAX_HEADER)), 2),
            ("after all that, the good one", good.clone(), 60),
            ("and once more", good.clone(), 60),
        ];
        let mut table = String::new();
        for (name, header, second) in rows {
            let word = match realm.verify(header.as_bytes(), b"REGISTER", HERE, at(second), secret) {
                Verdict::Ok { user, .. } => format!("Ok {user}"),
                Verdict::Wrong(_) => "Wrong".into(),
                other => format!("{other:?}"),
            };
            table.push_str(&format!("{name:28} {word}\n"));
        }
        insta::assert_snapshot!(table);
        let invite = realm.verify(good.as_bytes(), b"INVITE", HERE, at(2), secret);
        assert_eq!(invite, Verdict::Wrong(None), "signed for another method, and its count is used up");
    }

    /// The response is random to us: whether a guess counts is what is told.
    fn counts(verdict: &Verdict<'_>) -> Option<String> {
        match verdict {
            Verdict::Wrong(guess) => guess.as_ref().map(|g| g.user.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_guess_counts_only_against_the_address_that_was_given_the_nonce() {
        let (mut realm, there) = (realm(), IpAddr::from([192, 0, 2, 1]));
        let challenges = realm.challenge(at(1), HERE, &BOTH, false);
        let mut nonces = Nonces::default();
        let good = answer(&challenges, "lab-8001", &mut nonces);
        let bad = answer(&challenges, "guess", &mut nonces);
        let nobody = bad.replace("\"8001\"", "\"8002\"");
        let mut says = |header: &str, from, second| {
            counts(&realm.verify(header.as_bytes(), b"REGISTER", from, at(second), secret))
        };
        assert_eq!(says(&bad, HERE, 2).as_deref(), Some("8001"));
        assert_eq!(says(&nobody, HERE, 2).as_deref(), Some("8002"), "whether there is such a user is not said");
        assert_eq!(says(&bad, there, 2), None, "overheard, and sent from elsewhere");
        assert_eq!(says(&bad, HERE, 62), None, "expired");
        let foreign = Realm::new("hub", [8; 32]).challenge(at(1), HERE, &BOTH, false);
        assert_eq!(says(&answer(&foreign, "guess", &mut Nonces::default()), HERE, 2), None, "not ours");
        // Right, but from elsewhere: once more with a nonce of its own.
        assert_eq!(realm.verify(good.as_bytes(), b"REGISTER", there, at(2), secret), Verdict::Stale);
        assert_eq!(realm.verify(good.as_bytes(), b"REGISTER", HERE, at(2), secret), ok());
        // Its password has been changed since: still nothing but an old answer.
        let changed = |_: &str| Some(Password::Plain("another".into()));
        assert_eq!(counts(&realm.verify(good.as_bytes(), b"REGISTER", HERE, at(2), changed)), None, "a replay");
    }

    #[test]
    fn md5_can_be_switched_off_and_a_stored_ha1_serves_its_algorithm_only() {
        let mut strict = realm().algorithms(&[Algorithm::Sha256]);
        let challenges = strict.challenge(at(0), HERE, &BOTH, false);
        assert_eq!(challenges.len(), 1);
        let weak =
            answer(&realm().challenge(at(0), HERE, &[Algorithm::Md5], false), "lab-8001", &mut Nonces::default());
        assert_eq!(strict.verify(weak.as_bytes(), b"REGISTER", HERE, at(0), secret), Verdict::Missing);
        let stored = Password::ha1(Algorithm::Sha256, "8001", "hub", "lab-8001");
        let strong = answer(&challenges, "lab-8001", &mut Nonces::default());
        assert_eq!(strict.verify(strong.as_bytes(), b"REGISTER", HERE, at(0), |_| Some(&stored)), ok());
        let mut realm = realm();
        let weak = answer(&realm.challenge(at(0), HERE, &[Algorithm::Md5], false), "lab-8001", &mut Nonces::default());
        let unserved = realm.verify(weak.as_bytes(), b"REGISTER", HERE, at(0), |_| Some(&stored));
        assert_eq!(counts(&unserved).as_deref(), Some("8001"));
    }

    #[test]
    fn parameters_come_in_any_order_and_case_with_escapes_and_strangers_between() {
        let mut realm = Realm::new("h\"u\\b", [7; 32]);
        let challenges = realm.challenge(at(0), HERE, &BOTH, false);
        assert!(challenges[0].contains(r#"realm="h\"u\\b""#));
        let header = answer(&challenges, "lab-8001", &mut Nonces::default());
        let mut parts: Vec<&str> = header.strip_prefix("Digest ").unwrap().split(", ").collect();
        parts.reverse();
        let odd = parts
            .join(" ,\t, future=\"a\\\",b\" , ")
            .replace("username=", "UserName = ")
            .replace("qop=auth", "QOP=\"auth\"");
        assert_eq!(realm.verify(format!("dIGEST\r\n  {odd} ").as_bytes(), b"REGISTER", HERE, at(0), secret), ok());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), n in any::<u32>()) {
            let mut realm = realm();
            let mut header = b"Digest realm=\"hub\",username=\"8001\",qop=auth,nonce=\"".to_vec();
            header.extend(&bytes);
            header.extend(format!("\",nc={n:x},cnonce=\"\",uri=\"\",response=\"{n:032x}\"").bytes());
            let let_in = |v: &Verdict<'_>| matches!(v, Verdict::Ok { .. });
            prop_assert!(!let_in(&realm.verify(&header, &bytes, HERE, at(1), secret)));
            prop_assert!(!let_in(&realm.verify(&bytes, &bytes, HERE, at(1), secret)));
            let from = client::From { user: "8001", password: &Password::Plain("x".into()) };
            let _ = client::answer(&[&bytes, &header], &from, b"INVITE", "sip:x", "c", &mut Nonces::default());
        }

        #[test]
        fn our_clients_answer_verifies_at_our_server(
            name in "[^\\x00-\\x1f\\x7f]{1,20}", user in "[^\\x00-\\x1f\\x7f]{1,20}", password in "\\PC{0,20}",
            method in "[A-Z]{1,10}", uri in "sip:[a-z0-9.@:]{1,30}", md5 in any::<bool>(), key in any::<[u8; 32]>(),
        ) {
            let mut realm = Realm::new(&name, key);
            let algorithm = if md5 { Algorithm::Md5 } else { Algorithm::Sha256 };
            let challenges = realm.challenge(at(5), HERE, &[algorithm], false);
            let password = Password::Plain(password);
            let from = client::From { user: &user, password: &password };
            let challenges: Vec<&[u8]> = challenges.iter().map(String::as_bytes).collect();
            let header = client::answer(&challenges, &from, method.as_bytes(), &uri, "c0", &mut Nonces::default()).unwrap();
            let verdict = realm.verify(header.as_bytes(), method.as_bytes(), HERE, at(5), |u| (u == user).then_some(&password));
            prop_assert_eq!(verdict, Verdict::Ok { user: user.as_str().into(), uri: uri.as_bytes().into() });
        }
    }
}
