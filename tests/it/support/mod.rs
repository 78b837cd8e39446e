//! What the tests stand on: a town in virtual time, the shipped plan, a lab.

pub mod city;
pub mod counted;
pub mod desk;
pub mod graph;
pub mod mirror;
pub mod page;
pub mod raw;
pub mod scenes;
pub mod town;
pub mod wire;
