//! Starting other programs so that none of them is left behind.
//!
//! Every program gets a process group of its own. A signal to this process only raises a flag; whoever waits sees the flag, ends the
//! group it started, and returns an error. So clean-up happens in one place, by id, in the ordinary flow of the code.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use signal_hook::consts::{SIGINT, SIGTERM};

/// How often a waiting loop looks at its process and at the signal flag.
pub const POLL: Duration = Duration::from_millis(20);
/// How long a process may take to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(10);

static SIGNALLED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Makes SIGINT and SIGTERM raise the flag that [`interrupted`] reads.
pub fn watch_for_signals() -> Result<()> {
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&SIGNALLED))
            .context("cannot listen for signals")?;
    }
    Ok(())
}

/// Whether this process was asked to end.
pub fn interrupted() -> bool {
    SIGNALLED.load(Ordering::Relaxed)
}

/// A running program and everything it started. Dropping it ends them all.
#[must_use]
pub struct Group {
    child: Child,
    name: String,
}

impl Group {
    /// Starts `command` in a process group of its own, without standard input.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = describe(command);
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        Ok(Self { child, name })
    }

    /// The process, for its pipes and its state.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits for the program to end. A signal to this process ends the program first.
    pub fn wait(self) -> Result<ExitStatus> {
        let name = self.name.clone();
        self.wait_unless(|| false)?
            .with_context(|| format!("`{name}` was given up"))
    }

    /// As [`wait`](Self::wait); ends the program and returns none as soon as `give_up`, asked every [`POLL`], says so.
    fn wait_unless(mut self, mut give_up: impl FnMut() -> bool) -> Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self
                .child
                .try_wait()
                .with_context(|| format!("cannot wait for `{}`", self.name))?
            {
                return Ok(Some(status));
            }
            if interrupted() {
                let name = self.name.clone();
                drop(self);
                bail!("interrupted while `{name}` was running");
            }
            if give_up() {
                return Ok(None);
            }
            thread::sleep(POLL);
        }
    }

    /// Asks the group to end, and kills what is still there after a while.
    fn end(&mut self) {
        let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else {
            return;
        };
        // An error here means that nobody is left to receive the signal, which is what we want.
        let _ = kill_process_group(group, Signal::TERM);
        let mut waited = Duration::ZERO;
        while waited < GRACE {
            let leader_gone = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            if leader_gone && test_kill_process_group(group).is_err() {
                return;
            }
            thread::sleep(POLL);
            waited += POLL;
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs `command` to its end, output to the terminal; an error when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = Group::start(command)?.wait()?;
    if !status.success() {
        bail!("`{name}` ended with {status}");
    }
    Ok(())
}

/// Runs `command` to its end and hands each line of its standard output to `line` after printing it. A program that has begun
/// to print and then prints nothing for `silence` hangs: it is ended, and there is no status.
pub fn run_lines(
    command: &mut Command,
    silence: Duration,
    mut line: impl FnMut(&str) + Send,
) -> Result<Option<ExitStatus>> {
    let mut group = Group::start(command.stdout(Stdio::piped()))?;
    let stdout = group
        .child()
        .stdout
        .take()
        .context("standard output is not a pipe")?;
    let printed = AtomicUsize::new(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                println!("{text}");
                line(&text);
                printed.fetch_add(1, Ordering::Relaxed);
            }
        });
        let (mut seen, mut waited) = (0, Duration::ZERO);
        let status = group.wait_unless(|| {
            let lines = printed.load(Ordering::Relaxed);
            // Counted by turns of the loop: a machine that stood still did not let the program print, either.
            waited = if lines == seen {
                waited + POLL
            } else {
                Duration::ZERO
            };
            seen = lines;
            seen > 0 && waited >= silence
        });
        // The pipe is closed once the whole group is gone, so the reader ends by itself.
        let _ = reader.join();
        status
    })
}

/// Runs `command` quietly and returns what it printed; an error with its last words when it fails.
pub fn quiet(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    if !status.success() {
        bail!(
            "`{name}` ended with {status}:\n{}",
            tail(&String::from_utf8_lossy(&stderr), 20)
        );
    }
    String::from_utf8(stdout)
        .with_context(|| format!("`{name}` printed something that is not UTF-8"))
}

/// Finds `program` among the folders of `path`.
pub fn find_program(program: &str, path: &std::ffi::OsStr) -> Option<std::path::PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The last `count` lines of `text`.
pub fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into_owned(),
    ];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(&mut shell("exit 3")).expect_err("must fail");
        assert_eq!(
            error.to_string(),
            "`sh -c exit 3` ended with exit status: 3"
        );
    }

    #[test]
    fn lines_arrive_in_order_and_the_status_is_kept() {
        let mut seen = Vec::new();
        let mut program = shell("echo one; echo two; exit 4");
        let status = run_lines(&mut program, Duration::MAX, |line| {
            seen.push(line.to_owned());
        })
        .expect("starts")
        .expect("ends by itself");
        assert_eq!(
            (seen, status.code()),
            (vec!["one".to_owned(), "two".to_owned()], Some(4))
        );
    }

    #[test]
    fn a_program_that_falls_silent_is_ended() {
        let mut seen = Vec::new();
        let mut program = shell("sleep 0.5; echo one; sleep 600");
        let status = run_lines(&mut program, Duration::from_millis(100), |line| {
            seen.push(line.to_owned());
        })
        .expect("starts");
        assert_eq!((seen, status), (vec!["one".to_owned()], None));
    }

    #[test]
    fn dropping_a_group_ends_its_grandchildren_too() {
        let mut group = Group::start(shell("sleep 600 & echo $!; wait").stdout(Stdio::piped()))
            .expect("starts");
        let stdout = group.child().stdout.take().expect("piped");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("prints the grandchild's id");
        let grandchild = Pid::from_raw(line.trim().parse().expect("a number")).expect("not zero");
        assert!(
            rustix::process::test_kill_process(grandchild).is_ok(),
            "the grandchild runs before"
        );
        drop(group);
        // Whoever inherits an orphan may take a moment to reap it; a zombie is as good as gone.
        let state =
            std::fs::read_to_string(format!("/proc/{}/stat", line.trim())).unwrap_or_default();
        assert!(
            state.is_empty() || state.contains(") Z "),
            "still running: {state}"
        );
    }

    #[test]
    fn quiet_reports_the_last_words() {
        let error = quiet(&mut shell("echo reason >&2; exit 1")).expect_err("must fail");
        assert!(
            error.to_string().ends_with("exit status: 1:\nreason"),
            "{error}"
        );
    }

    #[test]
    fn tail_keeps_the_end() {
        assert_eq!(tail("a\nb\nc", 2), "b\nc");
        assert_eq!(tail("a", 5), "a");
    }
}
