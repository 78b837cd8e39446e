//! The operator's addresses: the plan, its numbers and its why in the words of the command line; orders that put another one in force;
//! and how the switchboard is.
#![cfg(test)]

use super::api::{Api, obliging};
use super::cli::{document, err, out, root, switchboard};
use super::doors::person;
use super::operators::{Daemon, Office};
use super::reports::Day;
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use switchboard::admin::{ConfigFile, Order, Outcome, Pulse, Task};
use switchboard::exchange::{Answer, Command, Meters, Storage, TrunkRow};
use switchboard::fact::{Cause, Fact, How, Party, Service};
use switchboard::id::CallRef;
use switchboard::ledger::figures::Sheet;
use switchboard::store::{Health, Reader, plans::Record};
use switchboard::web::Limits;
use tokio::sync::mpsc;

const TOKEN: &str = "long-enough-for-anybody";
/// 2021-12-15 10:00:00 in Asia/Shanghai, µs.
const TEN: i64 = 1_639_533_600_000_000;
const DAY: i64 = 86_400_000;

/// A value as it stands in a query.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The shipped plan in a folder of its own under a daemon with pages.
struct House {
    office: Office,
    daemon: Daemon,
    at: SocketAddr,
}

impl House {
    fn new(plan: &str) -> Self {
        let office = Office::new("2021-12-15T10:00");
        let account = |name: &str, role: &str| {
            format!("[[accounts]]\nname = \"{name}\"\nroles = [\"{role}\"]\npassword = \"lab-{{name}}\"\n")
        };
        let accounts = [account("ops", "operator"), account("chief", "manager"), account("eye", "auditor")].concat();
        office.configure(&format!(
            "{plan}\n[admin]\nhttp = \"127.0.0.1:0\"\nhttp_token = \"{TOKEN}\"\n[web]\nsecond_factor = []\n{accounts}\
             [[seats]]\nnumbers = [\"8001\", \"8002\"]\npassword = \"lab-{{seat}}\"\n"
        ));
        let daemon = office.start(&[]);
        let at = daemon.ready["result"]["http"].as_str().unwrap().parse().unwrap();
        Self { office, daemon, at }
    }

    fn sends(&self, method: &str, path: &str, headers: &[String], body: &str) -> (u16, Value, String) {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: sw.example\r\nConnection: close\r\n");
        headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
        text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        let mut stream = TcpStream::connect(self.at).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null), head.to_owned())
    }

    /// Signs in; what a person shows from then on.
    fn person(&self, account: &str) -> Vec<String> {
        let body = json!({ "account": account, "password": format!("lab-{account}") }).to_string();
        let (status, told, head) = self.sends("POST", "/api/v1/session", &[], &body);
        assert_eq!(status, 200, "{told}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        let cookie = cookie.split(';').next().unwrap();
        vec![format!("Cookie: {cookie}"), format!("X-Anti-Forgery: {}", told["anti_forgery"].as_str().unwrap())]
    }

    fn get(&self, who: &[String], path: &str) -> Value {
        let (status, told, _) = self.sends("GET", path, who, "");
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    fn post(&self, who: &[String], path: &str, body: &Value) -> (u16, Value) {
        let (status, told, _) = self.sends("POST", path, who, &body.to_string());
        (status, told)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.office.path(&format!("dialplans/{file}")), text).unwrap();
    }
}

#[test]
fn why_says_what_the_command_line_says() {
    let house = House::new("");
    let ops = house.person("ops");
    // The command line looks for prompts where the plan is.
    std::os::unix::fs::symlink(root().join("dialplans/prompts"), house.office.path("dialplans/prompts")).unwrap();
    let at = "2021-12-15T10:00";
    // What the command line is told beside the number, and what the page is told.
    type More = &'static [(&'static str, &'static str, &'static str)];
    let questions: [(&str, More); 8] = [
        ("12345", &[]),
        ("12333", &[("--at", "at", "2022-01-20T09:00")]),
        ("12333", &[("--at", "at", "2030-01-01")]),
        ("110", &[("--trunk", "from", "carrier")]),
        ("sip:+8659112345@x", &[("--from", "caller", "13900000001"), ("--trunk", "from", "carrier")]),
        ("8002", &[("--seat", "from", "8001")]),
        ("12366", &[("--seats", "seats", "3")]),
        ("nobody", &[]),
    ];
    for (number, more) in questions {
        let mut asked = vec!["dialplan", "why", number];
        let mut query = format!("number={}", escaped(number));
        for (flag, key, value) in more {
            asked.extend([*flag, *value]);
            query += &format!("&{key}={}", if *key == "at" { (*value).to_owned() } else { escaped(value) });
        }
        if !query.contains("&at=") {
            asked.extend(["--at", at]);
            query += &format!("&at={at}");
        }
        let config = house.office.path("switchboard.toml");
        let config = config.to_str().unwrap();
        for lang in ["zh", "en"] {
            let said = switchboard(&[&asked[..], &["--config", config, "--lang", lang]].concat());
            let told = house.get(&ops, &format!("/api/v1/plan/why?{query}&lang={lang}"));
            assert_eq!(told["text"].as_str().unwrap(), out(&said), "{query} {lang}: {}", err(&said));
            assert_eq!(told["text"], told[lang]);
        }
        let facts = document(&switchboard(&[&asked[..], &["--config", config, "--json"]].concat()))["result"].clone();
        assert_eq!(house.get(&ops, &format!("/api/v1/plan/why?{query}"))["facts"], facts, "{query}");
    }
    for (query, field) in [
        ("", "number"),
        ("number=%20", "number"),
        (&*format!("number={}", "1".repeat(65)), "number"),
        ("number=12345&at=yesterday", "at"),
        ("number=12345&from=nowhere", "from"),
        ("number=12345&lang=fr", "lang"),
        ("number=12345&seats=many", "seats"),
        ("number=12345&nmuber=1", "nmuber"),
    ] {
        let (status, told, _) = house.sends("GET", &format!("/api/v1/plan/why?{query}"), &ops, "");
        assert_eq!((status, &told["field"]), (422, &json!(field)), "{query}: {told}");
        assert!(!told["zh"].as_str().unwrap().is_empty() && !told["en"].as_str().unwrap().is_empty());
    }
}

const MORE: &str = "[route]\n\"968xx\" = \"group:main\"\n96800 = \"release:486\"\n";

#[test]
fn a_plan_is_compared_put_in_force_and_taken_back_by_a_page_and_the_trail_says_who() {
    let house = House::new("");
    let (ops, chief) = (house.person("ops"), house.person("chief"));
    let first = house.get(&ops, "/api/v1/plan");
    assert_eq!((&first["edited_by"], &first["folder"]["differs"]), (&json!("pages"), &json!(false)));
    assert_eq!(first["history"][0]["change"], "start");
    let compare = |what: &str| house.post(&ops, &format!("/api/v1/plan/{what}?lang=en"), &json!({}));
    let (status, told) = compare("compare");
    assert_eq!((status, &told["outcome"]), (200, &json!("compared")));
    assert!(told["text"].as_str().unwrap().starts_with("every decision stays as it is\n"), "{told}");

    house.write("95-more.toml", MORE);
    assert_eq!(house.get(&chief, "/api/v1/plan")["folder"]["differs"], true);
    let (_, told) = compare("diff");
    let numbers: Vec<_> =
        told["difference"]["numbers"].as_array().unwrap().iter().map(|n| n["number"].clone()).collect();
    assert_eq!(numbers, [json!("96800"), json!("968xx")]);
    assert!(told["zh"].as_str().unwrap().contains("最近 24 小时的 0 个来电重放"), "{told}");
    let (_, told) = compare("check");
    assert!(told["outcome"] == "ok" && told["text"].as_str().unwrap().contains("no error"), "{told}");

    applied(&house, &ops, &chief, first["version"].as_str().unwrap());
    assert_eq!(house.daemon.stop(), Some(0));
}

#[test]
fn a_plan_is_edited_in_a_page_and_its_files_are_written_only_without_a_mistake() {
    let house = House::new("");
    let (ops, chief) = (house.person("ops"), house.person("chief"));
    let folder = house.get(&ops, "/api/v1/plan/files");
    let base = folder["version"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&ops, "/api/v1/plan")["version"], base.as_str());
    let names: Vec<_> = folder["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert!(names.len() > 1 && names.iter().all(|name| name.ends_with(".toml")), "{names:?}");
    let path = house.office.path("dialplans/95-more.toml");
    let writes = |who: &[String], name: &str, text: &str, base: &str| {
        let body = json!({ "files": [{ "name": name, "text": text }], "base": base, "note": "968" });
        house.post(who, "/api/v1/plan/write", &body)
    };
    assert_eq!(writes(&chief, "95-more.toml", MORE, &base).0, 403);
    for name in ["../95-more.toml", ".95.toml", "95.txt", ".toml", "a/b.toml", ""] {
        let (status, told) = writes(&ops, name, MORE, &base);
        assert_eq!((status, &told["field"]), (422, &json!("files")), "{name}");
    }
    // With a mistake nothing is written; the mistake has its place.
    let (status, told) = writes(&ops, "95-more.toml", "[route]\n96900 = \"group:nobody\"\n", &base);
    assert_eq!((status, &told["outcome"]), (200, &json!("wrong")), "{told}");
    assert!(told["mistakes"][0]["file"].as_str().unwrap().ends_with("95-more.toml") && !path.exists());
    // What somebody else has written meanwhile is not written over.
    assert_eq!(writes(&ops, "95-more.toml", MORE, "older").1["outcome"], "moved");
    assert!(!path.exists());
    // Longer than any other body may be.
    let long = format!("{MORE}{}", "# a comment\n".repeat(4_000));
    let (_, told) = writes(&ops, "95-more.toml", &long, &base);
    assert_eq!((&told["outcome"], &told["record"]["author"]), (&json!("in_force"), &json!("ops")), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), long);
    let after = house.get(&ops, "/api/v1/plan/files");
    assert_ne!(after["version"], base.as_str());
    assert_eq!(house.get(&ops, "/api/v1/plan")["version"], after["version"]);
    // Texts that stand nowhere yet are looked at in the same way.
    let mut files = after["files"].as_array().unwrap().clone();
    files.retain(|file| file["name"] != "95-more.toml");
    let (_, told) = house.post(&ops, "/api/v1/plan/compare", &json!({ "files": files }));
    assert_eq!((&told["outcome"], &told["version"]), (&json!("compared"), &json!(base)), "{told}");
    assert_eq!(house.daemon.stop(), Some(0));
}

/// The same, once it is seen what would differ: applied, refused with mistakes, taken back, and written down.
fn applied(house: &House, ops: &[String], chief: &[String], first: &str) {
    let compare = |what: &str| house.post(ops, &format!("/api/v1/plan/{what}?lang=en"), &json!({}));
    // Whoever may look may not change.
    assert_eq!(house.post(chief, "/api/v1/plan/apply", &json!({ "note": "x" })).0, 403);
    let (status, told) = house.post(ops, "/api/v1/plan/apply", &json!({ "note": "968 给总台" }));
    assert_eq!(
        (status, &told["outcome"], &told["record"]["author"]),
        (200, &json!("in_force"), &json!("ops")),
        "{told}"
    );
    let second = told["version"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert!(told["text"].as_str().unwrap().contains(&format!("已生效：版本 {second}")), "{told}");
    let (_, told) = house.post(ops, "/api/v1/plan/apply", &json!({}));
    assert_eq!(told["outcome"], "unchanged");

    // A plan with mistakes changes nothing: each is told with its place, in both languages.
    house.write(
        "96-wrong.toml",
        "[route]\n96900 = \"group:nobody\"\n[[expect]]\nnumber = \"96800\"\nis = \"group:main\"\n",
    );
    let (status, told) = house.post(ops, "/api/v1/plan/apply", &json!({ "note": "y" }));
    assert_eq!((status, &told["outcome"]), (200, &json!("wrong")));
    let mistakes = told["mistakes"].as_array().unwrap();
    assert!(!mistakes.is_empty());
    for mistake in mistakes {
        assert!(mistake["file"].as_str().unwrap().ends_with("96-wrong.toml"), "{mistake}");
        assert!(mistake["line"].as_u64().unwrap() > 0);
        assert!(!mistake["zh"].as_str().unwrap().is_empty() && !mistake["en"].as_str().unwrap().is_empty());
    }
    assert_eq!(house.get(ops, "/api/v1/plan")["version"], second);
    assert_eq!(compare("check").1["outcome"], "wrong");
    // What the plan itself expects is held too.
    house.write("96-wrong.toml", "[[expect]]\nnumber = \"96800\"\nat = 2021-12-15\nroute = \"group:main\"\n");
    let (_, told) = house.post(ops, "/api/v1/plan/apply", &json!({}));
    assert_eq!(told["outcome"], "wrong", "{told}");
    fs::remove_file(house.office.path("dialplans/96-wrong.toml")).unwrap();

    taken_back(house, ops, first, &second);
}

fn taken_back(house: &House, ops: &[String], first: &str, second: &str) {
    let back = json!({ "version": first, "note": "退回" });
    let (status, told) = house.post(ops, "/api/v1/plan/rollback", &back);
    assert_eq!((status, &told["outcome"], &told["version"]), (200, &json!("in_force"), &json!(first)), "{told}");
    let (_, told) = house.post(ops, "/api/v1/plan/rollback", &json!({ "version": "nothing" }));
    assert_eq!(told["outcome"], "no_version");
    let (status, told) = house.post(ops, "/api/v1/plan/rollback", &json!({}));
    assert_eq!((status, &told["field"]), (422, &json!("version")));

    let now = house.get(ops, "/api/v1/plan");
    let changes: Vec<_> =
        now["history"].as_array().unwrap().iter().map(|h| (h["change"].clone(), h["by"].clone())).collect();
    assert_eq!(
        changes,
        [(json!("rollback"), json!("ops")), (json!("reload"), json!("ops")), (json!("start"), json!(""))]
    );
    let page = house.get(ops, "/api/v1/plan/history?limit=2");
    assert_eq!((page["items"].as_array().unwrap().len(), &page["next"]), (2, &json!("2")));
    let rest = house.get(ops, "/api/v1/plan/history?limit=2&after=2");
    assert_eq!((rest["items"][0]["change"].as_str(), &rest["next"]), (Some("start"), &Value::Null));

    let eye = house.person("eye");
    let trail = house.get(&eye, "/api/v1/audit?who=ops");
    let told: Vec<_> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| ["what", "of", "why", "outcome"].map(|k| e[k].as_str().unwrap_or_default().to_owned()))
        .collect();
    let due = |what: &str, of: &str, why: &str, outcome: &str| [what, of, why, outcome].map(str::to_owned);
    let due = [
        due("plan_rollback", "nothing", "", "failed"),
        due("plan_rollback", first, "退回", "done"),
        due("plan_apply", "", "", "failed"),
        due("plan_apply", "", "y", "failed"),
        due("plan_apply", second, "", "done"),
        due("plan_apply", second, "968 给总台", "done"),
        due("sign_in", "", "", "done"),
    ];
    assert_eq!(told, due);
}

#[test]
fn a_plan_that_files_keep_is_looked_at_and_not_changed_by_a_page() {
    let house = House::new("edited_by = \"files\"");
    let ops = house.person("ops");
    house.write("95-more.toml", MORE);
    let plan = house.get(&ops, "/api/v1/plan");
    assert_eq!(plan["edited_by"], "files");
    assert_eq!(house.post(&ops, "/api/v1/plan/compare", &json!({})).1["outcome"], "compared");
    for (order, body) in [("apply", json!({})), ("rollback", json!({ "version": plan["version"] }))] {
        let (status, told) = house.post(&ops, &format!("/api/v1/plan/{order}"), &body);
        assert_eq!((status, &told["error"]), (409, &json!("read_only")), "{told}");
    }
    assert_eq!(house.get(&ops, "/api/v1/plan")["version"], plan["version"]);
    let trail = house.get(&house.person("eye"), "/api/v1/audit?who=ops&limit=1");
    assert_eq!(
        (&trail["items"][0]["what"], &trail["items"][0]["outcome"]),
        (&json!("plan_rollback"), &json!("refused"))
    );
    // The command line changes it all the same.
    let (exit, told) = house.office.json(&["reload"]);
    assert_eq!((exit, &told["result"]["in_force"]), (Some(0), &json!(true)), "{told}");
}

/// A planner that is a script: what it was ordered, and what it answers.
fn planner(
    heard: &Arc<Mutex<Vec<Order>>>,
    answer: impl Fn(&Order) -> Option<Outcome> + Send + 'static,
) -> mpsc::Sender<Task> {
    let (orders, mut ordered) = mpsc::channel::<Task>(64);
    let heard = Arc::clone(heard);
    std::thread::spawn(move || {
        let mut unanswered = Vec::new();
        while let Some((order, _, to)) = ordered.blocking_recv() {
            let outcome = answer(&order);
            heard.lock().unwrap().push(order);
            match outcome {
                Some(outcome) => drop(to.send(outcome)),
                None => unanswered.push(to),
            }
        }
    });
    orders
}

#[test]
fn the_history_is_paged_the_author_is_the_account_and_a_silent_planner_is_busy() {
    let record = |number: u64| Record {
        number,
        at: TEN + number as i64,
        version: if number >= 118 { "v118".into() } else { format!("v{number}") },
        base: None,
        how: How::Reload,
        author: "li".into(),
        uid: None,
        note: String::new(),
        set_aside: None,
        heir: switchboard::dialplan::lineage::Heir::default(),
    };
    let answer = move |order: &Order| match order {
        Order::History => Some(Outcome::History {
            records: (1..=120).map(record).collect(),
            kept: vec!["v118".into()],
            now: "v118".into(),
            folder: ("/plan".into(), None),
        }),
        Order::Rollback { .. } => None,
        _ => Some(Outcome::Unchanged { version: "v120".into(), config: ConfigFile::Same }),
    };
    let heard = Arc::default();
    let orders = planner(&heard, answer);
    let limits = Limits { patience: std::time::Duration::from_millis(200), ..Limits::default() };
    let api = Api::showing(limits, |views| (views.planner, views.house.plan_by_pages) = (Some(orders), true), obliging);
    let ops = person(&api, "ops");
    let (status, plan) = ops.says(&api, "GET", "/api/v1/plan", "");
    assert_eq!(
        (status, &plan["since"], plan["history"].as_array().unwrap().len()),
        (200, &json!(TEN + 118), 50),
        "{plan}"
    );
    assert_eq!((&plan["history"][0]["kept"], &plan["history"][49]["kept"]), (&json!(true), &json!(false)));
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let (_, page) = ops.says(&api, "GET", &format!("/api/v1/plan/history?limit=50{next}"), "");
        all.extend(page["items"].as_array().unwrap().iter().map(|item| item["number"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => break,
        }
    }
    assert_eq!(all, (1..=120).rev().collect::<Vec<u64>>());
    assert_eq!(ops.says(&api, "GET", "/api/v1/plan/history?after=x", "").0, 422);
    // A person orders in his own name, a program in the one that it says.
    assert_eq!(ops.says(&api, "POST", "/api/v1/plan/apply", r#"{"note":"n","by":"某人"}"#).0, 200);
    assert_eq!(api.says("POST", "/plan/apply", r#"{"note":"n","by":"某人"}"#).status, 200);
    let authors: Vec<_> = heard
        .lock()
        .unwrap()
        .iter()
        .filter_map(|order| match order {
            Order::Reload(by) => Some(by.author.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(authors, ["ops", "某人"]);
    // Without a planner nothing hangs.
    let bare = Api::new(obliging);
    assert_eq!(bare.says("GET", "/plan", "").refused(), (503, "stopping"));
}

#[test]
fn every_number_is_told_with_its_life_and_its_calls() {
    let mut day = Day::new();
    // Two today, one two days ago, one of a cancelled number today, and one before all that is told.
    for (n, (number, ms)) in
        [("12345", 0), ("12345", 1_000), ("12345", -2 * DAY), ("12358", 2_000), ("12345", -9 * DAY)]
            .into_iter()
            .enumerate()
    {
        let call = CallRef::mint(TEN + ms * 1_000, n as u64);
        day.at(ms, call, Day::offered(number));
        let (entry, title) = (format!("hotline.{number}"), "x".to_owned());
        day.at(
            ms,
            call,
            Fact::CallRouted { entry, title, service: Service::Hotline, state: String::new(), plan: String::new() },
        );
        let (outcome, cause) = (switchboard::fact::Outcome::Abandoned, Cause::CallerGone);
        day.at(ms + 500, call, Fact::CallEnded { outcome, by: Party::Caller, cause, status: None });
    }
    day.flush();
    let api = Api::new(obliging);
    let mut sheet = Sheet::new(api.views.figures.load().book.zone().clone());
    Reader::open(day.folder()).unwrap().each(i64::MIN, i64::MAX, |cdr| sheet.book.add(&cdr)).unwrap();
    api.views.figures.store(sheet.into());

    let all = api.says("GET", "/plan/numbers", "").body;
    let items = all["items"].as_array().unwrap();
    let plan = Arc::clone(&api.views.plan.load().plan);
    let rows = plan.numbers(api.views.clock.now().wall);
    assert_eq!((items.len(), &all["next"]), (rows.len(), &Value::Null));
    assert!(items.iter().filter(|item| item["address"].as_str().unwrap().starts_with("hotline.")).count() >= 32);
    for (item, row) in items.iter().zip(&rows) {
        assert_eq!((item["number"].as_str(), item["state"].as_str()), (Some(&*row.number), Some(&*row.state)));
        let life = item["life"].as_array().unwrap();
        assert_eq!(life.iter().filter(|period| period["now"] == true).count(), 1, "{item}");
        assert!(life.iter().all(|p| !p["zh"].as_str().unwrap().is_empty() && !p["en"].as_str().unwrap().is_empty()));
        assert_eq!(item["calls"].as_array().unwrap().len(), 8);
    }
    let of = |number: &str| items.iter().find(|item| item["number"] == number).unwrap();
    assert_eq!(of("12345")["calls"], json!([0, 0, 0, 0, 0, 1, 0, 2]));
    assert_eq!(of("12358")["calls"], json!([0, 0, 0, 0, 0, 0, 0, 1]));
    assert_eq!((&all["days"][7], &all["days"][0]), (&json!("2021-12-15"), &json!("2021-12-08")));
    let merged =
        items.iter().find(|item| item["class"] == "merged" && item["life"].as_array().unwrap().len() == 3).unwrap();
    let whats: Vec<_> = merged["life"].as_array().unwrap().iter().map(|p| p["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["before", "transition", "cancelled"]);

    paged(&api, items);
    annex(&api);
}

/// Page by page it is the same list; at another moment it stands elsewhere.
fn paged(api: &Api, items: &[Value]) {
    let (mut paged, mut next) = (Vec::new(), String::new());
    loop {
        let page = api.says("GET", &format!("/plan/numbers?limit=7{next}"), "").body;
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(after) => next = format!("&after={}", escaped(after)),
            None => break,
        }
    }
    assert_eq!(paged, items);
    let later = api.says("GET", "/plan/numbers?at=2030-01-01&filter=12358", "").body;
    assert_eq!((later["items"].as_array().unwrap().len(), &later["items"][0]["state"]), (1, &json!("cancelled")));
    assert_eq!((&later["items"][0]["today"], &later["items"][0]["now"]["zh"]), (&json!("cancelled"), &json!("已取消")));
    assert_eq!(api.says("GET", "/plan/numbers?at=never", "").status, 422);
    assert_eq!(api.says("GET", "/plan/numbers?limit=0", "").status, 422);
}

/// The annex is the command line's.
fn annex(api: &Api) {
    let said = switchboard(&[
        "dialplan",
        "duties",
        "--at",
        "2021-12-15T10:30",
        "--dialplan",
        root().join("dialplans").to_str().unwrap(),
        "--json",
    ]);
    let (due, told) = (document(&said)["result"].clone(), api.says("GET", "/plan/duties?at=2021-12-15T10:30", "").body);
    assert!(due["demands"].as_u64() > Some(100), "{due}");
    for key in ["annex", "demands", "met", "declared", "not_met", "at", "beyond"] {
        assert_eq!(told[key], due[key], "{key}");
    }
    assert_eq!(told["rows"].as_array().unwrap().len(), due["rows"].as_array().unwrap().len());
}

#[test]
fn health_says_what_wants_somebody_and_asks_nobody_who_is_silent() {
    let trunk = |trunk: &str, up: bool| TrunkRow {
        trunk: trunk.into(),
        outbound: None,
        targets: Vec::new(),
        up,
        calls: 0,
        registration: None,
    };
    let answer = move |command: &Command| match command {
        Command::Trunks => Some(Answer::Trunks { trunks: vec![trunk("carrier", true)] }),
        Command::Recordings => {
            Some(Answer::Recordings { storage: Some(Storage { refused: true, ..Storage::default() }) })
        }
        other => obliging(other),
    };
    let api = Api::new(answer);
    let ops = person(&api, "ops");
    let health = || ops.says(&api, "GET", "/api/v1/health", "");
    // Before it serves, and once it is silent, nothing is asked of it.
    let (status, told) = health();
    assert_eq!((status, &told["ready"], &told["reasons"][0]["reason"]), (200, &json!(false), &json!("starting")));
    assert_eq!((&told["checks"][0]["level"], &told["trunks"]), (&json!("bad"), &Value::Null));
    assert!(api.heard.lock().unwrap().is_empty());

    let emergency = api
        .views
        .plan
        .load()
        .plan
        .trunks()
        .find(|t| t.role == switchboard::dialplan::Role::Emergency)
        .unwrap()
        .id
        .clone();
    let at = api.views.clock.now().mono.max(1);
    let well = Meters {
        ports: (2, 98, 100),
        trunks: vec![("carrier".into(), true, 1), (emergency.clone(), true, 0)],
        ..Meters::default()
    };
    api.views.pulse.store(Pulse { at, meters: well.clone(), ..Pulse::default() }.into());
    let (_, told) = health();
    let bad = |told: &Value| -> Vec<String> {
        let all = told["checks"].as_array().unwrap().iter().filter(|check| check["level"] == "bad");
        all.map(|check| check["en"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told["ready"], true);
    assert_eq!(bad(&told), ["there is no room for recordings: no further one begins"]);
    assert_eq!((&told["ports"]["free"], &told["trunks"][0]["trunk"]), (&json!(98), &json!("carrier")));
    assert!(told["queues"].as_array().unwrap().iter().any(|queue| queue["name"] == "asks" && queue["bound"] == 64));

    let meters = Meters {
        trunks: vec![("carrier".into(), false, 0), (emergency.clone(), false, 0)],
        shed_permille: 250,
        ..well
    };
    let journal = Health { failing: Some("No space left on device".into()), ..Health::default() };
    api.views.pulse.store(Pulse { at, meters, journal, unfolded: 200_000, ..Pulse::default() }.into());
    let (_, told) = health();
    let told = bad(&told).join("\n");
    for word in ["carrier", &*format!("emergency trunk {emergency}"), "overload: 250‰", "No space left"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}
