#!/usr/bin/env bash
# Makes the seeds of `recording`, `wav`, `flac` and `opus`: a twentieth of a second in every codec and container that
# is read. Needs sox, ffmpeg, flac, lame, oggenc, opusenc, mkvmerge, python3. The results are
# committed; run this only to change them.
set -euo pipefail
cd "$(dirname "$0")/seeds"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sox -D -R -n -r 8000 -c 2 -b 16 "$work/in.wav" synth 0.05 pinknoise vol 0.5

exact=(-map_metadata -1 -fflags +bitexact -flags:a +bitexact)
make() { ffmpeg -v error -y -i "$work/in.wav" "${exact[@]}" "${@:2}" "$1"; }
for format in u8 s24le s32le f32le f64le alaw mulaw; do make "wav/$format.wav" -c:a "pcm_$format"; done
cp "$work/in.wav" wav/s16le.wav
make wav/ms.wav -c:a adpcm_ms
make wav/ima.wav -c:a adpcm_ima_wav
make wav/rf64.wav -rf64 always
make - -f wav > wav/piped.wav
sox -D "$work/in.wav" -B wav/rifx.wav
sox -D "$work/in.wav" -B -b 24 wav/rifx-24.wav
python3 - <<'PY'
import struct
whole = open("wav/s32le.wav", "rb").read()
data = bytearray(whole[whole.index(b"data") + 8:])
data[::4] = bytes(len(data[::4]))
form = struct.pack("<HHIIHH", 1, 2, 8000, 64000, 8, 24)
chunks = b"LIST\x03\0\0\0abc" + b"fmt \x10\0\0\0" + form + b"data" + struct.pack("<I", len(data)) + data
open("wav/upper-24.wav", "wb").write(b"RIFF\0\0\0\0WAVE" + chunks + b"id3 \x02\0\0\0ab")
PY

mkdir -p flac
for level in 0 5 8; do flac -s -f --no-padding "-$level" -o "flac/$level.flac" "$work/in.wav"; done
for size in 16 64 192; do flac -s -f --lax --no-padding -b "$size" -o "flac/b$size.flac" "$work/in.wav"; done
for depth in 8 24; do
  sox -D "$work/in.wav" -b "$depth" "$work/$depth.wav"
  flac -s -f --no-padding -b 192 -o "flac/s$depth.flac" "$work/$depth.wav"
done
sox -D "$work/in.wav" "$work/mono.wav" remix 1
flac -s -f --no-padding -b 192 -S 10x -o flac/mono.flac "$work/mono.wav"
flac -s -f -b 192 -T COMMENT=x -o flac/tagged.flac "$work/in.wav"
flac -s -f --lax --no-padding --ogg --serial-number=1 -b 64 -o flac/b64.oga "$work/in.wav"
flac -s -f --no-padding --ogg --serial-number=1 -b 192 -T COMMENT=x -o flac/tagged.oga "$work/in.wav"
make flac/ffmpeg.oga -c:a flac
mkdir -p opus
for mode in "voip 8k 4000 20" "voip 14k 8000 10" "voip 14k 8000 60" "voip 24k 12000 20" "voip 32k 20000 10" "lowdelay 48k 20000 2.5" "audio 64k 20000 40"; do
    set -- $mode
    make opus/$1-$2-$4.opus -c:a libopus -application $1 -b:a $2 -cutoff $3 -frame_duration $4 -ar 48000
done
make opus/fec.opus -c:a libopus -application voip -b:a 20k -fec 1 -packet_loss 30 -ar 48000
make opus/stereo.opus -c:a libopus -application voip -b:a 40k -ac 2 -ar 48000
make opus/cbr.opus -c:a libopus -application voip -b:a 16k -vbr off -ar 48000
make opus/surround.opus -c:a libopus -b:a 64k -ac 6 -mapping_family 1 -ar 48000
opusenc --quiet --serial 1 --comment COMMENT=x "$work/in.wav" opus/tagged.opus
cat opus/tagged.opus opus/tagged.opus > opus/chained.opus

cd recording
make s16.aiff; make s24.aiff -c:a pcm_s24be; make s16.caf; make alac.caf -c:a alac; make alac.m4a -c:a alac
flac -s -f -o a.flac "$work/in.wav"
make flac.ogg -c:a flac; make flac.mka -c:a flac
lame --quiet "$work/in.wav" tagged.mp3
lame --quiet -t "$work/in.wav" plain.mp3
make id3.mp3 -c:a libmp3lame -metadata title=x -id3v2_version 3
make mp3.mka -c:a libmp3lame
make a.mp2 -c:a mp2 -ar 16000 -ac 1 -b:a 64k -af apad=pad_dur=0.3
make aac.m4a -c:a aac; make first.m4a -c:a aac -movflags +faststart
make parts.mp4 -c:a aac -movflags frag_keyframe+empty_moov
make adts.aac -c:a aac
make noise.aac -c:a aac -ac 1 -b:a 32k -af asetrate=48000,aloop=99:400
make aac.mka -c:a aac
oggenc -Q --serial 1 -o vorbis.ogg "$work/in.wav"
make vorbis.webm -c:a libvorbis
opusenc --quiet --serial 1 "$work/in.wav" enc.opus
cat enc.opus enc.opus > chained.opus
make voip.opus -c:a libopus -application voip -b:a 12k
make opus.webm -c:a libopus
make live.webm -c:a libopus -f webm -live 1
make opus.mp4 -c:a libopus -ar 48000
make opus.caf -c:a libopus
mkvmerge -q --deterministic 1 -o laced.mka enc.opus
make pcm.mka -c:a pcm_s16le
make s16.au -c:a pcm_s16be; make mulaw.au -c:a pcm_mulaw; make - -f au > piped.au
make s24.w64 -c:a pcm_s24le; make ima.w64 -c:a adpcm_ima_wav
make s64.wav -c:a pcm_s64le; make mp3.wav -c:a libmp3lame
