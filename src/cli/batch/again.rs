//! The command to type again.

/// The words of this process's command.
pub(super) fn words() -> impl Iterator<Item = String> {
    // Not `args`, which panics at a path that is not Unicode.
    std::env::args_os().map(|word| word.to_string_lossy().into_owned())
}

/// The command of this process; with `--retry-failed` if it is to try those again that failed. As a shell
/// reads it, and without a password.
pub(super) fn command(args: impl Iterator<Item = String>, retry: bool) -> String {
    let mut words: Vec<String> = args.map(|arg| quoted(&without_password(&arg))).collect();
    if let Some(program) = words.first_mut() {
        *program = "sordino".into();
    }
    let flag = "--retry-failed";
    words.retain(|word| word != flag);
    words.extend(retry.then(|| flag.to_owned()));
    words.join(" ")
}

/// What the query of a PostgreSQL URL may show; the value of any other word may be a password.
const SHOWN: [&str; 8] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "port",
    "sslmode",
    "sslrootcert",
    "user",
];

/// A URL without the password that it may hold.
pub(super) fn without_password(text: &str) -> String {
    let hidden = || {
        let (before, rest) = text.split_once("://")?;
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        (!user.contains('/')).then(|| format!("{before}://{user}:***@{host}"))
    };
    let text = hidden().unwrap_or_else(|| text.to_owned());
    let is_database = text.contains("postgres://") || text.contains("postgresql://");
    let Some((url, query)) = text.split_once('?').filter(|_| is_database) else { return text };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((word, _)) if SHOWN.contains(&word) => pair.to_owned(),
        Some((word, _)) => format!("{word}=***"),
        None => "***".to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    format!("{url}?{}", query.join("&"))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_typed_again() {
        let command = |words: &[&str], retry| {
            super::command(words.iter().map(|&word| word.to_owned()), retry)
        };
        let words = ["/usr/bin/sordino", "batch", "my calls.csv", "--out", "s3://clean/"];
        let typed = "sordino batch 'my calls.csv' --out s3://clean/";
        assert_eq!(command(&words, false), typed);
        assert_eq!(command(&words, true), format!("{typed} --retry-failed"));
        assert_eq!(
            command(&["s", "it's", "--retry-failed"], true),
            r"sordino 'it'\''s' --retry-failed"
        );
        assert_eq!(command(&["s", "--retry-failed", ""], false), "sordino ''");
    }

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("postgres://me:secret@host/calls", "postgres://me:***@host/calls"),
            ("--journal=postgres://me:se@cret@host", "--journal=postgres://me:***@host"),
            ("postgres://me@host:5432/calls", "postgres://me@host:5432/calls"),
            ("postgres://me@host/calls?password=se", "postgres://me@host/calls?password=***"),
            (
                "postgresql://host/calls?user=me&sslmode=require&pass%77ord=se&se",
                "postgresql://host/calls?user=me&sslmode=require&pass%77ord=***&***",
            ),
            (
                "postgres://me:s?e@host/calls?password=x",
                "postgres://me:***@host/calls?password=***",
            ),
            ("s3://calls/a:b@c.wav", "s3://calls/a:b@c.wav"),
        ] {
            assert_eq!(without_password(url), shown);
        }
    }
}
