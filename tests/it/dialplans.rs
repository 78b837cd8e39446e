//! Dialplans: the shipped one against the annex row by row, every valid and invalid sample, and the table against its definition.

#![cfg(test)]

mod measured;

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use switchboard::calendar::Zone;
use switchboard::dialplan::table::{Pattern, Table};
use switchboard::dialplan::window::Window;
use switchboard::dialplan::{
    Access, Class, Decision, Diagnostic, Difference, Digits, Emergency, Known, Plan, Record, Role, Severity, Source,
    Spelling, State, Step, render,
};
use switchboard::fact::Lang;
use switchboard::id::{PromptId, SeatId};

fn root() -> PathBuf {
    std::env::var_os("SWITCHBOARD_ROOT").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

fn source(path: &Path) -> Source {
    let file = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
    Source { file, text: Arc::from(std::fs::read_to_string(path).unwrap()) }
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> =
        entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|x| x == "toml")).collect();
    files.sort();
    files
}

fn shipped_sources() -> Vec<Source> {
    toml_files(&root().join("dialplans")).iter().map(|p| source(p)).collect()
}

/// The prompts that are committed, by the name a dialplan gives them.
fn shipped_prompts() -> BTreeSet<PromptId> {
    fn walk(folder: &Path, below: &str, found: &mut BTreeSet<PromptId>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{below}{name}/"), found);
            } else if let Some(stem) = name.strip_suffix(".wav") {
                found.insert(PromptId::from(format!("{below}{stem}")));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&root().join("dialplans/prompts"), "", &mut found);
    found
}

fn shipped() -> Plan {
    let known = Known { prompts: Some(shipped_prompts()), ..Known::default() };
    let sources = shipped_sources();
    match Plan::load(&sources, &known) {
        Ok((plan, warnings)) => {
            assert!(warnings.is_empty(), "{}", render(&warnings, &sources, Lang::En, false));
            plan
        }
        Err(mistakes) => panic!("{}", render(&mistakes, &sources, Lang::En, false)),
    }
}

fn wall(plan: &Plan, local: &str) -> i64 {
    plan.zone().moment(local.parse().unwrap())
}

fn steps(plan: &Plan, dial: &str, at: &str) -> (State, Vec<Step>) {
    let dialled = plan.normalise(dial.as_bytes()).unwrap();
    match plan.decide(dialled, wall(plan, at)) {
        Decision::Routed(routed) => (routed.state, routed.route.steps.to_vec()),
        Decision::Refused(refusal) => panic!("{dial} at {at}: {refusal:?}"),
    }
}

#[derive(serde::Deserialize)]
struct Annex {
    hub: String,
    issued: toml::value::Datetime,
    merge_deadline: toml::value::Datetime,
    transition_months: i32,
    emergency: Vec<String>,
    utilities: Vec<String>,
    line: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    number: String,
    owner: String,
    name: String,
    class: Class,
    #[serde(default)]
    stopped: bool,
    #[serde(default)]
    seats: bool,
    #[serde(default)]
    feed: bool,
}

fn annex() -> Annex {
    toml::from_str(&std::fs::read_to_string(root().join("tests/data/annex.toml")).unwrap()).unwrap()
}

#[test]
fn the_shipped_plan_keeps_every_row_of_the_annex() {
    let (plan, annex) = (shipped(), annex());
    let count = |class| annex.line.iter().filter(|r| r.class == class).count();
    assert_eq!((annex.line.len(), count(Class::Merged), count(Class::Parallel), count(Class::Branch)), (32, 18, 9, 5));
    assert_eq!(plan.city().hub.to_string(), annex.hub);
    assert_eq!(plan.city().issued.to_string(), annex.issued.to_string());
    let entries: BTreeMap<&str, _> = plan.entries().map(|e| (&*e.number, e)).collect();
    for row in &annex.line {
        let entry = entries.get(&*row.number).unwrap_or_else(|| panic!("{} is not in the plan", row.number));
        assert_eq!(&*entry.address, format!("hotline.{}", row.number));
        assert_eq!(&*entry.owner, row.owner, "{}", row.number);
        assert_eq!(&*entry.title, row.name.trim_end_matches("热线"), "{}", row.number);
        assert_eq!(entry.class, row.class, "{}", row.number);
        assert_eq!(entry.feed, row.feed, "{}", row.number);
        assert_eq!(entry.access, Access::Anyone, "{}", row.number);
        assert_eq!(entry.kept, row.seats, "{}", row.number);
        match row.class {
            Class::Merged => merged_row(&plan, &annex, row),
            Class::Parallel if row.seats => kept_row(&plan, row),
            Class::Parallel => pooled_row(&plan, row),
            _ => branch_row(&plan, row),
        }
    }
    let provincial: Vec<_> = plan.entries().filter(|e| e.province).map(|e| &*e.number).collect();
    assert_eq!(provincial, ["12333", "12393"]);
    let hotlines = plan.entries().filter(|e| e.address.starts_with("hotline."));
    assert_eq!(hotlines.count(), 33, "the 32 rows and the hub, nothing else");
}

fn is_main_queue(step: &Step) -> bool {
    matches!(step, Step::Queue { group, .. } if group.as_str() == "main")
}

fn merged_row(plan: &Plan, annex: &Annex, row: &Row) {
    let number = &row.number;
    let entry = plan.entries().find(|e| *e.number == **number).unwrap();
    let window = entry.life.window().unwrap();
    let issued: jiff::civil::Date = annex.issued.to_string().parse().unwrap();
    assert_eq!(window.last, Window::last_day(window.cutover, annex.transition_months), "{number}");
    if row.stopped {
        assert!(window.last < issued, "{number}: already over on the day of issue");
    } else {
        assert_eq!(window.cutover.to_string(), annex.merge_deadline.to_string(), "{number}");
        let before = plan.normalise(number.as_bytes()).unwrap();
        assert!(matches!(plan.decide(before, wall(plan, "2021-11-29T23:59")), Decision::Refused(r) if r.status == 404));
    }
    let first = plan.zone().midnight(window.cutover);
    let past = plan.zone().midnight(window.cancelled_from());
    let dialled = plan.normalise(number.as_bytes()).unwrap();
    for wall in [first, past - 1] {
        let Decision::Routed(routed) = plan.decide(dialled, wall) else { panic!("{number} is refused") };
        assert!(matches!(routed.state, State::Transition { of, .. } if of == window.days()), "{number}");
        let [Step::Prompt { prompt, early: true }, queue] = &*routed.route.steps else {
            panic!("{number}: {:?}", routed.route)
        };
        assert_eq!(prompt.as_str(), format!("transition/{number}"));
        assert!(is_main_queue(queue), "{number}");
    }
    for wall in [past, past + 100 * 365 * 86_400_000_000] {
        let Decision::Routed(routed) = plan.decide(dialled, wall) else { panic!("{number} is refused") };
        assert_eq!(routed.state, State::Cancelled, "{number}");
        let [Step::Prompt { prompt, early: true }, Step::Release { status: 410, q850: 22 }] = &*routed.route.steps
        else {
            panic!("{number}: {:?}", routed.route)
        };
        assert_eq!(prompt.as_str(), format!("cancelled/{number}"));
    }
}

fn kept_row(plan: &Plan, row: &Row) {
    let (state, steps) = steps(plan, &row.number, "2021-12-15T10:00");
    let [Step::Ring { group, timeout_ms: 10_000 }, queue] = &*steps else { panic!("{}: {steps:?}", row.number) };
    assert_eq!((state, group.as_str()), (State::Serving, &*format!("kept.{}", row.number)));
    assert!(is_main_queue(queue));
    let group = plan.group(group).unwrap();
    assert!(plan.is_open(group, wall(plan, "2022-01-31T03:00")), "7x24");
}

fn pooled_row(plan: &Plan, row: &Row) {
    let (state, steps) = steps(plan, &row.number, "2021-12-15T10:00");
    assert!(state == State::Serving && steps.len() == 1 && is_main_queue(&steps[0]), "{}: {steps:?}", row.number);
}

fn branch_row(plan: &Plan, row: &Row) {
    let (state, steps) = steps(plan, &row.number, "2021-12-15T10:00");
    let [Step::Trunk { trunks, number, .. }, queue] = &*steps else { panic!("{}: {steps:?}", row.number) };
    assert_eq!((state, trunks.len(), trunks[0].as_str()), (State::Serving, 1, &*format!("branch.{}", row.number)));
    assert_eq!(number.to_string(), row.number);
    assert!(is_main_queue(queue));
    assert_eq!(plan.trunk(&trunks[0]).unwrap().role, Role::Branch);
}

#[test]
fn emergency_and_utilities_go_by_their_own_trunks() {
    let (plan, annex) = (shipped(), annex());
    for number in &annex.emergency {
        let (_, steps) = steps(&plan, number, "2021-12-15T10:00");
        let [Step::Trunk { trunks, number: out, progress_ms: 2_000, .. }] = &*steps else {
            panic!("{number}: {steps:?}")
        };
        assert_eq!(trunks.iter().map(|t| t.as_str()).collect::<Vec<_>>(), ["emergency-1", "emergency-2"]);
        assert_eq!(&out.to_string(), number);
    }
    let utilities: Vec<_> = plan.entries().filter(|e| e.class == Class::Utility).collect();
    assert_eq!(utilities.len(), annex.utilities.len());
    for entry in utilities {
        assert_eq!(entry.access, Access::Seats, "{}", entry.number);
        let (_, steps) = steps(&plan, &entry.number, "2021-12-15T10:00");
        assert!(
            matches!(&*steps, [Step::Trunk { trunks, .. }] if plan.trunk(&trunks[0]).unwrap().role == Role::Utility)
        );
    }
}

#[test]
fn three_calendar_months_by_the_table() {
    let rows = std::fs::read_to_string(root().join("tests/data/windows.tsv")).unwrap();
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let mut count = 0;
    for row in rows.lines().filter(|l| !l.starts_with('#')) {
        let [cutover, last, days] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let cutover = cutover.parse().unwrap();
        let window = Window::new(cutover, Window::last_day(cutover, 3), &zone);
        assert_eq!((window.last.to_string(), window.days().to_string()), (last.to_owned(), days.to_owned()), "{row}");
        let end = zone.midnight(window.last.tomorrow().unwrap());
        assert_eq!((window.day(end - 1), window.day(end)), (Some(window.days()), None), "{row}");
        assert_eq!(
            (window.day(zone.midnight(cutover) - 1), window.day(zone.midnight(cutover))),
            (Some(0), Some(1)),
            "{row}"
        );
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn why_prints_what_decides() {
    let plan = shipped();
    let why = |uri: &str, at: &str, lang| plan.why(uri.as_bytes(), wall(&plan, at), lang);
    insta::assert_snapshot!(why("12333", "2022-01-15T03:00", Lang::Zh), @"
    12333 人力资源社会保障 · 整体并入 · 过渡期第 47 天（2022-02-28 止）
      1 放提示音 transition/12333.wav            dialplans/10-merged.toml:7
      2 进入坐席组 main，技能 社保               dialplans/10-merged.toml:8
      2022-03-01 起：播“号码已取消，请拨 12345”，410 + Q.850 cause 22
    ");
    let mut all = String::new();
    for (uri, at) in [
        ("12333", "2021-11-29T23:59"),
        ("12333", "2022-03-01T00:00"),
        ("12358", "2021-12-15T10:00"),
        ("sip:+8659112345@host", "2021-12-15T10:00"),
        ("12348", "2021-12-15T10:00"),
        ("12329", "2021-12-15T10:00"),
        ("12366", "2021-12-15T10:00"),
        ("0591119", "2021-12-15T10:00"),
        ("96119", "2021-12-15T10:00"),
        ("11012", "2021-12-15T10:00"),
        ("95598", "2021-12-15T10:00"),
        ("059212345", "2021-12-15T10:00"),
        ("12a45", "2021-12-15T10:00"),
    ] {
        for lang in [Lang::Zh, Lang::En] {
            let _ = writeln!(all, "{}", why(uri, at, lang));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn numbers_are_listed_with_their_state() {
    let plan = shipped();
    let mut listed = String::new();
    for row in plan.numbers(wall(&plan, "2021-12-15T10:00")) {
        let left = row.days_left.map(|d| format!(" {d} days left")).unwrap_or_default();
        let _ = writeln!(listed, "{:18} {:10} {:14} {}{left}", row.address, row.class.en(), row.state, row.place);
    }
    insta::assert_snapshot!(listed);
}

#[test]
fn a_version_names_the_text_and_not_the_moment() {
    let plan = shipped();
    assert_eq!(plan.version(), shipped().version());
    assert!(plan.version().len() == 12 && plan.version().bytes().all(|b| b.is_ascii_hexdigit()));
    let mut sources = shipped_sources();
    sources[0].text = format!("{}\n", sources[0].text).into();
    assert_ne!(Plan::load(&sources, &Known::default()).unwrap().0.version(), plan.version());
}

#[test]
fn a_number_is_written_as_its_trunk_wants_it() {
    let text = read_sample("valid/formats.toml");
    let (plan, _) = Plan::load(&[text], &Known::default()).unwrap();
    let number = Digits::parse("12366").unwrap();
    let mut written: Vec<String> = plan.trunks().map(|t| format!("{} {}", t.id, plan.spell(number, t))).collect();
    written.sort();
    assert_eq!(written, ["area 059112366", "bare 8659112366", "emergency-1 12366", "local 12366", "plus +8659112366"]);
    let plus = plan.trunks().find(|t| t.id.as_str() == "plus").unwrap();
    assert!(plus.takes(Spelling::International) && plus.takes(Spelling::Service) && !plus.takes(Spelling::Local));
}

/// `# expect: DP010 DP011` in the first line; `known: prompts=a,b seats=8001 cancelled=12333 at=…` in the second, if it is there.
fn read_sample(name: &str) -> Source {
    source(&root().join("tests/samples/dialplans").join(name))
}

fn known_of(text: &str) -> Known {
    let mut known = Known::default();
    let line = text.lines().nth(1).and_then(|l| l.strip_prefix("# known:")).unwrap_or_default();
    for (key, value) in line.split_whitespace().filter_map(|w| w.split_once('=')) {
        let items = value.split(',').filter(|v| !v.is_empty());
        match key {
            "prompts" => known.prompts = Some(items.map(PromptId::from).collect()),
            "seats" => known.seats = Some(items.map(SeatId::from).collect()),
            "cancelled" => known.cancelled = items.filter_map(Digits::parse).collect(),
            "at" => known.wall = Some(Zone::named("Asia/Shanghai").unwrap().moment(value.parse().unwrap())),
            _ => panic!("unknown word in `# known:`: {key}"),
        }
    }
    known
}

fn codes(mistakes: &[Diagnostic]) -> Vec<&'static str> {
    mistakes.iter().map(|m| m.code.as_str()).collect()
}

#[test]
fn every_valid_sample_loads() {
    let files = toml_files(&root().join("tests/samples/dialplans/valid"));
    assert!(!files.is_empty());
    let mut met = BTreeSet::new();
    for path in files {
        let sample = source(&path);
        let sources = [sample];
        let loaded = Plan::load(&sources, &known_of(&sources[0].text));
        let warnings = loaded.map(|(_, w)| w).unwrap_or_else(|m| panic!("{}", render(&m, &sources, Lang::En, false)));
        let wanted = sources[0].text.lines().next().and_then(|l| l.strip_prefix("# warns:")).unwrap_or_default();
        let shown = |lang| render(&warnings, &sources, lang, false);
        assert_eq!(
            codes(&warnings),
            wanted.split_whitespace().collect::<Vec<_>>(),
            "{}\n{}",
            path.display(),
            shown(Lang::En)
        );
        met.extend(warnings.iter().map(|m| m.code));
        if !warnings.is_empty() {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            insta::assert_snapshot!(format!("valid-{name}"), format!("{}\n{}", shown(Lang::Zh), shown(Lang::En)));
        }
    }
    let warnings = switchboard::dialplan::Code::ALL.iter().filter(|c| c.severity() == Severity::Warning);
    let unmet: Vec<_> = warnings.filter(|c| !met.contains(c)).collect();
    assert!(unmet.is_empty(), "no sample shows {unmet:?}");
}

#[test]
fn every_invalid_sample_shows_every_mistake_it_says() {
    let mut met = BTreeSet::new();
    for path in toml_files(&root().join("tests/samples/dialplans/invalid")) {
        let sources = [source(&path)];
        let first = sources[0].text.lines().next().unwrap_or_default();
        let wanted = first.strip_prefix("# expect:").unwrap_or_else(|| panic!("{}: no `# expect:`", path.display()));
        let mut wanted: Vec<_> = wanted.split_whitespace().collect();
        wanted.sort_unstable();
        let mistakes = match Plan::load(&sources, &known_of(&sources[0].text)) {
            Ok(_) => panic!("{} loads", path.display()),
            Err(mistakes) => mistakes,
        };
        let zh = render(&mistakes, &sources, Lang::Zh, false);
        let en = render(&mistakes, &sources, Lang::En, false);
        let mut found = codes(&mistakes);
        found.sort_unstable();
        assert_eq!(found, wanted, "{}\n{en}", path.display());
        met.extend(mistakes.iter().map(|m| m.code));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        insta::assert_snapshot!(format!("invalid-{name}"), format!("{zh}\n{en}"));
    }
    let unmet: Vec<_> = switchboard::dialplan::Code::ALL
        .iter()
        .filter(|c| c.severity() == Severity::Error && !met.contains(c))
        .collect();
    assert!(unmet.is_empty(), "no sample shows {unmet:?}");
}

#[test]
fn a_group_says_whether_its_talks_are_recorded() {
    let base = read_sample("valid/formats.toml").text.replace("record = \"on-demand\"\n", "");
    let base = base.replace("recording_notice = \"recording-notice\"\n", "");
    let load = |keys: &str| {
        let text = base.replacen("hours = \"7x24\"\n", &format!("hours = \"7x24\"\n{keys}"), 1);
        Plan::load(&[Source { file: "x.toml".into(), text: text.into() }], &Known::default())
    };
    for (keys, record) in [
        ("", Record::Always),
        ("record = \"always\"\n", Record::Always),
        ("record = \"never\"\n", Record::Never),
        ("record = \"on-demand\"\n", Record::OnDemand),
    ] {
        let (plan, _) = load(keys).unwrap();
        let group = plan.group(&"main".into()).unwrap();
        assert_eq!((group.record, &group.recording_notice), (record, &None), "{keys}");
    }
    let prompts = Some(BTreeSet::from(["return-to-hub".into()]));
    let known = Known { prompts, ..Known::default() };
    let mistakes = Plan::load(&[read_sample("valid/formats.toml")], &known).unwrap_err();
    assert_eq!(codes(&mistakes), ["DP012"], "the notice is a prompt that must be there");
    let mistakes = load("record = \"sometimes\"\n").unwrap_err();
    assert_eq!(codes(&mistakes), ["DP004"]);
}

#[test]
fn what_is_recorded_is_part_of_what_a_change_is_reviewed_for() {
    let new = read_sample("valid/formats.toml");
    let old = Source { text: new.text.replace("record = \"on-demand\"\n", "").into(), file: new.file.clone() };
    let plan = |source| Plan::load(&[source], &Known::default()).unwrap().0;
    let (old, new) = (plan(old), plan(new));
    let difference = Difference::between(&old, &new, wall(&old, "2021-12-15T10:00"));
    assert_eq!((difference.settings.len(), difference.settings[0].address.as_str()), (1, "group.main"));
    let keys: Vec<_> = difference.settings[0].keys.iter().map(|k| (k.key.as_str(), &k.old, &k.new)).collect();
    assert_eq!(keys, [("record", &Some("always".to_owned()), &Some("on-demand".to_owned()))]);
}

#[test]
fn a_number_in_two_files_is_reported_with_both() {
    let mut sources = shipped_sources();
    sources.push(Source {
        file: "dialplans/99-more.toml".into(),
        text: "[route]\n12348 = \"group:main\"\n12333 = \"group:main\"\n".into(),
    });
    let mistakes = Plan::load(&sources, &Known::default()).unwrap_err();
    insta::assert_snapshot!(render(&mistakes, &sources, Lang::Zh, false));
}

#[test]
fn what_was_cancelled_stays_so_in_every_later_plan() {
    let plan = shipped();
    let at = wall(&plan, "2022-03-01T00:00");
    let cancelled = plan.cancelled(at);
    assert_eq!(cancelled.len(), 18);
    assert_eq!(plan.cancelled(wall(&plan, "2022-02-28T23:59")).len(), 9);
    let known = Known { cancelled, wall: Some(at), ..Known::default() };
    assert!(Plan::load(&shipped_sources(), &known).is_ok(), "the same plan again");
    let minimal = read_sample("valid/minimal.toml").text;
    assert!(
        Plan::load(&[Source { file: "gone.toml".into(), text: minimal.clone() }], &known).is_ok(),
        "deleted is 404"
    );
    for revival in ["12333 = \"group:main\"", "\"12xxx\" = \"group:main\"", "96119 = \"trunk:carrier\""] {
        let text = format!("{minimal}\n[trunk.carrier]\ntitle = \"c\"\nrole = \"carrier\"\n[route]\n{revival}\n");
        let mistakes = Plan::load(&[Source { file: "back.toml".into(), text: text.into() }], &known).unwrap_err();
        let mut errors = mistakes.iter().filter(|m| m.severity == Severity::Error);
        assert!(errors.all(|m| m.code.as_str() == "DP041"), "{revival}: {mistakes:?}");
    }
}

#[test]
fn a_mistake_says_file_line_and_column() {
    let sources = [read_sample("invalid/unknown-names.toml")];
    let mistakes = Plan::load(&sources, &Known::default()).unwrap_err();
    let span = mistakes[0].primary.as_ref().unwrap().span;
    let places = switchboard::dialplan::Places::of(&sources);
    let (file, (line, column)) = places.region(span).map(|(file, region)| (file, region.start)).unwrap();
    let written = sources[0].text.lines().nth(line - 1).unwrap();
    assert_eq!(file, "tests/samples/dialplans/invalid/unknown-names.toml");
    assert!(written.chars().skip(column - 1).collect::<String>().starts_with("\"mian\""), "{written}");
}

fn pattern() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![4 => Just('1'), 2 => Just('0'), 2 => Just('2'), 3 => Just('x')], 1..7)
        .prop_map(|c| c.into_iter().collect())
}

fn digits() -> impl Strategy<Value = Digits> {
    "[012]{1,7}".prop_map(|t| Digits::parse(&t).unwrap())
}

proptest! {
    #[test]
    fn the_table_is_its_naive_definition(patterns in proptest::collection::btree_set(pattern(), 0..60), numbers in proptest::collection::vec(digits(), 40)) {
        let keys: Vec<(Pattern, u32)> = patterns.iter().zip(0..).map(|(p, i)| (Pattern::parse(p).unwrap(), i)).collect();
        let table = Table::build(&keys);
        prop_assert_eq!(table.len(), keys.len());
        for number in numbers {
            let best = keys.iter().filter(|(p, _)| p.matches(number)).map(|(p, _)| p.fixed()).max();
            let found = table.get(number).and_then(|i| keys.get(i as usize));
            // Tied patterns are an error of the plan; the table may give either, but nothing less exact.
            prop_assert_eq!(found.map(|(p, _)| p.fixed()), best);
            prop_assert!(found.is_none_or(|(p, _)| p.matches(number)));
        }
        for (pattern, index) in keys.iter().filter(|(p, _)| p.is_exact()) {
            let text = &patterns.iter().nth(*index as usize).unwrap();
            prop_assert_eq!(table.get(Digits::parse(text).unwrap()), Some(*index), "{:?}", pattern);
        }
    }

    #[test]
    fn a_plan_of_random_routes_decides_by_the_naive_definition_or_reports_the_tie(
        patterns in proptest::collection::btree_set(pattern(), 1..12),
        numbers in proptest::collection::vec(digits(), 30),
    ) {
        let routes = patterns.iter().map(|p| format!("{p} = \"release:486\"\n")).collect::<String>();
        let text = format!("{}[route]\n{routes}", read_sample("valid/minimal.toml").text);
        let loaded = Plan::load(&[Source { file: "random.toml".into(), text: text.into() }], &Known::default());
        let parsed: Vec<Pattern> = patterns.iter().map(|p| Pattern::parse(p).unwrap()).collect();
        match loaded {
            Ok((plan, _)) => for number in numbers {
                let dialled = plan.normalise(number.to_string().as_bytes()).unwrap();
                if dialled.emergency.is_some() { continue; }
                let best = parsed.iter().filter(|p| p.matches(dialled.digits)).map(|p| p.fixed()).max();
                let found = match plan.decide(dialled, 0) {
                    Decision::Routed(r) => Some(Pattern::parse(&r.entry.number).unwrap().fixed()),
                    Decision::Refused(_) => None,
                };
                prop_assert_eq!(found, best);
            },
            Err(mistakes) => {
                let tie = |a: &Pattern, b: &Pattern| a != b && !a.is_exact() && a.len() == b.len() && a.fixed() == b.fixed()
                    && (a.packed() ^ b.packed()) & a.mask() & b.mask() == 0;
                let ties = parsed.iter().any(|a| parsed.iter().any(|b| tie(a, b)));
                let shadows = parsed.iter().any(|p| p.fixed() > 0 && Emergency::ALL.iter().any(|e| p.matches(e.digits())));
                let blank = parsed.iter().any(|p| p.fixed() == 0);
                prop_assert_eq!(mistakes.iter().any(|m| m.code.as_str() == "DP040"), ties);
                prop_assert_eq!(mistakes.iter().any(|m| m.code.as_str() == "DP030"), shadows);
                prop_assert_eq!(mistakes.iter().any(|m| m.code.as_str() == "DP007"), blank);
            }
        }
    }

    #[test]
    fn no_bytes_make_normalise_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), scheme in 0..5usize) {
        let plan = minimal();
        let prefix: &[u8] = [&b""[..], b"sip:", b"tel:", b"urn:service:sos", b"sip:%2B86591"][scheme];
        let uri = [prefix, &bytes].concat();
        if let Ok(dialled) = plan.normalise(&uri) {
            // What was read is a fixed point, or a number of elsewhere that keeps its digits.
            let again = plan.normalise(dialled.digits.to_string().as_bytes()).unwrap();
            prop_assert_eq!(again.digits, dialled.digits);
            prop_assert_eq!(again.emergency, dialled.emergency);
            prop_assert_eq!(dialled.emergency, Emergency::of(dialled.digits));
        }
        let _ = plan.why(&uri, 0, Lang::Zh);
    }

    #[test]
    fn near_emergency_is_no_emergency(digits in "(0|1|9|86|0591|0592|591|86591|110|119){1,4}", plus in any::<bool>()) {
        let plan = minimal();
        let uri = if plus { format!("+{digits}") } else { digits.clone() };
        let allowed = ["110", "119", "120", "122"].iter().any(|n| {
            uri == *n || uri == format!("0591{n}") || uri == format!("+86591{n}")
        });
        let is = plan.normalise(uri.as_bytes()).is_ok_and(|d| d.emergency.is_some());
        prop_assert_eq!(is, allowed, "{}", uri);
    }
}

fn minimal() -> Plan {
    Plan::load(&[read_sample("valid/minimal.toml")], &Known::default())
        .map(|(p, _)| p)
        .unwrap_or_else(|_| panic!("minimal.toml"))
}
