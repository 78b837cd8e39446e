//! An order's JSON object, read field by field: every mistake names its field.

use super::fault::Fault;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::timeout;

/// Longest body, bytes.
pub(super) const BODY: usize = 16 << 10;
/// Longest body with the texts of a plan, bytes: a city's plan is a hundredth of it.
pub(super) const PLAN: usize = 4 << 20;
/// Longest number that can be ordered, characters.
const NUMBER: usize = 32;

/// The object. Each field is taken once; what is left in the end is unknown.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// An empty body is an empty object.
    ///
    /// # Errors
    /// 400: no JSON object.
    pub(super) fn read(body: &[u8]) -> Result<Self, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        serde_json::from_slice(body).map(Self).map_err(|e| {
            let zh = format!("请求体不是 JSON 对象（第 {} 行第 {} 列）", e.line(), e.column());
            let en = format!("the body is no JSON object (line {}, column {})", e.line(), e.column());
            Fault::malformed(StatusCode::BAD_REQUEST, "body", (zh, en))
        })
    }

    /// A text of `most` characters at most, without control characters and outer spaces; empty when it is not there.
    ///
    /// # Errors
    /// 422: something else stands there.
    pub(super) fn text(&mut self, field: &str, most: usize) -> Result<String, Fault> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) => plain(field, &text, most),
            Some(_) => Err(wrong(field, "应为文字", "is a text")),
        }
    }

    /// The same where it must not be missing or empty.
    ///
    /// # Errors
    /// 422.
    pub(super) fn required(&mut self, field: &str, most: usize) -> Result<String, Fault> {
        let text = self.text(field, most)?;
        if text.is_empty() { Err(wrong(field, "缺失", "is missing")) } else { Ok(text) }
    }

    /// A secret, as it was typed: nothing is taken off its ends; empty when it is not there.
    ///
    /// # Errors
    /// 422: longer than `most` characters, or no text.
    pub(super) fn secret(&mut self, field: &str, most: usize) -> Result<String, Fault> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(text),
            Some(_) => Err(wrong(field, "应为文字，且不过长", "is a text, and not too long")),
        }
    }

    /// `role` is `roles` with one in it.
    ///
    /// # Errors
    /// 422: it is no text.
    pub(super) fn one_role(mut self) -> Result<Self, Fault> {
        let role = self.text("role", 32)?;
        if !role.is_empty() {
            self.0.insert("roles".to_owned(), Value::from(vec![role]));
        }
        Ok(self)
    }

    /// What is left, as a value of its own.
    ///
    /// # Errors
    /// 422: it is none.
    pub(super) fn rest<T: serde::de::DeserializeOwned>(self) -> Result<T, Fault> {
        serde_json::from_value(Value::Object(self.0)).map_err(|error| {
            let text = error.to_string();
            // serde names the field between backquotes.
            let field = text.split('`').nth(1).unwrap_or("body");
            Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, field, (format!("不合要求：{text}"), text.clone()))
        })
    }

    /// A value as it stands there; nothing when it is not there.
    pub(super) fn value(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field).filter(|value| !value.is_null())
    }

    /// A number to be dialled.
    ///
    /// # Errors
    /// 422.
    pub(super) fn number(&mut self, field: &str) -> Result<String, Fault> {
        self.required(field, NUMBER)
    }

    /// True or false; `default` when it is not there.
    ///
    /// # Errors
    /// 422.
    pub(super) fn flag(&mut self, field: &str, default: bool) -> Result<bool, Fault> {
        match self.0.remove(field) {
            None | Some(Value::Null) => Ok(default),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(wrong(field, "应为 true 或 false", "is true or false")),
        }
    }

    /// One of some words; `default` when it is not there, and 422 if there is none.
    ///
    /// # Errors
    /// 422.
    pub(super) fn word<T: Copy>(&mut self, field: &str, words: &[(&str, T)], default: Option<T>) -> Result<T, Fault> {
        let found = match self.0.remove(field) {
            None | Some(Value::Null) => default,
            Some(value) => words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, meant)| *meant),
        };
        found.ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            wrong(field, &format!("应为 {} 之一", all.join("、")), &format!("is one of {}", all.join(", ")))
        })
    }

    /// Nothing may be left: a misspelt field would be an order that was not meant.
    ///
    /// # Errors
    /// 422: the first field that is unknown.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(field) => {
                let shown: String = field.chars().filter(|c| !c.is_control()).take(64).collect();
                Err(wrong(&shown, "不认识", "is not known here"))
            }
        }
    }
}

/// A text as it may go into records and headers.
///
/// # Errors
/// 422: too long, or with control characters.
pub(super) fn plain(field: &str, text: &str, most: usize) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(wrong(field, "含有控制字符", "has control characters"));
    }
    if text.chars().count() > most {
        return Err(wrong(field, &format!("超过 {most} 个字符"), &format!("is longer than {most} characters")));
    }
    Ok(text.to_owned())
}

fn wrong(field: &str, zh: &str, en: &str) -> Fault {
    Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, field, (format!("{field} {zh}"), format!("{field} {en}")))
}

/// The body, in time and within its limit.
pub(super) async fn body(request: Request, arrival: Duration) -> Result<Bytes, Fault> {
    let kind = request.headers().get(CONTENT_TYPE).cloned();
    let most = if request.uri().path().starts_with("/api/v1/plan/") { PLAN } else { BODY };
    let body = timeout(arrival, Bytes::from_request(request, &())).await.map_err(|_| Fault::slow())?;
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::too_large(most),
        _ => Fault::malformed(StatusCode::BAD_REQUEST, "body", ("请求体没有传完", "the body broke off")),
    })?;
    if !body.is_empty() && !kind.is_some_and(|kind| is_json(&kind)) {
        return Err(Fault::media_type());
    }
    Ok(body)
}

/// `application/json`, whatever its parameters (RFC 8259 §11 has none).
fn is_json(kind: &HeaderValue) -> bool {
    let essence = kind.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_by_its_type_alone() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/json;"] {
            assert!(is_json(&HeaderValue::from_static(kind)), "{kind}");
        }
        for kind in ["", "text/json", "application/jsonp", "application/x-www-form-urlencoded"] {
            assert!(!is_json(&HeaderValue::from_static(kind)), "{kind}");
        }
    }

    fn fields(text: &str) -> Fields {
        Fields::read(text.as_bytes()).unwrap()
    }

    /// Status and field of a refusal.
    fn told<T: std::fmt::Debug>(result: Result<T, Fault>) -> (u16, String) {
        let fault = result.unwrap_err();
        assert!(!fault.zh.is_empty() && !fault.en.is_empty());
        (fault.status.as_u16(), fault.field.unwrap())
    }

    #[test]
    fn nothing_is_an_empty_object_and_anything_else_than_an_object_is_refused() {
        assert!(Fields::read(b"").unwrap().finish().is_ok());
        assert!(Fields::read(b" \r\n").unwrap().finish().is_ok());
        for text in ["{", "[]", "1", "null", "\u{feff}{}", "{\"a\":1}{}", "{'a':1}"] {
            assert_eq!(told(Fields::read(text.as_bytes())), (400, "body".into()), "{text}");
        }
        assert_eq!(told(Fields::read(b"{\"to\":\"\xff\"}")), (400, "body".into()));
        let deep = "[".repeat(10_000);
        assert_eq!(told(Fields::read(format!("{{\"to\":{deep}").as_bytes())), (400, "body".into()));
    }

    #[test]
    fn a_text_is_trimmed_and_held_to_its_length_in_characters() {
        assert_eq!(fields("{\"why\":\"  投诉 \"}").text("why", 2).unwrap(), "投诉");
        assert_eq!(fields("{\"why\":null}").text("why", 2).unwrap(), "");
        assert_eq!(told(fields("{\"why\":\"三个字\"}").text("why", 2)), (422, "why".into()));
        assert_eq!(told(fields("{\"why\":7}").text("why", 2)), (422, "why".into()));
        assert_eq!(told(fields("{\"why\":\"a\\r\\nb\"}").text("why", 9)), (422, "why".into()));
        assert_eq!(told(fields("{\"why\":\" \"}").required("why", 9)), (422, "why".into()));
        assert_eq!(told(fields("{}").number("to")), (422, "to".into()));
    }

    #[test]
    fn words_and_flags_are_those_and_no_others() {
        let words = [("start", 1), ("pause", 2)];
        assert_eq!(fields("{\"do\":\"pause\"}").word("do", &words, None).unwrap(), 2);
        assert_eq!(fields("{}").word("do", &words, Some(1)).unwrap(), 1);
        for text in ["{}", "{\"do\":\"Start\"}", "{\"do\":1}", "{\"do\":[\"start\"]}"] {
            assert_eq!(told(fields(text).word("do", &words, None)), (422, "do".into()), "{text}");
        }
        assert!(!fields("{\"muted\":false}").flag("muted", true).unwrap());
        assert!(fields("{}").flag("muted", true).unwrap());
        assert_eq!(told(fields("{\"muted\":\"false\"}").flag("muted", true)), (422, "muted".into()));
    }

    #[test]
    fn a_field_that_nobody_took_is_named() {
        let mut fields = fields("{\"to\":\"12366\",\"raeson\":\"x\"}");
        fields.number("to").unwrap();
        assert_eq!(told(fields.finish()), (422, "raeson".into()));
    }
}
