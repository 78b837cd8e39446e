//! A robot that calls: it waits until a person answers, talks, and hangs up; or gives up.

use super::mix::Visit;
use super::post::Post;
use super::served::Served;
use crate::clock::SECOND;
use crate::phone::Event;
use tokio::sync::watch;

/// How often it looks whether it has been answered, µs.
const LOOKS: u64 = SECOND / 2;

/// One call from its INVITE to its end.
pub async fn call(mut post: Post, visit: &Visit, served: &Served, mut stop: watch::Receiver<bool>) {
    served.expect(&visit.from);
    post.dial(visit.number);
    let mut ends = post.now().mono + visit.patience;
    let mut talks = false;
    loop {
        let until = ends.min(post.now().mono + LOOKS);
        let event = tokio::select! {
            event = post.next(until) => event,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if matches!(event, Some(Event::Failed { .. } | Event::Ended { .. })) {
            break;
        }
        let now = post.now().mono;
        // Somebody's own phone tells nobody whom it has answered: before he gives up, the caller asks.
        if !talks && (served.is(&visit.from) || (now >= ends && served.talks(&visit.from).await)) {
            (talks, ends) = (true, now + visit.talk);
        }
        if now >= ends {
            break;
        }
    }
    served.forget(&visit.from);
    post.close().await;
}
