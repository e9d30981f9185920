//! The table of Rev for its alignment tools: `token|speaker|ts|endTs|…`, seconds; a token may have no times.

use super::common::push_word;
use super::ctm::is_unknown;
use super::{
    Document, Format, Padding, Remark, Round, Seen, Text, TimeRange, Transcript, TranscriptError,
    TranscriptProblem, Unit, Word, duration,
};

pub(super) const FORMAT: Format = Format {
    name: "rev-nlp",
    title: "Rev NLP table",
    padding: Padding::USUAL,
    seen: Seen::Sample,
    recognise,
    read,
};

/// The names of the columns.
fn header(document: &Document<'_>) -> Vec<String> {
    let first = document.lines().find(|line| !line.text.trim().is_empty());
    first
        .map(|line| line.text.split('|').map(|name| name.trim().to_owned()).collect())
        .unwrap_or_default()
}

fn recognise(document: &Document<'_>) -> bool {
    let names = header(document);
    ["token", "speaker", "ts", "endTs"].iter().all(|name| names.iter().any(|own| own == name))
}

fn read(document: &Document<'_>) -> Result<Transcript, TranscriptError> {
    let mut transcript = Transcript::default();
    let names = header(document);
    let column = |name: &str| names.iter().position(|own| own == name).unwrap_or(usize::MAX);
    let (token, speaker, start, end) =
        (column("token"), column("speaker"), column("ts"), column("endTs"));
    for line in document.lines().filter(|line| !line.text.trim().is_empty()).skip(1) {
        let error = |problem: TranscriptProblem| {
            TranscriptError::at(FORMAT.name, format!("line {}", line.number), problem)
        };
        let fields: Vec<&str> = line.text.split('|').collect();
        if fields.len() != names.len() {
            return Err(error(TranscriptProblem::Expected("as many fields as the header has")));
        }
        let field = |at: usize| fields.get(at).copied().unwrap_or_default().trim();
        let time = |at: usize, round| {
            let text = Some(field(at)).filter(|text| !text.is_empty() && !is_unknown(text));
            text.map(|text| duration(text, Unit::Seconds, round))
                .transpose()
                .map_err(|problem| error(problem.into()))
        };
        let times = time(start, Round::Down)?.zip(time(end, Round::Up)?);
        let text = field(token);
        let at = line.start + text.as_ptr().addr().saturating_sub(line.text.as_ptr().addr());
        let word = Word {
            text: Text::new(text),
            time: times.map(|(start, end)| TimeRange::new(start, end)),
            source: Some(at..at + text.len()),
            ..Word::default()
        };
        // Further columns are for people and other tools, but for times.
        let others = fields.iter().enumerate().filter(|(at, field)| {
            ![token, speaker, start, end].contains(at)
                && duration(field.trim(), Unit::Seconds, Round::Down).is_err()
        });
        transcript.remarks.extend(others.map(|(_, field)| {
            let at = line.start + field.as_ptr().addr().saturating_sub(line.text.as_ptr().addr());
            Remark::of(at..at + field.len())
        }));
        push_word(
            &mut transcript,
            0,
            None,
            Some(field(speaker)).filter(|name| !name.is_empty()),
            word,
        );
    }
    Ok(transcript)
}

#[cfg(test)]
mod tests {
    use super::super::common::testing::{assert_listed, error_of, read_as, words};

    const TABLE: &str = include_str!("../../../fixtures/third-party/transcripts/rev-nlp.align.nlp");

    #[test]
    fn a_token_may_have_no_times() {
        let transcript = read_as("rev-nlp", TABLE);
        let said = words(&transcript);
        assert_eq!(said[0], ("a".to_owned(), Some((1000, 2000))));
        assert_eq!(said[9], ("<foreign>".to_owned(), None));
        assert_eq!((said.len(), transcript.turns.len()), (12, 1));
        assert_listed(&transcript, TABLE, "<foreign>");
    }

    #[test]
    fn a_row_with_too_few_fields_is_an_error_with_its_line() {
        assert_eq!(
            error_of("token|speaker|ts|endTs\na|1|1|2\nb|1|2\n"),
            "rev-nlp: line 3: expected as many fields as the header has"
        );
        assert_eq!(error_of("token|speaker|ts|endTs\na|1|x|2\n"), "rev-nlp: line 2: not a time");
    }
}
