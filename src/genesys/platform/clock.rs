//! Clock: from a time of day to a position in the file of a recording, which lacks what was paused while it
//! was made. Whole milliseconds, nothing rounded.
//!
//! Pauses and holds are anchors: each has its place on the clock of the wall and in the file. Between them
//! both clocks run alike. Where a pause was cut out, the file is shorter by that. What the anchors say twice
//! and differently widens the margin; if it is more than [`LIMIT`], the clock is refused.
//!
//! The fields follow the SDKs and one public sample; what they count from is inferred. So the result must be
//! held against the length of the decoded file: [`Clock::fit`].

use std::time::{Duration, SystemTime};

use serde_json::Value;
use thiserror::Error;

use super::date::date_time;
use super::wire::Recording;

/// A pause that is shorter in the file by at most this is not cut: the fields of one annotation differ by
/// hundreds of milliseconds.
const SLACK: u64 = 500;

/// The smallest margin, in milliseconds: the API's times and the file differ by a few hundred.
const LEAST: u64 = 500;

/// The most that anchors may differ, in milliseconds.
const LIMIT: u64 = 2000;

/// The clock of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// When the recording began, in milliseconds since 1970.
    began: i64,
    /// How long it was recorded, pauses included, in milliseconds.
    length: u64,
    /// What was cut, in order, without overlaps.
    cuts: Vec<Cut>,
    /// By how much windows are widened on both sides, in milliseconds. No difference beyond it is taken, so
    /// that whatever is off by an accepted difference is still inside its window.
    margin: u64,
}

/// A pause that is shorter in the file than it was. In milliseconds, on the clock of the wall since the
/// recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    start: u64,
    length: u64,
    /// What is left of it in the file: less than `length`.
    kept: u64,
}

/// An annotation of the system, in milliseconds.
#[derive(Clone, Copy)]
struct Anchor {
    start: i64,
    length: u64,
    file_start: i64,
    file_length: u64,
    /// By how much two fields for its length differ.
    doubt: u64,
}

/// Why times of day cannot be placed in the file of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ClockError {
    /// Start or end of the recording is missing, or is no time.
    #[error("the API does not say when the recording began and ended")]
    NoTimes,
    /// A pause or hold without its place or length on one of the clocks.
    #[error("an annotation of a pause or hold lacks its place in the file")]
    Incomplete,
    /// Pauses that were cut and overlap.
    #[error("the annotations of two pauses overlap")]
    Overlap,
    /// The annotations contradict each other.
    #[error("the annotations differ by {by} ms about where the pauses are in the file")]
    Contradiction {
        /// By how much.
        by: u64,
    },
    /// A transcript whose times cannot be read.
    #[error("the transcript has no usable times of day")]
    Transcript,
    /// A passage outside the recording.
    #[error("a passage of the transcript lies {by} ms outside the recording")]
    Outside {
        /// How far, in milliseconds.
        by: u64,
    },
    /// The file is longer or shorter than the clock says.
    #[error("the file lasts {file} ms, and by its times and pauses it should last {expected} ms")]
    Length {
        /// The length of the file in milliseconds.
        file: u64,
        /// The length that was expected.
        expected: u64,
    },
}

impl Clock {
    /// The clock of a recording as the API describes it.
    pub(super) fn of(recording: &Recording) -> Result<Self, ClockError> {
        let time = |text: &Option<String>| millis_since_1970(text.as_deref()?);
        let (Some(began), Some(ended)) = (time(&recording.start_time), time(&recording.end_time))
        else {
            return Err(ClockError::NoTimes);
        };
        let length = u64::try_from(ended - began).map_err(|_| ClockError::NoTimes)?;
        let (cuts, margin) = read(anchors(&recording.annotations)?)?;
        let clock = Self { began, length, cuts, margin };
        // A pause that ends after the recording is none of it.
        let last = clock.cuts.last().map_or(0, |cut| cut.start.saturating_add(cut.length));
        match last.saturating_sub(length) {
            by if by > margin => Err(ClockError::Outside { by }),
            _ => Ok(clock),
        }
    }

    /// By how much windows are to be widened on both sides: 0.5 s, and by how much the annotations differ.
    pub fn margin(&self) -> Duration {
        Duration::from_millis(self.margin)
    }

    /// How many pauses were cut out of the file.
    pub fn cuts(&self) -> usize {
        self.cuts.len()
    }

    /// How long the file should be.
    pub fn expected(&self) -> Duration {
        Duration::from_millis(self.length.saturating_sub(self.cut_before(u64::MAX)))
    }

    /// Where a passage is in the file, without margin. Its times are milliseconds since 1970. A passage in
    /// a cut is the point of the cut.
    ///
    /// # Errors
    /// [`ClockError::Outside`] when it begins before the recording, or ends after it, by more than the margin.
    pub fn place(&self, from: i64, to: i64) -> Result<(Duration, Duration), ClockError> {
        let (from, to) = (from.saturating_sub(self.began), to.saturating_sub(self.began));
        let early = from.min(0).unsigned_abs();
        let since = |time: i64| u64::try_from(time).unwrap_or(0);
        let late = since(to).saturating_sub(self.length);
        match early.max(late) {
            by if by > self.margin => Err(ClockError::Outside { by }),
            _ => {
                let (start, end) = (self.earliest(since(from)), self.latest(since(to)));
                Ok((Duration::from_millis(start), Duration::from_millis(end)))
            }
        }
    }

    /// Holds the clock against the decoded file, of which the last passage ends at `last`.
    ///
    /// # Errors
    /// [`ClockError::Length`] and [`ClockError::Outside`] when they do not fit.
    pub fn fit(&self, file: Duration, last: Duration) -> Result<(), ClockError> {
        let tolerance = self.margin();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let expected = self.expected();
        if file.abs_diff(expected) > tolerance {
            let (file, expected) = (millis(file), millis(expected));
            return Err(ClockError::Length { file, expected });
        }
        match last.saturating_sub(file) {
            by if by > tolerance => Err(ClockError::Outside { by: millis(by) }),
            _ => Ok(()),
        }
    }

    /// What was cut out of the pauses that end at or before this time.
    fn cut_before(&self, time: u64) -> u64 {
        let over = self.cuts.iter().take_while(|cut| cut.start.saturating_add(cut.length) <= time);
        over.map(|cut| cut.length - cut.kept).sum()
    }

    /// The pause that this time is in.
    fn cut_at(&self, time: u64) -> Option<&Cut> {
        let is_in = |cut: &&Cut| cut.start <= time && time - cut.start < cut.length;
        self.cuts.iter().find(is_in)
    }

    /// The first position in the file that this time may have.
    fn earliest(&self, time: u64) -> u64 {
        let position = time.saturating_sub(self.cut_before(time));
        match self.cut_at(time) {
            // As if the rest of the pause was what was kept.
            Some(cut) => position - (time - cut.start).min(cut.length - cut.kept),
            None => position,
        }
    }

    /// The last position in the file that this time may have.
    fn latest(&self, time: u64) -> u64 {
        let position = time.saturating_sub(self.cut_before(time));
        match self.cut_at(time) {
            // As if the beginning of the pause was what was kept.
            Some(cut) => position - (time - cut.start).saturating_sub(cut.kept),
            None => position,
        }
    }
}

/// Reads the time of an answer.
fn millis_since_1970(text: &str) -> Option<i64> {
    let since = date_time(text)?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

/// The pauses and holds among the annotations; bookmarks are left out.
fn anchors(annotations: &Value) -> Result<Vec<Anchor>, ClockError> {
    let list = match annotations {
        Value::Null => return Ok(Vec::new()),
        other => other.as_array().ok_or(ClockError::Incomplete)?,
    };
    let kind = |one: &Value| one.get("type")?.as_str().map(str::to_ascii_lowercase);
    let system = list.iter().filter(|one| matches!(kind(one).as_deref(), Some("pause" | "hold")));
    system.map(|one| anchor(one).ok_or(ClockError::Incomplete)).collect()
}

fn anchor(annotation: &Value) -> Option<Anchor> {
    let field = |name: &str| annotation.get(name)?.as_i64();
    let length = |name: &str| u64::try_from(field(name)?).ok();
    let wall = length("durationMs")?;
    Some(Anchor {
        start: field("realtimeLocation")?,
        length: wall,
        file_start: field("recordingLocation")?,
        file_length: length("recordingDurationMs")?,
        doubt: length("absoluteDurationMs").map_or(0, |other| other.abs_diff(wall)),
    })
}

/// The cuts and the margin.
fn read(mut anchors: Vec<Anchor>) -> Result<(Vec<Cut>, u64), ClockError> {
    anchors.sort_by_key(|anchor| anchor.start);
    let (mut cuts, mut removed, mut end) = (Vec::new(), 0u64, 0u64);
    // The largest difference between the file's place and that by the cuts before, and the sum of all doubts.
    let (mut apart, mut doubts) = (0u64, 0u64);
    for Anchor { start, length, file_start, file_length, doubt } in anchors {
        // A hold may begin before the recording.
        let early = start.min(0).unsigned_abs();
        let (start, length) = (u64::try_from(start).unwrap_or(0), length.saturating_sub(early));
        let file_length = file_length.saturating_sub(file_start.min(0).unsigned_abs());
        let by_cuts = i64::try_from(start.saturating_sub(removed)).unwrap_or(i64::MAX);
        apart = apart.max(by_cuts.abs_diff(file_start.max(0)));
        doubts = doubts.saturating_add(doubt);
        if length <= file_length.saturating_add(SLACK) {
            doubts = doubts.saturating_add(length.abs_diff(file_length));
            continue;
        }
        if start < end {
            return Err(ClockError::Overlap);
        }
        end = start.saturating_add(length);
        removed = removed.saturating_add(length - file_length);
        cuts.push(Cut { start, length, kept: file_length });
    }
    match apart.saturating_add(doubts) {
        by if by > LIMIT => Err(ClockError::Contradiction { by }),
        by => Ok((cuts, LEAST + by)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// 2026-01-01T10:00:00Z.
    const BEGAN: i64 = 1_767_261_600_000;

    /// The clock of a recording of 100 s.
    fn clock(annotations: Value) -> Result<Clock, ClockError> {
        let (start_time, end_time) = ("2026-01-01T10:00:00.000Z", "2026-01-01T10:01:40.000Z");
        let (start_time, end_time) = (Some(start_time.to_owned()), Some(end_time.to_owned()));
        Clock::of(&Recording { start_time, end_time, annotations, ..Recording::default() })
    }

    fn pause(start: i64, length: u64, file_start: i64, file_length: u64) -> Value {
        json!({
            "type": "Pause", "reason": "SecurePause", "realtimeLocation": start, "durationMs": length,
            "recordingLocation": file_start, "recordingDurationMs": file_length,
        })
    }

    fn at(clock: &Clock, from: i64, to: i64) -> (u128, u128) {
        let (start, end) = clock.place(BEGAN + from, BEGAN + to).unwrap();
        (start.as_millis(), end.as_millis())
    }

    #[test]
    fn what_a_pause_cut_out_shifts_all_that_follows() {
        let clock =
            clock(json!([pause(40_000, 9000, 31_861, 1000), pause(10_000, 8139, 10_000, 0)]));
        let clock = clock.unwrap();
        assert_eq!((clock.cuts(), clock.margin().as_millis()), (2, 500));
        assert_eq!(clock.expected(), Duration::from_millis(100_000 - 8139 - 8000));
        assert_eq!(at(&clock, 1000, 10_000), (1000, 10_000), "before");
        assert_eq!(at(&clock, 11_000, 18_000), (10_000, 10_000), "inside");
        assert_eq!(at(&clock, 9000, 20_000), (9000, 11_861), "across");
        assert_eq!(at(&clock, 30_000, 30_001), (21_861, 21_862), "between");
        // A second of the other pause is in the file: any.
        assert_eq!(at(&clock, 44_000, 45_000), (31_861, 32_861));
        assert_eq!(at(&clock, 40_100, 40_200), (31_861, 32_061));
        assert_eq!(at(&clock, 48_900, 49_000), (32_761, 32_861));
        assert_eq!(at(&clock, 49_000, 50_000), (32_861, 33_861), "after");
    }

    #[test]
    fn what_the_annotations_say_differently_widens_the_margin() {
        let hold = json!({
            "type": "Hold", "location": -20, "durationMs": 120, "absoluteDurationMs": 100,
            "recordingLocation": 0, "recordingDurationMs": 100, "realtimeLocation": 0,
        });
        let one = clock(json!([hold])).unwrap();
        assert_eq!((one.cuts(), one.margin().as_millis()), (0, 540));
        assert_eq!(at(&one, 10_000, 11_000), (10_000, 11_000));
        let later = clock(json!([hold, pause(10_000, 8000, 9600, 0)])).unwrap();
        assert_eq!((later.cuts(), later.margin().as_millis()), (1, 940));
        for (place, is_fine) in [(12_000, true), (12_001, false), (8000, true), (7999, false)] {
            let clock = clock(json!([pause(10_000, 8000, place, 0)]));
            assert_eq!(clock.is_ok(), is_fine, "{place}: {clock:?}");
        }
    }

    #[test]
    fn annotations_that_cannot_be_right_are_refused() {
        let overlap = json!([pause(10_000, 8000, 10_000, 0), pause(17_999, 8000, 10_000, 0)]);
        assert_eq!(clock(overlap), Err(ClockError::Overlap));
        // In the file the second one lies before the first one.
        let backwards = json!([pause(10_000, 1000, 10_000, 0), pause(20_000, 1000, 5000, 0)]);
        assert_eq!(clock(backwards), Err(ClockError::Contradiction { by: 14_000 }));
        let late = json!([pause(99_000, 3000, 99_000, 0)]);
        assert_eq!(clock(late), Err(ClockError::Outside { by: 2000 }));
        for field in ["realtimeLocation", "durationMs", "recordingLocation", "recordingDurationMs"]
        {
            for wrong in [json!(null), json!("1"), json!(1.5)] {
                let mut annotation = pause(10_000, 8000, 10_000, 0);
                annotation[field] = wrong;
                assert_eq!(clock(json!([annotation])), Err(ClockError::Incomplete), "{field}");
            }
        }
        assert_eq!(clock(json!("none")), Err(ClockError::Incomplete));
        assert_eq!(clock(json!([{ "type": "bookmark", "location": 1 }])), clock(json!(null)));
        let timeless = Clock::of(&Recording::default());
        assert_eq!(timeless, Err(ClockError::NoTimes));
    }

    #[test]
    fn the_file_must_be_as_long_as_the_clock_says() {
        let clock = clock(json!([pause(10_000, 8000, 9900, 0)])).unwrap();
        let fits = |file: u64, last: u64| {
            clock.fit(Duration::from_millis(file), Duration::from_millis(last)).is_ok()
        };
        // The margin: 500 ms, and 100 ms that the annotation differs.
        assert!(fits(91_400, 0) && !fits(91_399, 0) && fits(92_600, 0) && !fits(92_601, 0));
        assert!(fits(92_000, 92_600) && !fits(92_000, 92_601));
        let is_inside = |from: i64, to: i64| clock.place(BEGAN + from, BEGAN + to).is_ok();
        assert!(is_inside(-600, 100_600) && !is_inside(-601, 1) && !is_inside(1, 100_601));
    }

    proptest! {
        #[test]
        fn without_annotations_both_clocks_are_one(from in 0i64..100_000, length in 0i64..500) {
            let clock = clock(Value::Null).unwrap();
            let same = |time: i64| u128::from(time.unsigned_abs());
            prop_assert_eq!(at(&clock, from, from + length), (same(from), same(from + length)));
        }

        #[test]
        fn later_is_never_earlier_in_the_file(
            gaps in prop::collection::vec((0u64..9000, 501u64..9000, 0u64..9000), 0..5),
            times in prop::collection::vec(0i64..100_000, 2),
        ) {
            let (mut now, mut file, mut annotations) = (0, 0, Vec::new());
            for (gap, length, kept) in gaps {
                let kept = kept.min(length);
                (now, file) = (now + gap, file + gap);
                annotations.push(pause(now as i64, length, file as i64, kept));
                (now, file) = (now + length, file + kept);
            }
            let clock = clock(annotations.into());
            prop_assume!(clock.is_ok());
            let clock = clock.unwrap();
            let (first, second) = (times[0].min(times[1]), times[0].max(times[1]));
            let (one, two) = (at(&clock, first, first), at(&clock, second, second));
            prop_assert!(one.0 <= one.1 && one.0 <= two.0 && one.1 <= two.1, "{:?} {:?}", one, two);
            let first_cut = clock.cuts.first().map_or(u64::MAX, |cut| cut.start);
            if first.unsigned_abs() <= first_cut {
                prop_assert_eq!(one, (u128::from(first.unsigned_abs()), u128::from(first.unsigned_abs())));
            }
            // Nothing is lost but the cuts.
            prop_assert!(u128::from(second.unsigned_abs()) >= two.1);
            prop_assert!(two.1 >= u128::from(second.unsigned_abs() - clock.cut_before(u64::MAX).min(second.unsigned_abs())));
        }
    }
}
