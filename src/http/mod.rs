//! The HTTP edge; async lives here only.
