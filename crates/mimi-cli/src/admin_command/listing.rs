//! Rows with named columns, as a table for people or as JSON for programs.

use std::{
    io::{self, ErrorKind, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mimi_protocol::AcceptedTimestamp;
use serde_json::{Map, Value, json};

/// What is printed. As JSON it is a list of objects, or the one object of a [`Listing::single`].
pub(super) struct Listing {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    /// Said instead of a table without rows.
    nothing: &'static str,
    is_single: bool,
}

impl Listing {
    /// A table; `nothing` is said when it has no rows.
    pub(super) fn table(columns: &[&'static str], nothing: &'static str, rows: Vec<Vec<Value>>) -> Self {
        Self { columns: columns.to_vec(), rows, nothing, is_single: false }
    }

    /// One thing with its properties.
    pub(super) fn single(properties: Vec<(&'static str, Value)>) -> Self {
        let (columns, row) = properties.into_iter().unzip();
        Self { columns, rows: vec![row], nothing: "", is_single: true }
    }

    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        let mut text = if as_json { serde_json::to_string_pretty(&self.to_json())? } else { self.to_text() };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        match io::stdout().lock().write_all(text.as_bytes()) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn to_json(&self) -> Value {
        let object = |row: &Vec<Value>| -> Value {
            let members = self.columns.iter().map(|column| column.replace(' ', "_")).zip(row.iter().cloned());
            Value::Object(members.collect::<Map<_, _>>())
        };
        match self.rows.first() {
            Some(row) if self.is_single => object(row),
            _ => self.rows.iter().map(object).collect(),
        }
    }

    fn to_text(&self) -> String {
        match self.rows.first() {
            None => self.nothing.to_owned(),
            Some(row) if self.is_single => {
                let width = self.columns.iter().map(|column| column.len()).max().unwrap_or_default();
                let line = |(column, value): (&&str, &Value)| match value {
                    Value::Array(lines) => {
                        let lines: String = lines.iter().map(|line| format!("\n  {}", shown(line))).collect();
                        format!("{column}{lines}\n")
                    }
                    value => format!("{column:<width$}  {}\n", shown(value)),
                };
                self.columns.iter().zip(row).map(line).collect()
            }
            Some(_) => self.to_table(),
        }
    }

    fn to_table(&self) -> String {
        let head = self.columns.iter().map(|column| (*column).to_owned()).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(shown).collect());
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let is_number = |column: usize| self.rows.iter().all(|row| row.get(column).is_some_and(Value::is_number));
        let mut text = String::new();
        for line in &lines {
            let mut printed = String::new();
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let width = *width;
                let padded = if is_number(column) { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") };
                printed.push_str(&padded);
            }
            text.push_str(printed.trim_end());
            text.push('\n');
        }
        text
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match value {
                Value::Array(values) => format!("{name} {}", values.iter().map(shown).collect::<Vec<_>>().join(", ")),
                value => format!("{name} {}", shown(value)),
            };
            members.iter().map(member).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// A time as HTTP writes it, which is UTC.
pub(super) fn time(time: AcceptedTimestamp) -> Value {
    // A time that no calendar has would come from a damaged file.
    let at = SystemTime::checked_add(&UNIX_EPOCH, Duration::from_millis(time.0));
    match at {
        Some(at) if time.0 < 253_402_300_800_000 => json!(httpdate::fmt_http_date(at)),
        _ => json!(time.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_table_aligns_names_to_the_left_and_numbers_to_the_right() {
        let rows = vec![vec![json!("mimi://a.example/r/x"), json!(7)], vec![json!("b"), json!(1234)]];
        let table = Listing::table(&["room", "events"], "no rooms", rows);
        assert_eq!(
            table.to_text(),
            "room                  events\nmimi://a.example/r/x       7\nb                       1234\n"
        );
        assert_eq!(table.to_json()[1], json!({"room": "b", "events": 1234}));
    }

    #[test]
    fn no_rows_are_an_empty_list_or_a_sentence() {
        let table = Listing::table(&["room"], "no rooms", Vec::new());
        assert_eq!((table.to_text().as_str(), table.to_json()), ("no rooms", json!([])));
    }

    #[test]
    fn one_thing_is_an_object_with_its_lists() {
        let one = Listing::single(vec![
            ("room", json!("x")),
            ("last event", time(AcceptedTimestamp(0))),
            ("users", json!(["a"])),
        ]);
        assert_eq!(one.to_text(), "room        x\nlast event  Thu, 01 Jan 1970 00:00:00 GMT\nusers\n  a\n");
        assert_eq!(one.to_json()["last_event"], json!("Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(time(AcceptedTimestamp(u64::MAX)), json!(u64::MAX));
    }
}
