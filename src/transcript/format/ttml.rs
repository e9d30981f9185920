//! TTML: paragraphs and spans with times that add up from the outside in; the tags and masks in them are the marks.
//!
//! `begin` counts from the begin of the element around it, so does `end`; `dur` is a length. A missing `begin` is 0. Where
//! both `end` and `dur` are given, the longer counts: less would be shown, but the speech may go on.

use std::collections::HashMap;
use std::time::Duration;

use roxmltree::Node;

use super::super::document::words_of;
use super::super::model::Sort;
use super::super::time::{self, TimeError};
use super::{
    Document, Format, Padding, Repeat, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Turn,
};

pub(super) const FORMAT: Format = Format {
    name: "ttml",
    title: "TTML",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// How many elements may stand inside each other.
const DEEPEST: usize = 128;

fn recognise(document: &Document<'_>) -> bool {
    document.xml().is_some_and(|xml| xml.root_element().tag_name().name() == "tt")
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let transcript = Transcript { sort: Sort::Subtitles, ..Transcript::default() };
    let Some(xml) = document.xml() else { return Ok(transcript) };
    let root = xml.root_element();
    let clock = Clock::of(root)?;
    let mut reader = Reader { text: document.text, clock, names: agents(xml), transcript };
    for body in root.children().filter(|node| node.tag_name().name() == "body") {
        let begin = Moment::default();
        reader.element(
            body,
            &Scope { begin, end: None, party: None, is_timed: false, depth: 0 },
            begin,
        )?;
    }
    Ok(reader.transcript)
}

/// The names of agents by their identifier.
fn agents<'a>(xml: &'a roxmltree::Document<'_>) -> HashMap<&'a str, String> {
    let agents = xml.descendants().filter(|node| node.tag_name().name() == "agent");
    let named = agents.filter_map(|node| {
        let id = node.attributes().find(|attribute| attribute.name() == "id")?.value();
        let name = node.children().find(|child| child.tag_name().name() == "name")?;
        let name = name.text().map(str::trim).filter(|name| !name.is_empty())?;
        Some((id, name.to_owned()))
    });
    named.collect()
}

/// A time rounded down and up.
#[derive(Clone, Copy, Default)]
struct Moment {
    down: Duration,
    up: Duration,
}

impl Moment {
    fn plus(self, other: Self) -> Result<Self, TimeError> {
        Ok(Self { down: time::add(self.down, other.down)?, up: time::add(self.up, other.up)? })
    }
}

/// What an element hands on to those inside of it.
struct Scope {
    begin: Moment,
    end: Option<Moment>,
    party: Option<Text>,
    /// Whether any element around has a time.
    is_timed: bool,
    /// How many elements are around.
    depth: usize,
}

struct Reader<'a> {
    text: &'a str,
    clock: Clock,
    names: HashMap<&'a str, String>,
    transcript: Transcript,
}

impl<'a> Reader<'a> {
    /// Reads an element. `base` is what its times count from. Answers its end.
    fn element(
        &mut self,
        node: Node<'a, '_>,
        around: &Scope,
        base: Moment,
    ) -> Result<Option<Moment>, TranscriptError> {
        if around.depth >= DEEPEST {
            return Err(error(node, TranscriptProblem::Other("elements nested too deep")));
        }
        let time = |name| {
            let value = node.attribute(name);
            value
                .map(|text| self.clock.read(text))
                .transpose()
                .map_err(|problem| error(node, problem))
        };
        let (begin, end, length) = (time("begin")?, time("end")?, time("dur")?);
        let sum = |one: Moment, other: Moment| {
            one.plus(other).map_err(|problem| error(node, problem.into()))
        };
        let start = begin.map_or(Ok(base), |begin| sum(base, begin))?;
        let end = end.map(|end| sum(base, end)).transpose()?;
        let after = length.map(|length| sum(start, length)).transpose()?;
        let own = [end, after].into_iter().flatten().max_by_key(|moment| moment.up);
        let agent = node
            .attributes()
            .find(|attribute| attribute.name() == "agent")
            .map(|attribute| attribute.value());
        let agent = agent.and_then(|list| list.split_whitespace().next());
        let party = agent.map(|id| Text::new(self.names.get(id).map_or(id, String::as_str)));
        let scope = Scope {
            begin: start,
            end: own.or(around.end),
            party: party.or_else(|| around.party.clone()),
            is_timed: around.is_timed || begin.is_some() || own.is_some(),
            depth: around.depth + 1,
        };
        let is_sequence = node.attribute("timeContainer") == Some("seq");
        let mut next = start;
        for child in node.children() {
            if child.is_text() {
                self.text(child, &scope)?;
            } else if matches!(child.tag_name().name(), "div" | "p" | "span") {
                let base = if is_sequence { next } else { start };
                let end = self.element(child, &scope, base)?;
                if is_sequence {
                    let missing =
                        || error(child, TranscriptProblem::Missing("end or dur in a sequence"));
                    next = end.ok_or_else(missing)?;
                }
            }
        }
        Ok(own)
    }

    /// Adds a text as a turn.
    fn text(&mut self, node: Node<'a, '_>, scope: &Scope) -> Result<(), TranscriptError> {
        let content = node.text().unwrap_or_default();
        if content.trim().is_empty() {
            return Ok(());
        }
        let end = match scope.end {
            Some(end) => Some(end),
            None if scope.is_timed => {
                return Err(error(node, TranscriptProblem::Missing("end or dur")));
            }
            None => None,
        };
        let time = end.map(|end| TimeRange::new(scope.begin.down, end.up));
        let place = node.range();
        let is_plain = self.text.get(place.clone()) == Some(content);
        let words = words_of(content, is_plain.then_some(place.start));
        let turns = &mut self.transcript.turns;
        if !is_plain {
            self.transcript.repeats.push(Repeat {
                source: place,
                turns: turns.len()..turns.len() + 1,
                words: None,
            });
        }
        turns.push(Turn { party: scope.party.clone(), time, words, ..Turn::default() });
        Ok(())
    }
}

fn error(node: Node<'_, '_>, problem: TranscriptProblem) -> TranscriptError {
    let line = node.document().text_pos_at(node.range().start).row;
    TranscriptError::at(FORMAT.name, format!("line {line}"), problem)
}

/// How times are counted: frames a second as a fraction, parts of a frame, ticks a second.
struct Clock {
    rate: (u64, u64),
    parts: u64,
    ticks: u64,
}

impl Clock {
    fn of(root: Node<'_, '_>) -> Result<Self, TranscriptError> {
        let value = |name: &str| {
            root.attributes()
                .find(|attribute| attribute.name() == name)
                .map(|attribute| attribute.value())
        };
        let count = |text: &str| {
            let count = text.trim().parse().ok().filter(|count| *count > 0);
            count.ok_or_else(|| error(root, TranscriptProblem::Expected("a rate above 0")))
        };
        let number = |name| value(name).map(count).transpose();
        let frames = number("frameRate")?;
        let multiplier = value("frameRateMultiplier").map(|text| {
            let (above, below) = text.trim().split_once([' ', ':']).unwrap_or((text, "1"));
            Ok::<(u64, u64), TranscriptError>((count(above)?, count(below)?))
        });
        let (above, below) = multiplier.transpose()?.unwrap_or((1, 1));
        let is_smpte = value("timeBase") == Some("smpte");
        let is_drop = value("dropMode").is_some_and(|mode| mode != "nonDrop");
        if value("timeBase") == Some("clock") || (is_smpte && (is_drop || above != below)) {
            let reason =
                "its times are those of a clock or of dropped frames: convert it to media time";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
        let nominal = frames.unwrap_or(30);
        let parts = number("subFrameRate")?.unwrap_or(1);
        let too_large = || error(root, TimeError::TooLarge.into());
        let rate = (nominal.checked_mul(above).ok_or_else(too_large)?, below);
        let ticks = match (number("tickRate")?, frames) {
            (Some(ticks), _) => ticks,
            (None, Some(frames)) => frames.checked_mul(parts).ok_or_else(too_large)?,
            (None, None) => 1,
        };
        Ok(Self { rate, parts, ticks })
    }

    /// Reads `00:00:06.5`, `00:00:06:15`, `00:00:06:15.1`, or a number with `h`, `m`, `s`, `ms`, `f` or `t`.
    fn read(&self, text: &str) -> Result<Moment, TranscriptProblem> {
        let both = |read: &dyn Fn(Round) -> Result<Duration, TimeError>| {
            Ok::<Moment, TranscriptProblem>(Moment {
                down: read(Round::Down)?,
                up: read(Round::Up)?,
            })
        };
        let text = text.trim();
        if text.contains(':') {
            return match *text.split(':').collect::<Vec<_>>().as_slice() {
                [_, _, _] => both(&|round| time::clock(text, round)),
                [hours, minutes, seconds, frames] => {
                    let clock = format!("{hours}:{minutes}:{seconds}");
                    let whole = both(&|round| time::clock(&clock, round))?;
                    Ok(whole.plus(both(&|round| self.frames(frames, round))?)?)
                }
                _ => Err(TimeError::NotANumber.into()),
            };
        }
        let unit = text
            .find(|c: char| c.is_ascii_alphabetic())
            .ok_or(TranscriptProblem::Expected("a time with its unit"))?;
        let (number, unit) = text.split_at(unit);
        let (above, below) = match unit {
            "h" => (1, 3600),
            "m" => (1, 60),
            "s" => (1, 1),
            "ms" => (1000, 1),
            "f" => self.rate,
            "t" => (self.ticks, 1),
            _ => return Err(TranscriptProblem::Expected("a time with its unit")),
        };
        both(&|round| time::frames(number, above, below, round))
    }

    /// Frames, and perhaps parts of a frame after a point.
    fn frames(&self, text: &str, round: Round) -> Result<Duration, TimeError> {
        let (frames, parts) = text.split_once('.').unwrap_or((text, "0"));
        let rate = self.rate.0.checked_mul(self.parts).ok_or(TimeError::TooLarge)?;
        let parts = time::frames(parts, rate, self.rate.1, round)?;
        time::add(time::frames(frames, self.rate.0, self.rate.1, round)?, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{
        assert_listed, error_of, read_as, truth_on_all, windows, words,
    };

    const CLOCK: &str = include_str!("../../../fixtures/transcripts/clock.ttml");

    fn body(inner: &str) -> String {
        format!(
            "<tt xmlns=\"http://www.w3.org/ns/ttml\" xmlns:ttp=\"http://www.w3.org/ns/ttml#parameter\" xmlns:ttm=\"http://www.w3.org/ns/ttml#metadata\" ttp:frameRate=\"30\" ttp:frameRateMultiplier=\"1000 1001\"><head/><body>{inner}</body></tt>"
        )
    }

    fn times(inner: &str) -> Vec<(u128, u128)> {
        let transcript = read_as("ttml", &body(inner));
        transcript
            .turns
            .iter()
            .filter_map(|turn| turn.time)
            .map(|time| (time.start.as_millis(), time.end.as_millis()))
            .collect()
    }

    #[test]
    fn begins_add_up_and_all_units_are_read() {
        assert_eq!(windows(&read_as("ttml", CLOCK)), truth_on_all());
    }

    #[test]
    fn a_span_has_its_own_time_and_a_sequence_counts_on() {
        assert_eq!(
            times("<p begin=\"1s\" end=\"9s\">a <span begin=\"1s\" dur=\"2s\">b</span> c</p>"),
            [(1000, 9000), (2000, 4000), (1000, 9000)]
        );
        assert_eq!(
            times(
                "<div timeContainer=\"seq\" begin=\"1s\"><p dur=\"2s\">a</p><p begin=\"1s\" dur=\"1s\">b</p></div>"
            ),
            [(1000, 3000), (4000, 5000)]
        );
        assert_eq!(times("<p end=\"2s\" dur=\"3s\">a</p>"), [(0, 3000)]);
    }

    #[test]
    fn frames_of_a_fractional_rate_are_rounded_outwards() {
        let transcript = read_as("ttml", &body("<p begin=\"1f\" end=\"00:00:01:01\">a</p>"));
        let time = transcript.turns[0].time.unwrap();
        assert_eq!((time.start.as_nanos(), time.end.as_nanos()), (33_366_666, 1_033_366_667));
    }

    #[test]
    fn an_agent_is_the_party() {
        let agent = "<metadata><ttm:agent xml:id=\"a1\" type=\"person\"><ttm:name type=\"full\">Customer</ttm:name></ttm:agent></metadata>";
        let text = body(&format!(
            "{agent}<div ttm:agent=\"a1\"><p begin=\"1s\" end=\"2s\">a</p><p ttm:agent=\"a2\" begin=\"1s\" end=\"2s\">b</p></div>"
        ));
        let transcript = read_as("ttml", &text);
        let parties: Vec<_> = transcript
            .turns
            .iter()
            .filter_map(|turn| turn.party.as_ref())
            .map(|party| party.expose())
            .collect();
        assert_eq!(parties, ["Customer", "a2"]);
    }

    #[test]
    fn words_know_their_bytes_and_texts_with_entities_are_listed() {
        let text = body("<p begin=\"1s\" end=\"2s\">so 4111<br/>1111 &amp; 2222</p>");
        let transcript = read_as("ttml", &text);
        assert_eq!(words(&transcript).len(), 5);
        for secret in ["4111", "1111", "2222"] {
            assert_listed(&transcript, &text, secret);
        }
    }

    #[test]
    fn a_text_that_never_ends_is_an_error() {
        assert!(error_of(&body("<p begin=\"1s\">a</p>")).contains("line 1: end or dur is missing"));
        assert!(
            error_of(&body("<p begin=\"1\" end=\"2s\">a</p>"))
                .contains("expected a time with its unit")
        );
        assert!(
            error_of(&CLOCK.replace("ttp:frameRate=\"25\"", "ttp:timeBase=\"clock\""))
                .contains("media time")
        );
        assert!(times("<p>a</p>").is_empty());
        let deep = format!("{}a{}", "<span>".repeat(200), "</span>".repeat(200));
        assert!(error_of(&body(&deep)).contains("too deep"));
    }

    #[test]
    fn a_body_without_text_holds_nothing() {
        let empty =
            read_as("ttml", "<tt xml:lang=\"en\"><head><layout/></head><body region=\"r1\"/></tt>");
        assert!(empty.turns.is_empty());
    }
}
