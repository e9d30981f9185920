//! The windows of a job: inline, or of a list or transcript that is read as it was planned.

use std::time::Duration;

use super::super::journal::Claimed;
use super::super::model::{FailureKind, WindowsSpec};
use super::super::run::Failure;
use super::Places;
use super::failure::{self, failed, parsed};
use crate::policy::Request;
use crate::store::{Head, Place};
use crate::window::parse_flag;

/// The largest list or transcript, in bytes; less where there is less memory.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

/// It is in memory as a whole, and what is read of it is several times larger.
const SHARE_OF_MEMORY: u64 = 4;

/// How long a local list or transcript must be left alone before it is taken: who writes it line by line may
/// not have come to its end, and what is there so far may be read without an error.
const SETTLED: Duration = Duration::from_secs(10);

/// As long as a list or transcript that cannot be read is no older, its end may still come.
const YOUNG: Duration = Duration::from_secs(5 * 60);

impl Places {
    /// Whether the list or transcript at this place, which cannot be read, may still be being written.
    pub fn is_young(&self, windows: &str) -> bool {
        let Ok(place) = windows.parse() else { return false };
        let head = self.runtime.block_on(self.stores.head(&place));
        head.is_ok_and(|head| age(&head) < YOUNG)
    }

    /// Whether this treatment is that of the policy, or, where the policy names none, mutes no less than the
    /// usual one.
    ///
    /// # Errors
    /// Of a text that is no treatment, in words.
    pub fn mutes_enough(&self, treatment: &str) -> Result<bool, String> {
        let asked = self.policy.treatment_of(Some(treatment))?;
        Ok(match self.policy.named_treatment() {
            Some(named) => asked == named,
            None => asked.gain() <= self.policy.treatment().gain(),
        })
    }

    /// The windows of a job, inline or of its file.
    pub(in super::super) async fn request(&self, job: &Claimed) -> Result<Request, Failure> {
        let wrong = |why: String| failed(FailureKind::Windows, why);
        match &job.spec.windows {
            WindowsSpec::Inline(flags) => {
                let windows: Result<Vec<_>, _> =
                    flags.iter().map(|flag| parse_flag(flag)).collect();
                let windows = windows.map_err(|error| wrong(error.to_string()))?;
                self.policy.windows_given(&windows).map_err(|error| wrong(error.to_string()))
            }
            WindowsSpec::Place(name) => {
                let place = parsed(name)?;
                let most = LONGEST_LIST.min(self.options.memory_limit / SHARE_OF_MEMORY);
                let bytes = self.stores.read(&place, most).await;
                let bytes = bytes.map_err(|error| failure::of_windows(&place, error))?;
                self.check_windows(&place, job.spec.windows_version.as_deref()).await?;
                let request = self.policy.windows_of(&bytes, name, &[]);
                request.map_err(|error| wrong(error.to_string()))
            }
        }
    }

    /// Whether a list or transcript that was read is the one that was planned. Asked after it was read: what
    /// replaced it before that is found.
    async fn check_windows(&self, place: &Place, planned: Option<&str>) -> Result<(), Failure> {
        let Some(planned) = planned else { return Ok(()) };
        let head = self.stores.head(place).await;
        let head = head.map_err(|error| failure::of_windows(place, error))?;
        if head.identity() == planned {
            return Ok(());
        }
        Err(failed(FailureKind::Changed, failure::changed(place)))
    }
}

/// Whether nobody writes it any more, as far as its time tells. An object is there as a whole, or not at all.
pub(super) fn is_settled(place: &Place, head: &Head) -> bool {
    place.is_object() || age(head) >= SETTLED
}

/// How long ago it was written; nothing if that is still to come by our clock.
fn age(head: &Head) -> Duration {
    head.modified.map_or(Duration::MAX, |at| at.elapsed().unwrap_or_default())
}
