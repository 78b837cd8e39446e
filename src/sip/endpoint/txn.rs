//! One transaction of an endpoint: its machine, and who is told what becomes of it.

use crate::sip::auth::client::Login;
use crate::sip::flow::Flow;
use crate::sip::id::{ReferId, SessionId, TxnId};
use crate::sip::message::Message;
use crate::sip::transaction::key::Key;
use crate::sip::transaction::{client, client_invite, server, server_invite};
use bytes::Bytes;

/// What a client transaction of a session was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sip) enum Purpose {
    /// The INVITE that began it.
    Invite,
    /// re-INVITE or UPDATE with an offer.
    Offer,
    /// UPDATE or re-INVITE that only refreshes.
    Refresh,
    /// PRACK: the result changes nothing unless the dialog is gone.
    Minor,
    /// INFO with a key.
    Key,
    /// REFER.
    Refer,
    /// OPTIONS that asks whether the other side is there.
    Probe,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sip) enum User {
    Nobody,
    Session(SessionId, Purpose),
    /// A NOTIFY of ours.
    Reference(ReferId),
    Token(u64),
}

/// The machine it runs (RFC 3261 §17).
#[derive(Debug)]
pub(in crate::sip) enum Machine {
    ClientInvite(client_invite::State),
    Client(client::State),
    ServerInvite(server_invite::State),
    Server(server::State),
}

/// One transaction.
#[derive(Debug)]
pub(in crate::sip) struct Txn {
    pub(super) serial: u32,
    pub machine: Machine,
    pub flow: Flow,
    pub user: User,
    /// Client: the request, later the ACK. Server: the last response.
    pub bytes: Bytes,
    /// Client: the branch, compared whole. Also the To tag of the accepted 2xx, once there is one.
    pub(super) branch: Box<str>,
    pub accepted_tag: Bytes,
    /// To tags of further 2xx: they have had their BYE. Of few transactions.
    #[expect(clippy::box_collection, reason = "a pointer of each transaction instead of three, and few have any")]
    pub ended_forks: Option<Box<Vec<Bytes>>>,
    /// The CANCEL of this INVITE: it shares the branch (RFC 3261 §9.1).
    pub cancel: Option<TxnId>,
    /// Client: challenges to this request that were answered before.
    pub answered: u8,
    /// Client: for a challenge, where the session is gone.
    pub login: Option<Box<Login>>,
    /// Server: the request, until the final response is sent.
    pub request: Option<Box<Message>>,
    pub(super) key: Option<Key>,
}
