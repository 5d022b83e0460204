//! Why the broker closes a browser's socket.

/// The close codes of the browser's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// A message that is none, or `hello` missing.
    BadMessage = 4400,
    /// The session has ended: a new assertion is needed.
    SessionEnded = 4401,
    /// This origin or agent may not be here.
    Forbidden = 4403,
    /// The browser did not read fast enough; it may come back at once and resume.
    SlowConsumer = 4408,
    /// The same panel has opened a newer socket.
    Replaced = 4409,
    /// Too many sockets or messages.
    TooMany = 4429,
    /// The server is going away; come back after `bye`'s wait.
    Draining = 4503,
}

impl CloseCode {
    /// The number on the wire.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Reads a number from the wire.
    pub const fn from_code(code: u16) -> Option<Self> {
        Some(match code {
            4400 => Self::BadMessage,
            4401 => Self::SessionEnded,
            4403 => Self::Forbidden,
            4408 => Self::SlowConsumer,
            4409 => Self::Replaced,
            4429 => Self::TooMany,
            4503 => Self::Draining,
            _ => return None,
        })
    }
}
