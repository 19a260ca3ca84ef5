//! Time and randomness, behind traits so that tests can pin both.

use std::{
    fmt,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

/// A moment, in whole milliseconds since the Unix epoch: the resolution of AWS's own answers and of the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        self.plus_millis(secs.saturating_mul(1000))
    }

    /// `2024-01-02T03:04:05Z`: the form of the Query protocol and of credentials, without a fraction.
    pub fn to_iso8601(self) -> String {
        jiff::Timestamp::from_second(self.as_secs())
            .unwrap_or_default()
            .to_string()
    }

    /// `2024-01-02T03:04:05.678Z`, always with three decimals, so that lines sort as texts.
    pub fn to_iso8601_millis(self) -> String {
        let whole = self.to_iso8601();
        format!(
            "{}.{:03}Z",
            whole.trim_end_matches('Z'),
            self.0.rem_euclid(1000)
        )
    }

    /// `20240102T030405Z`: the form of `X-Amz-Date`.
    pub fn to_amz_date(self) -> String {
        self.to_iso8601().replace(['-', ':'], "")
    }

    /// Reads an ISO-8601 instant with an offset or `Z`.
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>()
            .ok()
            .map(|t| Self(t.as_millisecond()))
    }

    /// Reads `Tue, 02 Jan 2024 03:04:05 GMT`, the form of HTTP's own dates.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
        date.ok().map(|t| Self(t.as_millisecond()))
    }

    /// `Tue, 02 Jan 2024 03:04:05 GMT`, the form of HTTP's own dates.
    pub fn to_http_date(self) -> String {
        let instant = jiff::Timestamp::from_second(self.as_secs()).unwrap_or_default();
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&instant)
            .unwrap_or_default()
    }

    /// Reads `20240102T030405Z`.
    pub fn parse_amz_date(text: &str) -> Option<Self> {
        if text.len() != 16 || !text.is_ascii() {
            return None;
        }
        let (date, time) = (text.get(..8)?, text.get(8..)?);
        let digits = date
            .bytes()
            .chain(time.bytes().skip(1).take(6))
            .all(|b| b.is_ascii_digit());
        if !digits || !time.starts_with('T') || !time.ends_with('Z') {
            return None;
        }
        let part = |s: &str, from: usize, to: usize| s.get(from..to).map(str::to_owned);
        let iso = format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(date, 0, 4)?,
            part(date, 4, 6)?,
            part(date, 6, 8)?,
            part(time, 1, 3)?,
            part(time, 3, 5)?,
            part(time, 5, 7)?,
        );
        Self::parse_iso8601(&iso)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    pub fn advance_secs(&self, secs: i64) {
        self.0.fetch_add(secs * 1000, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync + 'static {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy {
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random (version 4) UUID in lower case with dashes.
    pub fn uuid(&self) -> String {
        let mut b = self.bytes::<16>();
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let hex = hex(&b);
        [
            hex.get(..8),
            hex.get(8..12),
            hex.get(12..16),
            hex.get(16..20),
            hex.get(20..),
        ]
        .map(Option::unwrap_or_default)
        .join("-")
    }

    /// `2 * N` lower-case hexadecimal digits, as task ids and container-instance ids have them.
    pub fn hex<const N: usize>(&self) -> String {
        hex(&self.bytes::<N>())
    }

    /// `len` characters drawn evenly from an alphabet of at most 256 one-byte characters.
    pub fn text(&self, alphabet: &[u8], len: usize) -> String {
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(len);
        while text.len() < len {
            for byte in self.bytes::<32>() {
                // Bytes above the last whole multiple of the alphabet would favour its first characters.
                if usize::from(byte) < fair
                    && text.len() < len
                    && let Some(c) = alphabet.get(usize::from(byte) % alphabet.len())
                {
                    text.push(char::from(*c));
                }
            }
        }
        text
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
            let _ = write!(text, "{b:02x}");
            text
        })
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness no key and no credential may be made: stopping is the only safe answer.
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// A repeatable sequence for tests. Never for keys that protect anything.
#[derive(Debug, Default)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    /// The `SplitMix64` sequence.
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            for (to, from) in chunk.iter_mut().zip((z ^ (z >> 31)).to_le_bytes()) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amz_dates_are_read_back_as_written() {
        let moment = Timestamp::from_secs(1_704_164_645);
        assert_eq!(moment.to_amz_date(), "20240102T030405Z");
        assert_eq!(Timestamp::parse_amz_date("20240102T030405Z"), Some(moment));
        for bad in [
            "20240102T030405",
            "2024-01-02T03:04:05Z",
            "20241302T030405Z",
            "2024010éT03040Z",
            "",
        ] {
            assert_eq!(Timestamp::parse_amz_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn uuids_are_version_four_and_differ() {
        let entropy: &dyn Entropy = &SeededEntropy::new(1);
        let (a, b) = (entropy.uuid(), entropy.uuid());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(a.chars().nth(14), Some('4'));
    }

    #[test]
    fn drawn_text_keeps_to_its_alphabet_and_length() {
        let entropy: &dyn Entropy = &OsEntropy;
        let text = entropy.text(b"ABC", 1000);
        assert_eq!(text.len(), 1000);
        assert!(text.bytes().all(|b| b"ABC".contains(&b)));
    }
}
