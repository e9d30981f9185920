#!/usr/bin/env bash
# Whole processes on one hour of 8 kHz stereo WAV, in turn: cp, sordino, FFmpeg's usual recipe.
# Usage: benches/compare.sh [RUNS] [FOLDER]; needs ffmpeg, GNU time and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-9}
folder=$(mktemp -d -p "${2:-/tmp}")
trap 'rm -rf "$folder"' EXIT
cargo build --release --quiet
sordino=$PWD/target/release/sordino
cd "$folder"

ffmpeg -v error -f lavfi -i "anoisesrc=r=8000:d=3600:c=pink:a=0.3" -ac 2 hour.wav
ffmpeg -v error -i hour.wav -t 24 -c copy clip.wav
python3 - <<'PY'
import json
json.dump([[n * 0.36, n * 0.36 + 0.0009] for n in range(10000)], open("many.json", "w"))
PY
recipe="volume=enable='between(t,10,15)+between(t,30.5,35.2)':volume=0.001"
windows=(-w 10-15 -w 30.5-35.2)

# run NAME COMMAND…: appends the microseconds that the command takes to NAME.us.
run() {
  rm -f out.wav
  local name=$1 start end
  shift
  start=$(date +%s%N)
  "$@" >/dev/null 2>&1
  end=$(date +%s%N)
  echo $(((end - start) / 1000)) >>"$name.us"
}

for _ in $(seq "$runs"); do
  run cp cp hour.wav out.wav
  run sordino "$sordino" file hour.wav "${windows[@]}" -o out.wav
  run sordino-10000-windows "$sordino" file hour.wav --windows many.json -o out.wav
  run ffmpeg ffmpeg -v error -i hour.wav -af "$recipe" out.wav
  run clip-sordino "$sordino" file clip.wav -w 10-15 -o out.wav
  run clip-ffmpeg ffmpeg -v error -i clip.wav -af "$recipe" out.wav
done

python3 - <<'PY'
import glob, statistics
medians = {f[:-3]: statistics.median(int(line) for line in open(f)) for f in glob.glob("*.us")}
for name, median in sorted(medians.items()):
    spread = sorted(int(line) for line in open(name + ".us"))
    print(f"{name:24} {median / 1000:8.1f} ms   ({spread[0] / 1000:.1f} to {spread[-1] / 1000:.1f})")
ratio = lambda a, b: f"{medians[a] / medians[b]:.2f}"
print("sordino / cp                 ", ratio("sordino", "cp"))
print("ffmpeg / sordino             ", ratio("ffmpeg", "sordino"))
print("10,000 windows / 2 windows   ", ratio("sordino-10000-windows", "sordino"))
print("clip: ffmpeg / sordino       ", ratio("clip-ffmpeg", "clip-sordino"))
PY
rm -f out.wav
/usr/bin/time -f "sordino peak memory            %M KiB" "$sordino" file hour.wav "${windows[@]}" -o out.wav >/dev/null 2>memory || true
tail -1 memory
nproc | sed 's/^/cores: /'
