//! What becomes of each element of a recording that is kept. Only what is listed here stays: numbers that a player
//! needs, and the names of programs. What may say anything becomes an element of nothing that is as long. What would
//! change the meaning of packets, or is not known, is refused.

pub(crate) const EBML: u32 = 0x1A45_DFA3;
pub(crate) const SEGMENT: u32 = 0x1853_8067;
pub(crate) const CLUSTER: u32 = 0x1F43_B675;
pub(crate) const TRACK_ENTRY: u32 = 0xAE;
pub(crate) const BLOCK: u32 = 0xA1;
pub(crate) const SIMPLE_BLOCK: u32 = 0xA3;
pub(crate) const DOC_TYPE: u32 = 0x4282;
pub(crate) const TRACK_NUMBER: u32 = 0xD7;
pub(crate) const TRACK_TYPE: u32 = 0x83;
pub(crate) const CODEC_ID: u32 = 0x86;
pub(crate) const CODEC_PRIVATE: u32 = 0x63A2;
pub(crate) const SEEK: u32 = 0x4DBB;
pub(crate) const SEEK_ID: u32 = 0x53AB;
pub(super) const VIDEO: u32 = 0xE0;
pub(crate) const VOID: u32 = 0xEC;

const SEEK_HEAD: u32 = 0x114D_9B74;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const AUDIO: u32 = 0xE1;
const CUES: u32 = 0x1C53_BB6B;
const CUE_POINT: u32 = 0xBB;
const CUE_TRACK_POSITIONS: u32 = 0xB7;
const BLOCK_GROUP: u32 = 0xA0;

/// What becomes of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Its header stays, and its content is elements again.
    Open,
    /// It stays, if its content has at most so many bytes.
    Keep(u64),
    /// It becomes an element of nothing.
    Blank,
    /// It holds a packet.
    Packet,
    Refuse,
}

/// What becomes of an element inside `parent`; 0: of the file itself.
pub(crate) fn fate(parent: u32, id: u32) -> Fate {
    use Fate::{Blank, Keep, Open, Packet, Refuse};
    match (parent, id) {
        // Checksums of what has changed; nothing.
        (1.., 0xBF | VOID) => Blank,
        (0, EBML | SEGMENT) => Open,
        // Versions and limits, and the kind of document.
        (EBML, 0x4286 | 0x42F7 | 0x42F2 | 0x42F3 | 0x4287 | 0x4285) => Keep(8),
        (EBML, DOC_TYPE) => Keep(8),
        (SEGMENT, SEEK_HEAD | INFO | TRACKS | CUES | CLUSTER) => Open,
        // Attachments, chapters, tags.
        (SEGMENT, 0x1941_A469 | 0x1043_A770 | 0x1254_C367) => Blank,
        // It shows to another element, which may be nothing then.
        (SEEK_HEAD, SEEK) => Keep(32),
        // Unit of time, duration; programs that have made the file.
        (INFO, 0x2A_D7B1 | 0x4489) => Keep(8),
        (INFO, 0x4D80 | 0x5741) => Keep(255),
        // Names, times, and the numbers of other files.
        (INFO, _) => Blank,
        (TRACKS, TRACK_ENTRY) => Open,
        (TRACK_ENTRY, AUDIO) => Open,
        // Number, UID, type, three flags, lacing, delay, pre-roll, duration of a packet, caches.
        (TRACK_ENTRY, TRACK_NUMBER | 0x73C5 | TRACK_TYPE | 0xB9 | 0x88 | 0x55AA | 0x9C) => Keep(8),
        (TRACK_ENTRY, 0x56AA | 0x56BB | 0x23_E383 | 0x6DE7 | 0x6DF8 | 0x55EE) => Keep(8),
        (TRACK_ENTRY, CODEC_ID) => Keep(8),
        (TRACK_ENTRY, CODEC_PRIVATE) => Keep(300),
        // Name, languages, name of the codec.
        (TRACK_ENTRY, 0x536E | 0x22_B59C | 0x22_B59D | 0x25_8688) => Blank,
        // Rates, channels, depth.
        (AUDIO, 0xB5 | 0x78B5 | 0x9F | 0x6264) => Keep(8),
        (CUES, CUE_POINT) | (CUE_POINT, CUE_TRACK_POSITIONS) => Open,
        (CUE_POINT, 0xB3) => Keep(8),
        (CUE_TRACK_POSITIONS, 0xF7 | 0xF1 | 0xF0 | 0xB2 | 0x5378) => Keep(8),
        (CLUSTER, BLOCK_GROUP) => Open,
        // Time, place, size of the one before.
        (CLUSTER, 0xE7 | 0xA7 | 0xAB) => Keep(8),
        (CLUSTER, SIMPLE_BLOCK) | (BLOCK_GROUP, BLOCK) => Packet,
        // Duration, padding, priority.
        (BLOCK_GROUP, 0x9B | 0x75A2 | 0xFA) => Keep(8),
        _ => Refuse,
    }
}
