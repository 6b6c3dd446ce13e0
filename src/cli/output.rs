//! Writing to the person or the pipe in front of us.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::exit::Stop;

/// Writes `text` to stdout.
///
/// # Errors
/// [`Stop::BrokenPipe`] when the reader went away, else that the output cannot be written.
pub fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Writes one line to stderr, and does not mind when that is closed.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A counter on the terminal's last line; silent when stderr is not a terminal.
#[derive(Debug)]
pub struct Progress {
    doing: &'static str,
    shown: bool,
    next: Option<Instant>,
}

impl Progress {
    /// Begins counting, for example `Progress::new("entries verified")`.
    #[must_use]
    pub fn new(doing: &'static str) -> Self {
        let next = io::stderr().is_terminal().then(|| Instant::now() + Self::PAUSE);
        Self { doing, shown: false, next }
    }

    /// Time between two updates; what is done sooner never shows anything.
    const PAUSE: Duration = Duration::from_millis(250);

    /// Shows the count, if it is time to; `of` is the total when it is known.
    pub fn at(&mut self, count: u64, of: Option<u64>) {
        let Some(next) = self.next else { return };
        let now = Instant::now();
        if now < next {
            return;
        }
        self.next = Some(now + Self::PAUSE);
        self.shown = true;
        let total = of.map(|of| format!(" of {of}")).unwrap_or_default();
        let _ = write!(io::stderr().lock(), "\r\x1b[K{count}{total} {}", self.doing);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Rows of text in columns wide enough for them, two blanks apart.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let mut text = line(header.to_vec());
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
    }
    text
}

/// `text` with control characters made visible, so that data cannot move the cursor.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows =
            vec![vec!["a".to_owned(), "long".to_owned()], vec!["bbb".to_owned(), String::new()]];
        assert_eq!(table(&["X", "Y"], &rows), "X    Y\na    long\nbbb\n");
    }

    #[test]
    fn data_cannot_move_the_cursor() {
        assert_eq!(visible("a\x1b[2Jé"), "a\\u{1b}[2Jé");
    }
}
