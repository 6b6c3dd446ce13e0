//! Which three characters are rare in what people can be found by. The search index has a list of people
//! for each three that follow one another. To find a whole word it goes through the lists of all of them, and
//! those of `com` or of a family name are long; two or three short ones, and a look at the few people in all
//! of them, tell the same in a quarter of the time and less.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{identities, statements};
use crate::args;
use crate::store::{Dialect, StoreError, Tx};

statements! {
    NEXT = "SELECT search_text FROM identities WHERE n > $1 ORDER BY n LIMIT 1";
}

/// How many people are looked at, each with a look of its own.
const LOOKS: u32 = 1000;
/// How many there must be for anything to be said.
const FEWEST: u32 = 500;
/// How many people may be left by what the lists tell; each of them is looked at.
const LEFT: f64 = 10.0;
/// How long what was seen holds good: names do not change quickly.
const FRESH: Duration = Duration::from_mins(10);

/// Characters that follow one another.
type Three = [u8; 3];

/// What was seen in some people's words. It decides how something is looked for, never what is found.
#[derive(Debug)]
pub struct Rarity {
    /// Of about how many people.
    of: u32,
    looked_at: u32,
    with: HashMap<Three, u32>,
}

impl Rarity {
    fn of(people: u32) -> Self {
        Self { of: people, looked_at: 0, with: HashMap::new() }
    }

    /// Looks at people from all over the table; nothing where there are too few, or no such index.
    fn seen(tx: &Tx<'_>) -> Result<Option<Self>, StoreError> {
        if tx.dialect() != Dialect::Sqlite {
            return Ok(None);
        }
        let mut seen = Self::of(u32::try_from(identities::newest(tx)?).unwrap_or(u32::MAX));
        for turn in 0..LOOKS.min(seen.of) {
            tx.rows(NEXT, args![place(turn, seen.of)], |row| {
                seen.add(row.text(0)?);
                Ok(())
            })?;
        }
        Ok(Some(seen).filter(|seen| seen.looked_at >= FEWEST))
    }

    fn add(&mut self, text: &str) {
        self.looked_at += 1;
        for three in threes(text) {
            *self.with.entry(three).or_default() += 1;
        }
    }

    /// The rarest parts of a word, each of three characters, that leave few people; nothing where they leave
    /// many, as in a short word, or one whose parts many have. Only parts without a character in common,
    /// since one that begins within another tells little more. Only for ASCII, where the index and a
    /// comparison agree on which letters are the same.
    pub(super) fn rarest(&self, word: &str) -> Option<Vec<String>> {
        if !word.is_ascii() {
            return None;
        }
        let threes = word.as_bytes().array_windows::<3>().enumerate();
        let mut parts: Vec<(u32, usize, Three)> = threes
            .map(|(at, three)| (self.with.get(three).copied().unwrap_or_default(), at, *three))
            .collect();
        parts.sort_unstable();
        let mut left = f64::from(self.of);
        let mut rarest: Vec<(usize, Three)> = Vec::new();
        for (seen, at, three) in parts {
            if left <= LEFT {
                break;
            }
            let apart = |(other, same): &(usize, Three)| at.abs_diff(*other) >= 3 && three != *same;
            if rarest.iter().all(apart) {
                left *= self.share(seen);
                rarest.push((at, three));
            }
        }
        let text = |(_, three): (usize, Three)| three.map(char::from).iter().collect();
        (left <= LEFT).then(|| rarest.into_iter().map(text).collect())
    }

    /// What part of all people has what so many of those looked at had; what was not seen at all is taken
    /// for half of what would have been seen once.
    fn share(&self, seen: u32) -> f64 {
        f64::from(seen).max(0.5) / f64::from(self.looked_at)
    }
}

/// A place among `of` for each turn, far from all others and in no step that repeats: neighbours often came
/// together, sorted by name or numbered one after the other. (Multiples of the golden ratio: Knuth, The Art
/// of Computer Programming, volume 3, section 6.4.)
fn place(turn: u32, of: u32) -> i64 {
    let part = turn.wrapping_mul(0x9e37_79b9);
    i64::from(of).saturating_mul(i64::from(part)) >> 32
}

fn threes(text: &str) -> BTreeSet<Three> {
    text.as_bytes().array_windows::<3>().copied().collect()
}

/// The last look, until it is too old; for a service, which searches often enough.
#[derive(Debug, Default)]
pub struct LastLook(Mutex<Option<Look>>);

/// When it was, and what was seen.
type Look = (Instant, Option<Arc<Rarity>>);

impl LastLook {
    /// What is known. Whoever comes first after a while looks again, which takes some milliseconds, or a second
    /// where the disk is slow; meanwhile the others go by what was known before.
    ///
    /// # Errors
    /// A failure of the store.
    pub fn rarity(&self, tx: &Tx<'_>) -> Result<Option<Arc<Rarity>>, StoreError> {
        {
            let mut last = self.last();
            let before = match &*last {
                Some((at, known)) if at.elapsed() < FRESH => return Ok(known.clone()),
                older => older.as_ref().and_then(|(_, known)| known.clone()),
            };
            *last = Some((Instant::now(), before));
        }
        let known = Rarity::seen(tx)?.map(Arc::new);
        *self.last() = Some((Instant::now(), known.clone()));
        Ok(known)
    }

    fn last(&self) -> MutexGuard<'_, Option<Look>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(of: u32) -> Rarity {
        let mut seen = Rarity::of(of);
        for n in 0..1000 {
            let m = n * 7 % 1000;
            seen.add(&format!("p{n:03x}.hopper{m:03x}@example.com\ngrace hopper\n"));
        }
        seen
    }

    #[test]
    fn a_word_is_looked_for_by_as_many_of_its_rarest_parts_as_leave_few_people() {
        let word = "p3e7.hopper3e1@example";
        assert_eq!(seen(2_000).rarest(word).unwrap(), ["3e7"]);
        assert_eq!(seen(1_000_000).rarest(word).unwrap(), ["3e7", "3e1"]);
        assert_eq!(seen(1_000_000_000).rarest(word), None);
        assert_eq!(seen(10_000).rarest("example.org").unwrap(), ["e.o"]);
        assert_eq!(seen(1_000_000).rarest("example.org"), None);
    }

    #[test]
    fn places_to_look_at_are_all_over_the_table_and_apart() {
        let mut places: Vec<i64> = (0..LOOKS).map(|turn| place(turn, 10_000_000)).collect();
        places.sort_unstable();
        let apart = places.windows(2).map(|two| two[1] - two[0]);
        assert!(apart.clone().min() > Some(3_000) && apart.max() < Some(30_000));
        assert!(places[0] < 30_000 && places[LOOKS as usize - 1] > 9_970_000);
    }

    #[test]
    fn a_word_that_many_have_a_short_one_and_one_that_is_not_ascii_are_looked_for_as_they_are() {
        for word in ["hopper@example", "xy", "xyzab", "zzzzzzzzzz", "grüße.xyz"] {
            assert_eq!(seen(1_000_000).rarest(word), None, "{word}");
        }
    }
}
