//! From the configuration file's values to those of the modules.

use super::Error;
use super::planner::InForce;
use super::pulse::Teller;
use crate::browser::Identity;
use crate::clock::Clock;
use crate::config::{self, Config, Outbound, SignIn};
use crate::dialplan::Plan;
use crate::exchange::{self, PersonSettings, SeatSettings, SourceRule, TrunkSettings};
use crate::sip::auth::Password;
use crate::sip::dialog::Credentials;
use crate::sip::endpoint;
use crate::sip::flow::Transport;
use crate::sip::locate::Place;
use crate::sip::transaction::Intervals;
use crate::store::Writer;
use crate::transport::{TlsSettings, Transports, certificate};
use crate::{ledger, media, store, transport, web};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the exchange is told.
pub(super) fn exchange(config: &Config, listen: Vec<(Transport, SocketAddr)>, state: &Path) -> exchange::Settings {
    let t1 = micros(config.sip.t1);
    let intervals = Intervals { t1, ..Intervals::default() };
    let whole = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX);
    exchange::Settings {
        sip: endpoint::Settings {
            intervals,
            user_agent: config.sip.user_agent.clone(),
            session_expires: whole(config.sip.session_expires),
            min_se: whole(config.sip.min_se),
            ..endpoint::Settings::default()
        },
        realm: config.sip.realm.clone(),
        algorithms: config.sip.algorithms.clone(),
        nonce: micros(config.sip.nonce),
        door: None,
        trace: config.trace.memory,
        lockout: config.sip.lockout,
        register: (whole(config.sip.register_min), whole(config.sip.register_max)),
        listen,
        trunks: config.trunks.iter().map(|(id, t)| (id.clone(), trunk(t))).collect(),
        seats: config.seats.iter().map(|(id, s)| (id.clone(), seat(s))).collect(),
        persons: config.persons.iter().map(|(id, p)| (id.clone(), person(p))).collect(),
        breaks: config.floor.breaks.iter().map(|word| word.as_str().into()).collect(),
        callbacks: exchange::CallbackSettings {
            hours: config.floor.callback_hours,
            tries: config.floor.callback_tries,
            every: micros(config.floor.callback_every),
            keep: micros(config.floor.callback_keep),
        },
        floor: exchange::FloorSettings {
            no_answer_limit: config.floor.no_answer_limit,
            no_answer_rest: micros(config.floor.no_answer_rest),
            hold_limit: micros(config.floor.hold_limit),
            long_wrap_up: micros(config.floor.longer_wrap_up),
        },
        ring_time: config.floor.ring_time.map(micros),
        wrap_up: config.floor.wrap_up.map(micros),
        state: state.display().to_string(),
        max_calls: config.sip.max_calls as usize,
        overload: config.sip.overload,
        busy_prompt: config.sip.busy_prompt.as_deref().map(crate::id::PromptId::from),
        record_default: config.recording.default,
        legs_per_caller: config.sip.legs_per_caller as usize,
        codes: config.keys.clone(),
        link: config.admin.link.clone(),
        early_hangup: micros(config.floor.early_hangup),
        return_wait: micros(config.floor.return_wait),
        whisper: config.floor.whisper.as_deref().map(crate::id::PromptId::from),
    }
}

/// What the transports are told. Where TLS is listened for and no certificate is configured, one is made in the state folder.
pub(super) fn transports(config: &Config, state: &Path) -> Result<transport::Settings, certificate::Mistake> {
    let mut settings = config.sip.transports.clone();
    settings.web = config.admin.http.as_ref().map(|http| http.listen);
    let own = match config.tls.own.clone() {
        None if config.needs_certificate() => Some(certificate::self_made(&state.join("tls"), &names(config))?),
        own => own,
    };
    // Browsers are asked for no certificate: their users would be.
    settings.web_tls = config.web_is_secret().then(|| TlsSettings {
        own: own.clone(),
        named: config.tls.named.clone(),
        only_13: config.tls.only_13,
        protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        ..TlsSettings::default()
    });
    let by_tls = |t: &config::Trunk| {
        let outbound = t.outbound.clone().filter(|o| o.usual() == Transport::Tls);
        outbound.iter().flat_map(Outbound::addresses).collect::<Vec<_>>()
    };
    let addressed = || config.trunks.values().flat_map(|t| by_tls(t).into_iter().map(move |at| (t, at)));
    settings.tls = TlsSettings {
        own,
        named: config.tls.named.clone(),
        trusted: config.tls.trusted.clone(),
        only_13: config.tls.only_13,
        names: Arc::new(addressed().filter_map(|(t, at)| Some((at, t.tls_name.clone()?))).collect()),
        unverified: addressed().filter(|(t, _)| t.tls_unverified).map(|(_, at)| at).collect(),
        protocols: Vec::new(),
    };
    Ok(settings)
}

/// The names of a certificate that is made here: the addresses that are listened on, and where pages are reached.
fn names(config: &Config) -> Vec<String> {
    let secure = config.sip.transports.listen.iter().filter(|l| l.transport.is_secret()).map(|l| l.name().ip());
    let web = config.admin.http.as_ref().filter(|_| config.web.tls).map(|http| http.listen.ip());
    let addresses: Vec<_> = secure.chain(web).collect();
    let mut names: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    names.extend(addresses.iter().any(std::net::IpAddr::is_loopback).then(|| "localhost".to_owned()));
    names.extend(config.web.host().filter(|_| config.web.tls).map(str::to_owned));
    names.sort();
    names.dedup();
    names
}

fn trunk(trunk: &config::Trunk) -> TrunkSettings {
    let rule = |s: &config::Source| SourceRule { ip: s.address, bits: s.prefix, port: s.port };
    let credentials = trunk.account.as_ref().and_then(|a| match &a.password {
        Password::Plain(password) => Some(Credentials { user: a.user.clone(), password: password.clone() }),
        Password::Ha1 { .. } => None,
    });
    TrunkSettings {
        inbound: trunk.inbound.iter().map(rule).collect(),
        outbound: trunk.outbound.as_ref().map(outbound),
        codecs: trunk.codecs,
        srtp: trunk.srtp,
        proves: trunk.tls_name.clone().filter(|_| trunk.mutual),
        nat: trunk.nat,
        trusted: trunk.trusted,
        options: trunk.options.map_or(0, micros),
        register: trunk.register,
        credentials,
        max_calls: trunk.max_calls.map(|n| n as usize),
    }
}

/// Where calls to a trunk go: what its addresses lead to, and what stands in its URIs.
fn outbound(outbound: &Outbound) -> exchange::Outbound {
    let hops = outbound.hops();
    let targets = (0..).zip(hops).filter_map(|(place, hop)| hop.target(outbound.usual(), place)).collect();
    let suffix = outbound.transport.map_or("", Transport::suffix);
    let host = |place: &Place| Some(format!("{place}{suffix}").into());
    let hosts = match (outbound.places.first(), outbound.proxies.is_empty()) {
        // A proxy is sent what is addressed to the trunk itself.
        (Some(first), false) => hops.iter().map(|_| host(first)).collect(),
        _ => hops.iter().map(|hop| hop.name().and_then(|_| host(hop))).collect(),
    };
    let words = |places: &[Place]| places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let shown = match &outbound.proxies[..] {
        [] if !outbound.is_named() => outbound.addresses().map(|at| at.to_string()).collect::<Vec<_>>().join(", "),
        [] => words(&outbound.places),
        proxies => format!("{} via {}", words(&outbound.places), words(proxies)),
    };
    let routes = outbound.proxies.iter().map(|proxy| format!("sip:{proxy}{suffix};lr").into()).collect();
    exchange::Outbound { shown, targets, hosts, routes, silence: micros(outbound.silence) }
}

fn seat(seat: &config::Seat) -> SeatSettings {
    SeatSettings {
        groups: seat.groups.iter().map(|(group, _)| group.clone()).collect(),
        supervises: seat.supervises.iter().map(|(group, _)| group.clone()).collect(),
        password: seat.password.clone(),
        codecs: seat.codecs,
        srtp: seat.srtp,
        sign_in_on_register: seat.sign_in == SignIn::OnRegister,
    }
}

fn person(person: &config::Person) -> PersonSettings {
    PersonSettings {
        pin: person.pin,
        groups: person.groups.iter().map(|(group, _)| group.clone()).collect(),
        skills: person.skills.clone(),
        tier: person.tier,
    }
}

/// Where browsers' media comes to, if it may, and a certificate for this run.
pub(super) fn browsers(config: &Config) -> Result<Option<media::Browsers>, Error> {
    let Some(port) = config.media.browser_port else { return Ok(None) };
    let identity = Identity::new().map_err(|e| Error::Machine("DTLS".into(), std::io::Error::other(e)))?;
    Ok(Some(media::Browsers { at: SocketAddr::new(config.media.address, port), identity: Arc::new(identity) }))
}

/// What the media threads are told. 0 threads in the file means one a core.
pub(super) fn media(
    config: &Config,
    browsers: Option<media::Browsers>,
    seed: u64,
    recordings: PathBuf,
) -> media::Settings {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if config.media.threads == 0 { cores.min(64) as u8 } else { config.media.threads };
    media::Settings {
        ports: config.media.ports.clone(),
        threads,
        seed,
        recordings: Some(recordings),
        browsers,
        ..media::Settings::new(config.media.address)
    }
}

/// What the books are told: which callers the plan counts as the province's.
pub(super) fn ledger(plan: &Plan) -> ledger::Settings {
    ledger::Settings {
        province_trunks: plan.trunks().filter(|t| t.province).map(|t| t.id.clone()).collect(),
        city_callers: plan.city().callers.iter().map(ToString::to_string).collect(),
        zone: plan.zone().clone(),
    }
}

/// What is published for whoever asks by the web.
pub(super) fn views(
    (config, state): (&Config, &Path),
    clock: Clock,
    plan: &InForce,
    (writer, teller, sip): (&Writer, &Teller, &Transports),
) -> web::Views {
    let folder = |what, path| web::Folder { what, path };
    let house = web::House {
        breaks: config.floor.breaks.clone(),
        break_minutes: config.floor.break_minutes.clone(),
        realm: config.sip.realm.clone(),
        state: state.to_owned(),
        recordings: config.recording.folder(state),
        plan_by_pages: config.plan.by_pages,
        folders: vec![
            folder(("state", "数据目录", "state folder"), state.to_owned()),
            folder(("recordings", "录音目录", "folder of recordings"), config.recording.folder(state)),
        ],
        keys: Arc::new(config.recording.keys.clone()),
    };
    let (board, phones, tls) = (Arc::default(), Some(sip.entrance()), sip.secured());
    web::Views {
        clock,
        plan: plan.clone(),
        figures: writer.figures(),
        pulse: teller.beat(),
        board,
        house,
        phones,
        planner: None,
        tls,
    }
}

/// What the store is told.
pub(super) fn store(config: &Config) -> store::Settings {
    store::Settings {
        journal_days: config.store.journal_days,
        record_days: config.store.record_days,
        ..store::Settings::default()
    }
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::dialplan::{Known, Plan, Record, Source};
    use crate::fact::Origin;
    use crate::ledger::Traffic;

    #[test]
    fn recordings_are_kept_where_and_of_what_the_configuration_says() {
        let folder = std::env::temp_dir().join(format!("switchboard-settings-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dialplans/prompts")).unwrap();
        for (keys, at, record) in
            [("", "state/recordings", Record::Always), ("folder = 'tapes'\ndefault = 'never'", "tapes", Record::Never)]
        {
            let text = format!("[sip]\nlisten = 'udp:127.0.0.1:5070'\n[recording]\n{keys}\n");
            let config = Config::parse("x.toml", &text, &folder, &|_| None).unwrap_or_else(|m| panic!("{m:#?}"));
            let state = folder.join("state");
            let media = super::media(&config, None, 1, config.recording.folder(&state));
            assert_eq!(media.recordings, Some(folder.join(at)));
            assert_eq!(super::exchange(&config, Vec::new(), &state).record_default, record);
        }
        let _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn the_books_tell_city_and_province_apart_as_the_plan_does() {
        let text = "[city]\narea = \"0591\"\nissued = 2021-11-08\ncallers = [\"0591\"]\n[hotline.12345]\ntitle = \"12345\"\nclass = \"hub\"\n\
            group = \"main\"\n[group.main]\ntitle = \"main\"\nhours = \"7x24\"\n[emergency]\ntrunks = [\"e\"]\n[trunk.e]\ntitle = \"e\"\n\
            role = \"emergency\"\n[trunk.p]\ntitle = \"p\"\nrole = \"carrier\"\nprovince = true\n";
        let source = Source { file: "city.toml".into(), text: text.into() };
        let (plan, _) = Plan::load(&[source], &Known::default()).unwrap_or_else(|m| panic!("{m:#?}"));
        let books = super::ledger(&plan);
        let traffic = |trunk: &str, caller| books.traffic(&Origin::Trunk(trunk.into()), caller);
        assert_eq!(traffic("p", "059187654321"), Traffic::Province);
        assert_eq!([traffic("c", "059187654321"), traffic("c", "059287654321")], [Traffic::City, Traffic::Province]);
    }
}
