//! Step 3, fetch: the download of one part of a recording, from its presigned link.

use crate::genesys::error::Error;
use crate::genesys::fetch::Download;
use crate::genesys::wire::WorkflowStep;

use super::{Located, Platform};

impl Platform {
    /// Starts the download of the part with this key. A link that has expired is replaced: the recording is
    /// located again, once. The download continues in the background while it is read.
    ///
    /// # Errors
    /// [`Error::Config`] when the recording has no such key; [`Error::Expired`] when the new link has
    /// expired too; what [`Platform::locate`] returns when the recording is no longer there. After the
    /// first byte errors are returned by reading the [`Download`].
    pub async fn fetch(&self, located: &Located, key: &str) -> Result<Download, Error> {
        let url = |located: &Located| {
            located.parts.iter().find(|part| part.key == key).map(|part| part.url.clone())
        };
        let no_key = || Error::Config(format!("the recording has no part `{key}`"));
        match self.0.download(url(located).ok_or_else(no_key)?, Vec::new()).await {
            Err(Error::Expired { .. }) => {}
            other => return other,
        }
        let original = &located.original;
        let (conversation, recording) = (original.conversation_id(), original.recording_id());
        let again = self.locate(conversation, recording, located.format).await?;
        if !again.keys().eq(located.keys()) {
            let reason = "the recording has other parts than before".into();
            return Err(Error::Answer { step: WorkflowStep::Locate, reason });
        }
        self.0.download(url(&again).ok_or_else(no_key)?, vec![again.record]).await
    }
}
