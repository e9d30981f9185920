//! What is seen of a run: progress on stderr, a result for each job on stdout.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sordino::batch::{Claimed, Input, News};
use sordino::span::time_of;

use super::super::args::ProgressKind;
use super::super::messages::{detail, is_quiet, say};
use super::super::progress::Status;
use super::super::text::elapsed;
use super::super::{exit::Failure, report};
use super::tally::Tally;

/// How often the line on a terminal is drawn, and JSON is written.
const OFTEN: Duration = Duration::from_millis(250);

/// How often a line is printed where there is no terminal.
const SELDOM: Duration = Duration::from_secs(30);

/// Shows the news of a run.
pub(super) struct Show {
    kind: Kind,
    shown: Instant,
    json: bool,
    /// stdout is gone; the run goes on.
    failed: Option<Failure>,
}

enum Kind {
    /// One line that is drawn again.
    Drawn(Status),
    Lines,
    Json,
    None,
}

impl Show {
    /// `json`: whether results go to stdout.
    pub(super) fn new(progress: Option<ProgressKind>, json: bool) -> Self {
        let kind = match progress {
            _ if is_quiet() => Kind::None,
            Some(ProgressKind::None) => Kind::None,
            Some(ProgressKind::Json) => Kind::Json,
            _ if std::io::stderr().is_terminal() => Kind::Drawn(Status::new()),
            Some(ProgressKind::Line) | None => Kind::Lines,
        };
        Self { kind, shown: Instant::now(), json, failed: None }
    }

    /// Shows what has become durable, and how far the run is.
    pub(super) fn news(&mut self, news: &News<'_>, tally: &Tally) {
        match news {
            News::Done { job, done, again: false } if self.json => {
                let mut json = about(job, "done");
                let seconds = |frames| time_of(frames, done.rate.max(1)).as_secs_f64();
                json["output"] = done.output.clone().into();
                json["receipt"] = done.receipt.clone().into();
                json["sha256"] = done.sha256.clone().into();
                json["bytes"] = done.bytes.into();
                json["seconds"] = seconds(done.frames).into();
                json["redactedSeconds"] = seconds(done.redacted_frames).into();
                json["windows"] = done.windows.into();
                json["ifNone"] = done.if_none.clone().into();
                self.result(&json);
            }
            News::Failed { job, failed, unknown } => {
                if self.json {
                    let mut json = about(job, if *unknown { "unknown" } else { "failed" });
                    json["kind"] = failed.kind.name().into();
                    json["retryable"] = failed.kind.is_retryable().into();
                    json["message"] = failed.message.clone().into();
                    self.result(&json);
                }
                self.line(&format!(
                    "failed: {}: {}",
                    row(job.line, &job.spec.input),
                    failed.message
                ));
            }
            News::Again { job, failed, wait } => {
                let (row, wait) = (row(job.line, &job.spec.input), elapsed(*wait));
                self.aside(|| detail(&format!("{row}: {}; tried again in {wait}", failed.message)));
            }
            News::Done { .. } | News::Tick => {}
        }
        self.progress(tally);
    }

    /// Clears the line; for programs, tells the end. The error that stdout had.
    pub(super) fn end(self, tally: &Tally) -> Result<(), Failure> {
        match &self.kind {
            Kind::Drawn(status) => status.clear(),
            Kind::Json => say(&tally.json().to_string()),
            Kind::Lines | Kind::None => {}
        }
        self.failed.map_or(Ok(()), Err)
    }

    /// Prints a line on stderr, above the progress.
    pub(super) fn line(&self, line: &str) {
        self.aside(|| say(line));
    }

    /// Prints above the progress.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match &self.kind {
            Kind::Drawn(status) => status.aside(print),
            _ => print(),
        }
    }

    fn result(&mut self, json: &Value) {
        let mut printed = Ok(());
        self.aside(|| printed = report::print(&json.to_string()));
        if let Err(failure) = printed {
            self.failed.get_or_insert(failure);
        }
    }

    fn progress(&mut self, tally: &Tally) {
        let every = if matches!(self.kind, Kind::Lines) { SELDOM } else { OFTEN };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        match &self.kind {
            Kind::Drawn(status) => status.say(tally.line()),
            Kind::Lines => say(&tally.line()),
            Kind::Json => say(&tally.json().to_string()),
            Kind::None => {}
        }
    }
}

/// What every result begins with.
pub(super) fn about(job: &Claimed, state: &str) -> Value {
    json!({
        "state": state,
        "line": job.line,
        "id": job.id,
        "key": job.key.0,
        "input": input(&job.spec.input),
    })
}

/// `line 17, calls/a.wav`.
pub(super) fn row(line: Option<u64>, of: &Input) -> String {
    let of = input(of);
    line.map_or_else(|| of.clone(), |line| format!("line {line}, {of}"))
}

/// The recording of a job: its place, or its ids.
pub(super) fn input(input: &Input) -> String {
    match input {
        Input::Place { place, .. } => place.clone(),
        Input::Genesys { conversation, recording, .. } => format!("{conversation}/{recording}"),
    }
}
