//! Prometheus' text format: a line for each number, so it is written here. A crate that does it brings seventeen
//! others.

use std::time::Duration;

/// Lines of the text format.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    pub(super) fn text(self) -> String {
        self.0
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        self.0 += &format!("# HELP sordino_{name} {help}\n# TYPE sordino_{name} {kind}\n");
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.0 += &format!("sordino_{name} {value}\n");
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        self.0 += &format!("sordino_{name} {value}\n");
    }

    pub(super) fn seconds(&mut self, name: &str, help: &str, value: Duration) {
        self.head(name, help, "counter");
        self.0 += &format!("sordino_{name} {:.3}\n", value.as_secs_f64());
    }

    /// One counter for each value of a label. Labels are names of this program, so nothing is escaped.
    pub(super) fn counters<L: std::fmt::Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        self.head(name, help, "counter");
        for (of, value) in values {
            self.0 += &format!("sordino_{name}{{{label}=\"{of}\"}} {value}\n");
        }
    }
}
