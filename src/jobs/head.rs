//! The last signed head, remembered by this node in a file outside the database: what makes a database that was
//! rolled back, or rewritten, show.
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::app::record::Recorder;
use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::note::SignedNote;

/// The file; replaced whole, never edited.
#[derive(Clone, Debug)]
pub struct HeadFile(PathBuf);

/// Why this node does not know what it signed last: it signs nothing until that is mended.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file cannot be read or written.
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
    /// The file is damaged, or of another log or key.
    #[error("{path} does not hold a head signed with this log's key: {cause}")]
    Content { path: PathBuf, cause: CheckpointError },
}

impl HeadFile {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The head this node signed last; `None` when it never signed one.
    pub fn load(&self, recorder: &Recorder) -> Result<Option<Checkpoint>, HeadError> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.io(cause)),
        };
        let content = |cause| HeadError::Content { path: self.0.clone(), cause };
        let note: SignedNote = text.parse().map_err(|error| content(CheckpointError::Note(error)))?;
        recorder.open_checkpoint(&note).map(Some).map_err(content)
    }

    /// Durable before it returns: the head is remembered before anybody else can see it.
    pub fn save(&self, note: &SignedNote) -> Result<(), HeadError> {
        replace(&self.0, note.to_string().as_bytes()).map_err(|cause| self.io(cause))
    }

    fn io(&self, cause: std::io::Error) -> HeadError {
        HeadError::Io { path: self.0.clone(), cause }
    }
}

/// Replaces a file whole: durable before it returns, the former content or the new one after a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let next = path.with_extension("next");
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&next, path)?;
    File::open(folder)?.sync_all()
}
