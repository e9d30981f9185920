//! The chain as a run publishes it: beside the work, and at its end.

use std::time::Duration;

use sordino::batch::chain::{Background, ChainError, Publisher};
use sordino::batch::{Journal, News, open_journal_to_read};

use super::super::super::exit::Failure;
use super::super::super::messages::{detail, warn};
use super::super::plan::{self, Plan};
use super::super::show::Show;
use super::{EVERY, shelf};

/// How long a link waits for others, so that a chain of short runs has no thousand pieces a day.
const WAIT: Duration = Duration::from_secs(600);

/// Publishes the links of all receipts that are in their places, if there are receipts.
pub(in super::super) struct Publishing {
    background: Option<Background>,
    /// What has been told.
    failed: Option<String>,
}

impl Publishing {
    /// Begins, unless another journal's chain is in the way.
    pub(in super::super) fn begin(
        plan: &Plan<'_>,
        journal: &mut dyn Journal,
    ) -> Result<Self, Failure> {
        let Some(receipts) = &plan.planning.receipts else {
            return Ok(Self { background: None, failed: None });
        };
        let doing = "looking for an earlier chain";
        let shelf = shelf(receipts, &plan.stores, &plan.runtime);
        let publisher = Publisher::new(shelf, plan.signer.clone(), EVERY);
        publisher.check_new(journal, &plan.name).map_err(|error| match error {
            ChainError::NewJournal { .. } => Failure::usage(doing, error),
            error => Failure::failed(doing, error),
        })?;
        let own = open_journal_to_read(&plan.journal).map_err(plan::wrong)?;
        let background = Background::start(publisher, own, WAIT);
        let background = background.map_err(|error| Failure::failed(doing, error))?;
        Ok(Self { background: Some(background), failed: None })
    }

    /// Publishes what is due, and tells what became of it.
    pub(in super::super) fn look(&mut self, news: &News<'_>, show: &Show) {
        let Some(background) = &mut self.background else { return };
        let is_link = matches!(news, News::Done { again: false, .. });
        match background.look(is_link) {
            None => {}
            Some(Ok(last)) => {
                self.failed = None;
                show.aside(|| detail(&format!("the chain is published up to link {last}")));
            }
            Some(Err(error)) => {
                let text = error.to_string();
                if self.failed.as_ref() != Some(&text) {
                    show.aside(|| warn(&format!("{text}; publishing it is tried again")));
                }
                self.failed = Some(text);
            }
        }
    }

    /// Publishes the rest.
    pub(in super::super) fn end(self, journal: &mut dyn Journal) -> Result<(), Failure> {
        let Some(background) = self.background else { return Ok(()) };
        let doing = "publishing the chain; the recordings are in their places, and the same command publishes it again";
        let published = background.end().publish(journal, true);
        published.map(drop).map_err(|error| Failure::failed(doing, error))
    }
}
