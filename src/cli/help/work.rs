//! The examples of `sordino work`.

pub(in super::super) const WORK_EXAMPLES: &str = "\
Examples:
  Recordings that S3 announces in SQS, each with the transcript beside it, as a policy says:
    sordino work --queue sqs://sqs.eu-central-1.amazonaws.com/123456789012/calls \\
      --windows-suffix .transcript.json --policy pci.toml \\
      --out s3://clean/ --receipts s3://evidence/
  What `sordino push` has put into a queue, and what arrives meanwhile, until it is empty:
    sordino work --queue postgres://sordino@db/calls --drain --in s3://calls/ \\
      --out s3://clean/ --receipts s3://evidence/

A recording whose transcript is not there yet, or is older, comes again later. Who can write into the queue
is trusted with what is muted, below --in. What failed for good, or too often, is buried with the reason. The
receipt in its place is the commit: a recording that is handed out twice is committed once.

Exit codes: 0 the queue is empty; 3 as well, and some jobs were buried; 1 it failed; 2 the call was wrong;
130 told to end. The first ctrl-c or SIGTERM takes no new jobs, a second one ends at once.";
