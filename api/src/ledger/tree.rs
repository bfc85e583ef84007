//! The Merkle tree over the leaves, with the hashing of RFC 9162.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

/// The tree of some leaves.
pub struct Tree(MemoryBackedTree<Sha256, Vec<u8>>);

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({})", self.0.len())
    }
}

impl Tree {
    /// The tree of these leaves, in this order.
    #[must_use]
    pub fn of(leaves: &[Vec<u8>]) -> Self {
        let mut tree = MemoryBackedTree::new();
        for leaf in leaves {
            tree.push(leaf.clone());
        }
        Self(tree)
    }

    /// Its root; that of the empty tree is SHA-256 of nothing.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        (*self.0.root().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    #[test]
    fn roots_are_those_of_the_standard() {
        let hash = |prefix: u8, parts: &[&[u8]]| -> [u8; 32] {
            let start = Sha256::new().chain_update([prefix]);
            parts.iter().fold(start, |h, p| h.chain_update(p)).finalize().into()
        };
        let leaves = [b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
        let [a, b, c] = leaves.each_ref().map(|l| hash(0, &[l]));
        assert_eq!(Tree::of(&leaves[..1]).root(), a);
        assert_eq!(Tree::of(&leaves).root(), hash(1, &[&hash(1, &[&a, &b]), &c]));
        let nothing: [u8; 32] = Sha256::digest(b"").into();
        assert_eq!(Tree::of(&[]).root(), nothing);
    }
}
