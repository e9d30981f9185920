//! The examples of the commands about queues.

pub(in super::super) const PUSH_EXAMPLES: &str = "\
Examples:
  What calls.csv lists, for workers on a queue of SQS:
    sordino push calls.csv --queue sqs://sqs.eu-central-1.amazonaws.com/123456789012/calls
  The same on NATS, whose stream is made if it is not there, and in PostgreSQL:
    sordino push calls.csv --queue nats://queue.example:4222/CALLS
    sordino push calls.csv --queue postgres://me@db.example/calls

The manifest is that of `sordino batch`. All its rows are checked before the first is pushed. A row without
`out` goes where the worker says. What is pushed twice is done once: the second finds the receipt.";

pub(in super::super) const DEAD_EXAMPLES: &str = "\
Examples:
  What failed for good, and why:
    sordino dead list --queue sqs://calls
  Once more, two of them or all:
    sordino dead retry 17 18 --queue postgres://me@db.example/calls
    sordino dead retry --all --queue postgres://me@db.example/calls
  Forget one:
    sordino dead drop 17 --queue postgres://me@db.example/calls

In SQS the list hides the jobs from others while it is read. A job without a reason was moved there by the
queue itself.";

pub(in super::super) const QUEUE_STATUS_EXAMPLES: &str = "\
Examples:
  sordino queue status --queue nats://queue.example:4222/CALLS
  sordino queue status --queue sqs://calls --json

SQS counts with a delay of up to a minute. On NATS a job that waits for its time is in work.";
