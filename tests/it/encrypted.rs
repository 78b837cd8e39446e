//! The web listener by TLS: HTTP/2 and HTTP/1.1, WebSockets over it, certificates that change, telephones in pages; and its bounds, with
//! whoever opens more than he may.
#![cfg(test)]

use super::api::{Api, TOKEN, obliging};
use super::cli::Folder;
use super::doors::{bare, person};
use super::operators::Office;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use switchboard::exchange::{Change, SeatRow};
use switchboard::transport::certificate::{Identity, self_made};
use switchboard::transport::{Settings, TlsSettings, Transports};
use switchboard::web::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

type Secure = TlsStream<TcpStream>;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client that trusts this certificate alone.
async fn secure(at: SocketAddr, certificate: &Path, protocols: &[&str]) -> std::io::Result<Secure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(at).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn spoken(stream: &Secure) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

/// Status, headers and body of one request over HTTP/2.
async fn asks(
    client: &mut h2::client::SendRequest<Bytes>,
    (method, path): (&str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, hyper::HeaderMap, Value), h2::Error> {
    let mut request = hyper::Request::builder().method(method).uri(format!("https://localhost{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("content-type", "application/json").body(()).unwrap();
    std::future::poll_fn(|cx| client.poll_ready(cx)).await?;
    let (answer, mut send) = client.send_request(request, body.is_empty())?;
    if !body.is_empty() {
        send.send_data(Bytes::copy_from_slice(body.as_bytes()), true)?;
    }
    let (head, mut rest) = answer.await?.into_parts();
    let mut text = Vec::new();
    while let Some(piece) = rest.data().await {
        let piece = piece?;
        rest.flow_control().release_capacity(piece.len())?;
        text.extend_from_slice(&piece);
    }
    Ok((head.status.as_u16(), head.headers, serde_json::from_slice(&text).unwrap_or(Value::Null)))
}

/// Both ends of HTTP/2 over a connection; the connection itself goes on beside.
async fn together(stream: Secure) -> (h2::client::SendRequest<Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    assert_eq!(spoken(&stream), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

/// Certificates in a folder, and what the web listener is encrypted by with them.
fn keys(folder: &Folder) -> (Identity, Transports) {
    let own = self_made(&folder.0.join("tls"), &["localhost".to_owned()]).unwrap();
    let mut settings = Settings::new(Vec::new());
    settings.web = Some("127.0.0.1:1".parse().unwrap());
    let protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    settings.web_tls = Some(TlsSettings { own: Some(own.clone()), protocols, ..TlsSettings::default() });
    (own, Transports::bind(&settings).unwrap())
}

/// An API by TLS, its certificate, and what keeps its keys.
fn api(limits: Limits, runtime: &Runtime) -> (Api, Identity, Transports, Folder) {
    let folder = Folder::new();
    let (own, transports) = runtime.block_on(async { keys(&folder) });
    let tls = transports.secured();
    (Api::showing(limits, |views| views.tls = tls, obliging), own, transports, folder)
}

#[test]
fn a_page_signs_in_and_orders_by_http2_and_many_requests_go_side_by_side() {
    let runtime = runtime();
    let (api, own, _keys, _folder) = api(Limits::default(), &runtime);
    runtime.block_on(async {
        let stream = secure(api.at, &own.certificate, &["h2", "http/1.1"]).await.unwrap();
        let (mut client, _connection) = together(stream).await;
        let origin = ("origin", "https://localhost");
        let body = json!({ "account": "ops", "password": "lab-ops" }).to_string();
        let (status, headers, session) =
            asks(&mut client, ("POST", "/api/v1/session"), &[origin], &body).await.unwrap();
        assert_eq!(status, 200, "{session}");
        assert_eq!(client.current_max_send_streams(), 64);
        let cookie = headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let token = session["anti_forgery"].as_str().unwrap();
        let mine = [("cookie", cookie.as_str()), ("x-anti-forgery", token), origin];
        let (status, _, _) =
            asks(&mut client, ("POST", "/api/v1/session/lang"), &mine, r#"{"lang":"en"}"#).await.unwrap();
        assert_eq!(status, 200);
        // Another site's page is refused here as well: whose request it is stands where HTTP/2 puts it.
        let theirs = [mine[0], mine[1], ("origin", "https://evil.example")];
        let (status, _, told) =
            asks(&mut client, ("POST", "/api/v1/session/lang"), &theirs, r#"{"lang":"en"}"#).await.unwrap();
        assert_eq!((status, &told["error"]), (403, &json!("forged")));
        let all = (0..50).map(|_| {
            let mut client = client.clone();
            let cookie = cookie.clone();
            async move { asks(&mut client, ("GET", "/api/v1/plan/why?number=12345"), &[("cookie", &cookie)], "").await }
        });
        for told in futures_util::future::join_all(all).await {
            assert_eq!(told.unwrap().0, 200);
        }
        // The page itself.
        let (status, headers, _) = asks(&mut client, ("GET", "/"), &[], "").await.unwrap();
        assert_eq!((status, headers.contains_key("content-security-policy")), (200, true));
        // A head that is too long is refused, and the connection goes on or ends: nothing else.
        let long = "x".repeat(20 << 10);
        let told = asks(&mut client, ("GET", "/api/v1/session"), &[("x-long", &long)], "").await;
        assert!(told.is_err() || told.is_ok_and(|(status, ..)| status == 431));
    });
}

#[test]
fn whoever_knows_no_http2_speaks_as_before_and_a_websocket_goes_over_tls() {
    let runtime = runtime();
    let (api, own, _keys, _folder) = api(Limits::default(), &runtime);
    runtime.block_on(async {
        for protocols in [&["http/1.1"][..], &[]] {
            let mut stream = secure(api.at, &own.certificate, protocols).await.unwrap();
            assert_eq!(spoken(&stream), protocols.first().map(|p| p.as_bytes()));
            let token = format!("Authorization: Bearer {TOKEN}");
            stream.write_all(&bare("GET", "/api/v1/status", &[&token], "")).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        }
        let stream = secure(api.at, &own.certificate, &["http/1.1"]).await.unwrap();
        let mut asked = "wss://localhost/api/v1/live".into_client_request().unwrap();
        asked.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
        let (mut feed, _) = client_async(asked, stream).await.unwrap();
        let Message::Text(first) = feed.next().await.unwrap().unwrap() else { panic!("no snapshot") };
        assert!(first.contains("\"snapshot\":true"), "{first}");
        // In the clear there is nothing here.
        let mut plain = TcpStream::connect(api.at).await.unwrap();
        plain.write_all(&bare("GET", "/", &[], "")).await.unwrap();
        let mut text = Vec::new();
        let _ = plain.read_to_end(&mut text).await;
        assert!(!text.starts_with(b"HTTP/1.1 2"), "{text:?}");
    });
}

#[test]
fn idle_and_silent_connections_end_and_set_their_places_free() {
    let runtime = runtime();
    let arrival = Duration::from_millis(150);
    let limits = Limits { connections: 2, arrival, ..Limits::default() };
    let (api, own, _keys, _folder) = api(limits, &runtime);
    runtime.block_on(async {
        // One that says nothing after its handshake, one that does not begin any: both take a place.
        let (idle, ended) = together(secure(api.at, &own.certificate, &["h2"]).await.unwrap()).await;
        let began = Instant::now();
        let silent = TcpStream::connect(api.at).await.unwrap();
        // A third waits until the idle one is told to go.
        let (mut third, _connection) = together(secure(api.at, &own.certificate, &["h2"]).await.unwrap()).await;
        let (status, ..) = asks(&mut third, ("GET", "/healthz"), &[], "").await.unwrap();
        assert_eq!(status, 200);
        let waited = began.elapsed();
        assert!(waited >= arrival && waited < Duration::from_secs(4), "{waited:?}");
        drop(idle);
        assert!(ended.await.unwrap().is_ok(), "it is told by GOAWAY");
        drop(silent);
    });
}

#[test]
fn whoever_takes_back_request_after_request_is_cut_off_and_nobody_else() {
    let runtime = runtime();
    let (api, own, _keys, _folder) = api(Limits::default(), &runtime);
    runtime.block_on(async {
        let (mut client, ended) = together(secure(api.at, &own.certificate, &["h2"]).await.unwrap()).await;
        let until = Instant::now() + Duration::from_secs(5);
        while !ended.is_finished() && Instant::now() < until {
            let request = hyper::Request::get("https://localhost/healthz").body(()).unwrap();
            if std::future::poll_fn(|cx| client.poll_ready(cx)).await.is_err() {
                break;
            }
            if let Ok((_, mut send)) = client.send_request(request, false) {
                send.send_reset(h2::Reason::CANCEL);
            }
        }
        let ended = tokio::time::timeout(Duration::from_secs(5), ended).await.expect("he is served for ever");
        assert!(ended.unwrap().is_err());
        let (mut other, _connection) = together(secure(api.at, &own.certificate, &["h2"]).await.unwrap()).await;
        assert!(asks(&mut other, ("GET", "/healthz"), &[], "").await.is_ok_and(|(status, ..)| status == 200));
    });
}

#[test]
fn certificates_that_change_are_shown_to_whoever_comes_next() {
    let runtime = runtime();
    let (api, own, _keys, folder) = api(Limits::default(), &runtime);
    let newer = self_made(&folder.0.join("newer"), &["localhost".to_owned()]).unwrap();
    let old = folder.0.join("old.pem");
    std::fs::copy(&own.certificate, &old).unwrap();
    runtime.block_on(async {
        let (mut before, _connection) = together(secure(api.at, &old, &["h2"]).await.unwrap()).await;
        assert!(secure(api.at, &newer.certificate, &["h2"]).await.is_err());
        std::fs::copy(&newer.key, &own.key).unwrap();
        std::fs::copy(&newer.certificate, &own.certificate).unwrap();
        let until = Instant::now() + Duration::from_secs(8);
        while secure(api.at, &newer.certificate, &["h2"]).await.is_err() {
            assert!(Instant::now() < until, "the newer one is not shown");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(secure(api.at, &old, &["h2"]).await.is_err());
        // A connection that stands keeps what it began with.
        assert!(asks(&mut before, ("GET", "/healthz"), &[], "").await.is_ok_and(|(status, ..)| status == 200));
    });
}

/// A daemon with pages by TLS, whose certificate is its own.
fn daemon(more: &str) -> (Office, super::operators::Daemon, SocketAddr) {
    let office = Office::new("2021-12-15T10:00");
    office.configure(&format!(
        "[admin]\nhttp = \"127.0.0.1:0\"\nhttp_token = \"{TOKEN}\"\n[web]\n{more}\n\
         [[seats]]\nnumbers = [\"8001\", \"8002\"]\npassword = \"lab-{{seat}}\"\n"
    ));
    let daemon = office.start(&[]);
    let at = daemon.ready["result"]["http"].as_str().unwrap().parse().unwrap();
    (office, daemon, at)
}

fn register(at: SocketAddr) -> String {
    format!(
        "REGISTER sip:{at} SIP/2.0\r\nVia: SIP/2.0/WSS page.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:8001@{at}>;tag=1\r\n\
         To: <sip:8001@{at}>\r\nCall-ID: 1@page.invalid\r\nCSeq: 1 REGISTER\r\nContact: <sip:8001@page.invalid;transport=ws>\r\n\
         Expires: 60\r\nContent-Length: 0\r\n\r\n"
    )
}

#[test]
fn a_telephone_in_a_page_speaks_to_the_exchange_over_tls() {
    let (office, daemon, at) = daemon("tls = true");
    let certificate = office.path("state/tls/certificate.pem");
    runtime().block_on(async {
        let mut all = Vec::new();
        for n in 0..3 {
            let stream = secure(at, &certificate, &["http/1.1"]).await.unwrap();
            let mut asked = "wss://localhost/sip".into_client_request().unwrap();
            asked.headers_mut().insert("sec-websocket-protocol", "sip".parse().unwrap());
            asked.headers_mut().insert("origin", "https://localhost".parse().unwrap());
            let (mut page, _) = client_async(asked, stream).await.unwrap();
            for _ in 0..=n {
                page.send(Message::text(register(at))).await.unwrap();
                let Message::Text(answer) = page.next().await.unwrap().unwrap() else { panic!("no answer") };
                assert!(answer.starts_with("SIP/2.0 401") && answer.contains("SIP/2.0/WSS page.invalid"), "{answer}");
            }
            all.push(page);
        }
        let (mut client, _connection) = together(secure(at, &certificate, &["h2"]).await.unwrap()).await;
        let token = format!("Bearer {TOKEN}");
        let (status, _, told) =
            asks(&mut client, ("GET", "/api/v1/health"), &[("authorization", &token)], "").await.unwrap();
        assert_eq!((status, &told["ready"]), (200, &json!(true)), "{told}");
        // One that leaves says so; the others go on.
        all.pop().unwrap().close(None).await.unwrap();
        for page in &mut all {
            page.send(Message::text("\r\n\r\n")).await.unwrap();
            assert_eq!(page.next().await.unwrap().unwrap(), Message::text("\r\n"));
        }
    });
    // What is there speaks it as well.
    let curl = |more: &[&str]| {
        let url = format!("https://localhost:{}/healthz", at.port());
        let ca = certificate.to_str().unwrap();
        let mut command = std::process::Command::new("curl");
        command.args(["-sS", "-o", "/dev/null", "-w", "%{http_version} %{response_code}", "--cacert", ca]).args(more);
        command.arg(url).output().ok().filter(|output| output.status.success())
    };
    if let Some(output) = curl(&["--http2"]) {
        assert_eq!(String::from_utf8_lossy(&output.stdout), "2 200");
        assert_eq!(String::from_utf8_lossy(&curl(&["--http1.1"]).unwrap().stdout), "1.1 200");
    }
    assert_eq!(daemon.stop(), Some(0));
}

/// As many descriptors as may be had, and how many WebSockets may be opened with them, beside other tests.
fn room() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let most = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20) as usize;
    most.saturating_sub(6_000).min(10_000)
}

/// Opens WebSockets one after another until that many are tried or the time is over: each status, and those that stand.
fn opens(
    at: SocketAddr,
    path: &str,
    headers: &[&str],
    count: usize,
    until: Instant,
) -> (Vec<u16>, Vec<std::net::TcpStream>) {
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: sw.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    headers.iter().for_each(|header| text.push_str(&format!("{header}\r\n")));
    text.push_str("\r\n");
    let (mut statuses, mut open) = (Vec::new(), Vec::new());
    while statuses.len() < count && Instant::now() < until {
        let mut stream = std::net::TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let head = head(&mut stream);
        // Closed without a word is an answer too.
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        statuses.push(status);
        if status == 101 {
            open.push(stream);
        }
    }
    (statuses, open)
}

/// What is answered, up to the empty line.
fn head(stream: &mut std::net::TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0; 1];
    while !text.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn ten_thousand_feeds_of_one_agent_are_so_many_and_the_rest_is_told_to_come_again() {
    let (count, watchers) = (room(), 100);
    let api = Api::with(Limits { watchers, ..Limits::default() }, obliging);
    let seat: SeatRow = serde_json::from_value(json!({
        "seat": "8001", "agent": "8001", "group": "main", "groups": ["main"], "state": "ready", "zh": "示闲", "contact": null,
    }))
    .unwrap();
    api.shows(vec![Change::Seat(Box::new(seat))]);
    let agent = person(&api, "agent8001");
    let cookie = format!("Cookie: switchboard={}", agent.cookie);
    let began = Instant::now();
    let until = began + Duration::from_secs(8);
    let (statuses, open) = opens(api.at, "/api/v1/desk/live", &[&cookie], count, until);
    assert!(statuses.len() > 2 * watchers, "{}", statuses.len());
    // One person has a quarter of all.
    assert_eq!(open.len(), watchers / 4);
    assert!(statuses.iter().skip(watchers / 4).all(|status| *status == 503), "the others are refused in words");
    // Nobody else is harmed: the agent's other requests, and others' pages.
    let other = format!("Cookie: switchboard={}", person(&api, "super").cookie);
    assert_eq!(opens(api.at, "/api/v1/live", &[&other], 1, until + Duration::from_secs(2)).0, [101]);
    assert_eq!(agent.says(&api, "GET", "/api/v1/seats", "").0, 200);
    assert_eq!(api.says("GET", "/status", "").status, 200);
    drop(open);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        opens(api.at, "/api/v1/desk/live", &[&cookie], 1, until + Duration::from_secs(2)).0 == [101]
    });
    assert!(again, "their places are free again");
    println!("{} opened in {:?}", statuses.len(), began.elapsed());
}

#[test]
fn ten_thousand_telephones_that_say_nothing_leave_the_exchange_as_it_was() {
    let (_office, daemon, at) = daemon("");
    let (began, count) = (Instant::now(), room());
    let until = began + Duration::from_secs(8);
    let (statuses, open) = opens(at, "/sip", &["Sec-WebSocket-Protocol: sip"], count, until);
    // Each is answered; of one address so many stand, and the others are closed once they have been handed over.
    assert!(statuses.len() > 200, "{}", statuses.len());
    assert!(statuses.iter().all(|status| matches!(status, 101 | 503 | 0)), "{statuses:?}");
    let standing = |stream: &std::net::TcpStream| {
        stream.set_nonblocking(true).unwrap();
        let peeked = stream.peek(&mut [0; 1]);
        peeked.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
    };
    let stand = || open.iter().filter(|stream| standing(stream)).count();
    // Those that were handed over last are closed a little later.
    let settled = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        stand() <= 1_024
    });
    let count = stand();
    assert!(settled && count >= statuses.len().min(1_024) - 64, "{count} of {} stand", statuses.len());
    // Requests and telephones of others go on: here the same address has no more telephones, but it is answered.
    let mut stream = std::net::TcpStream::connect(at).unwrap();
    stream.write_all(&bare("GET", "/api/v1/health", &[&format!("Authorization: Bearer {TOKEN}")], "")).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("\"ready\":true"), "{text}");
    println!("{} opened in {:?}, {count} stand", statuses.len(), began.elapsed());
    drop(open);
    assert_eq!(daemon.stop(), Some(0));
}

#[test]
fn one_address_takes_a_share_of_the_places_and_is_told_so() {
    let limits = Limits { connections: 40, per_address: 8, ..Limits::default() };
    let api = Api::with(limits, obliging);
    let held: Vec<_> = (0..8).map(|_| std::net::TcpStream::connect(api.at).unwrap()).collect();
    // They are taken one after another: once a ninth is refused, all eight have their places.
    let refused = (0..50).find_map(|_| {
        let told = api.sends(&bare("GET", "/healthz", &[], ""));
        (told.status != 200).then_some(told)
    });
    let told = refused.expect("a ninth connection has a place");
    assert_eq!(told.refused(), (503, "busy"));
    assert_eq!(told.header("retry-after"), Some("1"));
    drop(held);
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        let mut stream = std::net::TcpStream::connect(api.at).unwrap();
        let _ = stream.write_all(&bare("GET", "/healthz", &[], ""));
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        text.starts_with("HTTP/1.1 200")
    });
    assert!(again, "their places are free again");
}
