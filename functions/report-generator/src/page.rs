//! From the data of a document to its pages, and from those to a file. All that the typesetter may see: one template, one
//! data file, two fonts. No disk, no network, no clock, no packages.

use std::path::PathBuf;
use std::sync::LazyLock;

use serde::Serialize;
use thiserror::Error;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

const FONT_FILES: [&[u8]; 2] =
    [include_bytes!("../fonts/Inter-Regular.otf"), include_bytes!("../fonts/Inter-SemiBold.otf")];

static HOUSE: LazyLock<House> = LazyLock::new(House::new);

/// A document that could not be set.
#[derive(Debug, Error)]
pub enum PageError {
    /// The page does not compile: a fault of the template or of the data's shape.
    #[error("setting the page: {0}")]
    Typeset(String),
    /// The data cannot be written for the page.
    #[error("writing the page's data")]
    Data(#[source] serde_json::Error),
}

/// Which document it is.
#[derive(Clone, Copy)]
pub(crate) enum Template {
    /// The receipt of a payment.
    Receipt,
    /// How a payment is made by hand.
    Instructions,
}

/// The pages of a document, set but not yet written as PDF.
pub(crate) fn typeset(template: Template, data: &impl Serialize) -> Result<PagedDocument, PageError> {
    let data = serde_json::to_vec(data).map_err(PageError::Data)?;
    let set = typst::compile::<PagedDocument>(&Page { template, data: Bytes::new(data) }).output;
    // The compiler remembers what it set: a warm function must not grow with every document.
    typst::comemo::evict(4);
    set.map_err(|found| typeset_error(&found))
}

/// The file of these pages, under a name of its own: byte for byte the same each time.
pub(crate) fn to_pdf(document: &PagedDocument, name: String) -> Result<Vec<u8>, PageError> {
    let options = PdfOptions {
        ident: Smart::Custom(name),
        creator: Smart::Custom(Some("Tributary".to_owned())),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(document, &options).map_err(|found| typeset_error(&found))
}

fn typeset_error(found: &[SourceDiagnostic]) -> PageError {
    let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    PageError::Typeset(messages.join("; "))
}

/// What every document shares, made once in a process.
struct House {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    receipt: Form,
    instructions: Form,
}

/// A template, and the name under which it reads its data.
struct Form {
    template: Source,
    data: FileId,
}

impl House {
    fn new() -> Self {
        let fonts: Vec<Font> = FONT_FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect();
        Self {
            library: LazyHash::new(Library::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            receipt: Form::new(["receipt.typ", "receipt.json"], include_str!("receipt/receipt.typ")),
            instructions: Form::new(
                ["instructions.typ", "instructions.json"],
                include_str!("instructions/instructions.typ"),
            ),
        }
    }
}

impl Form {
    fn new([template, data]: [&str; 2], text: &str) -> Self {
        Self { template: Source::new(file_id(template), text.to_owned()), data: file_id(data) }
    }
}

#[expect(clippy::expect_used, reason = "cannot fail: the names are constants, and a test sets a page with each")]
fn file_id(name: &str) -> FileId {
    let path = VirtualPath::new(name).expect("a plain file name is a path");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

/// The world of one document.
struct Page {
    template: Template,
    data: Bytes,
}

impl Page {
    fn form(&self) -> &'static Form {
        match self.template {
            Template::Receipt => &HOUSE.receipt,
            Template::Instructions => &HOUSE.instructions,
        }
    }
}

impl World for Page {
    fn library(&self) -> &LazyHash<Library> {
        &HOUSE.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &HOUSE.book
    }

    fn main(&self) -> FileId {
        self.form().template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let template = &self.form().template;
        if id == template.id() { Ok(template.clone()) } else { Err(absent(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.form().data { Ok(self.data.clone()) } else { Err(absent(id)) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        HOUSE.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        // A document is dated by what it tells of; the page has no clock.
        None
    }
}

fn absent(id: FileId) -> FileError {
    FileError::NotFound(PathBuf::from(id.get().vpath().get_without_slash()))
}

/// The text runs of a document in reading order, one a line.
#[cfg(test)]
pub(crate) fn words(document: &PagedDocument) -> String {
    let mut text = String::new();
    for page in document.pages() {
        collect(&page.frame, &mut text);
    }
    text
}

#[cfg(test)]
fn collect(frame: &typst::layout::Frame, text: &mut String) {
    use typst::layout::FrameItem;

    for (_, item) in frame.items() {
        match item {
            FrameItem::Text(run) => {
                text.push_str(&run.text);
                text.push('\n');
            }
            FrameItem::Group(group) => collect(&group.frame, text),
            _ => {}
        }
    }
}
