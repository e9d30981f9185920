#![no_main]

#[path = "../orders.rs"]
mod orders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orders::order(bytes));
