//! The daemon's side: the socket file, and one task a connection.

use super::{CHECK, Charge, Errand, ORDER, Order, Outcome, PATIENCE, QUESTION, Question, Refusal, Reply};
use crate::exchange::{Answer, Command};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::{fs, time::Duration};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// A question, and where its answer goes.
pub type Ask = (Command, oneshot::Sender<Answer>);

/// An order about the dialplan, who gave it as the system says, and where its outcome goes.
pub type Task = (Order, Option<u32>, oneshot::Sender<Outcome>);

/// Where questions and orders are taken.
#[derive(Debug, Clone)]
pub struct Queues {
    /// The exchange.
    pub asks: mpsc::Sender<Ask>,
    /// Whoever keeps the dialplan.
    pub tasks: mpsc::Sender<Task>,
    /// Whoever keeps accounts.
    pub errands: mpsc::Sender<Errand>,
}

/// Connections at a time; the next wait in the socket's backlog.
const CONNECTIONS: usize = 32;
const BACKLOG: i32 = 64;

/// Makes the socket file with mode 0600. One that a dead daemon left is replaced.
///
/// # Errors
/// [`ErrorKind::AddrInUse`] when a daemon answers there; [`ErrorKind::AlreadyExists`] when the path is something else than a
/// socket; else what the system said. The text names the path.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    let at = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(at(io::Error::new(ErrorKind::AlreadyExists, "exists and is not a socket")));
        }
        Ok(_) => match UnixStream::connect(path) {
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(at)?,
            Ok(_) => return Err(at(io::Error::new(ErrorKind::AddrInUse, "another switchboard answers there"))),
            Err(e) => return Err(at(e)),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(at(e)),
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(at)?;
    socket.bind(&SockAddr::unix(path).map_err(at)?).map_err(at)?;
    // Nobody can connect before `listen`, so the mode is right before anybody could use it.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(at)?;
    socket.listen(BACKLOG).map_err(at)?;
    socket.set_nonblocking(true).map_err(at)?;
    Ok(socket.into())
}

/// Answers until the exchange's side of `asks` is closed. Runs on the daemon's runtime.
pub async fn serve(listener: UnixListener, queues: Queues) {
    let listener = match tokio::net::UnixListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the admin socket cannot be served"),
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            () = queues.asks.closed() => return,
        };
        match stream {
            Ok((stream, _)) => {
                let queues = queues.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &queues).await {
                        tracing::debug!(%error, "an admin connection ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                // Out of files: a short rest, or the loop would burn the signalling thread's core.
                tracing::warn!(%error, "an admin connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(stream: tokio::net::UnixStream, queues: &Queues) -> io::Result<()> {
    let uid = stream.peer_cred().ok().map(|who| who.uid());
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut line = Vec::new();
    loop {
        line.clear();
        if !read_line(&mut read, &mut line).await? {
            return Ok(());
        }
        let whole = line.last() == Some(&b'\n');
        let reply = match serde_json::from_slice(&line) {
            Ok(Question::Exchange(command)) if whole && line.len() <= QUESTION => reply(command, &queues.asks).await,
            Ok(Question::People(charge)) if whole && line.len() <= QUESTION => {
                see_to(charge, uid, &queues.errands).await
            }
            Ok(Question::Plan(order)) if whole => carry_out(order, uid, &queues.tasks).await,
            _ => Reply::Refused(Refusal::Malformed),
        };
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        timeout(PATIENCE, write.write_all(&text)).await.map_err(|_| ErrorKind::TimedOut)??;
        if !whole {
            return Ok(());
        }
    }
}

/// One line, as far as it is allowed to go: only an order, which carries texts, may be long. `false` at the end.
async fn read_line(read: &mut BufReader<OwnedReadHalf>, line: &mut Vec<u8>) -> io::Result<bool> {
    let limit = QUESTION as u64 + 1;
    let got = timeout(PATIENCE, read.take(limit).read_until(b'\n', line)).await;
    if got.map_err(|_| ErrorKind::TimedOut)?? == 0 {
        return Ok(false);
    }
    if line.last() != Some(&b'\n') && line.starts_with(b"{\"order\"") {
        let rest = (ORDER - line.len()) as u64;
        timeout(CHECK, read.take(rest).read_until(b'\n', line)).await.map_err(|_| ErrorKind::TimedOut)??;
    }
    Ok(true)
}

async fn reply(command: Command, asks: &mpsc::Sender<Ask>) -> Reply {
    put(command, asks, PATIENCE).await.map_or_else(Reply::Refused, Reply::Ok)
}

/// One question to the exchange.
///
/// # Errors
/// Why it was not answered.
pub async fn put(command: Command, asks: &mpsc::Sender<Ask>, patience: Duration) -> Result<Answer, Refusal> {
    let (to, answer) = oneshot::channel();
    answered(patience, async { asks.send((command, to)).await.map_err(drop) }, answer).await
}

/// One order to whoever keeps the dialplan; `uid` is who gives it as the system says.
///
/// # Errors
/// Why it has no outcome: after `patience` it may still be carried out.
pub async fn give(
    order: Order,
    uid: Option<u32>,
    tasks: &mpsc::Sender<Task>,
    patience: Duration,
) -> Result<Outcome, Refusal> {
    let (to, outcome) = oneshot::channel();
    answered(patience, async { tasks.send((order, uid, to)).await.map_err(drop) }, outcome).await
}

async fn carry_out(order: Order, uid: Option<u32>, tasks: &mpsc::Sender<Task>) -> Reply {
    let done = give(order, uid, tasks, CHECK).await;
    done.map_or_else(Reply::Refused, |outcome| Reply::Plan(Box::new(outcome)))
}

async fn see_to(charge: Charge, uid: Option<u32>, errands: &mpsc::Sender<Errand>) -> Reply {
    let (to, settled) = oneshot::channel();
    let done = answered(PATIENCE, async { errands.send((charge, uid, to)).await.map_err(drop) }, settled).await;
    done.map_or_else(Reply::Refused, |settled| Reply::People(Box::new(settled)))
}

async fn answered<T>(
    patience: Duration,
    sent: impl Future<Output = Result<(), ()>>,
    answer: oneshot::Receiver<T>,
) -> Result<T, Refusal> {
    let asked = async {
        sent.await.map_err(|()| Refusal::Stopping)?;
        answer.await.map_err(|_| Refusal::Stopping)
    };
    timeout(patience, asked).await.unwrap_or(Err(Refusal::Busy))
}
