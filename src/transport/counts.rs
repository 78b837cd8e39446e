//! What the transports count.

/// Counters since the start. Each drop is in one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams handed on.
    pub datagrams_in: u64,
    /// System calls that brought them.
    pub batches_in: u64,
    /// Datagrams the kernel took.
    pub datagrams_out: u64,
    /// System calls that took them.
    pub batches_out: u64,
    /// Datagrams of nothing but line ends or zeros: keep-alives, dropped.
    pub keepalives: u64,
    /// Datagrams longer than a message may be, dropped.
    pub truncated: u64,
    /// Datagrams dropped because the queue behind a full socket was full.
    pub overfull: u64,
    /// Datagrams that the kernel refused (unreachable, too long), and bytes for a flow that does not exist.
    pub unsent: u64,
    /// TCP connections accepted.
    pub accepted: u64,
    /// TCP connections refused because there were too many.
    pub refused: u64,
    /// TCP connections that we began to open.
    pub opened: u64,
    /// TCP connections ended, for whatever cause.
    pub closed: u64,
    /// Messages framed out of TCP connections.
    pub messages_in: u64,
    /// Messages queued on TCP connections.
    pub messages_out: u64,
}
