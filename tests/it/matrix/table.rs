//! What must come out of each cell: product §5, clause by clause.

use super::axes::{Cell, Kind, REFUSALS, Standing, Step, What, Who};
use switchboard::fact::{Cause, TransferResult as R};

/// Who is with whom at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All three hear each other.
    Three,
    /// Agent and target talk, the caller hears music.
    Consulting,
    CallerAgent,
    CallerTarget,
    AgentTarget,
    /// The caller came back to the head of the queue and talks to a seat.
    Served,
    /// Nobody has a leg any more.
    Over,
}

/// What came of the transfer.
pub type Result = (R, Option<Cause>);

/// The line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub end: End,
    pub transfers: Vec<Result>,
    /// Every emergency trunk failed. That one did is an alarm too.
    pub alarm: bool,
    /// The other emergency trunk is the one who has joined.
    pub second: bool,
}

const JOINED: Result = (R::Joined, None);

fn row(end: End, result: Result) -> Expected {
    Expected { end, transfers: vec![result], alarm: false, second: false }
}

/// The talk as if nothing had happened.
fn undisturbed(cell: &Cell) -> Expected {
    let end = match cell.standing() {
        Standing::Left => End::CallerTarget,
        Standing::Reaching | Standing::Joined if cell.leaves_on_answer() => End::CallerTarget,
        Standing::Reaching | Standing::Joined if cell.consults() => End::Consulting,
        Standing::Reaching | Standing::Joined => End::Three,
    };
    row(end, JOINED)
}

/// The attempt fails for this cause: 5.4, and for emergency 5.9.
fn failed(cell: &Cell, cause: Cause) -> Expected {
    match cell.kind {
        Kind::Fire => Expected { second: true, ..undisturbed(cell) },
        kind => Expected { alarm: kind.is_emergency(), ..row(End::CallerAgent, (R::Failed, Some(cause))) },
    }
}

/// Why a target that says no word cannot be had: a trunk is unreachable; the floor knows only that a seat does not answer.
fn mute(cell: &Cell) -> Cause {
    if cell.kind.is_trunk() { Cause::Unreachable } else { Cause::NoAnswer }
}

/// What must come of the cell.
pub fn expected(cell: &Cell) -> Expected {
    use {Standing as S, What as T};
    match (cell.who, cell.what, cell.standing()) {
        // His own order, and nobody's hanging up.
        (_, T::ByeCancel, S::Reaching) => row(End::Over, (R::Cancelled, None)),
        (_, T::ByeCancel, _) => row(End::Over, JOINED),
        // 5.11: from a seat, or a trunk that may; emergency and utility stay.
        (_, T::Onward, _) if cell.kind.may_transfer() => {
            Expected { transfers: vec![JOINED, JOINED], ..undisturbed(cell) }
        }
        (_, T::Onward, _) => undisturbed(cell),
        // Whichever of the two is missed first.
        (_, T::ByeTogether, _) => row(End::Over, JOINED),
        (Who::Caller, T::Bye | T::Overtaken | T::Dies | T::DiesLong | T::ByeRefused | T::ByeBye, _) => {
            caller_goes(cell)
        }
        // The exchange knows of it at once, and of the 200 that was sent before it only then.
        (Who::Agent, T::FlowLost, _) if cell.step == Step::Behind && cell.leaves_on_answer() => {
            row(End::CallerTarget, JOINED)
        }
        (Who::Agent, T::FlowLost, _) if cell.step == Step::Behind && !cell.kind.is_emergency() => {
            row(End::Served, (R::AgentGone, None))
        }
        (Who::Agent, T::Bye | T::Dies | T::DiesLong | T::FlowLost | T::ByeRefused | T::ByeBye, _) => agent_goes(cell),
        (Who::Target, T::FlowLost, S::Reaching) => failed(cell, Cause::Unreachable),
        (Who::Target, T::FlowLost, S::Joined) => row(End::CallerAgent, JOINED),
        (Who::Target, T::FlowLost, S::Left) => row(End::Served, JOINED),
        // 5.6: another agent comes to the caller meanwhile, and all three talk in the end.
        (_, T::ByeHelped, _) => row(End::Three, JOINED),
        (_, T::OneOfTwo, _) => undisturbed(cell),
        // 5.8: agent present, two-way again; agent gone, a normal BYE ends the call, anything else leads to the queue.
        (Who::Target, T::Bye | T::Dies, S::Reaching | S::Joined) => row(End::CallerAgent, JOINED),
        (Who::Target, T::Bye, S::Left) => row(End::Over, JOINED),
        (Who::Target, T::Dies, S::Left) => row(End::Served, JOINED),
        // The agent takes it back.
        (_, T::Cancel, S::Reaching) => row(End::CallerAgent, (R::Cancelled, None)),
        (_, T::Cancel | T::Back, _) => row(End::CallerAgent, JOINED),
        (_, T::Refuses(status), _) => {
            let found = REFUSALS.iter().find(|(s, _)| *s == status);
            failed(cell, found.map_or(Cause::Internal, |(_, cause)| *cause))
        }
        (_, T::Mute, _) => failed(cell, mute(cell)),
        (_, T::Unreachable, _) => failed(cell, Cause::Unreachable),
        (_, T::NoAnswer | T::Late, _) => failed(cell, Cause::NoAnswer),
        // It hangs up, for want of an ACK, what it has answered.
        (_, T::NoAck, _) if cell.leaves_on_answer() => row(End::Over, JOINED),
        (_, T::NoAck, _) => row(End::CallerAgent, JOINED),
        // From the order to everybody's end.
        (_, T::Storm | T::Slow | T::FirstLost | T::AckLost, _) => row(End::Over, JOINED),
        // From there the keys lead back to the caller or out of the talk: he leaves.
        (_, T::Swap, _) => row(End::CallerTarget, JOINED),
        // 5.10, RFC 3261 §14.1, "comfort noise, hold and mute are not death", a code that cannot be carried out now: nothing changes in
        // the end.
        (_, T::Hush | T::Glitch | T::Hold | T::Glare | T::Leave | T::Again, _) => undisturbed(cell),
        (who, what, standing) => unreachable!("{who:?} {what:?} {standing:?}"),
    }
}

/// 5.5 and 5.7.
fn caller_goes(cell: &Cell) -> Expected {
    use {Standing as S, What as T};
    let emergency = cell.kind.is_emergency();
    match (cell.what, cell.standing()) {
        // Both have gone: a line that is being reached for nobody is given up.
        (T::ByeBye, S::Reaching) => row(End::Over, (R::AgentGone, None)),
        (T::ByeBye, _) => row(End::Over, JOINED),
        (T::ByeRefused, _) => Expected { alarm: true, ..row(End::Over, (R::Failed, Some(Cause::Busy))) },
        // The target had answered before he was missed.
        (T::Dies, S::Reaching) if emergency => row(End::AgentTarget, JOINED),
        (T::Dies, S::Reaching) => row(End::Over, JOINED),
        (_, S::Reaching | S::Joined) if emergency => row(End::AgentTarget, JOINED),
        (_, S::Reaching) => row(End::Over, (R::CallerGone, None)),
        (_, S::Joined | S::Left) => row(End::Over, JOINED),
    }
}

/// 5.6 and 5.11.
fn agent_goes(cell: &Cell) -> Expected {
    use {Standing as S, What as T};
    let emergency = cell.kind.is_emergency();
    let goes_on = emergency || cell.leaves_on_answer();
    match (cell.what, cell.standing()) {
        (T::ByeBye, S::Reaching) => row(End::Over, (R::CallerGone, None)),
        (T::ByeBye, _) => row(End::Over, JOINED),
        (T::ByeRefused, _) => Expected { alarm: emergency, ..row(End::Served, (R::Failed, Some(Cause::Busy))) },
        (T::Dies, S::Reaching) => row(End::CallerTarget, JOINED),
        (_, S::Reaching) if goes_on => row(End::CallerTarget, JOINED),
        (_, S::Reaching) => row(End::Served, (R::AgentGone, None)),
        (_, S::Joined | S::Left) => row(End::CallerTarget, JOINED),
    }
}
