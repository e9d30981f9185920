use std::time::Duration;

use super::super::model::{Text, TimeRange, Word};
use super::*;

/// One line a turn: `0 customer 2.8 sure four one`: channel or `-`, party or `-`, start in seconds
/// or `-`, words. A word takes 300 ms and stands 400 ms after the one before; `_` is a pause of a
/// second.
fn call(script: &str) -> Vec<Turn> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(turn).collect()
}

fn turn(line: &str) -> Turn {
    let mut fields = line.split_whitespace();
    let mut field = || fields.next().filter(|field| *field != "-");
    let (channel, party, start) = (field(), field(), field());
    let mut clock = start.map(millis);
    let mut words = Vec::new();
    for text in fields {
        let start = clock;
        clock = clock.map(|ms| ms + if text == "_" { 1000 } else { 400 });
        if text != "_" {
            let ms = Duration::from_millis;
            let time = start.map(|at| TimeRange::new(ms(at), ms(at + 300)));
            words.push(Word { text: Text::new(text.replace('~', " ")), time, ..Word::default() });
        }
    }
    Turn {
        channel: channel.map(|c| c.parse().unwrap()),
        party: party.map(Text::new),
        time: None,
        words,
    }
}

/// `2.28` in milliseconds.
fn millis(seconds: &str) -> u64 {
    let (whole, rest) = seconds.split_once('.').unwrap_or((seconds, ""));
    format!("{whole}{rest:0<3}").parse().unwrap()
}

fn exposed(turns: &[Turn], found: &Found) -> String {
    let words = &turns[found.turn].words[found.words.clone()];
    words.iter().map(|word| word.text.expose()).collect::<Vec<_>>().join(" ")
}

fn seek(turns: &[Turn], rules: &Rules) -> Vec<String> {
    let found = find(turns, rules, &|_, _| None);
    found
        .iter()
        .map(|found| format!("{}{}: {}", found.kind.name(), found.number, exposed(turns, found)))
        .collect()
}

fn numbers(script: &str) -> Vec<String> {
    seek(&call(script), &Rules::new(&[Rule::Numbers]))
}

/// What is found in one turn of these words.
fn said(words: &str) -> Vec<String> {
    numbers(&format!("0 - 1 {words}"))
}

#[test]
fn four_digits_are_a_number_and_three_are_none() {
    assert_eq!(said("it is one two three four thanks"), ["number0: one two three four"]);
    assert!(said("it is one two three thanks").is_empty());
    assert_eq!(said("it is 1234. thanks"), ["number0: 1234."]);
    assert_eq!(
        said("it is 4-1-1-1 or 4,111 or $12.50 but not 411"),
        ["number0: 4-1-1-1", "number1: 4,111", "number2: $12.50"]
    );
}

#[test]
fn numbers_above_nine_count_their_digits() {
    assert_eq!(said("so eleven twelve please"), ["number0: eleven twelve"]);
    assert_eq!(said("so twenty twenty six please"), ["number0: twenty twenty six"]);
    assert_eq!(said("so one twenty three please"), ["number0: one twenty three"]);
    assert!(said("so forty-two of them and forty two more").is_empty());
    assert_eq!(
        said("dial eight hundred five five five"),
        ["number0: eight hundred five five five"]
    );
    assert!(said("costs two hundred and five").is_empty());
    assert!(said("costs a hundred and twenty three").is_empty());
    assert_eq!(said("costs four thousand please"), ["number0: four thousand"]);
    assert!(said("a thousand thanks a hundred times").is_empty());
}

#[test]
fn double_and_triple_repeat_the_next_digit() {
    assert_eq!(said("is double one double two please"), ["number0: double one double two"]);
    assert_eq!(said("is one triple eight"), ["number0: one triple eight"]);
    assert!(said("a double room for two double beds").is_empty());
    assert_eq!(said("is four ones please"), ["number0: four ones"]);
}

#[test]
fn oh_is_a_digit_beside_digits_only() {
    assert_eq!(said("is four oh one o please"), ["number0: four oh one o"]);
    assert_eq!(said("is oh one two three"), ["number0: oh one two three"]);
    assert!(said("oh _ _ one two three").is_empty());
    assert!(said("oh oh oh oh oh").is_empty());
    assert!(said("oh and then two three four").is_empty());
}

#[test]
fn homophones_are_digits_only_inside_a_run() {
    assert_eq!(said("is four one to eight please"), ["number0: four one to eight"]);
    assert_eq!(said("is four to for one please"), ["number0: four to for one"]);
    assert_eq!(
        said("send it to one two three four for me"),
        ["number0: to one two three four for"]
    );
    assert!(said("two to three for you").is_empty());
    assert!(said("fifteen to twenty minutes").is_empty());
    assert!(said("ten to four").is_empty());
    assert_eq!(said("the number 4111 for you"), ["number0: 4111"]);
}

#[test]
fn fillers_end_no_run() {
    assert_eq!(
        said("is four uh one dash one okay and then one bye"),
        ["number0: four uh one dash one okay and then one"]
    );
    assert!(said("four or one or one or one").is_empty());
}

#[test]
fn three_seconds_of_silence_end_a_run_unless_a_filler_stands_in_it() {
    assert_eq!(said("one two _ _ three four"), ["number0: one two three four"]);
    assert!(said("one two _ _ _ _ three four").is_empty());
    assert_eq!(said("one two _ _ uh _ _ three four"), ["number0: one two uh three four"]);
    assert!(said("one two _ _ _ _ _ _ _ _ um _ _ _ _ _ _ _ _ three four").is_empty());
}

#[test]
fn a_run_goes_on_over_turns_and_wrong_speaker_labels() {
    let script =
        "0 1 0.04 run alabama drivers license\n0 2 2.28 zero zero three zero\n0 1 5.4 six six nine";
    assert_eq!(numbers(script), ["number0: zero zero three zero", "number0: six six nine"]);
}

#[test]
fn a_reply_of_the_other_party_ends_no_run() {
    let script = "0 c 1 one two\n1 a 2 mhm go ahead\n0 c 5.5 three four";
    assert_eq!(numbers(script), ["number0: one two", "number0: three four"]);
    let mono = "- c 1 one two\n- a 2 okay go ahead\n- c 3.3 three four";
    assert_eq!(numbers(mono), ["number0: one two", "number0: three four"]);
    let unknown = "- - 1 one two\n- - 2 okay go ahead\n- - 3.3 three four";
    assert_eq!(numbers(unknown), ["number0: one two", "number0: three four"]);
}

#[test]
fn talk_of_the_other_party_does_not_hide_a_pause() {
    let script = "0 c 1 one two\n1 a 2 what did you say\n0 c 7 three four";
    assert!(numbers(script).is_empty());
}

#[test]
fn phrases_out_of_order_are_put_in_order() {
    let script = "0 - 5 three four\n0 - 9 goodbye\n0 - 3.9 one two";
    assert_eq!(numbers(script), ["number0: three four", "number0: one two"]);
}

#[test]
fn words_without_times_take_part_by_their_order() {
    assert_eq!(
        numbers("- - - one two\n- - - three four"),
        ["number0: one two", "number0: three four"]
    );
    assert_eq!(numbers("- - - the security code is nine one"), ["cvv0: nine one"]);
    assert_eq!(
        numbers("0 - 1 sure one\n0 - - two three\n0 - 2.5 four okay"),
        ["number0: one", "number0: two three", "number0: four"]
    );
}

#[test]
fn a_piece_that_is_read_back_is_found() {
    let script = "0 c 1 nine eight seven six five four three two\n1 a 6 so three two that is four three two right";
    assert_eq!(
        numbers(script),
        ["number0: nine eight seven six five four three two", "number-repeat1: four three two"]
    );
    let other =
        "0 c 1 nine eight seven six five four three two\n1 a 6 that is four three one right";
    assert_eq!(numbers(other).len(), 1);
    let late =
        "0 c 1 nine eight seven six five four three two\n1 a 36 that is four three two right";
    assert_eq!(numbers(late).len(), 1);
}

#[test]
fn an_echo_while_the_number_is_said_is_found() {
    let script =
        "0 c 1 nine eight seven six\n1 a 2.7 so eight seven six\n0 c 4 five four three two";
    assert!(numbers(script).contains(&"number-repeat1: eight seven six".to_owned()));
    let untimed = script.replace(" 1 nine", " - nine").replace("2.7", "-").replace(" 4 ", " - ");
    assert!(numbers(&untimed).contains(&"number-repeat1: eight seven six".to_owned()));
}

#[test]
fn a_security_code_is_found_at_any_length_after_its_cue() {
    assert_eq!(said("the security code is one two three"), ["cvv0: one two three"]);
    assert_eq!(said("the CVV is 123"), ["cvv0: 123"]);
    assert_eq!(said("the C.V.V. is one to"), ["cvv0: one to"]);
    assert_eq!(said("my pin is seven please"), ["pin0: seven"]);
    assert!(said("the colour is one two three").is_empty());
    assert!(said("the three digits on the back please one moment").is_empty());
    let asked = "1 a 1 and the three digits on the back\n0 c 6 it's one _ _ _ _ two _ three thanks";
    assert_eq!(numbers(asked), ["cvv0: one", "cvv1: two three"]);
    let late = "1 a 1 and the security code\n0 c 14 one two three";
    assert!(numbers(late).is_empty());
}

#[test]
fn a_code_without_a_time_is_found_after_a_cue_with_one() {
    let mut turns = call("0 - 1 yes and the _ _ _ security code is one two three");
    turns[0].time = Some(TimeRange::new(Duration::from_secs(1), Duration::from_secs(6)));
    turns[0].words[6..].iter_mut().for_each(|word| word.time = None);
    assert_eq!(seek(&turns, &Rules::new(&[Rule::Numbers])), ["cvv0: one two three"]);
}

#[test]
fn a_long_number_between_a_cue_and_its_code_is_no_code() {
    let script = "0 - 1 the cvv yes on card 4111111111111112 and then it's mine one two";
    assert_eq!(numbers(script), ["card0: 4111111111111112", "cvv1: one two"]);
}

#[test]
fn an_expiry_date_is_found_after_its_cue() {
    assert_eq!(said("it expires oh nine twenty six"), ["expiry0: oh nine twenty six"]);
    assert_eq!(said("good through nine of twenty six"), ["expiry0: nine", "expiry1: twenty six"]);
    assert_eq!(
        said("expiration date is December of twenty six"),
        ["expiry0: December of twenty six"]
    );
    assert_eq!(said("expiry 12/26"), ["expiry0: 12/26"]);
}

#[test]
fn the_check_digit_names_and_never_decides() {
    assert_eq!(said("is 4111 1111 1111 1111"), ["card0: 4111 1111 1111 1111"]);
    assert_eq!(said("is 4111 1111 1111 1112"), ["number0: 4111 1111 1111 1112"]);
    let card = Rules::new(&[Rule::Card]);
    assert_eq!(seek(&call("0 - 1 is 4111 1111 1111 1112"), &card), ["card0: 4111 1111 1111 1112"]);
    assert_eq!(
        seek(&call("0 - 1 the card is 4111 _ _ _ _ 1111"), &card),
        ["card0: 4111", "card1: 1111"]
    );
    assert!(seek(&call("0 - 1 the order is 4111 _ _ _ _ 1111"), &card).is_empty());
}

#[test]
fn each_rule_finds_its_own() {
    let ssn = Rules::new(&[Rule::Ssn]);
    assert_eq!(
        seek(&call("0 - 1 it's one two three four five six seven eight nine"), &ssn).len(),
        1
    );
    assert_eq!(
        seek(&call("0 - 1 last four of my social are one two three four"), &ssn),
        ["ssn0: one two three four"]
    );
    assert!(seek(&call("0 - 1 the order is one two three four"), &ssn).is_empty());
    let phone = Rules::new(&[Rule::Phone]);
    assert_eq!(seek(&call("0 - 1 it's 555-123-4567"), &phone), ["phone0: 555-123-4567"]);
    assert_eq!(seek(&call("0 - 1 call my cell 5551234"), &phone), ["phone0: 5551234"]);
    assert!(seek(&call("0 - 1 order 5551234"), &phone).is_empty());
    assert_eq!(
        said("my routing number is 021000021 and the account number is 12345678"),
        ["routing0: 021000021", "account1: 12345678"]
    );
}

#[test]
fn a_cue_may_come_after_the_number() {
    let ssn = Rules::new(&[Rule::Ssn]);
    let near = call("0 - 1 one two three four is my social");
    assert_eq!(seek(&near, &ssn), ["ssn0: one two three four"]);
    let far = call("0 - 1 one two three four thanks\n0 - 10 my social");
    assert!(seek(&far, &ssn).is_empty());
}

#[test]
fn a_card_number_goes_on_long_after_its_cue() {
    let card = Rules::new(&[Rule::Card]);
    let turns = call("0 - 1 card 4111\n0 - 10 1112\n0 - 19 2223\n0 - 27 3334\n0 - 50 4445");
    assert_eq!(seek(&turns, &card), ["card0: 4111", "card1: 1112", "card2: 2223", "card3: 3334"]);
}

#[test]
fn nothing_is_looked_for_without_a_rule() {
    assert!(seek(&call("0 - 1 one two three four"), &Rules::new(&[])).is_empty());
}

#[test]
fn a_masked_word_is_not_read_and_ends_no_run() {
    let turns = call("0 - 1 one two [CREDIT_CARD_1234] three four #### **** and [PII]");
    assert_eq!(
        seek(&turns, &Rules::new(&[Rule::Numbers])),
        ["card0: one two [CREDIT_CARD_1234] three four",]
    );
    let turns = call("0 - 1 it is 1234 or 5678");
    let found = find(&turns, &Rules::new(&[Rule::Numbers]), &|_, word| {
        (word == 2).then_some(Marked::Other)
    });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].words, 4..5);
}

/// What is found by `rules` where the service marked each word in brackets.
fn beside(rules: &[Rule], script: &str) -> Vec<String> {
    let turns = call(script);
    let marked = |turn: usize, word: usize| {
        let text = turns[turn].words[word].text.expose();
        Some(Marked::of(text.strip_prefix('[')?.strip_suffix(']')?))
    };
    let found = find(&turns, &Rules::new(rules), &marked);
    found.iter().map(|f| format!("{}: {}", f.kind.name(), exposed(&turns, f))).collect()
}

#[test]
fn digits_beside_a_marked_number_are_found_at_any_length() {
    let numbers = |script: &str| beside(&[Rule::Numbers], &format!("0 - 1 {script}"));
    assert_eq!(numbers("it is [CREDIT_CARD_1] one two three thanks"), ["card: one two three"]);
    assert_eq!(numbers("it is seven [PII] thanks"), ["number: seven"]);
    assert_eq!(numbers("nine [card~number] uh seven ok"), ["card: nine [card number] uh seven"]);
    assert_eq!(numbers("[SSN] oh 7 and [PHONE_NUMBER] 20"), ["ssn: oh 7 and [PHONE_NUMBER] 20"]);
    assert_eq!(numbers("[BANK_ACCOUNT] to eight"), ["account: to eight"]);
    // Names are no numbers, and a count of something is no digit of one.
    assert!(numbers("[NAME] one two three").is_empty());
    assert!(numbers("[PII] one moment").is_empty());
    assert!(numbers("[PII] or our shop for you").is_empty());
    // The rules for gaps are those of a run.
    assert!(numbers("[PII] hello three").is_empty());
    assert!(numbers("three _ _ _ _ [PII]").is_empty());
    assert_eq!(numbers("[PII] _ _ _ _ three"), ["number: three"]);
    assert!(beside(&[Rule::Numbers], "0 - 1 [PII]\n1 - 2 three").is_empty());
    assert_eq!(beside(&[Rule::Numbers], "0 - 1 [PII]\n0 - 2 three"), ["number: three"]);
}

#[test]
fn a_tag_without_a_mark_of_its_own_counts_by_what_it_says() {
    assert_eq!(said("it is [PII] 98 ok"), ["number0: 98"]);
    assert_eq!(said("it is ####, 98 ok"), ["number0: 98"]);
    assert!(said("it is [NAME] 98 [phone~ringing] 2 ok").is_empty());
    // Brackets around digits are no tag.
    assert_eq!(said("it is [4111] <1111>"), ["number0: [4111] <1111>"]);
}

#[test]
fn a_rule_looks_beside_marks_of_its_own_kind_and_of_none() {
    let found = |rule: Rule, kind: &str| beside(&[rule], &format!("0 - 1 [{kind}] 98 ok")).len();
    for (kind, wanted) in [
        ("CREDIT_CARD", [1, 1, 0, 0]),
        ("CVV", [1, 1, 0, 0]),
        ("us_social_security_number", [1, 0, 1, 0]),
        ("PHONE_NUMBER", [1, 0, 0, 1]),
        ("ACCOUNT_NUMBER", [1, 0, 0, 0]),
        ("DATE_OF_BIRTH", [1, 0, 0, 0]),
        ("NUMERICAL_PII", [1; 4]),
        ("NUMBER_1", [1; 4]),
        ("masked", [1; 4]),
        ("LOCATION", [0; 4]),
    ] {
        assert_eq!(Rule::ALL.map(|rule| found(rule, kind)), wanted, "{kind}");
    }
}

#[test]
fn every_digit_that_is_left_of_a_marked_number_is_found() {
    let said = ["four", "1", "eleven", "oh", "double", "nine", "23"];
    for length in 1..=said.len() {
        for marks in 1..1 << length {
            let is_marked = |at: usize| marks >> at & 1 == 1;
            let words = said[..length].iter().enumerate();
            let words = words.map(|(at, word)| if is_marked(at) { "[PII]" } else { word });
            let turns = call(&format!("0 - 1 well {} thanks", words.collect::<Vec<_>>().join(" ")));
            let mark = |_, word: usize| {
                (word > 0 && word <= length && is_marked(word - 1)).then_some(Marked::Any)
            };
            let found = find(&turns, &Rules::new(&[Rule::Card]), &mark);
            let covered = |at: usize| found.iter().any(|found| found.words.contains(&at));
            let missed = (0..length).find(|&at| !is_marked(at) && !covered(at + 1));
            // "Double" before a talk word says no digit.
            assert!(missed.is_none_or(|at| at == 4 && length == 5), "{:?}", exposed_all(&turns));
            assert!(!covered(0) && !covered(length + 1));
        }
    }
}

fn exposed_all(turns: &[Turn]) -> Vec<&str> {
    turns.iter().flat_map(|turn| &turn.words).map(|word| word.text.expose()).collect()
}

#[test]
fn several_words_in_one_are_looked_at_apart() {
    assert_eq!(
        said("is 4111~1111 or nine~one~one~two"),
        ["number0: 4111 1111", "number1: nine one one two"]
    );
}

#[test]
fn a_second_language_is_a_file() {
    let german = Rules::new(&[Rule::Numbers]).in_languages(&["de-AT"]).unwrap();
    let say = |words: &str| seek(&call(&format!("0 - 1 {words}")), &german);
    assert_eq!(say("die Nummer ist vier eins doppelnull danke"), ["number0: vier eins doppelnull"]);
    assert_eq!(
        say("einundzwanzig zweiunddreißig bitte"),
        ["number0: einundzwanzig zweiunddreißig"]
    );
    assert!(say("zweihunderteinundzwanzig oder ein und zwanzig").is_empty());
    assert_eq!(say("zweitausendsechsundzwanzig Mal"), ["number0: zweitausendsechsundzwanzig"]);
    assert_eq!(say("der Sicherheitscode ist eins zwei drei"), ["cvv0: eins zwei drei"]);
    let spanish = Rules::new(&[Rule::Numbers]).in_languages(&["es"]).unwrap();
    let say = |words: &str| seek(&call(&format!("0 - 1 {words}")), &spanish);
    assert_eq!(say("es cuatro uno doble uno gracias"), ["number0: cuatro uno doble uno"]);
    assert_eq!(
        say("son treinta y dos cuarenta y uno claro"),
        ["number0: treinta y dos cuarenta y uno"]
    );
    assert!(say("son treinta y dos").is_empty());
    assert_eq!(say("en mil novecientos ochenta"), ["number0: mil novecientos ochenta"]);
    assert_eq!(Rules::new(&[]).in_languages(&["en", "xx"]).unwrap_err(), "xx");
}

#[test]
fn every_rule_is_told_in_the_help() {
    for rule in Rule::ALL {
        assert!(RULES_HELP.contains(rule.name()));
        assert_eq!(Rule::named(rule.name()), Some(rule));
    }
    assert!(RULES_HELP.lines().all(|line| line.chars().count() <= 102));
    assert_eq!(languages().next(), Some(("en", "English")));
}
