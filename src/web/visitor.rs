//! Who asks: found at the door, and asked of by every handler that knows whose it is about.

use super::fault::Fault;
use super::people::People;
use crate::access::{Object, Right, Session, SessionKey, Who, decide};
use crate::id::SeatId;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::net::IpAddr;
use std::sync::Arc;

/// Somebody whom the guard has let in.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub who: Arc<Who>,
    /// Where he comes from, as far as a proxy on this machine tells it.
    pub from: IpAddr,
    /// His session; a program has none.
    pub session: Option<(SessionKey, Session)>,
}

impl Visitor {
    /// Whether he may do this to that; callers' numbers are masked where the answer is true.
    ///
    /// # Errors
    /// 403.
    pub fn may(&self, right: Right, of: &Object<'_>) -> Result<bool, Fault> {
        decide(&self.who, right, Some(of)).masked().map_err(|why| Fault::refused(right, why))
    }

    /// The seat that is his own, wherever he sits.
    pub fn own_seat(&self, people: &People) -> Option<SeatId> {
        self.session.as_ref().and_then(|(_, session)| people.own_seat(&session.account))
    }

    /// As whom his orders are written down: a person under his own name, a program's persons as it says.
    pub fn signs(&self, said: String) -> String {
        if self.who.trusted { said } else { self.who.name.clone() }
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Fault::unauthorized)
    }
}
