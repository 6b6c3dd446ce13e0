//! What stands between `{{` and `}}`, in words.

use super::TemplateError;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// `.Name.and.more`; empty for the dot itself.
    Field(Vec<String>),
    /// `$name.and.more`; the name is empty for `$` itself.
    Variable(String, Vec<String>),
    /// `if`, `printf`, `true`, ...
    Name(String),
    /// Text in quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// `(`
    Open,
    /// `)`, with the fields that follow it.
    Close(Vec<String>),
    /// `|`
    Pipe,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// `,`
    Comma,
}

/// Splits the inside of an action into words.
pub fn split(inside: &str, line: usize) -> Result<Vec<Word>, TemplateError> {
    let mut reader = Reader { rest: inside, line };
    let mut words = Vec::new();
    while let Some(word) = reader.next()? {
        words.push(word);
    }
    Ok(words)
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

impl Reader<'_> {
    fn wrong<T>(&self, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::new(self.line, message))
    }

    fn next(&mut self) -> Result<Option<Word>, TemplateError> {
        let trimmed = self.rest.trim_start();
        self.line += count_lines(self.rest) - count_lines(trimmed);
        self.rest = trimmed;
        let Some(first) = trimmed.chars().next() else { return Ok(None) };
        for (mark, word) in [(":=", Word::Declare), ("=", Word::Assign), ("(", Word::Open)] {
            if self.take(mark) {
                return Ok(Some(word));
            }
        }
        for (mark, word) in [("|", Word::Pipe), (",", Word::Comma)] {
            if self.take(mark) {
                return Ok(Some(word));
            }
        }
        Ok(Some(match first {
            ')' => {
                self.take(")");
                Word::Close(self.fields())
            }
            '.' => {
                let fields = self.fields();
                if fields.is_empty() {
                    self.take(".");
                }
                Word::Field(fields)
            }
            '$' => {
                self.take("$");
                let name = self.name();
                Word::Variable(name, self.fields())
            }
            '"' => self.quoted()?,
            '`' => self.raw()?,
            c if c.is_ascii_digit() || c == '-' || c == '+' => self.number()?,
            c if c.is_alphabetic() || c == '_' => Word::Name(self.name()),
            c => return self.wrong(format!("{c:?} is not understood")),
        }))
    }

    fn take(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        name.to_owned()
    }

    /// `.a.b`, as far as it goes.
    fn fields(&mut self) -> Vec<String> {
        let mut fields = Vec::new();
        while let Some(rest) = self.rest.strip_prefix('.') {
            if !rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                break;
            }
            self.rest = rest;
            fields.push(self.name());
        }
        fields
    }

    fn number(&mut self) -> Result<Word, TemplateError> {
        let end = self.rest.find(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c)));
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match text.parse() {
            Ok(number) => Ok(Word::Number(number)),
            Err(_) => self.wrong(format!("'{text}' is not a number")),
        }
    }

    fn raw(&mut self) -> Result<Word, TemplateError> {
        self.take("`");
        let Some((text, rest)) = self.rest.split_once('`') else {
            return self.wrong("a text in backquotes does not end");
        };
        self.rest = rest;
        Ok(Word::Text(text.to_owned()))
    }

    fn quoted(&mut self) -> Result<Word, TemplateError> {
        self.take("\"");
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(place + 1..).unwrap_or_default();
                    return Ok(Word::Text(text));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, c @ ('"' | '\\'))) => text.push(c),
                    _ => return self.wrong("a text in quotes has an escape that is not known"),
                },
                '\n' => break,
                c => text.push(c),
            }
        }
        self.wrong("a text in quotes does not end")
    }
}

/// How many lines end in it.
pub fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}
