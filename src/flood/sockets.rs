//! RTP sockets of this process: few, each shared by many legs, which are told apart by where their sound comes from.

use crate::transport::batch;
use rustix::net::sockopt;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;

/// Sockets of each address: batches stay full, and queues short.
pub const EACH: u16 = 8;
/// Wanted receive buffer, bytes: a third of a second of a thousand legs.
const BUFFER: usize = 4 << 20;

/// The sockets.
#[derive(Debug, Default)]
pub struct Sockets {
    all: Vec<(Socket, SocketAddr)>,
}

impl Sockets {
    /// Opens those of one address; the number of the first.
    ///
    /// # Errors
    /// What the system said.
    pub fn bind(&mut self, ip: IpAddr) -> io::Result<u16> {
        let first = u16::try_from(self.all.len()).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        for _ in 0..EACH {
            let socket = Socket::new(
                Domain::for_address(SocketAddr::new(ip, 0)),
                Type::DGRAM.nonblocking(),
                Some(Protocol::UDP),
            )?;
            socket.bind(&even(ip)?.into())?;
            if sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER).is_err() {
                // Less than asked for is no error: what is lost is counted.
                let _ = socket.set_recv_buffer_size(BUFFER);
            }
            let _ = socket.set_send_buffer_size(BUFFER);
            batch::stamp(socket.as_fd())?;
            let at = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
            self.all.push((socket, at));
        }
        Ok(first)
    }

    /// The socket of that number.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&Socket> {
        self.all.get(usize::from(number)).map(|(socket, _)| socket)
    }

    /// Their addresses, in the order of their numbers.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.all.iter().map(|(_, at)| *at).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u16 {
        u16::try_from(self.all.len()).unwrap_or(u16::MAX)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// A free even port, whose next one is left for RTCP (RFC 3550 §11).
fn even(ip: IpAddr) -> io::Result<SocketAddr> {
    for _ in 0..64 {
        let probe = std::net::UdpSocket::bind((ip, 0))?;
        let at = probe.local_addr()?;
        if at.port().is_multiple_of(2) {
            return Ok(at);
        }
    }
    Ok(SocketAddr::new(ip, 0))
}
