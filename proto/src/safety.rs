//! The safety number: sixty digits that are the same on both sides only if nobody stands between.

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use crate::id::{AccountId, AccountKey};

/// Rounds of hashing, so that a near match is costly to find (as the scheme of Signal, 5,200).
const ROUNDS: usize = 5_200;

/// Twelve groups of five digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyNumber(pub Vec<String>);

fn half(account: &AccountId, key: &AccountKey) -> Vec<String> {
    let mut digest = Vec::from(b"juice/safety/1\0".as_slice());
    digest.extend_from_slice(key.bytes());
    digest.extend_from_slice(account.bytes());
    for _ in 0..ROUNDS {
        let mut sha = Sha512::new();
        sha.update(&digest);
        sha.update(key.bytes());
        digest = sha.finalize().to_vec();
    }
    digest
        .chunks_exact(5)
        .take(6)
        .map(|chunk| {
            let number = chunk.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
            format!("{:05}", number % 100_000)
        })
        .collect()
}

impl SafetyNumber {
    /// The number of two accounts, the same from both sides.
    pub fn between(a: (&AccountId, &AccountKey), b: (&AccountId, &AccountKey)) -> Self {
        let (a, b) = (half(a.0, a.1), half(b.0, b.1));
        Self(if a <= b { [a, b].concat() } else { [b, a].concat() })
    }

    /// Compares in constant time.
    pub fn same(&self, other: &Self) -> bool {
        self.0.concat().as_bytes().ct_eq(other.0.concat().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_read_the_same_sixty_digits_and_another_key_gives_others() {
        let (alice, bob) =
            ((AccountId::new([1; 32]), AccountKey::new([2; 32])), (AccountId::new([3; 32]), AccountKey::new([4; 32])));
        let number = SafetyNumber::between((&alice.0, &alice.1), (&bob.0, &bob.1));
        assert_eq!(number.0.concat().len(), 60);
        assert!(number.same(&SafetyNumber::between((&bob.0, &bob.1), (&alice.0, &alice.1))));
        assert!(!number.same(&SafetyNumber::between((&alice.0, &alice.1), (&bob.0, &AccountKey::new([5; 32])))));
    }
}
