//! Where things are kept unless the user says otherwise: the XDG directories.

use std::{env, path::PathBuf};

use anyhow::{Context as _, Result};

/// `$XDG_DATA_HOME/sealift`, else `~/.local/share/sealift`.
pub fn default_data_dir() -> Result<PathBuf> {
    xdg("XDG_DATA_HOME", ".local/share", "--data-dir")
}

/// `$XDG_CONFIG_HOME/sealift`, else `~/.config/sealift`.
pub fn config_dir() -> Result<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config", "--root-key-file")
}

fn xdg(variable: &str, below_home: &str, flag: &str) -> Result<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // The XDG specification has relative paths ignored.
    let base = set(variable).filter(|path| path.is_absolute());
    let base = base.or_else(|| set("HOME").map(|home| home.join(below_home)));
    let base = base.with_context(|| {
        format!("neither {variable} nor HOME is set; name the place with {flag}")
    })?;
    Ok(base.join("sealift"))
}
