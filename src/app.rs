//! The composition root: the only place that knows how the rooms are put together.
