#!/usr/bin/env bash
# Runs the steps of the recordings API with curl: sign in, locate, fetch, grant, upload, complete. The tests
# run it against the sandbox. It is also the shortest description of the protocol.
#
# Environment: GENESYS_BASE_URL, GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET, GENESYS_RECORDING_ID,
# GENESYS_CONVERSATION_ID. Argument: a WAV to upload. Prints the new recording's id.
set -euo pipefail
wav=$1
api=$GENESYS_BASE_URL/api/v2/recordings
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

token=$(curl -sSf "$GENESYS_BASE_URL/oauth/token" \
  -d grant_type=client_credentials -d "client_id=$GENESYS_CLIENT_ID" \
  --data-urlencode "client_secret=$GENESYS_CLIENT_SECRET" | field access_token)
bearer="Authorization: Bearer $token"

# The download URL is on another host, which must not see the bearer token.
download=$(curl -sSf -H "$bearer" "$api/$GENESYS_RECORDING_ID" | field downloadUrl)
curl -sSf "$download" -o /dev/null

granted=$(curl -sSf -H "$bearer" -H "Content-Type: application/json" "$api" -d \
  "{\"recordingType\":\"conversation\",\"mediaType\":\"audio\",\"conversationId\":\"$GENESYS_CONVERSATION_ID\"}")
id=$(field id <<<"$granted")
curl -sSf -T "$wav" -H "Content-Type: audio/wav" "$(field uploadUrl <<<"$granted")"
curl -sSf -X POST -H "$bearer" "$api/$id/upload/complete"
echo "$id"
