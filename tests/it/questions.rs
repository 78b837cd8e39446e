//! Questions to a dialplan: who may dial what, `why` and `timeline`, each held against the decision of the hot path.
#![cfg(test)]

use crate::support::city::{SHIPPED, root, sources};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use switchboard::dialplan::duties::{Demand, Duty, Row, Sum, Verdict};
use switchboard::dialplan::{Annex, Decision, Duties, Known, Meets, Plan, Question, Side, Source, State, render};
use switchboard::fact::Lang;

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
    // Whoever cries for help spells as he likes.
    assert_eq!([row("119"), row("0591119")], [["emergency.119"; 4]; 2]);
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

const CALLERS: &str = r#"
[hotline.12333]
title = "社保"
class = "merged"
cutover = 2021-11-30
province = true
group = "county"
[group.county]
title = "county"
hours = { calendar = "cn", from = 08:30, to = 17:30 }
overflow = ["prompt:closed", "group:night"]
[calendar.cn]
holidays = [2021-10-01]
[group.night]
title = "night"
hours = "7x24"
max_wait = "1m"
overflow = "release:480"
[trunk.province]
title = "province"
role = "carrier"
province = true
number_in = ["area", "international"]
[trunk.city]
title = "city"
role = "carrier"
"#;

fn with_callers(callers: &str) -> Plan {
    let minimal = std::fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap();
    let text =
        format!("{}{CALLERS}", minimal.replace("area = \"0591\"", &format!("area = \"0591\"\ncallers = {callers}")));
    match Plan::load(&[Source { file: "plan.toml".into(), text: text.into() }], &Known::default()) {
        Ok((plan, _)) => plan,
        Err(mistakes) => panic!("{mistakes:#?}"),
    }
}

#[test]
fn why_tells_the_side_the_count_and_the_overflow() {
    let plan = with_callers("[\"0591\", \"1390591\"]");
    let trunk = |name: &str| Some(Side::Trunk(plan.trunks().find(|t| t.id.as_str() == name).map(|t| &**t)));
    let mut told = String::new();
    let before = wall(&plan, "2021-11-24T10:00");
    let night = wall(&plan, "2021-11-24T20:00");
    for (number, side, caller, at, seats) in [
        ("12333", trunk("province"), None, before, None),
        ("059112333", trunk("province"), Some("13905911234"), before, None),
        ("12333", trunk("city"), Some("13905911234"), before, None),
        ("12333", trunk("city"), Some("059287654321"), before, Some(2)),
        ("12333", trunk("city"), Some("anonymous"), night, None),
        ("12333", None, None, before, Some(0)),
        ("12333", Some(Side::Seat), None, before, None),
        ("12345", trunk("city"), Some("059287654321"), before, None),
    ] {
        for lang in [Lang::Zh, Lang::En] {
            let question = Question { side, caller, seats, ..Question::new(number.as_bytes(), at) };
            let _ = writeln!(told, "{}", plan.ask(question).text(lang));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn number_ranges_are_digits() {
    let minimal = std::fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap();
    let text = minimal.replace("area = \"0591\"", "area = \"0591\"\ncallers = [\"0591\", \"139x\"]");
    let mistakes =
        Plan::load(&[Source { file: "plan.toml".into(), text: text.into() }], &Known::default()).unwrap_err();
    assert_eq!(mistakes.iter().map(|m| m.code.as_str()).collect::<Vec<_>>(), ["DP004"]);
}

#[test]
fn a_closed_group_is_met_closed_and_its_overflow_follows_to_the_end() {
    let plan = with_callers("[]");
    let at = |local: &str, seats| {
        let facts = plan.ask(Question { seats, ..Question::new(b"12333", wall(&plan, local)) }).facts();
        let visit = facts.steps.last().and_then(|s| s.visit.clone()).unwrap();
        let night = visit.overflow.last().and_then(|s| s.visit.clone()).unwrap();
        let end = night.overflow.last().map(|h| h.step.clone()).unwrap();
        (visit.meets, night.meets, night.max_wait_ms, end)
    };
    let end = "release:480".to_owned();
    assert_eq!(at("2021-11-24T20:00", None), (Meets::Closed, Meets::Seats, 60_000, end.clone()));
    assert_eq!(at("2021-11-24T10:00", None), (Meets::Seats, Meets::Seats, 60_000, end.clone()));
    assert_eq!(at("2021-11-24T10:00", Some(0)), (Meets::Nobody, Meets::Waits, 60_000, end));
}

/// Plans whose numbers have every kind of life.
fn plans() -> Vec<Arc<Plan>> {
    let lives = std::fs::read_to_string(root().join("tests/samples/dialplans/valid/lives.toml")).unwrap();
    let lives = Plan::load(&[Source { file: "lives.toml".into(), text: lives.into() }], &Known::default());
    vec![SHIPPED.plan.clone(), Arc::new(lives.unwrap_or_else(|m| panic!("{m:#?}")).0), Arc::new(with_callers("[]"))]
}

proptest! {
    #[test]
    fn the_period_that_covers_a_moment_has_the_decision_of_that_moment(days in -500i64..500, second in 0i64..86_400) {
        for plan in plans() {
            let wall = wall(&plan, "2021-11-30T00:00") + (days * 86_400 + second) * 1_000_000;
            for number in plan.entries().map(|e| e.number.to_string()).chain(["110".into(), "12400".into()]) {
                let dialled = plan.normalise(number.as_bytes()).unwrap();
                let Some(timeline) = plan.timeline(dialled) else {
                    prop_assert!(matches!(plan.decide(dialled, wall), Decision::Refused(r) if r.entry.is_none()));
                    continue;
                };
                let covering: Vec<_> = timeline.periods.iter().filter(|p| p.covers(wall)).collect();
                prop_assert_eq!(covering.len(), 1, "{}", number);
                let facts = timeline.facts(wall);
                let now = facts.periods.iter().find(|p| p.now).unwrap();
                match plan.decide(dialled, wall) {
                    Decision::Routed(routed) => {
                        prop_assert_eq!(covering[0].route, Some(routed.route), "{}", &number);
                        let word = routed.state.to_string();
                        prop_assert_eq!(word.split(':').next(), Some(now.state));
                        if let State::Transition { day, of } = routed.state {
                            let left = u32::from(of - day) + 1;
                            prop_assert_eq!((now.day, now.days, now.days_left), (Some(day.into()), Some(of.into()), Some(left)));
                        }
                    }
                    Decision::Refused(refusal) => {
                        prop_assert!(refusal.entry.is_some() && covering[0].route.is_none(), "{}", &number);
                        prop_assert_eq!((now.state, now.status), ("before", Some(404)));
                    }
                }
            }
        }
    }

    #[test]
    fn why_says_what_the_exchange_does(days in -500i64..500, number in "(0591|\\+86591)?(12333|12345|12348|95598|12400|110)", side in 0..4usize) {
        let plan = with_callers("[\"0591\"]");
        let wall = wall(&plan, "2021-11-30T00:00") + days * 86_400_000_000;
        let trunk = |name: &str| Side::Trunk(plan.trunks().find(|t| t.id.as_str() == name).map(|t| &**t));
        let side = [trunk("province"), trunk("city"), Side::Trunk(None), Side::Seat][side];
        let why = plan.ask(Question { side: Some(side), ..Question::new(number.as_bytes(), wall) });
        let admitted = plan.admit(plan.normalise(number.as_bytes()).unwrap(), side, wall);
        prop_assert_eq!(why.decision(), Some(admitted));
        let facts = why.facts();
        match admitted {
            Decision::Routed(routed) => {
                prop_assert!(facts.routed && facts.status.is_none());
                prop_assert_eq!(facts.steps.iter().map(|s| s.of.clone()).collect::<Vec<_>>(), routed.route.steps.to_vec());
            }
            Decision::Refused(refusal) => {
                prop_assert!(!facts.routed && facts.steps.is_empty());
                prop_assert_eq!(facts.status, Some(refusal.status));
            }
        }
    }
}

/// The annex as another hand has copied it, for the shipped plan's own test.
#[derive(serde::Deserialize)]
struct Copy {
    line: Vec<CopiedRow>,
}

#[derive(serde::Deserialize)]
struct CopiedRow {
    number: String,
    owner: String,
    class: String,
    #[serde(default)]
    seats: bool,
    #[serde(default)]
    feed: bool,
    #[serde(default)]
    stopped: bool,
}

#[test]
fn the_annex_demands_what_its_copy_says() {
    let annex = Annex::fuzhou().unwrap();
    let copy = std::fs::read_to_string(root().join("tests/data/annex.toml")).unwrap();
    let copy: Copy = toml::from_str(&copy).unwrap();
    assert_eq!(annex.rows.len(), 32);
    for (row, copied) in annex.rows.iter().zip(&copy.line) {
        let demands = |d| row.demands.contains(&d);
        assert_eq!((&row.number, &row.owner, row.class.en()), (&copied.number, &copied.owner, &*copied.class));
        assert_eq!((row.stopped, demands(Demand::Feed)), (copied.stopped, copied.feed), "{}", row.number);
        let merged = copied.class == "merged";
        let seats = [Demand::SeatsKept, Demand::SeatsPooled, Demand::SeatsCancelled].map(demands);
        assert_eq!(seats, [copied.seats, !copied.seats && !merged, merged], "{}", row.number);
        assert_eq!((demands(Demand::AllDay), demands(Demand::Link)), (copied.seats, copied.seats), "{}", row.number);
        assert_eq!([demands(Demand::NumberCancelled), demands(Demand::Prompt)], [merged; 2], "{}", row.number);
        // The annex's own words carry each demand.
        let says = |word: &str| row.text.contains(word);
        assert_eq!(demands(Demand::Knowledge), says("知识库"), "{}", row.number);
        assert_eq!(demands(Demand::Province), says("省级"), "{}", row.number);
        assert_eq!(demands(Demand::Feed), says("实时向 12345 热线平台归集"), "{}", row.number);
        assert_eq!(demands(Demand::AllDay), says("7×24"), "{}", row.number);
    }
}

/// The shipped plan without its own tests, each of these texts put in the place of another.
fn changed(changes: &[(&str, &str)]) -> Plan {
    let mut sources: Vec<Source> = sources(&root().join("dialplans"));
    sources.retain(|s| !s.file.ends_with("90-expect.toml"));
    for (from, to) in changes {
        let source = sources.iter_mut().find(|s| s.text.contains(from)).unwrap_or_else(|| panic!("nowhere: {from}"));
        source.text = source.text.replacen(from, to, 1).into();
    }
    match Plan::load(&sources, &Known::default()) {
        Ok((plan, _)) => plan,
        Err(mistakes) => panic!("{}", render(&mistakes, &sources, Lang::En, false)),
    }
}

fn failing(plan: &Plan) -> BTreeSet<(String, Demand)> {
    let duties = plan.duties(&Annex::fuzhou().unwrap(), 0);
    verdicts(&duties, |v| !v.met && !v.declared)
}

fn verdicts(duties: &Duties, wanted: fn(&Verdict) -> bool) -> BTreeSet<(String, Demand)> {
    let of = |row: &Duty| {
        let number = row.number.clone();
        row.verdicts.iter().filter(|v| wanted(v)).map(move |v| (number.clone(), v.demand)).collect::<Vec<_>>()
    };
    duties.rows.iter().flat_map(of).collect()
}

#[test]
fn the_shipped_plan_meets_every_demand_that_routes_can_meet() {
    let duties = SHIPPED.plan.duties(&Annex::fuzhou().unwrap(), 0);
    assert_eq!((duties.rows.len(), duties.sum()), (32, Sum { demands: 116, met: 100, declared: 16 }));
    assert!(duties.rows.iter().flat_map(|r| &r.verdicts).all(|v| v.place.starts_with("dialplans/")));
    assert!(failing(&SHIPPED.plan).is_empty());
    assert!(duties.owners.is_empty());
    assert_eq!(duties.beyond, ["utility.95598", "utility.96355", "utility.96777"]);
}

/// Nothing in the switchboard takes a department's data or shares its knowledge: the word in the file alone meets no demand.
#[test]
fn what_a_plan_only_declares_is_not_met() {
    let annex = Annex::fuzhou().unwrap();
    let asks = |wanted: [Demand; 2]| {
        let of = |row: &Row| {
            let asked: Vec<_> = wanted.into_iter().filter(|d| row.demands.contains(d)).collect();
            asked.into_iter().map(|d| (row.number.clone(), d)).collect::<Vec<_>>()
        };
        annex.rows.iter().flat_map(of).collect::<BTreeSet<_>>()
    };
    let duties = SHIPPED.plan.duties(&annex, 0);
    let declared = verdicts(&duties, |v| v.declared && v.demand != Demand::Province);
    assert_eq!(declared, asks([Demand::Feed, Demand::Knowledge]));
    assert!(duties.rows.iter().flat_map(|r| &r.verdicts).all(|v| !(v.met && v.declared)));
    let feed = duties.rows.iter().flat_map(|r| &r.verdicts).find(|v| v.demand == Demand::Feed).unwrap();
    assert!(feed.because.zh.starts_with("已声明，未提供") && feed.because.en.starts_with("declared, not served"));
}

/// Every call is the city's where neither a trunk nor a number range tells the province's apart.
#[test]
fn provincial_traffic_is_met_only_where_it_can_be_told_apart() {
    let provincial = |plan: &Plan| {
        let duties = plan.duties(&Annex::fuzhou().unwrap(), 0);
        let sum = |wanted: fn(&Verdict) -> bool| {
            verdicts(&duties, wanted).iter().filter(|(_, d)| *d == Demand::Province).count()
        };
        (sum(|v| v.met), sum(|v| v.declared))
    };
    assert_eq!(provincial(&SHIPPED.plan), (0, 2));
    assert_eq!(
        provincial(&changed(&[("area = \"0591\"", "area = \"0591\"\ncallers = [\"591\", \"1390591\"]")])),
        (2, 0)
    );
    let trunk = ("role = \"carrier\"", "role = \"carrier\"\nprovince = true");
    assert_eq!(provincial(&changed(&[trunk])), (2, 0));
}

/// A change, the row it breaks, and what is not met then.
type Broken = (&'static [(&'static str, &'static str)], &'static str, &'static [Demand]);

const BROKEN: &[Broken] = &[
    (&[("[hotline.12317]", "[hotline.12318888]")], "12317", &[Demand::NumberKept, Demand::SeatsPooled]),
    (
        &[(
            "[hotline.12336]\ntitle = \"自然资源违法举报\"\nowner = \"市自然资源和规划局\"\nclass = \"merged\"\ncutover = 2021-11-30\ntransition = \"transition/12336\"",
            "[hotline.12336]\ntitle = \"自然资源违法举报\"\nowner = \"市自然资源和规划局\"\nclass = \"parallel\"\nseats = \"pooled\"",
        )],
        "12336",
        &[Demand::NumberCancelled, Demand::SeatsCancelled, Demand::Prompt],
    ),
    (
        &[(
            "cutover = 2021-11-30\ntransition = \"transition/12350\"",
            "cutover = 2021-12-01\ntransition = \"transition/12350\"",
        )],
        "12350",
        &[Demand::NumberCancelled],
    ),
    (
        &[(
            "owner = \"市科技局\"\nclass = \"merged\"\nstopped = true",
            "owner = \"市科技局\"\nclass = \"merged\"\nstopped = true\ncutover = 2021-11-20",
        )],
        "12396",
        &[Demand::NumberCancelled],
    ),
    (
        &[(
            "cutover = 2021-11-30\ntransition = \"transition/12350\"",
            "cutover = 2021-11-30\nuntil = 2022-01-31\ntransition = \"transition/12350\"",
        )],
        "12350",
        &[Demand::Prompt],
    ),
    (
        &[(
            "seats = \"kept\"\ngroup = \"kept.12320\"\nring = \"10s\"\noverflow = \"group:main\"",
            "seats = \"pooled\"",
        )],
        "12320",
        &[Demand::SeatsKept, Demand::Link],
    ),
    (
        &[("seats = \"pooled\"\nskill = \"三农\"", "seats = \"kept\"\ngroup = \"kept.12320\"")],
        "12316",
        &[Demand::SeatsPooled],
    ),
    (
        &[(
            "trunk = \"branch.12360\"\nring = \"10s\"\noverflow = \"group:main\"",
            "trunk = \"branch.12360\"\noverflow = \"release:480\"",
        )],
        "12360",
        &[Demand::AllDay, Demand::Link],
    ),
    (
        &[(
            "overflow = \"group:main\"\nfeed = true\nknowledge = true\nnote = \"行政调解",
            "overflow = \"group:main\"\nknowledge = true\nnote = \"行政调解",
        )],
        "12315",
        &[Demand::Feed],
    ),
    (&[("skill = \"生态环境\"\nknowledge = true", "skill = \"生态环境\"")], "12369", &[Demand::Knowledge]),
    (&[("skill = \"医保\"\nprovince = true", "skill = \"医保\"")], "12393", &[Demand::Province]),
];

#[test]
fn every_demand_fails_where_the_plan_breaks_it_and_nowhere_else() {
    let mut met = BTreeSet::new();
    for (changes, number, demands) in BROKEN {
        let wanted: BTreeSet<_> = demands.iter().map(|d| ((*number).to_owned(), *d)).collect();
        assert_eq!(failing(&changed(changes)), wanted, "{changes:?}");
        met.extend(demands.iter().copied());
    }
    assert!(failing(&changed(&[])).is_empty());
    let all: BTreeSet<Demand> = Annex::fuzhou().unwrap().rows.into_iter().flat_map(|r| r.demands).collect();
    assert_eq!(met, all);
}
