//! The part of Go's template language that templates written for Kratos use: fields, conditions,
//! loops, variables, comparisons, `printf` and trimmed blanks. What they put into a page is escaped
//! for HTML. Everything else is refused when the template is read, so that an operator hears of it
//! and no mail does.
//!
//! A value that is missing is empty, where Go would write `<no value>`.

mod evaluate;
mod functions;
mod parse;
mod words;

use serde_json::Value;

/// The longest template, in bytes.
const LONGEST: usize = 256 * 1024;
/// The longest result, in bytes.
const LONGEST_RESULT: usize = 1024 * 1024;
/// How often something may be looked at while one is filled in; a loop within loops ends here.
const MOST_STEPS: u32 = 100_000;
/// How deep conditions, loops and parentheses may stand in each other.
const DEEPEST: usize = 40;

/// What is wrong with a template, as the end of a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct TemplateError {
    /// The line of the template; 0 when it is about all of it.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl TemplateError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct GoTemplate {
    nodes: Vec<parse::Node>,
}

impl GoTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.len() > LONGEST {
            return Err(TemplateError::new(0, "it is longer than 256 KiB"));
        }
        Ok(Self { nodes: parse::nodes(text)? })
    }

    /// Fills it in as HTML.
    ///
    /// # Errors
    /// When values do not fit what is done with them, or it takes too long.
    pub fn html(&self, data: &Value) -> Result<String, TemplateError> {
        evaluate::run(&self.nodes, data)
    }
}

#[cfg(test)]
mod tests;
