//! Who may do what: accounts of persons and programs, their roles, how they sign in, and what is written down of it.
//!
//! All of it is values: [`Accounts`] is the directory, [`Sessions`] who is signed in, [`Guesses`] who guesses passwords, [`Chain`]
//! the trail. One function decides, [`decide`]: every door asks it, with what shall be done and to whose. It refuses to know doors,
//! files and clocks: whoever keeps these values gives the moment and writes down what they say.

mod account;
mod accounts;
mod audit;
mod guesses;
mod mask;
mod mistake;
mod password;
mod right;
mod role;
mod second;
mod session;

pub use account::{Account, Kept, Origin, Program, Secret};
pub use accounts::{Accounts, Asked, Change, New, Proved};
pub use audit::{Chain, DEEDS, Deed, Entry, Outcome, broken_at};
pub use guesses::{Guesses, Locked};
pub use mask::masked;
pub use mistake::Mistake;
pub use password::{FEWEST, Hash};
pub use right::{Decision, Object, Refusal, Right, Scope, Who, decide, may};
pub use role::Role;
pub use second::Second;
pub use session::{IDLE, LONGEST, Session, SessionKey, Sessions};

#[cfg(test)]
mod tests;
