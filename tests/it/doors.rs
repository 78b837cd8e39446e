//! Every address × every role; and what somebody tries who may not: forged changes, planted sessions, guesses, paths, bodies.
#![cfg(test)]

use crate::api::{Api, TOKEN, obliging};
use crate::support::city::at;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use switchboard::access::{Right, Role, Scope, may};
use switchboard::exchange::{Answer, CallRow, CallbackRow, Change, Command, GroupRow, SeatRow};
use switchboard::fact::Missed;
use switchboard::ledger::Cdr;
use switchboard::web::Action;
use switchboard::web::doors::DOORS;

pub(super) const CALL: &str = "5bhd7pq5c01";
pub(super) const OTHERS: &str = "5bhd7pq5c02";

/// One account of the laboratory a role.
const ACCOUNTS: [(Role, &str); 7] = [
    (Role::Agent, "agent8001"),
    (Role::Supervisor, "super"),
    (Role::Department, "dept12348"),
    (Role::Operator, "ops"),
    (Role::Manager, "manager"),
    (Role::Auditor, "auditor"),
    (Role::Admin, "admin"),
];

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) cookie: String,
    pub(super) token: String,
}

pub(super) fn sign_in(api: &Api, account: &str, password: &str, more: &[&str]) -> (u16, Value, Option<String>) {
    let body = json!({ "account": account, "password": password }).to_string();
    let told = api.sends(&bare("POST", "/api/v1/session", more, &body));
    let cookie =
        told.header("set-cookie").and_then(|c| c.split(';').next()?.split_once('=')).map(|(_, v)| v.to_owned());
    (told.status, told.body, cookie)
}

pub(super) fn person(api: &Api, account: &str) -> Person {
    let (status, body, cookie) = sign_in(api, account, &format!("lab-{account}"), &[]);
    assert_eq!(status, 200, "{account}: {body}");
    Person { cookie: cookie.unwrap(), token: body["anti_forgery"].as_str().unwrap().to_owned() }
}

/// A request without a token.
pub(super) fn bare(method: &str, path: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: sw.example\r\nConnection: close\r\n");
    headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
    text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    text.into_bytes()
}

impl Person {
    pub(super) fn says(&self, api: &Api, method: &str, path: &str, body: &str) -> (u16, Value) {
        let headers = [format!("Cookie: switchboard={}", self.cookie), format!("X-Anti-Forgery: {}", self.token)];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let told = api.sends(&bare(method, path, &headers, body));
        (told.status, told.body)
    }
}

pub(super) fn seat(seat: &str, agent: Option<&str>, group: &str) -> SeatRow {
    serde_json::from_value(json!({
        "seat": seat, "agent": agent, "group": group, "groups": [group], "state": "talking", "zh": "通话", "contact": null,
    }))
    .unwrap()
}

fn call(call: &str, caller: &str, seat: &str, group: &str) -> CallRow {
    serde_json::from_value(json!({
        "call": call, "dialled": "12345", "caller": caller, "stage": "talking", "with": [seat], "group": group,
        "parties": [
            { "leg": 0, "role": "caller", "who": caller, "answered": true, "held": false, "muted": false },
            { "leg": 1, "role": "agent", "who": seat, "answered": true, "held": false, "muted": false },
        ],
    }))
    .unwrap()
}

/// Two agents of two groups, each with a call.
pub(super) fn floor() -> Vec<Change> {
    let group = |group: &str| {
        serde_json::from_value::<GroupRow>(json!({ "group": group, "title": group, "waiting": 0 })).unwrap()
    };
    vec![
        Change::Seat(Box::new(seat("8001", Some("8001"), "main"))),
        Change::Seat(Box::new(seat("8051", Some("8051"), "kept.12348"))),
        Change::Seat(Box::new(seat("8004", None, "main"))),
        Change::Groups(vec![group("main"), group("kept.12348")]),
        Change::Call(Box::new(call(CALL, "13900000001", "8001", "main"))),
        Change::Call(Box::new(call(OTHERS, "13900000002", "8051", "kept.12348"))),
    ]
}

/// The record of a call to this line.
pub(super) fn served(number: &str) -> Cdr {
    let t0 = at("2021-12-15T10:05");
    serde_json::from_value(json!({
        "call": CALL, "first_seq": 1, "seq": 2, "t0": t0, "t1": t0, "t2": t0 + 1, "end": t0 + 2, "origin": { "trunk": "carrier" },
        "caller": "13900000001", "caller_shown": true, "dialled": number, "to": "", "call_id": "", "source": "", "traffic": "city",
        "entry": format!("hotline.{number}"), "title": number, "service": "hotline", "state": null, "plan": null, "prompts": [],
        "visits": [], "attempts": [], "omitted": 0, "answered_by": null, "outcome": "connected", "by": "caller", "cause": "normal",
        "status": null,
    }))
    .unwrap()
}

pub(super) fn exchange(command: &Command) -> Option<Answer> {
    let callback = |of: &str, number: &str, group: &str| CallbackRow {
        callback: switchboard::id::CallRef::parse(of).unwrap(),
        number: number.into(),
        dialled: "12345".into(),
        group: group.into(),
        place: 0,
        why: Missed::Asked,
        tries: 0,
        last: None,
        call: None,
    };
    match command {
        Command::Callbacks => Some(Answer::Callbacks {
            callbacks: vec![callback(CALL, "13900000001", "main"), callback(OTHERS, "13900000002", "kept.12348")],
        }),
        Command::Call { call: of } if of.to_string() == CALL => {
            Some(Answer::Call { call: Box::new(call(CALL, "13900000001", "8001", "main")) })
        }
        Command::Why { .. } => Some(Answer::Unknown),
        Command::Transfer { .. } => Some(Answer::Asked { transfer: 1 }),
        other => obliging(other),
    }
}

/// Each address with a word for what stands in braces.
fn addresses() -> Vec<(&'static str, String, Right)> {
    let mut all = Vec::new();
    for door in DOORS.iter().filter(|door| !door.path.ends_with("{word}") && door.right != Right::Session) {
        let path =
            door.path.replace("{ref}", CALL).replace("{seat}", "8001").replace("{group}", "main").replace("{id}", "7");
        all.push((
            door.method,
            path.replace("{id}", "7").replace("{name}", "nobody").replace("{program}", "none"),
            door.right,
        ));
    }
    for (word, action) in Action::ALL {
        all.push(("POST", format!("/api/v1/calls/{CALL}/{word}"), action.right()));
    }
    all
}

#[test]
fn every_role_may_at_every_address_what_the_table_says_and_nothing_else() {
    let api = Api::new(exchange);
    api.shows(floor());
    let people: BTreeMap<Role, Person> = ACCOUNTS.iter().map(|(role, name)| (*role, person(&api, name))).collect();
    let mut text = String::new();
    for (method, path, right) in addresses() {
        let mut row = Vec::new();
        for (role, person) in &people {
            let (status, body) = person.says(&api, method, &path, "{}");
            let closed = status == 403 && body["why"] == "role";
            assert_eq!(closed, may(*role, right) == Scope::None, "{role:?} {method} {path}: {status} {body}");
            row.push(if closed { "-".to_owned() } else { status.to_string() });
        }
        let (status, body) = (api.sends(&bare(method, &path, &[], "{}")).status, "");
        assert_eq!(status, 401, "{method} {path} {body}");
        text += &format!("{:<34} {}\n", format!("{method} {}", path.trim_start_matches("/api/v1")), row.join(" "));
    }
    // agent, supervisor, department, operator, manager, auditor, admin; 4xx is what the address says to an empty body.
    insta::assert_snapshot!(text);
}

#[test]
fn an_agent_reaches_his_own_call_and_sees_no_other() {
    let api = Api::new(exchange);
    api.shows(floor());
    let agent = person(&api, "agent8001");
    let (_, body) = agent.says(&api, "GET", "/api/v1/calls", "");
    assert_eq!(body["calls"].as_array().unwrap().len(), 1);
    assert_eq!((&body["calls"][0]["call"], &body["calls"][0]["caller"]), (&json!(CALL), &json!("13900000001")));
    let hold = |call: &str| agent.says(&api, "POST", &format!("/api/v1/calls/{call}/hold"), "{}");
    assert_eq!(hold(CALL).0, 200);
    let (status, body) = hold(OTHERS);
    assert_eq!((status, &body["why"]), (403, &json!("object")));
    // He may not end a call from outside, nor listen to one.
    assert_eq!(agent.says(&api, "DELETE", &format!("/api/v1/calls/{CALL}"), "").0, 403);
    assert_eq!(
        agent.says(&api, "POST", &format!("/api/v1/calls/{CALL}/monitor"), r#"{"seat":"8050","why":"x"}"#).0,
        403
    );
    // He signs in himself, and nobody else; where nobody sits, and not over another's talk.
    let seat = |seat: &str, body: &str| agent.says(&api, "POST", &format!("/api/v1/seats/{seat}"), body).0;
    assert_eq!(seat("8001", r#"{"state":"break","reason":"用餐"}"#), 200);
    assert_eq!(seat("8004", r#"{"agent":"8001"}"#), 200);
    assert_eq!(seat("8004", r#"{"agent":"8002"}"#), 403);
    assert_eq!(seat("8051", r#"{"agent":"8001"}"#), 403);
    assert_eq!(seat("8051", r#"{"state":"out"}"#), 403);
}

#[test]
fn a_department_sees_the_figures_of_its_own_lines_and_groups_alone() {
    let api = Api::new(exchange);
    let mut book = (*api.views.figures.load_full()).clone();
    for number in ["12345", "12348", "12333"] {
        book.book.add(&served(number));
    }
    api.views.figures.store(std::sync::Arc::new(book));
    let (dept, manager) = (person(&api, "dept12348"), person(&api, "manager"));
    let keys = |person: &Person, by: &str| {
        let (status, body) = person.says(&api, "GET", &format!("/api/v1/figures?by={by}"), "");
        assert_eq!(status, 200, "{body}");
        let rows = body["rows"].as_array().unwrap().iter().map(|row| row[by].as_str().unwrap().to_owned());
        (rows.collect::<Vec<_>>(), body["sum"]["calls"].as_u64())
    };
    let all = ["12333", "12345", "12348"].map(str::to_owned).to_vec();
    assert_eq!(keys(&manager, "line"), (all, Some(3)));
    assert_eq!(keys(&dept, "line"), (vec!["12348".to_owned()], Some(1)));
    assert_eq!(keys(&dept, "department"), (vec!["市司法局".to_owned()], Some(1)));
    for by in ["person", "traffic", "hour"] {
        let (status, body) = dept.says(&api, "GET", &format!("/api/v1/figures?by={by}"), "");
        assert_eq!((status, &body["why"]), (403, &json!("object")), "{by}");
    }
}

#[test]
fn a_supervisors_seat_is_no_agents_though_nobody_sits_there() {
    let api = Api::new(exchange);
    let mut rows = floor();
    let mut chief = seat("8050", None, "");
    chief.groups.clear();
    rows.push(Change::Seat(Box::new(chief)));
    api.shows(rows);
    let agent = person(&api, "agent8001");
    assert_eq!(agent.says(&api, "POST", "/api/v1/seats/8050", r#"{"agent":"8001"}"#).0, 403);
    assert_eq!(agent.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8050"}"#).0, 403);
    assert_eq!(agent.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8051"}"#).0, 403, "somebody sits there");
    let (_, words) = agent.says(&api, "GET", "/api/v1/desk/words", "");
    assert_eq!(words["seats"], json!(["8001", "8004"]));
    assert_eq!(agent.says(&api, "POST", "/api/v1/phone", r#"{"seat":"8004"}"#).0, 200);
    // His own seat, as his account says.
    assert_eq!(person(&api, "super").says(&api, "POST", "/api/v1/phone", r#"{"seat":"8050"}"#).0, 200);
}

#[test]
fn a_refusal_is_written_down_once_a_minute_and_not_at_each_try() {
    let api = Api::new(exchange);
    let (agent, auditor) = (person(&api, "agent8001"), person(&api, "auditor"));
    for _ in 0..50 {
        assert_eq!(agent.says(&api, "GET", "/api/v1/accounts", "").0, 403);
    }
    let (_, body) = auditor.says(&api, "GET", "/api/v1/audit?who=agent8001&what=accounts", "");
    assert_eq!(body["items"].as_array().unwrap().len(), 1, "{body}");
}

#[test]
fn what_a_person_orders_is_signed_with_his_account_whatever_he_says() {
    let api = Api::new(exchange);
    api.shows(floor());
    let agent = person(&api, "agent8001");
    let body = r#"{"to":"12366","by":"某人"}"#;
    assert_eq!(agent.says(&api, "POST", &format!("/api/v1/calls/{CALL}/three-way"), body).0, 202);
    let said = api.heard.lock().unwrap().iter().find_map(|command| match command {
        Command::Transfer { by, .. } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some("agent8001"));
}

#[test]
fn a_supervisor_sees_all_groups_and_no_number_whole() {
    let api = Api::new(exchange);
    api.shows(floor());
    let chief = person(&api, "super");
    let (_, body) = chief.says(&api, "GET", "/api/v1/calls", "");
    let text = body.to_string();
    assert_eq!(body["calls"].as_array().unwrap().len(), 2);
    assert!(!text.contains("13900000001") && text.contains("139****0001"), "{text}");
    let (_, body) = chief.says(&api, "GET", "/api/v1/callbacks", "");
    assert_eq!(body["callbacks"][0]["number"], "139****0001");
    let monitor = r#"{"seat":"8050","why":"质检"}"#;
    assert_eq!(chief.says(&api, "POST", &format!("/api/v1/calls/{OTHERS}/monitor"), monitor).0, 200);
    // The program of the configuration's token is shown them whole, as ever.
    let whole = api.says("GET", "/calls", "").body.to_string();
    assert!(whole.contains("13900000001"), "{whole}");
}

#[test]
fn a_change_without_its_token_or_from_another_sites_page_is_refused() {
    let api = Api::new(exchange);
    api.shows(floor());
    let agent = person(&api, "agent8001");
    let (cookie, token) = (format!("Cookie: switchboard={}", agent.cookie), format!("X-Anti-Forgery: {}", agent.token));
    let hold = format!("/api/v1/calls/{CALL}/hold");
    let tried = |headers: &[&str]| {
        let told = api.sends(&bare("POST", &hold, headers, "{}"));
        (told.status, told.body["error"].as_str().unwrap_or("").to_owned())
    };
    assert_eq!(tried(&[&cookie]), (403, "forged".into()));
    assert_eq!(tried(&[&cookie, "X-Anti-Forgery: "]), (403, "forged".into()));
    assert_eq!(tried(&[&cookie, "X-Anti-Forgery: guessed"]), (403, "forged".into()));
    assert_eq!(tried(&[&cookie, &token, "Origin: https://evil.example"]), (403, "forged".into()));
    assert_eq!(tried(&[&cookie, &token, "Origin: null"]), (403, "forged".into()));
    assert_eq!(tried(&[&cookie, &token, "Origin: http://sw.example"]).0, 200);
    // Another site's page may not follow what changes either, nor sign anybody in.
    let live = api.sends(&bare("GET", "/api/v1/desk/live", &[&cookie, "Origin: https://evil.example"], ""));
    assert_eq!(live.status, 403);
    let (status, ..) = sign_in(&api, "agent8001", "lab-agent8001", &["Origin: https://evil.example"]);
    assert_eq!(status, 403);
    // A form of another site cannot send JSON, and a form's body is none.
    let form = format!(
        "POST {hold} HTTP/1.1\r\nHost: sw.example\r\nConnection: close\r\n{cookie}\r\n{token}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b"
    );
    assert_eq!(api.sends(form.as_bytes()).status, 415);
}

#[test]
fn a_session_is_never_one_that_the_browser_had_before() {
    let api = Api::new(exchange);
    let planted = "A".repeat(43);
    let (status, _, cookie) = sign_in(&api, "agent8001", "lab-agent8001", &[&format!("Cookie: switchboard={planted}")]);
    assert_eq!(status, 200);
    assert_ne!(cookie.as_deref(), Some(planted.as_str()));
    let tried = |cookie: &str| {
        let told = api.sends(&bare("GET", "/api/v1/session", &[&format!("Cookie: switchboard={cookie}")], ""));
        told.status
    };
    assert_eq!((tried(&planted), tried(cookie.as_deref().unwrap())), (401, 200));
    // Signing in again in the same browser makes the former one void.
    let again = format!("Cookie: switchboard={}", cookie.as_deref().unwrap());
    let (_, _, newer) = sign_in(&api, "agent8002", "lab-agent8002", &[&again]);
    assert_eq!((tried(cookie.as_deref().unwrap()), tried(newer.as_deref().unwrap())), (401, 200));
    let person = person(&api, "ops");
    assert_eq!(person.says(&api, "DELETE", "/api/v1/session", "").0, 200);
    assert_eq!(tried(&person.cookie), 401);
}

#[test]
fn the_cookie_is_for_no_script_no_other_site_and_no_plain_line() {
    let api = Api::new(exchange);
    let body = json!({ "account": "agent8001", "password": "lab-agent8001" }).to_string();
    let told = api.sends(&bare("POST", "/api/v1/session", &[], &body));
    let cookie = told.header("set-cookie").unwrap().to_owned();
    for word in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    // What is in the cookie stands nowhere else.
    let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    assert!(!told.body.to_string().contains(&value));
}

#[test]
fn whoever_guesses_is_locked_out_and_his_colleague_is_not() {
    let api = Api::new(exchange);
    let thief = |account: &str, password: &str| sign_in(&api, account, password, &["X-Forwarded-For: 203.0.113.9"]).0;
    let statuses: Vec<u16> = (0..7).map(|n| thief("agent8001", &format!("guess-{n}"))).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(thief("agent8001", "lab-agent8001"), 429, "not even the right one");
    assert_eq!(thief("agent8002", "lab-agent8002"), 200, "another account");
    assert_eq!(
        sign_in(&api, "agent8001", "lab-agent8001", &["X-Forwarded-For: 192.0.2.7"]).0,
        200,
        "the person himself"
    );
    // An account that is not there is answered as one that is.
    let (status, body, _) = sign_in(&api, "no-such-one", "x", &["X-Forwarded-For: 192.0.2.8"]);
    let (there, same, _) = sign_in(&api, "agent8003", "x", &["X-Forwarded-For: 192.0.2.8"]);
    assert_eq!((status, body), (there, same));
}

#[test]
fn a_program_acts_with_the_rights_of_its_account() {
    let api = Api::new(exchange);
    let admin = person(&api, "admin");
    let (status, body) =
        admin.says(&api, "POST", "/api/v1/accounts", r#"{"name":"wall","role":"manager","title":"大屏"}"#);
    assert_eq!(status, 200, "{body}");
    assert!(body["link"].as_str().unwrap().starts_with("http://sw.example/join#"), "{body}");
    let (status, body) = admin.says(&api, "POST", "/api/v1/accounts/wall/token", r#"{"note":"大屏"}"#);
    assert_eq!(status, 200, "{body}");
    let token = body["token"].as_str().unwrap().to_owned();
    let tried = |path: &str| api.sends(&bare("GET", path, &[&format!("Authorization: Bearer {token}")], "")).status;
    assert_eq!((tried("/api/v1/figures?by=line"), tried("/api/v1/calls"), tried("/api/v1/audit")), (200, 403, 403));
    assert_eq!(admin.says(&api, "DELETE", "/api/v1/accounts/wall/tokens/wall-1", "").0, 200);
    assert_eq!(tried("/api/v1/figures?by=line"), 401);
    // The administrator's own account stands in the file.
    let (status, body) = admin.says(&api, "PATCH", "/api/v1/accounts/admin", r#"{"disabled":true}"#);
    assert_eq!((status, &body["error"]), (409, &json!("in_file")));
}

#[test]
fn a_one_time_link_makes_a_password_once() {
    let api = Api::new(exchange);
    let admin = person(&api, "admin");
    let (_, body) =
        admin.says(&api, "POST", "/api/v1/accounts", r#"{"name":"wang","role":"supervisor","title":"王五"}"#);
    let link = body["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let post = |path: &str, body: Value| {
        let told = api.sends(&bare("POST", path, &[], &body.to_string()));
        (told.status, told.body)
    };
    let (status, body) = post("/api/v1/join/look", json!({ "link": link }));
    assert_eq!((status, &body["account"], &body["title"]), (200, &json!("wang"), &json!("王五")));
    let (status, body) = post("/api/v1/join", json!({ "link": link, "password": "short" }));
    assert_eq!((status, &body["field"]), (422, &json!("password")));
    let (status, body) = post("/api/v1/join", json!({ "link": link, "password": "a long enough one" }));
    assert_eq!((status, &body["home"]), (200, &json!("/hall")), "{body}");
    // Without an agreement to secrecy he sees no citizen's data.
    assert_eq!(body["secrecy"]["valid"], false);
    let (status, body) = post("/api/v1/join", json!({ "link": link, "password": "another long one" }));
    assert_eq!((status, &body["error"]), (410, &json!("link_gone")));
    let (status, body, cookie) = sign_in(&api, "wang", "a long enough one", &[]);
    assert_eq!(status, 200);
    let wang = Person { cookie: cookie.unwrap(), token: body["anti_forgery"].as_str().unwrap().to_owned() };
    let (status, body) = wang.says(&api, "GET", "/api/v1/calls", "");
    assert_eq!((status, &body["why"]), (403, &json!("secrecy")));
    assert_eq!(wang.says(&api, "POST", "/api/v1/session/secrecy", r#"{"agreed":true}"#).0, 200);
    assert_eq!(wang.says(&api, "GET", "/api/v1/calls", "").0, 200);
    // Disabled, he is out at once.
    assert_eq!(admin.says(&api, "PATCH", "/api/v1/accounts/wang", r#"{"disabled":true}"#).0, 200);
    assert_eq!(wang.says(&api, "GET", "/api/v1/session", "").0, 401);
}

#[test]
fn what_was_done_stands_in_the_trail() {
    let api = Api::new(exchange);
    api.shows(floor());
    let (admin, auditor) = (person(&api, "admin"), person(&api, "auditor"));
    let _ = sign_in(&api, "agent8009", "wrong", &[]);
    admin.says(&api, "POST", "/api/v1/accounts", r#"{"name":"li","role":"agent"}"#);
    assert_eq!(admin.says(&api, "GET", "/api/v1/audit", "").0, 403);
    let (status, body) = auditor.says(&api, "GET", "/api/v1/audit?limit=3", "");
    assert_eq!(status, 200);
    let told: Vec<_> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            let text = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
            (text("who"), text("what"), text("of"), text("outcome"))
        })
        .collect();
    let entry = |who: &str, what: &str, of: &str, outcome: &str| {
        (who.to_owned(), what.to_owned(), of.to_owned(), outcome.to_owned())
    };
    let due = [
        entry("admin", "audit", "/api/v1/audit", "refused"),
        entry("admin", "account_add", "li", "done"),
        entry("agent8009", "sign_in", "", "failed"),
    ];
    assert_eq!(told, due);
    assert_eq!(body["head"].as_str().unwrap().len(), 64);
    let next = body["next"].as_str().unwrap().to_owned();
    let table = api.sends(&bare(
        "GET",
        "/api/v1/audit/export?why=%E6%A3%80%E6%9F%A5",
        &[&format!("Cookie: switchboard={}", auditor.cookie)],
        "",
    ));
    assert_eq!(table.status, 200);
    let (status, told) = auditor.says(&api, "GET", "/api/v1/audit/export", "");
    assert_eq!((status, &told["field"]), (422, &json!("why")));
    let (_, older) = auditor.says(&api, "GET", &format!("/api/v1/audit?limit=3&after={next}"), "");
    assert!(older["items"][0]["seq"].as_u64() < body["items"][2]["seq"].as_u64(), "{older}");
}

#[test]
fn pages_say_what_they_may_load_and_nothing_is_reached_by_a_path() {
    let api = Api::new(exchange);
    let told = |path: &str, headers: &[&str]| {
        let mut stream = TcpStream::connect(api.at).unwrap();
        stream.write_all(&bare("GET", path, headers, "")).unwrap();
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    };
    for path in ["/", "/desk", "/join", "/assets/signin.js"] {
        let page = told(path, &[]);
        assert!(page.starts_with("HTTP/1.1 200"), "{path}");
        let head = page.split_once("\r\n\r\n").unwrap().0;
        assert!(head.contains("content-security-policy: default-src 'none'") && !head.contains("unsafe"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
        assert!(told(path, &[&format!("If-None-Match: {tag}")]).starts_with("HTTP/1.1 304"), "{path}");
    }
    assert!(told("/assets/signin.js", &["Accept-Encoding: gzip"]).contains("content-encoding: gzip"));
    let paths = [
        "/assets/../config/lab.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/%00",
        "/..",
        "/desk/../../etc/passwd",
        "/assets/signin.js%00.css",
    ];
    for path in paths {
        let page = told(path, &[]);
        assert!(!page.starts_with("HTTP/1.1 200"), "{path}: {}", page.lines().next().unwrap());
    }
    // With the token too.
    let page = told("/assets/../config/lab.toml", &[&format!("Authorization: Bearer {TOKEN}")]);
    assert!(page.starts_with("HTTP/1.1 404"), "{page}");
}

#[test]
fn the_document_of_the_api_says_what_is_served_and_nothing_else() {
    let api = Api::new(exchange);
    let document = api.says("GET", "/openapi.json", "").body;
    let paths = document["paths"].as_object().unwrap();
    let described: usize = paths.values().map(|of| of.as_object().unwrap().len()).sum();
    assert_eq!(described, DOORS.len() - 1 + Action::ALL.len());
    for (path, methods) in paths {
        let at = path.replace("{ref}", CALL).replace("{seat}", "8001").replace("{group}", "main").replace("{id}", "7");
        for method in methods.as_object().unwrap().keys() {
            let told =
                api.sends(&crate::api::request(&method.to_uppercase(), at.trim_start_matches("/api/v1"), &[], ""));
            // The measurements stand beside the API.
            let there = path == "/metrics" || !(told.body["error"] == "unknown_path" || told.status == 405);
            assert!(there, "{method} {path}: {told:?}");
        }
    }
}
