//! Changes of the plan over time: no sequence of edits, reloads and rollbacks restores a cancelled number, touches an emergency
//! number or lets another one reach its trunks; and a comparison of two plans tells exactly what they decide otherwise.

#![cfg(test)]

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use switchboard::dialplan::difference::words;
use switchboard::dialplan::{Access, Class, Decision, Difference, Known, Lineage, Plan, Source, State, Step};

const BASE: &str = "
[city]\narea = \"0591\"\nissued = 2021-11-08
[hotline.12345]\ntitle = \"12345\"\nclass = \"hub\"\ngroup = \"main\"
[group.main]\ntitle = \"12345\"\nhours = \"7x24\"
[group.other]\ntitle = \"other\"\nhours = \"7x24\"
[trunk.away]\ntitle = \"away\"\nrole = \"carrier\"
[trunk.emergency-1]\ntitle = \"emergency\"\nrole = \"emergency\"
[trunk.emergency-2]\ntitle = \"emergency\"\nrole = \"emergency\"
";
const EMERGENCY: [&str; 4] = ["110", "119", "120", "122"];
/// Numbers that edits are about.
const POOL: [&str; 6] = ["12333", "12300", "12349", "96119", "11012", "12396"];
const DAY: i64 = 86_400_000_000;

/// What an edit says of one number; `None` says nothing.
#[derive(Debug, Clone)]
enum Line {
    Merged { cutover: (u8, u8), own: bool },
    Stopped,
    Pooled,
    Kept,
    Route(&'static str),
    Utility,
}

/// A plan as an operator writes it, some of them hostile or clumsy.
#[derive(Debug, Clone)]
struct Edit {
    lines: Vec<Option<Line>>,
    patterns: Vec<(&'static str, &'static str)>,
    emergency: &'static str,
}

impl Edit {
    fn source(&self) -> Source {
        let mut text = format!("{BASE}\n[emergency]\ntrunks = {}\n", self.emergency);
        for (number, line) in POOL.iter().zip(&self.lines) {
            let title = format!("title = \"{number}\"");
            let _ = match line {
                None => Ok(()),
                Some(Line::Merged { cutover: (month, day), own }) => {
                    let own = if *own { "group = \"other\"\n" } else { "" };
                    writeln!(
                        text,
                        "[hotline.{number}]\n{title}\nclass = \"merged\"\n{own}cutover = 2021-{month:02}-{day:02}"
                    )
                }
                Some(Line::Stopped) => {
                    writeln!(text, "[hotline.{number}]\n{title}\nclass = \"merged\"\nstopped = true")
                }
                Some(Line::Pooled) => {
                    writeln!(text, "[hotline.{number}]\n{title}\nclass = \"parallel\"\nseats = \"pooled\"")
                }
                Some(Line::Kept) => {
                    writeln!(
                        text,
                        "[hotline.{number}]\n{title}\nclass = \"parallel\"\nseats = \"kept\"\ngroup = \"other\""
                    )
                }
                Some(Line::Route(to)) => writeln!(text, "[route.{number}]\nto = \"{to}\""),
                Some(Line::Utility) => writeln!(text, "[utility.{number}]\n{title}\ntrunk = \"away\""),
            };
        }
        for (pattern, to) in &self.patterns {
            let _ = writeln!(text, "[route.\"{pattern}\"]\nto = \"{to}\"");
        }
        Source { file: "plan.toml".into(), text: text.into() }
    }
}

fn line() -> impl Strategy<Value = Option<Line>> {
    let target = prop::sample::select(vec!["group:main", "group:other", "trunk:away", "trunk:emergency-1"]);
    prop_oneof![
        3 => Just(None),
        4 => ((8u8..12, 1u8..29), any::<bool>()).prop_map(|(cutover, own)| Some(Line::Merged { cutover, own })),
        1 => Just(Some(Line::Stopped)),
        1 => Just(Some(Line::Pooled)),
        1 => Just(Some(Line::Kept)),
        1 => target.prop_map(|to| Some(Line::Route(to))),
        1 => Just(Some(Line::Utility)),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    let patterns = vec!["12xxx", "123xx", "1233x", "96xxx", "11xxx", "1xx", "11x", "x1x", "9611x", "110", "119xx"];
    let targets = vec!["group:main", "group:other", "trunk:away", "trunk:emergency-2"];
    let pattern = (prop::sample::select(patterns), prop::sample::select(targets));
    let emergency = prop::sample::select(vec![
        "[\"emergency-1\", \"emergency-2\"]",
        "[\"emergency-2\"]",
        "[\"emergency-1\"]",
        "[\"away\"]",
        "[]",
    ]);
    let emergency = prop_oneof![6 => Just("[\"emergency-1\", \"emergency-2\"]"), 1 => emergency];
    (prop::collection::vec(line(), POOL.len()), prop::collection::vec(pattern, 0..3), emergency)
        .prop_map(|(lines, patterns, emergency)| Edit { lines, patterns, emergency })
}

#[derive(Debug, Clone)]
enum Act {
    Reload(Edit),
    Rollback(prop::sample::Index),
    Days(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => edit().prop_map(Act::Reload),
        2 => any::<prop::sample::Index>().prop_map(Act::Rollback),
        3 => (1u8..50).prop_map(Act::Days),
    ]
}

/// Plans as the daemon puts them in force, and what the world has seen of them.
struct City {
    wall: i64,
    lineage: Lineage,
    plan: Plan,
    versions: Vec<Source>,
    /// Numbers that some plan in force has once played the announcement of cancellation for.
    cancelled: BTreeSet<&'static str>,
    refused: usize,
}

impl City {
    fn new() -> Self {
        let edit = Edit { lines: vec![None; POOL.len()], patterns: Vec::new(), emergency: "[\"emergency-1\"]" };
        let source = edit.source();
        let (plan, _) = Plan::load(std::slice::from_ref(&source), &Known::default()).unwrap();
        let wall = plan.zone().moment("2021-08-15T12:00".parse().unwrap());
        let mut lineage = Lineage::default();
        lineage.follow(&lineage.heir(&plan, wall));
        Self { wall, lineage, plan, versions: vec![source], cancelled: BTreeSet::new(), refused: 0 }
    }

    fn put(&mut self, source: Source) {
        let known = Known { cancelled: self.lineage.cancelled(self.wall), wall: Some(self.wall), ..Known::default() };
        match Plan::load(std::slice::from_ref(&source), &known) {
            Ok((plan, _)) => {
                self.lineage.follow(&self.lineage.heir(&plan, self.wall));
                self.plan = plan;
                self.versions.push(source);
            }
            Err(_) => self.refused += 1,
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Reload(edit) => self.put(edit.source()),
            Act::Rollback(which) => self.put(which.get(&self.versions).clone()),
            Act::Days(days) => {
                for _ in 0..days {
                    self.wall += DAY;
                    self.look();
                }
            }
        }
        self.look();
    }

    fn look(&mut self) {
        for number in POOL {
            let spellings = [
                number.to_owned(),
                format!("0591{number}"),
                format!("+86591{number}"),
                format!("tel:{number};phone-context=+86591"),
            ];
            for spelling in spellings {
                let decision = self.plan.decide(self.plan.normalise(spelling.as_bytes()).unwrap(), self.wall);
                let gone = matches!(&decision, Decision::Routed(r) if r.state == State::Cancelled);
                if gone {
                    self.cancelled.insert(number);
                }
                if self.cancelled.contains(number) {
                    let nobody = match &decision {
                        Decision::Refused(_) => true,
                        Decision::Routed(r) => {
                            r.route.steps.iter().all(|s| matches!(s, Step::Prompt { .. } | Step::Release { .. }))
                        }
                    };
                    assert!(nobody, "{spelling} was cancelled and leads to {}", words(decision));
                }
                let steps = steps(&decision);
                assert!(!steps.contains("emergency"), "{spelling} leads to {steps}");
            }
        }
        for digits in EMERGENCY {
            for spelling in [digits.to_owned(), format!("0591{digits}"), format!("+86591{digits}")] {
                let decision = self.plan.decide(self.plan.normalise(spelling.as_bytes()).unwrap(), self.wall);
                let Decision::Routed(routed) = decision else { panic!("{spelling} is refused") };
                assert_eq!((routed.entry.class, routed.entry.access), (Class::Emergency, Access::Anyone), "{spelling}");
                assert!(steps(&decision).starts_with("trunk:emergency-"), "{spelling}: {}", steps(&decision));
                assert!(!steps(&decision).contains("away"), "{spelling}: {}", steps(&decision));
            }
        }
    }
}

fn steps(decision: &Decision<'_>) -> String {
    words(*decision)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_history_of_edits_restores_a_number_or_touches_an_emergency(acts in prop::collection::vec(act(), 1..25)) {
        let mut city = City::new();
        acts.into_iter().for_each(|act| city.act(act));
    }

    #[test]
    fn a_number_near_an_emergency_number_never_reaches_its_trunks(edit in edit(), digits in "[0-9]{1,6}|(0591|0592|86591|9|1)(110|119|120|122)[0-9]?") {
        let sources = [edit.source()];
        if let Ok((plan, _)) = Plan::load(&sources, &Known::default())
            && let Ok(dialled) = plan.normalise(digits.as_bytes())
        {
            let is = EMERGENCY.iter().any(|e| digits == **e || digits == format!("0591{e}"));
            let decision = plan.decide(dialled, 1_640_000_000_000_000);
            prop_assert_eq!(is, steps(&decision).contains("emergency"), "{} leads to {}", digits, steps(&decision));
        }
    }

    #[test]
    fn a_difference_is_told_exactly_where_there_is_one(
        old in edit(), new in edit(), days in 0i64..200, numbers in prop::collection::vec("[19][1236][0-9]{1,3}", 30),
    ) {
        let (one, other) = ([old.source()], [new.source()]);
        let (Ok((old, _)), Ok((new, _))) = (Plan::load(&one, &Known::default()), Plan::load(&other, &Known::default())) else {
            return Ok(());
        };
        let wall = old.zone().moment("2021-08-01T00:00".parse().unwrap()) + days * DAY;
        let difference = Difference::between(&old, &new, wall);
        let decided = |plan: &Plan, number: &str, at: i64| words(plan.decide(plan.normalise(number.as_bytes()).unwrap(), at));
        // What is told is so.
        for change in &difference.numbers {
            for period in &change.periods {
                let at = period.from.unwrap_or(wall);
                prop_assert_eq!(&period.old, &decided(&old, &change.example, at), "{:?}", change);
                prop_assert_eq!(&period.new, &decided(&new, &change.example, at), "{:?}", change);
                prop_assert_ne!(&period.old, &period.new);
            }
        }
        // What is so is told.
        for number in numbers.iter().map(String::as_str).chain(POOL).chain(EMERGENCY) {
            for at in (0..8).map(|i| wall + i * 37 * DAY) {
                let (a, b) = (decided(&old, number, at), decided(&new, number, at));
                let told = difference.numbers.iter().any(|c| {
                    let holds = c.number.len() == number.len()
                        && c.number.bytes().zip(number.bytes()).all(|(p, d)| p == b'x' || p == d);
                    let then = |p: &switchboard::dialplan::difference::PeriodChange| {
                        p.from.is_none_or(|f| f <= at) && p.until.is_none_or(|u| at < u) && p.old == a && p.new == b
                    };
                    holds && c.periods.iter().any(then)
                });
                prop_assert!(a == b || told, "{} at {}: {} → {} is not told in {:#?}", number, at, a, b, difference);
            }
        }
        prop_assert!(Difference::between(&old, &old, wall).is_empty());
    }
}

/// The generators reach what the properties are about: plans in force, refusals, cancellations, rollbacks that are refused.
#[test]
fn the_histories_are_worth_looking_at() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut versions, mut refused, mut cancelled) = (0, 0, 0);
    for _ in 0..100 {
        let acts = prop::collection::vec(act(), 15..25).new_tree(&mut runner).unwrap().current();
        let mut city = City::new();
        acts.into_iter().for_each(|act| city.act(act));
        versions += city.versions.len();
        refused += city.refused;
        cancelled += city.cancelled.len();
    }
    assert!(
        versions > 200 && refused > 200 && cancelled > 60,
        "{versions} in force, {refused} refused, {cancelled} cancelled"
    );
}

#[test]
fn a_number_deleted_in_its_transition_runs_out_all_the_same() {
    let mut city = City::new();
    let with = |line: Option<Line>| {
        let mut lines = vec![None; POOL.len()];
        lines[0] = line;
        Edit { lines, patterns: Vec::new(), emergency: "[\"emergency-1\"]" }.source()
    };
    city.put(with(Some(Line::Merged { cutover: (8, 1), own: false })));
    city.put(with(None));
    // A week later it may come back, as what it was or as what was meant.
    city.wall += 7 * DAY;
    city.put(with(Some(Line::Pooled)));
    assert_eq!(city.refused, 0);
    city.put(with(Some(Line::Merged { cutover: (8, 1), own: false })));
    city.put(with(None));
    city.wall += 120 * DAY;
    city.put(with(Some(Line::Route("group:main"))));
    assert_eq!(city.refused, 1, "it was cancelled while it was away");
    city.put(with(Some(Line::Merged { cutover: (8, 1), own: false })));
    assert_eq!(city.refused, 1, "as cancelled it may stand in the plan");
}
