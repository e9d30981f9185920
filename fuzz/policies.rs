//! What must hold for any bytes as a policy.

use sordino::Policy;
use sordino::window::parse_flag;

/// An error in one line, or a policy whose canonical text is a policy that does the same.
pub fn policy(bytes: &[u8]) {
    let policy = match Policy::parse(bytes, Some("p.toml")) {
        Ok(policy) => policy,
        Err(error) => {
            let said = error.to_string();
            assert!(!said.contains(char::is_control), "{said:?}");
            return;
        }
    };
    let text = policy.canonical();
    let again = Policy::parse(text.as_bytes(), None).expect("what is canonical can be read");
    assert_eq!(again.canonical(), text);
    assert_eq!(again.treatment(), policy.treatment());
    assert_eq!(again.if_none(), policy.if_none());
    assert_eq!(policy.sha256().len(), 64);
    let given = [parse_flag("1-2@1=a").expect("a window")];
    for (file, is_list) in [(&b"[[10, 15]]"[..], true), (WORDS, false)] {
        let found = policy.windows_of(file, "f", &given).map(|request| request.windows());
        let other = again.windows_of(file, "f", &given).map(|request| request.windows());
        assert_eq!(found, other);
        if let (true, Ok(Ok(windows)), None) = (is_list, &found, policy.settings().pad) {
            assert_eq!(windows.len(), 2);
        }
    }
}

/// A transcript with a card number.
const WORDS: &[u8] =
    br#"{"text": "card four one one one", "language": "en", "segments": [{"start": 1.0, "end": 5.0,
"text": "card four one one one", "words": [{"word": "card", "start": 1.2, "end": 1.5},
{"word": "four", "start": 2.0, "end": 2.3}, {"word": "one", "start": 2.4, "end": 2.6},
{"word": "one", "start": 2.7, "end": 2.9}, {"word": "one", "start": 3.0, "end": 3.2}]}]}"#;
