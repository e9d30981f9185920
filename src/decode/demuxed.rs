//! What a container hands to the decoder.

use symphonia::core::packet::Packet;

/// The next item of a container: a packet, the start of a chained stream, or the end.
pub(in crate::decode) enum Demuxed {
    Packet(Packet),
    /// The next stream of a chained Ogg file begins.
    Link,
    End,
}
