#!/usr/bin/env bash
# How much longer the Genesys flow takes than a download, and how much memory. Needs curl and GNU time.
# Usage: benches/fetch.sh; takes two minutes, because the link is slow on purpose.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet
sordino=$PWD/target/release/sordino
log=$(mktemp)
trap 'kill $(jobs -p) 2>/dev/null; rm -f "$log"' EXIT

# serve ARGUMENTS…: a sandbox on a free port; sets the variables that the client reads.
serve() {
  : >"$log"
  "$sordino" sandbox --port 0 "$@" >"$log" 2>/dev/null &
  until grep -q ctrl-c "$log"; do :; done
  eval "$(grep -o 'export .*' "$log")"
}
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

serve --made 1 --throttle 2000000
token=$(curl -sSf "$GENESYS_BASE_URL/oauth/token" -d grant_type=client_credentials \
  -d "client_id=$GENESYS_CLIENT_ID" -d "client_secret=$GENESYS_CLIENT_SECRET" | field access_token)
url=$(curl -sSf -H "Authorization: Bearer $token" "$GENESYS_BASE_URL/api/v2/recordings/made" | field downloadUrl)
export GENESYS_RECORDING_ID=made
echo "One hour of 8 kHz stereo (115 MB) over a link of 2 MB/s:"
curl -sSf -o /dev/null -w '  download alone, by curl        %{time_total} s\n' "$url"
/usr/bin/time -f '  fetch and redact, by sordino   %e s' "$sordino" recording --dry-run --silence -w 10-15 >/dev/null

serve --made 10 --discard
export GENESYS_RECORDING_ID=made
echo "Ten hours (1.15 GB), fetched, redacted, uploaded:"
/usr/bin/time -f '  %e s, peak memory %M KiB' "$sordino" recording --silence -w 10-15 -w 9:00:00-9:01:00 >/dev/null
