//! Licences, bans, sources and advisories of everything in Cargo.lock, by the rules of deny.toml
//! and without a network.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap()
}

/// The quoted words between `start` and the next line that is `]`.
fn list(text: &str, start: &str) -> BTreeSet<String> {
    let body = text.split_once(start).unwrap_or_else(|| panic!("deny.toml has no `{start}`")).1;
    let body = body.split_once("\n]").unwrap().0;
    body.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The packages that may have a licence of their own, each with it.
fn exceptions(text: &str) -> Vec<(String, String)> {
    let quoted =
        |line: &str| line.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    let body = text.split_once("exceptions = [\n").unwrap().1.split_once("\n]").unwrap().0;
    let pairs = body.lines().map(|line| <[String; 2]>::try_from(quoted(line)).unwrap());
    pairs.map(|[name, licence]| (name, licence)).collect()
}

/// What is compiled for the machines the charm runs on, tests included.
fn packages() -> Vec<Value> {
    let ran = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(Path::new(ROOT).join("Cargo.toml"))
        .arg("--filter-platform")
        .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut metadata: Value = serde_json::from_slice(&ran.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

/// Whether an SPDX expression can be met with the licences in `allowed`.
fn permitted(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // Before SPDX expressions, Cargo used a slash for "or".
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let met = any(&words, &mut at, allowed);
    met && at == words.len()
}

fn any(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at, allowed);
    }
    met
}

fn all(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at, allowed);
    }
    met
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    if words.get(*at) == Some(&"(") {
        *at += 1;
        let met = any(words, at, allowed);
        *at += 1;
        return met;
    }
    let mut name = words.get(*at).copied().unwrap_or_default().to_owned();
    *at += 1;
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    allowed.contains(&name)
}

/// The name and version of every package in Cargo.lock.
fn locked() -> Vec<(String, String)> {
    let text = read("Cargo.lock");
    let field = |block: &str, name: &str| {
        let line = block.lines().find(|line| line.starts_with(name))?;
        Some(line.split('"').nth(1)?.to_owned())
    };
    text.split("[[package]]")
        .filter_map(|block| Some((field(block, "name = ")?, field(block, "version = ")?)))
        .skip_while(|(name, _)| name.is_empty())
        .collect()
}

fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap();
    let mut parts = plain.split('.').map(|part| part.parse().unwrap());
    [parts.next().unwrap(), parts.next().unwrap_or(0), parts.next().unwrap_or(0)]
}

/// Whether `version` meets every part of a requirement such as `>=1.2.0,<2.0.0`.
fn meets(version: &str, requirement: &str) -> bool {
    requirement.split(',').all(|part| {
        let split = part.find(|c: char| c.is_ascii_digit()).unwrap();
        let (operator, bound) = (&part[..split], numbers(&part[split..]));
        let version = numbers(version);
        match operator {
            ">=" => version >= bound,
            ">" => version > bound,
            "<" => version < bound,
            "<=" => version <= bound,
            "=" => version == bound,
            other => panic!("unknown operator {other}"),
        }
    })
}

#[test]
fn every_licence_is_on_the_list() {
    let rules = read("deny.toml");
    let allowed = list(&rules, "allow = [");
    let excepted = exceptions(&rules);
    let is_family = |name: &str| name.starts_with("webauthn-") || name == "crypto-glue";
    assert!(excepted.iter().all(|(name, licence)| is_family(name) && licence == "MPL-2.0"));
    let wrong: Vec<String> = packages()
        .iter()
        .filter(|package| {
            let own = excepted.iter().filter(|(name, _)| package["name"] == name.as_str());
            let mut allowed = allowed.clone();
            allowed.extend(own.map(|(_, licence)| licence.clone()));
            !package["license"].as_str().is_some_and(|text| permitted(text, &allowed))
        })
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn banned_packages_are_not_linked() {
    let banned = list(&read("deny.toml"), "deny = [");
    assert!(banned.contains("openssl") && banned.contains("ring"), "{banned:?}");
    // Cargo.lock also names packages that only a feature nobody asks for would bring; the tree does
    // not.
    let ran = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build,dev"])
        .args(["--target", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)])
        .args(["--manifest-path", &format!("{ROOT}/Cargo.toml")])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let tree = String::from_utf8(ran.stdout).unwrap();
    let linked: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(linked.contains("aws-lc-rs") && linked.len() > 100, "{linked:?}");
    let found: Vec<_> = linked.into_iter().filter(|name| banned.contains(*name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn every_package_comes_from_the_one_registry() {
    for package in packages() {
        match package["source"].as_str() {
            Some(source) => assert!(source.ends_with("/crates.io-index"), "{source}"),
            None => assert_eq!(package["name"], "doorward"),
        }
    }
}

#[test]
fn no_locked_version_has_a_known_advisory() {
    let locked = locked();
    assert!(locked.len() > 100, "Cargo.lock was not understood");
    let ignored = list(&format!("{}\n]", read("deny.toml")), "ignore = [");
    let mut wrong = Vec::new();
    for line in read("tests/package/advisories.txt").lines().filter(|line| !line.starts_with('#')) {
        let (id, rest) = line.split_once(' ').unwrap();
        let (package, safe) = rest.split_once(' ').unwrap();
        for (_, version) in locked.iter().filter(|(name, _)| name == package) {
            let is_safe = safe != "none" && safe.split(" | ").any(|part| meets(version, part));
            if !is_safe && !ignored.contains(id) {
                wrong.push(format!("{id}: {package} {version}, safe are {safe}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn licence_expressions_and_version_requirements_are_understood() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "Apache-2.0 WITH LLVM-exception".to_owned()]);
    assert!(permitted("GPL-3.0 OR MIT", &allowed));
    assert!(permitted("GPL-3.0/MIT", &allowed));
    assert!(permitted("Apache-2.0 WITH LLVM-exception AND (X OR MIT)", &allowed));
    assert!(!permitted("MIT AND GPL-3.0", &allowed));
    assert!(!permitted("Apache-2.0", &allowed));
    assert!(meets("1.10.0", ">=1.9.0,<2.0.0"));
    assert!(!meets("2.0.0", ">=1.9.0,<2.0.0"));
}
