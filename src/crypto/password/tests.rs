//! Every format against hashes made by other programs, and every rule about what is refused.

use proptest::prelude::*;

use super::*;

const CHEAP: Argon2Params = Argon2Params { memory_kib: 16, iterations: 1, parallelism: 1 };

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn try_password(password: &str, stored: &str) -> Result<Verdict, PasswordError> {
    verify(&secret(password), stored, &CHEAP)
}

/// Made with Python's hashlib, hmac and crypt and with OpenSSL; all of `correct horse`.
const FOREIGN: &[&str] = &[
    "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2a$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2z$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$2$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
    "$pbkdf2-sha1$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$EUcKisx+yviAqdTmlEPmy+5ykUVSCgcJIG6nNVgerx4",
    "$pbkdf2-sha224$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$6A45K/6UhJ6V8ROte85AER6lr1Px3aCWBqyfeodNB4M",
    "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$BBs+1+PaslLtBPULUr8/lQicvVuHiEPMz0i8MjLCbzM",
    "$pbkdf2-sha384$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$q901c6a4SaxDT5f9wYTU02y/R+Urm/Cf2hgwAcvZ3ho",
    "$pbkdf2-sha512$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$EHLBej+uEvxlmr0QnHnceg1vM6h1wbwSP5XErh3Smiw",
    // The same two names, as Kratos reads them: SHA-3.
    "$pbkdf2-sha224$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$9CbmoPze8ykSF+fZqyatuX1ddpgHu1S6sFPiH5euhh8",
    "$pbkdf2-sha384$i=1000,l=32$c2FsdHNhbHRzYWx0c2FsdA$7+gBbkJLEn/oVo7veQG5Aw9kASjuKc5oocTbu7MR3bI",
    "$scrypt$ln=16384,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
    "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY",
    "$md5$PLTnMmMfR+brlh80VUt83g==",
    "$md5$pf=e1NBTFR9JCR7UEFTU1dPUkR9$YWJj$bm2MiimPtbvtMq1kReesMQ==",
    "$sha1$pf=e1NBTFR9JCR7UEFTU1dPUkR9$YWJj$mJqA7Z/5JT+EkD02bKA2UfTuSyg=",
    "$sha256$pf=e1NBTFR9JCR7UEFTU1dPUkR9$YWJj$3wySOVtVLzH4s8rmGTNxTmZWDrhvTK8bJUbG+UjPtys=",
    "$sha512$pf=e1NBTFR9JCR7UEFTU1dPUkR9$YWJj$os4m4YWhm9i1UeUu5XSaxI6FGCe7+sUj6Z78ixAVW7S+RyyEboZkngWwp2ndHaoCHsZv6EPMdrMo5pZQwig2pQ==",
    "{SSHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0",
    "{SSHA256}n+NyCAC8BTzorAU7AQEsEfh4qDAh0HpRtPLX0dsQdApzYWx0",
    "{SSHA512}MObRFvUHqU5pLIXjc0HkeJH+PKVdEQk34oSyXkDftCxTU6Fk9rWjilWA553MtCFyazGhAOPiDyO1Rv1hndA96XNhbHQ=",
    "$hmac-md4$NDRlM2U4MmNjODE0N2U2YjEwMWRhNGJiMGU0NzAyZWI=$a2V5",
    "$hmac-md5$OWJjNjEwM2U1Y2M4OGM4MWVhOWRhNGRhMjUyZDhiM2U=$a2V5",
    "$hmac-sha1$YjM2Yjk0NGY1MDMzZjBmYTk3NjdiNmJiMjBiZjlmN2IwNzVmNGViYQ==$a2V5",
    "$hmac-sha224$NGY5M2NiMWE1ZDcwNDJkOWRlZjZiMWNiNjQzMWZiMjY5NjdkYjIwNjA4YzYzNDg0MWE3ZjJmMTg=$a2V5",
    "$hmac-sha256$OTU1Y2EzYmQ1YmU5NjgxZjBkZTRlMzY2ZjFkMzNhMTdmNzdkZGUxZWY2NGYyMzk0YjVmOTM5YWFkMzlkYmUyNg==$a2V5",
    "$hmac-sha384$MGM2Yjc5ZGViMDJmYjMyMGRmM2JjNGRhNmY3YmM0ODU0ODE3YjBhMjdhZmRjOGQwMjJmNjZmMjVmYjk2ZTJkMTJmZjA0MzM3ODhkZjU4NjY0YzJlYThmN2I5MGMyZjY0$a2V5",
    "$hmac-sha512$MTZjYzRmOTU5YWE1MzM4ZDExMzhhZDVkMjM0MGY2Y2U2ZmQ5MTdmYTkyYWNjMTUzMzMxYmZkOWMzMDM1YWZkNjY1NDk3MTJlYzBjMTA4YzJmNWE1MDVhYTgzM2M2NmIzMWZjODk2MGQ1ZmU1ZmFiZWRiYzdlM2ZkNTIwNWY1YWU=$a2V5",
    "$md5-crypt$saltsalt$NuzA7WTAelpl95xgBGWN60",
    "$sha256-crypt$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
    "$sha512-crypt$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0",
    "$sha512-crypt$rounds=2000$saltsalt$7XWe94aKSpXdt.mcPX0mtZOfDsLLLsXv9fC9Aqw7RMWEmNHLdnQ.qvDmFRka50GfByRK./c7TgsH1Npt3Yldk1",
];

#[test]
fn auth_08_every_foreign_format_verifies_and_asks_for_a_new_hash() {
    for stored in FOREIGN {
        assert_eq!(check_format(stored), Ok(()), "{stored}");
        assert_eq!(
            try_password("correct horse", stored),
            Ok(Verdict::Match { rehash: true }),
            "{stored}"
        );
        assert_eq!(try_password("correct horsf", stored), Ok(Verdict::Mismatch), "{stored}");
        assert_eq!(try_password("", stored), Ok(Verdict::Mismatch), "{stored}");
    }
}

#[test]
fn published_examples_verify() {
    for (password, stored) in [
        ("123456", "$md5$4QrcOUm6Wau+VuBX8g+IPg=="),
        ("test123", "{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a"),
        ("123456", "$pbkdf2-sha256$i=1000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A"),
        ("password", "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG"),
        (
            "password",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ),
        (
            "user1password",
            "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
        ),
        ("", "$md5-crypt$xy$JSgu5Zv4igzK2ULm5nTM30"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "$md5-crypt$12345678$beiWYJUUHF.ZVo9A4ag9w0"),
    ] {
        assert!(
            matches!(try_password(password, stored), Ok(Verdict::Match { .. })),
            "{password} {stored}"
        );
        assert_eq!(try_password("wrong", stored), Ok(Verdict::Mismatch), "{stored}");
    }
}

#[test]
fn auth_07_new_hashes_are_argon2id_with_the_given_cost_and_a_fresh_salt() {
    let cost = Argon2Params::default();
    let first = hash(&secret("pässword"), &cost).unwrap();
    assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
    assert_ne!(first, hash(&secret("pässword"), &cost).unwrap());
    assert_eq!(algorithm(&first), "argon2id");
    let verdict = verify(&secret("pässword"), &first, &cost);
    assert_eq!(verdict, Ok(Verdict::Match { rehash: false }));
    assert_eq!(verify(&secret("password"), &first, &cost), Ok(Verdict::Mismatch));
}

#[test]
fn auth_08_a_cheaper_hash_is_replaced_and_a_dearer_one_is_kept() {
    let made = hash(&secret("x"), &Argon2Params { memory_kib: 64, iterations: 2, parallelism: 1 });
    let made = made.unwrap();
    for (memory_kib, iterations, rehash) in
        [(64, 2, false), (65, 2, true), (64, 3, true), (32, 1, false)]
    {
        let cost = Argon2Params { memory_kib, iterations, parallelism: 1 };
        assert_eq!(verify(&secret("x"), &made, &cost), Ok(Verdict::Match { rehash }));
    }
}

#[test]
fn auth_02_composed_and_decomposed_forms_are_one_password_and_nothing_else_is_changed() {
    let stored = hash(&secret("caf\u{e9}"), &CHEAP).unwrap();
    assert!(matches!(try_password("cafe\u{301}", &stored), Ok(Verdict::Match { .. })));
    let stored = hash(&secret("cafe\u{301}"), &CHEAP).unwrap();
    assert!(matches!(try_password("caf\u{e9}", &stored), Ok(Verdict::Match { rehash: false })));
    for other in ["Caf\u{e9}", " caf\u{e9}", "caf\u{e9} ", "cafe"] {
        assert_eq!(try_password(other, &stored), Ok(Verdict::Mismatch));
    }
    // Compatibility forms stay apart: the ligature is not `fi`.
    let stored = hash(&secret("\u{fb01}ne"), &CHEAP).unwrap();
    assert_eq!(try_password("fine", &stored), Ok(Verdict::Mismatch));
}

#[test]
fn auth_02_a_hash_made_elsewhere_from_decomposed_text_matches_and_is_replaced() {
    // `cafe` with a combining accent, as bcrypt elsewhere saw it.
    let stored = bcrypt::hash("cafe\u{301}", 4).unwrap();
    assert_eq!(try_password("cafe\u{301}", &stored), Ok(Verdict::Match { rehash: true }));
}

#[test]
fn auth_03_bcrypt_never_matches_on_a_prefix() {
    let seventy_two = "a".repeat(72);
    let stored = bcrypt::hash(&seventy_two, 4).unwrap();
    assert!(matches!(try_password(&seventy_two, &stored), Ok(Verdict::Match { .. })));
    for longer in [73, 80, 1000] {
        assert_eq!(try_password(&"a".repeat(longer), &stored), Ok(Verdict::Mismatch));
    }
    let stored = bcrypt::hash("a", 4).unwrap();
    assert_eq!(try_password("a\0a", &stored), Ok(Verdict::Mismatch));
}

#[test]
fn auth_03_long_passwords_count_to_the_last_byte() {
    let long = "\u{1f600}".repeat(256);
    let stored = hash(&secret(&long), &CHEAP).unwrap();
    assert!(matches!(try_password(&long, &stored), Ok(Verdict::Match { .. })));
    assert_eq!(try_password(&"\u{1f600}".repeat(255), &stored), Ok(Verdict::Mismatch));
}

#[test]
fn an_unknown_format_is_never_a_wrong_password() {
    for stored in [
        "",
        "plain",
        "$",
        "$$",
        "$7$x",
        "$2x$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "{SSHA384}AAAA",
        "{MD5}AAAA",
        "$argon2d$v=19$m=16,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-md5$i=1,l=16$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$hmac-sha3$AAAA$AAAA",
        "$sha224$pf=e1BBU1NXT1JEfQ==$$AAAA",
        "\u{1f600}",
    ] {
        assert_eq!(try_password("x", stored), Err(PasswordError::UnknownFormat), "{stored}");
    }
}

#[test]
fn costs_are_capped_before_anything_is_computed() {
    for stored in [
        "$2b$16$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$m=65536,t=11,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$m=65536,t=1,p=17$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$pbkdf2-sha1$i=10000001,l=32$c2FsdA$EUcKisx+yviAqdTmlEPmy+5ykUVSCgcJIG6nNVgerx4",
        "$scrypt$ln=262144,r=8,p=1$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$scrypt$ln=16384,r=9,p=1$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$scrypt$ln=16384,r=8,p=11$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$firescrypt$ln=18,r=8,p=1$42xEC+ixf3L2lw==$lSrf$Bw==$jxsp",
        "$sha512-crypt$rounds=1000001$saltsalt$7XWe94aKSpXdt",
    ] {
        assert!(
            matches!(try_password("x", stored), Err(PasswordError::TooExpensive(_))),
            "{stored} {:?}",
            try_password("x", stored)
        );
    }
}

#[test]
fn malformed_hashes_are_refused_as_such() {
    for stored in [
        "$2b$04$short",
        "$2b$03$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$2b$+4$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
        "$argon2id$v=16$m=65536,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$t=1,m=65536,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$AAAA",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ$",
        "$argon2id$v=19$m=65536,t=1,p=1$c29tZXNhbHQ",
        "$pbkdf2-sha1$i=0,l=32$c2FsdA$EUcKisx+yviAqdTmlEPmy+5ykUVSCgcJIG6nNVgerx4",
        "$scrypt$ln=16383,r=8,p=1$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$scrypt$ln=0,r=8,p=1$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$scrypt$ln=16384,r=0,p=1$c2FsdA==$1idRgu6ns74sljt005o5BblTKV7Jul0HPGT6aXWnXKY=",
        "$md5$AAAA",
        "$sha1$LhKrkM9Fy+zlstjdD7Kv2s6QvhA=",
        // A template without the password would let everybody in.
        "$sha1$pf=e1NBTFR9$YWJj$mJqA7Z/5JT+EkD02bKA2UfTuSyg=",
        "{SSHA}AAAA",
        "$hmac-md5$AAAA$a2V5",
        "$md5-crypt$saltsaltsalt$NuzA7WTAelpl95xgBGWN60",
        "$sha256-crypt$rounds=999$saltsalt$myjXcpMpE2Ofk7fj9hqyNYSn6lmWG4Mqnjx.KIRRr4/",
    ] {
        assert!(
            matches!(try_password("x", stored), Err(PasswordError::Malformed(_))),
            "{stored} {:?}",
            try_password("x", stored)
        );
    }
}

#[test]
fn a_salt_that_looks_like_a_placeholder_stays_a_salt() {
    use md5::{Digest as _, Md5};
    let digest = STANDARD_NO_PAD.encode(Md5::digest(b"{PASSWORD}secret"));
    let salt = STANDARD_NO_PAD.encode("{PASSWORD}");
    let stored = format!("$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==${salt}${digest}");
    assert!(matches!(try_password("secret", &stored), Ok(Verdict::Match { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = check_format(&text);
    }

    #[test]
    fn no_mutation_of_a_good_hash_panics_or_costs_much(
        which in 0..FOREIGN.len(),
        at in 0usize..200,
        with in "[$a-z0-9=,{}]{0,3}",
    ) {
        let mut text = FOREIGN[which].to_owned();
        let at = at % text.len();
        text.replace_range(at..=at, &with);
        let _ = check_format(&text);
    }
}
