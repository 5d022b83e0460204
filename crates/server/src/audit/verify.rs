//! Checks a trail from its first line to its last. Start at [`verify`].

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use super::line::{self, Link};
use super::writer::read_head;

/// A trail without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// How many lines.
    pub lines: u64,
    /// The hash of the last; noted elsewhere, it proves later that nothing before it was changed.
    pub hash: String,
}

/// What a check found: the first line that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is wrong there.
    pub kind: FaultKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// It is no line of a trail at all.
    Unreadable,
    /// It has the right number but does not hash to what it says, or not on top of the line before it.
    Changed,
    /// A line with a higher number stands here: lines are missing, or stand elsewhere.
    Missing {
        /// The number that stands here.
        found: u64,
    },
    /// A line with a lower number stands here: lines were reordered or repeated.
    Reordered {
        /// The number that stands here.
        found: u64,
    },
    /// The trail ends before this line, but the note beside it says that it went on.
    Truncated {
        /// The last line that was written.
        noted: u64,
    },
    /// It is not the line that the note beside the trail knows.
    Replaced,
    /// Its line break is missing: the machine went down while it was written, or it was cut.
    Torn,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.kind {
            FaultKind::Unreadable => write!(f, "line {line} is not a line of an audit trail"),
            FaultKind::Changed => write!(f, "line {line} was changed, or the line before it"),
            FaultKind::Missing { found } => write!(
                f,
                "line {line} is missing: number {found} stands in its place"
            ),
            FaultKind::Reordered { found } => write!(
                f,
                "line {line} is out of order: number {found} stands in its place"
            ),
            FaultKind::Truncated { noted } => {
                write!(f, "line {line} is missing: the trail had {noted} lines")
            }
            FaultKind::Replaced => write!(f, "line {line} is not the one that was written"),
            FaultKind::Torn => write!(f, "line {line} was not finished"),
        }
    }
}

/// Checks the trail at `path`, and the note of its last line beside it if there is one.
pub fn verify(path: &Path) -> io::Result<Result<Sound, Fault>> {
    let mut reader = BufReader::new(File::open(path)?);
    let head = read_head(path);
    let mut last = Link::genesis();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let line = last.n + 1;
        match check(&last, &bytes, head.as_ref()) {
            Ok(checked) => last = checked,
            Err(kind) => return Ok(Err(Fault { line, kind })),
        }
    }
    if let Some(head) = head.filter(|head| head.n > last.n) {
        return Ok(Err(Fault {
            line: last.n + 1,
            kind: FaultKind::Truncated { noted: head.n },
        }));
    }
    Ok(Ok(Sound {
        lines: last.n,
        hash: last.hash,
    }))
}

fn check(before: &Link, bytes: &[u8], head: Option<&Link>) -> Result<Link, FaultKind> {
    let text = bytes.strip_suffix(b"\n").ok_or(FaultKind::Torn)?;
    let text = std::str::from_utf8(text).map_err(|_| FaultKind::Unreadable)?;
    let claim = line::read(&before.hash, text).ok_or(FaultKind::Unreadable)?;
    let (found, expected) = (claim.link.n, before.n + 1);
    if found > expected {
        return Err(FaultKind::Missing { found });
    }
    if found < expected {
        return Err(FaultKind::Reordered { found });
    }
    if claim.link.hash != claim.expected {
        return Err(FaultKind::Changed);
    }
    match head {
        Some(head) if head.n == found && head.hash != claim.link.hash => Err(FaultKind::Replaced),
        _ => Ok(claim.link),
    }
}
