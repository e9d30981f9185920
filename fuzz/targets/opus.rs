#![no_main]

#[path = "../properties.rs"]
#[allow(dead_code, reason = "each target has one property")]
mod properties;

libfuzzer_sys::fuzz_target!(
    // A panic of a decoder that sordino catches is no finding; those that come through here are.
    init: std::panic::set_hook(Box::new(|panic| eprintln!("{panic}"))),
    |bytes: &[u8]| properties::opus(bytes)
);
