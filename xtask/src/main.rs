//! Development tasks that deserve Rust. `cargo xtask codegen` writes the shapes of the AWS API.

mod codegen;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("codegen") => codegen::run(arguments.next().map(Into::into)),
        _ => bail!("usage: cargo xtask codegen [DIRECTORY_OF_BOTOCORE]"),
    }
}
