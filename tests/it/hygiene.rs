//! What an inspector asks for: whose the files are, what is written of secrets, what the program is made of, what it may do.

mod packages;
mod sbom;
mod secrets;
mod unit;
