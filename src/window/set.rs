//! The windows of one redaction: sorted, merged, never empty by accident.

use std::sync::Arc;
use std::time::Duration;

use super::{Window, WindowError, WindowProblem};

/// At least one window, or [none](Windows::none) where that was said; sorted by channel selection and
/// start; overlapping and touching windows for the same channels are merged, their labels joined with
/// ` + `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// Shared: there may be many windows, and several later steps keep a copy.
    pub(super) merged: Arc<[Window]>,
    asked: Arc<[Window]>,
}

impl Windows {
    /// Sorts and merges windows, each with its padding.
    ///
    /// # Errors
    /// [`WindowError`] with [`WindowProblem::NoWindows`] when there are none: to redact nothing is a
    /// mistake, not a success.
    pub fn new(windows: impl IntoIterator<Item = Window>) -> Result<Self, WindowError> {
        let asked: Arc<[Window]> = windows.into_iter().collect();
        if asked.is_empty() {
            return Err(WindowProblem::NoWindows.at("windows"));
        }
        Ok(Self::of(asked))
    }

    /// No window, for a recording that was searched and holds nothing to mute: it passes as it is. No
    /// list and no flag makes this; the caller must mean it.
    pub fn none() -> Self {
        Self::of(Arc::default())
    }

    fn of(asked: Arc<[Window]>) -> Self {
        let is_bare = |window: &Window| window.pad == (Duration::ZERO, Duration::ZERO);
        let is_merged =
            asked.iter().all(is_bare) && asked.windows(2).all(|pair| pair[0].is_before(&pair[1]));
        let merged = if is_merged {
            Arc::clone(&asked)
        } else {
            merge(asked.iter().map(Window::extent).collect()).into()
        };
        Self { merged, asked }
    }

    /// The same windows, each widened by `pad` on both sides and merged again.
    #[must_use]
    pub fn padded(self, pad: Duration) -> Self {
        Self::of(self.asked.iter().map(|window| window.clone().padded(pad, pad)).collect())
    }

    /// The same windows without their padding.
    pub(crate) fn bare(&self) -> Self {
        let bare =
            |window: &Window| Window { pad: (Duration::ZERO, Duration::ZERO), ..window.clone() };
        Self::of(self.asked.iter().map(bare).collect())
    }

    /// The same windows for a recording of this length: those that last to the end get it as their end.
    pub(crate) fn for_length(&self, length: Duration) -> Self {
        if !self.asked.iter().any(Window::is_to_the_end) {
            return self.clone();
        }
        let ended = self.asked.iter().map(|window| match window.is_to_the_end() {
            true => Window { end: length, ..window.clone() },
            false => window.clone(),
        });
        Self::of(ended.collect())
    }

    /// The windows as they were asked for: neither sorted nor merged, without their padding.
    pub fn asked(&self) -> &[Window] {
        &self.asked
    }

    /// The windows, padded, sorted and merged.
    pub fn iter(&self) -> std::slice::Iter<'_, Window> {
        self.merged.iter()
    }

    /// The number of windows after merging.
    pub fn len(&self) -> usize {
        self.merged.len()
    }

    /// Whether there is [none](Windows::none).
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }
}

fn merge(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_by_key(|window| (window.channel, window.start, window.end));
    let mut merged: Vec<Window> = Vec::with_capacity(windows.len());
    for window in windows {
        if !merged.last_mut().is_some_and(|last| last.absorb(&window)) {
            merged.push(window);
        }
    }
    merged
}

impl<'a> IntoIterator for &'a Windows {
    type Item = &'a Window;
    type IntoIter = std::slice::Iter<'a, Window>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
