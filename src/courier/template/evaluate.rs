//! Filling a template in.

use std::fmt::Write as _;

use minijinja::HtmlEscape;
use serde_json::Value;

use super::functions::{self, text, truth};
use super::parse::{Command, Node, Operand, Pipe};
use super::{LONGEST_RESULT, MOST_STEPS, TemplateError};

type Result<T> = std::result::Result<T, TemplateError>;

/// Fills `nodes` in with `data`.
pub fn run(nodes: &[Node], data: &Value) -> Result<String> {
    let mut run = Run { root: data, variables: Vec::new(), steps: 0, page: String::new() };
    run.block(nodes, data)?;
    Ok(run.page)
}

struct Run<'d> {
    root: &'d Value,
    variables: Vec<(String, Value)>,
    steps: u32,
    page: String,
}

impl Run<'_> {
    /// Counts what is done, so that everything comes to an end.
    fn step(&mut self, line: usize) -> Result<()> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.page.len() > LONGEST_RESULT {
            return Err(TemplateError::new(line, "it does not come to an end"));
        }
        Ok(())
    }

    /// Variables that are declared in a block end with it.
    fn block(&mut self, nodes: &[Node], dot: &Value) -> Result<()> {
        let known = self.variables.len();
        for node in nodes {
            self.node(node, dot)?;
        }
        self.variables.truncate(known);
        Ok(())
    }

    /// A block with a variable of its own.
    fn block_with(&mut self, set: Vec<(String, Value)>, nodes: &[Node], dot: &Value) -> Result<()> {
        let known = self.variables.len();
        self.variables.extend(set);
        self.block(nodes, dot)?;
        self.variables.truncate(known);
        Ok(())
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<()> {
        self.step(0)?;
        match node {
            Node::Text(text) => self.page.push_str(text),
            Node::Put(pipe) => {
                let value = text(&self.pipe(pipe, dot)?);
                // Writing into a String cannot fail.
                let _ = write!(self.page, "{}", HtmlEscape(&value));
            }
            Node::Set { name, declare, pipe } => {
                let value = self.pipe(pipe, dot)?;
                let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
                match known {
                    Some((_, kept)) if !declare => *kept = value,
                    None if !declare => {
                        let message = format!("there is no variable '${name}'");
                        return Err(TemplateError::new(pipe.line, message));
                    }
                    _ => self.variables.push((name.clone(), value)),
                }
            }
            Node::If { arms, otherwise } => {
                for (condition, body) in arms {
                    if truth(&self.pipe(condition, dot)?) {
                        return self.block(body, dot);
                    }
                }
                self.block(otherwise, dot)?;
            }
            Node::With { name, pipe, body, otherwise } => {
                let value = self.pipe(pipe, dot)?;
                if !truth(&value) {
                    return self.block(otherwise, dot);
                }
                let set = name.iter().map(|name| (name.clone(), value.clone())).collect();
                self.block_with(set, body, &value)?;
            }
            Node::Range { names, pipe, body, otherwise } => {
                let value = self.pipe(pipe, dot)?;
                if !truth(&value) {
                    return self.block(otherwise, dot);
                }
                for (key, value) in elements(value, pipe.line)? {
                    self.step(pipe.line)?;
                    let set = match names.as_slice() {
                        [] => Vec::new(),
                        [one] => vec![(one.clone(), value.clone())],
                        [first, second, ..] => {
                            vec![(first.clone(), key), (second.clone(), value.clone())]
                        }
                    };
                    self.block_with(set, body, &value)?;
                }
            }
        }
        Ok(())
    }

    fn pipe(&mut self, pipe: &Pipe, dot: &Value) -> Result<Value> {
        let mut last: Option<Value> = None;
        for command in &pipe.commands {
            self.step(pipe.line)?;
            let value = match command {
                Command::Value(operand) => self.operand(operand, dot)?,
                Command::Call(name, operands) => {
                    let mut args = Vec::with_capacity(operands.len() + 1);
                    for operand in operands {
                        args.push(self.operand(operand, dot)?);
                    }
                    args.extend(last.take());
                    functions::call(name, &args)
                        .map_err(|message| TemplateError::new(pipe.line, message))?
                }
            };
            last = Some(value);
        }
        Ok(last.unwrap_or_default())
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value> {
        Ok(match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Field(fields) => walk(dot, fields),
            Operand::Variable(name, fields) if name.is_empty() => walk(self.root, fields),
            Operand::Variable(name, fields) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.map(|(_, value)| walk(value, fields)).unwrap_or_default()
            }
            Operand::Inner(pipe, fields) => walk(&self.pipe(pipe, dot)?, fields),
        })
    }
}

fn walk(value: &Value, fields: &[String]) -> Value {
    let mut here = value;
    for field in fields {
        match here.get(field) {
            Some(next) => here = next,
            None => return Value::Null,
        }
    }
    here.clone()
}

/// What a loop goes through, each with its place or key.
fn elements(value: Value, line: usize) -> Result<Vec<(Value, Value)>> {
    match value {
        Value::Array(all) => {
            Ok(all.into_iter().enumerate().map(|(place, value)| (place.into(), value)).collect())
        }
        Value::Object(all) => {
            let mut all: Vec<(String, Value)> = all.into_iter().collect();
            all.sort_by(|one, other| one.0.cmp(&other.0));
            Ok(all.into_iter().map(|(key, value)| (key.into(), value)).collect())
        }
        _ => Err(TemplateError::new(line, "'range' needs a list or a map")),
    }
}
