//! What operators do with an account: `connect`, `dead-letters` and `doctor`, by the real binary and SDK.

mod connect;
mod dead_letters;
mod doctor;
mod fake;
