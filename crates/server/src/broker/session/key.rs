//! The server's own key: it signs session cookies and tickets. Made at the first start, kept beside the database.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretSlice};

/// Its name in the data directory.
const FILE_NAME: &str = "session.key";

/// 256 bits that nobody else knows.
#[derive(Clone, Debug)]
pub struct Key(SecretSlice<u8>);

/// The key could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file operation failed.
    #[error("session key {path}: {source}")]
    File {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no key.
    #[error(
        "session key {path} has {length} bytes, expected 32; remove it to have a new one made (sessions end)"
    )]
    Length {
        /// Where.
        path: PathBuf,
        /// How long it is.
        length: usize,
    },
}

impl Key {
    /// The key of this data directory; `fresh` becomes it if there is none yet.
    pub fn load_or_make(data_dir: &Path, fresh: [u8; 32]) -> Result<Self, KeyError> {
        let path = data_dir.join(FILE_NAME);
        let failed = |source| KeyError::File {
            path: path.clone(),
            source,
        };
        if !path.exists() {
            make(&path, fresh).map_err(failed)?;
        }
        let bytes = fs::read(&path).map_err(failed)?;
        if bytes.len() != fresh.len() {
            return Err(KeyError::Length {
                path,
                length: bytes.len(),
            });
        }
        Ok(Self(bytes.into()))
    }

    /// A key for tests.
    #[cfg(test)]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec().into())
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// Writes the key under another name and links it, so that a half-written key is never found under its own, and of
/// two servers that start at once both end with the same.
fn make(path: &Path, fresh: [u8; 32]) -> io::Result<()> {
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&fresh)?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_first_key_stays_and_only_the_owner_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Key::load_or_make(dir.path(), [1; 32]).unwrap();
        let second = Key::load_or_make(dir.path(), [2; 32]).unwrap();
        assert_eq!(
            (first.expose(), second.expose()),
            (&[1; 32][..], &[1; 32][..])
        );
        let mode = fs::metadata(dir.path().join(FILE_NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), "short").unwrap();
        let error = Key::load_or_make(dir.path(), [1; 32])
            .unwrap_err()
            .to_string();
        assert!(
            error.ends_with(
                "has 5 bytes, expected 32; remove it to have a new one made (sessions end)"
            ),
            "{error}"
        );
    }

    #[test]
    fn its_debug_shows_nothing() {
        let shown = format!("{:?}", Key::from_bytes([b'k'; 32]));
        assert!(!shown.contains("107") && !shown.contains('k'), "{shown}");
    }
}
