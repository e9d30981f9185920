//! The identification header (RFC 7845, 5.1).

use super::Refusal;

/// What a head says about packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Streams in each packet.
    pub(crate) streams: u8,
    /// Frames at 48 kHz that are dropped from the front.
    pub(crate) pre_skip: u16,
}

impl Head {
    /// # Errors
    /// A head of another version or family, or with bytes that have no meaning.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let head = bytes.strip_prefix(b"OpusHead").ok_or("an Ogg with other streams than Opus")?;
        let &[version, channels, low, high, _, _, _, _, _, _, family, ref table @ ..] = head else {
            return Err("an Opus head that is cut off");
        };
        if version != 1 {
            return Err("an Opus head of another version than 1");
        }
        let (streams, table_size) = match (family, table) {
            (0, _) => (1, 0),
            (1 | 255, &[streams, ..]) => (streams, 2 + usize::from(channels)),
            (1 | 255, []) => return Err("an Opus head that is cut off"),
            _ => {
                return Err(
                    "Opus with another channel mapping than those of families 0, 1 and 255",
                );
            }
        };
        if table.len() != table_size || streams == 0 {
            return Err("an Opus head that is too long or too short");
        }
        Ok(Self { streams, pre_skip: u16::from_le_bytes([low, high]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_known_to_its_last_byte() {
        let head = |family: u8, table: &[u8]| {
            Head::parse(
                &[b"OpusHead\x01\x02\x38\x01\x80\xBB\0\0\0\0", &[family][..], table].concat(),
            )
        };
        assert_eq!(head(0, &[]), Ok(Head { streams: 1, pre_skip: 312 }));
        assert_eq!(head(1, &[2, 0, 0, 1]), Ok(Head { streams: 2, pre_skip: 312 }));
        assert_eq!(head(255, &[1, 1, 0, 1]), Ok(Head { streams: 1, pre_skip: 312 }));
        for (family, table) in [
            (0, &[0][..]),
            (1, &[]),
            (1, &[2, 0, 0]),
            (255, &[2, 0, 0, 1, 4]),
            (1, &[0, 0, 0, 1]),
            (2, &[2, 0, 0, 1]),
            (3, &[]),
        ] {
            assert!(head(family, table).is_err(), "family {family}, {table:?}");
        }
        assert!(Head::parse(b"OpusHead\x01\x02\x38").is_err());
        assert!(Head::parse(b"OpusHead\x02\x02\x38\x01\x80\xBB\0\0\0\0\0").is_err(), "version");
        assert!(Head::parse(b"\x01vorbis").is_err());
    }
}
