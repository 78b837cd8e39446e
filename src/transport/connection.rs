//! One connection, TCP or TLS or a WebSocket over it: a task that frames what comes, writes what is queued, and keeps the limits.

use super::certificate;
use super::frame::{Frame, Framer};
use super::tls::Shared;
use super::told::{Event, Queue, Tell};
use super::websocket::{self, Guest, Held};
use super::{Flow, TcpLimits, Why};
use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, timeout, timeout_at};
use tokio_rustls::TlsStream;

/// Messages that may wait on one connection, whatever their length.
const WAITING: usize = 1024;
/// What is read at once, bytes.
const PIECE: usize = 8192;
/// How long a connection is silent before the kernel asks whether the other side still is there.
const ALIVE: Duration = Duration::from_secs(30);
/// The answer to a ping (RFC 5626 §4.4.1).
const PONG: &[u8] = b"\r\n";

/// The table's end of a connection. Dropping it ends the task.
pub(super) struct Connection {
    pub(super) flow: Flow,
    pub(super) accepted: bool,
    queue: mpsc::Sender<Bytes>,
    /// Bytes queued and not yet written.
    waiting: Arc<AtomicUsize>,
    /// To be ended with it. A WebSocket ends by itself when its queue does, and says good-bye.
    task: Option<AbortHandle>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Connection {
    pub(super) fn accepted(flow: Flow, stream: TcpStream, limits: TcpLimits, tell: Tell) -> Self {
        Self::start(&Handle::current(), flow, true, |queue| async move {
            let session = Session { limits, first: Some(Instant::now() + limits.slow), queue };
            let why = session.plain(stream, &tell).await;
            tell.event(Event::Closed(why)).await;
        })
    }

    pub(super) fn opening(flow: Flow, source: SocketAddr, limits: TcpLimits, tell: Tell) -> Self {
        Self::start(&Handle::current(), flow, false, move |queue| async move {
            let why = match timeout(limits.stuck, connect(source, flow.peer)).await {
                Ok(Ok(stream)) => {
                    tell.event(Event::Opened(Arc::default())).await;
                    Session { limits, first: None, queue }.plain(stream, &tell).await
                }
                Ok(Err(_)) | Err(_) => Why::Unreachable,
            };
            tell.event(Event::Closed(why)).await;
        })
    }

    /// The same by TLS, on the thread that `runtime` drives.
    pub(super) fn accepted_tls(
        (runtime, tls): (&Handle, Arc<Shared>),
        flow: Flow,
        stream: std::net::TcpStream,
        limits: TcpLimits,
        tell: Tell,
    ) -> Self {
        Self::start(runtime, flow, true, move |queue| async move {
            let first = Some(Instant::now() + limits.slow);
            let secured = match TcpStream::from_std(stream) {
                Ok(stream) => tls.accept(stream).await,
                Err(error) => Err(error),
            };
            let why = match secured {
                Ok(stream) => {
                    let proved = stream.get_ref().1.peer_certificates().and_then(|all| all.first());
                    let names = proved.map(certificate::names).unwrap_or_default();
                    tell.event(Event::Opened(names.into())).await;
                    Session { limits, first, queue }.secured(stream.into(), &tell).await
                }
                Err(error) => Why::Handshake(reason(&error)),
            };
            tell.event(Event::Closed(why)).await;
        })
    }

    pub(super) fn opening_tls(
        (runtime, tls): (&Handle, Arc<Shared>),
        flow: Flow,
        source: SocketAddr,
        limits: TcpLimits,
        tell: Tell,
    ) -> Self {
        Self::start(runtime, flow, false, move |queue| async move {
            let why = match timeout(limits.stuck, connect(source, flow.peer)).await {
                Ok(Ok(stream)) => match tls.connect(stream, flow.peer).await {
                    Ok(stream) => {
                        tell.event(Event::Opened(Arc::default())).await;
                        Session { limits, first: None, queue }.secured(stream.into(), &tell).await
                    }
                    Err(error) => Why::Handshake(reason(&error)),
                },
                Ok(Err(_)) | Err(_) => Why::Unreachable,
            };
            tell.event(Event::Closed(why)).await;
        })
    }

    /// A WebSocket, on the thread that `runtime` drives; with `tls` over it.
    pub(super) fn accepted_ws(
        (runtime, tls): (&Handle, Option<Arc<Shared>>),
        flow: Flow,
        stream: std::net::TcpStream,
        (limits, origins): (TcpLimits, Arc<[String]>),
        tell: Tell,
    ) -> Self {
        let start = Self::start(runtime, flow, true, move |queue| async move {
            let stream = TcpStream::from_std(stream).inspect(steady);
            let why = match (stream, tls) {
                (Err(_), _) => Why::Peer,
                (Ok(stream), None) => web(stream, &origins, limits, queue, &tell).await,
                (Ok(stream), Some(tls)) => match tls.accept(stream).await {
                    Ok(stream) => web(stream, &origins, limits, queue, &tell).await,
                    Err(error) => Why::Handshake(reason(&error)),
                },
            };
            tell.event(Event::Closed(why)).await;
        });
        start.itself()
    }

    /// A WebSocket that the web listener has opened.
    pub(super) fn guest(runtime: &Handle, flow: Flow, guest: Guest, limits: TcpLimits, tell: Tell) -> Self {
        let Guest { stream, read, .. } = guest;
        let start = Self::start(runtime, flow, true, move |queue| async move {
            let why = match stream {
                Held::Plain(stream) => match TcpStream::from_std(stream).inspect(steady) {
                    Ok(stream) => taken_over(stream, read, limits, queue, &tell).await,
                    Err(_) => Why::Peer,
                },
                Held::Secured(mut stream, socket) => match stream.get_mut().0.set_down(socket) {
                    Ok(()) => {
                        stream.get_ref().0.socket().inspect(|socket| steady(socket));
                        taken_over(stream, read, limits, queue, &tell).await
                    }
                    Err(_) => Why::Peer,
                },
            };
            tell.event(Event::Closed(why)).await;
        });
        start.itself()
    }

    /// One that ends by itself.
    fn itself(mut self) -> Self {
        self.task = None;
        self
    }

    fn start<F, T>(runtime: &Handle, flow: Flow, accepted: bool, task: F) -> Self
    where
        F: FnOnce(Queue) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let queue = Queue { receiver, pongs: sender.downgrade(), waiting: Arc::clone(&waiting) };
        let task = runtime.spawn(task(queue)).abort_handle();
        Self { flow, accepted, queue: sender, waiting, task: Some(task) }
    }

    /// Queues bytes; false if more than `limit` would wait.
    pub(super) fn queue(&self, bytes: Bytes, limit: usize) -> bool {
        let length = bytes.len();
        if self.waiting.fetch_add(length, Relaxed).saturating_add(length) > limit {
            return false;
        }
        // A closed queue is a connection that has just ended: its end is on the way to the table.
        !matches!(self.queue.try_send(bytes), Err(mpsc::error::TrySendError::Full(_)))
    }
}

async fn connect(source: SocketAddr, peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket_for(peer.ip())?;
    socket.bind(source)?;
    socket.connect(peer).await
}

/// A WebSocket from its upgrade to its end.
async fn web<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    origins: &[String],
    limits: TcpLimits,
    queue: Queue,
    tell: &Tell,
) -> Why {
    match websocket::accept(stream, origins, &limits).await {
        Ok(socket) => {
            tell.event(Event::Opened(Arc::default())).await;
            websocket::converse(socket, limits, queue, tell).await
        }
        Err(why) => why,
    }
}

/// One that the web listener has opened, to its end.
async fn taken_over<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    read: Bytes,
    limits: TcpLimits,
    queue: Queue,
    tell: &Tell,
) -> Why {
    let socket = websocket::taken_over(stream, read, &limits).await;
    websocket::converse(socket, limits, queue, tell).await
}

/// What a failed handshake is told as: the kind, in few words.
fn reason(error: &io::Error) -> Arc<str> {
    error.to_string().into()
}

/// A connection that stands.
struct Session {
    limits: TcpLimits,
    /// When the first message must be whole.
    first: Option<Instant>,
    queue: Queue,
}

impl Session {
    async fn plain(self, stream: TcpStream, tell: &Tell) -> Why {
        steady(&stream);
        let (reading, writing) = stream.into_split();
        self.run(reading, writing, tell).await
    }

    async fn secured(self, stream: TlsStream<TcpStream>, tell: &Tell) -> Why {
        steady(stream.get_ref().0);
        let (reading, writing) = tokio::io::split(stream);
        self.run(reading, writing, tell).await
    }

    /// Reads and writes until one of the two ends.
    async fn run(self, reading: impl Pieces, writing: impl AsyncWrite + Unpin, tell: &Tell) -> Why {
        let Self { limits, first, queue: Queue { receiver, pongs, waiting } } = self;
        let activity = Activity { start: Instant::now(), last: AtomicU64::new(0) };
        let reader = Reader { limits, first, tell, pongs, waiting: &waiting, activity: &activity };
        tokio::select! {
            why = reader.run(reading) => why,
            why = write(writing, receiver, limits.stuck, &waiting, &activity) => why,
        }
    }
}

/// No delay for small messages; and a phone that lost its power says nothing: the kernel notices within a minute, long before the idle limit.
fn steady(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let alive = TcpKeepalive::new().with_time(ALIVE).with_interval(ALIVE / 3).with_retries(3);
    let _ = SockRef::from(stream).set_tcp_keepalive(&alive);
}

/// Where bytes come from, a piece at a time; 0 is the end.
trait Pieces: Send {
    fn piece(&mut self, framer: &mut Framer) -> impl Future<Output = io::Result<usize>> + Send;
}

impl Pieces for OwnedReadHalf {
    async fn piece(&mut self, framer: &mut Framer) -> io::Result<usize> {
        loop {
            self.readable().await?;
            match read_piece(self, framer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

impl<S: AsyncRead + Send> Pieces for ReadHalf<S> {
    async fn piece(&mut self, framer: &mut Framer) -> io::Result<usize> {
        // What is decrypted is in memory already: room for it is made only while it is moved.
        let mut room = bytes::BytesMut::with_capacity(PIECE);
        let count = self.read_buf(&mut room).await?;
        framer.push(&room);
        Ok(count)
    }
}

/// When the last byte went in either direction, ms after the start.
struct Activity {
    start: Instant,
    last: AtomicU64,
}

impl Activity {
    fn mark(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Relaxed);
    }

    fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Relaxed))
    }
}

struct Reader<'a> {
    limits: TcpLimits,
    first: Option<Instant>,
    tell: &'a Tell,
    pongs: mpsc::WeakSender<Bytes>,
    waiting: &'a AtomicUsize,
    activity: &'a Activity,
}

impl Reader<'_> {
    async fn run(mut self, mut io: impl Pieces) -> Why {
        let mut framer = Framer::new(self.limits.message);
        let mut whole_by: Option<Instant> = None;
        loop {
            let slow = [self.first, whole_by].into_iter().flatten().min();
            let idle = self.activity.last() + self.limits.idle;
            let limit = slow.map_or(idle, |slow| slow.min(idle));
            match timeout_at(limit, io.piece(&mut framer)).await {
                Ok(Ok(0) | Err(_)) => return Why::Peer,
                Ok(Ok(_)) => self.activity.mark(),
                Err(_) if slow.is_some_and(|slow| slow <= Instant::now()) => return Why::Slow,
                // Something was written in the meantime.
                Err(_) if self.activity.last() + self.limits.idle > Instant::now() => continue,
                Err(_) => return Why::Idle,
            }
            match self.frames(&mut framer).await {
                Ok(true) => whole_by = None,
                Ok(false) => {}
                Err(why) => return why,
            }
            whole_by = framer.pending().then(|| whole_by.unwrap_or_else(|| Instant::now() + self.limits.slow));
        }
    }

    /// Tells every whole message; true if there was one.
    async fn frames(&mut self, framer: &mut Framer) -> Result<bool, Why> {
        let mut any = false;
        while let Some(frame) = framer.poll() {
            match frame.map_err(|_| Why::Unframed)? {
                Frame::Message(bytes) => {
                    (self.first, any) = (None, true);
                    if !self.tell.event(Event::Message(bytes)).await {
                        return Err(Why::Peer);
                    }
                }
                Frame::Ping => self.pong()?,
            }
        }
        Ok(any)
    }

    fn pong(&self) -> Result<(), Why> {
        let Some(queue) = self.pongs.upgrade() else {
            return Ok(());
        };
        self.waiting.fetch_add(PONG.len(), Relaxed);
        queue.try_send(Bytes::from_static(PONG)).map_err(|_| Why::Stuck)
    }
}

/// Reads once. Apart from the task, so that the room is on the stack and not in every connection's memory.
fn read_piece(io: &OwnedReadHalf, framer: &mut Framer) -> io::Result<usize> {
    let mut room = [0; PIECE];
    let count = io.try_read(&mut room)?;
    framer.push(room.get(..count).unwrap_or_default());
    Ok(count)
}

async fn write(
    mut io: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<Bytes>,
    stuck: Duration,
    waiting: &AtomicUsize,
    activity: &Activity,
) -> Why {
    while let Some(bytes) = queue.recv().await {
        let whole = async {
            io.write_all(&bytes).await?;
            io.flush().await
        };
        match timeout(stuck, whole).await {
            Ok(Ok(())) => activity.mark(),
            Ok(Err(_)) => return Why::Peer,
            Err(_) => return Why::Stuck,
        }
        waiting.fetch_sub(bytes.len(), Relaxed);
    }
    Why::Peer
}

/// A socket of the address's kind.
pub(super) fn socket_for(ip: IpAddr) -> io::Result<TcpSocket> {
    if ip.is_ipv4() {
        return TcpSocket::new_v4();
    }
    let socket = TcpSocket::new_v6()?;
    SockRef::from(&socket).set_only_v6(true)?;
    Ok(socket)
}
