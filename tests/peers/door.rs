//! Who may speak, and whom we register with: wrong passwords, one number for many callers, a carrier's registrar.

use super::support::lab::{LAB_DAY, Lab};
use super::support::sipp::{Role, Sipp};
use super::support::until;
use switchboard::exchange::RegistrationState;
use switchboard::fact::{Outcome, Target};

/// Where the guesses come from.
const THIEF: [u8; 4] = [127, 0, 0, 99];

#[test]
fn wrong_passwords_lock_their_address_and_the_seat_goes_on() {
    let lab = Lab::start();
    let seat = Sipp::seat(&lab, 1, "8001", |r| r.says(1_100.0).millis(300));
    let guess = |n: u16, password: &str, calls: u32| {
        let role =
            Role::carrier(&lab, n, "guess", "unused").from(THIEF).word("seat", "8001").word("password", password);
        role.calls(calls).start(&lab).ends_well(15_000);
    };
    guess(2, "wrong", 25);
    let row = lab.seat("8001");
    let [locked] = &row.locked[..] else { panic!("{row:?}") };
    assert_eq!((locked.source.as_str(), locked.wrong), ("127.0.0.99", 5), "{row:?}");
    assert!((1..=30).contains(&locked.left_s), "{row:?}");
    // Even the right one is of no use there now; at home the phone calls and is called as before.
    guess(3, "lab-8001", 1);
    let home = Role::carrier(&lab, 4, "register", "unused").from([127, 0, 0, 1]).word("seat", "8002");
    home.start(&lab).ends_well(8_000);
    let caller = Role::dials(&lab, 0, "12345").says(700.0).millis(1_500).start(&lab);
    seat.receives("INVITE", 6_000);
    caller.ends_well(10_000);
    seat.ends_well(3_000);
    let cdr = lab.record();
    assert_eq!((cdr.outcome, cdr.answered_by), (Outcome::Connected, Some(Target::Seat("8001".into()))));
}

/// Their company shows its one number for both.
#[test]
fn two_callers_who_show_one_number_both_reach_12366() {
    let lab = Lab::start();
    let hub = Sipp::seat(&lab, 1, "8001", |r| r);
    let branch = Role::exchange(&lab, "exchange", 20).millis(300).start(&lab);
    let talking = || lab.calls().iter().filter(|c| c.stage == "talking").count();
    let first = Role::dials(&lab, 0, "12366").calling_from("059187654321").millis(5_000).start(&lab);
    assert!(until(6_000, || (talking() == 1).then_some(())).is_some(), "{:#?}", lab.calls());
    let second = Role::dials(&lab, 2, "12366").calling_from("059187654321").millis(1_500).start(&lab);
    assert!(until(6_000, || (talking() == 2).then_some(())).is_some(), "{:#?}", lab.calls());
    assert!(lab.calls().iter().all(|c| c.with == ["branch.12366/12366"]), "{:#?}", lab.calls());
    second.ends_well(10_000);
    first.ends_well(10_000);
    let invites = branch.log().iter().filter(|m| m.starts_with("<INVITE")).count();
    assert_eq!((invites, hub.log().len()), (2, 0), "the hub's seat was disturbed");
    let trunk = Target::Trunk { trunk: "branch.12366".into(), number: "12366".into() };
    assert!(lab.records(2).iter().all(|cdr| cdr.answered_by.as_ref() == Some(&trunk)));
}

#[test]
fn a_registrar_that_wants_more_time_and_a_password_has_us_in_the_end() {
    // The daemon asks at once: where nobody listens yet, it asks again within a minute.
    let account = "trusted = true\nregister = true\nauth_user = \"hub\"\nauth_password = \"secret\"\noptions_s = 0\n\n[trunk.utility-water]";
    let lab = Lab::with(LAB_DAY, |text, _| {
        let changed = text.replacen("trusted = true\noptions_s = 0\n\n[trunk.utility-water]", account, 1);
        assert_ne!(changed, text, "config/lab.toml has another utility-power");
        changed
    });
    let registrar = Role::exchange(&lab, "registrar", 40).calls(1).seconds(100).start(&lab);
    let registrar = registrar.ends_well(95_000);
    let asked: Vec<_> = registrar.messages.iter().filter(|m| m.starts_with("<REGISTER")).collect();
    let expires = |m: &str| super::support::sipp::header(m, "Expires").to_owned();
    assert_eq!(asked.iter().map(|m| expires(m)).collect::<Vec<_>>(), ["600", "1200", "1200"]);
    let row =
        until(3_000, || lab.trunk("utility-power").registration.filter(|r| r.state == RegistrationState::Registered));
    let row = row.unwrap_or_else(|| panic!("{:?}", lab.trunk("utility-power")));
    assert!(row.left_s.is_some_and(|s| (1_080..=1_100).contains(&s)), "{row:?}");
    assert!(row.next_s.is_some_and(|s| (530..=550).contains(&s)), "{row:?}");
}
