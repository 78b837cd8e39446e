//! The words around a dialplan: the one layout, the schema for editors, SARIF, the guide to each code, and files as editors leave them.

#![cfg(test)]

use proptest::prelude::*;
use regex_lite::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use switchboard::dialplan::{Code, Diagnostic, Digits, Guide, Known, Plan, Source, fmt, render, sarif, schema};
use switchboard::fact::Lang;
use switchboard::id::{PromptId, SeatId};

fn root() -> PathBuf {
    std::env::var_os("SWITCHBOARD_ROOT").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// The TOML files of a folder with their names, in order.
fn folder(below: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join(below)).unwrap().map(|e| e.unwrap().path());
    let files = entries.filter(|p| p.extension().is_some_and(|x| x == "toml"));
    files
        .map(|p| (format!("{below}/{}", p.file_name().unwrap().to_string_lossy()), fs::read_to_string(&p).unwrap()))
        .collect()
}

fn source(text: &str) -> [Source; 1] {
    [Source { file: "plan.toml".into(), text: text.into() }]
}

fn load(text: &str, known: &Known) -> Vec<Diagnostic> {
    Plan::load(&source(text), known).map_or_else(|mistakes| mistakes, |(_, warnings)| warnings)
}

fn codes(text: &str, known: &Known) -> BTreeSet<&'static str> {
    load(text, known).iter().map(|m| m.code.as_str()).collect()
}

fn minimal() -> String {
    fs::read_to_string(root().join("tests/samples/dialplans/valid/minimal.toml")).unwrap()
}

#[test]
fn the_shipped_files_and_the_samples_are_in_the_one_layout() {
    for (name, text) in [folder("dialplans"), folder("tests/samples/dialplans/valid")].into_iter().flatten() {
        let [source] = source(&text);
        assert_eq!(fmt::formatted(&source).unwrap(), text, "{name}: run `switchboard dialplan fmt` over it");
    }
    // Of the others, those that are TOML.
    for (name, text) in folder("tests/samples/dialplans/invalid") {
        let [source] = source(&text);
        let laid_out = fmt::formatted(&source);
        let codes = |mistakes: Vec<Diagnostic>| mistakes.iter().map(|m| m.code.as_str()).collect::<BTreeSet<_>>();
        match laid_out {
            Ok(laid_out) => assert_eq!(laid_out, text, "{name}: run `switchboard dialplan fmt` over it"),
            Err(mistakes) => {
                let syntax = BTreeSet::from(["DP001", "DP002", "DP006", "DP008"]);
                assert!(codes(mistakes).is_subset(&syntax), "{name}");
            }
        }
    }
}

#[test]
fn every_wrong_example_makes_its_mistake_alone_and_every_right_one_none() {
    let example = |text: &str| {
        // An example with a [city] or an [emergency] of its own replaces that of the smallest plan, or all of it.
        let minimal = minimal();
        let city = minimal.find("[hotline").unwrap();
        let base = match (text.contains("[city]"), text.contains("[emergency]")) {
            (false, _) => minimal.as_str(),
            (true, false) => &minimal[city..],
            (true, true) => "",
        };
        format!("{base}\n{text}")
    };
    for code in Code::ALL.iter().copied() {
        let guide = Guide::of(code);
        let prompts = [
            "waiting",
            "busy",
            "transition/12333",
            "transition/12345",
            "cancelled/12333",
            "transition/12358",
            "cancelled/12358",
        ];
        let cancelled = Digits::parse("12358").filter(|_| code == Code::Revived);
        let known = Known {
            prompts: Some(prompts.into_iter().map(PromptId::from).collect()),
            seats: Some(Some(SeatId::from("8021")).filter(|_| code == Code::SeatTaken).into_iter().collect()),
            cancelled: cancelled.into_iter().collect(),
            wall: Some(1_648_742_400_000_000),
        };
        let wrong = example(guide.wrong);
        let mistakes = load(&wrong, &known);
        let shown = render(&mistakes, &source(&wrong), Lang::En, false);
        assert_eq!(codes(&wrong, &known), BTreeSet::from([code.as_str()]), "{shown}");
        let right = example(guide.right);
        let mistakes = load(&right, &known);
        assert!(mistakes.is_empty(), "{code}: {}", render(&mistakes, &source(&right), Lang::En, false));
        assert!(guide.zh.chars().count() > 10 && guide.en.len() > 30, "{code}");
        let [example] = source(guide.right.trim_start());
        assert_eq!(fmt::formatted(&example).unwrap(), guide.right.trim_start(), "{code}");
    }
}

#[test]
fn what_editors_leave_in_a_file_does_not_matter() {
    let plain = minimal();
    let loaded =
        |text: &str| Plan::load(&source(text), &Known::default()).map(|(plan, w)| (plan.groups().count(), w.len()));
    let wanted = loaded(&plain).unwrap();
    let crlf = plain.replace('\n', "\r\n");
    for text in [
        format!("\u{feff}{plain}"),
        crlf.clone(),
        format!("\u{feff}{crlf}"),
        plain.replace(" = ", "\t=\t"),
        plain.trim_end().to_owned(),
    ] {
        assert_eq!(loaded(&text).ok(), Some(wanted));
        let [source] = source(&text);
        assert_eq!(fmt::formatted(&source).unwrap(), fmt::formatted(&self::source(&plain)[0]).unwrap());
    }
    // A mistake behind a BOM and CRLF stands where an editor shows it.
    let wrong = format!("\u{feff}titel = 1\r\n{crlf}");
    let sources = source(&wrong);
    let mistakes = Plan::load(&sources, &Known::default()).unwrap_err();
    let region =
        &sarif(&mistakes, &sources, Lang::En)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region, &json!({ "startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 6 }));
    // No file, an empty one and one of comments alone: the same three things are missing.
    let none = Plan::load(&[], &Known::default()).unwrap_err();
    for text in ["", "# nothing yet\n"] {
        assert_eq!(load(text, &Known::default()), none);
    }
}

#[test]
fn sarif_has_every_rule_and_every_place_in_characters() {
    let text = format!("{}\n[route]\n8001 = \"group:中文\" # 号码\n8001 = \"group:main\"\n", minimal());
    let sources = [Source { file: "计划 1/a.toml".into(), text: text.into() }];
    let mistakes = Plan::load(&sources, &Known::default()).unwrap_err();
    for lang in [Lang::Zh, Lang::En] {
        let log = sarif(&mistakes, &sources, lang);
        let run = &log["runs"][0];
        assert_eq!((&log["version"], &run["columnKind"]), (&json!("2.1.0"), &json!("unicodeCodePoints")));
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), Code::ALL.len());
        for result in run["results"].as_array().unwrap() {
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(rule["help"]["text"].as_str().unwrap().contains('\n'));
        }
    }
    let mut results = sarif(&mistakes, &sources, Lang::Zh)["runs"][0]["results"].clone();
    let uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(uri, "%E8%AE%A1%E5%88%92%201/a.toml");
    results
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(|r| r["locations"][0]["physicalLocation"]["artifactLocation"] = Value::Null);
    insta::assert_snapshot!(format!("{results:#}"));
}

/// A file as an editor hands it to a validator: dates and times are strings.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(s) => json!(s),
        toml::Value::Integer(n) => json!(n),
        toml::Value::Float(n) => json!(n),
        toml::Value::Boolean(b) => json!(b),
        toml::Value::Datetime(d) => json!(d.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(t) => Value::Object(t.iter().map(|(k, v)| (k.clone(), as_json(v))).collect()),
    }
}

#[test]
fn the_schema_takes_every_valid_file() {
    let schema = schema::schema();
    for (name, text) in [folder("dialplans"), folder("tests/samples/dialplans/valid")].into_iter().flatten() {
        let value = as_json(&toml::from_str(&text).unwrap());
        assert_eq!(refuses(&schema, &value), None, "{name}");
    }
    for code in Code::ALL {
        let value = as_json(&toml::from_str(Guide::of(*code).right).unwrap());
        assert_eq!(refuses(&schema, &value), None, "{code}");
    }
}

#[test]
fn the_schema_refuses_what_it_can_see() {
    let schema = schema::schema();
    let mut met = 0;
    let seen = |code: &str| ["DP003", "DP004", "DP005"].contains(&code);
    for (name, text) in folder("tests/samples/dialplans/invalid") {
        let wanted = text.lines().next().and_then(|l| l.strip_prefix("# expect:")).unwrap().split_whitespace();
        if wanted.clone().any(seen) && wanted.clone().all(|c| seen(c) || c == "DP070") {
            let value = as_json(&toml::from_str(&text).unwrap());
            assert!(refuses(&schema, &value).is_some(), "{name}");
            met += 1;
        }
    }
    assert!(met >= 3, "{met}");
    // Each mistake by itself: `table`, the lines in it.
    let single = [
        "[cities]",
        "[city]\nissued = 2021-11-08",
        "[city]\narea = \"0591\"\nissued = 2021-11-08\nsubscriber = 99",
        "[city]\narea = \"0591\"\nissued = \"soon\"",
        "[group.x]\ntitle = \"x\"\nhours = \"9to5\"",
        "[group.x]\ntitle = \"x\"\nhours = { calendar = \"cn\", from = 08:30 }",
        "[group.x]\ntitle = \"x\"\nhours = \"7x24\"\nring = \"0s\"",
        "[group.x]\ntitle = \"x\"\nhours = \"7x24\"\nring = \"8 seconds\"",
        "[group.x]\ntitle = \"x\"\nhours = \"7x24\"\nweight = 101",
        "[group.x]\ntitle = \"x\"\nhours = \"7x24\"\noverflow = [\"group:a\", \"main\"]",
        "[group.x]\ntitle = 5\nhours = \"7x24\"",
        "[group.x]\ntitle = \"x\"\nhours = \"7x24\"\ntrusted = \"yes\"",
        "[group.x]\nhours = \"7x24\"",
        "[trunk.x]\ntitle = \"x\"\nrole = \"friend\"",
        "[trunk.x]\ntitle = \"x\"\nrole = \"carrier\"\nnumber_in = [\"area\", \"odd\"]",
        "[trunk.x.y]\ntitle = \"x\"\nrole = \"carrier\"",
        "[hotline.12345]\ntitle = \"x\"\nclass = \"hub\"",
        "[hotline.12345]\ntitle = \"x\"\nclass = \"hub\"\ngroup = \"main\"\ncutover = 2021-11-30",
        "[hotline.12333]\ntitle = \"x\"\nclass = \"merged\"",
        "[hotline.12333]\ntitle = \"x\"\nclass = \"merged\"\nstopped = false",
        "[hotline.12333]\ntitle = \"x\"\nclass = \"merged\"\nstopped = true\nuntil = 2021-11-30",
        "[hotline.12348]\ntitle = \"x\"\nclass = \"parallel\"",
        "[hotline.12348]\ntitle = \"x\"\nclass = \"parallel\"\nseats = \"kept\"",
        "[hotline.12348]\ntitle = \"x\"\nclass = \"parallel\"\nseats = \"pooled\"\ngroup = \"main\"",
        "[hotline.12366]\ntitle = \"x\"\nclass = \"branch\"",
        "[hotline.1234x]\ntitle = \"x\"\nclass = \"branch\"\ntrunk = \"x\"",
        "[utility.95598]\ntitle = \"x\"",
        "[route]\n8001 = \"main\"",
        "[route]\n8001 = \"release:999\"",
        "[route]\n\"xxxx\" = \"group:main\"",
        "[route.8001]\nring = \"6s\"",
        "[calendar.cn]\nholidays = [\"new year\"]",
        "[[expect]]\ndial = \"12345\"\nto = \"group:main\"",
        "[expect]\ndial = \"12345\"\nat = 2021-11-08T10:00\nto = \"group:main\"",
        "[emergency]\nprogress = \"2s\"",
    ];
    for text in single {
        let value = as_json(&toml::from_str(text).unwrap());
        assert!(refuses(&schema, &value).is_some(), "{text}");
        let whole = format!("{}\n{text}\n", minimal());
        // What the schema refuses, `check` refuses; a second [city] or [emergency] is a mistake of its own.
        assert!(Plan::load(&source(&whole), &Known::default()).is_err(), "{text}");
    }
}

/// The first reason why a value is not what the schema says: the keywords that the schema uses, and no other (2020-12).
fn refuses(schema: &Value, value: &Value) -> Option<String> {
    let rules = match schema {
        Value::Bool(true) => return None,
        Value::Object(rules) => rules,
        _ => return Some(format!("{value} is not allowed")),
    };
    let holds = |key: &str| rules.get(key).and_then(|s| refuses(s, value)).is_none();
    rules.iter().find_map(|(keyword, rule)| {
        let object = value.as_object();
        let text = value.as_str();
        let good = match keyword.as_str() {
            "$schema" | "title" | "description" | "then" | "else" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "pattern" => text.is_none_or(|t| Regex::new(rule.as_str().unwrap()).unwrap().is_match(t)),
            "maxLength" => text.is_none_or(|t| t.chars().count() as u64 <= rule.as_u64().unwrap()),
            "minimum" => value.as_i64().is_none_or(|n| n >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|n| n <= rule.as_i64().unwrap()),
            "required" => {
                object.is_none_or(|o| rule.as_array().unwrap().iter().all(|k| o.contains_key(k.as_str().unwrap())))
            }
            "dependentRequired" => object.is_none_or(|o| {
                let needs = rule.as_object().unwrap().iter().filter(|(k, _)| o.contains_key(*k));
                needs.flat_map(|(_, n)| n.as_array().unwrap()).all(|n| o.contains_key(n.as_str().unwrap()))
            }),
            "propertyNames" => object.is_none_or(|o| o.keys().all(|k| refuses(rule, &json!(k)).is_none())),
            "items" => value.as_array().is_none_or(|a| a.iter().all(|v| refuses(rule, v).is_none())),
            "anyOf" => rule.as_array().unwrap().iter().any(|s| refuses(s, value).is_none()),
            "allOf" => return rule.as_array().unwrap().iter().find_map(|s| refuses(s, value)),
            "if" => {
                let branch = if refuses(rule, value).is_none() { "then" } else { "else" };
                return (!holds(branch)).then(|| format!("{branch} of {rule}"));
            }
            "properties" | "patternProperties" => return members(rules, keyword, value),
            "additionalProperties" => return members(rules, keyword, value),
            other => panic!("the validator of this test does not know `{other}`"),
        };
        (!good).then(|| format!("{keyword} {rule}: {value}"))
    })
}

fn members(rules: &serde_json::Map<String, Value>, keyword: &str, value: &Value) -> Option<String> {
    let matching = |key: &str| {
        let named = rules.get("properties").and_then(|p| p.get(key)).map(|s| ("properties", s));
        let patterns = rules.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        let found =
            patterns.filter(|(p, _)| Regex::new(p).unwrap().is_match(key)).map(|(_, s)| ("patternProperties", s));
        named.into_iter().chain(found).collect::<Vec<_>>()
    };
    value.as_object()?.iter().find_map(|(key, member)| {
        let schemas = matching(key);
        let reason = if keyword == "additionalProperties" {
            schemas.is_empty().then(|| refuses(&rules[keyword], member)).flatten()
        } else {
            schemas.iter().filter(|(k, _)| *k == keyword).find_map(|(_, s)| refuses(s, member))
        };
        reason.map(|reason| format!("{key}: {reason}"))
    })
}

/// A valid file with a few places of it written over, as a slip of the hand or a hostile one leaves it.
fn mangled() -> impl Strategy<Value = String> {
    let names = ["warned", "lives", "patterns", "formats"];
    let text = (0..names.len()).prop_map(move |i| {
        fs::read_to_string(root().join(format!("tests/samples/dialplans/valid/{}.toml", names[i]))).unwrap()
    });
    const BITS: [&str; 35] = [
        "",
        "\n",
        "\r\n",
        " ",
        "\t",
        "\"",
        "'",
        "\"\"\"",
        "#",
        "=",
        "[",
        "]",
        "[[",
        "{",
        "}",
        ",",
        ".",
        "“",
        "，",
        "１",
        "\u{3000}",
        "\u{feff}",
        "x",
        "0",
        "9",
        "-",
        "true",
        "\\u00e9",
        "\\",
        "\0",
        "[route]\n",
        "110",
        "2021-02-30",
        "group:",
        "é",
    ];
    let slip = (any::<prop::sample::Index>(), 0..12usize, proptest::sample::select(&BITS[..]));
    (text, proptest::collection::vec(slip, 1..6)).prop_map(|(text, slips)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, length, written) in slips {
            let start = at.index(chars.len());
            let end = (start + length).min(chars.len());
            chars.splice(start..end, written.chars());
            if chars.is_empty() {
                break;
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_in_a_file_is_told_in_its_place(text in mangled()) {
        let sources = source(&text);
        let mistakes = load(&text, &Known::default());
        for lang in [Lang::Zh, Lang::En] {
            prop_assert_eq!(render(&mistakes, &sources, lang, false).is_empty(), mistakes.is_empty());
        }
        let lines: Vec<usize> = text.split('\n').map(|l| l.chars().filter(|c| *c != '\u{feff}').count()).collect();
        for result in sarif(&mistakes, &sources, Lang::En)["runs"][0]["results"].as_array().unwrap() {
            for place in result["locations"].as_array().into_iter().chain(result["relatedLocations"].as_array()).flatten() {
                let at = |key: &str| place["physicalLocation"]["region"][key].as_u64().unwrap() as usize;
                prop_assert!((at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn")), "{}", place);
                for (line, column) in [("startLine", "startColumn"), ("endLine", "endColumn")] {
                    let width = lines.get(at(line) - 1).copied();
                    prop_assert!(width.is_some_and(|w| (1..=w + 1).contains(&at(column))), "{} of {:?}", place, width);
                }
            }
        }
    }

    #[test]
    fn the_layout_changes_no_verdict(text in mangled()) {
        let [before] = source(&text);
        let verdict = |text: &str| {
            let mistakes = load(text, &Known::default());
            mistakes.into_iter().map(|m| (m.code, m.title)).collect::<Vec<_>>()
        };
        if let Ok(after) = fmt::formatted(&before) {
            prop_assert_eq!(verdict(&after), verdict(&text), "{}", after);
        }
    }
}
