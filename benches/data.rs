//! The people of the data set: made from a seed and a number, always the same for the same two.

/// The seed of every data set, part of the result.
pub const SEED: u64 = 20_250_301;

const GIVEN: [&str; 16] = [
    "Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Alan", "Radia", "Tony", "Margaret",
    "Niklaus", "Karen", "Dennis", "Hedy", "Leslie", "Annie",
];
const FAMILY: [&str; 16] = [
    "Lovelace", "Hopper", "Dijkstra", "Liskov", "Knuth", "Allen", "Turing", "Perlman", "Hoare",
    "Hamilton", "Wirth", "Jones", "Ritchie", "Lamarr", "Lamport", "Easley",
];

/// One person.
pub struct Person {
    /// A time-ordered UUID.
    pub id: String,
    /// An address nobody else has.
    pub email: String,
    /// First name.
    pub given: &'static str,
    /// Last name.
    pub family: &'static str,
    /// An Argon2id hash in PHC form, of no password anybody knows.
    pub hash: String,
}

/// A small generator of pseudo-random numbers (`SplitMix64`).
pub struct Dice(u64);

impl Dice {
    /// The dice for item `number` of the data set.
    pub const fn of(number: u64) -> Self {
        Self(SEED ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number.
    pub const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.roll() % from.len() as u64).unwrap_or(0);
        from.get(index).copied().unwrap_or_default()
    }

    fn letters(&mut self, count: usize, alphabet: &[u8]) -> String {
        (0..count).map(|_| char::from(self.pick(alphabet))).collect()
    }
}

impl Person {
    /// Person `number`.
    pub fn new(number: u64) -> Self {
        let mut dice = Dice::of(number);
        let base64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
        // The number makes it unique; what stands before it puts neighbours far apart in an index.
        let name = dice.letters(4, b"abcdefghijklmnopqrstuvwxyz");
        let email = format!("{name}.{}{number}@example.com", family.to_lowercase());
        let millis = 1_740_000_000_000 + number;
        let (a, b) = (dice.roll(), dice.roll());
        let id = format!(
            "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
            millis >> 16,
            millis & 0xffff,
            a & 0xfff,
            0x8000 | (b & 0x3fff),
            a >> 16
        );
        let (salt, digest) = (dice.letters(21, base64), dice.letters(42, base64));
        let hash = format!("$argon2id$v=19$m=19456,t=2,p=1${salt}A${digest}A");
        Self { id, email, given, family, hash }
    }

    /// The traits as JSON.
    pub fn traits(&self) -> String {
        let Self { email, given, family, .. } = self;
        format!(
            r#"{{"email":"{email}","name":"{given} {family}","given_name":"{given}","family_name":"{family}","locale":"en"}}"#
        )
    }
}
