//! Root on somebody else's state directory. These need root, and say so when they cannot run.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use super::Laptop;

/// Anybody but root; no such user needs to exist.
const SOMEBODY: u32 = 65_432;

fn files(dir: &Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        }
        into.push(path);
    }
}

#[test]
fn a_run_as_root_leaves_files_to_the_owner_of_the_directory() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return;
    }
    let laptop = Laptop::new();
    chown(laptop.home(), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    let state = laptop.home().join("state");
    std::fs::create_dir(&state).unwrap();
    chown(&state, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
    // The secret stays root's alone: it is read before privileges are given up.
    let secret = laptop.file("secret", "correct horse battery");
    let parameter = format!("password-secret-id=file:{secret}");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    laptop.action(&["create-admin-account", "username=a", "email=a@example.com", &parameter]);
    assert_eq!(laptop.doorward(&["backup"]).code, Some(0));
    let mut all = Vec::new();
    files(&state, &mut all);
    assert!(all.len() >= 5, "{all:?}");
    for path in all {
        let about = std::fs::metadata(&path).unwrap();
        assert_eq!((about.uid(), about.gid()), (SOMEBODY, SOMEBODY), "{}", path.display());
    }
    let ledger = laptop.doorward(&["audit", "list", "--json"]).out;
    assert!(ledger.contains("\"id\":\"root\""), "the ledger names who asked: {ledger}");
}
