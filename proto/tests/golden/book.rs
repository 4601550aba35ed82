//! A file of golden bytes, and the comparison with it.

use std::{collections::BTreeMap, fmt::Debug, fmt::Write};

use juice_proto::frame;
use minicbor::{Decode, Encode};

/// What a file should hold and what it would hold.
pub struct Book {
    wanted: BTreeMap<&'static str, &'static str>,
    found: Vec<(String, String)>,
    file: &'static str,
}

impl Book {
    pub fn open(file: &'static str, text: &'static str) -> Self {
        let wanted = text.lines().filter_map(|line| line.split_once(' ')).collect();
        Self { wanted, found: Vec::new(), file }
    }

    /// Bytes that are no value of ours.
    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.found.push((name.into(), hex::encode(bytes)));
    }

    /// A value: its bytes, and that the golden bytes are read as it.
    pub fn value<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug>(&mut self, name: &str, value: &T) {
        self.bytes(name, &frame::encode(value));
        if let Some(golden) = self.wanted.get(name) {
            let golden = hex::decode(golden).expect("hex");
            assert_eq!(
                frame::decode::<T>(&golden).as_ref(),
                Ok(value),
                "{name}: the golden bytes are not read any more"
            );
        }
    }

    /// The golden bytes of a name, where there are any yet.
    pub fn golden(&self, name: &str) -> Option<Vec<u8>> {
        self.wanted.get(name).map(|golden| hex::decode(golden).expect("hex"))
    }

    /// Compares all of it.
    pub fn close(self) {
        let same = self.found.len() == self.wanted.len()
            && self.found.iter().all(|(name, hex)| self.wanted.get(name.as_str()) == Some(&hex.as_str()));
        if same {
            return;
        }
        let mut text = String::new();
        for (name, hex) in &self.found {
            let mark = if self.wanted.get(name.as_str()) == Some(&hex.as_str()) { "" } else { " <- differs" };
            eprintln!("{name}{mark}");
            let _ = writeln!(text, "{name} {hex}");
        }
        println!("---- {} would be:\n{text}----", self.file);
        panic!("{}: other bytes than the golden ones; a format that changes is a new version", self.file);
    }
}
