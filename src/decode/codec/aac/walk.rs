//! What a packet of AAC-LC takes from the decoder's generator of noise (ISO/IEC 14496-3, 4.6.13).
//!
//! In: a packet. Out: how many numbers are drawn for its bands of noise, and which scale factors it sets
//! and uses. Nothing is decoded: the spectrum is passed over code by code, and only where something is
//! to be found behind it.

use super::bands::Bands;
use super::bits::Bits;
use super::books::{SCALE_FACTORS, SPECTRAL};

/// Codebooks of sections without spectral data (4.6.2.3, table 4.151).
const ZERO: usize = 0;
const RESERVED: usize = 12;
const NOISE: usize = 13;

/// What a packet does to the state of a decoder, besides its samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traces {
    /// Numbers drawn for noise.
    pub(super) draws: u64,
    /// Number of scale factor bands of each channel.
    pub(super) bands: [usize; 2],
    /// Whether it adds pulses, which are scaled by the factors of bands that the packet may not have: the
    /// decoder then takes the factor of a packet before it.
    pub(super) has_pulses: bool,
}

/// Reader of the packets of one stream.
pub(super) struct Walker {
    bands: Bands,
    channels: usize,
    /// The sections of the current channel.
    sections: Vec<Section>,
}

/// A run of bands with one codebook, in one group of windows.
struct Section {
    book: usize,
    bands: usize,
    /// Number of coefficients in all windows of the group.
    size: usize,
}

/// Which windows a channel has (ics_info, 4.4.2.7).
#[derive(Clone)]
struct Windows {
    is_short: bool,
    /// Number of windows in each group.
    groups: Vec<usize>,
    /// Number of scale factor bands.
    bands: usize,
}

impl Walker {
    /// For a stream of at most two channels at this sample rate in Hz.
    pub(super) fn new(rate: u32, channels: usize) -> Self {
        Self { bands: Bands::at(rate), channels, sections: Vec::new() }
    }

    /// The traces of a packet whose channels are all in its first element. Of another packet, or one that
    /// cannot be decoded, they are unknown.
    pub(super) fn walk(&mut self, packet: &[u8]) -> Option<Traces> {
        let mut bits = Bits::new(packet);
        let mut traces = Traces::default();
        if super::first_element(&mut bits)? != self.channels {
            return None;
        }
        // Instance tag.
        bits.take(4)?;
        if self.channels == 1 {
            self.stream(&mut bits, None, 0, &mut traces)?;
            return Some(traces);
        }
        let common = if bits.flag()? { Some(self.common(&mut bits)?) } else { None };
        self.stream(&mut bits, common.as_ref(), 0, &mut traces)?;
        self.spectrum(&mut bits)?;
        self.stream(&mut bits, common.as_ref(), 1, &mut traces)?;
        Some(traces)
    }

    /// The windows of both channels, and the mask of mid/side stereo.
    fn common(&self, bits: &mut Bits) -> Option<Windows> {
        let windows = self.windows(bits)?;
        match bits.take(2)? {
            1 => bits.skip(windows.groups.len() * windows.bands),
            3 => return None,
            _ => {}
        }
        Some(windows)
    }

    fn windows(&self, bits: &mut Bits) -> Option<Windows> {
        if bits.flag()? {
            return None;
        }
        let is_short = bits.take(2)? == 2;
        // Shape of the windows.
        bits.take(1)?;
        let (mut groups, bands, most) =
            (vec![1], bits.take(if is_short { 4 } else { 6 })?, self.offsets(is_short).len() - 1);
        if is_short {
            for _ in 1..8 {
                match (bits.flag()?, groups.last_mut()) {
                    (true, Some(group)) => *group += 1,
                    _ => groups.push(1),
                }
            }
        } else if bits.flag()? {
            // Prediction.
            return None;
        }
        (bands <= most).then_some(Windows { is_short, groups, bands })
    }

    fn offsets(&self, is_short: bool) -> &'static [usize] {
        if is_short { self.bands.short } else { self.bands.long }
    }

    /// A channel up to its spectrum (individual_channel_stream, 4.4.2.7).
    fn stream(
        &mut self,
        bits: &mut Bits,
        common: Option<&Windows>,
        channel: usize,
        traces: &mut Traces,
    ) -> Option<()> {
        // Global gain.
        bits.take(8)?;
        let own;
        let windows = match common {
            Some(windows) => windows,
            None => {
                own = self.windows(bits)?;
                &own
            }
        };
        traces.bands[channel] = windows.bands;
        self.sections(bits, windows)?;
        traces.draws += self
            .sections
            .iter()
            .filter(|section| section.book == NOISE)
            .map(|section| section.size as u64)
            .sum::<u64>();
        self.scale_factors(bits)?;
        traces.has_pulses |= pulses(bits)?;
        filters(bits, windows)?;
        // Gain control.
        (!bits.flag()?).then_some(())
    }

    /// Reads the sections (section_data, 4.4.2.7).
    fn sections(&mut self, bits: &mut Bits, windows: &Windows) -> Option<()> {
        let offsets = self.offsets(windows.is_short);
        let length = if windows.is_short { 3 } else { 5 };
        self.sections.clear();
        for group in &windows.groups {
            let mut begin = 0;
            while begin < windows.bands {
                let book = bits.take(4)?;
                let mut end = begin;
                loop {
                    let more = bits.take(length)?;
                    end += more;
                    if more + 1 < 1 << length {
                        break;
                    }
                }
                if book == RESERVED || end > windows.bands {
                    return None;
                }
                let size = group * (offsets[end] - offsets[begin]);
                self.sections.push(Section { book, bands: end - begin, size });
                begin = end;
            }
        }
        Some(())
    }

    /// Passes over the scale factors (scale_factor_data, 4.4.2.7).
    fn scale_factors(&self, bits: &mut Bits) -> Option<()> {
        let mut is_first = true;
        for section in &self.sections {
            let mut codes = section.bands;
            match section.book {
                ZERO => continue,
                NOISE if is_first && codes > 0 => {
                    is_first = false;
                    bits.take(9)?;
                    codes -= 1;
                }
                _ => {}
            }
            SCALE_FACTORS.skip(bits, codes)?;
        }
        Some(())
    }

    /// Passes over the spectrum (spectral_data, 4.4.2.7).
    fn spectrum(&self, bits: &mut Bits) -> Option<()> {
        for section in &self.sections {
            if (1..RESERVED).contains(&section.book) {
                let book = &SPECTRAL[section.book - 1];
                book.skip(bits, section.size / book.size)?;
            }
        }
        bits.is_inside().then_some(())
    }
}

/// Passes over pulses (pulse_data, 4.4.2.7); returns whether there are any.
fn pulses(bits: &mut Bits) -> Option<bool> {
    let has_pulses = bits.flag()?;
    if has_pulses {
        let count = bits.take(2)? + 1;
        bits.skip(6 + 9 * count);
    }
    Some(has_pulses)
}

/// Passes over the filters that shape noise (tns_data, 4.4.2.7).
fn filters(bits: &mut Bits, windows: &Windows) -> Option<()> {
    if !bits.flag()? {
        return Some(());
    }
    let (count, [filters, length, order]) =
        if windows.is_short { (8, [1, 4, 3]) } else { (1, [2, 6, 5]) };
    for _ in 0..count {
        let filters = bits.take(filters)?;
        let resolution = if filters > 0 { 3 + bits.take(1)? } else { 0 };
        for _ in 0..filters {
            bits.take(length)?;
            let order = bits.take(order)?;
            if order > 0 {
                // Direction.
                bits.take(1)?;
                let size = resolution - bits.take(1)?;
                bits.skip(order * size);
            }
        }
    }
    Some(())
}
