//! Erases two passages of a recording:
//! `cargo run --example redact fixtures/call.mp3 redacted.wav`

use std::error::Error;
use std::path::Path;

use sordino::{Source, Treatment, Window, Windows, redact};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else {
        return Err("usage: redact INPUT OUTPUT".into());
    };
    let windows = Windows::new([
        Window::from_seconds(10.0, 15.0)?.labelled("card number"),
        Window::from_seconds(30.5, 35.2)?.labelled("security code"),
    ])?;
    let redacted = redact(Source::open(input)?, &windows, Treatment::silence())?;
    let summary = redacted.persist(Path::new(&output))?;
    println!("{} of {} frames erased", summary.frames_treated, summary.frames);
    Ok(())
}
