//! `sordino info`: what a recording is, and whether it can be redacted.

use std::ops::ControlFlow;
use std::time::Instant;

use serde_json::{Value, json};
use sordino::level::Decibels;
use sordino::receipt::{GapsEntry, LevelsEntry};
use sordino::span::time_of;
use sordino::window::ClockTime;
use sordino::{Gaps, Info, OutputFormat};

use super::args::InfoArgs;
use super::exit::{self, Failure};
use super::input;
use super::messages::detail;
use super::progress::ByteProgress;
use super::text::elapsed;
use super::{remote, report};

pub(crate) fn run(args: &InfoArgs) -> Result<(), Failure> {
    remote::configure(&args.store);
    let began = Instant::now();
    let (name, source) = input::open(&args.input, args.format.own_options())?;
    let (mut bar, length) = (ByteProgress::new("reading"), source.length());
    let info = Info::watched(source, |progress| {
        bar.show(progress.bytes, length);
        ControlFlow::Continue(())
    });
    bar.clear();
    let info = info.map_err(|error| input::explain(&name, error));
    if let Ok(info) = &info {
        detail(&format!("decoded {} bytes in {}", info.bytes, elapsed(began.elapsed())));
    }
    if args.json {
        let json = match &info {
            Ok(info) => to_json(info, &name, args.format.own_options().gaps),
            Err(error) => {
                json!({ "inputFile": name, "redactable": false, "reason": exit::chain(error) })
            }
        };
        report::print(&json.to_string())?;
        // The object holds the reason.
        return if info.is_ok() { Ok(()) } else { Err(Failure::Found) };
    }
    let info = info.map_err(|error| Failure::of(format!("reading {name}"), error))?;
    report::print(&text(&info, &name))
}

/// What `--encoding same` changes.
fn encoding_same(info: &Info) -> &'static str {
    match (OutputFormat::keeping(&info.stream_info), info.stream_info.codec) {
        (Some(OutputFormat::Flac), _) => "FLAC, byte for byte outside the windows",
        (Some(OutputFormat::OggFlac), _) => {
            "Ogg FLAC, frame for frame outside the windows, if it is alone in the file"
        }
        (Some(OutputFormat::Opus), _) => {
            "Ogg Opus, packet for packet outside the windows; with --silence alone"
        }
        (Some(_), "pcm_alaw") => "A-law, byte for byte outside the windows",
        (Some(_), "pcm_mulaw") => "µ-law, byte for byte outside the windows",
        (Some(_), _) => "no difference",
        (None, "flac") => {
            "refused: only FLAC in a file of its own or in Ogg, of up to 24 bits, can be kept"
        }
        (None, codec) if codec.starts_with("pcm_") => "refused: samples of 64 bits cannot be kept",
        (None, _) => "refused: only FLAC, Ogg Opus, PCM, A-law and µ-law can be kept",
    }
}

fn text(info: &Info, name: &str) -> String {
    let stream = &info.stream_info;
    let seconds = |frames| ClockTime(time_of(frames, stream.rate));
    let mut rows = vec![
        ("container".into(), stream.container.to_owned()),
        ("codec".into(), stream.codec.to_owned()),
        ("rate".into(), format!("{} Hz", stream.rate)),
        ("channels".into(), stream.channels.to_string()),
        ("length".into(), format!("{} frames, {} s", info.frames, seconds(info.frames))),
    ];
    if info.delay > 0 {
        let delay = format!("{} frames, {} s, dropped", info.delay, seconds(info.delay));
        rows.push(("codec delay".into(), delay));
    }
    rows.push(("end".into(), if info.end_proven { "proven" } else { "not proven" }.into()));
    if !info.begins.is_zero() {
        let begins = ClockTime(info.begins);
        rows.push(("begins at".into(), format!("{begins} s of its container's clock")));
    }
    for gap in &info.gaps {
        let (at, length) = (seconds(gap.at), seconds(gap.frames));
        rows.push(("gap".into(), format!("at {at} s, {length} s long")));
    }
    for (channel, loudness) in info.channels.iter().enumerate() {
        let (peak, rms) = (Decibels::of(loudness.peak), Decibels::of(loudness.rms));
        rows.push((format!("channel {channel}"), format!("peak {peak} dB, rms {rms} dB")));
    }
    for left in &info.leftovers {
        let value = format!("{}, {} bytes, dropped", left.name, left.bytes);
        rows.push(("not audio".into(), value));
    }
    rows.push(("output".into(), format!("WAV, {}", stream.format)));
    rows.push(("--encoding same".into(), encoding_same(info).into()));
    let lines =
        rows.iter().map(|(name, value): &(String, String)| format!("  {name:<15}  {value}"));
    format!("{name}\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn to_json(info: &Info, name: &str, policy: Gaps) -> Value {
    let stream = &info.stream_info;
    let gaps = GapsEntry::of(policy, &info.gaps, stream.rate);
    let mut input = report::input(stream, info.end_proven, info.begins, gaps);
    input["bytes"] = info.bytes.into();
    input["frames"] = info.frames.into();
    json!({
        "inputFile": name,
        "redactable": true,
        "frames": info.frames,
        "seconds": time_of(info.frames, stream.rate).as_secs_f64(),
        "delay": info.delay,
        "levels": info.channels.iter().copied().map(LevelsEntry::of).collect::<Vec<_>>(),
        "input": input,
        "output": report::output(stream),
        "dropped": report::dropped(&info.leftovers),
        "encodingSame": encoding_same(info),
    })
}
