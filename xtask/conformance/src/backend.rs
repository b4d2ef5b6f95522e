//! The backends that the checks run on.

/// Something that keeps sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// session-store-memory.
    Memory,
    /// session-store-fs, in a throw-away directory.
    Fs,
    /// `CookieStorage`.
    Cookie,
}

/// Every backend by the name that `--backend` takes, in the order of the table's columns.
pub const BACKENDS: &[(&str, Backend)] = &[
    ("memory", Backend::Memory),
    ("fs", Backend::Fs),
    ("cookie", Backend::Cookie),
];

impl Backend {
    /// Its name in [`BACKENDS`].
    pub fn name(self) -> &'static str {
        match self {
            Backend::Memory => "memory",
            Backend::Fs => "fs",
            Backend::Cookie => "cookie",
        }
    }
}
