//! The lottery (随机号): one committed number per applicant, the same for every school and batch.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Draws the lottery numbers of one season from its seed.
///
/// The number is the first 16 hex digits of HMAC-SHA-256(key = seed, message = applicant id), as an
/// integer; smaller goes first, equal numbers are ordered by applicant id (SPEC §4).
#[derive(Clone)]
pub struct Lottery {
    keyed: Hmac<Sha256>,
}

impl Lottery {
    /// A lottery with this seed; the empty seed is a seed like any other.
    pub fn new(seed: &str) -> Self {
        let keyed = Hmac::<Sha256>::new_from_slice(seed.as_bytes());
        Self {
            // HMAC hashes long keys and pads short ones, so that no key is refused.
            keyed: keyed.unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default())),
        }
    }

    /// The number of one applicant; smaller goes first.
    pub fn number(&self, applicant_id: &str) -> u64 {
        let mut mac = self.keyed.clone();
        mac.update(applicant_id.as_bytes());
        let bytes = mac.finalize().into_bytes();
        bytes.iter().take(8).fold(0, |n, &b| (n << 8) | u64::from(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_front_of_the_mac() {
        // RFC 4231, test case 2: key "Jefe".
        let number = Lottery::new("Jefe").number("what do ya want for nothing?");
        assert_eq!(number, 0x5bdc_c146_bf60_754e);
    }
}
