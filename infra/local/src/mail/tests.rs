use super::Letter;

const MIXED: &str = "From: \"Tributary\" <a@b.c>\r\nTo: p@q.r\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n =?utf-8?B?IG9wZW4=?=\r\n\
Content-Type: multipart/mixed; boundary=\"x1\"\r\n\r\n--x1\r\nContent-Type: multipart/alternative; boundary=\"y2\"\r\n\r\n\
--y2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =E2=82=AC=\r\n 5\r\n\
--y2\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--y2--\r\n--x1\r\nContent-Type: application/pdf; name=\"r.pdf\"\r\n\
Content-Disposition: attachment; filename=\"r.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBE\r\nRi0=\r\n--x1--\r\n";

#[test]
fn a_letter_shows_its_subject_texts_and_attachments() {
    let letter = Letter::read(MIXED.as_bytes());
    assert_eq!(letter.subject, "Café open");
    assert_eq!(letter.text, "Hello € 5");
    assert_eq!(letter.html, "<p>Hi</p>");
    let attached = &letter.attachments[0];
    assert_eq!((attached.name.as_str(), attached.bytes), ("r.pdf", 5));
}

#[test]
fn a_letter_that_is_no_letter_is_shown_empty() {
    for raw in ["", "x", "Subject: =?utf-8?Q?a", "Content-Type: multipart/mixed; boundary=z\n\n--z"] {
        let letter = Letter::read(raw.as_bytes());
        assert!(letter.attachments.is_empty(), "{raw}");
    }
}
