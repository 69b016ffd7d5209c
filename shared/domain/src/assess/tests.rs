//! Worked values first, then what is told apart by order, then the laws.

mod caps;
mod clauses;
mod doubt;
mod events;
mod given;
mod laws;
mod refunded;
mod retroactive;
mod sharing;
mod traces;
mod volume;
mod worked;
