//! Sorting more than memory holds: records go to a scratch file in sorted runs and come back merged. What must be
//! unique in a whole log is found equal and adjacent.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// Bytes of records sorted in memory at once, while as many are gathered.
const RUN: usize = 16 << 20;
const WORD: usize = size_of::<u64>();

/// The words of a key of 32 bytes: they sort as the bytes do.
pub(super) fn words(key: &[u8; 32]) -> [u64; 4] {
    let (words, _) = key.as_chunks();
    std::array::from_fn(|number| words.get(number).map_or(0, |word| u64::from_be_bytes(*word)))
}

/// What [`words`] took apart.
pub(super) fn bytes(words: &[u64; 4]) -> [u8; 32] {
    let mut key = [0; 32];
    key.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    key
}

/// Records of `N` words in any order in, in order out.
pub(super) struct Spill<const N: usize> {
    run_length: usize,
    fresh: Vec<[u64; N]>,
    runs: Runs,
    /// The last full run, which a thread of its own sorts and writes: whoever adds records goes on meanwhile.
    writing: Option<Writing<N>>,
}

/// Gives back the room of the run and the file it was added to.
type Writing<const N: usize> = JoinHandle<io::Result<(Vec<[u64; N]>, Runs)>>;

/// Sorted runs, one after the other, as (records before, records in it), in a file that has no name any more.
#[derive(Default)]
struct Runs {
    folder: PathBuf,
    file: Option<File>,
    places: Vec<(u64, u64)>,
}

impl Runs {
    fn add<const N: usize>(&mut self, run: &mut [[u64; N]]) -> io::Result<()> {
        run.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(scratch(&self.folder)?),
        };
        file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        for word in run.as_flattened() {
            out.write_all(&word.to_ne_bytes())?;
        }
        out.flush()?;
        let before = self.places.last().map_or(0, |(before, length)| before + length);
        self.places.push((before, run.len() as u64));
        Ok(())
    }
}

impl<const N: usize> Spill<N> {
    /// `folder`: where scratch files may be written. Nothing is before there is more than memory takes.
    pub(super) fn new(folder: &Path) -> Self {
        Self::with_run(folder, RUN / (N * WORD))
    }

    pub(super) fn with_run(folder: &Path, run_length: usize) -> Self {
        let runs = Runs { folder: folder.to_owned(), ..Runs::default() };
        Self { run_length, fresh: Vec::new(), runs, writing: None }
    }

    pub(super) fn push(&mut self, record: [u64; N]) -> io::Result<()> {
        self.fresh.push(record);
        if self.fresh.len() >= self.run_length { self.write_run() } else { Ok(()) }
    }

    fn write_run(&mut self) -> io::Result<()> {
        let mut full = std::mem::take(&mut self.fresh);
        self.settle()?;
        let mut runs = std::mem::take(&mut self.runs);
        self.writing = Some(thread::spawn(move || {
            runs.add(&mut full)?;
            full.clear();
            Ok((full, runs))
        }));
        Ok(())
    }

    /// Waits for the run that is being written.
    fn settle(&mut self) -> io::Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let stopped = |_| io::Error::other("a thread of the verification stopped");
        (self.fresh, self.runs) = writing.join().map_err(stopped)??;
        Ok(())
    }

    /// Calls `see` with every record in order.
    pub(super) fn sorted(mut self, mut see: impl FnMut([u64; N])) -> io::Result<()> {
        let mut last = std::mem::take(&mut self.fresh);
        self.settle()?;
        let mut runs = self.runs;
        if runs.file.is_some() {
            runs.add(&mut last)?;
        }
        let Some(file) = runs.file else {
            last.sort_unstable();
            last.into_iter().for_each(see);
            return Ok(());
        };
        drop(last);
        let run = |(before, length): &(u64, u64)| Run::new(&file, *before, *length);
        let mut runs: Vec<Run<N>> = runs.places.iter().map(run).collect::<Result<_, _>>()?;
        let mut heads = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            if let Some(record) = run.next()? {
                heads.push(Reverse((record, number)));
            }
        }
        while let Some(mut least) = heads.peek_mut() {
            let Reverse((record, number)) = *least;
            see(record);
            match runs.get_mut(number).map(Run::next).transpose()?.flatten() {
                Some(next) => *least = Reverse((next, number)),
                None => _ = PeekMut::pop(least),
            }
        }
        Ok(())
    }
}

/// One sorted run on disk, read by the piece.
struct Run<const N: usize> {
    file: File,
    at: u64,
    left: u64,
    piece: std::vec::IntoIter<[u64; N]>,
}

/// Records of a run read at once.
const PIECE: u64 = 4096;

impl<const N: usize> Run<N> {
    fn new(file: &File, before: u64, length: u64) -> io::Result<Self> {
        Ok(Self { file: file.try_clone()?, at: before, left: length, piece: Vec::new().into_iter() })
    }

    fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        if let Some(record) = self.piece.next() {
            return Ok(Some(record));
        }
        let count = self.left.min(PIECE);
        let size = (N * WORD) as u64;
        // The runs share one file: each goes back to its own place.
        self.file.seek(SeekFrom::Start(self.at * size))?;
        let mut bytes = Vec::new();
        if (&self.file).take(count * size).read_to_end(&mut bytes)? as u64 != count * size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut words = bytes.as_chunks().0.iter().map(|word| u64::from_ne_bytes(*word));
        let record = |_| std::array::from_fn(|_| words.next().unwrap_or_default());
        self.piece = (0..count).map(record).collect::<Vec<_>>().into_iter();
        self.at += count;
        self.left -= count;
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
                let record = [u64::from(*key), 7, line as u64];
                spill.push(record).unwrap();
                wanted.push(record);
            }
            wanted.sort_unstable();
            let mut found = Vec::new();
            spill.sorted(|record| found.push(record)).unwrap();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn words_sort_as_their_bytes(one: [u8; 32], other: [u8; 32]) {
            prop_assert_eq!(bytes(&words(&one)), one);
            prop_assert_eq!(words(&one).cmp(&words(&other)), one.cmp(&other));
        }
    }
}
