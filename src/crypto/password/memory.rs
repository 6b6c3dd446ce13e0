//! The memory that Argon2 works in. Getting it from the system and giving it back takes a third of the
//! time of a hash, and threads that end keep theirs; so what was used is used again.

use std::sync::{Mutex, PoisonError};
use std::thread::available_parallelism;

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::PasswordError;

/// Largest piece that is kept, in blocks of a KiB: hashes from elsewhere may need far more.
const LARGEST: usize = 64 * 1024;

/// Pieces that nobody works in. What is in them was made from passwords, says nothing of them, and is
/// written over by the next hash.
static FREE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

/// Computes an Argon2 hash into `out`.
///
/// # Errors
/// `Failed`.
pub(super) fn argon2(
    variant: Algorithm,
    params: Params,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
) -> Result<(), PasswordError> {
    let blocks = params.block_count();
    let mut memory = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
    if memory.len() < blocks {
        memory.resize(blocks, Block::default());
    }
    let argon2 = Argon2::new(variant, Version::V0x13, params);
    let done = match memory.get_mut(..blocks) {
        Some(memory) => argon2.hash_password_into_with_memory(password, salt, out, memory),
        None => return Err(PasswordError::Failed),
    };
    keep(memory);
    done.map_err(|_| PasswordError::Failed)
}

/// Keeps a piece for each core: no more hashes than that are computed at once.
fn keep(memory: Vec<Block>) {
    let most = available_parallelism().map_or(1, usize::from);
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    if free.len() < most && memory.len() <= LARGEST {
        free.push(memory);
    }
}
