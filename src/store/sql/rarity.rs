//! Which three characters are rare in what people can be found by. The search index has a list of people
//! for each three that follow one another. To find a whole word it goes through the lists of all of them, and
//! those of `com` or of a family name are long; the three shortest, and a look at the few people in all of
//! them, tell the same in a quarter of the time and less.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{identities, statements};
use crate::args;
use crate::store::{Dialect, StoreError, Tx};

statements! {
    SOME = "SELECT search_text FROM identities WHERE n > $1 ORDER BY n LIMIT $2";
}

/// In how many places of the table people are looked at, and at how many in each.
const PLACES: i64 = 50;
const EACH: i64 = 20;
/// How many it must be for anything to be said.
const FEWEST: u32 = 500;
/// What at most one in so many has is rare.
const RARE: u32 = 500;
/// How many lists are asked for.
const LISTS: usize = 3;
/// How long what was seen holds good: names do not change quickly.
const FRESH: Duration = Duration::from_mins(10);

/// Characters that follow one another.
type Three = [u8; 3];

/// What was seen in some people's words. It decides how something is looked for, never what is found.
#[derive(Debug)]
pub struct Rarity {
    people: u32,
    with: HashMap<Three, u32>,
}

impl Rarity {
    /// Looks at people from all over the table; nothing where there are too few, or no such index.
    fn seen(tx: &Tx<'_>) -> Result<Option<Self>, StoreError> {
        if tx.dialect() != Dialect::Sqlite {
            return Ok(None);
        }
        // Nobody is looked at twice.
        let step = (identities::newest(tx)? / PLACES).max(EACH);
        let mut seen = Self { people: 0, with: HashMap::new() };
        for place in 0..PLACES {
            tx.rows(SOME, args![step * place, EACH], |row| {
                seen.add(row.text(0)?);
                Ok(())
            })?;
        }
        Ok(Some(seen).filter(|seen| seen.people >= FEWEST))
    }

    fn add(&mut self, text: &str) {
        self.people += 1;
        for three in threes(text) {
            *self.with.entry(three).or_default() += 1;
        }
    }

    /// The rarest parts of a word, each of three characters; nothing where none is rare, or where the word
    /// has hardly more of them. Only for ASCII, where the index and a comparison agree on which letters
    /// are the same.
    pub(super) fn rarest(&self, word: &str) -> Option<Vec<String>> {
        let mut parts: Vec<(u32, Three)> = threes(word)
            .into_iter()
            .map(|three| (self.with.get(&three).copied().unwrap_or_default(), three))
            .collect();
        parts.sort_unstable();
        let (fewest, _) = parts.first()?;
        if !word.is_ascii() || parts.len() <= LISTS || fewest.saturating_mul(RARE) > self.people {
            return None;
        }
        let parts = parts.into_iter().take(LISTS);
        Some(parts.map(|(_, three)| three.map(char::from).iter().collect()).collect())
    }
}

fn threes(text: &str) -> BTreeSet<Three> {
    text.as_bytes().array_windows::<3>().copied().collect()
}

/// The last look, until it is too old; for a service, which searches often enough.
#[derive(Debug, Default)]
pub struct LastLook(Mutex<Option<(Instant, Option<Arc<Rarity>>)>>);

impl LastLook {
    /// What is known. Whoever comes first after a while looks again, which takes a few milliseconds.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn rarity(&self, tx: &Tx<'_>) -> Result<Option<Arc<Rarity>>, StoreError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, known)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(known.clone());
        }
        let known = Rarity::seen(tx)?.map(Arc::new);
        *last = Some((Instant::now(), known.clone()));
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Rarity {
        let mut seen = Rarity { people: 0, with: HashMap::new() };
        for n in 0..1000 {
            seen.add(&format!("p{n:03x}.hopper@example.com\ngrace hopper\n"));
        }
        seen
    }

    #[test]
    fn a_word_is_looked_for_by_the_parts_that_few_have() {
        let found = seen().rarest("p3e7.hopper@example").unwrap();
        assert_eq!(found.len(), 3);
        for part in &found {
            assert!("p3e7.".contains(part.as_str()), "{found:?}");
        }
        let unseen = seen().rarest("example.org").unwrap();
        assert!(unseen.iter().all(|part| "le.org".contains(part.as_str())), "{unseen:?}");
    }

    #[test]
    fn a_word_that_many_have_a_short_one_and_one_that_is_not_ascii_are_looked_for_as_they_are() {
        for word in ["hopper@example", "xyz", "xyzab", "zzzzzzzzzz", "grüße.xyz"] {
            assert_eq!(seen().rarest(word), None, "{word}");
        }
    }
}
