//! The program itself: what it prints, how it ends.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use juice_proto::{invite::ServerAddress, server::Push};

use crate::{
    client::Client,
    world::{Folder, Person},
};

fn program(folder: &Folder) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_juice-rendezvous"));
    command.arg("--data").arg(&folder.0);
    command.env_remove("JUICE_LOG").env_remove("JUICE_DATA");
    command
}

fn serve(folder: &Folder, change: impl FnOnce(&mut Command)) -> (Child, ServerAddress) {
    let mut command = program(folder);
    command.args(["--listen", "127.0.0.1:0", "--relay-quic-port", "0", "--relay-tcp-port", "0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    change(&mut command);
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.as_mut().unwrap());
    out.read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("address: ").expect("one line");
    let address = ServerAddress::parse(address).unwrap();
    (child, address)
}

#[cfg(unix)]
fn terminate(child: &Child) {
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

#[cfg(unix)]
#[tokio::test]
async fn a_terminated_server_tells_its_clients_and_ends_within_two_seconds() {
    let folder = Folder::new();
    let (mut child, address) = serve(&folder, |_| ());
    let socket = format!("{}:{}", address.host, address.port).parse().unwrap();
    let mut client = Client::connect(socket, address.key).await;
    let alice = Person::new("alice", &address.key);
    let welcome = alice.register(&mut client).await.unwrap();
    assert!(welcome.relay.is_some_and(|relay| relay.quic_port != 0 && relay.tcp_port != 0));

    let begun = Instant::now();
    terminate(&child);
    assert!(matches!(client.push().await, Push::Stopping(_)));
    client.ended().await;
    assert!(child.wait().unwrap().success());
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    let mut rest = String::new();
    child.stdout.unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "nothing but the address");

    let shown = program(&folder).args(["account", "show", "alice"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("buddies 0"), "{shown}");
}

#[cfg(unix)]
#[test]
fn no_traffic_secret_is_written_for_whoever_asks_by_sslkeylogfile() {
    let folder = Folder::new();
    let secrets = folder.0.with_extension("keylog");
    let (mut child, _) = serve(&folder, |command| {
        command.env("SSLKEYLOGFILE", &secrets);
    });
    let environment = std::fs::read(format!("/proc/{}/environ", child.id()));
    terminate(&child);
    assert!(child.wait().unwrap().success());
    if let Ok(environment) = environment {
        let found = environment.split(|byte| *byte == 0).any(|pair| pair.starts_with(b"SSLKEYLOGFILE="));
        assert!(!found, "the running program does not know the variable");
    }
    assert!(!secrets.exists());
}

#[test]
fn the_address_is_printed_before_the_first_start_and_stays() {
    let folder = Folder::new();
    let address = || {
        let output = program(&folder).args(["address", "--public", "chat.example.org:443"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let first = address();
    let parsed = ServerAddress::parse(first.trim()).unwrap();
    assert_eq!((parsed.host.as_str(), parsed.port), ("chat.example.org", 443));
    assert_eq!(first, address());
}
