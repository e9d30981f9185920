//! Lists of patterns, as OpenSSH has them: `alice@example.com,!*@example.com,b?b`.

/// Whether a name matches a list. One pattern with `!` that matches is a no, whatever else matches.
pub(super) fn list_matches(name: &str, list: &str) -> bool {
    let mut found = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(name.as_bytes(), pattern.as_bytes()) => return false,
            Some(_) => {}
            None => found |= matches(name.as_bytes(), pattern.as_bytes()),
        }
    }
    found
}

/// `*` stands for any text, `?` for one byte. Goes back to the last `*` only, which is enough, and never
/// slow.
fn matches(name: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    // The place after the last `*`, and how far of the name it stands for.
    let mut star = None;
    while let Some(byte) = name.get(at) {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next + 1, at));
                next += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                (at, next) = (at + 1, next + 1);
            }
            _ => {
                let Some((after, from)) = star else { return false };
                star = Some((after, from + 1));
                (at, next) = (from + 1, after);
            }
        }
    }
    pattern.get(next..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, which takes exponential time.
    fn by_definition(name: &[u8], pattern: &[u8]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, _) => name.is_empty(),
            (Some((b'*', rest)), _) => {
                (0..=name.len()).any(|skip| by_definition(&name[skip..], rest))
            }
            (Some((wanted, rest)), Some((byte, others))) => {
                (*wanted == b'?' || wanted == byte) && by_definition(others, rest)
            }
            (Some(_), None) => false,
        }
    }

    /// All texts of up to five of these bytes.
    fn texts(alphabet: &[u8]) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..5 {
            last = last
                .iter()
                .flat_map(|text| alphabet.iter().map(move |b| [text.as_slice(), &[*b]].concat()))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn every_short_name_matches_every_short_pattern_by_definition() {
        let names = texts(b"ab");
        for pattern in texts(b"ab*?") {
            for name in &names {
                assert_eq!(matches(name, &pattern), by_definition(name, &pattern), "{pattern:?}");
            }
        }
    }

    #[test]
    fn a_negated_pattern_wins_wherever_it_stands() {
        for (list, found) in [
            ("alice@example.com", true),
            ("*@example.com", true),
            ("bob@example.com,*@example.com", true),
            ("!alice@*,*@example.com", false),
            ("*@example.com,!alice@*", false),
            ("!bob@*", false),
            ("Alice@example.com", false),
            ("", false),
        ] {
            assert_eq!(list_matches("alice@example.com", list), found, "{list}");
        }
    }
}
