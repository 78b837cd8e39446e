//! Local dates: zones, days off and days worked, working hours.
//!
//! A moment comes in as µs since the epoch; no clock is read here. Holidays and 调休 are data that the dialplan brings.

mod days;
mod hours;
pub mod moment;
mod shifts;
mod zone;

pub use days::Calendar;
pub use hours::Hours;
pub use shifts::{Days, Shift, Shifts};
pub use zone::Zone;
