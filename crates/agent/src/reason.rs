//! How an error becomes the reason that a user reads.

/// Reasons of tasks and containers are cut at this many bytes.
pub const REASON_LIMIT: usize = 1024;

/// A resource's error as the task's reason: white space collapsed, the first letter in upper case.
pub(crate) fn terminal(text: &str) -> String {
    let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = collapsed.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => collapsed,
    }
}

/// Cut to what a report takes, never inside a character.
pub(crate) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(REASON_LIMIT))
        .unwrap_or(text)
}

/// A duration as Go prints it: `4m0s`, `2h0m0s`, `45s`.
pub(crate) fn go_duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, m, s) => format!("{h}h{m}m{s}s"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_terminal_reason_is_one_line_with_a_capital() {
        assert_eq!(
            terminal("fetching\n\tsecret   data"),
            "Fetching secret data"
        );
        assert_eq!(terminal("ssm x;asm y"), "Ssm x;asm y");
        assert_eq!(terminal(""), "");
    }

    #[test]
    fn reasons_are_cut_between_characters() {
        let long = format!("{}é", "m".repeat(1023));
        assert_eq!(cut(&long).len(), 1023);
        assert_eq!(cut("short"), "short");
    }

    #[test]
    fn durations_look_as_go_prints_them() {
        assert_eq!(go_duration(Duration::from_mins(4)), "4m0s");
        assert_eq!(go_duration(Duration::from_hours(2)), "2h0m0s");
        assert_eq!(go_duration(Duration::from_secs(45)), "45s");
    }
}
