//! The client's side: our answer to a 401 or 407, on trunks that want a password and in tests and robots as a phone.

use super::digest::{self, Algorithm, Ask, Password};
use super::params::Params;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use std::borrow::Cow;
use std::fmt;

/// Name and password for a challenge of the other side (RFC 3261 §22.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Username.
    pub user: String,
    /// Password in clear.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.user)
    }
}

/// Who we are at one server, and the nonces it gave us.
#[derive(Debug, Clone)]
pub struct Login {
    /// Our account there.
    pub credentials: Credentials,
    /// The nonce in use.
    pub nonces: Nonces,
}

impl Login {
    /// An account that has not been used yet.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, nonces: Nonces::default() }
    }

    /// The header line, with its CRLF, that answers a 401 or 407 to a request of ours; `None` where there is no use in trying:
    /// no challenge that can be answered, or the password is wrong.
    ///
    /// `answered` counts the challenges to this one request that were answered before: a second one is answered only where it
    /// says that the nonce was too old (RFC 3261 §22.1), a third one never. `cnonce` is random text, new for each request.
    pub fn line(
        &mut self,
        response: &Message,
        method: Method,
        uri: &[u8],
        cnonce: &str,
        answered: &mut u8,
    ) -> Option<String> {
        let (challenge, name) = match response.status()? {
            401 => (Name::WwwAuthenticate, Name::Authorization),
            407 => (Name::ProxyAuthenticate, Name::ProxyAuthorization),
            _ => return None,
        };
        let challenges: Vec<&[u8]> = response.values(challenge).collect();
        let most = if stale(&challenges) { 2 } else { 1 };
        if *answered >= most {
            return None;
        }
        *answered += 1;
        let password = Password::Plain(self.credentials.password.clone());
        let from = From { user: &self.credentials.user, password: &password };
        let uri = std::str::from_utf8(uri).ok()?;
        let value = answer(&challenges, &from, method.token().as_bytes(), uri, cnonce, &mut self.nonces)?;
        Some(format!("{}: {value}\r\n", name.token()))
    }
}

/// Who answers.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    /// The user name at the other side.
    pub user: &'a str,
    /// His password there.
    pub password: &'a Password,
}

/// The nonce in use with one server, and how often it was used: keep one for each trunk or registration.
#[derive(Debug, Clone, Default)]
pub struct Nonces {
    nonce: Vec<u8>,
    count: u32,
}

/// The value of `Authorization` (after 401) or `Proxy-Authorization` (after 407), or `None` if no challenge can be answered.
///
/// `challenges` are the values of all `WWW-Authenticate` or `Proxy-Authenticate` headers; the strongest algorithm that we and
/// the password can serve is picked (RFC 8760 §2.4), the first among equals. `cnonce` is random text, new for each request.
/// A challenge without qop is answered as RFC 2617 §3.2.2.1 has it. `uri` is the Request-URI as it stands in the request.
#[must_use]
pub fn answer(
    challenges: &[&[u8]],
    from: &From<'_>,
    method: &[u8],
    uri: &str,
    cnonce: &str,
    nonces: &mut Nonces,
) -> Option<String> {
    let readable = challenges.iter().filter_map(|c| Challenge::read(c));
    let possible = readable.filter(|c| from.password.serves(c.algorithm));
    let best = possible.reduce(|best, next| if next.algorithm > best.algorithm { next } else { best })?;
    let nc = format!("{:08x}", nonces.next(&best.nonce));
    let ask = Ask {
        algorithm: best.algorithm,
        user: from.user.as_bytes(),
        realm: best.realm.as_bytes(),
        method,
        uri: uri.as_bytes(),
        nonce: best.nonce.as_bytes(),
        qop: best.qop.then_some((nc.as_bytes(), cnonce.as_bytes())),
    };
    let response = ask.response(from.password)?.hex();
    let (user, realm, nonce, uri) =
        (digest::quoted(from.user), digest::quoted(&best.realm), digest::quoted(&best.nonce), digest::quoted(uri));
    let mut value = format!("Digest username={user}, realm={realm}, nonce={nonce}, uri={uri}, response=\"{response}\"");
    if best.named {
        value.push_str(&format!(", algorithm={}", best.algorithm));
    }
    if best.qop {
        value.push_str(&format!(", cnonce={}, qop=auth, nc={nc}", digest::quoted(cnonce)));
    }
    if let Some(opaque) = &best.opaque {
        value.push_str(&format!(", opaque={}", digest::quoted(opaque)));
    }
    Some(value)
}

/// True if one of the challenges says that only the nonce was too old: the same password may be tried once more.
///
/// Without it, a second challenge after an answer means that the password is wrong (RFC 3261 §22.1): stop.
#[must_use]
pub fn stale(challenges: &[&[u8]]) -> bool {
    let said = |p: &Params<'_>| p.stale.as_deref().is_some_and(|s| s.eq_ignore_ascii_case(b"true"));
    challenges.iter().filter_map(|c| Params::parse(c)).any(|p| said(&p))
}

impl Nonces {
    fn next(&mut self, nonce: &str) -> u32 {
        if self.nonce != nonce.as_bytes() {
            self.nonce = nonce.as_bytes().to_vec();
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

impl Password {
    fn serves(&self, algorithm: Algorithm) -> bool {
        match (self, algorithm) {
            (Self::Plain(_), _) => true,
            (Self::Ha1 { md5, .. }, Algorithm::Md5) => md5.is_some(),
            (Self::Ha1 { sha256, .. }, Algorithm::Sha256) => sha256.is_some(),
        }
    }
}

struct Challenge {
    algorithm: Algorithm,
    /// The algorithm stood there, so the answer repeats it.
    named: bool,
    realm: String,
    nonce: String,
    opaque: Option<String>,
    qop: bool,
}

impl Challenge {
    /// `None` if unreadable, in an algorithm we do not speak, or with a qop that is not `auth`.
    fn read(header: &[u8]) -> Option<Self> {
        let params = Params::parse(header)?;
        let algorithm = match params.algorithm.as_deref() {
            None => Algorithm::Md5,
            Some(name) => Algorithm::parse(name)?,
        };
        let qop = match params.qop.as_deref() {
            None => false,
            Some(list) if list.split(|b| *b == b',').any(|q| q.trim_ascii().eq_ignore_ascii_case(b"auth")) => true,
            Some(_) => return None,
        };
        // Text that is not UTF-8 could not be repeated in a `String`; no server in the field sends it here.
        let text = |value: Cow<'_, [u8]>| String::from_utf8(value.into_owned()).ok();
        Some(Self {
            algorithm,
            named: params.algorithm.is_some(),
            realm: text(params.realm?)?,
            nonce: text(params.nonce?)?,
            opaque: params.opaque.and_then(text),
            qop,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MD5: &[u8] = br#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    const SHA: &[u8] = br#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn mufasa(challenges: &[&[u8]], nonces: &mut Nonces) -> Option<String> {
        let password = Password::Plain("Circle of Life".into());
        let from = From { user: "Mufasa", password: &password };
        answer(challenges, &from, b"GET", "/dir/index.html", CNONCE, nonces)
    }

    #[test]
    fn the_strongest_of_rfc_7616_section_3_9_1_is_answered_and_the_count_goes_on() {
        let mut nonces = Nonces::default();
        let text = mufasa(&[MD5, b"Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256", SHA], &mut nonces).unwrap();
        insta::assert_snapshot!(text.replace(", ", "\n"), @r#"
        Digest username="Mufasa"
        realm="http-auth@example.org"
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        uri="/dir/index.html"
        response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        algorithm=SHA-256
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
        qop=auth
        nc=00000001
        opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
        "#);
        assert!(mufasa(&[MD5], &mut nonces).unwrap().contains("nc=00000002"), "same nonce, next count");
        let other = br#"Digest realm="r", nonce="n", qop="auth""#;
        assert!(mufasa(&[other], &mut nonces).unwrap().contains("nc=00000001"), "new nonce, first count");
    }

    #[test]
    fn a_legacy_challenge_without_qop_gets_a_legacy_answer() {
        // Reckoned apart: MD5(MD5("u:r:p"):n:MD5("OPTIONS:sip:x")).
        let password = Password::Plain("p".into());
        let from = From { user: "u", password: &password };
        let text =
            answer(&[br#"Digest realm="r", nonce="n""#], &from, b"OPTIONS", "sip:x", "c", &mut Nonces::default());
        insta::assert_snapshot!(text.unwrap(), @r#"Digest username="u", realm="r", nonce="n", uri="sip:x", response="47d421c51b35cfeac3000fef64144f8b""#);
    }

    #[test]
    fn what_cannot_be_answered_is_not() {
        let stored = Password::from_hex(&"0".repeat(32)).unwrap();
        let from = From { user: "u", password: &stored };
        for challenges in [
            &[SHA][..],
            &[],
            &[b"Digest realm=\"r\"".as_slice()],
            &[b"Digest nonce=\"r\""],
            &[b"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""],
            &[b"Basic realm=\"r\""],
        ] {
            assert_eq!(answer(challenges, &from, b"INVITE", "sip:x", "c", &mut Nonces::default()), None);
        }
        assert!(
            answer(&[SHA, MD5], &from, b"INVITE", "sip:x", "c", &mut Nonces::default()).is_some(),
            "the weaker one we can"
        );
    }

    #[test]
    fn stale_is_told_from_wrong() {
        assert!(stale(&[MD5, b"Digest realm=\"r\", nonce=\"n\", stale=TRUE"]));
        assert!(!stale(&[MD5, b"Digest realm=\"r\", nonce=\"n\", stale=false"]));
    }
}
