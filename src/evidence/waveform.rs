//! The waveform before and after, so coarse that no speech can be reconstructed from it.

use super::view::BlockView;
use crate::block::{StreamInfo, index_of};
use crate::level::SHORTEST_SHOWN_MS;

/// The most columns that are kept. With more, neighbours are joined in pairs.
const MOST: usize = 2400;

/// The lowest and the highest sample of each column, on each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Waveform {
    /// Frames in a column; the last column may have fewer.
    pub step: u64,
    /// The columns of each channel.
    pub channels: Vec<Vec<Column>>,
    /// Frames of the output up to the end of the current block.
    frames: u64,
    /// The first frame of the current block in the output.
    first: u64,
}

/// One column on one channel: the lowest and the highest sample, full scale being 1. The range always
/// includes 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Column {
    /// The input.
    pub before: (f32, f32),
    /// The output.
    pub after: (f32, f32),
}

impl Waveform {
    /// A waveform without channels.
    #[cfg(feature = "report")]
    pub(crate) fn empty() -> Self {
        Self { step: 1, channels: Vec::new(), frames: 0, first: 0 }
    }

    pub(super) fn new(info: &StreamInfo) -> Self {
        let step = (u64::from(info.rate) * u64::from(SHORTEST_SHOWN_MS)).div_ceil(1000).max(1);
        Self { step, channels: vec![Vec::new(); info.channels.into()], frames: 0, first: 0 }
    }

    pub(super) fn decoded(&mut self, view: &BlockView<'_>) {
        self.first = self.frames;
        self.frames += view.block.frames() as u64;
        let last = |waveform: &Self| waveform.column_of(waveform.frames.saturating_sub(1));
        while last(self) >= MOST {
            self.halve();
        }
        let count = if view.block.frames() > 0 { last(self) + 1 } else { 0 };
        for columns in &mut self.channels {
            columns.resize(count.max(columns.len()), Column::default());
        }
        self.add(view, |column| &mut column.before);
    }

    pub(super) fn treated(&mut self, view: &BlockView<'_>) {
        self.add(view, |column| &mut column.after);
    }

    fn add(&mut self, view: &BlockView<'_>, side: impl Fn(&mut Column) -> &mut (f32, f32)) {
        let frames = view.amplitudes().chunks_exact(view.block.channels());
        for (frame, samples) in (self.first..).zip(frames) {
            let index = self.column_of(frame);
            for (columns, &amplitude) in self.channels.iter_mut().zip(samples) {
                widen(side(&mut columns[index]), amplitude);
            }
        }
    }

    fn column_of(&self, frame: u64) -> usize {
        index_of(frame / self.step)
    }

    fn halve(&mut self) {
        self.step *= 2;
        for columns in &mut self.channels {
            let pairs = columns.chunks(2).map(|pair| {
                let mut column = pair[0];
                for other in &pair[1..] {
                    column.before = join(column.before, other.before);
                    column.after = join(column.after, other.after);
                }
                column
            });
            *columns = pairs.collect();
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a picture")]
fn widen(range: &mut (f32, f32), amplitude: f64) {
    *range = join(*range, (amplitude as f32, amplitude as f32));
}

fn join(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    (a.0.min(b.0), a.1.max(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, SampleFormat, Samples};

    /// A recording of any length keeps its peak, and no column is shorter than 20 ms.
    #[test]
    fn a_long_recording_has_few_columns_and_none_loses_a_peak() {
        let (container, codec) = ("wave", "any");
        let (format, frames) = (SampleFormat::S16, None);
        let info =
            StreamInfo { container, codec, rate: 100, channels: 1, format, bits: None, frames };
        let mut waveform = Waveform::new(&info);
        let mut block = Block::new(format, 1);
        for first in (0..100_000u64).step_by(1000) {
            block.restart(first);
            // Frame 3 lies in the second of two columns that are joined.
            let sample = |n: u64| if [3, 77_777].contains(&n) { -16_384 } else { 0 };
            block.samples = Samples::I16((first..first + 1000).map(sample).collect());
            waveform.decoded(&BlockView::new(&block));
            block.samples = Samples::I16(vec![0; 1000]);
            waveform.treated(&BlockView::new(&block));
        }
        let columns = &waveform.channels[0];
        assert!(columns.len() <= MOST && columns.len() > MOST / 3 && waveform.step >= 2);
        for frame in [3, 77_777] {
            assert_eq!(columns[index_of(frame / waveform.step)].before, (-0.5, 0.0), "{frame}");
        }
        assert_eq!(columns.iter().filter(|column| column.before.0 < 0.0).count(), 2);
        assert!(columns.iter().all(|column| column.after == (0.0, 0.0)));
    }
}
