//! A robot supervisor: now and then it asks the daemon to let it listen to a talk, answers its phone, and hangs up after a while.

use super::mix::{between, one_of};
use super::post::Post;
use super::served::Served;
use crate::clock::SECOND;
use crate::exchange::{CallRow, Command};
use crate::fact::Supervision;
use crate::id::SeatId;
use crate::phone::Event;
use crate::sip::dialog::SessionId;
use rand_chacha::ChaCha8Rng;
use std::rc::Rc;
use tokio::sync::watch;

/// Its seat.
pub const SEAT: &str = "8050";

/// Works until it is told to stop.
pub async fn run(mut post: Post, served: Rc<Served>, mut dice: ChaCha8Rng, mut stop: watch::Receiver<bool>) {
    post.register();
    let mut call: Option<SessionId> = None;
    let mut due = post.now().mono + between(20.0, 30.0, &mut dice);
    loop {
        let event = tokio::select! {
            event = post.next(due) => event,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let now = post.now().mono;
        match event {
            Some(Event::Incoming { call: session, .. }) if call.is_none() => {
                post.answer(session);
                (call, due) = (Some(session), now + between(8.0, 20.0, &mut dice));
            }
            Some(Event::Incoming { call: session, .. }) => post.busy(session),
            Some(Event::Ended { call: session, .. } | Event::Failed { call: session, .. }) if call == Some(session) => {
                (call, due) = (None, now + between(20.0, 50.0, &mut dice));
            }
            Some(_) => {}
            None => {
                due = now + between(20.0, 50.0, &mut dice);
                match call.take() {
                    Some(session) => post.hang_up(session),
                    None => listen(&served, &mut dice).await,
                }
            }
        }
        due = due.max(now + SECOND / 10);
    }
    post.close().await;
}

/// Asks for a talk of the main group that has an agent and two parties.
async fn listen(served: &Served, dice: &mut ChaCha8Rng) {
    let talking = |row: &CallRow| row.stage == "talking" && row.parties.iter().filter(|p| p.answered).count() == 2;
    let calls: Vec<_> = served.calls().await.into_iter().filter(talking).map(|row| row.call).collect();
    let Some(call) = one_of(&calls, dice) else { return };
    let why = "抽听".to_owned();
    let (seat, mode) = (SeatId::from(SEAT), Supervision::Listen);
    served.order(Command::Supervise { call, seat, mode, by: "demo".into(), why, granted: false }).await;
}
