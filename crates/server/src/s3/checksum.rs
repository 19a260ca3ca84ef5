//! The checksums that S3's clients send with what they put.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A kind of checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// The header that carries it.
    pub fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// As AWS's texts name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub fn by_header(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.header() == name)
    }

    /// The checksum of some bytes, in Base64.
    pub fn of(self, bytes: &[u8]) -> String {
        let last_four = |sum: u64| sum.to_be_bytes().get(4..).unwrap_or_default().to_vec();
        STANDARD.encode(match self {
            Self::Crc32 => last_four(crc(bytes, CRC32, u64::from(u32::MAX))),
            Self::Crc32c => last_four(crc(bytes, CRC32C, u64::from(u32::MAX))),
            Self::Crc64Nvme => crc(bytes, CRC64_NVME, u64::MAX).to_be_bytes().to_vec(),
            Self::Sha1 => crypto::sha1(bytes),
            Self::Sha256 => crypto::sha256(bytes).to_vec(),
        })
    }
}

// The polynomials, lowest bit first.
const CRC32: u64 = 0xEDB8_8320;
const CRC32C: u64 = 0x82F6_3B78;
const CRC64_NVME: u64 = 0x9A6C_9329_AC4B_C9B5;

/// A reflected cyclic redundancy check that begins and ends inverted.
fn crc(bytes: &[u8], polynomial: u64, ones: u64) -> u64 {
    let mut table = [0_u64; 256];
    for (entry, byte) in table.iter_mut().zip(0_u64..) {
        *entry = (0..8).fold(byte, |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ polynomial
            } else {
                sum >> 1
            }
        });
    }
    let sum = bytes.iter().fold(ones, |sum, byte| {
        let at = usize::try_from((sum ^ u64::from(*byte)) & 0xFF).unwrap_or_default();
        (sum >> 8) ^ table.get(at).copied().unwrap_or_default()
    });
    sum ^ ones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_published_ones() {
        let check = b"123456789";
        for (algorithm, hex) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ] {
            let bytes: Vec<u8> = (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect();
            assert_eq!(algorithm.of(check), STANDARD.encode(bytes), "{algorithm:?}");
        }
        assert_eq!(
            Algorithm::Sha256.of(b""),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }
}
