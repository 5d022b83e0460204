//! API keys: how one is made, and what the settings keep of it.

use sha2::{Digest as _, Sha256};

use crate::clock::Clock;
use crate::config::api::Scope;

/// So that scanners of leaked secrets and readers of logs know one when they see it.
const PREFIX: &str = "cck_";

/// A new key: a prefix and 256 random bits. It is shown once and kept nowhere.
pub fn new(clock: &Clock) -> String {
    format!("{PREFIX}{}", clock.random_token())
}

/// What is kept of a key. A key is random, so a plain hash cannot be turned back by guessing.
pub fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// The lines of the settings that admit the key.
pub fn settings(name: &str, key: &str, scopes: &[Scope]) -> String {
    let scopes: Vec<String> = scopes
        .iter()
        .map(|scope| format!("{:?}", scope.as_str()))
        .collect();
    format!(
        "[[api.keys]]\nname = {name:?}\nsha256 = \"{}\"\nscopes = [{}]",
        hex::encode(hash(key)),
        scopes.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_printed_settings_admit_the_key_and_do_not_hold_it() {
        let key = new(&Clock::system());
        assert_eq!(key.len(), PREFIX.len() + 43);
        let lines = settings("model", &key, &Scope::ALL);
        assert!(!lines.contains(&key), "{lines}");
        let config = Config::from_toml(&format!("[server]\ndev_mode = true\n{lines}")).unwrap();
        let [kept] = &config.api.keys[..] else {
            panic!("expected one key")
        };
        assert_eq!((kept.name.as_str(), kept.sha256), ("model", hash(&key)));
        assert_eq!(kept.scopes.len(), Scope::ALL.len());
    }
}
