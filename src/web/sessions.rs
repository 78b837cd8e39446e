//! Signing in and out, one-time links, and what a person sets for himself.

use super::backend::Backend;
use super::body::{Fields, body};
use super::fault::{Fault, Told, json};
use super::guard::{SESSION, cookie, from, same_origin};
use super::people::{Entered, People, Refused, Shown};
use super::visitor::{Proof, Visitor};
use crate::access::{IDLE, LONGEST, Mistake, Origin, Outcome, SessionKey};
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json as object};
use std::sync::Arc;

/// Longest text of a sign-in, characters.
const TEXT: usize = 256;

type Desk = State<Arc<Backend>>;

/// `POST /session`.
pub(super) async fn sign_in(State(backend): Desk, request: Request) -> Told {
    if !same_origin(request.headers()) {
        return Err(Fault::forged());
    }
    let (from, before) = (from(&request), cookie(request.headers()).map(|shown| SessionKey::of(shown.as_bytes())));
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let account = fields.required("account", TEXT)?;
    let (password, code) = (fields.secret("password", TEXT)?, fields.text("code", TEXT)?);
    fields.finish()?;
    let entered = backend.people.sign_in(Shown { account, password, code }, from).await.map_err(refused)?;
    // What the browser had before is void: nobody is signed in by a cookie that another one has planted.
    before.into_iter().for_each(|key| backend.people.sign_out(key));
    Ok(entered_as(&backend, &entered))
}

/// `POST /join/look`.
pub(super) async fn look(State(backend): Desk, request: Request) -> Told {
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let link = fields.required("link", TEXT)?;
    fields.finish()?;
    let (account, enters, second) = backend.people.look_at_link(&link).map_err(Fault::account)?;
    let known = backend.people.account(&account).unwrap_or_default();
    let mut told = object!({
        "account": account,
        "title": known.title,
        "role": known.roles.first().map(|role| role.word()),
        "totp_wanted": second.is_some(),
        "enters": enters,
    });
    if let (Some(second), Some(told)) = (second, told.as_object_mut()) {
        told.insert("totp".into(), object!({ "secret": second.typed(), "uri": second.uri(&account) }));
    }
    Ok(json(StatusCode::OK, &told))
}

/// `POST /join`.
pub(super) async fn join(State(backend): Desk, request: Request) -> Told {
    if !same_origin(request.headers()) {
        return Err(Fault::forged());
    }
    let from = from(&request);
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let link = fields.required("link", TEXT)?;
    let (password, code) = (fields.secret("password", TEXT)?, fields.text("code", TEXT)?);
    fields.finish()?;
    let entered = backend.people.join(link, password, &code, from).await.map_err(refused)?;
    Ok(entered_as(&backend, &entered))
}

/// `GET /session`.
pub(super) async fn own(State(backend): Desk, visitor: Visitor) -> Told {
    Ok(json(StatusCode::OK, &document(&backend, &visitor)))
}

/// `DELETE /session`.
pub(super) async fn sign_out(State(backend): Desk, visitor: Visitor) -> Told {
    if let Some((key, session)) = visitor.session() {
        // Whoever talks does not lose his telephone under the caller: he ends the call, then he goes.
        if backend.people.in_a_call(&session.account) && !backend.people.is_elsewhere(&session.account, key) {
            let words = ("请先结束通话，再退出登录", "end the call before you sign out");
            return Err(Fault::new(StatusCode::CONFLICT, "conflict", words));
        }
        backend.people.sign_out(key);
        backend.takes_back().await;
        // He is out, whether it can be written or not.
        let _ = backend.note(&visitor, ("sign_out", "", ""), Outcome::Done);
    }
    let mut response = json(StatusCode::OK, &object!({ "done": true }));
    set(&mut response, "", 0);
    Ok(response)
}

/// `POST /session/password`.
pub(super) async fn password(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (key, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let (old, new) = (fields.secret("old", TEXT)?, fields.secret("new", TEXT)?);
    fields.finish()?;
    let set = backend.people.set_password((&session.account, key), (old, new), visitor.from).await;
    set.map_err(refused)?;
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// `POST /session/lang`.
pub(super) async fn lang(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (_, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let lang = fields.word("lang", &[("zh", "zh"), ("en", "en")], None)?;
    fields.finish()?;
    backend.people.set_lang(&session.account, lang);
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// `GET /session/second`: whether he has a second factor, and what his telephone may take for one.
pub(super) async fn second(State(backend): Desk, visitor: Visitor) -> Told {
    let (_, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let standing = backend.people.second_of(&session.account);
    let mut told = object!({ "has": standing.has, "demanded": standing.demanded });
    let own = backend.people.account(&session.account).is_some_and(|account| account.origin == Origin::Store);
    // An account of the configuration file is changed there.
    if let (true, Some(told)) = (own, told.as_object_mut()) {
        let second = backend.people.offered_second(session);
        told.insert("totp".into(), object!({ "secret": second.typed(), "uri": second.uri(&session.account) }));
    }
    Ok(json(StatusCode::OK, &told))
}

/// `POST /session/second`.
pub(super) async fn take_second(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (_, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let (password, code) = (fields.secret("old", TEXT)?, fields.text("code", TEXT)?);
    fields.finish()?;
    let taken = backend.people.take_second(session, (password, &code), visitor.from).await;
    taken.map_err(|why| match why {
        // He is signed in: what is wrong is a field, not he.
        Refused::Mistake(Mistake::Code) => {
            let (zh, en) = Mistake::Code.words();
            Fault::malformed(StatusCode::UNPROCESSABLE_ENTITY, "code", (zh.to_owned(), en.to_owned()))
        }
        why => refused(why),
    })?;
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// `POST /session/second/off`.
pub(super) async fn drop_second(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (_, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let password = fields.secret("old", TEXT)?;
    fields.finish()?;
    backend.people.drop_second(session, password, visitor.from).await.map_err(refused)?;
    Ok(json(StatusCode::OK, &object!({ "done": true })))
}

/// `POST /session/secrecy`.
pub(super) async fn secrecy(State(backend): Desk, visitor: Visitor, request: Request) -> Told {
    let (_, session) = visitor.session().ok_or_else(Fault::unauthorized)?;
    let mut fields = Fields::read(&body(request, backend.limits.arrival).await?)?;
    let agreed = fields.flag("agreed", false)?;
    fields.finish()?;
    if agreed {
        backend.people.agree(&session.account).map_err(Fault::account)?;
        backend.note(&visitor, ("secrecy", "", ""), Outcome::Done)?;
    }
    Ok(json(StatusCode::OK, &object!({ "done": agreed })))
}

fn refused(why: Refused) -> Fault {
    match why {
        Refused::Wrong => {
            Fault::new(StatusCode::UNAUTHORIZED, "wrong", ("账号或口令不对", "the account or the password is wrong"))
        }
        Refused::CodeWanted => Fault::account(Mistake::Code),
        Refused::Locked(left_s) => Fault::locked(left_s),
        Refused::Busy => Fault::busy(),
        Refused::Mistake(mistake) => Fault::account(mistake),
    }
}

fn entered_as(backend: &Backend, entered: &Entered) -> Response {
    let Entered { cookie, session } = entered;
    let key = SessionKey::of(cookie.as_bytes());
    let who = Arc::new(backend.people.of_session(key, false).map(|(who, _)| who).unwrap_or_default());
    let visitor = Visitor { who, from: [0, 0, 0, 0].into(), proof: Proof::Session(key, session.clone()) };
    let mut response = json(StatusCode::OK, &document(backend, &visitor));
    set(&mut response, cookie, LONGEST / 1_000_000);
    response
}

/// The cookie: for us alone, from our pages alone, and no script sees it (RFC 6265bis). Browsers take `Secure` from this machine's own
/// loopback without TLS too.
fn set(response: &mut Response, cookie: &str, seconds: i64) {
    let text = format!("{SESSION}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(SET_COOKIE, value);
    }
}

/// Who one is, and what one may.
fn document(backend: &Backend, visitor: &Visitor) -> Value {
    let (who, wall) = (&visitor.who, backend.views.clock.now().wall);
    let session = visitor.session().map(|(_, session)| session);
    let account = session.and_then(|session| backend.people.account(&session.account)).unwrap_or_default();
    let seat = who.agent.as_ref().and_then(|agent| backend.views.board.seat_of(agent));
    let own = account.seat.clone().or_else(|| who.agent.as_ref().map(|agent| agent.as_str().into()));
    let plan = &backend.views.plan.load().plan;
    object!({
        "account": who.name,
        "title": who.title,
        "role": who.roles.first(),
        "roles": who.roles,
        "unit": who.unit,
        "groups": who.groups,
        "agent": who.agent,
        "seat": seat.map(|row| row.seat.clone()),
        "own_seat": own.filter(|seat| backend.views.board.seat(seat).is_some()),
        "lang": if account.lang.is_empty() { "zh" } else { &account.lang },
        "anti_forgery": session.map(|session| session.anti_forgery.clone()),
        "until": session.map(|session| session.begun + LONGEST),
        "idle_s": IDLE / 1_000_000,
        "secrecy": { "until": account.secrecy, "valid": who.secrecy },
        "rights": People::rights(who),
        // Whoever may nothing yet may see to his account.
        "home": if who.roles.is_empty() { "/account" } else { account.home() },
        "now": wall,
        "zone": plan.zone().name(),
        "date": plan.zone().local(wall).date().to_string(),
    })
}
