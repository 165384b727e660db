//! The public side of the log, over real HTTP, read and verified by another implementation of the C2SP formats
//! (`signed_note` and `tlog_tiles`, which the product does not use).
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use entremise::web::router;
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{
    Checkpoint, Error, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, stored_hash_index,
};

use super::*;
use crate::support::{Roles, TestApp};

/// An HTTP client of a dozen lines: status, headers in lower case, body.
fn fetch(server: SocketAddr, path: &str, cookie: &str) -> (u16, String, Vec<u8>) {
    let mut socket = TcpStream::connect(server).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
    (head[9..12].parse().unwrap(), head, answer[end + 4..].to_vec())
}

/// Tiles as the other implementation asks for them; what it gets can be tampered with on the way.
struct Wire {
    server: SocketAddr,
    fetched: AtomicUsize,
    flip: Option<usize>,
}

impl TileReader for Wire {
    fn height(&self) -> u8 {
        8
    }
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            // The library writes the height in the path; the specification fixes it at 8 and leaves it out.
            let path = tile.path().replace("tile/8/", "/log/tile/");
            let (status, head, mut hashes) = fetch(self.server, &path, "");
            assert_eq!(status, 200, "{path}");
            assert!(head.contains("cache-control: public, max-age=31536000, immutable"), "{path}: {head}");
            if self.flip == Some(self.fetched.fetch_add(1, Ordering::Relaxed)) {
                hashes[0] ^= 1;
            }
            hashes
        };
        Ok(tiles.iter().map(read).collect())
    }
    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn head(server: SocketAddr, key: &str) -> Checkpoint {
    let (status, headers, note) = fetch(server, "/log/checkpoint", "");
    assert_eq!(status, 200);
    assert!(headers.contains("cache-control: public, max-age=5"), "{headers}");
    let note = Note::from_bytes(&note).unwrap();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(key).unwrap())]);
    let (good, unknown) = note.verify(&known).unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0), "one signature, of the log's own key");
    Checkpoint::from_bytes(note.text()).unwrap()
}

/// A leaf hash from an untouched tile.
fn leaf_of(server: SocketAddr, place: usize) -> Hash {
    let (_, _, hashes) = fetch(server, "/log/tile/0/000", "");
    Hash(hashes[place * 32..place * 32 + 32].try_into().unwrap())
}

/// Every inclusion and the consistency of two heads, as the other implementation computes and checks them.
fn check(server: SocketAddr, old: &Checkpoint, new: &Checkpoint) {
    let wire = Wire { server, fetched: AtomicUsize::new(0), flip: None };
    let (size, root) = (new.size(), *new.hash());
    let reader = TileHashReader::new(size, root, &wire);
    for place in [0, 1, 255, 256, 300, size - 2, size - 1] {
        let leaf = reader.read_hashes(&[stored_hash_index(0, place)]).unwrap()[0];
        let proof = prove_record(size, place, &reader).unwrap();
        check_record(&proof, size, root, place, leaf).unwrap();
        assert!(check_record(&proof, size, root, (place + 1) % size, leaf).is_err());
    }
    let proof = prove_tree(size, old.size(), &reader).unwrap();
    check_tree(&proof, size, root, old.size(), *old.hash()).unwrap();
    assert!(check_tree(&proof, size, root, old.size(), Hash([7; 32])).is_err());
    // A server that changes one byte of any tile is found out: by the reader, or by the proof made from it.
    assert!(wire.fetched.load(Ordering::Relaxed) > 3);
    for flip in 0..3 {
        let wire = Wire { server, fetched: AtomicUsize::new(0), flip: Some(flip) };
        let reader = TileHashReader::new(size, root, &wire);
        let shown = prove_record(size, 3, &reader).and_then(|proof| {
            assert!(wire.fetched.load(Ordering::Relaxed) > flip, "tile {flip} was asked for");
            check_record(&proof, size, root, 3, leaf_of(server, 3))
        });
        assert!(shown.is_err(), "tile {flip} changed");
    }
}

/// An auditor's bundles: every leaf hashes to what the signed tree has in its place.
fn check_bundles(server: SocketAddr, new: &Checkpoint, cookie: &str) {
    let wire = Wire { server, fetched: AtomicUsize::new(0), flip: None };
    let reader = TileHashReader::new(new.size(), *new.hash(), &wire);
    let mut place = 0;
    for index in 0..=new.size() / 256 {
        let width = (new.size() - index * 256).min(256);
        let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
        let path = format!("/log/tile/entries/{index:03}{partial}");
        assert_eq!(fetch(server, &path, "").0, 303, "nobody gets entries without signing in");
        let (status, head, bundle) = fetch(server, &path, cookie);
        assert_eq!(status, 200);
        assert!(head.contains("cache-control: private, no-store"));
        let mut rest = bundle.as_slice();
        while let Some((length, after)) = rest.split_first_chunk() {
            let (leaf, after) = after.split_at(u16::from_be_bytes(*length).into());
            let wanted = reader.read_hashes(&[stored_hash_index(0, place)]).unwrap()[0];
            assert_eq!(record_hash(leaf), wanted, "leaf {place}");
            place += 1;
            rest = after;
        }
    }
    assert_eq!(place, new.size());
}

on_both_engines! {
    async fn another_implementation_verifies_what_we_publish(app: TestApp) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let service = router(&app.app).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let key: Arc<str> = app.app.log.signers()[0].key().to_string().into();
        let auditor = app.person("Paul", "Ferrand", Roles { operator: false, auditor: true }).await;
        let cookie = format!("session={}", app.session(auditor, None).await);
        let keeper = keeper(&app, "a");

        write(&app.app, 300).await;
        sequence(&app, &keeper).await;
        keeper.sign(&app.app).await.unwrap().unwrap();
        let ours = key.clone();
        let old = tokio::task::spawn_blocking(move || head(server, &ours)).await.unwrap();
        write(&app.app, 333).await;
        sequence(&app, &keeper).await;
        keeper.sign(&app.app).await.unwrap().unwrap();
        let new = tokio::task::spawn_blocking(move || {
            let new = head(server, &key);
            check(server, &old, &new);
            check_bundles(server, &new, &cookie);
            new
        }).await.unwrap();
        assert!(new.size() >= 633);

        // Each bundle that was given out is an entry, with what it held.
        let read = number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND outcome = 'done'").await;
        assert_eq!(read, 3);
        // Bundles hold the acts of every structure: an auditor of some of them gets none, and that is written too.
        force(&app.app.store, "UPDATE person SET perimeter = 'listed' WHERE is_auditor").await.unwrap();
        let token = app.session(auditor, None).await;
        app.get("/log/tile/entries/000").session(&token).send().await.assert_status(403);
        let refused = number(&app.app.store, "SELECT COUNT(*) FROM entry WHERE kind = 'log.exported' AND outcome = 'refused'").await;
        assert_eq!(refused, 1);
    }
}
