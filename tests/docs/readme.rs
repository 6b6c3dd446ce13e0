//! The commands of the README's section about the service work as they are printed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::read;

/// The commands of a section, in order.
fn commands(heading: &str) -> Vec<String> {
    let text = read("README.md");
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    section.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned).collect()
}

/// What a shell makes of a command, in a directory of its own.
fn shell(home: &TempDir, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec {command}")).current_dir(home.path()).env_clear();
    shell.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home.path());
    shell
}

struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_three_curl_commands_of_the_readme_work_as_printed() {
    let commands = commands("The service");
    assert_eq!(commands.len(), 4, "{commands:?}");
    let home = TempDir::new().unwrap();
    // The reader's ports may be in use where tests run, so free ones take their place; nothing else
    // of the commands is touched.
    let program = env!("CARGO_BIN_EXE_doorward");
    let serve = commands[0].replace("target/debug/doorward", program)
        + " --public-address 127.0.0.1:0 --admin-address 127.0.0.1:0";
    assert!(serve.starts_with(program), "{serve}");
    let mut child =
        shell(&home, &serve).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _served = Served(child);
    let admin = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("admin http://").map(str::to_owned))
        .expect("the service says where it is");
    let answers: Vec<Value> = commands[1..]
        .iter()
        .map(|command| {
            assert!(command.starts_with("curl ") && command.contains("127.0.0.1:4434"));
            let asked = shell(&home, &command.replace("127.0.0.1:4434", &admin)).output().unwrap();
            assert!(asked.status.success(), "{command}: {asked:?}");
            serde_json::from_slice(&asked.stdout)
                .unwrap_or_else(|e| panic!("{command}: {e} {asked:?}"))
        })
        .collect();
    let [made, found, recorded] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(made["traits"]["email"], "bob@example.com", "{made}");
    assert_eq!(found[0]["id"], made["id"], "{found}");
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    let text = recorded.to_string();
    assert!(text.contains("user.invited") && text.contains(made["id"].as_str().unwrap()), "{text}");
}
