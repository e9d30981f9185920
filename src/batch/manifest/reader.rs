//! A manifest row by row, with the line that each begins in. A row is in memory, never the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::row::{Header, Row, of_json};
use super::{Content, Manifest, ManifestError, RowError};
use crate::digest::Digester;

/// The longest row, with all its lines: 1 MiB. Longer is a quote that was not closed.
const LONGEST: usize = 1024 * 1024;

/// The rows of a manifest.
pub(super) struct Rows {
    lines: Lines,
    /// `None`: JSON Lines.
    header: Option<Header>,
    /// An error after which nothing can be read.
    is_over: bool,
}

/// The lines of a text, counted and hashed.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    digester: Digester,
    /// Lines read so far.
    count: u64,
    buffer: Vec<u8>,
}

impl Rows {
    /// Opens the manifest and reads its first line.
    pub(super) fn open(manifest: &Manifest) -> Result<Self, ManifestError> {
        let failed = |error| manifest.unreadable(&error);
        let reader: Box<dyn Read + Send> = match &manifest.content {
            Content::File(path) => Box::new(File::open(path).map_err(failed)?),
            Content::Bytes(bytes) => Box::new(Cursor::new(bytes.clone())),
        };
        let reader = Box::new(BufReader::with_capacity(64 * 1024, reader));
        let mut lines = Lines { reader, digester: Digester::new(), count: 0, buffer: Vec::new() };
        let wrong = |line, problem| manifest.wrong(RowError { line, problem });
        let first = lines.peek_kind().map_err(failed)?;
        let header = match first {
            None => return Err(wrong(1, "the manifest is empty".into())),
            Some(b'{') => None,
            Some(b'[') => {
                let problem =
                    "this is a JSON array; write JSON Lines, an object in each line, or CSV";
                return Err(wrong(1, problem.into()));
            }
            Some(_) => {
                let (line, text) = match lines.row().map_err(failed)? {
                    Some(Ok(row)) => row,
                    Some(Err(RowError { line, problem })) => return Err(wrong(line, problem)),
                    None => (1, String::new()),
                };
                Some(Header::read(&text).map_err(|problem| wrong(line, problem))?)
            }
        };
        Ok(Self { lines, header, is_over: false })
    }

    /// The next row that is not blank, with its line.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<(u64, Row), RowError>>> {
        while !self.is_over {
            let (line, text) = match self.lines.row_if(self.header.is_some())? {
                None => break,
                Some(Ok(row)) => row,
                Some(Err(error)) => {
                    self.is_over = true;
                    return Ok(Some(Err(error)));
                }
            };
            let row = match &self.header {
                Some(header) => header.row(&text),
                None if text.trim().is_empty() => Ok(None),
                None => of_json(&text).map(Some),
            };
            match row {
                Ok(None) => {}
                Ok(Some(row)) => return Ok(Some(Ok((line, row)))),
                Err(problem) => return Ok(Some(Err(RowError { line, problem }))),
            }
        }
        Ok(None)
    }

    /// SHA-256 of what was read, in hex: after the last row, of the manifest.
    pub(super) fn sha256(self) -> String {
        self.lines.digester.finish().sha256
    }
}

impl Lines {
    /// The first byte that is not blank, behind a byte-order mark, which is skipped. The blank lines before
    /// it stay.
    fn peek_kind(&mut self) -> io::Result<Option<u8>> {
        let head = self.reader.fill_buf()?;
        let mark = if head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let first = head.iter().skip(mark).copied().find(|byte| !byte.is_ascii_whitespace());
        self.digester.update(&head[..mark]);
        self.reader.consume(mark);
        Ok(first)
    }

    /// The next row of a CSV that is not blank: all lines up to the one that closes its quotes.
    fn row(&mut self) -> io::Result<Option<Result<(u64, String), RowError>>> {
        loop {
            match self.row_if(true)? {
                Some(Ok((_, text))) if text.trim().is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    /// The next line; with `quotes`, and those that belong to its row: an odd number of quotes leaves one open.
    fn row_if(&mut self, quotes: bool) -> io::Result<Option<Result<(u64, String), RowError>>> {
        self.buffer.clear();
        let line = self.count + 1;
        let wrong = |problem: &str| Ok(Some(Err(RowError { line, problem: problem.into() })));
        let mut is_open = false;
        loop {
            let before = self.buffer.len();
            let room = (LONGEST + 1).saturating_sub(before) as u64;
            let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.buffer)?;
            let part = &self.buffer[before..];
            self.digester.update(part);
            self.count += 1;
            is_open ^= quotes && part.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
            if self.buffer.len() > LONGEST {
                return wrong("the row is longer than 1 MiB; a quote may not be closed");
            }
            match (read, is_open) {
                (0, _) if before == 0 => return Ok(None),
                (0, true) => return wrong("a quote in this row is not closed"),
                (_, true) => {}
                (_, false) => break,
            }
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(text) => Ok(Some(Ok((line, text.trim_end_matches(['\n', '\r']).to_owned())))),
            // What is below may still be read, but a file that is not text says little.
            Err(_) => wrong("the row is not UTF-8; save the manifest as text in UTF-8"),
        }
    }
}
