//! CPU and memory of a whole task, which are texts with a unit or without.

/// CPU units, 1024 to a vCPU: `512`, `0.5 vCPU`, `1vcpu`.
pub fn task_cpu(text: &str) -> Option<i64> {
    quantity(text, &["vcpu"], 1024.0)
}

/// MiB: `512`, `0.5 GB`, `1gb`.
pub fn task_memory(text: &str) -> Option<i64> {
    quantity(text, &["gb"], 1024.0)
}

fn quantity(text: &str, units: &[&str], scale: f64) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    if let Ok(whole) = text.parse::<i64>() {
        return (whole > 0).then_some(whole);
    }
    let number = units.iter().find_map(|unit| text.strip_suffix(unit))?;
    let scaled = number.trim().parse::<f64>().ok()? * scale;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be a whole number well within 64 bits"
    )]
    (scaled.fract() == 0.0 && (1.0..1e15).contains(&scaled)).then_some(scaled as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_units_or_texts_with_a_unit() {
        assert_eq!(task_cpu("256"), Some(256));
        assert_eq!(task_cpu(".5 vCPU"), Some(512));
        assert_eq!(task_cpu("1vcpu"), Some(1024));
        assert_eq!(task_memory("0.5GB"), Some(512));
        assert_eq!(task_memory("2 GB"), Some(2048));
        for bad in [
            "",
            "0",
            "-1",
            "1.3.3GB",
            "lots",
            "1e99 GB",
            "nan gb",
            "0.0001 GB",
        ] {
            assert_eq!(task_memory(bad), None, "{bad}");
        }
    }
}
