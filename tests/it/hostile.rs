//! Bytes that mean harm: every door, every kept corpus, and the shapes that have brought other switches down.

mod corpora;
mod cves;
mod differs;
mod ipv6;
mod media;
mod mutate;
mod targets;
