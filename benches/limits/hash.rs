//! L11: password hashing and nothing else, on so many threads, each with memory of its own that it
//! uses again.

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::{Outcome, Stopwatch};

/// Hashes `count` passwords on `threads` threads, with the product's default parameters.
pub fn hash(count: u64, threads: u64) -> Outcome {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let stopwatch = Stopwatch::start()?;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let params = params.clone();
            scope.spawn(move || {
                let mut memory = vec![Block::default(); params.block_count()];
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                let mut out = [0u8; 32];
                for _ in 0..count / threads {
                    let salt = [7u8; 16];
                    let _ = argon2.hash_password_into_with_memory(
                        b"secret",
                        &salt,
                        &mut out,
                        &mut memory,
                    );
                    std::hint::black_box(&out);
                }
            });
        }
    });
    stopwatch.print(count)
}
