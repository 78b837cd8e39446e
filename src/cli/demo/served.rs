//! Which robot callers have been answered by a person: a caller hears music and a person alike by a call that stands.
//!
//! Robots that answer say whom; who is answered by somebody's own phone is found by asking the daemon.

use crate::admin;
use crate::exchange::{Answer, Command};
use crate::sip::header::NameAddr;
use crate::sip::uri::Uri;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;

/// Robot callers by number.
#[derive(Debug)]
pub struct Served {
    callers: RefCell<HashMap<String, bool>>,
    socket: PathBuf,
}

impl Served {
    /// Nobody yet; `socket` is the daemon's admin socket.
    #[must_use]
    pub fn new(socket: PathBuf) -> Self {
        Self { callers: RefCell::default(), socket }
    }

    /// A robot calls.
    pub fn expect(&self, caller: &str) {
        self.callers.borrow_mut().insert(caller.to_owned(), false);
    }

    /// A robot has answered this caller, who may be none of ours.
    pub fn note(&self, caller: &str) {
        self.callers.borrow_mut().get_mut(caller).into_iter().for_each(|served| *served = true);
    }

    /// Whether a robot has answered this caller.
    #[must_use]
    pub fn is(&self, caller: &str) -> bool {
        self.callers.borrow().get(caller).is_some_and(|served| *served)
    }

    /// A caller's call is over.
    pub fn forget(&self, caller: &str) {
        self.callers.borrow_mut().remove(caller);
    }

    /// The live calls as the daemon tells them; none when it does not answer.
    pub async fn calls(&self) -> Vec<crate::exchange::CallRow> {
        let socket = self.socket.clone();
        // It blocks, and sound must go on.
        let asked = tokio::task::spawn_blocking(move || admin::ask(&socket, &Command::Calls));
        match asked.await {
            Ok(Ok(Answer::Calls { calls })) => calls,
            _ => Vec::new(),
        }
    }

    /// Whether the daemon says that somebody talks with this caller.
    pub async fn talks(&self, caller: &str) -> bool {
        self.calls().await.iter().any(|row| row.stage == "talking" && row.caller == caller)
    }

    /// Gives the daemon an order; what comes of it is seen in the calls.
    pub async fn order(&self, command: Command) {
        let socket = self.socket.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || admin::ask(&socket, &command)).await {
            tracing::debug!(%error, "a robot's order was not taken");
        }
    }
}

/// The number in a From value.
#[must_use]
pub fn number(from: &str) -> Option<String> {
    let address = NameAddr::read(from.as_bytes())?;
    let uri = Uri::read(address.uri)?;
    String::from_utf8(uri.user.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_known_by_his_number_until_he_is_forgotten() {
        let served = Served::new(PathBuf::new());
        let caller = number("\"12345\" <sip:13900000001@127.0.0.1>;tag=1").unwrap();
        served.note(&caller);
        assert!(!served.is(&caller), "he is none of ours");
        served.expect(&caller);
        assert!(!served.is(&caller));
        served.note(&caller);
        assert!(served.is("13900000001"));
        served.forget("13900000001");
        assert!(!served.is("13900000001"));
        assert_eq!(number("nobody"), None);
    }
}
