//! Sessions: INVITE dialogs of RFC 3261 §12–§15 with PRACK (3262), UPDATE (3311) and session timers (4028).
//!
//! One file a verb: `accept` (the side that is called), `connect` (the side that calls), `prack`, `modify`
//! (offers inside), `refresh`, `close`; `refer` (we are asked to transfer), `referrer` (we ask), `replacement`, `info` (digits),
//! `probe` (is it alive?), `challenge` (401 inside), `outlived` (dialogs of a former run); `sessions` finds, begins and drops them. The values `session`, `outgoing`,
//! `reference` and `replaces` know no endpoint, and an endpoint is made of them. Bodies are bytes; what they mean is decided
//! above. Status codes of the protocol (420, 422, 481, 491, 500 …) are chosen here, codes of service never.

mod accept;
mod challenge;
mod close;
mod connect;
mod info;
mod modify;
mod outgoing;
mod outlived;
mod prack;
mod probe;
mod refer;
mod reference;
mod referrer;
mod refresh;
mod replacement;
mod replaces;
mod session;
mod sessions;

pub use super::auth::client::Credentials;
pub use super::id::{ReferId, SessionId};
pub use accept::NotAdmitted;
pub use outgoing::Outgoing;
pub use reference::Refer;
pub(super) use reference::Reference;
pub use referrer::ReferTo;
pub use replaces::Replaces;
pub use session::{Dialog, Session, State};

#[cfg(test)]
mod stories;
#[cfg(test)]
mod tests;
