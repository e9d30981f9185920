use super::*;
use crate::decode::{Edge, Encoding, Gaps};
use crate::transcript::{Parties, Rule};
use crate::window::Unit;
use proptest::prelude::*;

const WORDS: &[u8] = b"{\"text\": \"my card is four one one one\", \"segments\": [{\"start\": 1.0, \"end\": 5.0, \
    \"text\": \"my card is four one one one\", \"words\": [\
    {\"word\": \"my\", \"start\": 1.0, \"end\": 1.2}, {\"word\": \"card\", \"start\": 1.2, \"end\": 1.5}, \
    {\"word\": \"is\", \"start\": 1.5, \"end\": 1.7}, {\"word\": \"four\", \"start\": 2.0, \"end\": 2.3}, \
    {\"word\": \"one\", \"start\": 2.4, \"end\": 2.6}, {\"word\": \"one\", \"start\": 2.7, \"end\": 2.9}, \
    {\"word\": \"one\", \"start\": 3.0, \"end\": 3.2}]}], \"language\": \"en\"}";

fn parse(text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text.as_bytes(), Some("p.toml"))
}

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_example_is_a_policy() {
    let bytes = include_bytes!("../../examples/pci.toml");
    let policy = Policy::parse(bytes, Some("pci.toml")).unwrap();
    assert_eq!(policy.treatment(), Treatment::silence());
    assert_eq!(policy.settings().find, [Rule::Card]);
    assert_eq!(policy.sha256(), Digest::of(bytes).sha256);
    // What it only shows is right too.
    let text = std::str::from_utf8(bytes).unwrap();
    let shown = text.lines().filter_map(|line| line.strip_prefix("# "));
    let shown: Vec<_> = shown.filter(|line| line.contains(" = ")).collect();
    assert_eq!(shown.len(), 3);
    parse(&shown.join("\n")).unwrap();
}

#[test]
fn each_key_is_a_flag_of_the_same_name() {
    let all = "gain = 0.01\nfade = '5ms'\nfind = ['numbers', 'ssn']\nlanguage = 'de-AT'\nonly = ['card']\n\
        speaker = ['Agent']\ntier = ['mute']\npad = '0.1,200ms'\nunit = 'ms'\nwindows-format = 'list'\n\
        gaps = 'fill'\nencoding = 'same'\nedge = 'exact'\nno-md5 = true\nraw = 'mulaw:8000:1'\nopus-rate = 48000\nif-none = 'skip'\n\
        party.customer = 0\nparty.agent = 1\n";
    let mut party = Parties::default();
    party.add("customer=0,agent=1").unwrap();
    let milli = Duration::from_millis;
    let expected = Settings {
        treatment: Some(Treatment::attenuate(0.01).unwrap()),
        fade: Some(milli(5)),
        find: vec![Rule::Numbers, Rule::Ssn],
        language: vec!["de".into()],
        only: vec!["card".into()],
        party,
        speaker: vec!["Agent".into()],
        tier: vec!["mute".into()],
        pad: Some((milli(100), milli(200))),
        unit: Some(Unit::Milliseconds),
        windows_format: Some("list".into()),
        gaps: Some(Gaps::Fill),
        encoding: Some(Encoding::Same),
        edge: Some(Edge::Exact),
        no_md5: Some(true),
        raw: Some("mulaw:8000:1".parse().unwrap()),
        opus_rate: Some(48_000),
        if_none: Some(IfNone::Skip),
    };
    assert_eq!(parse(all).unwrap().settings(), &expected);
    for (text, treatment) in [
        ("silence = true", Treatment::silence()),
        ("silence = false", Treatment::default()),
        ("tone = true", Treatment::tone(1000).unwrap()),
        ("tone = 440", Treatment::tone(440).unwrap()),
        ("tone = false\ngain = '0'", Treatment::silence()),
        ("", Treatment::default()),
    ] {
        assert_eq!(parse(text).unwrap().treatment(), treatment, "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_what_to_write() {
    for (text, expected) in [
        ("\n\nfnid = ['card']", "line 3: `fnid` is no setting; did you mean `find`?"),
        (
            "windows_format = 'list'",
            "line 1: `windows_format` is no setting; did you mean `windows-format`?",
        ),
        (
            "[redact]\ngain = 1",
            "line 1: `redact` is no setting; there are gain, silence, tone, fade, find",
        ),
        ("gain = 2", "line 1: gain: a gain is a number from 0 to 1, not 2"),
        ("gain = 'loud'", "line 1: gain: a gain is a number from 0 to 1, such as 0.01"),
        ("gain = 0.5\nsilence = true", "line 2: silence: there is another treatment above"),
        ("silence = 1", "line 1: silence: write true or false"),
        ("tone = 0", "line 1: tone: a tone has at least 1 Hz"),
        ("fade = -1", "line 1: fade: the time `-1` is negative"),
        (
            "find = ['names']",
            "line 1: find: `names` is not known; write one of numbers, card, ssn, phone",
        ),
        ("find = []", "line 1: find: it is empty; give a value, or remove the line"),
        ("find = ['']", "line 1: find: it is empty"),
        ("find = [['card']]", "line 1: find: write a text in quotes, or a number"),
        ("language = 'xx'", "line 1: language: no words are known for it; there are en"),
        ("party = 'customer'", "line 1: party: expected NAME=CHANNEL"),
        ("pad = '1,2,3'", "line 1: pad: `2,3` is not a time"),
        ("unit = 'min'", "line 1: unit: `min` is not known; write one of s, ms"),
        (
            "windows-format = 'wisper'",
            "line 1: windows-format: `wisper` is not known; write one of list",
        ),
        ("gaps = 'keep'", "line 1: gaps: `keep` is not known; write one of refuse, fill, close"),
        ("raw = 'mulaw'", "line 1: raw: write FORMAT:RATE:CHANNELS"),
        ("opus-rate = 44100", "line 1: opus-rate: write one of 8000, 12000"),
        ("if-none = 'pass'", "line 1: if-none: `pass` is not known; write one of fail, skip, copy"),
        ("gain = 0.5\n\ngain = 0.6", "line 3: this is not TOML: duplicate key"),
        ("find = [\n'card'\n", "this is not TOML: "),
        ("pad = 0.3s", "line 1: this is not TOML: "),
    ] {
        let said = error(text);
        assert!(said.contains(expected), "{text:?}: {said}");
    }
    let error = Policy::parse(b"only = 'stra\xDFe'", None).unwrap_err();
    assert!(matches!(error, PolicyError::Encoding(_)), "{error}");
}

#[test]
fn two_spellings_have_one_digest_and_the_file_has_that_of_its_bytes() {
    let flags = |text: &str| Policy::default().with_flags(parse(text).unwrap().settings).sha256();
    for (one, other) in [
        ("silence = true", "gain = 0"),
        ("fade = 0.01\npad = 1", "pad = '1s,1000ms'\nfade = '10ms'"),
        ("find = ['card', 'ssn', 'card']", "find = ['ssn', 'card']"),
        ("party = 'agent=1,Customer=0'", "party = ['customer=0', 'agent=1']"),
        (
            "gaps = 'refuse'\ngain = 0.001\nif-none = 'fail'\nencoding = 'pcm'\nedge = 'widen'\nno-md5 = false\nfade = 0",
            "",
        ),
    ] {
        assert_eq!(flags(one), flags(other), "{one:?} and {other:?}");
    }
    assert_eq!(flags(""), Policy::default().sha256());
    assert_ne!(flags("pad = 0"), flags(""), "a format has a padding of its own");
    assert_ne!(flags("find = 'card'"), flags("only = 'card'"));
    let (unix, windows) = (parse("gain = 0\n").unwrap(), parse("gain = 0\r\n").unwrap());
    assert_ne!(unix.sha256(), windows.sha256());
}

#[test]
fn flags_win_and_the_receipt_says_that_they_changed_something() {
    let policy = parse("silence = true\nfade = 0.01\nfind = 'card'").unwrap();
    let tone = Settings { treatment: Some(Treatment::tone(440).unwrap()), ..Settings::default() };
    let changed = policy.clone().with_flags(tone);
    let fade = Duration::from_millis(10);
    assert_eq!(changed.treatment(), Treatment::tone(440).unwrap().with_fade(fade));
    assert_eq!(changed.settings().find, [Rule::Card]);
    let entry = changed.entry().unwrap();
    assert_eq!((entry.changed, entry.name.as_deref()), (true, Some("p.toml")));
    assert_eq!(entry.sha256, policy.sha256(), "the file's");
    assert_ne!(changed.sha256(), policy.sha256());
    // A flag that says the same changes nothing.
    let same = Settings { treatment: Some(Treatment::silence()), ..Settings::default() };
    let same = policy.clone().with_flags(same);
    assert_eq!((same.sha256(), same.entry()), (policy.sha256(), policy.entry()));
    assert!(!policy.entry().unwrap().changed);
    assert_eq!(Policy::default().entry(), None);
}

#[test]
fn a_row_may_name_a_treatment_and_the_fades_are_those_of_the_policy() {
    let policy = parse("silence = true\nfade = 0.01").unwrap();
    let fade = Duration::from_millis(10);
    let own =
        |text| policy.treatment_of(Some(text)).map(|own| (own.tone_hz(), own.gain(), own.fade()));
    assert_eq!(policy.treatment_of(None).unwrap(), policy.treatment());
    assert_eq!(own("tone"), Ok((Some(1000), 0.0, fade)));
    assert_eq!(own("tone = 440"), Ok((Some(440), 0.0, fade)));
    assert_eq!(own("gain=0.5"), Ok((None, 0.5, fade)));
    assert_eq!(own("silence"), Ok((None, 0.0, fade)));
    for text in ["", "gain", "gain=2", "silence=1", "tone=x", "mute"] {
        own(text).unwrap_err();
    }
}

#[test]
fn a_policy_serves_lists_and_transcripts_and_a_flag_must_fit() {
    let policy = parse("find = 'numbers'\nunit = 'ms'\npad = 0.5\nlanguage = 'en'").unwrap();
    let given = [Window::from_seconds(8.0, 9.0).unwrap()];
    let shown = |request: Request| -> Vec<String> {
        request.windows().unwrap().iter().map(ToString::to_string).collect()
    };
    let list = policy.windows_of(b"[[2000, 3000]]", "l.json", &given).unwrap();
    assert!(list.entry().is_none() && list.notes().is_empty());
    assert_eq!(shown(list), ["1.5-3.5", "7.5-9.5"]);
    let words = policy.windows_of(WORDS, "w.json", &given).unwrap();
    let entry = words.entry().unwrap();
    assert_eq!((entry.format.as_str(), entry.finds.values().sum::<u64>()), ("whisper", 1));
    assert!(
        words.notes()[0].contains("0 of 0 marks placed, 1 window, padding"),
        "{:?}",
        words.notes()
    );
    assert_eq!(shown(words), ["1.5-3.7", "7.5-9.5"]);
    assert_eq!(shown(policy.windows_given(&given).unwrap()), ["7.5-9.5"]);

    let flags = |settings: Settings| Policy::default().with_flags(settings);
    let find = flags(Settings { find: vec![Rule::Card], ..Settings::default() });
    let unit = flags(Settings { unit: Some(Unit::Seconds), ..Settings::default() });
    let language = flags(Settings { language: vec!["en".into()], ..Settings::default() });
    for (policy, bytes, expected) in [
        (
            &find,
            &b"[[2, 3]]"[..],
            "--find: x is a list of windows without words; it is for transcripts",
        ),
        (
            &unit,
            WORDS,
            "--unit: x is a transcript (Whisper (OpenAI, API, faster-whisper)), which has its own unit",
        ),
        (&language, WORDS, "--language: it is for --find"),
        (&Policy::default(), WORDS, "whisper: nothing is marked in the file"),
        (&Policy::default(), b"[[3, 2]]", "the window 3-2 does not end after it starts"),
    ] {
        let said = policy.windows_of(bytes, "x", &[]).err().unwrap().to_string();
        assert!(said.contains(expected), "{said}");
    }
    for policy in [&find, &unit, &language] {
        let many = policy.clone().for_many();
        assert_eq!(many.settings(), policy.settings());
        assert_eq!(shown(many.windows_given(&given).unwrap()), ["8-9"]);
        assert_eq!(shown(many.windows_of(b"[[2, 3]]", "l", &given).unwrap()), ["2-3", "8-9"]);
    }
    for policy in [find, unit, language] {
        let said = policy.windows_given(&given).err().unwrap().to_string();
        assert!(said.contains("it applies to --windows only"), "{said}");
    }
}

#[test]
fn nothing_found_is_no_window_and_what_only_leaves_out_is_an_error() {
    let none = parse("find = 'ssn'").unwrap().windows_of(WORDS, "w", &[]).unwrap();
    assert!(none.windows().unwrap().is_empty());
    let left_out = parse("find = 'numbers'\nonly = 'ssn'").unwrap().windows_of(WORDS, "w", &[]);
    assert!(matches!(left_out.unwrap().windows(), Err(RequestError::LeftOut(1))));
    let list = Policy::default().windows_of(b"[[1, 2]]", "w", &[]).unwrap();
    assert!(matches!(list.masked(), Err(RequestError::NoWords)));
}

fn settings() -> impl Strategy<Value = Settings> {
    let time = || prop::option::of((0_u64..100_000_000_000).prop_map(Duration::from_nanos));
    let texts = || prop::collection::vec("\\PC{0,5}[a-z\"\\\\'\u{1}\u{7f}]", 0..3);
    let treatment = prop_oneof![
        Just(Treatment::silence()),
        (0.0..=1.0).prop_map(|gain: f64| Treatment::attenuate(gain).unwrap()),
        (1_u32..5000).prop_map(|hz| Treatment::tone(hz).unwrap()),
    ];
    let rules = prop::sample::subsequence(Rule::ALL.to_vec(), 0..4);
    let codes = prop::sample::subsequence(vec!["en".to_owned(), "de".into(), "es".into()], 0..3);
    let parties = prop::collection::btree_map("[a-z]{1,5}", 0_u16..9, 0..3);
    (
        (prop::option::of(treatment), time(), rules, codes, texts(), texts(), texts(), parties),
        (
            time(),
            time(),
            prop::option::of(prop::sample::select(vec![Unit::Seconds, Unit::Milliseconds])),
            prop::option::of(prop::sample::select(vec![Gaps::Refuse, Gaps::Fill, Gaps::Close])),
            prop::option::of(prop::sample::select(vec![Encoding::Pcm, Encoding::Same])),
            prop::option::of((any::<bool>(), prop::sample::select(vec![Edge::Widen, Edge::Exact]))),
            prop::option::of(prop::sample::select(vec!["s16le:8000:2", "ulaw:16000:1"])),
            prop::option::of(prop::sample::select(settings::OPUS_RATES.to_vec())),
            prop::option::of(prop::sample::select(IfNone::ALL.to_vec())),
        ),
    )
        .prop_map(|((treatment, fade, find, language, only, speaker, tier, parties), more)| {
            let (before, after, unit, gaps, encoding, kept, raw, opus_rate, if_none) = more;
            let mut party = Parties::default();
            parties.iter().for_each(|(name, at)| party.add(&format!("{name}={at}")).unwrap());
            let windows_format = unit.map(|_| "whisper".to_owned());
            let (pad, raw) = (before.zip(after), raw.map(|raw| raw.parse().unwrap()));
            Settings {
                treatment,
                fade,
                find,
                language,
                only,
                party,
                speaker,
                tier,
                pad,
                unit,
                windows_format,
                gaps,
                encoding,
                edge: kept.map(|(_, edge)| edge),
                no_md5: kept.map(|(no_md5, _)| no_md5),
                raw,
                opus_rate,
                if_none,
            }
        })
}

proptest! {
    /// The canonical text is a policy that says the same, so its digest stands for all that is said.
    #[test]
    fn the_canonical_text_says_all_that_is_said(settings in settings(), other in settings()) {
        let policy = Policy::default().with_flags(settings.clone());
        let text = policy.canonical();
        let again = parse(&text).unwrap();
        prop_assert_eq!(&again.canonical(), &text);
        prop_assert_eq!(again.treatment(), policy.treatment());
        prop_assert_eq!(again.if_none(), policy.if_none());
        let options = DecodeOptions::default();
        prop_assert_eq!(again.decode_options(options), policy.decode_options(options));
        let (read, said) = (again.settings(), policy.settings());
        prop_assert_eq!((read.pad, read.unit, &read.windows_format), (said.pad, said.unit, &said.windows_format));
        prop_assert_eq!(&read.party, &said.party);
        let sorted = |texts: &[String]| {
            let mut texts = texts.to_vec();
            texts.sort();
            texts.dedup();
            texts
        };
        let names = |settings: &Settings| settings.find.iter().map(|rule| rule.name().to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(names(read), sorted(&names(said)));
        for (read, said) in [(&read.only, &said.only), (&read.speaker, &said.speaker), (&read.tier, &said.tier)] {
            prop_assert_eq!(sorted(read), sorted(said));
        }
        // Flags win, one by one.
        let over = Policy::parse(policy.canonical().as_bytes(), None).unwrap().with_flags(other.clone());
        if let Some(treatment) = other.treatment {
            prop_assert_eq!(over.settings().treatment, Some(treatment));
        } else {
            prop_assert_eq!(over.settings().treatment, again.settings().treatment);
        }
        let changed = over.canonical() != policy.canonical();
        prop_assert_eq!(over.entry().unwrap().changed, changed);
        prop_assert_eq!(over.sha256() == again.sha256(), !changed);
    }

    #[test]
    fn no_text_makes_a_policy_panic(text in "\\PC{0,60}", key in 0..20_usize) {
        drop(parse(&text));
        drop(parse(&format!("{} = {text}", read::names()[key])));
    }
}
