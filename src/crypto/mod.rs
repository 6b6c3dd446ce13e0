//! Passwords, signatures, random tokens and sealing; everything that touches a secret.
