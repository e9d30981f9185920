#!/usr/bin/env bash
# `sordino bench --compare`; and what it does not measure: many windows against two, in turn.
# Usage: benches/compare.sh [RUNS] [FOLDER]; needs ffmpeg and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-9}
folder=$(mktemp -d -p "${2:-/tmp}")
trap 'rm -rf "$folder"' EXIT
cargo build --release --quiet
sordino=${CARGO_TARGET_DIR:-$PWD/target}/release/sordino
cd "$folder"
TMPDIR=$folder "$sordino" bench --compare --runs "$runs"

ffmpeg -v error -f lavfi -i "anoisesrc=r=8000:d=3600:c=pink:a=0.3" -ac 2 hour.wav
python3 - <<'PY'
import json
json.dump([[n * 0.36, n * 0.36 + 0.0009] for n in range(10000)], open("many.json", "w"))
PY

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
  run two "$sordino" file hour.wav -w 10-15 -w 30.5-35.2 -o out.wav
  run many "$sordino" file hour.wav --windows many.json -o out.wav
done

python3 - <<'PY'
import statistics
two, many = (statistics.median(int(line) for line in open(name + ".us")) for name in ("two", "many"))
print(f"10,000 windows {many / 1000:.1f} ms, 2 windows {two / 1000:.1f} ms, ratio {many / two:.2f}")
PY
