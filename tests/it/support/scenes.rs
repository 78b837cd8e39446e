//! Openings that many scenes share.

use super::town::{Manner, Party, Town};

/// Rings for a second, then answers.
pub const SOON: Manner = Manner::Answers(1_000_000);

/// A citizen who talks to seat 8001.
pub fn talks(town: &mut Town) -> (Party, Party) {
    let seat = town.seat("8001", SOON);
    let citizen = town.citizen("13900000001");
    town.runs(1.0);
    town.dials(citizen, "12345");
    assert!(town.until(10, |t| t.talk(citizen, seat)), "{}", town.trace.join("\n"));
    (citizen, seat)
}
