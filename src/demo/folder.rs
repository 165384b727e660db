//! The data folder of a demonstration: database, keys, clock, and what its people hold (passwords, cards) and its
//! services know (their secrets), which only the owner of the folder may read.
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::demo::cards::VirtualCard;

/// What is remembered beside the database.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) cards: Vec<VirtualCard>,
    /// Secret of the product at the identity provider.
    pub(crate) identity_secret: String,
    /// Client identifier and secret of each service at the product.
    pub(crate) services: Vec<(String, String)>,
    /// Where everything answers: product, identity provider, services. Registered, hence not to be changed.
    pub(crate) origins: Vec<String>,
    /// Where the data are, when not in the folder.
    pub(crate) database_url: Option<String>,
    /// Everything has been created: later starts only read.
    pub(crate) complete: bool,
}

pub struct Folder {
    root: PathBuf,
}

/// Something in the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("{}: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("{} is not what a demonstration wrote; start again with --fresh ({cause})", path.display())]
    Memory { path: PathBuf, cause: serde_json::Error },
    #[error("{} holds no demonstration: it is left alone. Give another folder with --data", .0.display())]
    NotOurs(PathBuf),
}

impl Folder {
    /// The folder, made if need be; `fresh` empties one that an earlier demonstration filled, and no other.
    /// One whose first start was interrupted is emptied too.
    pub fn open(root: &Path, fresh: bool) -> Result<Self, FolderError> {
        let folder = Self { root: root.to_owned() };
        let io = |cause| FolderError::Io { path: root.to_owned(), cause };
        let occupied = root.is_dir() && fs::read_dir(root).map_err(io)?.next().is_some();
        if occupied && !folder.memory_file().exists() {
            return Err(FolderError::NotOurs(root.to_owned()));
        }
        // A first start that was interrupted left something half made: nothing in it is worth keeping.
        let half_made = occupied && folder.memory_file().exists() && !folder.recall()?.complete;
        if (fresh || half_made) && occupied {
            fs::remove_dir_all(root).map_err(io)?;
        }
        fs::create_dir_all(root).map_err(io)?;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700)).map_err(io)?;
        if !folder.memory_file().exists() {
            folder.remember(&Memory::default())?;
        }
        Ok(folder)
    }

    /// The folder of a demonstration that has been started before; nothing is made or changed.
    pub fn existing(root: &Path) -> Result<Self, FolderError> {
        let folder = Self { root: root.to_owned() };
        if folder.memory_file().exists() && folder.recall()?.complete {
            Ok(folder)
        } else {
            Err(FolderError::NotOurs(root.to_owned()))
        }
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("entremise.db")
    }

    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub fn clock(&self) -> PathBuf {
        self.root.join("clock")
    }

    pub fn log_head(&self) -> PathBuf {
        self.root.join("log-head")
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn recall(&self) -> Result<Memory, FolderError> {
        let path = self.memory_file();
        let text =
            fs::read_to_string(&path).map_err(|cause| FolderError::Io { path: path.clone(), cause })?;
        serde_json::from_str(&text).map_err(|cause| FolderError::Memory { path, cause })
    }

    /// Written whole or not at all.
    pub(crate) fn remember(&self, memory: &Memory) -> Result<(), FolderError> {
        let path = self.memory_file();
        let text = serde_json::to_vec_pretty(memory)
            .map_err(|cause| FolderError::Memory { path: path.clone(), cause })?;
        let beside = path.with_extension("new");
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().map_err(|cause| FolderError::Io { path: path.clone(), cause })
    }

    fn memory_file(&self) -> PathBuf {
        self.root.join("demo.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_private_remembers_and_never_empties_what_is_not_its_own() {
        let root = std::env::temp_dir().join(format!("entremise-demo-folder-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let folder = Folder::open(&root, false).unwrap();
        folder.remember(&Memory { complete: true, ..Memory::default() }).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&root), mode(&root.join("demo.json"))), (0o700, 0o600));
        assert!(Folder::open(&root, false).unwrap().recall().unwrap().complete);
        assert!(!Folder::open(&root, true).unwrap().recall().unwrap().complete);
        fs::remove_file(root.join("demo.json")).unwrap();
        fs::write(root.join("letter.txt"), "mine").unwrap();
        assert!(matches!(Folder::open(&root, true), Err(FolderError::NotOurs(_))));
        assert!(root.join("letter.txt").exists());
        fs::remove_dir_all(&root).unwrap();
    }
}
