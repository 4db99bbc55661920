//! One media type, on the wire and as text (draft-ietf-mls-extensions section 6.2.2, RFC 6838, RFC 9110 section 8.3.1).

use std::fmt;
use std::str::FromStr;

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};

rules! {
    MEDIA_TYPE_MALFORMED = "the media type is not a type, a slash and a subtype",
        "draft-ietf-mls-extensions section 6.2.2";
    PARAMETER_NAME_MALFORMED = "the name of a media type parameter is malformed", "RFC 6838 section 4.3";
    PARAMETER_MALFORMED = "a media type parameter is not a name, an equals sign and a value", "RFC 9110 section 5.6.6";
    PARAMETER_TWICE = "a media type has the same parameter twice", "RFC 6838 section 4.3";
}

/// A parameter of a media type (draft-ietf-mls-extensions section 6.2.2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Parameter {
    name: String,
    value: Vec<u8>,
}

impl Parameter {
    /// A parameter. The value is without the quotation marks and backslashes that a text would need.
    ///
    /// # Errors
    /// When the name is malformed.
    pub fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Result<Self, EncodeError> {
        let name = name.into();
        if restricted(&name) {
            Ok(Self { name, value: value.into() })
        } else {
            Err(EncodeError::new(&PARAMETER_NAME_MALFORMED))
        }
    }

    /// The name, as it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Wire for Parameter {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let name = ascii(r, &PARAMETER_NAME_MALFORMED)?;
        Self::new(name, r.opaque()?).map_err(|error| start.error(error.rule()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.name.as_bytes())?;
        codec::put_opaque(out, &self.value)
    }
}

/// A media type with its parameters, kept as it was written (draft-ietf-mls-extensions section 6.2.2).
///
/// Type, subtype and names of parameters are names of RFC 6838 section 4.2. A parameter stands there once; its value may be any octets.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MediaType {
    name: String,
    parameters: Vec<Parameter>,
}

impl MediaType {
    /// A media type, `type/subtype`, with these parameters.
    ///
    /// # Errors
    /// When the name is malformed or a parameter is there twice.
    pub fn new(name: impl Into<String>, parameters: Vec<Parameter>) -> Result<Self, EncodeError> {
        let media_type = Self { name: name.into(), parameters };
        check_name(&media_type.name).map_err(EncodeError::new)?;
        check_parameters(&media_type.parameters).map_err(EncodeError::new)?;
        Ok(media_type)
    }

    /// `text/plain;charset=utf-8`.
    pub fn plain_utf8() -> Self {
        let charset = Parameter { name: "charset".to_owned(), value: b"utf-8".to_vec() };
        Self { name: "text/plain".to_owned(), parameters: vec![charset] }
    }

    /// Type, slash and subtype, as they were written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        self.parameters.iter().find(|parameter| parameter.is(name)).map(Parameter::value)
    }

    /// Whether type and subtype are these, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether this is plain text in UTF-8.
    pub fn is_plain_utf8(&self) -> bool {
        self.is("text/plain") && self.parameter("charset").is_some_and(|charset| charset.eq_ignore_ascii_case(b"utf-8"))
    }

    /// Whether who understands this media type understands `other`: type and subtype are the same, and `other` has all parameters that are
    /// named here, with the same values. Names are compared without regard to case, values octet by octet.
    pub fn covers(&self, other: &Self) -> bool {
        let has = |parameter: &Parameter| other.parameter(&parameter.name) == Some(parameter.value());
        self.is(&other.name) && self.parameters.iter().all(has)
    }
}

fn check_name(name: &str) -> Result<(), &'static Rule> {
    match name.split_once('/') {
        Some((top, sub)) if restricted(top) && restricted(sub) => Ok(()),
        _ => Err(&MEDIA_TYPE_MALFORMED),
    }
}

fn check_parameters(parameters: &[Parameter]) -> Result<(), &'static Rule> {
    let mut names: Vec<String> = parameters.iter().map(|parameter| parameter.name.to_ascii_lowercase()).collect();
    names.sort_unstable();
    if names.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err(&PARAMETER_TWICE) }
}

/// A name of RFC 6838 section 4.2.
fn restricted(name: &str) -> bool {
    let starts = name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet);
    starts && name.len() <= 127 && name.bytes().all(legal)
}

fn ascii<'a>(r: &mut Reader<'a>, rule: &'static Rule) -> Result<&'a str, DecodeError> {
    let start = r.clone();
    std::str::from_utf8(r.opaque()?).map_err(|_| start.error(rule))
}

impl Wire for MediaType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let name = ascii(r, &MEDIA_TYPE_MALFORMED)?.to_owned();
        check_name(&name).map_err(|rule| start.error(rule))?;
        let start = r.clone();
        let parameters: Vec<Parameter> = r.list()?;
        check_parameters(&parameters).map_err(|rule| start.error(rule))?;
        Ok(Self { name, parameters })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.name.as_bytes())?;
        codec::put_list(out, &self.parameters)
    }
}

/// Text that is not a media type (RFC 9110 section 8.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{rule}")]
pub struct MediaTypeError {
    rule: &'static Rule,
}

impl MediaTypeError {
    /// What is wrong.
    pub const fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }
}

impl FromStr for MediaType {
    type Err = MediaTypeError;

    /// Reads the text form, `type/subtype;name=value`. White space may stand around semicolons only; a value may be quoted.
    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        let (name, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let name = if rest.is_empty() { name } else { name.trim_end_matches([' ', '\t']) };
        let mut parameters = Vec::new();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (parameter, after) = parameter_of(parameter).ok_or(MediaTypeError { rule: &PARAMETER_MALFORMED })?;
            parameters.push(parameter);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(MediaTypeError { rule: &PARAMETER_MALFORMED });
        }
        Self::new(name, parameters).map_err(|error| MediaTypeError { rule: error.rule() })
    }
}

/// Reads `name=value` and gives what follows it.
fn parameter_of(text: &str) -> Option<(Parameter, &str)> {
    const SPACE: [char; 2] = [' ', '\t'];
    let (name, rest) = text.trim_start_matches(SPACE).split_once('=')?;
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = rest.find(|letter: char| !token(letter)).unwrap_or(rest.len());
            let (value, rest) = rest.split_at(end);
            (Some(value.to_owned()).filter(|value| !value.is_empty())?, rest)
        }
    };
    // White space is only for what another parameter follows.
    let trimmed = rest.trim_start_matches(SPACE);
    let rest = if trimmed.starts_with(';') { trimmed } else { rest };
    Some((Parameter::new(name, value).ok()?, rest))
}

fn token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

/// Reads a quoted string behind its first quotation mark and gives what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(place + 1..)?)),
            '\\' => value.push(letters.next().map(|(_, letter)| letter).filter(|letter| quotable(*letter))?),
            letter if quotable(letter) => value.push(letter),
            _ => return None,
        }
    }
    None
}

fn quotable(letter: char) -> bool {
    letter == '\t' || !letter.is_control()
}

impl fmt::Display for MediaType {
    /// The text form. Octets of a value that are not UTF-8 are shown as replacement characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for Parameter { name, value } in &self.parameters {
            let value = String::from_utf8_lossy(value);
            if !value.is_empty() && value.chars().all(token) {
                write!(f, ";{name}={value}")?;
            } else {
                write!(f, ";{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))?;
            }
        }
        Ok(())
    }
}
