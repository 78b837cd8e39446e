//! `GET /sip`: telephones in pages (RFC 7118). The upgrade is answered here, and the connection goes to the signalling's transports:
//! whoever has it proves himself there, by the password of his seat.

use super::backend::Backend;
use super::fault::Fault;
use crate::transport::Stream;
use crate::transport::websocket::{Entrance, Guest, Held, Refused};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;

pub(super) async fn open(State(backend): State<Arc<Backend>>, mut request: Request) -> Result<Response, Fault> {
    let Some(entrance) = backend.views.phones.clone() else { return Err(Fault::no_such_path()) };
    let answer = entrance.admit(request.headers()).map_err(fault)?;
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Err(error) = hand_over(upgrade, &entrance).await {
            tracing::debug!(%error, "a page's WebSocket has not come to the signalling");
        }
    });
    Ok((StatusCode::SWITCHING_PROTOCOLS, answer).into_response())
}

async fn hand_over(upgrade: OnUpgrade, entrance: &Entrance) -> io::Result<()> {
    let upgraded: Upgraded = upgrade.await.map_err(io::Error::other)?;
    let guest = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => guest(Held::Plain(parts.io.into_inner().into_std()?), parts.read_buf)?,
        Err(upgraded) => {
            let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| io::ErrorKind::Unsupported)?;
            // The socket leaves this runtime; what has been agreed on over it goes along.
            let mut stream = parts.io.into_inner();
            let socket = stream.get_mut().0.lift()?;
            guest(Held::Secured(Box::new(stream), socket), parts.read_buf)?
        }
    };
    // Where too many wait it is closed: the page comes again.
    if entrance.enter(guest) { Ok(()) } else { Err(io::ErrorKind::QuotaExceeded.into()) }
}

fn guest(stream: Held, read: Bytes) -> io::Result<Guest> {
    let (Held::Plain(socket) | Held::Secured(_, socket)) = &stream;
    let (peer, local) = (socket.peer_addr()?, socket.local_addr()?);
    Ok(Guest { stream, read, peer, local })
}

fn fault(refused: Refused) -> Fault {
    let (word, zh, en) = match refused {
        Refused::NoUpgrade => {
            ("upgrade_required", "这个地址是 WebSocket（RFC 6455）", "this address is a WebSocket (RFC 6455)")
        }
        Refused::Protocol => {
            ("no_sip", "须请求子协议 sip（RFC 7118）", "the subprotocol sip must be asked for (RFC 7118)")
        }
        Refused::Origin => (
            "origin",
            "此来源的网页不得接入：见 [sip] ws_origins",
            "pages of this origin may not: see [sip] ws_origins",
        ),
        Refused::Path => return Fault::no_such_path(),
    };
    Fault::new(refused.status(), word, (zh, en))
}
