//! The parameter list of a challenge or of credentials: quoted strings with escapes, any order, any case (RFC 3261 §25.1).

use std::borrow::Cow;

/// Most parameters in one header; a phone sends nine.
const MOST: usize = 32;

type Value<'h> = Option<Cow<'h, [u8]>>;

/// The parameters that mean something to us; others are skipped.
#[derive(Debug, Default)]
pub(super) struct Params<'h> {
    pub(super) username: Value<'h>,
    pub(super) realm: Value<'h>,
    pub(super) nonce: Value<'h>,
    pub(super) uri: Value<'h>,
    pub(super) response: Value<'h>,
    pub(super) algorithm: Value<'h>,
    pub(super) cnonce: Value<'h>,
    pub(super) opaque: Value<'h>,
    pub(super) qop: Value<'h>,
    pub(super) nc: Value<'h>,
    pub(super) stale: Value<'h>,
}

impl<'h> Params<'h> {
    /// Reads `Digest name=value, …`. `None` if it is not that, names one parameter twice, or has more than 32.
    pub(super) fn parse(header: &'h [u8]) -> Option<Self> {
        let (scheme, mut rest) = scheme(header)?;
        if !scheme.eq_ignore_ascii_case(b"Digest") {
            return None;
        }
        let mut params = Self::default();
        for _ in 0..=MOST {
            // RFC 7230 §7: a list may have empty elements.
            while let [b',' | b' ' | b'\t' | b'\r' | b'\n', tail @ ..] = rest {
                rest = tail;
            }
            if rest.is_empty() {
                return Some(params);
            }
            let (name, tail) = token(rest)?;
            let (value, tail) = value(space(space(tail).strip_prefix(b"=")?))?;
            if let Some(field) = params.field(name)
                && field.replace(value).is_some()
            {
                return None;
            }
            rest = space(tail);
            if !matches!(rest, [] | [b',', ..]) {
                return None;
            }
        }
        None
    }

    fn field(&mut self, name: &[u8]) -> Option<&mut Value<'h>> {
        let all: [(&[u8], &mut Value<'h>); 11] = [
            (b"username", &mut self.username),
            (b"realm", &mut self.realm),
            (b"nonce", &mut self.nonce),
            (b"uri", &mut self.uri),
            (b"response", &mut self.response),
            (b"algorithm", &mut self.algorithm),
            (b"cnonce", &mut self.cnonce),
            (b"opaque", &mut self.opaque),
            (b"qop", &mut self.qop),
            (b"nc", &mut self.nc),
            (b"stale", &mut self.stale),
        ];
        all.into_iter().find(|(n, _)| name.eq_ignore_ascii_case(n)).map(|(_, field)| field)
    }
}

/// The scheme's name and what follows it.
pub(super) fn scheme(header: &[u8]) -> Option<(&[u8], &[u8])> {
    token(space(header))
}

fn space(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

fn token(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|b| !(b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(b)));
    bytes.split_at_checked(end.unwrap_or(bytes.len())).filter(|(token, _)| !token.is_empty())
}

/// A token or a quoted string. Outside quotes anything but a separator is taken: phones send `uri=sip:x` bare.
fn value(bytes: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    let Some(inside) = bytes.strip_prefix(b"\"") else {
        let end = bytes.iter().position(|b| b", \t\r\n\"".contains(b)).unwrap_or(bytes.len());
        let (bare, rest) = bytes.split_at_checked(end)?;
        return (!bare.is_empty()).then_some((Cow::Borrowed(bare), rest));
    };
    let first = inside.iter().position(|b| matches!(b, b'"' | b'\\'))?;
    let (plain, mut rest) = inside.split_at_checked(first)?;
    if let [b'"', tail @ ..] = rest {
        return Some((Cow::Borrowed(plain), tail));
    }
    let mut text = plain.to_vec();
    loop {
        match rest {
            [b'"', tail @ ..] => return Some((Cow::Owned(text), tail)),
            [b'\\', escaped, tail @ ..] => {
                text.push(*escaped);
                rest = tail;
            }
            [other, tail @ ..] => {
                text.push(*other);
                rest = tail;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_stand_on_the_wire() {
        let p = Params::parse(b"Digest realm=\"a\\\"b\" ,URI=sip:x;y=z,nc=1 ,, qop=\"\",new=\"\\\\\"").unwrap();
        assert_eq!(p.realm.as_deref(), Some(&b"a\"b"[..]));
        assert_eq!(p.uri.as_deref(), Some(&b"sip:x;y=z"[..]));
        assert_eq!((p.nc.as_deref(), p.qop.as_deref()), (Some(&b"1"[..]), Some(&b""[..])));
        assert!(Params::parse(b"Digest").is_some(), "no parameters is still a list");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in [
            "",
            "Basic x=y",
            "Digest x",
            "Digest x=",
            "Digest =y",
            "Digest x=\"y",
            "Digest x=\"y\\",
            "Digest x=y z=w",
            "Digest nc=1,NC=2",
        ] {
            assert!(Params::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Params::parse(format!("Digest {}", "x=y,".repeat(MOST)).as_bytes()).is_some());
        assert!(Params::parse(format!("Digest {}", "x=y,".repeat(MOST + 1)).as_bytes()).is_none());
    }
}
