//! Knowing whether something has to be done again: a hash over the contents of files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Collects everything a result depends on.
#[derive(Default)]
pub struct Inputs {
    hash: Sha256,
}

impl Inputs {
    /// Takes in a word that is in no file: a version, a mode.
    pub fn word(mut self, word: &str) -> Self {
        self.feed(word.as_bytes());
        self
    }

    /// Takes in a file, or all files below a folder, names and contents. What does not exist is taken in as such.
    pub fn path(mut self, path: &Path) -> Result<Self> {
        for file in files_below(path)? {
            self.feed(file.to_string_lossy().as_bytes());
            self.feed(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        }
        Ok(self)
    }

    /// The hash over everything taken in, in hexadecimal.
    pub fn finish(self) -> String {
        hex::encode(self.hash.finalize())
    }

    // The length goes first, so that no two different sequences of words look alike.
    fn feed(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_le_bytes());
        self.hash.update(bytes);
    }
}

/// All files at or below `path`, sorted by name.
pub fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        files.extend(files_below(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}

/// Whether `stamp` says that `hash` was done.
pub fn is_current(stamp: &Path, hash: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|noted| noted == hash)
}

/// Notes in `stamp` that `hash` was done.
pub fn note(stamp: &Path, hash: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(stamp, hash).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(folder: &Path) -> String {
        Inputs::default().path(folder).expect("readable").finish()
    }

    #[test]
    fn contents_names_and_new_files_change_the_hash_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a");
        fs::write(&file, "1").expect("writes");
        let first = hash_of(folder.path());
        fs::write(&file, "1").expect("writes");
        assert_eq!(
            hash_of(folder.path()),
            first,
            "the time of change does not matter"
        );
        fs::write(&file, "2").expect("writes");
        let changed = hash_of(folder.path());
        assert_ne!(changed, first);
        fs::rename(&file, folder.path().join("b")).expect("renames");
        let renamed = hash_of(folder.path());
        assert_ne!(renamed, changed);
        fs::write(folder.path().join("c"), "").expect("writes");
        assert_ne!(hash_of(folder.path()), renamed);
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        let split = Inputs::default().word("ab").word("c").finish();
        assert_ne!(split, Inputs::default().word("a").word("bc").finish());
    }

    #[test]
    fn a_stamp_is_current_only_for_its_hash() {
        let folder = tempfile::tempdir().expect("a folder");
        let stamp = folder.path().join("deep/er/stamp");
        assert!(!is_current(&stamp, "x"));
        note(&stamp, "x").expect("writes");
        assert!(is_current(&stamp, "x"));
        assert!(!is_current(&stamp, "y"));
    }
}
