//! The live calls with their legs on the wire, and whose each session is.
//!
//! Everything that is asked of one call or one seat is found by a key; only lists and a drain's end go through all of them.

use super::codes::Pressed;
use super::live_recording::LiveRecording;
use super::rows::TransferRow;
use super::standing::Standing;
use crate::call::{Call, Leg};
use crate::id::{CallRef, LegRef, SeatId};
use crate::sip::dialog::{ReferId, SessionId};
use smallvec::SmallVec;
use std::collections::{BTreeMap, BTreeSet};

/// A live call with its legs on the wire.
#[derive(Debug)]
pub(super) struct Live {
    pub call: Call,
    pub legs: SmallVec<[Leg; 2]>,
    /// Of the timer that is set for the call's deadline, and that deadline.
    pub timer: (u32, Option<u64>),
    /// What its agent has pressed of a feature code.
    pub pressed: Pressed,
    /// REFERs that its transfers came by.
    pub refers: Refers,
    /// The transfers so far, as facts have told them.
    pub transfers: Vec<TransferRow>,
    /// How it has come to stand as it does.
    pub standing: Standing,
    /// Its recording, once it has begun.
    pub recording: Option<LiveRecording>,
    /// It is counted among those that wait.
    waits: bool,
    /// It stands among the changed ones.
    changed: bool,
    /// What goes through as it is has to be decoded.
    pub decoding: bool,
}

/// REFERs of one call.
#[derive(Debug, Default)]
pub(super) struct Refers {
    /// The one whose transfer is being ordered.
    pub asking: Option<ReferId>,
    /// Those under way, by their transfer: an agent's may outlive him.
    pub open: SmallVec<[(u32, ReferId); 1]>,
}

/// Whose a session is.
#[derive(Debug)]
struct Owner {
    call: CallRef,
    leg: LegRef,
    /// The seat that was called by it, or has taken the place of one.
    seat: Option<SeatId>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Boxed: the tree moves its entries about.
    live: BTreeMap<CallRef, Box<Live>>,
    owners: BTreeMap<SessionId, Owner>,
    /// Where each seat is called or talks, oldest call first.
    seats: BTreeSet<(SeatId, CallRef, LegRef)>,
    waiting: usize,
    /// Those that may have changed since somebody asked, those that are over among them.
    changed: Vec<CallRef>,
    /// So many have that all of them are told.
    all_changed: bool,
}

/// Changed calls that are kept by name.
const MOST_CHANGED: usize = 65_536;

impl Live {
    /// A call that begins, with its caller's leg.
    pub fn new(call: Call, leg: Leg) -> Self {
        Self { legs: smallvec::smallvec![leg], ..Self::without_leg(call) }
    }

    /// A call whose caller has yet to be called.
    pub fn without_leg(call: Call) -> Self {
        Self {
            call,
            legs: SmallVec::new(),
            timer: (0, None),
            pressed: Pressed::default(),
            refers: Refers::default(),
            transfers: Vec::new(),
            standing: Standing::default(),
            recording: None,
            waits: false,
            changed: false,
            decoding: false,
        }
    }

    pub fn leg(&mut self, leg: LegRef) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|l| l.leg == leg)
    }

    /// The media thread that its legs live on; where all have gone and are awaited, that of its recording, which goes on.
    pub fn thread(&self) -> Option<u8> {
        let first = self.legs.first().map(|l| l.lease.port.thread);
        first.or_else(|| self.recording.as_ref().map(|recording| recording.thread))
    }
}

fn mark(changed: &mut Vec<CallRef>, all: &mut bool, id: CallRef) {
    if changed.len() >= MOST_CHANGED {
        (*changed, *all) = (Vec::new(), true);
    }
    if !*all {
        changed.push(id);
    }
}

impl Calls {
    pub fn get(&self, id: &CallRef) -> Option<&Live> {
        self.live.get(id).map(|live| &**live)
    }

    /// Whoever has it so may change it.
    pub fn get_mut(&mut self, id: &CallRef) -> Option<&mut Box<Live>> {
        let live = self.live.get_mut(id)?;
        if !std::mem::replace(&mut live.changed, true) {
            mark(&mut self.changed, &mut self.all_changed, *id);
        }
        Some(live)
    }

    pub fn contains_key(&self, id: &CallRef) -> bool {
        self.live.contains_key(id)
    }

    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Each, oldest first: for lists.
    pub fn iter(&self) -> impl Iterator<Item = (CallRef, &Live)> {
        self.live.iter().map(|(id, live)| (*id, &**live))
    }

    pub fn insert(&mut self, id: CallRef, live: Live) {
        self.live.insert(id, Box::new(Live { changed: true, ..live }));
        mark(&mut self.changed, &mut self.all_changed, id);
    }

    /// The call is over; its sessions have been [`Self::disown`]ed.
    pub fn remove(&mut self, id: &CallRef) {
        let Some(live) = self.live.remove(id) else { return };
        self.waiting -= usize::from(live.waits);
        if !live.changed {
            mark(&mut self.changed, &mut self.all_changed, *id);
        }
    }

    /// Whether any may have changed.
    pub fn have_changed(&self) -> bool {
        self.all_changed || !self.changed.is_empty()
    }

    /// Those that may have changed since this was asked last, in no order; `None`: all, and who is not there is over.
    pub fn take_changed(&mut self) -> Option<Vec<CallRef>> {
        let changed = std::mem::take(&mut self.changed);
        if std::mem::take(&mut self.all_changed) {
            self.live.values_mut().for_each(|live| live.changed = false);
            return None;
        }
        for id in &changed {
            if let Some(live) = self.live.get_mut(id) {
                live.changed = false;
            }
        }
        Some(changed)
    }

    /// How many wait in queues.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The call may have gone on to another stage.
    pub fn recount(&mut self, id: &CallRef) {
        let Some(live) = self.live.get_mut(id) else { return };
        let waits = live.call.stage() == "queueing";
        match (std::mem::replace(&mut live.waits, waits), waits) {
            (false, true) => self.waiting += 1,
            (true, false) => self.waiting -= 1,
            (true, true) | (false, false) => {}
        }
    }

    /// Whose a session is.
    pub fn owner(&self, session: SessionId) -> Option<(CallRef, LegRef)> {
        self.owners.get(&session).map(|o| (o.call, o.leg))
    }

    /// The session of a leg.
    pub fn session_of(&self, call: CallRef, leg: LegRef) -> Option<SessionId> {
        self.live.get(&call)?.legs.iter().find(|l| l.leg == leg)?.session
    }

    /// A session is this leg's from now on; `seat` is whom it reaches, if that is one.
    pub fn own(&mut self, session: SessionId, (call, leg): (CallRef, LegRef), seat: Option<SeatId>) {
        self.disown(session);
        if let Some(seat) = &seat {
            self.seats.insert((seat.clone(), call, leg));
        }
        self.owners.insert(session, Owner { call, leg, seat });
    }

    /// It goes on as a leg of another call.
    pub fn hand_over(&mut self, session: SessionId, to: (CallRef, LegRef)) {
        let seat = self.disown(session);
        self.own(session, to, seat);
    }

    /// It is nobody's any more; the seat that it reached.
    pub fn disown(&mut self, session: SessionId) -> Option<SeatId> {
        let Owner { call, leg, seat } = self.owners.remove(&session)?;
        if let Some(seat) = &seat {
            self.seats.remove(&(seat.clone(), call, leg));
        }
        seat
    }

    /// The sessions that reach this seat.
    pub fn sessions_of(&self, seat: &SeatId) -> Vec<SessionId> {
        let from = (seat.clone(), CallRef(0), LegRef(0));
        let found = self.seats.range(from..).take_while(|(s, ..)| s == seat);
        let legs = found.filter_map(|(_, call, leg)| self.live.get(call)?.legs.iter().find(|l| l.leg == *leg));
        legs.filter_map(|leg| leg.session).collect()
    }

    /// The media thread of the call that this seat is in, of the oldest if it is in several.
    pub fn thread_of(&self, seat: &SeatId) -> Option<u8> {
        let first = (seat.clone(), CallRef(0), LegRef(0));
        let found = self.seats.range(first..).take_while(|(s, ..)| s == seat);
        found.filter_map(|(_, call, _)| self.live.get(call)?.thread()).next()
    }
}
