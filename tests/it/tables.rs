//! The table and the loader at every length and size: large tables, dates, emergency spellings; work and memory by count.

#![cfg(test)]

use crate::support::counted::counted;
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use switchboard::dialplan::table::{Pattern, Table};
use switchboard::dialplan::window::Window;
use switchboard::dialplan::{Class, Decision, Digits, Emergency, Known, Plan, Source, State, Step};

/// A hub with its group and the emergency trunk.
const HEAD: &str = "[city]\narea = \"0591\"\nissued = 2021-11-11\n[emergency]\ntrunks = [\"e\"]\n\
                    [hotline.12345]\ntitle = \"hub\"\nclass = \"hub\"\ngroup = \"main\"\n\
                    [group.main]\ntitle = \"main\"\nhours = \"7x24\"\n[trunk.e]\ntitle = \"e\"\nrole = \"emergency\"\n";

fn load(rest: &str) -> Plan {
    let text = format!("{HEAD}{rest}");
    let source = Source { file: "plan.toml".into(), text: text.as_str().into() };
    match Plan::load(&[source], &Known::default()) {
        Ok((plan, _)) => plan,
        Err(mistakes) => panic!("{:?}\n{text}", mistakes.iter().map(|m| &m.title.en).collect::<Vec<_>>()),
    }
}

/// A number that a pattern matches: its `x` filled from the digits of a seed.
fn filled(pattern: &str, seed: u64) -> String {
    let digit = |i: usize| char::from(b'0' + (seed >> (i * 3) & 7) as u8);
    pattern.chars().enumerate().map(|(i, c)| if c == 'x' { digit(i) } else { c }).collect()
}

/// The naive definition: of all that match, the one with most fixed digits.
fn best(patterns: &[String], number: Digits) -> Option<&String> {
    let read = |p: &String| Pattern::parse(p).unwrap();
    patterns.iter().filter(|p| read(p).matches(number)).max_by_key(|p| read(p).fixed())
}

/// Keeps what goes together in one plan: no tie, nothing over an emergency number, at least one digit.
fn compatible(words: Vec<String>) -> Vec<String> {
    let mut kept: Vec<(Pattern, String)> = vec![(Pattern::parse("12345").unwrap(), "12345".into())];
    for word in words {
        let p = Pattern::parse(&word).unwrap();
        let tie = |q: &Pattern| {
            p == *q
                || (p.len() == q.len()
                    && p.fixed() == q.fixed()
                    && (p.packed() ^ q.packed()) & p.mask() & q.mask() == 0)
        };
        let shadows = Emergency::ALL.iter().any(|e| p.matches(e.digits()));
        if p.fixed() > 0 && !shadows && !kept.iter().any(|(q, _)| tie(q)) {
            kept.push((p, word));
        }
    }
    kept.into_iter().skip(1).map(|(_, word)| word).collect()
}

/// Patterns of every length there is; digits that no area code begins with in front.
fn words() -> impl Strategy<Value = Vec<String>> {
    let word =
        prop_oneof!["[129x][0129x]{0,4}", "[12x][0129x]{5,14}", "[12x][019x]{15}", "[129]{1,3}[0129]{0,3}x{1,10}"];
    proptest::collection::vec(word, 1..40).prop_map(compatible)
}

proptest! {
    #[test]
    fn a_plan_of_patterns_of_every_length_decides_by_the_naive_definition(
        words in words(),
        seeds in proptest::collection::vec(any::<u64>(), 4),
        others in proptest::collection::vec("[129][0-9]{0,15}", 20),
    ) {
        let routes: String = words.iter().map(|w| format!("\"{w}\" = \"group:main\"\n")).collect();
        let plan = load(&format!("[route]\n{routes}"));
        let inside = words.iter().flat_map(|w| seeds.iter().map(|s| filled(w, *s)));
        let mut met = 0;
        for number in inside.chain(others) {
            let dialled = plan.normalise(number.as_bytes()).unwrap();
            if dialled.emergency.is_some() || dialled.digits.to_string() == "12345" { continue; }
            let wanted = best(&words, dialled.digits);
            met += usize::from(wanted.is_some());
            match plan.decide(dialled, 0) {
                Decision::Routed(r) => prop_assert_eq!(Some(r.entry.number.as_str()), wanted.map(String::as_str), "{}", number),
                Decision::Refused(r) => prop_assert!(wanted.is_none() && r.entry.is_none(), "{} is refused, {:?}", number, wanted),
            }
        }
        prop_assert!(words.is_empty() || met > 0, "every pattern is met by the numbers made from it");
    }

    #[test]
    fn a_merged_number_stands_where_the_calendar_says(
        numbers in proptest::collection::btree_map(12300u32..12345, 0i64..500, 1..8),
        moments in proptest::collection::vec(18_900i64 * 86_400..19_700 * 86_400, 30),
        more in proptest::collection::btree_set(12350u32..12399, 0..8),
    ) {
        let first: jiff::civil::Date = "2021-10-01".parse().unwrap();
        let cutovers: BTreeMap<String, jiff::civil::Date> = numbers
            .iter()
            .map(|(n, days)| (n.to_string(), first.checked_add(jiff::Span::new().days(*days)).unwrap()))
            .collect();
        let mut text = String::new();
        for (number, cutover) in &cutovers {
            writeln!(text, "[hotline.{number}]\ntitle = \"t\"\nclass = \"merged\"\ncutover = {cutover}").unwrap();
        }
        text.push_str("[route]\n12xxx = \"release:404\"\n");
        more.iter().for_each(|n| writeln!(text, "{n} = \"group:main\"").unwrap());
        let plan = load(&text);
        for wall in moments {
            // Fuzhou is eight hours ahead, all year.
            let today = jiff::Timestamp::from_second(wall + 8 * 3_600).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
            for (number, cutover) in &cutovers {
                let wanted = match today {
                    d if d < *cutover => State::Before,
                    d if d <= Window::last_day(*cutover, 3) => State::Transition {
                        day: (today - *cutover).get_days() as u16 + 1,
                        of: (Window::last_day(*cutover, 3) - *cutover).get_days() as u16 + 1,
                    },
                    _ => State::Cancelled,
                };
                let found = plan.decide(plan.normalise(number.as_bytes()).unwrap(), wall * 1_000_000);
                match found {
                    Decision::Routed(r) => prop_assert_eq!((r.state, r.entry.class), (wanted, Class::Merged), "{} on {}", number, today),
                    // The pattern over it never takes its place.
                    Decision::Refused(r) => prop_assert!(wanted == State::Before && r.status == 404 && r.entry.is_some(), "{} on {}", number, today),
                }
            }
            for number in &more {
                let found = plan.decide(plan.normalise(number.to_string().as_bytes()).unwrap(), wall * 1_000_000);
                prop_assert!(matches!(found, Decision::Routed(r) if r.state == State::Serving && *r.entry.number == number.to_string()));
            }
        }
    }

    #[test]
    fn no_plan_stands_before_an_emergency_number_however_it_is_spelt(words in words(), wall in any::<i32>()) {
        let routes: String = words.iter().map(|w| format!("\"{w}\" = \"group:main\"\n")).collect();
        let plan = load(&format!("[route]\n{routes}"));
        for emergency in Emergency::ALL {
            let n = emergency.digits();
            for uri in [
                format!("{n}"), format!("sip:{n}@10.0.0.1;user=phone"), format!("sip:0591{n}@host"), format!("sip:%2B86591{n}@host"),
                format!("tel:+86-591-{n}"), format!("tel:{n};phone-context=+86591"), format!("sip:1-{}@host", &n.to_string()[1..]),
            ] {
                let found = plan.decide(plan.normalise(uri.as_bytes()).unwrap(), i64::from(wall) * 1_000_000);
                prop_assert!(matches!(found, Decision::Routed(r) if *r.entry.address == format!("emergency.{n}")), "{}", uri);
            }
            for near in [format!("{n}1"), format!("9{n}"), format!("0592{n}"), format!("1{n}"), format!("{n}{n}")] {
                let dialled = plan.normalise(near.as_bytes()).unwrap();
                let wanted = best(&words, dialled.digits).map(String::as_str);
                let found = match plan.decide(dialled, 0) {
                    Decision::Routed(r) => Some(r.entry.number.as_str()),
                    Decision::Refused(_) => None,
                };
                prop_assert_eq!(found, wanted, "{}", near);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_large_table_is_its_naive_definition(seed in any::<u64>(), count in 4_097usize..12_000, spread in 1u64..2_000) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut keys: BTreeMap<Pattern, u32> = BTreeMap::new();
        while keys.len() < count {
            // Runs of near numbers as plans have them, of every length; one in six a pattern that ends in `x`.
            let number = random.next_u64() % 10u64.pow(1 + random.next_u32() % 16) / spread * spread;
            let mut word = number.to_string();
            if random.next_u32().is_multiple_of(6) && word.len() > 1 {
                let fixed = 1 + random.next_u32() as usize % (word.len() - 1);
                word.replace_range(fixed.., &"x".repeat(word.len() - fixed));
            }
            let next = keys.len() as u32;
            keys.entry(Pattern::parse(&word).unwrap()).or_insert(next);
        }
        let all: Vec<(Pattern, u32)> = keys.iter().map(|(p, i)| (*p, *i)).collect();
        let table = Table::build(&all);
        prop_assert_eq!(table.len(), count);
        prop_assert!(table.bytes() <= count * 24, "{} bytes for {}", table.bytes(), count);
        // By length and fixed places: the naive definition without a pass over all keys for each number.
        let masks: BTreeSet<(u32, u64)> = all.iter().map(|(p, _)| (p.fixed(), p.mask())).collect();
        let naive = |number: Digits| {
            let under = |mask: u64| all.iter().filter(move |(p, _)| p.mask() == mask);
            masks.iter().rev().filter(|(f, _)| *f <= number.len()).find_map(|(_, mask)| under(*mask).find(|(p, _)| p.matches(number)))
        };
        for (i, (pattern, index)) in all.iter().enumerate() {
            let exact = Digits::parse(&word_of(*pattern, 0));
            if pattern.is_exact() {
                prop_assert_eq!(table.get(exact.unwrap()), Some(*index));
            }
            if i % 97 == 0 {
                for number in [word_of(*pattern, random.next_u64()), (random.next_u64() % 10u64.pow(1 + random.next_u32() % 16)).to_string()] {
                    let number = Digits::parse(&number).unwrap();
                    prop_assert_eq!(table.get(number), naive(number).map(|(_, i)| *i), "{}", number);
                }
            }
        }
    }
}

/// The digits of a pattern, its `x` filled.
fn word_of(pattern: Pattern, seed: u64) -> String {
    let nibbles = (0..pattern.len()).rev().map(|place| pattern.packed() >> (4 * place) & 15);
    let word: String = nibbles.map(|n| if n == 15 { 'x' } else { char::from(b'0' + (n % 10) as u8) }).collect();
    filled(&word, seed)
}

const ENTRIES: usize = 50_000;

/// Entries of four kinds in a large file; and whether anything but the entry itself has to be kept of one.
fn large(shape: &str) -> String {
    let mut text = String::from(if shape == "long" || shape == "rich" { "" } else { "[route]\n" });
    for n in (0..ENTRIES).map(|i| 20_000_000 + i * 7) {
        match shape {
            "short" => writeln!(text, "{n} = \"group:main\""),
            "patterns" => writeln!(text, "\"{n}{}\" = \"group:main\"", "x".repeat(n % 8)),
            "long" => writeln!(text, "[route.{n}]\nto = \"group:main\""),
            _ => {
                writeln!(text, "[route.{n}]\ntitle = \"line {n}\"\nto = [\"prompt:p\", \"group:main\"]\nring = \"9s\"")
            }
        }
        .unwrap();
    }
    text
}

/// Work and memory of a check, bounded without a clock: allocations and bytes for each entry.
#[test]
fn a_large_plan_costs_little_for_each_entry() {
    // One allocation is the entry; a second one where its address is longer than 15 bytes.
    for (shape, allocations, peak, kept) in
        [("short", 1.1, 420, 185), ("patterns", 1.9, 440, 200), ("long", 1.1, 420, 185), ("rich", 90.0, 1_400, 290)]
    {
        let text = large(shape);
        let (plan, counts) = counted(|| load(&text));
        let each = |bytes: i64| bytes / ENTRIES as i64;
        let done = counts.allocations as f64 / ENTRIES as f64;
        println!("{shape}: {done:.2} allocations, {} bytes at most, {} kept", each(counts.peak), each(counts.live));
        assert_eq!(plan.entries().count(), ENTRIES + 1, "{shape}");
        assert!(done <= allocations, "{shape}: {done} allocations an entry");
        // The text stands there three times while this test holds it: its own, with its head, and as a source.
        let texts = 3 * (text.len() / ENTRIES) as i64;
        assert!(each(counts.peak) <= peak + texts, "{shape}: {} bytes an entry", each(counts.peak));
        assert!(each(counts.live) <= kept, "{shape}: {} bytes an entry are kept", each(counts.live));
    }
}

/// Routes that lead the same way share their steps; a time to ring, an order or a number of its own is another way.
#[test]
fn only_routes_that_lead_the_same_way_share_their_steps() {
    let plan = load(
        "[trunk.c]\ntitle = \"c\"\nrole = \"carrier\"\n\
         [route.1]\nto = [\"group:kept\", \"group:main\"]\n\
         [route.2]\nto = [\"group:kept\", \"group:main\"]\nring = \"10s\"\n\
         [route.3]\nto = [\"group:kept\", \"group:main\"]\nring = \"5s\"\n\
         [route.4]\nto = [\"group:main\", \"group:kept\"]\n\
         [route.5]\nto = \"trunk:c\"\n[route.6]\nto = \"trunk:c\"\n\
         [group.kept]\ntitle = \"k\"\nhours = \"7x24\"\n",
    );
    let steps = |number: &str| match plan.decide(plan.normalise(number.as_bytes()).unwrap(), 0) {
        Decision::Routed(r) => r.route.steps.clone(),
        Decision::Refused(_) => panic!("{number} is refused"),
    };
    assert!(Arc::ptr_eq(&steps("1"), &steps("2")), "10 s is what is not written");
    let ring = |number: &str| match &*steps(number) {
        [Step::Ring { group, timeout_ms }, Step::Queue { .. }] => (group.to_string(), *timeout_ms),
        other => panic!("{number}: {other:?}"),
    };
    assert_eq!(
        [ring("2"), ring("3"), ring("4")],
        [("kept".into(), 10_000), ("kept".into(), 5_000), ("main".into(), 10_000)]
    );
    for number in ["5", "6"] {
        assert!(matches!(&*steps(number), [Step::Trunk { number: out, .. }] if out.to_string() == number), "{number}");
    }
}

#[test]
fn a_look_up_allocates_nothing() {
    let plan = load(
        "[route]\n\"96xxx\" = \"group:main\"\n[hotline.12333]\ntitle = \"t\"\nclass = \"merged\"\ncutover = 2021-11-30\n",
    );
    let (routed, counts) = counted(|| {
        [
            "sip:12345@h",
            "sip:+8659112333@h",
            "tel:96119;phone-context=+86591",
            "sip:0591110@h",
            "sip:13800138000@h",
            "sip:x@h",
        ]
        .iter()
        .filter_map(|uri| plan.normalise(uri.as_bytes()).ok())
        .filter(|dialled| matches!(plan.decide(*dialled, 1_639_533_600_000_000), Decision::Routed(_)))
        .count()
    });
    assert_eq!((routed, counts.allocations), (4, 0));
}
