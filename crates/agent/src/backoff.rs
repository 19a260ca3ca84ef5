//! Waiting longer and longer between attempts.

use std::time::Duration;

use types::Entropy;

/// How long to wait before each next attempt.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    factor: f64,
    longest: Duration,
    /// The share by which each wait may be longer.
    jitter: f64,
    next: Duration,
}

impl Backoff {
    pub fn new(first: Duration, factor: f64, longest: Duration, jitter: f64) -> Self {
        Self {
            first,
            factor,
            longest,
            jitter,
            next: first,
        }
    }

    /// The wait before the next attempt.
    pub fn next_wait(&mut self, entropy: &dyn Entropy) -> Duration {
        let wait = self.next.mul_f64(1.0 + self.jitter * fraction(entropy));
        self.next = self.next.mul_f64(self.factor).min(self.longest);
        wait
    }

    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// A random number from 0 to 1.
pub(crate) fn fraction(entropy: &dyn Entropy) -> f64 {
    f64::from(u32::from_le_bytes(entropy.bytes())) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use types::SeededEntropy;

    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest_and_start_again_after_a_reset() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 2.0, 3 * second, 0.0);
        let entropy = SeededEntropy::new(1);
        let waits: Vec<_> = (0..4).map(|_| backoff.next_wait(&entropy)).collect();
        assert_eq!(waits, [second, 2 * second, 3 * second, 3 * second]);
        backoff.reset();
        assert_eq!(backoff.next_wait(&entropy), second);
    }
}
