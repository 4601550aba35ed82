//! A rendezvous, in this process (its calls can be counted) or in its own (it can be killed).

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use juice_rendezvous::{Config, config::Rate};
use tokio::time::{sleep, timeout};

use crate::Folder;

/// In this process.
pub struct Server {
    pub inner: juice_rendezvous::Server,
    pub folder: Folder,
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new("server");
        let mut config = Config::on_loopback(folder.path().to_owned());
        config.limits.calls = Rate { burst: 100_000, per_minute: 100_000 };
        adjust(&mut config);
        let inner = juice_rendezvous::Server::start(config).await.expect("the server starts");
        Self { inner, folder }
    }

    pub fn address(&self) -> String {
        self.inner.address().to_string()
    }

    pub fn calls(&self, kind: &str) -> u64 {
        self.inner.calls().get(kind).copied().unwrap_or(0)
    }

    /// Waits until there were so many calls of a kind.
    pub async fn until_called(&self, kind: &str, times: u64) {
        let called = async {
            while self.calls(kind) < times {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), called).await.unwrap_or_else(|_| panic!("{kind} is called {times} times"));
    }

    pub fn all_calls(&self) -> u64 {
        self.inner.calls().values().sum()
    }
}

/// In a process of its own.
pub struct ServerProcess {
    child: Child,
    address: String,
    data: PathBuf,
}

impl ServerProcess {
    /// Starts on `listen` (port 0 for any) and waits until it is ready.
    pub fn start(data: &Path, listen: &str) -> Self {
        Self::start_with(data, listen, &[])
    }

    pub fn start_with(data: &Path, listen: &str, arguments: &[&str]) -> Self {
        Self::run(Command::new(program("juice-rendezvous")), data, listen, arguments)
    }

    /// Runs `command`, which is the program or ends in it.
    pub fn run(mut command: Command, data: &Path, listen: &str, arguments: &[&str]) -> Self {
        let log = File::options().create(true).append(true).open(data.join("log")).expect("the folder is writable");
        let mut child = command
            .args(["serve", "--listen", listen, "--registration", "open", "--relay-quic-port", "0"])
            .args(["--relay-tcp-port", "0", "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("juice-rendezvous is built beside the tests");
        let output = child.stdout.take().expect("piped");
        let address = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("address: ").map(str::to_owned))
            .expect("the server says its address");
        Self { child, address, data: data.to_owned() }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without warning, and says where it listened.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it ends");
        let place = self.address.trim_start_matches("juice://");
        place.split('#').next().unwrap_or_default().to_owned()
    }

    pub fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program built beside this one.
pub fn program(name: &str) -> PathBuf {
    let here = std::env::current_exe().expect("this program has a path");
    let mut folder = here.parent().expect("it is in a folder");
    if folder.ends_with("deps") {
        folder = folder.parent().expect("deps is in a folder");
    }
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
