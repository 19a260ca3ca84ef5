//! The container engine that some tests need, and an image for them.

use std::{process::Command, sync::OnceLock};

pub const IMAGE: &str = "sealift-agent-test:1";

/// Says why a test does nothing, where that is wanted; else an engine must be there.
pub fn without_docker() -> bool {
    let without = std::env::var_os("SEALIFT_TEST_WITHOUT_DOCKER").is_some_and(|v| v == "1");
    if without {
        println!("not tested: SEALIFT_TEST_WITHOUT_DOCKER=1");
    } else {
        import_image();
    }
    without
}

/// An image of busybox alone, made here so that no registry is needed.
fn import_image() {
    static DONE: OnceLock<()> = OnceLock::new();
    DONE.get_or_init(|| {
        let script = r#"
            set -e
            dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
            mkdir -p "$dir/bin" "$dir/tmp"
            cp "$(command -v busybox)" "$dir/bin/busybox"
            for applet in sh env sleep cat echo true false test wget nc httpd mkdir; do
                ln -s busybox "$dir/bin/$applet"
            done
            tar -C "$dir" -c . | docker import -c 'ENV PATH=/bin' -c 'ENV IMAGE_VAR=from-image' - "$1"
        "#;
        let imported = Command::new("sh").args(["-c", script, "sh", IMAGE]).output();
        let imported = imported.expect("a shell");
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    });
}
