//! The face that a charm sees: hook tools and programs of the machine.

use crate::machine;
use crate::model::decode;
use crate::store::{append, socket_path};
use crate::tools::{Output, WANTS_STDIN};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a tool sends to the agent.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// Absent for programs of the machine, which Juju knows nothing of.
    pub context: Option<String>,
    pub name: String,
    pub args: Vec<String>,
    pub cwd: PathBuf,
    pub stdin: Option<String>,
}

/// What it prints, and how it ends.
#[derive(Default, Serialize, Deserialize)]
pub struct Reply {
    pub output: Output,
    /// Base64 of bytes to print instead.
    pub bytes: Option<String>,
    /// So many letters to print instead.
    pub flood: Option<u64>,
    /// Die by a signal after printing.
    pub abort: bool,
}

pub fn hook_tool(name: &str, args: Vec<String>) -> ExitCode {
    let variable = |n: &str| std::env::var(n).ok().filter(|v| !v.is_empty());
    let Some(context) = variable("JUJU_CONTEXT_ID") else {
        return error("JUJU_CONTEXT_ID not set");
    };
    let Some(address) = variable("JUJU_AGENT_SOCKET_ADDRESS") else {
        return error("JUJU_AGENT_SOCKET_ADDRESS not set");
    };
    let cwd = std::env::current_dir().unwrap_or_default();
    let mut request = Request { context: Some(context), name: name.into(), args, cwd, stdin: None };
    loop {
        match ask(Path::new(&address), &request) {
            Ok(reply) if reply.output.code == WANTS_STDIN && request.stdin.is_none() => {
                let mut bytes = Vec::new();
                let _ = std::io::stdin().read_to_end(&mut bytes);
                request.stdin = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            Ok(reply) => return finish(&reply),
            Err(e) => return error(&format!("dial unix {address}: {e}")),
        }
    }
}

/// Records itself through the agent when a hook is running, and by itself otherwise.
pub fn machine_program(name: &str, args: Vec<String>) -> ExitCode {
    let own = std::env::current_exe().unwrap_or_default();
    let unit_dir = own.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_path_buf();
    let request =
        Request { context: None, name: name.into(), args, cwd: PathBuf::from("/"), stdin: None };
    if let Ok(reply) = ask(&socket_path(&unit_dir), &request) {
        return finish(&reply);
    }
    let output = machine::run(&unit_dir.join("root"), name, &request.args);
    let calls = unit_dir.join("../../calls.jsonl");
    append(
        &calls,
        &json!({
            "unit": unit_dir.file_name().map(|n| n.to_string_lossy()), "context": null,
            "event": null, "tool": name, "argv": request.args, "stdin": null,
            "code": output.code, "stdout": output.stdout, "stderr": output.stderr,
        }),
    );
    finish(&Reply { output, ..Reply::default() })
}

fn ask(address: &Path, request: &Request) -> std::io::Result<Reply> {
    let mut stream = UnixStream::connect(address)?;
    serde_json::to_writer(&mut stream, request)?;
    stream.shutdown(Shutdown::Write)?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

fn finish(reply: &Reply) -> ExitCode {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no failure of the tool.
    let _ = match (&reply.bytes, reply.flood) {
        (Some(bytes), _) => out.write_all(&decode(bytes)),
        (None, Some(count)) => flood(&mut out, count),
        (None, None) => out.write_all(reply.output.stdout.as_bytes()),
    };
    let _ = out.flush();
    let _ = std::io::stderr().write_all(reply.output.stderr.as_bytes());
    if reply.abort {
        std::process::abort();
    }
    ExitCode::from(reply.output.code.clamp(0, 255) as u8)
}

fn flood(out: &mut impl std::io::Write, count: u64) -> std::io::Result<()> {
    let chunk = [b'x'; 65536];
    for _ in 0..count.div_ceil(chunk.len() as u64) {
        out.write_all(&chunk)?;
    }
    Ok(())
}

fn error(text: &str) -> ExitCode {
    eprintln!("ERROR {text}");
    ExitCode::from(1)
}
