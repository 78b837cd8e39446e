//! HTTP digest for SIP (RFC 3261 §22 with RFC 7616 and RFC 8760): challenges, nonces and their replay, and our answer to a challenge.
//!
//! [`Realm`] is the server's side, [`client::answer`] the client's. Nonces are stateless (time + keyed MAC), so a flood of
//! strangers costs no memory; only a nonce that a right password came with is remembered. It refuses to decide which response
//! goes out, to know who the users are, and to compare the `uri` parameter with the Request-URI (RFC 7616 §3.4.6): the caller does.
//!
//! Left out on purpose: `auth-int`, `-sess` algorithms, `userhash`, and requests without `qop` at the server (RFC 8760 §2.6 makes it a MUST).

pub mod client;
mod digest;
mod nonce;
mod params;

pub use digest::{Algorithm, Password};

use crate::clock::{Now, SECOND};
use digest::Ask;
use nonce::{Mint, Seen};
use params::Params;
use std::borrow::{Borrow, Cow};

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
    /// The password is right, but the nonce has expired, is not ours, or its count was used before: challenge with `stale=true`.
    Stale,
    /// Unknown user or wrong password, not told apart: challenge again (401).
    Wrong,
    /// No credentials for this realm here (another scheme, realm or algorithm): challenge (401), or try the next header.
    Missing,
    /// Not readable, or without a parameter that must be there: 400.
    Malformed,
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

    /// The values of `WWW-Authenticate` (or `Proxy-Authenticate`), one header line each, all with one new nonce.
    ///
    /// `offered` chooses among the realm's algorithms: an answer to a stranger may have to leave out MD5 to stay small.
    pub fn challenge(&mut self, now: Now, offered: &[Algorithm], stale: bool) -> Vec<String> {
        let nonce = self.mint.nonce(now);
        let stale = if stale { ", stale=true" } else { "" };
        let realm = digest::quoted(&self.name);
        let wanted = self.algorithms.iter().filter(|a| offered.contains(a));
        wanted.map(|a| format!("Digest realm={realm}, nonce=\"{nonce}\", algorithm={a}, qop=\"auth\"{stale}")).collect()
    }

    /// Judges one `Authorization` or `Proxy-Authorization` value. `lookup` gives the password of a user of this realm.
    ///
    /// The work is the same for a known and for an unknown user. A right answer takes its (nonce, count) out of use.
    pub fn verify<'h, P: Borrow<Password>>(
        &mut self,
        header: &'h [u8],
        method: &[u8],
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
        self.judge(sent, algorithm, method, now, lookup).unwrap_or(Verdict::Malformed)
    }

    /// The part after parsing; `None` when a parameter that must be there is not.
    fn judge<'h, P: Borrow<Password>>(
        &mut self,
        sent: Params<'h>,
        algorithm: Algorithm,
        method: &[u8],
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
        let Some(right) = ask.response(password) else {
            return Some(Verdict::Wrong);
        };
        let same = digest::same(right.bytes(), given);
        let (Some(user), true, true) = (user, known.is_some(), same) else {
            return Some(Verdict::Wrong);
        };
        // RFC 7616 §3.3: `stale` only if the digest was right for that nonce, so the nonce is looked at last.
        let Some(id) = self.mint.read(&nonce).filter(|id| id.fresh(now, self.lifetime)) else {
            return Some(Verdict::Stale);
        };
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
        let lines = realm().challenge(at(0), &BOTH, true);
        insta::assert_snapshot!(lines.join("\n"), @r#"
        Digest realm="hub", nonce="AAAAAAAAAAABKSLbkC2M", algorithm=SHA-256, qop="auth", stale=true
        Digest realm="hub", nonce="AAAAAAAAAAABKSLbkC2M", algorithm=MD5, qop="auth", stale=true
        "#);
        assert_eq!(realm().challenge(at(0), &[Algorithm::Sha256], false).len(), 1);
    }

    #[test]
    fn the_right_password_is_let_in_once_for_each_count() {
        let mut realm = realm();
        let challenges = realm.challenge(at(1), &BOTH, false);
        let mut nonces = Nonces::default();
        let first = answer(&challenges, "lab-8001", &mut nonces);
        let second = answer(&challenges, "lab-8001", &mut nonces);
        assert!(first.contains("algorithm=SHA-256") && second.contains("nc=00000002"));
        // RFC 7616 §3.4: the later count may arrive first, neither twice.
        for (header, verdict) in [(&second, ok()), (&first, ok()), (&second, Verdict::Stale), (&first, Verdict::Stale)]
        {
            assert_eq!(realm.verify(header.as_bytes(), b"REGISTER", at(2), secret), verdict);
        }
    }

    #[test]
    fn what_is_wrong_stale_missing_and_malformed() {
        let mut realm = realm();
        let challenges = realm.challenge(at(1), &[Algorithm::Md5], false);
        let good = answer(&challenges, "lab-8001", &mut Nonces::default());
        let bad = answer(&challenges, "lab-8002", &mut Nonces::default());
        let foreign = Realm::new("hub", [8; 32]).challenge(at(1), &BOTH, false);
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
            let word = match realm.verify(header.as_bytes(), b"REGISTER", at(second), secret) {
                Verdict::Ok { user, .. } => format!("Ok {user}"),
                other => format!("{other:?}"),
            };
            table.push_str(&format!("{name:28} {word}\n"));
        }
        insta::assert_snapshot!(table);
        let invite = realm.verify(good.as_bytes(), b"INVITE", at(2), secret);
        assert_eq!(invite, Verdict::Wrong, "signed for another method");
    }

    #[test]
    fn md5_can_be_switched_off_and_a_stored_ha1_serves_its_algorithm_only() {
        let mut strict = realm().algorithms(&[Algorithm::Sha256]);
        let challenges = strict.challenge(at(0), &BOTH, false);
        assert_eq!(challenges.len(), 1);
        let weak = answer(&realm().challenge(at(0), &[Algorithm::Md5], false), "lab-8001", &mut Nonces::default());
        assert_eq!(strict.verify(weak.as_bytes(), b"REGISTER", at(0), secret), Verdict::Missing);
        let stored = Password::ha1(Algorithm::Sha256, "8001", "hub", "lab-8001");
        let strong = answer(&challenges, "lab-8001", &mut Nonces::default());
        assert_eq!(strict.verify(strong.as_bytes(), b"REGISTER", at(0), |_| Some(&stored)), ok());
        let mut realm = realm();
        let weak = answer(&realm.challenge(at(0), &[Algorithm::Md5], false), "lab-8001", &mut Nonces::default());
        assert_eq!(realm.verify(weak.as_bytes(), b"REGISTER", at(0), |_| Some(&stored)), Verdict::Wrong);
    }

    #[test]
    fn parameters_come_in_any_order_and_case_with_escapes_and_strangers_between() {
        let mut realm = Realm::new("h\"u\\b", [7; 32]);
        let challenges = realm.challenge(at(0), &BOTH, false);
        assert!(challenges[0].contains(r#"realm="h\"u\\b""#));
        let header = answer(&challenges, "lab-8001", &mut Nonces::default());
        let mut parts: Vec<&str> = header.strip_prefix("Digest ").unwrap().split(", ").collect();
        parts.reverse();
        let odd = parts
            .join(" ,\t, future=\"a\\\",b\" , ")
            .replace("username=", "UserName = ")
            .replace("qop=auth", "QOP=\"auth\"");
        assert_eq!(realm.verify(format!("dIGEST\r\n  {odd} ").as_bytes(), b"REGISTER", at(0), secret), ok());
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), n in any::<u32>()) {
            let mut realm = realm();
            let mut header = b"Digest realm=\"hub\",username=\"8001\",qop=auth,nonce=\"".to_vec();
            header.extend(&bytes);
            header.extend(format!("\",nc={n:x},cnonce=\"\",uri=\"\",response=\"{n:032x}\"").bytes());
            let let_in = |v: &Verdict<'_>| matches!(v, Verdict::Ok { .. });
            prop_assert!(!let_in(&realm.verify(&header, &bytes, at(1), secret)));
            prop_assert!(!let_in(&realm.verify(&bytes, &bytes, at(1), secret)));
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
            let challenges = realm.challenge(at(5), &[algorithm], false);
            let password = Password::Plain(password);
            let from = client::From { user: &user, password: &password };
            let challenges: Vec<&[u8]> = challenges.iter().map(String::as_bytes).collect();
            let header = client::answer(&challenges, &from, method.as_bytes(), &uri, "c0", &mut Nonces::default()).unwrap();
            let verdict = realm.verify(header.as_bytes(), method.as_bytes(), at(5), |u| (u == user).then_some(&password));
            prop_assert_eq!(verdict, Verdict::Ok { user: user.as_str().into(), uri: uri.as_bytes().into() });
        }
    }
}
