//! Mutations: bytes flipped, cut out, doubled, exchanged, and put together from two inputs.

/// A sequence that looks random and is the same for the same seed (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        if sides == 0 { 0 } else { self.bits() % sides }
    }

    pub(crate) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// The largest input that is tried.
const BYTES_MAX: usize = 64 * 1024;

/// Texts that readers trip over.
const WORDS: [&[u8]; 24] = [
    b"null",
    b"true",
    b"-1",
    b"0",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"1e999",
    b"0.1",
    b"\"\"",
    b"[]",
    b"{}",
    b"\\u0000",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    b"%00",
    b"#",
    b":",
    b",",
    b"=",
    b"v1=",
    b"t=",
    b" ",
    b"\r\n",
    b"99999999999999999999",
];

/// Changes an input, in one to six ways.
pub(crate) fn mutate(input: &mut Vec<u8>, pool: &[Vec<u8>], dice: &mut Dice) {
    for _ in 0..=dice.below(6) {
        change(input, pool, dice);
    }
    input.truncate(BYTES_MAX);
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], dice: &mut Dice) {
    let length = input.len();
    let at = dice.place(length + 1);
    match dice.below(9) {
        0 if length > 0 => input[at.min(length - 1)] ^= 1 << dice.below(8),
        1 if length > 0 => input[at.min(length - 1)] = dice.byte(),
        2 => input.insert(at, dice.byte()),
        3 if length > 0 => {
            let to = at + dice.place((length - at).min(32) + 1);
            input.drain(at..to);
        }
        4 if length > 0 => {
            let to = at + dice.place((length - at).min(64) + 1);
            let part = input[at..to].to_vec();
            let into = dice.place(length + 1);
            input.splice(into..into, part);
        }
        5 => {
            let word = WORDS[dice.place(WORDS.len())];
            input.splice(at..at, word.iter().copied());
        }
        6 => replace_token(input, dice),
        7 => {
            let other = &pool[dice.place(pool.len())];
            let from = dice.place(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ if length > 0 => input.truncate(at),
        _ => {}
    }
}

/// Something between two signs of JSON or of a header becomes something else: the shape stays, a value changes.
fn replace_token(input: &mut Vec<u8>, dice: &mut Dice) {
    let is_sign = |byte: &u8| b"\":,{}[]=; ".contains(byte);
    let signs: Vec<usize> = input.iter().enumerate().filter(|(_, byte)| is_sign(byte)).map(|(at, _)| at).collect();
    if signs.len() < 2 {
        return;
    }
    let n = dice.place(signs.len() - 1);
    let word = WORDS[dice.place(WORDS.len())];
    input.splice(signs[n] + 1..signs[n + 1], word.iter().copied());
}
