//! A new call: protocol, hops, load, number, dialplan, media; then it is admitted and begins.

use super::calls::Live;
use super::overload::Verdict;
use super::{Exchange, identity};
use crate::call::{Call, Caller, Journey, Leg, Script, SeatCode, cause};
use crate::clock::Now;
use crate::dialplan::{Class, Decision, Dialled, Plan, Routed, Side, State, Step};
use crate::fact::{Cause, Fact, Origin, Outcome, Party, Service};
use crate::id::{CallRef, LegRef, SeatId, TrunkId};
use crate::sdp;
use crate::sip::endpoint::Incoming;
use crate::sip::name::Name;
use std::sync::Arc;

/// Media ports that only emergency calls may take, at the least and at the most: a sixteenth of those that are bound, and of a larger
/// pool a quarter of what is beyond [`SMALL_POOL`]. More are bound as they are taken, but a storm is faster: two seconds of callers who
/// come at once, one in ten of them for 119, take a hundred ports before the next are there.
const EMERGENCY_PORTS: (usize, usize) = (8, 256);
/// A pool that its configuration has made small keeps no more back than it must.
const SMALL_POOL: usize = 240;

/// Callers beyond `max_calls` who are told in words that there is no room.
const TOLD: usize = 32;

/// How a call is refused for want of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shed {
    /// He hears why.
    Told,
    /// With a record.
    Recorded,
    /// Counted only.
    Counted,
}

/// What the dialled number leads to.
struct Destination {
    dialled: String,
    title: String,
    entry: String,
    state: String,
    class: Option<Class>,
    service: Service,
    steps: Arc<[Step]>,
    seat: Option<SeatId>,
    code: Option<SeatCode>,
}

/// Why a call is refused before it has any service.
struct Refused {
    status: u16,
    cause: Cause,
    dialled: String,
    extra: String,
}

impl Refused {
    fn new(status: u16, cause: Cause, dialled: impl ToString) -> Self {
        Self { status, cause, dialled: dialled.to_string(), extra: String::new() }
    }
}

/// What the dialled number means, before anything is made of it.
enum Found<'p> {
    /// A seat, dialled by another one.
    Seat(SeatId),
    /// A feature code, dialled by a seat: the code alone, and what it means.
    Code(String, SeatCode),
    /// An entry of the plan.
    Entry(Dialled, Routed<'p>),
}

impl Found<'_> {
    fn is_emergency(&self) -> bool {
        matches!(self, Self::Entry(_, routed) if routed.entry.class == Class::Emergency)
    }

    /// Where it leads.
    fn destination(self) -> Destination {
        match self {
            Self::Seat(seat) => Destination {
                dialled: seat.to_string(),
                title: String::new(),
                entry: format!("seat.{seat}"),
                state: "serving".into(),
                class: None,
                service: Service::Internal,
                steps: Arc::from([]),
                seat: Some(seat),
                code: None,
            },
            Self::Code(dialled, code) => Destination {
                dialled,
                title: String::new(),
                entry: "feature-code".into(),
                state: "serving".into(),
                class: None,
                service: Service::Internal,
                steps: Arc::from([]),
                seat: None,
                code: Some(code),
            },
            Self::Entry(dialled, routed) => Destination::of(dialled, routed),
        }
    }
}

impl Destination {
    /// Whether somebody is called at once, and nothing is said before.
    fn is_straight(&self) -> bool {
        self.seat.is_some() || matches!(self.steps.first(), Some(Step::Trunk { .. } | Step::Ring { .. }))
    }

    /// Of a call that leads nowhere.
    fn nowhere(refused: &Refused) -> Self {
        Self {
            dialled: refused.dialled.clone(),
            title: String::new(),
            entry: String::new(),
            state: String::new(),
            class: None,
            service: Service::Refused,
            steps: Arc::from([]),
            seat: None,
            code: None,
        }
    }

    fn of(dialled: Dialled, routed: Routed<'_>) -> Self {
        let entry = routed.entry;
        let service = match (entry.class, routed.state) {
            (Class::Emergency, _) => Service::Emergency,
            (_, State::Cancelled) => Service::Cancelled,
            (Class::Utility, _) => Service::Internal,
            _ => Service::Hotline,
        };
        Self {
            dialled: dialled.digits.to_string(),
            title: entry.title.to_string(),
            entry: entry.address.to_string(),
            state: routed.state.to_string(),
            class: Some(entry.class),
            service,
            steps: routed.route.steps.clone(),
            seat: None,
            code: None,
        }
    }
}

impl Exchange {
    /// An INVITE of a trunk or a seat.
    pub(super) fn place(&mut self, mut incoming: Incoming, origin: Origin, now: Now) {
        if matches!(origin, Origin::Trunk(_)) {
            incoming.message.report_load(self.gate.report(now));
        }
        if let Err(no) = self.endpoint.admissible(&incoming) {
            return self.endpoint.refuse(&incoming, no.status, no.extra.as_bytes());
        }
        match self.endpoint.replaced(&incoming) {
            Ok(None) => {}
            Ok(Some(session)) => return self.take_place(incoming, &origin, session, now),
            Err(no) => return self.endpoint.refuse(&incoming, no.status, no.extra.as_bytes()),
        }
        if !incoming.message.body().is_empty() && incoming.message.sdp().is_none() {
            return self.endpoint.refuse(&incoming, 415, b"Accept: application/sdp\r\n");
        }
        if incoming.message.number(Name::MaxForwards) == Some(0) {
            return self.endpoint.refuse(&incoming, 483, b"");
        }
        // Asked first, and before anything is made of the call: under overload most calls come no further.
        let snapshot = Arc::clone(&self.snapshot);
        let found = self.find(&snapshot.plan, &incoming, &origin, now);
        if (self.ending || !found.as_ref().is_ok_and(Found::is_emergency))
            && let Some(shed) = self.sheds(&origin, now)
        {
            return self.shed(incoming, origin, found, shed, now);
        }
        match found.map(Found::destination) {
            Ok(destination) => self.begin(incoming, origin, destination, now),
            Err(refused) => {
                let nowhere = Destination::nowhere(&refused);
                self.turn_away(incoming, origin, &refused, &nowhere, now);
            }
        }
    }

    /// How an ordinary call is refused, if it is.
    fn sheds(&mut self, origin: &Origin, now: Now) -> Option<Shed> {
        let trunk = match origin {
            Origin::Trunk(trunk) => Some(trunk),
            Origin::Seat(_) => None,
        };
        // The last ports are kept for emergency calls, which nothing may limit.
        let total = self.ports.total();
        let kept = (total / 16 + total.saturating_sub(SMALL_POOL) / 4).clamp(EMERGENCY_PORTS.0, EMERGENCY_PORTS.1);
        let (live, most, free) = (self.calls.len(), self.settings.max_calls, self.ports.free());
        let verdict = if self.draining || live >= most || free < kept {
            // A few callers more are told why: what they hear is early media, and costs a place for some seconds.
            let room = !self.draining && live < most + TOLD.min(most / 10) && free >= 2 * kept;
            if room && self.settings.busy_prompt.as_ref().is_some_and(|p| self.snapshot.clip(p).is_some()) {
                return Some(Shed::Told);
            }
            self.gate.refused(trunk, now)
        } else {
            self.gate.call(trunk, now)
        };
        match verdict {
            Verdict::Taken => None,
            Verdict::Recorded => Some(Shed::Recorded),
            Verdict::Counted => Some(Shed::Counted),
        }
    }

    /// It was offered and we failed it: it counts (product §7), with a record where there are few, in a sum where there are many.
    /// Retry-After only when draining: it would stop the carrier's emergency calls as well (interconnect, "Shedding").
    fn shed(&mut self, incoming: Incoming, origin: Origin, found: Result<Found<'_>, Refused>, shed: Shed, now: Now) {
        let extra = if self.draining { "Retry-After: 30\r\n" } else { "" };
        let (_, q850) = cause::to_sip(Cause::Shed);
        if shed == Shed::Counted {
            let extra = format!("{extra}{}", cause::reason_line(q850));
            return self.endpoint.refuse(&incoming, 503, extra.as_bytes());
        }
        match (shed, found.map(Found::destination)) {
            (Shed::Told, Ok(to)) => {
                let told = self.settings.busy_prompt.clone().map(|prompt| Step::Prompt { prompt, early: true });
                let steps = told.into_iter().chain([Step::Release { status: 503, q850 }]).collect();
                self.begin(incoming, origin, Destination { steps, seat: None, code: None, ..to }, now);
            }
            (_, to) => {
                let to = to.unwrap_or_else(|refused| Destination::nowhere(&refused));
                let refused = Refused { extra: extra.to_owned(), ..Refused::new(503, Cause::Shed, &to.dialled) };
                self.turn_away(incoming, origin, &refused, &to, now);
            }
        }
    }

    /// What the number means, for this caller.
    fn find<'p>(&self, plan: &'p Plan, incoming: &Incoming, origin: &Origin, now: Now) -> Result<Found<'p>, Refused> {
        let uri = incoming.message.request_uri();
        if matches!(origin, Origin::Seat(_))
            && let Some((dialled, code)) = self.feature_code(uri)
        {
            return Ok(Found::Code(dialled, code));
        }
        let shown = || String::from_utf8_lossy(&uri[..uri.len().min(80)]).into_owned();
        let dialled = plan.normalise(uri).map_err(|e| match e.status(uri) {
            404 => Refused::new(404, Cause::Unallocated, shown()),
            status => Refused::new(status, Cause::InvalidNumber, shown()),
        })?;
        let side = match origin {
            Origin::Trunk(trunk) => Side::Trunk(plan.trunk(trunk).map(|t| &**t)),
            Origin::Seat(_) => Side::Seat,
        };
        if side == Side::Seat
            && let Some(seat) = self.settings.seats.get_key_value(dialled.digits.to_string().as_str())
        {
            return Ok(Found::Seat(seat.0.clone()));
        }
        match plan.admit(dialled, side, now.wall) {
            Decision::Routed(routed) => Ok(Found::Entry(dialled, routed)),
            Decision::Refused(refusal) => Err(Refused::new(refusal.status, Cause::Unallocated, dialled.digits)),
        }
    }

    /// Admits the call and lets it begin.
    fn begin(&mut self, incoming: Incoming, origin: Origin, to: Destination, now: Now) {
        let id = self.mint(now);
        let m = &incoming.message;
        let offer = m.sdp();
        let ipv4 = incoming.flow.local.is_ipv4();
        // An agent's consultation may be joined to his caller's call: their media stay on one thread.
        let thread = match &origin {
            Origin::Seat(seat) => self.calls.thread_of(seat),
            Origin::Trunk(_) => None,
        };
        let Some(lease) = self.ports.lease(thread, ipv4, (id, LegRef(0))) else {
            let refused = Refused::new(503, Cause::Congestion, &to.dialled);
            self.alarm("rtp", "no media port is free", now);
            return self.turn_away(incoming, origin, &refused, &to, now);
        };
        let nat = self.media_source(&origin, incoming.flow.peer.ip());
        let secure = self.secured(&origin, incoming.flow.transport, offer.as_deref(), to.is_straight());
        let secure = secure.ok_or(sdp::Refused::Insecure);
        let session_id = self.random();
        let leg = match secure.and_then(|secure| Leg::called(id, lease, offer.as_deref(), nat, session_id, secure)) {
            Ok(leg) => leg,
            Err(why) => {
                self.ports.vacate(lease.port);
                self.ports.closed(lease.port, lease.epoch);
                let status = if why.malformed() { 400 } else { 488 };
                let extra = format!("Warning: 399 switchboard \"{why}\"\r\n");
                let refused = Refused { extra, ..Refused::new(status, Cause::Media, &to.dialled) };
                return self.turn_away(incoming, origin, &refused, &to, now);
            }
        };
        let mut journey = self.journey(&incoming, origin, &to, now);
        // Nothing limits emergency calls: a whole house that burns may show one number.
        let most = (to.class != Some(Class::Emergency)).then_some(self.settings.legs_per_caller);
        journey.looped = self.trunks.looped(&incoming.message, identity::who(&journey).as_ref(), most);
        journey.offerless_unreliable = offer.is_none() && !incoming.message.lists(Name::Supported, "100rel");
        self.offered(id, &incoming, &journey, now);
        self.routed(id, &to, now);
        self.start_leg(incoming, id, leg, journey, &to, now);
    }

    fn start_leg(
        &mut self,
        incoming: Incoming,
        id: CallRef,
        mut leg: Leg,
        journey: Journey,
        to: &Destination,
        now: Now,
    ) {
        let by_flow = matches!(journey.origin, Origin::Seat(_));
        if let Origin::Seat(seat) = &journey.origin {
            self.floor.handle(crate::acd::Input::Occupy { seat: seat.clone(), call: id }, now);
        }
        let session = self.endpoint.admit(incoming, by_flow, now);
        if let Origin::Trunk(trunk) = &journey.origin
            && let Some(credentials) = self.settings.trunks.get(trunk).and_then(|t| t.credentials.clone())
        {
            self.endpoint.set_credentials(session, credentials);
        }
        leg.session = Some(session);
        self.calls.own(session, (id, LegRef(0)), None);
        self.trace_leg(id, session);
        self.open_port(&leg);
        let call = Call::new(id, journey, Script::new(to.steps.clone()));
        self.calls.insert(id, Live::new(call, leg));
        self.tell(id, crate::call::Input::Begin, now);
    }

    fn journey(&self, incoming: &Incoming, origin: Origin, to: &Destination, now: Now) -> Journey {
        let m = &incoming.message;
        let trusted = match &origin {
            Origin::Trunk(trunk) => self.settings.trunks.get(trunk).is_some_and(|t| t.trusted),
            Origin::Seat(_) => false,
        };
        let caller = match &origin {
            Origin::Seat(seat) => identity::seat(seat),
            Origin::Trunk(_) => identity::of(m, trusted),
        };
        let (history, diversions) = identity::history(m);
        let ours = to.service == Service::Hotline && matches!(origin, Origin::Trunk(_));
        let may_ask = ours && !self.asked_today(&caller.number, now);
        Journey {
            origin,
            caller,
            dialled: to.dialled.clone(),
            title: to.title.clone(),
            entry: to.entry.clone(),
            class: to.class,
            service: to.service,
            seat_dialled: to.seat.clone(),
            seat_code: to.code.clone().map(Box::new),
            recall: None,
            snapshot: self.snapshot.clone(),
            place: now.wall,
            placed: false,
            max_forwards: m.number(Name::MaxForwards).unwrap_or(70).saturating_sub(1),
            history,
            diversions,
            sought: false,
            returned: false,
            came_back: None,
            answered_at: None,
            record: self.settings.record_default,
            secure: super::admit::is_sips(incoming),
            may_ask,
            early_hangup: self.settings.early_hangup,
            whisper: self.settings.whisper.clone(),
            looped: Vec::new(),
            offerless_unreliable: false,
        }
    }

    /// A journey that begins here: the hub calls somebody back who had dialled this number.
    pub(super) fn journey_back(&self, trunk: &TrunkId, number: &str, dialled: &str, now: Now) -> Journey {
        Journey {
            origin: Origin::Trunk(trunk.clone()),
            caller: Caller { number: number.to_owned(), ..Caller::default() },
            dialled: dialled.to_owned(),
            title: String::new(),
            entry: "callback".into(),
            class: Some(Class::Hub),
            service: Service::Internal,
            seat_dialled: None,
            seat_code: None,
            recall: None,
            snapshot: self.snapshot.clone(),
            place: 0,
            placed: true,
            max_forwards: 70,
            history: Vec::new(),
            diversions: 0,
            sought: false,
            returned: false,
            came_back: None,
            answered_at: None,
            record: self.settings.record_default,
            secure: false,
            may_ask: !self.asked_today(number, now),
            early_hangup: self.settings.early_hangup,
            whisper: None,
            looped: Vec::new(),
            offerless_unreliable: false,
        }
    }

    /// A call without service still leaves its record (product §7: the sum over the outcomes equals the calls), under what it would
    /// have had: one that we fail counts as offered to its line.
    fn turn_away(&mut self, incoming: Incoming, origin: Origin, refused: &Refused, to: &Destination, now: Now) {
        let id = self.mint(now);
        let journey = self.journey(&incoming, origin, to, now);
        self.offered(id, &incoming, &journey, now);
        self.routed(id, to, now);
        let session = self.endpoint.admit(incoming, false, now);
        let (_, q850) = cause::to_sip(refused.cause);
        let extra = format!("{}{}", refused.extra, cause::reason_line(q850));
        self.endpoint.reject(session, refused.status, extra.as_bytes(), now);
        let outcome = match refused.cause {
            Cause::Congestion => Outcome::Failed,
            other => cause::outcome(other),
        };
        let status = Some(refused.status);
        self.fact(Some(id), Fact::CallEnded { outcome, by: Party::Switch, cause: refused.cause, status }, now);
    }

    fn offered(&mut self, id: CallRef, incoming: &Incoming, journey: &Journey, now: Now) {
        let m = &incoming.message;
        let fact = Fact::CallOffered {
            leg: LegRef(0),
            origin: journey.origin.clone(),
            caller: journey.caller.number.clone(),
            caller_shown: !journey.caller.private,
            dialled: journey.dialled.clone(),
            // Behind a feature code there may stand a PIN.
            to: match journey.seat_code {
                Some(_) => journey.dialled.clone(),
                None => String::from_utf8_lossy(m.request_uri()).into_owned(),
            },
            call_id: String::from_utf8_lossy(m.call_id()).into_owned(),
            source: incoming.flow.peer.to_string(),
        };
        self.fact(Some(id), fact, now);
    }

    fn routed(&mut self, id: CallRef, to: &Destination, now: Now) {
        let fact = Fact::CallRouted {
            entry: to.entry.clone(),
            title: to.title.clone(),
            service: to.service,
            state: to.state.clone(),
            plan: self.snapshot.plan.version().to_owned(),
        };
        self.fact(Some(id), fact, now);
    }

    pub(super) fn alarm(&mut self, subject: &str, text: &str, now: Now) {
        tracing::error!(%subject, "{text}");
        self.fact(None, Fact::Alarm { subject: subject.into(), text: text.into() }, now);
    }
}
