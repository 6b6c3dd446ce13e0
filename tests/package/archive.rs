//! Builds the charm from the program under test and looks into it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;
use zip::ZipArchive;

use crate::charm::agent::Agent;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Everything the archive may hold.
const CONTENT: [&str; 9] = [
    "LICENSE",
    "README.md",
    "actions.yaml",
    "config.yaml",
    "dispatch",
    "icon.svg",
    "manifest.yaml",
    "metadata.yaml",
    "version",
];

/// The archive, built once for all tests.
fn charm() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_doorward"));
        let path = build(program, &folder.path().join("doorward.charm"));
        (folder, path)
    });
    path
}

fn build(program: &Path, output: &Path) -> PathBuf {
    let built = Command::new(Path::new(ROOT).join("scripts/build-charm"))
        .args(["--profile", "debug", "--binary"])
        .arg(program)
        .arg("--output")
        .arg(output)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    output.to_owned()
}

fn archive() -> ZipArchive<File> {
    ZipArchive::new(File::open(charm()).unwrap()).unwrap()
}

/// The archive as Juju unpacks it: each file anew, with the mode of its entry.
fn unpacked() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let folder = TempDir::new().unwrap();
            unpack(folder.path());
            folder
        })
        .path()
}

fn unpack(into: &Path) {
    let mut archive = archive();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let path = into.join(entry.name().unwrap().as_ref());
        let mode = fs::Permissions::from_mode(entry.unix_mode().unwrap() & 0o777);
        let written = path.with_extension("written");
        let mut file = File::create_new(&written).unwrap();
        std::io::copy(&mut entry, &mut file).unwrap();
        file.set_permissions(mode).unwrap();
        // Copied by a process of its own: a child that another test starts meanwhile inherits what
        // we have open for writing, and a program that is open for writing cannot be started.
        let copied = Command::new("cp").arg("-p").arg(&written).arg(&path).status().unwrap();
        assert!(copied.success());
        fs::remove_file(&written).unwrap();
    }
}

#[test]
fn the_charm_holds_only_what_it_should() {
    let mut archive = archive();
    let mut modes = BTreeMap::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        assert!(!entry.is_dir(), "{name} is a folder");
        assert!(!entry.is_symlink(), "{name} is a link");
        modes.insert(name, entry.unix_mode().unwrap());
    }
    assert!(modes.keys().map(String::as_str).eq(CONTENT), "{modes:?}");
    for (name, mode) in modes {
        let expected = if name == "dispatch" { 0o100_755 } else { 0o100_644 };
        assert_eq!(mode, expected, "{name} has mode {mode:o}");
    }
}

#[test]
fn files_of_the_charm_are_those_of_the_tree_and_the_program_under_test() {
    let folder = unpacked();
    let read = |path: PathBuf| fs::read(path).unwrap();
    for name in ["LICENSE", "README.md", "actions.yaml", "config.yaml", "icon.svg", "metadata.yaml"]
    {
        assert!(read(folder.join(name)) == read(Path::new(ROOT).join(name)), "{name}");
    }
    let program = read(PathBuf::from(env!("CARGO_BIN_EXE_doorward")));
    assert!(read(folder.join("dispatch")) == program, "dispatch");
    let version = fs::read_to_string(folder.join("version")).unwrap();
    assert_eq!(version, concat!(env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_manifest_names_the_base_of_charmcraft_yaml() {
    let folder = unpacked();
    let text = fs::read_to_string(folder.join("manifest.yaml")).unwrap();
    let manifest: serde_json::Value = doorward::yaml::from_str(&text).unwrap();
    let base = &manifest["bases"][0];
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    assert_eq!(base["architectures"][0].as_str(), Some(architecture));
    let named = format!("{}@{}", base["name"].as_str().unwrap(), base["channel"].as_str().unwrap());
    let charmcraft = fs::read_to_string(Path::new(ROOT).join("charmcraft.yaml")).unwrap();
    let charmcraft: serde_json::Value = doorward::yaml::from_str(&charmcraft).unwrap();
    assert_eq!(charmcraft["base"].as_str(), Some(named.as_str()));
}

#[test]
fn dispatch_runs_from_the_unpacked_charm() {
    let folder = unpacked();
    let ran = Command::new(folder.join("dispatch"))
        .arg("--version")
        .env_clear()
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(said, concat!("doorward ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn juju_deploys_the_archive_and_its_dispatch_answers() {
    let agent = Agent::setup().charm(charm()).with(&["--app", "kratos"]).build();
    agent.deploy();
    assert_eq!(agent.status(), ("active".to_owned(), String::new()));
    let created = agent.action(
        "create-admin-account",
        serde_json::json!({"username": "ada", "email": "ada@example.com"}),
    );
    assert!(created.completed());
    let found = agent.action("get-identity", serde_json::json!({"email": "ada@example.com"}));
    assert_eq!(found.get("id"), created.get("identity-id"));
}

#[test]
fn the_same_tree_packs_to_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    // A small program: what is packed does not matter here, and this one is quick.
    let program = fs::canonicalize("/bin/sh").unwrap();
    let once = build(&program, &folder.path().join("once.charm"));
    let again = build(&program, &folder.path().join("again.charm"));
    assert!(fs::read(once).unwrap() == fs::read(again).unwrap());
}

#[test]
fn charmcraft_finds_nothing_wrong() {
    // scripts/test installs charmcraft where PyPI can be reached, and names it here.
    let Some(charmcraft) = std::env::var_os("DOORWARD_CHARMCRAFT") else {
        eprintln!("skipped: DOORWARD_CHARMCRAFT names no charmcraft");
        return;
    };
    let ran = Command::new(charmcraft)
        // Names that Charmed Kratos gave: its options and one parameter have underscores.
        .args(["analyse", "--ignore", "naming-conventions"])
        .arg(charm())
        .output()
        .unwrap();
    let said =
        format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}");
    assert!(!said.contains("[ERROR]") && !said.contains("[WARNING]"), "{said}");
}

#[test]
fn metadata_declares_storage_peers_and_the_juju_it_needs() {
    let text = fs::read_to_string(Path::new(ROOT).join("metadata.yaml")).unwrap();
    let metadata: serde_json::Value = doorward::yaml::from_str(&text).unwrap();
    assert_eq!(metadata["name"].as_str(), Some("doorward"));
    assert!(metadata["summary"].as_str().unwrap().len() <= 200);
    assert_eq!(metadata["storage"]["data"]["type"].as_str(), Some("filesystem"));
    assert!(metadata["peers"]["doorward-peers"]["interface"].is_string());
    assert_eq!(metadata["assumes"][0].as_str(), Some("juju >= 3.3"));
    assert_eq!(metadata["requires"]["smtp"]["interface"].as_str(), Some("smtp"));
    assert_eq!(metadata["requires"]["smtp"]["optional"].as_bool(), Some(true));
    let pages = &metadata["requires"]["ui-endpoint-info"];
    assert_eq!(pages["interface"].as_str(), Some("login_ui_endpoints"));
    assert_eq!(pages["optional"].as_bool(), Some(true));
    for absent in ["provides", "series", "containers"] {
        assert!(metadata.get(absent).is_none(), "{absent}");
    }
}
