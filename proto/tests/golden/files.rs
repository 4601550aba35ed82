//! What is kept on disk and what people hand to each other.

use juice_proto::{
    capsule,
    id::AccountKey,
    invite::{Invite, ServerAddress},
    name::UserName,
    safety::SafetyNumber,
    vault::{KdfParams, PasswordBox, Vault},
};
use zeroize::Zeroizing;

use crate::{
    book::Book,
    values::{account, account_key, capsule as server_capsule, key, other, rng, server},
};

const CHEAP: KdfParams = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };

#[test]
fn every_file_format_has_its_golden_bytes() {
    let mut book = Book::open("files.hex", include_str!("files.hex"));
    book.value("kdf-params", &KdfParams::DEFAULT);
    let sealed = PasswordBox::seal(b"plain", b"password", "juice/test/1", CHEAP, &mut rng()).expect("in range");
    book.value("password-box", &sealed);
    if let Some(golden) = book.golden("password-box") {
        let sealed: PasswordBox = juice_proto::frame::decode(&golden).expect("reads");
        assert_eq!(sealed.open(b"password", "juice/test/1").expect("opens").as_slice(), b"plain");
    }
    let here = capsule::seal_here(&account_key(), "password", CHEAP, &mut rng()).expect("in range");
    book.value("capsule-here", &here);
    assert_eq!(capsule::open_here(&here, "password").expect("opens").public(), account_key().public());
    book.value("capsule-server", &server_capsule());
    if let Some(golden) = book.golden("capsule-server") {
        let capsule: capsule::ServerCapsule = juice_proto::frame::decode(&golden).expect("reads");
        let opened = capsule.open(&Zeroizing::new([10; 64])).expect("opens");
        assert_eq!(opened.public(), account_key().public());
    }
    let mut rng = rng();
    let vault = Vault::new(Zeroizing::new(b"the body".to_vec()), "password", CHEAP, &mut rng).expect("in range");
    book.bytes("vault", &vault.to_bytes(&mut rng));
    book.bytes("vault-derived", vault.data_key.derive("juice/test/1").as_ref());
    if let Some(golden) = book.golden("vault") {
        let vault = Vault::open(&golden, "password").expect("opens");
        assert_eq!(vault.body.as_slice(), b"the body");
        assert_eq!(Some(vault.data_key.derive("juice/test/1").to_vec()), book.golden("vault-derived"));
    }
    book.close();
}

#[test]
fn links_are_spelt_as_ever() {
    let server = server().server_key();
    let address = ServerAddress { host: "chat.example.org".into(), port: 443, key: server };
    let short = ServerAddress { port: juice_proto::invite::DEFAULT_PORT, ..address.clone() };
    let six = ServerAddress { host: "[2001:db8::1]".into(), port: 8_443, key: server };
    let invite = |address: &ServerAddress, name: &str| Invite {
        server: address.clone(),
        name: UserName::parse(name).expect("a name"),
        key: account_key().account_key(),
        token: [8; 16],
    };
    let wanted: Vec<_> = include_str!("links.txt").lines().collect();
    let found = [
        address.to_string(),
        short.to_string(),
        six.to_string(),
        invite(&address, "alice").to_string(),
        invite(&short, "jürgen").to_string(),
        invite(&six, "محمد").to_string(),
    ];
    assert_eq!(found.as_slice(), wanted.as_slice(), "links.txt would be:\n{}\n", found.join("\n"));
    assert_eq!(ServerAddress::parse(wanted[2]), Ok(six.clone()));
    assert_eq!(Invite::parse(wanted[5]), Ok(invite(&six, "محمد")));
}

#[test]
fn a_safety_number_is_the_same_for_ever() {
    let theirs: AccountKey = key(7).account_key();
    let number = SafetyNumber::between((&account(), &account_key().account_key()), (&other(), &theirs));
    assert_eq!(number.0.join(" "), include_str!("safety.txt").trim());
}
