//! Labels in brackets that describe what is heard, and are no marks.
//!
//! In: a label without its brackets. Out: the name of the sound. What can go wrong: nothing.

use super::kind;

/// Names in brackets that stand for a sound, a gap or a token of the recogniser: never marks. In
/// lower case, `_` and blanks alike left out.
const NAMES: &[&str] = &[
    "applause",
    "background",
    "backgroundnoise",
    "beep",
    "begin",
    "beg",
    "blankaudio",
    "breath",
    "cheering",
    "click",
    "cough",
    "coughing",
    "crosstalk",
    "crying",
    "end",
    "eot",
    "eps",
    "foreign",
    "hesitation",
    "inaudible",
    "indiscernible",
    "laugh",
    "laughing",
    "laughs",
    "laughter",
    "lg",
    "lipsmack",
    "loudnoise",
    "mumbling",
    "music",
    "musicplaying",
    "noise",
    "noaudio",
    "nospeech",
    "nonspeech",
    "overlap",
    "pause",
    "phonerings",
    "phoneringing",
    "ringing",
    "screaming",
    "sigh",
    "sighs",
    "sil",
    "silence",
    "silent",
    "singing",
    "sneeze",
    "sound",
    "speaker",
    "static",
    "tt",
    "typing",
    "unintelligible",
    "unk",
    "unknown",
    "unclear",
    "vocalnoise",
    "vocalizednoise",
];

/// Words of a sound: a label that has one and only mentions a kind (`[phone ringing]`, `[card reader
/// beeps]`) describes what is heard.
pub(super) const WORDS: &[&str] = &[
    "applause",
    "beep",
    "beeping",
    "beeps",
    "bleep",
    "bleeps",
    "buzz",
    "buzzes",
    "buzzing",
    "chime",
    "chimes",
    "chiming",
    "click",
    "clicking",
    "clicks",
    "cough",
    "coughing",
    "coughs",
    "dialing",
    "dialling",
    "ding",
    "dings",
    "jingle",
    "knock",
    "knocking",
    "knocks",
    "laugh",
    "laughing",
    "laughs",
    "laughter",
    "music",
    "noise",
    "noises",
    "rang",
    "ring",
    "ringing",
    "rings",
    "ringtone",
    "rustle",
    "rustles",
    "rustling",
    "sound",
    "sounds",
    "tapping",
    "taps",
    "tone",
    "tones",
    "typing",
    "vibrates",
    "vibrating",
    "vibration",
];

/// The sound, gap or token of the recogniser that a label in brackets describes.
pub(super) fn name(inner: &str) -> Option<&'static str> {
    let plain: String =
        inner.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    NAMES.iter().find(|name| **name == plain).copied().or_else(|| word(inner))
}

/// The word of a sound in a label, unless another of its words can only stand for something that
/// was taken out: `[card number beeped]` may be one, `[phone ringing]` is none.
fn word(inner: &str) -> Option<&'static str> {
    let words = kind::words(inner);
    let sound = WORDS.iter().find(|sound| words.iter().any(|word| word == *sound))?;
    (!kind::is_certain(inner)).then_some(sound)
}
