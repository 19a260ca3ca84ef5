//! `Range: bytes=…`

use std::ops::Range;

/// What part of an object is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Some(Range<usize>),
    /// The object ends before it.
    None,
}

/// The part that a header asks for. One that cannot be read, or names several parts, asks for the whole.
pub(super) fn part(header: Option<&str>, size: usize) -> Part {
    let named = header.and_then(|text| text.trim().strip_prefix("bytes="));
    let Some((first, last)) = named.and_then(|range| range.split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(usize::MAX))
    };
    match (first, number(first), last, number(last)) {
        ("", _, _, Some(0)) => Part::None,
        ("", _, _, Some(_)) if size == 0 => Part::None,
        ("", _, _, Some(count)) => Part::Some(size.saturating_sub(count)..size),
        (_, Some(first), "", _) if first < size => Part::Some(first..size),
        (_, Some(first), _, Some(last)) if last < first => Part::Whole,
        (_, Some(first), _, Some(last)) if first < size => {
            Part::Some(first..last.saturating_add(1).min(size))
        }
        (_, Some(_), "", _) | (_, Some(_), _, Some(_)) => Part::None,
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_http_counts_them() {
        for (header, wanted) in [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=2-99", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-99", Part::Some(0..10)),
            ("bytes=10-", Part::None),
            ("bytes=99999999999999999999999-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,4-5", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("bytes=a-b", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 10), wanted, "{header}");
        }
        assert_eq!(part(None, 10), Part::Whole);
        assert_eq!(part(Some("bytes=0-"), 0), Part::None);
    }
}
