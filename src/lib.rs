//! `switchboard`: the telephone exchange behind a city's one number, 12345.
//!
//! One package, a library and a binary. Modules stand in tiers; imports go downwards only
//! (`tests/it/architecture.rs` reads the source and fails on an upward one):
//!
//! | tier | modules | may do I/O |
//! |---|---|---|
//! | 0 | [`clock`] [`codec`] [`id`] [`key`] [`fact`] | no |
//! | 1 | [`sip`] [`sdp`] [`rtp`] [`browser`] [`audio`] [`calendar`] (never each other) | no |
//! | 2 | [`access`] [`dialplan`] [`acd`] [`ivr`] [`patch`] (never each other) | no |
//! | 3 | [`call`] [`phone`] | no |
//! | 4 | [`exchange`] | no |
//! | 5 | [`ledger`] [`store`] [`transport`] [`media`] [`names`] [`live`] | yes |
//! | 6 | [`flood`] | yes |
//! | 7 | [`admin`] [`web`] [`config`] | yes |
//! | 8 | [`daemon`] [`cli`] | yes |

pub mod clock;
pub mod codec;
pub mod fact;
pub mod id;
pub mod key;

pub mod audio;
pub mod browser;
pub mod calendar;
pub mod rtp;
pub mod sdp;
pub mod sip;

pub mod access;
pub mod acd;
pub mod dialplan;
pub mod ivr;
pub mod patch;

pub mod call;
pub mod phone;

pub mod exchange;

pub mod flood;
pub mod ledger;
pub mod live;
pub mod media;
pub mod names;
pub mod store;
pub mod transport;

pub mod admin;
pub mod config;
pub mod web;

pub mod cli;
pub mod daemon;
