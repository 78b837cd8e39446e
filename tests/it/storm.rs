//! The same calls with 10 % loss, duplication and reordering: each ends as expected, or in the RFC's timeout outcome
//! if the trace shows that somebody gave up waiting (Timers B, F, H and their like). A printed seed replays exactly:
//! `STORM_SEED=n cargo test --test it storm`.

use crate::support::town::{Manner, Party, Town};
use crate::support::wire::Weather;
use switchboard::fact::Outcome;

const SOON: Manner = Manner::Answers(1_000_000);

/// Seeds that once found a fault.
/// 21252: a kept group gave up in the same instant as the call; its overflow was taken for the hub's, and the caller was
/// released with a free seat before him.
const FOUND: [u64; 1] = [21252];

/// Seeds run by `make test`, spread over the scenarios.
const SEEDS: u64 = 1000;

struct Scene {
    name: &'static str,
    play: fn(&mut Town) -> Result<(), String>,
}

fn connected(town: &mut Town, a: Party, b: Party, seconds: u64) -> Result<(), String> {
    if town.until(seconds, |t| t.talk(a, b)) { Ok(()) } else { Err("they never talked".into()) }
}

fn seat(town: &mut Town, number: &str, manner: Manner) -> Result<Party, String> {
    let seat = town.seat(number, manner);
    if town.until(60, |t| t.registered(seat)) { Ok(seat) } else { Err(format!("{number} never registered")) }
}

fn ends(town: &mut Town, who: Party, other: Party, outcome: Outcome) -> Result<(), String> {
    town.runs(5.0);
    town.hangs_up(who);
    if !town.until(40, |t| !t.is_connected(other) && !t.outcomes().is_empty()) {
        return Err("the hang-up never arrived".into());
    }
    if town.outcomes() == [outcome] { Ok(()) } else { Err(format!("ended as {:?}", town.outcomes())) }
}

const SCENES: [Scene; 8] = [
    Scene {
        name: "hub",
        play: |town| {
            let seat = seat(town, "8001", SOON)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12345");
            connected(town, citizen, seat, 60)?;
            ends(town, citizen, seat, Outcome::Connected)
        },
    },
    Scene {
        name: "seat hangs up",
        play: |town| {
            let seat = seat(town, "8001", SOON)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12345");
            connected(town, citizen, seat, 60)?;
            ends(town, seat, citizen, Outcome::Connected)
        },
    },
    Scene {
        name: "transition",
        play: |town| {
            let seat = seat(town, "8001", SOON)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12333");
            connected(town, citizen, seat, 90)?;
            if town.was_played(citizen).first() != Some(&"transition/12333") {
                return Err("no transition prompt".into());
            }
            ends(town, citizen, seat, Outcome::Connected)
        },
    },
    Scene {
        name: "cancelled",
        play: |town| {
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12358");
            if !town.until(90, |t| t.failed(citizen).is_some()) {
                return Err("no final response".into());
            }
            match town.failed(citizen) {
                Some((410, Some(22))) if town.was_played(citizen) == ["cancelled/12358"] => Ok(()),
                other => Err(format!("{other:?} after {:?}", town.was_played(citizen))),
            }
        },
    },
    Scene {
        name: "kept, then hub",
        play: |town| {
            seat(town, "8051", Manner::Rings)?;
            let hub = seat(town, "8001", SOON)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12348");
            connected(town, citizen, hub, 90)?;
            ends(town, citizen, hub, Outcome::Connected)
        },
    },
    Scene {
        name: "emergency",
        play: |town| {
            town.trunk(30, Manner::Dead);
            let second = town.trunk(31, SOON);
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "119");
            connected(town, citizen, second, 60)?;
            ends(town, citizen, second, Outcome::Connected)
        },
    },
    Scene {
        name: "gives up ringing",
        play: |town| {
            let seat = seat(town, "8001", Manner::Rings)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12345");
            if !town.until(40, |t| !t.callers_shown(seat).is_empty()) {
                return Err("the seat never rang".into());
            }
            town.hangs_up(citizen);
            if !town.until(70, |t| !t.outcomes().is_empty()) {
                return Err("the caller's end never arrived".into());
            }
            if town.outcomes() == [Outcome::Abandoned] { Ok(()) } else { Err(format!("{:?}", town.outcomes())) }
        },
    },
    Scene {
        name: "hold",
        play: |town| {
            let seat = seat(town, "8001", SOON)?;
            let citizen = town.citizen("13900000001");
            town.dials(citizen, "12345");
            connected(town, citizen, seat, 60)?;
            town.holds(seat, true);
            if !town.until(40, |t| !t.talk(citizen, seat)) {
                return Err("hold never arrived".into());
            }
            town.runs(2.0);
            town.holds(seat, false);
            connected(town, citizen, seat, 40)?;
            ends(town, citizen, seat, Outcome::Connected)
        },
    },
];

fn scene(seed: u64) -> Town {
    let scene = &SCENES[usize::try_from(seed).unwrap() % SCENES.len()];
    let date = if scene.name == "cancelled" { "2022-06-01T09:00" } else { "2021-12-15T10:00" };
    let mut town = Town::on(date, seed, Weather::STORM);
    if let Err(why) = (scene.play)(&mut town)
        && !town.gave_up()
    {
        panic!("STORM_SEED={seed} ({}): {why}\n{}", scene.name, town.trace.join("\n"));
    }
    town.goes_home();
    town
}

#[test]
fn in_bad_weather_every_scene_ends_as_expected_or_in_the_rfcs_timeout() {
    if let Ok(seed) = std::env::var("STORM_SEED") {
        let town = scene(seed.parse().expect("STORM_SEED is a number"));
        println!("{}", town.trace.join("\n"));
        return;
    }
    let start = std::env::var("STORM_START").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    let count = std::env::var("STORM_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(SEEDS);
    let mut gave_up = 0;
    for seed in FOUND.into_iter().chain(start..start + count) {
        let seen = std::panic::catch_unwind(|| scene(seed));
        match seen {
            Ok(town) => gave_up += u64::from(town.gave_up()),
            Err(panic) => {
                eprintln!("replay with STORM_SEED={seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    // Were most scenes to end in timeouts, the test would say nothing.
    assert!(gave_up * 4 < count, "{gave_up} of {count} scenes gave up waiting");
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [3, 4] {
        assert_eq!(scene(seed).trace, scene(seed).trace);
    }
}
