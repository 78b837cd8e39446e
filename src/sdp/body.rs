//! A received body, read: the one door to `sdp-types`.
//!
//! Real phones end lines with a bare LF or CR, leave out `t=`, repeat lines and append garbage; `sdp-types` refuses
//! some of that. So the text is first reduced to the lines this switch reads (`v= c= m= a=`), each in its canonical
//! spelling, and only then parsed.

use super::{Direction, Refused};
use crate::key::{Fingerprint, Master, Suite};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdp_types::{Attribute, Connection, Session};
use std::net::IpAddr;

/// Longest body that is read, bytes.
const MAX_BODY: usize = 16 * 1024;
/// Most lines.
const MAX_LINES: usize = 512;
/// Longest attribute line that is read; a longer one belongs to video or ICE and is passed over.
const MAX_LINE: usize = 1024;
/// Most `m=` lines: the answer repeats each.
const MAX_STREAMS: usize = 16;
/// Most `a=crypto` lines of a stream that are read.
const MAX_KEYS: usize = 8;
/// Longest parameters of a codec that are read; an offer or an answer of ours may repeat them.
const MAX_PARAMS: usize = 128;
/// Longest `m=` line: the answer repeats parts of it.
const MAX_STREAM_LINE: usize = 512;

/// A session description, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The `m=` sections in order.
    pub streams: Vec<Stream>,
}

/// One `m=` section, session-level defaults already applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// `audio`, `video` … as written.
    pub media: String,
    /// Transport port; 0 refuses or removes the stream.
    pub port: u16,
    /// Transport profile as written.
    pub proto: String,
    /// Formats, at least one.
    pub formats: Vec<String>,
    /// Where it wants its media.
    pub address: Address,
    /// Direction as its side means it.
    pub direction: Direction,
    /// `a=rtpmap` lines.
    pub maps: Vec<Map>,
    /// `a=fmtp` lines by their payload types.
    pub params: Vec<(u8, String)>,
    /// `a=ptime`, ms.
    pub ptime: Option<u32>,
    /// `a=maxptime`, ms.
    pub maxptime: Option<u32>,
    /// `a=crypto` lines of suites that we speak, in order, each with its tag (RFC 4568).
    pub crypto: Vec<(u32, Master)>,
    /// `a=rtcp`: port, and an address if it names one (RFC 3605).
    pub rtcp: Option<(u16, Option<IpAddr>)>,
    /// `a=rtcp-mux` (RFC 5761).
    pub muxed: bool,
    /// `a=mid`, if we can repeat it (RFC 5888).
    pub mid: Option<String>,
    /// `a=ice-ufrag` (RFC 8839).
    pub user: Option<String>,
    /// The SHA-256 of its certificate (`a=fingerprint`, RFC 8122).
    pub fingerprint: Option<Fingerprint>,
    /// It waits for the other side to begin the handshake (`a=setup:passive`, `holdconn`; RFC 8842).
    pub waits: bool,
}

/// What a `c=` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// An address to send to.
    Unicast(IpAddr),
    /// `0.0.0.0` or `::`: hold as RFC 2543 §B.5 had it, still sent by old phones.
    Nowhere,
    /// Missing, a host name, multicast, malformed.
    Unusable,
}

/// One `a=rtpmap` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    /// Payload type.
    pub payload_type: u8,
    /// Encoding name as written; names are compared without case (RFC 8866 §6.6).
    pub encoding: String,
    /// Clock rate, Hz; 8000 where the line has none.
    pub rate: u32,
    /// Audio channels; 1 where the line has none.
    pub channels: u32,
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Refused::NotSdp`] and [`Refused::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_BODY {
            return Err(Refused::TooLarge);
        }
        let text = canonical(bytes)?;
        let session = Session::parse(text.as_bytes()).map_err(|_| Refused::NotSdp)?;
        let streams = session.medias.iter().map(|m| stream(&session, m));
        Ok(Self { streams: streams.collect() })
    }
}

impl Stream {
    /// Whether it is an audio stream.
    #[must_use]
    pub fn is_audio(&self) -> bool {
        self.media.eq_ignore_ascii_case("audio")
    }

    /// The `a=rtpmap` of a payload type.
    #[must_use]
    pub fn map(&self, payload_type: u8) -> Option<&Map> {
        self.maps.iter().find(|m| m.payload_type == payload_type)
    }

    /// The parameters of a payload type.
    #[must_use]
    pub fn params(&self, payload_type: u8) -> Option<&str> {
        self.params.iter().find(|(of, _)| *of == payload_type).map(|(_, params)| &**params)
    }

    /// The payload types in order; formats that are no RTP payload type are passed over.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> + '_ {
        self.formats.iter().filter_map(|f| f.parse().ok().filter(|&pt| pt < 128))
    }
}

/// The lines we read, in a spelling that `sdp-types` takes.
fn canonical(bytes: &[u8]) -> Result<String, Refused> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len() + 16);
    let (mut lines, mut streams, mut connections) = (0, 0, 0);
    for line in text.split(['\r', '\n', '\0']).map(str::trim) {
        if line.is_empty() {
            continue;
        }
        lines += 1;
        if lines > MAX_LINES || streams > MAX_STREAMS {
            return Err(Refused::TooLarge);
        }
        let Some((key, value)) = line.split_once('=').filter(|(key, _)| key.len() == 1) else {
            continue; // garbage between or after the lines
        };
        let value = value.trim();
        if out.is_empty() {
            if (key, value) != ("v", "0") {
                return Err(Refused::NotSdp);
            }
            out.push_str("v=0\r\n");
            continue;
        }
        match key {
            "m" => {
                (streams, connections) = (streams + 1, 0);
                stream_line(value, &mut out)?;
            }
            "c" if connections == 0 => {
                connections = 1;
                connection_line(value, &mut out);
            }
            "a" if !value.is_empty() && !value.starts_with(':') && line.len() <= MAX_LINE => {
                out.extend(["a=", value, "\r\n"]);
            }
            _ => {}
        }
    }
    match (out.is_empty(), streams > MAX_STREAMS) {
        (true, _) => Err(Refused::NotSdp),
        (_, true) => Err(Refused::TooLarge),
        _ => Ok(out),
    }
}

fn stream_line(value: &str, out: &mut String) -> Result<(), Refused> {
    if value.len() > MAX_STREAM_LINE {
        return Err(Refused::TooLarge);
    }
    let mut words = value.split_ascii_whitespace();
    let (Some(media), Some(port), Some(proto)) = (words.next(), words.next(), words.next()) else {
        return Err(Refused::NotSdp);
    };
    out.extend(["m=", media, " ", port, " ", proto]);
    let before = out.len();
    for format in words {
        out.extend([" ", format]);
    }
    if out.len() == before {
        out.push_str(" -"); // a refused stream, from phones that then leave the formats out
    }
    out.push_str("\r\n");
    Ok(())
}

fn connection_line(value: &str, out: &mut String) {
    let mut words = value.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(net), Some(kind), Some(address))
            if net.eq_ignore_ascii_case("IN") && kind.is_ascii() && address.is_ascii() =>
        {
            let kind = if address.contains(':') { "IP6" } else { "IP4" };
            out.extend(["c=IN ", kind, " ", address, "\r\n"]);
        }
        _ => out.push_str("c=IN IP4 -\r\n"), // known to be there, known to be unusable
    }
}

fn stream(session: &Session, media: &sdp_types::Media) -> Stream {
    let connection = media.connections.first().or(session.connection.as_ref());
    let find = |name: &'static str| either(session, media, name);
    Stream {
        media: media.media.clone(),
        port: media.port,
        proto: media.proto.clone(),
        formats: media.fmt.split(' ').map(str::to_owned).collect(),
        address: connection.map_or(Address::Unusable, address),
        direction: direction(&media.attributes).or_else(|| direction(&session.attributes)).unwrap_or_default(),
        maps: media.get_attribute_values("rtpmap").flatten().filter_map(map).collect(),
        params: media.get_attribute_values("fmtp").flatten().filter_map(params).collect(),
        ptime: find("ptime").and_then(millis),
        maxptime: find("maxptime").and_then(millis),
        crypto: media.get_attribute_values("crypto").flatten().filter_map(crypto).take(MAX_KEYS).collect(),
        rtcp: media.get_first_attribute_value("rtcp").flatten().and_then(rtcp),
        muxed: media.get_first_attribute_value("rtcp-mux").is_some(),
        mid: media.get_first_attribute_value("mid").flatten().and_then(token),
        user: find("ice-ufrag").map(|user| user.trim().to_owned()),
        fingerprint: {
            let session = session.get_attribute_values("fingerprint").flatten();
            media.get_attribute_values("fingerprint").flatten().chain(session).find_map(fingerprint)
        },
        waits: find("setup")
            .is_some_and(|role| ["passive", "holdconn"].iter().any(|w| w.eq_ignore_ascii_case(role.trim()))),
    }
}

/// The stream's own attribute, else the session's.
fn either<'a>(session: &'a Session, media: &'a sdp_types::Media, name: &'a str) -> Option<&'a str> {
    let own = media.get_first_attribute_value(name);
    own.or_else(|| session.get_first_attribute_value(name)).flatten()
}

fn address(connection: &Connection) -> Address {
    match connection.try_address().map(|a| a.ip.to_canonical()) {
        Ok(ip) if ip.is_unspecified() => Address::Nowhere,
        Ok(ip) if ip.is_multicast() || is_broadcast(ip) => Address::Unusable,
        Ok(ip) => Address::Unicast(ip),
        Err(_) => Address::Unusable,
    }
}

fn is_broadcast(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V4(v4) if v4.is_broadcast())
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    attributes.iter().find_map(|a| {
        [SendRecv, SendOnly, RecvOnly, Inactive]
            .into_iter()
            .find(|d| a.attribute.trim().eq_ignore_ascii_case(d.as_str()))
    })
}

/// `<payload type> <encoding>[/<rate>[/<channels>]]`.
fn map(value: &str) -> Option<Map> {
    let (payload_type, encoding) = value.trim().split_once(char::is_whitespace)?;
    let mut parts = encoding.trim().split('/').map(str::trim);
    Some(Map {
        payload_type: payload_type.parse().ok()?,
        encoding: parts.next()?.to_owned(),
        rate: parts.next().map_or(Some(8000), |r| r.parse().ok())?,
        channels: parts.next().map_or(Some(1), |c| c.parse().ok())?,
    })
}

/// `<payload type> <parameters>`, if we can repeat them.
fn params(value: &str) -> Option<(u8, String)> {
    let (payload_type, params) = value.trim().split_once(char::is_whitespace)?;
    let plain = params.len() <= MAX_PARAMS && params.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    plain.then_some((payload_type.parse().ok()?, params.trim().to_owned()))
}

/// `<tag> <suite> inline:<key and salt>[|lifetime] [session parameters]` (RFC 4568 §9.1). A line is passed over whose suite or parameters
/// we do not speak: an MKI, another derivation rate, or anything left in the clear.
fn crypto(value: &str) -> Option<(u32, Master)> {
    let mut words = value.split_ascii_whitespace();
    let (tag, suite, params) = (words.next()?.parse().ok()?, Suite::of(words.next()?)?, words.next()?);
    let spoken = |word: &str| {
        let word = word.to_ascii_uppercase();
        let clear =
            word.starts_with("UNENCRYPTED_") || word.starts_with("UNAUTHENTICATED_") || word.starts_with("FEC_");
        !clear && (!word.starts_with("KDR=") || word == "KDR=0")
    };
    if !words.all(spoken) || params.contains(';') {
        return None;
    }
    let (method, rest) = params.split_once(':')?;
    let mut parts = rest.split('|');
    let bytes = STANDARD.decode(parts.next()?).ok()?;
    // Behind the key a lifetime may stand, or an MKI, which has a colon.
    let plain = parts.all(|part| !part.contains(':'));
    (method.eq_ignore_ascii_case("inline") && plain).then_some(())?;
    Some((tag, Master::new(suite, &bytes)?))
}

/// `sha-256 AB:CD:…`; other digests are passed over, a browser may show several.
fn fingerprint(value: &str) -> Option<Fingerprint> {
    let (digest, text) = value.trim().split_once(' ')?;
    digest.eq_ignore_ascii_case("sha-256").then(|| Fingerprint::read(text))?
}

/// A token (RFC 8866 §9) that is short enough to be repeated.
fn token(value: &str) -> Option<String> {
    let value = value.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`{|}~".contains(&b);
    (!value.is_empty() && value.len() <= 64 && value.bytes().all(plain)).then(|| value.to_owned())
}

/// Whole milliseconds; some phones write `20.0`.
fn millis(value: &str) -> Option<u32> {
    value.trim().split('.').next()?.parse().ok()
}

fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|&p| p != 0)?;
    let named = words.nth(2).and_then(|a| a.parse::<IpAddr>().ok());
    let named = named.map(|ip| ip.to_canonical());
    Some((port, named.filter(|ip| !ip.is_unspecified() && !ip.is_multicast())))
}
