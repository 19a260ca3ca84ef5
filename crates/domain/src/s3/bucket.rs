//! `s3:HeadBucket`, and the names that buckets may have.

use super::{Answer, Refusal, access};
use crate::Cx;

pub(super) async fn head(cx: &mut Cx, bucket: &str) -> Result<Answer, Refusal> {
    // AWS: HeadBucket asks for s3:ListBucket.
    let row = access::bucket(cx, "s3:ListBucket", bucket).await?;
    Ok(Answer::Bucket(row))
}

/// 3 to 63 lower-case letters, digits, full stops and hyphens, and nothing that looks like an address.
pub(super) fn is_name(name: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_inside =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    (3..=63).contains(&name.len())
        && name.chars().all(is_inside)
        && is_end(name.chars().next())
        && is_end(name.chars().next_back())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
        && !name.starts_with("xn--")
        && !name.ends_with("-s3alias")
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn bucket_names_are_those_of_aws() {
        for good in ["abc", "a.b-c", "0bucket9", &"a".repeat(63)] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "ab",
            "Abc",
            "a_c",
            "-abc",
            "abc-",
            "a..b",
            "10.0.0.1",
            "xn--abc",
            "a-s3alias",
            "",
            "..",
            "bücket",
            &"a".repeat(64),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
