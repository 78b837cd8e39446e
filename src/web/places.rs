//! Places for connections: so many at a time, and so many of one address, so that nobody takes them all.

use crate::sip::auth::lockout::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_address: usize,
}

/// A place that is taken by whoever comes next.
pub(super) struct Free(OwnedSemaphorePermit);

/// A place in use; dropping it sets it free.
pub(super) struct Taken {
    _place: OwnedSemaphorePermit,
    of: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    pub(super) fn new(all: usize, per_address: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), taken: Arc::default(), per_address }
    }

    /// Waits for a place.
    pub(super) async fn free(&self) -> Result<Free, AcquireError> {
        Arc::clone(&self.all).acquire_owned().await.map(Free)
    }

    /// Nobody else could come now.
    pub(super) fn all_taken(&self) -> bool {
        self.all.available_permits() == 0
    }

    /// Gives a place to somebody; nothing, where his address has as many as it may.
    pub(super) fn take(&self, Free(place): Free, peer: IpAddr) -> Option<Taken> {
        let of = network(peer);
        let mut taken = hold(&self.taken);
        let count = taken.entry(of).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Taken { _place: place, of, taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut taken = hold(&self.taken);
        let left = taken.get_mut(&self.of).map_or(0, |count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == 0 {
            taken.remove(&self.of);
        }
    }
}

fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_so_many_and_leaves_the_rest_to_others() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let places = Places::new(4, 2);
            let come = async |ip: &str| places.take(places.free().await.unwrap(), ip.parse().unwrap());
            let (one, two) = (come("192.0.2.1").await, come("::ffff:192.0.2.1").await);
            assert!(one.is_some() && two.is_some() && come("192.0.2.1").await.is_none());
            let (three, four) = (come("2001:db8::1").await, come("2001:db8::2").await);
            assert!(three.is_some() && four.is_some() && places.all_taken());
            drop((one, three));
            assert!(come("2001:db8:0:0:1::1").await.is_some() && come("192.0.2.1").await.is_some());
            drop((two, four));
            assert!(hold(&places.taken).is_empty());
        });
    }
}
