//! Hosts that asked to wait: who is told so waits for all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::http::NotBefore;
use crate::lock::lock;

/// Until when which host takes no request. A program asks few hosts.
#[derive(Debug, Default)]
pub(super) struct Paused(Mutex<HashMap<String, Arc<NotBefore>>>);

impl Paused {
    /// Until when this host takes none, now and later. `host`: with its port.
    pub(super) fn host(&self, host: &str) -> Arc<NotBefore> {
        Arc::clone(lock(&self.0).entry(host.to_owned()).or_default())
    }
}
