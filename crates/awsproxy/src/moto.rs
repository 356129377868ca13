//! moto, the simulated AWS: installed once a version from PyPI, one process for each value.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

const REQUIREMENTS: &str = include_str!("../moto/requirements.txt");
const IMAGES: &str = include_str!("../moto/images.json");
const VERSION: &str = "moto-5.2.5";
/// It answers within a second on an idle machine.
const START_MAX: Duration = Duration::from_mins(1);
/// The shell ends its child when its input does, which the kernel brings about however a test ends.
const SUPERVISOR: &str = "\"$@\" </dev/null & child=$!; cat >/dev/null; kill -9 $child; wait";

/// A running moto; it ends when it is dropped, and with the process.
#[derive(Debug)]
pub struct Moto {
    address: SocketAddr,
    supervisor: Child,
    /// Its images; removed with it.
    images: PathBuf,
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        // Nothing can be done about a process that will not end; it holds a port and nothing else.
        let _: io::Result<_> = self.supervisor.wait();
        let _: io::Result<()> = fs::remove_file(&self.images);
    }
}

impl Moto {
    /// Installs moto where that was not done yet, starts it on a free loopback port and waits until it
    /// answers.
    ///
    /// # Errors
    /// Where Python 3 with `venv` is missing, PyPI cannot be reached, or it does not answer in time.
    pub async fn start() -> io::Result<Self> {
        let server = tokio::task::spawn_blocking(installed).await.map_err(io::Error::other)??;
        // Free at this moment; whoever takes it before moto does makes the start fail, not the test.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let images = std::env::temp_dir().join(format!("stowage-images-{}", address.port()));
        fs::write(&images, IMAGES)?;
        let supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "moto"])
            .arg(server)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .env("MOTO_ENABLE_AMI_VALIDATION", "1")
            .env("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "1")
            .env("MOTO_AMIS_PATH", &images)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let moto = Self { address, supervisor, images };
        let answers = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let late = |_| io::Error::other(format!("moto does not answer at {address} in 60 s"));
        tokio::time::timeout(START_MAX, answers).await.map_err(late)?;
        Ok(moto)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// The server's program, installed in a folder of its version.
fn installed() -> io::Result<PathBuf> {
    let folder = cache()?.join(VERSION);
    let server = folder.join("bin/moto_server");
    let complete = folder.join("requirements.txt");
    fs::create_dir_all(&folder)?;
    // Tests that start at the same time wait for the one that installs.
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if fs::read_to_string(&complete).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(server);
    }
    eprintln!("installing moto from PyPI into {}", folder.display());
    let list = folder.join("wanted.txt");
    fs::write(&list, REQUIREMENTS)?;
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    run(Command::new(pip).args(["install", "--quiet", "--requirement"]).arg(&list))?;
    fs::rename(list, complete)?;
    Ok(server)
}

/// Outside the target folder, so that it outlives a clean build.
fn cache() -> io::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("STOWAGE_TEST_BIN") {
        return Ok(PathBuf::from(folder));
    }
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let message = "neither STOWAGE_TEST_BIN nor HOME says where to install moto";
    Ok(base.ok_or_else(|| io::Error::other(message))?.join("stowage-test"))
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = text.lines().rev().take(5).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join(" / ");
    Err(io::Error::other(format!("{command:?}: {}: {tail}", output.status)))
}
