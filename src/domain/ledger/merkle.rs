//! The Merkle tree of RFC 6962 section 2.1 (unchanged in RFC 9162 section 2.1.1), built from the
//! left and kept as its right edge.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256(`0x00` followed by the leaf's bytes).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0u8]).chain_update(bytes).finalize().into()
}

/// The hash of an inner node: SHA-256(`0x01`, left, right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1u8]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a tree: one hash for each complete subtree, largest first. It is all that is
/// needed to append and to compute the root, so it has at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, hashes: Vec::new() }
    }

    /// Appends a leaf, given as its [`leaf_hash`].
    pub fn push(&mut self, leaf: Hash) {
        self.push_telling(leaf, |_, _| {});
    }

    /// Appends a leaf and tells the height and hash of each subtree that it completes.
    pub fn push_telling(&mut self, leaf: Hash, mut tell: impl FnMut(u32, &Hash)) {
        let mut node = leaf;
        // Every trailing one bit of the size is a complete subtree as large as the one just made.
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                node = node_hash(&left, &node);
                tell(height, &node);
            }
        }
        self.hashes.push(node);
        self.size += 1;
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the complete subtrees, largest first.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The root; of the empty tree it is SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.hashes.iter().rev();
        let Some(last) = from_right.next() else {
            return Sha256::digest([]).into();
        };
        from_right.fold(*last, |right, left| node_hash(left, &right))
    }

    /// The hashes, one after the other, largest subtree first. The size is kept beside them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.concat()
    }

    /// The frontier of a tree of `size` leaves from [`Frontier::to_bytes`]; nothing when there are
    /// not as many hashes as such a tree has.
    #[must_use]
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && u32::try_from(hashes.len()) == Ok(size.count_ones());
        fits.then(|| Self { size, hashes: hashes.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The eight inputs that tests of certificate-transparency trees use, and their roots.
    const INPUTS: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_match_the_published_vectors() {
        let mut tree = Frontier::new();
        assert_eq!(hex::encode(tree.root()), ROOTS[0]);
        for (input, root) in INPUTS.iter().zip(&ROOTS[1..]) {
            tree.push(leaf_hash(&hex::decode(input).unwrap()));
            assert_eq!(hex::encode(tree.root()), *root);
        }
    }

    #[test]
    fn a_frontier_survives_storage() {
        let mut tree = Frontier::new();
        for n in 0..100u8 {
            let kept = Frontier::from_bytes(tree.size(), &tree.to_bytes()).unwrap();
            assert_eq!(kept, tree);
            tree.push(leaf_hash(&[n]));
        }
    }

    #[test]
    fn a_frontier_of_the_wrong_length_is_refused() {
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), None);
        assert_eq!(Frontier::from_bytes(1, &[0; 33]), None);
        assert_eq!(Frontier::from_bytes(0, &[]), Some(Frontier::new()));
    }
}
