use super::{DICTIONARIES, EVENT_BYTES_MAX, LEVEL, RawEventError, pack, unpack};

fn events() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/webhook-ingest/stripe");
    let mut events: Vec<_> = std::fs::read_dir(folder)
        .expect("the events folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file")))
        .collect();
    events.sort();
    events
}

#[test]
fn every_event_comes_back_byte_for_byte_and_fits_one_write_unit() {
    let events = events();
    assert!(!events.is_empty());
    for (name, raw) in events {
        let packed = pack(&raw).expect("packs");
        assert_eq!(unpack(&packed).expect("unpacks"), raw, "{name}");
        // 1,024 bytes less the keys, the other attributes and the seal's overhead.
        assert!(packed.len() <= 720, "{name}: {} bytes", packed.len());
    }
}

#[test]
fn a_published_dictionary_never_changes() {
    let digests = DICTIONARIES.map(|(number, bytes)| (number, domain::digest::Digest::of_bytes(bytes).to_hex()));
    assert_eq!(
        digests.each_ref().map(|(number, digest)| (*number, digest.as_str())),
        [
            (1, "7b3f630d249a65dd1be688f084085f3bd61b40663aefdd8b41098c35054cba7e"),
            (2, "875cf845fb24694e558e093c0792eba17d57a89f36590c7e6be5b4b39868342b"),
        ]
    );
}

#[test]
fn what_an_earlier_dictionary_packed_still_comes_back() {
    for (number, dictionary) in DICTIONARIES {
        let mut compressor = zstd::bulk::Compressor::with_dictionary(LEVEL, dictionary).expect("a dictionary");
        for (name, raw) in events() {
            let packed = [&[number], compressor.compress(&raw).expect("compresses").as_slice()].concat();
            assert_eq!(unpack(&packed).expect("unpacks"), raw, "{number}: {name}");
        }
    }
}

#[test]
fn what_does_not_compress_still_comes_back() {
    for raw in [Vec::new(), b"x".to_vec(), (0..=255_u8).cycle().take(EVENT_BYTES_MAX).collect()] {
        assert_eq!(unpack(&pack(&raw).expect("packs")).expect("unpacks"), raw);
    }
}

#[test]
fn an_event_over_the_cap_is_refused_both_ways() {
    assert!(matches!(pack(&vec![b' '; EVENT_BYTES_MAX + 1]), Err(RawEventError::TooLarge)));
    let bomb = zstd::bulk::compress(&vec![b' '; EVENT_BYTES_MAX + 1], 3).expect("compresses");
    let bomb = [&[1], bomb.as_slice()].concat();
    assert!(matches!(unpack(&bomb), Err(RawEventError::Codec { .. })));
}

#[test]
fn garbage_is_an_error_and_no_panic() {
    assert!(matches!(unpack(&[]), Err(RawEventError::Empty)));
    assert!(matches!(unpack(&[9, 1, 2]), Err(RawEventError::UnknownDictionary { number: 9 })));
    assert!(matches!(unpack(&[1, 0xde, 0xad]), Err(RawEventError::Codec { .. })));
}
