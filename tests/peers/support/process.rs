//! Child processes that cannot outlive their test.

use super::until;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running child; killed by its id when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// What it printed, both streams apart.
    pub stdout: PathBuf,
    pub stderr: PathBuf,
}

impl Process {
    /// Starts it with its output in `dir/name.out` and `dir/name.err`.
    pub fn start(command: &mut Command, dir: &Path, name: &str) -> Self {
        let (stdout, stderr) = (dir.join(format!("{name}.out")), dir.join(format!("{name}.err")));
        command.stdin(Stdio::null());
        command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
        let child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
        Self { child, stdout, stderr }
    }

    /// Its exit within `millis`.
    pub fn exit(&mut self, millis: u64) -> Option<ExitStatus> {
        until(millis, || self.child.try_wait().unwrap())
    }

    /// Still there.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// SIGKILL, and waits for the end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it printed on stderr.
    pub fn said(&self) -> String {
        read(&self.stderr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A file's text, whatever its encoding; nothing if it is not there.
pub fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// Fails with the way to install it unless `program` is there.
pub fn needs(program: &str, package: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(there, "{program} is not installed; on Debian: apt-get install {package}");
}
