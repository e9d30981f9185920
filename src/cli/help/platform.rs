//! The text of `sordino recording --help` about the Platform API.

pub(super) const EXAMPLES: &str = "\
The Platform API, which an organisation of today answers (--api platform). It takes no audio back:
the redacted copy stays with you, and Genesys keeps the original until you let it be deleted:
  export GENESYS_CLIENT_ID=... GENESYS_CLIENT_SECRET=... GENESYS_CONVERSATION_ID=...
  Try it: fetch and redact, and keep the result to listen to it; nothing else happens:
    sordino recording --api platform --region mypurecloud.de --recording-id ID -w 10-15@1 \\
      --silence --dry-run --keep redacted.wav
  Do it. @1 is key 1 of the recording, the channel 1 of the copy:
    sordino recording --api platform --recording-id ID -w 10-15@1 --silence --to redacted.wav
  All audio recordings of the conversation, into copies/CONVERSATION/RECORDING.wav:
    sordino recording --api platform --windows windows.json --same-windows --silence --to copies/
  Mute what the organisation's own transcript of each recording marks:
    sordino recording --api platform --windows genesys: --silence --to copies/
  In the folders of Genesys' export to a bucket, with the metadata beside each copy:
    sordino recording --api platform --recording-id ID -w 10-15 --silence --to copies/ --layout export
  A file for each key, copies/CONVERSATION/RECORDING.0.wav and so on:
    sordino recording --api platform --recording-id ID -w 10-15 --silence --split --to copies/
  Mark the passages on the original, and let Genesys delete it at the end of 2030:
    sordino recording --api platform --recording-id ID -w 10-15 --silence --to copies/ \\
      --annotate --delete-original 2030-12-31 --receipt copies/

An original is deleted only after its redacted copy was checked, is on the disk and was read back,
and if it is neither protected nor about to be exported. The last line says what became of it. Its
transcript is a copy of what was said too. No live organisation was at hand to try this.

Exit codes: 0 done; 1 it failed, and nothing was delivered unless the error says so; 2 the call was
wrong; 3 some recordings of the conversation failed; 130 ctrl-c, and the message says whether the
copy was delivered and whether the deletion of the original is set.";
