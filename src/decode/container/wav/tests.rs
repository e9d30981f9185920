use std::io;
use std::sync::Arc;

use symphonia::core::codecs::audio::well_known::*;

use super::super::pcm::{PcmLayout, PcmReader};
use super::super::reader::PacketReader;
use super::format::{EXTENSIBLE, FLOAT, IMA_ADPCM, MS_ADPCM, MULAW, PCM, SUB_FORMAT};
use super::*;

fn chunk(id: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
    [id.as_slice(), &size.to_le_bytes(), body].concat()
}

fn fmt(tag: u16, channels: u16, block: u16, bits: u16, extra: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&tag.to_le_bytes());
    body.extend_from_slice(&channels.to_le_bytes());
    body.extend_from_slice(&8000u32.to_le_bytes());
    body.extend_from_slice(&(8000 * u32::from(block)).to_le_bytes());
    body.extend_from_slice(&block.to_le_bytes());
    body.extend_from_slice(&bits.to_le_bytes());
    body.extend_from_slice(extra);
    chunk(b"fmt ", u32::try_from(body.len()).unwrap(), &body)
}

/// The audio that comes out of a file with these chunks, or the error.
fn body_of(form: &[u8], chunks: &[Vec<u8>]) -> Result<(Option<u64>, Vec<u8>), Error> {
    let bytes = chunks.concat();
    let mut rest = io::Cursor::new(bytes);
    let wav = WavHeader::read(form, &mut rest)?;
    let monitor = Arc::default();
    let mut audio = Vec::new();
    let trailer = wav.trailer;
    let mut body =
        AudioData::new(rest, wav.extent.bytes, &wav.format.layout(), &monitor, move |rest| {
            trailer.read(rest)
        });
    let read = body.read_to_end(&mut audio);
    monitor.check()?;
    read.unwrap();
    Ok((wav.extent.frames, audio))
}

const AUDIO: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn sizes_that_mean_unknown_read_to_the_end() {
    for size in [0, 0x7FFF_F000, 0x7FFF_FFFC, 0x8000_0000, 0xFFFF_FFDB, 0xFFFF_FFFF] {
        let chunks = [fmt(PCM, 2, 4, 16, &[]), chunk(b"data", size, AUDIO)];
        assert_eq!(body_of(b"RIFF", &chunks).unwrap(), (None, AUDIO.to_vec()), "{size:x}");
    }
}

#[test]
fn chunks_around_the_audio_are_skipped() {
    let chunks = [
        chunk(b"LIST", 3, b"abc\0"),
        fmt(PCM, 1, 2, 16, &[0, 0]),
        chunk(b"fact", 6, b"abcdef"),
        chunk(b"data", 8, AUDIO),
        chunk(b"id3 ", 3, b"abc"),
    ];
    assert_eq!(body_of(b"RIFF", &chunks).unwrap(), (Some(4), AUDIO.to_vec()));
}

#[test]
fn half_a_frame_at_the_end_is_left_out() {
    let chunks = [fmt(PCM, 2, 4, 16, &[]), chunk(b"data", 7, &AUDIO[..7])];
    assert_eq!(body_of(b"RIFF", &chunks).unwrap(), (Some(1), AUDIO[..4].to_vec()));
}

/// MS ADPCM: 2 frames in the header of a block, and 2 in each byte after it. IMA: 1 and 2.
#[test]
fn a_short_last_block_of_adpcm_is_filled_up_and_cut_off_again() {
    for (tag, bytes, frames) in [(MS_ADPCM, 7 + 6, 14), (IMA_ADPCM, 4 + 12, 25)] {
        let audio = vec![1; usize::from(2 * bytes) - 5];
        let size = u32::try_from(audio.len()).unwrap();
        let file = [fmt(tag, 1, bytes, 4, &[0, 0]), chunk(b"data", size, &audio)].concat();
        let mut rest = file.as_slice();
        let wav = WavHeader::read(b"RIFF", &mut rest).unwrap();
        let layout = wav.format.layout();
        assert_eq!(layout.block_frames, frames);
        let last = layout.adpcm_frames(u64::from(bytes) - 5);
        assert_eq!(wav.extent.frames, Some(frames + last));
        let monitor = Arc::default();
        let body = AudioData::new(
            io::Cursor::new(audio.clone()),
            wav.extent.bytes,
            &layout,
            &monitor,
            |_| Ok(vec![]),
        );
        let mut reader = PcmReader::new(layout, body);
        let packet = reader.packet().unwrap().unwrap();
        assert_eq!(packet.data.as_ref(), [audio, vec![0; 5]].concat());
        assert_eq!((packet.dur.get(), packet.trim_end.get()), (frames + last, frames - last));
        assert!(reader.packet().unwrap().is_none());
    }
    let two = PcmLayout {
        codec: CODEC_ID_ADPCM_IMA_WAV,
        rate: 1,
        channels: 2,
        block_bytes: 16,
        block_frames: 9,
        upper_24: false,
    };
    assert_eq!(two.adpcm_frames(16), 9);
    assert_eq!(PcmLayout { codec: CODEC_ID_ADPCM_MS, ..two }.adpcm_frames(16), 4);
}

#[test]
fn missing_input_is_an_error() {
    let chunks = [fmt(PCM, 2, 4, 16, &[]), chunk(b"data", 16, AUDIO)];
    assert!(matches!(body_of(b"RIFF", &chunks), Err(Error::Truncated { frames: 2, .. })));
}

#[test]
fn rf64_takes_its_size_from_ds64() {
    let ds64 = [[0; 8].as_slice(), &8u64.to_le_bytes(), &[0; 12]].concat();
    let chunks = [
        chunk(b"ds64", 28, &ds64),
        fmt(PCM, 2, 4, 16, &[]),
        chunk(b"data", u32::MAX, AUDIO),
        chunk(b"LIST", 2, b"ab"),
    ];
    assert_eq!(body_of(b"RF64", &chunks).unwrap(), (Some(2), AUDIO.to_vec()));
}

fn refused(chunks: &[Vec<u8>]) -> String {
    body_of(b"RIFF", chunks).unwrap_err().to_string()
}

#[test]
fn unsupported_kinds_of_wav_are_refused_by_name() {
    let refused_format = |fmt: Vec<u8>| refused(&[fmt, chunk(b"data", 8, AUDIO)]);
    let long = refused_format(fmt(MS_ADPCM, 1, 256, 4, &[33, 0, 0]));
    assert!(long.contains("ends inside its extension"));
    let gsm = refused_format(fmt(0x31, 1, 65, 0, &[]));
    assert!(
        gsm.starts_with("this looks like a WAV with GSM 6.10, which sordino does not decode"),
        "{gsm}"
    );
    let unknown = refused_format(fmt(0x1234, 1, 1, 8, &[]));
    assert!(unknown.contains("a WAV with format tag 0x1234"), "{unknown}");
    assert!(refused_format(fmt(PCM, 1, 2, 24, &[])).contains("24 bits in 1 channels"));
    assert!(refused_format(fmt(PCM, 1, 2, 8, &[])).contains("8 bits in 1 channels"));
    assert!(refused_format(fmt(PCM, 2, 3, 16, &[])).contains("do not make frames of 3 bytes"));
    assert!(refused_format(fmt(PCM, 0, 4, 16, &[])).contains("no channels"));
    assert!(refused_format(fmt(EXTENSIBLE, 1, 2, 16, &[0; 24])).contains("unknown sub-format"));
    let fmt = fmt(PCM, 1, 2, 16, &[]);
    let twice = [fmt.clone(), chunk(b"data", 8, AUDIO), chunk(b"data", 8, AUDIO)];
    assert!(refused(&twice).contains("several data chunks"));
    assert!(refused(&[chunk(b"data", 8, AUDIO)]).contains("no fmt chunk"));
    assert!(refused(&[chunk(b"fmt ", 4, &[0; 4])]).contains("too short"));
    assert!(matches!(body_of(b"RIFF", &[fmt]), Err(Error::NoAudio)));
}

#[test]
fn rifx_is_read_big_endian_with_the_audio_as_it_is() {
    let big =
        |id: &[u8; 4], size: u32, body: &[u8]| [id.as_slice(), &size.to_be_bytes(), body].concat();
    let fmt = |tag: u8, block: u8, bits: u8| {
        let rate = [0, 0, 0x1F, 0x40];
        big(b"fmt ", 16, &[&[0, tag, 0, 1], rate.as_slice(), &rate, &[0, block, 0, bits]].concat())
    };
    let chunks = [big(b"LIST", 2, b"ab"), fmt(1, 2, 16), big(b"data", 8, AUDIO)];
    assert_eq!(body_of(b"RIFX", &chunks).unwrap(), (Some(4), AUDIO.to_vec()));
    let bytes = chunks.concat();
    let layout = WavHeader::read(b"RIFX", &mut bytes.as_slice()).unwrap().format.layout();
    assert!(layout.codec == CODEC_ID_PCM_S16BE);
    assert_eq!((layout.rate, layout.channels, layout.block_bytes), (8000, 1, 2));
    let adpcm = body_of(b"RIFX", &[fmt(2, 2, 16), big(b"data", 8, AUDIO)]);
    assert!(adpcm.unwrap_err().to_string().contains("ADPCM in big-endian WAV"));
}

#[test]
fn an_odd_chunk_may_lack_its_padding() {
    for padding in [vec![0], vec![]] {
        let odd = |id: &[u8; 4]| [chunk(id, 3, b"abc"), padding.clone()].concat();
        let audio = [chunk(b"data", 7, &AUDIO[..7]), padding.clone()].concat();
        let fmt = fmt(PCM, 1, 1, 8, &[]);
        let chunks = [odd(b"LIST"), fmt.clone(), odd(b"fact"), audio.clone(), odd(b"id3 ")];
        assert_eq!(body_of(b"RIFF", &chunks).unwrap(), (Some(7), AUDIO[..7].to_vec()));
        assert!(refused(&[fmt, audio, chunk(b"data", 8, AUDIO)]).contains("several data chunks"));
    }
}

/// If a header declares too few bytes, speech after them would be lost and never muted.
#[test]
fn audio_after_the_audio_is_an_error_and_padding_is_not() {
    let with = |after: &[u8]| {
        let fmt = fmt(PCM, 1, 2, 16, &[]);
        body_of(b"RIFF", &[fmt, chunk(b"data", 8, AUDIO), after.to_vec()])
    };
    assert!(with(&[0; 5000]).is_ok() && with(&[1, 2, 3]).is_ok());
    for after in [[0xFE; 16].as_slice(), &[[0; 5000].as_slice(), &[1]].concat()] {
        let error = with(after).unwrap_err().to_string();
        assert!(error.contains("bytes after its audio belong to no chunk"), "{error}");
    }
}

#[test]
fn unusual_headers_mean_the_same_as_usual_ones() {
    let layout = |fmt: Vec<u8>| {
        let bytes = [fmt, chunk(b"data", 8, AUDIO)].concat();
        let layout = WavHeader::read(b"RIFF", &mut bytes.as_slice()).unwrap().format.layout();
        (layout.codec, layout.block_bytes, layout.rate, layout.channels)
    };
    let extension = |valid_bits: u8, tag: u8| {
        [&[22, 0, valid_bits, 0, 3, 0, 0, 0, tag, 0], SUB_FORMAT.as_slice()].concat()
    };
    let plain = layout(fmt(PCM, 2, 4, 16, &[]));
    assert_eq!(plain, (CODEC_ID_PCM_S16LE, 4, 8000, 2));
    // Twelve valid bits in sixteen: the lowest four are zero.
    assert_eq!(layout(fmt(EXTENSIBLE, 2, 4, 16, &extension(12, 1))), plain);
    let float = layout(fmt(FLOAT, 2, 8, 32, &[]));
    assert_eq!(layout(fmt(EXTENSIBLE, 2, 8, 32, &extension(32, 3))), float);
    // 24 bits in four bytes are the upper ones.
    assert_eq!(layout(fmt(PCM, 2, 8, 24, &[])), layout(fmt(PCM, 2, 8, 32, &[])));
    assert_eq!(layout(fmt(MULAW, 1, 1, 8, &[])), (CODEC_ID_PCM_MULAW, 1, 8000, 1));
}
