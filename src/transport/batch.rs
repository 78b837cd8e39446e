//! `recvmmsg` and `sendmmsg`: up to 32 datagrams for one system call. The only `unsafe` of the transport.
//!
//! Both functions build their headers on the stack, hand them to the kernel for the length of one call and read back what it
//! wrote; no pointer outlives the call. It refuses to wait: an empty or full socket is `WouldBlock`.

#![expect(unsafe_code, reason = "std and socket2 have no call for a batch of datagrams")]

use std::io;
use std::mem;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Most datagrams for one system call.
pub const BATCH: usize = 32;

/// The reused room that datagrams are received into.
#[derive(Default)]
pub struct Slots {
    room: Vec<u8>,
    slot: usize,
    /// Room for what the kernel says beside each datagram; empty: it says nothing.
    stamps: Vec<Beside>,
}

/// Room for one control message with a time stamp (24 bytes and its header), aligned as `cmsghdr` is.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Beside([u8; 64]);

/// One received datagram, valid until the next one is received.
pub struct Datagram<'a> {
    /// What came.
    pub bytes: &'a [u8],
    /// Whence.
    pub from: SocketAddr,
    /// It was longer than the slot: its end is lost.
    pub truncated: bool,
    /// When the kernel took it, µs since the epoch; only with [`Slots::stamped`] on a socket that was told to [`stamp`].
    pub stamp: Option<i64>,
}

impl Slots {
    /// Room for a batch of datagrams of up to `slot` bytes each. Pages that no datagram reaches are never touched.
    pub fn new(slot: usize) -> Self {
        Self { room: vec![0; slot * BATCH], slot, stamps: Vec::new() }
    }

    /// The same, with the kernel's time of arrival.
    #[must_use]
    pub fn stamped(slot: usize) -> Self {
        Self { stamps: vec![Beside([0; 64]); BATCH], ..Self::new(slot) }
    }
}

/// Receives what is there, at most [`BATCH`]; calls `each` in order of arrival and returns how many came.
///
/// # Errors
/// `WouldBlock` if nothing is there; else what the kernel says.
pub fn receive(fd: BorrowedFd<'_>, slots: &mut Slots, mut each: impl FnMut(Datagram<'_>)) -> io::Result<usize> {
    let mut names = [EMPTY_NAME; BATCH];
    let mut parts = [EMPTY_PART; BATCH];
    let mut heads = [EMPTY_HEAD; BATCH];
    let rooms = slots.room.chunks_exact_mut(slots.slot);
    for (((head, part), name), room) in heads.iter_mut().zip(&mut parts).zip(&mut names).zip(rooms) {
        *part = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
        point(head, part, name, size_of::<libc::sockaddr_in6>());
    }
    for (head, beside) in heads.iter_mut().zip(&mut slots.stamps) {
        head.msg_hdr.msg_control = ptr::from_mut(beside).cast();
        head.msg_hdr.msg_controllen = size_of::<Beside>() as _;
    }
    // SAFETY: every header points to one name, one iovec and one chunk of `room`, all distinct, alive and writable until the
    // call returns; `vlen` is the length of `heads`; no timeout is given.
    let got = retry(|| unsafe {
        libc::recvmmsg(fd.as_raw_fd(), heads.as_mut_ptr(), COUNT, libc::MSG_DONTWAIT, ptr::null_mut())
    })?;
    let rooms = slots.room.chunks_exact(slots.slot);
    for ((head, name), room) in heads.iter().zip(&names).zip(rooms).take(got) {
        let Some(from) = from_name(name) else {
            continue;
        };
        let bytes = room.get(..head.msg_len as usize).unwrap_or(room);
        let truncated = head.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        each(Datagram { bytes, from, truncated, stamp: stamp_of(&head.msg_hdr) });
    }
    Ok(got)
}

/// Has the kernel say when each datagram of this socket came.
///
/// # Errors
/// What the kernel says.
pub fn stamp(fd: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(4);
    let name = libc::SO_TIMESTAMPNS;
    // SAFETY: `on` is an `int` of this length and lives until the call returns; the kernel only reads it.
    retry(|| unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, name, ptr::from_ref(&on).cast(), length) })
        .map(|_| ())
}

/// The time stamp beside a datagram, µs since the epoch.
fn stamp_of(head: &libc::msghdr) -> Option<i64> {
    if head.msg_controllen == 0 || head.msg_control.is_null() {
        return None;
    }
    // SAFETY: `msg_control` points to a `Beside` that is alive, aligned as `cmsghdr`, and `msg_controllen` bytes of it were
    // written by the kernel: `CMSG_FIRSTHDR` gives its first header or null.
    let first = unsafe { libc::CMSG_FIRSTHDR(head).as_ref() }?;
    if (first.cmsg_level, first.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
        return None;
    }
    // SAFETY: a message of this type holds one `timespec`; the room is longer than header and `timespec` together.
    let at = unsafe { libc::CMSG_DATA(first).cast::<libc::timespec>().read_unaligned() };
    Some(at.tv_sec * 1_000_000 + at.tv_nsec / 1_000)
}

/// Sends the first datagrams of `queue`, at most [`BATCH`], and returns how many the kernel took.
///
/// # Errors
/// `WouldBlock` if the send buffer is full; any other error is about the first datagram alone.
pub fn send<'a>(fd: BorrowedFd<'_>, queue: impl Iterator<Item = (&'a [u8], SocketAddr)>) -> io::Result<usize> {
    let mut names = [EMPTY_NAME; BATCH];
    let mut parts = [EMPTY_PART; BATCH];
    let mut heads = [EMPTY_HEAD; BATCH];
    let mut count = 0;
    for (((head, part), name), (bytes, to)) in heads.iter_mut().zip(&mut parts).zip(&mut names).zip(queue) {
        *part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let length = write_name(name, to);
        point(head, part, name, length);
        count += 1;
    }
    // SAFETY: the first `count` headers point to one name, one iovec and one slice each, which live for `'a` or on this stack;
    // the kernel only reads the slices (`iov_base` is `*mut` because `recvmsg` shares the type).
    retry(|| unsafe {
        libc::sendmmsg(fd.as_raw_fd(), heads.as_mut_ptr(), count, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "32")]
const COUNT: libc::c_uint = BATCH as libc::c_uint;

const EMPTY_PART: libc::iovec = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };

// Room for the longer of the two address families; `sockaddr_in` is shorter and needs no stricter alignment.
const EMPTY_NAME: libc::sockaddr_in6 = libc::sockaddr_in6 {
    sin6_family: 0,
    sin6_port: 0,
    sin6_flowinfo: 0,
    sin6_addr: libc::in6_addr { s6_addr: [0; 16] },
    sin6_scope_id: 0,
};

// SAFETY: `mmsghdr` is integers and raw pointers only; all zero is null pointers with zero lengths.
const EMPTY_HEAD: libc::mmsghdr = unsafe { mem::zeroed() };

fn point(head: &mut libc::mmsghdr, part: &mut libc::iovec, name: &mut libc::sockaddr_in6, length: usize) {
    head.msg_hdr.msg_iov = ptr::from_mut(part);
    head.msg_hdr.msg_iovlen = 1;
    head.msg_hdr.msg_name = ptr::from_mut(name).cast();
    head.msg_hdr.msg_namelen = libc::socklen_t::try_from(length).unwrap_or(0);
}

fn retry(mut call: impl FnMut() -> libc::c_int) -> io::Result<usize> {
    loop {
        match usize::try_from(call()) {
            Ok(count) => return Ok(count),
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}

fn write_name(name: &mut libc::sockaddr_in6, to: SocketAddr) -> usize {
    match to {
        SocketAddr::V4(v4) => {
            let short = libc::sockaddr_in {
                sin_family: family(libc::AF_INET),
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                sin_zero: [0; 8],
            };
            // SAFETY: `sockaddr_in` (16 bytes, alignment 4) fits into `sockaddr_in6` (28 bytes, alignment 4); plain data.
            unsafe { ptr::from_mut(name).cast::<libc::sockaddr_in>().write(short) };
            size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(v6) => {
            name.sin6_family = family(libc::AF_INET6);
            name.sin6_port = v6.port().to_be();
            name.sin6_flowinfo = v6.flowinfo();
            name.sin6_addr.s6_addr = v6.ip().octets();
            name.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>()
        }
    }
}

fn from_name(name: &libc::sockaddr_in6) -> Option<SocketAddr> {
    match i32::from(name.sin6_family) {
        libc::AF_INET => {
            // SAFETY: the kernel wrote a `sockaddr_in` here: the family says so; size and alignment as in `write_name`.
            let short = unsafe { ptr::from_ref(name).cast::<libc::sockaddr_in>().read() };
            let ip = short.sin_addr.s_addr.to_ne_bytes().into();
            Some(SocketAddrV4::new(ip, u16::from_be(short.sin_port)).into())
        }
        libc::AF_INET6 => {
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            let port = u16::from_be(name.sin6_port);
            Some(SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn family(number: libc::c_int) -> libc::sa_family_t {
    libc::sa_family_t::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    fn pair(ip: &str) -> (UdpSocket, UdpSocket) {
        let bind = || UdpSocket::bind((ip, 0)).unwrap();
        (bind(), bind())
    }

    fn all(socket: &UdpSocket, slots: &mut Slots) -> Vec<(Vec<u8>, SocketAddr, bool)> {
        let mut got = Vec::new();
        receive(socket.as_fd(), slots, |d| got.push((d.bytes.to_vec(), d.from, d.truncated))).unwrap();
        got
    }

    #[test]
    fn forty_datagrams_go_as_32_and_8_in_order_over_both_families() {
        for ip in ["127.0.0.1", "::1"] {
            let (a, b) = pair(ip);
            let (from, to) = (a.local_addr().unwrap(), b.local_addr().unwrap());
            let sent: Vec<Vec<u8>> = (0..40u8).map(|i| vec![i; usize::from(i) * 10]).collect();
            let queue = || sent.iter().map(|m| (m.as_slice(), to));
            assert_eq!(send(a.as_fd(), queue()).unwrap(), 32);
            assert_eq!(send(a.as_fd(), queue().skip(32)).unwrap(), 8);
            let mut slots = Slots::new(1500);
            let mut got = all(&b, &mut slots);
            assert_eq!(got.len(), 32);
            got.extend(all(&b, &mut slots));
            let expected: Vec<_> = sent.into_iter().map(|m| (m, from, false)).collect();
            assert_eq!(got, expected, "{ip}");
        }
    }

    #[test]
    fn an_empty_socket_would_block_and_a_long_datagram_says_that_it_was_cut() {
        let (a, b) = pair("127.0.0.1");
        let mut slots = Slots::new(100);
        let error = receive(b.as_fd(), &mut slots, |_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let queue = [(&[7; 101][..], b.local_addr().unwrap()), (&[8; 100][..], b.local_addr().unwrap())];
        assert_eq!(send(a.as_fd(), queue.into_iter()).unwrap(), 2);
        let got = all(&b, &mut slots);
        assert_eq!(got.iter().map(|(m, _, cut)| (m.len(), *cut)).collect::<Vec<_>>(), [(100, true), (100, false)]);
    }

    #[test]
    fn an_error_is_about_the_first_datagram_alone() {
        let (a, b) = pair("127.0.0.1");
        let long = vec![0; 65_536];
        let queue = [(&b"one"[..], b.local_addr().unwrap()), (&long[..], b.local_addr().unwrap())];
        assert_eq!(send(a.as_fd(), queue.into_iter()).unwrap(), 1);
        let error = send(a.as_fd(), queue.into_iter().skip(1)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    }
}
