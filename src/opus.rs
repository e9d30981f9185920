//! Opus as its specifications (RFC 6716, RFC 7845) write it: heads, tags and packets, as far as one must know
//! them to replace packets by silence. Used to write and to check. No audio is coded here.

mod frames;
mod head;
mod packet;
mod plan;
mod silence;
mod tags;

pub(crate) use frames::length;
pub(crate) use head::Head;
pub(crate) use packet::Packet;
pub(crate) use plan::Plan;
pub(crate) use silence::{is_silence, silence};
pub(crate) use tags::bare;

/// Why an Opus recording cannot be kept, as the subject of "… is not supported".
pub(crate) type Refusal = &'static str;
