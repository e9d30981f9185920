//! The organisation in Genesys Cloud that rows of a manifest are in.

use sordino::batch::{Checked, Organisation};
use sordino::genesys::{Credentials, Genesys, Platform};

use super::super::args::{Api, GenesysRowArgs};
use super::super::connection::{client_secret, config, invalid, missing};
use super::super::exit::Failure;
use super::super::text::count;

/// Its clients, if a row needs one. All rows share them.
pub(super) fn organisation(
    args: &GenesysRowArgs,
    checked: &Checked,
) -> Result<Option<Organisation>, Failure> {
    if args.media.is_given() && checked.platform == 0 {
        let why = "it is for rows of the Platform API, and there is none; leave it out";
        return Err(Failure::usage("reading --format", why));
    }
    if checked.recordings + checked.platform == 0 {
        return Ok(None);
    }
    if checked.deletions > 0 && !args.yes {
        let originals = count(checked.deletions, "original");
        let why = format!("Genesys is to delete {originals}; add --yes if that is meant");
        return Err(Failure::usage("reading the manifest", why));
    }
    let secret = client_secret(&args.client)?;
    let client_id = args.client.client_id.clone().filter(|id| !id.is_empty());
    let settings = [
        (client_id.is_none(), "GENESYS_CLIENT_ID (or --client-id)"),
        (secret.is_none(), "GENESYS_CLIENT_SECRET (or --client-secret-file)"),
    ];
    let (Some(client_id), Some(secret)) = (client_id, secret) else {
        return Err(missing(&settings));
    };
    let credentials = Credentials::new(client_id, secret);
    let recordings = config(&args.client, Api::Recordings, credentials.clone())?;
    let platform = config(&args.client, Api::Platform, credentials)?;
    Ok(Some(Organisation {
        recordings: Genesys::new(recordings).map_err(invalid)?,
        platform: Platform::new(platform).map_err(invalid)?,
        format: args.media.format(),
        annotate: args.annotate,
        may_delete: args.yes,
    }))
}
