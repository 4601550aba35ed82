//! Everything JUICE knows and nothing it does.
//!
//! Wire frames, keys and sealing, and the state machine of one messenger. Nothing here opens a socket or a file, reads
//! a clock or draws randomness of its own: time, news and entropy come in as arguments, things to do come out. The
//! engine is the hands; the simulator in the tests is another pair.

pub mod call;
pub mod capsule;
pub mod content;
pub mod device_list;
pub mod error;
pub mod file;
pub mod file_name;
pub mod frame;
pub mod id;
pub mod invite;
pub mod letter;
pub mod link;
pub mod media;
pub mod messenger;
pub mod name;
pub mod opaque;
pub mod prekey;
pub mod presence;
pub mod prose;
pub mod request;
pub mod safety;
pub mod seal;
pub mod server;
pub mod sign;
pub mod vault;
pub mod view;
