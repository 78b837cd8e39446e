//! Our own registrations at trunks, from the wire: what is asked, what is believed, how seldom it is asked again.

use crate::support::city;
use crate::support::raw::{Peer, answer, text};
use crate::support::town::Town;
use crate::support::wire::Weather;
use switchboard::exchange::{Answer, Command, RegistrationRow, RegistrationState};
use switchboard::fact::Fact;
use switchboard::id::TrunkId;
use switchboard::sip::dialog::Credentials;
use switchboard::sip::message::Message;
use switchboard::sip::name::{Method, Name};

const REGISTRAR: ([u8; 4], u16) = ([127, 0, 0, 40], 5060);

/// A town that registers at the power company's exchange, and that exchange.
fn town(seed: u64) -> (Town, Peer) {
    let mut settings = city::settings();
    let trunk = settings.trunks.get_mut(&TrunkId::from("utility-power")).unwrap();
    trunk.register = true;
    trunk.credentials = Some(Credentials { user: "hub".into(), password: "secret".into() });
    let town = Town::with("2021-12-15T10:00", seed, Weather::FINE, settings);
    let peer = Peer::at(&town, REGISTRAR);
    (town, peer)
}

/// REGISTERs without their retransmissions since the last time.
fn registers(town: &Town, peer: &mut Peer) -> Vec<Message> {
    let mut all = peer.hears(town);
    all.retain(|m| m.method() == Some(Method::Register));
    all.dedup_by_key(|m| m.cseq().map(|c| c.number));
    all
}

/// Runs until the next REGISTER comes, and that.
fn next(town: &mut Town, peer: &mut Peer) -> Message {
    for _ in 0..80_000 {
        if let Some(found) = registers(town, peer).pop() {
            return found;
        }
        town.runs(0.1);
    }
    panic!("no REGISTER comes");
}

fn row(town: &mut Town) -> RegistrationRow {
    let Answer::Trunks { trunks } = town.asks(Command::Trunks) else { panic!("no trunks") };
    trunks.into_iter().find_map(|t| t.registration).expect("a registration")
}

fn alarms(town: &Town) -> usize {
    town.facts
        .iter()
        .filter(|f| matches!(&f.fact, Fact::Alarm { subject, .. } if subject == "trunk utility-power"))
        .count()
}

fn expires(message: &Message) -> Option<u32> {
    message.number(Name::Expires)
}

#[test]
fn it_is_renewed_once_each_half_time_for_a_day() {
    let (mut town, mut peer) = town(1);
    let mut count = 0;
    while town.now.mono < 86_400 * 1_000_000 {
        let register = next(&mut town, &mut peer);
        count += 1;
        peer.says(&mut town, answer(&register, peer.at, 200, "r", "Expires: 600\r\n", ""));
        assert_eq!(row(&mut town).state, RegistrationState::Registered);
    }
    assert!((287..=290).contains(&count), "{count} REGISTERs a day");
}

#[test]
fn a_423_is_obeyed_and_remembered() {
    let (mut town, mut peer) = town(2);
    let first = next(&mut town, &mut peer);
    assert_eq!(expires(&first), Some(600));
    peer.says(&mut town, answer(&first, peer.at, 423, "r", "Min-Expires: 3600\r\n", ""));
    let second = next(&mut town, &mut peer);
    assert_eq!((expires(&second), second.call_id()), (Some(3600), first.call_id()));
    assert_eq!(second.cseq().unwrap().number, first.cseq().unwrap().number + 1);
    let contact =
        format!("Contact: <sip:hub@127.0.0.9>;expires=0, {};expires=3600\r\n", text(second.value(Name::Contact)));
    peer.says(&mut town, answer(&second, peer.at, 200, "r", &contact, ""));
    let row = row(&mut town);
    assert_eq!((row.state, row.status), (RegistrationState::Registered, None));
    assert!(row.left_s.is_some_and(|s| (3590..=3600).contains(&s)), "{row:?}");
    assert!(row.next_s.is_some_and(|s| (1790..=1800).contains(&s)), "{row:?}");
    town.runs(1799.0);
    assert!(registers(&town, &mut peer).is_empty());
    assert_eq!(expires(&next(&mut town, &mut peer)), Some(3600));
}

#[test]
fn a_silent_registrar_is_asked_ever_more_seldom_and_told_of_once() {
    let (mut town, mut peer) = town(3);
    town.runs(3.0 * 3600.0);
    let asked = registers(&town, &mut peer).len();
    assert!((8..=18).contains(&asked), "{asked} attempts in three hours");
    assert_eq!(alarms(&town), 1);
    let silent = row(&mut town);
    assert_eq!(silent.state, RegistrationState::Silent);
    let register = next(&mut town, &mut peer);
    peer.says(&mut town, answer(&register, peer.at, 200, "r", "", ""));
    assert_eq!(row(&mut town).state, RegistrationState::Registered);
}

#[test]
fn a_registrar_that_has_changed_its_mind_is_not_stormed() {
    let (mut town, mut peer) = town(4);
    let register = next(&mut town, &mut peer);
    peer.says(&mut town, answer(&register, peer.at, 200, "r", "", ""));
    let from = town.now.mono;
    let mut count = 0;
    while town.now.mono < from + 6 * 3600 * 1_000_000 {
        let register = next(&mut town, &mut peer);
        count += 1;
        peer.says(&mut town, answer(&register, peer.at, 403, "r", "", ""));
    }
    assert!((6..=16).contains(&count), "{count} REGISTERs in six hours");
    assert_eq!(alarms(&town), 1);
    let row = row(&mut town);
    assert_eq!((row.state, row.status, row.left_s), (RegistrationState::Refused, Some(403), None));
    assert!(row.next_s.is_some_and(|s| s >= 300), "{row:?}");
}

#[test]
fn elsewhere_is_the_trunks_own_address_or_nowhere() {
    let (mut town, mut peer) = town(5);
    let mut other = Peer::at(&town, ([127, 0, 0, 40], 5090));
    let mut strange = Peer::at(&town, ([127, 0, 0, 99], 5060));
    let register = next(&mut town, &mut peer);
    let lines = "Contact: <sip:127.0.0.99>, <sip:127.0.0.40:5090>\r\n";
    peer.says(&mut town, answer(&register, peer.at, 302, "r", lines, ""));
    let moved = registers(&town, &mut other).pop().expect("it is followed");
    other.says(&mut town, answer(&moved, other.at, 200, "r", "", ""));
    assert_eq!(row(&mut town).state, RegistrationState::Registered);
    let again = next(&mut town, &mut peer);
    peer.says(&mut town, answer(&again, peer.at, 301, "r", "Contact: <sip:127.0.0.99>\r\n", ""));
    town.runs(250.0);
    assert!(strange.hears(&town).is_empty() && registers(&town, &mut peer).is_empty());
    assert_eq!(row(&mut town).status, Some(301));
}
