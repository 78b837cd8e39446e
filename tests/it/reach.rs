//! How far somebody reaches who may at all: whose seats, whose calls, whose numbers; and what is written down of it.
#![cfg(test)]

use crate::api::Api;
use crate::doors::{CALL, OTHERS, Person, bare, exchange, floor, person, seat, served, sign_in};
use crate::live::events::Events;
use crate::recordings::{day, write};
use crate::reports::Day;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use switchboard::access::Second;
use switchboard::clock::machine_wall;
use switchboard::exchange::{Change, Command, SeatSet};
use switchboard::fact::{Fact, Party, Target};
use switchboard::id::{CallRef, LegRef};
use switchboard::web::Limits;
use switchboard::web::fields::{self, Kind};

/// Before the records and recordings of a day.
fn after(day: &Day) -> Api {
    day.flush();
    let folder = day.folder().to_owned();
    Api::showing(
        Limits::default(),
        move |views| (views.house.state, views.house.recordings) = (folder.clone(), folder.join("recordings")),
        exchange,
    )
}

/// An account of this kind that has come by its link.
fn joined(api: &Api, account: &Value) -> Person {
    let (status, body) = person(api, "admin").says(api, "POST", "/api/v1/accounts", &account.to_string());
    assert_eq!(status, 200, "{body}");
    let link = body["link"].as_str().unwrap().split_once('#').unwrap().1;
    let body = json!({ "link": link, "password": "a long enough one" }).to_string();
    let told = api.sends(&bare("POST", "/api/v1/join", &[], &body));
    assert_eq!(told.status, 200, "{}", told.body);
    let cookie = told.header("set-cookie").and_then(|c| c.split(';').next()?.split_once('=')).unwrap().1.to_owned();
    let him = Person { cookie, token: told.body["anti_forgery"].as_str().unwrap().to_owned() };
    assert_eq!(him.says(api, "POST", "/api/v1/session/secrecy", r#"{"agreed":true}"#).0, 200);
    him
}

/// Entries of the trail of this kind: who, of what, why, how it ended.
fn trail(api: &Api, what: &str) -> Vec<[String; 4]> {
    let (status, body) = person(api, "auditor").says(api, "GET", &format!("/api/v1/audit?what={what}"), "");
    assert_eq!(status, 200, "{body}");
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let all = body["items"].as_array().unwrap().iter();
    all.map(|entry| ["who", "of", "why", "outcome"].map(|key| text(entry, key))).collect()
}

#[test]
fn a_recording_is_heard_for_a_reason_and_never_without_a_line_of_the_trail() {
    let (day, call, _) = day();
    write(&day.folder().join("recordings"), &format!("20211215/{call}"), 40_000);
    let api = after(&day);
    let (chief, other) = (person(&api, "super"), person(&api, "super"));
    let path = format!("/api/v1/journeys/{call}");
    let asks = |him: &Person, path: &str, range: &str| {
        let headers = [format!("Cookie: switchboard={}", him.cookie), format!("Range: {range}")];
        api.sends(&bare("GET", path, &headers.each_ref().map(String::as_str), "")).status
    };
    for path in [format!("{path}/recording"), format!("{path}/recording?why=%20"), format!("{path}/waveform")] {
        let (status, body) = chief.says(&api, "GET", &path, "");
        assert_eq!((status, &body["field"]), (422, &json!("why")), "{path}");
    }
    assert_eq!(trail(&api, "recording"), Vec::<[String; 4]>::new());
    // Whatever part is asked for first.
    let heard = format!("{path}/recording?why=%E6%8A%95%E8%AF%89");
    assert_eq!(asks(&chief, &heard, "bytes=1000-"), 206);
    let entry = || ["super", &call.to_string(), "投诉", "done"].map(str::to_owned);
    assert_eq!(trail(&api, "recording"), [entry()]);
    // The parts that its player asks for then are the same hearing, and so is the picture.
    assert_eq!((asks(&chief, &heard, "x"), asks(&other, &heard, "bytes=0-99")), (200, 206));
    let (status, wave) = chief.says(&api, "GET", &format!("{path}/waveform?why=%E6%8A%95%E8%AF%89"), "");
    assert_eq!((status, &wave["pauses"]), (200, &json!([{ "from_ms": 3_000, "to_ms": 4_000 }])));
    let names: Vec<_> = wave["channels"].as_array().unwrap().iter().map(|c| c["zh"].as_str().unwrap()).collect();
    assert_eq!(names, ["来电人", "坐席", "第三方", "班长"]);
    assert_eq!(trail(&api, "recording"), [entry()]);
    // For another reason it is another hearing.
    assert_eq!(asks(&chief, &format!("{path}/recording?why=x"), "bytes=0-99"), 206);
    assert_eq!(trail(&api, "recording").len(), 2);
}

#[test]
fn a_masked_record_has_the_number_nowhere() {
    let mut day = Day::new();
    // He is called back: his number stands where a trunk's target stands, too.
    let call = CallRef::mint(1_639_533_600_000_000, 0);
    day.at(0, call, Day::offered("12345"));
    let target = Target::Trunk { trunk: "carrier".into(), number: "013900000001".into() };
    day.at(1, call, Fact::LegTried { leg: LegRef(0), target, agent: None });
    day.at(2, call, Fact::LegAnswered { leg: LegRef(0) });
    day.at(3, call, Fact::Connected { leg: LegRef(0) });
    day.ends(4, call, Party::Caller);
    let api = after(&day);
    let path = format!("/api/v1/journeys/{call}");
    for account in ["super", "manager", "ops", "auditor"] {
        let him = person(&api, account);
        for path in ["/api/v1/journeys", &path] {
            let (status, body) = him.says(&api, "GET", path, "");
            let text = body.to_string();
            assert_eq!(status, 200, "{account} {path}: {text}");
            assert!(!text.contains("13900000001") && text.contains("139****0001"), "{account} {path}: {text}");
        }
    }
    let whole = api.says("GET", &format!("/journeys/{call}"), "").body.to_string();
    assert!(whole.contains("013900000001"), "{whole}");
}

#[test]
fn what_a_seat_keys_in_is_left_out_of_a_search_that_says_so() {
    let mut day = Day::new();
    let keyed = [CallRef::mint(1_639_533_600_000_000, 0), CallRef::mint(1_639_533_601_000_000, 1)];
    for (call, dialled) in keyed.iter().zip(["12345", "*72"]) {
        day.at(0, *call, Day::offered(dialled));
        day.ends(4, *call, Party::Caller);
    }
    let api = after(&day);
    let chief = person(&api, "super");
    let found = |asked: &str| -> Vec<String> {
        let (status, body) = chief.says(&api, "GET", &format!("/api/v1/journeys{asked}"), "");
        assert_eq!(status, 200, "{body}");
        body["items"].as_array().unwrap().iter().map(|row| row["dialled"].as_str().unwrap().to_owned()).collect()
    };
    for (asked, dialled) in [("", 2), ("?codes=yes", 2), ("?codes=no", 1), ("?codes=no&number=*72", 0)] {
        assert_eq!(found(asked).len(), dialled, "{asked}");
    }
    assert_eq!(found("?codes=no"), ["12345"]);
    assert_eq!(chief.says(&api, "GET", "/api/v1/journeys?codes=perhaps", "").0, 422);
}

#[test]
fn an_agent_moves_nobody_but_himself() {
    let api = Api::new(exchange);
    let mut rows = floor();
    let mut idle = seat("8005", Some("8005"), "main");
    idle.state = "ready".into();
    let mut chiefs = seat("8050", Some("8050"), "");
    chiefs.groups.clear();
    rows.extend([Change::Seat(Box::new(idle)), Change::Seat(Box::new(chiefs))]);
    api.shows(rows);
    let agent = person(&api, "agent8001");
    let sets = |seat: &str, body: &str| agent.says(&api, "POST", &format!("/api/v1/seats/{seat}"), body).0;
    assert_eq!(sets("8001", r#"{"agent":"8002"}"#), 403, "a colleague at his own seat");
    assert_eq!(sets("8005", r#"{"agent":"8001"}"#), 403, "where a colleague is ready");
    assert_eq!(sets("8005", r#"{"state":"out"}"#), 403);
    assert_eq!((sets("8001", r#"{"agent":"8001"}"#), sets("8004", r#"{"agent":"8001"}"#)), (200, 200));
    // He calls back whoever waited in his own group's line, at his own seat.
    let (_, body) = agent.says(&api, "GET", "/api/v1/callbacks", "");
    let lines: Vec<_> = body["callbacks"].as_array().unwrap().iter().map(|row| row["group"].clone()).collect();
    assert_eq!(lines, [json!("main")]);
    let takes = |of: &str, seat: &str| {
        agent.says(&api, "POST", &format!("/api/v1/callbacks/{of}/take"), &json!({ "seat": seat }).to_string()).0
    };
    assert_eq!((takes(CALL, "8001"), takes(CALL, "8005"), takes(OTHERS, "8001")), (200, 403, 403));
    // A supervisor has a colleague's phone rung for nothing either, but for his own, which stands for itself.
    let chief = person(&api, "super");
    let listens = |seat: &str| {
        let body = json!({ "seat": seat, "why": "质检" }).to_string();
        chief.says(&api, "POST", &format!("/api/v1/calls/{CALL}/monitor"), &body).0
    };
    assert_eq!((listens("8005"), listens("8004"), listens("8050")), (403, 200, 200));
    assert_eq!(chief.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8050"}"#).0, 200);
    let refused: BTreeSet<_> = trail(&api, "seat").into_iter().map(|[who, .., outcome]| (who, outcome)).collect();
    assert_eq!(refused, BTreeSet::from([("agent8001".to_owned(), "refused".to_owned())]));
}

#[test]
fn a_supervisor_has_his_groups_on_the_floor_and_no_other() {
    let api = Api::new(exchange);
    api.shows(floor());
    let chief = joined(&api, &json!({ "name": "wang", "roles": ["supervisor"], "groups": ["main"], "seat": "8004" }));
    let names = |list: &str, key: &str| -> Vec<String> {
        let (status, body) = chief.says(&api, "GET", &format!("/api/v1/{list}"), "");
        assert_eq!(status, 200, "{body}");
        body[list].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("seats", "seat"), ["8001", "8004"]);
    assert_eq!((names("groups", "group"), names("calls", "call")), (vec!["main".to_owned()], vec![CALL.to_owned()]));
    let listens = |call: &str| {
        chief.says(&api, "POST", &format!("/api/v1/calls/{call}/monitor"), r#"{"seat":"8004","why":"质检"}"#).0
    };
    assert_eq!((listens(CALL), listens(OTHERS)), (200, 403));
    // By his account he may, whatever seat he has; a program's seat must supervise the group by the configuration.
    let granted: Vec<bool> = {
        let heard = api.heard.lock().unwrap();
        let all = heard.iter().filter_map(|command| match command {
            Command::Supervise { granted, .. } => Some(*granted),
            _ => None,
        });
        all.collect()
    };
    assert_eq!(granted, [true]);
    let (_, session) = chief.says(&api, "GET", "/api/v1/session", "");
    assert_eq!((&session["own_seat"], &session["groups"]), (&json!("8004"), &json!(["main"])));
}

#[test]
fn what_a_supervisor_does_to_others_stands_in_the_trail() {
    let api = Api::new(exchange);
    api.shows(floor());
    let chief = person(&api, "super");
    let path = format!("/api/v1/calls/{CALL}");
    assert_eq!(chief.says(&api, "POST", &format!("{path}/whisper"), r#"{"seat":"8004","why":"新人"}"#).0, 200);
    assert_eq!(chief.says(&api, "DELETE", &path, r#"{"why":"骚扰"}"#).0, 200);
    assert_eq!(chief.says(&api, "POST", "/api/v1/seats/8001", r#"{"state":"out","reason":"下班"}"#).0, 200);
    // A program says for whom it acts.
    let by = [format!("Authorization: Bearer {}", crate::api::TOKEN), "X-Operator: zhang".to_owned()];
    assert_eq!(api.sends(&bare("DELETE", &path, &by.each_ref().map(String::as_str), "")).status, 200);
    let entry = |who: &str, of: &str, why: &str| [who, of, why, "done"].map(str::to_owned);
    assert_eq!(trail(&api, "whisper"), [entry("super", CALL, "新人")]);
    assert_eq!(trail(&api, "hang_up"), [entry("api", CALL, ""), entry("super", CALL, "骚扰")]);
    assert_eq!(trail(&api, "seat_set"), [entry("super", "8001 out", "下班")]);
}

#[test]
fn an_account_that_is_disabled_leaves_no_telephone_and_no_seat_behind() {
    let api = Api::new(exchange);
    api.shows(floor());
    let agent = joined(&api, &json!({ "name": "li", "roles": ["agent"], "agent": "8002" }));
    assert_eq!(agent.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8004"}"#).0, 200);
    api.shows(vec![Change::Seat(Box::new(seat("8004", Some("8002"), "main")))]);
    let disabled = person(&api, "admin").says(&api, "PATCH", "/api/v1/accounts/li", r#"{"disabled":true}"#);
    assert_eq!(disabled.0, 200, "{}", disabled.1);
    let heard = api.heard.lock().unwrap();
    assert!(heard.iter().any(|c| matches!(c, Command::TakeBack { seat } if seat.as_str() == "8004")), "{heard:?}");
    let out =
        |c: &Command| matches!(c, Command::Seat { seat, state: Some(SeatSet::Out), .. } if seat.as_str() == "8004");
    assert!(heard.iter().any(out), "{heard:?}");
}

/// RFC 4648 §6, as far as a secret needs it.
fn read_base32(text: &str) -> [u8; 20] {
    let mut bits = text.bytes().flat_map(|c| {
        let value = if c.is_ascii_digit() { c - b'2' + 26 } else { c - b'A' };
        (0..5).rev().map(move |bit| value >> bit & 1)
    });
    std::array::from_fn(|_| (0..8).fold(0, |byte, _| byte << 1 | bits.next().unwrap()))
}

#[test]
fn who_is_signed_in_takes_a_second_factor_and_gives_it_up_by_his_password_alone() {
    let api = Api::new(exchange);
    let agent = joined(&api, &json!({ "name": "li", "roles": ["agent"], "agent": "8002" }));
    let (path, off) = ("/api/v1/session/second", "/api/v1/session/second/off");
    let offer = || agent.says(&api, "GET", path, "").1;
    let first = offer();
    assert_eq!((&first["has"], &first["demanded"]), (&json!(false), &json!(false)));
    assert_eq!(first["totp"], offer()["totp"], "a page may be loaded again");
    let secret = first["totp"]["secret"].as_str().unwrap().to_owned();
    let code = || Second::new(read_base32(&secret)).code(u64::try_from(machine_wall() / 1_000_000).unwrap());
    let takes = |old: &str, code: &str| {
        let (status, body) = agent.says(&api, "POST", path, &json!({ "old": old, "code": code }).to_string());
        (status, body["field"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(takes("a long enough one", "000000"), (422, "code".to_owned()));
    assert_eq!(takes("somebody else's", &code()), (422, "old".to_owned()));
    assert_eq!(takes("a long enough one", &code()).0, 200);
    let after = offer();
    assert_eq!(after["has"], true);
    assert_ne!(after["totp"]["secret"], secret.as_str(), "the one in force is shown to nobody");
    assert_eq!(sign_in(&api, "li", "a long enough one", &[]).0, 401, "without the code");
    let (status, body) = agent.says(&api, "POST", off, r#"{"old":"nobody's"}"#);
    assert_eq!((status, &body["field"]), (422, &json!("old")));
    assert_eq!(agent.says(&api, "POST", off, r#"{"old":"a long enough one"}"#).0, 200);
    assert_eq!(sign_in(&api, "li", "a long enough one", &[]).0, 200);
    // One of the configuration is changed there.
    let lab = person(&api, "agent8001");
    assert_eq!(lab.says(&api, "GET", path, "").1["totp"], Value::Null);
    assert_eq!(lab.says(&api, "POST", off, r#"{"old":"lab-agent8001"}"#).0, 409);
}

#[test]
fn a_wrong_password_of_others_keeps_nobody_from_the_place_where_he_signs_in() {
    let api = Api::new(exchange);
    let _ = person(&api, "agent8001");
    let tries = (0..40).map(|n| sign_in(&api, &format!("agent{}", 8002 + n), "wrong", &[]).0);
    assert!(tries.collect::<Vec<_>>().contains(&429), "whoever tries one after the other is not listened to");
    assert_eq!(sign_in(&api, "agent8045", "lab-agent8045", &[]).0, 429, "who has never been here waits");
    assert_eq!(sign_in(&api, "agent8001", "lab-agent8001", &[]).0, 200, "who has does not");
    // A link that is none takes nobody's turn.
    for _ in 0..10 {
        let body = json!({ "link": "none", "password": "a long enough one" }).to_string();
        assert_eq!(api.sends(&bare("POST", "/api/v1/join", &[], &body)).status, 410);
    }
}

#[test]
fn nobody_sends_a_long_body_before_he_has_proved_himself() {
    let api = Api::new(exchange);
    let long = format!("{{\"account\":\"{}\"}}", " ".repeat(100_000));
    for path in ["/api/v1/session", "/api/v1/join", "/api/v1/join/look"] {
        assert_eq!(api.sends(&bare("POST", path, &[], &long)).status, 413, "{path}");
    }
}

#[test]
fn what_the_document_says_of_a_field_is_what_is_read() {
    let api = Api::new(exchange);
    api.shows(floor());
    let [admin, auditor, ops, chief, agent] =
        ["admin", "auditor", "ops", "super", "agent8001"].map(|account| person(&api, account));
    let of = |path: &str| match path {
        _ if path.contains("/accounts") => &admin,
        _ if path.contains("/audit") => &auditor,
        _ if path.contains("/plan") || path.contains("/figures") || path.contains("/groups") => &ops,
        _ if path.contains("/session") || path.contains("/phone") || path.contains("/desk") => &agent,
        _ => &chief,
    };
    let mut looked_at = 0;
    for (method, pattern, query, body) in fields::all() {
        let path = ["{ref}", "{seat}", "{group}", "{id}", "{name}"].iter().zip([CALL, "8001", "main", "7", "nobody"]);
        let path = path.fold(pattern.to_owned(), |path, (from, to)| path.replace(from, to));
        // No field takes such a value: each is named, so each is read there. A name that is none is named too.
        for name in body.iter().map(|field| field.name).chain(["no_such_field"]) {
            let mut wrong: serde_json::Map<String, Value> = body
                .iter()
                .filter(|field| field.name != name)
                .map(|field| (field.name.to_owned(), fitting(field)))
                .collect();
            wrong.insert(name.to_owned(), json!({ "a": ["value", "of", "no", "field"] }));
            if body.is_empty() {
                continue;
            }
            let (status, told) = of(pattern).says(&api, method, &path, &Value::Object(wrong).to_string());
            let named = told["field"].as_str().unwrap_or_default();
            // An account's fields are read all together: the kind of the value is told, not always its name.
            let by_serde = pattern.starts_with("/api/v1/accounts") && named == "body" || named == "map";
            assert!(status == 422 && (named == name || by_serde), "{method} {pattern} {name}: {status} {told}");
            looked_at += 1;
        }
        // What is unknown in a query is refused; what stands in the document is not unknown.
        for field in query.iter().filter(|field| !pattern.ends_with("/live") && field.name != "wait_s") {
            let asked = format!("{path}?{}=%00&no_such_field=1", field.name);
            let (_, told) = of(pattern).says(&api, method, &asked, if method == "GET" { "" } else { "{}" });
            assert!(
                told["field"] != json!(field.name) || !told["zh"].as_str().unwrap().contains("没有这个参数"),
                "{asked}: {told}"
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 150, "{looked_at}");
}

fn fitting(field: &fields::Field) -> Value {
    match field.kind {
        Kind::Flag => json!(true),
        Kind::Number | Kind::Moment => json!(1),
        Kind::Texts => json!(["agent"]),
        Kind::Files => json!([{ "name": "a.toml", "text": "" }]),
        Kind::Word(words) => json!(words[0]),
        Kind::Text => json!("1"),
    }
}

#[test]
fn a_row_is_told_hour_by_hour_to_whoever_may_see_it() {
    let api = Api::new(exchange);
    let mut sheet = (*api.views.figures.load_full()).clone();
    ["12345", "12348", "12348"].iter().for_each(|number| sheet.book.add(&served(number)));
    api.views.figures.store(std::sync::Arc::new(sheet));
    let asks = |account: &str, query: &str| {
        person(&api, account).says(&api, "GET", &format!("/api/v1/figures/trend?{query}"), "")
    };
    let sum = |told: &Value, day: &str| told[day].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>();
    let (status, told) = asks("manager", "by=line&of=12348");
    assert_eq!((status, told["same_weekday"].as_array().unwrap().len()), (200, 24), "{told}");
    let today: Vec<u64> = told["today"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    assert_eq!((today.iter().sum::<u64>(), sum(&told, "same_weekday")), (2, 0));
    assert_eq!(today.get(10), Some(&2), "{today:?}");
    let dept = |of: &str| sum(&asks("dept12348", &format!("by=line&of={of}")).1, "today");
    assert_eq!((dept("12348"), dept("12345")), (2, 0));
    assert_eq!(asks("dept12348", "by=person&of=8001").0, 403);
    assert_eq!(asks("manager", "by=hour&of=x").1["field"], "by");
}

#[test]
fn who_signs_out_takes_nobody_elses_telephone_with_him_and_none_from_under_a_caller() {
    let api = Api::new(exchange);
    let mut rows = floor();
    rows.iter_mut().for_each(|row| {
        if let Change::Seat(row) = row
            && row.seat.as_str() == "8001"
        {
            row.state = "ready".into();
        }
    });
    api.shows(rows);
    let taken = |seat: &str| {
        let heard = api.heard.lock().unwrap();
        heard.iter().any(|c| matches!(c, Command::TakeBack { seat: of } if of.as_str() == seat))
    };
    // The first has had the telephone of 8004 before the second.
    let [first, second] = [("li", "8021"), ("wang", "8022")]
        .map(|(name, agent)| joined(&api, &json!({ "name": name, "roles": ["agent"], "agent": agent })));
    for him in [&first, &second] {
        assert_eq!(him.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8004"}"#).0, 200);
    }
    assert_eq!(first.says(&api, "DELETE", "/api/v1/session", "").0, 200);
    std::thread::sleep(std::time::Duration::from_millis(1_300));
    assert!(!taken("8004"), "it is the second one's");
    assert_eq!(second.says(&api, "DELETE", "/api/v1/session", "").0, 200);
    assert!(taken("8004"));
    // Who talks does not lose his telephone by signing out in another tab.
    let agent = person(&api, "agent8001");
    api.shows(vec![Change::Seat(Box::new(seat("8001", Some("8001"), "main")))]);
    let (status, told) = agent.says(&api, "DELETE", "/api/v1/session", "");
    assert_eq!((status, &told["error"]), (409, &json!("conflict")), "{told}");
    assert_eq!(agent.says(&api, "GET", "/api/v1/session", "").0, 200);
}

#[test]
fn a_call_that_ends_while_its_agents_page_is_away_is_over_for_the_page_that_comes_again() {
    let api = Api::new(exchange);
    api.shows(floor());
    let cookie = format!("Cookie: switchboard={}", person(&api, "agent8001").cookie);
    let follows = |last: &str| Events::of(api.at, "/api/v1/desk/live", &cookie, last).unwrap();
    let mut page = follows("");
    let first = page.message();
    assert_eq!(first["calls"][0]["call"], CALL);
    drop(page);
    let call = CallRef::parse(CALL).unwrap();
    api.shows(vec![Change::Over(call)]);
    let mut again = follows(&first["seq"].to_string());
    let over = (0..6).filter_map(|_| again.next()).find(|(_, _, message)| message["over"] == json!([CALL]));
    assert!(over.is_some(), "the page would show it for ever");
}

#[test]
fn a_reader_whose_rights_change_forgets_what_he_has_and_one_whose_session_ends_is_told_so() {
    let api = Api::new(exchange);
    api.shows(floor());
    let chief = joined(&api, &json!({ "name": "wang", "roles": ["supervisor"], "groups": ["main"] }));
    let (_, made) = person(&api, "admin").says(&api, "POST", "/api/v1/accounts/wang/token", r#"{"note":"x"}"#);
    let program = format!("Authorization: Bearer {}", made["token"].as_str().unwrap());
    let follows = |shown: &str| Events::of(api.at, "/api/v1/live", shown, "").unwrap();
    let (mut page, mut tool) = (follows(&format!("Cookie: switchboard={}", chief.cookie)), follows(&program));
    assert_eq!((page.message()["snapshot"].clone(), tool.message()["snapshot"].clone()), (json!(true), json!(true)));
    let change = json!({ "groups": ["kept.12348"] }).to_string();
    assert_eq!(person(&api, "admin").says(&api, "PATCH", "/api/v1/accounts/wang", &change).0, 200);
    let end = |events: &mut Events| loop {
        match events.next() {
            Some((name, id, told)) if name == "end" => break Some((id, told["code"].clone())),
            Some(_) => {}
            None => break None,
        }
    };
    // His sessions end with the change; his program goes on as what he is now.
    assert_eq!(end(&mut page), Some((None, json!(4401))));
    assert_eq!(end(&mut tool), Some((None, json!(4409))));
}
