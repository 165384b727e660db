//! Sorting more than memory holds: records go to a scratch file in sorted runs and come back merged. What must be
//! unique in a whole log is found equal and adjacent.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A key of 32 bytes, and the number of the line it comes from.
pub(super) type Record = ([u8; 32], u64);

const BYTES: u64 = 40;
/// Records sorted in memory at once: 40 MB.
const RUN: usize = 1 << 20;

/// Records in any order in, in order out.
pub(super) struct Spill {
    folder: PathBuf,
    run_length: usize,
    fresh: Vec<Record>,
    /// The sorted runs, one after the other, as (records before, records in it); the file has no name any more.
    file: Option<File>,
    runs: Vec<(u64, u64)>,
}

impl Spill {
    /// `folder`: where scratch files may be written. Nothing is before there is more than memory takes.
    pub(super) fn new(folder: &Path) -> Self {
        Self::with_run(folder, RUN)
    }

    pub(super) fn with_run(folder: &Path, run_length: usize) -> Self {
        Self { folder: folder.to_owned(), run_length, fresh: Vec::new(), file: None, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, record: Record) -> io::Result<()> {
        self.fresh.push(record);
        if self.fresh.len() >= self.run_length { self.write_run() } else { Ok(()) }
    }

    fn write_run(&mut self) -> io::Result<()> {
        self.fresh.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(scratch(&self.folder)?),
        };
        file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::new(&mut *file);
        for (key, line) in &self.fresh {
            out.write_all(key)?;
            out.write_all(&line.to_be_bytes())?;
        }
        out.flush()?;
        drop(out);
        let before = self.runs.last().map_or(0, |(before, length)| before + length);
        self.runs.push((before, self.fresh.len() as u64));
        self.fresh.clear();
        Ok(())
    }

    /// Calls `see` with every record in order.
    pub(super) fn sorted(mut self, mut see: impl FnMut(Record)) -> io::Result<()> {
        self.fresh.sort_unstable();
        let Some(file) = self.file.take() else {
            self.fresh.into_iter().for_each(see);
            return Ok(());
        };
        let mut runs: Vec<Run> = self
            .runs
            .iter()
            .map(|(before, length)| Run::new(&file, *before, *length))
            .collect::<Result<_, _>>()?;
        let mut heads = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(record) = run.next()? {
                heads.push(Reverse((record, number)));
            }
        }
        let mut fresh = self.fresh.into_iter().peekable();
        loop {
            let from_disk = heads.peek().map(|Reverse((record, _))| *record);
            match (from_disk, fresh.peek().copied()) {
                (None, None) => return Ok(()),
                (disk, Some(record)) if disk.is_none_or(|disk| record <= disk) => {
                    see(record);
                    fresh.next();
                }
                _ => {
                    let Some(Reverse((record, number))) = heads.pop() else { return Ok(()) };
                    see(record);
                    if let Some(next) = runs.get_mut(number).map(Run::next).transpose()?.flatten() {
                        heads.push(Reverse((next, number)));
                    }
                }
            }
        }
    }
}

/// One sorted run on disk, read by the piece.
struct Run {
    file: File,
    at: u64,
    left: u64,
    piece: std::vec::IntoIter<Record>,
}

/// Records of a run read at once.
const PIECE: u64 = 4096;

impl Run {
    fn new(file: &File, before: u64, length: u64) -> io::Result<Self> {
        Ok(Self { file: file.try_clone()?, at: before, left: length, piece: Vec::new().into_iter() })
    }

    fn next(&mut self) -> io::Result<Option<Record>> {
        if let Some(record) = self.piece.next() {
            return Ok(Some(record));
        }
        let count = self.left.min(PIECE);
        // The runs share one file: each goes back to its own place.
        self.file.seek(SeekFrom::Start(self.at * BYTES))?;
        let mut input = BufReader::new((&self.file).take(count * BYTES));
        let mut piece = Vec::new();
        for _ in 0..count {
            let (mut key, mut line) = ([0; 32], [0; 8]);
            input.read_exact(&mut key)?;
            input.read_exact(&mut line)?;
            piece.push((key, u64::from_be_bytes(line)));
        }
        self.at += count;
        self.left -= count;
        self.piece = piece.into_iter();
        Ok(self.piece.next())
    }
}

/// A file that is gone as soon as nobody has it open.
fn scratch(folder: &Path) -> io::Result<File> {
    for number in 0..1000 {
        let path = folder.join(format!(".entremise-verify-{}-{number}", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn comes_back_sorted_however_many_runs(
            keys in proptest::collection::vec(any::<u16>(), 0..500), run in 1_usize..90
        ) {
            let mut spill = Spill::with_run(&std::env::temp_dir(), run);
            let mut wanted = Vec::new();
            for (line, key) in keys.iter().enumerate() {
                let mut bytes = [0; 32];
                bytes[..2].copy_from_slice(&key.to_be_bytes());
                spill.push((bytes, line as u64)).unwrap();
                wanted.push((bytes, line as u64));
            }
            wanted.sort_unstable();
            let mut found = Vec::new();
            spill.sorted(|record| found.push(record)).unwrap();
            prop_assert_eq!(found, wanted);
        }
    }
}
