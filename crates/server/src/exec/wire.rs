//! What goes over the connection of `/_sealift/exec` once it is upgraded: frames of one byte that says what it is, four
//! bytes of length, and content.

use std::io;

use ecs::acs::TerminalSize;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The protocol's name in the upgrade.
pub const PROTOCOL: &str = "sealift-exec";

/// Larger than any frame of either side.
const LONGEST: usize = 64 * 1024;

/// What the caller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Input(Vec<u8>),
    EndOfInput,
    Resize(TerminalSize),
}

/// What the command says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    Exited(i64),
    Failed(String),
}

impl Said {
    /// The next thing said; `None` at the end of the connection.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let Some((kind, content)) = frame(from).await? else {
            return Ok(None);
        };
        Ok(Some(match (kind, content.as_slice()) {
            (b'i', _) => Self::Input(content),
            (b'e', _) => Self::EndOfInput,
            (b'r', [c1, c2, r1, r2]) => Self::Resize(TerminalSize {
                columns: u16::from_be_bytes([*c1, *c2]),
                rows: u16::from_be_bytes([*r1, *r2]),
            }),
            _ => return Err(unreadable()),
        }))
    }

    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        match self {
            Self::Input(bytes) => send(to, b'i', bytes).await,
            Self::EndOfInput => send(to, b'e', &[]).await,
            Self::Resize(size) => {
                let size = [size.columns.to_be_bytes(), size.rows.to_be_bytes()];
                send(to, b'r', &size.concat()).await
            }
        }
    }
}

impl Heard {
    /// The next thing heard; `None` at the end of the connection.
    pub async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let Some((kind, content)) = frame(from).await? else {
            return Ok(None);
        };
        let text = |content| String::from_utf8(content).map_err(|_| unreadable());
        Ok(Some(match kind {
            b'o' => Self::Stdout(content),
            b's' => Self::Stderr(content),
            b'x' => Self::Exited(text(content)?.parse().map_err(|_| unreadable())?),
            b'f' => Self::Failed(text(content)?),
            _ => return Err(unreadable()),
        }))
    }

    pub async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        match self {
            Self::Stdout(bytes) => send(to, b'o', bytes).await,
            Self::Stderr(bytes) => send(to, b's', bytes).await,
            Self::Exited(code) => send(to, b'x', code.to_string().as_bytes()).await,
            Self::Failed(text) => send(to, b'f', text.as_bytes()).await,
        }
    }
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an unreadable frame")
}

async fn frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(u8, Vec<u8>)>> {
    let kind = match from.read_u8().await {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Err(unreadable());
    }
    let mut content = vec![0; length];
    from.read_exact(&mut content).await?;
    Ok(Some((kind, content)))
}

async fn send(to: &mut (impl AsyncWrite + Unpin), kind: u8, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(|_| unreadable())?;
    let frame = [&[kind][..], &length.to_be_bytes(), content].concat();
    to.write_all(&frame).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read() {
        let (mut near, mut far) = tokio::io::duplex(1 << 20);
        let said = [
            Said::Input(b"in\0put".to_vec()),
            Said::Resize(TerminalSize {
                columns: 300,
                rows: 40,
            }),
            Said::EndOfInput,
        ];
        for one in &said {
            one.write(&mut near).await.unwrap();
            assert_eq!(Said::read(&mut far).await.unwrap().as_ref(), Some(one));
        }
        let heard = [
            Heard::Stdout(vec![0xff]),
            Heard::Stderr(Vec::new()),
            Heard::Exited(-1),
            Heard::Failed("no".to_owned()),
        ];
        for one in &heard {
            one.write(&mut far).await.unwrap();
            assert_eq!(Heard::read(&mut near).await.unwrap().as_ref(), Some(one));
        }
        drop(near);
        assert_eq!(Said::read(&mut far).await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_is_no_frame_is_refused() {
        for bytes in [
            &b"?\0\0\0\0"[..],
            b"i\xff\xff\xff\xff",
            b"r\0\0\0\x01x",
            b"i\0\0\0\x09x",
        ] {
            assert!(Said::read(&mut &bytes[..]).await.is_err(), "{bytes:?}");
        }
    }
}
