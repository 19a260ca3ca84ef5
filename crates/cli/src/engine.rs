//! The containers' logs, read from the engine on this host.

use std::{
    io::{self, Write},
    sync::Arc,
};

use agent::runtime::{ContainerRuntime as _, DockerRuntime, LogChunk, LogStream};
use futures::StreamExt as _;
use tokio::task::JoinHandle;

/// Streams what containers write to this process's own outputs.
pub struct Logs {
    runtime: Option<Arc<DockerRuntime>>,
    to_stderr: bool,
}

impl Logs {
    /// Connects to the engine. Without one, as with a server on another host, the task is followed without its logs.
    pub async fn connect(to_stderr: bool) -> Self {
        let runtime = match DockerRuntime::connect().await {
            Ok(runtime) => Some(Arc::new(runtime)),
            Err(error) => {
                eprintln!(
                    "sealift: no logs from here, since no container engine answers on this host: {error}"
                );
                None
            }
        };
        Self { runtime, to_stderr }
    }

    /// Follows one container from its first line to its last. With a prefix, each line begins with it.
    pub fn follow(&self, container: String, prefix: Option<String>) -> JoinHandle<()> {
        let (runtime, to_stderr) = (self.runtime.clone(), self.to_stderr);
        tokio::spawn(async move {
            let Some(runtime) = runtime else { return };
            let (mut out, mut err) = (Lines::new(prefix.clone()), Lines::new(prefix.clone()));
            let mut chunks = runtime.logs(&container);
            while let Some(chunk) = chunks.next().await {
                match chunk {
                    Ok(LogChunk {
                        stream: LogStream::Stdout,
                        bytes,
                    }) if !to_stderr => out.write(&bytes, io::stdout()),
                    Ok(LogChunk { bytes, .. }) => err.write(&bytes, io::stderr()),
                    Err(error) => {
                        let name = prefix.as_deref().unwrap_or("the container");
                        eprintln!("sealift: cannot read the log of {name}: {error}");
                        return;
                    }
                }
            }
        })
    }
}

/// Puts a prefix before every line, where there is one.
struct Lines {
    prefix: Option<String>,
    at_line_start: bool,
}

impl Lines {
    fn new(prefix: Option<String>) -> Self {
        Self {
            prefix,
            at_line_start: true,
        }
    }

    /// Writes in one go, so that the lines of several containers do not mix.
    fn write(&mut self, bytes: &[u8], mut to: impl Write) {
        let text = self.prefixed(bytes);
        // Whoever reads may have gone away; the task is followed to its end all the same.
        let _ = to.write_all(&text).and_then(|()| to.flush());
    }

    fn prefixed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(prefix) = &self.prefix else {
            return bytes.to_vec();
        };
        let mut text = Vec::with_capacity(bytes.len() + prefix.len() + 3);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.at_line_start {
                text.extend_from_slice(prefix.as_bytes());
                text.extend_from_slice(b" | ");
            }
            text.extend_from_slice(line);
            self.at_line_start = line.ends_with(b"\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_containers_carry_their_names_even_when_they_come_in_pieces() {
        let mut lines = Lines::new(Some("app".to_owned()));
        let text = [lines.prefixed(b"one\ntw"), lines.prefixed(b"o\n")].concat();
        assert_eq!(text, b"app | one\napp | two\n");
    }

    #[test]
    fn the_log_of_a_single_container_is_passed_on_as_it_is() {
        assert_eq!(Lines::new(None).prefixed(b"a\nb"), b"a\nb");
    }
}
