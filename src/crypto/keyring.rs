//! The keys folder: `master.key` (seals columns and the signing keys kept in the database) and `log.key`
//! (signs the log). One key per line, the newest first; created 0600, read only when nobody else can read them.
//!
//! The checks look at the mode bits, never at what this process may do: they hold for root too.
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use super::seal::{MasterKey, SealError, Sealer};
use crate::domain::ids::Entropy;

pub const MASTER_FILE: &str = "master.key";
pub const LOG_FILE: &str = "log.key";
/// Far above any list of keys; keeps a wrong file from being read into memory.
const MAX_BYTES: u64 = 64 * 1024;

/// The seed of an Ed25519 key that signs the log (RFC 8032 §5.1.5). Zeroed when dropped, never printed.
#[derive(Clone)]
pub struct LogSeed(Zeroizing<[u8; 32]>);

/// What the keys folder holds.
#[derive(Debug)]
pub struct Keyring {
    pub sealer: Sealer,
    master: Vec<MasterKey>,
    log: Vec<LogSeed>,
}

/// Why the keys folder cannot be used. Each message names the file and what to do; none holds a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("{path} does not exist: create the keys with `entremise keys generate`")]
    Missing { path: PathBuf },
    #[error("{path} can be read by others (mode {mode:04o}): run `chmod {wanted} {path}`")]
    TooOpen { path: PathBuf, mode: u32, wanted: &'static str },
    #[error("{path} is not a regular file")]
    NotAFile { path: PathBuf },
    #[error("{path}, line {line}: not a key (32 bytes in base64url); restore the file from its backup")]
    BadLine { path: PathBuf, line: usize },
    #[error("{path} holds no key; restore the file from its backup")]
    Empty { path: PathBuf },
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl LogSeed {
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl LogSeed {
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(&mut *seed);
        Self(seed)
    }
}

impl std::fmt::Debug for LogSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogSeed(…)")
    }
}

impl Keyring {
    /// Creates the folder (0700) and those of the two files that do not exist (0600), never touching one that does.
    /// Returns the files created.
    pub fn create(folder: &Path, entropy: &dyn Entropy) -> Result<Vec<PathBuf>, KeyringError> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|cause| io(folder, cause))?;
        let mut created = Vec::new();
        for name in [MASTER_FILE, LOG_FILE] {
            let path = folder.join(name);
            if create_file(&path, entropy)? {
                created.push(path);
            }
        }
        Ok(created)
    }

    pub fn load(folder: &Path) -> Result<Self, KeyringError> {
        check_folder(folder)?;
        let master: Vec<MasterKey> =
            read_keys(&folder.join(MASTER_FILE))?.iter().map(|key| MasterKey::from_bytes(**key)).collect();
        let log = read_keys(&folder.join(LOG_FILE))?.into_iter().map(LogSeed).collect();
        Ok(Self { sealer: Sealer::new(&master)?, master, log })
    }

    /// Public names of the master keys, the one that seals first.
    pub fn master_names(&self) -> Result<Vec<String>, SealError> {
        self.master.iter().map(MasterKey::name).collect()
    }

    /// The log keys, the one that signs first; a second one is the key it replaces.
    pub fn log_seeds(&self) -> &[LogSeed] {
        &self.log
    }
}

/// The one key of a file, made when there is none: that of a witness, which has no keys folder.
pub fn own_seed(path: &Path, entropy: &dyn Entropy) -> Result<LogSeed, KeyringError> {
    create_file(path, entropy)?;
    let keys = read_keys(path)?;
    keys.into_iter().next().map(LogSeed).ok_or_else(|| KeyringError::Empty { path: path.to_owned() })
}

/// Puts a new first key into the master file: what is sealed from the next start on uses it, what was sealed still opens.
pub fn rotate_master(folder: &Path, entropy: &dyn Entropy) -> Result<String, KeyringError> {
    check_folder(folder)?;
    let path = folder.join(MASTER_FILE);
    let key = MasterKey::generate(entropy);
    let old = read_keys(&path)?;
    replace(folder, &path, std::iter::once(key.bytes()).chain(old.iter().map(|old| &**old)))?;
    Ok(key.name()?)
}

/// Puts a new first key into the log file: the next start signs with it and with the others.
pub fn rotate_log(folder: &Path, seed: &LogSeed) -> Result<(), KeyringError> {
    check_folder(folder)?;
    let path = folder.join(LOG_FILE);
    let old = read_keys(&path)?;
    replace(folder, &path, std::iter::once(seed.bytes()).chain(old.iter().map(|old| &**old)))
}

/// Takes the last key out of the log file, never the only one.
pub fn retire_log(folder: &Path) -> Result<(), KeyringError> {
    check_folder(folder)?;
    let path = folder.join(LOG_FILE);
    let keys = read_keys(&path)?;
    replace(folder, &path, keys.iter().map(|key| &**key).take((keys.len() - 1).max(1)))
}

fn replace<'k>(
    folder: &Path,
    path: &Path,
    keys: impl Iterator<Item = &'k [u8; 32]>,
) -> Result<(), KeyringError> {
    let mut text = Zeroizing::new(String::new());
    for key in keys {
        text.push_str(&Zeroizing::new(line(key)));
    }
    // Written beside, then renamed over: a crash leaves either the old list or the new one, never a part.
    let beside = path.with_extension("key.new");
    write_new(&beside, &text)?;
    std::fs::rename(&beside, path).map_err(|cause| io(path, cause))?;
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|cause| io(folder, cause))
}

fn io(path: &Path, cause: std::io::Error) -> KeyringError {
    KeyringError::Io { path: path.to_owned(), cause }
}

fn line(key: &[u8; 32]) -> String {
    format!("{}\n", BASE64URL_NOPAD.encode(key))
}

fn create_file(path: &Path, entropy: &dyn Entropy) -> Result<bool, KeyringError> {
    let mut key = Zeroizing::new([0u8; 32]);
    entropy.fill(&mut *key);
    match write_new(path, &Zeroizing::new(line(&key))) {
        Ok(()) => Ok(true),
        Err(KeyringError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(other) => Err(other),
    }
}

/// `O_EXCL`: never over an existing file, never through a link left there.
fn write_new(path: &Path, text: &str) -> Result<(), KeyringError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|cause| io(path, cause))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|cause| io(path, cause))
}

/// Someone who can write in the folder can replace the keys.
fn check_folder(folder: &Path) -> Result<(), KeyringError> {
    let meta = std::fs::metadata(folder).map_err(|cause| missing_or_io(folder, cause))?;
    if meta.mode() & 0o022 != 0 {
        return Err(too_open(folder, meta.mode(), "700"));
    }
    Ok(())
}

fn missing_or_io(path: &Path, cause: std::io::Error) -> KeyringError {
    if cause.kind() == std::io::ErrorKind::NotFound {
        KeyringError::Missing { path: path.to_owned() }
    } else {
        io(path, cause)
    }
}

fn too_open(path: &Path, mode: u32, wanted: &'static str) -> KeyringError {
    KeyringError::TooOpen { path: path.to_owned(), mode: mode & 0o7777, wanted }
}

fn read_keys(path: &Path) -> Result<Vec<Zeroizing<[u8; 32]>>, KeyringError> {
    let file = File::open(path).map_err(|cause| missing_or_io(path, cause))?;
    // Asked of the open file, not of the name: nothing can be swapped in between.
    let meta = file.metadata().map_err(|cause| io(path, cause))?;
    if !meta.is_file() {
        return Err(KeyringError::NotAFile { path: path.to_owned() });
    }
    if meta.mode() & 0o077 != 0 {
        return Err(too_open(path, meta.mode(), "600"));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|cause| io(path, cause))?;
    let keys = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(at, line)| {
            decode(line).ok_or_else(|| KeyringError::BadLine { path: path.to_owned(), line: at + 1 })
        })
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(KeyringError::Empty { path: path.to_owned() });
    }
    Ok(keys)
}

fn decode(line: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(BASE64URL_NOPAD.decode(line.trim().as_bytes()).ok()?);
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::crypto::random::SystemEntropy;
    use crate::crypto::seal::Place;

    const PLACE: Place<'_> = Place { table: "t", row: b"r", column: "c" };

    struct Folder(PathBuf);
    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("entremise-keys-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            Self(path)
        }
        fn chmod(&self, name: &str, mode: u32) {
            let path = if name.is_empty() { self.0.clone() } else { self.0.join(name) };
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn creates_once_for_the_owner_alone_and_loads() {
        let folder = Folder::new("create");
        assert!(matches!(Keyring::load(&folder.0), Err(KeyringError::Missing { .. })));
        assert_eq!(Keyring::create(&folder.0, &SystemEntropy).unwrap().len(), 2);
        for name in [MASTER_FILE, LOG_FILE] {
            assert_eq!(std::fs::metadata(folder.0.join(name)).unwrap().mode() & 0o7777, 0o600);
        }
        let sealed = Keyring::load(&folder.0).unwrap().sealer.seal(PLACE, b"x").unwrap();
        assert!(Keyring::create(&folder.0, &SystemEntropy).unwrap().is_empty());
        assert_eq!(&**Keyring::load(&folder.0).unwrap().sealer.open(PLACE, &sealed).unwrap(), b"x");
    }

    #[test]
    fn a_file_others_can_read_is_refused_with_the_command_that_mends_it() {
        let folder = Folder::new("modes");
        Keyring::create(&folder.0, &SystemEntropy).unwrap();
        for (name, mode) in [(MASTER_FILE, 0o640), (MASTER_FILE, 0o604), (LOG_FILE, 0o620), ("", 0o770)] {
            folder.chmod(name, mode);
            let refused = Keyring::load(&folder.0).unwrap_err().to_string();
            assert!(refused.contains("chmod") && refused.contains(name), "{refused}");
            folder.chmod(name, if name.is_empty() { 0o700 } else { 0o600 });
        }
        Keyring::load(&folder.0).unwrap();
    }

    #[test]
    fn a_damaged_file_is_named_and_never_quoted() {
        let folder = Folder::new("damaged");
        Keyring::create(&folder.0, &SystemEntropy).unwrap();
        let path = folder.0.join(MASTER_FILE);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, &whole[..20]).unwrap();
        let refused = Keyring::load(&folder.0).unwrap_err();
        assert!(matches!(refused, KeyringError::BadLine { line: 1, .. }));
        assert!(!refused.to_string().contains(&whole[..20]));
        std::fs::write(&path, "# nothing\n").unwrap();
        assert!(matches!(Keyring::load(&folder.0), Err(KeyringError::Empty { .. })));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(Keyring::load(&folder.0), Err(KeyringError::NotAFile { .. })));
    }

    #[test]
    fn rotation_keeps_the_old_key_for_opening() {
        let folder = Folder::new("rotate");
        Keyring::create(&folder.0, &SystemEntropy).unwrap();
        let before = Keyring::load(&folder.0).unwrap();
        let sealed = before.sealer.seal(PLACE, b"x").unwrap();
        let name = rotate_master(&folder.0, &SystemEntropy).unwrap();
        let after = Keyring::load(&folder.0).unwrap();
        assert_eq!(after.master_names().unwrap().first(), Some(&name));
        assert_eq!(&**after.sealer.open(PLACE, &sealed).unwrap(), b"x");
        assert!(after.sealer.is_stale(&sealed));
        assert_eq!(before.sealer.blind_index("e", b"x"), after.sealer.blind_index("e", b"x"));
        assert_eq!(std::fs::metadata(folder.0.join(MASTER_FILE)).unwrap().mode() & 0o7777, 0o600);
    }

    #[test]
    fn debug_is_silent() {
        let folder = Folder::new("debug");
        Keyring::create(&folder.0, &SystemEntropy).unwrap();
        let shown = format!("{:?}", Keyring::load(&folder.0).unwrap());
        let key = std::fs::read_to_string(folder.0.join(MASTER_FILE)).unwrap();
        assert!(!shown.contains(key.trim()) && shown.contains("MasterKey(…)"), "{shown}");
    }
}
