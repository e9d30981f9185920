//! `--compare`: the same redaction by sordino and by its competitors, in turn.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Serialize;

use super::super::exit::Failure;
use super::super::table::table;
use super::input::Input;
use super::speech::RATE;
use super::stages::redaction;
use super::stats::{Cost, known, memory, time};
use super::{Bench, competitor};

/// Inputs that FFmpeg makes of the WAV: name, file, options, and the speed-up that is promised.
const KINDS: [(&str, &str, &[&str], f64); 5] = [
    ("µ-law WAV", "mulaw.wav", &["-c:a", "pcm_mulaw"], 3.0),
    ("FLAC", "call.flac", &["-c:a", "flac"], 6.0),
    ("MP3 32 kbit/s", "call.mp3", &["-c:a", "libmp3lame", "-b:a", "32k"], 1.4),
    ("Ogg Vorbis", "call.ogg", &["-c:a", "libvorbis"], 2.0),
    ("AAC in M4A", "call.m4a", &["-c:a", "aac", "-b:a", "32k"], 1.1),
];

/// The length of a short recording, in seconds.
const CLIP: u64 = 24;

/// Who takes turns, as JSON calls them. sordino comes twice, without and with its self-check.
const WHO: [&str; 5] = ["sordino", "sordinoSelfCheck", "ffmpeg", "sox", "cp"];

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
    times_as_fast_as_sox: Option<f64>,
    times_as_long_as_cp: Option<f64>,
    pub(super) promised: Promise,
    kept: Option<bool>,
}

/// The least speed-up that the project promises for one hour of recording.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Promise {
    pub(super) times_as_fast_as_ffmpeg: Option<f64>,
}

impl Row {
    fn new(input: String, costs: Costs, promised: Option<f64>) -> Self {
        let ratio = |one, other| {
            let median = |who| costs.get(who).map(|cost: &Cost| cost.seconds.median);
            Some(median(one)? / median(other)?)
        };
        let speed_up = ratio("ffmpeg", "sordino");
        Self {
            input,
            times_as_fast_as_ffmpeg: speed_up,
            times_as_fast_as_ffmpeg_self_check: ratio("ffmpeg", "sordinoSelfCheck"),
            times_as_fast_as_sox: ratio("sox", "sordino"),
            times_as_long_as_cp: ratio("sordino", "cp"),
            promised: Promise { times_as_fast_as_ffmpeg: promised },
            kept: speed_up.zip(promised).map(|(speed_up, promised)| speed_up >= promised),
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
        let promised = known(self.promised.times_as_fast_as_ffmpeg, |least| least.to_string());
        let kept = known(self.kept, |kept| if kept { "yes" } else { "no" }.into());
        [vec![self.input.clone()], times.to_vec(), ratios.to_vec(), vec![promised, kept]].concat()
    }
}

/// What everybody took for every input.
#[derive(Debug, Default, Serialize)]
pub(super) struct Comparison {
    pub(super) rows: Vec<Row>,
    /// How many rows, from the first, are of FFmpeg's usual recipe.
    #[serde(skip)]
    pub(super) usual: usize,
    /// The version of each competitor that was found.
    versions: BTreeMap<&'static str, String>,
    /// What was left out, and why.
    skipped: Vec<String>,
}

/// Compares on noise in every format that can be made, or on the recording that was given.
pub(super) fn compare(bench: &Bench, input: &Input, given: bool) -> Result<Comparison, Failure> {
    let versions = competitor::versions(&bench.scratch);
    let mut all = Comparison { versions, ..Comparison::default() };
    for (name, _) in competitor::ALL {
        if !all.has(name) {
            all.skipped.push(format!("{name}: not found on the PATH"));
        }
    }
    let name = if given { &input.name } else { "16-bit WAV" };
    let promised = |speed_up| (!given).then_some(speed_up);
    all.row(bench, name, input, competitor::usual_recipe, promised(3.0))?;
    for (name, file, options, speed_up) in KINDS.into_iter().filter(|_| !given) {
        bench.status.say(format!("making: {name}"));
        match all.convert(bench, input, file, options) {
            Ok(kind) => all.row(bench, name, &kind, competitor::usual_recipe, Some(speed_up))?,
            Err(why) => all.skipped.push(format!("{name}: {why}")),
        }
    }
    if !given {
        let clip = Input::noise(bench.scratch.path("clip.wav"), CLIP * u64::from(RATE))?;
        let name = format!("{CLIP} s clip");
        all.row(bench, &name, &clip, competitor::usual_recipe, Some(15.0))?;
    }
    all.usual = all.rows.len();
    if all.has("ffmpeg") {
        all.row(bench, "by aeval", input, competitor::by_formula, promised(30.0))?;
        all.row(bench, "by atrim, concat", input, competitor::by_cutting, promised(3.0))?;
    }
    Ok(all)
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
        let made = bench.scratch.measure(1, &competitor::ffmpeg(&wav.path, options, &path));
        made.map_err(|why| format!("ffmpeg cannot make it: {why}"))?;
        Ok(wav.converted(path))
    }

    /// Measures everybody in turn, FFmpeg by this recipe.
    fn row(
        &mut self,
        bench: &Bench,
        name: &str,
        input: &Input,
        recipe: fn(&Input) -> Command,
        promised: Option<f64>,
    ) -> Result<(), Failure> {
        // A copy of another format is not as long as the output.
        let is_copied = self.has("cp") && input.is_wav;
        let mut commands: [Option<Command>; 5] = [
            Some(redaction(input, false, 1)?),
            Some(redaction(input, true, 1)?),
            self.has("ffmpeg").then(|| recipe(input)),
            self.has("sox").then(|| competitor::sox(input)),
            is_copied.then(|| competitor::copy(input)),
        ];
        let mut runs = [const { Vec::new() }; 5];
        for run in 1..=bench.runs {
            bench.status.say(format!("comparing: {name}, run {run} of {}", bench.runs));
            for (at, slot) in commands.iter_mut().enumerate() {
                let Some(command) = slot else { continue };
                match bench.scratch.measure(1, command) {
                    Ok(run) => runs[at].push(run),
                    Err(why) if WHO[at].starts_with("sordino") => {
                        return Err(Failure::failed(format!("measuring {name}"), why));
                    }
                    Err(why) => {
                        self.skipped.push(format!("{name}: {why}"));
                        *slot = None;
                    }
                }
            }
        }
        let costs = WHO.into_iter().zip(&runs);
        let costs = costs.filter_map(|(who, runs)| Some((who, Cost::of(runs)?))).collect();
        self.rows.push(Row::new(name.into(), costs, promised));
        Ok(())
    }

    pub(super) fn text(&self) -> String {
        let headings = [
            "compared", "sordino", "checked", "FFmpeg", "SoX", "cp", "speed-up", "checked",
            "vs cp", "promised", "kept",
        ];
        let rows: Vec<_> = self.rows.iter().map(Row::cells).collect();
        let mut text = table(&headings, 1..11, &rows);
        text += "\nspeed-up: FFmpeg's time / sordino's, promised for one hour; vs cp: sordino's time / cp's\n";
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

    /// The times of sordino and of FFmpeg, run by run.
    fn row(sordino: &[f64], ffmpeg: &[f64], promised: Option<f64>) -> Row {
        let costs =
            [("sordino", sordino), ("ffmpeg", ffmpeg)].into_iter().filter_map(|(who, times)| {
                let runs = times.iter().map(|&wall| Run { wall, cpu: None, peak: Some(5) });
                Some((who, Cost::of(&runs.collect::<Vec<_>>())?))
            });
        Row::new("x".into(), costs.collect(), promised)
    }

    #[test]
    fn ratios_are_of_medians() {
        let row = row(&[1.0, 9.0, 2.0], &[6.0], None);
        assert_eq!((row.times_as_fast_as_ffmpeg, row.times_as_fast_as_sox), (Some(3.0), None));
        assert_eq!(row.costs["sordino"].peak_memory_bytes, Some(5));
    }

    #[test]
    fn a_promise_is_kept_broken_or_cannot_be_told() {
        assert_eq!(row(&[2.0], &[6.0], Some(3.0)).kept, Some(true));
        assert_eq!(row(&[2.1], &[6.0], Some(3.0)).kept, Some(false));
        assert_eq!(row(&[2.0], &[], Some(3.0)).kept, None, "no ffmpeg");
        assert_eq!(row(&[9.0], &[6.0], None).kept, None, "nothing is promised");
    }
}
