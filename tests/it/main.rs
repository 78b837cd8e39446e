//! Integration tests: one binary.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on shall stop, in its helpers too")]

mod support;

mod accounts;
mod api;
mod architecture;
mod callbacks;
mod calls;
mod changes;
mod city;
mod cli;
mod codecs;
mod compared;
mod dialplan_files;
mod dialplan_words;
mod dialplans;
mod failover;
mod figures;
mod fuzz;
mod hall;
mod handover;
mod hostile;
mod hygiene;
mod live;
mod lockouts;
mod loops;
mod many_mistakes;
mod matrix;
mod metrics;
mod offers;
mod operators;
mod overload;
mod page;
mod pages;
mod persons;
mod questions;
mod races;
mod recorded;
mod recordings;
mod refer;
mod registrations;
mod reloads;
mod reports;
mod returning;
mod schedules;
mod secured;
mod sent;
mod sessions;
mod storm;
mod supervisor;
mod tables;

mod three_way;
mod torture;
mod unserved;
mod watched;
