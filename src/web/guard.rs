//! The door: who comes, and whether he may at all. Whoever is not known is not even told which addresses there are.

use super::backend::Backend;
use super::doors;
use super::fault::Fault;
use super::verb::Action;
use super::visitor::{Proof, Visitor};
use crate::access::{Right, Role, Secret, Session, SessionKey, Sessions, Who, decide};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// What a browser shows.
pub(super) const SESSION: &str = "switchboard";
/// What a change shows beside it.
pub(super) const ANTI_FORGERY: &str = "x-anti-forgery";

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub SocketAddr);

/// Lets somebody in, or says why not.
pub(super) async fn guard(State(backend): State<Arc<Backend>>, mut request: Request, next: Next) -> Response {
    let asked = asked(&request);
    match admit(&backend, &request, asked) {
        Ok(visitor) => {
            let (who, from, path) = (Arc::clone(&visitor.who), visitor.from, request.uri().path().to_owned());
            request.extensions_mut().insert(visitor);
            let answer = next.run(request).await;
            // His roles may, but not to this one's: somebody who tries one after the other is seen in the trail.
            if let (StatusCode::FORBIDDEN, Some(right)) = (answer.status(), asked) {
                backend.people.tried(&who, &from.to_string(), (right, &path));
            }
            answer
        }
        Err(fault) => fault.into_response(),
    }
}

/// What is asked for; nothing where nothing stands, or not by this method: the fallback says so.
fn asked(request: &Request) -> Option<Right> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    right(request.method(), path, request.uri().path())
}

fn admit(backend: &Backend, request: &Request, right: Option<Right>) -> Result<Visitor, Fault> {
    let from = from(request);
    let visitor = who(backend, request, from)?;
    let Some(right) = right else { return Ok(visitor) };
    match decide(&visitor.who, right, None).masked() {
        Ok(_) => Ok(visitor),
        Err(why) => {
            backend.people.tried(&visitor.who, &from.to_string(), (right, request.uri().path()));
            Err(Fault::refused(right, why))
        }
    }
}

/// What an address asks for.
pub(super) fn right(method: &Method, pattern: &str, path: &str) -> Option<Right> {
    let order =
        || Action::ALL.iter().find(|(word, _)| path.ends_with(&format!("/{word}"))).map(|(_, action)| action.right());
    match doors::of(method.as_str(), pattern) {
        Some(door) => Some(door.right),
        None if method == Method::POST && pattern.starts_with("/api/v1/calls/{ref}/") => order(),
        None => None,
    }
}

fn who(backend: &Backend, request: &Request, from: IpAddr) -> Result<Visitor, Fault> {
    let headers = request.headers();
    if let Some(token) = bearer(headers) {
        if backend.knows(token) {
            return Ok(Visitor { who: Arc::new(operators()), from, proof: Proof::House });
        }
        let token = Secret::of(token);
        let who = backend.people.of_token(token).ok_or_else(Fault::unauthorized)?;
        return Ok(Visitor { who: Arc::new(who), from, proof: Proof::Token(token) });
    }
    let key = cookie(headers).map(|shown| SessionKey::of(shown.as_bytes())).ok_or_else(Fault::unauthorized)?;
    // A page that only looks again by itself keeps nobody signed in.
    let touch = !headers.contains_key("x-by-itself");
    let (who, session) = backend.people.of_session(key, touch).ok_or_else(Fault::unauthorized)?;
    if !(request.method().is_safe() || unforged(headers, &session)) || !same_origin(headers) {
        return Err(Fault::forged());
    }
    Ok(Visitor { who: Arc::new(who), from, proof: Proof::Session(key, session) })
}

/// The program that shows the token of the configuration: a backend, which has persons of its own and says who they are.
fn operators() -> Who {
    Who {
        name: "api".to_owned(),
        title: "api".to_owned(),
        roles: BTreeSet::from([Role::Operator, Role::Supervisor]),
        secrecy: true,
        trusted: true,
        ..Who::default()
    }
}

/// Bearer token, RFC 6750 §2.1; the scheme's case is free (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// The session's cookie (RFC 6265 §4.2).
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == SESSION).map(|(_, value)| value)
}

fn unforged(headers: &HeaderMap, session: &Session) -> bool {
    headers.get(ANTI_FORGERY).is_some_and(|shown| !Sessions::forged(session, shown.as_bytes()))
}

/// A page says whose it is: of another site's none has business here, not even one that only wants to follow what changes.
pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority.is_some() && authority == host
}

/// Where a request comes from: a proxy on this machine tells it (the last one that it has added).
pub(super) fn from(request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip().to_canonical());
    let told = request.headers().get_all("x-forwarded-for").into_iter().next_back();
    let told = told.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    told.filter(|_| peer.is_loopback()).unwrap_or(peer)
}
