//! `--compare`: the same redaction by sordino and by its competitors, in turn.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

use super::super::exit::Failure;
use super::super::table::table;
use super::Bench;
use super::input::{Input, RATE};
use super::stages::redaction;
use super::stats::{Cost, known, memory, time};

/// The competitors, and what makes each print its version.
const COMPETITORS: [(&str, &str); 2] = [("ffmpeg", "-version"), ("cp", "--version")];

/// Inputs that FFmpeg makes of the WAV: name, file, options.
const KINDS: [(&str, &str, &[&str]); 6] = [
    ("µ-law WAV", "mulaw.wav", &["-c:a", "pcm_mulaw"]),
    ("FLAC", "call.flac", &["-c:a", "flac"]),
    ("FLAC, blocks of 4096", "blocks.flac", &["-c:a", "flac", "-frame_size", "4096"]),
    ("MP3 32 kbit/s", "call.mp3", &["-c:a", "libmp3lame", "-b:a", "32k"]),
    ("Ogg Vorbis", "call.ogg", &["-c:a", "libvorbis"]),
    ("AAC in M4A", "call.m4a", &["-c:a", "aac", "-b:a", "32k"]),
];

/// How a FLAC is kept: what is added to its name, and the options of `sordino file`.
const KEPT: [(&str, &[&str]); 2] = [(" kept", &[]), (" kept, no MD5", &["--no-md5"])];

/// The length of a short recording, in seconds.
const CLIP: u64 = 24;

/// Who takes turns, as JSON calls them. sordino comes twice, without and with its self-check.
const WHO: [&str; 4] = ["sordino", "sordinoSelfCheck", "ffmpeg", "cp"];

type Costs = BTreeMap<&'static str, Cost>;

/// What everybody took for one input. Ratios are of medians.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) input: String,
    #[serde(flatten)]
    costs: Costs,
    pub(super) times_as_fast_as_ffmpeg: Option<f64>,
    times_as_fast_as_ffmpeg_self_check: Option<f64>,
    times_as_long_as_cp: Option<f64>,
}

impl Row {
    fn new(input: String, costs: Costs) -> Self {
        let ratio = |one, other| {
            let median = |who| costs.get(who).map(|cost: &Cost| cost.seconds.median);
            Some(median(one)? / median(other)?)
        };
        Self {
            input,
            times_as_fast_as_ffmpeg: ratio("ffmpeg", "sordino"),
            times_as_fast_as_ffmpeg_self_check: ratio("ffmpeg", "sordinoSelfCheck"),
            times_as_long_as_cp: ratio("sordino", "cp"),
            costs,
        }
    }

    /// The cells of one line of the table.
    fn cells(&self) -> Vec<String> {
        let times = WHO.map(|who| known(self.costs.get(who), |cost| time(cost.seconds.median)));
        let ratios = [
            self.times_as_fast_as_ffmpeg,
            self.times_as_fast_as_ffmpeg_self_check,
            self.times_as_long_as_cp,
        ];
        let ratios = ratios.map(|ratio| known(ratio, |ratio| format!("{ratio:.2}")));
        [vec![self.input.clone()], times.to_vec(), ratios.to_vec()].concat()
    }
}

/// What everybody took for every input.
#[derive(Debug, Default, Serialize)]
pub(super) struct Comparison {
    pub(super) rows: Vec<Row>,
    /// The version of each competitor that was found.
    versions: BTreeMap<&'static str, String>,
    /// What was left out, and why.
    skipped: Vec<String>,
}

/// Compares on the call in every format that can be made, or on the recording that was given.
pub(super) fn compare(bench: &Bench, input: &Input, given: bool) -> Result<Comparison, Failure> {
    let mut all = Comparison::default();
    for (name, flag) in COMPETITORS {
        match version(bench, name, flag) {
            Some(version) => drop(all.versions.insert(name, version)),
            None => all.skipped.push(format!("{name}: not found on the PATH")),
        }
    }
    if given {
        all.row(bench, &input.name, input)?;
        return Ok(all);
    }
    all.row(bench, "16-bit WAV", input)?;
    for (name, file, options) in KINDS {
        bench.status.say(format!("making: {name}"));
        match all.convert(bench, input, file, options) {
            Ok(kind) => {
                all.row(bench, name, &kind)?;
                for (how, options) in KEPT.iter().filter(|_| file.ends_with(".flac")) {
                    all.row(bench, &format!("{name}{how}"), &kind.written("out.flac", options))?;
                }
            }
            Err(why) => all.skipped.push(format!("{name}: {why}")),
        }
    }
    let clip = Input::call(bench.scratch.path("clip.wav"), CLIP * u64::from(RATE))?;
    all.row(bench, &format!("{CLIP} s clip"), &clip)?;
    Ok(all)
}

/// The first line of a program's version, empty if it has none; `None` if it is not on the PATH.
fn version(bench: &Bench, name: &str, flag: &str) -> Option<String> {
    let mut command = Command::new(name);
    // An empty part of the PATH is the current folder, where no program of the user's may run.
    command.arg(flag).current_dir(bench.scratch.path("")).stdin(Stdio::null());
    let text = command.output().ok()?.stdout;
    Some(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned())
}

/// FFmpeg, from one file into another.
fn ffmpeg(from: &Path, options: &[&str], to: &Path) -> Command {
    // Whatever a path looks like, it is no URL and no option.
    let file = |path: &Path| {
        let mut url = OsString::from("file:");
        url.push(path);
        url
    };
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(file(from)).args(options).arg(file(to));
    command
}

/// FFmpeg's usual recipe. It is exact to a frame of the filter graph, not to a sample.
fn usual_recipe(input: &Input) -> Command {
    let windows = input.windows().into_iter();
    let windows = windows.map(|(start, end)| format!("between(t,{start},{end})"));
    let inside = windows.collect::<Vec<_>>().join("+");
    ffmpeg(
        &input.path,
        &["-af", &format!("volume=enable='{inside}':volume=0.001")],
        input.output.as_ref(),
    )
}

impl Comparison {
    fn has(&self, program: &str) -> bool {
        self.versions.contains_key(program)
    }

    /// The WAV in another format, or why it cannot be made.
    fn convert(
        &self,
        bench: &Bench,
        wav: &Input,
        file: &str,
        options: &[&str],
    ) -> Result<Input, String> {
        if !self.has("ffmpeg") {
            return Err("made with ffmpeg, which was not found".into());
        }
        let path = bench.scratch.path(file);
        let made = bench.scratch.measure(1, &ffmpeg(&wav.path, options, &path));
        made.map_err(|why| format!("ffmpeg cannot make it: {why}"))?;
        Ok(wav.converted(path))
    }

    /// Measures everybody in turn.
    fn row(&mut self, bench: &Bench, name: &str, input: &Input) -> Result<(), Failure> {
        let mut commands = vec![
            ("sordino", redaction(input, false, 1)?),
            ("sordinoSelfCheck", redaction(input, true, 1)?),
        ];
        let mut copy = Command::new("cp");
        copy.arg(&input.path).arg(input.output);
        // A copy of another format is not as long as the output.
        let is_copied = self.has("cp") && input.is_wav;
        let competitors = [
            self.has("ffmpeg").then(|| ("ffmpeg", usual_recipe(input))),
            is_copied.then_some(("cp", copy)),
        ];
        for (who, command) in competitors.into_iter().flatten() {
            // A try that does not count: it may not know the format.
            match bench.scratch.measure(1, &command) {
                Ok(_) => commands.push((who, command)),
                Err(why) => self.skipped.push(format!("{name}: {why}")),
            }
        }
        let costs = bench.in_turn(name, &commands, |(_, command)| {
            let run = bench.scratch.measure(1, command);
            run.map_err(|why| Failure::failed(format!("measuring {name}"), why))
        })?;
        let costs = commands.iter().map(|&(who, _)| who).zip(costs).collect();
        self.rows.push(Row::new(name.into(), costs));
        Ok(())
    }

    pub(super) fn text(&self) -> String {
        let headings =
            ["compared", "sordino", "checked", "FFmpeg", "cp", "speed-up", "checked", "vs cp"];
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let mut text = table(&headings, 1..8, &rows);
        text += "\nspeed-up: FFmpeg's time / sordino's; vs cp: sordino's time / cp's\n";
        let peak = |(who, name)| {
            let costs = self.rows.iter().filter_map(|row| row.costs.get(who));
            let most = costs.filter_map(|cost| cost.peak_memory_bytes).max();
            most.map(|most| format!("{name} {}", memory(most)))
        };
        let peaks: Vec<_> = WHO.iter().zip(&headings[1..]).filter_map(peak).collect();
        text += &format!("peak memory: {}\n", peaks.join(", "));
        for version in self.versions.values().filter(|version| !version.is_empty()) {
            text += &format!("compared with: {version}\n");
        }
        for skipped in &self.skipped {
            text += &format!("skipped: {skipped}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::stats::Run;
    use super::*;

    #[test]
    fn ratios_are_of_medians() {
        let cost = |times: &[f64]| {
            let runs = times.iter().map(|&wall| Run { wall, cpu: None, peak: Some(5) });
            Cost::of(&runs.collect::<Vec<_>>())
        };
        let costs = [("sordino", cost(&[1.0, 9.0, 2.0])), ("ffmpeg", cost(&[6.0]))];
        let row = Row::new("x".into(), costs.into());
        assert_eq!((row.times_as_fast_as_ffmpeg, row.times_as_long_as_cp), (Some(3.0), None));
        assert_eq!(row.costs["sordino"].peak_memory_bytes, Some(5));
    }
}
