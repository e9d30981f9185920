#![no_main]

#[path = "../policies.rs"]
mod policies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| policies::policy(bytes));
