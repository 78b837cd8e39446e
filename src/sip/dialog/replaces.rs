//! A Replaces value (RFC 3891 §6.1): a dialog as its receiver sees it.

use crate::sip::header::Params;
use std::fmt;

/// A Replaces value: a dialog, as its receiver sees it (RFC 3891 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID.
    pub call_id: Box<str>,
    /// The tag of the receiver's side.
    pub to_tag: Box<str>,
    /// The tag of the other side.
    pub from_tag: Box<str>,
    /// Only while the dialog is early.
    pub early_only: bool,
}

impl Replaces {
    /// Reads a value; `None` unless it has a Call-ID and each tag once.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let semi = memchr::memchr(b';', value)?;
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for (name, value) in Params(value.get(semi + 1..)?).iter() {
            let slot = match name.to_ascii_lowercase().as_slice() {
                b"to-tag" => &mut to_tag,
                b"from-tag" => &mut from_tag,
                b"early-only" => {
                    early_only = true;
                    continue;
                }
                _ => continue,
            };
            if slot.replace(word(value?)?).is_some() {
                return None;
            }
        }
        Some(Self { call_id: word(value[..semi].trim_ascii())?, to_tag: to_tag?, from_tag: from_tag?, early_only })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

/// A Call-ID or tag: printable, and nothing that would end it where it is written again.
pub(super) fn word(text: &[u8]) -> Option<Box<str>> {
    let fine = !text.is_empty() && text.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b';' | b','));
    std::str::from_utf8(text).ok().filter(|_| fine).map(Box::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_3891_are_read_and_written_back() {
        for text in [
            "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
            "12adf2f34456gs5;to-tag=12345;from-tag=54321",
            "87134@171.161.34.23;to-tag=24796;from-tag=0",
            "425928@bobster.example.org;to-tag=7743;from-tag=6472;early-only",
        ] {
            let read = Replaces::read(text.as_bytes()).unwrap();
            assert_eq!(Replaces::read(read.to_string().as_bytes()), Some(read), "{text}");
        }
        let read = Replaces::read(b"a@b ; TO-tag = 1 ;x=y; from-tag=2;early-only").unwrap();
        assert_eq!((&*read.call_id, &*read.to_tag, &*read.from_tag, read.early_only), ("a@b", "1", "2", true));
    }

    #[test]
    fn what_is_no_dialog_is_not_read() {
        for text in [
            "",
            "a@b",
            "a@b;to-tag=1",
            "a@b;from-tag=1",
            "a@b;to-tag=1;to-tag=1;from-tag=2",
            ";to-tag=1;from-tag=2",
            "a b;to-tag=1;from-tag=2",
            "a\r\nX: y;to-tag=1;from-tag=2",
            "a@b;to-tag;from-tag=2",
            "a@b;to-tag=;from-tag=2",
        ] {
            assert_eq!(Replaces::read(text.as_bytes()), None, "{text}");
        }
    }
}
