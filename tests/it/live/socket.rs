//! As much of a WebSocket client as the tests need (RFC 6455).

use crate::api::TOKEN;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What the other side says.
#[derive(Debug, PartialEq)]
pub enum Said {
    Text(Value),
    /// Code and reason.
    Close(u16, String),
    Gone,
}

/// What an answer begins with: its status, and all of its head.
pub(super) fn head(reader: &mut impl BufRead) -> (u16, String) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
    }
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
}

/// An open socket.
pub struct Socket(pub BufReader<TcpStream>);

impl Socket {
    /// Opens it; else the status that it was refused with.
    pub fn open(at: SocketAddr, query: &str) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let asked = format!(
            "GET /api/v1/live{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let (status, head) = head(&mut reader);
        if status != 101 {
            return Err(status);
        }
        // The answer to the RFC's own example.
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Ok(Self(reader))
    }

    /// The next thing that is said, but for pings.
    pub fn hears(&mut self) -> Said {
        let mut pings = 0;
        loop {
            let mut head = [0u8; 2];
            if self.0.read_exact(&mut head).is_err() {
                return Said::Gone;
            }
            assert_eq!(head[1] & 0x80, 0, "a server masks nothing");
            let length = match head[1] {
                126 => u64::from(u16::from_be_bytes(self.bytes())),
                127 => u64::from_be_bytes(self.bytes()),
                short => u64::from(short),
            };
            let mut body = vec![0; usize::try_from(length).unwrap()];
            if self.0.read_exact(&mut body).is_err() {
                return Said::Gone;
            }
            match head[0] {
                0x81 => return Said::Text(serde_json::from_slice(&body).unwrap()),
                0x88 => {
                    let code = u16::from_be_bytes([body[0], body[1]]);
                    return Said::Close(code, String::from_utf8(body[2..].to_vec()).unwrap());
                }
                0x89 if pings < 2 => pings += 1,
                0x8a => {}
                other => panic!("opcode {other:#x}"),
            }
        }
    }

    /// The next document.
    pub fn text(&mut self) -> Value {
        match self.hears() {
            Said::Text(document) => document,
            other => panic!("{other:?}"),
        }
    }

    /// Says something short.
    pub fn says(&mut self, opcode: u8, body: &[u8]) -> bool {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![0x80 | opcode, 0x80 | u8::try_from(body.len()).unwrap()];
        frame.extend(mask);
        frame.extend(body.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
        self.0.get_mut().write_all(&frame).is_ok()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }
}
