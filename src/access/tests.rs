use super::right::table;
use super::*;
use crate::clock::{Now, SECOND};
use crate::id::{AgentId, GroupId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

const NOW: i64 = 1_639_533_600_000_000;
const DAY: i64 = 86_400_000_000;

fn who(roles: &[Role]) -> Who {
    Who { name: "x".into(), roles: roles.iter().copied().collect(), secrecy: true, ..Who::default() }
}

fn new(name: &str, role: Role) -> New {
    New { name: name.into(), roles: BTreeSet::from([role]), ..New::default() }
}

#[test]
fn a_role_may_what_the_table_says() {
    let mut text = String::new();
    for right in Right::all() {
        let row: Vec<_> = table().filter(|(r, ..)| *r == right).map(|(_, _, scope)| format!("{scope:?}")).collect();
        text += &format!("{:<12} {}\n", format!("{right:?}"), row.join(" "));
    }
    // Agent, supervisor, department, operator, manager, auditor, admin.
    insta::assert_snapshot!(text);
}

#[test]
fn nobody_who_keeps_the_lines_hears_calls_and_nobody_who_keeps_accounts_sees_callers() {
    for right in [Right::Recording, Right::Unmask, Right::Callbacks] {
        assert_eq!(may(Role::Operator, right), Scope::None, "{right:?}");
    }
    let admin: Vec<Right> = Right::all().filter(|right| may(Role::Admin, *right) != Scope::None).collect();
    assert_eq!(admin, [Right::Session, Right::Accounts]);
    // An auditor changes nothing.
    let auditor: Vec<Right> = Right::all().filter(|right| may(Role::Auditor, *right) != Scope::None).collect();
    assert_eq!(auditor, [Right::Session, Right::Journeys, Right::Plan, Right::Audit]);
}

#[test]
fn an_agent_sees_his_own_caller_whole_and_nobody_elses() {
    let (mine, other) = (AgentId::from("8001"), AgentId::from("8002"));
    let agent = Who { agent: Some(mine.clone()), ..who(&[Role::Agent]) };
    let of = |agents| Object { agents, ..Object::default() };
    let own = [mine];
    assert_eq!(decide(&agent, Right::Calls, Some(&of(&own))), Decision::Allowed { masked: false });
    let others = [other];
    assert_eq!(decide(&agent, Right::Calls, Some(&of(&others))), Decision::Refused(Refusal::Object));
    assert_eq!(decide(&agent, Right::Supervise, None), Decision::Refused(Refusal::Role));
    let nobody = who(&[Role::Agent]);
    assert_eq!(decide(&nobody, Right::Calls, Some(&of(&own))), Decision::Refused(Refusal::Object));
}

#[test]
fn a_supervisor_reaches_his_groups_and_sees_numbers_masked() {
    let (main, kept) = (GroupId::from("main"), GroupId::from("kept.12348"));
    let chief = Who { groups: BTreeSet::from([main.clone()]), ..who(&[Role::Supervisor]) };
    let mains = [main];
    let of = Object { groups: &mains, ..Object::default() };
    assert_eq!(decide(&chief, Right::Supervise, Some(&of)), Decision::Allowed { masked: true });
    let kepts = [kept];
    let of = Object { groups: &kepts, ..Object::default() };
    assert_eq!(decide(&chief, Right::Supervise, Some(&of)), Decision::Refused(Refusal::Object));
    let all = who(&[Role::Supervisor]);
    assert_eq!(decide(&all, Right::Supervise, Some(&of)), Decision::Allowed { masked: true });
}

#[test]
fn a_department_reaches_its_unit_and_those_below_it_alone() {
    let bureau = Who { unit: "市人社局".into(), ..who(&[Role::Department]) };
    let asked = |unit| decide(&bureau, Right::Journeys, Some(&Object { unit, ..Object::default() }));
    assert_eq!(asked("市人社局"), Decision::Allowed { masked: true });
    assert_eq!(asked("市人社局/就业处"), Decision::Allowed { masked: true });
    for other in ["市司法局", "市人社局二处", "", "市"] {
        assert_eq!(asked(other), Decision::Refused(Refusal::Object), "{other}");
    }
    let none = who(&[Role::Department]);
    let of = Object::default();
    assert_eq!(decide(&none, Right::Journeys, Some(&of)), Decision::Refused(Refusal::Object));
}

#[test]
fn without_an_agreement_to_secrecy_no_citizens_data_are_shown() {
    let mut all = who(&Role::ALL);
    all.secrecy = false;
    for right in Right::all() {
        let refused = decide(&all, right, None) == Decision::Refused(Refusal::Secrecy);
        assert_eq!(refused, right.of_citizens(), "{right:?}");
    }
}

#[test]
fn what_one_of_several_roles_may_is_allowed() {
    let both = who(&[Role::Operator, Role::Supervisor]);
    for right in [Right::Supervise, Right::PlanChange, Right::HangUp] {
        assert!(matches!(decide(&both, right, None), Decision::Allowed { .. }), "{right:?}");
    }
    assert_eq!(decide(&both, Right::Accounts, None), Decision::Refused(Refusal::Role));
    // Who has no role, or none until he has taken his second factor, may see to his account and nothing else.
    assert_eq!(decide(&who(&[]), Right::Session, None), Decision::Allowed { masked: true });
    for right in Right::all().filter(|right| *right != Right::Session) {
        assert_eq!(decide(&who(&[]), right, None), Decision::Refused(Refusal::Role), "{right:?}");
    }
}

#[test]
fn an_account_is_joined_by_its_link_once_and_within_three_days() {
    let mut accounts = Accounts::default();
    let until = accounts.add(new("wang", Role::Operator), b"link", NOW).unwrap();
    assert_eq!(until, NOW + 3 * DAY);
    assert!(!accounts.ask("wang").is("anything at all"));
    assert_eq!(accounts.linked(b"another", NOW), Err(Mistake::Link));
    assert_eq!(accounts.linked(b"link", until), Err(Mistake::Link));
    assert_eq!(accounts.linked(b"link", NOW), Ok(("wang", false)));
    assert_eq!(accounts.join(b"link", None, None, NOW), Err(Mistake::Password));
    let hash = Hash::new("correct horse", "wang", [7; 16]).unwrap();
    assert_eq!(accounts.join(b"link", Some(hash.clone()), None, NOW).unwrap(), "wang");
    assert_eq!(accounts.join(b"link", Some(hash), None, NOW), Err(Mistake::Link));
    let asked = accounts.ask("wang");
    assert!(asked.is("correct horse") && !asked.is("correct horse ") && !asked.is(""));
    assert_eq!(accounts.enter("wang", "", (NOW, 0)), Proved::Yes);
    let kept = serde_json::to_string(&accounts.stored()).unwrap();
    assert!(!kept.contains("horse") && kept.contains("$argon2id$"), "{kept}");
    assert_eq!(serde_json::from_str::<Accounts>(&kept).unwrap(), accounts.stored());
}

#[test]
fn a_password_has_ten_characters_and_does_not_say_the_account() {
    for (password, good) in [
        ("short", false),
        ("123456789", false),
        ("Wang-12345", false),
        ("0123456789", true),
        ("十个字的口令也是可以", true),
    ] {
        assert_eq!(Hash::new(password, "wang", [1; 16]).is_ok(), good, "{password}");
    }
    assert_eq!(Hash::new(&"x".repeat(257), "wang", [1; 16]), Err(Mistake::Password));
    assert!(!Hash::nobody().is(""));
}

#[test]
fn an_account_that_is_disabled_changed_or_reset_is_so_at_once() {
    let mut accounts = Accounts::default();
    accounts.add(new("li", Role::Agent), b"a", NOW).unwrap();
    let hash = Hash::new("a good password", "li", [7; 16]).unwrap();
    accounts.join(b"a", Some(hash), None, NOW).unwrap();
    accounts.change("li", Change { disabled: Some(true), ..Change::default() }).unwrap();
    assert!(!accounts.ask("li").is("a good password"));
    assert_eq!(accounts.enter("li", "", (NOW, 0)), Proved::No);
    accounts.change("li", Change { disabled: Some(false), agent: Some("8007".into()), ..Change::default() }).unwrap();
    assert!(accounts.ask("li").is("a good password"));
    assert_eq!(accounts.get("li").unwrap().agent, Some("8007".into()));
    assert_eq!(
        accounts.change("li", Change { roles: Some(BTreeSet::new()), ..Change::default() }),
        Err(Mistake::Roles)
    );
    accounts.reset("li", b"b", NOW).unwrap();
    assert!(!accounts.ask("li").is("a good password"), "a reset takes the password away");
    assert_eq!(accounts.add(new("li", Role::Agent), b"c", NOW), Err(Mistake::Taken));
    for name in ["", "a b", "名", "x/../y", &"x".repeat(33)] {
        assert_eq!(accounts.add(new(name, Role::Agent), b"c", NOW), Err(Mistake::Name), "{name}");
    }
    assert_eq!(accounts.add(New { name: "z".into(), ..New::default() }, b"c", NOW), Err(Mistake::Roles));
}

#[test]
fn what_stands_in_the_file_is_changed_there_and_never_kept() {
    let written = Account {
        roles: BTreeSet::from([Role::Admin]),
        origin: Origin::File,
        kept: Kept::Written(Secret::of(b"lab-admin")),
        ..Account::default()
    };
    let written = BTreeMap::from([("admin".to_owned(), written)]);
    let mut accounts = Accounts::of(Accounts::default(), written, BTreeSet::from([Role::Admin]));
    assert!(accounts.ask("admin").is("lab-admin") && !accounts.ask("admin").is("lab-admi"));
    assert_eq!(accounts.enter("admin", "", (NOW, 0)), Proved::Yes, "a laboratory's account has no second factor");
    assert_eq!(accounts.change("admin", Change::default()), Err(Mistake::File));
    assert_eq!(accounts.reset("admin", b"x", NOW), Err(Mistake::File));
    assert_eq!(accounts.stored(), Accounts::default());
    assert!(accounts.get("admin").unwrap().agreed(NOW));
}

#[test]
fn a_code_is_of_its_half_minute_and_taken_once() {
    // RFC 6238, appendix B, the secret of SHA-1; six of its eight digits.
    let mut second = Second::new(*b"12345678901234567890");
    assert_eq!(second.code(59), "287082");
    assert_eq!(second.code(1_111_111_109), "081804");
    assert_eq!(second.typed(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    let code = second.code(1_000_000);
    assert!(!second.takes("000000", 1_000_000) && !second.takes("", 1_000_000));
    assert!(!second.takes(&code, 1_000_000 + 90), "too old");
    assert!(second.takes(&code, 1_000_000 + 29));
    assert!(!second.takes(&code, 1_000_000 + 29), "a second time");
    let mut accounts = Accounts::default();
    accounts.add(new("op", Role::Operator), b"l", NOW).unwrap();
    let hash = Hash::new("a good password", "op", [7; 16]).unwrap();
    accounts.join(b"l", Some(hash), Some(second.clone()), NOW).unwrap();
    assert_eq!(accounts.enter("op", "", (NOW, 2_000_000)), Proved::CodeWanted);
    assert_eq!(accounts.enter("op", &second.code(2_000_000), (NOW, 2_000_000)), Proved::Yes);
}

#[test]
fn a_session_ends_by_age_by_idleness_and_with_its_account() {
    let mut sessions = Sessions::default();
    let key = SessionKey::of(b"shown");
    sessions.begin(key, "li", "af".into(), NOW);
    let never = |_: &str| false;
    assert!(sessions.look(SessionKey::of(b"guessed"), NOW, true, never).is_none());
    assert!(sessions.look(key, NOW + IDLE - 1, true, never).is_some());
    assert!(sessions.look(key, NOW + 2 * IDLE - 2, false, never).is_some());
    assert!(sessions.look(key, NOW + 2 * IDLE - 1, true, |_| true).is_some(), "his agent is in a call");
    assert!(sessions.look(key, NOW + LONGEST, true, |_| true).is_none());
    sessions.begin(key, "li", "af".into(), NOW);
    assert!(sessions.look(key, NOW + IDLE, true, never).is_none());
    sessions.begin(key, "li", "af".into(), NOW);
    assert!(sessions.look(key, NOW - DAY, true, never).is_some(), "a clock that was set back");
    let other = SessionKey::of(b"other");
    sessions.begin(other, "li", "af".into(), NOW);
    sessions.end_all("li", Some(other));
    assert!(sessions.look(key, NOW, true, never).is_none() && sessions.look(other, NOW, true, never).is_some());
    let session = sessions.look(other, NOW, true, never).unwrap();
    assert!(Sessions::forged(&session, b"") && Sessions::forged(&session, b"ag") && !Sessions::forged(&session, b"af"));
    for n in 0..20 {
        sessions.begin(SessionKey::of(&[n]), "li", "af".into(), NOW + i64::from(n));
    }
    assert_eq!(sessions.len(), 8);
    let kept = sessions.kept().unwrap();
    assert!(sessions.kept().is_none());
    let mut again = Sessions::of(kept);
    assert!(again.look(SessionKey::of(&[19]), NOW + 20, true, never).is_some());
}

#[test]
fn who_guesses_is_locked_out_and_nobody_else() {
    let (thief, home): (IpAddr, IpAddr) = ("203.0.113.9".parse().unwrap(), "192.0.2.1".parse().unwrap());
    let mut guesses = Guesses::default();
    let now = Now::default().plus(SECOND);
    guesses.right("li", home);
    for n in 0..5 {
        assert_eq!(guesses.admits("li", thief, now), Ok(()), "{n}");
        guesses.wrong("li", thief, now);
    }
    assert_eq!(guesses.admits("li", thief, now), Err(Locked { left_s: 30 }));
    assert_eq!(guesses.admits("li", home, now), Ok(()), "the person himself");
    assert_eq!(guesses.admits("wang", thief, now), Ok(()), "another account");
    assert_eq!(guesses.admits("li", thief, now.plus(31 * SECOND)), Ok(()));
    // One house has all addresses behind the first 64 bits.
    let house: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap()];
    for n in 0..5 {
        guesses.wrong("zhao", house[n % 2], now);
    }
    assert_eq!(house.map(|from| guesses.admits("zhao", from, now)), [Err(Locked { left_s: 30 }); 2]);
    // One password at a thousand accounts.
    let many = (0..1_000).filter(|n| {
        let name = format!("agent{n}");
        let heard = guesses.admits(&name, thief, now).is_ok();
        if heard {
            guesses.wrong(&name, thief, now);
        }
        heard
    });
    assert!(many.count() < 40);
    assert_eq!(guesses.admits("wang", home, now), Ok(()));
}

#[test]
fn the_trail_tells_what_was_changed_taken_out_or_put_between() {
    let deed = |n: u32| Deed {
        who: "li".into(),
        by: String::new(),
        from: "192.0.2.1".into(),
        what: "unmask".into(),
        of: format!("call {n}"),
        why: "回访".into(),
        outcome: Outcome::Done,
    };
    let mut chain = Chain::default();
    let entries: Vec<Entry> = (1..=9).map(|n| chain.add(deed(n), NOW + i64::from(n))).collect();
    assert_eq!(broken_at(Chain::default(), &entries), None);
    assert_eq!(broken_at(Chain::behind(&entries[3]), &entries[4..]), None);
    let read: Vec<Entry> =
        entries.iter().map(|e| serde_json::from_str(&serde_json::to_string(e).unwrap()).unwrap()).collect();
    assert_eq!(broken_at(Chain::default(), &read), None);
    let mut changed = entries.clone();
    changed[4].deed.why = "没有".into();
    assert_eq!(broken_at(Chain::default(), &changed), Some(5));
    let mut moved = entries.clone();
    moved[4].at += 1;
    assert_eq!(broken_at(Chain::default(), &moved), Some(5));
    let mut out = entries.clone();
    out.remove(4);
    assert_eq!(broken_at(Chain::default(), &out), Some(5));
    let mut between = entries.clone();
    between.insert(4, Chain::behind(&entries[3]).add(deed(99), NOW));
    assert_eq!(broken_at(Chain::default(), &between), Some(6));
}

#[test]
fn a_masked_number_says_whose_it_may_be_and_not_whose_it_is() {
    let cases = [
        ("13900000001", "139****0001"),
        ("059187654321", "0591****4321"),
        ("013900000001", "0139****0001"),
        ("87654321", "87****21"),
        ("8001", "****1"),
        ("", ""),
        ("+8613900000001", "+86****0001"),
    ];
    for (number, shown) in cases {
        assert_eq!(masked(number), shown);
    }
}

#[test]
fn the_auditors_page_has_a_word_for_all_that_stands_in_a_trail_and_for_nothing_else() {
    let words = include_str!("../../web/src/audit/words.ts");
    let keys = |of: &str| -> BTreeSet<&str> {
        let (_, rest) = words.split_once(&format!("const {of}: Record<string, Pair> = {{")).unwrap();
        let (all, _) = rest.split_once("\n};").unwrap();
        let pairs = all.split(": [").filter_map(|text| text.rsplit(|c: char| c.is_whitespace()).next());
        pairs.filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !key.is_empty()).collect()
    };
    assert_eq!(keys("DEEDS"), BTreeSet::from(DEEDS));
    let rights: Vec<String> =
        Right::all().map(|right| serde_json::to_value(right).unwrap().as_str().unwrap().to_owned()).collect();
    let known: BTreeSet<&str> = keys("DEEDS").union(&keys("RIGHTS")).copied().collect();
    // His own session is refused to nobody.
    let unknown: Vec<&String> =
        rights.iter().filter(|right| *right != "session" && !known.contains(right.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn whoever_lacks_the_factor_that_his_roles_demand_may_see_to_his_account_and_nothing_else() {
    let mut accounts = Accounts::of(Accounts::default(), BTreeMap::new(), BTreeSet::from([Role::Operator]));
    accounts.add(new("li", Role::Agent), b"a", NOW).unwrap();
    let hash = Hash::new("a good password", "li", [7; 16]).unwrap();
    accounts.join(b"a", Some(hash), None, NOW).unwrap();
    let roles = |accounts: &Accounts| accounts.who("li", NOW).unwrap().roles;
    assert_eq!(roles(&accounts), BTreeSet::from([Role::Agent]));
    // A role that demands one comes later: the password alone does not carry it.
    let both = Some(BTreeSet::from([Role::Agent, Role::Operator]));
    accounts.change("li", Change { roles: both.clone(), ..Change::default() }).unwrap();
    assert_eq!(accounts.enter("li", "", (NOW, 0)), Proved::Yes);
    assert_eq!(roles(&accounts), BTreeSet::new());
    let second = Second::new(*b"12345678901234567890");
    accounts.set_second("li", Some(second.clone())).unwrap();
    assert_eq!(Some(roles(&accounts)), both);
    assert_eq!(accounts.enter("li", "", (NOW, 0)), Proved::CodeWanted);
    assert_eq!(accounts.set_second("li", None), Err(Mistake::Demanded));
    // A reset takes the tokens of its programs back too: whoever had the password may have made them.
    accounts.program("li", "wall", b"t", NOW).unwrap();
    accounts.reset("li", b"b", NOW).unwrap();
    assert_eq!(accounts.of_program(Secret::of(b"t")), None);
}
