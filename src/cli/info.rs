//! `sordino info`: what a recording is, before anybody redacts it.

use std::ops::ControlFlow;

use serde_json::{Value, json};
use sordino::Info;
use sordino::span::time_of;
use sordino::window::ClockTime;

use super::args::InfoArgs;
use super::exit::{self, Failure};
use super::plan;
use super::progress::Bar;
use super::report;

pub(crate) fn run(args: &InfoArgs) -> Result<(), Failure> {
    let (input, source) = plan::open(&args.input, &args.format)?;
    let (mut bar, length) = (Bar::new("reading"), source.length());
    let info = Info::watched(source, |progress| {
        bar.show(progress.bytes, length);
        ControlFlow::Continue(())
    });
    bar.clear();
    let info = info.map_err(|error| plan::named(&input, error));
    if args.json {
        let json = match &info {
            Ok(info) => to_json(info, &input),
            Err(error) => {
                json!({ "input": input, "redactable": false, "reason": exit::chain(error) })
            }
        };
        report::print(&json.to_string())?;
        // The object has said why.
        return if info.is_ok() { Ok(()) } else { Err(Failure::Found) };
    }
    let info = info.map_err(|error| Failure::of(format!("reading {input}"), error))?;
    report::print(&text(&info, &input))
}

/// What the samples of the output would be, without and with `--encoding same`.
fn outputs(info: &Info) -> (String, &'static str) {
    let format = info.stream_info.format.to_string();
    let same = match info.stream_info.codec {
        "pcm_alaw" => "A-law, byte for byte outside the windows",
        "pcm_mulaw" => "µ-law, byte for byte outside the windows",
        _ => "the same as without it",
    };
    (format, same)
}

fn text(info: &Info, input: &str) -> String {
    let recording = &info.stream_info;
    let seconds = |frames| ClockTime(time_of(frames, recording.rate));
    let (output, same) = outputs(info);
    let mut rows = vec![
        ("container".into(), recording.container.to_owned()),
        ("codec".into(), recording.codec.to_owned()),
        ("rate".into(), format!("{} Hz", recording.rate)),
        ("channels".into(), recording.channels.to_string()),
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
        rows.push(("gap".into(), format!("at {at} s, {length} s")));
    }
    for (channel, loudness) in info.channels.iter().enumerate() {
        let levels = [loudness.peak, loudness.rms].map(report::decibel);
        rows.push((
            format!("channel {channel}"),
            format!("peak {} dB, rms {} dB", levels[0], levels[1]),
        ));
    }
    for leftover in &info.leftovers {
        rows.push((
            "not audio".into(),
            format!("{}, {} bytes, dropped", leftover.name, leftover.bytes),
        ));
    }
    rows.push(("output".into(), format!("WAV, {output}")));
    rows.push(("--encoding same".into(), same.into()));
    let lines =
        rows.iter().map(|(name, value): &(String, String)| format!("  {name:<15}  {value}"));
    format!("{input}\n{}", lines.collect::<Vec<_>>().join("\n"))
}

fn to_json(info: &Info, input: &str) -> Value {
    let (_, same) = outputs(info);
    let mut json = report::recording(&info.stream_info, info.frames);
    json["input"] = input.into();
    json["redactable"] = true.into();
    json["seconds"] = time_of(info.frames, info.stream_info.rate).as_secs_f64().into();
    json["delay"] = info.delay.into();
    json["endProven"] = info.end_proven.into();
    json["beginsAt"] = info.begins.as_secs_f64().into();
    json["gaps"] = report::gaps(&info.gaps, info.stream_info.rate);
    json["bytes"] = info.bytes.into();
    json["levels"] = info
        .channels
        .iter()
        .map(|loudness| json!({ "peak": loudness.peak, "rms": loudness.rms }))
        .collect();
    json["metadata"] = report::leftovers(&info.leftovers);
    json["encodingSame"] = same.into();
    json
}
