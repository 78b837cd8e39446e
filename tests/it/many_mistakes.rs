//! Generated plans repeat one mistake many thousand times: the first of each kind are kept, all are counted, everywhere they are told.

#![cfg(test)]

use crate::cli::{Folder, code, document, out, root, switchboard};
use std::fmt::Write;
use std::fs;
use switchboard::dialplan::{Code, Diagnostic, Known, Plan, Severity, Source, render, sarif, told};
use switchboard::fact::Lang;

const MANY: usize = 30_000;

/// The smallest plan and a carrier, and then so many routes to this target.
fn plan(routes: usize, to: &str) -> [Source; 1] {
    let mut text = fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap();
    text.push_str("\n[trunk.carrier]\ntitle = \"c\"\nrole = \"carrier\"\n\n[route]\n");
    for n in 0..routes {
        let _ = writeln!(text, "{} = \"{to}\"", 20_000_000 + n);
    }
    [Source { file: "plan.toml".into(), text: text.into() }]
}

fn mistakes(sources: &[Source]) -> Vec<Diagnostic> {
    Plan::load(sources, &Known::default()).map_or_else(|errors| errors, |(_, warnings)| warnings)
}

#[test]
fn of_each_kind_the_first_are_kept_and_all_are_counted_by_both_lanes() {
    for (to, code, severity) in [
        ("trunk:carrier", Code::OpenRelay, Severity::Warning),
        ("group:nobody", Code::UnknownGroup, Severity::Error),
        ("nowhere", Code::WrongValue, Severity::Error),
    ] {
        // A large file goes by the fast lane, a small one by the tree.
        for routes in [MANY, 3_000] {
            let sources = plan(routes, to);
            let found = mistakes(&sources);
            let of_kind: Vec<&Diagnostic> = found.iter().filter(|m| m.code == code).collect();
            assert_eq!((of_kind.len(), Diagnostic::count(&found, severity)), (Diagnostic::MOST, routes), "{to}");
            // The first in the file, in its order; only the last says how many more there are.
            let places: Vec<_> = of_kind.iter().map(|m| m.primary.as_ref().unwrap().span).collect();
            assert!(places.is_sorted());
            let text = &sources[0].text;
            let first = text.find("20000000").unwrap()..text.find("20001000").unwrap();
            assert!(places.iter().all(|s| first.contains(&(s.start as usize))), "{to}");
            let said: Vec<_> = of_kind.iter().map(|m| m.more).filter(|more| *more > 0).collect();
            assert_eq!(
                (said, of_kind.last().unwrap().more),
                (vec![routes - Diagnostic::MOST], routes - Diagnostic::MOST)
            );
        }
    }
}

#[test]
fn text_json_and_sarif_say_how_many_more_there_are() {
    let sources = plan(MANY, "trunk:carrier");
    let (found, more) = (mistakes(&sources), MANY - Diagnostic::MOST);
    let text = |lang| render(&found, &sources, lang, false);
    assert!(text(Lang::Zh).trim_end().ends_with(&format!("……另有 {more} 处同类问题（DP033）")));
    assert!(text(Lang::En).trim_end().ends_with(&format!("... and {more} more of this kind (DP033)")));
    let told = serde_json::to_value(told(&found, &sources)).unwrap();
    let told = told.as_array().unwrap();
    assert!(told[0].get("more").is_none() && told.last().unwrap()["more"] == more);
    let log = sarif(&found, &sources, Lang::En);
    let last = log["runs"][0]["results"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["properties"]["more"], more);
    assert!(last["message"]["text"].as_str().unwrap().contains(&format!("and {more} more of this kind")));
}

#[test]
fn the_command_line_counts_them_all() {
    let folder = Folder::new();
    let check = |to: &str, words: &[&str]| {
        folder.write("plan.toml", &plan(MANY, to)[0].text);
        let at = folder.0.to_str().unwrap();
        switchboard(&[&["dialplan", "check", at, "--lang", "en"], words].concat())
    };
    let warned = check("trunk:carrier", &[]);
    assert_eq!(code(&warned), Some(0));
    assert!(out(&warned).contains(&format!("no error, {MANY} to look at")), "{}", out(&warned));
    assert!(out(&warned).contains(&format!("... and {} more; see --json", MANY - 200)));
    let refused = document(&check("group:nobody", &["--json"]));
    let en = refused["error"]["en"].as_str().unwrap_or_default();
    assert!(en.ends_with(&format!("the dialplan has {MANY} errors")), "{refused}");
}
