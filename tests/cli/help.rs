//! Help is a promise.

use super::Laptop;

#[test]
fn help_names_every_command_and_the_statuses() {
    let ran = Laptop::new().doorward(&["--help"]);
    assert_eq!(ran.code, Some(0));
    for word in ["run", "serve", "audit", "backup", "restore", "import", "export", "completions"] {
        assert!(ran.out.contains(&format!("\n  {word} ")), "{word}: {}", ran.out);
    }
    assert!(ran.out.contains("Exit status:\n  0  done"), "{}", ran.out);
    assert!(ran.err.is_empty());
}

#[test]
fn every_command_has_help() {
    let laptop = Laptop::new();
    for command in [
        &["serve"][..],
        &["audit"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "checkpoint"],
        &["audit", "list"],
        &["backup"],
        &["restore"],
        &["import"],
        &["export"],
        &["completions"],
        &["run"],
    ] {
        let mut args = command.to_vec();
        args.push("--help");
        let ran = laptop.doorward(&args);
        assert_eq!(ran.code, Some(0), "{command:?}: {ran:?}");
        assert!(ran.out.contains("Usage: doorward"), "{command:?}: {}", ran.out);
        assert!(ran.out.contains("--state-dir <DIR>"), "{command:?}: {}", ran.out);
    }
    assert!(!laptop.home().join("state").exists(), "help makes nothing");
}

#[test]
fn the_version_is_the_packages() {
    let ran = Laptop::new().doorward(&["--version"]);
    assert_eq!(ran.out, format!("doorward {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn the_list_of_actions_is_that_of_the_file() {
    let ran = Laptop::new().doorward(&["run", "--list"]);
    let listed: Vec<&str> = ran.out.lines().skip(1).filter_map(|l| l.split(' ').next()).collect();
    let file = include_str!("../../actions.yaml");
    let defined: Vec<&str> = file
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.strip_suffix(':'))
        .collect();
    assert_eq!(listed, defined);
}

#[test]
fn help_about_an_action_describes_each_parameter() {
    let laptop = Laptop::new();
    let ran = laptop.doorward(&["run", "reset-identity-mfa", "--help"]);
    assert_eq!(ran.code, Some(0));
    for word in ["identity-id", "mfa-type", "required", "totp, lookup_secret, webauthn"] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

#[test]
fn wrong_command_lines_end_with_two() {
    let laptop = Laptop::new();
    for args in [
        &[][..],
        &["no-such-command"],
        &["run"],
        &["run", "get-identity", "--format", "xml"],
        &["run", "get-identity", "no-pair"],
        &["--set", "no-pair", "run", "get-identity"],
        &["--set", "no_such_option=1", "run", "get-identity"],
        &["--set", "public_port=none", "run", "get-identity"],
        &["audit"],
        &["audit", "list", "--limit", "0"],
    ] {
        let ran = laptop.doorward(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
}

#[test]
fn completions_know_commands_and_actions() {
    let laptop = Laptop::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = laptop.doorward(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for word in ["checkpoint", "create-admin-account", "state-dir"] {
            assert!(ran.out.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(laptop.doorward(&["completions", "tcsh"]).code, Some(2));
}

#[test]
fn options_set_before_and_after_the_command_all_count() {
    let laptop = Laptop::new();
    let ran = laptop.doorward(&["--set", "public_port=5001", "serve", "--set", "admin_port=5001"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("must differ from public_port"), "{ran:?}");
    let file = laptop.file("options.yaml", "public_port: 5001\nlog_level: shout\n");
    let over = ["--options", &file, "--set", "log_level=info", "serve", "--set", "admin_port=5001"];
    assert!(
        laptop.doorward(&over).err.contains("must differ from public_port"),
        "set goes over it"
    );
}
