//! The number dialled: every spelling of one number becomes the same packed digits, without allocation.
//!
//! Spelling is lexical first (scheme, `%2B`, visual separators, parameters in the user part), then a prefix is
//! taken off at most once. What is left is matched exactly; no prefix, suffix or substring ever matches by accident.

use super::digits::Digits;
use super::emergency::Emergency;
use serde::{Deserialize, Serialize};

/// Which of its forms a number came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// `12345`, and every number of elsewhere as it was dialled.
    Local,
    /// `059112345`: trunk prefix and area code before it.
    Area,
    /// `+8659112345`, also by a phone-context.
    International,
    /// `8659112345`: the same without its `+`.
    InternationalBare,
    /// `urn:service:sos` and its three services (RFC 5031).
    Service,
}

/// A number after normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialled {
    /// The digits that are matched: local form for a number of this city, else as dialled.
    pub digits: Digits,
    /// The form it came in.
    pub spelling: Spelling,
    /// Set when it is exactly 110, 119, 120 or 122 in one of the spellings of product §2.
    pub emergency: Option<Emergency>,
}

impl Dialled {
    /// The digits as the table keeps them.
    #[must_use]
    pub const fn packed(self) -> u64 {
        self.digits.packed()
    }
}

/// Why a request-URI holds no number; [`NumberError::status`] answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// No digit at all, or no user part.
    #[error("no digits in the request-URI")]
    Empty,
    /// A byte that belongs to no number: the byte and its offset in the request-URI.
    #[error("byte 0x{byte:02x} at {at} is no digit")]
    NotADigit {
        /// The byte.
        byte: u8,
        /// Its offset from the start of the request-URI.
        at: usize,
    },
    /// More than 16 digits.
    #[error("more than 16 digits")]
    TooLong,
    /// A `urn:service:` other than sos, sos.police, sos.fire and sos.ambulance, or another scheme.
    #[error("a service or scheme that this exchange does not offer")]
    UnknownService,
    /// A phone-context that is neither a global number nor one of the city's names.
    #[error("a phone-context of elsewhere")]
    UnknownContext,
}

impl NumberError {
    /// The SIP status that answers a request-URI without a number: 484 when it is empty, 416 for a scheme that could not
    /// hold one (RFC 3261 §8.2.2.1), else 404.
    #[must_use]
    pub fn status(self, uri: &[u8]) -> u16 {
        match self {
            Self::Empty => 484,
            Self::UnknownService if !known_scheme(uri) => 416,
            Self::NotADigit { .. } | Self::TooLong | Self::UnknownService | Self::UnknownContext => 404,
        }
    }
}

/// Whether the scheme of a URI could hold a number here.
#[must_use]
pub fn known_scheme(uri: &[u8]) -> bool {
    let scheme = uri.split(|&b| b == b':').next().unwrap_or_default();
    [&b"sip"[..], b"sips", b"tel", b"urn"].iter().any(|s| scheme.eq_ignore_ascii_case(s))
}

/// How numbers are written in one city; from `[city]` of the dialplan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbering {
    /// Country code, `86`.
    pub country: Digits,
    /// Area code without its trunk prefix, `591`.
    pub area: Digits,
    /// Length of a local subscriber's number, 7 or 8: a bare `86591…` is read as international only when longer.
    pub subscriber: u32,
    /// Domain names that mean this city as a phone-context (RFC 3966 §5.1.5).
    pub contexts: Box<[Box<str>]>,
    country_area: Digits,
    zero_area: Digits,
}

const ZERO: Digits = match Digits::parse("0") {
    Some(zero) => zero,
    None => Digits::EMPTY,
};

impl Numbering {
    /// Puts the prefixes together. `area` may be written with its leading zero.
    #[must_use]
    pub fn new(country: Digits, area: Digits, subscriber: u32, contexts: Box<[Box<str>]>) -> Option<Self> {
        let area = area.after(ZERO).unwrap_or(area);
        let country_area = country.then(area)?;
        let zero_area = ZERO.then(area)?;
        Some(Self { country, area, subscriber, contexts, country_area, zero_area })
    }

    /// Normalises a request-URI, or the bare user part of one (product §2).
    ///
    /// # Errors
    /// [`NumberError`], when it holds no number; never panics, whatever the bytes.
    pub fn normalise(&self, uri: &[u8]) -> Result<Dialled, NumberError> {
        let (scheme, offset) = scheme(uri)?;
        if scheme == Scheme::Urn {
            return service(uri);
        }
        let (digits, plus, end) = match scan(uri, offset, scheme == Scheme::Tel) {
            Err(NumberError::NotADigit { .. }) if scheme == Scheme::Sip && !uri.contains(&b'@') => {
                return Err(NumberError::Empty);
            }
            scanned => scanned?,
        };
        let params = parameters(uri, end, scheme)?;
        if digits == Digits::EMPTY {
            return Err(NumberError::Empty);
        }
        if plus {
            return self.international(digits);
        }
        match phone_context(params) {
            None => Ok(self.local(digits)),
            Some(context) => self.in_context(digits, context),
        }
    }

    /// Writes a local number in another of its forms; `None` when that is longer than 16 digits.
    ///
    /// The `+` of [`Spelling::International`] is not a digit: the caller writes it.
    #[must_use]
    pub fn spell(&self, local: Digits, spelling: Spelling) -> Option<Digits> {
        match spelling {
            Spelling::Local | Spelling::Service => Some(local),
            Spelling::Area => self.zero_area.then(local),
            Spelling::International | Spelling::InternationalBare => self.country_area.then(local),
        }
    }

    fn in_context(&self, digits: Digits, context: &[u8]) -> Result<Dialled, NumberError> {
        let Some(prefix) = context_number(context)? else {
            let known = self.contexts.iter().any(|c| c.as_bytes().eq_ignore_ascii_case(context));
            return if known { Ok(self.local(digits)) } else { Err(NumberError::UnknownContext) };
        };
        if prefix == self.country_area || (prefix == self.country && digits.begins_with_zero()) {
            let mut dialled = self.local(digits);
            if dialled.spelling == Spelling::Local {
                dialled.spelling = Spelling::International;
            }
            return Ok(dialled);
        }
        self.international(prefix.then(digits).ok_or(NumberError::TooLong)?)
    }

    fn international(&self, digits: Digits) -> Result<Dialled, NumberError> {
        if let Some(rest) = digits.after(self.country_area).filter(|r| self.is_local(*r)) {
            return Ok(Dialled::new(rest, Spelling::International));
        }
        let elsewhere = match digits.after(self.country) {
            Some(national) => ZERO.then(national),
            None => ZERO.then(ZERO).and_then(|zeros| zeros.then(digits)),
        };
        Ok(Dialled::new(elsewhere.ok_or(NumberError::TooLong)?, Spelling::Local))
    }

    fn local(&self, digits: Digits) -> Dialled {
        if let Some(rest) = digits.after(self.zero_area).filter(|r| self.is_local(*r)) {
            return Dialled::new(rest, Spelling::Area);
        }
        if digits.len() > self.subscriber
            && let Some(rest) = digits.after(self.country_area)
            && self.is_local(rest)
            && Emergency::of(rest).is_none()
        {
            return Dialled::new(rest, Spelling::InternationalBare);
        }
        Dialled::new(digits, Spelling::Local)
    }

    /// What may stand after a prefix: a prefix is never taken off twice.
    fn is_local(&self, rest: Digits) -> bool {
        let bare_international = rest.len() > self.subscriber && rest.after(self.country_area).is_some();
        !rest.begins_with_zero() && !bare_international
    }
}

impl Dialled {
    fn new(digits: Digits, spelling: Spelling) -> Self {
        Self { digits, spelling, emergency: Emergency::of(digits) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// `sip:` or `sips:`.
    Sip,
    Tel,
    Urn,
    /// A user part alone.
    Bare,
}

/// The scheme and where it ends.
fn scheme(uri: &[u8]) -> Result<(Scheme, usize), NumberError> {
    let lower = |i: usize| uri.get(i).map_or(0, |b| b | 0x20);
    let colon = |i: usize| uri.get(i) == Some(&b':');
    let found = match [lower(0), lower(1), lower(2), lower(3)] {
        [b's', b'i', b'p', _] if colon(3) => (Scheme::Sip, 4),
        [b's', b'i', b'p', b's'] if colon(4) => (Scheme::Sip, 5),
        [b't', b'e', b'l', _] if colon(3) => (Scheme::Tel, 4),
        [b'u', b'r', b'n', _] if colon(3) => (Scheme::Urn, 4),
        [b'a'..=b'z', ..] if uri.iter().take(8).any(|b| *b == b':') => return Err(NumberError::UnknownService),
        _ => (Scheme::Bare, 0),
    };
    Ok(found)
}

/// Reads digits through escapes and visual separators (RFC 3966 §3) until `;`, `@`, a password's `:` or the end.
///
/// Returns the digits, whether a `+` led them, and where the number ended.
fn scan(uri: &[u8], offset: usize, tel: bool) -> Result<(Digits, bool, usize), NumberError> {
    let (mut packed, mut count, mut plus, mut i) = (0u64, 0, false, offset);
    while let Some(&raw) = uri.get(i) {
        let (byte, width) = if raw == b'%' { unescape(uri, i) } else { (raw, 1) };
        let digit = byte.wrapping_sub(b'0');
        i += width;
        if digit < 10 {
            packed = packed << 4 | u64::from(if digit == 0 { 10 } else { digit });
            count += 1;
            continue;
        }
        match byte {
            b'+' if count == 0 && !plus => plus = true,
            b'-' | b'.' | b'(' | b')' => {}
            b';' if width == 1 => return finish(packed, count, plus, i - 1),
            b'@' | b':' if width == 1 && !tel => return finish(packed, count, plus, i - 1),
            _ => return Err(NumberError::NotADigit { byte, at: i - width }),
        }
    }
    finish(packed, count, plus, i)
}

fn finish(packed: u64, count: u32, plus: bool, end: usize) -> Result<(Digits, bool, usize), NumberError> {
    if count > Digits::MAX { Err(NumberError::TooLong) } else { Ok((Digits::from_packed(packed), plus, end)) }
}

/// A `%XX` as the byte that it stands for, and its width; a lone `%` is itself.
fn unescape(uri: &[u8], i: usize) -> (u8, usize) {
    let hex = |at: usize| uri.get(at).and_then(|&b| char::from(b).to_digit(16));
    match (hex(i + 1), hex(i + 2)) {
        (Some(high), Some(low)) => ((high << 4 | low) as u8, 3),
        _ => (b'%', 1),
    }
}

/// What stands between the number and the end of the user part; a SIP URI without `@` has no user.
fn parameters(uri: &[u8], end: usize, scheme: Scheme) -> Result<&[u8], NumberError> {
    if uri.get(end) == Some(&b'@') {
        return Ok(&[]);
    }
    let rest = uri.get(end..).unwrap_or_default();
    let user = match (scheme, rest.iter().position(|b| *b == b'@')) {
        (Scheme::Tel, _) | (_, None) => rest,
        (_, Some(at)) => rest.get(..at).unwrap_or_default(),
    };
    if scheme == Scheme::Sip && user.len() == rest.len() {
        return Err(NumberError::Empty);
    }
    Ok(if user.first() == Some(&b';') { user } else { &[] })
}

/// The value of `;phone-context=` among the parameters of a user part or tel URI.
fn phone_context(params: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"phone-context=";
    params
        .split(|&b| b == b';')
        .find(|p| p.get(..NAME.len()).is_some_and(|n| n.eq_ignore_ascii_case(NAME)))
        .and_then(|p| p.get(NAME.len()..))
}

/// A global phone-context as digits; `Ok(None)` when it is a domain name.
fn context_number(context: &[u8]) -> Result<Option<Digits>, NumberError> {
    match scan(context, 0, true) {
        Ok((digits, true, end)) if digits != Digits::EMPTY && end == context.len() => Ok(Some(digits)),
        Err(NumberError::TooLong) => Err(NumberError::TooLong),
        _ => Ok(None),
    }
}

/// `urn:service:sos…` (RFC 5031 §4.2). Another service is no number of this exchange.
fn service(uri: &[u8]) -> Result<Dialled, NumberError> {
    let emergency = Emergency::of_urn(uri).ok_or(NumberError::UnknownService)?;
    Ok(Dialled { digits: emergency.digits(), spelling: Spelling::Service, emergency: Some(emergency) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuzhou() -> Numbering {
        let d = |t| Digits::parse(t).unwrap();
        Numbering::new(d("86"), d("0591"), 8, Box::new(["fz.example".into()])).unwrap()
    }

    fn read(uri: &str) -> String {
        match fuzhou().normalise(uri.as_bytes()) {
            Ok(d) => format!("{} {:?}{}", d.digits, d.spelling, if d.emergency.is_some() { " !" } else { "" }),
            Err(e) => format!("{e:?}"),
        }
    }

    #[test]
    fn every_spelling_of_one_number_is_that_number() {
        for uri in [
            "12345",
            "059112345",
            "+8659112345",
            "8659112345",
            "tel:12345;phone-context=+86591",
            "TEL:12345;isub=1;Phone-Context=+86-591",
            "tel:+86-591-12345",
            "tel:12345;phone-context=fz.example",
            "sip:12345@192.0.2.1;user=phone",
            "sips:12345@[2001:db8::1]:5061",
            "sip:%2B8659112345@host",
            "sip:12345;phone-context=+86591@host;user=phone",
            "sip:1-2.3(4)5:secret@host?Subject=a",
            "sip:59112345;phone-context=+86@host",
            "sip:059112345;phone-context=+86@host",
        ] {
            let dialled = fuzhou().normalise(uri.as_bytes()).unwrap();
            assert_eq!(dialled.digits.to_string(), "12345", "{uri}");
            assert_eq!(dialled.emergency, None);
        }
    }

    #[test]
    fn another_number_is_never_taken_for_it() {
        insta::assert_snapshot!(
            [
                "059212345",
                "+8659212345",
                "tel:12345;phone-context=+86592",
                "+12345",
                "+8612345",
                "0591",
                "112345",
                "123456",
                "0591059112345",
                "05918659112345",
                "tel:12345;phone-context=xm.example",
                "12345#",
                "%zz",
                "",
                "sip:host",
                "sip:@host",
                "1234567890123456",
                "12345678901234567",
                "+123456789012345",
                "+8613800138000",
                "13800138000",
                "mailto:12345",
                "http:12345",
                "12345 ",
                "sip:１２３４５@host",
                "++8659112345",
                "8+6",
            ]
            .map(|u| format!("{u:40} {}", read(u)))
            .join("\n")
        );
    }

    #[test]
    fn emergency_is_exact_and_nothing_else() {
        insta::assert_snapshot!(
            [
                "110",
                "119",
                "120",
                "122",
                "0591110",
                "+86591110",
                "tel:110;phone-context=+86591",
                "urn:service:sos",
                "URN:service:SOS.police",
                "urn:service:sos.fire",
                "urn:service:sos.ambulance",
                "urn:service:sos.marine",
                "urn:service:sos.policex",
                "urn:service:counseling",
                "96119",
                "11012",
                "86591110",
                "+86110",
                "0592110",
                "tel:110;phone-context=+86592",
                "tel:110;phone-context=+86",
                "1100",
                "0110",
                "911",
                "112",
                "sip:urn:service:sos@host",
                "sip:110@host;user=phone",
            ]
            .map(|u| format!("{u:40} {}", read(u)))
            .join("\n")
        );
    }
}
