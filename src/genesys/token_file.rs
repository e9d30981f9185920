//! A file that keeps tokens for other processes: signing in has a limit of its own, which many short runs
//! would reach.
//!
//! The file is JSON: for each client (a digest of host and client id) a token and its end. It is written
//! to a hidden file beside it and renamed, so that a reader sees the old or the new one, never a part. Of two
//! processes that write at once the last one counts; the other's token is then only not shared. A file
//! that is anything but such JSON is refused, because it may be somebody's only copy of something else; so is
//! one of another user, one that others may read, and a symbolic link.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::token::Bearer;
use crate::digest::digest_of;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The longest that a kept token is used: the longest lifetime of a Genesys token.
const LIFETIME: Duration = Duration::from_secs(2 * 24 * 3600);

/// The file, for one client.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
    /// Host and client id, as a digest.
    client: String,
}

/// The content. No `Debug`: it holds tokens.
#[derive(Default, Serialize, Deserialize)]
struct Content(BTreeMap<String, Kept>);

#[derive(Serialize, Deserialize)]
struct Kept {
    token: String,
    /// Seconds since 1970.
    until: u64,
}

impl TokenFile {
    /// The file at `path`, which need not exist, for a client at `base`.
    ///
    /// # Errors
    /// [`Error::Config`] when the file must not be used, or its folder is missing.
    pub(super) fn open(path: PathBuf, base: &Url, client_id: &str) -> Result<Self, Error> {
        let name = format!("{}\n{client_id}", base.origin().ascii_serialization());
        let digest = digest_of(name.as_bytes()).map_err(|error| cannot(&path, "use", &error))?;
        let file = Self { path, client: digest.sha256 };
        if !folder_of(&file.path).is_dir() {
            let missing = io::Error::from(io::ErrorKind::NotFound);
            return Err(cannot(&file.path, "write beside", &missing));
        }
        file.load().map(|_| file)
    }

    /// The client's token, if it is valid at `now`.
    ///
    /// # Errors
    /// [`Error::Config`] when the file must not be used.
    pub(super) fn read(&self, now: SystemTime) -> Result<Option<Bearer>, Error> {
        let Some(kept) = self.load()?.0.remove(&self.client) else { return Ok(None) };
        let until = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(kept.until));
        let is_token = kept.token.bytes().all(|byte| byte.is_ascii_graphic());
        let until = until.map(|until| until.min(now + LIFETIME)).filter(|until| now < *until);
        let until = until.filter(|_| is_token && !kept.token.is_empty());
        Ok(until.map(|until| Bearer { token: kept.token.into(), until }))
    }

    /// Keeps a token, and forgets those that are no longer valid at `now`.
    ///
    /// # Errors
    /// [`Error::Config`] when the file must not be used, or cannot be written.
    pub(super) fn write(&self, bearer: &Bearer, now: SystemTime) -> Result<(), Error> {
        let mut content = self.load()?;
        let seconds = |at: SystemTime| {
            at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
        };
        content.0.retain(|_, kept| kept.until > seconds(now));
        let token = bearer.token.expose_secret().to_owned();
        content.0.insert(self.client.clone(), Kept { token, until: seconds(bearer.until) });
        self.store(&content)
    }

    /// Drops this token. A newer one, of another process, stays.
    ///
    /// # Errors
    /// As [`TokenFile::write`].
    pub(super) fn drop_token(&self, bearer: &Bearer) -> Result<(), Error> {
        let mut content = self.load()?;
        let refused = bearer.token.expose_secret();
        let is_it = content.0.get(&self.client).is_some_and(|kept| kept.token == refused);
        if is_it {
            content.0.remove(&self.client);
            self.store(&content)?;
        }
        Ok(())
    }

    /// The content; empty if there is no file, or nothing in it.
    fn load(&self) -> Result<Content, Error> {
        let cannot = |error| cannot(&self.path, "read", &error);
        let named = match self.path.symlink_metadata() {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(cannot(error)),
        };
        self.check(&named)?;
        let file = match File::open(&self.path) {
            Ok(file) => file,
            // Another process has replaced it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(cannot(error)),
        };
        // What was opened counts: the name may mean another file by now.
        self.check(&file.metadata().map_err(cannot)?)?;
        let mut text = SecretString::from(String::new());
        let mut bytes = Vec::new();
        let is_empty = file.take(LONGEST).read_to_end(&mut bytes).map_err(cannot)? == 0;
        if let Ok(read) = String::from_utf8(bytes) {
            text = read.into();
        }
        if text.expose_secret().is_empty() && is_empty {
            return Ok(Content::default());
        }
        let read = serde_json::from_str(text.expose_secret());
        read.map_err(|_| self.refused("it holds something else; give another path, or remove it"))
    }

    /// Refuses what is not a file that only its owner may use.
    fn check(&self, found: &Metadata) -> Result<(), Error> {
        if !found.is_file() {
            return Err(self.refused("it is a symbolic link or no file; give the path of a file"));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            if found.mode() & 0o077 != 0 {
                let why = "others may read or change it; make it yours alone: chmod 600";
                return Err(self.refused(why));
            }
            // A token that somebody else has put there is not ours to send.
            if found.uid() != rustix::process::geteuid().as_raw() {
                return Err(self.refused("it belongs to another user; give another path"));
            }
        }
        Ok(())
    }

    fn refused(&self, why: &str) -> Error {
        Error::Config(format!("the token cache {} was refused: {why}", self.path.display()))
    }

    /// Replaces the file in one step.
    fn store(&self, content: &Content) -> Result<(), Error> {
        let text = SecretString::from(serde_json::to_string(content).unwrap_or_default());
        let write = || {
            // Only its owner may use a temporary file: that is mode 0600.
            let mut file = tempfile::NamedTempFile::new_in(folder_of(&self.path))?;
            file.write_all(text.expose_secret().as_bytes())?;
            file.persist(&self.path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|error| cannot(&self.path, "write", &error))
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn cannot(path: &Path, do_what: &str, error: &io::Error) -> Error {
    Error::Config(format!("cannot {do_what} the token cache {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn file(path: &Path, host: &str, client: &str) -> Result<TokenFile, Error> {
        TokenFile::open(path.to_owned(), &Url::parse(host).unwrap(), client)
    }

    fn bearer(token: &str, seconds: u64) -> Bearer {
        Bearer { token: token.into(), until: NOW + Duration::from_secs(seconds) }
    }

    fn token(file: &TokenFile, now: SystemTime) -> Option<String> {
        file.read(now).unwrap().map(|bearer| bearer.token.expose_secret().to_owned())
    }

    #[test]
    fn a_token_is_kept_for_its_host_and_client_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let mine = file(&path, "https://api.mypurecloud.de", "id").unwrap();
        assert_eq!(token(&mine, NOW), None);
        mine.write(&bearer("one", 100), NOW).unwrap();
        let same = file(&path, "https://api.mypurecloud.de/", "id").unwrap();
        assert_eq!(token(&same, NOW), Some("one".into()));
        for (host, client) in
            [("https://api.mypurecloud.ie", "id"), ("https://api.mypurecloud.de", "other")]
        {
            let other = file(&path, host, client).unwrap();
            assert_eq!(token(&other, NOW), None, "{host} {client}");
            other.write(&bearer("two", 50), NOW).unwrap();
        }
        assert_eq!(token(&mine, NOW), Some("one".into()), "the others' tokens stand beside it");
        assert_eq!(token(&mine, NOW + Duration::from_secs(100)), None);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("\"id\"") && !text.contains("purecloud"), "{text}");
        mine.write(&bearer("three", 200), NOW + Duration::from_secs(60)).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("two"), "expired");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn only_the_refused_token_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let mine = file(&folder.path().join("tokens"), "https://a.example", "id").unwrap();
        mine.drop_token(&bearer("none", 1)).unwrap();
        mine.write(&bearer("new", 100), NOW).unwrap();
        mine.drop_token(&bearer("old", 100)).unwrap();
        assert_eq!(token(&mine, NOW), Some("new".into()));
        mine.drop_token(&bearer("new", 100)).unwrap();
        assert_eq!(token(&mine, NOW), None);
    }

    #[test]
    fn a_file_that_holds_something_else_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let mine = file(&path, "https://a.example", "id").unwrap();
        mine.write(&bearer("one", 100), NOW).unwrap();
        let whole = std::fs::read(&path).unwrap();
        // Written in place, so that it keeps its mode.
        let others = [&b"a client secret"[..], b"\xFF{}", b"[[1, 2]]", b"{\"windows\": []}"];
        for other in (1..whole.len()).map(|cut| &whole[..cut]).chain(others) {
            std::fs::write(&path, other).unwrap();
            assert!(matches!(mine.read(NOW), Err(Error::Config(_))));
            assert!(matches!(mine.write(&bearer("two", 100), NOW), Err(Error::Config(_))));
            assert_eq!(std::fs::read(&path).unwrap(), other);
        }
        for empty in ["", "{}"] {
            std::fs::write(&path, empty).unwrap();
            assert_eq!(token(&mine, NOW), None);
        }
        let spaced = String::from_utf8(whole).unwrap().replace("one", "o ne");
        std::fs::write(&path, spaced).unwrap();
        assert_eq!(token(&mine, NOW), None, "no token has a space");
        mine.write(&bearer("two", 100), NOW).unwrap();
        assert_eq!(token(&mine, NOW), Some("two".into()));
    }

    #[test]
    fn a_token_that_claims_an_endless_life_is_not_used_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let mine = file(&folder.path().join("tokens"), "https://a.example", "id").unwrap();
        mine.write(&bearer("one", 1_000_000_000), NOW).unwrap();
        assert_eq!(mine.read(NOW).unwrap().unwrap().until, NOW + LIFETIME);
    }

    #[test]
    fn processes_that_write_at_once_never_leave_a_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let whole = |number: usize| format!("{number}").repeat(2000);
        let open = |host: usize| file(&path, &format!("https://h{host}.example"), "id").unwrap();
        open(0).write(&bearer(&whole(0), 100), NOW).unwrap();
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let mine = open(writer);
                scope.spawn(move || {
                    for number in 0..60 {
                        mine.write(&bearer(&whole(number % 7), 100), NOW).unwrap();
                    }
                });
            }
            for _ in 0..300 {
                let text = std::fs::read_to_string(&path).unwrap();
                let Content(kept) = serde_json::from_str(&text).unwrap();
                assert!(kept.values().all(|kept| kept.token.len() == 2000));
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn a_file_of_others_and_a_link_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let mine = file(&path, "https://a.example", "id").unwrap();
        mine.write(&bearer("one", 100), NOW).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for mode in (0..0o77).map(|mode| 0o600 | (mode + 1)) {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            for error in [mine.read(NOW).err(), mine.write(&bearer("two", 100), NOW).err()] {
                let text = error.map(|error| error.to_string()).unwrap_or_default();
                assert!(text.contains("chmod 600"), "{mode:o}: {text}");
            }
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(token(&mine, NOW), Some("one".into()));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(file(&link, "https://a.example", "id").is_err());
        assert!(file(folder.path(), "https://a.example", "id").is_err(), "a folder");
        assert!(file(&folder.path().join("no/such"), "https://a.example", "id").is_err());
    }
}
