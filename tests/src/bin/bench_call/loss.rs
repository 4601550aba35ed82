//! How speech survives lost packets: two engines and a server, each in a network of its own, joined by wires that lose
//! and delay. Alice speaks, Bob's loudspeaker is a file; cleaning is off, so that it is the way that is measured.
//!
//! `stoi` and `pesq` by the percentage of packets lost each way, every one 80 ms on its way each way: short-time
//! objective intelligibility, 0 to 1 (Taal 2011), and wide-band PESQ, 1 to 4.6 (ITU-T P.862.2), as means over parts of
//! the recording that `compare.py` lays over what was said; `…_beside_video` are the same with pictures both ways at the
//! same time, which must not cost the voice anything. `engine_pss_mb` is Bob's process in a call without loss.

use std::{os::unix::fs::MetadataExt, path::Path, process::Command, thread::sleep, time::Duration};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    cost::memory,
    lossy::{Lossy, Weather},
    puppet::{befriend, hang_up, talk},
    server::program,
};
use serde_json::{Map, Value, json};

use crate::{Measured, round, speech};

/// In percent.
const LOSSES: [u32; 4] = [0, 5, 10, 20];
const DELAY: Duration = Duration::from_millis(80);
/// Of one call. The first seconds, in which the coding learns of the loss, are left out by the script.
const LENGTH: Duration = Duration::from_secs(27);
const PORT: u16 = 7734;
const SCRIPT: &str = include_str!("compare.py");

pub fn measure(python: &str) -> Measured {
    if std::fs::metadata("/proc/self").map_or(true, |me| me.uid() != 0) {
        return Err("namespaces of the network want root".into());
    }
    let folder = Folder::new("speech");
    let path = folder.path().join("said.wav");
    speech::write(&path)?;
    let script = folder.path().join("compare.py");
    std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
    let calm = weather(0);
    let network = Lossy::start(3, calm);
    let listen = format!("{}:{PORT}", Lossy::address(0));
    let rendezvous = network.command(0, program("juice-rendezvous"));
    let server = ServerProcess::run(rendezvous, folder.path(), &listen, &["--public", &listen]);
    let (alices, bobs) = (Folder::new("alice"), Folder::new("bob"));
    let heard = folder.path().join("heard.wav");
    let mut command = network.command(1, program("buddy"));
    command.args(["--anywhere", "--camera", "test:640x480"]).arg("--source").arg(&path);
    let mut alice = Puppet::run(command, alices.path());
    let mut command = network.command(2, program("buddy"));
    command.args(["--anywhere", "--camera", "test:640x480"]).arg("--sink").arg(&heard);
    let mut bob = Puppet::run(command, bobs.path());
    for (name, puppet) in [("alice", &mut alice), ("bob", &mut bob)] {
        puppet.register(name, server.address());
        set_cleaning(puppet, false);
    }
    let (bob_id, _) = befriend(&mut alice, &mut bob, "bob");
    alice.until_can_voice();

    let mut result = Map::new();
    for (pictures, names) in [(false, ["stoi", "pesq"]), (true, ["stoi_beside_video", "pesq_beside_video"])] {
        let (mut stoi, mut pesq) = (Map::new(), Map::new());
        for loss in LOSSES {
            network.change(calm);
            let call = talk(&mut alice, &mut bob, &bob_id, pictures);
            network.change(weather(loss));
            sleep(LENGTH);
            if loss == 0 && !pictures {
                result.insert("engine_pss_mb".into(), json!(memory(&bob.pid().to_string()).map(round)));
            }
            network.change(calm);
            hang_up(&mut alice, &mut bob, &call);
            let values = compare(python, &script, &path, &heard);
            eprintln!("{loss} % lost, {} pictures: {values}", if pictures { "with" } else { "without" });
            stoi.insert(loss.to_string(), values["stoi"].clone());
            pesq.insert(loss.to_string(), values["pesq"].clone());
        }
        for (name, values) in names.into_iter().zip([stoi, pesq]) {
            // All or none: what lacks is a package.
            let value = if values.values().all(Value::is_null) { Value::Null } else { values.into() };
            result.insert(name.into(), value);
        }
    }
    Ok(result)
}

fn weather(percent: u32) -> Weather {
    Weather { loss: percent * 10, delay: (DELAY, DELAY), kbit_s: None }
}

/// Everything that is done to a voice besides coding it, on or off.
pub fn set_cleaning(puppet: &mut Puppet, on: bool) {
    puppet.done(&json!({ "type": "setSound", "settings": {
        "microphone": null, "speaker": null, "pushToTalk": false,
        "echoCancellation": on, "noiseSuppression": on, "gainControl": on,
    }}));
}

/// What the script says, or an empty value after its complaint.
fn compare(python: &str, script: &Path, said: &Path, heard: &Path) -> Value {
    match Command::new(python).arg(script).arg(said).arg(heard).output() {
        Ok(output) => {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap_or_default()
        }
        Err(error) => {
            eprintln!("{python}: {error}");
            Value::Null
        }
    }
}
