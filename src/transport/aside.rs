//! A thread of its own for what strangers can make dear: TLS and WebSockets.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// What connections have to say good-bye when the thread ends.
const FAREWELL: Duration = Duration::from_millis(30);

/// The thread and its runtime. Dropping it ends what runs there.
pub(super) struct Aside {
    runtime: Handle,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Aside {
    /// Begins, with nothing to do.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, over) = oneshot::channel();
        let handle = runtime.handle().clone();
        let work = move || {
            runtime.block_on(async move {
                let _ = over.await;
                tokio::time::sleep(FAREWELL).await;
            });
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { runtime: handle, end: Some(end), thread: Some(thread) })
    }

    /// Where tasks are spawned.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of TLS and WebSockets ended by a panic");
        }
    }
}
