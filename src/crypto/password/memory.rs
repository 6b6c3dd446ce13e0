//! The memory that Argon2 works in. Getting it from the system and giving it back takes a third of the
//! time of a hash, so a thread that hashes keeps its own.

use std::cell::RefCell;

use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::PasswordError;

/// Largest piece that is kept, in blocks of a KiB: hashes from elsewhere may need far more.
const LARGEST: usize = 64 * 1024;

thread_local! {
    /// What is in it was made from passwords, says nothing of them, and is written over by the next
    /// hash.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

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
    MEMORY.with_borrow_mut(|memory| {
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        let argon2 = Argon2::new(variant, Version::V0x13, params);
        let part = memory.get_mut(..blocks).ok_or(PasswordError::Failed)?;
        let done = argon2.hash_password_into_with_memory(password, salt, out, part);
        if memory.len() > LARGEST {
            *memory = Vec::new();
        }
        done.map_err(|_| PasswordError::Failed)
    })
}
