//! Nobody hears a hole when a third joins or somebody leaves: the relay becomes a mix and the mix a relay. And nobody's stream breaks
//! off while another presses keys that are not for him.

use super::support::gaps::Stretch;
use super::support::lab::Lab;
use super::support::sipp::{Role, Sipp};
use super::support::sound::Line;
use super::support::{now, pause};
use switchboard::fact::{Supervision, Way};

const CALLER: f64 = 700.0;
const AGENT: f64 = 1_100.0;
const TARGET: f64 = 1_700.0;
const CHIEF: f64 = 2_300.0;
/// 40 ms.
const MOST: usize = 320;

/// Caller, agent and target, who all hear each other.
struct Three {
    lab: Lab,
    caller: Sipp,
    agent: Sipp,
    target: Sipp,
}

impl Three {
    /// They talk; the hole that the join makes is measured.
    fn talk(seat: &'static str, exchange: &'static str, millis: u64) -> Self {
        let lab = Lab::start();
        let talk = millis.to_string();
        let agent = Sipp::seat_that(&lab, 1, "8001", seat, |r| r.says(AGENT).word("talk", &talk));
        let target = Role::exchange(&lab, exchange, 20).says(TARGET).millis(600).word("talk", &talk).start(&lab);
        let uri = format!("sip:12345@{}", lab.sip());
        let caller = Role::carrier(&lab, 0, "called_ends", &uri).says(CALLER).start(&lab);
        agent.receives("ACK", 4_000);
        caller.talks(4_000);
        agent.talks(4_000);
        caller.line.hears_exactly(AGENT, 4_000);
        agent.line.hears_exactly(CALLER, 4_000);
        let from = now();
        lab.transfer("12366", Way::ThreeWay);
        target.receives("ACK", 4_000);
        target.talks(3_000);
        let three = Self { lab, caller, agent, target };
        for (line, others) in three.lines() {
            others.iter().for_each(|hertz| line.hears_among(*hertz, 4_000));
        }
        pause(300);
        three.heard("the target joins", "caller", &three.caller.line, AGENT, from);
        three.heard("the target joins", "agent", &three.agent.line, CALLER, from);
        three
    }

    fn lines(&self) -> [(&Line, [f64; 2]); 3] {
        let lines = [&self.caller.line, &self.agent.line, &self.target.line];
        [(lines[0], [AGENT, TARGET]), (lines[1], [CALLER, TARGET]), (lines[2], [CALLER, AGENT])]
    }

    /// Since `from` this party has heard the other one's tone without a hole of over 40 ms, but for what this machine let the tones
    /// come late.
    fn heard(&self, change: &str, who: &str, line: &Line, hertz: f64, from: u64) {
        let heard = Stretch::heard(line, from, now());
        let late = [&self.caller, &self.agent, &self.target].map(|p| p.line.late()).into_iter().max().unwrap_or(0);
        let (silence, hole) = (heard.silence(), heard.hole(hertz));
        println!(
            "{change}: {who} hears {:.1} ms without sound, {:.1} ms without {hertz} Hz of {} ms; tones were {:.1} ms late at worst",
            silence as f64 / 8.0,
            hole as f64 / 8.0,
            heard.len() / 8,
            late as f64 / 8.0
        );
        assert!(hole <= MOST + late, "{change}: {who} does not hear {hertz} Hz for {} ms", hole / 8);
    }

    /// Two are left, who hear each other exactly again.
    fn two_left(&self, change: &str, one: (&str, &Sipp, f64), other: (&str, &Sipp, f64), from: u64) {
        one.1.line.hears_exactly(other.2, 5_000);
        other.1.line.hears_exactly(one.2, 5_000);
        pause(300);
        self.heard(change, one.0, &one.1.line, other.2, from);
        self.heard(change, other.0, &other.1.line, one.2, from);
        one.1.line.is_one_stream();
        other.1.line.is_one_stream();
        self.lab.ends_all();
    }
}

#[test]
fn no_hole_when_the_agent_leaves_by_a_key() {
    let three = Three::talk("answer", "exchange", 0);
    let from = now();
    three.agent.line.presses("*2");
    three.agent.receives("BYE", 4_000);
    let (caller, target) = (("caller", &three.caller, CALLER), ("target", &three.target, TARGET));
    three.two_left("the agent leaves by *2", caller, target, from);
}

#[test]
fn no_hole_when_the_agent_hangs_up() {
    let three = Three::talk("answer_and_leave", "exchange", 6_000);
    let from = now();
    three.agent.receives("SIP/2.0 200", 9_000);
    let (caller, target) = (("caller", &three.caller, CALLER), ("target", &three.target, TARGET));
    three.two_left("the agent hangs up", caller, target, from);
}

#[test]
fn no_hole_when_the_target_is_sent_away() {
    let three = Three::talk("answer", "exchange", 0);
    let from = now();
    three.lab.orders(switchboard::exchange::Verb::Cancel);
    three.target.receives("BYE", 4_000);
    let (caller, agent) = (("caller", &three.caller, CALLER), ("agent", &three.agent, AGENT));
    three.two_left("the target is sent away", caller, agent, from);
}

#[test]
fn no_hole_when_the_target_hangs_up() {
    let three = Three::talk("answer", "answer_and_leave", 3_000);
    let from = now();
    three.target.receives("SIP/2.0 200", 9_000);
    let (caller, agent) = (("caller", &three.caller, CALLER), ("agent", &three.agent, AGENT));
    three.two_left("the target hangs up", caller, agent, from);
}

#[test]
fn no_hole_while_the_agent_presses_keys_that_are_swallowed() {
    let lab = Lab::start();
    let agent = Sipp::seat(&lab, 1, "8001", |r| r.says(AGENT));
    let chief = Sipp::seat(&lab, 2, "8050", |r| r.says(CHIEF));
    let uri = format!("sip:12345@{}", lab.sip());
    let caller = Role::carrier(&lab, 0, "called_ends", &uri).says(CALLER).start(&lab);
    agent.receives("ACK", 4_000);
    caller.talks(4_000);
    agent.talks(4_000);
    caller.line.hears_exactly(AGENT, 4_000);
    lab.supervise("8050", Supervision::Listen);
    chief.receives("ACK", 4_000);
    chief.talks(3_000);
    chief.line.hears_among(AGENT, 4_000);
    for _ in 0..3 {
        let from = now();
        // The beginning of a code: kept back for 2 s, and then it was none.
        agent.line.presses("*1");
        pause(700);
        for (who, line) in [("caller", &caller.line), ("supervisor", &chief.line)] {
            let packets = line.packets().into_iter().filter(|p| p.at >= from).collect::<Vec<_>>();
            let step = |w: &[super::support::sound::Packet]| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp);
            let hole = packets.windows(2).map(step).max().expect("packets") as usize;
            println!("{who}: {} packets, the longest step is {:.1} ms", packets.len(), hole as f64 / 8.0);
            assert!(hole <= MOST + agent.line.late(), "{who} is sent nothing for {} ms", hole / 8);
            assert!(packets.iter().all(|p| p.header.payload_type == 8), "{who} gets nothing of a key");
            line.is_one_stream();
        }
        pause(1_500);
        caller.line.hears_exactly(AGENT, 4_000);
    }
    lab.ends_all();
}
