//! One row of a comparison: what everybody took for one input, and what is promised of it.

use serde_json::{Value, json};

use super::measure::Run;
use super::spread::Spread;

/// What the project promises of one hour: how many times as fast as FFmpeg, and at most how many
/// times as slow as `cp`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Promise {
    pub(super) ffmpeg: Option<f64>,
    pub(super) cp: Option<f64>,
}

/// What takes turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Sordino,
    /// sordino with its self-check.
    Checked,
    Ffmpeg,
    Sox,
    Cp,
}

pub(super) const ALL: [Who; 5] = [Who::Sordino, Who::Checked, Who::Ffmpeg, Who::Sox, Who::Cp];

/// What everybody took for one input.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(super) input: String,
    pub(super) promise: Promise,
    /// Whether FFmpeg was asked so that it is exact.
    pub(super) is_exact: bool,
    seen: Vec<(Who, Vec<Run>)>,
}

impl Row {
    pub(super) fn new(input: String, promise: Promise) -> Self {
        Self { input, promise, is_exact: false, seen: Vec::new() }
    }

    /// Against FFmpeg asked so that it is exact, with what sordino took in another row.
    pub(super) fn exact(mut self, other: &Self) -> Self {
        self.is_exact = true;
        let ours = other.seen.iter().filter(|(who, _)| matches!(who, Who::Sordino | Who::Checked));
        self.seen.extend(ours.cloned());
        self
    }

    /// One run of someone.
    pub(super) fn saw(&mut self, who: Who, run: Run) {
        match self.seen.iter_mut().find(|(other, _)| *other == who) {
            Some((_, runs)) => runs.push(run),
            None => self.seen.push((who, vec![run])),
        }
    }

    /// The seconds that someone took.
    pub(super) fn wall(&self, who: Who) -> Option<Spread> {
        Spread::of(self.runs(who)?.iter().map(|run| run.wall))
    }

    /// The most memory that someone held, in bytes.
    pub(super) fn peak(&self, who: Who) -> Option<u64> {
        self.runs(who)?.iter().filter_map(|run| run.peak).max()
    }

    /// Seconds on a core that someone took, which depend less on what else runs.
    fn cpu(&self, who: Who) -> Option<f64> {
        let all = self.runs(who)?.iter().filter_map(|run| run.cpu);
        Spread::of(all).map(|spread| spread.median)
    }

    fn runs(&self, who: Who) -> Option<&[Run]> {
        self.seen.iter().find(|(other, _)| *other == who).map(|(_, runs)| runs.as_slice())
    }

    /// How many times as long as `than` someone takes, by the medians.
    pub(super) fn ratio(&self, who: Who, than: Who) -> Option<f64> {
        Some(self.wall(who)?.median / self.wall(than)?.median)
    }

    /// Whether what is promised holds; `None` where nothing is, or it cannot be told.
    pub(super) fn is_kept(&self) -> Option<bool> {
        let ffmpeg = match self.promise.ffmpeg {
            Some(least) => Some(self.ratio(Who::Ffmpeg, Who::Sordino)? >= least),
            None => None,
        };
        let cp = match self.promise.cp {
            Some(most) => Some(self.ratio(Who::Sordino, Who::Cp)? <= most),
            None => None,
        };
        ffmpeg.map_or(cp, |ffmpeg| Some(ffmpeg && cp.unwrap_or(true)))
    }

    fn to_json(&self) -> Value {
        let one = |who| {
            let wall = self.wall(who).map(Spread::to_json)?;
            let (cpu, peak) = (self.cpu(who), self.peak(who));
            Some(json!({ "seconds": wall, "cpuSeconds": cpu, "peakMemoryBytes": peak }))
        };
        json!({
            "input": self.input,
            "sordino": one(Who::Sordino),
            "sordinoSelfCheck": one(Who::Checked),
            "ffmpeg": one(Who::Ffmpeg),
            "sox": one(Who::Sox),
            "cp": one(Who::Cp),
            "timesAsFastAsFfmpeg": self.ratio(Who::Ffmpeg, Who::Sordino),
            "timesAsFastAsFfmpegSelfCheck": self.ratio(Who::Ffmpeg, Who::Checked),
            "timesAsFastAsSox": self.ratio(Who::Sox, Who::Sordino),
            "timesAsLongAsCp": self.ratio(Who::Sordino, Who::Cp),
            "promised": { "timesAsFastAsFfmpeg": self.promise.ffmpeg, "timesAsLongAsCp": self.promise.cp },
            "kept": self.is_kept(),
        })
    }
}

/// Everybody, for every input.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    pub(super) rows: Vec<Row>,
    /// What was left out, and why.
    pub(super) skipped: Vec<String>,
}

impl Comparison {
    pub(super) fn to_json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(Row::to_json).collect();
        json!({ "rows": rows, "skipped": self.skipped })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(promise: Promise, times: &[(Who, f64)]) -> Row {
        let mut row = Row::new("x".into(), promise);
        for &(who, wall) in times {
            row.saw(who, Run { wall, cpu: None, peak: Some(5) });
        }
        row
    }

    #[test]
    fn ratios_are_of_medians() {
        let row = row(
            Promise::default(),
            &[(Who::Sordino, 1.0), (Who::Sordino, 9.0), (Who::Sordino, 2.0), (Who::Ffmpeg, 6.0)],
        );
        assert_eq!(row.ratio(Who::Ffmpeg, Who::Sordino), Some(3.0));
        assert_eq!(row.ratio(Who::Sox, Who::Sordino), None);
        assert_eq!((row.peak(Who::Sordino), row.peak(Who::Cp)), (Some(5), None));
    }

    #[test]
    fn a_promise_is_kept_broken_or_cannot_be_told() {
        let promise = Promise { ffmpeg: Some(3.0), cp: Some(1.5) };
        let times = |sordino| [(Who::Sordino, sordino), (Who::Ffmpeg, 6.0), (Who::Cp, 1.0)];
        assert_eq!(row(promise, &times(1.5)).is_kept(), Some(true));
        assert_eq!(row(promise, &times(1.6)).is_kept(), Some(false), "slower than cp");
        assert_eq!(row(promise, &times(2.1)).is_kept(), Some(false));
        assert_eq!(row(promise, &times(1.5)[..2]).is_kept(), None, "no cp");
        assert_eq!(row(promise, &times(1.5)[..1]).is_kept(), None, "no ffmpeg");
        assert_eq!(row(Promise::default(), &times(9.0)).is_kept(), None, "nothing is promised");
    }
}
