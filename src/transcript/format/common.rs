//! What several readers do alike: group words into turns, and list the places that repeat them.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use super::super::document::words_of;
use super::super::json::Kind;
use super::{Node, Repeat, Text, TimeRange, Transcript, Turn, Word};

/// Adds `word` to the last turn if that is of the same channel and party, else to a new turn. Turns
/// before `first` are closed. Answers where the word went.
pub(super) fn push_word(
    transcript: &mut Transcript,
    first: usize,
    channel: Option<u16>,
    party: Option<&str>,
    word: Word,
) -> (usize, usize) {
    let is_same = |turn: &Turn| {
        turn.channel == channel && turn.party.as_ref().map(|party| party.expose()) == party
    };
    if transcript.turns.len() <= first || !transcript.turns.last().is_some_and(is_same) {
        let party = party.map(Text::new);
        transcript.turns.push(Turn { channel, party, ..Turn::default() });
    }
    let turn = transcript.turns.len() - 1;
    let words = transcript.turns.last_mut().map(|turn| &mut turn.words);
    let index = words.as_ref().map_or(0, |words| words.len());
    words.into_iter().for_each(|words| words.push(word.clone()));
    (turn, index)
}

/// Lists a text that repeats the words of `turns`. Anything but a string or an array is left out.
pub(super) fn add_repeat(transcript: &mut Transcript, node: Option<Node<'_>>, turns: Range<usize>) {
    if let Some(node) = node.filter(|node| matches!(node.kind(), Kind::String | Kind::Array)) {
        transcript.repeats.push(Repeat { source: node.range(), turns, words: None });
    }
}

/// Lists every string below `node` as a text that repeats the words of `turns`.
pub(super) fn add_strings(
    transcript: &mut Transcript,
    node: Option<Node<'_>>,
    turns: &Range<usize>,
) {
    let Some(node) = node else { return };
    match node.kind() {
        Kind::String => add_repeat(transcript, Some(node), turns.clone()),
        Kind::Array => {
            node.items().for_each(|item| add_strings(transcript, Some(item), turns));
        }
        Kind::Object => {
            node.members().for_each(|(_, value)| add_strings(transcript, Some(value), turns));
        }
        _ => {}
    }
}

/// The words of a text, without times and bytes of their own: the text itself has to be listed as a repeat.
pub(super) fn untimed_words(text: &str) -> Vec<Word> {
    words_of(text, None)
}

/// Words by their time and text, to find a word again in a second list of the same file.
pub(super) struct Index(HashMap<(Duration, Duration, String), Vec<(usize, usize)>>);

impl Index {
    /// All timed words of `turns`.
    pub(super) fn new(transcript: &Transcript, turns: Range<usize>) -> Self {
        let mut places: HashMap<_, Vec<_>> = HashMap::new();
        for turn in turns {
            for (at, word) in
                transcript.turns.get(turn).iter().flat_map(|t| t.words.iter().enumerate())
            {
                if let Some(time) = word.time {
                    let key = (time.start, time.end, word.text.expose().to_owned());
                    places.entry(key).or_default().push((turn, at));
                }
            }
        }
        Self(places)
    }

    /// Notes that `node` holds the word with this text and time once more. If two channels say the same at
    /// the same time, it is a copy of both, and is masked if one of them is. If no word is like it, it is a
    /// repeat of `turns`.
    pub(super) fn add_copy(
        &self,
        transcript: &mut Transcript,
        node: Option<Node<'_>>,
        time: Option<TimeRange>,
        turns: &Range<usize>,
    ) {
        self.add_copies(transcript, node, &[node], time, turns);
    }

    /// As [`Index::add_copy`], for several forms of one word: it is found by `node`. Answers where the word is.
    pub(super) fn add_copies(
        &self,
        transcript: &mut Transcript,
        node: Option<Node<'_>>,
        forms: &[Option<Node<'_>>],
        time: Option<TimeRange>,
        turns: &Range<usize>,
    ) -> Option<(usize, usize)> {
        let text = node.and_then(|node| node.text()).unwrap_or_default().trim().to_owned();
        let found = time.and_then(|time| self.0.get(&(time.start, time.end, text)));
        for form in forms.iter().flatten() {
            let Some(found) = found else {
                add_repeat(transcript, Some(*form), turns.clone());
                continue;
            };
            for &(turn, at) in found {
                let word = transcript.turns.get_mut(turn).and_then(|turn| turn.words.get_mut(at));
                if let Some(word) = word.filter(|word| word.source.as_ref() != Some(&form.range()))
                {
                    word.copies.push(form.range());
                }
            }
        }
        found.and_then(|found| found.first().copied())
    }
}

/// Forgets the channel where the file knows one alone. A recogniser that was given a mix of two channels calls it
/// channel 0 as well, and to mute only that one would leave the other.
pub(super) fn forget_lone_channel(transcript: &mut Transcript, declared: Option<usize>) {
    let is_several = declared.is_some_and(|count| count > 1)
        || transcript.turns.iter().any(|turn| turn.channel.is_some_and(|channel| channel > 0));
    if !is_several {
        transcript.turns.iter_mut().for_each(|turn| turn.channel = None);
        for mark in &mut transcript.marks {
            if let super::Place::Time { channel, .. } = &mut mark.place {
                *channel = None;
            }
        }
    }
}

/// A channel number counted from 0, of a label that ends in a number counted from `base`.
pub(super) fn channel_of(label: &str, prefix: &str, base: u16) -> Option<u16> {
    let digits = label.strip_prefix(prefix)?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse::<u16>().ok().filter(|_| is_plain)?.checked_sub(base)
}

/// Pairs of tokens and words that are compared at most; a segment of Whisper has some dozens of each.
const MOST_PAIRS: usize = 1_000_000;

/// Inserts words that stand in the text of a segment and not in its list of words: aligners leave out what they
/// cannot place, and that is most often a number. Only words with a digit are inserted, without a time. Words beside
/// them that are not those of the text lose their times, for nobody knows on which side the number was said.
pub(super) fn insert_missing(words: &mut Vec<Word>, text: &str) {
    let bare = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let listed: Vec<String> = words.iter().map(|word| bare(word.text.expose())).collect();
    if listed.concat() == bare(text) {
        return;
    }
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let wanted: Vec<String> = tokens.iter().map(|token| bare(token)).collect();
    let mut pairs = common(&wanted, &listed);
    pairs.push((wanted.len(), listed.len()));
    let (mut out, mut rest) = (Vec::with_capacity(words.len()), words.drain(..));
    let (mut token, mut word) = (0, 0);
    for (next_token, next_word) in pairs {
        let between = listed.get(word..next_word).unwrap_or_default().concat();
        let gap =
            wanted.get(token..next_token).unwrap_or_default().iter().zip(tokens.iter().skip(token));
        let is_missing =
            |bare: &str| bare.contains(|c: char| c.is_ascii_digit()) && !between.contains(bare);
        let missing: Vec<&str> =
            gap.filter(|(bare, _)| is_missing(bare)).map(|(_, token)| *token).collect();
        let mut beside: Vec<Word> = rest.by_ref().take(next_word - word).collect();
        if !missing.is_empty() {
            beside.iter_mut().for_each(|word| word.time = None);
        }
        out.extend(
            missing.into_iter().map(|token| Word { text: Text::new(token), ..Word::default() }),
        );
        out.extend(beside);
        out.extend(rest.next());
        (token, word) = (next_token + 1, next_word + 1);
    }
    drop(rest);
    *words = out;
}

/// The longest common subsequence of two lists, as pairs of indices. Nothing if they are too long.
fn common(one: &[String], other: &[String]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    if one.len().saturating_mul(width) > MOST_PAIRS {
        return Vec::new();
    }
    // `lengths[i * width + j]`: the longest one of `one[i..]` and `other[j..]`.
    let mut lengths = vec![0u32; (one.len() + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in one.iter().enumerate().rev() {
        for (j, b) in other.iter().enumerate().rev() {
            let is_same = a == b && !a.is_empty();
            let longest = if is_same {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(slot) = lengths.get_mut(i * width + j) {
                *slot = longest;
            }
        }
    }
    let (mut pairs, mut i, mut j) = (Vec::new(), 0, 0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        if a == b && !a.is_empty() {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod layouts;

#[cfg(test)]
pub(super) mod testing {
    //! Marks of a sample as milliseconds, to compare them with `truth.json`.

    use super::super::super::marks::add_from_words;
    use super::super::super::{Place, Transcript, read};

    /// Channel, start and end in milliseconds.
    pub(in super::super) type Window = (Option<u16>, u128, u128);

    /// The five windows of the invented call, with their channels.
    pub(in super::super) const TRUTH: [Window; 5] = [
        (Some(0), 3240, 4900),
        (Some(0), 5300, 7100),
        (Some(0), 7600, 10300),
        (Some(1), 11760, 12600),
        (Some(0), 15040, 16000),
    ];

    /// The same windows where the format has no channels.
    pub(in super::super) fn truth_on_all() -> Vec<Window> {
        TRUTH.iter().map(|&(_, start, end)| (None, start, end)).collect()
    }

    /// Reads `text`, which has to be recognised as `format`.
    pub(in super::super) fn read_as(format: &str, text: &str) -> Transcript {
        let read = read(text.as_bytes(), None).expect("a sample that can be read");
        assert_eq!(read.transcript().format, format);
        read.transcript().clone()
    }

    /// The error of reading `text`, as it is shown.
    pub(in super::super) fn error_of(text: &str) -> String {
        read(text.as_bytes(), None).err().expect("an error").to_string()
    }

    /// The times of all marks, with those inside words, joined if closer than 300 ms and in the order of time.
    pub(in super::super) fn windows(transcript: &Transcript) -> Vec<Window> {
        let mut transcript = transcript.clone();
        add_from_words(&mut transcript);
        let mut all = Vec::new();
        let mut add = |channel, start: std::time::Duration, end: std::time::Duration| {
            all.push((channel, start.as_millis(), end.as_millis()));
        };
        for mark in &transcript.marks {
            match &mark.place {
                Place::WholeTurn(turn) => {
                    let turn = &transcript.turns[*turn];
                    let time = turn.time.expect("a turn with a time");
                    add(turn.channel, time.start, time.end);
                }
                Place::Words(turn, words) => {
                    let turn = &transcript.turns[*turn];
                    for word in &turn.words[words.clone()] {
                        let time = word.time.or(turn.time).expect("a time of the word or its turn");
                        add(turn.channel, time.start, time.end);
                    }
                }
                Place::Time { start, end, channel, turn } => {
                    let of_turn = turn.and_then(|turn| transcript.turns[turn].channel);
                    add(channel.or(of_turn), *start, end.unwrap_or(*start));
                }
                Place::Nowhere => panic!("a mark without a place"),
            }
        }
        all.sort_by_key(|&(channel, start, _)| (channel, start));
        let mut joined: Vec<Window> = Vec::new();
        for (channel, start, end) in all {
            match joined.last_mut() {
                Some(last) if last.0 == channel && start < last.2 + 300 => last.2 = last.2.max(end),
                _ => joined.push((channel, start, end)),
            }
        }
        joined.sort_by_key(|&(_, start, _)| start);
        joined
    }

    /// The words that are not silent, with their times in milliseconds.
    pub(in super::super) fn words(transcript: &Transcript) -> Vec<(String, Option<(u128, u128)>)> {
        let words = transcript.turns.iter().flat_map(|turn| &turn.words);
        let words = words.filter(|word| !word.is_silent).map(|word| {
            let time = word.time.map(|time| (time.start.as_millis(), time.end.as_millis()));
            (word.text.expose().to_owned(), time)
        });
        words.collect()
    }

    /// Every string of the file that holds `secret` is the source or a copy of a word, or a repeat.
    pub(in super::super) fn assert_listed(transcript: &Transcript, text: &str, secret: &str) {
        let words = transcript.turns.iter().flat_map(|turn| &turn.words);
        let of_words = words.flat_map(|word| word.source.iter().chain(&word.copies).cloned());
        let known: Vec<_> =
            of_words.chain(transcript.repeats.iter().map(|repeat| repeat.source.clone())).collect();
        for (at, _) in text.match_indices(secret) {
            assert!(known.iter().any(|range| range.contains(&at)), "byte {at} is not listed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> Vec<Word> {
        words.iter().map(|&word| Word { text: Text::new(word), ..Word::default() }).collect()
    }

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.expose()).collect()
    }

    #[test]
    fn a_number_that_the_list_of_words_lacks_is_inserted_where_the_text_has_it() {
        for (list, text, wanted) in [
            ("my number is thanks", " My number is 4111, thanks", "my number is 4111, thanks"),
            ("sure", "sure 4111 1111", "sure 4111 1111"),
            ("thanks", "4111, thanks", "4111, thanks"),
            ("my is it 1111", "my 1111 is it 1111", "my 1111 is it 1111"),
            (
                "it was 4111 1111 so bye",
                "it was 4111 1111 so 1111 bye",
                "it was 4111 1111 so 1111 bye",
            ),
        ] {
            let mut words = said(&list.split(' ').collect::<Vec<_>>());
            insert_missing(&mut words, text);
            assert_eq!(texts(&words).join(" "), wanted);
        }
    }

    #[test]
    fn a_number_in_pieces_is_not_inserted_again() {
        let mut words = said(&["it", "is", "41", "11", "right"]);
        insert_missing(&mut words, "it is, 4111 all right");
        assert_eq!(words.len(), 5);
    }

    #[test]
    fn beside_a_missing_number_only_the_words_of_the_text_keep_their_times() {
        let time = Some(TimeRange::new(Duration::from_secs(1), Duration::from_secs(2)));
        let mut words = said(&["is", "erm", "bye"]);
        words.iter_mut().for_each(|word| word.time = time);
        insert_missing(&mut words, "is 4111 um bye");
        let times: Vec<bool> = words.iter().map(|word| word.time.is_some()).collect();
        assert_eq!(times, [true, false, false, true]);
    }

    #[test]
    fn a_text_that_is_too_long_to_compare_leaves_no_time() {
        let many = vec!["word"; 2000];
        let mut words = said(&many);
        insert_missing(&mut words, &format!("{} 4111", many.join(" ")));
        assert_eq!(words.len(), 2001);
    }

    #[test]
    fn a_label_of_a_channel_is_counted_from_its_base() {
        assert_eq!(channel_of("ch_0", "ch_", 0), Some(0));
        assert_eq!(channel_of("2", "", 1), Some(1));
        assert_eq!(channel_of("0", "", 1), None);
        assert_eq!(channel_of("channel_x", "channel_", 1), None);
        assert_eq!(channel_of("+1", "", 1), None);
    }
}
