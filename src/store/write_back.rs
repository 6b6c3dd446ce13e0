//! When the write-ahead log is written back into the database's file.
//!
//! A view of the data keeps what was written after it in the log. SQLite by itself tries again with every commit beyond
//! a limit, and each try sorts all that is in the log: as long as a backup is made, whoever writes would pay for one.

/// What is known of the log, in pages.
#[derive(Debug)]
pub(super) struct WriteBack {
    /// After how many pages it is written back.
    every: u32,
    /// At which length it is tried next.
    due: u32,
    /// How long it was last.
    length: u32,
}

impl WriteBack {
    pub(super) fn every(pages: u32) -> Self {
        Self { every: pages, due: pages, length: 0 }
    }

    /// Whether to try, now that a commit has left the log so long.
    pub(super) fn is_due(&mut self, length: u32) -> bool {
        if length < self.length {
            // It was begun anew.
            self.due = self.every;
        }
        self.length = length;
        length >= self.due
    }

    /// All but `left` pages were written back. What could not be is tried again when as much has come to it: soon when
    /// somebody just looked something up, and ever less often while a view stays.
    pub(super) fn tried(&mut self, left: u32) {
        self.due = if left == 0 { self.every } else { self.length.saturating_add(left) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths at which it is tried while the log grows by `step`; `held` is how much of it is in no view.
    fn tries(
        log: &mut WriteBack,
        lengths: std::ops::Range<u32>,
        step: usize,
        held: u32,
    ) -> Vec<u32> {
        let mut tried = Vec::new();
        for length in lengths.step_by(step) {
            if log.is_due(length) {
                tried.push(length);
                log.tried(length.saturating_sub(held));
            }
        }
        tried
    }

    #[test]
    fn nothing_is_tried_before_it_is_long_enough_and_again_when_it_has_begun_anew() {
        let mut log = WriteBack::every(1000);
        for _ in 0..3 {
            assert_eq!(tries(&mut log, 10..1010, 10, u32::MAX), [1000]);
        }
    }

    #[test]
    fn while_a_view_stays_it_is_tried_ever_less_often() {
        let mut log = WriteBack::every(1000);
        let tried = tries(&mut log, 1..100_000, 1, 300);
        assert_eq!(tried, [1000, 1700, 3100, 5900, 11_500, 22_700, 45_100, 89_900]);
        assert_eq!(tries(&mut log, 1..1001, 1, u32::MAX), [1000], "begun anew, it is as before");
    }

    #[test]
    fn what_a_moments_view_kept_is_tried_soon() {
        let mut log = WriteBack::every(1000);
        assert_eq!(tries(&mut log, 1..1001, 1, 990), [1000]);
        assert_eq!(
            tries(&mut log, 1001..1020, 1, u32::MAX),
            [1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019]
        );
    }
}
