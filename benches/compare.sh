#!/usr/bin/env bash
# `sordino bench --compare`, then what it does not measure: how time grows with the length and with the number of windows,
# and how long `cp` takes when its output is synced to disk as sordino's is.
# Usage: benches/compare.sh [RUNS] [FOLDER]; needs ffmpeg and python3, and 3 GB in FOLDER.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-9}
folder=$(mktemp -d -p "${2:-/tmp}")
trap 'rm -rf "$folder"' EXIT
cargo build --release --quiet
sordino=${CARGO_TARGET_DIR:-$PWD/target}/release/sordino
cd "$folder"
TMPDIR=$folder "$sordino" bench --compare --runs "$runs"

ffmpeg -v error -f lavfi -i "anoisesrc=r=8000:d=60:c=pink:a=0.3" -ac 2 -f s16le minute.raw
python3 - "$sordino" "$runs" <<'PY'
import json, os, statistics, struct, subprocess, sys, time

sordino, runs = sys.argv[1], int(sys.argv[2])
minute = open("minute.raw", "rb").read()
for minutes in (1, 10, 60, 600):
    with open(f"{minutes}.wav", "wb") as wav:
        size = minutes * len(minute)
        wav.write(struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVEfmt ", 16, 1, 2, 8000, 32000, 4, 16, b"data", size))
        for _ in range(minutes):
            wav.write(minute)
for count in (10_000, 100_000):
    windows = [[round(n * 3600 / count, 6), round(n * 3600 / count + 0.0009, 6)] for n in range(count)]
    json.dump(windows, open(f"{count}.json", "w"))


def redact(minutes, *windows):
    return [sordino, "file", f"{minutes}.wav", *(windows or ("-w10-15", "-w30.5-35.2")), "-o", "out.wav"]


def medians(commands):
    """Milliseconds that each command takes, in turn."""
    seen = {name: [] for name in commands}
    for _ in range(runs):
        for name, steps in commands.items():
            if os.path.exists("out.wav"):
                os.remove("out.wav")
            start = time.perf_counter()
            for step in steps:
                subprocess.run(step, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            seen[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times) for name, times in seen.items()}


print("\nlength, with the self-check")
for minutes, ms in medians({m: [redact(m)] for m in (1, 10, 60, 600)}).items():
    print(f"  {minutes:3} min  {ms:7.1f} ms  {1e6 * ms / (minutes * 60 * 8000):5.1f} ns a frame")

print("\nwindows in one hour, with the self-check")
cases = {"2": [redact(60)]} | {f"{n:,}": [redact(60, "--windows", f"{n}.json")] for n in (10_000, 100_000)}
for count, ms in medians(cases).items():
    print(f"  {count:>7}  {ms:7.1f} ms")

print("\none hour, durable when the command returns")
copy = ["cp", "60.wav", "out.wav"]
cases = {
    "cp": [copy],
    "cp, then sync --data": [copy, ["sync", "--data", "out.wav"]],
    "sordino, no self-check": [redact(60) + ["--no-self-check"]],
    "sordino": [redact(60)],
}
for name, ms in medians(cases).items():
    print(f"  {name:22}  {ms:7.1f} ms")
PY
