"""Drives the sandbox with Genesys' own SDK for Python, as a customer's program would.

Arguments: how the SDK is told the host (host, gateway or config), and the base URL. With config, the
file ~/.genesyscloudpython/config names it. Prints what it found, as JSON.
"""

import datetime
import json
import sys
import urllib.error
import urllib.parse
import urllib.request

import PureCloudPlatformClientV2 as sdk
import strict

way, base = sys.argv[1:]
url = urllib.parse.urlsplit(base)
if way == "host":
    client = sdk.api_client.ApiClient(host=base)
else:
    client = sdk.api_client.ApiClient()
    if way == "gateway":
        client.set_gateway(url.hostname, url.scheme, url.port, None, None)
strict.watch(client)
client.get_client_credentials_token("sandbox", "sandbox-secret")
recording, found = sdk.RecordingApi(client), {}
conversation, trunk = "demo-conversation", "demo-trunk"


def refused(call, *args, **kwargs):
    """Status and code of a call that must fail."""
    try:
        call(*args, **kwargs)
    except sdk.rest.ApiException as error:
        return [error.status, json.loads(error.body)["code"]]
    raise AssertionError("it was not refused")


def fetch(link):
    with urllib.request.urlopen(link) as answer:
        return answer.read()


# The first request is answered with 429 and a Retry-After, which this SDK obeys.
metadata = recording.get_conversation_recordingmetadata(conversation)
found["organisation"] = sdk.OrganizationApi(client).get_organizations_me().id
found["began"] = sdk.ConversationsApi(client).get_conversation(conversation).start_time.isoformat()
found["recordings"] = [[one.id, one.media, one.media_subtype, one.file_state] for one in metadata]

statuses, answer = [], None
while not (answer and answer.media_uris):
    answer = recording.get_conversation_recording(conversation, trunk, format_id="WAV")
    statuses.append(client.last_response.status)
found["polls"] = statuses
found["files"] = {key: len(fetch(media.media_uri)) for key, media in answer.media_uris.items()}
found["list"] = sorted(one.id for one in recording.get_conversation_recordings(conversation, format_id="WAV"))

wanted = [sdk.BatchDownloadRequest(), sdk.BatchDownloadRequest()]
wanted[0].conversation_id, wanted[0].recording_id = conversation, "demo-consult"
wanted[1].conversation_id = "no-such"
submission = sdk.BatchDownloadJobSubmission()
submission.batch_download_request_list = wanted
job = recording.post_recording_batchrequests(submission)
batch = recording.get_recording_batchrequest(job.id)
found["batch"] = [batch.status]
while batch.status != "Completed":
    batch = recording.get_recording_batchrequest(job.id)
found["batch"] += [batch.status, batch.result_count, batch.error_count]
found["batch"] += [batch.results[0].content_type, len(fetch(batch.results[0].result_url))]

note = sdk.Annotation()
note.type, note.name, note.location, note.duration_ms = "bookmark", "muted", 10000, 5000
note = recording.post_conversation_recording_annotations(conversation, trunk, note)
listed = recording.get_conversation_recording_annotations(conversation, trunk)
found["annotations"] = [[one.type, one.location, one.duration_ms] for one in listed]

transcripts = sdk.SpeechTextAnalyticsApi(client)
link = transcripts.get_speechandtextanalytics_conversation_communication_transcripturl(conversation, trunk)
found["transcript"] = json.loads(fetch(link.url))["communicationId"]
links = transcripts.get_speechandtextanalytics_conversation_communication_transcripturls(conversation, trunk)
found["transcripts"] = [one.recording.id for one in links.urls]

query = sdk.ConversationDeletionProtectionQuery()
query.conversation_ids = [conversation]
retention = sdk.Recording()
retention.delete_date = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
recording.put_recordings_deletionprotection(protect=True, body=query)
found["protected"] = [one.id for one in recording.post_recordings_deletionprotection(query)]
found["refused"] = [refused(recording.put_conversation_recording, conversation, trunk, retention)]
recording.put_recordings_deletionprotection(protect=False, body=query)
put = recording.put_conversation_recording(conversation, trunk, retention)
found["states"] = [put.file_state]
while found["states"][-1] != "DELETED":
    one = recording.get_conversation_recordingmetadata_recording_id(conversation, trunk)
    found["states"].append(one.file_state)
found["deleteDate"] = put.delete_date.isoformat()
try:
    fetch(answer.media_uris["0"].media_uri)
except urllib.error.HTTPError as error:
    found["gone"] = error.code

upload = sdk.UploadUrlRequest()
upload.file_name, upload.content_type, upload.server_side_encryption = "call.zip", "application/zip", "AES256"
grant = sdk.UploadsApi(client).post_uploads_recordings(upload)
put = urllib.request.Request(grant.url, b"PK\x03\x04import", dict(grant.headers), method="PUT")
with urllib.request.urlopen(put) as answer:
    found["upload"] = answer.status
request = sdk.RecordingUploadReportRequest()
request.date_since = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
request.upload_status = "Success"
report = recording.post_recording_uploads_reports(request)
while report.state != "Completed":
    report = recording.get_recording_uploads_report(report.id)
found["report"] = len(fetch(report.signed_url).splitlines())

found["refused"].append(refused(recording.get_conversation_recordingmetadata, "no-such"))
client.access_token = "wrong"
found["refused"].append(refused(recording.get_conversation_recordingmetadata, conversation))
# What this program sends, as the vendor's models see it; and what of the answers they do not know.
found["bodies"] = [strict.body(sdk, name, text) for name, text in json.loads(sys.stdin.read())]
found["unknown"] = sorted(strict.unknown)
print(json.dumps(found))
