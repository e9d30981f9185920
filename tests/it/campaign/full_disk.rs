//! A disk that is full: it is said, and with room the same command does the rest.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use super::{Said, WINDOW, is_right};
use crate::batch::{Batch, recording};
use crate::support::{stderr, stdout};

/// A disk of its own, which is in memory, at a folder.
struct Disk {
    /// A shell that takes it away when its stdin ends: the test process may be killed.
    shell: Child,
    path: String,
}

impl Disk {
    /// `None` where it cannot be mounted.
    fn mount(path: &str, size: &str) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let script = "mount -t tmpfs -o size=\"$1\" sordino \"$0\" && echo mounted && cat >/dev/null; \
                      umount -l \"$0\"";
        let mut shell = Command::new("sh")
            .args(["-c", script, path, size])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "mounted\n" {
            eprintln!("skipped: a disk in memory cannot be mounted; it takes root");
            shell.wait().unwrap();
            return None;
        }
        Some(Self { shell, path: path.to_owned() })
    }

    fn resize(&self, size: &str) {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={size}"), &self.path]);
        assert!(mount.status().unwrap().success());
    }

    /// Fills what is left of it.
    fn fill(&self) {
        let mut filler = std::fs::File::create(format!("{}/filler", self.path)).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
        while filler.write_all(&[0]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(format!("{}/filler", self.path)).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// A batch whose folder `disk` is a disk of this size.
fn batch_with_disk(count: u32, size: &str) -> Option<(Batch, Disk)> {
    let batch = Batch::of(count);
    let disk = Disk::mount(&batch.folder.path("disk"), size)?;
    Some((batch, disk))
}

fn summary(output: &Output) -> Value {
    serde_json::from_str(stdout(output).lines().last().unwrap()).unwrap()
}

/// All recordings are done, and in these folders is nothing else.
fn everything_is_right(batch: &Batch, count: u32, clean: &str, evidence: &str) {
    for at in 0..count {
        let read = |name: String| std::fs::read(batch.folder.path(&name)).unwrap();
        let receipt = read(format!("{evidence}/{at}.wav.receipt.json"));
        is_right(&recording(at, 8000), &read(format!("{clean}/{at}.wav")), receipt);
    }
    assert_eq!(batch.files(clean).len() as u32, count);
    assert_eq!(batch.files(evidence).len() as u32, count + 1, "and the chain");
}

#[test]
fn recordings_for_which_the_disk_has_no_room_fail_and_leave_nothing() {
    // Each takes 16 KiB, and 4 KiB its receipt.
    let Some((batch, disk)) = batch_with_disk(12, "120k") else { return };
    let run = "calls.csv --out disk/clean --receipts disk/evidence --json";
    let full = batch.run(run);
    assert!(stderr(&full).contains("No space left on device"), "{}", stderr(&full));
    // The chain may still have found room.
    let no_chain =
        stderr(&full).contains("publishing the chain; the recordings are in their places");
    assert_eq!(full.status.code(), Some(if no_chain { 1 } else { 3 }), "{}", stderr(&full));
    let (done, failed) = (&summary(&full)["done"], &summary(&full)["failed"]);
    let (done, failed) = (done.as_u64().unwrap(), failed.as_u64().unwrap());
    assert!(done > 0 && failed > 0 && done + failed == 12, "{}", summary(&full));
    // A copy may be in its place without its receipt; no other file is there.
    let copies = batch.files("disk/clean");
    assert!(copies.iter().all(|name| name.ends_with(".wav")), "{copies:?}");
    let receipts = batch.files("disk/evidence");
    let receipts = receipts.iter().filter(|name| name.ends_with(".receipt.json"));
    assert_eq!(receipts.count() as u64, done);

    disk.resize("1m");
    let again = batch.run(&format!("{run} --retry-failed"));
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    everything_is_right(&batch, 12, "disk/clean", "disk/evidence");
}

#[test]
fn a_journal_whose_disk_fills_up_ends_the_run_and_the_same_command_goes_on() {
    let count = 80;
    let Some((batch, disk)) = batch_with_disk(count, "2m") else { return };
    let words = "calls.csv --out clean --receipts evidence --journal disk/journal -j 2 --json --progress none";
    let mut said = Said::default();
    for heard in [1, 3, 5] {
        let mut command = batch.command(words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        said.hear_some(&mut lines, heard);
        disk.fill();
        said.hear_some(&mut lines, u64::MAX);
        let mut errors = String::new();
        child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1), "{errors}");
        assert!(errors.contains("the disk is full; make room, then run the same"), "{errors}");
        // What was said to be done was durable, and can be read while the disk is full.
        let status = batch.run("status disk/journal --json");
        assert!(summary(&status)["done"].as_u64() >= Some(said.0.len() as u64), "{said:?}");
        disk.make_room();
    }
    // What is written ahead takes more than the disk has had.
    disk.resize("16m");
    let last = batch.run(words);
    assert_eq!(last.status.code(), Some(0), "{}", stderr(&last));
    stdout(&last).lines().for_each(|line| said.hear(line));
    assert_eq!(batch.files("disk"), ["journal", "journal.lock"]);
    let status = batch.run("status disk/journal --json");
    assert_eq!(
        (&summary(&status)["done"], &summary(&status)["total"]),
        (&count.into(), &count.into())
    );
    everything_is_right(&batch, count, "clean", "evidence");
    let walk = batch.run("status disk/journal --verify");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
}

#[test]
fn a_journal_that_has_no_room_begins_nothing() {
    let Some((batch, disk)) = batch_with_disk(3, "64k") else { return };
    disk.fill();
    let words = "calls.csv --out clean --journal disk/journal";
    let full = batch.run(words);
    assert_eq!(full.status.code(), Some(1), "{}", stderr(&full));
    assert!(stderr(&full).contains("the disk is full; make room"), "{}", stderr(&full));
    assert!(!batch.files(".").iter().any(|name| name.starts_with("clean")));
    disk.make_room();
    disk.resize("1m");
    assert_eq!(batch.run(words).status.code(), Some(0));
}

#[test]
fn what_is_too_large_for_the_memory_needs_room_for_temporary_files() {
    let Some((batch, disk)) = batch_with_disk(1, "64k") else { return };
    let large = recording(1, 2_800_000);
    batch.folder.write("1.wav", &large);
    // A copy that goes into a bucket is kept until it is complete, here as for another disk.
    let manifest = format!("in,windows\n0.wav,{WINDOW}\n1.wav,{WINDOW}\n");
    batch.folder.write("calls.csv", manifest.as_bytes());
    let run = |more: &str| {
        let words = format!("calls.csv --out clean --receipts evidence --json {more}");
        batch.command(&words).env("TMPDIR", batch.folder.path("disk")).output().unwrap()
    };
    let full = run("");
    assert_eq!(full.status.code(), Some(3), "{}", stderr(&full));
    assert_eq!((&summary(&full)["done"], &summary(&full)["failed"]), (&1.into(), &1.into()));
    assert_eq!((batch.files("disk"), batch.files("clean")), (vec![], vec!["0.wav".to_owned()]));
    disk.resize("16m");
    assert_eq!(run("--retry-failed").status.code(), Some(0));
    let read = |name: &str| std::fs::read(batch.folder.path(name)).unwrap();
    is_right(&large, &read("clean/1.wav"), read("evidence/1.wav.receipt.json"));
}
