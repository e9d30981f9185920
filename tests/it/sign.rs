//! Signed receipts, held against ssh-keygen in both directions, and ssh-agent.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::support::*;

const PRINCIPAL: &str = "pci@example.com";

/// A folder with a key of ssh-keygen and a list that allows it, or `None` if there is no ssh-keygen.
struct Signing {
    folder: Folder,
    key: String,
    signers: String,
}

impl Signing {
    fn new(kind: &str, passphrase: &str) -> Option<Self> {
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            eprintln!("skipped: ssh-keygen is not installed");
            return None;
        }
        let folder = Folder::new();
        let key = folder.path("key");
        // One round, so that the test does not take long.
        let made =
            keygen(&["-q", "-t", kind, "-N", passphrase, "-a", "1", "-C", "c d", "-f", &key]);
        assert!(made.status.success(), "{}", stderr(&made));
        let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
        let signers = folder.write("allowed", format!("# ours\n{PRINCIPAL} {public}").as_bytes());
        Some(Self { folder, key, signers })
    }

    /// Redacts the call with a receipt; returns the path of the receipt.
    fn redact(&self, more: &[&str], set: &[(&str, &str)]) -> (Output, String) {
        let (out, receipt) = (self.folder.path("out.wav"), self.folder.path("receipt.json"));
        let args = ["file", CALL, "-w", "10-15", "-o", &out, "--receipt", &receipt];
        let command = command(&[&args[..], more].concat());
        // Without a terminal that could ask.
        let mut alone = Command::new("setsid");
        alone.arg("--wait").arg(command.get_program()).args(command.get_args());
        alone.env_remove("SORDINO_SIGN_PASSPHRASE_FILE").env_remove("SSH_AUTH_SOCK");
        (alone.envs(set.iter().copied()).stdin(Stdio::null()).output().unwrap(), receipt)
    }

    /// Redacts with this key, which must work.
    fn sign(&self, key: &str, more: &[&str], set: &[(&str, &str)]) -> String {
        let (done, receipt) = self.redact(&[&["--sign", key][..], more].concat(), set);
        assert!(done.status.success(), "{}", stderr(&done));
        assert!(stdout(&done).contains(&format!("signature {receipt}.sig")), "{}", stdout(&done));
        receipt
    }

    fn verify(&self, receipt: &str, more: &[&str]) -> Output {
        let args = ["verify", "--receipt", receipt, "--signers", &self.signers];
        sordino(&[&args[..], more].concat())
    }

    /// Whether `ssh-keygen -Y verify` accepts a signature of the receipt by this principal.
    fn keygen_verifies(&self, receipt: &str, principal: &str) -> bool {
        let signature = format!("{receipt}.sig");
        let args = ["-Y", "verify", "-n", "sordino-receipt", "-f", &self.signers];
        let args = [&args[..], &["-I", principal, "-s", &signature]].concat();
        keygen_fed(&args, receipt).status.success()
    }

    fn fingerprint(&self) -> String {
        let shown = stdout(&keygen(&["-l", "-f", &format!("{}.pub", self.key)]));
        shown.split(' ').nth(1).unwrap().to_owned()
    }
}

fn keygen(args: &[&str]) -> Output {
    Command::new("ssh-keygen").args(args).stdin(Stdio::null()).output().unwrap()
}

fn keygen_fed(args: &[&str], path: &str) -> Output {
    let file = std::fs::File::open(path).unwrap();
    Command::new("ssh-keygen").args(args).stdin(file).output().unwrap()
}

/// The signature as `verify --json` shows it, and the exit code.
fn shown(output: &Output) -> (Value, Option<i32>) {
    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)));
    (json["signature"].clone(), output.status.code())
}

#[test]
fn ssh_keygen_verifies_what_sordino_signs() {
    for kind in ["ed25519", "ecdsa"] {
        let Some(signing) = Signing::new(kind, "") else { return };
        let receipt = signing.sign(&signing.key, &[], &[]);
        assert!(signing.keygen_verifies(&receipt, PRINCIPAL), "{kind}");
        assert!(!signing.keygen_verifies(&receipt, "bob@example.com"), "{kind}");
        let signature = format!("{receipt}.sig");
        let novalidate = ["-Y", "check-novalidate", "-n", "sordino-receipt", "-s", &signature];
        let checked = keygen_fed(&novalidate, &receipt);
        assert!(checked.status.success() && stdout(&checked).contains(&signing.fingerprint()));
        let (found, code) = shown(&signing.verify(&receipt, &["--json", "--identity", PRINCIPAL]));
        assert_eq!((&found["status"], code), (&"good".into(), Some(0)), "{kind}");
        assert_eq!(found["principal"], PRINCIPAL);
        assert_eq!(found["key"], signing.fingerprint());
        // Byte for byte what ssh-keygen makes: both kinds of keys sign the same way each time, except
        // that OpenSSL draws a number for ECDSA.
        if kind == "ed25519" {
            let ours = std::fs::read_to_string(&signature).unwrap();
            let copy = signing.folder.write("copy.json", &std::fs::read(&receipt).unwrap());
            let made = keygen(&["-Y", "sign", "-n", "sordino-receipt", "-f", &signing.key, &copy]);
            assert!(made.status.success(), "{}", stderr(&made));
            assert_eq!(ours, std::fs::read_to_string(format!("{copy}.sig")).unwrap());
        }
    }
}

#[test]
fn the_key_is_never_overwritten() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let receipt = signing.folder.path("receipt.json");
    let args = ["file", CALL, "-w", "10-15", "-o", &signing.key, "--receipt", &receipt];
    let before = std::fs::read(&signing.key).unwrap();
    let refused = sordino(&[&args[..], &["--sign", &signing.key, "--force"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert_eq!(std::fs::read(&signing.key).unwrap(), before);
}

#[test]
fn sordino_verifies_what_ssh_keygen_signs() {
    for (kind, hash) in [("ed25519", "sha512"), ("ed25519", "sha256"), ("ecdsa", "sha512")] {
        let Some(signing) = Signing::new(kind, "") else { return };
        let (_, receipt) = signing.redact(&[], &[]);
        let hash = format!("hashalg={hash}");
        let args = ["-Y", "sign", "-n", "sordino-receipt", "-O", &hash, "-f", &signing.key];
        let made = keygen(&[&args[..], &[&receipt]].concat());
        assert!(made.status.success(), "{}", stderr(&made));
        let good = signing.verify(&receipt, &[]);
        let line =
            format!("signature: good, by {PRINCIPAL}, with the key {}\n", signing.fingerprint());
        assert_eq!((stdout(&good), good.status.code()), (line, Some(0)), "{kind} {hash}");
        // Together with the recording, and with the original.
        let out = signing.folder.path("out.wav");
        for recordings in [&[out.as_str()][..], &[CALL, &out]] {
            let both = signing.verify(&receipt, recordings);
            assert_eq!(both.status.code(), Some(0), "{}", stdout(&both));
            assert!(
                stdout(&both).contains("signature: good")
                    && stdout(&both).contains("file: the one")
            );
        }
    }
}

/// Where ssh-keygen says no, sordino does; each time with another reason.
#[test]
fn a_signature_that_does_not_count_fails_with_the_reason() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let receipt = signing.sign(&signing.key, &[], &[]);
    let public = std::fs::read_to_string(format!("{}.pub", signing.key)).unwrap();
    let check = |list: &str, status: &str, part: &str| {
        signing.folder.write("allowed", list.as_bytes());
        let output = signing.verify(&receipt, &["--json", "--identity", PRINCIPAL]);
        let (found, code) = shown(&output);
        assert_eq!((found["status"].as_str(), code), (Some(status), Some(1)), "{list}: {found}");
        assert!(found["reason"].as_str().unwrap().contains(part), "{list}: {found}");
        assert!(!signing.keygen_verifies(&receipt, PRINCIPAL), "{list}");
    };
    check("", "not allowed", "no line");
    check(&format!("bob@example.com {public}"), "not allowed", "bob@example.com");
    check(&format!("!{PRINCIPAL},* {public}"), "not allowed", "this key is that of");
    check(&format!("* namespaces=\"file\" {public}"), "not allowed", "namespace");
    check(&format!("* valid-before=\"20200101Z\" {public}"), "not allowed", "passed");
    check(&format!("* valid-after=\"21000101\" {public}"), "not allowed", "to come");
    let good =
        format!("\"*@example.com\" namespaces=\"x,sordino-*\",valid-after=\"20200101\" {public}");
    signing.folder.write("allowed", good.as_bytes());
    assert!(signing.verify(&receipt, &["--identity", PRINCIPAL]).status.success());
    assert!(signing.keygen_verifies(&receipt, PRINCIPAL));
    // The list itself.
    signing.folder.write("allowed", format!("\n* cert-authority {public}").as_bytes());
    let refused = signing.verify(&receipt, &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("line 2: certificates are not supported"),
        "{}",
        stderr(&refused)
    );
    // No signature at all, or one elsewhere.
    signing.folder.write("allowed", good.as_bytes());
    let elsewhere = signing.folder.path("elsewhere");
    std::fs::rename(format!("{receipt}.sig"), &elsewhere).unwrap();
    let missing = signing.verify(&receipt, &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stdout(&missing).contains("MISSING: there is no"), "{}", stdout(&missing));
    assert!(signing.verify(&receipt, &["--signature", &elsewhere]).status.success());
}

#[test]
fn one_changed_bit_of_a_receipt_is_found() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let receipt = signing.sign(&signing.key, &[], &[]);
    let bytes = std::fs::read(&receipt).unwrap();
    // In the shape, in a number, in white space at the very end; and one byte more.
    let digit = bytes.iter().position(u8::is_ascii_digit).unwrap();
    let mut longer = bytes.clone();
    longer.push(b'\n');
    let flip = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let changed = [flip(0), flip(digit), flip(bytes.len() / 2), flip(bytes.len() - 1), longer];
    let out = signing.folder.path("out.wav");
    for bytes in changed {
        std::fs::write(&receipt, bytes).unwrap();
        for recordings in [&[][..], &[out.as_str()]] {
            let output = signing.verify(&receipt, &[&["--json"][..], recordings].concat());
            let (found, code) = shown(&output);
            assert_eq!((&found["status"], code), (&"bad".into(), Some(1)));
            assert_eq!(found["key"], signing.fingerprint());
        }
    }
}

#[test]
fn an_encrypted_key_takes_its_passphrase_from_a_file_or_the_terminal() {
    for kind in ["ed25519", "ecdsa"] {
        let Some(signing) = Signing::new(kind, "four words in it") else { return };
        let file = signing.folder.write("words", b"four words in it\n");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        signing.sign(&signing.key, &["--sign-passphrase-file", &file], &[]);
        let set = [("SORDINO_SIGN_PASSPHRASE_FILE", file.as_str())];
        let receipt = signing.sign(&signing.key, &["--force"], &set);
        assert!(signing.keygen_verifies(&receipt, PRINCIPAL));
        let fails = |more: &[&str], part: &str| {
            let (failed, _) =
                signing.redact(&[&["--sign", &signing.key, "--force"][..], more].concat(), &[]);
            assert_eq!(failed.status.code(), Some(2), "{part}");
            assert!(stderr(&failed).contains(part), "{}", stderr(&failed));
            assert!(!stderr(&failed).contains("words in"), "{}", stderr(&failed));
        };
        fails(&[], "there is no terminal");
        let wrong = signing.folder.write("wrong", b"five words in it");
        std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(0o600)).unwrap();
        fails(&["--sign-passphrase-file", &wrong], "does not open");
        std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(0o640)).unwrap();
        fails(&["--sign-passphrase-file", &wrong], "others may read");
    }
}

/// `script` is a terminal to whatever it runs; what is typed into it comes from its stdin.
#[test]
fn a_passphrase_that_is_typed_is_not_shown() {
    if !installed("script") {
        return;
    }
    let Some(signing) = Signing::new("ed25519", "four words in it") else { return };
    let (out, receipt) = (signing.folder.path("out.wav"), signing.folder.path("receipt.json"));
    let line = format!(
        "{} file {CALL} -w 10-15 -o {out} --receipt {receipt} --sign {}",
        env!("CARGO_BIN_EXE_sordino"),
        signing.key
    );
    let run = |typed: &[u8]| {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).env("SHELL", "/bin/sh");
        script.env_remove("SORDINO_SIGN_PASSPHRASE_FILE");
        let mut script = script.spawn().unwrap();
        let (mut keyboard, mut shown) =
            (script.stdin.take().unwrap(), script.stdout.take().unwrap());
        let mut screen = Vec::new();
        // What is typed before the terminal is silent would be thrown away.
        while !screen.ends_with(b": ") {
            let mut byte = [0];
            assert_eq!(std::io::Read::read(&mut shown, &mut byte).unwrap(), 1, "{screen:?}");
            screen.push(byte[0]);
        }
        keyboard.write_all(typed).unwrap();
        std::io::Read::read_to_end(&mut shown, &mut screen).unwrap();
        (script.wait().unwrap().code(), String::from_utf8(screen).unwrap())
    };
    let (code, screen) = run(b"four\x03");
    assert_eq!(code, Some(130), "{screen}");
    assert!(
        screen.contains("interrupted: nothing was done") && !screen.contains("four"),
        "{screen}"
    );
    assert!(!std::path::Path::new(&out).exists());
    // A line deleted, and a character.
    let (code, screen) = run(b"nine\x15four words in itt\x7f\n");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("passphrase of ") && !screen.contains("words in"), "{screen}");
    assert!(signing.keygen_verifies(&receipt, PRINCIPAL));
}

/// Ends with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn ssh_agent_signs_with_a_key_that_it_holds() {
    for kind in ["ed25519", "ecdsa"] {
        let Some(signing) = Signing::new(kind, "") else { return };
        let socket = signing.folder.path("agent");
        let agent =
            Command::new("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::piped()).spawn();
        let Ok(mut agent) = agent else {
            eprintln!("skipped: ssh-agent is not installed");
            return;
        };
        // It says where it listens once it listens.
        let mut said = String::new();
        BufReader::new(agent.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("SSH_AUTH_SOCK"), "{said}");
        let _agent = Agent(agent);
        let public = format!("{}.pub", signing.key);
        let set = [("SSH_AUTH_SOCK", socket.as_str())];
        let fails = |set: &[(&str, &str)], part: &str| {
            let (failed, receipt) = signing.redact(&["--sign", &public], set);
            assert_eq!(failed.status.code(), Some(2), "{part}");
            assert!(stderr(&failed).contains(part), "{}", stderr(&failed));
            assert!(!std::path::Path::new(&receipt).exists());
        };
        fails(&[], "SSH_AUTH_SOCK is not set");
        fails(&[("SSH_AUTH_SOCK", "/nonexistent")], "does not answer");
        fails(&set, "ssh-add it");
        let add = |args: &[&str]| {
            let done = Command::new("ssh-add").args(args).env("SSH_AUTH_SOCK", &socket).output();
            assert!(done.unwrap().status.success());
        };
        add(&["-q", &signing.key]);
        let receipt = signing.sign(&public, &[], &set);
        assert!(signing.keygen_verifies(&receipt, PRINCIPAL), "{kind}");
        assert!(signing.verify(&receipt, &[]).status.success(), "{kind}");
    }
}

#[test]
fn a_key_that_cannot_sign_is_refused_before_any_work() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let fails = |more: &[&str], part: &str| {
        let (failed, receipt) = signing.redact(more, &[]);
        assert_eq!(failed.status.code(), Some(2), "{part}: {}", stderr(&failed));
        assert!(stderr(&failed).contains(part), "{part}: {}", stderr(&failed));
        assert!(!std::path::Path::new(&receipt).exists());
        assert!(!std::path::Path::new(&signing.folder.path("out.wav")).exists());
    };
    let rsa = signing.folder.path("rsa");
    assert!(keygen(&["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", &rsa]).status.success());
    fails(&["--sign", &rsa], "a key of the kind ssh-rsa; receipts are signed with ssh-ed25519");
    fails(&["--sign", &format!("{rsa}.pub")], "a key of the kind ssh-rsa");
    let p384 = signing.folder.path("p384");
    assert!(keygen(&["-q", "-t", "ecdsa", "-b", "384", "-N", "", "-f", &p384]).status.success());
    fails(&["--sign", &p384], "a key of the kind ecdsa-sha2-nistp384");
    let pem = signing.folder.path("pem");
    assert!(keygen(&["-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", &pem]).status.success());
    fails(&["--sign", &pem], "ssh-keygen -p");
    fails(&["--sign", &signing.folder.path("none")], "cannot be read");
    std::fs::set_permissions(&signing.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    fails(&["--sign", &signing.key], "chmod 600");
    std::fs::set_permissions(&signing.key, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The signature is in the way of another file, or another file in its way.
    let page = format!("{}.sig", signing.folder.path("receipt.json"));
    fails(&["--sign", &signing.key, "--report", &page], "another output goes there");
    signing.folder.write("receipt.json.sig", b"mine");
    fails(&["--sign", &signing.key], "exists already");
    let args = ["file", CALL, "-w", "10-15", "-o", &signing.folder.path("o.wav")];
    let alone = sordino(&[&args[..], &["--sign", &signing.key]].concat());
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("give --receipt FILE too"), "{}", stderr(&alone));
}

/// Receipt and signature come together, or not at all.
#[test]
fn a_run_that_fails_leaves_no_signature() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let receipt = signing.sign(&signing.key, &[], &[]);
    let before = [&receipt, &format!("{receipt}.sig")].map(|path| std::fs::read(path).unwrap());
    let cut = signing.folder.write("cut.wav", &fixture_bytes("call.wav")[..600_000]);
    let out = signing.folder.path("out.wav");
    let args = ["file", &cut, "-w", "1-2", "-o", &out, "--receipt", &receipt, "--force"];
    let failed = sordino(&[&args[..], &["--sign", &signing.key]].concat());
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    let after = [&receipt, &format!("{receipt}.sig")].map(|path| std::fs::read(path).unwrap());
    assert!(before == after, "the old ones stay");
    assert!(!signing.folder.names().iter().any(|name| name.starts_with('.')));
}

/// A receipt of another version of sordino is signed as it is, also if it is longer than a list may be.
#[test]
fn a_long_receipt_that_is_in_its_place_is_signed() {
    let Some(signing) = Signing::new("ed25519", "") else { return };
    let folder = &signing.folder;
    folder.write("call.wav", &fixture_bytes("call.wav"));
    folder.write("calls.csv", b"in,windows\ncall.wav,10-15\n");
    let run = |journal: &str| {
        let args = ["batch", "calls.csv", "--out", "out", "--receipts", "proof", "--sign", "key"];
        let mut batch = command(&[&args[..], &["--journal", journal]].concat());
        let done = batch.current_dir(folder.path("")).output().unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
    };
    run("first");
    let receipt = folder.path("proof/call.wav.receipt.json");
    let mut bytes = std::fs::read(&receipt).unwrap();
    bytes.resize(bytes.len() + 64 * 1024 * 1024, b'\n');
    std::fs::write(&receipt, bytes).unwrap();
    std::fs::remove_file(folder.path("proof/chain.jsonl")).unwrap();
    run("second");
    assert!(signing.keygen_verifies(&receipt, PRINCIPAL));
}
