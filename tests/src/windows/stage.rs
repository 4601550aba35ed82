//! A hidden screen and a session bus for everyone on it.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{Folder, PATIENCE};

pub struct Stage {
    screen: Option<Child>,
    bus: Option<Child>,
    pub display: String,
    pub bus_address: String,
    pub folder: Folder,
}

impl Stage {
    /// Takes the screen and bus that are there, or starts its own.
    pub fn open(size: &str) -> Self {
        let folder = Folder::new("stage");
        let (screen, display) = screen(size);
        let (bus, bus_address) = bus(folder.path());
        Self { screen: Some(screen), bus: Some(bus), display, bus_address, folder }
    }

    /// A command on this stage, in a process group of its own.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("GDK_BACKEND", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// A picture of the whole screen.
    pub fn picture(&self, file: &Path) {
        let done = self.command("import").args(["-window", "root"]).arg(file).status().expect("imagemagick is here");
        assert!(done.success(), "the screen can be pictured");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in [&mut self.bus, &mut self.screen].into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn screen(size: &str) -> (Child, String) {
    // Xvfb picks a free number itself and writes it.
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", &format!("{size}x24"), "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("Xvfb is here");
    let mut number = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut number).expect("Xvfb says its number");
    assert!(!number.trim().is_empty(), "Xvfb started");
    (child, format!(":{}", number.trim()))
}

fn bus(folder: &Path) -> (Child, String) {
    let socket = folder.join("bus");
    let config = folder.join("bus.conf");
    let text = format!(
        "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN' \
         'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'>\n\
         <busconfig><type>session</type><listen>unix:path={}</listen>\
         <policy context='default'><allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/>\
         <allow own='*'/></policy></busconfig>",
        socket.display()
    );
    fs::write(&config, text).expect("the folder is writable");
    let child = Command::new("dbus-daemon")
        .args(["--nofork", "--nopidfile"])
        .arg(format!("--config-file={}", config.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("dbus-daemon is here");
    wait_for("the bus", || socket.exists());
    (child, format!("unix:path={}", socket.display()))
}

/// Waits for a condition outside of this process, where there is nothing to be woken by.
pub fn wait_for(what: &str, mut fits: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !fits() {
        assert!(Instant::now() < end, "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Two ports that nobody listens on.
pub(super) fn free_ports() -> (u16, u16) {
    let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("a free port"));
    let [a, b] = listeners.map(|listener| listener.local_addr().expect("it is bound").port());
    (a, b)
}

/// Whether all is here that it takes to drive a window on a hidden screen.
pub fn can_be_driven() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| tool(name).is_absolute() || env::split_paths(&path).any(|it| it.join(name).exists());
    ["Xvfb", "dbus-daemon", "tauri-driver"].into_iter().all(is_there) && Path::new(super::driver::NATIVE).exists()
}

/// Where a tool is: on PATH, or where cargo installs.
pub(super) fn tool(name: &str) -> std::path::PathBuf {
    let home = env::var_os("CARGO_HOME").map(Into::into).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.map(|home| home.join("bin").join(name)).filter(|path| path.exists()).unwrap_or_else(|| name.into())
}
