//! The rows of a manifest that was checked, and the jobs that they are.

use super::reader::Rows;
use super::{Manifest, ManifestError, ManifestRow, Planning, RowErrors, plan, version};
use crate::batch::model::Planned;

/// The rows of a manifest, one after the other.
pub struct CheckedRows<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) sha256: &'a str,
    pub(super) rows: Option<Rows>,
}

impl Iterator for CheckedRows<'_> {
    type Item = Result<(u64, ManifestRow), ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self.rows.as_mut()?.next() {
            Err(error) => Err(self.manifest.unreadable(&error)),
            Ok(Some(Err(error))) => Err(self.manifest.wrong(error)),
            Ok(Some(Ok(row))) => Ok(row),
            Ok(None) => {
                let is_same = self.rows.take()?.sha256() == self.sha256;
                return (!is_same).then(|| Err(ManifestError::Changed(self.manifest.name.clone())));
            }
        };
        if next.is_err() {
            self.rows = None;
        }
        Some(next)
    }
}

/// The jobs of a manifest, row by row.
pub struct Jobs<'a> {
    pub(super) rows: CheckedRows<'a>,
    pub(super) plan: &'a Planning,
}

impl Iterator for Jobs<'_> {
    type Item = Result<Planned, ManifestError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let planned = row.and_then(|(line, row)| {
            plan::planned(line, &row, self.plan).map(version::with_versions).map_err(|shown| {
                let errors = RowErrors { shown, more: 0 };
                ManifestError::Wrong { name: self.rows.manifest.name.clone(), errors }
            })
        });
        if planned.is_err() {
            self.rows.rows = None;
        }
        Some(planned)
    }
}
