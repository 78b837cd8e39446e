//! Real sockets on loopback, ports of the kernel's choice.

mod tls;
mod websocket;

use super::*;

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const OPTIONS: &str = "OPTIONS sip:hub SIP/2.0\r\nCall-ID: 1\r\n";

/// Transports with what they gave so far.
struct Switch {
    transports: Transports,
    got: Vec<Received>,
}

impl Switch {
    fn new(listens: &[(Transport, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        let listen = listens.iter().map(|(t, at)| Listen::new(*t, at.parse().unwrap()));
        let mut settings = Settings::new(listen.collect());
        change(&mut settings);
        Self { transports: Transports::bind(&settings).unwrap(), got: Vec::new() }
    }

    fn tcp(change: impl FnOnce(&mut TcpLimits)) -> Self {
        Self::new(&[(Transport::Tcp, "127.0.0.1:0")], |s| change(&mut s.tcp))
    }

    fn local(&self) -> SocketAddr {
        self.transports.locals().next().unwrap().1
    }

    /// The next thing that comes in.
    async fn next(&mut self) -> Received {
        while self.got.is_empty() {
            timeout(10 * SECOND, self.transports.recv(&mut self.got)).await.expect("nothing came");
        }
        self.got.remove(0)
    }

    async fn message(&mut self) -> (Flow, String) {
        loop {
            match self.next().await {
                Received::Datagram { flow, bytes } | Received::Message { flow, bytes } => {
                    return (flow, String::from_utf8(bytes.to_vec()).unwrap());
                }
                Received::Opened { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn closed(&mut self) -> (Flow, Why) {
        loop {
            if let Received::Closed { flow, why } = self.next().await {
                return (flow, why);
            }
        }
    }

    async fn quiet(&mut self, time: Duration) {
        let _ = timeout(time, self.transports.recv(&mut self.got)).await;
        assert_eq!(self.got, []);
    }
}

fn request(body: &str) -> String {
    format!("{OPTIONS}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn heard(stream: &mut TcpStream, length: usize) -> String {
    let mut room = vec![0; length];
    timeout(5 * SECOND, stream.read_exact(&mut room)).await.unwrap().unwrap();
    String::from_utf8(room).unwrap()
}

#[tokio::test]
async fn a_datagram_comes_in_and_its_answer_goes_back_by_the_same_flow() {
    for at in ["127.0.0.1:0", "[::1]:0"] {
        let mut switch = Switch::new(&[(Transport::Udp, at), (Transport::Udp, "127.0.0.2:0")], |_| ());
        let phone = UdpSocket::bind(at).await.unwrap();
        phone.send_to(b"\r\n\r\n", switch.local()).await.unwrap();
        phone.send_to(b"OPTIONS", switch.local()).await.unwrap();
        let (flow, text) = switch.message().await;
        assert_eq!((flow.local, flow.peer), (switch.local(), phone.local_addr().unwrap()));
        assert_eq!((flow.transport, flow.connection, text.as_str()), (Transport::Udp, 0, "OPTIONS"));
        switch.transports.send(flow, bytes("SIP/2.0 200 OK"));
        switch.transports.flush();
        let mut room = [0; 100];
        let (length, from) = timeout(SECOND, phone.recv_from(&mut room)).await.unwrap().unwrap();
        assert_eq!((&room[..length], from), (&b"SIP/2.0 200 OK"[..], switch.local()));
        assert_eq!(switch.transports.counts().keepalives, 1);
    }
}

#[tokio::test]
async fn a_hundred_datagrams_take_four_system_calls_out_and_few_in() {
    let mut a = Switch::new(&[(Transport::Udp, "127.0.0.1:0")], |_| ());
    let mut b = Switch::new(&[(Transport::Udp, "127.0.0.1:0")], |_| ());
    let flow = Flow { transport: Transport::Udp, local: a.local(), peer: b.local(), connection: 0 };
    for i in 0..100 {
        a.transports.send(flow, bytes(&format!("message {i}")));
    }
    a.transports.flush();
    for i in 0..100 {
        assert_eq!(b.message().await.1, format!("message {i}"));
    }
    let (out, come) = (a.transports.counts(), b.transports.counts());
    assert_eq!((out.datagrams_out, out.batches_out), (100, 4));
    assert_eq!((come.datagrams_in, come.batches_in), (100, 4));
    // The socket was said to be empty without asking it: the next datagram must still wake us.
    a.transports.send(flow, bytes("one more"));
    a.transports.flush();
    assert_eq!(b.message().await.1, "one more");
}

#[tokio::test]
async fn what_has_no_way_is_said_and_counted() {
    let mut switch =
        Switch::new(&[(Transport::Udp, "127.0.0.1:0"), (Transport::Tcp, "127.0.0.1:0")], |s| s.udp_queue = 3);
    let phone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let good =
        Flow { transport: Transport::Udp, local: switch.local(), peer: phone.local_addr().unwrap(), connection: 0 };
    let elsewhere = Flow { local: "127.0.0.9:5060".parse().unwrap(), ..good };
    let family = Flow { peer: "[::1]:5060".parse().unwrap(), ..good };
    let gone = Flow { transport: Transport::Tcp, connection: 77, ..good };
    switch.transports.send(elsewhere, bytes("x"));
    switch.transports.send(gone, bytes("x"));
    switch.transports.send(good, Bytes::from(vec![b'x'; 70_000]));
    switch.transports.send(family, bytes("x"));
    switch.transports.send(good, bytes("arrives"));
    switch.transports.send(good, bytes("one too many"));
    switch.transports.flush();
    for flow in [elsewhere, gone, good, family] {
        assert_eq!(switch.next().await, Received::Unsent { flow });
    }
    let mut room = [0; 100];
    let length = timeout(SECOND, phone.recv(&mut room)).await.unwrap().unwrap();
    assert_eq!(&room[..length], b"arrives");
    let counts = switch.transports.counts();
    assert_eq!((counts.unsent, counts.overfull, counts.datagrams_out), (4, 1, 1));
}

#[tokio::test]
async fn an_address_that_cannot_be_had_gets_one_clear_sentence() {
    let first = Switch::new(&[(Transport::Udp, "127.0.0.1:0"), (Transport::Tcp, "127.0.0.1:0")], |_| ());
    let mut table = String::new();
    let (udp, tcp) = (first.transports.locals().next().unwrap().1, first.transports.locals().nth(1).unwrap().1);
    for listens in [
        vec![(Transport::Udp, udp)],
        vec![(Transport::Tcp, tcp)],
        vec![(Transport::Udp, "192.0.2.1:5060".parse().unwrap())],
        vec![(Transport::Tcp, "[::]:5060".parse().unwrap())],
        vec![
            (Transport::Udp, "127.0.0.3:50600".parse().unwrap()),
            (Transport::Udp, "127.0.0.3:50600".parse().unwrap()),
        ],
    ] {
        let listens = listens.into_iter().map(|(t, at)| Listen::new(t, at)).collect();
        let error = Transports::bind(&Settings::new(listens)).err().unwrap();
        table.push_str(&format!("{error}\n{}\n", error.chinese()));
    }
    let table = table.replace(&udp.port().to_string(), "PORT").replace(&tcp.port().to_string(), "PORT");
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn a_wildcard_socket_is_known_by_its_advertised_address() {
    let name: SocketAddr = "203.0.113.5:5060".parse().unwrap();
    let listen = Listen { advertised: Some(name), ..Listen::new(Transport::Udp, "0.0.0.0:0".parse().unwrap()) };
    let mut settings = Settings::new(vec![listen]);
    assert_eq!(Transports::bind(&settings).unwrap().locals().next().unwrap().1, name);
    settings.listen[0].advertised = None;
    assert!(matches!(Transports::bind(&settings), Err(Error::Wildcard(_))));
}

#[tokio::test]
async fn a_stream_is_cut_into_messages_wherever_it_is_broken() {
    let mut switch = Switch::tcp(|_| ());
    let mut phone = TcpStream::connect(switch.local()).await.unwrap();
    phone.set_nodelay(true).unwrap();
    let (one, two, three) = (request("first"), request(""), request("third\r\n\r\n"));
    let stream = format!("{one}{two}{three}");
    let (start, rest) = stream.split_at(one.len() - 3);
    phone.write_all(start.as_bytes()).await.unwrap();
    assert!(matches!(switch.next().await, Received::Opened { .. }));
    switch.quiet(SECOND / 20).await;
    phone.write_all(rest.as_bytes()).await.unwrap();
    let (flow, text) = switch.message().await;
    assert_eq!((flow.local, flow.peer, text), (switch.local(), phone.local_addr().unwrap(), one));
    assert_eq!(switch.message().await, (flow, two));
    assert_eq!(switch.message().await, (flow, three));
    phone.write_all(b"\r\n\r\n").await.unwrap();
    switch.quiet(SECOND / 20).await;
    assert_eq!(heard(&mut phone, 2).await, "\r\n", "ping, pong");
    switch.transports.send(flow, bytes("SIP/2.0 200 OK\r\n\r\n"));
    assert_eq!(heard(&mut phone, 18).await, "SIP/2.0 200 OK\r\n\r\n");
    drop(phone);
    assert_eq!(switch.closed().await, (flow, Why::Peer));
    assert_eq!(switch.transports.connections(), 0);
}

#[tokio::test]
async fn one_connection_carries_both_directions_until_it_ends() {
    let mut a = Switch::tcp(|_| ());
    let mut b = Switch::new(&[(Transport::Tcp, "127.0.0.1:0")], |_| ());
    let asked = Flow { transport: Transport::Tcp, local: a.local(), peer: b.local(), connection: 0 };
    a.transports.send(asked, bytes(&request("one")));
    a.transports.send(asked, bytes(&request("two")));
    let Received::Opened { flow, .. } = a.next().await else { panic!("not opened") };
    assert_eq!((flow.local, flow.peer), (asked.local, asked.peer));
    let (back, text) = b.message().await;
    assert_eq!(text, request("one"));
    assert_eq!(b.message().await, (back, request("two")));
    b.transports.send(back, bytes(&request("answer")));
    assert_eq!(a.message().await, (flow, request("answer")));
    b.transports.send(Flow { connection: 0, ..back }, bytes(&request("reused")));
    assert_eq!(a.message().await, (flow, request("reused")));
    assert_eq!((a.transports.connections(), b.transports.connections()), (1, 1));
    drop(b);
    assert_eq!(a.closed().await, (flow, Why::Peer));
    a.transports.send(flow, bytes("x"));
    assert_eq!(a.next().await, Received::Unsent { flow });
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_closed_as_unreachable() {
    let mut switch = Switch::tcp(|_| ());
    let nobody = Switch::tcp(|_| ()).local();
    let asked = Flow { transport: Transport::Tcp, local: switch.local(), peer: nobody, connection: 0 };
    switch.transports.send(asked, bytes(&request("")));
    let (flow, why) = switch.closed().await;
    assert_eq!((flow.local, flow.peer, why), (asked.local, asked.peer, Why::Unreachable));
    let counts = switch.transports.counts();
    assert_eq!((counts.opened, counts.closed, switch.transports.connections()), (1, 1, 0));
}

#[tokio::test]
async fn whoever_wastes_our_time_is_cut_off() {
    let half = &request("body")[..40];
    for (name, sends, why) in [
        ("says nothing", "", Why::Slow),
        ("sends pings only", "\r\n\r\n", Why::Slow),
        ("never ends its first message", half, Why::Slow),
        ("never ends its second message", &format!("{}{half}", request("")), Why::Slow),
        ("falls silent after a message", &request(""), Why::Idle),
        ("speaks HTTP", "GET / HTTP/1.1\r\n\r\n", Why::Unframed),
        ("sends too much", &format!("{OPTIONS}l: 2000\r\n\r\n"), Why::Unframed),
    ] {
        let mut switch = Switch::tcp(|limits| {
            (limits.slow, limits.idle, limits.message) = (SECOND / 5, SECOND / 2, 1000);
        });
        let mut phone = TcpStream::connect(switch.local()).await.unwrap();
        phone.write_all(sends.as_bytes()).await.unwrap();
        assert_eq!(switch.closed().await.1, why, "{name}");
        let mut rest = Vec::new();
        let _ = timeout(SECOND, phone.read_to_end(&mut rest)).await.expect("the socket is still open");
    }
}

#[tokio::test]
async fn a_slow_sender_that_keeps_dripping_is_cut_off_as_well() {
    let mut switch = Switch::tcp(|limits| limits.slow = SECOND / 2);
    let mut phone = TcpStream::connect(switch.local()).await.unwrap();
    let drip = tokio::spawn(async move {
        for byte in request(&"x".repeat(500)).bytes() {
            if phone.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(SECOND / 50).await;
        }
    });
    assert_eq!(switch.closed().await.1, Why::Slow);
    drip.abort();
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_cut_off_and_its_queue_is_bounded() {
    let mut switch = Switch::tcp(|limits| limits.queue = 1 << 20);
    let mut phone = TcpStream::connect(switch.local()).await.unwrap();
    phone.write_all(request("").as_bytes()).await.unwrap();
    let (flow, _) = switch.message().await;
    let long = Bytes::from(vec![b'x'; 60_000]);
    let mut count = 0;
    let why = loop {
        switch.transports.send(flow, long.clone());
        count += 1;
        // Lets the writer run, so that the kernel's buffers fill first.
        let _ = timeout(SECOND / 1000, switch.transports.recv(&mut switch.got)).await;
        if let Some(Received::Closed { why, .. }) = switch.got.pop() {
            break why;
        }
        assert!(count < 1000, "60 MB and no end");
    };
    assert_eq!(why, Why::Stuck);
    assert_eq!(switch.transports.connections(), 0);
    // A second way: the queue is short enough, but the other side takes nothing for `stuck`.
    let mut switch = Switch::tcp(|limits| (limits.queue, limits.stuck) = (100 << 20, SECOND / 5));
    let mut phone = TcpStream::connect(switch.local()).await.unwrap();
    phone.write_all(request("").as_bytes()).await.unwrap();
    let (flow, _) = switch.message().await;
    for _ in 0..500 {
        switch.transports.send(flow, long.clone());
    }
    assert_eq!(switch.closed().await, (flow, Why::Stuck));
}

#[tokio::test]
async fn too_many_connections_are_refused_and_a_place_that_is_free_again_is_given() {
    for per_source in [true, false] {
        let mut switch = Switch::tcp(|limits| if per_source { limits.per_source = 2 } else { limits.connections = 2 });
        let mut phones = Vec::new();
        for _ in 0..3 {
            phones.push(TcpStream::connect(switch.local()).await.unwrap());
            switch.quiet_but_opened().await;
        }
        let counts = switch.transports.counts();
        assert_eq!((counts.accepted, counts.refused, switch.transports.connections()), (2, 1, 2));
        assert_eq!(phones[2].read(&mut [0]).await.unwrap_or(0), 0, "the third was closed");
        phones.remove(0);
        switch.closed().await;
        let mut next = TcpStream::connect(switch.local()).await.unwrap();
        next.write_all(request("").as_bytes()).await.unwrap();
        assert_eq!(switch.message().await.1, request(""));
    }
}

impl Switch {
    async fn quiet_but_opened(&mut self) {
        let _ = timeout(SECOND / 20, self.transports.recv(&mut self.got)).await;
        self.got.retain(|r| !matches!(r, Received::Opened { .. }));
        assert_eq!(self.got, []);
    }
}
