//! The regular expressions of action schemas: literals, classes, groups, alternatives, repeats.
//!
//! A schema's `pattern` is all this serves, so a small matcher that goes back and tries again is
//! enough; a library would make every hook tool start later.

use std::iter::Peekable;
use std::str::Chars;

enum Node {
    Any,
    One(char),
    /// Ranges, and whether they are what must not match.
    Class(Vec<(char, char)>, bool),
    Group(Vec<Vec<Node>>),
    Repeat(Box<Node>, usize, usize),
    Start,
    End,
}

/// Whether the pattern occurs in the text; an unreadable pattern matches nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    let alternatives = group(&mut chars);
    let text: Vec<char> = text.chars().collect();
    chars.next().is_none()
        && (0..=text.len())
            .any(|at| alternatives.iter().any(|nodes| run(nodes, &text, at, &mut |_| true)))
}

fn group(chars: &mut Peekable<Chars>) -> Vec<Vec<Node>> {
    let mut alternatives = vec![Vec::new()];
    while let Some(c) = chars.next_if(|c| *c != ')') {
        if c == '|' {
            alternatives.push(Vec::new());
            continue;
        }
        let node = atom(c, chars);
        let node = repeat(node, chars);
        if let Some(last) = alternatives.last_mut() {
            last.push(node);
        }
    }
    alternatives
}

fn atom(c: char, chars: &mut Peekable<Chars>) -> Node {
    match c {
        '.' => Node::Any,
        '^' => Node::Start,
        '$' => Node::End,
        '\\' => escape(chars.next().unwrap_or('\\')),
        '[' => class(chars),
        '(' => {
            if chars.next_if_eq(&'?').is_some() {
                chars.next();
            }
            let inner = group(chars);
            chars.next();
            Node::Group(inner)
        }
        c => Node::One(c),
    }
}

fn escape(c: char) -> Node {
    let (ranges, not) = match c {
        'd' | 'D' => (vec![('0', '9')], c == 'D'),
        'w' | 'W' => (vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], c == 'W'),
        's' | 'S' => (vec![(' ', ' '), ('\t', '\r')], c == 'S'),
        'n' => return Node::One('\n'),
        't' => return Node::One('\t'),
        c => return Node::One(c),
    };
    Node::Class(ranges, not)
}

fn class(chars: &mut Peekable<Chars>) -> Node {
    let not = chars.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    while let Some(c) = chars.next() {
        if c == ']' && !ranges.is_empty() {
            break;
        }
        let from = match c {
            '\\' => match escape(chars.next().unwrap_or('\\')) {
                Node::Class(inner, _) => {
                    ranges.extend(inner);
                    continue;
                }
                Node::One(c) => c,
                _ => c,
            },
            c => c,
        };
        let mut ahead = chars.clone();
        let ranged = ahead.next() == Some('-') && ahead.next().is_some_and(|n| n != ']');
        let to = if ranged {
            chars.next();
            chars.next().unwrap_or(from)
        } else {
            from
        };
        ranges.push((from, to));
    }
    Node::Class(ranges, not)
}

fn repeat(node: Node, chars: &mut Peekable<Chars>) -> Node {
    let (least, most) = match chars.peek() {
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('?') => (0, 1),
        Some('{') => {
            let mut ahead = chars.clone();
            ahead.next();
            let inside: String = ahead.by_ref().take_while(|c| *c != '}').collect();
            let (from, to) = inside.split_once(',').unwrap_or((&inside, &inside));
            let Ok(least) = from.parse() else { return node };
            *chars = ahead;
            return Node::Repeat(Box::new(node), least, to.parse().unwrap_or(usize::MAX));
        }
        _ => return node,
    };
    chars.next();
    // Greedy or not makes no difference to whether a text matches.
    chars.next_if_eq(&'?');
    Node::Repeat(Box::new(node), least, most)
}

fn run(nodes: &[Node], text: &[char], at: usize, then: &mut dyn FnMut(usize) -> bool) -> bool {
    let Some((node, rest)) = nodes.split_first() else { return then(at) };
    match node {
        Node::Start => at == 0 && run(rest, text, at, then),
        Node::End => at == text.len() && run(rest, text, at, then),
        Node::Repeat(inner, least, most) => {
            repeated(inner, *least, *most, text, at, &mut |end| run(rest, text, end, then))
        }
        Node::Group(alternatives) => alternatives
            .iter()
            .any(|nodes| run(nodes, text, at, &mut |end| run(rest, text, end, then))),
        single => text.get(at).is_some_and(|c| fits(single, *c)) && run(rest, text, at + 1, then),
    }
}

fn fits(node: &Node, c: char) -> bool {
    match node {
        Node::Any => c != '\n',
        Node::One(wanted) => c == *wanted,
        Node::Class(ranges, not) => ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *not,
        _ => false,
    }
}

fn repeated(
    node: &Node,
    least: usize,
    most: usize,
    text: &[char],
    at: usize,
    then: &mut dyn FnMut(usize) -> bool,
) -> bool {
    let more = most > 0
        && run(std::slice::from_ref(node), text, at, &mut |end| {
            // A round that takes nothing would go on for ever.
            (end > at || least > 0)
                && repeated(node, least.saturating_sub(1), most.saturating_sub(1), text, end, then)
        });
    more || (least == 0 && then(at))
}
