//! The token cache: one current token, shared by all tasks, and by other processes through a
//! [`TokenFile`].

use std::time::{Duration, SystemTime};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::config::Config;
use super::error::Error;
use super::token_file::TokenFile;

/// A token is not used in its last minute, so that it does not expire in transit.
const MARGIN: Duration = Duration::from_secs(60);

/// A bearer token.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    pub(super) token: SecretString,
    pub(super) until: SystemTime,
}

/// The cache.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    current: Mutex<Option<Bearer>>,
    file: Option<TokenFile>,
}

impl Tokens {
    /// An empty cache, with the file that the configuration names.
    ///
    /// # Errors
    /// [`Error::Config`] when the file must not be used.
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        let open = |path| TokenFile::open(path, &config.base, &config.credentials.client_id);
        let file = config.token_cache.clone().map(open).transpose()?;
        Ok(Self { current: Mutex::default(), file })
    }

    /// The current token. If there is none that is valid at `now`, that of the file; then a new one from
    /// `sign_in`, which returns a token and its lifetime. Only one task signs in; the others wait for its
    /// token. One that cannot be written to the file is good all the same: `lost` hears why.
    pub(super) async fn get<F>(
        &self,
        now: SystemTime,
        sign_in: F,
        lost: impl FnOnce(Error),
    ) -> Result<Bearer, Error>
    where
        F: Future<Output = Result<(SecretString, Duration), Error>>,
    {
        // Locked during sign-in: the tasks that wait here then find the new token.
        let mut cached = self.current.lock().await;
        if let Some(bearer) = cached.as_ref().filter(|bearer| now < bearer.until) {
            return Ok(bearer.clone());
        }
        if let Some(kept) = self.file.as_ref().map(|file| file.read(now)).transpose()?.flatten() {
            return Ok(cached.insert(kept).clone());
        }
        let (token, lifetime) = sign_in.await?;
        let until = now.checked_add(lifetime.saturating_sub(MARGIN)).unwrap_or(now);
        let bearer = cached.insert(Bearer { token, until });
        if let Some(file) = &self.file {
            file.write(bearer, now).unwrap_or_else(lost);
        }
        Ok(bearer.clone())
    }

    /// Drops this token, which the API has refused. A newer one, from another task or process, stays.
    ///
    /// # Errors
    /// [`Error::Config`] when the file must not be used.
    pub(super) async fn refuse(&self, bearer: &Bearer) -> Result<(), Error> {
        let refused = bearer.token.expose_secret();
        let mut cached = self.current.lock().await;
        cached.take_if(|current| current.token.expose_secret() == refused);
        self.file.as_ref().map_or(Ok(()), |file| file.drop_token(bearer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::genesys::secret::Credentials;
    use std::cell::Cell;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    async fn get(tokens: &Tokens, now: SystemTime, count: &Cell<u32>) -> Bearer {
        let sign_in = async {
            count.set(count.get() + 1);
            Ok((SecretString::from(format!("token {}", count.get())), Duration::from_secs(600)))
        };
        tokens.get(now, sign_in, |error| panic!("{error}")).await.unwrap()
    }

    #[tokio::test]
    async fn a_token_is_used_until_a_minute_before_it_expires() {
        let (tokens, count) = (Tokens::default(), Cell::new(0));
        get(&tokens, NOW, &count).await;
        get(&tokens, NOW + Duration::from_secs(539), &count).await;
        assert_eq!(count.get(), 1);
        get(&tokens, NOW + Duration::from_secs(540), &count).await;
        assert_eq!(count.get(), 2);
    }

    /// A full disk, for example. Here the folder of the file is gone.
    #[tokio::test]
    async fn a_token_that_cannot_be_kept_is_used_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Credentials::new("id", "secret");
        let mut config = Config::new("https://api.mypurecloud.com", credentials).unwrap();
        config.token_cache = Some(folder.path().join("token"));
        let tokens = Tokens::new(&config).unwrap();
        drop(folder);
        let sign_in = async { Ok((SecretString::from("t"), Duration::from_secs(600))) };
        let mut told = None;
        let bearer = tokens.get(NOW, sign_in, |error| told = Some(error.to_string())).await;
        assert_eq!(bearer.unwrap().token.expose_secret(), "t");
        assert!(told.unwrap().contains("the token cache"));
    }

    #[tokio::test]
    async fn only_the_refused_token_is_dropped() {
        let (tokens, count) = (Tokens::default(), Cell::new(0));
        let first = get(&tokens, NOW, &count).await;
        tokens.refuse(&first).await.unwrap();
        let second = get(&tokens, NOW, &count).await;
        // A slower task sees the refusal of the first token only now.
        tokens.refuse(&first).await.unwrap();
        let third = get(&tokens, NOW, &count).await;
        assert_eq!(second.token.expose_secret(), third.token.expose_secret());
        assert_eq!(count.get(), 2);
        assert!(!format!("{third:?}").contains("token 2"));
    }
}
