//! Which three characters are rare in what people can be found by. The search index has a list of people
//! for each three that follow one another. To find a whole word it goes through the lists of all of them, and
//! those of `com` or of a family name are long; two or three short ones, and a look at the few people in all
//! of them, tell the same in a quarter of the time and less. And where nearly all who have three characters
//! of a common word have all of it, one list tells nearly as much as all.

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
/// Of how many of those looked at something must be known for it to be common.
const COMMON: u32 = 20;
/// One in so many of those who have a part of a word may be without the word.
const WITHOUT: u32 = 5;
/// How long what was seen holds good: names do not change quickly.
const FRESH: Duration = Duration::from_mins(10);

/// Characters that follow one another.
type Three = [u8; 3];

/// Some of those who were looked at, with a bit for each.
#[derive(Clone, Copy, Debug, Default)]
struct Who([u64; LOOKS.div_ceil(u64::BITS) as usize]);

impl Who {
    fn add(&mut self, person: usize) {
        let bits = u64::BITS as usize;
        if let Some(part) = self.0.get_mut(person / bits) {
            *part |= 1 << (person % bits);
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(part, other)| *part &= other);
        self
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|part| part.count_ones()).sum()
    }
}

/// What was seen in some people's words. It decides how something is looked for, never what is found.
#[derive(Debug)]
pub struct Rarity {
    /// Of about how many people.
    of: u32,
    looked_at: u32,
    with: HashMap<Three, u32>,
    /// Who has what is common.
    common: HashMap<Three, Who>,
}

impl Rarity {
    /// What is to be known of so many people by the words of some of them.
    fn of(people: u32, seen: &[String]) -> Self {
        let mut with = HashMap::new();
        for text in seen {
            for three in threes(text) {
                *with.entry(three).or_default() += 1;
            }
        }
        let is_common = |three: &Three| with.get(three).is_some_and(|seen| *seen >= COMMON);
        let mut common: HashMap<Three, Who> = HashMap::new();
        for (person, text) in seen.iter().enumerate() {
            for three in threes(text).into_iter().filter(is_common) {
                common.entry(three).or_default().add(person);
            }
        }
        let looked_at = u32::try_from(seen.len()).unwrap_or(u32::MAX);
        Self { of: people, looked_at, with, common }
    }

    /// Looks at people from all over the table; nothing where there are too few, or no such index.
    fn seen(tx: &Tx<'_>) -> Result<Option<Self>, StoreError> {
        if tx.dialect() != Dialect::Sqlite {
            return Ok(None);
        }
        let people = u32::try_from(identities::newest(tx)?).unwrap_or(u32::MAX);
        let mut seen = Vec::new();
        for turn in 0..LOOKS.min(people) {
            seen.extend(
                tx.rows(NEXT, args![place(turn, people)], |row| row.text(0).map(str::to_owned))?,
            );
        }
        Ok(Some(Self::of(people, &seen)).filter(|seen| seen.looked_at >= FEWEST))
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

    /// The part of a word, of three characters, that hardly anybody has who does not have the word; nothing
    /// where there is none, or too few of those looked at have the word to tell. For ASCII as above.
    pub(super) fn telling(&self, word: &str) -> Option<String> {
        if !word.is_ascii() || word.len() == size_of::<Three>() {
            return None;
        }
        let who = |three: &Three| self.common.get(three).map(|who| (who.count(), *three, *who));
        let parts: Vec<_> = word.as_bytes().array_windows().map(who).collect::<Option<_>>()?;
        let (seen, three, who) = *parts.iter().min_by_key(|(seen, ..)| *seen)?;
        let having = parts.iter().fold(who, |all, (.., who)| all.and(who)).count();
        let tells = having >= COMMON && (seen - having) * WITHOUT <= seen;
        tells.then(|| three.map(char::from).iter().collect())
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
        let text = |n| {
            let (m, name) = (n * 7 % 1000, if n % 20 == 0 { "hopp" } else { "hopper" });
            format!("p{n:03x}.{name}{m:03x}@example.com\ngrace {name}\n")
        };
        Rarity::of(of, &(0..1000).map(text).collect::<Vec<_>>())
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
    fn a_common_word_is_looked_for_by_a_part_that_hardly_anybody_else_has() {
        let seen = seen(1_000_000);
        assert_eq!(seen.telling("hopper").unwrap(), "ppe", "fewer have it than hop");
        assert_eq!(seen.telling("grace hopp").unwrap(), "gra");
        // Each of its parts is common, and so are people who have only some of them.
        let halves = |n| (if n % 2 == 0 { "abcdxx" } else { "xxbcde" }).to_owned();
        let seen = Rarity::of(1_000_000, &(0..1000).map(halves).collect::<Vec<_>>());
        assert_eq!(seen.telling("abcde"), None);
        assert_eq!(seen.telling("abcd").unwrap(), "abc");
        for word in ["bcd", "xy", "abcdé", "abcz"] {
            assert_eq!(seen.telling(word), None, "{word}");
        }
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
