//! tests of verify
