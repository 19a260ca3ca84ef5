//! A real registry that asks for a password: Debian's `docker-registry`, with one image that only it has.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use types::{Entropy, OsEntropy};

use super::engine::IMAGE;

const USER: &str = "puller";
const PASSWORD: &str = "right-password";

pub struct Registry {
    pub address: String,
    directory: PathBuf,
    process: Child,
}

impl Registry {
    pub fn start() -> Self {
        let entropy: &dyn Entropy = &OsEntropy;
        let directory =
            std::env::temp_dir().join(format!("sealift-registry-{}", entropy.hex::<8>()));
        fs::create_dir_all(&directory).unwrap();
        // Free a moment ago, and nobody else takes it so soon.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let users = piped(
            Command::new("htpasswd").args(["-niB", "-C", "4", USER]),
            PASSWORD,
        );
        fs::write(directory.join("users"), users).unwrap();
        let at = directory.display();
        let configuration = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/storage}}}}\nhttp: {{addr: \"{address}\"}}\nauth: {{htpasswd: {{realm: test, path: {at}/users}}}}\n"
        );
        fs::write(directory.join("registry.yml"), configuration).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(directory.join("registry.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let registry = Self {
            address,
            directory,
            process,
        };
        registry.push();
        registry
    }

    /// The image's name there.
    pub fn image(&self) -> String {
        format!("{}/app:1", self.address)
    }

    /// Puts the test image there, and takes it off the engine again.
    fn push(&self) {
        let docker = |arguments: &[&str]| {
            let mut command = Command::new("docker");
            command.arg("--config").arg(&self.directory).args(arguments);
            command
        };
        for _ in 0..100 {
            if std::net::TcpStream::connect(&self.address).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let login = &mut docker(&["login", "-u", USER, "--password-stdin", &self.address]);
        piped(login, PASSWORD);
        let image = self.image();
        for arguments in [
            &["tag", IMAGE, &image][..],
            &["push", &image],
            &["rmi", &image],
        ] {
            let done = docker(arguments).output().unwrap();
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = Command::new("docker")
            .args(["rmi", "--force", &self.image()])
            .output();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn piped(command: &mut Command, text: &str) -> Vec<u8> {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program is installed");
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    done.stdout
}
