//! Real values, in 32 bits.
