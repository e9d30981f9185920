//! Tokens: one at a time, shared by many tasks.

use std::time::{Duration, SystemTime};

use secrecy::SecretString;
use tokio::sync::Mutex;

use super::error::Error;

/// A token is not used in its last minute, so that it does not expire on its way.
const MARGIN: Duration = Duration::from_secs(60);

/// A bearer token. `number` tells it from the one before.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    pub(super) token: SecretString,
    number: u64,
    until: SystemTime,
}

#[derive(Debug, Default)]
struct Cached {
    bearer: Option<Bearer>,
    /// How many there have been.
    count: u64,
}

/// The one current token.
#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<Cached>);

impl Tokens {
    /// The current token; when there is none that will do at `now`, a new one from `sign_in`, which
    /// gives the token and its lifetime. Only one task signs in; the others wait for its token.
    pub(super) async fn get<F>(&self, now: SystemTime, sign_in: F) -> Result<Bearer, Error>
    where
        F: Future<Output = Result<(SecretString, Duration), Error>>,
    {
        // Held while signing in. Whoever waited for it looks at what is cached first.
        let mut cached = self.0.lock().await;
        if let Some(bearer) = cached.bearer.as_ref().filter(|bearer| now < bearer.until) {
            return Ok(bearer.clone());
        }
        let (token, lifetime) = sign_in.await?;
        cached.count += 1;
        let until = now.checked_add(lifetime.saturating_sub(MARGIN)).unwrap_or(now);
        let bearer = Bearer { token, number: cached.count, until };
        cached.bearer = Some(bearer.clone());
        Ok(bearer)
    }

    /// Drops exactly this token. If another task has a new one already, that one stays.
    pub(super) async fn refuse(&self, bearer: &Bearer) {
        let mut cached = self.0.lock().await;
        if cached.bearer.as_ref().is_some_and(|current| current.number == bearer.number) {
            cached.bearer = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::cell::Cell;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    async fn get(tokens: &Tokens, now: SystemTime, count: &Cell<u32>) -> Bearer {
        let sign_in = async {
            count.set(count.get() + 1);
            Ok((SecretString::from(format!("token {}", count.get())), Duration::from_secs(600)))
        };
        tokens.get(now, sign_in).await.unwrap()
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

    #[tokio::test]
    async fn only_the_refused_token_is_dropped() {
        let (tokens, count) = (Tokens::default(), Cell::new(0));
        let first = get(&tokens, NOW, &count).await;
        tokens.refuse(&first).await;
        let second = get(&tokens, NOW, &count).await;
        // A slower task hears of the first refusal only now.
        tokens.refuse(&first).await;
        let third = get(&tokens, NOW, &count).await;
        assert_eq!(second.token.expose_secret(), third.token.expose_secret());
        assert_eq!(count.get(), 2);
        assert!(!format!("{third:?}").contains("token 2"));
    }
}
