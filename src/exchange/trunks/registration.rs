//! Our own registration at a trunk that asks for one (RFC 3261 §10.2): kept alive, never a storm.
//!
//! ```text
//!  due --REGISTER--> asking --2xx--> registered --half its time--> asking
//!                     |  ^  \--401, 407, once--> with credentials
//!                     |  |---423, once--> for longer       |---3xx, once--> where the trunk itself may be
//!                     \--any other answer, or none--> waiting, longer each time --> asking
//! ```
//! It refuses to know the endpoint: [`Register`] is what it wants sent, [`Registration::answered`] takes what came of it.

use super::targets::At;
use crate::clock::{Now, SECOND};
use crate::sip::auth::client::{Credentials, Login};
use crate::sip::header;
use crate::sip::message::Message;
use crate::sip::name::{Method, Name};
use crate::sip::uri::Uri;
use std::net::SocketAddr;
use std::sync::Arc;

/// What we ask for at first, s.
const EXPIRES: u32 = 600;
/// The longest registration that we ask for or believe, s: whoever says more means less than that.
const LONGEST: u32 = 86_400;
/// A registration is renewed after half its time, but never sooner than this, µs.
const SOONEST: u64 = 5 * SECOND;
/// First wait and longest wait after no answer or a fault of the other side, µs (RFC 5626 §4.5: base and max time).
const FAULT: (u64, u64) = (30 * SECOND, 1800 * SECOND);
/// The same after a refusal: asking again changes nothing until somebody has changed something.
const REFUSED: (u64, u64) = (600 * SECOND, 3600 * SECOND);

/// Where we register, and as whom.
#[derive(Debug, Clone)]
pub(in crate::exchange) struct Account {
    /// The registrar.
    pub registrar: At,
    /// What stands in its URI and in our name there, where that is not its address.
    pub domain: Option<Arc<str>>,
    /// Our address on the way there.
    pub local: SocketAddr,
    /// Who we are there.
    pub credentials: Credentials,
}

/// A REGISTER that shall be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::exchange) struct Register {
    /// Where to.
    pub to: At,
    /// Request-URI.
    pub uri: String,
    /// From and To.
    pub aor: String,
    /// Our Contact's URI.
    pub contact: String,
    pub call_id: String,
    pub tag: String,
    pub cseq: u32,
    /// What is asked for, s.
    pub expires: u32,
    /// A line with credentials, or nothing.
    pub authorization: String,
}

/// Why we are not registered, or will not be for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exchange) enum Fault {
    /// No answer, or no way to it.
    Silent,
    /// This status, and asking again at once is of no use.
    Status(u16),
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::exchange) struct Standing {
    /// The other side has us, for so long from now, µs.
    pub left: Option<u64>,
    /// What the last attempt came to, if it failed.
    pub fault: Option<Fault>,
    /// When it is tried again, µs from now; `None` while an answer is awaited.
    pub next: Option<u64>,
}

/// What comes of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::exchange) struct Then {
    /// Send this at once.
    pub send: Option<Register>,
    /// Say this.
    pub alarm: Option<String>,
}

/// One registration.
#[derive(Debug)]
pub(in crate::exchange) struct Registration {
    account: Account,
    call_id: String,
    tag: String,
    cseq: u32,
    login: Login,
    /// What we ask for, s: raised by 423.
    expires: u32,
    /// When it ends by the last good answer, µs monotonic.
    until: Option<u64>,
    next: Option<u64>,
    fault: Option<Fault>,
    /// Failures in a row, and whether they have been told.
    failures: u32,
    told: bool,
    attempt: Attempt,
}

/// What one attempt has done to come to an answer: each remedy once.
#[derive(Debug, Default)]
struct Attempt {
    /// Challenges answered to the last request.
    challenged: u8,
    widened: bool,
    moved: Option<SocketAddr>,
    /// Targets of the trunk that have been asked in vain.
    asked: Vec<At>,
}

impl Registration {
    /// One that is first tried at `first`, µs monotonic. `call_id` and `tag` are random and stay (RFC 3261 §10.2.4).
    pub fn new(account: Account, call_id: String, tag: String, first: u64) -> Self {
        Self {
            login: Login::new(account.credentials.clone()),
            account,
            call_id,
            tag,
            cseq: 0,
            expires: EXPIRES,
            until: None,
            next: Some(first),
            fault: None,
            failures: 0,
            told: false,
            attempt: Attempt::default(),
        }
    }

    /// When [`Self::due`] wants to be called, µs monotonic.
    pub fn deadline(&self) -> Option<u64> {
        self.next
    }

    /// A first REGISTER, or the next one, if it is time.
    pub fn due(&mut self, now: Now) -> Option<Register> {
        self.next.filter(|at| *at <= now.mono)?;
        self.next = None;
        self.attempt = Attempt::default();
        Some(self.register(String::new()))
    }

    /// The answer: `message` is `None` when none came. `may_be` says whether a 3xx may send us to this address; `random` is new
    /// for each answer, and `cnonce` is text made of it.
    pub fn answered(
        &mut self,
        status: u16,
        message: Option<&Message>,
        may_be: impl Fn(SocketAddr) -> bool,
        (random, cnonce): (u64, &str),
        now: Now,
    ) -> Then {
        let Some(message) = message else { return self.failed(Fault::Silent, None, random, now) };
        match status {
            200..=299 => match granted(message, &self.contact(), self.expires) {
                // It does not have us, though it says that it took us.
                0 => self.failed(Fault::Status(status), None, random, now),
                seconds => self.stands(seconds, now),
            },
            401 | 407 => {
                let uri = self.uri();
                let answered = &mut self.attempt.challenged;
                match self.login.line(message, Method::Register, uri.as_bytes(), cnonce, answered) {
                    Some(line) => self.again(line),
                    None => self.failed(Fault::Status(status), Some(message), random, now),
                }
            }
            423 => {
                match message.number(Name::MinExpires).filter(|least| (self.expires + 1..=LONGEST).contains(least)) {
                    Some(least) if !self.attempt.widened => {
                        self.attempt.widened = true;
                        self.expires = least;
                        self.again(String::new())
                    }
                    _ => self.failed(Fault::Status(status), Some(message), random, now),
                }
            }
            300..=399 => match elsewhere(message).find(|to| *to != self.to().1 && may_be(*to)) {
                Some(to) if self.attempt.moved.is_none() => {
                    self.attempt.moved = Some(to);
                    self.again(String::new())
                }
                _ => self.failed(Fault::Status(status), Some(message), random, now),
            },
            _ => self.failed(Fault::Status(status), Some(message), random, now),
        }
    }

    /// How it stands.
    pub fn standing(&self, now: Now) -> Standing {
        let left = |at: u64| at.checked_sub(now.mono).filter(|left| *left > 0);
        let next = self.next.map(|at| at.saturating_sub(now.mono));
        Standing { left: self.until.and_then(left), fault: self.fault, next }
    }

    fn to(&self) -> At {
        let (transport, address) = self.account.registrar;
        (transport, self.attempt.moved.unwrap_or(address))
    }

    /// The registrar is reached by another target, under this name and from this address of ours: from the next REGISTER on, which is sent
    /// at once where the last one failed.
    pub fn go_to(&mut self, registrar: At, domain: Option<Arc<str>>, local: SocketAddr, now: Now) {
        (self.account.registrar, self.account.domain, self.account.local) = (registrar, domain, local);
        self.attempt.moved = None;
        if self.fault.is_some() {
            self.next = self.next.map(|_| now.mono);
        }
    }

    /// Whether an answer is awaited.
    pub fn is_asking(&self) -> bool {
        self.next.is_none()
    }

    /// Whether this target has been asked in vain in this attempt.
    pub fn has_asked(&self, target: At) -> bool {
        self.account.registrar == target || self.attempt.asked.contains(&target)
    }

    /// Where it is asked now.
    pub fn registrar(&self) -> At {
        self.account.registrar
    }

    /// Another target is asked at once, in the same attempt.
    pub fn elsewhere(&mut self, registrar: At, domain: Option<Arc<str>>, local: SocketAddr, now: Now) -> Register {
        let mut asked = std::mem::take(&mut self.attempt.asked);
        asked.push(self.account.registrar);
        self.go_to(registrar, domain, local, now);
        self.attempt = Attempt { asked, ..Attempt::default() };
        self.next = None;
        self.register(String::new())
    }

    fn uri(&self) -> String {
        match self.account.domain.as_ref().filter(|_| self.attempt.moved.is_none()) {
            Some(domain) => format!("sip:{domain}"),
            None => format!("sip:{}", self.to().1),
        }
    }

    /// With the transport that it is registered by: without one the other side would call us by UDP (RFC 3261 §19.1.1).
    fn contact(&self) -> String {
        let suffix = self.account.registrar.0.suffix();
        format!("sip:{}@{}{suffix}", self.account.credentials.user, self.account.local)
    }

    fn register(&mut self, authorization: String) -> Register {
        self.cseq += 1;
        let domain = self.account.domain.as_deref().map(host);
        let domain = domain.map_or_else(|| self.account.registrar.1.ip().to_string(), str::to_owned);
        Register {
            to: self.to(),
            uri: self.uri(),
            aor: format!("sip:{}@{domain}", self.account.credentials.user),
            contact: self.contact(),
            call_id: format!("{}@{}", self.call_id, self.account.local.ip()),
            tag: self.tag.clone(),
            cseq: self.cseq,
            expires: self.expires,
            authorization,
        }
    }

    fn again(&mut self, authorization: String) -> Then {
        if authorization.is_empty() {
            self.attempt.challenged = 0;
        }
        Then { send: Some(self.register(authorization)), alarm: None }
    }

    fn stands(&mut self, seconds: u32, now: Now) -> Then {
        let lasts = u64::from(seconds.min(LONGEST)) * SECOND;
        self.until = Some(now.mono + lasts);
        self.next = Some(now.mono + (lasts / 2).max(SOONEST));
        (self.fault, self.failures, self.told) = (None, 0, false);
        Then::default()
    }

    fn failed(&mut self, fault: Fault, message: Option<&Message>, random: u64, now: Now) -> Then {
        self.fault = Some(fault);
        self.failures = self.failures.saturating_add(1);
        let refused = matches!(fault, Fault::Status(status) if !matches!(status, 200..=299 | 408 | 480 | 500..=599));
        if refused {
            self.until = None;
        }
        let (first, longest) = if refused { REFUSED } else { FAULT };
        let doublings = self.failures.saturating_sub(u32::from(refused)).min(16);
        let most = first.saturating_mul(1 << doublings).min(longest);
        // RFC 5626 §4.5: somewhere between half of it and all, so that not all come back at once.
        let wait = most / 2 + random % (most / 2 + 1);
        let asked = message.and_then(retry_after).unwrap_or(0).min(REFUSED.1);
        self.next = Some(now.mono + wait.max(asked));
        let lost = self.until.is_none_or(|until| until <= now.mono);
        let alarm = (lost && !self.told).then(|| match fault {
            Fault::Silent => "registration gets no answer: its calls may not reach us".to_owned(),
            Fault::Status(status) => format!("registration refused with {status}: its calls may not reach us"),
        });
        self.told |= alarm.is_some();
        Then { send: None, alarm }
    }
}

/// A host without its port and parameters; of an IPv6 address the colons are its own.
fn host(text: &str) -> &str {
    let end = text.find(']').map_or_else(|| text.find([':', ';']), |bracket| Some(bracket + 1));
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// How long the other side has us, s: of the Contact that is ours (RFC 3261 §10.2.4), else of Expires, else what was asked for.
fn granted(message: &Message, contact: &str, asked: u32) -> u32 {
    let own = Uri::read(contact.as_bytes());
    let contacts = message.elements(Name::Contact).filter_map(header::NameAddr::read);
    let mut ours = contacts.filter(|c| Uri::read(c.uri).zip(own).is_some_and(|(theirs, own)| theirs.is_same(&own)));
    let expires = ours.next().and_then(|c| c.param("expires")).and_then(header::number);
    expires.or_else(|| message.number(Name::Expires)).unwrap_or(asked)
}

/// The addresses that a 3xx names.
fn elsewhere(message: &Message) -> impl Iterator<Item = SocketAddr> {
    message.elements(Name::Contact).filter_map(|c| Uri::read(header::NameAddr::read(c)?.uri)?.address())
}

/// Retry-After, µs: its number of seconds, whatever comment or parameter stands behind (RFC 3261 §20.33).
fn retry_after(message: &Message) -> Option<u64> {
    let value = message.value(Name::RetryAfter)?;
    let end = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(value.len());
    header::number(&value[..end]).map(|seconds| u64::from(seconds) * SECOND)
}

#[cfg(test)]
mod tests;
