//! The Merkle tree over the leaves, with the hashing of RFC 9162, as its right edge alone.

use sha2::{Digest, Sha256};

/// The right edge of a tree that only grows: enough to go on from and to know its root, in as many hashes as the
/// size has ones in binary.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tree {
    size: u64,
    /// The roots of the full subtrees, the largest first.
    full: Vec<[u8; 32]>,
}

impl Tree {
    /// The tree of these leaves, in this order.
    #[must_use]
    pub fn of<L: AsRef<[u8]>>(leaves: &[L]) -> Self {
        let mut tree = Self::default();
        for leaf in leaves {
            tree.push(leaf.as_ref());
        }
        tree
    }

    /// Appends a leaf, in constant time on the average.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut hash = hashed(0, &[leaf]);
        // Every trailing one of the size is a full subtree as high as what has been joined so far.
        for _ in 0..self.size.trailing_ones() {
            let left = self.full.pop().unwrap_or_default();
            hash = hashed(1, &[&left, &hash]);
        }
        self.full.push(hash);
        self.size += 1;
    }

    /// How many leaves it has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Its root; that of the empty tree is SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut rising = self.full.iter().rev();
        match rising.next() {
            None => Sha256::digest(b"").into(),
            Some(&lowest) => rising.fold(lowest, |right, left| hashed(1, &[left, &right])),
        }
    }
}

fn hashed(prefix: u8, parts: &[&[u8]]) -> [u8; 32] {
    let start = Sha256::new().chain_update([prefix]);
    parts.iter().fold(start, |hash, part| hash.chain_update(part)).finalize().into()
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;

    use super::*;

    #[test]
    fn roots_are_those_of_the_standard() {
        let leaves = [b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
        let [a, b, c] = leaves.each_ref().map(|l| hashed(0, &[l]));
        assert_eq!(Tree::of(&leaves[..1]).root(), a);
        assert_eq!(Tree::of(&leaves).root(), hashed(1, &[&hashed(1, &[&a, &b]), &c]));
        let nothing: [u8; 32] = Sha256::digest(b"").into();
        assert_eq!(Tree::default().root(), nothing);
    }

    #[test]
    fn a_growing_tree_has_the_root_of_a_whole_one_at_every_size() {
        let (mut edge, mut whole) = (Tree::default(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
        for size in 1_u32..=300 {
            let leaf = size.to_be_bytes();
            edge.push(&leaf);
            whole.push(leaf.to_vec());
            let expected: [u8; 32] = (*whole.root().as_bytes()).into();
            assert_eq!((edge.size(), edge.root()), (size.into(), expected));
        }
    }
}
