//! Just enough of Rust's lexical rules to tell code from comments, strings and test modules.

/// One piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name or keyword.
    Word(String),
    /// The text between the quotes of a string literal.
    Text(String),
    /// Any other character; `::` is one token, `':'` stands for it.
    Mark(char),
}

impl Token {
    /// Whether this is the name `word`.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(found) if found == word)
    }
}

/// The tokens of `source`, without comments and without modules that only tests compile.
pub fn tokens(source: &str) -> Vec<Token> {
    without_tests(&all_tokens(source))
}

/// Names of modules that `source` declares for tests only, in files of their own.
pub fn test_modules(source: &str) -> Vec<String> {
    let all = all_tokens(source);
    (0..all.len())
        .filter(|&at| starts_test_module(&all, at))
        .filter_map(|at| match (&all[at + 8], all.get(at + 9)) {
            (Token::Word(name), Some(Token::Mark(';'))) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

fn all_tokens(source: &str) -> Vec<Token> {
    let mut rest = source;
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some((text, length)) = string(rest) {
            found.push(Token::Text(text.to_owned()));
            length
        } else if first == '\'' {
            quote(rest)
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(Token::Word(rest[..end].to_owned()));
            end
        } else if rest.starts_with("::") {
            found.push(Token::Mark(':'));
            2
        } else {
            if !first.is_whitespace() && first != ':' {
                found.push(Token::Mark(first));
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The content and the whole length of the string literal that `rest` starts with.
fn string(rest: &str) -> Option<(&str, usize)> {
    let prefix = ["br", "b", "cr", "c", "r", ""].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| {
            after.starts_with('"') || (prefix.ends_with('r') && after.starts_with('#'))
        })
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let start = prefix.len() + hashes + 1;
    if prefix.ends_with('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        let end = body.find(&close)?;
        return Some((&body[..end], start + end + close.len()));
    }
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((&body[..at], start + at + 1)),
            _ => {}
        }
    }
    None
}

/// The length of the character literal, or of the mark of a lifetime, that `rest` starts with.
fn quote(rest: &str) -> usize {
    let body = &rest[1..];
    if let Some(escape) = body.strip_prefix('\\') {
        return escape.char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 3);
    }
    match body.char_indices().nth(1) {
        Some((at, '\'')) => at + 2,
        _ => 1,
    }
}

/// Whether `#[cfg(test)] mod` starts at `at`.
fn starts_test_module(all: &[Token], at: usize) -> bool {
    let head = [
        Token::Mark('#'),
        Token::Mark('['),
        Token::Word("cfg".into()),
        Token::Mark('('),
        Token::Word("test".into()),
        Token::Mark(')'),
        Token::Mark(']'),
        Token::Word("mod".into()),
    ];
    all.len() > at + head.len() + 1 && all[at..].starts_with(&head)
}

fn without_tests(all: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < all.len() {
        if starts_test_module(all, at) && all[at + 9] == Token::Mark('{') {
            at = closing_brace(all, at + 9) + 1;
        } else {
            kept.push(all[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the brace that opens at `open` closes.
pub fn closing_brace(all: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in all.iter().enumerate().skip(open) {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    all.len()
}

#[test]
fn comments_strings_and_test_modules_are_not_code() {
    let source = r##"
        // use crate::store;
        /* crate::http */
        const A: &str = "crate::crypto \" DELETE";
        const B: &str = r#"x "quoted" y"#;
        fn f<'a>(c: char, s: &'a str) -> bool { c == '"' || c == '\'' || crate::domain::g(s) }
        #[cfg(test)]
        mod tests { use crate::audit; mod inner { } }
        #[cfg(test)]
        mod kit;
        mod after;
    "##;
    let found = tokens(source);
    for absent in ["store", "http", "crypto", "audit"] {
        assert!(!found.iter().any(|token| token.is(absent)), "{absent} in {found:?}");
    }
    for present in ["domain", "kit", "after"] {
        assert!(found.iter().any(|token| token.is(present)), "{present} not in {found:?}");
    }
    assert!(found.contains(&Token::Text(r#"x "quoted" y"#.to_owned())));
    assert_eq!(test_modules(source), ["kit"]);
}
