//! Rotators that are programs on this host: another user, an empty environment, the event and the credentials on
//! standard input, and an end of the whole process group when the time is up.

use std::process::{ExitStatus, Stdio};

use domain::secretsmanager::rotation::Program;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::{
    invocation::{Invocation, InvokeError},
    message,
    output::MOST_BYTES,
};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program that has ended.
pub(super) struct Ran {
    pub status: ExitStatus,
    /// The starts of what it printed to its two outputs.
    pub errors: zeroize::Zeroizing<Vec<u8>>,
    pub answers: zeroize::Zeroizing<Vec<u8>>,
}

/// Ends the process group when it is dropped, however that comes about.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // A group that has ended by itself is no longer there.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Runs the program for one step, to its end or the end of its time.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    program: &Program,
) -> Result<Ran, InvokeError> {
    let message = message::for_program(invocation);
    let mut child = command(invocation, program)
        .spawn()
        .map_err(InvokeError::Start)?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    let (input, errors, answers) = (child.stdin.take(), child.stderr.take(), child.stdout.take());
    let talk = async {
        let write = async {
            if let Some(mut input) = input {
                // A program may end without having read anything.
                let _ = input.write_all(&message).await;
            }
        };
        let ended = async {
            let status = child_end(&mut child).await;
            // Whoever it left behind may hold its outputs open.
            drop(group);
            status
        };
        tokio::join!(write, start_of(errors), start_of(answers), ended)
    };
    let timeout = invocation.rotator.timeout;
    let ended = tokio::time::timeout(timeout, talk).await;
    let ((), errors, answers, status) = ended.map_err(|_| InvokeError::Timeout(timeout))?;
    Ok(Ran {
        status: status?,
        errors,
        answers,
    })
}

async fn child_end(child: &mut Child) -> Result<ExitStatus, InvokeError> {
    child.wait().await.map_err(InvokeError::Start)
}

fn command(invocation: &Invocation<'_>, program: &Program) -> Command {
    let region = invocation.claim.region.as_str();
    let mut command = Command::new(&program.file);
    command
        .args(&program.arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .env("AWS_ENDPOINT_URL", invocation.endpoint())
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region)
        .envs(&program.environment)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(user) = program.user {
        // Setting the user as root drops its other groups as well.
        command.gid(user.gid).uid(user.uid);
    }
    command
}

/// The start of a stream; what follows is read and dropped, so that nobody waits to write it.
async fn start_of(stream: Option<impl AsyncRead + Unpin>) -> zeroize::Zeroizing<Vec<u8>> {
    let (mut kept, mut buffer) = (
        zeroize::Zeroizing::new(Vec::with_capacity(MOST_BYTES)),
        [0; 4096],
    );
    let Some(mut stream) = stream else {
        return kept;
    };
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let room = MOST_BYTES - kept.len();
        kept.extend(buffer.iter().take(read.min(room)));
    }
    kept
}
