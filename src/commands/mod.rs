//! What each command does, from complete options to a result. No terminal, no clock, no environment.

pub mod diff;
pub mod findings;
pub mod inspect;
pub mod report;
pub mod verify;
