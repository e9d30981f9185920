//! ELAN EAF: annotations on tiers, between time slots in milliseconds.
//!
//! A slot may have no time: it lies between the nearest slots of its tier that have one. A reference annotation has the
//! time of the annotation that it refers to. `TIME_ORIGIN` is where the time line begins in the recording.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use roxmltree::Node;

use super::super::document::words_of;
use super::super::model::Sort;
use super::super::time::{self, TimeError};
use super::{
    Document, Format, Mark, Padding, Place, Repeat, Round, Seen, Text, TimeRange, Transcript,
    TranscriptError, TranscriptProblem, Turn,
};

pub(super) const FORMAT: Format = Format {
    name: "eaf",
    title: "ELAN annotations (EAF)",
    padding: Padding::NONE,
    seen: Seen::Sample,
    recognise,
    read,
};

/// Over how many annotations a reference may go: far more than there are levels of tiers.
const DEEPEST: usize = 128;

fn recognise(document: &Document<'_>) -> bool {
    document.xml().is_some_and(|xml| xml.root_element().has_tag_name("ANNOTATION_DOCUMENT"))
}

/// When: the end is open if no later slot has a time.
type Span = (Duration, Option<Duration>);

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript { sort: Sort::Tiers, ..Transcript::default() };
    let Some(xml) = document.xml() else { return Ok(transcript) };
    let slots = Slots::of(xml)?;
    let mut spans = HashMap::new();
    let tiers = || xml.root_element().children().filter(|node| node.has_tag_name("TIER"));
    for tier in tiers() {
        slots.add_spans(tier, &mut spans)?;
    }
    let mut references = HashMap::new();
    for node in tiers().flat_map(annotations).filter(|node| node.has_tag_name("REF_ANNOTATION")) {
        references.insert(required(node, "ANNOTATION_ID")?, required(node, "ANNOTATION_REF")?);
    }
    for tier in tiers() {
        for node in annotations(tier) {
            let span = span(node, &spans, &references)?;
            add(&mut transcript, document.text, tier, node, span);
        }
    }
    Ok(transcript)
}

/// The annotations of a tier.
fn annotations<'a, 'i>(tier: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    let inside = tier.children().filter(|node| node.has_tag_name("ANNOTATION"));
    let is_annotation = |node: &Node<'a, 'i>| {
        node.has_tag_name("ALIGNABLE_ANNOTATION") || node.has_tag_name("REF_ANNOTATION")
    };
    inside.flat_map(|node| node.children()).filter(is_annotation)
}

/// The span of an annotation, over the annotations that it refers to.
fn span<'a>(
    node: Node<'a, '_>,
    spans: &HashMap<&'a str, Span>,
    references: &HashMap<&'a str, &'a str>,
) -> Result<Span, TranscriptError> {
    let mut name = required(node, "ANNOTATION_ID")?;
    for _ in 0..DEEPEST {
        if let Some(span) = spans.get(name) {
            return Ok(*span);
        }
        let Some(next) = references.get(name) else { break };
        name = next;
    }
    Err(error(node, TranscriptProblem::Other("a reference to an annotation that is not there")))
}

fn add(
    transcript: &mut Transcript,
    text: &str,
    tier: Node<'_, '_>,
    node: Node<'_, '_>,
    (start, end): Span,
) {
    let name = Text::new(tier.attribute("TIER_ID").unwrap_or_default());
    let party = tier
        .attribute("PARTICIPANT")
        .filter(|name| !name.is_empty())
        .map_or_else(|| name.clone(), Text::new);
    let values = node.children().filter(|node| node.has_tag_name("ANNOTATION_VALUE"));
    let values: Vec<_> = values.flat_map(|node| node.children()).filter(Node::is_text).collect();
    let label: String = values.iter().filter_map(|node| node.text()).collect();
    // An annotation without a value is still there: somebody drew it.
    let shown = Some(label.trim()).filter(|label| !label.is_empty()).map(Text::new);
    let place = Place::Time { start, end, channel: None, turn: None };
    let mark = Mark {
        tier: Some(name),
        party: Some(party.clone()),
        label: shown,
        ..Mark::new("label", place)
    };
    transcript.marks.push(mark);
    let turn = transcript.turns.len();
    let mut words = Vec::new();
    for value in values {
        let content = value.text().unwrap_or_default();
        let place = value.range();
        let is_plain = text.get(place.clone()) == Some(content);
        words.extend(words_of(content, is_plain.then_some(place.start)));
        if !is_plain {
            transcript.repeats.push(Repeat { source: place, turns: turn..turn + 1, words: None });
        }
    }
    let time = end.map(|end| TimeRange::new(start, end));
    if let [only] = words.as_mut_slice() {
        only.time = time;
    }
    transcript.turns.push(Turn { party: Some(party), time, words, ..Turn::default() });
}

/// The slots in the order of the file.
struct Slots<'a> {
    /// The index of a slot.
    order: HashMap<&'a str, usize>,
    /// Its time, rounded down and up.
    times: Vec<Option<(Duration, Duration)>>,
}

impl<'a> Slots<'a> {
    fn of(xml: &'a roxmltree::Document<'_>) -> Result<Self, TranscriptError> {
        let root = xml.root_element();
        let header = root.children().find(|node| node.has_tag_name("HEADER"));
        let unit =
            header.and_then(|header| header.attribute("TIME_UNITS")).unwrap_or("milliseconds");
        // Frames of PAL are 1/25 s, those of NTSC 1001/30000 s.
        let (numerator, denominator) = match unit {
            "milliseconds" => (1000, 1),
            "PAL-frames" => (25, 1),
            "NTSC-frames" => (30_000, 1001),
            _ => {
                return Err(TranscriptError::unusable(
                    FORMAT.name,
                    "TIME_UNITS is none of milliseconds, PAL-frames, NTSC-frames",
                ));
            }
        };
        let origin = origin(header)?;
        let (mut order, mut times) = (HashMap::new(), Vec::new());
        let list = root.children().find(|node| node.has_tag_name("TIME_ORDER"));
        for node in list
            .into_iter()
            .flat_map(|list| list.children())
            .filter(|node| node.has_tag_name("TIME_SLOT"))
        {
            let at = |value: &str, round| {
                time::add(origin, time::frames(value, numerator, denominator, round)?)
            };
            let both = |value: &str| Ok((at(value, Round::Down)?, at(value, Round::Up)?));
            let time = node.attribute("TIME_VALUE").map(both).transpose();
            order.insert(required(node, "TIME_SLOT_ID")?, times.len());
            times.push(time.map_err(|problem: TimeError| error(node, problem.into()))?);
        }
        Ok(Self { order, times })
    }

    /// Adds the spans of the annotations of a tier that have slots.
    fn add_spans(
        &self,
        tier: Node<'a, '_>,
        spans: &mut HashMap<&'a str, Span>,
    ) -> Result<(), TranscriptError> {
        let mut own = Vec::new();
        for node in annotations(tier).filter(|node| node.has_tag_name("ALIGNABLE_ANNOTATION")) {
            let slot = |name| {
                let slot = self.order.get(required(node, name)?).copied();
                slot.ok_or_else(|| {
                    error(node, TranscriptProblem::Other("a time slot that is not there"))
                })
            };
            own.push((
                required(node, "ANNOTATION_ID")?,
                slot("TIME_SLOT_REF1")?,
                slot("TIME_SLOT_REF2")?,
            ));
        }
        // Slots of other tiers do not bound those of this one.
        let used: BTreeSet<usize> = own.iter().flat_map(|&(_, start, end)| [start, end]).collect();
        let time = |slot: usize| self.times.get(slot).copied().flatten();
        let (mut lower, mut upper) = (HashMap::new(), HashMap::new());
        let mut last = Duration::ZERO;
        for &slot in &used {
            last = time(slot).map_or(last, |(down, _)| down);
            lower.insert(slot, last);
        }
        let mut next = None;
        for &slot in used.iter().rev() {
            next = time(slot).map(|(_, up)| up).or(next);
            upper.insert(slot, next);
        }
        for (name, start, end) in own {
            let start = lower.get(&start).copied().unwrap_or_default();
            spans.insert(name, (start, upper.get(&end).copied().flatten()));
        }
        Ok(())
    }
}

/// Where the time line begins in the recording.
fn origin(header: Option<Node<'_, '_>>) -> Result<Duration, TranscriptError> {
    let media = || {
        header
            .into_iter()
            .flat_map(|header| header.children())
            .filter(|node| node.has_tag_name("MEDIA_DESCRIPTOR"))
    };
    let is_audio = |node: &Node<'_, '_>| {
        node.attribute("MIME_TYPE").is_some_and(|kind| kind.starts_with("audio/"))
    };
    let has_audio = media().any(|node| is_audio(&node));
    let mut origins = media().filter(|node| !has_audio || is_audio(node)).map(|node| {
        let time = time::millis(node.attribute("TIME_ORIGIN").unwrap_or("0"), Round::Down);
        time.map_err(|problem| error(node, problem.into()))
    });
    let first = origins.next().transpose()?.unwrap_or_default();
    for origin in origins {
        if origin? != first {
            let reason = "the recordings that it names begin at different times (TIME_ORIGIN): keep one of them";
            return Err(TranscriptError::unusable(FORMAT.name, reason));
        }
    }
    Ok(first)
}

fn required<'a>(node: Node<'a, '_>, name: &'static str) -> Result<&'a str, TranscriptError> {
    node.attribute(name).ok_or_else(|| error(node, TranscriptProblem::Missing(name)))
}

fn error(node: Node<'_, '_>, problem: TranscriptProblem) -> TranscriptError {
    let line = node.document().text_pos_at(node.range().start).row;
    TranscriptError::at(FORMAT.name, format!("line {line}"), problem)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, truth_on_all, windows};
    use super::*;

    const REDACT: &str = include_str!("../../../fixtures/transcripts/redact.eaf");

    fn marks(transcript: &Transcript) -> Vec<(&str, &str, u128, Option<u128>)> {
        let all = transcript.marks.iter().map(|mark| {
            let Place::Time { start, end, .. } = mark.place else { panic!("a time") };
            let tier = mark.tier.as_ref().map_or("", |text| text.expose());
            let label = mark.label.as_ref().map_or("", |text| text.expose());
            (tier, label, start.as_millis(), end.map(|end| end.as_millis()))
        });
        all.collect()
    }

    #[test]
    fn annotations_are_marks_on_their_tiers() {
        let transcript = read_as("eaf", REDACT);
        assert_eq!(windows(&transcript), truth_on_all());
        assert_eq!(marks(&transcript)[4], ("redact-ch1", "card-repeat", 11760, Some(12600)));
        assert_eq!(transcript.marks[4].party, Some(Text::new("ch1")));
    }

    #[test]
    fn the_origin_shifts_and_frames_are_read() {
        let shifted = REDACT.replace("TIME_ORIGIN=\"0\"", "TIME_ORIGIN=\"2000\"");
        assert_eq!(marks(&read_as("eaf", &shifted))[0].2, 5240);
        let frames = REDACT.replace("TIME_UNITS=\"milliseconds\"", "TIME_UNITS=\"PAL-frames\"");
        assert_eq!(marks(&read_as("eaf", &frames))[0].2, 129_600);
    }

    #[test]
    fn a_slot_without_a_time_is_bounded_by_its_tier() {
        // Three words between two times, and a slot of another tier in between.
        let slots = "<TIME_SLOT TIME_SLOT_ID=\"a\" TIME_VALUE=\"17000\"/><TIME_SLOT TIME_SLOT_ID=\"b\"/><TIME_SLOT TIME_SLOT_ID=\"x\" TIME_VALUE=\"17500\"/>\
                     <TIME_SLOT TIME_SLOT_ID=\"c\"/><TIME_SLOT TIME_SLOT_ID=\"d\" TIME_VALUE=\"18000\"/></TIME_ORDER>";
        let annotation = |name: &str, start: &str, end: &str| {
            format!(
                "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"{name}\" TIME_SLOT_REF1=\"{start}\" TIME_SLOT_REF2=\"{end}\"><ANNOTATION_VALUE>{name}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        };
        let words =
            [annotation("w1", "a", "b"), annotation("w2", "b", "c"), annotation("w3", "c", "d")]
                .concat();
        let tiers = format!(
            "<TIER TIER_ID=\"words\">{words}</TIER><TIER TIER_ID=\"y\">{}</TIER><LINGUISTIC_TYPE ",
            annotation("w4", "x", "d")
        );
        let text = REDACT.replace("</TIME_ORDER>", slots).replacen("<LINGUISTIC_TYPE ", &tiers, 1);
        let transcript = read_as("eaf", &text);
        assert_eq!(
            marks(&transcript)[5..],
            [
                ("words", "w1", 17000, Some(18000)),
                ("words", "w2", 17000, Some(18000)),
                ("words", "w3", 17000, Some(18000)),
                ("y", "w4", 17500, Some(18000)),
            ]
        );
    }

    #[test]
    fn without_a_later_time_a_label_goes_to_the_end() {
        let open = REDACT.replace("TIME_SLOT_REF2=\"ts10\"", "TIME_SLOT_REF2=\"ts99\"");
        assert_eq!(marks(&read_as("eaf", &open))[3], ("redact-ch0", "cvv", 15040, None));
    }

    #[test]
    fn a_reference_has_the_time_of_what_it_refers_to() {
        let tier = |reference: &str| {
            let annotation = |name: &str, to: &str| {
                format!(
                    "<ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"{name}\" ANNOTATION_REF=\"{to}\"><ANNOTATION_VALUE>a &amp; b</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
                )
            };
            let tier = format!(
                "<TIER TIER_ID=\"pii\" PARENT_REF=\"x\">{}{}</TIER><LINGUISTIC_TYPE ",
                annotation("r2", "r1"),
                annotation("r1", reference)
            );
            REDACT.replacen("<LINGUISTIC_TYPE ", &tier, 1)
        };
        let text = tier("a2");
        let transcript = read_as("eaf", &text);
        assert_eq!(
            marks(&transcript)[5..],
            [("pii", "a & b", 7600, Some(10300)), ("pii", "a & b", 7600, Some(10300))]
        );
        assert_listed(&transcript, &text, "a &amp; b");
        for broken in ["r2", "zz"] {
            assert!(error_of(&tier(broken)).contains("a reference to an annotation"), "{broken}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_line() {
        assert_eq!(
            error_of(
                &REDACT
                    .replace("TIME_SLOT_REF2=\"ts4\" ", "")
                    .replace(" TIME_SLOT_REF2=\"ts4\"", "")
            ),
            "eaf: line 12: TIME_SLOT_REF2 is missing"
        );
        assert_eq!(
            error_of(&REDACT.replace("TIME_VALUE=\"5300\"", "TIME_VALUE=\"5x\"")),
            "eaf: line 6: not a time"
        );
    }
}
