//! Ogg Opus that stays Ogg Opus: nothing is heard in a window, whoever decodes it, and every packet that is
//! not near a window is the input's.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;
use sordino::receipt::{FileMatch, Receipt};
use sordino::verify::Verdict;
use sordino::{
    DecodeOptions, Encoding, Error, EvidenceOptions, OutputFormat, Redacted, Redaction, Treatment,
    VerifyOptions, Windows,
};

use crate::support::*;

/// The windows of most tests, in ms, and as a person writes them.
const WINDOWS: [(u64, u64); 3] = [(1000, 1300), (2005, 2011), (3003, 4020)];
const WRITTEN: [&str; 3] = ["1-1.3", "2.005-2.011", "3.003-4.02"];

/// What a page has besides its body: flags, granule position, serial number, how many pieces of packets.
pub type PageHead = (u8, [u8; 8], [u8; 4], usize);

/// The pages of an Ogg, and its packets, headers included.
pub fn split(mut ogg: &[u8]) -> (Vec<PageHead>, Vec<Vec<u8>>) {
    let (mut pages, mut packets, mut packet) = (Vec::new(), Vec::new(), Vec::new());
    while !ogg.is_empty() {
        let lacing = &ogg[27..27 + usize::from(ogg[26])];
        let mut body = &ogg[27 + lacing.len()..];
        let open = usize::from(lacing.last() == Some(&255));
        let pieces = lacing.iter().filter(|&&size| size < 255).count() + open;
        pages.push((
            ogg[5],
            ogg[6..14].try_into().unwrap(),
            ogg[14..18].try_into().unwrap(),
            pieces,
        ));
        for &size in lacing {
            let (segment, rest) = body.split_at(size.into());
            packet.extend_from_slice(segment);
            body = rest;
            if size < 255 {
                packets.push(std::mem::take(&mut packet));
            }
        }
        ogg = body;
    }
    (pages, packets)
}

/// The length of a packet in frames at 48 kHz.
pub fn length(packet: &[u8]) -> u64 {
    let frame = match packet[0] >> 3 {
        config @ 0..12 => [480, 960, 1920, 2880][usize::from(config & 3)],
        config @ 12..16 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    match packet[0] & 3 {
        0 => frame,
        1 | 2 => 2 * frame,
        _ => frame * u64::from(packet[1] & 0x3F),
    }
}

/// Whether all frames of a packet of one stream are silent ones of CELT.
pub fn is_silent(packet: &[u8]) -> bool {
    let frames = if packet[0] & 3 == 3 { &packet[2..] } else { &packet[1..] };
    packet[0] >> 3 >= 16
        && !frames.is_empty()
        && frames.chunks(2).all(|frame| frame == [0xFF, 0xFE])
}

fn same() -> DecodeOptions {
    DecodeOptions { encoding: Encoding::Same, ..DecodeOptions::default() }
}

fn run(opus: &[u8], windows: &Windows, evidence: EvidenceOptions) -> Result<Redacted, Error> {
    let source = stream(opus.to_vec()).with_options(same());
    Redaction::new(windows, Treatment::silence()).with_evidence(evidence).run(source)
}

/// The redacted Opus.
fn kept(opus: &[u8], windows: &Windows) -> Result<Vec<u8>, Error> {
    let redacted = run(opus, windows, EvidenceOptions::default())?;
    assert_eq!(redacted.format(), OutputFormat::Opus);
    let mut out = Vec::new();
    redacted.write_to(&mut out)?;
    Ok(out)
}

/// Five seconds of a call at 48 kHz, encoded by ffmpeg with these arguments.
fn encoded(folder: &Folder, channels: u8, more: &str) -> Vec<u8> {
    let out = folder.path("made.opus");
    let channels = channels.to_string();
    let args = ["-i", CALL, "-t", "5", "-ar", "48000", "-ac", &channels, "-c:a", "libopus"];
    ffmpeg(args.into_iter().chain(more.split_whitespace()).chain([out.as_str()]));
    std::fs::read(out).unwrap()
}

/// Compares packets and pages of an Opus with the one that was made of it. Returns how many are silence.
fn check_packets(before: &[u8], after: &[u8], windows: &[(u64, u64)], name: &str) -> usize {
    let ((pages, old), (new_pages, new)) = (split(before), split(after));
    assert_eq!(pages, new_pages, "{name}");
    assert_eq!(old.len(), new.len(), "{name}");
    assert_eq!(old[0], new[0], "{name}");
    let skip = u64::from(u16::from_le_bytes([old[0][10], old[0][11]]));
    let (mut at, mut places) = (0, Vec::new());
    for packet in &old[2..] {
        places.push(at..at + length(packet));
        at += length(packet);
    }
    let touched = |place: &std::ops::Range<u64>| {
        windows
            .iter()
            .any(|&(start, end)| place.start < end * 48 + 1 + skip && place.end > start * 48 + skip)
    };
    let touched: Vec<bool> = places.iter().map(touched).collect();
    let mut made = 0;
    for (n, (old, new)) in old[2..].iter().zip(&new[2..]).enumerate() {
        assert_eq!(length(old), length(new), "{name}: packet {n}");
        let near = |other: usize| {
            let (one, two) = (&places[n.min(other)], &places[n.max(other)]);
            let between = two.start - one.end.min(two.start);
            let (packets, frames) = if other > n { (1, 960) } else { (2, 1920) };
            touched[other] && (n.abs_diff(other) <= packets || between < frames)
        };
        if (n.saturating_sub(60)..(n + 30).min(places.len())).any(near) {
            assert!(is_silent(new), "{name}: packet {n} is open");
            made += 1;
        } else {
            assert!(old == new, "{name}: packet {n} has changed");
        }
    }
    made
}

/// The largest amplitude in the windows, of an Opus decoded at 48 kHz to 16 bits.
fn loudest(samples: &[i16], channels: u8, windows: &[(u64, u64)]) -> u16 {
    let at = |ms: u64| usize::try_from(ms * 48).unwrap() * usize::from(channels);
    let inside = windows
        .iter()
        .flat_map(|&(start, end)| &samples[at(start)..at(end) + usize::from(channels)]);
    inside.map(|sample| sample.unsigned_abs()).max().unwrap()
}

fn raw_16(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// Channels, and arguments of ffmpeg's encoder.
const MODES: [(u8, &str); 21] = [
    (1, "-application voip -b:a 8k -cutoff 4000"),
    (1, "-application voip -b:a 10k -cutoff 6000 -frame_duration 60"),
    (1, "-application voip -b:a 14k -cutoff 8000 -frame_duration 40"),
    (1, "-application voip -b:a 14k -cutoff 8000 -frame_duration 10"),
    (2, "-application voip -b:a 24k -cutoff 8000"),
    (1, "-application voip -b:a 24k -cutoff 12000"),
    (1, "-application voip -b:a 32k -frame_duration 10"),
    (1, "-application voip -b:a 32k"),
    (2, "-application voip -b:a 48k"),
    (1, "-application lowdelay -b:a 48k -frame_duration 2.5"),
    (2, "-application lowdelay -b:a 64k -frame_duration 5"),
    (1, "-application lowdelay -b:a 48k -frame_duration 10"),
    (2, "-application audio -b:a 96k"),
    (2, "-application audio -b:a 128k -frame_duration 60"),
    (1, "-application audio -b:a 64k -frame_duration 120"),
    (1, "-application voip -b:a 16k -frame_duration 120"),
    (2, "-application voip -b:a 24k -frame_duration 80"),
    (1, "-application voip -b:a 20k -cutoff 8000 -fec 1 -packet_loss 30"),
    (2, "-application voip -b:a 40k -fec 1 -packet_loss 30 -frame_duration 40"),
    (1, "-application voip -b:a 16k -vbr off"),
    (2, "-application audio -b:a 256k -vbr off"),
];

#[test]
fn nothing_is_heard_in_a_window_of_any_mode_and_other_packets_stay() {
    if !installed("ffmpeg") || !installed("opusdec") {
        return;
    }
    let folder = Folder::new();
    let (mut configs, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for (channels, mode) in MODES {
        let before = encoded(&folder, channels, mode);
        let after = kept(&before, &windows(&WRITTEN)).unwrap_or_else(|why| panic!("{mode}: {why}"));
        for packet in &split(&before).1[2..] {
            configs.insert(packet[0] >> 3);
            codes.insert(packet[0] & 3);
        }
        let made = check_packets(&before, &after, &WINDOWS, mode);
        assert!(made > 10, "{mode}: {made} packets");
        let path = folder.write("kept.opus", &after);
        let native = ["-c:a", "opus", "-i", &path, "-f", "s16le", "-ar", "48000", "-"];
        assert_eq!(loudest(&raw_16(&ffmpeg(native)), channels, &WINDOWS), 0, "{mode}: FFmpeg");
        let opusdec = Command::new("opusdec")
            .args(["--quiet", "--no-dither", "--rate", "48000", &path, "-"])
            .output()
            .unwrap();
        assert!(opusdec.status.success(), "{mode}");
        assert_eq!(loudest(&raw_16(&opusdec.stdout), channels, &WINDOWS), 0, "{mode}: libopus");
        let length = |opus: &str| ffmpeg(["-i", opus, "-f", "s16le", "-"]).len();
        assert_eq!(length(&path), length(&folder.path("made.opus")), "{mode}");
    }
    // SILK in narrow, middle and wide band, hybrid, CELT; each kind of packet.
    for band in [0..4, 4..8, 8..12, 12..16, 16..32] {
        assert!(configs.iter().any(|config| band.contains(config)), "{band:?}: {configs:?}");
    }
    assert_eq!(codes, BTreeSet::from([0, 1, 2, 3]));
}

/// Where an encoder sends nothing, packets have one byte.
#[test]
fn packets_that_say_nothing_become_silence_too() {
    if !installed("ffmpeg") || !installed("opusenc") {
        return;
    }
    let folder = Folder::new();
    let (wav, opus) = (folder.path("in.wav"), folder.path("in.opus"));
    let quiet = "volume=0:enable='between(t,0.5,3.2)'";
    ffmpeg(["-i", CALL, "-t", "5", "-ac", "1", "-ar", "48000", "-af", quiet, &wav]);
    // 4016 is OPUS_SET_DTX.
    let args = ["--quiet", "--speech", "--bitrate", "12", "--set-ctl-int", "4016=1", &wav, &opus];
    assert!(Command::new("opusenc").args(args).status().unwrap().success());
    let before = std::fs::read(&opus).unwrap();
    let unsent = split(&before).1.iter().filter(|packet| packet.len() < 3).count();
    assert!(unsent > 20, "{unsent}");
    let after = kept(&before, &windows(&WRITTEN)).unwrap();
    check_packets(&before, &after, &WINDOWS, "DTX");
    let path = folder.write("kept.opus", &after);
    let samples = ffmpeg(["-c:a", "opus", "-i", &path, "-f", "s16le", "-ar", "48000", "-"]);
    assert_eq!(loudest(&raw_16(&samples), 1, &WINDOWS), 0);
}

/// How alike two signals are, at the best shift of up to 10 ms; 1: the same.
fn likeness(one: &[i16], two: &[i16]) -> f64 {
    let product = |a: &[i16], b: &[i16]| {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>()
    };
    let at = |shift: usize| {
        let (one, two) = (&one[shift..], &two[..two.len() - shift]);
        let scale = (product(one, one) * product(two, two)).sqrt();
        if scale == 0.0 { 0.0 } else { product(one, two).abs() / scale }
    };
    (0..480).map(at).fold(0.0, f64::max)
}

/// The packet behind a window carries what was said at its end once more, for a decoder that has lost a packet.
#[test]
fn no_copy_of_what_was_said_is_left_behind_a_window() {
    if !installed("ffmpeg") {
        return;
    }
    for (channels, millis, mode) in [
        (1, 20, "-application voip -b:a 24k -cutoff 8000 -fec 1 -packet_loss 50"),
        (
            1,
            60,
            "-application voip -b:a 24k -cutoff 8000 -fec 1 -packet_loss 50 -frame_duration 60",
        ),
        (2, 20, "-application voip -b:a 40k -cutoff 8000 -fec 1 -packet_loss 50"),
    ] {
        let found = check_copies(channels, millis, mode);
        assert!(found > 2, "{mode}: {found} copies to look for");
    }
}

/// Redacts windows that end in packets of so many milliseconds. Returns how many had a copy behind them.
fn check_copies(channels: u8, millis: usize, mode: &str) -> usize {
    let folder = Folder::new();
    let before = encoded(&folder, channels, mode);
    let (old, length) = (split(&before).1, 48 * millis);
    let decode = |decoder: &mut ropus::OpusDecoder, packet: &Vec<u8>, is_lost| {
        let mut samples = vec![0; length * usize::from(channels)];
        decoder.decode(Some(packet), &mut samples, length as i32, is_lost).unwrap();
        samples
    };
    let new_decoder = || ropus::OpusDecoder::new(48_000, channels.into()).unwrap();
    let mut found = 0;
    for last in (800 / millis..4000 / millis).step_by((140 / millis).max(1)) {
        // A window that ends in this packet.
        let at = |packet: f64| packet * millis as f64 / 1000.0;
        let window = format!("{:.3}-{:.3}", at(last as f64 - 10.5), at(last as f64 + 0.3));
        let new = split(&kept(&before, &windows(&[&window])).unwrap()).1;
        let copy = |packets: &[Vec<u8>], next: usize| {
            let mut decoder = new_decoder();
            packets[2..next - 1]
                .iter()
                .for_each(|packet| drop(decode(&mut decoder, packet, false)));
            // The packet before is lost, and is taken from this one.
            decode(&mut decoder, &packets[next], true)
        };
        // Two packets with headers come first; the pre-skip is less than a packet.
        let end = last * length + length * 3 / 10 + 312;
        let next = (2..old.len()).find(|&n| (n - 2) * length > end).unwrap();
        let mut decoder = new_decoder();
        let said = old[2..next].iter().map(|packet| decode(&mut decoder, packet, false)).last();
        let said = said.unwrap();
        let energy: f64 = said.iter().map(|&s| f64::from(s).powi(2)).sum();
        if energy < said.len() as f64 * 300.0 * 300.0 || likeness(&said, &copy(&old, next)) < 0.9 {
            continue;
        }
        found += 1;
        for behind in next..next + 3 {
            let left = copy(&new, behind);
            assert!(likeness(&said, &left) < 0.5, "{mode}: window {window}, packet {behind}");
        }
    }
    found
}

/// Several streams in each packet.
#[test]
fn nothing_is_heard_in_a_window_of_surround() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let pan = "-af pan=5.1|FL=c0|FR=c1|FC=c0|LFE=c1|BL=c1|BR=c0 -mapping_family 1 -b:a 128k";
    let before = encoded(&folder, 6, pan);
    let after = kept(&before, &windows(&WRITTEN)).unwrap();
    let path = folder.write("kept.opus", &after);
    for opus in [folder.path("made.opus"), path] {
        let samples = ffmpeg(["-i", &opus, "-f", "s16le", "-ar", "48000", "-ac", "6", "-"]);
        let loudest = loudest(&raw_16(&samples), 6, &WINDOWS);
        assert_eq!(loudest > 0, opus.ends_with("made.opus"), "{opus}: {loudest}");
    }
    let (old, new) = (split(&before).1, split(&after).1);
    let same = old.iter().zip(&new).filter(|(old, new)| old == new).count();
    assert!(same > old.len() / 2 && same < old.len() && old.len() == new.len(), "{same}");
}

#[test]
fn comments_go_and_the_receipt_tells_it() {
    if !installed("opusenc") {
        return;
    }
    let folder = Folder::new();
    let (wav, opus) = (folder.path("in.wav"), folder.path("in.opus"));
    ffmpeg(["-i", CALL, "-t", "5", &wav]);
    // More than a page of comments.
    let long = format!("note={}", "4111".repeat(20_000));
    let made = Command::new("opusenc")
        .args(["--quiet", "--comment", &long, "--title", "card 4111", &wav, &opus])
        .status()
        .unwrap();
    assert!(made.success());
    let before = std::fs::read(&opus).unwrap();
    let evidence = EvidenceOptions { receipt: true, ..EvidenceOptions::default() };
    let redacted = run(&before, &windows(&WRITTEN), evidence).unwrap();
    let receipt = Receipt::of(&redacted).unwrap();
    let mut after = Vec::new();
    redacted.write_to(&mut after).unwrap();
    let ((pages, old), (new_pages, new)) = (split(&before), split(&after));
    assert!(new_pages.len() < pages.len());
    assert!(new[1].starts_with(b"OpusTags") && new[1].ends_with(&[0; 4]) && new[1].len() < 100);
    assert_eq!(old[2], new[2]);
    assert!(!after.windows(4).any(|four| four == b"4111"));
    assert!(receipt.dropped.iter().any(|left| left.bytes >= 80_000), "{:?}", receipt.dropped);
    // What became silence is more than was asked for.
    let done = receipt.output.done.as_ref().unwrap();
    for ((start, end), done) in WINDOWS.iter().zip(done) {
        let (from, to) = (*start as f64 / 1000.0 - done.start, done.end - *end as f64 / 1000.0);
        assert!((0.02..0.05).contains(&from) && (0.04..0.07).contains(&to), "{from} {to}");
    }
    assert_eq!(receipt.output.container.as_deref(), Some("ogg"));
    let again = Receipt::parse(&receipt.to_json()).unwrap();
    assert_eq!(again, receipt);
    assert_eq!(again.compare(stream(after)).unwrap(), FileMatch::Identical);
    assert_eq!(again.compare(stream(before.clone())).unwrap(), FileMatch::Different);
    assert_eq!(again.reproduce(stream(before)).unwrap(), Vec::<&str>::new());
}

#[test]
fn a_cut_or_damaged_opus_is_an_error_and_the_way_of_arrival_makes_no_difference() {
    let opus = fixture_bytes("call.opus");
    let list = windows(&["1-2", "20-21"]);
    let whole = kept(&opus, &list).unwrap();
    for cut in [0, 5, 40, 300, opus.len() / 2, opus.len() - 1] {
        assert!(kept(&opus[..cut], &list).is_err(), "cut at {cut}");
    }
    for at in [100, opus.len() / 2, opus.len() - 9] {
        let mut bytes = opus.clone();
        bytes[at] ^= 4;
        assert!(kept(&bytes, &list).is_err(), "damaged at {at}");
    }
    let bytes = std::io::Cursor::new(opus);
    let source = sordino::Source::stream(Dribble { bytes, sizes: vec![1, 7, 4096, 3], turn: 0 });
    let redaction = Redaction::new(&list, Treatment::silence());
    let mut out = Vec::new();
    redaction.run(source.with_options(same())).unwrap().write_to(&mut out).unwrap();
    assert!(out == whole);
}

#[test]
fn parts_of_a_chained_opus_are_kept_each() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let one = encoded(&folder, 1, "-b:a 24k -serial_offset 1");
    let two = encoded(&folder, 1, "-b:a 24k -serial_offset 2");
    let (whole, list) = ([one.clone(), two].concat(), windows(&["1-1.3", "4.9-5.2", "8-8.1"]));
    let after = kept(&whole, &list).unwrap();
    let ((pages, old), (new_pages, new)) = (split(&whole), split(&after));
    assert_eq!((pages, old.len()), (new_pages, new.len()));
    let silent = new.iter().filter(|packet| is_silent(packet)).count();
    assert!((40..70).contains(&silent), "{silent}");
    let others = old.iter().zip(&new).filter(|(old, new)| old != new && !is_silent(new));
    assert!(others.clone().all(|(_, new)| new.starts_with(b"OpusTags")));
    assert_eq!(others.count(), 2);
}

#[test]
fn what_cannot_be_done_to_an_opus_is_wrong_usage() {
    let folder = Folder::new();
    let (input, out) = (fixture("call.opus"), folder.path("out.opus"));
    let input = input.to_str().unwrap();
    for (more, says) in [
        (&["-w", "1-2"][..], "add --silence"),
        (&["-w", "1-2", "--tone"], "add --silence"),
        (&["-w", "1-2", "--silence", "--fade", "10ms"], "--fade"),
        (&["-w", "1-2@0", "--silence"], "@CHANNEL"),
        (&["-w", "1-2", "--silence", "--edge", "exact"], "--edge exact"),
        (&["-w", "1-2", "--silence", "--encoding", "pcm"], "--encoding pcm"),
    ] {
        let done = sordino(&[&["file", input, "-o", &out], more].concat());
        assert_eq!(done.status.code(), Some(2), "{more:?}: {}", stderr(&done));
        assert!(stderr(&done).contains(says), "{}", stderr(&done));
        assert!(folder.names().is_empty());
    }
    let other = sordino(&["file", CALL, "-w", "1-2", "--silence", "-o", &out]);
    assert_eq!(other.status.code(), Some(2), "{}", stderr(&other));
}

#[test]
fn the_ending_of_the_output_keeps_an_opus() {
    let folder = Folder::new();
    let (input, out) = (fixture("call.opus"), folder.path("out.opus"));
    let input = input.to_str().unwrap();
    let args = ["file", input, "-w", "1-2", "--silence"];
    let done = sordino(&[&args[..], &["-o", &out, "--json"]].concat());
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(
        stderr(&done).contains("Opus is erased in whole packets: silent is"),
        "{}",
        stderr(&done)
    );
    let json: Value = serde_json::from_str(&stdout(&done)).unwrap();
    assert_eq!(json["output"]["container"], "ogg");
    let range = &json["output"]["done"][0];
    assert!(range["start"].as_f64().unwrap() <= 0.98 && range["end"].as_f64().unwrap() >= 2.04);
    let ogg = folder.path("out.ogg");
    assert!(sordino(&[&args[..], &["-o", &ogg]].concat()).status.success());
    assert!(std::fs::read(&ogg).unwrap() == std::fs::read(&out).unwrap());
    let piped = sordino(&[&args[..], &["-o", "-", "--encoding", "same"]].concat());
    assert!(piped.stdout == std::fs::read(&out).unwrap());
}

/// The bytes of an Ogg with this packet replaced by one that is as long, and with the right checksum.
pub fn with_packet(ogg: &[u8], number: usize, packet: &[u8]) -> Vec<u8> {
    let (mut bytes, mut at, mut count) = (ogg.to_vec(), 0, 0);
    while at < bytes.len() {
        let lacing = bytes[at + 27..at + 27 + usize::from(bytes[at + 26])].to_vec();
        let mut place = at + 27 + lacing.len();
        for &size in &lacing {
            if count == number && packet.len() == usize::from(size) {
                bytes[place..place + packet.len()].copy_from_slice(packet);
            }
            place += usize::from(size);
            count += usize::from(size < 255);
        }
        bytes[at + 22..at + 26].fill(0);
        let sum = bytes[at..place].iter().fold(0u32, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| {
                if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }
            })
        });
        bytes[at + 22..at + 26].copy_from_slice(&sum.to_le_bytes());
        at = place;
    }
    bytes
}

#[test]
fn an_audit_finds_a_single_packet_that_was_left_open_or_changed() {
    // More than 1,500 packets of 20 ms.
    let before = fixture_bytes("call.opus");
    let list = windows(&["10-15", "30.5-35.2"]);
    let after = kept(&before, &list).unwrap();
    let audit = |redacted: &[u8]| {
        let (one, two) = (stream(before.clone()), stream(redacted.to_vec()));
        sordino::verify(one, two, &list, VerifyOptions::default()).unwrap()
    };
    let whole = audit(&after);
    assert!(whole.is_clean() && !whole.is_recoverable(), "{whole:?}");
    assert_eq!(audit(&before).verdict(), Verdict::Leak);
    let (old, new) = (split(&before).1, split(&after).1);
    assert!(new.len() > 1500, "{}", new.len());
    // A packet outside with one other bit.
    let is_plain = |packet: &Vec<u8>| !is_silent(packet) && (4..255).contains(&packet.len());
    for from in [3, 900, new.len() - 200] {
        let number = (from..new.len()).find(|&n| is_plain(&new[n])).unwrap();
        assert_eq!(old[number], new[number]);
        let mut packet = new[number].clone();
        *packet.last_mut().unwrap() ^= 1;
        let audit = audit(&with_packet(&after, number, &packet));
        assert_eq!(audit.verdict(), Verdict::Changed, "packet {number}");
        assert!(audit.outside.changed > 0 && audit.outside.first < audit.outside.last);
    }
    // A window that leaves one packet of another one open.
    let inside = (510..740).find(|&n| is_silent(&new[n]) && old[n].len() > 20).unwrap() + 60;
    assert!(is_silent(&new[inside]));
    let at = (inside as f64 - 2.0) * 0.02 - 0.0065;
    let gap =
        [format!("10-{:.4}", at - 0.050), format!("{:.4}-15", at + 0.045), "30.5-35.2".into()];
    let gap: Vec<&str> = gap.iter().map(String::as_str).collect();
    let open = kept(&before, &windows(&gap)).unwrap();
    let left = split(&open).1.iter().zip(&new).filter(|(open, new)| open != new).count();
    assert_eq!(left, 1, "one packet is open");
    let audit = audit(&open);
    assert_eq!(audit.verdict(), Verdict::Leak);
    let leak = audit.windows[0].leak.unwrap();
    assert_eq!(leak.frames, 160, "20 ms at 8 kHz");
}
