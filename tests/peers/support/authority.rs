//! An authority that signs certificates, and what is shown to whoever connects: both by openssl.

use super::process::needs;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A certificate and its key, PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Its own certificate is whom others have to trust.
#[derive(Debug)]
pub struct Authority {
    pub own: Pair,
    dir: PathBuf,
}

impl Authority {
    pub fn new(dir: &Path, name: &str) -> Self {
        // The system's file would add what must stand in a certificate only once.
        fs::write(dir.join("openssl.cnf"), "[req]\ndistinguished_name = dn\n[dn]\n").unwrap();
        Self { own: made(dir, name, &["-addext", "basicConstraints=critical,CA:TRUE"]), dir: dir.to_owned() }
    }

    /// A certificate of this name, as openssl writes them: `DNS:hub.example` or `IP:127.0.0.1`.
    pub fn signs(&self, file: &str, name: &str) -> Pair {
        let (own, key) = (self.own.certificate.display().to_string(), self.own.key.display().to_string());
        let name = format!("subjectAltName={name}");
        made(&self.dir, file, &["-CA", &own, "-CAkey", &key, "-addext", &name])
    }
}

fn made(dir: &Path, name: &str, more: &[&str]) -> Pair {
    needs("openssl", "openssl");
    let pair = Pair { certificate: dir.join(format!("{name}.pem")), key: dir.join(format!("{name}.key")) };
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    command.args(["-days", "30", "-subj", &format!("/CN={name}")]).args(more);
    command.arg("-config").arg(dir.join("openssl.cnf"));
    command.arg("-out").arg(&pair.certificate).arg("-keyout").arg(&pair.key);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    pair
}

/// The fingerprint of the certificate in a file.
pub fn fingerprint(certificate: &Path) -> String {
    let mut command = Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(certificate);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The fingerprint of what a new connection to this address is shown.
pub fn shown(at: SocketAddr, dir: &Path) -> String {
    needs("openssl", "openssl");
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &at.to_string()]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let file = dir.join("shown.pem");
    fs::write(&file, output.stdout).unwrap();
    fingerprint(&file)
}
