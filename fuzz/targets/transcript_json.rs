#![no_main]

#[path = "../transcripts.rs"]
#[allow(dead_code, reason = "each target has one property")]
mod transcripts;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transcripts::transcript_json(bytes));
