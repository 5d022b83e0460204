//! Where the panel stands in its agent's log, and what each message from the broker does to that. Decides which
//! entries count; what is in them is the feed's affair.

use cuecard_protocol::{Resume, Seq};

/// The panel's place in the log.
#[derive(Debug, Default)]
pub(crate) struct Position {
    log: Option<String>,
    last_seq: Seq,
    /// The log and head of a snapshot on its way. The position stays what it was until the last part has come: if the
    /// snapshot breaks off, `hello` must not claim what never came.
    snapshot: Option<(String, Seq)>,
}

/// What `welcome` means for the feed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Welcomed {
    /// Entries follow.
    Resumed,
    /// All entries of the log follow: forget the cards.
    FromStart,
    /// Snapshot parts follow; the cards of before stay on screen until the last part.
    Gap,
    /// The broker would go on where the panel never was. The position is forgotten; come back for a snapshot.
    Lost,
}

/// What an entry's place means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// It is the next one: apply it.
    Next,
    /// It was applied before.
    Repeat,
    /// Something before it is missing: come back and resume.
    Hole,
}

impl Position {
    /// What `hello` says.
    pub(crate) fn hello(&self) -> (Seq, Option<String>) {
        (self.last_seq, self.log.clone())
    }

    /// Takes `welcome`.
    pub(crate) fn welcome(&mut self, log: String, head: Seq, resume: Resume) -> Welcomed {
        self.snapshot = None;
        if resume == Resume::Gap {
            self.snapshot = Some((log, head));
            return Welcomed::Gap;
        }
        let Some(known) = &self.log else {
            self.log = Some(log);
            return Welcomed::FromStart;
        };
        if *known != log || head < self.last_seq {
            *self = Self::default();
            return Welcomed::Lost;
        }
        Welcomed::Resumed
    }

    /// Takes the place of an entry.
    pub(crate) fn entry(&mut self, seq: Seq) -> Placed {
        if self.snapshot.is_some() {
            return Placed::Hole;
        }
        if seq <= self.last_seq {
            Placed::Repeat
        } else if seq.0 - 1 == self.last_seq.0 {
            self.last_seq = seq;
            Placed::Next
        } else {
            Placed::Hole
        }
    }

    /// Whether a snapshot is on its way.
    pub(crate) const fn awaits_snapshot(&self) -> bool {
        self.snapshot.is_some()
    }

    /// The highest place of a snapshot part. A snapshot is one consistent reading of the log at `head` or later.
    pub(crate) fn snapshot_reaches(&mut self, seq: Seq) {
        if let Some((_, head)) = &mut self.snapshot {
            *head = (*head).max(seq);
        }
    }

    /// The last part has come.
    pub(crate) fn snapshot_complete(&mut self) {
        if let Some((log, head)) = self.snapshot.take() {
            self.log = Some(log);
            self.last_seq = head;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(log: &str, last_seq: u64) -> Position {
        Position {
            log: Some(log.into()),
            last_seq: Seq(last_seq),
            snapshot: None,
        }
    }

    #[test]
    fn entries_count_once_and_without_holes() {
        let mut position = at("a", 41);
        assert_eq!(
            position.welcome("a".into(), Seq(43), Resume::Resumed),
            Welcomed::Resumed
        );
        let places = [41, 42, 42, 44, 43].map(|seq| position.entry(Seq(seq)));
        assert_eq!(
            places,
            [
                Placed::Repeat,
                Placed::Next,
                Placed::Repeat,
                Placed::Hole,
                Placed::Next
            ]
        );
        assert_eq!(position.hello(), (Seq(43), Some("a".into())));
    }

    #[test]
    fn a_snapshot_that_breaks_off_claims_nothing() {
        let mut position = at("a", 41);
        assert_eq!(
            position.welcome("b".into(), Seq(7), Resume::Gap),
            Welcomed::Gap
        );
        position.snapshot_reaches(Seq(5));
        assert_eq!(position.hello(), (Seq(41), Some("a".into())));
        assert_eq!(position.entry(Seq(8)), Placed::Hole);
    }

    #[test]
    fn a_whole_snapshot_is_the_new_position() {
        let mut position = Position::default();
        position.welcome("b".into(), Seq(7), Resume::Gap);
        position.snapshot_reaches(Seq(9));
        position.snapshot_complete();
        assert_eq!(position.hello(), (Seq(9), Some("b".into())));
        assert!(!position.awaits_snapshot());
        assert_eq!(position.entry(Seq(8)), Placed::Repeat);
        assert_eq!(position.entry(Seq(10)), Placed::Next);
    }

    #[test]
    fn another_log_or_a_shorter_one_is_not_gone_on_with() {
        for (log, head) in [("b", 50), ("a", 40)] {
            let mut position = at("a", 41);
            assert_eq!(
                position.welcome(log.into(), Seq(head), Resume::Resumed),
                Welcomed::Lost
            );
            assert_eq!(position.hello(), (Seq::ZERO, None));
        }
        assert_eq!(
            Position::default().welcome("a".into(), Seq(3), Resume::Resumed),
            Welcomed::FromStart
        );
    }

    #[test]
    fn the_last_place_of_all_overflows_nothing() {
        let mut position = at("a", u64::MAX);
        assert_eq!(position.entry(Seq(u64::MAX)), Placed::Repeat);
        assert_eq!(at("a", 0).entry(Seq(u64::MAX)), Placed::Hole);
    }
}
