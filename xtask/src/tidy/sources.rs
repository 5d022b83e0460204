//! Checks on single source files: module docs, length, and words that may not appear.

use super::{Finding, TextFile};

/// Past this many lines, ask what two things a file does.
const LONG: usize = 400;
/// Past this many, split it.
const TOO_LONG: usize = 500;

/// A word that may not appear in some files, and why.
struct Ban {
    word: &'static str,
    applies: fn(&str) -> bool,
    reason: &'static str,
}

const BANS: [Ban; 6] = [
    Ban {
        word: concat!("inner_", "html"),
        applies: |path| is_rust(path) && !is_tidy(path),
        reason: "card HTML goes through shell/sanitize/ only",
    },
    Ban {
        word: concat!(".for", "get()"),
        applies: |path| is_rust(path) && !is_tidy(path),
        reason: "a leaked closure is never removed; own it in a struct and drop it",
    },
    Ban {
        word: concat!("#[", "allow("),
        applies: is_rust,
        reason: "use #[expect(…, reason = \"…\")], which tells when it is no longer needed",
    },
    Ban {
        word: concat!("#![", "allow("),
        applies: is_rust,
        reason: "use #[expect(…, reason = \"…\")], which tells when it is no longer needed",
    },
    Ban {
        word: "WebSocket",
        applies: is_ui,
        reason: "the ui draws; sockets belong to src/shell",
    },
    Ban {
        word: "fetch",
        applies: is_ui,
        reason: "the ui draws; requests belong to src/shell",
    },
];

/// Everything that is wrong with one file.
pub fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ban in BANS.iter().filter(|ban| (ban.applies)(&file.path)) {
        for (index, line) in file.text.lines().enumerate() {
            if code_of(line).contains(ban.word) {
                findings.push(Finding::error(
                    format!("{}:{}", file.path, index + 1),
                    format!("`{}` may not appear here: {}", ban.word, ban.reason),
                ));
            }
        }
    }
    if is_rust(&file.path) {
        findings.extend(missing_module_doc(file));
        findings.extend(length(file));
    }
    findings
}

fn missing_module_doc(file: &TextFile) -> Option<Finding> {
    let documented = file
        .text
        .lines()
        .find(|line| !line.trim().is_empty())
        .is_some_and(|line| line.starts_with("//! "));
    (!documented).then(|| {
        Finding::error(
            &file.path,
            "does not open with `//!`, expected what lives here, what may not, and where to start",
        )
    })
}

fn length(file: &TextFile) -> Option<Finding> {
    let lines = file.text.lines().count();
    let what = || format!("{lines} lines; past {LONG}, ask what two things it does");
    match lines {
        _ if lines > TOO_LONG => Some(Finding::error(&file.path, what())),
        _ if lines > LONG => Some(Finding::warning(&file.path, what())),
        _ => None,
    }
}

// A comment may say why something is not done.
fn code_of(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        ""
    } else {
        line
    }
}

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|ending| ending == "rs")
}

fn is_ui(path: &str) -> bool {
    is_rust(path) && path.starts_with("src/ui/")
}

// The tests below need the words they look for.
fn is_tidy(path: &str) -> bool {
    path.starts_with("xtask/src/tidy/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    #[test]
    fn a_good_file_has_no_findings() {
        assert_eq!(
            found(
                "src/ui/card.rs",
                "//! Draws a card.\n\n// fetch happens in the shell\nfn draw() {}\n"
            ),
            [""; 0]
        );
    }

    #[test]
    fn banned_words_are_found_with_their_line() {
        let line = concat!("view.inner_", "html(text);");
        assert_eq!(
            found("src/shell/x.rs", &format!("//! X.\n{line}\n")),
            [concat!(
                "error: src/shell/x.rs:2: `inner_",
                "html` may not appear here: card HTML goes through shell/sanitize/ only"
            )]
        );
        assert_eq!(
            found("src/shell/x.rs", concat!("//! X.\nclosure.for", "get();\n")).len(),
            1
        );
        assert_eq!(
            found(
                "crates/panel/src/x.rs",
                concat!("//! X.\n#[", "allow(dead_code)]\n")
            )
            .len(),
            1
        );
        assert_eq!(
            found(
                "crates/panel/src/x.rs",
                concat!("//! X.\n#![", "allow(dead_code)]\n")
            )
            .len(),
            1
        );
    }

    #[test]
    fn the_ui_may_not_talk_to_the_network_and_the_shell_may() {
        for word in ["web_sys::WebSocket::new(url)", "window.fetch_with_str(url)"] {
            let text = format!("//! X.\n{word};\n");
            assert_eq!(found("src/ui/card.rs", &text).len(), 1, "{word}");
            assert_eq!(found("src/shell/socket.rs", &text).len(), 0, "{word}");
        }
    }

    #[test]
    fn a_module_without_its_doc_is_found() {
        for text in [
            "use std::fs;\n//! Late.\n",
            "/// Of an item.\nfn f() {}\n",
            "",
            "//!\nfn f() {}\n",
        ] {
            assert_eq!(found("src/x.rs", text).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn long_files_are_warned_about_and_then_refused() {
        let lines = |count: usize| format!("//! X.\n{}", "fn f() {}\n".repeat(count - 1));
        assert_eq!(found("src/x.rs", &lines(LONG)), [""; 0]);
        assert_eq!(
            found("src/x.rs", &lines(LONG + 1)),
            ["warning: src/x.rs: 401 lines; past 400, ask what two things it does"]
        );
        assert_eq!(
            found("src/x.rs", &lines(TOO_LONG + 1)),
            ["error: src/x.rs: 501 lines; past 400, ask what two things it does"]
        );
        assert_eq!(found("style/x.css", &lines(TOO_LONG + 1)), [""; 0]);
    }
}
