//! Timers of the exchange itself.

use crate::id::{CallRef, LegRef};

/// What the exchange's own wheel carries.
#[derive(Debug, Clone, Copy)]
pub(super) enum Due {
    Call(CallRef, u32),
    Ping(u32),
    /// A trunk and the serial of the timer.
    Register(u32, u32),
    Keys(CallRef, LegRef, u32),
    /// A leg whose phone has gone has been waited for; the serial of the timer.
    Return(CallRef, LegRef, u32),
    /// Its phone is rung once more; the serial of that timer.
    RingAgain(CallRef, LegRef, u32),
    /// A target of a trunk has been silent; the serial of the timer.
    Silence(CallRef, LegRef, u32),
    /// A call-back's time has come.
    Recall(CallRef),
    /// Further dialogs of a former run are to be ended.
    Farewell,
    /// Whether enough seats are at work.
    Staff,
}
