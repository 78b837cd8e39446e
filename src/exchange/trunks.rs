//! Trunks: whether they answer OPTIONS (interconnect: every 10–30 s, any answer but 408 and 503 is up).

use super::register::Registration;
use super::{Due, Exchange, Settings};
use crate::clock::Now;
use crate::fact::Fact;
use crate::id::TrunkId;
use crate::sip::name::{Method, Name};

/// Tokens of OPTIONS are trunk indices.
#[derive(Debug)]
pub(super) struct TrunkState {
    pub id: TrunkId,
    pub up: bool,
    /// Calls on it at present.
    pub calls: usize,
    pub registration: Registration,
}

pub(super) fn states(settings: &Settings) -> Vec<TrunkState> {
    settings
        .trunks
        .keys()
        .map(|id| TrunkState { id: id.clone(), up: true, calls: 0, registration: Registration::default() })
        .collect()
}

impl Exchange {
    pub(super) fn start_pings(&mut self, now: Now) {
        for index in 0..u32::try_from(self.trunks.len()).unwrap_or(0) {
            // Spread over the first second, so that a hundred trunks are not asked in one burst.
            self.wheel.set(now.mono + 200_000 + u64::from(index % 64) * 10_000, Due::Trunk(index));
        }
    }

    pub(super) fn ping(&mut self, index: u32, now: Now) {
        let Some(id) = self.trunks.get(index as usize).map(|t| t.id.clone()) else { return };
        let Some(trunk) = self.settings.trunks.get(&id) else { return };
        let (Some((transport, peer)), true) = (trunk.outbound, trunk.options > 0) else { return };
        self.wheel.set(now.mono + trunk.options, Due::Trunk(index));
        let Some(flow) = self.settings.flow_to(transport, peer) else { return };
        let (tag, call_id) = (self.endpoint.token(), self.endpoint.token());
        let uri = format!("sip:{peer}");
        self.endpoint.request(flow, u64::from(index), now, Method::Options, uri.as_bytes(), |mut w| {
            w.header(Name::MaxForwards, 70);
            w.header(Name::From, format_args!("<sip:switchboard@{}>;tag={tag}", flow.local.ip()));
            w.header(Name::To, format_args!("<{uri}>"));
            w.header(Name::CallId, format_args!("{call_id}@{}", flow.local.ip()));
            w.header(Name::CSeq, "1 OPTIONS");
            w.header(Name::Contact, format_args!("<sip:{}>", flow.local));
            w.header(Name::Accept, "application/sdp");
            w.end()
        });
    }

    pub(super) fn pinged(&mut self, index: u32, status: u16, now: Now) {
        let Some(trunk) = self.trunks.get_mut(index as usize) else { return };
        let up = !matches!(status, 408 | 503);
        if std::mem::replace(&mut trunk.up, up) == up {
            return;
        }
        let trunk = trunk.id.clone();
        let fact = if up { Fact::TrunkUp { trunk } } else { Fact::TrunkDown { trunk } };
        self.fact(None, fact, now);
    }

    /// Whether OPTIONS says that the trunk cannot take a call. Emergency trunks are tried all the same.
    pub(super) fn is_down(&self, id: &TrunkId) -> bool {
        self.trunks.iter().any(|t| t.id == *id && !t.up)
    }

    /// Whether it carries as many of our calls as it may.
    pub(super) fn is_full(&self, id: &TrunkId, most: Option<usize>) -> bool {
        most.is_some_and(|most| self.trunks.iter().any(|t| t.id == *id && t.calls >= most))
    }

    pub(super) fn count_trunk(&mut self, id: &TrunkId, more: bool) {
        if let Some(trunk) = self.trunks.iter_mut().find(|t| t.id == *id) {
            trunk.calls = if more { trunk.calls + 1 } else { trunk.calls.saturating_sub(1) };
        }
    }
}
