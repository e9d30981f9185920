//! When each word was said, also where the file does not know, or says it badly.
//!
//! In: the turns of a transcript. Out: for every word a range that holds its speech, and how it was
//! found. What can go wrong: a transcript without any time, for which there is no range at all.
//!
//! A wrong time must widen a window and never lose one. A word without a time, or with the time of
//! its neighbour, is bounded by the nearest words with a time of their own; a word of no length
//! also takes the gaps beside it. The order of the words is kept for the text; times that run
//! backwards are only looked up in a sorted copy.

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{TimeRange, Turn, Word};

/// A gap between two timed words that is shorter holds no word: 100 ms.
const ROOM: Duration = Duration::from_millis(100);

/// How the range of a word was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The file says it.
    Said,
    /// The file says a range that is empty or runs backwards: widened to the neighbours.
    Widened,
    /// From the end of the timed word before to the start of the one after.
    Neighbours,
    /// The whole turn: the file knows no finer time.
    Unit,
}

/// A range that holds the speech of a word. `end` `None` is to the end of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) start: Duration,
    pub(super) end: Option<Duration>,
    pub(super) how: How,
}

/// The bounds of all words: the bound of `turns[t].words[w]` is `words[t][w]`.
#[derive(Debug)]
pub(super) struct Bounds {
    words: Vec<Vec<Bound>>,
    /// Starts of trusted words on each channel, sorted.
    starts: BTreeMap<Option<u16>, Vec<Duration>>,
}

impl Bounds {
    /// Bounds every word of `turns`; none if there is no time in them at all.
    pub(super) fn of(turns: &[Turn]) -> Option<Self> {
        let trusted: Vec<Vec<Option<TimeRange>>> =
            turns.iter().map(|turn| trusted(&turn.words)).collect();
        let is_any = turns
            .iter()
            .any(|turn| turn.time.is_some() || turn.words.iter().any(|word| word.time.is_some()));
        if !is_any {
            return None;
        }
        let (mut starts, mut ends) =
            (BTreeMap::<_, Vec<Duration>>::new(), BTreeMap::<_, Vec<Duration>>::new());
        for (turn, times) in turns.iter().zip(&trusted) {
            for time in times.iter().flatten() {
                starts.entry(turn.channel).or_default().push(time.start);
                ends.entry(turn.channel).or_default().push(time.end);
            }
        }
        starts.values_mut().chain(ends.values_mut()).for_each(|list| list.sort_unstable());
        let lookup = Lookup { starts: &starts, ends: &ends };
        let before = ends_before(turns, &trusted);
        let words = turns.iter().zip(&trusted).zip(before);
        let words = words.map(|((turn, times), before)| lookup.turn(turn, times, before)).collect();
        Some(Self { words, starts })
    }

    /// The bound of a word.
    pub(super) fn word(&self, turn: usize, word: usize) -> Option<Bound> {
        self.words.get(turn)?.get(word).copied()
    }

    /// The start of the first word on the channel that begins at `time` or later. Without a
    /// channel, on any.
    pub(super) fn next_start(&self, channel: Option<u16>, time: Duration) -> Option<Duration> {
        let lists = self
            .starts
            .iter()
            .filter(|(own, _)| channel.is_none() || **own == channel || own.is_none());
        lists.filter_map(|(_, starts)| at_or_after(starts, time)).min()
    }
}

/// The times that can be trusted: with a length, and not the time of the word beside it.
fn trusted(words: &[Word]) -> Vec<Option<TimeRange>> {
    let proper = |word: &Word| word.time.filter(|time| time.is_proper() && !word.is_silent);
    let spoken: Vec<usize> =
        (0..words.len()).filter(|&at| words.get(at).is_some_and(|word| !word.is_silent)).collect();
    let mut out: Vec<Option<TimeRange>> = words.iter().map(proper).collect();
    for pair in spoken.windows(2) {
        let &[one, next] = pair else { continue };
        let times = words.get(one).and_then(proper).zip(words.get(next).and_then(proper));
        if times.is_some_and(|(one, next)| one == next) {
            for at in [one, next] {
                if let Some(slot) = out.get_mut(at) {
                    *slot = None;
                }
            }
        }
    }
    out
}

/// For each turn: the end of the last trusted word in the turns before it, on its channel, or the
/// start of the last turn that has a time alone. Turns
/// are taken in the order of their times; one without any stays behind the turn that it follows in
/// the file.
fn ends_before(turns: &[Turn], trusted: &[Vec<Option<TimeRange>>]) -> Vec<Option<Duration>> {
    let mut keys = Vec::with_capacity(turns.len());
    let mut last = Duration::ZERO;
    for (index, (turn, times)) in turns.iter().zip(trusted).enumerate() {
        let own = times
            .iter()
            .flatten()
            .map(|time| time.start)
            .min()
            .or(turn.time.map(|time| time.start));
        last = own.unwrap_or(last);
        keys.push((last, index));
    }
    keys.sort_unstable();
    let (mut ends, mut out) = (BTreeMap::new(), vec![None; turns.len()]);
    for (_, index) in keys {
        let (Some(turn), Some(times)) = (turns.get(index), trusted.get(index)) else { continue };
        if let Some(slot) = out.get_mut(index) {
            *slot = ends.get(&turn.channel).copied();
        }
        if let Some(time) = times.iter().rev().flatten().next() {
            ends.insert(turn.channel, time.end);
        } else if let Some(unit) = turn.time.filter(|unit| unit.is_proper()) {
            // What follows a cue or passage begins after its begin; its end is less certain.
            let end = ends.entry(turn.channel).or_default();
            *end = unit.start.max(*end);
        }
    }
    out
}

struct Lookup<'a> {
    starts: &'a BTreeMap<Option<u16>, Vec<Duration>>,
    ends: &'a BTreeMap<Option<u16>, Vec<Duration>>,
}

impl Lookup<'_> {
    /// The smallest start at `time` or later on the channel.
    fn after(&self, channel: Option<u16>, time: Duration) -> Option<Duration> {
        at_or_after(self.starts.get(&channel)?, time)
    }

    /// The largest end at `time` or earlier on the channel.
    fn before(&self, channel: Option<u16>, time: Duration) -> Option<Duration> {
        let ends = self.ends.get(&channel)?;
        ends.get(ends.partition_point(|end| *end <= time).checked_sub(1)?).copied()
    }

    /// The bounds of the words of one turn.
    fn turn(
        &self,
        turn: &Turn,
        trusted: &[Option<TimeRange>],
        before: Option<Duration>,
    ) -> Vec<Bound> {
        let mut nearest: Option<TimeRange> = None;
        let lowers: Vec<Option<TimeRange>> = trusted
            .iter()
            .map(|time| {
                let lower = nearest;
                nearest = time.or(nearest);
                lower
            })
            .collect();
        nearest = None;
        let mut uppers: Vec<Option<TimeRange>> = trusted
            .iter()
            .rev()
            .map(|time| {
                let upper = nearest;
                nearest = time.or(nearest);
                upper
            })
            .collect();
        uppers.reverse();
        let words = turn.words.iter().zip(trusted).zip(lowers.into_iter().zip(uppers));
        words
            .map(|((word, trusted), (lower, upper))| match (trusted, word.time) {
                (Some(time), _) => Bound { start: time.start, end: Some(time.end), how: How::Said },
                (None, Some(time)) if !time.is_proper() => self.widened(turn.channel, time),
                _ => self.between(turn, lower, upper, before),
            })
            .collect()
    }

    /// A range without a length takes the gaps on both sides.
    fn widened(&self, channel: Option<u16>, time: TimeRange) -> Bound {
        let (low, high) = (time.start.min(time.end), time.start.max(time.end));
        let start = self.before(channel, low).unwrap_or(Duration::ZERO);
        Bound { start, end: self.after(channel, high), how: How::Widened }
    }

    /// Between the trusted words of the turn, else between those of the channel.
    fn between(
        &self,
        turn: &Turn,
        lower: Option<TimeRange>,
        upper: Option<TimeRange>,
        before: Option<Duration>,
    ) -> Bound {
        let channel = turn.channel;
        let (start, end) = match (lower, upper, turn.time) {
            (Some(lower), Some(upper), _) if lower.end <= upper.start => {
                (lower.end, Some(upper.start))
            }
            // Times that run backwards: everything that either of the two touches.
            (Some(lower), Some(upper), _) => {
                (lower.start.min(upper.start), Some(lower.end.max(upper.end)))
            }
            (Some(lower), None, _) => (lower.end, self.after(channel, lower.end)),
            (None, Some(upper), _) => {
                (self.before(channel, upper.start).unwrap_or_default(), Some(upper.start))
            }
            (None, None, Some(unit)) if unit.is_proper() => {
                return Bound { start: unit.start, end: Some(unit.end), how: How::Unit };
            }
            (None, None, Some(unit)) => return self.widened(channel, unit),
            (None, None, None) => {
                let start = before.unwrap_or_default();
                (start, self.after(channel, start))
            }
        };
        // Neighbours that (nearly) touch leave no room for a word. Its speech is then inside them.
        if end.is_some_and(|end| end.saturating_sub(start) < ROOM) {
            let wide = self.around(channel, start, end.unwrap_or(start));
            let start = lower.map_or(wide.start, |lower| lower.start.min(wide.start));
            let end = wide.end.map(|end| upper.map_or(end, |upper| end.max(upper.end)));
            return Bound { start: start.min(wide.start), end, how: How::Neighbours };
        }
        Bound { start, end, how: How::Neighbours }
    }

    /// From the start of the word before `low` to the end of the word after `high`.
    fn around(&self, channel: Option<u16>, low: Duration, high: Duration) -> Bound {
        let starts = self.starts.get(&channel).map(Vec::as_slice).unwrap_or_default();
        let ends = self.ends.get(&channel).map(Vec::as_slice).unwrap_or_default();
        let start = starts
            .partition_point(|start| *start < low)
            .checked_sub(1)
            .and_then(|at| starts.get(at));
        let end = ends.get(ends.partition_point(|end| *end <= low.max(high)));
        Bound { start: start.copied().unwrap_or_default(), end: end.copied(), how: How::Neighbours }
    }
}

fn at_or_after(starts: &[Duration], time: Duration) -> Option<Duration> {
    starts.get(starts.partition_point(|start| *start < time)).copied()
}

#[cfg(test)]
mod tests {
    use super::super::model::Text;
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn word(time: Option<(u64, u64)>) -> Word {
        let time = time.map(|(start, end)| TimeRange::new(ms(start), ms(end)));
        Word { text: Text::new("w"), time, ..Word::default() }
    }

    fn turn(words: &[Option<(u64, u64)>]) -> Turn {
        Turn { words: words.iter().copied().map(word).collect(), ..Turn::default() }
    }

    fn bound(turns: &[Turn], turn: usize, word: usize) -> (u64, Option<u64>, How) {
        let bound = Bounds::of(turns).and_then(|bounds| bounds.word(turn, word)).unwrap();
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        (ms(bound.start), bound.end.map(ms), bound.how)
    }

    #[test]
    fn a_word_without_a_time_is_bounded_by_its_neighbours() {
        let turns = [turn(&[Some((2800, 3140)), None]), turn(&[Some((5000, 5200))])];
        assert_eq!(bound(&turns, 0, 1), (3140, Some(5000), How::Neighbours));
        let turns = [turn(&[Some((100, 200)), None, None, Some((900, 1000))])];
        assert_eq!(bound(&turns, 0, 1), (200, Some(900), How::Neighbours));
        assert_eq!(bound(&turns, 0, 2), (200, Some(900), How::Neighbours));
    }

    #[test]
    fn at_the_edges_of_the_file_the_range_is_open() {
        let turns = [turn(&[None, Some((500, 600)), None])];
        assert_eq!(bound(&turns, 0, 0), (0, Some(500), How::Neighbours));
        assert_eq!(bound(&turns, 0, 2), (600, None, How::Neighbours));
    }

    #[test]
    fn a_segment_without_timed_words_is_its_own_bound() {
        let mut digits = turn(&[None]);
        digits.time = Some(TimeRange::new(ms(5300), ms(7100)));
        let turns = [turn(&[Some((0, 100))]), digits];
        assert_eq!(bound(&turns, 1, 0), (5300, Some(7100), How::Unit));
    }

    #[test]
    fn a_segment_without_any_time_lies_between_the_others() {
        let turns = [turn(&[Some((0, 100))]), turn(&[None]), turn(&[Some((900, 950))])];
        assert_eq!(bound(&turns, 1, 0), (100, Some(900), How::Neighbours));
    }

    #[test]
    fn only_words_of_the_same_channel_are_neighbours() {
        let mut turns =
            [turn(&[Some((0, 100)), None]), turn(&[Some((200, 300))]), turn(&[Some((900, 950))])];
        for (turn, channel) in turns.iter_mut().zip([0, 1, 0]) {
            turn.channel = Some(channel);
        }
        assert_eq!(bound(&turns, 0, 1), (100, Some(900), How::Neighbours));
    }

    #[test]
    fn a_copied_time_is_no_time() {
        let turns =
            [turn(&[Some((0, 100)), Some((2800, 3140)), Some((2800, 3140)), Some((5000, 5200))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(5000), How::Neighbours));
        assert_eq!(bound(&turns, 0, 2), (100, Some(5000), How::Neighbours));
    }

    #[test]
    fn empty_and_reversed_times_take_the_gaps_beside_them() {
        let turns = [turn(&[Some((0, 100)), Some((300, 300)), Some((500, 600))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(500), How::Widened));
        let turns = [turn(&[Some((0, 100)), Some((400, 300)), Some((500, 600))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(500), How::Widened));
    }

    #[test]
    fn words_that_run_backwards_do_not_give_an_empty_range() {
        let turns = [turn(&[Some((500, 600)), None, Some((100, 200))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(600), How::Neighbours));
    }

    #[test]
    fn neighbours_that_touch_are_taken_in() {
        let turns = [turn(&[Some((100, 200)), None, Some((200, 300))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(300), How::Neighbours));
        let turns = [turn(&[Some((100, 200)), None]), turn(&[Some((200, 300))])];
        assert_eq!(bound(&turns, 0, 1), (100, Some(300), How::Neighbours));
    }

    #[test]
    fn turns_out_of_order_are_looked_up_by_time() {
        let turns = [
            turn(&[Some((5000, 5100)), None]),
            turn(&[Some((1000, 1100))]),
            turn(&[Some((9000, 9100))]),
        ];
        assert_eq!(bound(&turns, 0, 1), (5100, Some(9000), How::Neighbours));
    }

    #[test]
    fn without_any_time_there_are_no_bounds() {
        assert!(Bounds::of(&[turn(&[None])]).is_none());
    }

    #[test]
    fn no_bound_is_ever_empty() {
        // Every transcript of three words on a small clock, with and without times.
        let times: Vec<Option<(u64, u64)>> = std::iter::once(None)
            .chain((0..4).flat_map(|a| (0..4).map(move |b| Some((a, b)))))
            .collect();
        for one in &times {
            for two in &times {
                for three in &times {
                    for split in 0..3 {
                        let all = [*one, *two, *three];
                        let (left, right) = all.split_at(split);
                        let turns = [turn(left), turn(right)];
                        let Some(bounds) = Bounds::of(&turns) else { continue };
                        for bound in bounds.words.iter().flatten() {
                            let is_proper = bound.end.is_none_or(|end| end > bound.start);
                            let is_instant = bound.how == How::Widened && bound.end.is_some();
                            assert!(is_proper || is_instant, "{all:?} split {split}: {bound:?}");
                        }
                    }
                }
            }
        }
    }
}
