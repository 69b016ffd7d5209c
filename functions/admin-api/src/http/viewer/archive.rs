//! A file of a zip archive, as gzip: both pack alike, so that nothing is unpacked.

/// Where the list of an archive's files is: behind its end's first twelve bytes.
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
/// How an entry says that it is packed as gzip packs, and that it is not packed at all.
const DEFLATED: u16 = 8;
const STORED: u16 = 0;
/// How a block of what is not packed begins, where it is the last.
const LAST_AS_IT_IS: u8 = 1;
/// Gzip, deflated, no name, no time, of no system in particular.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The file whose path ends with this name; `None` when the archive has none, or it cannot be read.
pub(super) fn gzip_of(archive: &[u8], name: &str) -> Option<Vec<u8>> {
    let end = archive.windows(END.len()).rposition(|window| window == END)?;
    let entries = u16_at(archive, end + 10)?;
    let mut at = size(u32_at(archive, end + 16)?)?;
    for _ in 0..entries {
        let entry = archive.get(at..)?.strip_prefix(ENTRY).and(archive.get(at..))?;
        let name_bytes = usize::from(u16_at(entry, 28)?);
        let path = entry.get(46..46 + name_bytes)?;
        let is_it =
            path.strip_suffix(name.as_bytes()).is_some_and(|folder| folder.is_empty() || folder.ends_with(b"/"));
        if is_it {
            return packed(archive, entry);
        }
        at += 46 + name_bytes + usize::from(u16_at(entry, 30)?) + usize::from(u16_at(entry, 32)?);
    }
    None
}

fn packed(archive: &[u8], entry: &[u8]) -> Option<Vec<u8>> {
    let (packed_bytes, start) = (size(u32_at(entry, 20)?)?, size(u32_at(entry, 42)?)?);
    // Beside its entry in the list each file has a head of its own, whose lengths may differ.
    let head = archive.get(start..)?;
    let begins = start + 30 + usize::from(u16_at(head, 26)?) + usize::from(u16_at(head, 28)?);
    let data = archive.get(begins..begins.checked_add(packed_bytes)?)?;
    let block = match u16_at(entry, 10)? {
        DEFLATED => Vec::new(),
        // One block takes 65,535 bytes; what is worth no packing is small.
        STORED => {
            let length = u16::try_from(data.len()).ok()?;
            [&[LAST_AS_IT_IS][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat()
        }
        _ => return None,
    };
    // The checksum and the length stand in both formats.
    Some([&GZIP, block.as_slice(), data, entry.get(16..20)?, entry.get(24..28)?].concat())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn size(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_among_those_that_are_carried() {
        for name in ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"] {
            let file = gzip_of(SWAGGER_UI_VENDORED, name).unwrap_or_else(|| panic!("no {name}"));
            assert!(file.starts_with(&GZIP[..3]), "{name}");
        }
    }

    #[test]
    fn what_is_not_there_and_what_is_no_archive_is_nothing() {
        assert_eq!(gzip_of(SWAGGER_UI_VENDORED, "ui.css"), None);
        for broken in [&b""[..], b"PK\x05\x06", &SWAGGER_UI_VENDORED[..1_000], &[0; 64]] {
            assert_eq!(gzip_of(broken, "swagger-ui.css"), None);
        }
    }
}
