//! The examples of `sordino batch`.

pub(in super::super) const BATCH_USAGE: &str = "\
sordino batch MANIFEST --out PLACE [OPTIONS]
       sordino batch PREFIX --windows-suffix SUFFIX --out PLACE --journal JOURNAL [OPTIONS]
       sordino batch status JOURNAL [--failed] [--json]
       sordino batch report JOURNAL --html FILE.html";

pub(in super::super) const BATCH_EXAMPLES: &str = "\
Examples:
  What calls.csv lists, into a folder; each with a receipt:
    sordino batch calls.csv --out clean --receipts evidence
  See first what would be done:
    sordino batch calls.csv --out clean --dry-run
  From bucket to bucket, each recording with the transcript beside it, as a policy says:
    sordino batch s3://exports/2026/ --windows-suffix .transcript.json --policy pci.toml \\
      --out s3://clean/ --receipts s3://evidence/ --journal calls.journal
  How far is it? What failed? Once more what failed:
    sordino batch status calls.csv.journal
    sordino batch status calls.csv.journal --failed
    sordino batch calls.csv --out clean --retry-failed

A manifest has the columns in, out, windows, treatment, id; only in and windows are needed. Its rows are
checked before the first recording is read. The same command again does what is not done yet. A
manifest that is called `status` is ./status.

Exit codes: 0 all done; 3 finished, and some failed; 1 the run failed; 2 the call or the manifest was
wrong; 130 interrupted, and the same command goes on. ctrl-c ends what is in flight; a second one ends
at once.";

pub(in super::super) const BATCH_STATUS_EXAMPLES: &str = "\
Examples:
  sordino batch status calls.csv.journal
  sordino batch status calls.csv.journal --failed --json

`skipped` are recordings without anything to redact, which --if-none skip left out. `unknown` are those
of which a copy may exist at Genesys: look there before you give them again.";
