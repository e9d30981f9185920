//! The conversation of the demo: a call with a consultation, its screen, and a chat.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::super::audio::wav;
use super::model::{Conversation, ConversationRecording};
use super::view::millis;

/// What is said in the call of the demo: who, from which second, how long, and what. As the platform's own
/// redaction leaves it.
const PHRASES: [(&str, u64, u64, &str); 10] = [
    ("internal", 300, 4200, "Thank you for calling. This call is recorded. How can I help you?"),
    ("external", 4600, 2700, "Hello. I would like to pay my bill by card."),
    ("internal", 7600, 2200, "Of course. Your card number, please?"),
    ("external", 10_200, 4700, "[card number]"),
    ("internal", 15_400, 3200, "Thank you. I repeat nothing of it, for your safety."),
    ("external", 19_000, 2500, "That is kind. How long will this take?"),
    ("internal", 22_000, 3600, "Only a moment. The payment is being prepared."),
    ("internal", 26_400, 3400, "May I have the expiry date and the security code?"),
    ("external", 30_700, 4200, "[card expiry date] [cvv]"),
    ("internal", 35_400, 2200, "Thank you. It is paid. Goodbye."),
];

impl Conversation {
    /// The conversation `demo-conversation`, made of a call in stereo (interleaved samples, the agent on the
    /// left) at `rate` samples a second:
    ///
    /// | recording | what |
    /// |---|---|
    /// | `demo-trunk` | the call: key `0` is the left channel, `1` the right; its first request for media is answered with 202; with a transcript that fits the call of the fixtures |
    /// | `demo-consult` | key `S`, in stereo |
    /// | `demo-screen` | media `screen` |
    /// | `demo-chat` | media `chat` |
    pub fn demo(rate: u32, stereo: &[i16]) -> Self {
        let channel = |at| stereo.iter().skip(at).step_by(2).copied().collect::<Vec<_>>();
        let frames = stereo.len() as u64 / 2;
        let duration = Duration::from_millis(frames * 1000 / u64::from(rate.max(1)));
        let new = |id| ConversationRecording { duration, ..ConversationRecording::new(id) };
        let mut trunk = ConversationRecording { transcoding: 1, ..new("demo-trunk") };
        for (at, key) in ["0", "1"].into_iter().enumerate() {
            trunk = trunk.file(key, wav(rate, 1, &channel(at)));
        }
        trunk.annotations = vec![hold()];
        trunk.transcript = Some(transcript(&trunk).to_string().into());
        let consult = ConversationRecording { subtype: "Consult".into(), ..new("demo-consult") };
        let (media, subtype) = ("screen".into(), "Screen".into());
        let screen = ConversationRecording { media, subtype, ..new("demo-screen") };
        let (media, subtype) = ("chat".into(), String::new());
        let chat = ConversationRecording { media, subtype, ..new("demo-chat") };
        let consult = consult.file("S", wav(rate, 2, stereo));
        // The head of a WebM, and a ZIP without files: nobody plays them.
        let screen = screen.file("0", &b"\x1A\x45\xDF\xA3\x80"[..]);
        let chat = chat.file("0", [&b"PK\x05\x06"[..], &[0; 18]].concat());
        Self::new("demo-conversation", [trunk, consult, screen, chat])
    }
}

/// A hold as the platform writes it: its place can lie before the recording.
fn hold() -> Value {
    json!({
        "id": "demo-hold", "type": "Hold", "reason": "Hold", "location": -20, "durationMs": 120,
        "absoluteLocation": 0, "absoluteDurationMs": 100, "recordingLocation": 0,
        "recordingDurationMs": 100, "realtimeLocation": 0,
    })
}

/// The transcript of the call. Its times are those of a clock on the wall.
fn transcript(recording: &ConversationRecording) -> Value {
    let began = recording.began.duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis);
    let phrases: Vec<_> =
        PHRASES.iter().enumerate().map(|(at, said)| phrase(began, at, said)).collect();
    let duration = json!({ "milliseconds": millis(recording.duration) });
    json!({
        "organizationId": "sandbox",
        "conversationId": "demo-conversation",
        "communicationId": recording.session,
        "mediaType": "call",
        "conversationStartTime": began,
        "startTime": began,
        "duration": duration,
        "participants": [
            { "participantPurpose": "internal", "userId": "sandbox-user", "startTimeMs": began },
            { "participantPurpose": "external", "startTimeMs": began },
        ],
        "transcripts": [{
            "transcriptId": "demo-transcript", "language": "en-us", "programId": "sandbox",
            "engineId": "sandbox", "startTime": began, "duration": duration, "phrases": phrases,
        }],
    })
}

fn phrase(
    began: u64,
    index: usize,
    &(purpose, start, length, text): &(&str, u64, u64, &str),
) -> Value {
    // A bracketed name is one word, whatever it holds.
    let marked =
        text.replace("card number", "card_number").replace("card expiry date", "card_expiry_date");
    let words: Vec<_> = marked.split(' ').map(|word| word.replace('_', " ")).collect();
    let each = length / words.len().max(1) as u64;
    let timed = words.iter().zip(0..).map(|(word, at): (_, u64)| {
        json!({
            "word": word, "confidence": 0.9, "startTimeMs": began + start + at * each,
            "offset": { "milliseconds": start + at * each }, "duration": { "milliseconds": each },
        })
    });
    json!({
        "phraseIndex": index, "participantPurpose": purpose, "text": text, "decoratedText": text,
        "stability": 1.0, "confidence": 0.9, "startTimeMs": began + start,
        "offset": { "milliseconds": start }, "duration": { "milliseconds": length },
        "type": "speech", "words": timed.collect::<Vec<_>>(), "alternatives": [],
    })
}
