//! A query's parameters, each taken once: what is unknown, twice there or no value of its own is named.

use super::fault::Fault;
use crate::calendar::Zone;
use axum::http::StatusCode;

/// How a moment is written.
const MOMENT: (&str, &str) = ("本地时间，如 2021-12-15T08:00", "a local time like 2021-12-15T08:00");

/// What stands behind the question mark.
#[derive(Debug)]
pub(super) struct Query<'q>(Vec<(&'q str, &'q str)>);

impl<'q> Query<'q> {
    pub(super) fn read(query: Option<&'q str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect())
    }

    /// The value of a parameter; the first, if it is there twice: the other one is left and unknown.
    pub(super) fn take(&mut self, name: &str) -> Option<&'q str> {
        let place = self.0.iter().position(|(found, _)| *found == name)?;
        Some(self.0.remove(place).1)
    }

    /// The same with its escapes read (RFC 3986 §2.1); what is no UTF-8 then has a replacement in it.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name).map(unescaped)
    }

    /// The same, read; `of` says what it is.
    ///
    /// # Errors
    /// 422: it is none.
    pub(super) fn read_as<T>(
        &mut self,
        name: &str,
        (zh, en): (&str, &str),
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(text) = self.take(name) else { return Ok(None) };
        // The one escape that a time needs.
        let text = text.replace("%3A", ":").replace("%3a", ":");
        read(&text).map(Some).ok_or_else(|| wrong(name, format!("{name} 应为{zh}"), format!("{name} is {en}")))
    }

    /// A moment, µs since the epoch: as a number, or as it is written (`Zone::read`).
    ///
    /// # Errors
    /// 422: it is none.
    pub(super) fn moment(&mut self, name: &str, zone: &Zone) -> Result<Option<i64>, Fault> {
        self.read_as(name, MOMENT, |text| text.parse().ok().or_else(|| zone.read(text)))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// 422: the first parameter that is unknown, or there twice.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(wrong(name, "这里没有这个参数".to_owned(), "there is no such parameter here".to_owned()))
            }
        }
    }
}

/// A value without its escapes; a plus is a space, as forms write it.
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            (other, _) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A parameter that is not what it should be.
pub(super) fn wrong(name: &str, zh: String, en: String) -> Fault {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, &name, (zh, en))
}
