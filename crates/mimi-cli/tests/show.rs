//! `mimi show` as a process: standard input and pipes, exit codes, no colours where nobody can see them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

fn mimi(arguments: &[&str], no_color: bool, input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mimi"));
    command.arg("show").args(arguments).env_remove("NO_COLOR").env_remove("RUST_LOG");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    match child.stdin.take().unwrap().write_all(input) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => panic!("{error}"),
        _ => {}
    }
    child.wait_with_output().unwrap()
}

/// A participant list with one participant.
const LIST: &[u8] = b"\x1d\x18mimi://a.example/u/alice\0\0\0\x04";

#[test]
fn standard_input_is_read_and_a_pipe_gets_no_colours() {
    for no_color in [false, true] {
        let output = mimi(&["-", "--type", "ParticipantListData"], no_color, LIST);
        let text = "ParticipantListData (draft-ietf-mimi-protocol-06 section 7.5)\n  participants: 1\n    \
                    - user: \"mimi://a.example/u/alice\"\n      role_index: 4\n";
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        assert!(output.status.success() && output.stderr.is_empty());
    }
}

#[test]
fn what_is_refused_is_told_on_standard_error_with_an_exit_code() {
    let output = mimi(&["-", "--type", "ParticipantListData", "--json"], false, &LIST[..20]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        text,
        "error: standard input: rejected as ParticipantListData: vector length exceeds the bytes at hand (RFC 9420 \
         section 2.1.2, offset 0)\n"
    );
}

#[test]
fn an_object_of_discovery_is_shown_and_refused_like_the_others() {
    // A telephone number: its kind, and the text with its length.
    let csi = b"\0\x01\x0c+12125551212";
    let output = mimi(&["-"], false, csi);
    let text = "Csi (discovery profile 0 section 1)\n  kind: 1 (telephone number)\n  value: \"+12125551212\"\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    let output = mimi(&["-", "--type", "csi"], false, b"\0\x01\x0c+1 212555121");
    assert_eq!(output.status.code(), Some(1));
    let text = "error: standard input: rejected as Csi: an identifier is not in its canonical form (discovery profile 0 \
                section 1, offset 2)\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), text);
}

#[test]
fn a_file_that_is_too_large_or_not_there_is_refused() {
    let output = mimi(&["-"], false, &vec![0; (16 << 20) + 1]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("more than 16 MiB"));
    let output = mimi(&["/nowhere"], false, b"");
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nowhere: cannot be read"));
}

#[test]
fn a_reader_that_goes_away_early_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mimi"))
        .args(["show", "-", "--type", "UTF8String", "--full"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let length = 1_u32 << 20;
    let mut input = (length | 0x8000_0000).to_be_bytes().to_vec();
    input.resize(input.len() + usize::try_from(length).unwrap(), b'a');
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty());
}

#[test]
fn the_types_are_listed_without_a_file_and_a_file_is_needed_otherwise() {
    let output = mimi(&["--types"], false, b"");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.lines().any(|line| line.starts_with("ConsentEntry ")));
    assert_eq!(mimi(&[], false, b"").status.code(), Some(2));
}
