//! *Con sordino*: play with the mute on. sordino mutes what must not be heard in a call recording,
//! in process and to the sample.
//!
//! ```
//! use sordino::{Source, Treatment, Window, Windows, redact};
//!
//! let windows = Windows::new([Window::from_seconds(10.0, 15.0)?])?;
//! let redacted = redact(Source::open("fixtures/call.wav")?, &windows, Treatment::default())?;
//! assert_eq!(redacted.summary().frames, 304_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture
//!
//! The flow is the layout. What a person asks for comes from above, the recording from the left:
//!
//! ```text
//! windows ──▶ spans ───────────────────┐              what to mute: seconds ──▶ frames
//! source ──▶ container ▸ codec ──▶ redact ──▶ encode ──▶ spool ──▶ Redacted     blocking, no network
//!   ▲              (decode)            ▲                              │
//!   │                              treatment                          ▼
//! sign in ──▶ locate ──▶ fetch                             grant ──▶ upload ──▶ complete    async, no audio
//!     └──────────────────────────────────── job ───────────────────────────────────┘  knows both halves
//!
//! Redacted ──▶ receipt ──▶ report                         the evidence: a file, and a page
//!
//! original + redacted + windows ──▶ verify ──▶ Audit       who trusts nobody: the leak audit
//! source ──▶ info ──▶ Info                                 what a recording is
//!
//! bin: args ──▶ plan ──▶ run ──▶ exit code
//! ```
//!
//! | room | what it is |
//! |---|---|
//! | [`window`] | human time: parsed, sorted, merged, never empty |
//! | [`span`] | frame ranges, by exact integer arithmetic |
//! | [`block`] | consecutive frames with their position: the only currency of this half |
//! | `g711` | what the codes of A-law and µ-law mean |
//! | [`level`] | samples of any format as amplitudes; peak, RMS and dB |
//! | [`digest`] | SHA-256 of bytes on their way |
//! | [`decode`] | a source in, blocks out; symphonia is named there only |
//! | [`treatment`] | what happens inside a span |
//! | `encode` | blocks in, WAV out; hound is named there only |
//! | [`spool`] | where the output lies until it is complete |
//! | [`evidence`] | what is seen on the way: the self-check, levels, digests, the waveform |
//! | [`mod@redact`] | the steps in one function; [`Redacted`] is made nowhere else |
//! | [`receipt`] | what was done, in numbers: the evidence to file; and held against a file later |
//! | [`mod@report`] | the same as a page to look at, with waveforms |
//! | [`mod@verify`] | the leak audit of any original and redaction, whoever made it |
//! | [`info`] | what a recording is, before anybody redacts it |
//! | [`error`] | what can go wrong with audio |
//! | [`genesys`] | the recipe, one step a file; its own errors; no audio beyond [`Redacted`] |
//! | [`job`] | one recording from end to end: the one place that knows both halves |
//! | [`sandbox`] | a Genesys stand-in; shares [`genesys::wire`] with the client and nothing else |
//!
//! Each room knows only the rooms that the picture joins to it. `tests/it/house.rs` reads the
//! `use crate::…` lines and holds them against this.
//!
//! # Clocks and gaps
//!
//! Windows are meant by the clock of the recording, which a player shows. It begins with the first frame
//! that is heard, also where a container begins to count later than 0: a WebM at 0.12 s, an Ogg above
//! granule 0. So FFmpeg counts, and whatever decodes with it; RFC 7845 has it so for Ogg. Chromium
//! shows such a WebM from 0.12 s on. Therefore the difference is told ([`Summary::begins`]), unless it
//! is less than a packet, which is rounding. Where a picture begins before the audio, the clock is that
//! of both, and what comes before the audio is a gap.
//!
//! A gap is a part in which that clock ran on and nothing was recorded: packets were lost, or left out
//! while nobody spoke, or a track was paused. It is found where the container has timestamps (Ogg,
//! MP4, Matroska and WebM), and [`Gaps`] says what becomes of it. Positions in [`block`]s are by the clock,
//! whether silence was put there or not; a [`span::Timeline`] maps them to the output. What other
//! containers miss is damage, and so is an Ogg page that is missing by its number.
//!
//! Ogg tells a gap by the page: the place of its last packet's end. Of Opus it is taken to lie before the
//! first packet of the page that tells of it, as RFC 7845 has it. Of Vorbis and FLAC it lies
//! behind that page, as symphonia and FFmpeg have it. A day is the most that is filled or closed.
//!
//! The end of a recording is proven by a length, a count or a flag of the file. Some have none: an Ogg whose
//! recorder sets no flag at the end, a live WebM, a WAV that was written into a pipe, MP3 and ADTS without a
//! count. They are read to their end, and [`Summary::end_proven`] says that a cut between two packets
//! would leave no trace.
//!
//! # What is promised
//!
//! 1. No touched frame survives: every frame whose place meets a window is treated.
//! 2. Nothing else changes: PCM outside the spans is bit-identical.
//! 3. The length is kept: as many frames come out as were decoded, and as many more as gaps were filled
//!    with, where that was asked for.
//! 4. Arrival does not matter: how the bytes come never changes a byte that goes.
//! 5. Missing input is an error, never a shorter or shifted success.
//! 6. An invalid window is an error before anything is written.
//! 7. Only [`Redacted`] leaves. A failure leaves nothing new at the output path, loses nothing that was
//!    there before, and completes nothing at Genesys.
//! 8. Unredacted audio never touches a disk on its way through [`sanitise()`].
//! 9. No secret is ever shown.
//! 10. The bearer goes to the API host only.
//! 11. Retry-After is never shortened.
//! 12. A create is not repeated after an unknown outcome.

pub mod window;
pub mod span;
pub mod block;
mod g711;
pub mod level;
pub mod digest;
pub mod decode;
pub mod treatment;
mod encode;
pub mod evidence;
pub mod spool;
pub mod redact;
pub mod receipt;
pub mod report;
pub mod verify;
pub mod info;
pub mod error;
pub mod genesys;
pub mod job;
pub mod sandbox;

pub use block::StreamInfo;
pub use decode::{DecodeOptions, Decoder, Encoding, Gaps, RawFormat, Source};
pub use error::Error;
pub use evidence::{Evidence, EvidenceOptions};
pub use info::Info;
pub use job::{Job, JobError, Sanitised, sanitise};
pub use receipt::Receipt;
pub use redact::{Progress, Redacted, Redaction, Summary, redact};
pub use report::Report;
pub use spool::Spool;
pub use treatment::Treatment;
pub use verify::{Audit, VerifyOptions, verify};
pub use window::{Window, WindowError, Windows};
