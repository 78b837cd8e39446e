//! Browser-like phones by the hundred: SIP over a WebSocket each, and a peer connection of the `webrtc` crate for its media, which is
//! nobody's of ours. What is measured: how long ICE and DTLS take, and whether what the other side sends arrives.

use super::tally::Spread;
use crate::clock::{Clock, Now, SECOND};
use crate::sip::dialog::{Credentials, Outgoing, SessionId};
use crate::sip::endpoint::{self, Endpoint, Event, FailedBy, Output};
use crate::sip::flow::{Flow, Transport};
use crate::transport::websocket::PATH;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rtc::rtp::Packet;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};
use webrtc::media_stream::MediaStreamTrack;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription,
};
use webrtc::runtime::TokioRuntime;

/// A-law in SDP.
const PCMA: u8 = 8;
/// Samples of a packet.
const SAMPLES: u32 = 160;
/// How long ICE and DTLS may take until a page is given up.
const THROUGH: Duration = Duration::from_secs(10);
/// How long a BYE and its answer may take.
const GOOD_BYE: Duration = Duration::from_millis(300);
/// How long the end of a call may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The web listener, whose `/sip` is spoken to.
    pub server: SocketAddr,
    /// Whom each page calls.
    pub number: String,
    /// The seats that they call from, in turn: user and password.
    pub seats: Vec<(String, String)>,
    /// How many.
    pub pages: u32,
    /// How many begin in a second.
    pub rate: f64,
    /// How long each talks, µs.
    pub talk: u64,
    /// How long one waits for an answer, µs.
    pub patience: u64,
    /// Where chance comes from.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Calls that were begun.
    pub begun: u64,
    /// Those that were answered.
    pub answered: u64,
    /// Those whose media came through.
    pub through: u64,
    /// Those that heard something.
    pub heard: u64,
    /// What went wrong, and how often.
    pub failed: BTreeMap<String, u64>,
    /// From the INVITE to its answer, µs.
    pub setup: Spread,
    /// From the answer to the end of ICE and DTLS, µs.
    pub handshake: Spread,
    /// RTP packets that left, that came, and that are missing between those that came.
    pub packets: [u64; 3],
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Calls begun.
    pub begun: u64,
    /// Media that came through.
    pub through: u64,
    /// Calls that have failed.
    pub failed: u64,
}

#[derive(Default)]
struct Shared {
    outcome: Mutex<Outcome>,
    sent: AtomicU64,
    received: AtomicU64,
    missing: AtomicU64,
}

impl Shared {
    fn with(&self, change: impl FnOnce(&mut Outcome)) {
        change(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Runs it; `show` is told how far it is five times a second.
///
/// # Errors
/// What the system said: no thread, no runtime.
pub fn run(plan: &Plan, show: &mut dyn FnMut(Progress)) -> std::io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let shared = Arc::new(Shared::default());
    runtime.block_on(async {
        let mut pages = tokio::task::JoinSet::new();
        let mut shown = interval(Duration::from_millis(200));
        let pause = Duration::from_secs_f64(1.0 / plan.rate.max(0.1));
        let begun = Instant::now();
        let mut next = 0;
        while next < plan.pages || !pages.is_empty() {
            tokio::select! {
                () = sleep_until(begun + pause * next), if next < plan.pages => {
                    pages.spawn(page(plan.clone(), next, Arc::clone(&shared)));
                    next += 1;
                }
                _ = pages.join_next(), if !pages.is_empty() => {}
                _ = shown.tick() => shared.with(|o| {
                    show(Progress { begun: o.begun, through: o.through, failed: o.failed.values().sum() });
                }),
                _ = tokio::signal::ctrl_c() => break,
            }
        }
    });
    let mut outcome = shared.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
    outcome.packets = [&shared.sent, &shared.received, &shared.missing].map(|n| n.load(Relaxed));
    Ok(outcome)
}

/// One page, from its WebSocket to its end.
async fn page(plan: Plan, n: u32, shared: Arc<Shared>) {
    shared.with(|o| o.begun += 1);
    if let Err(why) = call(&plan, n, &shared).await {
        shared.with(|o| *o.failed.entry(why).or_default() += 1);
    }
}

async fn call(plan: &Plan, n: u32, shared: &Arc<Shared>) -> Result<(), String> {
    let mut line = Line::open(plan, n).await?;
    let mut media = Media::new(plan, n, shared).await.map_err(|e| format!("webrtc: {e}"))?;
    let offer = media.offer().await.map_err(|e| format!("webrtc: {e}"))?;
    let begun = Instant::now();
    line.dials(&plan.number, offer);
    let answer = timeout(Duration::from_micros(plan.patience), line.answered()).await;
    let answer = match answer {
        Ok(answer) => answer?,
        Err(_) => {
            line.ends().await;
            return Err("no answer".to_owned());
        }
    };
    let answered = Instant::now();
    shared.with(|o| {
        o.answered += 1;
        o.setup.add(micros(answered - begun));
    });
    let through = tokio::select! {
        through = media.comes_through(answer) => through,
        ended = line.runs() => Err(ended),
    };
    if let Err(why) = through {
        line.ends().await;
        return Err(why);
    }
    shared.with(|o| {
        o.through += 1;
        o.handshake.add(micros(answered.elapsed()));
    });
    let talked = tokio::select! {
        () = media.talks(Duration::from_micros(plan.talk)) => Ok(()),
        ended = line.runs() => Err(ended),
    };
    line.ends().await;
    shared.with(|o| o.heard += u64::from(media.heard.load(Relaxed)));
    media.close().await;
    talked
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The signalling of one page.
struct Line {
    socket: WebSocketStream<TcpStream>,
    endpoint: Endpoint,
    clock: Clock,
    flow: Flow,
    credentials: Credentials,
    call: Option<SessionId>,
}

impl Line {
    async fn open(plan: &Plan, n: u32) -> Result<Self, String> {
        let no = |e: &dyn std::fmt::Display| format!("WebSocket: {e}");
        let stream = TcpStream::connect(plan.server).await.map_err(|e| no(&e))?;
        stream.set_nodelay(true).map_err(|e| no(&e))?;
        let local = stream.local_addr().map_err(|e| no(&e))?;
        let mut request = format!("ws://{}{PATH}", plan.server).into_client_request().map_err(|e| no(&e))?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("sip"));
        let (socket, _) = client_async(request, stream).await.map_err(|e| no(&e))?;
        let flow = Flow { transport: Transport::Ws, local, peer: plan.server, connection: n + 1 };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&plan.seed.to_le_bytes());
        seed[8..12].copy_from_slice(&n.to_le_bytes());
        let (user, password) = plan.seats.get(n as usize % plan.seats.len().max(1)).cloned().unwrap_or_default();
        Ok(Self {
            socket,
            endpoint: Endpoint::new(endpoint::Settings::default(), seed),
            clock: Clock::system(),
            flow,
            credentials: Credentials { user, password },
            call: None,
        })
    }

    fn dials(&mut self, number: &str, sdp: Bytes) {
        let (server, user) = (self.flow.peer, &self.credentials.user);
        let outgoing = Outgoing {
            flow: self.flow,
            uri: format!("sip:{number}@{server}").into(),
            from: format!("<sip:{user}@{}>", server.ip()).into(),
            to: format!("<sip:{number}@{server}>").into(),
            sdp,
            other_sdp: None,
            max_forwards: 70,
            extra: Bytes::new(),
            credentials: Some(self.credentials.clone()),
            by_flow: true,
            session_expires: 1800,
        };
        self.call = Some(self.endpoint.connect(outgoing, self.clock.now()));
    }

    /// Goes on until something happens to the call.
    async fn event(&mut self) -> Result<Event, String> {
        loop {
            while let Some(output) = self.endpoint.poll() {
                match output {
                    Output::Send(_, bytes) => {
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        self.socket.send(Message::text(text)).await.map_err(|e| format!("WebSocket: {e}"))?;
                    }
                    Output::Event(event) => return Ok(event),
                }
            }
            let now = self.clock.now();
            let wait = self.endpoint.deadline().map_or(SECOND, |at| at.saturating_sub(now.mono));
            tokio::select! {
                said = self.socket.next() => match said {
                    Some(Ok(Message::Text(text))) => self.endpoint.receive(self.flow, text.into(), self.clock.now()),
                    Some(Ok(Message::Binary(bytes))) => self.endpoint.receive(self.flow, bytes, self.clock.now()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(format!("WebSocket: {error}")),
                    None => return Err("WebSocket: closed".to_owned()),
                },
                () = sleep(Duration::from_micros(wait)) => {}
            }
            let now: Now = self.clock.now();
            if self.endpoint.deadline().is_some_and(|at| at <= now.mono) {
                self.endpoint.expire(now);
            }
        }
    }

    async fn answered(&mut self) -> Result<String, String> {
        let mut early = None;
        loop {
            match self.event().await? {
                Event::Progress { sdp: Some(sdp), .. } => early = Some(sdp),
                Event::Answered { sdp, .. } => {
                    let sdp = sdp.or(early).ok_or("an answer without SDP")?;
                    return Ok(String::from_utf8_lossy(&sdp).into_owned());
                }
                Event::Failed { status, by: FailedBy::Response, .. } => return Err(format!("SIP {status}")),
                Event::Failed { by, .. } => return Err(format!("{by:?}")),
                Event::Ended { .. } => return Err("ended by the other side".to_owned()),
                _ => {}
            }
        }
    }

    /// Goes on until the other side ends it; why.
    async fn runs(&mut self) -> String {
        loop {
            match self.event().await {
                Ok(Event::Ended { .. }) => return "ended by the other side".to_owned(),
                Ok(_) => {}
                Err(why) => return why,
            }
        }
    }

    /// Hangs up, and waits for the other side to have heard it.
    async fn ends(&mut self) {
        if let Some(call) = self.call.take() {
            self.endpoint.hang_up(call, b"", self.clock.now());
        }
        let _ = timeout(GOOD_BYE, self.runs()).await;
        let _ = timeout(LAST_WORDS, self.socket.close(None)).await;
    }
}

/// What a peer connection tells.
struct Ears {
    gathered: mpsc::Sender<()>,
    state: watch::Sender<RTCPeerConnectionState>,
    heard: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Ears {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            let _ = self.gathered.try_send(());
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let _ = self.state.send(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let (heard, shared) = (Arc::clone(&self.heard), Arc::clone(&self.shared));
        tokio::spawn(async move {
            let mut last: Option<u16> = None;
            while let Some(event) = track.poll().await {
                let TrackRemoteEvent::OnRtpPacket(packet) = event else { continue };
                heard.store(true, Relaxed);
                shared.received.fetch_add(1, Relaxed);
                let number = packet.header.sequence_number;
                let ahead = last.map_or(1, |last| number.wrapping_sub(last));
                if (1..0x8000).contains(&ahead) {
                    shared.missing.fetch_add(u64::from(ahead - 1), Relaxed);
                    last = Some(number);
                } else {
                    // It had been counted as missing.
                    let _ = shared.missing.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1));
                }
            }
        });
    }
}

/// The media of one page.
struct Media {
    connection: Box<dyn PeerConnection>,
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    gathered: mpsc::Receiver<()>,
    state: watch::Receiver<RTCPeerConnectionState>,
    heard: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

impl Media {
    async fn new(plan: &Plan, n: u32, shared: &Arc<Shared>) -> webrtc::error::Result<Self> {
        let codec = RTCRtpCodec {
            mime_type: "audio/PCMA".to_owned(),
            clock_rate: 8_000,
            channels: 1,
            sdp_fmtp_line: String::new(),
            rtcp_feedback: Vec::new(),
        };
        let mut engine = MediaEngine::default();
        let known = RTCRtpCodecParameters { rtp_codec: codec.clone(), payload_type: PCMA };
        engine.register_codec(known, RtpCodecKind::Audio)?;
        let (gathered_by, gathered) = mpsc::channel(1);
        let (state_by, state) = watch::channel(RTCPeerConnectionState::New);
        let heard = Arc::new(AtomicBool::new(false));
        let ears =
            Ears { gathered: gathered_by, state: state_by, heard: Arc::clone(&heard), shared: Arc::clone(shared) };
        let connection = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_handler(Arc::new(ears))
            .with_runtime(Arc::new(TokioRuntime))
            .with_udp_addrs(vec![SocketAddr::new(plan.server.ip(), 0).to_string()])
            .build()
            .await?;
        let ssrc = 0x5000_0000 + n;
        let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() };
        let encoding = RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec, ..Default::default() };
        let track = MediaStreamTrack::new(
            "switchboard".to_owned(),
            format!("page-{n}"),
            "audio".to_owned(),
            RtpCodecKind::Audio,
            vec![encoding],
        );
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        connection.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await?;
        let connection: Box<dyn PeerConnection> = Box::new(connection);
        Ok(Self { connection, track, ssrc, gathered, state, heard, shared: Arc::clone(shared) })
    }

    /// The offer with all its candidates.
    async fn offer(&mut self) -> webrtc::error::Result<Bytes> {
        let offer = self.connection.create_offer(None).await?;
        self.connection.set_local_description(offer).await?;
        let _ = timeout(LAST_WORDS, self.gathered.recv()).await;
        let local = self.connection.local_description().await;
        Ok(local.map(|local| local.sdp).unwrap_or_default().into())
    }

    /// Takes the answer, and waits for ICE and DTLS to be done.
    async fn comes_through(&mut self, answer: String) -> Result<(), String> {
        let answer = RTCSessionDescription::answer(answer).map_err(|e| format!("webrtc: {e}"))?;
        self.connection.set_remote_description(answer).await.map_err(|e| format!("webrtc: {e}"))?;
        let connected = self.state.wait_for(|state| *state == RTCPeerConnectionState::Connected);
        match timeout(THROUGH, connected).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("webrtc: the connection is gone".to_owned()),
            Err(_) => Err("no ICE and DTLS in 10 s".to_owned()),
        }
    }

    /// Says silence for so long, a packet every 20 ms.
    async fn talks(&mut self, time: Duration) {
        let end = Instant::now() + time;
        let mut each = interval(Duration::from_millis(20));
        each.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut sequence, mut timestamp) = (1u16, 0u32);
        let payload = Bytes::from(vec![0xD5; SAMPLES as usize]);
        while Instant::now() < end {
            each.tick().await;
            let mut packet = Packet { payload: payload.clone(), ..Packet::default() };
            packet.header.version = 2;
            packet.header.payload_type = PCMA;
            (packet.header.sequence_number, packet.header.timestamp) = (sequence, timestamp);
            packet.header.ssrc = self.ssrc;
            if self.track.write_rtp(packet).await.is_ok() {
                self.shared.sent.fetch_add(1, Relaxed);
            }
            sequence = sequence.wrapping_add(1);
            timestamp = timestamp.wrapping_add(SAMPLES);
        }
    }

    async fn close(self) {
        let _ = timeout(LAST_WORDS, self.connection.close()).await;
    }
}
