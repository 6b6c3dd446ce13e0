//! The agent's end of the socket: answers tools while one context is open.

use crate::client::{Reply, Request};
use crate::context::Context;
use crate::faults::{Faults, Kill, Kind, Rule};
use crate::machine;
use crate::model::{encode, tag};
use crate::store::socket_path;
use crate::tools::{self, Call, Output, WANTS_STDIN};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// An open context with its listener.
pub struct Server {
    shared: Arc<Shared>,
    address: PathBuf,
    listener: Option<thread::JoinHandle<()>>,
}

struct Shared {
    context: Mutex<Option<Context>>,
    faults: Faults,
    counts: Mutex<BTreeMap<String, usize>>,
    total: AtomicUsize,
    child: AtomicI32,
    closed: AtomicBool,
}

impl Server {
    pub fn open(context: Context, faults: Faults) -> Result<Server, String> {
        let address = socket_path(&context.store.unit_dir(&context.unit));
        let _ = std::fs::remove_file(&address);
        let listener =
            UnixListener::bind(&address).map_err(|e| format!("{}: {e}", address.display()))?;
        let shared = Arc::new(Shared {
            context: Mutex::new(Some(context)),
            faults,
            counts: Mutex::default(),
            total: AtomicUsize::new(0),
            child: AtomicI32::new(0),
            closed: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &serving));
        Ok(Server { shared, address, listener: Some(listener) })
    }

    pub fn address(&self) -> &std::path::Path {
        &self.address
    }

    /// Tells which process a kill fault is for.
    pub fn watch(&self, pid: u32) {
        self.shared.child.store(pid as i32, Ordering::SeqCst);
        if let Some(Kill::After(micros)) = self.shared.faults.kill {
            let shared = Arc::clone(&self.shared);
            thread::spawn(move || {
                thread::sleep(Duration::from_micros(micros));
                if !shared.closed.load(Ordering::SeqCst) {
                    shared.kill_child();
                }
            });
        }
    }

    /// The process has ended: no kill fault may hit a stranger's process id from now on.
    pub fn unwatch(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
    }

    /// Closes the context; later calls of its tools fail.
    pub fn close(mut self) -> Option<(Context, usize)> {
        self.shared.closed.store(true, Ordering::SeqCst);
        let _ = UnixStream::connect(&self.address);
        if let Some(thread) = self.listener.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(&self.address);
        let context = lock(&self.shared.context).take()?;
        Some((context, self.shared.total.load(Ordering::SeqCst)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || serve(stream, &shared));
    }
}

fn serve(mut stream: UnixStream, shared: &Shared) {
    let mut text = Vec::new();
    let Ok(_) = stream.read_to_end(&mut text) else { return };
    let Ok(request) = serde_json::from_slice::<Request>(&text) else { return };
    let reply = shared.answer(request);
    if let Ok(text) = serde_json::to_vec(&reply) {
        let _ = stream.write_all(&text);
    }
}

impl Shared {
    fn answer(&self, request: Request) -> Reply {
        // A request that is sent again with its stdin is the same call.
        let again = request.stdin.is_some();
        let (n, total) = self.count(&request.name, again);
        if self.kills(&request.name, n, total, true) {
            self.kill_child();
        }
        let rules: Vec<&Rule> = self.faults.hitting(&request.name, n).collect();
        for rule in &rules {
            if let Kind::Sleep(millis) = rule.kind
                && !again
            {
                thread::sleep(Duration::from_millis(millis));
            }
        }
        let forged = rules.iter().find_map(|r| forge(r, n));
        let reply = match forged {
            Some(reply) => reply,
            None => Reply { output: self.run(&request), ..Reply::default() },
        };
        if reply.output.code == WANTS_STDIN {
            return reply;
        }
        self.record(&request, &reply.output);
        if self.kills(&request.name, n, total, false) {
            self.kill_child();
        }
        reply
    }

    fn count(&self, name: &str, again: bool) -> (usize, usize) {
        let mut counts = lock(&self.counts);
        let n = counts.entry(name.to_owned()).or_default();
        if !again {
            *n += 1;
            self.total.fetch_add(1, Ordering::SeqCst);
        }
        (*n, self.total.load(Ordering::SeqCst))
    }

    fn kills(&self, name: &str, n: usize, total: usize, now_before: bool) -> bool {
        match &self.faults.kill {
            Some(Kill::Call { tool, n: at, before }) if *before == now_before => {
                (tool == "*" && total == *at) || (tool == name && n == *at)
            }
            _ => false,
        }
    }

    fn kill_child(&self) {
        for _ in 0..1000 {
            let pid = self.child.load(Ordering::SeqCst);
            if pid > 0 {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn run(&self, request: &Request) -> Output {
        let refused = |text: String| Output {
            code: 1,
            stdout: String::new(),
            stderr: format!("ERROR {text}\n"),
        };
        let mut context = lock(&self.context);
        let Some(cx) = context.as_mut() else { return refused("bad request: no context".into()) };
        if request.context.is_none() {
            let root = cx.store.unit_dir(&cx.unit).join("root");
            drop(context);
            return machine::run(&root, &request.name, &request.args);
        }
        if request.context.as_deref() != Some(cx.id.as_str()) {
            let got = request.context.clone().unwrap_or_default();
            return refused(format!("bad request: expected context id {:?}, got {got:?}", cx.id));
        }
        let call = Call {
            args: request.args.clone(),
            cwd: request.cwd.clone(),
            stdin: request.stdin.clone(),
        };
        let now = request.name == "juju-reboot" && request.args.iter().any(|a| a == "--now");
        let output = tools::run(&request.name, &call, cx);
        if now && output.code == 0 {
            drop(context);
            self.kill_child();
        }
        output
    }

    fn record(&self, request: &Request, output: &Output) {
        if let Some(cx) = lock(&self.context).as_ref() {
            cx.store.record(
                "calls",
                &json!({
                    "unit": tag(&cx.unit), "context": cx.id, "event": cx.event.dispatch_path(),
                    "tool": request.name, "argv": request.args, "stdin": request.stdin,
                    "code": output.code, "stdout": output.stdout, "stderr": output.stderr,
                }),
            );
        }
    }
}

/// The answer that a fault gives in place of the tool's own.
fn forge(rule: &Rule, n: usize) -> Option<Reply> {
    let say = |stdout: &str| Reply {
        output: Output { stdout: stdout.into(), ..Output::default() },
        ..Reply::default()
    };
    match &rule.kind {
        Kind::Exit { code, stderr } => {
            let output =
                Output { code: *code, stdout: String::new(), stderr: format!("{stderr}\n") };
            Some(Reply { output, ..Reply::default() })
        }
        Kind::Stdout(text) => Some(say(text)),
        Kind::Answers(answers) => {
            let answer = answers.get(n - rule.from).or(answers.last())?;
            (!answer.is_empty()).then(|| say(&format!("{answer}\n")))
        }
        Kind::Garbage(kind) => Some(match kind.as_str() {
            "partial" => Reply { abort: true, ..say("{\"half\": \"an ans") },
            "binary" => Reply { bytes: Some(encode(&[0, 255, 254, b'{', 0xc3, 0x28])), ..say("") },
            "huge" => Reply { flood: Some(32 << 20), abort: true, ..say("") },
            "json" => say("{\"not\": [closed\n"),
            _ => say(""),
        }),
        Kind::Missing | Kind::Sleep(_) => None,
    }
}
