//! Use cases: one function each, and nobody else owns a rule.
