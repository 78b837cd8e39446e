//! Arguments → `cli` → exit code.

/// A flood of calls must not leave its memory behind: the C library keeps what lies below the newest long-lived piece, this one
/// gives back page by page. Without huge pages: the kernel would fill what has been given back again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    switchboard::cli::main()
}
