//! TLS between two transports, with certificates made for each test.

use super::*;
use crate::transport::certificate::{Identity, said, self_made};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder of one test; gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("switchboard-tls-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An authority that signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Folder, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let file = folder.write(&format!("{name}.pem"), &made.pem());
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A certificate for these names, changed as the test wants.
    fn signs(
        &self,
        folder: &Folder,
        file: &str,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(ip) => SanType::IpAddress(ip),
                Err(_) => SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.issuer).unwrap();
        let certificate = folder.write(&format!("{file}.pem"), &made.pem());
        Identity { certificate, key: folder.write(&format!("{file}.key"), &key.serialize_pem()) }
    }
}

/// An end with this certificate, which trusts that authority.
fn end(own: Option<Identity>, trusted: Option<&Path>, change: impl FnOnce(&mut TlsSettings)) -> Switch {
    Switch::new(&[(Transport::Tls, "127.0.0.1:0")], |s| {
        (s.tls.own, s.tls.trusted) = (own, trusted.map(Path::to_owned));
        change(&mut s.tls);
    })
}

fn asked(from: &Switch, to: &Switch) -> Flow {
    Flow { transport: Transport::Tls, local: from.local(), peer: to.local(), connection: 0 }
}

async fn proved(switch: &mut Switch) -> Vec<String> {
    let Received::Opened { names, .. } = switch.next().await else { panic!("not opened") };
    names.to_vec()
}

/// Why the connection of `a` to `b` does not come to be.
async fn refused(a: &mut Switch, b: &mut Switch) -> String {
    let flow = asked(a, b);
    a.transports.send(flow, bytes(&request("")));
    let mut unheard = Vec::new();
    loop {
        tokio::select! {
            (_, why) = a.closed() => match why {
                Why::Handshake(why) => return why.to_string(),
                other => panic!("{other:?}"),
            },
            () = b.transports.recv(&mut unheard) => {}
        }
    }
}

#[tokio::test]
async fn a_connection_carries_both_directions_and_each_side_knows_the_other() {
    let folder = Folder::new();
    let authority = Authority::new(&folder, "authority");
    let caller = authority.signs(&folder, "sbc", &["sbc.example.net", "127.0.0.1"], |_| ());
    let called = authority.signs(&folder, "switch", &["127.0.0.1", "hub.example.net"], |_| ());
    let mut a = end(Some(caller), Some(&authority.file), |_| ());
    let mut b = end(Some(called), Some(&authority.file), |_| ());
    let flow = asked(&a, &b);
    a.transports.send(flow, bytes(&request("one")));
    a.transports.send(flow, bytes(&request("two")));
    assert_eq!(proved(&mut b).await, ["sbc.example.net", "127.0.0.1"]);
    let (back, text) = b.message().await;
    assert_eq!((text, b.message().await.1), (request("one"), request("two")));
    // RFC 5923: requests the other way take the connection that is there.
    b.transports.send(Flow { connection: 0, ..back }, bytes(&request("answer")));
    assert_eq!(a.message().await.1, request("answer"));
    assert_eq!((a.transports.connections(), b.transports.connections()), (1, 1));
    // A long message comes in many records.
    let long = request(&"x".repeat(60_000));
    b.transports.send(back, bytes(&long));
    assert_eq!(a.message().await.1, long);
    drop(b);
    assert_eq!(a.closed().await.1, Why::Peer);
}

#[tokio::test]
async fn a_wrong_name_a_stranger_and_an_old_certificate_are_refused() {
    let folder = Folder::new();
    let (authority, other) = (Authority::new(&folder, "authority"), Authority::new(&folder, "other"));
    let wrong_name = authority.signs(&folder, "wrong", &["192.0.2.1"], |_| ());
    let expired =
        authority.signs(&folder, "expired", &["127.0.0.1"], |p| p.not_after = rcgen::date_time_ymd(2021, 1, 1));
    let stranger = other.signs(&folder, "stranger", &["127.0.0.1"], |_| ());
    let mut a = end(None, Some(&authority.file), |_| ());
    for (identity, why) in [(wrong_name, "not valid for name"), (expired, "Expired"), (stranger, "UnknownIssuer")] {
        let mut b = end(Some(identity), None, |_| ());
        let said = refused(&mut a, &mut b).await;
        assert!(said.contains(why) || said.to_lowercase().contains(&why.to_lowercase()), "{why}: {said}");
    }
}

#[tokio::test]
async fn a_certificate_that_we_do_not_trust_is_no_proof_and_ends_the_connection() {
    let folder = Folder::new();
    let (authority, other) = (Authority::new(&folder, "authority"), Authority::new(&folder, "other"));
    let stranger = other.signs(&folder, "stranger", &["sbc.example.net"], |_| ());
    let called = authority.signs(&folder, "switch", &["127.0.0.1"], |_| ());
    let mut a = end(Some(stranger), Some(&authority.file), |_| ());
    let mut b = end(Some(called.clone()), Some(&authority.file), |_| ());
    let flow = asked(&a, &b);
    a.transports.send(flow, bytes(&request("")));
    let (_, why) = b.closed().await;
    assert!(matches!(why, Why::Handshake(_)), "{why:?}");
    // Whoever asks for none believes nobody, and a phone without a certificate is a phone.
    let mut open = end(Some(called), None, |_| ());
    let flow = asked(&a, &open);
    a.transports.send(flow, bytes(&request("")));
    assert_eq!(proved(&mut open).await, Vec::<String>::new());
}

#[tokio::test]
async fn tls_12_is_refused_where_the_file_says_so() {
    let folder = Folder::new();
    let authority = Authority::new(&folder, "authority");
    let called = authority.signs(&folder, "switch", &["127.0.0.1"], |_| ());
    let mut b = end(Some(called), None, |tls| tls.only_13 = true);
    // The first bytes of a ClientHello of TLS 1.2 without the extension of later versions.
    let mut hello = vec![22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2f, 1, 0]);
    let mut stream = TcpStream::connect(b.local()).await.unwrap();
    stream.write_all(&hello).await.unwrap();
    let (_, why) = b.closed().await;
    assert!(matches!(why, Why::Handshake(_)), "{why:?}");
}

#[tokio::test]
async fn the_name_that_is_asked_for_chooses_the_certificate() {
    let folder = Folder::new();
    let authority = Authority::new(&folder, "authority");
    let usual = authority.signs(&folder, "usual", &["127.0.0.1"], |_| ());
    let named = authority.signs(&folder, "named", &["hub.example.net"], |_| ());
    let mut b = end(Some(usual), None, |tls| tls.named = vec![("Hub.Example.Net".into(), named)]);
    for name in [None, Some("hub.example.net")] {
        let mut a = end(None, Some(&authority.file), |tls| {
            tls.names = Arc::new(name.map(|name| (b.local(), name.to_owned())).into_iter().collect());
        });
        let flow = asked(&a, &b);
        a.transports.send(flow, bytes(&request("")));
        // What comes of the connection before it is told in between.
        while !matches!(b.next().await, Received::Message { .. }) {}
    }
}

#[tokio::test]
async fn another_certificate_in_the_files_is_shown_to_new_connections_and_ends_none() {
    let folder = Folder::new();
    let (old, new) = (Authority::new(&folder, "old"), Authority::new(&folder, "new"));
    let called = old.signs(&folder, "switch", &["127.0.0.1"], |_| ());
    let mut b = end(Some(called.clone()), None, |_| ());
    let mut before = end(None, Some(&old.file), |_| ());
    let flow = asked(&before, &b);
    before.transports.send(flow, bytes(&request("one")));
    assert_eq!(b.message().await.1, request("one"));
    // Half a file is no certificate: the one of before stays.
    let whole = new.signs(&folder, "next", &["127.0.0.1"], |_| ());
    let text = fs::read_to_string(&whole.certificate).unwrap();
    fs::write(&called.certificate, &text[..text.len() / 2]).unwrap();
    let Received::Certificates(told) = b.next().await else { panic!("nothing is said of it") };
    assert!(told.contains("switch.pem") && told.ends_with("the certificates of before stay in force"), "{told}");
    let mut still = end(None, Some(&old.file), |_| ());
    let flow_of_still = asked(&still, &b);
    still.transports.send(flow_of_still, bytes(&request("two")));
    assert_eq!(b.message().await.1, request("two"));
    fs::copy(&whole.key, &called.key).unwrap();
    fs::copy(&whole.certificate, &called.certificate).unwrap();
    sleep(3 * SECOND).await;
    let mut after = end(None, Some(&new.file), |_| ());
    let flow_of_after = asked(&after, &b);
    after.transports.send(flow_of_after, bytes(&request("three")));
    assert_eq!(b.message().await.1, request("three"));
    before.transports.send(flow, bytes(&request("four")));
    assert_eq!(b.message().await.1, request("four"));
    assert!(refused(&mut end(None, Some(&old.file), |_| ()), &mut b).await.to_lowercase().contains("issuer"));
}

#[tokio::test]
async fn who_begins_handshakes_without_end_or_never_ends_one_is_cut_off() {
    let folder = Folder::new();
    let authority = Authority::new(&folder, "authority");
    let called = authority.signs(&folder, "switch", &["127.0.0.1"], |_| ());
    let mut b = end(Some(called), None, |_| ());
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(b.local()).await.unwrap());
    }
    // Nothing is told of them before they have proved that they speak TLS; most are not even heard.
    let _ = timeout(SECOND / 2, b.transports.recv(&mut Vec::new())).await;
    let counts = b.transports.counts();
    assert!(counts.refused >= 30 && counts.accepted >= 32, "{counts:?}");
    assert!(matches!(b.closed().await.1, Why::Handshake(_)), "five seconds are enough");
    drop(silent);
}

#[test]
fn a_certificate_is_made_once_and_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let at = folder.0.join("tls");
    let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = self_made(&at, &names).unwrap();
    assert_eq!(said(&made.certificate).unwrap().names, names);
    for file in [&made.certificate, &made.key] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let before = fs::read(&made.certificate).unwrap();
    assert_eq!(self_made(&at, &names).unwrap(), made);
    assert_eq!(fs::read(&made.certificate).unwrap(), before);
}

#[tokio::test]
async fn a_key_of_another_certificate_and_a_file_that_is_none_are_told() {
    let folder = Folder::new();
    let authority = Authority::new(&folder, "authority");
    let (one, other) = (authority.signs(&folder, "a", &["a"], |_| ()), authority.signs(&folder, "b", &["b"], |_| ()));
    let mixed = Identity { certificate: one.certificate.clone(), key: other.key };
    let none = Identity { certificate: folder.write("none.pem", "nothing"), key: one.key.clone() };
    let frame = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n";
    let frame = Identity { certificate: folder.write("frame.pem", frame), key: one.key };
    let frame_said = "frame.pem: it is no X.509 certificate";
    for (identity, said) in [(mixed, "not the certificate's key"), (none, "no certificate"), (frame, frame_said)] {
        let mut settings = Settings::new(vec![Listen::new(Transport::Tls, "127.0.0.1:0".parse().unwrap())]);
        settings.tls.own = Some(identity);
        let error = Transports::bind(&settings).err().unwrap().to_string();
        assert!(error.contains(said), "{error}");
    }
}
