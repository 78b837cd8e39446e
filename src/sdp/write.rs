//! Our own bodies, written: the same order of lines always, so that an unchanged session is an equal text.

use super::{Direction, Local};
use crate::codec::Codec;
use crate::key::{Fingerprint, Ice, Master};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use smallvec::SmallVec;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// One `m=` line of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    /// The leg's audio stream.
    Audio {
        /// Transport profile: the other side's, if it offered.
        proto: String,
        /// Its name in the session, where streams have one.
        mid: Option<String>,
    },
    /// A stream of the other side's that we do not take: port 0, one of its formats (RFC 3264 §6).
    Refused {
        /// Its media type.
        media: String,
        /// Its profile.
        proto: String,
        /// Its first format.
        format: String,
        /// Its name in the session.
        mid: Option<String>,
    },
}

/// What our audio stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// RTP port; 0 where the other side removed the stream (RFC 3264 §8.2).
    pub port: u16,
    /// Codecs in order of preference.
    pub codecs: SmallVec<[Format; 2]>,
    /// telephone-event's numbers with their clocks, if it takes part.
    pub events: SmallVec<[(u8, u32); 1]>,
    /// Packet time we want to receive, ms.
    pub ptime: u8,
    /// Our direction.
    pub direction: Direction,
    /// Our keys, each with its tag.
    pub crypto: SmallVec<[(u32, Master); 1]>,
    /// What a browser needs to find us, and to know us by.
    pub web: Option<SaidToBrowser>,
}

/// One codec of an `m=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// Which.
    pub codec: Codec,
    /// Its payload type.
    pub number: u8,
    /// Its `a=fmtp`, if it has any.
    pub params: Option<Box<str>>,
}

/// What an ICE-lite side with a certificate says (RFC 8839 §4, RFC 8842 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaidToBrowser {
    /// Where we are.
    pub at: SocketAddr,
    /// By what its checks are believed.
    pub ice: Ice,
    /// Of our certificate.
    pub ours: Fingerprint,
    /// We offer, and let the browser choose; else it has to begin the handshake.
    pub offers: bool,
}

/// A body without its `o=` version: equal ones are one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where we are.
    pub address: IpAddr,
    /// `m=` lines in order.
    pub slots: Vec<Slot>,
    /// The audio stream.
    pub said: Said,
}

impl Draft {
    /// The body, with its `o=` line.
    #[must_use]
    pub fn write(&self, local: Local, version: u64) -> Bytes {
        let mut out = String::with_capacity(320);
        // Writing into a String cannot fail.
        let _ = self.lines(&mut out, local, version);
        // Kept as long as the session: no longer than it is.
        Bytes::copy_from_slice(out.as_bytes())
    }

    fn lines(&self, out: &mut String, local: Local, version: u64) -> std::fmt::Result {
        let kind = if self.address.is_ipv4() { "IP4" } else { "IP6" };
        let (id, at) = (local.session_id & i64::MAX.unsigned_abs(), self.address);
        write!(out, "v=0\r\no=- {id} {version} IN {kind} {at}\r\ns=-\r\n")?;
        write!(out, "c=IN {kind} {at}\r\nt=0 0\r\n")?;
        if self.said.web.is_some() {
            out.push_str("a=ice-lite\r\n");
            for slot in &self.slots {
                if let Slot::Audio { mid: Some(mid), .. } = slot {
                    write!(out, "a=group:BUNDLE {mid}\r\n")?;
                }
            }
        }
        for slot in &self.slots {
            match slot {
                Slot::Audio { proto, mid } => {
                    self.said.lines(out, proto)?;
                    named(out, mid.as_deref())?;
                }
                Slot::Refused { media, proto, format, mid } => {
                    write!(out, "m={media} 0 {proto} {format}\r\n")?;
                    named(out, mid.as_deref())?;
                }
            }
        }
        Ok(())
    }
}

/// The stream's name, where it has one.
fn named(out: &mut String, mid: Option<&str>) -> std::fmt::Result {
    mid.map_or(Ok(()), |mid| write!(out, "a=mid:{mid}\r\n"))
}

impl SaidToBrowser {
    fn lines(&self, out: &mut String) -> std::fmt::Result {
        let (user, password) = (String::from_utf8_lossy(&self.ice.user), String::from_utf8_lossy(&self.ice.password));
        write!(out, "a=ice-ufrag:{user}\r\na=ice-pwd:{password}\r\n")?;
        write!(out, "a=fingerprint:sha-256 {}\r\n", self.ours)?;
        write!(out, "a=setup:{}\r\na=rtcp-mux\r\n", if self.offers { "actpass" } else { "passive" })?;
        let (ip, port) = (self.at.ip(), self.at.port());
        write!(out, "a=candidate:1 1 UDP 2130706431 {ip} {port} typ host\r\na=end-of-candidates\r\n")?;
        // Pages look for a stream by its name.
        write!(out, "a=msid:switchboard audio\r\n")
    }
}

impl Said {
    fn lines(&self, out: &mut String, proto: &str) -> std::fmt::Result {
        write!(out, "m=audio {} {proto}", self.port)?;
        for pt in self.codecs.iter().map(|format| format.number).chain(self.events.iter().map(|(pt, _)| *pt)) {
            write!(out, " {pt}")?;
        }
        out.push_str("\r\n");
        for Format { codec, number, params } in &self.codecs {
            write!(out, "a=rtpmap:{number} {codec}/{}", codec.clock())?;
            if codec.channels() > 1 {
                write!(out, "/{}", codec.channels())?;
            }
            out.push_str("\r\n");
            if let Some(params) = params {
                write!(out, "a=fmtp:{number} {params}\r\n")?;
            }
        }
        for (pt, clock) in &self.events {
            write!(out, "a=rtpmap:{pt} telephone-event/{clock}\r\na=fmtp:{pt} 0-16\r\n")?;
        }
        for (tag, key) in &self.crypto {
            write!(out, "a=crypto:{tag} {} inline:{}\r\n", key.suite.name(), STANDARD.encode(key.bytes()))?;
        }
        if let Some(web) = &self.web {
            web.lines(out)?;
        }
        write!(out, "a=ptime:{}\r\na={}\r\n", self.ptime, self.direction.as_str())
    }
}
