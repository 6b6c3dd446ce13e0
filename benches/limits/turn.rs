//! Turns and does nothing, until nobody wants it any more.

use std::io::Read as _;

use crate::Outcome;

/// Turns until the end of standard input.
pub fn turn() -> Outcome {
    std::thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
