//! Connectivity checks of ICE (RFC 8445 §7, RFC 8489): read in place, answered in a buffer on the stack.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use std::net::{IpAddr, SocketAddr};

/// Longest check that is read, bytes.
pub const LONGEST: usize = 1_024;
/// Longest answer to one: head, address, integrity, fingerprint.
pub const ANSWER: usize = HEAD + 24 + 24 + 8;

const HEAD: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const REQUEST: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
/// What the CRC of FINGERPRINT is combined with (RFC 8489 §14.7).
const FINGERPRINT_XOR: u32 = 0x5354_554E;
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// A binding request as it came, not believed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check<'d> {
    datagram: &'d [u8],
    /// Whom it is for and whose it is: `ours:theirs`.
    username: &'d [u8],
    /// Where MESSAGE-INTEGRITY begins, and its value.
    integrity: (usize, &'d [u8]),
    /// The pair is to be used (RFC 8445 §7.1.1).
    pub nominates: bool,
}

impl<'d> Check<'d> {
    /// Reads a binding request with user name and integrity; what stands behind the integrity is not believed but for a fingerprint,
    /// which must be right where there is one. `None` for anything else.
    #[must_use]
    pub fn read(datagram: &'d [u8]) -> Option<Self> {
        let (head, mut rest) = datagram.split_at_checked(HEAD)?;
        let length = usize::from(u16::from_be_bytes([*head.get(2)?, *head.get(3)?]));
        let plain = datagram.len() <= LONGEST && rest.len() == length && length % 4 == 0;
        if !plain || !head.starts_with(&REQUEST) || head.get(4..8)? != COOKIE {
            return None;
        }
        let (mut username, mut integrity, mut nominates) = (None, None, false);
        while !rest.is_empty() {
            let at = datagram.len() - rest.len();
            let (kind, value, behind) = attribute(rest)?;
            rest = behind;
            match kind {
                FINGERPRINT => {
                    let covered = datagram.get(..at)?;
                    let right = (CRC.checksum(covered) ^ FINGERPRINT_XOR).to_be_bytes();
                    if value != right || !rest.is_empty() {
                        return None;
                    }
                }
                _ if integrity.is_some() => {}
                USERNAME => username = username.or(Some(value)),
                USE_CANDIDATE => nominates = true,
                INTEGRITY => integrity = Some((at, value)),
                _ => {}
            }
        }
        Some(Self { datagram, username: username?, integrity: integrity?, nominates })
    }

    /// The part of the user name that is ours.
    #[must_use]
    pub fn user(&self) -> &'d [u8] {
        self.username.split(|b| *b == b':').next().unwrap_or_default()
    }

    /// Whether whoever sent it knows this password (RFC 8489 §14.5).
    #[must_use]
    pub fn knows(&self, password: &[u8]) -> bool {
        let (at, value) = self.integrity;
        let (Some(covered), Ok(mut mac)) = (self.datagram.get(HEAD..at), Hmac::<Sha1>::new_from_slice(password)) else {
            return false;
        };
        // The length counts up to the integrity's own end, whatever stands behind it.
        let Ok(length) = u16::try_from(at + 24 - HEAD) else { return false };
        mac.update(self.datagram.get(..2).unwrap_or_default());
        mac.update(&length.to_be_bytes());
        mac.update(self.datagram.get(4..HEAD).unwrap_or_default());
        mac.update(covered);
        mac.verify_slice(value).is_ok()
    }

    /// The answer: where it came from as we see it, signed with the password.
    #[must_use]
    pub fn answer(&self, from: SocketAddr, password: &[u8]) -> ([u8; ANSWER], usize) {
        let mut out = Out { bytes: [0; ANSWER], length: 0 };
        out.put(&SUCCESS);
        out.put(&[0, 0]);
        out.put(self.datagram.get(4..HEAD).unwrap_or_default());
        let mask = out.bytes;
        let mask = mask.get(4..HEAD).unwrap_or_default();
        let port = from.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
        let mut value = [0; 20];
        value[1] = if from.is_ipv4() { 1 } else { 2 };
        value[2..4].copy_from_slice(&port.to_be_bytes());
        let mut ip = [0; 16];
        let width = match from.ip() {
            IpAddr::V4(v4) => {
                ip[..4].copy_from_slice(&v4.octets());
                4
            }
            IpAddr::V6(v6) => {
                ip = v6.octets();
                16
            }
        };
        for ((to, byte), mask) in value[4..].iter_mut().zip(&ip[..width]).zip(mask) {
            *to = byte ^ mask;
        }
        out.attribute(XOR_MAPPED_ADDRESS, value.get(..4 + width).unwrap_or_default());
        out.measure(24);
        let mut tag = [0; 20];
        if let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(password) {
            mac.update(out.written());
            tag.copy_from_slice(&mac.finalize().into_bytes());
        }
        out.attribute(INTEGRITY, &tag);
        out.measure(8);
        let crc = CRC.checksum(out.written()) ^ FINGERPRINT_XOR;
        out.attribute(FINGERPRINT, &crc.to_be_bytes());
        (out.bytes, out.length)
    }
}

/// The first attribute: its type, its value, and what stands behind it.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(4)?;
    let word = |at: usize| Some(u16::from_be_bytes([*head.get(at)?, *head.get(at + 1)?]));
    let (kind, length) = (word(0)?, usize::from(word(2)?));
    Some((kind, rest.get(..length)?, rest.get(length.next_multiple_of(4)..)?))
}

/// An answer under construction.
struct Out {
    bytes: [u8; ANSWER],
    length: usize,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(0);
        self.put(&kind.to_be_bytes());
        self.put(&length.to_be_bytes());
        self.put(value);
    }

    /// Says how long the message is once `more` bytes have been put.
    fn measure(&mut self, more: usize) {
        let length = u16::try_from(self.length + more - HEAD).unwrap_or(0);
        self.bytes[2..4].copy_from_slice(&length.to_be_bytes());
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
