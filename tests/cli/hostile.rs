//! Input nobody means well with.

use super::Laptop;

#[test]
fn a_huge_parameter_file_is_refused_in_one_sentence() {
    let laptop = Laptop::new();
    let file = laptop.file("huge.yaml", &format!("username: {}\n", "a".repeat(17 * 1024 * 1024)));
    let ran = laptop.doorward(&["run", "create-admin-account", "--params", &file]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.ends_with("is larger than 16 MiB\n"), "{:?}", ran.err);
}

#[test]
fn deep_and_self_referring_yaml_does_no_harm() {
    let laptop = Laptop::new();
    let deep = laptop.file("deep.yaml", &format!("traits: {}", "[".repeat(100_000)));
    let mut laughs = "a0: &a0 [x, x]\n".to_owned();
    for n in 1..40 {
        laughs.push_str(&format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    }
    let laughs = laptop.file("laughs.yaml", &laughs);
    for file in [deep, laughs] {
        let ran = laptop.doorward(&["run", "create-identity", "--params", &file]);
        assert!(ran.code.is_some_and(|code| code < 2), "{file}: {:?}", ran.code);
        assert!(!ran.err.contains("internal error"), "{file}: {}", ran.err);
    }
}

#[test]
fn control_characters_reach_no_terminal() {
    let laptop = Laptop::new();
    laptop.administrator();
    let ran = laptop.doorward(&["run", "get-identity", "email=\u{1b}[2J@example.com"]);
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{ran:?}");
    let ran = laptop.doorward(&["run", "\u{1b}[2J"]);
    assert!(!ran.err.contains('\u{1b}'), "{ran:?}");
    let ran = laptop.doorward(&["run", "get-identity", "\u{1b}[2J=x"]);
    assert!(!ran.err.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn arguments_that_are_not_utf_8_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let laptop = Laptop::new();
    let mut command = laptop.command(&["run", "get-identity"]);
    let out = command.arg(OsStr::from_bytes(b"email=\xff")).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn no_secret_is_in_the_ledger_or_on_the_terminal() {
    let laptop = Laptop::new();
    let secret = "canary-7f3a-battery";
    let file = laptop.file("secret", secret);
    let parameter = format!("password-secret-id=file:{file}");
    let ran = laptop.doorward(&[
        "run",
        "create-admin-account",
        "username=ada",
        "email=ada@example.com",
        &parameter,
        "--format",
        "yaml",
    ]);
    assert!(ran.out.contains("status: completed"), "{ran:?}");
    let ledger = laptop.doorward(&["audit", "list", "--json"]);
    for text in [&ran.out, &ran.err, &ledger.out, &ledger.err] {
        assert!(!text.contains(secret), "{text}");
    }
}
