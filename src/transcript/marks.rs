//! Marks inside words: tags (`[PII]`, `[CREDIT_CARD_1]`, `[card number]`, `<NAME>`, `{{NAME}}`) and
//! masks (`####`, `****`).
//!
//! In: the turns of a transcript. Out: its marks, with those of the words added, and what stands in
//! brackets and was left alone. What can go wrong: nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::kind;
use super::model::{Mark, Place, Transcript, Turn};
use super::sounds;

/// How many words a label in brackets may be spread over.
const SPREAD: usize = 6;

/// What a word is, seen alone.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    /// A tag of this kind.
    Tag(String),
    /// A word of mask characters.
    Mask,
    /// One mask character alone: a mask only beside others, or where masks are known to be there.
    Single,
    /// In brackets, and no mark: the name if it is a sound.
    Other(Option<&'static str>),
}

/// What stood in brackets and is no mark: names that are known and how often; all others without
/// their text.
pub(super) type LeftAlone = BTreeMap<String, usize>;

/// Adds the marks of the words to the marks that the reader gave.
pub(super) fn add_from_words(transcript: &mut Transcript) -> LeftAlone {
    // Where the service gives times for a turn, its tags have no more to say.
    let timed: BTreeSet<usize> = transcript.marks.iter().filter_map(placed_turn).collect();
    let rules = Rules { is_redacted: transcript.searched, is_x_masked: transcript.is_x_masked };
    let (mut found, mut left) = (Vec::new(), LeftAlone::new());
    for (index, turn) in transcript.turns.iter().enumerate() {
        for (place, kind) in marks_of(turn, rules, &mut left) {
            let is_timed = turn
                .words
                .get(place.clone())
                .is_some_and(|words| words.iter().any(|w| w.time.is_some()));
            if is_timed || !timed.contains(&index) {
                found.push(Mark::new(kind, Place::Words(index, place)));
            }
        }
    }
    // A word that an entity names already has the better kind.
    found.retain(|mark| !transcript.marks.iter().any(|known| known.place == mark.place));
    transcript.marks.append(&mut found);
    left
}

fn placed_turn(mark: &Mark) -> Option<usize> {
    match mark.place {
        Place::WholeTurn(turn) | Place::Time { turn: Some(turn), .. } => Some(turn),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Rules {
    is_redacted: bool,
    is_x_masked: bool,
}

/// The marks of one turn: ranges of words and the kind.
fn marks_of(
    turn: &Turn,
    rules: Rules,
    left: &mut LeftAlone,
) -> Vec<(std::ops::Range<usize>, String)> {
    let shapes: Vec<Option<(Shape, usize)>> =
        (0..turn.words.len()).map(|at| shape_at(turn, at, rules)).collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(shape) = shapes.get(at) {
        let Some((shape, length)) = shape else {
            at += 1;
            continue;
        };
        let is_mask = |at: Option<usize>| {
            let near = at.and_then(|at| shapes.get(at)).and_then(Option::as_ref);
            near.is_some_and(|(shape, _)| {
                matches!(shape, Shape::Mask | Shape::Tag(_) | Shape::Single)
            })
        };
        match shape {
            Shape::Tag(kind) => out.push((at..at + length, kind.clone())),
            Shape::Mask => out.push((at..at + length, "masked".to_owned())),
            Shape::Single
                if rules.is_redacted
                    || is_mask(at.checked_sub(1))
                    || is_mask(at.checked_add(1)) =>
            {
                out.push((at..at + length, "masked".to_owned()));
            }
            Shape::Single => {}
            Shape::Other(name) => *left.entry(name.unwrap_or("other").to_owned()).or_insert(0) += 1,
        }
        at += (*length).max(1);
    }
    out
}

/// The shape of the word at `at`, and over how many words it goes.
fn shape_at(turn: &Turn, at: usize, rules: Rules) -> Option<(Shape, usize)> {
    let text = turn.words.get(at)?.text.expose();
    if let Some(shape) = mask(text, rules.is_x_masked) {
        return Some((shape, 1));
    }
    if let Some(inner) = bracketed(text) {
        return label(inner, rules).map(|shape| (shape, 1));
    }
    // `[card` `number]`: a label with blanks, split at them.
    let opening =
        text.rfind('[').filter(|&open| !text.get(open..).is_some_and(|rest| rest.contains(']')))?;
    let mut joined = text.get(opening + 1..)?.to_owned();
    for (more, word) in turn.words.get(at + 1..)?.iter().take(SPREAD - 1).enumerate() {
        let next = word.text.expose();
        joined.push(' ');
        if let Some(close) = next.find(']') {
            joined.push_str(next.get(..close)?);
            return label(&joined, rules).map(|shape| (shape, more + 2));
        }
        joined.push_str(next);
    }
    None
}

/// What stands between the first pair of `[ ]`, `< >` or `{{ }}`. `[[speaker]]` is none.
fn bracketed(text: &str) -> Option<&str> {
    for (open, close) in [("{{", "}}"), ("[", "]"), ("<", ">")] {
        if let Some((_, rest)) = text.split_once(open)
            && let Some((inner, _)) = rest.split_once(close)
        {
            let is_angle_word = open == "<" && inner.chars().any(char::is_lowercase);
            return Some(inner).filter(|inner| !inner.starts_with('[') && !is_angle_word);
        }
    }
    None
}

/// What a label in brackets is.
fn label(inner: &str, rules: Rules) -> Option<Shape> {
    let inner = inner.trim();
    if inner.is_empty() || inner.len() > 60 {
        return None;
    }
    if let Some(sound) = sounds::name(inner) {
        return Some(Shape::Other(Some(sound)));
    }
    // Tokens of whisper.cpp.
    if inner.starts_with('_') {
        return Some(Shape::Other(None));
    }
    if mask(inner, true).is_some() {
        return Some(Shape::Mask);
    }
    let is_shaped =
        inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '/' | '\''));
    if !inner.chars().any(char::is_alphabetic) || !is_shaped {
        return Some(Shape::Other(None));
    }
    let is_upper = !inner.chars().any(char::is_lowercase);
    let is_tag = kind::is_telling(inner) || inner.contains('_') || is_upper || rules.is_redacted;
    Some(if is_tag { Shape::Tag(kind_of(inner)) } else { Shape::Other(None) })
}

/// The kind without the running number: `CREDIT_CARD` for `CREDIT_CARD_1`.
fn kind_of(inner: &str) -> String {
    inner
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches(['_', '-', ' '])
        .to_owned()
}

/// Whether a word is made of mask characters, perhaps with punctuation, blanks and digits that were
/// left.
fn mask(text: &str, is_x_masked: bool) -> Option<Shape> {
    let (mut hashes, mut stars) = (0usize, 0usize);
    for c in text.chars() {
        match c {
            '#' => hashes += 1,
            '*' | '\u{2022}' | '\u{25cf}' | '\u{2588}' => stars += 1,
            'x' | 'X' if is_x_masked => stars += 1,
            _ if c.is_alphabetic() => return None,
            _ => {}
        }
    }
    match (hashes, stars) {
        (1, 0) if text.chars().all(|c| !c.is_numeric()) => Some(Shape::Single),
        (hashes, stars) if hashes + stars >= 2 => Some(Shape::Mask),
        _ => None,
    }
}

/// Whether a word holds nothing that was said, so that it needs no masking: a tag or a mask without
/// digits beyond a running number.
pub(super) fn is_masked_already(text: &str) -> bool {
    let text = text.trim().trim_matches(|c: char| matches!(c, '.' | ',' | '?' | '!' | ';' | ':'));
    if matches!(mask(text, false), Some(Shape::Mask | Shape::Single)) {
        return !text.chars().any(char::is_numeric);
    }
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| {
        let name = kind_of(inner);
        let is_name = name.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | ' ' | '-'));
        is_name && !name.is_empty() && inner.len() - name.len() <= 3
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::{Text, Word};
    use super::*;

    fn marks(line: &str) -> Vec<(std::ops::Range<usize>, String)> {
        let rules = Rules { is_redacted: false, is_x_masked: false };
        marks_of(&turn(line), rules, &mut LeftAlone::new())
    }

    fn turn(line: &str) -> Turn {
        let words =
            line.split(' ').map(|word| Word { text: Text::new(word), ..Word::default() }).collect();
        Turn { words, ..Turn::default() }
    }

    #[test]
    fn tags_and_masks_are_marks() {
        for (line, place, kind) in [
            ("it is [PII].", 2..3, "PII"),
            ("[CREDIT_CARD_1]", 0..1, "CREDIT_CARD"),
            ("is [card number] ok", 1..3, "card number"),
            ("is [card expiry date], ok", 1..4, "card expiry date"),
            ("[name_given]", 0..1, "name_given"),
            ("<CREDIT_CARD>", 0..1, "CREDIT_CARD"),
            ("{{NAME}}", 0..1, "NAME"),
            ("so ####", 1..2, "masked"),
            ("so ****, yes", 1..2, "masked"),
            ("####-1111", 0..1, "masked"),
            ("#####'#", 0..1, "masked"),
        ] {
            assert_eq!(marks(line), [(place, kind.to_owned())], "{line}");
        }
    }

    #[test]
    fn sounds_tokens_and_speakers_are_no_marks() {
        for line in [
            "[Music]",
            "[MUSIC]",
            "[inaudible]",
            "[_BEG_]",
            "[_TT_150]",
            "[[speaker]]",
            "<unk>",
            "%HESITATION",
            "[SILENCE]",
            "*",
            "#1",
            "f***",
            "[door opens]",
            "[BLANK_AUDIO]",
            "#hashtag",
            "XXXX",
            "[",
            "[]",
            "a [ b",
            "<v",
            "4*4",
            "[phone ringing]",
            "[Phone Buzzing]",
            "[PHONE_RINGING]",
            "[card reader beeps]",
            "[mobile phone vibrating on the street]",
            "[bank hold music]",
        ] {
            assert_eq!(marks(line), [], "{line}");
        }
    }

    #[test]
    fn a_sound_hides_no_label_that_can_only_be_a_mark() {
        for line in [
            "[card number beeps]",
            "[beep PII]",
            "[CVV bleep]",
            "[security code beep]",
            "[redacted tone]",
            "[account sounds redacted]",
            "[phone]",
            "[phone call to the bank]",
            "[ssn click]",
        ] {
            assert_eq!(marks(line).len(), 1, "{line}");
        }
        for sound in sounds::WORDS {
            assert_eq!(marks(&format!("[phone {sound}]")), [], "{sound}");
            assert_eq!(marks(&format!("[phone number {sound}]")).len(), 1, "{sound}");
        }
    }

    #[test]
    fn a_single_hash_beside_a_mask_is_a_mask() {
        assert_eq!(marks("# ## no #").len(), 2);
    }

    #[test]
    fn x_is_a_mask_only_where_the_file_redacts() {
        let rules = Rules { is_redacted: true, is_x_masked: true };
        assert_eq!(marks_of(&turn("XXXX XX max"), rules, &mut LeftAlone::new()).len(), 2);
    }

    #[test]
    fn what_is_left_alone_is_counted_without_unknown_text() {
        let mut left = LeftAlone::new();
        let rules = Rules { is_redacted: false, is_x_masked: false };
        marks_of(&turn("[Music] [MUSIC] [whispering Bob]"), rules, &mut left);
        assert_eq!(left, LeftAlone::from([("music".to_owned(), 2), ("other".to_owned(), 1)]));
    }

    #[test]
    fn masked_words_need_no_second_mask() {
        for text in ["[PII]", "[CREDIT_CARD_12].", "####", "[card number]", "***,"] {
            assert!(is_masked_already(text), "{text}");
        }
        for text in ["****1111", "[4111]", "4111", "[CARD_4111]", "card"] {
            assert!(!is_masked_already(text), "{text}");
        }
    }
}
