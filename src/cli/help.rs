//! The text after the options of each `--help`: examples, what to know, exit codes. The manual pages
//! hold it too.

mod batch;
mod platform;
mod queue;
mod work;

pub(super) use batch::{BATCH_EXAMPLES, BATCH_STATUS_EXAMPLES, BATCH_USAGE};
pub(super) use queue::{DEAD_EXAMPLES, PUSH_EXAMPLES, QUEUE_STATUS_EXAMPLES};
pub(super) use work::WORK_EXAMPLES;

pub(super) const OVERVIEW: &str = "\
Start here:
  sordino demo                                      a redaction from end to end; needs no setup
  sordino file call.wav -w 10-15 -o redacted.wav    redact 10 s to 15 s of a recording
  sordino COMMAND --help                            examples of each command

Exit codes: 0 done; 1 it failed, and nothing was left behind; 2 the call was wrong; 3 some of several
recordings failed; 130 ctrl-c.";

pub(super) const FILE_USAGE: &str = "\
sordino file INPUT -w START-END -o OUTPUT [OPTIONS]
       sordino file INPUT --windows FILE -o OUTPUT [OPTIONS]";

pub(super) const RECORDING_USAGE: &str = "\
sordino recording -w START-END [OPTIONS]
       sordino recording --windows FILE [OPTIONS]
       sordino recording --api platform --conversation-id ID -w START-END --to PLACE [OPTIONS]";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Install them, one line for each shell:
  bash: sordino completions bash > ~/.local/share/bash-completion/completions/sordino
  zsh:  sordino completions zsh > ~/.zfunc/_sordino      (with ~/.zfunc in fpath before compinit)
  fish: sordino completions fish > ~/.config/fish/completions/sordino.fish
  PowerShell: sordino completions powershell >> $PROFILE
  elvish: sordino completions elvish >> ~/.config/elvish/rc.elv";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  Read the page of a command:
    sordino man file | man -l -
  Install all pages for this user, then `man sordino-file` works:
    sordino man --out ~/.local/share/man/man1";

/// The examples of `sordino recording`, first of the recordings API, then of the Platform API.
pub(super) fn recording() -> String {
    format!("{RECORDING_EXAMPLES}\n\n{}", platform::EXAMPLES)
}

const RECORDING_EXAMPLES: &str = "\
The recordings API, which takes the redacted recording back (--api recordings, the default):
  export GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=...
  export GENESYS_RECORDING_ID=... GENESYS_CONVERSATION_ID=...
  Try it without changing anything at Genesys, and keep the result to listen to it:
    sordino recording -w 10-15 -w 30.5-35.2 --silence --dry-run --keep redacted.wav
  Do it:
    sordino recording -w 10-15 -w 30.5-35.2 --silence
  With a receipt and an HTML page:
    sordino recording -w 10-15 --silence --receipt receipt.json --report page.html
  In another region, with windows from a transcriber, and JSON for a program:
    sordino recording --region mypurecloud.de --windows - --json < windows.json

The unredacted audio is never written to a disk. The original recording stays in Genesys unchanged:
delete it there, or let its retention policy do so.

Exit codes: 0 done; 1 it failed, and nothing was completed unless the error says so; 2 the call was
wrong; 130 ctrl-c, and the message says whether a recording was created.";

pub(super) const VERIFY_USAGE: &str = "\
sordino verify [OPTIONS] -w START-END ORIGINAL REDACTED
       sordino verify [OPTIONS] --receipt FILE [ORIGINAL] REDACTED
       sordino verify [OPTIONS] --receipt FILE --signers FILE [[ORIGINAL] REDACTED]";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  sordino verify call.wav redacted.wav -w 10-15 -w 30.5-35.2
  sordino verify call.wav redacted.mp3 --windows windows.json --json
  Is this the file that a receipt describes? With the original, the audit too:
    sordino verify --receipt receipt.json redacted.wav
    sordino verify --receipt receipt.json call.wav redacted.wav
  Is the receipt signed by somebody whom the list allows?
    sordino verify --receipt receipt.json --signers allowed_signers

The treatment is recognised. The default gain, silence, a tone of 1000 Hz and the treatment that you
name are checked sample by sample. Anything else is judged by how much of the original is left.

Windows are widened as `sordino file` widens them, by --pad or by what suits the transcript. If what
they asked for is muted and only that padding is open, the audit says so; the exit code is 1 all the
same. --pad 0 audits the windows alone.

A lossy REDACTED keeps no sample as it was. There the codec's noise is measured outside the windows,
and inside them the original is searched for in pieces of 20 ms. Where the codec keeps too little of
the sound, or too little sound is outside the windows, the verdict is `cannot be told`
and the exit code 1: never clean. A leak shorter than 60 ms, or of sound that the codec does not
keep, may be missed. To be sure, audit a lossless copy before it is encoded. Both recordings must
begin at the same frame.

Exit codes: 0 clean; 1 a leak, another change, `cannot be told`, or no good signature; 2 the call was wrong, or a
recording cannot be decoded.";

pub(super) const SANDBOX_EXAMPLES: &str = "\
Examples:
  sordino sandbox
  sordino sandbox --port 8765 --folder recordings --fault locate=429:2x2 --fault upload=503
  sordino sandbox --storage-port 8766 --fault locate=transcoding:1500x3 --fault fetch=expired:1

A fault is STEP=KIND[xTIMES]. TIMES: a number, or `ever`. STEP: sign-in, locate, fetch, grant,
upload, complete; at the Platform API also list, layout, transcript, annotate, protection, retention.
KIND:
  429, 503, ...        this status
  429:SECONDS          with Retry-After; 429:date:SECONDS writes it as a date
  code:STATUS:CODE     a storage host's error in XML, code:403:SignatureDoesNotMatch; fetch, upload
  early:STATUS         this status before the body has arrived; upload
  html                 status 502 with an HTML page
  reset, lost          no answer, before or after the request was carried out
  refused, expired     the presigned URL leads to no server, or has expired; expired:KEY for one file
  dies                 all tokens become invalid
  state:NAME           the recording is in this state, such as ARCHIVED; locate
  transcoding:MS       status 202, with this hint; accepted: 202 without a body; locate
  none, short, twice   the list is empty, lacks its last recording, has its first twice; list, locate
  missing:PERMISSION   status 403, because this permission is missing
  cut:N, cut-unsized:N the body ends after N bytes, with or without an announced length
  stall:N              no more data after N bytes
  length:N             announces a body of N bytes
  redirect             a redirect to another host

Each request is printed on stderr; --quiet turns that off. ctrl-c ends the sandbox.";

pub(super) const FILE_EXAMPLES: &str = "\
Examples:
  Mute two passages:
    sordino file call.wav -w 10-15 -w 30.5-35.2 -o redacted.wav
  Erase what the customer says (channel 1), with a label for the record:
    sordino file call.wav -w '1:02.5-1:10@1=card number' --silence -o redacted.wav
  Take the windows from a transcriber, 200 ms wider on both sides:
    sordino file call.mp3 --windows windows.json --pad 200ms -o redacted.wav
  From a transcriber that writes milliseconds:
    sordino file call.mp3 --windows words.json --unit ms -o redacted.wav
  The numbers that a transcript holds; a call without any passes as it is:
    sordino file call.wav --windows words.json --find numbers --if-none copy -o redacted.wav
  With a receipt and an HTML page:
    sordino file call.wav -w 10-15 -o redacted.wav --receipt receipt.json --report page.html
  In a pipe, with a tone:
    fetch-call | sordino file - -w 10-15 --tone -o - | store-call
  Headerless audio, as some switches write it:
    sordino file call.ulaw --raw mulaw:8000:1 -w 10-15 -o redacted.wav
  A recording with gaps: fill them with silence, so that all times stay right:
    sordino file call.webm -w 10-15 --gaps fill -o redacted.wav
  Keep µ-law, byte for byte outside the window:
    sordino file mulaw.wav -w 10-15 --encoding same -o redacted.wav

Keep FLAC: only frames that a window touches are new:
    sordino file call.flac -w 10-15 -o redacted.flac

Keep Opus: packets near a window become silence:
    sordino file call.opus -w 10-15 --silence -o redacted.opus

The output is a WAV with the sample format of the source; lossy codecs, A-law and µ-law give 16 bit. If its name ends in .flac,
.oga or .opus, a FLAC or Opus stays one.
Opus is decoded at the rate that it was recorded at, if the file names it. Tags and pictures are
dropped. The default attenuation leaves speech recoverable for anyone who turns the volume up;
--silence and --tone erase it.

Exit codes: 0 done; 1 it failed, or audio could not be written to stdout, and nothing was left
behind; 2 the call was wrong; 130 ctrl-c.";

/// The examples of `sordino windows`, and the rules of --find.
pub(super) fn windows() -> String {
    format!("{WINDOWS_EXAMPLES}\n\nThe rules of --find:\n{}", sordino::transcript::RULES_HELP)
}

const WINDOWS_EXAMPLES: &str = "\
Examples:
  What would this transcript mute?
    sordino windows transcript.json
  Marks of one kind alone, and the numbers that nothing marks:
    sordino windows transcript.json --only card --find numbers
  The customer is on channel 0 of the recording, the agent on channel 1:
    sordino windows transcript.json --party customer=0,agent=1
  As JSON for another program, or for `sordino file --windows`:
    sordino windows labels.txt --json
  The transcript itself, with the words of all windows as [redacted]:
    sordino windows transcript.json --redacted-transcript masked.json

All options but --json, --show-text and --force are the same with --windows of file and recording,
which write the masked transcript together with the result. A file in which nothing is marked and
for which nothing is asked is a wrong call. One that was searched and holds nothing gives an empty
list; file and recording refuse it, or with --if-none copy pass the recording unredacted.

Exit codes: 0 done; 2 the call was wrong, or the file cannot be placed in time.";

pub(super) const INFO_EXAMPLES: &str = "\
Examples:
  sordino info call.mp3
  sordino info call.mp3 --json
  Which of these can be redacted?
    for file in *; do sordino info \"$file\" > /dev/null && echo \"$file\"; done

The recording is decoded from its first byte to its last, so its length is exact. Tags are shown by
name and size, never with their content.

Exit codes: 0 it can be redacted; 1 it cannot, and the error says why; 2 the call was wrong.";

pub(super) const BENCH_EXAMPLES: &str = "\
Examples:
  How fast is this machine?
    sordino bench
  With a recording like yours, eight at once:
    sordino bench call.wav --jobs 8
  Against ffmpeg and cp, with a chart:
    sordino bench --compare --chart bench.svg
  Quickly, for a program:
    sordino bench --length 1:00 --runs 3 --json

decode, whole and checked are measured in turn, in this process, from a file in the system's cache.
decode is decoding alone; whole is a redaction of two windows
without its self-check; checked is one with it. The output goes into memory, beyond 4 MiB into a
temporary file, and is not synced to disk.

The rows \"1 at once\" and so on measure whole processes of `sordino file`, from the start of the
first to the end of the last, with their output synced to disk. One process decodes FLAC, MP3,
Vorbis and AAC on all cores; several at once decode on one thread each, as with --threads 1. Memory is the
peak of the largest process, as the system counts it. On Linux it is never less than what this
program takes to start. A stage shares its process with the others, so its memory cannot be told.

--compare runs ffmpeg and cp in turn with `sordino file`. speed-up is ffmpeg's median time divided by
sordino's. ffmpeg uses its usual recipe, `volume=enable='between(t,10,15)'`, which is not exact to the
sample; for Opus with a volume of 0, and at its own bit rate. Neither syncs its output.

realtime is how many times as fast as playing. MB are of the input, 1,000,000 bytes.
CPU s/h is CPU seconds for one hour of recording.

Exit codes: 0 done; 1 it failed, and nothing was left behind; 2 the call was wrong.";
