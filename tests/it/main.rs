//! All integration tests, in one binary.
//!
//! | file | what it holds still |
//! |---|---|
//! | `invariants` | the seven promises of the crate docs, each under its name |
//! | `golden` | what each fixture decodes and redacts to, one line a file in `fixtures/golden.txt` |
//! | `formats` | frame counts against an independent decoder; headers as they are met |
//! | `mp4`, `caf` | boxes and chunks as other programs write them |
//! | `bounds` | enormous claims, in 512 MiB of address space |
//! | `corpus` | every codec at several rates and lengths, made by the tools of others |
//! | `elementary` | streams without a container: what their bytes are, one and all |
//! | `flac` | FLAC frames: those of another format, the last one, large blocks of metadata |
//! | `kept` | FLAC that stays FLAC: the samples of the WAV, and every untouched frame the input's |
//! | `kept_cli` | the same as a person uses it |
//! | `kept_opus` | Ogg Opus that stays Ogg Opus: silent windows for every decoder, and every other packet the input's |
//! | `kept_opus_ends` | the same at the ends of streams, where packets are that no player plays |
//! | `he_aac` | HE-AAC, by its header or by its packets |
//! | `fuzz` | the properties that are fuzzed, for seeds and past findings |
//! | `file` | `sordino file` as a person uses it |
//! | `messages` | `--quiet` and `--verbose`, wrong calls, completions, manual pages, the words of JSON |
//! | `docs` | every command of the README and of `docs/`, run as it stands there |
//! | `table` | the table of formats in `docs/formats.md`, line by line |
//! | `info` | `sordino info`: the same as a redaction would find |
//! | `lists` | lists of windows as people have them: read right, or refused |
//! | `bad_input` | what goes wrong: message, exit code, nothing left behind |
//! | `genesys` | the client against the sandbox: each fault, over sockets of this machine |
//! | `platform` | the client of the Platform API against the sandbox: each fault of each step |
//! | `sandbox` | the Platform API of the sandbox, with plain requests: each call, fault and state |
//! | `sdk` | Genesys' own SDKs against the sandbox |
//! | `platform_cli` | `sordino recording --api platform` as a person uses it |
//! | `platform_windows` | the same with windows from the transcript in Genesys |
//! | `recording` | `sordino recording`, `sandbox` and `demo` as a person uses them |
//! | `sign` | signed receipts, held against ssh-keygen and ssh-agent |
//! | `verify` | the leak audit: what it must find, and what it must pass |
//! | `verify_lossy` | the same where the codec is lossy: at each volume, in each codec |
//! | `ffmpeg` | FFmpeg in process, for `parity` to compare with |
//! | `parity` | FFmpeg, sample by sample; with the feature `ffmpeg` |
//! | `parts` | one recording from several files, a channel each |
//! | `receipt` | receipts: their shape, and what they find |
//! | `report` | the page, in a real browser (`browser` drives it) |
//! | `batch` | `sordino batch` as a person uses it |
//! | `campaign` | what a batch must survive: kills, stores and servers that die, full disks, poison |
//! | `batch_page` | the page of a batch, in a real browser |
//! | `bench` | `sordino bench`: its shape, and what it does when it cannot |
//! | `windows` | `sordino windows`, and transcripts on their way to a redaction |
//! | `transcripts` | windows from transcripts on their way through a redaction, and what is left of them |
//! | `policy` | `--policy`: what a file says instead of flags, and what the receipt says of it |
//! | `spoken` | calls that espeak-ng speaks: no digit is left, and other words are as they were |
//! | `store` | buckets: moto, Azurite, and a store that breaks as a script says |
//! | `store_cli` | URLs of buckets where a command takes a path |
//! | `services` | starts moto, Azurite and NATS |
//! | `plain` | samples without packets, held against FFmpeg and SoX; what stands around them |
//! | `threads` | decoding on several threads, held against one |
//! | `postgres` | PostgreSQL from the distribution, to test with |
//! | `queue` | queues: every engine held to one contract |
//! | `work` | `sordino work`: three workers, killed, with a queue that is killed, on a way that stalls |
//! | `queue_cli` | `sordino push`, `dead` and `queue` as a person uses them |
//! | `journal` | the journal of a batch: killed, damaged, shared |
//! | `house` | the house rules: who may know whom, how long a file may be |

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, reason = "test data is small")]
#![allow(clippy::cast_precision_loss, reason = "test data is small")]
#![allow(clippy::cast_sign_loss, reason = "test data is made of bits")]
#![allow(unreachable_pub, reason = "one binary")]

#[cfg(feature = "cli")]
mod bad_input;
#[cfg(all(feature = "cli", unix))]
mod batch;
#[cfg(feature = "cli")]
mod batch_page;
#[cfg(feature = "cli")]
mod bench;
#[cfg(feature = "cli")]
mod bounds;
#[cfg(feature = "cli")]
mod browser;
#[cfg(all(feature = "cli", unix))]
mod campaign;
mod caf;
mod corpus;
#[cfg(feature = "cli")]
mod docs;
mod elementary;
#[cfg(feature = "ffmpeg")]
mod ffmpeg;
#[cfg(feature = "cli")]
mod file;
mod flac;
mod formats;
mod fuzz;
#[cfg(feature = "cli")]
mod gaps;
#[cfg(feature = "cli")]
mod genesys;
mod golden;
mod he_aac;
mod house;
#[cfg(feature = "cli")]
mod info;
mod invariants;
#[cfg(feature = "batch")]
mod journal;
mod kept;
#[cfg(feature = "cli")]
mod kept_cli;
#[cfg(feature = "cli")]
mod kept_ogg_flac;
#[cfg(feature = "cli")]
mod kept_opus;
#[cfg(feature = "cli")]
mod kept_opus_ends;
#[cfg(feature = "cli")]
mod lists;
#[cfg(feature = "cli")]
mod messages;
mod mp4;
#[cfg(feature = "ffmpeg")]
mod parity;
#[cfg(feature = "cli")]
mod parts;
#[cfg(feature = "cli")]
mod plain;
#[cfg(feature = "cli")]
mod platform;
#[cfg(feature = "cli")]
mod platform_cli;
#[cfg(feature = "cli")]
mod platform_export;
#[cfg(feature = "cli")]
mod platform_lists;
#[cfg(feature = "cli")]
mod platform_store;
#[cfg(feature = "cli")]
mod platform_windows;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "cli")]
mod policy;
#[cfg(feature = "work")]
mod queue;
#[cfg(feature = "cli")]
mod queue_cli;
#[cfg(feature = "cli")]
mod receipt;
#[cfg(feature = "cli")]
mod recording;
#[cfg(feature = "cli")]
mod report;
#[cfg(feature = "cli")]
mod rows;
#[cfg(feature = "cli")]
mod sandbox;
#[cfg(feature = "cli")]
mod sdk;
#[cfg(feature = "cli")]
mod services;
#[cfg(feature = "cli")]
mod sign;
#[cfg(feature = "cli")]
mod spoken;
#[cfg(feature = "cli")]
mod store;
#[cfg(feature = "cli")]
mod store_cli;
mod support;
mod table;
mod threads;
#[cfg(feature = "cli")]
mod transcripts;
#[cfg(feature = "cli")]
mod verify;
mod verify_lossy;
#[cfg(feature = "cli")]
mod windows;
#[cfg(all(feature = "cli", unix, any(feature = "nats", feature = "postgres", feature = "sqs")))]
mod work;
