//! All integration tests: one target, because linking is the slow part.
