#![no_main]

#[path = "../../tests/it/hostile/targets.rs"]
#[expect(dead_code, reason = "each program is one door")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::stun(data));
