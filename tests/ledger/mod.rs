//! The ledger: its format for any input, and what verification says about every kind of attack.

mod attacks;
mod damage;
mod exports;
mod format;
mod ledgers;
mod proofs;
mod pruned;
mod tree;
