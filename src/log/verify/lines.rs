//! The lines of a file, prepared by several threads and seen by one in their order.
use std::io::{self, BufRead};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::prepare::{Met, prepare};
use crate::log::bundle::BadLine;

/// No line is longer: a leaf has some hundred bytes, a part some thousand.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// Bytes handed to a thread at once: a hundred lines, which stay in its cache and in the allocator's own pages.
const BATCH: usize = 96 * 1024;
/// Batches under way for each thread: what is read ahead stays small.
const AHEAD: usize = 32;

/// Calls `see` with every line in order until it says false; whether it never did.
pub(super) fn each(
    threads: usize,
    mut input: impl BufRead + Send,
    mut see: impl FnMut(Result<Met, BadLine>) -> io::Result<bool>,
) -> io::Result<bool> {
    if threads < 2 {
        let mut text = Vec::new();
        while line(&mut input, &mut text)? {
            if !see(read(&text))? {
                return Ok(false);
            }
            text.clear();
        }
        return Ok(true);
    }
    let (work, to_do) = sync_channel::<Task>(threads * AHEAD);
    let (order, in_order) = sync_channel::<Receiver<Vec<Seen>>>(threads * AHEAD);
    let to_do = Mutex::new(to_do);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read_on(&mut input, &work, &order));
        for _ in 0..threads {
            scope.spawn(|| prepare_on(&to_do));
        }
        // Dropped on the way out, whatever happened: the reader finds nobody there, and ends, and the others with it.
        let in_order = in_order;
        for batch in &in_order {
            for met in batch.recv().map_err(stopped)? {
                if !see(met)? {
                    return Ok(false);
                }
            }
        }
        reading.join().map_err(stopped)??;
        Ok(true)
    })
}

fn stopped<E>(_: E) -> io::Error {
    io::Error::other("a thread of the verification stopped")
}

/// One line as found.
type Seen = Result<Met, BadLine>;

/// Lines one after the other, and where each ends.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Lines to prepare, and who waits for them.
type Task = (Batch, SyncSender<Vec<Seen>>);

/// Adds one line to `bytes`; false at the end of the file.
fn line(input: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<bool> {
    Ok(io::Read::take(input, LONGEST_LINE).read_until(b'\n', bytes)? > 0)
}

fn read(bytes: &[u8]) -> Seen {
    let text = std::str::from_utf8(bytes.strip_suffix(b"\n").unwrap_or(bytes));
    prepare(text.map_err(|_| BadLine::Text)?)
}

/// Reads to the end, or until nobody wants more.
fn read_on(
    input: &mut impl BufRead,
    work: &SyncSender<Task>,
    order: &SyncSender<Receiver<Vec<Seen>>>,
) -> io::Result<()> {
    loop {
        let mut batch = Batch { bytes: Vec::with_capacity(BATCH + BATCH / 8), ends: Vec::new() };
        let mut more = Ok(true);
        while batch.bytes.len() < BATCH {
            more = line(input, &mut batch.bytes);
            if !matches!(more, Ok(true)) {
                break;
            }
            batch.ends.push(batch.bytes.len());
        }
        let (done, batch_done) = sync_channel(1);
        if order.send(batch_done).is_err() || work.send((batch, done)).is_err() {
            return Ok(());
        }
        if !more? {
            return Ok(());
        }
    }
}

fn prepare_on(to_do: &Mutex<Receiver<Task>>) {
    loop {
        let Ok(next) = to_do.lock().map(|to_do| to_do.recv()) else { return };
        let Ok((batch, done)) = next else { return };
        let mut start = 0;
        let one = |end: &usize| {
            let bytes = batch.bytes.get(start..*end).unwrap_or_default();
            start = *end;
            read(bytes)
        };
        // Nobody waits for it when the verification has ended.
        let _ = done.send(batch.ends.iter().map(one).collect());
    }
}
