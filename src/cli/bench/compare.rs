//! `--compare`: the same work by sordino and by others, in turn.

use std::path::PathBuf;
use std::process::Command;

use super::super::exit::Failure;
use super::measure::last_line;
use super::rival;
use super::row::{ALL, Comparison, Promise, Row, Who};
use super::speech::RATE;
use super::stages::{process, redaction};
use super::subject::Subject;
use super::workshop::Workshop;

/// An input that FFmpeg makes of the WAV: name, file, options, and what is promised.
type Kind = (&'static str, &'static str, &'static [&'static str], f64);

const KINDS: [Kind; 5] = [
    ("µ-law WAV", "mulaw.wav", &["-c:a", "pcm_mulaw"], 3.0),
    ("FLAC", "call.flac", &["-c:a", "flac"], 6.0),
    ("MP3 32 kbit/s", "call.mp3", &["-c:a", "libmp3lame", "-b:a", "32k"], 1.4),
    ("Ogg Vorbis", "call.ogg", &["-c:a", "libvorbis"], 2.0),
    ("AAC in M4A", "call.m4a", &["-c:a", "aac", "-b:a", "32k"], 1.1),
];

/// How long a short recording is.
const CLIP: u64 = 24;

/// Compares, for noise in every format that can be made, or for the recording that was given.
pub(super) fn compare(
    workshop: &Workshop,
    subject: &Subject,
    given: bool,
    runs: u32,
    say: &dyn Fn(String),
) -> Result<Comparison, Failure> {
    let mut bench =
        Bench { workshop, runs, say, found: Found::here(), done: Comparison::default() };
    bench.found.missing(&mut bench.done.skipped);
    let wav = (!given || subject.recording.codec == "pcm_s16le").then_some(subject);
    if given {
        bench.row(subject.name.clone(), subject, wav, Promise::default())?;
        bench.exact_forms(subject, [None; 2])?;
        return Ok(bench.done);
    }
    let promise = Promise { ffmpeg: Some(3.0), cp: Some(1.5) };
    bench.row("16-bit WAV".into(), subject, wav, promise)?;
    // Its input and its output are of the length of the WAV.
    bench.exact_forms(subject, [Some(30.0), Some(3.0)])?;
    let forms = bench.done.rows.split_off(1);
    for kind in KINDS {
        bench.kind(kind, subject)?;
    }
    (bench.say)("making the clip".into());
    let clip = Subject::made(workshop.path("clip.wav"), CLIP * u64::from(RATE))?;
    let promise = Promise { ffmpeg: Some(15.0), cp: None };
    bench.row(format!("{CLIP} s clip"), &clip, Some(&clip), promise)?;
    bench.done.rows.extend(forms);
    Ok(bench.done)
}

struct Bench<'a> {
    workshop: &'a Workshop,
    runs: u32,
    say: &'a dyn Fn(String),
    found: Found,
    done: Comparison,
}

impl Bench<'_> {
    /// An input that has to be made.
    fn kind(&mut self, kind: Kind, wav: &Subject) -> Result<(), Failure> {
        let (name, file, options, least) = kind;
        let Some(ffmpeg) = &self.found.ffmpeg else {
            self.done.skipped.push(format!("{name}: made with ffmpeg, which was not found"));
            return Ok(());
        };
        (self.say)(format!("making: {name}"));
        let path = self.workshop.path(file);
        let made = self.workshop.run(&mut rival::convert(ffmpeg, &wav.path, options, &path));
        let made = made.map_err(|error| Failure::failed("running ffmpeg", error))?;
        if !made.status.success() {
            let why = last_line(&made.stderr).unwrap_or_else(|| made.status.to_string());
            self.done.skipped.push(format!("{name}: ffmpeg cannot make it: {why}"));
            return Ok(());
        }
        let subject = Subject::read(path.clone(), name.into())?;
        let promise = Promise { ffmpeg: Some(least), cp: None };
        // What is written of µ-law is as long as the WAV; of the others it is not what takes the time.
        let output = (subject.recording.codec == "pcm_mulaw").then_some(wav);
        self.row(name.into(), &subject, output, promise)?;
        std::fs::remove_file(path).map_err(|error| Failure::failed("removing a recording", error))
    }

    /// Everybody in turn. `copied` is what `cp` copies.
    fn row(
        &mut self,
        input: String,
        subject: &Subject,
        copied: Option<&Subject>,
        promise: Promise,
    ) -> Result<(), Failure> {
        let mut row = Row::new(input, promise);
        let mut lost = Vec::new();
        for run in 1..=self.runs {
            (self.say)(format!("comparing: {}, run {run} of {}", row.input, self.runs));
            for who in ALL {
                let Some(command) = self.command(who, subject, copied)? else { continue };
                if lost.contains(&who) {
                    continue;
                }
                match process(self.workshop, 1, command)? {
                    Ok(run) => row.saw(who, run),
                    Err(why) if matches!(who, Who::Sordino | Who::Checked) => {
                        return Err(Failure::failed(format!("measuring {}", row.input), why));
                    }
                    Err(why) => {
                        lost.push(who);
                        self.done.skipped.push(format!("{}: {why}", row.input));
                    }
                }
            }
        }
        self.done.rows.push(row);
        Ok(())
    }

    fn command(
        &self,
        who: Who,
        subject: &Subject,
        copied: Option<&Subject>,
    ) -> Result<Option<Command>, Failure> {
        let found = &self.found;
        Ok(match who {
            Who::Sordino => Some(redaction(subject, false, 1)?),
            Who::Checked => Some(redaction(subject, true, 1)?),
            Who::Ffmpeg => found.ffmpeg.as_deref().map(|path| rival::usual_recipe(path, subject)),
            Who::Sox => found.sox.as_deref().map(|path| rival::sox(path, subject)),
            Who::Cp => found.cp.as_deref().zip(copied).map(|(cp, wav)| rival::copy(cp, &wav.path)),
        })
    }

    /// FFmpeg asked so that it is exact, once each: it is slow. Against what sordino took before.
    fn exact_forms(
        &mut self,
        subject: &Subject,
        promised: [Option<f64>; 2],
    ) -> Result<(), Failure> {
        let Some(ffmpeg) = self.found.ffmpeg.clone() else { return Ok(()) };
        let Some(usual) = self.done.rows.last().cloned() else { return Ok(()) };
        let forms = [
            ("aeval", rival::by_formula(&ffmpeg, subject)),
            ("atrim, concat", rival::by_cutting(&ffmpeg, subject)),
        ];
        for ((name, command), promised) in forms.into_iter().zip(promised) {
            let input = format!("by {name}, once");
            (self.say)(format!("comparing: {input}"));
            match process(self.workshop, 1, command)? {
                Ok(run) => {
                    let promise = Promise { ffmpeg: promised, cp: None };
                    let mut row = Row::new(input, promise).exact(&usual);
                    row.saw(Who::Ffmpeg, run);
                    self.done.rows.push(row);
                }
                Err(why) => self.done.skipped.push(format!("{input}: {why}")),
            }
        }
        Ok(())
    }
}

/// Where the others are.
struct Found {
    ffmpeg: Option<PathBuf>,
    sox: Option<PathBuf>,
    cp: Option<PathBuf>,
}

impl Found {
    fn here() -> Self {
        let [ffmpeg, sox, cp] = ["ffmpeg", "sox", "cp"].map(rival::find);
        Self { ffmpeg, sox, cp }
    }

    fn missing(&self, skipped: &mut Vec<String>) {
        for (name, path) in [("ffmpeg", &self.ffmpeg), ("sox", &self.sox), ("cp", &self.cp)] {
            if path.is_none() {
                skipped.push(format!("{name}: not found on the PATH"));
            }
        }
    }
}
