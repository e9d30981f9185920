// Drives the sandbox with Genesys' own SDK for JavaScript, as a customer's program would.
//
// Argument: the base URL. SORDINO_SDK_NODE is the folder with node_modules. Prints what it found, as JSON.

import { createRequire } from "node:module";

const require = createRequire(process.env.SORDINO_SDK_NODE + "/");
const sdk = require("purecloud-platform-client-v2");
const url = new URL(process.argv[2]);
const client = sdk.ApiClient.instance;
client.setGateway({ host: url.hostname, protocol: "http", port: Number(url.port) });
client.setReturnExtendedResponses(true);
await client.loginClientCredentialsGrant("sandbox", "sandbox-secret");
const recording = new sdk.RecordingApi();
const found = {};
const [conversation, trunk] = ["demo-conversation", "demo-trunk"];

/** Status and code of a call that must fail. */
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.status, error.body.code];
  }
  throw new Error("it was not refused");
}

async function fetched(link) {
  const answer = await fetch(link);
  return answer.ok ? (await answer.arrayBuffer()).byteLength : answer.status;
}

const metadata = (await recording.getConversationRecordingmetadata(conversation)).body;
found.recordings = metadata.map((one) => [one.id, one.media, one.mediaSubtype ?? null, one.fileState]);
found.organisation = (await new sdk.OrganizationApi().getOrganizationsMe()).body.id;
const began = (await new sdk.ConversationsApi().getConversation(conversation)).body.startTime;
found.began = began.replace(".000Z", "+00:00");

found.polls = [];
let answer;
do {
  answer = await recording.getConversationRecording(conversation, trunk, { formatId: "WAV" });
  found.polls.push(answer.status);
} while (!answer.body?.mediaUris);
const uris = Object.entries(answer.body.mediaUris);
found.files = {};
for (const [key, media] of uris) found.files[key] = await fetched(media.mediaUri);
const list = (await recording.getConversationRecordings(conversation, { formatId: "WAV" })).body;
found.list = list.map((one) => one.id).sort();

const wanted = [{ conversationId: conversation, recordingId: "demo-consult" }, { conversationId: "no-such" }];
const job = (await recording.postRecordingBatchrequests({ batchDownloadRequestList: wanted })).body;
let batch = (await recording.getRecordingBatchrequest(job.id)).body;
found.batch = [batch.status];
while (batch.status !== "Completed") batch = (await recording.getRecordingBatchrequest(job.id)).body;
found.batch.push(batch.status, batch.resultCount, batch.errorCount);
found.batch.push(batch.results[0].contentType, await fetched(batch.results[0].resultUrl));

const note = { type: "bookmark", name: "muted", location: 10000, durationMs: 5000 };
await recording.postConversationRecordingAnnotations(conversation, trunk, note);
const listed = (await recording.getConversationRecordingAnnotations(conversation, trunk)).body;
found.annotations = listed.map((one) => [one.type, one.location, one.durationMs]);

const transcripts = new sdk.SpeechTextAnalyticsApi();
const call = [conversation, trunk];
const one = await transcripts.getSpeechandtextanalyticsConversationCommunicationTranscripturl(...call);
found.transcript = (await (await fetch(one.body.url)).json()).communicationId;
const all = await transcripts.getSpeechandtextanalyticsConversationCommunicationTranscripturls(...call);
found.transcripts = all.body.urls.map((link) => link.recording.id);

const body = { conversationIds: [conversation] };
const retention = { deleteDate: "2020-01-01T00:00:00.000Z" };
await recording.putRecordingsDeletionprotection({ protect: true, body });
found.protected = (await recording.postRecordingsDeletionprotection(body)).body.map((entity) => entity.id);
found.refused = [await refused(() => recording.putConversationRecording(conversation, trunk, retention))];
await recording.putRecordingsDeletionprotection({ protect: false, body });
const put = (await recording.putConversationRecording(conversation, trunk, retention)).body;
found.states = [put.fileState];
while (found.states.at(-1) !== "DELETED") {
  const now = await recording.getConversationRecordingmetadataRecordingId(conversation, trunk);
  found.states.push(now.body.fileState);
}
found.deleteDate = put.deleteDate.replace(".000Z", "+00:00");
found.gone = await fetched(uris[0][1].mediaUri);

const upload = { fileName: "call.zip", contentType: "application/zip", serverSideEncryption: "AES256" };
const grant = (await new sdk.UploadsApi().postUploadsRecordings(upload)).body;
const sent = await fetch(grant.url, { method: "PUT", headers: grant.headers, body: "PK\x03\x04import" });
found.upload = sent.status;
const request = { dateSince: "2026-01-01T00:00:00.000Z", uploadStatus: "Success" };
let report = (await recording.postRecordingUploadsReports(request)).body;
while (report.state !== "Completed") report = (await recording.getRecordingUploadsReport(report.id)).body;
found.report = (await (await fetch(report.signedUrl)).text()).trim().split("\n").length;

found.refused.push(await refused(() => recording.getConversationRecordingmetadata("no-such")));
client.setAccessToken("wrong");
found.refused.push(await refused(() => recording.getConversationRecordingmetadata(conversation)));
console.log(JSON.stringify(found));
