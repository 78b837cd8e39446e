//! Arguments → `cli` → exit code.

fn main() -> std::process::ExitCode {
    switchboard::cli::main()
}
