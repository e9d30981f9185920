//! What comes next in a recording.

use symphonia::core::packet::Packet;

/// What comes next in a container.
pub(in crate::decode) enum Demuxed {
    Packet(Packet),
    /// Another stream begins, of a chained Ogg file.
    Link,
    End,
}
