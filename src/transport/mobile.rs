//! A TCP socket that can be lifted out of one runtime and set down in another, while what stands over it (TLS) goes on.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The socket, or its place while it is on the way.
#[derive(Debug)]
pub struct Mobile(Option<TcpStream>);

impl Mobile {
    /// On this runtime.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self(Some(stream))
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> Option<&TcpStream> {
        self.0.as_ref()
    }

    /// Takes the socket out; until it is set down, nothing is read or written.
    ///
    /// # Errors
    /// As the system says, or that it is on the way already.
    pub fn lift(&mut self) -> io::Result<std::net::TcpStream> {
        self.0.take().ok_or_else(on_the_way)?.into_std()
    }

    /// Goes on with the socket, on the runtime that calls.
    ///
    /// # Errors
    /// As the system says.
    pub fn set_down(&mut self, stream: std::net::TcpStream) -> io::Result<()> {
        self.0 = Some(TcpStream::from_std(stream)?);
        Ok(())
    }

    fn pinned(self: Pin<&mut Self>) -> io::Result<Pin<&mut TcpStream>> {
        self.get_mut().0.as_mut().map(Pin::new).ok_or_else(on_the_way)
    }
}

fn on_the_way() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

impl AsyncRead for Mobile {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_read(cx, into)
    }
}

impl AsyncWrite for Mobile {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.pinned()?.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned()?.poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}
