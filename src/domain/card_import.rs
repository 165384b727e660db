//! The maker's delivery: a CSV file of serial numbers and seeds, taken whole or not at all.
use std::collections::HashMap;

use data_encoding::{BASE32_NOPAD, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use super::card::{CardAlgorithm, CardParams, CardPeriod, DIGITS, MAX_SERIAL_CHARS, Seed, SeedLength};

/// One delivery is a box of cards, not a database.
pub const MAX_CARDS: usize = 20_000;
const COLUMNS: [&str; 5] = ["serial", "seed", "period", "digits", "algorithm"];

/// One card of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedCard {
    pub serial: String,
    pub seed: Seed,
    pub params: CardParams,
}

/// One card and the line it was on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedLine {
    pub line: u64,
    pub card: ImportedCard,
}

/// What is wrong with one line. The seed itself is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LineError {
    /// Counted from 1, the header included, as an editor shows it.
    pub line: u64,
    pub problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("the first line must name the columns {}", COLUMNS.join(", "))]
    Header,
    #[error("column {0} is missing or appears twice")]
    Column(&'static str),
    #[error("not readable as CSV (wrong number of columns, quotes or encoding)")]
    Unreadable,
    #[error("the serial number is empty or has more than {MAX_SERIAL_CHARS} letters, digits, dashes or dots")]
    Serial,
    #[error("the serial number is already on line {first}")]
    Duplicate { first: u64 },
    #[error("the seed is already on line {first}: two cards would show the same codes")]
    DuplicateSeed { first: u64 },
    #[error("a card with this serial number is already known")]
    Known,
    #[error("the seed is neither hexadecimal nor base32")]
    SeedText,
    #[error(transparent)]
    SeedLength(#[from] SeedLength),
    #[error("the period must be 30 or 60 seconds")]
    Period,
    #[error("the number of digits must be 6")]
    Digits,
    #[error("the algorithm must be SHA1 or SHA256 (HOTP counters are refused: their codes never expire)")]
    Algorithm,
    #[error("the file holds no card")]
    Empty,
    #[error("the file holds more than {MAX_CARDS} cards")]
    TooMany,
}

/// Reads a whole delivery. Columns are found by their name, in any order; `,` or `;` separates them.
/// Returns every line's error, or every card.
pub fn parse(text: &str) -> Result<Vec<ImportedLine>, Vec<LineError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = columns(&mut reader).map_err(|problem| vec![LineError { line: 1, problem }])?;
    let mut cards = Vec::new();
    let mut errors = Vec::new();
    let mut seen = Seen::default();
    for record in reader.records() {
        let (line, parsed) = match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                (line, parse_line(&record, columns).and_then(|card| seen.check(card, line)))
            }
            Err(bad) => (bad.position().map_or(0, csv::Position::line), Err(Problem::Unreadable)),
        };
        match parsed {
            Ok(card) => cards.push(ImportedLine { line, card }),
            Err(problem) => errors.push(LineError { line, problem }),
        }
        if cards.len() + errors.len() > MAX_CARDS {
            errors.push(LineError { line, problem: Problem::TooMany });
            break;
        }
    }
    if cards.is_empty() && errors.is_empty() {
        errors.push(LineError { line: 1, problem: Problem::Empty });
    }
    if errors.is_empty() { Ok(cards) } else { Err(errors) }
}

/// Positions of [`COLUMNS`] in the file.
fn columns(reader: &mut csv::Reader<&[u8]>) -> Result<[usize; 5], Problem> {
    let header = reader.headers().map_err(|_| Problem::Header)?;
    let names: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
    if !names.iter().any(|name| COLUMNS.contains(&name.as_str())) {
        return Err(Problem::Header);
    }
    let mut found = [0; 5];
    for (slot, column) in found.iter_mut().zip(COLUMNS) {
        let mut at = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
        *slot = match (at.next(), at.next()) {
            (Some(at), None) => at,
            _ => return Err(Problem::Column(column)),
        };
    }
    Ok(found)
}

fn parse_line(record: &csv::StringRecord, columns: [usize; 5]) -> Result<ImportedCard, Problem> {
    let [serial, seed, period, digits, algorithm] = columns.map(|at| record.get(at).unwrap_or_default());
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if serial.is_empty() || serial.len() > MAX_SERIAL_CHARS || !serial.chars().all(fits) {
        return Err(Problem::Serial);
    }
    let period = period.parse().map_err(|_| Problem::Period)?;
    let period = CardPeriod::from_seconds(period).map_err(|_| Problem::Period)?;
    if digits.parse() != Ok(DIGITS) {
        return Err(Problem::Digits);
    }
    let algorithm = match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "sha1" => CardAlgorithm::Sha1,
        "sha256" => CardAlgorithm::Sha256,
        _ => return Err(Problem::Algorithm),
    };
    let seed = parse_seed(seed)?;
    Ok(ImportedCard { serial: serial.to_owned(), seed, params: CardParams { algorithm, period } })
}

/// Hexadecimal if it can be: a base32 seed of 128 bits written with hexadecimal digits alone does not happen
/// (one in 10¹¹), the other way round it may.
fn parse_seed(text: &str) -> Result<Seed, Problem> {
    let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).or_else(|_| {
        let upper = Zeroizing::new(text.trim_end_matches('=').to_ascii_uppercase());
        BASE32_NOPAD.decode(upper.as_bytes())
    });
    Ok(Seed::new(bytes.map_err(|_| Problem::SeedText)?)?)
}

/// Serial numbers and seeds met so far, with their line.
#[derive(Default)]
struct Seen {
    serials: HashMap<String, u64>,
    seeds: HashMap<Seed, u64>,
}

impl Seen {
    fn check(&mut self, card: ImportedCard, line: u64) -> Result<ImportedCard, Problem> {
        if let Some(first) = self.serials.insert(card.serial.to_ascii_uppercase(), line) {
            self.serials.insert(card.serial.to_ascii_uppercase(), first);
            return Err(Problem::Duplicate { first });
        }
        if let Some(first) = self.seeds.insert(card.seed.clone(), line) {
            return Err(Problem::DuplicateSeed { first });
        }
        Ok(card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "3132333435363738393031323334353637383930";
    const HEX2: &str = "4132333435363738393031323334353637383930";

    fn problems(text: &str) -> Vec<(u64, Problem)> {
        parse(text).unwrap_err().into_iter().map(|e| (e.line, e.problem)).collect()
    }

    #[test]
    fn reads_hexadecimal_and_base32_in_any_column_order() {
        let cards = parse(&format!(
            "\u{feff}Serial,seed,period,digits,algorithm\nA-1,{HEX},30,6,SHA1\nA-2,{HEX2},60,6,sha-256\n"
        ))
        .unwrap();
        assert_eq!(cards[0].card.seed.bytes(), b"12345678901234567890");
        assert_eq!(cards[0].card.params.algorithm, CardAlgorithm::Sha1);
        assert_eq!(cards[1].card.params.period, CardPeriod::Seconds60);
        let base32 = "gezdgnbv gy3tqojq gezdgnbv gy3tqojq";
        let cards = parse(&format!("algorithm;digits;period;seed;serial\nSHA1;6;30;{base32};B1\n")).unwrap();
        assert_eq!(cards[0].card.seed.bytes(), b"12345678901234567890");
        assert_eq!(cards[0].card.serial, "B1");
    }

    #[test]
    fn every_bad_line_is_named_and_nothing_is_taken() {
        let text = format!(
            "serial,seed,period,digits,algorithm\n,{HEX},30,6,SHA1\nA,zz!!,30,6,SHA1\nB,31323334,30,6,SHA1\n\
             C,{HEX},45,6,SHA1\nD,{HEX},30,8,SHA1\nE,{HEX},30,6,HOTP\nF,{HEX}\nG,{HEX},30,6,SHA1\n\
             g,{HEX2},30,6,SHA1\nH,{HEX},30,6,SHA1\n"
        );
        assert_eq!(
            problems(&text),
            [
                (2, Problem::Serial),
                (3, Problem::SeedText),
                (4, Problem::SeedLength(SeedLength { bits: 32 })),
                (5, Problem::Period),
                (6, Problem::Digits),
                (7, Problem::Algorithm),
                (8, Problem::Unreadable),
                (10, Problem::Duplicate { first: 9 }),
                (11, Problem::DuplicateSeed { first: 9 }),
            ]
        );
        for error in parse(&text).unwrap_err() {
            assert!(!error.to_string().contains(HEX));
        }
    }

    #[test]
    fn a_file_that_is_no_delivery_is_refused() {
        assert_eq!(problems(""), [(1, Problem::Header)]);
        assert_eq!(problems("A,b,c\n"), [(1, Problem::Header)]);
        assert_eq!(problems("serial,seed,period,digits\n"), [(1, Problem::Column("algorithm"))]);
        assert_eq!(problems("serial,seed,seed,period,digits,algorithm\n"), [(1, Problem::Column("seed"))]);
        assert_eq!(problems("serial,seed,period,digits,algorithm\n"), [(1, Problem::Empty)]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,400}") {
            let _ = parse(&format!("serial,seed,period,digits,algorithm\n{text}"));
            let _ = parse(&text);
        }
    }
}
