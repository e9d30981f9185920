//! A batch between containers of Azure.

use super::bucket::{Store, World, kill_again_and_again};
use super::campaign;
use crate::services::Service;
use crate::services::azure::{
    count_blobs, get_blob, make_container, put_blob, start_azurite, variables,
};

/// Azure, by Azurite.
struct Azurite(Service);

impl Store for Azurite {
    const SCHEME: &'static str = "az";

    fn port(&self) -> u16 {
        self.0.port
    }

    fn variables(&self, port: u16) -> Vec<(String, String)> {
        let direct = variables(&self.0).into_iter();
        let from = |text: String| text.replace(&self.0.url(), &format!("http://127.0.0.1:{port}"));
        direct.map(|(name, value)| (name, from(value))).collect()
    }

    fn put(&self, bucket: &str, key: &str, body: &[u8]) {
        put_blob(&self.0, bucket, key, body);
    }

    fn get(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        get_blob(&self.0, bucket, key)
    }

    /// Blocks that nobody has committed make no blob, but the list can show them as one. Those of a blob that
    /// was committed later are gone with that.
    fn nothing_is_open(&self, bucket: &str, objects: usize) {
        assert_eq!(count_blobs(&self.0, bucket), objects, "{bucket}");
    }
}

#[test]
fn a_batch_between_containers_that_is_killed_does_each_recording_once() {
    let Some(azurite) = start_azurite() else { return };
    ["calls", "clean", "evidence"].iter().for_each(|name| make_container(&azurite, name));
    kill_again_and_again(World::of(Azurite(azurite), campaign(300)), campaign(200), 20);
}
