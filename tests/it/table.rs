//! The table in `docs/formats.md`, checked: files of each line are made by other tools, and read.

use sordino::{DecodeOptions, Encoding, Info, Source};

use crate::support::*;

/// One line: container and codec as the table names them. For each kind of file in it: a name, the
/// command that makes it from `IN`, a 16-bit WAV, and the format of the output, without and with
/// `--encoding same`; `-` where that is refused. Headerless files are named as `--raw` takes them.
struct Line {
    container: &'static str,
    codec: &'static str,
    files: &'static [(&'static str, &'static str, &'static str, &'static str)],
}

const LINES: &[Line] = &[
    Line {
        container: "WAV, RF64, BW64, RIFX",
        codec: "PCM 8, 16, 24, 32 bit; f32; f64",
        files: &[
            ("u8.wav", "ffmpeg -i IN -c:a pcm_u8 OUT", "u8", "u8"),
            ("s16.wav", "ffmpeg -i IN -c:a pcm_s16le OUT", "s16", "s16"),
            ("s24.wav", "ffmpeg -i IN -c:a pcm_s24le OUT", "s24", "s24"),
            ("s32.wav", "ffmpeg -i IN -c:a pcm_s32le OUT", "s32", "s32"),
            ("f32.wav", "ffmpeg -i IN -c:a pcm_f32le OUT", "f32", "f32"),
            ("f64.wav", "ffmpeg -i IN -c:a pcm_f64le OUT", "f32", "-"),
            ("rf64.wav", "ffmpeg -i IN -rf64 always OUT", "s16", "s16"),
            ("rifx.wav", "sox IN -B OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "WAV",
        codec: "A-law, µ-law",
        files: &[
            ("alaw.wav", "ffmpeg -i IN -c:a pcm_alaw OUT", "s16", "alaw"),
            ("mulaw.wav", "ffmpeg -i IN -c:a pcm_mulaw OUT", "s16", "mulaw"),
        ],
    },
    Line {
        container: "WAV",
        codec: "MS and IMA ADPCM",
        files: &[
            ("ms.wav", "ffmpeg -i IN -c:a adpcm_ms OUT", "s16", "s16"),
            ("ms-256.wav", "ffmpeg -i IN -c:a adpcm_ms -block_size 256 OUT", "s16", "s16"),
            ("ima.wav", "ffmpeg -i IN -c:a adpcm_ima_wav OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "WAV",
        codec: "MP3, MP2",
        files: &[
            ("mp3.wav", "ffmpeg -i IN -c:a libmp3lame OUT", "s16", "s16"),
            ("mp2.wav", "ffmpeg -i IN -c:a mp2 -ar 16000 -b:a 64k OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "W64",
        codec: "PCM, A-law, µ-law, ADPCM",
        files: &[
            ("s16.w64", "ffmpeg -i IN -c:a pcm_s16le OUT", "s16", "s16"),
            ("s24.w64", "ffmpeg -i IN -c:a pcm_s24le OUT", "s24", "s24"),
            ("mulaw.w64", "ffmpeg -i IN -c:a pcm_mulaw OUT", "s16", "mulaw"),
            ("ima.w64", "ffmpeg -i IN -c:a adpcm_ima_wav OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "AIFF, AIFF-C",
        codec: "PCM, f32, f64, A-law, µ-law",
        files: &[
            ("s8.aiff", "ffmpeg -i IN -c:a pcm_s8 OUT", "u8", "u8"),
            ("s16.aiff", "ffmpeg -i IN -c:a pcm_s16be OUT", "s16", "s16"),
            ("s24.aiff", "ffmpeg -i IN -c:a pcm_s24be OUT", "s24", "s24"),
            ("s32.aiff", "ffmpeg -i IN -c:a pcm_s32be OUT", "s32", "s32"),
            ("f32.aiff", "ffmpeg -i IN -c:a pcm_f32be OUT", "f32", "f32"),
            ("f64.aiff", "ffmpeg -i IN -c:a pcm_f64be OUT", "f32", "-"),
            ("alaw.aiff", "ffmpeg -i IN -c:a pcm_alaw OUT", "s16", "alaw"),
            ("mulaw.aiff", "ffmpeg -i IN -c:a pcm_mulaw OUT", "s16", "mulaw"),
        ],
    },
    Line {
        container: "AU, SND",
        codec: "PCM, f32, f64, A-law, µ-law",
        files: &[
            ("s8.au", "ffmpeg -i IN -c:a pcm_s8 OUT", "u8", "u8"),
            ("s16.au", "ffmpeg -i IN -c:a pcm_s16be OUT", "s16", "s16"),
            ("s24.au", "ffmpeg -i IN -c:a pcm_s24be OUT", "s24", "s24"),
            ("s32.au", "ffmpeg -i IN -c:a pcm_s32be OUT", "s32", "s32"),
            ("f32.au", "ffmpeg -i IN -c:a pcm_f32be OUT", "f32", "f32"),
            ("f64.au", "ffmpeg -i IN -c:a pcm_f64be OUT", "f32", "-"),
            ("alaw.au", "ffmpeg -i IN -c:a pcm_alaw OUT", "s16", "alaw"),
            ("mulaw.snd", "sox IN -t au -e mu-law OUT", "s16", "mulaw"),
        ],
    },
    Line {
        container: "headerless, with `--raw`",
        codec: "PCM, f32, f64, A-law, µ-law",
        files: &[
            ("s16le:8000:2", "ffmpeg -i IN -f s16le OUT", "s16", "s16"),
            ("u8:8000:2", "ffmpeg -i IN -f u8 OUT", "u8", "u8"),
            ("s24be:8000:2", "ffmpeg -i IN -f s24be OUT", "s24", "s24"),
            ("f32le:8000:2", "ffmpeg -i IN -f f32le OUT", "f32", "f32"),
            ("f64le:8000:2", "ffmpeg -i IN -f f64le OUT", "f32", "-"),
            ("alaw:8000:2", "ffmpeg -i IN -f alaw OUT", "s16", "alaw"),
            ("mulaw:8000:2", "ffmpeg -i IN -f mulaw OUT", "s16", "mulaw"),
        ],
    },
    Line {
        container: "CAF",
        codec: "PCM, A-law, µ-law, ALAC, AAC-LC, Opus",
        files: &[
            ("s8.caf", "ffmpeg -i IN -c:a pcm_s8 OUT", "u8", "u8"),
            ("s16.caf", "ffmpeg -i IN -c:a pcm_s16le OUT", "s16", "s16"),
            // ffmpeg does not write AAC in CAF; the tests of `caf` make it.
            ("mulaw.caf", "ffmpeg -i IN -c:a pcm_mulaw OUT", "s16", "mulaw"),
            ("alac.caf", "ffmpeg -i IN -c:a alac OUT", "s16", "s16"),
            ("opus.caf", "ffmpeg -i IN -c:a libopus OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "FLAC",
        codec: "FLAC",
        files: &[
            ("16.flac", "flac -s -o OUT IN", "s16", "s16"),
            ("24.flac", "ffmpeg -i IN -c:a flac -sample_fmt s32 OUT", "s24", "s24"),
        ],
    },
    Line {
        container: "MP1, MP2, MP3",
        codec: "MPEG audio",
        files: &[
            ("a.mp2", "ffmpeg -i IN -c:a mp2 -ar 16000 -b:a 64k OUT", "s16", "s16"),
            ("a.mp3", "lame --quiet IN OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "ADTS",
        codec: "AAC-LC",
        files: &[("a.aac", "ffmpeg -i IN -c:a aac OUT", "s16", "s16")],
    },
    Line {
        container: "MP4, M4A, MOV",
        codec: "AAC-LC, ALAC, Opus, PCM, A-law, µ-law",
        files: &[
            ("aac.m4a", "ffmpeg -i IN -c:a aac OUT", "s16", "s16"),
            ("alac.m4a", "ffmpeg -i IN -c:a alac OUT", "s16", "s16"),
            ("opus.mp4", "ffmpeg -i IN -c:a libopus -ar 48000 OUT", "s16", "s16"),
            ("s16.mov", "ffmpeg -i IN -c:a pcm_s16le OUT", "s16", "s16"),
            ("s24.mov", "ffmpeg -i IN -c:a pcm_s24be OUT", "s24", "s24"),
            ("mulaw.mov", "ffmpeg -i IN -c:a pcm_mulaw OUT", "s16", "mulaw"),
        ],
    },
    Line {
        container: "Ogg",
        codec: "Opus",
        files: &[("a.opus", "ffmpeg -i IN -c:a libopus OUT", "s16", "s16")],
    },
    Line {
        container: "Ogg",
        codec: "Vorbis (mono, stereo), FLAC",
        files: &[
            ("vorbis.ogg", "ffmpeg -i IN -c:a libvorbis OUT", "s16", "s16"),
            ("flac.ogg", "ffmpeg -i IN -c:a flac -f ogg OUT", "s16", "s16"),
        ],
    },
    Line {
        container: "Matroska, WebM",
        codec: "Opus, Vorbis, FLAC, MP3, AAC-LC, PCM",
        files: &[
            ("opus.webm", "ffmpeg -i IN -c:a libopus OUT", "s16", "s16"),
            ("vorbis.webm", "ffmpeg -i IN -c:a libvorbis OUT", "s16", "s16"),
            ("flac.mka", "ffmpeg -i IN -c:a flac OUT", "s16", "s16"),
            ("mp3.mka", "ffmpeg -i IN -c:a libmp3lame OUT", "s16", "s16"),
            ("aac.mka", "ffmpeg -i IN -c:a aac OUT", "s16", "s16"),
            ("s16.mka", "ffmpeg -i IN -c:a pcm_s16le OUT", "s16", "s16"),
        ],
    },
];

/// The first two cells of each line of the table.
fn lines_of_the_table() -> Vec<(String, String)> {
    let page = include_str!("../../docs/formats.md");
    let table = page.split_once("| container | codec | output |").unwrap().1;
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = lines.map(|line| line.split('|').map(str::trim).map(str::to_owned));
    cells.map(|mut cells| (cells.nth(1).unwrap(), cells.next().unwrap())).collect()
}

#[test]
fn the_table_of_formats_is_true() {
    let known: Vec<_> =
        LINES.iter().map(|line| (line.container.to_owned(), line.codec.to_owned())).collect();
    assert_eq!(lines_of_the_table(), known);
    if !["ffmpeg", "sox", "flac", "lame"].iter().all(|tool| installed(tool)) {
        return;
    }
    let folder = Folder::new();
    let source = folder.path("in.wav");
    ffmpeg(["-i", CALL, "-t", "2", &source]);
    for line in LINES {
        for (name, command, pcm, same) in line.files {
            let out = folder.path(name);
            assert!(make(command, &source, &out), "{name} could not be made");
            for (encoding, format) in [(Encoding::Pcm, pcm), (Encoding::Same, same)] {
                let raw = line.container.starts_with("headerless").then(|| name.parse().unwrap());
                let options = DecodeOptions { encoding, raw, ..DecodeOptions::default() };
                let info = Info::of(Source::open(&out).unwrap().with_options(options));
                if *format == "-" {
                    assert!(info.is_err(), "{name}");
                    continue;
                }
                let info = info.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(info.stream_info.format.to_string(), *format, "{name}");
                let seconds = info.frames as f64 / f64::from(info.stream_info.rate);
                assert!((1.9..2.2).contains(&seconds), "{name}: {seconds} s");
            }
        }
    }
}
