//! From a selection to the windows of a redaction.

use super::select::{PlacedWindow, Selection};
use crate::window::{Window, WindowProblem};

impl Selection {
    /// The windows with their padding apart, so that messages and receipts tell one from the other.
    ///
    /// # Errors
    /// [`WindowProblem::EndNotAfterStart`] for a window of no length.
    pub fn to_windows(&self) -> Result<Vec<Window>, WindowProblem> {
        self.bare.iter().zip(&self.windows).map(|(bare, padded)| window(bare, padded)).collect()
    }
}

fn window(bare: &PlacedWindow, padded: &PlacedWindow) -> Result<Window, WindowProblem> {
    // A mark of no length is all padding.
    let is_point = bare.end.is_some_and(|end| end <= bare.start);
    let core = if is_point { padded } else { bare };
    let mut window = match core.end {
        Some(end) => Window::new(core.start, end)?,
        None => Window::to_the_end(core.start)?,
    };
    let before = core.start.saturating_sub(padded.start);
    let after = padded.end.zip(core.end).map(|(wide, narrow)| wide.saturating_sub(narrow));
    window = window.padded(before, after.unwrap_or_default());
    if let Some(channel) = padded.channel {
        window = window.on_channel(channel);
    }
    if let Some(label) = &padded.label {
        window = window.labelled(label);
    }
    Ok(window)
}
