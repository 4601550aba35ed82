//! Tomorrow's bytes: what a newer version adds, this one passes over.

use juice_proto::{
    device_list::DeviceList,
    error::ProtoError,
    frame,
    letter::Letter,
    link::LinkFrame,
    prekey::Prekey,
    presence::Presence,
    request::Request,
    server::{Contact, Pending, Welcome},
    sign::{Signable, Signed},
};
use minicbor::{Decode, Encode};

use crate::values::{
    account_key, contact, device, letter, pending, prekey, presence, request, second_list, signed_presence, token,
    welcome,
};

/// The bytes of a map-encoded value with another numbered field at its end.
fn with_a_field_of_tomorrow<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = frame::encode(value);
    assert!((0xa0..0xb7).contains(&bytes[0]), "a map of a few fields");
    bytes[0] += 1;
    bytes.extend(frame::encode(&99u8));
    bytes.extend(frame::encode(&vec!["tomorrow".to_owned()]));
    bytes
}

fn passes_over<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug>(value: &T) {
    assert_eq!(frame::decode::<T>(&with_a_field_of_tomorrow(value)).as_ref(), Ok(value));
}

#[test]
fn unknown_fields_of_maps_are_passed_over() {
    passes_over::<Welcome>(&welcome());
    passes_over::<Welcome>(&Welcome { tokens: Some(2), ..welcome() });
    passes_over::<Contact>(&contact());
    passes_over::<Pending>(&pending());
    passes_over::<Presence>(&presence());
    passes_over::<Prekey>(&prekey());
    passes_over::<Request>(&request());
    passes_over::<Request>(&Request { delivery: Some(token()), ..request() });
    passes_over::<Letter>(&letter());
    passes_over::<DeviceList>(&second_list());
}

#[test]
fn a_signature_is_over_the_bytes_received_with_what_is_unknown_in_them() {
    fn opens<T: Signable + PartialEq + std::fmt::Debug>(value: &T, key: &juice_proto::sign::SecretKey) {
        let bytes = with_a_field_of_tomorrow(value);
        let signature = key.sign(T::CONTEXT, &[&bytes]);
        let signed = Signed::<T>::from_parts(bytes, signature);
        let travelled: Signed<T> = frame::decode(&frame::encode(&signed)).expect("reads");
        assert_eq!(travelled.open(&key.public()).as_ref(), Ok(value));
    }
    opens(&presence(), &device());
    opens(&prekey(), &device());
    opens(&request(), &device());
    opens(&letter(), &device());
    opens(&second_list(), &account_key());
}

#[test]
fn an_optional_field_may_be_missing() {
    let gone = Contact { presence: None, ..contact() };
    let bytes = frame::encode(&gone);
    assert_eq!(frame::decode::<Contact>(&bytes), Ok(gone));
    assert!(bytes.len() < frame::encode(&contact()).len() - frame::encode(&signed_presence()).len());
}

#[test]
fn a_variant_of_tomorrow_is_malformed_and_no_panic() {
    assert_eq!(frame::decode::<LinkFrame>(&[0x82, 0x18, 0x63, 0x01]).err(), Some(ProtoError::Malformed));
}
