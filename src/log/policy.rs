//! C2SP tlog-policy: which logs are accepted, which witnesses are known, and how many of whom must vouch for a head.
use std::collections::HashMap;
use std::str::FromStr;

use super::cosignature::{self, WitnessKey};
use super::note::NoteKey;

/// A witness, by the name the policy gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    pub name: String,
    pub key: WitnessKey,
    /// Submission prefix (C2SP tlog-witness).
    pub url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    /// A witness that signs in a way not known here: it counts as a member, and never vouches.
    Unknown,
    Group(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    wanted: usize,
    members: Vec<Member>,
}

/// Whom a verifier trusts, or to whom a log submits its heads (C2SP tlog-policy). Read from its text; a policy says exactly once
/// what is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Keys of logs whose heads are accepted. A log needs none for itself.
    pub logs: Vec<NoteKey>,
    /// Every witness named, whether or not the quorum asks for it.
    pub witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// Absent for `quorum none`.
    quorum: Option<Member>,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The line that cannot be read, from 1, and why.
    #[error("line {line}: {what}")]
    Line { line: usize, what: &'static str },
    /// No line `quorum`, or several.
    #[error("a policy has exactly one line `quorum`")]
    Quorum,
}

impl Policy {
    /// Whether the witnesses for which `vouches` says so are enough.
    pub fn is_met(&self, vouches: &dyn Fn(&WitnessKey) -> bool) -> bool {
        self.quorum.is_none_or(|quorum| self.holds(quorum, vouches))
    }

    /// Whether any witness is asked for at all.
    pub fn asks_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    // Groups only refer to those defined before: this ends.
    fn holds(&self, member: Member, vouches: &dyn Fn(&WitnessKey) -> bool) -> bool {
        match member {
            Member::Witness(place) => self.witnesses.get(place).is_some_and(|witness| vouches(&witness.key)),
            Member::Unknown => false,
            Member::Group(place) => self.groups.get(place).is_some_and(|group| {
                let held = group.members.iter().filter(|member| self.holds(**member, vouches)).count();
                held >= group.wanted
            }),
        }
    }
}

impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        for (number, line) in text.split('\n').enumerate() {
            reading.line(line).map_err(|what| PolicyError::Line { line: number + 1, what })?;
        }
        if reading.quorums == 1 { Ok(reading.policy) } else { Err(PolicyError::Quorum) }
    }
}

#[derive(Default)]
struct Reading {
    policy: Policy,
    names: HashMap<String, Member>,
    /// Names that are members of a group already: each counts in one way only.
    used: Vec<String>,
    /// Keys of witnesses that sign in ways not known here.
    unknown: Vec<Vec<u8>>,
    quorums: usize,
}

impl Reading {
    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err("control characters");
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, wanted, ref members @ ..] => self.group(name, wanted, members),
            ["quorum", name] => {
                self.quorums += 1;
                self.policy.quorum = if name == "none" { None } else { Some(self.named(name)?) };
                Ok(())
            }
            _ => Err("a line begins with log, witness, group or quorum, and has its words"),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), &'static str> {
        let key: NoteKey = key.parse().map_err(|_| "not the key of a log")?;
        if self.policy.logs.iter().any(|known| known.public() == key.public()) {
            return Err("this log is there twice");
        }
        self.policy.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), &'static str> {
        if let Some(key) = cosignature::of_unknown_type(key) {
            if self.unknown.contains(&key) {
                return Err("this witness is there twice");
            }
            self.unknown.push(key);
            return self.define(name, Member::Unknown);
        }
        let key: WitnessKey = key.parse().map_err(|_| "not the key of a witness (Ed25519, type 0x04)")?;
        if self.policy.witnesses.iter().any(|known| known.key.public() == key.public()) {
            return Err("this witness is there twice");
        }
        self.define(name, Member::Witness(self.policy.witnesses.len()))?;
        let url = url.map(|url| url.trim_end_matches('/').to_owned());
        self.policy.witnesses.push(Witness { name: name.to_owned(), key, url });
        Ok(())
    }

    fn group(&mut self, name: &str, wanted: &str, names: &[&str]) -> Result<(), &'static str> {
        let mut members = Vec::new();
        for member in names {
            members.push(self.named(member)?);
            if self.used.iter().any(|used| used == member) {
                return Err("a name is a member once only");
            }
            self.used.push((*member).to_owned());
        }
        let wanted = match wanted {
            "any" => 1,
            "all" => members.len(),
            number => number.parse().map_err(|_| "a group wants any, all or a number of its members")?,
        };
        if wanted == 0 || wanted > members.len() {
            return Err("a group wants between one and all of its members");
        }
        self.define(name, Member::Group(self.policy.groups.len()))?;
        self.policy.groups.push(Group { wanted, members });
        Ok(())
    }

    fn define(&mut self, name: &str, member: Member) -> Result<(), &'static str> {
        let taken = name == "none" || self.names.insert(name.to_owned(), member).is_some();
        if taken { Err("this name is taken") } else { Ok(()) }
    }

    fn named(&self, name: &str) -> Result<Member, &'static str> {
        self.names.get(name).copied().ok_or("this name is not defined above")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::log::note::LogSigner;
    use crate::log::token::Token;

    fn key(seed: u8) -> WitnessKey {
        let signer = LogSigner::from_seed(Token::new("w.example").unwrap(), &[seed; 32]).unwrap();
        WitnessKey::new(signer.origin().clone(), *signer.key().public())
    }

    #[test]
    fn groups_of_groups_are_counted() {
        let log = LogSigner::from_seed(Token::new("log.example").unwrap(), &[9; 32]).unwrap();
        let keys: Vec<WitnessKey> = (1..=4).map(key).collect();
        let text = format!(
            "# whom we trust\nlog {}\n\nwitness a {} https://a.example/\n\twitness  b {}\nwitness c {}\nwitness d {}\n\
             group ab 2 a b\ngroup cd any c d\ngroup both all ab cd\nquorum both\n",
            log.key(),
            keys[0],
            keys[1],
            keys[2],
            keys[3]
        );
        let policy: Policy = text.parse().unwrap();
        assert_eq!(policy.logs, [log.key().clone()]);
        assert_eq!(policy.witnesses[0].url.as_deref(), Some("https://a.example"));
        let met = |seen: &[usize]| policy.is_met(&|key| seen.iter().any(|place| keys[*place] == *key));
        assert!(met(&[0, 1, 2]) && met(&[0, 1, 3]) && met(&[0, 1, 2, 3]));
        assert!(!met(&[0, 2, 3]) && !met(&[0, 1]) && !met(&[]));
        // A witness that signs otherwise (ML-DSA-44, type 0x06) refuses no policy, counts in its group, and vouches for nothing.
        let other = format!("q.example+0a1b2c3d+{}", STANDARD.encode([&[6][..], &[1; 40]].concat()));
        let text = format!("witness a {}\nwitness q {other}\n", keys[0]);
        let wanting = |rest: &str| format!("{text}{rest}\n").parse::<Policy>().unwrap();
        let (one, both) = (wanting("group g any a q\nquorum g"), wanting("group g all a q\nquorum g"));
        let first = |key: &WitnessKey| *key == keys[0];
        assert!(one.is_met(&first) && wanting("quorum a").is_met(&first));
        assert!(!both.is_met(&|_| true) && !wanting("quorum q").is_met(&|_| true));
        assert_eq!(one.witnesses.len(), 1);
        let twice = format!("witness q {other}\nwitness r {other}\nquorum none\n");
        assert_eq!(twice.parse::<Policy>().unwrap_err().to_string(), "line 2: this witness is there twice");
        let none: Policy = "quorum none\n".parse().unwrap();
        assert!(none.is_met(&|_| false) && !none.asks_witnesses());
    }

    #[test]
    fn what_is_not_a_policy_is_refused_with_its_line() {
        let (a, b) = (key(1), key(2));
        let what = |text: &str| text.parse::<Policy>().unwrap_err().to_string();
        assert_eq!(what(""), "a policy has exactly one line `quorum`");
        assert_eq!(what("quorum none\nquorum none\n"), "a policy has exactly one line `quorum`");
        assert_eq!(what("quorum x\n"), "line 1: this name is not defined above");
        assert_eq!(what(&format!("witness a {a}\nwitness b {a}\n")), "line 2: this witness is there twice");
        assert_eq!(what(&format!("witness a {a}\nwitness a {b}\n")), "line 2: this name is taken");
        assert_eq!(what(&format!("witness none {a}\n")), "line 1: this name is taken");
        let group = |line: &str| what(&format!("witness a {a}\nwitness b {b}\n{line}\n"));
        assert_eq!(group("group g 3 a b"), "line 3: a group wants between one and all of its members");
        assert_eq!(group("group g 0 a"), "line 3: a group wants between one and all of its members");
        assert_eq!(group("group g all"), "line 3: a group wants between one and all of its members");
        assert_eq!(group("group g any a a"), "line 3: a name is a member once only");
        assert_eq!(group("group g some a"), "line 3: a group wants any, all or a number of its members");
        let log = LogSigner::from_seed(Token::new("w.example").unwrap(), &[1; 32]).unwrap();
        for key in ["x".to_owned(), log.key().to_string(), "w.example+00000000+BA==".to_owned()] {
            let refused = what(&format!("witness a {key}\n"));
            assert_eq!(refused, "line 1: not the key of a witness (Ed25519, type 0x04)");
        }
        assert!(what("quorum none\r\n").contains("control characters"));
    }
}
