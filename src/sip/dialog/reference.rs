//! A REFER of the other side as a value: what it asks, and where it stands (RFC 3515, 4488, 3892).

use super::replaces::Replaces;
use super::session::Dialog;
use crate::sip::flow::Flow;
use crate::sip::header::NameAddr;
use crate::sip::id::{SessionId, TxnId};
use crate::sip::message::Message;
use crate::sip::name::Name;
use crate::sip::uri::{self, Uri};
use bytes::Bytes;

/// What a REFER asks for: an INVITE to `uri`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refer {
    /// Whom to call: a `sip:`, `sips:` or `tel:` URI without `method` and without headers.
    pub uri: Bytes,
    /// Attended: the dialog, as the new target sees it, that the new call takes the place of.
    pub replaces: Option<Replaces>,
    /// Who asks, as he says (RFC 3892): a Referred-By value to be passed on. Nothing vouches for it.
    pub referred_by: Option<Bytes>,
    /// No NOTIFYs are wanted (RFC 4488).
    pub silent: bool,
}

impl Refer {
    /// Reads a REFER request.
    ///
    /// # Errors
    /// 400 without exactly one readable Refer-To (RFC 3515 §2.4.2), 416 for a scheme that is no telephone's, 501 for
    /// another method than INVITE.
    pub fn read(message: &Message) -> Result<Self, u16> {
        let mut targets = message.elements(Name::ReferTo);
        let (Some(value), None) = (targets.next(), targets.next()) else { return Err(400) };
        let target = NameAddr::read(value).ok_or(400u16)?;
        let (bare, headers) = uri::split_headers(target.uri);
        if !Uri::is_plausible(bare) {
            return Err(400);
        }
        let tel = bare.get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"tel:"));
        if !tel && Uri::read(bare).is_none() {
            let sip = bare.get(..3).is_some_and(|s| s.eq_ignore_ascii_case(b"sip"));
            return Err(if sip { 400 } else { 416 });
        }
        let (uri, method) = uri::take_param(bare, "method");
        // Without brackets what belongs to the URI reads as the header's (RFC 3261 §20.10).
        let method = method.or(target.param("method"));
        if method.is_some_and(|m| !m.eq_ignore_ascii_case(b"INVITE")) {
            return Err(501);
        }
        let mut replaces = None;
        for (name, value) in uri::headers(headers) {
            let value = uri::unescape(value).ok_or(400u16)?;
            if name.eq_ignore_ascii_case(b"Replaces") {
                let read = Replaces::read(&value).ok_or(400u16)?;
                if replaces.replace(read).is_some() {
                    return Err(400);
                }
            }
            // Any other header would let the one who refers write our INVITE (RFC 3261 §19.1.5): left out.
        }
        let referred_by = message.value(Name::ReferredBy).filter(|v| NameAddr::read(v).is_some());
        let silent = message.value(Name::ReferSub).is_some_and(|v| {
            v.split(|&b| b == b';').next().is_some_and(|v| v.trim_ascii().eq_ignore_ascii_case(b"false"))
        });
        let referred_by = referred_by.map(Bytes::copy_from_slice);
        Ok(Self { uri: uri.into(), replaces, referred_by, silent })
    }
}

/// A REFER that has no answer yet.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) txn: TxnId,
    pub(super) request: Box<Message>,
    pub(super) flow: Flow,
    pub(super) silent: bool,
}

/// Where a REFER of the other side stands.
///
/// ```text
///   REFER --> Asked --202--> Told --NOTIFY 200–699, answered--> gone
///               |  \--202, Refer-Sub: false--> Silent --final status--> gone
///               \--300–699, BYE (487)--> gone
/// ```
#[derive(Debug)]
pub(super) enum Stage {
    /// Its owner has not decided.
    Asked(Asked),
    /// Accepted; nobody wants to hear of it.
    Silent,
    /// Accepted, and told by NOTIFYs: one at a time, so that none overtakes another.
    Told {
        /// What the last NOTIFY said.
        last: u16,
        /// It has no answer yet.
        open: bool,
        /// What the next one is to say.
        next: Option<u16>,
        /// The last one ended the subscription.
        over: bool,
        /// It was refused as out of order, and sent again.
        again: bool,
    },
}

/// One REFER of the other side.
#[derive(Debug)]
pub(in crate::sip) struct Reference {
    pub(super) serial: u32,
    pub(super) session: SessionId,
    /// The dialog, once its session is gone.
    pub(super) dialog: Option<Box<Dialog>>,
    pub(super) stage: Stage,
    /// Value of `Event`.
    pub(super) event: Box<str>,
    /// When the subscription expires, µs monotonic.
    pub(super) until: u64,
}

impl Reference {
    /// Its session is gone.
    pub(in crate::sip) fn is_orphan(&self) -> bool {
        self.dialog.is_some()
    }
}
