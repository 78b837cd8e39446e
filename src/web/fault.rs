//! What a client gets instead of what it asked for: one status, one word, and a sentence in both languages.

use crate::access::{self, Right};
use crate::admin::{
    Refusal, callback_words, conflict_words, forbidden_words, unfit_words, unknown_words, unreachable_words,
};
use crate::call::{Conflict, Unfit};
use crate::id::CallRef;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What an address answers.
pub(super) type Told = Result<Response, Fault>;

/// An error's body, the same for all. `why` and `field` stand only where there is one.
#[derive(Debug, Serialize)]
pub struct Fault {
    #[serde(skip)]
    pub(super) status: StatusCode,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<Why>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right: Option<Right>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_s: Option<u32>,
    pub(super) zh: String,
    pub(super) en: String,
}

/// Why not, in a word.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Why {
    Call(Conflict),
    Seat(Unfit),
    Access(access::Refusal),
}

impl Fault {
    pub(super) fn new(
        status: StatusCode,
        error: &'static str,
        (zh, en): (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self { status, error, why: None, field: None, right: None, retry_s: None, zh: zh.into(), en: en.into() }
    }

    /// What was sent is no order: `field` says where.
    pub(super) fn malformed(status: StatusCode, field: &str, words: (impl Into<String>, impl Into<String>)) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(status, "malformed", words) }
    }

    pub(super) fn conflict(why: Conflict) -> Self {
        Self { why: Some(Why::Call(why)), ..Self::new(StatusCode::CONFLICT, "conflict", conflict_words(why)) }
    }

    pub(super) fn no_group() -> Self {
        let words = ("没有这个坐席组", "there is no such group");
        Self::new(StatusCode::NOT_FOUND, "unknown_group", words)
    }

    pub(super) fn no_record(call: CallRef) -> Self {
        let words = (format!("没有通话 {call} 的记录"), format!("there is no record of call {call}"));
        Self::new(StatusCode::NOT_FOUND, "unknown_call", words)
    }

    pub(super) fn no_recording() -> Self {
        let words = ("没有录音，或已过保存期限", "there is no recording, or it is past its retention");
        Self::new(StatusCode::NOT_FOUND, "no_recording", words)
    }

    pub(super) fn no_callback(callback: CallRef) -> Self {
        let words = (format!("没有待回电 {callback}"), format!("nobody is to be called back for {callback}"));
        Self::new(StatusCode::NOT_FOUND, "unknown_callback", words)
    }

    pub(super) fn not_called_back(why: Conflict) -> Self {
        Self { why: Some(Why::Call(why)), ..Self::new(StatusCode::CONFLICT, "conflict", callback_words(why)) }
    }

    pub(super) fn unfit(why: Unfit) -> Self {
        let (status, error) = match why {
            Unfit::NoSeat => (StatusCode::NOT_FOUND, "unknown_seat"),
            Unfit::NotHim | Unfit::Locked => (StatusCode::FORBIDDEN, "forbidden"),
            Unfit::Elsewhere | Unfit::Taken | Unfit::Nobody | Unfit::NotNow => (StatusCode::CONFLICT, "conflict"),
        };
        Self { why: Some(Why::Seat(why)), ..Self::new(status, error, unfit_words(why)) }
    }

    pub(super) fn unknown(call: CallRef) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_call", unknown_words(call))
    }

    pub(super) fn not_reachable(to: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_reachable", unreachable_words(to))
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", forbidden_words())
    }

    /// Whoever asks is known, and may not.
    pub(super) fn refused(right: Right, why: access::Refusal) -> Self {
        let words = match why {
            access::Refusal::Role => ("您的角色无此权限", "your role may not do this"),
            access::Refusal::Object => ("不在您的权限范围之内", "this is not within your reach"),
            access::Refusal::Secrecy => {
                ("未签署保密协议或已到期，不显示市民数据", "no citizen's data without an agreement to secrecy")
            }
        };
        let why = Some(Why::Access(why));
        Self { why, right: Some(right), ..Self::new(StatusCode::FORBIDDEN, "forbidden", words) }
    }

    /// A change that does not come from our own page.
    pub(super) fn forged() -> Self {
        let words = ("请求不是本页面发出的：缺少防伪令牌", "the request is not of our own page: no anti-forgery token");
        Self::new(StatusCode::FORBIDDEN, "forged", words)
    }

    /// As many do the same as may.
    pub(super) fn busy() -> Self {
        let words = ("同时请求过多，请稍后再试", "as many ask for it at this moment as may: try again");
        Self { retry_s: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words) }
    }

    /// Too many wrong passwords.
    pub(super) fn locked(left_s: u32) -> Self {
        let words =
            (format!("密码连续错误，{left_s} 秒后再试"), format!("too many wrong passwords: try again in {left_s} s"));
        Self { retry_s: Some(left_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "locked", words) }
    }

    /// An order about accounts that was not carried out, as it was told.
    pub(super) fn settled(error: &str, zh: String, en: String) -> Self {
        let known = access::Mistake::ALL.into_iter().find(|mistake| mistake.word() == error);
        known.map_or_else(|| Self::new(StatusCode::INTERNAL_SERVER_ERROR, "strange", (zh, en)), Self::account)
    }

    /// What must be written down cannot be: then it is not shown.
    pub(super) fn unwritten() -> Self {
        let words = ("审计记录写不进去，因此不予显示", "the trail cannot be written, so this is not shown");
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "unwritten", words)
    }

    /// Something about an account.
    pub(super) fn account(mistake: access::Mistake) -> Self {
        use access::Mistake as M;
        let (status, field) = match mistake {
            M::Unknown => (StatusCode::NOT_FOUND, None),
            M::Taken | M::File | M::Full | M::Demanded => (StatusCode::CONFLICT, None),
            M::Link => (StatusCode::GONE, None),
            M::Code => (StatusCode::UNAUTHORIZED, None),
            M::Unkept => (StatusCode::INSUFFICIENT_STORAGE, None),
            M::Name => (StatusCode::UNPROCESSABLE_ENTITY, Some("name")),
            M::Roles => (StatusCode::UNPROCESSABLE_ENTITY, Some("roles")),
            M::Password => (StatusCode::UNPROCESSABLE_ENTITY, Some("password")),
            M::Old => (StatusCode::UNPROCESSABLE_ENTITY, Some("old")),
        };
        Self { field: field.map(str::to_owned), ..Self::new(status, mistake.word(), mistake.words()) }
    }

    pub(super) fn unauthorized() -> Self {
        let words =
            ("口令缺失或不对：Authorization: Bearer …", "the token is missing or wrong: Authorization: Bearer …");
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", words)
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown_path", ("没有这个地址", "there is nothing at this address"))
    }

    pub(super) fn method() -> Self {
        let words = ("这个地址不接受这个方法，见 Allow", "this address does not take this method: see Allow");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
    }

    pub(super) fn media_type() -> Self {
        let words =
            ("请求体应为 JSON：Content-Type: application/json", "a body is JSON: Content-Type: application/json");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", words)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let words = (format!("请求体超过 {limit} 字节"), format!("the body is longer than {limit} bytes"));
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", words)
    }

    pub(super) fn slow() -> Self {
        let words = ("请求没有按时到齐", "the request did not arrive in time");
        Self::new(StatusCode::REQUEST_TIMEOUT, "slow_request", words)
    }

    /// Another answer than the question has.
    pub(super) fn strange() -> Self {
        let words = ("交换机答非所问", "the switchboard answered another question");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "strange", words)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (error, words) = match refusal {
            Refusal::Busy | Refusal::Malformed => {
                ("busy", ("交换机没有按时回答，稍后再试", "the switchboard did not answer in time: try again"))
            }
            Refusal::Stopping => ("stopping", ("交换机正在停止", "the switchboard is stopping")),
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, words)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = json(status, &self);
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Ours are structs of texts and numbers: they always can be written.
    let mut response = written(serde_json::to_vec(value).unwrap_or_default());
    *response.status_mut() = status;
    response
}

/// JSON that is written already.
pub(super) fn written(text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
