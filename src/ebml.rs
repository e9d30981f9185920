//! EBML (RFC 8794) and Matroska (RFC 9559) as far as one must know them to keep a recording: headers of elements,
//! what each element holds, elements of nothing. Used to read, to write and to check.

mod fate;
mod header;
mod splitter;

pub(crate) use fate::{CLUSTER, SEGMENT};
pub(crate) use header::{ElementHeader, number, parse_header};
pub(crate) use splitter::{Piece, Splitter, void};
