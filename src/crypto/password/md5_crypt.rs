//! The MD5-based crypt(3) of FreeBSD and old Linux systems, only to verify what it made.

use md5::{Digest as _, Md5};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Which digest bytes make up each group of four characters.
const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

/// The 22 characters that follow the salt.
pub(super) fn hash(password: &[u8], salt: &[u8]) -> String {
    let inner: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut first = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for chunk in password.chunks(16) {
        first.update(inner.get(..chunk.len()).unwrap_or_default());
    }
    let mut bits = password.len();
    while bits > 0 {
        // An accident of the first implementation that became the definition.
        let byte = if bits & 1 == 1 { 0 } else { password.first().copied().unwrap_or(0) };
        first.update([byte]);
        bits >>= 1;
    }
    let mut digest: [u8; 16] = first.finalize().into();
    for round in 0..1000 {
        digest = stretch(round, &digest, password, salt);
    }
    encode(&digest)
}

fn stretch(round: u32, digest: &[u8; 16], password: &[u8], salt: &[u8]) -> [u8; 16] {
    let odd = round % 2 == 1;
    let mut next = Md5::new();
    next.update(if odd { password } else { digest });
    if !round.is_multiple_of(3) {
        next.update(salt);
    }
    if !round.is_multiple_of(7) {
        next.update(password);
    }
    next.update(if odd { digest } else { password });
    next.finalize().into()
}

fn encode(digest: &[u8; 16]) -> String {
    let byte = |at: usize| u32::from(digest.get(at).copied().unwrap_or(0));
    let mut text = String::with_capacity(22);
    for [high, middle, low] in GROUPS {
        push(&mut text, byte(high) << 16 | byte(middle) << 8 | byte(low), 4);
    }
    push(&mut text, byte(11), 2);
    text
}

/// Six bits at a time, lowest first.
fn push(text: &mut String, mut bits: u32, characters: usize) {
    for _ in 0..characters {
        let index = usize::try_from(bits & 0x3f).unwrap_or(0);
        text.push(ALPHABET.get(index).copied().map_or('.', char::from));
        bits >>= 6;
    }
}
