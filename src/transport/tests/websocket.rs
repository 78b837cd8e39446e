//! SIP over WebSockets on real sockets: a client of another hand opens, speaks, floods and errs.

use super::*;
use crate::transport::websocket::{Guest, Held};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

type Page = WebSocketStream<TcpStream>;

async fn open(at: SocketAddr, path: &str, protocol: &'static str, origin: Option<&str>) -> Result<Page, Error> {
    let mut asked = format!("ws://{at}{path}").into_client_request().unwrap();
    asked.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
    if let Some(origin) = origin {
        asked.headers_mut().insert("origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(at).await.unwrap();
    client_async(asked, stream).await.map(|(page, answer)| {
        assert_eq!(answer.headers()["sec-websocket-protocol"], "sip");
        page
    })
}

fn ws() -> Switch {
    Switch::new(&[(Transport::Ws, "127.0.0.1:0")], |_| ())
}

async fn page(switch: &mut Switch) -> Page {
    let (opened, _) = tokio::join!(open(switch.local(), "/sip", "sip", None), switch.next());
    opened.unwrap()
}

/// The code that the other side closes with.
async fn code(page: &mut Page) -> u16 {
    loop {
        match timeout(10 * SECOND, page.next()).await.expect("not closed") {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("no close frame but {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_of_the_websocket_is_one_of_sip_in_both_directions() {
    let mut switch = ws();
    let mut page = page(&mut switch).await;
    // No Content-Length is needed here (RFC 7118 §5.1 names none), and binary is as good as text.
    for frame in [Message::text(request("")), Message::binary(request("x"))] {
        let sent = frame.clone().into_text().unwrap().to_string();
        page.send(frame).await.unwrap();
        let (flow, text) = switch.message().await;
        assert_eq!((flow.transport, text), (Transport::Ws, sent));
        switch.transports.send(flow, Bytes::from_static(b"SIP/2.0 200 OK\r\n\r\n"));
        assert_eq!(page.next().await.unwrap().unwrap(), Message::text("SIP/2.0 200 OK\r\n\r\n"));
        switch.transports.send(flow, Bytes::from_static(b"SIP/2.0 200 \xff\r\n\r\n"));
        assert_eq!(page.next().await.unwrap().unwrap(), Message::binary(&b"SIP/2.0 200 \xff\r\n\r\n"[..]));
    }
    page.send(Message::text("\r\n\r\n")).await.unwrap();
    assert_eq!(page.next().await.unwrap().unwrap(), Message::text("\r\n"), "a pong (RFC 5626 §4.4.1)");
    page.close(None).await.unwrap();
    assert_eq!(switch.closed().await.1, Why::Peer);
    assert_eq!(switch.transports.connections(), 0);
}

#[tokio::test]
async fn whoever_may_not_open_one_is_told_the_status() {
    let mut switch = ws();
    let at = switch.local();
    let asked = async {
        let mut all = Vec::new();
        for (path, protocol, origin) in [
            ("/other", "sip", None),
            ("/sip", "chat", None),
            ("/sip", "sip", Some("https://evil.example")),
            ("/sip", "sip", Some("https://127.0.0.1:9999")),
        ] {
            all.push(match open(at, path, protocol, origin).await {
                Ok(_) => 101,
                Err(Error::Http(answer)) => answer.status().as_u16(),
                Err(other) => panic!("{other}"),
            });
        }
        all
    };
    let serving = async {
        loop {
            switch.next().await;
        }
    };
    let statuses = tokio::select! {
        all = asked => all,
        () = serving => unreachable!(),
    };
    assert_eq!(statuses, [404, 400, 403, 101]);
}

#[tokio::test]
async fn noise_and_what_is_too_long_end_it_with_their_codes() {
    for (frame, expected) in [
        (Message::text("GET / HTTP/1.1\r\n\r\n"), 1007),
        (Message::binary(&b"\x16\x03\x01"[..]), 1007),
        (Message::text(request(&"x".repeat(70_000))), 1009),
    ] {
        let mut switch = ws();
        let mut page = page(&mut switch).await;
        page.send(frame).await.unwrap();
        assert_eq!(code(&mut page).await, expected);
        switch.closed().await;
    }
}

#[tokio::test]
async fn a_page_that_floods_waits_in_its_own_connection() {
    let mut switch = ws();
    let (mut flooding, mut quiet) = (page(&mut switch).await, page(&mut switch).await);
    let flood = tokio::spawn(async move {
        for _ in 0..2_000 {
            if flooding.send(Message::text(request("flood"))).await.is_err() {
                break;
            }
        }
        flooding
    });
    sleep(SECOND / 5).await;
    quiet.send(Message::text(request("quiet"))).await.unwrap();
    let mut before = 0;
    while switch.message().await.1 != request("quiet") {
        before += 1;
    }
    assert!(before < 200, "{before} messages of the flood stood before it");
    drop(flood.await.unwrap());
}

#[tokio::test]
async fn whoever_is_handed_over_goes_on_where_the_web_listener_stopped() {
    let mut switch = Switch::new(&[], |s| s.web = Some("127.0.0.1:8080".parse().unwrap()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, peer) = listener.accept().unwrap();
    for stream in [&client, &stream] {
        stream.set_nonblocking(true).unwrap();
    }
    let mut page = WebSocketStream::from_raw_socket(TcpStream::from_std(client).unwrap(), Role::Client, None).await;
    let local = stream.local_addr().unwrap();
    // A ping that has been read with the head of the request: fin, opcode 9, masked, no bytes.
    let read = Bytes::from_static(&[0x89, 0x80, 0, 0, 0, 0]);
    assert!(switch.transports.entrance().enter(Guest { stream: Held::Plain(stream), read, peer, local }));
    page.send(Message::text(request(""))).await.unwrap();
    let (flow, text) = switch.message().await;
    assert_eq!((flow.transport, flow.local, flow.peer, text), (Transport::Ws, local, peer, request("")));
    assert_eq!(page.next().await.unwrap().unwrap(), Message::Pong(Bytes::new()));
    // The exchange ends: the page is told that it should come again.
    drop(switch);
    assert_eq!(code(&mut page).await, 1001);
}
