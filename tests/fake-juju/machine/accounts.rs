//! `useradd`, `userdel`, `groupadd`, `groupdel`, `getent` on `etc/passwd` and `etc/group`.

use super::{fails, ok};
use crate::tools::Output;
use std::fs;
use std::path::Path;

/// Options of these programs that take a value.
const VALUED: [&str; 16] = [
    "--home-dir",
    "-d",
    "--shell",
    "-s",
    "--gid",
    "-g",
    "--uid",
    "-u",
    "--comment",
    "-c",
    "--groups",
    "-G",
    "--home",
    "--base-dir",
    "-b",
    "-k",
];

pub fn run(root: &Path, name: &str, args: &[String]) -> Output {
    let Some(login) = positional(args).last().cloned() else {
        return fails(2, format!("Usage: {name} [options] LOGIN"));
    };
    let group_only = name.starts_with("group");
    let file = root.join(if group_only { "etc/group" } else { "etc/passwd" });
    match name {
        "useradd" | "groupadd" => {
            if entry(&file, &login).is_some() {
                let what = if group_only { "group" } else { "user" };
                return fails(9, format!("{name}: {what} '{login}' already exists"));
            }
            add(root, &login, args, group_only)
        }
        "userdel" | "groupdel" => {
            if entry(&file, &login).is_none() {
                let what = if group_only { "group" } else { "user" };
                return fails(6, format!("{name}: {what} '{login}' does not exist"));
            }
            remove(&file, &login);
            if !group_only {
                remove(&root.join("etc/group"), &login);
            }
            ok("")
        }
        _ => getent(root, args),
    }
}

fn positional(args: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let mut skip = false;
    for arg in args {
        if skip {
            skip = false;
        } else if VALUED.contains(&arg.as_str()) {
            skip = true;
        } else if !arg.starts_with('-') {
            found.push(arg.clone());
        }
    }
    found
}

fn value(args: &[String], names: [&str; 2]) -> Option<String> {
    args.iter().enumerate().find_map(|(at, arg)| {
        if names.contains(&arg.as_str()) {
            return args.get(at + 1).cloned();
        }
        arg.strip_prefix(&format!("{}=", names[0])).map(str::to_owned)
    })
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn entry(file: &Path, name: &str) -> Option<String> {
    lines(file).into_iter().find(|l| l.split(':').next() == Some(name))
}

fn remove(file: &Path, name: &str) {
    let kept: Vec<String> =
        lines(file).into_iter().filter(|l| l.split(':').next() != Some(name)).collect();
    let _ = fs::write(file, kept.join("\n") + "\n");
}

fn push(file: &Path, line: &str) {
    let mut all = lines(file);
    all.push(line.to_owned());
    let _ = fs::write(file, all.join("\n") + "\n");
}

fn field(line: &str, n: usize) -> Option<u32> {
    line.split(':').nth(n).and_then(|f| f.parse().ok())
}

/// Who cannot change owners gets accounts with his own ids, so that `chown` to them succeeds.
fn new_ids(root: &Path) -> (u32, u32) {
    let me = nix::unistd::geteuid();
    if !me.is_root() {
        return (me.as_raw(), nix::unistd::getegid().as_raw());
    }
    let taken: Vec<u32> = ["etc/passwd", "etc/group"]
        .iter()
        .flat_map(|f| lines(&root.join(f)))
        .filter_map(|l| field(&l, 2))
        .collect();
    let free = (100..=990).rev().find(|id| !taken.contains(id)).unwrap_or(990);
    (free, free)
}

fn add(root: &Path, login: &str, args: &[String], group_only: bool) -> Output {
    let (uid, gid) = new_ids(root);
    let group = root.join("etc/group");
    if group_only {
        push(&group, &format!("{login}:x:{gid}:"));
        return ok("");
    }
    let gid = match value(args, ["--gid", "-g"]) {
        Some(name) => match name.parse().ok().or(entry(&group, &name).and_then(|l| field(&l, 2))) {
            Some(gid) => gid,
            None => return fails(6, format!("useradd: group '{name}' does not exist")),
        },
        None if entry(&group, login).is_some() => {
            if !args.iter().any(|a| a == "--no-user-group" || a == "-N") {
                let text = format!(
                    "useradd: group {login} exists - if you want to add this user to that group, use -g."
                );
                return fails(9, text);
            }
            gid
        }
        None => {
            push(&group, &format!("{login}:x:{gid}:"));
            gid
        }
    };
    let home = value(args, ["--home-dir", "-d"]).unwrap_or(format!("/home/{login}"));
    let shell = value(args, ["--shell", "-s"]).unwrap_or("/bin/sh".into());
    push(&root.join("etc/passwd"), &format!("{login}:x:{uid}:{gid}::{home}:{shell}"));
    ok("")
}

fn getent(root: &Path, args: &[String]) -> Output {
    let (Some(database), Some(key)) = (args.first(), args.get(1)) else {
        return fails(1, "getent: wrong number of arguments");
    };
    match entry(&root.join("etc").join(database), key) {
        Some(line) => ok(format!("{line}\n")),
        None => Output { code: 2, ..Output::default() },
    }
}
