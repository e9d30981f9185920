//! The demuxer's output.

use symphonia::core::packet::Packet;

/// The next item of a container.
pub(in crate::decode) enum Demuxed {
    Packet(Packet),
    /// The next stream of a chained Ogg file begins.
    Link,
    End,
}
