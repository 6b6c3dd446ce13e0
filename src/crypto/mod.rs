//! Passwords, signatures, random tokens and sealing; everything that touches a secret.

pub mod integrity;
pub mod jwt;
pub mod password;
pub mod seal;
pub mod sign;
pub mod token;
pub mod totp;
pub mod webauthn;
