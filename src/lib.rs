//! sordino mutes passages of call recordings, exactly to the sample, without another program. In music,
//! *con sordino* means "with the mute on".
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
//! [`redact()`] is the shortest way. [`Redaction`] adds evidence, progress and a place for the output.
//! [`Receipt::of`] states what was done. [`verify()`] audits any redaction, also one that another program
//! made.
//!
//! # Architecture
//!
//! The source files follow the flow of the data. In the picture, windows enter at the top, the recording
//! at the left:
//!
//! ```text
//! transcript ──▶ windows ──▶ spans ────┐              what to mute: text ──▶ time ──▶ frames
//! source ──▶ container ▸ codec ──▶ redact ──▶ encode ──▶ spool ──▶ Redacted     blocking, no network
//!   ▲              (decode)            ▲                              │
//!   │                              treatment                          ▼
//! sign in ──▶ locate ──▶ fetch                             grant ──▶ upload ──▶ complete    async, no audio
//!     │                              Platform API: annotate ──▶ protection ──▶ retention
//!     └──────────────────────────────────── job ───────────────────────────────────┘  knows both halves
//! store: get ──▶ redact, as above ──▶ store: put ──▶ store: put the receipt         files and buckets
//! batch: manifest ──▶ journal ──▶ workers ──▶ job, each ──▶ journal ──▶ chain      thousands, once each
//! queue: events, jobs ──▶ pull ──▶ order ──▶ as in batch ──▶ done, again or bury    all day, many machines
//!
//! Redacted ──▶ receipt ──▶ report ◀── batch               the evidence: a JSON file, HTML pages
//!                 └──▶ signature                          who vouches for it
//!
//! original + redacted + windows ──▶ verify ──▶ Audit       the leak audit
//! source ──▶ info ──▶ Info                                 what a recording is
//!
//! bin: args ──▶ command ──▶ exit code
//! ```
//!
//! A room is a file or folder below `src`, such as `span.rs` with `span/`. Each room may import only some
//! others: the table `KNOWS` in `tests/it/house.rs` lists them, and a test compares it with the lines
//! `use crate::…`.
//!
//! | room | feature | what it does |
//! |---|---|---|
//! | [`window`] | | times, windows and lists of windows: parsed, sorted, merged, never empty by accident |
//! | `transcript` | `transcript` | transcripts, redaction output, labels and subtitles become windows |
//! | [`span`] | | windows become ranges of frames, in exact integer arithmetic |
//! | [`block`] | | consecutive decoded frames with their position; all audio travels in blocks |
//! | `lock` | | locks a mutex, even if another thread panicked while it held the lock |
//! | `g711` | | A-law and µ-law: code to sample and back |
//! | `flac` | | FLAC's headers and checksums, on their own and in Ogg, to read, write and check them |
//! | `ogg` | | Ogg's pages, to read, write and check them |
//! | `opus` | | Opus' packets and headers, and packets of silence |
//! | [`level`] | | samples of any format as amplitudes; peak, RMS and dB |
//! | [`digest`] | | SHA-256 of a stream while it is read |
//! | [`decode`] | | a source in, blocks out; the only room that uses symphonia |
//! | [`treatment`] | | what happens to the samples inside a span |
//! | `encode` | | blocks in, a WAV or the kept FLAC out; the only room that uses hound |
//! | [`spool`] | | holds the output until it is complete, then delivers it in one step |
//! | [`evidence`] | | observes a redaction: self-check of the written file, levels, digests, waveform |
//! | [`mod@redact`] | | the steps in one function; only this room makes a [`Redacted`] |
//! | [`receipt`] | | the evidence of one redaction as JSON; checks a file against it later |
//! | `report` | `report` | the receipt as an HTML page, with waveforms |
//! | `signature` | `sign` | OpenSSH's signatures: who vouches for a receipt |
//! | [`mod@verify`] | | the leak audit of any original and its redaction |
//! | [`info`] | | what a recording is, before it is redacted |
//! | [`error`] | | the errors of decoding, redaction and storage |
//! | `http` | `http` | connections, `Retry-After` and the pipe into a decoder, for `genesys` and `store` |
//! | `policy` | `policy` | how recordings are redacted, from a file and flags; what it makes of a file of windows |
//! | `genesys` | `genesys` | the client of both APIs of Genesys Cloud, one step a file; no audio except [`Redacted`] |
//! | `job` | `genesys` | one recording from fetch to upload; the one room that knows both halves |
//! | `store` | `store` | reads and writes places: local paths and the URLs of buckets |
//! | `batch` | `batch` | thousands of jobs: manifest, journal, chain; knows jobs, not recordings |
//! | `queue` | `work` | where jobs come from all day: five verbs, an engine a file, what a job's body means |
//! | `work` | `work` | jobs from a queue, one after the other, for weeks: leases, poison, health, numbers |
//! | `sandbox` | `sandbox` | a Genesys stand-in on loopback; shares only the wire types with the client |
//!
//! The rooms without a feature are the core. It has no network, no async runtime and no terminal:
//! `sordino = { version = "…", default-features = false }`. The default feature, `cli`, is the command
//! `sordino` with everything.
//!
//! # Clocks and gaps
//!
//! Windows are in the time of the recording, as a player shows it. Time 0 is the first audible frame,
//! even if the container's own timestamps begin above 0: a WebM at 0.12 s, an Ogg with a first granule
//! position above 0. FFmpeg counts the same way, and RFC 7845 prescribes it for Ogg. Chromium shows such
//! a WebM from 0.12 s on, so [`Summary::begins`] reports the difference, unless it is shorter than a
//! packet, which is rounding. Where video starts before the audio, time 0 is the start of the video, and
//! the part before the audio is a gap.
//!
//! In a gap, time went on but nothing was recorded: packets were lost, or were not sent during silence,
//! or a track was paused. Gaps are detected where the container has timestamps (Ogg, MP4, Matroska,
//! WebM), and [`Gaps`] selects what to do. Positions in a [`block`] are in recording time, whether or not
//! silence was inserted; a [`span::Timeline`] maps them to the output. In other containers missing data
//! is damage, and so is an Ogg page whose sequence number is missing.
//!
//! Ogg gives one timestamp a page: where its last packet ends. For Opus the gap is placed before the first
//! packet of that page, as RFC 7845 says; for Vorbis and FLAC after the page, as symphonia and FFmpeg do.
//! A gap of more than 24 hours is never filled or closed.
//!
//! A length, a count or a flag in the file proves where a recording ends. Some files have none: an Ogg whose
//! recorder sets no end flag, a live WebM, a WAV that was written into a pipe, MP3 and ADTS without a
//! count. They are read to their end, and [`Summary::end_proven`] is false: a cut between two packets
//! would leave no trace.
//!
//! # What is promised
//!
//! 1. No touched frame survives: every frame that overlaps a window is treated.
//! 2. Nothing else changes: outside the spans, the output holds the decoded samples bit for bit, except
//!    in [fades](Treatment::with_fade), if the caller asks for them. [`StreamInfo::loss`] says where
//!    64-bit samples are narrowed, because the WAV has at most 32 bits.
//!    A FLAC that is kept holds the frames themselves, byte for byte.
//! 3. The length is kept: the output has as many frames as were decoded, plus those that fill gaps, if
//!    that was asked for.
//! 4. The way of arrival does not matter: in whatever pieces the input comes, the output is the same.
//! 5. Missing input is an error, never a shorter or shifted success, if the file proves its end.
//! 6. An invalid window is an error, and so is an empty list; no output is delivered. [`Windows::none`]
//!    must be said.
//! 7. Only a [`Redacted`] can be saved or uploaded. A failure leaves nothing new at the output path,
//!    keeps the file that was there before, and completes nothing at Genesys.
//! 8. Unredacted audio from Genesys is never written to a disk (`job`).
//! 9. No secret is ever shown.
//! 10. The bearer token is sent to the API host only.
//! 11. The wait that `Retry-After` asks for is never shortened. One request does not wait for what another
//!     was told: the one that ends an upload to a bucket, which takes load away.
//! 12. A request that creates something is not repeated if the server may have acted on it.
//! 13. An original at Genesys is deleted only for a copy that was checked, cannot be undone, and was read
//!     back from the disk (`job::platform`).

pub mod window;
#[cfg(feature = "transcript")]
pub mod transcript;
pub mod span;
pub mod block;
mod lock;
mod flac;
mod ogg;
mod opus;
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
#[cfg(feature = "report")]
pub mod report;
#[cfg(feature = "sign")]
pub mod signature;
pub mod verify;
pub mod info;
pub mod error;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "policy")]
pub mod policy;
#[cfg(feature = "genesys")]
pub mod genesys;
#[cfg(feature = "genesys")]
pub mod job;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "batch")]
pub mod batch;
#[cfg(feature = "work")]
pub mod queue;
#[cfg(feature = "work")]
pub mod work;
#[cfg(feature = "sandbox")]
pub mod sandbox;

pub use block::StreamInfo;
pub use decode::{DecodeOptions, Decoder, Edge, Encoding, Gaps, RawFormat, Source};
pub use error::Error;
pub use evidence::{Evidence, EvidenceOptions};
pub use info::Info;
#[cfg(feature = "genesys")]
pub use job::{Job, JobError, Sanitised, sanitise};
#[cfg(feature = "policy")]
pub use policy::Policy;
pub use receipt::Receipt;
pub use redact::{OutputFormat, Progress, Redacted, Redaction, Summary, redact};
#[cfg(feature = "report")]
pub use report::Report;
pub use spool::Spool;
pub use treatment::Treatment;
pub use verify::{Audit, VerifyOptions, verify};
pub use window::{Window, WindowError, Windows};
