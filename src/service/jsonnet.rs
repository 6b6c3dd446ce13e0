//! Mappers that an operator wrote in Jsonnet: the only file that names `rsjsonnet_lang`.
//!
//! A mapper sees what it is given and nothing else: no files, no network, no clock. Nothing in the
//! language can be stopped from outside, so each runs on a thread of its own, its caller waits only
//! so long, and a mapper that never ends takes the place of the next one instead of more threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalStackTraceItem, ImportError, NativeError, Program, Thunk, Value as Computed,
};
use rsjsonnet_lang::span::SpanId;
use serde_json::Value;

/// How long a caller waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many mappers run at once, those that nobody waits for any more included.
const PLACES: usize = 4;
/// Longest result, in bytes.
const RESULT_MAX: usize = 64 * 1024;
/// Deepest recursion.
const DEPTH: usize = 200;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Why a mapper gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapperError {
    /// Its text is not Jsonnet.
    #[error("the mapper is not Jsonnet: {0}")]
    Malformed(String),
    /// It stopped with an error.
    #[error("the mapper failed: {0}")]
    Failed(String),
    /// It ran for too long.
    #[error("the mapper did not end in time")]
    TooSlow,
    /// Too many others run.
    #[error("too many mappers are running")]
    Busy,
    /// The result is too long, or not JSON.
    #[error("the mapper's result cannot be used")]
    Unusable,
}

/// A place among those that run; given back when the mapper has ended.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        let taken = RUNNING.fetch_update(Ordering::AcqRel, Ordering::Acquire, |running| {
            (running < PLACES).then_some(running + 1)
        });
        taken.is_ok().then_some(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the mapper `source` makes of `variables`, which it reads with `std.extVar`.
///
/// # Errors
/// [`MapperError`].
pub fn evaluate(source: &str, variables: &[(&str, &Value)]) -> Result<Value, MapperError> {
    evaluate_within(PATIENCE, source, variables)
}

fn evaluate_within(
    patience: Duration,
    source: &str,
    variables: &[(&str, &Value)],
) -> Result<Value, MapperError> {
    let turn = Turn::take().ok_or(MapperError::Busy)?;
    let source = source.to_owned();
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    let (tell, told) = mpsc::sync_channel(1);
    let run = move || {
        let result = run(&source, &variables);
        // Whoever is told may come again at once.
        drop(turn);
        // Nobody may be waiting any more.
        let _ = tell.send(result);
    };
    let thread = thread::Builder::new().name("mapper".to_owned()).stack_size(8 << 20).spawn(run);
    thread.map_err(|_| MapperError::Busy)?;
    let text = told.recv_timeout(patience).map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => MapperError::TooSlow,
        mpsc::RecvTimeoutError::Disconnected => MapperError::Unusable,
    })??;
    if text.len() > RESULT_MAX {
        return Err(MapperError::Unusable);
    }
    serde_json::from_str(&text).map_err(|_| MapperError::Unusable)
}

fn run(source: &str, variables: &[(String, String)]) -> Result<String, MapperError> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    program.set_max_stack(DEPTH);
    for (name, json) in variables {
        // JSON is Jsonnet.
        let value = load(&mut program, json, false)?;
        let name = program.intern_str(name);
        program.add_ext_var(name, &value);
    }
    let mapper = load(&mut program, source, true)?;
    let failed = |error: &dyn std::fmt::Debug| MapperError::Failed(format!("{error:?}"));
    let value = program.eval_value(&mapper, &mut Nothing).map_err(|error| failed(&error.kind))?;
    program.manifest_json(&value, false).map_err(|error| failed(&error.kind))
}

fn load<'p>(
    program: &mut Program<'p>,
    text: &str,
    with_library: bool,
) -> Result<Thunk<'p>, MapperError> {
    let (context, _) = program.span_manager_mut().insert_source_context(text.len());
    program
        .load_source(context, text.as_bytes(), with_library, "mapper")
        .map_err(|error| MapperError::Malformed(format!("{error:?}")))
}

/// There is nothing to import and nothing to call.
struct Nothing;

impl<'p> Callbacks<'p> for Nothing {
    fn import(
        &mut self,
        _: &mut Program<'p>,
        _: SpanId,
        _: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        Err(ImportError)
    }

    fn import_str(
        &mut self,
        _: &mut Program<'p>,
        _: SpanId,
        _: &str,
    ) -> Result<String, ImportError> {
        Err(ImportError)
    }

    fn import_bin(
        &mut self,
        _: &mut Program<'p>,
        _: SpanId,
        _: &str,
    ) -> Result<Vec<u8>, ImportError> {
        Err(ImportError)
    }

    fn trace(&mut self, _: &mut Program<'p>, _: &str, _: &[EvalStackTraceItem]) {}

    fn native_call(
        &mut self,
        _: &mut Program<'p>,
        _: InternedStr<'p>,
        _: &[Computed<'p>],
    ) -> Result<Computed<'p>, NativeError> {
        Err(NativeError)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// However busy the machine is.
    fn calmly(source: &str, variables: &[(&str, &Value)]) -> Result<Value, MapperError> {
        evaluate_within(Duration::from_mins(1), source, variables)
    }

    #[test]
    fn a_mapper_sees_what_it_is_given_and_nothing_else() {
        let session = json!({"identity": {"traits": {"email": "Ada@Example.com"}}});
        let source = "local s = std.extVar('session');
            {claims: {mail: std.asciiLower(s.identity.traits.email)}}";
        let mapped = calmly(source, &[("session", &session)]).unwrap();
        assert_eq!(mapped, json!({"claims": {"mail": "ada@example.com"}}));
        for bad in [
            "import '/etc/passwd'",
            "importstr '/etc/passwd'",
            "importbin '/etc/passwd'",
            "std.native('x')()",
            "std.extVar('other')",
            "error 'no'",
            "local f(x) = f(x + 1) + 1; f(0)",
        ] {
            assert!(matches!(calmly(bad, &[]), Err(MapperError::Failed(_))), "{bad}");
        }
        assert!(matches!(calmly("{", &[]), Err(MapperError::Malformed(_))));
        let endless = "std.repeat('x', 70000)";
        assert_eq!(calmly(endless, &[]), Err(MapperError::Unusable));
    }

    #[test]
    fn a_mapper_that_takes_too_long_is_not_waited_for() {
        let slow = "std.foldl(function(a, b) (a + b) % 7, std.range(1, 200000), 0)";
        let seen = evaluate_within(Duration::from_millis(20), slow, &[]);
        assert_eq!(seen, Err(MapperError::TooSlow));
    }
}
