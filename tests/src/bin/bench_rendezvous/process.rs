//! The server under test, and what the system says of it.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use juice_tests::server::program;

/// A running server.
pub struct Process {
    child: Child,
    socket: SocketAddr,
}

impl Process {
    /// Starts it, at `at` or at any port, and waits until it is ready.
    pub fn start(data: &Path, at: Option<SocketAddr>, relay: bool) -> Self {
        let listen = at.map_or("127.0.0.1:0".into(), |at| at.to_string());
        let log = File::create(data.join("log")).expect("the folder is writable");
        let mut child = Command::new(program("juice-rendezvous"))
            .args(["serve", "--listen", &listen, "--relay-quic-port", "0", "--relay-tcp-port", "0"])
            // One client here stands for many.
            .args(["--calls-per-minute", "10000000"])
            .arg(if relay { "--relay" } else { "--no-relay" })
            .arg("--data")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("juice-rendezvous is built beside this program");
        let output = child.stdout.take().expect("piped");
        let address = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("address: juice://").map(str::to_owned))
            .expect("the server says its address");
        let place = address.split('#').next().unwrap_or_default().trim_end_matches('/');
        let socket = place.parse().expect("it is on loopback, at a port");
        Self { child, socket }
    }

    pub fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// Memory that it has in RAM now, in KB.
    pub fn rss_kb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it runs");
        rss.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// The time that all its threads have had on a core.
    pub fn cpu(&self) -> Duration {
        cpu_of(&self.child.id().to_string())
    }
}

impl Drop for Process {
    /// As kill -9 does it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What /proc counts in.
pub const TICK: Duration = Duration::from_millis(10);

/// The time that a process has had on a core, in steps of a [`TICK`] (proc(5), `stat`, fields 14 and 15).
pub fn cpu_of(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("it runs");
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').expect("a stat line");
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().unwrap_or(0)).sum();
    TICK * ticks
}
