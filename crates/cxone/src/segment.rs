//! Ids as segments of a path: which can be one, and how they are written; pure. Start with [`check`].

/// The longest id, in bytes.
pub const LONGEST_ID: usize = 256;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// An id that cannot be a segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} id has {length} bytes or is \".\" or \"..\", expected 1 to {LONGEST_ID} bytes that are not"
)]
pub struct IdError {
    what: &'static str,
    length: usize,
}

/// Whether an id can be a segment. Browsers and proxies fold `.` and `..` in a path, encoded or not, so no encoding
/// helps these two.
pub(crate) fn check(what: &'static str, id: &str) -> Result<(), IdError> {
    if (1..=LONGEST_ID).contains(&id.len()) && id != "." && id != ".." {
        Ok(())
    } else {
        let length = id.len();
        Err(IdError { what, length })
    }
}

/// Writes a segment behind a path. Everything but the unreserved characters is encoded (RFC 3986, section 2.3): of the
/// rest, URL parsers drop some and take others for the end of the segment.
pub(crate) fn push(path: &mut String, segment: &str) {
    path.push('/');
    for byte in segment.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(byte.into());
            }
            _ => {
                path.push('%');
                path.extend(
                    [byte >> 4, byte & 15].map(|digit| char::from(HEX[usize::from(digit)])),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn what_would_change_the_path_is_refused() {
        for id in [
            "guest-2",
            "a/b",
            "...",
            "../",
            "ä ?#%",
            &"x".repeat(LONGEST_ID),
        ] {
            assert_eq!(check("guest", id), Ok(()), "{id}");
        }
        for id in ["", ".", "..", &"x".repeat(LONGEST_ID + 1)] {
            assert_eq!(
                check("guest", id).expect_err(id).to_string(),
                format!(
                    "the guest id has {} bytes or is \".\" or \"..\", expected 1 to 256 bytes that are not",
                    id.len()
                )
            );
        }
    }

    #[test]
    fn only_unreserved_characters_stand_as_they_are() {
        let mut path = String::new();
        for segment in ["a-b.c_d~9", "../x y", "ä%2F", "?#;:@&=+$,!'()*"] {
            push(&mut path, segment);
        }
        assert_eq!(
            path,
            "/a-b.c_d~9/..%2Fx%20y/%C3%A4%252F/%3F%23%3B%3A%40%26%3D%2B%24%2C%21%27%28%29%2A"
        );
    }

    proptest! {
        #[test]
        fn no_id_changes_the_path(id in r"([./%2eEfF\\ \t\n?#]|.){1,12}") {
            prop_assume!(check("any", &id).is_ok());
            let mut path = "/before".to_owned();
            push(&mut path, &id);
            push(&mut path, "after");
            let mut url = Url::parse("http://127.0.0.1:1").expect("a URL");
            url.set_path(&path);
            prop_assert_eq!(url.path(), path, "nothing was folded or dropped");
            prop_assert_eq!(url.path_segments().expect("a base").count(), 3);
            prop_assert_eq!((url.query(), url.fragment()), (None, None));
        }
    }
}
