//! 班长 with a real phone: heard by nobody, by the agent alone, by both.

use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::{now, pause};
use switchboard::fact::{Fact, Outcome, Supervision};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const CHIEF: f64 = 2_300.0;
/// A frequency below this is not there, of full scale: 46 dB down.
const NOTHING: f64 = 0.005;

#[test]
fn a_supervisor_listens_whispers_and_barges_in() {
    let lab = Lab::start();
    let agent = Sipp::seat(&lab, 1, "8001", |r| r.says(AGENT));
    let chief = Sipp::seat(&lab, 2, "8050", |r| r.says(CHIEF));
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(&lab, 0, "called_ends", &uri).says(CALLER).start(&lab);
    agent.receives("ACK", 4_000);
    caller.talks(4_000);
    agent.talks(4_000);
    caller.line.hears_exactly(AGENT, 4_000);
    let asked = now();
    lab.supervise("8050", Supervision::Listen);
    chief.receives("ACK", 4_000);
    chief.talks(3_000);
    chief.line.hears_among(CALLER, 4_000);
    chief.line.hears_among(AGENT, 4_000);
    // He speaks all the time, and nobody hears it.
    pause(1_000);
    for line in [&caller.line, &agent.line] {
        let share = line.share_since(CHIEF, asked);
        assert!(share < NOTHING, "{} hears who only listens: {share:.4}", line.address);
    }
    caller.line.hears(AGENT, 500);
    agent.line.hears(CALLER, 500);

    let whispers = now();
    lab.supervise("8050", Supervision::Whisper);
    agent.line.hears_among(CHIEF, 2_000);
    pause(700);
    agent.line.hears_among(CALLER, 500);
    let share = caller.line.share_since(CHIEF, whispers);
    assert!(share < NOTHING, "the caller hears the whisper: {share:.4}");
    caller.line.hears(AGENT, 500);

    lab.supervise("8050", Supervision::Barge);
    for line in [&caller.line, &agent.line] {
        line.hears_among(CHIEF, 2_000);
    }
    caller.line.hears_among(AGENT, 500);
    agent.line.hears_among(CALLER, 500);
    lab.orders(switchboard::exchange::Verb::Dismiss);
    chief.receives("BYE", 3_000);
    caller.line.hears_exactly(AGENT, 3_000);
    agent.line.hears_exactly(CALLER, 3_000);
    lab.ends_all();
    caller.ends_well(4_000);
    let cdr = lab.record();
    let modes = |f: switchboard::fact::Event| match f.fact {
        Fact::Supervised { mode, who, why, .. } => Some((mode, who, why)),
        _ => None,
    };
    let told: Vec<_> = lab.facts(&cdr).into_iter().filter_map(modes).collect();
    let wanted = [Supervision::Listen, Supervision::Whisper, Supervision::Barge]
        .map(|mode| (mode, "chen".to_owned(), "a new colleague".to_owned()));
    assert_eq!((cdr.outcome, told.as_slice()), (Outcome::Connected, wanted.as_slice()));
}
