//! The list of a conversation's recordings against the list of their metadata: none may be hidden, none may
//! come twice.

use std::time::Duration;

use sordino::genesys::platform::Listing;
use sordino::genesys::{Config, Error, WorkflowStep};
use sordino::sandbox::{Conversation, ConversationRecording, FileState};

use crate::platform::{World, world_with};

async fn world(faults: &[&str]) -> World {
    world_with(faults, |_| {}, |_| {}).await
}

async fn world_of(faults: &[&str], polls: u32, change: fn(&mut Conversation)) -> World {
    world_with(faults, change, |config: &mut Config| config.poll_limit = polls).await
}

fn ids(listing: &Listing) -> Vec<&str> {
    listing.recordings.iter().map(|found| found.original().recording_id()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_complete_too_early_hides_no_recording() {
    for (faults, waits) in [
        (&["locate=short"][..], &[5000][..]),
        (&["locate=shortx2"], &[5000, 5000]),
        (&["locate=none", "locate=short", "locate=accepted"], &[5000, 5000, 10_000]),
        (&["list=503", "locate=short"], &[1000, 5000]),
        (&["list=cut:9"], &[1000]),
        // What the list of metadata lacks is found in the other.
        (&["list=short"], &[]),
        (&["list=none"], &[]),
    ] {
        let world = world(faults).await;
        let listing = world.list().await.unwrap_or_else(|error| panic!("{faults:?}: {error}"));
        assert_eq!(ids(&listing), ["call", "keys"], "{faults:?}");
        assert_eq!(world.waits(), waits, "{faults:?}");
        assert_eq!(listing.left_out, [], "{faults:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_never_appears_is_named_in_the_error() {
    for (fault, missing) in
        [("locate=shortxever", &["keys"][..]), ("locate=nonexever", &["call", "keys"])]
    {
        let world = world_of(&[fault], 2, |_| {}).await;
        let error = world.list().await.unwrap_err();
        let text = error.to_string();
        let Error::Incomplete { missing: named, polls, waited } = error else { panic!("{text}") };
        assert_eq!(
            (named, polls, waited),
            (missing.iter().map(|&id| id.into()).collect(), 2, Duration::from_secs(10))
        );
        assert!(
            text.contains(&missing.join(", ")) && text.contains("nothing was fetched"),
            "{text}"
        );
        assert_eq!(world.count(WorkflowStep::Fetch), 0);
    }
}

/// Each answer is a 202 that lists the first recording with its media, and not the second.
#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_the_last_202_lacks_is_named_in_the_error() {
    let still = |conversation: &mut Conversation| {
        conversation.recordings.iter_mut().for_each(|one| {
            one.transcoding = if one.id == "keys" { 1000 } else { 0 };
        });
    };
    let world = world_of(&["locate=shortxever"], 2, still).await;
    let error = world.list().await.unwrap_err();
    let text = error.to_string();
    let Error::Incomplete { missing, polls, .. } = error else { panic!("{text}") };
    assert_eq!((missing, polls), (vec!["keys".to_owned()], 2));
    assert_eq!(world.count(WorkflowStep::Fetch), 0);
    // One that is listed, and is not ready, is left out by name.
    let listing = world_of(&[], 2, still).await.list().await.unwrap();
    assert_eq!((ids(&listing), listing.left_out[0].recording_id.as_str()), (vec!["call"], "keys"));
}

/// What cannot be fetched is not waited for, and is told even if the list does not have it.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_may_lack_what_cannot_be_fetched() {
    for (state, media, reason) in [
        (FileState::Archived, "audio", "archived"),
        (FileState::Deleted, "audio", "deleted"),
        (FileState::Available, "screen", "screen"),
    ] {
        let change = move |conversation: &mut Conversation| {
            let media = media.into();
            let last = ConversationRecording { state, media, ..ConversationRecording::new("last") };
            conversation.recordings.push(last);
        };
        for faults in [&[][..], &["locate=short"]] {
            let world = world_with(faults, change, |_| {}).await;
            let listing = world.list().await.unwrap();
            assert_eq!(
                (ids(&listing), world.waits().len()),
                (vec!["call", "keys"], 0),
                "{faults:?}"
            );
            let left: Vec<_> = listing
                .left_out
                .iter()
                .map(|left| (left.recording_id.as_str(), left.reason.name()))
                .collect();
            assert_eq!(left, [("last", reason)], "{faults:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_listed_twice_is_an_error() {
    for step in ["list", "locate"] {
        let world = world(&[&format!("{step}=twice")]).await;
        let error = world.list().await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Answer { .. }), "{error:?}");
        assert_eq!(text, format!("{step}: invalid answer: a recording is in the list twice: call"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_dies_and_a_missing_permission_are_met_at_the_list_too() {
    let world = world(&["list=dies", "layout=dies"]).await;
    assert_eq!(ids(&world.list().await.unwrap()), ["call", "keys"]);
    world.platform.export_folder("c").await.unwrap();
    assert_eq!(world.count(WorkflowStep::SignIn), 3);
    let world = self::world(&["list=missing:recording:recording:view"]).await;
    let text = world.list().await.unwrap_err().to_string();
    assert!(text.starts_with("list: the permission recording:recording:view is missing"), "{text}");
    let error = world.platform.locate_all("a/b", Default::default()).await.unwrap_err();
    assert!(matches!(error, Error::Config(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_an_export_is_asked_for_with_all_faults_of_a_step() {
    const FOLDER: &str = "sandbox-organisation/year=2026/month=01/day=01/hour=10/conversation_id=c";
    for fault in ["retention=503", "layout=503", "layout=429:3", "layout=reset", "layout=cut:9"] {
        let world = world(&[fault]).await;
        let folder = world.platform.export_folder("c").await.unwrap();
        assert_eq!((folder.path.as_str(), folder.records.len()), (FOLDER, 2), "{fault}");
        assert_eq!(world.waits().len(), usize::from(fault.starts_with("layout")), "{fault}");
        world.check_secrets(&format!("{folder:?}"), fault);
    }
    let world = world(&[]).await;
    let none = world.platform.export_folder("none").await.unwrap_err();
    assert!(matches!(none, Error::Refused { status: 404, .. }), "{none:?}");
    world.sandbox.revoke("conversation:communication:view");
    let text = world.platform.export_folder("c").await.unwrap_err().to_string();
    let part = "layout: the permission conversation:communication:view is missing";
    assert!(text.starts_with(part), "{text}");
}
