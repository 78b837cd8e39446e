//! SRTP and SRTCP (RFC 3711, RFC 7714) in place and without an allocation: keys are values, the primitives are RustCrypto's.
//!
//! A [`Sender`] protects one stream of ours, a [`Listener`] opens those of the other side. Key derivation rate 0, no MKI, a window of 64
//! packets against replay. What cannot be proved to be the other side's is refused and changes nothing.

use crate::key::{KEY, Master, SALT, Suite};
use aes::Aes128Enc as Aes128;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockEncrypt, KeyInit};
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, Tag};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use smallvec::SmallVec;
use std::fmt;
use zeroize::Zeroize;

/// What a packet may grow by: a tag of 16 bytes, and the index of RTCP.
pub const GROWS: usize = 20;
/// Streams of one other side that are told apart at a time: after a change of SSRC the former is soon silent.
const STREAMS: usize = 4;
/// Packets behind the newest that may still come, once each.
const WINDOW: u64 = 64;
/// Fixed part of an RTP header, and what of an RTCP packet stays readable.
const RTP: usize = 12;
const RTCP: usize = 8;
/// The bit of SRTCP's index that says that the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

/// Length of an RTP packet's tag, bytes.
const fn tag_of(suite: Suite) -> usize {
    match suite {
        Suite::Gcm => 16,
        Suite::Cm80 => 10,
        Suite::Cm32 => 4,
    }
}

/// Length of an RTCP packet's tag, bytes.
const fn rtcp_tag_of(suite: Suite) -> usize {
    match suite {
        Suite::Gcm => 16,
        Suite::Cm80 | Suite::Cm32 => 10,
    }
}

/// The session key of a label (RFC 3711 §4.3.1 and §4.3.3, rate 0).
fn derive(master: &Master, label: u8, out: &mut [u8]) {
    let (mut key, salt) = master.parts();
    let mut iv = [0; 16];
    iv[..SALT].copy_from_slice(&salt);
    iv[7] ^= label;
    out.fill(0);
    counter_mode(&Aes128::new(GenericArray::from_slice(&key)), iv, out);
    key.zeroize();
}

/// XORs the keystream of AES in counter mode over `data` (RFC 3711 §4.1.1); the last two bytes of `iv` count.
fn counter_mode(cipher: &Aes128, iv: [u8; 16], data: &mut [u8]) {
    let mut block = 0u16;
    for piece in data.chunks_mut(8 * 16) {
        let mut stream = [GenericArray::from(iv); 8];
        for one in &mut stream {
            one[14..].copy_from_slice(&block.to_be_bytes());
            block = block.wrapping_add(1);
        }
        let used = piece.len().div_ceil(16);
        cipher.encrypt_blocks(&mut stream[..used]);
        for (sixteen, key) in piece.chunks_mut(16).zip(&stream) {
            sixteen.iter_mut().zip(key.iter()).for_each(|(byte, key)| *byte ^= key);
        }
    }
}

/// Session keys of RTP or of RTCP in one direction.
#[derive(Clone)]
enum Keys {
    Cm { cipher: Aes128, salt: [u8; SALT], mac: Hmac<Sha1>, tag: usize },
    Gcm { cipher: Aes128Gcm, salt: [u8; 12] },
}

impl Keys {
    /// Those of RTP, and those of RTCP.
    fn both(master: &Master) -> [Self; 2] {
        [Self::new(master, 0, tag_of(master.suite)), Self::new(master, 3, rtcp_tag_of(master.suite))]
    }

    /// `first`: the label of the encryption key, 0 for RTP, 3 for RTCP.
    fn new(master: &Master, first: u8, tag: usize) -> Self {
        let (mut key, mut salt) = ([0; KEY], [0; SALT]);
        derive(master, first, &mut key);
        derive(master, first + 2, &mut salt);
        let keys = match master.suite {
            Suite::Gcm => {
                let mut short = [0; 12];
                short.copy_from_slice(&salt[..12]);
                Self::Gcm { cipher: Aes128Gcm::new(GenericArray::from_slice(&key)), salt: short }
            }
            Suite::Cm80 | Suite::Cm32 => {
                // HMAC fills a key up to its block with noughts.
                let mut auth = [0; 64];
                derive(master, first + 1, &mut auth[..20]);
                let mac = <Hmac<Sha1> as KeyInit>::new(GenericArray::from_slice(&auth));
                auth.zeroize();
                Self::Cm { cipher: Aes128::new(GenericArray::from_slice(&key)), salt, mac, tag }
            }
        };
        key.zeroize();
        salt.zeroize();
        keys
    }
}

/// Where counter mode begins (RFC 3711 §4.1.1).
fn cm_iv(salt: &[u8; SALT], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..SALT].copy_from_slice(salt);
    iv[4..8].iter_mut().zip(ssrc.to_be_bytes()).for_each(|(byte, with)| *byte ^= with);
    iv[8..14].iter_mut().zip(index.to_be_bytes()[2..].iter()).for_each(|(byte, with)| *byte ^= with);
    iv
}

/// The nonce of GCM (RFC 7714 §8.1, §9.1): the index is of 48 bits, that of RTCP stands in the last 32.
fn gcm_iv(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut iv = *salt;
    iv[2..6].iter_mut().zip(ssrc.to_be_bytes()).for_each(|(byte, with)| *byte ^= with);
    iv[6..12].iter_mut().zip(index.to_be_bytes()[2..].iter()).for_each(|(byte, with)| *byte ^= with);
    iv
}

/// What a tag is made of, or checked against.
fn mac_over(mac: &Hmac<Sha1>, parts: [&[u8]; 2]) -> Hmac<Sha1> {
    let mut mac = mac.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac
}

/// One tag, as much of it as is sent.
fn tag(mac: &Hmac<Sha1>, parts: [&[u8]; 2]) -> [u8; 20] {
    mac_over(mac, parts).finalize().into_bytes().into()
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Where the payload of an RTP packet begins: behind CSRCs and extension, which stay readable (RFC 3711 §3.1).
fn header_of(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let csrcs = RTP + 4 * usize::from(first & 0x0f);
    let end = if first & 0x10 == 0 {
        csrcs
    } else {
        let words = packet.get(csrcs + 2..csrcs + 4)?;
        csrcs + 4 + 4 * usize::from(u16::from_be_bytes(words.try_into().ok()?))
    };
    (end <= packet.len() && first >> 6 == 2).then_some(end)
}

/// Where the payload begins, SSRC and sequence number.
fn head_of(packet: &[u8]) -> Option<(usize, u32, u16)> {
    let sequence = u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?);
    Some((header_of(packet)?, word(packet, 8)?, sequence))
}

/// Our side: protects the one stream that we send.
#[derive(Clone)]
pub struct Sender {
    rtp: Keys,
    rtcp: Keys,
    /// The furthest packet so far.
    furthest: Option<Seen>,
    index: u32,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender(…)")
    }
}

impl Sender {
    /// With this key.
    #[must_use]
    pub fn new(master: &Master) -> Self {
        let [rtp, rtcp] = Keys::both(master);
        Self { rtp, rtcp, furthest: None, index: 0 }
    }

    /// Protects the first `length` bytes of `room`; the length then. `None`: it is no RTP, or of before the first one, whose index nobody
    /// could guess, or there is no room for the tag.
    pub fn protect(&mut self, room: &mut [u8], length: usize) -> Option<usize> {
        let packet = room.get(..length)?;
        let (header, ssrc, sequence) = head_of(packet)?;
        // What is relayed on arrival may be late, also where the numbers go round.
        let furthest = self.furthest.get_or_insert_with(|| Seen::new(ssrc, u64::from(sequence)));
        let index = furthest.guess(sequence);
        if index > furthest.newest + 0x8000 {
            return None;
        }
        furthest.newest = furthest.newest.max(index);
        let roc = (index >> 16) as u32;
        match &self.rtp {
            Keys::Cm { cipher, salt, mac, tag: size } => {
                counter_mode(cipher, cm_iv(salt, ssrc, index), room.get_mut(header..length)?);
                let made = tag(mac, [room.get(..length)?, &roc.to_be_bytes()]);
                room.get_mut(length..length + size)?.copy_from_slice(&made[..*size]);
                Some(length + size)
            }
            Keys::Gcm { cipher, salt } => {
                let iv = gcm_iv(salt, ssrc, index);
                let (head, rest) = room.split_at_mut(header);
                let (payload, after) = rest.split_at_mut(length - header);
                let made = cipher.encrypt_in_place_detached(GenericArray::from_slice(&iv), head, payload).ok()?;
                after.get_mut(..16)?.copy_from_slice(&made);
                Some(length + 16)
            }
        }
    }

    /// The same for a compound of RTCP.
    pub fn protect_rtcp(&mut self, room: &mut [u8], length: usize) -> Option<usize> {
        let ssrc = word(room.get(..length)?, 4)?;
        self.index = (self.index + 1) & !ENCRYPTED;
        let trailer = (ENCRYPTED | self.index).to_be_bytes();
        match &self.rtcp {
            Keys::Cm { cipher, salt, mac, tag: size } => {
                let iv = cm_iv(salt, ssrc, u64::from(self.index));
                counter_mode(cipher, iv, room.get_mut(RTCP..length)?);
                room.get_mut(length..length + 4)?.copy_from_slice(&trailer);
                let made = tag(mac, [room.get(..length + 4)?, &[]]);
                room.get_mut(length + 4..length + 4 + size)?.copy_from_slice(&made[..*size]);
                Some(length + 4 + size)
            }
            Keys::Gcm { cipher, salt } => {
                let iv = gcm_iv(salt, ssrc, u64::from(self.index));
                let mut aad = [0; RTCP + 4];
                aad[..RTCP].copy_from_slice(room.get(..RTCP)?);
                aad[RTCP..].copy_from_slice(&trailer);
                let body = room.get_mut(RTCP..length)?;
                let made = cipher.encrypt_in_place_detached(GenericArray::from_slice(&iv), &aad, body).ok()?;
                room.get_mut(length..length + 16)?.copy_from_slice(&made);
                room.get_mut(length + 16..length + 20)?.copy_from_slice(&trailer);
                Some(length + 20)
            }
        }
    }
}

/// What has come of one stream: the newest index, and which of the 64 up to it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    ssrc: u32,
    newest: u64,
    window: u64,
}

impl Seen {
    fn new(ssrc: u32, index: u64) -> Self {
        Self { ssrc, newest: index, window: 0 }
    }

    /// Not seen yet, and not too old to tell.
    fn is_fresh(&self, index: u64) -> bool {
        match self.newest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.window & (1 << behind) == 0,
        }
    }

    fn takes(&mut self, index: u64) {
        match index.checked_sub(self.newest) {
            Some(ahead) => {
                self.window = if ahead >= WINDOW { 0 } else { self.window << ahead } | 1;
                self.newest = index;
            }
            None => self.window |= 1 << (self.newest - index).min(WINDOW - 1),
        }
    }

    /// The index that a sequence number most likely has (RFC 3711 §3.3.1 and appendix A).
    fn guess(&self, sequence: u16) -> u64 {
        let (roc, last) = (self.newest >> 16, i64::from(self.newest as u16));
        let roc = match i64::from(sequence) - last {
            ahead if ahead > 0x8000 => roc.saturating_sub(1),
            behind if behind < -0x8000 => roc + 1,
            _ => roc,
        };
        roc << 16 | u64::from(sequence)
    }
}

/// The other side: opens what it sends.
#[derive(Clone)]
pub struct Listener {
    rtp: Keys,
    rtcp: Keys,
    streams: SmallVec<[Seen; 1]>,
    reports: SmallVec<[Seen; 1]>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener(…)")
    }
}

impl Listener {
    /// With the other side's key.
    #[must_use]
    pub fn new(master: &Master) -> Self {
        let [rtp, rtcp] = Keys::both(master);
        Self { rtp, rtcp, streams: SmallVec::new(), reports: SmallVec::new() }
    }

    /// Opens a packet in place; its length then. `None`: it is not the other side's, or has come before, and nothing has changed but its
    /// bytes.
    pub fn open(&mut self, packet: &mut [u8]) -> Option<usize> {
        let (header, ssrc, sequence) = head_of(packet)?;
        let seen = self.streams.iter().find(|s| s.ssrc == ssrc);
        let index = seen.map_or(u64::from(sequence), |s| s.guess(sequence));
        if !seen.is_none_or(|s| s.is_fresh(index)) {
            return None;
        }
        let length = match &self.rtp {
            Keys::Cm { cipher, salt, mac, tag: size } => {
                let length = packet.len().checked_sub(*size).filter(|length| *length >= header)?;
                let (body, came) = packet.split_at(length);
                let roc = (index >> 16) as u32;
                mac_over(mac, [body, &roc.to_be_bytes()]).verify_truncated_left(came).ok()?;
                counter_mode(cipher, cm_iv(salt, ssrc, index), packet.get_mut(header..length)?);
                length
            }
            Keys::Gcm { cipher, salt } => {
                let length = packet.len().checked_sub(16).filter(|length| *length >= header)?;
                let iv = gcm_iv(salt, ssrc, index);
                let (head, rest) = packet.split_at_mut(header);
                let (payload, came) = rest.split_at_mut(length - header);
                let came = Tag::clone_from_slice(came);
                cipher.decrypt_in_place_detached(GenericArray::from_slice(&iv), head, payload, &came).ok()?;
                length
            }
        };
        note(&mut self.streams, ssrc, index);
        Some(length)
    }

    /// The same for RTCP. What is not encrypted is refused: nobody of ours sends it so.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = word(packet, 4)?;
        let (length, index) = match &self.rtcp {
            Keys::Cm { cipher, salt, mac, tag: size } => {
                let signed = packet.len().checked_sub(*size)?;
                let length = signed.checked_sub(4).filter(|length| *length >= RTCP)?;
                let trailer = word(packet, length)?;
                let index = trailer & !ENCRYPTED;
                let (body, came) = packet.split_at(signed);
                if trailer & ENCRYPTED == 0
                    || !fresh(&self.reports, ssrc, u64::from(index))
                    || mac_over(mac, [body, &[]]).verify_truncated_left(came).is_err()
                {
                    return None;
                }
                counter_mode(cipher, cm_iv(salt, ssrc, u64::from(index)), packet.get_mut(RTCP..length)?);
                (length, index)
            }
            Keys::Gcm { cipher, salt } => {
                let end = packet.len().checked_sub(4)?;
                let length = end.checked_sub(16).filter(|length| *length >= RTCP)?;
                let trailer = word(packet, end)?;
                let index = trailer & !ENCRYPTED;
                if trailer & ENCRYPTED == 0 || !fresh(&self.reports, ssrc, u64::from(index)) {
                    return None;
                }
                let mut aad = [0; RTCP + 4];
                aad[..RTCP].copy_from_slice(packet.get(..RTCP)?);
                aad[RTCP..].copy_from_slice(&trailer.to_be_bytes());
                let iv = gcm_iv(salt, ssrc, u64::from(index));
                let came = Tag::clone_from_slice(packet.get(length..end)?);
                let body = packet.get_mut(RTCP..length)?;
                cipher.decrypt_in_place_detached(GenericArray::from_slice(&iv), &aad, body, &came).ok()?;
                (length, index)
            }
        };
        note(&mut self.reports, ssrc, u64::from(index));
        Some(length)
    }
}

fn fresh(streams: &[Seen], ssrc: u32, index: u64) -> bool {
    streams.iter().find(|s| s.ssrc == ssrc).is_none_or(|s| s.is_fresh(index))
}

/// This index of this stream has come; of more streams than are told apart the oldest goes.
fn note(streams: &mut SmallVec<[Seen; 1]>, ssrc: u32, index: u64) {
    if let Some(seen) = streams.iter_mut().find(|s| s.ssrc == ssrc) {
        return seen.takes(index);
    }
    if streams.len() >= STREAMS {
        streams.remove(0);
    }
    let mut seen = Seen::new(ssrc, index);
    seen.takes(index);
    streams.push(seen);
}

#[cfg(test)]
mod tests;
