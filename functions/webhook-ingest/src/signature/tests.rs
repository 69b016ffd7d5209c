//! Every published vector, and what must never verify.

mod lemon_squeezy;
mod standard;
mod stripe;
