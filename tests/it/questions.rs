//! Questions to a dialplan: who may dial what, `why` and `timeline`, each held against the decision of the hot path.
#![cfg(test)]

use crate::support::city::root;
use std::sync::Arc;
use switchboard::dialplan::{Decision, Known, Lang, Plan, Side, Source, render};

/// The smallest plan, and what a test adds to it.
fn plan_with(more: &str) -> Plan {
    let minimal = std::fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap();
    let sources = [Source { file: "plan.toml".into(), text: format!("{minimal}{more}").into() }];
    match Plan::load(&sources, &Known::default()) {
        Ok((plan, _)) => plan,
        Err(mistakes) => panic!("{}", render(&mistakes, &sources, Lang::En, false)),
    }
}

fn wall(plan: &Plan, local: &str) -> i64 {
    plan.zone().moment(local.parse().unwrap())
}

const SIDES: &str = r#"
[trunk.plus]
title = "international only"
role = "carrier"
number_in = ["international"]
[trunk.any]
title = "any spelling"
role = "carrier"
[utility.95598]
title = "power"
trunk = "power"
[trunk.power]
title = "power"
role = "utility"
"#;

#[test]
fn a_trunk_takes_its_spellings_and_a_utility_is_for_seats() {
    let plan = plan_with(SIDES);
    let trunk = |name: &str| plan.trunks().find(|t| t.id.as_str() == name).map(|t| &**t);
    assert!(trunk("plus").is_some() && trunk("gone").is_none());
    let status = |number: &str, side| match plan.admit(plan.normalise(number.as_bytes()).unwrap(), side, 0) {
        Decision::Routed(routed) => routed.entry.address.to_string(),
        Decision::Refused(refusal) => refusal.status.to_string(),
    };
    let row = |number: &str| {
        let sides = [Side::Trunk(trunk("plus")), Side::Trunk(trunk("any")), Side::Trunk(None), Side::Seat];
        sides.map(|side| status(number, side))
    };
    let hub = "hotline.12345";
    assert_eq!(row("12345"), ["404", hub, hub, hub]);
    assert_eq!(row("+8659112345"), [hub; 4]);
    assert_eq!(row("95598"), ["404", "404", "404", "utility.95598"]);
    assert_eq!(row("12400"), ["404"; 4]);
}

#[test]
fn nothing_is_admitted_that_is_not_decided_and_the_other_way_round_only_by_a_reason() {
    let plan = plan_with(SIDES);
    let any = Arc::clone(plan.trunks().find(|t| t.id.as_str() == "any").unwrap());
    for number in ["12345", "059112345", "110", "urn:service:sos", "12400", "059212345"] {
        let dialled = plan.normalise(number.as_bytes()).unwrap();
        for at in ["2021-01-01T00:00", "2021-12-15T10:00"] {
            let decided = plan.decide(dialled, wall(&plan, at));
            for side in [Side::Trunk(Some(&any)), Side::Trunk(None), Side::Seat] {
                assert_eq!(plan.admit(dialled, side, wall(&plan, at)), decided, "{number} {side:?}");
            }
        }
    }
}
