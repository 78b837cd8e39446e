//! A network that can be cut: a way for datagrams and one for connections, which carry nothing while they are.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Both ways.
pub struct Network {
    /// The port of the way for datagrams.
    pub udp: u16,
    /// The port of the way for connections.
    pub tcp: u16,
    cut: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    near: Arc<Mutex<Vec<TcpStream>>>,
    half: Arc<AtomicBool>,
}

const LOOK: Duration = Duration::from_millis(20);

impl Network {
    /// Datagrams go to this port of the loopback, connections to that one.
    pub fn between(datagrams: u16, connections: u16) -> Self {
        let (cut, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let back = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        back.connect((Ipv4Addr::LOCALHOST, datagrams)).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (udp, tcp) = (front.local_addr().unwrap().port(), listener.local_addr().unwrap().port());
        let (all, half): (Arc<Mutex<Vec<TcpStream>>>, _) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (near_ends, half_open) = (Arc::clone(&all), Arc::clone(&half));
        let network = Self { udp, tcp, cut: Arc::clone(&cut), over: Arc::clone(&over), near: all, half };
        datagrams_between(front, back, &network);
        listener.set_nonblocking(true).unwrap();
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((near, _)) => {
                        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, connections)).unwrap();
                        near_ends.lock().unwrap().push(near.try_clone().unwrap());
                        for (from, to) in [(&near, &far), (&far, &near)] {
                            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                            let (cut, over, half) = (Arc::clone(&cut), Arc::clone(&over), Arc::clone(&half_open));
                            thread::spawn(move || {
                                pour(from, &to, &cut, &over);
                                while half.load(Ordering::Relaxed) && !over.load(Ordering::Relaxed) {
                                    thread::sleep(LOOK);
                                }
                                let _ = to.shutdown(std::net::Shutdown::Both);
                            });
                        }
                    }
                    Err(_) => thread::sleep(LOOK),
                }
            }
        });
        network
    }

    /// Nothing passes any more, or it does again. Datagrams are lost, what a connection carries waits.
    pub fn cuts(&self, cut: bool) {
        self.cut.store(cut, Ordering::Relaxed);
    }

    /// The page's ends of all connections are closed; the other ends hear nothing of it.
    pub fn forgets(&self) {
        self.half.store(true, Ordering::Relaxed);
        for near in self.near.lock().unwrap().drain(..) {
            let _ = near.shutdown(std::net::Shutdown::Both);
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// The page's side is whoever spoke last.
fn datagrams_between(front: UdpSocket, back: UdpSocket, network: &Network) {
    let page: Arc<Mutex<Option<SocketAddr>>> = Arc::default();
    for socket in [&front, &back] {
        socket.set_read_timeout(Some(LOOK)).unwrap();
    }
    let (answers, towards) = (front.try_clone().unwrap(), back.try_clone().unwrap());
    let (cut, over, there) = (Arc::clone(&network.cut), Arc::clone(&network.over), Arc::clone(&page));
    thread::spawn(move || {
        let mut room = [0; 2048];
        while !over.load(Ordering::Relaxed) {
            let Ok((length, from)) = front.recv_from(&mut room) else { continue };
            *there.lock().unwrap() = Some(from);
            if !cut.load(Ordering::Relaxed) {
                let _ = towards.send(&room[..length]);
            }
        }
    });
    let (cut, over) = (Arc::clone(&network.cut), Arc::clone(&network.over));
    thread::spawn(move || {
        let mut room = [0; 2048];
        while !over.load(Ordering::Relaxed) {
            let Ok(length) = back.recv(&mut room) else { continue };
            let to = *page.lock().unwrap();
            if let Some(to) = to.filter(|_| !cut.load(Ordering::Relaxed)) {
                let _ = answers.send_to(&room[..length], to);
            }
        }
    });
}

fn pour(mut from: TcpStream, mut to: &TcpStream, cut: &AtomicBool, over: &AtomicBool) {
    let mut room = [0; 8192];
    let _ = from.set_read_timeout(Some(LOOK));
    while !over.load(Ordering::Relaxed) {
        if cut.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
            continue;
        }
        match from.read(&mut room) {
            Ok(0) => break,
            Ok(length) if to.write_all(&room[..length]).is_err() => break,
            Ok(_) => {}
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
}
