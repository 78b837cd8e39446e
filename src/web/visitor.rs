//! Who asks: found at the door, and asked of by every handler that knows whose it is about.

use super::fault::Fault;
use super::people::People;
use crate::access::{Object, Right, Secret, Session, SessionKey, Who, decide};
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
    pub proof: Proof,
}

/// What has become of him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    /// He is who he was.
    Same,
    /// His roles, his groups, his unit, his agreement to secrecy are others.
    Changed,
    /// His session is over, his program's token taken back, his account disabled.
    Left,
}

/// What he has shown.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// A person's cookie.
    Session(SessionKey, Session),
    /// The token of somebody's program.
    Token(Secret),
    /// The token of the configuration, which holds as long as the daemon runs.
    House,
}

impl Visitor {
    /// Whether he may do this to that; callers' numbers are masked where the answer is true.
    ///
    /// # Errors
    /// 403.
    pub fn may(&self, right: Right, of: &Object<'_>) -> Result<bool, Fault> {
        decide(&self.who, right, Some(of)).masked().map_err(|why| Fault::refused(right, why))
    }

    /// His session; a program has none.
    pub fn session(&self) -> Option<(SessionKey, &Session)> {
        match &self.proof {
            Proof::Session(key, session) => Some((*key, session)),
            Proof::Token(_) | Proof::House => None,
        }
    }

    /// Whether somebody who came some time ago may still be there.
    pub fn stays(&self, people: &People) -> Stays {
        let now = match &self.proof {
            Proof::Session(key, _) => people.of_session(*key, false).map(|(who, _)| who),
            Proof::Token(token) => people.of_token(*token),
            Proof::House => return Stays::Same,
        };
        match now {
            Some(who) if who == *self.who => Stays::Same,
            Some(_) => Stays::Changed,
            None => Stays::Left,
        }
    }

    /// The seat that is his own, wherever he sits.
    pub fn own_seat(&self, people: &People) -> Option<SeatId> {
        self.session().and_then(|(_, session)| people.own_seat(&session.account))
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
