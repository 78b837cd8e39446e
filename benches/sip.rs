//! The SIP stack and the whole exchange without sockets.

use crate::line;
use crate::routing::median_ns;
use bytes::Bytes;
use std::hint::black_box;
use switchboard::sip::name::Name;
use switchboard::sip::wire;

const INVITE: &str = "INVITE sip:12345@10.0.0.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK776asdhds;rport\r\n\
Max-Forwards: 70\r\n\
From: \"caller\" <sip:13900000001@10.0.0.9>;tag=1928301774\r\n\
To: <sip:12345@10.0.0.1>\r\n\
Call-ID: a84b4c76e66710@10.0.0.9\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:caller@10.0.0.9:5060>\r\n\
P-Asserted-Identity: <sip:13900000001@10.0.0.9>\r\n\
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, PRACK\r\n\
Supported: 100rel, timer\r\n\
Session-Expires: 1800\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 4\r\n\r\nv=0\n";

pub fn run() {
    let raw = Bytes::from_static(INVITE.as_bytes());
    let parse = median_ns(31, 20_000, |_| {
        black_box(wire::parse(black_box(raw.clone())).ok());
    });
    line("index an INVITE of 14 headers", parse, "ns", Some(500.0));
    let message = wire::parse(raw).unwrap();
    let read = median_ns(31, 20_000, |_| {
        black_box((message.via(), message.from_tag(), message.cseq(), message.value(Name::CallId)));
    });
    line("read Via, From tag, CSeq, Call-ID", read, "ns", None);
}
