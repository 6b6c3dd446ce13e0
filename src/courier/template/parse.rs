//! From text to what a template does.

use super::functions;
use super::words::{Word, count_lines, split};
use super::{DEEPEST, TemplateError};

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Node {
    /// As it stands.
    Text(String),
    /// A value.
    Put(Pipe),
    /// `$name := pipe` and `$name = pipe`.
    Set { name: String, declare: bool, pipe: Pipe },
    /// The first that holds.
    If { arms: Vec<(Pipe, Vec<Node>)>, otherwise: Vec<Node> },
    /// The dot becomes the value, when there is one.
    With { name: Option<String>, pipe: Pipe, body: Vec<Node>, otherwise: Vec<Node> },
    /// Each element in turn.
    Range { names: Vec<String>, pipe: Pipe, body: Vec<Node>, otherwise: Vec<Node> },
}

/// Commands, each of which gets what the one before gave.
#[derive(Clone, Debug)]
pub struct Pipe {
    pub line: usize,
    pub commands: Vec<Command>,
}

/// A function with its arguments, or a value.
#[derive(Clone, Debug)]
pub enum Command {
    Call(&'static str, Vec<Operand>),
    Value(Operand),
}

/// A value.
#[derive(Clone, Debug)]
pub enum Operand {
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Literal(serde_json::Value),
    Inner(Pipe, Vec<String>),
}

type Result<T> = std::result::Result<T, TemplateError>;

/// A template's text and actions, in order.
struct Piece {
    line: usize,
    kind: PieceKind,
}

enum PieceKind {
    Text(String),
    Action(Vec<Word>),
}

/// Reads a whole template.
pub fn nodes(text: &str) -> Result<Vec<Node>> {
    let mut parser = Parser { pieces: pieces(text)?.into_iter(), depth: 0 };
    let (nodes, end) = parser.block()?;
    match end {
        None => Ok(nodes),
        Some((line, words)) => {
            let what = words.first().and_then(name_of).cloned().unwrap_or_default();
            Err(TemplateError::new(line, format!("'{what}' belongs to nothing")))
        }
    }
}

/// Cuts a template at its `{{` and `}}`, and trims where those say so.
fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let (mut rest, mut line, mut trim) = (text, 1, false);
    loop {
        let (before, after) = match rest.split_once("{{") {
            Some((before, after)) => (before, Some(after)),
            None => (rest, None),
        };
        let lines = count_lines(before);
        let mut shown = if trim { before.trim_start() } else { before };
        let Some(mut inside) = after else {
            pieces.push(Piece { line, kind: PieceKind::Text(shown.to_owned()) });
            return Ok(pieces);
        };
        if let Some(trimmed) =
            inside.strip_prefix('-').filter(|s| s.starts_with(char::is_whitespace))
        {
            shown = shown.trim_end();
            inside = trimmed;
        }
        if !shown.is_empty() {
            pieces.push(Piece { line, kind: PieceKind::Text(shown.to_owned()) });
        }
        line += lines;
        let opened = inside.trim_start();
        let comment = opened.starts_with("/*");
        let end = if comment {
            opened.find("*/").map(|at| at + inside.len() - opened.len() + 2)
        } else {
            Some(0)
        };
        let close = end.and_then(|from| action_end(inside, from, comment));
        let Some(close) = close else {
            return Err(TemplateError::new(line, "'{{' without '}}'"));
        };
        let (action, after) = inside.split_at(close);
        let (action, trims) = match action.strip_suffix('-') {
            Some(cut) if cut.ends_with(char::is_whitespace) => (cut, true),
            _ => (action, false),
        };
        trim = trims;
        if !comment {
            let words = split(action, line)?;
            if words.is_empty() {
                return Err(TemplateError::new(line, "'{{}}' says nothing"));
            }
            pieces.push(Piece { line, kind: PieceKind::Action(words) });
        }
        line += count_lines(action);
        rest = after.get(2..).unwrap_or_default();
    }
}

/// Where the `}}` of an action is; one in quotes does not count.
fn action_end(inside: &str, from: usize, comment: bool) -> Option<usize> {
    if comment {
        let tail = inside.get(from..)?;
        let blank = tail.trim_start_matches(|c: char| c.is_whitespace() || c == '-');
        return blank.starts_with("}}").then(|| inside.len() - blank.len());
    }
    let (mut quote, mut escaped, mut last) = (None, false, ' ');
    for (place, c) in inside.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(mark) if c == mark => quote = None,
            None if c == '"' || c == '`' => quote = Some(c),
            None if c == '}' && last == '}' => return Some(place - 1),
            Some(_) | None => {}
        }
        last = if quote.is_none() { c } else { ' ' };
    }
    None
}

const fn name_of(word: &Word) -> Option<&String> {
    match word {
        Word::Name(name) => Some(name),
        _ => None,
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    depth: usize,
}

/// What ended a block: `else ...` or `end`, with its line.
type Ended = (usize, Vec<Word>);
type End = Option<Ended>;

impl Parser {
    /// Nodes up to an `else`, an `end` or the end of the template.
    fn block(&mut self) -> Result<(Vec<Node>, End)> {
        self.depth += 1;
        let mut nodes = Vec::new();
        while let Some(Piece { line, kind }) = self.pieces.next() {
            if self.depth > DEEPEST {
                return Err(TemplateError::new(line, "it is nested too deeply"));
            }
            let words = match kind {
                PieceKind::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                PieceKind::Action(words) => words,
            };
            let name = words.first().and_then(name_of).cloned().unwrap_or_default();
            match name.as_str() {
                "end" | "else" => {
                    self.depth -= 1;
                    return Ok((nodes, Some((line, words))));
                }
                "if" => nodes.push(self.branch(line, words)?),
                "with" => nodes.push(self.with(line, words)?),
                "range" => nodes.push(self.range(line, words)?),
                "define" | "template" | "block" | "break" | "continue" => {
                    let message = format!("'{name}' is not supported");
                    return Err(TemplateError::new(line, message));
                }
                _ => nodes.push(plain(line, words)?),
            }
        }
        self.depth -= 1;
        Ok((nodes, None))
    }

    /// A block that must be ended; an `else` that is followed by something comes back with it.
    fn body(&mut self, line: usize) -> Result<(Vec<Node>, Ended)> {
        match self.block()? {
            (nodes, Some(end)) => Ok((nodes, end)),
            (_, None) => Err(TemplateError::new(line, "there is no 'end' for this")),
        }
    }

    /// What stands between a plain `else` and its `end`.
    fn otherwise(&mut self, end: Ended) -> Result<Vec<Node>> {
        let (line, words) = end;
        match words.as_slice() {
            [Word::Name(name)] if name == "end" => Ok(Vec::new()),
            [Word::Name(name)] if name == "else" => {
                let (nodes, (line, words)) = self.body(line)?;
                match words.as_slice() {
                    [Word::Name(name)] if name == "end" => Ok(nodes),
                    _ => Err(TemplateError::new(line, "expected 'end'")),
                }
            }
            _ => Err(TemplateError::new(line, "expected 'else' or 'end'")),
        }
    }

    fn branch(&mut self, line: usize, mut words: Vec<Word>) -> Result<Node> {
        words.remove(0);
        let mut arms = Vec::new();
        let mut condition = pipe(line, words)?;
        loop {
            let (body, (line, mut words)) = self.body(line)?;
            arms.push((condition, body));
            let more = matches!(words.as_slice(),
                [Word::Name(one), Word::Name(two), ..] if one == "else" && two == "if");
            if !more {
                let otherwise = self.otherwise((line, words))?;
                return Ok(Node::If { arms, otherwise });
            }
            words.drain(..2);
            condition = pipe(line, words)?;
        }
    }

    fn with(&mut self, line: usize, mut words: Vec<Word>) -> Result<Node> {
        words.remove(0);
        let (mut names, pipe) = declared(line, words, 1)?;
        let (body, end) = self.body(line)?;
        let otherwise = self.otherwise(end)?;
        Ok(Node::With { name: names.pop(), pipe, body, otherwise })
    }

    fn range(&mut self, line: usize, mut words: Vec<Word>) -> Result<Node> {
        words.remove(0);
        let (names, pipe) = declared(line, words, 2)?;
        let (body, end) = self.body(line)?;
        let otherwise = self.otherwise(end)?;
        Ok(Node::Range { names, pipe, body, otherwise })
    }
}

/// `$a, $b := pipe`, with at most so many variables, or just a pipe.
fn declared(line: usize, words: Vec<Word>, most: usize) -> Result<(Vec<String>, Pipe)> {
    let Some(place) = words.iter().position(|word| *word == Word::Declare) else {
        return Ok((Vec::new(), pipe(line, words)?));
    };
    let mut names = Vec::new();
    let mut words = words.into_iter();
    for word in words.by_ref().take(place + 1) {
        match word {
            Word::Variable(name, fields) if !name.is_empty() && fields.is_empty() => {
                names.push(name);
            }
            Word::Comma | Word::Declare => {}
            _ => return Err(TemplateError::new(line, "expected a variable before ':='")),
        }
    }
    if names.is_empty() || names.len() > most {
        return Err(TemplateError::new(line, "the variables before ':=' do not fit"));
    }
    Ok((names, pipe(line, words.collect())?))
}

/// An action that opens nothing.
fn plain(line: usize, words: Vec<Word>) -> Result<Node> {
    let set = match words.as_slice() {
        [Word::Variable(name, fields), mark @ (Word::Declare | Word::Assign), ..]
            if !name.is_empty() && fields.is_empty() =>
        {
            Some((name.clone(), *mark == Word::Declare))
        }
        _ => None,
    };
    match set {
        Some((name, declare)) => {
            let pipe = pipe(line, words.into_iter().skip(2).collect())?;
            Ok(Node::Set { name, declare, pipe })
        }
        None => Ok(Node::Put(pipe(line, words)?)),
    }
}

fn pipe(line: usize, words: Vec<Word>) -> Result<Pipe> {
    let mut words = words.into_iter().peekable();
    let (pipe, close) = commands(line, &mut words, 0)?;
    if close.is_some() {
        return Err(TemplateError::new(line, "')' without '('"));
    }
    Ok(pipe)
}

type Words = std::iter::Peekable<std::vec::IntoIter<Word>>;

/// Commands up to the end or a closing parenthesis, whose fields come back with them.
fn commands(line: usize, words: &mut Words, depth: usize) -> Result<(Pipe, Option<Vec<String>>)> {
    if depth > DEEPEST {
        return Err(TemplateError::new(line, "it is nested too deeply"));
    }
    let mut all = Vec::new();
    loop {
        let (command, end) = command(line, words, depth, all.is_empty())?;
        all.push(command);
        match end {
            Some(Word::Pipe) => {}
            Some(Word::Close(fields)) => return Ok((Pipe { line, commands: all }, Some(fields))),
            _ => return Ok((Pipe { line, commands: all }, None)),
        }
    }
}

/// One command, and the word that ended it.
fn command(
    line: usize,
    words: &mut Words,
    depth: usize,
    first: bool,
) -> Result<(Command, Option<Word>)> {
    let mut function = None;
    let mut operands = Vec::new();
    let end = loop {
        let Some(word) = words.next() else { break None };
        let begins = function.is_none() && operands.is_empty();
        operands.push(match word {
            Word::Pipe | Word::Close(_) => break Some(word),
            Word::Field(fields) => Operand::Field(fields),
            Word::Variable(name, fields) => Operand::Variable(name, fields),
            Word::Text(text) => Operand::Literal(text.into()),
            Word::Number(number) => Operand::Literal(functions::number(number)),
            Word::Open => match commands(line, words, depth + 1)? {
                (pipe, Some(fields)) => Operand::Inner(pipe, fields),
                (_, None) => return Err(TemplateError::new(line, "'(' without ')'")),
            },
            Word::Name(name) => match name.as_str() {
                "true" => Operand::Literal(true.into()),
                "false" => Operand::Literal(false.into()),
                "nil" => Operand::Literal(serde_json::Value::Null),
                name => match functions::find(name) {
                    Some(known) if begins => {
                        function = Some(known);
                        continue;
                    }
                    // A function among arguments stands for what it gives without any.
                    Some(known) => {
                        let commands = vec![Command::Call(known, Vec::new())];
                        Operand::Inner(Pipe { line, commands }, Vec::new())
                    }
                    None => {
                        let message = format!("there is no function '{name}'");
                        return Err(TemplateError::new(line, message));
                    }
                },
            },
            Word::Declare | Word::Assign | Word::Comma => {
                return Err(TemplateError::new(line, "':=', '=' or ',' in the wrong place"));
            }
        });
    };
    match (function, operands.len()) {
        (Some(name), _) => Ok((Command::Call(name, operands), end)),
        (None, 1) if first => {
            let operand = operands.remove(0);
            Ok((Command::Value(operand), end))
        }
        (None, 0) => Err(TemplateError::new(line, "something is missing")),
        (None, _) => Err(TemplateError::new(line, "a value cannot be called as a function")),
    }
}
