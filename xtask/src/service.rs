//! A long-running program of ours: it prints one line of JSON when it is ready, and its log goes to a file.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{self, Group};

/// How long a program may take until it says that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a program that has closed its output may take to end.
const ENDED_WITHIN: Duration = Duration::from_secs(10);
/// How much of a log is shown when its program fails.
const LAST_WORDS: usize = 15;

/// A running service. Dropping it ends it.
#[must_use]
pub struct Service {
    name: &'static str,
    log: PathBuf,
    group: Group,
}

impl Service {
    /// Starts `command`, waits for its line of JSON, and returns both. Its log is `<folder>/<name>.log`.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        folder: &Path,
    ) -> Result<(Self, Value)> {
        let log = folder.join(format!("{name}.log"));
        let file =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let mut copy = file
            .try_clone()
            .with_context(|| format!("cannot share {}", log.display()))?;
        let group = Group::start(command.stdout(Stdio::piped()).stderr(file))?;
        let mut service = Self { name, log, group };
        let stdout = service
            .group
            .child()
            .stdout
            .take()
            .context("standard output is not a pipe")?;

        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut receiver = Some(sender);
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(sender) = receiver.take() {
                    let _ = sender.send(line);
                } else {
                    let _ = writeln!(copy, "{line}");
                }
            }
        });
        let ready = service.first_line(&lines)?;
        let ready = serde_json::from_str(&ready).with_context(|| {
            format!("{name} printed {ready:?} when ready, expected one line of JSON")
        })?;
        Ok((service, ready))
    }

    fn first_line(&mut self, lines: &mpsc::Receiver<String>) -> Result<String> {
        let mut waited = Duration::ZERO;
        loop {
            match lines.recv_timeout(process::POLL) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => {
                    // Its output is closed, so its end is near; the status makes the better message.
                    let ended = self.ended_soon()?.map_or_else(
                        || "closed its output".to_owned(),
                        |status| format!("ended with {status}"),
                    );
                    bail!(
                        "{} {ended} before it was ready; the end of {}:\n{}",
                        self.name,
                        self.log.display(),
                        self.last_words()
                    );
                }
                Err(RecvTimeoutError::Timeout) if process::interrupted() => {
                    bail!("interrupted while {} was starting", self.name)
                }
                Err(RecvTimeoutError::Timeout) if waited >= READY_WITHIN => {
                    bail!(
                        "{} was not ready within {READY_WITHIN:?}; the end of {}:\n{}",
                        self.name,
                        self.log.display(),
                        self.last_words()
                    );
                }
                Err(RecvTimeoutError::Timeout) => waited += process::POLL,
            }
        }
    }

    /// How the program ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.group
            .child()
            .try_wait()
            .with_context(|| format!("cannot look after {}", self.name))
    }

    fn ended_soon(&mut self) -> Result<Option<ExitStatus>> {
        let mut waited = Duration::ZERO;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || waited >= ENDED_WITHIN || process::interrupted() {
                return Ok(ended);
            }
            thread::sleep(process::POLL);
            waited += process::POLL;
        }
    }

    /// The name it was started with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file with its log.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        process::tail(
            &fs::read_to_string(&self.log).unwrap_or_default(),
            LAST_WORDS,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> (tempfile::TempDir, Result<(Service, Value)>) {
        let folder = tempfile::tempdir().expect("a folder");
        let started = Service::start(
            "echoes",
            Command::new("/bin/sh").args(["-c", script]),
            folder.path(),
        );
        (folder, started)
    }

    #[test]
    fn the_first_line_is_the_answer_and_the_program_goes_on() {
        let (_folder, started) = start(r#"echo '{"listening":"here"}'; sleep 600"#);
        let (mut service, ready) = started.expect("ready");
        assert_eq!(ready, serde_json::json!({"listening": "here"}));
        assert_eq!(service.ended().expect("can be asked"), None);
    }

    #[test]
    fn an_early_end_is_reported_with_its_log() {
        let (_folder, started) = start("echo 'port 80 is forbidden' >&2; exit 2");
        let error = started.err().expect("must fail").to_string();
        assert!(
            error.starts_with("echoes ended with exit status: 2 before it was ready"),
            "{error}"
        );
        assert!(error.ends_with("port 80 is forbidden"), "{error}");
    }

    #[test]
    fn an_end_some_time_after_the_output_is_an_end() {
        let (_folder, started) = start("exec >&-; sleep 0.3; exit 2");
        let error = started.err().expect("must fail").to_string();
        assert!(
            error.starts_with("echoes ended with exit status: 2 before it was ready"),
            "{error}"
        );
    }

    #[test]
    fn something_else_than_json_is_reported() {
        let (_folder, started) = start("echo hello; sleep 600");
        let error = started.err().expect("must fail").to_string();
        assert_eq!(
            error,
            r#"echoes printed "hello" when ready, expected one line of JSON"#
        );
    }
}
