//! The terminal of the caller: its size, and its raw mode, in which every key reaches the command.

use std::io::{IsTerminal as _, stdin, stdout};

use anyhow::{Context as _, Result};
use ecs::acs::TerminalSize;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The size of the terminal; `None` where input or output is none.
pub fn size() -> Option<TerminalSize> {
    if !stdin().is_terminal() || !stdout().is_terminal() {
        return None;
    }
    let size = tcgetwinsize(stdout()).ok()?;
    Some(TerminalSize {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// The terminal while it is raw; it is as before once this is dropped.
pub struct Raw(Termios);

impl Raw {
    pub fn enter() -> Result<Self> {
        let before = tcgetattr(stdin()).context("cannot read the terminal's mode")?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdin(), OptionalActions::Now, &raw).context("cannot set the terminal's mode")?;
        Ok(Self(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone has no mode.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
