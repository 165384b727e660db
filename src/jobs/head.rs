//! The last signed head, remembered by this node in a file outside the database: what makes a database that was
//! rolled back, or rewritten, show. Beside it the name of the node.
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::domain::ids::Entropy;
use crate::log::checkpoint::CheckpointError;
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

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The note of the head this node signed last, its signatures not yet checked; `None` when it never signed one.
    pub fn load(&self) -> Result<Option<SignedNote>, HeadError> {
        let bytes = match std::fs::read(&self.0) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.io(cause)),
        };
        let note = String::from_utf8_lossy(&bytes).parse();
        note.map(Some).map_err(|error| self.content(CheckpointError::Note(error)))
    }

    pub(super) fn content(&self, cause: CheckpointError) -> HeadError {
        HeadError::Content { path: self.0.clone(), cause }
    }

    /// The name of the node whose memory this is, by which its alarms are told from those of others; `None` before it
    /// has one.
    pub fn node(&self) -> Option<String> {
        let name = std::fs::read_to_string(self.node_file()).ok()?;
        let name = name.trim_end();
        let good = name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        good.then(|| name.to_owned())
    }

    /// The same, made at the first start and kept beside the file.
    pub fn name_node(&self, entropy: &dyn Entropy) -> Result<String, HeadError> {
        if let Some(name) = self.node() {
            return Ok(name);
        }
        let mut bytes = [0; 4];
        entropy.fill(&mut bytes);
        let name = data_encoding::HEXLOWER.encode(&bytes);
        replace(&self.node_file(), format!("{name}\n").as_bytes()).map_err(|cause| self.io(cause))?;
        Ok(name)
    }

    fn node_file(&self) -> PathBuf {
        beside(&self.0, ".node")
    }

    /// Durable before it returns: the head is remembered before anybody else can see it.
    pub fn save(&self, note: &SignedNote) -> Result<(), HeadError> {
        replace(&self.0, note.to_string().as_bytes()).map_err(|cause| self.io(cause))
    }

    fn io(&self, cause: std::io::Error) -> HeadError {
        HeadError::Io { path: self.0.clone(), cause }
    }
}

/// A file whose name begins with that of another, whatever dots it has.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Replaces a file whole: durable before it returns, the former content or the new one after a crash.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let next = beside(path, ".next");
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&next, path)?;
    File::open(folder)?.sync_all()
}
