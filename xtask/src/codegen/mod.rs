//! Writes `crates/api/src/generated/` from the public service models and `crates/api/models/operations.toml`.
//!
//! The models are read where botocore is installed: the directory given as argument, else `BOTOCORE_DIR`, else
//! what `python3` says. Only names, types, constraints and error tables are taken over.

mod access;
mod emit;
mod model;
mod names;
mod page;
mod patterns;
mod plan;
mod reach;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use self::{model::Model, plan::Plan};

/// Generates every service that the plan names.
pub fn run(botocore: Option<PathBuf>) -> anyhow::Result<()> {
    let botocore = match botocore.or_else(|| std::env::var_os("BOTOCORE_DIR").map(Into::into)) {
        Some(directory) => directory,
        None => ask_python()?,
    };
    let here = std::env::var_os("CARGO_MANIFEST_DIR").context("run it as `cargo xtask codegen`")?;
    let api = Path::new(&here).join("../crates/api");
    let plan = Plan::read(&api.join("models/operations.toml"))?;
    let target = api.join("src/generated");
    fs::create_dir_all(&target)?;

    let mut written = Vec::new();
    let mut page = String::new();
    for (name, planned) in &plan.services {
        let in_model = || format!("model of {name}");
        let mut model = Model::read(&botocore, name).with_context(in_model)?;
        model.add(&planned.newer).with_context(in_model)?;
        if !planned.tables_only {
            model
                .refuse_what_the_codecs_cannot()
                .with_context(in_model)?;
        }
        access::check(name, planned)?;
        let signing_name = model.metadata.signing_name();
        let asked = planned.operations.keys().map(|operation| {
            let access = access::Access::of(&plan, name, signing_name, operation)?;
            Ok((operation.as_str(), access))
        });
        page::add_service(&mut page, name, &asked.collect::<anyhow::Result<Vec<_>>>()?);
        let text = emit::service(name, &model, &plan).with_context(|| name.clone())?;
        written.push(write(&target.join(format!("{name}.rs")), &text)?);
    }
    written.push(write(
        &target.join("mod.rs"),
        &emit::index(plan.services.iter()),
    )?);
    write(&api.join("../../docs/operations.md"), &page)?;
    format(&written)
}

fn ask_python() -> anyhow::Result<PathBuf> {
    let output = Command::new("python3")
        .args([
            "-c",
            "import botocore, os; print(os.path.dirname(botocore.__file__))",
        ])
        .output()
        .context(
            "python3 could not be started to find botocore; name its directory in BOTOCORE_DIR",
        )?;
    if !output.status.success() {
        bail!("python3 has no botocore; install it or name its directory in BOTOCORE_DIR");
    }
    Ok(String::from_utf8(output.stdout)?.trim().into())
}

fn write(path: &Path, text: &str) -> anyhow::Result<PathBuf> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path.to_owned())
}

fn format(files: &[PathBuf]) -> anyhow::Result<()> {
    let status = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(files)
        .status()
        .context("starting rustfmt")?;
    if !status.success() {
        bail!("rustfmt refused the generated code");
    }
    Ok(())
}
