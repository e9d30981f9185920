//! Recordings whose timestamps and packets disagree: gaps, late beginnings, ends without proof.
//!
//! The files are built from the fixtures, packet by packet. The expected output is that of the
//! whole file, or of the same packets with timestamps that fit them.

use std::ops::Range;
use std::time::Duration;

use proptest::prelude::*;
use sordino::receipt::FileMatch;
use sordino::{
    DecodeOptions, Error, EvidenceOptions, Gaps, Receipt, Redacted, Redaction, Report, Source,
    Treatment, VerifyOptions, verify,
};

use crate::formats::{pages, seal};
use crate::support::*;

/// Frames of a packet of 20 ms, at 8 kHz and at Ogg's 48 kHz, and the frames dropped at the front.
const PACKET: usize = 160;
const TICKS: i64 = 960;
const SKIP: usize = 52;

/// Two seconds.
#[expect(clippy::single_range_in_vec_init, reason = "one range is meant")]
const GONE: [Range<usize>; 1] = [100..200];

fn options(gaps: Gaps) -> DecodeOptions {
    DecodeOptions { gaps, ..DecodeOptions::default() }
}

/// Redacts with a receipt.
fn proven(
    source: Source,
    list: &[&str],
    treatment: Treatment,
    gaps: Gaps,
) -> Result<Redacted, Error> {
    let proof = EvidenceOptions { receipt: true, waveform: true, ..EvidenceOptions::default() };
    let source = source.with_options(options(gaps));
    Redaction::new(&windows(list), treatment).with_evidence(proof).run(source)
}

fn samples(redacted: &Redacted) -> Vec<i16> {
    let mut out = Vec::new();
    redacted.write_out(&mut out).unwrap();
    samples_16(&out)
}

/// All decoded samples except the first frame.
fn decoded(source: Source, gaps: Gaps) -> Result<Vec<i16>, Error> {
    proven(source, &["0-0.00001"], Treatment::silence(), gaps).map(|redacted| samples(&redacted))
}

fn refusal(source: Source, gaps: Gaps) -> Error {
    decoded(source, gaps).map(drop).unwrap_err()
}

/// The packets of an Ogg file with one stream, headers first.
fn packets(ogg: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut packet) = (Vec::new(), Vec::new());
    for page in pages(ogg) {
        let segments = usize::from(page[26]);
        let mut at = 27 + segments;
        for &size in &page[27..at] {
            packet.extend_from_slice(&page[at..at + usize::from(size)]);
            at += usize::from(size);
            if size < 255 {
                all.push(std::mem::take(&mut packet));
            }
        }
    }
    all
}

/// A page of whole packets.
fn page(flags: u8, granule: i64, number: usize, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut page = [b"OggS\0".as_slice(), &[flags], &granule.to_le_bytes(), &[7, 0, 0, 0]].concat();
    page.extend((number as u32).to_le_bytes());
    page.extend([0; 4]);
    let laces = packets.iter().flat_map(|packet| {
        let last = (packet.len() % 255) as u8;
        std::iter::repeat_n(255, packet.len() / 255).chain([last])
    });
    let laces: Vec<u8> = laces.collect();
    page.push(u8::try_from(laces.len()).unwrap());
    page.extend(laces);
    page.extend(packets.concat());
    seal(&mut page);
    page
}

/// An Ogg Opus file of these packets, each with the position of its end. `on_a_page`: packets per
/// page.
fn ogg_opus(headers: &[Vec<u8>], packets: &[(i64, Vec<u8>)], on_a_page: usize) -> Vec<u8> {
    let mut ogg = page(2, 0, 0, &headers[..1]);
    ogg.extend(page(0, 0, 1, &headers[1..]));
    // A page ends before a packet that does not follow the one before.
    let pages = packets.chunk_by(|a, b| b.0 - a.0 == TICKS).flat_map(|run| run.chunks(on_a_page));
    let pages: Vec<_> = pages.collect();
    for (index, packets) in pages.iter().enumerate() {
        let flags = if index + 1 == pages.len() { 4 } else { 0 };
        let data: Vec<_> = packets.iter().map(|(_, packet)| packet.clone()).collect();
        ogg.extend(page(flags, packets.last().unwrap().0, index + 2, &data));
    }
    ogg
}

/// The headers of the call in Opus, and its first ten seconds.
fn call_packets() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut all = packets(&fixture_bytes("call.opus"));
    let audio = all.split_off(2);
    (all, audio[..500].to_vec())
}

/// The call as Ogg without these packets: with the timestamps of the whole, and with ones that fit.
fn without(gone: &[Range<usize>], on_a_page: usize) -> (Vec<u8>, Vec<u8>) {
    let (headers, audio) = call_packets();
    let left = audio.into_iter().enumerate();
    let left: Vec<_> = left.filter(|(n, _)| !gone.iter().any(|gone| gone.contains(n))).collect();
    let clock = left.iter().map(|(n, packet)| ((*n as i64 + 1) * TICKS, packet.clone()));
    let count = left.iter().enumerate();
    let count = count.map(|(n, (_, packet))| ((n as i64 + 1) * TICKS, packet.clone()));
    let ogg = |packets: Vec<_>| ogg_opus(&headers, &packets, on_a_page);
    (ogg(clock.collect()), ogg(count.collect()))
}

/// The frame of the output at which a packet of the whole begins.
fn place(packet: usize) -> usize {
    (packet * PACKET).saturating_sub(SKIP)
}

#[test]
fn the_call_taken_apart_and_put_together_is_the_call() {
    let whole = decoded(stream(fixture_bytes("call.opus")), Gaps::Refuse).unwrap();
    for on_a_page in [1, 7, 100] {
        let made = decoded(stream(without(&[], on_a_page).0), Gaps::Refuse).unwrap();
        assert!(made == whole[..2 * place(500)], "{on_a_page} packets on a page");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any range of packets is left out of an Ogg file.
    #[test]
    fn a_gap_in_ogg_is_refused_filled_or_closed(
        first in 1usize..480, count in 1usize..120, on_a_page in prop::sample::select(vec![1usize, 3, 50]),
        start in 0u64..9000, length in 1u64..3000,
    ) {
        let gone = first..(first + count).min(499);
        let (file, joined) = without(std::slice::from_ref(&gone), on_a_page);
        check_gap(&file, &joined, &gone, (start, start + length))?;
    }
}

/// One gap: where it is reported, how it is filled, what is joined, and where windows are applied.
fn check_gap(
    file: &[u8],
    joined: &[u8],
    gone: &Range<usize>,
    (start, end): (u64, u64),
) -> Result<(), TestCaseError> {
    let (from, to) = (place(gone.start), place(gone.start) + gone.len() * PACKET);
    let source = || stream(file.to_vec());
    let refused = refusal(source(), Gaps::Refuse);
    let Error::Gap { at, length } = refused else { panic!("{refused}") };
    prop_assert_eq!(at, Duration::from_nanos(from as u64 * 125_000));
    prop_assert_eq!(length, Duration::from_millis(20 * gone.len() as u64));

    let joined = decoded(stream(joined.to_vec()), Gaps::Refuse).unwrap();
    let closed = decoded(source(), Gaps::Close).unwrap();
    prop_assert!(closed == joined, "closed");
    let filled = decoded(source(), Gaps::Fill).unwrap();
    prop_assert_eq!(filled.len(), 2 * place(500));
    prop_assert!(filled[..2 * from] == joined[..2 * from], "before the gap");
    prop_assert!(filled[2 * from..2 * to].iter().all(|&sample| sample == 0), "in the gap");
    prop_assert!(filled[2 * to..] == joined[2 * from..], "after the gap");

    // A window treats the same audio in all three.
    let window = format!("{start}ms-{end}ms");
    let fade = Duration::from_millis(300);
    for treatment in [Treatment::tone(440).unwrap(), Treatment::silence().with_fade(fade)] {
        let both =
            [Gaps::Fill, Gaps::Close].map(|gaps| proven(source(), &[&window], treatment, gaps));
        let [fill, close] = both.map(Result::unwrap);
        let without_gap = [&samples(&fill)[..2 * from], &samples(&fill)[2 * to..]].concat();
        prop_assert!(samples(&close) == without_gap, "{window}, {treatment:?}");
        for redacted in [fill, close] {
            hold(&redacted, source(), gone);
        }
    }
    Ok(())
}

/// The receipt lists the gap, is consistent, and can be reproduced.
fn hold(redacted: &Redacted, original: Source, gone: &Range<usize>) {
    let receipt = Receipt::of(redacted).unwrap();
    let receipt = Receipt::parse(&receipt.to_json()).unwrap();
    let list = &receipt.inputs[0].gaps.as_ref().unwrap().list;
    let found: Vec<_> = list.iter().map(|gap| (gap.first, gap.frames)).collect();
    assert_eq!(found, [(place(gone.start) as u64, (gone.len() * PACKET) as u64)]);
    assert_eq!(receipt.reproduce(original).unwrap(), Vec::<&str>::new());
    let mut out = Vec::new();
    redacted.write_out(&mut out).unwrap();
    assert_eq!(receipt.compare(stream(out)).unwrap(), FileMatch::Identical);
}

/// The blocks of a Matroska file: the place of each and its bytes.
fn blocks(file: &[u8]) -> Vec<(usize, usize)> {
    let number = |at: usize| -> (usize, u64) {
        let length = file[at].leading_zeros() as usize + 1;
        let digits =
            file[at..at + length].iter().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        (length, digits & ((1 << (7 * length)) - 1))
    };
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        let id_length = file[at].leading_zeros() as usize + 1;
        let (size_length, size) = number(at + id_length);
        match &file[at..at + id_length] {
            // Go into segments and clusters.
            [0x18, 0x53, 0x80, 0x67] | [0x1F, 0x43, 0xB6, 0x75] => at += id_length + size_length,
            [id, ..] => {
                if *id == 0xA3 && id_length == 1 {
                    found.push((at, size as usize - 4));
                }
                at += id_length + size_length + size as usize;
            }
            [] => break,
        }
    }
    found
}

/// The file with these blocks turned into void elements.
fn without_blocks(file: &[u8], gone: &Range<usize>) -> Vec<u8> {
    let mut file = file.to_vec();
    for (at, _) in &blocks(&file.clone())[gone.clone()] {
        file[*at] = 0xEC;
    }
    file
}

#[test]
fn a_gap_in_matroska_is_refused_filled_or_closed() {
    if !installed("ffmpeg") {
        return;
    }
    let pcm = ["-i", CALL, "-t", "5", "-c:a", "pcm_s16le", "-f", "matroska", "-"];
    let whole = ffmpeg(pcm);
    let all = blocks(&whole);
    let intact = decoded(stream(whole.clone()), Gaps::Refuse).unwrap();
    for gone in [1..2, 5..9, 2..all.len() - 1] {
        let file = without_blocks(&whole, &gone);
        let samples = |blocks: usize| all[..blocks].iter().map(|(_, size)| size / 2).sum();
        let (from, to): (usize, usize) = (samples(gone.start), samples(gone.end));
        let error = refusal(stream(file.clone()), Gaps::Refuse);
        assert!(matches!(error, Error::Gap { .. }), "{error}");
        let closed = decoded(stream(file.clone()), Gaps::Close).unwrap();
        assert!(closed == [&intact[..from], &intact[to..]].concat(), "{gone:?}, closed");
        let filled = decoded(stream(file), Gaps::Fill).unwrap();
        let silence = vec![0; to - from];
        assert!(filled == [&intact[..from], &silence, &intact[to..]].concat(), "{gone:?}, filled");
    }
}

#[test]
fn a_gap_in_webm_is_filled_to_the_length_of_the_whole() {
    if !installed("ffmpeg") {
        return;
    }
    for codec in [["-c:a", "libopus"], ["-c:a", "libvorbis"]] {
        let live = [&["-i", CALL, "-t", "8"], codec.as_slice(), &["-f", "webm", "-live", "1", "-"]];
        let whole = ffmpeg(live.concat());
        let intact = decoded(stream(whole.clone()), Gaps::Refuse).unwrap();
        for gone in [100..101, 100..150] {
            let file = without_blocks(&whole, &gone);
            let closed = decoded(stream(file.clone()), Gaps::Close).unwrap();
            let filled = decoded(stream(file.clone()), Gaps::Fill).unwrap();
            assert_eq!(filled.len(), intact.len(), "{codec:?} {gone:?}");
            assert!(closed.len() < filled.len());
            let source = stream(file).with_options(options(Gaps::Fill));
            let redacted = proven(source, &["1-2", "4-5"], Treatment::silence(), Gaps::Fill);
            let gaps = redacted.unwrap().summary().gaps.clone();
            assert_eq!(gaps.len(), 1, "{gaps:?}");
        }
    }
}

#[test]
fn how_bytes_arrive_does_not_matter_to_gaps() {
    let (file, _) = without(&[3..40, 41..42, 300..301], 4);
    for gaps in [Gaps::Fill, Gaps::Close] {
        let whole = decoded(stream(file.clone()), gaps).unwrap();
        for sizes in [vec![1], vec![7, 1000, 1], vec![65_536]] {
            let bytes = std::io::Cursor::new(file.clone());
            let source = Source::stream(Dribble { bytes, sizes, turn: 0 });
            assert!(decoded(source, gaps).unwrap() == whole);
        }
    }
}

#[test]
fn windows_in_a_closed_gap_vanish_and_are_reported() {
    // By timestamp from 2 s less the pre-skip of 6.5 ms, for 2 s.
    let (file, _) = without(&GONE, 10);
    let list = ["2.5-3", "1.9-2.2", "3.9-4.1"];
    let redacted = proven(stream(file.clone()), &list, Treatment::silence(), Gaps::Close).unwrap();
    let summary = redacted.summary();
    let shown: Vec<_> = summary.vanished.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["2.5-3"]);
    let receipt = Receipt::of(&redacted).unwrap();
    let in_gap: Vec<_> = receipt.windows.iter().map(|window| window.in_gap).collect();
    assert_eq!(in_gap, [false, true, false]);
    let spans: Vec<_> = receipt.spans.iter().map(|span| (span.first, span.frames)).collect();
    let end = 100 * PACKET as u64 - SKIP as u64;
    let after = 32_801 - 200 * PACKET as u64 + SKIP as u64;
    let (one, two) = ((15_200, end - 15_200), (end, after));
    assert_eq!(spans, [one, one, two, two]);
    assert_eq!(summary.frames_treated, end - 15_200 + after);
    // All windows are in the gap: nothing is treated, and that is not an error.
    let redacted = proven(stream(file), &["2.5-3"], Treatment::silence(), Gaps::Close).unwrap();
    assert_eq!(redacted.summary().frames_treated, 0);
    assert!(Receipt::parse(&Receipt::of(&redacted).unwrap().to_json()).unwrap().spans.is_empty());
}

#[test]
fn the_report_shows_where_a_window_has_gone() {
    let file = endless(&without(&GONE, 10).0);
    for (gaps, said) in [(Gaps::Close, "closed"), (Gaps::Fill, "filled with silence")] {
        let list = ["2.5-3", "5-6"];
        let redacted = proven(stream(file.clone()), &list, Treatment::silence(), gaps).unwrap();
        let receipt = Receipt::of(&redacted).unwrap();
        let mut page = Vec::new();
        Report::new("call", &receipt, &redacted).write(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        let gap = format!("a gap of 16000 frames was {said}");
        assert!(page.contains(&gap), "{gaps:?}");
        assert!(page.contains("the file does not mark its end"));
        // Two seconds are missing before it.
        let (moved, gone) =
            (page.contains("(now from 0:03.000)"), page.contains("(in a closed gap)"));
        assert_eq!((moved, gone), (gaps == Gaps::Close, gaps == Gaps::Close), "{gaps:?}");
    }
}

#[test]
fn a_receipt_whose_gaps_were_edited_contradicts_itself() {
    let (file, _) = without(&GONE, 10);
    for gaps in [Gaps::Fill, Gaps::Close] {
        let made = proven(stream(file.clone()), &["2.5-3", "5-6"], Treatment::silence(), gaps);
        let receipt = Receipt::of(&made.unwrap()).unwrap().to_json();
        let receipt: serde_json::Value = serde_json::from_str(&receipt).unwrap();
        assert!(Receipt::parse(&receipt.to_string()).is_ok());
        let other = if gaps == Gaps::Fill { "close" } else { "fill" };
        let list = &receipt["inputs"][0]["gaps"]["list"];
        let twice = serde_json::json!([list[0], list[0]]);
        for (place, edited) in [
            ("/inputs/0/gaps", serde_json::Value::Null),
            ("/inputs/0/gaps/treatment", other.into()),
            ("/inputs/0/gaps/treatment", "refuse".into()),
            ("/inputs/0/gaps/list", serde_json::json!([])),
            ("/inputs/0/gaps/list", twice),
            ("/inputs/0/gaps/list/0/at", 2.into()),
            ("/inputs/0/gaps/list/0/first", 16_000.into()),
            ("/inputs/0/gaps/list/0/frames", 16_001.into()),
            ("/inputs/0/gaps/list/0/frames", u64::MAX.into()),
            ("/inputs/0/frames", 63_950.into()),
            ("/spans/0/first", 15_948.into()),
        ] {
            let mut copy = receipt.clone();
            *copy.pointer_mut(place).unwrap() = edited;
            let unchanged = copy == receipt;
            assert!(unchanged || Receipt::parse(&copy.to_string()).is_err(), "{gaps:?}, {place}");
        }
    }
}

#[test]
fn a_window_past_the_end_is_judged_by_the_clock() {
    let (file, _) = without(&GONE, 10);
    for gaps in [Gaps::Fill, Gaps::Close] {
        let last = proven(stream(file.clone()), &["9.9-9.95"], Treatment::silence(), gaps);
        assert_eq!(last.unwrap().summary().frames_treated, 401, "{gaps:?}");
        let past = proven(stream(file.clone()), &["10-11"], Treatment::silence(), gaps);
        assert!(matches!(past, Err(Error::WindowPastEnd { .. })), "{gaps:?}");
    }
}

#[test]
fn more_than_a_day_is_no_gap() {
    let (headers, audio) = call_packets();
    let day = 24 * 60 * 60 * 48_000;
    let file = |away: i64| {
        let two = [(TICKS, audio[0].clone()), (2 * TICKS + away, audio[1].clone())];
        stream(ogg_opus(&headers, &two, 1))
    };
    for gaps in [Gaps::Refuse, Gaps::Fill, Gaps::Close] {
        let error = refusal(file(day + TICKS), gaps);
        assert!(error.to_string().contains("more than a day is missing"), "{error}");
        let error = refusal(file(i64::MAX / 2), gaps);
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }
    let closed = decoded(file(day), Gaps::Close).unwrap();
    assert_eq!(closed.len(), 2 * place(2));
}

#[test]
fn a_recording_with_gaps_is_audited_alike() {
    let (file, _) = without(&GONE, 10);
    for gaps in [Gaps::Fill, Gaps::Close] {
        let original = || stream(file.clone()).with_options(options(gaps));
        let list = ["1.9-2.2", "5-6"];
        let out = redacted(original(), &list, Treatment::silence()).unwrap();
        let audit =
            verify(original(), stream(out), &windows(&list), VerifyOptions::default()).unwrap();
        assert!(audit.is_clean(), "{gaps:?}: {audit:?}");
        let audit =
            verify(original(), original(), &windows(&list), VerifyOptions::default()).unwrap();
        assert!(!audit.is_clean(), "{gaps:?}");
    }
}

/// A recording with the timestamps of a browser's clock keeps them when it is copied to Ogg: pages
/// are a little early or late, or drift. None of that hides a packet.
#[test]
fn pages_that_jitter_or_drift_have_no_gaps() {
    let (headers, audio) = call_packets();
    let intact = decoded(stream(without(&[], 10).0), Gaps::Refuse).unwrap();
    let last = audio.len() as i64;
    for (jitter, drift) in [([0, 384, -384, 100, -600, 850], 0), ([0; 6], 5000), ([0; 6], -5000)] {
        let place = |n: i64| {
            // The last page is on time: if it were early, that would be its padding.
            let off = if n >= last - 10 { 0 } else { jitter[(n as usize / 10) % 6] };
            let drifted = if drift == 0 { 0 } else { n / 10 * 10 * TICKS / drift };
            n * TICKS + off + drifted
        };
        let packets =
            (1..=last).zip(&audio).map(|(n, packet)| (place(n - 1) + TICKS, packet.clone()));
        let file = ogg_opus(&headers, &packets.collect::<Vec<_>>(), 10);
        for gaps in [Gaps::Refuse, Gaps::Fill] {
            let made = decoded(stream(file.clone()), gaps).unwrap();
            assert!(made == intact, "{jitter:?} {drift} {}", made.len());
        }
    }
}

#[test]
fn copies_between_containers_hold_the_same_audio() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    for (name, copies) in [
        ("call.webm", ["a.opus", "a.mka"]),
        ("call.opus", ["b.webm", "b.opus"]),
        ("call.ogg", ["c.webm", "c.mka"]),
    ] {
        let original = decoded(Source::open(fixture(name)).unwrap(), Gaps::Refuse).unwrap();
        for copy in copies {
            let path = folder.path(copy);
            ffmpeg(["-i", fixture(name).to_str().unwrap(), "-c", "copy", &path]);
            let copied = decoded(Source::open(&path).unwrap(), Gaps::Refuse).unwrap();
            let length = copied.len().min(original.len());
            // Some keep the padding at the end, others drop it.
            assert!(copied.len().abs_diff(original.len()) <= 2 * 2 * 1024, "{name} as {copy}");
            assert!(copied[..length] == original[..length], "{name} as {copy}");
        }
    }
}

/// The same file with every granule position of audio moved, and new checksums.
pub fn moved(ogg: &[u8], by: i64) -> Vec<u8> {
    let mut file = Vec::new();
    for page in pages(ogg) {
        let mut page = page.to_vec();
        let granule = i64::from_le_bytes(page[6..14].try_into().unwrap());
        if granule > 0 {
            page[6..14].copy_from_slice(&(granule + by).to_le_bytes());
            seal(&mut page);
        }
        file.extend(page);
    }
    file
}

/// A granule position is the end of the last packet of a page, so the place of a gap is a
/// convention: in Opus it is before the packets of the page, in Vorbis after the page before.
#[test]
fn a_page_of_opus_comes_after_its_gap_and_one_of_vorbis_before() {
    for (name, clock, skip) in [("call.opus", 48_000, SKIP as i64), ("call.ogg", 8000, 0)] {
        let whole = fixture_bytes(name);
        let pages = pages(&whole);
        let place = |index: usize| {
            let granule = i64::from_le_bytes(pages[index][6..14].try_into().unwrap());
            granule * 8000 / clock - skip
        };
        let file = [pages[..5].concat(), moved(&pages[5..].concat(), clock)].concat();
        let intact = decoded(stream(whole.clone()), Gaps::Refuse).unwrap();
        assert!(decoded(stream(file.clone()), Gaps::Close).unwrap() == intact, "{name}");
        let redacted = proven(stream(file), &["0-0.00001"], Treatment::silence(), Gaps::Fill);
        let redacted = redacted.unwrap();
        let gap = redacted.summary().gaps[0];
        let meant = if clock == 48_000 { place(4) } else { place(5) };
        assert_eq!((gap.at as i64, gap.frames), (meant, 8000), "{name}");
        let at = 2 * gap.at as usize;
        let filled = [&intact[..at], &vec![0; 16_000], &intact[at..]].concat();
        assert!(samples(&redacted) == filled, "{name}");
    }
}

#[test]
fn an_ogg_that_begins_above_0_is_decoded_from_its_first_packet() {
    for (name, clock) in [("call.opus", 48_000), ("call.ogg", 8000)] {
        let whole = fixture_bytes(name);
        let intact = decoded(stream(whole.clone()), Gaps::Refuse).unwrap();
        for (by, told) in [(104, false), (152, false), (10 * clock, true), (500 * clock, true)] {
            let list = ["0-0.00001"];
            let file = moved(&whole, by);
            let begun = proven(stream(file.clone()), &list, Treatment::silence(), Gaps::Refuse);
            let begun = begun.unwrap();
            assert!(samples(&begun) == intact, "{name}, moved by {by}");
            let seconds = if told { by / clock } else { 0 };
            let begins = begun.summary().begins;
            assert_eq!(begins, Duration::from_secs(seconds as u64), "{name}, moved by {by}");
            let receipt = Receipt::of(&begun).unwrap();
            assert_eq!(receipt.inputs[0].begins_at, told.then_some(seconds as f64));
            let twice = decoded(stream([whole.clone(), file].concat()), Gaps::Refuse).unwrap();
            assert!(twice[..intact.len()] == intact && twice.len() == 2 * intact.len(), "{name}");
        }
    }
}

#[test]
fn a_webm_that_begins_late_is_decoded_from_its_first_packet() {
    if !installed("ffmpeg") {
        return;
    }
    let folder = Folder::new();
    let made = |name: &str, offset: &str| {
        let path = folder.path(name);
        ffmpeg(["-i", CALL, "-t", "5", "-c:a", "libopus", "-output_ts_offset", offset, &path]);
        path
    };
    let redacted = |path: &str| {
        let source = Source::open(path).unwrap();
        proven(source, &["1-2"], Treatment::silence(), Gaps::Refuse).unwrap()
    };
    let (plain, late) = (redacted(&made("plain.webm", "0")), redacted(&made("late.webm", "0.12")));
    assert!(samples(&plain) == samples(&late));
    let millis = late.summary().begins.as_millis();
    assert!((105..=128).contains(&millis), "{millis} ms");
    assert_eq!(plain.summary().begins, Duration::ZERO);
}

/// The same file without the end-of-stream flag.
fn endless(ogg: &[u8]) -> Vec<u8> {
    let last = pages(ogg).last().unwrap().len();
    let mut file = ogg.to_vec();
    let at = file.len() - last;
    file[at + 5] &= !4;
    seal(&mut file[at..]);
    file
}

#[test]
fn an_ogg_without_an_end_flag_is_read_and_its_end_is_not_proven() {
    for name in ["call.opus", "call.ogg"] {
        let whole = fixture_bytes(name);
        let both = [whole.clone(), endless(&whole)].map(|file| {
            proven(stream(file), &CALL_WINDOWS, Treatment::silence(), Gaps::Refuse).unwrap()
        });
        assert!(samples(&both[0]) == samples(&both[1]), "{name}");
        assert_eq!(both.each_ref().map(|one| one.summary().end_proven), [true, false], "{name}");
        let told = both.each_ref().map(|one| Receipt::of(one).unwrap().inputs[0].end_proven);
        assert_eq!(told, [Some(true), Some(false)]);
    }
}

/// At the end of a page a cut file looks like one whose recorder sets no flag. Anywhere else a cut
/// is an error.
#[test]
fn a_cut_ogg_is_an_error_or_its_end_is_not_proven() {
    for name in ["call.opus", "call.ogg"] {
        for whole in [fixture_bytes(name), endless(&fixture_bytes(name))] {
            let ends: Vec<usize> = pages(&whole)
                .iter()
                .scan(0, |end, page| {
                    *end += page.len();
                    Some(*end)
                })
                .collect();
            let header = packets_end(&whole);
            for (&end, after) in ends.iter().zip(&ends[1..]).step_by(5) {
                for cut in [end - 1, end, end + 1, end + 26, end + 27, after - 1] {
                    let cut = &whole[..cut];
                    let result = proven(
                        stream(cut.to_vec()),
                        &["0-0.001"],
                        Treatment::silence(),
                        Gaps::Refuse,
                    );
                    let whole_pages = cut.len() == end && cut.len() > header;
                    let Ok(redacted) = result else {
                        assert!(!whole_pages, "{name} cut at {}", cut.len());
                        continue;
                    };
                    assert!(whole_pages, "{name} cut at {}", cut.len());
                    assert!(!redacted.summary().end_proven, "{name} cut at {}", cut.len());
                }
            }
        }
    }
}

/// The end of the headers: the first page with a granule position.
fn packets_end(ogg: &[u8]) -> usize {
    pages(ogg).iter().take_while(|page| page[6..14] == [0; 8]).map(|page| page.len()).sum()
}

#[test]
fn an_end_is_proven_where_the_file_declares_it() {
    let proven_end = |bytes: Vec<u8>| {
        let out = proven(stream(bytes), &["0-0.001"], Treatment::silence(), Gaps::Refuse).unwrap();
        out.summary().end_proven
    };
    for name in CALLS {
        assert!(proven_end(fixture_bytes(name)), "{name}");
    }
    let mut piped = fixture_bytes("call.wav");
    for at in [4, 40] {
        piped[at..at + 4].copy_from_slice(&[0xFF; 4]);
    }
    assert!(!proven_end(piped));
    if !installed("ffmpeg") {
        return;
    }
    let live = ffmpeg(["-i", CALL, "-t", "3", "-c:a", "libopus", "-f", "webm", "-live", "1", "-"]);
    assert!(!proven_end(live));
    let plain = ["-i", CALL, "-t", "3", "-write_xing", "0", "-f", "mp3", "-"];
    assert!(!proven_end(ffmpeg(plain)));
    assert!(!proven_end(ffmpeg(["-i", CALL, "-t", "3", "-f", "adts", "-"])));
}

#[test]
fn the_command_tells_what_it_met_and_what_to_do() {
    let folder = Folder::new();
    let (file, _) = without(&GONE, 10);
    let (input, out) = (folder.write("call.opus", &file), folder.path("out.wav"));
    let receipt = folder.path("receipt.json");
    let refused = sordino(&["file", &input, "-w", "1-2", "-o", &out]);
    assert_eq!(refused.status.code(), Some(1));
    let text = stderr(&refused);
    let said = ["from 1.9935 s to 3.9935 s (2 s are missing)", "--gaps fill", "--gaps close"];
    assert!(said.iter().all(|said| text.contains(said)), "{text}");
    assert!(!text.contains("damaged") && !text.contains("cut off"), "{text}");
    for (way, seconds, note) in
        [("fill", 9.9935, "filled with silence"), ("close", 7.9935, "closed")]
    {
        let args = ["file", &input, "-w", "1-2.5", "--silence", "-o", &out, "--force", "--json"];
        let run = sordino(&[&args[..], &["--gaps", way, "--receipt", &receipt]].concat());
        assert!(run.status.success(), "{}", stderr(&run));
        assert!(stderr(&run).contains(note), "{}", stderr(&run));
        let json: serde_json::Value = serde_json::from_str(&stdout(&run)).unwrap();
        assert_eq!(json["input"]["gaps"]["treatment"], way);
        let gap = serde_json::json!([{ "at": 1.9935, "first": 15_948, "frames": 16_000 }]);
        assert_eq!(json["input"]["gaps"]["list"], gap);
        assert!((json["seconds"].as_f64().unwrap() - seconds).abs() < 1e-9);
        let run = sordino(&["verify", &input, &out, "-w", "1-2.5", "--gaps", way]);
        assert!(run.status.success(), "{}", stdout(&run));
        let run = sordino(&["verify", "--receipt", &receipt, &input, &out]);
        assert!(run.status.success(), "{}{}", stdout(&run), stderr(&run));
    }
    let info = sordino(&["info", &input, "--json"]);
    assert_eq!(info.status.code(), Some(1));
    assert!(stdout(&info).contains("--gaps fill"), "{}", stdout(&info));
    let info = sordino(&["info", &input, "--gaps", "close"]);
    assert!(stdout(&info).contains("at 1.9935 s, 2 s"), "{}", stdout(&info));
    let late = folder.write("late.opus", &moved(&endless(&fixture_bytes("call.opus")), 480_000));
    let run = sordino(&["file", &late, "-w", "1-2", "--silence", "-o", &out, "--force", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&run)).unwrap();
    let input = &json["input"];
    assert_eq!((&input["endProven"], &input["beginsAt"]), (&false.into(), &10.0.into()));
    let text = stderr(&run);
    assert!(
        text.contains("begins at 10 s") && text.contains("nothing in the file marks its end"),
        "{text}"
    );
}
