//! What was made, in order, and what was only asked for again; pure. Start with [`Ledger::record`].

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Records that are kept at most; the oldest leave first, and their keys with them.
const MAX_RECORDS: usize = 50_000;

/// Something that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: String,
    /// When, epoch milliseconds.
    pub at_ms: i64,
    /// The idempotency key of the call that made it.
    pub key: Option<String>,
    /// How often the same key came again.
    pub repeats: u32,
    /// The body of the call, unchanged.
    pub body: Value,
}

/// Records of one kind.
#[derive(Debug)]
pub struct Ledger {
    prefix: &'static str,
    /// Records ever made; the last one has this number.
    count: u64,
    records: VecDeque<Record>,
    /// By OAuth client and idempotency key: the record's number.
    keys: BTreeMap<(String, String), u64>,
}

impl Ledger {
    /// Nothing yet. Ids are `<prefix>-1` and so on.
    pub const fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            count: 0,
            records: VecDeque::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Carries a call out, unless the client's key has come before; the id either way, and whether it is a repeat. Of
    /// calls with one key the first body counts.
    pub fn record(
        &mut self,
        client: &str,
        key: Option<&str>,
        body: &Value,
        now: Timestamp,
    ) -> (String, bool) {
        let key = key.map(|key| (client.to_owned(), key.to_owned()));
        if let Some(number) = key.as_ref().and_then(|key| self.keys.get(key)).copied()
            && let Some(record) = self.get_mut(number)
        {
            record.repeats += 1;
            return (record.id.clone(), true);
        }
        if self.records.len() == MAX_RECORDS {
            let oldest = self.first();
            self.records.pop_front();
            self.keys.retain(|_, number| *number != oldest);
        }
        self.count += 1;
        let id = format!("{}-{}", self.prefix, self.count);
        self.records.push_back(Record {
            id: id.clone(),
            at_ms: now.as_millisecond(),
            key: key.as_ref().map(|(_, key)| key.clone()),
            repeats: 0,
            body: body.clone(),
        });
        if let Some(key) = key {
            self.keys.insert(key, self.count);
        }
        (id, false)
    }

    /// All records, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.records.iter().cloned().collect()
    }

    /// The number of the oldest record.
    fn first(&self) -> u64 {
        self.count + 1 - self.records.len() as u64
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Record> {
        let index = number.checked_sub(self.first())?;
        self.records.get_mut(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    #[test]
    fn a_key_makes_one_and_no_key_makes_another_each_time() {
        let mut ledger = Ledger::new("TASK");
        let mut record = |client, key, body, ms| ledger.record(client, key, &json!(body), at(ms));
        let made = |n: u32, is_repeat| (format!("TASK-{n}"), is_repeat);
        assert_eq!(record("cid", Some("k"), "a", 1), made(1, false));
        assert_eq!(record("cid", None, "a", 2), made(2, false));
        assert_eq!(record("cid", None, "a", 3), made(3, false));
        assert_eq!(record("cid", Some("k"), "b", 4), made(1, true));
        assert_eq!(record("other", Some("k"), "c", 5), made(4, false));
        assert_eq!(record("cid", Some("k"), "a", 6), made(1, true));
        assert_eq!(
            serde_json::to_value(ledger.records()).unwrap(),
            json!([
                {"id": "TASK-1", "at_ms": 1, "key": "k", "repeats": 2, "body": "a"},
                {"id": "TASK-2", "at_ms": 2, "key": null, "repeats": 0, "body": "a"},
                {"id": "TASK-3", "at_ms": 3, "key": null, "repeats": 0, "body": "a"},
                {"id": "TASK-4", "at_ms": 5, "key": "k", "repeats": 0, "body": "c"},
            ])
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut ledger = Ledger::new("TASK");
        ledger.record("cid", Some("first"), &json!(0), at(0));
        ledger.record("cid", Some("second"), &json!(0), at(0));
        for _ in 0..MAX_RECORDS - 1 {
            ledger.record("cid", None, &json!(0), at(0));
        }
        assert_eq!(ledger.records.len(), MAX_RECORDS);
        assert_eq!(
            ledger.record("cid", Some("second"), &json!(0), at(0)),
            ("TASK-2".to_owned(), true)
        );
        let (id, is_repeat) = ledger.record("cid", Some("first"), &json!(0), at(0));
        assert_eq!(
            (id, is_repeat),
            (format!("TASK-{}", MAX_RECORDS + 2), false),
            "forgotten with its record"
        );
    }
}
