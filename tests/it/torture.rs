//! The torture messages of RFC 4475 (written anew from its sections, addressed to this exchange), what domestic gear sends,
//! and every refusal that the RFCs want, sent to an exchange: each with the one right answer, or with silence.

use crate::support::raw::{Ask, CARRIER, Peer, sdp, text};
use crate::support::town::{Manner, Town};
use bytes::Bytes;
use std::net::SocketAddr;
use switchboard::sip::message::Message;
use switchboard::sip::name::Name;
use switchboard::sip::wire;

/// One message and the statuses that answer it; none: silence.
pub struct Case {
    pub name: &'static str,
    pub message: Vec<u8>,
    pub answers: &'static [u16],
}

/// Lines with `\n` in a source become CRLF; `{L}` becomes the body's length.
fn lines(head: &str, body: &[u8]) -> Vec<u8> {
    let head = head.replace("\r\n", "\n").replace('\n', "\r\n").replace("{L}", &body.len().to_string());
    [head.as_bytes(), b"\r\n", body].concat()
}

pub fn case(name: &'static str, answers: &'static [u16], head: &str, body: &[u8]) -> Case {
    Case { name, message: lines(head, body), answers }
}

pub const SDP: &[u8] = b"v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n\
m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n";

/// The rest of a request after its start line.
pub fn common(method: &str, name: &str) -> String {
    format!(
        "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK{name}\nMax-Forwards: 70\nFrom: <sip:caller@example.com>;tag=f{name}\n\
         To: <sip:12345@example.com>\nCall-ID: {name}.1@example.com\nCSeq: 1 {method}\nContact: <sip:caller@192.0.2.1>\n"
    )
}

/// The status of a response of ours; a refusal repeats what was malformed in the request.
fn status(bytes: &Bytes) -> u16 {
    let message =
        wire::parse(bytes.clone()).or_else(|broken| broken.message.map(|m| Message::clone(&m)).ok_or(broken.error));
    message.expect("a start line").status().expect("a response")
}

pub fn plays(cases: Vec<Case>) {
    let mut wrong = String::new();
    for case in cases {
        let mut town = Town::new(1);
        let at = SocketAddr::from(CARRIER);
        town.injects(at, &case.message);
        town.runs(0.4);
        let got: Vec<u16> = town.sent.iter().map(|(_, b)| status(b)).collect();
        if got != case.answers {
            wrong.push_str(&format!(
                "{}: {:?} instead of {:?}\n{}\n",
                case.name,
                got,
                case.answers,
                String::from_utf8_lossy(&case.message)
            ));
        }
        for (flow, _) in &town.sent {
            assert_eq!(flow.peer.ip(), at.ip(), "{}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// RFC 4475 §3.1.1: valid messages. Those whose number is none of ours are understood and get 404.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn valid_messages_are_understood() {
    let wsinv = "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\nTO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n\
        from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\nMaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\n\
        Content-Length   : {L}\ncseq: 0009\n  INVITE\nVia  : SIP  /   2.0\n /UDP\n    192.0.2.2;rport;branch=390skdjuw\ns :\n\
        NewFangledHeader:   newfangled value\n continued newfangled value\nUnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: application/sdp\n\
        Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\n\
        \x20 branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n\
        m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n  secondparam ; q = 0.33\n";
    let without_tag = wsinv
        .replace(" ;   tag    = 1918181833n", "")
        .replace("vivekg@chair-dnrc.example.com;unknownparam", "12345@h;unknownparam");
    let long = "INVITE sip:12345@example.com SIP/2.0\n".to_owned()
        + &format!("Unknown-{}: {}\n", "Long".repeat(40), "x".repeat(900))
        + &common("INVITE", "longreq").replace("tag=f", &format!("p={};tag=f", "y".repeat(500)))
        + &"Via: SIP/2.0/TCP sip33.example.com\n".repeat(34)
        + "Content-Type: application/sdp\nContent-Length: {L}\n";
    let double = [
        lines(
            &("REGISTER sip:example.com SIP/2.0\n".to_owned() + &common("REGISTER", "dblreq") + "Content-Length: 0\n"),
            b"",
        ),
        lines(
            &("INVITE sip:12345@example.com SIP/2.0\n".to_owned()
                + &common("INVITE", "dblreqb")
                + "Content-Length: {L}\n"),
            SDP,
        ),
    ];
    let options = |name: &str| common("OPTIONS", name) + "Content-Length: 0\n";
    plays(vec![
        case("wsinv", &[481], wsinv, SDP),
        case("wsinv outside a dialog", &[100, 200], &without_tag, SDP),
        case(
            "intmeth",
            &[501],
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\n\
             Via: SIP/2.0/UDP host1.example.com;rport;branch=z9hG4bK-.!%66*_+`'~\n\
             To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n\
             From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\u{440}\u{430}\u{431}\u{43e}\u{442}\u{430}\u{44e}\u{449}\u{438}\u{439}\";tag=_token~1'+`*%!-.\n\
             Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\nCSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\n\
             Max-Forwards: 255\nextensionHeader-!.%*+_`'~:\u{feff}\u{5927}\u{505c}\u{96fb}\nContent-Length: 0\n",
            b"",
        ),
        case(
            "esc01",
            &[100, 404],
            &("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\n".to_owned() + &common("INVITE", "esc01") + "Content-Type: application/sdp\nContent-Length: {L}\n"),
            SDP,
        ),
        case("escnull", &[403], &("REGISTER sip:example.com SIP/2.0\n".to_owned() + &common("REGISTER", "escnull").replace("12345@", "null-%00-null@") + "Content-Length: 0\n"), b""),
        case("esc02", &[501], &("RE%47IST%45R sip:registrar.example.com SIP/2.0\n".to_owned() + &common("RE%47IST%45R", "esc02") + "Content-Length: 0\n"), b""),
        case("lwsdisp", &[200], &("OPTIONS sip:user@example.com SIP/2.0\n".to_owned() + &options("lwsdisp").replace("From: <", "From: caller<")), b""),
        case("longreq", &[100, 200], &long, SDP),
        Case { name: "dblreq", message: double.concat(), answers: &[403] },
        case("semiuri", &[200], &("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\n".to_owned() + &options("semiuri")), b""),
        case(
            "transports",
            &[200],
            &("OPTIONS sip:user@example.com SIP/2.0\n".to_owned()
                + &options("transports")
                + "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bK2\nVia: SIP/2.0/TLS t3.example.com;branch=z9hG4bK3\nVia: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bK4\n"),
            b"",
        ),
        case(
            "mpart01",
            &[405],
            &("MESSAGE sip:kumiko@example.org SIP/2.0\n".to_owned() + &common("MESSAGE", "mpart01") + "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\nContent-Length: {L}\n"),
            b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x00\xff0\x82\r\n--7a9cbec02ceef655--\r\n",
        ),
        case("unreason", &[], "SIP/2.0 200 = 2**3 * 5**2 \u{43d}\u{43e} \u{441}\u{442}\u{43e}\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nCall-ID: u\nCSeq: 35 INVITE\nFrom: sip:a@b;tag=1\nTo: sip:c@d;tag=2\nContent-Length: 0\n", b""),
        case("noreason", &[], "SIP/2.0 100 \nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\nCall-ID: n\nCSeq: 35 INVITE\nFrom: sip:a@b;tag=1\nTo: sip:c@d\nContent-Length: 0\n", b""),
        // §3.2.1: only the magic cookie in the branch.
        case("badbranch", &[200], &("OPTIONS sip:user@example.com SIP/2.0\n".to_owned() + &options("")), b""),
        // §3.4.1 with a Contact: no branch, no tag in From, no Max-Forwards (RFC 3261 §12.1.1: prepared for it).
        case(
            "inv2543",
            &[100, 200],
            "INVITE sip:12345@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com;rport\nFrom: <sip:+13035551111@ift.client.example.net;user=phone>\n\
             To: sip:12345@ss1.example.net;user=phone\nCall-ID: inv2543.1717@ift.client.example.com\nCSeq: 56 INVITE\nContact: <sip:+13035551111@192.0.2.1>\n\
             Content-Type: application/sdp\nContent-Length: {L}\n",
            SDP,
        ),
    ]);
}

/// RFC 4475 §3.1.2: invalid messages.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn invalid_messages_are_refused_or_ignored() {
    let invite = |name: &str| {
        "INVITE sip:12345@example.com SIP/2.0\n".to_owned()
            + &common("INVITE", name)
            + "Content-Type: application/sdp\nContent-Length: {L}\n"
    };
    let options = |name: &str| {
        "OPTIONS sip:user@example.com SIP/2.0\n".to_owned() + &common("OPTIONS", name) + "Content-Length: 0\n"
    };
    plays(vec![
        case("badinv01", &[400], &invite("badinv01").replace(";branch=z9hG4bKbadinv01", ";;,;,,"), SDP),
        case("clerr", &[400], &invite("clerr").replace("{L}", "9999"), SDP),
        case("ncl", &[400], &invite("ncl").replace("{L}", "-999"), SDP),
        case(
            "scalar02",
            &[400],
            &("REGISTER sip:example.com SIP/2.0\n".to_owned()
                + &common("REGISTER", "s")
                    .replace("CSeq: 1", "CSeq: 36893488147419103232")
                    .replace("Max-Forwards: 70", "Max-Forwards: 300")
                + "Expires: 10000000000000000000000\nContent-Length: 0\n"),
            b"",
        ),
        case(
            "scalarlg",
            &[],
            "SIP/2.0 503 Service Unavailable\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\nTo: <sip:user@example.com>\nFrom: <sip:other@example.net>;tag=2easdjfejw\nCSeq: 9292394834772304023312 OPTIONS\nCall-ID: scalarlg\nRetry-After: 949302838503028349304023988\nWarning: 1812 overture \"In Progress\"\nContent-Length: 0\n",
            b"",
        ),
        case("quotbal", &[400], &invite("quotbal").replace("To: <", "To: \"Mr. J. User <"), SDP),
        case(
            "ltgtruri",
            &[400],
            &invite("ltgtruri").replace("sip:12345@example.com SIP", "<sip:12345@example.com> SIP"),
            SDP,
        ),
        case(
            "lwsruri",
            &[400],
            &invite("lwsruri").replace("sip:12345@example.com SIP", "sip:12345@example.com; lr SIP"),
            SDP,
        ),
        case(
            "lwsstart",
            &[400],
            &invite("lwsstart").replace("INVITE sip:12345@example.com SIP", "INVITE  sip:12345@example.com  SIP"),
            SDP,
        ),
        // Spaces behind the version: harmless, taken.
        case("trws", &[200], &options("trws").replace("SIP/2.0\nVia", "SIP/2.0  \nVia"), b""),
        case(
            "escruri",
            &[400],
            &invite("escruri").replace("example.com SIP", "example.com?Route=%3Csip:example.com%3E SIP"),
            SDP,
        ),
        // A time zone other than GMT in a header that we do not use.
        case(
            "baddate",
            &[100, 200],
            &invite("baddate").replace("Max-", "Date: Fri, 01 Jan 2010 16:00:00 EST\nMax-"),
            SDP,
        ),
        // Spaces inside the brackets and a display name that ought to be quoted: it is clear what is meant.
        case(
            "badaspec",
            &[200],
            &options("badaspec").replace("<sip:12345@example.com>", "\"Watson, Thomas\" < sip:t.watson@example.org >"),
            b"",
        ),
        case("baddn", &[200], &options("baddn").replace("From: <", "From: Bell, Alexander <"), b""),
        case("badvers", &[505], &options("badvers").replace("SIP/2.0\nVia", "SIP/7.0\nVia"), b""),
        // Some readers take a CR alone for the end of a line: what they would see behind it is a header that we did not.
        case("CR alone", &[400], &options("cr").replace("From: <", "From: \"x\rRoute: <sip:127.0.9.9>\" <"), b""),
        case("mismatch01", &[400], &options("mismatch01").replace("1 OPTIONS", "8 INVITE"), b""),
        case(
            "mismatch02",
            &[400],
            &options("mismatch02").replace("OPTIONS sip", "NEWMETHOD sip").replace("1 OPTIONS", "8 INVITE"),
            b"",
        ),
        case(
            "bigcode",
            &[],
            "SIP/2.0 4294967301 better not break the receiver\nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\nCSeq: 353494 INVITE\nCall-ID: b\nFrom: <sip:user@example.com>;tag=39ansfi3\nTo: <sip:user@example.edu>;tag=902jndnke3\nContent-Length: 0\n",
            b"",
        ),
        // §3.3
        case(
            "insuf",
            &[400],
            "INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 70\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP 192.0.2.95;rport;branch=z9hG4bKkdj.insuf\nContent-Type: application/sdp\nl: {L}\n",
            SDP,
        ),
        case(
            "unkscm",
            &[416],
            &options("unkscm").replace("sip:user@example.com SIP", "nobodyKnowsThisScheme:totallyopaquecontent SIP"),
            b"",
        ),
        case(
            "novelsc",
            &[416],
            &options("novelsc").replace("sip:user@example.com SIP", "soap.beep://192.0.2.103:3002 SIP"),
            b"",
        ),
        case(
            "bext01",
            &[420],
            &options("bext01").replace(
                "Max-",
                "Require: nothingSupportsThis, nothingSupportsThisEither\nProxy-Require: noProxiesSupportThis\nMax-",
            ),
            b"",
        ),
        case(
            "invut",
            &[415],
            &invite("invut").replace("application/sdp", "application/unknownformat"),
            b"<audio><pcmu port=\"443\"/></audio>",
        ),
        case(
            "multi01",
            &[400],
            &(invite("multi01")
                + "CSeq: 8 REGISTER\nCSeq: 59 OPTIONS\nTo: <sip:other@x>\nFrom: <sip:y@z>;tag=1\nMax-Forwards: 5\n"),
            SDP,
        ),
        case(
            "mcl01",
            &[400],
            &options("mcl01").replace("Content-Length: 0", "Content-Length: 0\nContent-Length: 5"),
            b"There's no way to know",
        ),
        case(
            "bcast",
            &[],
            "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\nCall-ID: b\nCSeq: 35 INVITE\nFrom: sip:a@b;tag=1\nTo: sip:c@d;tag=2\nContact: <sip:user@host198.example.com>\nContent-Length: 0\n",
            b"",
        ),
        case("zeromf", &[200], &options("zeromf").replace("Max-Forwards: 70", "Max-Forwards: 0"), b""),
        case("sdp01", &[406], &invite("sdp01").replace("Max-", "Accept: text/nobodyKnowsThis\nMax-"), b""),
    ]);
}

/// What domestic gear sends.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn house_cases() {
    let invite = |name: &str| {
        "INVITE sip:12345@example.com SIP/2.0\n".to_owned()
            + &common("INVITE", name)
            + "Content-Type: application/sdp\nContent-Length: {L}\n"
    };
    let gbk = {
        let mut m = lines(&invite("gbk"), SDP);
        let at = m.windows(6).position(|w| w == b"From: ").unwrap() + 6;
        m.splice(at..at, b"\"\xb8\xa3\xd6\xdd\xca\xd0\xc3\xf1\" ".iter().copied());
        m
    };
    let multipart = b"--b1\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x00\xff\x0d\x0a\x00\r\n\
        --b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 8\r\n\r\n--b1--\r\n";
    let required = String::from_utf8_lossy(multipart).replace("optional", "required").into_bytes();
    let mixed = |name: &str| invite(name).replace("application/sdp", "multipart/mixed;boundary=\"b1\"");
    plays(vec![
        Case { name: "GBK display name", message: gbk, answers: &[100, 200] },
        Case {
            name: "CRLF before the message",
            message: [b"\r\n\r\n", &lines(&invite("crlf"), SDP)[..]].concat(),
            answers: &[100, 200],
        },
        case("folded", &[100, 200], &invite("fold").replace("Max-", "Subject: a\n\tb\n  c\nMax-"), SDP),
        case(
            "unknown method",
            &[501],
            &("FOO sip:x@y SIP/2.0\n".to_owned() + &common("FOO", "foo") + "Content-Length: 0\n"),
            b"",
        ),
        case(
            "IPv6",
            &[100, 200],
            &invite("ip6")
                .replace("192.0.2.1:5060", "[2001:db8::9:1]:6050")
                .replace("sip:12345@example.com SIP", "sip:12345@[2001:db8::10] SIP")
                .replace("caller@192.0.2.1", "caller@[2001:db8::9:1]"),
            SDP,
        ),
        case(
            "tel in From",
            &[100, 200],
            &invite("tel")
                .replace("<sip:caller@example.com>", "<tel:+8613900000001>")
                .replace("To: <sip:12345@example.com>", "To: <tel:12345;phone-context=+86591>"),
            SDP,
        ),
        case(
            "compact",
            &[100, 200],
            "INVITE tel:12345 SIP/2.0\nv: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKc\nf: <sip:a@b>;tag=1\nt: <sip:12345@h>\ni: c\nCSeq: 1 INVITE\nm: <sip:a@192.0.2.1>\nk: timer, 100rel\nx: 1800\nc: application/sdp\nl: {L}\n",
            SDP,
        ),
        case(
            "binary body",
            &[415],
            &invite("bin").replace("application/sdp", "application/octet-stream"),
            b"\x00\xff\xfe\r\n\r\n\x80",
        ),
        case("multipart with SDP inside", &[100, 200], &mixed("mp"), multipart),
        case("multipart with a part that must be understood", &[415], &mixed("mpr"), &required),
        case(
            "multipart without SDP",
            &[415],
            &mixed("mpn"),
            b"--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1--\r\n",
        ),
        case(
            "multipart with another boundary",
            &[415],
            &mixed("mpo").replace("boundary=\"b1\"", "boundary=zz"),
            multipart,
        ),
        case(
            "coded body",
            &[415],
            &invite("gz").replace("Content-Type", "Content-Encoding: gzip\nContent-Type"),
            b"\x1f\x8b\x08\x00",
        ),
        case("LF alone", &[100, 200], &invite("lf"), SDP),
    ]);
    let lf = String::from_utf8(lines(&invite("lf2"), SDP)).unwrap().replace("\r\n", "\n").replace("{L}", "0");
    let body = String::from_utf8(SDP.to_vec()).unwrap().replace("\r\n", "\n").len();
    let lf = lf.replace(&format!("Content-Length: {}", SDP.len()), &format!("Content-Length: {body}"));
    plays(vec![Case { name: "LF everywhere", message: lf.into_bytes(), answers: &[100, 200] }]);
}

/// GBK in a display name reaches nobody broken: the caller's own From comes back byte by byte, the seat gets a From that is UTF-8.
#[test]
fn a_gbk_display_name_breaks_nothing() {
    let mut town = Town::new(3);
    let seat = town.seat("8001", Manner::Answers(1_000_000));
    town.runs(1.0);
    let ask = Ask::new("INVITE", "12345", SocketAddr::from(CARRIER));
    let mut message = ask.write();
    let at = message.windows(6).position(|w| w == b"From: ").unwrap() + 6;
    let name = b"\"\xb8\xa3\xd6\xdd\xca\xd0\xc3\xf1\" ";
    message.splice(at..at, name.iter().copied());
    let mut caller = Peer::at(&town, CARRIER);
    caller.says(&mut town, &message);
    for answer in caller.hears(&town) {
        assert!(answer.value(Name::From).unwrap().starts_with(name));
    }
    town.runs(0.5);
    assert!(town.callers_shown(seat)[0].contains("sip:13900000001@"), "{:?}", town.callers_shown(seat));
}

/// Name, request, its answer, and a header of it with what stands in it.
type Row = (&'static str, Ask, u16, Option<(Name, &'static str)>);

/// RFC 3891 §3 and RFC 4412 §4.6.2.
fn replacing_and_priority() -> Vec<Row> {
    let ask = |user: &str| Ask::new("INVITE", user, SocketAddr::from(CARRIER));
    vec![
        ("Replaces nobody", ask("12345").with("Replaces: x;to-tag=1.a;from-tag=2"), 481, None),
        (
            "Replaces, required",
            ask("12345").with("Require: replaces").with("Replaces: x;to-tag=1;from-tag=2"),
            481,
            None,
        ),
        ("Replaces unreadable", ask("12345").with("Replaces: x;to-tag=1"), 400, None),
        (
            "Replaces twice",
            ask("12345").with("Replaces: x;to-tag=1;from-tag=2").with("Replaces: y;to-tag=1;from-tag=2"),
            400,
            None,
        ),
        (
            "Join beside it",
            ask("12345").with("Replaces: x;to-tag=1;from-tag=2").with("Join: y;to-tag=1;from-tag=2"),
            400,
            None,
        ),
        (
            "unknown priority",
            ask("12345").with("Require: resource-priority").with("Resource-Priority: dsn.flash, wps.0"),
            417,
            Some((Name::AcceptResourcePriority, "esnet.0, esnet.1")),
        ),
        ("no priority", ask("12345").with("Require: resource-priority"), 417, None),
    ]
}

/// Every refusal that an INVITE can meet before it becomes a call, with the headers that go with it.
#[test]
fn refusals_and_what_goes_with_them() {
    let at = SocketAddr::from(CARRIER);
    let ask = |user: &str| Ask::new("INVITE", user, at);
    let g729 = sdp("127.0.0.10", 4000).replace("RTP/AVP 8 0", "RTP/AVP 18");
    let mut rows: Vec<Row> = vec![
        ("SDP of nonsense", ask("12345").offering("hello".into()), 400, None),
        ("SDP that breaks off", ask("12345").offering("v=0\r\nm=audio x RTP/AVP 8\r\n".into()), 400, None),
        ("no Contact", ask("12345").with("Contact: nothing"), 400, None),
        ("unknown number", ask("13800138000"), 404, None),
        (
            "MESSAGE",
            Ask { body: String::new(), ..Ask::new("MESSAGE", "12345", at) },
            405,
            Some((Name::Allow, "INVITE")),
        ),
        ("REFER outside a call", Ask::new("REFER", "12345", at), 403, None),
        ("PUBLISH", Ask::new("PUBLISH", "12345", at), 405, Some((Name::Allow, "INVITE"))),
        ("long URI", Ask { uri: format!("sip:{}@127.0.0.1", "1".repeat(1100)), ..ask("x") }, 414, None),
        ("other type", Ask { content: "text/plain", ..ask("12345") }, 415, Some((Name::Accept, "application/sdp"))),
        ("other scheme", Ask { uri: "http://127.0.0.1/12345".into(), ..ask("x") }, 416, None),
        ("precondition", ask("12345").with("Require: precondition"), 420, Some((Name::Unsupported, "precondition"))),
        ("interval", ask("12345").with("Supported: timer").with("Session-Expires: 60"), 422, Some((Name::MinSe, "90"))),
        ("BYE of nothing", Ask { to: "<sip:x@h>;tag=9.1".into(), ..Ask::new("BYE", "x", at) }, 481, None),
        ("CANCEL of nothing", Ask::new("CANCEL", "x", at), 481, None),
        ("PRACK of nothing", Ask::new("PRACK", "x", at), 481, None),
        ("no hops", Ask { hops: 0, ..ask("12345") }, 483, None),
        ("no number", Ask { uri: "sip:@127.0.0.1".into(), ..ask("x") }, 484, None),
        ("no codec", ask("12345").offering(g729), 488, Some((Name::Warning, "399"))),
        (
            "SAVP",
            ask("12345").offering(sdp("127.0.0.10", 4000).replace("RTP/AVP", "RTP/SAVP")),
            488,
            Some((Name::Warning, "399")),
        ),
        ("event", Ask::new("SUBSCRIBE", "12345", at), 489, None),
        ("too many lines", (0..300).fold(ask("12345"), |a, i| a.with(&format!("X-{i}: y"))), 513, None),
    ];
    rows.extend(replacing_and_priority());
    for (name, ask, status, header) in rows {
        let mut town = Town::new(4);
        let mut caller = Peer::at(&town, CARRIER);
        caller.says(&mut town, ask.write());
        let got = caller.hears(&town);
        let no = got.last().unwrap_or_else(|| panic!("{name}: silence"));
        assert_eq!(no.status(), Some(status), "{name}: {}", String::from_utf8_lossy(no.bytes()));
        if let Some((header, value)) = header {
            assert!(text(no.value(header)).contains(value), "{name}: {}", String::from_utf8_lossy(no.bytes()));
        }
        assert!(no.to_tag().is_some(), "{name}: a refusal has a To tag");
        if ask.method == "INVITE" {
            caller.says(&mut town, ask.same_branch("ACK", Some(no)).write());
        }
        town.runs(60.0);
        assert!(caller.hears(&town).is_empty(), "{name}: acknowledged, and still sent again");
        let (sessions, transactions, ports) = town.exchange.held();
        assert_eq!((sessions, transactions, ports), (0, 0, 0), "{name}");
    }
}

#[test]
fn keep_alives_and_datagrams_at_the_limit() {
    let mut town = Town::new(5);
    let at = SocketAddr::from(CARRIER);
    for junk in [&b"\r\n"[..], b"\r\n\r\n", b"\0", b"", b"\xff\xff\xff\xff"] {
        town.injects(at, junk);
    }
    let full = [b"INVITE sip:12345@h SIP/2.0\r\nX: ".to_vec(), vec![b'y'; 65_535]].concat();
    town.injects(at, &full[..65_507]);
    town.runs(1.0);
    assert!(town.sent.is_empty());
    let _ = Bytes::new();
}
