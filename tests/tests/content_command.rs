//! `mimi content` as people use it: files, pipes, exit codes; and what it says about every vector and every published example.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use mimi_tests::repository;
use serde_json::Value;
use spec_vectors::{Outcome, VectorFile};

/// The published examples with their message IDs.
const PUBLISHED: [(&str, &str); 14] = [
    ("original", "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"),
    ("reply", "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27"),
    ("reaction", "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68"),
    ("mention", "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af"),
    ("mention-html", "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e"),
    ("edit", "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47"),
    ("delete", "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4"),
    ("unlike", "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4"),
    ("expiring", "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03"),
    ("attachment", "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1"),
    ("conferencing", "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba"),
    ("multipart-1", "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e"),
    ("multipart-2", "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7"),
    ("multipart-3", "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f"),
];

const ALICE: &str = "mimi://a.example/u/alice";
const TEA: &str = "mimi://a.example/r/tea";
const FIRST: &str = "0101010101010101010101010101010101010101010101010101010101010101";
const SALT: &str = "000102030405060708090a0b0c0d0e0f";

/// What came of a run.
struct Run {
    code: i32,
    octets: Vec<u8>,
    out: String,
    err: String,
}

/// Runs `mimi content` with octets on standard input.
fn content(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mimi-under-test"))
        .arg("content")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A run that does not read its input closes it.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let out = String::from_utf8_lossy(&stdout).into_owned();
    let err = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!err.contains("panicked"), "{err}");
    Run { code: status.code().unwrap(), octets: stdout, out, err }
}

/// The octets that a successful `make` writes.
fn made(arguments: &[&str]) -> Vec<u8> {
    let run = content(&[&["make"], arguments].concat(), &[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{arguments:?}");
    run.octets
}

/// What `show --json` prints.
fn json(octets: &[u8]) -> Value {
    let run = content(&["show", "--json", "-"], octets);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    serde_json::from_str(&run.out).unwrap()
}

fn message_vectors() -> Vec<(String, spec_vectors::TestCase)> {
    let mut tests = Vec::new();
    for (path, text) in spec_vectors::files().filter(|(path, _)| path.starts_with("mimi-content/draft-")) {
        let file = VectorFile::parse(text).unwrap();
        let wire = file.tests().filter(|(group, _)| group.r#type == "Wire");
        tests.extend(wire.map(|(_, test)| (format!("{path} {}", test.tc_id), test.clone())));
    }
    tests
}

#[test]
fn check_says_of_every_vector_what_the_vector_says() {
    let folder = tempfile::tempdir().unwrap();
    let tests = message_vectors();
    assert!(tests.len() > 300, "only {} vectors", tests.len());
    let mut files = Vec::new();
    for (index, (_, test)) in tests.iter().enumerate() {
        let path = folder.path().join(format!("{index}.cbor"));
        fs::write(&path, test.octets("encoded").unwrap()).unwrap();
        files.push(path.to_str().unwrap().to_owned());
    }
    let arguments: Vec<&str> = std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    let run = content(&arguments, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(run.err, "");
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines.len(), tests.len());
    for (((place, test), file), line) in tests.iter().zip(&files).zip(lines) {
        let verdict = line.strip_prefix(file.as_str()).and_then(|line| line.strip_prefix(": ")).unwrap();
        match (test.result, &test.error) {
            (Outcome::Valid, _) => match test.text("messageId") {
                Some(id) => assert_eq!(verdict, format!("ok {id}"), "{place}"),
                None => assert!(verdict.starts_with("ok "), "{place}: {verdict}"),
            },
            (_, Some(error)) => {
                let end = format!(" ({}, offset {})", error.section, error.offset.unwrap());
                assert!(verdict.starts_with("rejected: ") && verdict.ends_with(&end), "{place}: {verdict}");
            }
            _ => panic!("{place} has no error"),
        }
    }
}

#[test]
fn show_prints_the_meaning_of_every_valid_vector_and_make_turns_it_into_the_same_octets() {
    for (place, test) in message_vectors().into_iter().filter(|(_, test)| test.result == Outcome::Valid) {
        let octets = test.octets("encoded").unwrap();
        let shown = json(&octets);
        assert_eq!(shown, test.fields["decoded"], "{place}");
        let again = content(&["make", "--json", "-"], shown.to_string().as_bytes());
        assert_eq!((again.code, again.err.as_str()), (0, ""), "{place}");
        assert_eq!(hex::encode(again.octets), hex::encode(&octets), "{place}");
        let notation = content(&["show", "-"], &octets);
        assert_eq!((notation.code, notation.err.as_str()), (0, ""), "{place}");
    }
}

#[test]
fn the_published_examples_have_their_message_ids() {
    // req: MC08-3.3-01, MC08-6.1-01
    let folder = std::env::var_os("MIMI_DRAFTS").map_or_else(|| repository().join("../shared/drafts"), PathBuf::from);
    let folder = folder.join("content-08");
    if !folder.is_dir() {
        eprintln!("NOT CHECKED: no published examples in {}; set MIMI_DRAFTS to their folder", folder.display());
        return;
    }
    let files = PUBLISHED.map(|(name, _)| folder.join(format!("{name}.cbor")).to_str().unwrap().to_owned());
    let arguments: Vec<&str> = std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    let run = content(&arguments, &[]);
    let expected: String = files.iter().zip(PUBLISHED).map(|(file, (_, id))| format!("{file}: ok {id}\n")).collect();
    assert_eq!((run.code, run.out), (0, expected));
    for file in &files {
        let octets = fs::read(file).unwrap();
        let again = content(&["make", "--json", "-"], json(&octets).to_string().as_bytes());
        assert!(again.octets == octets, "{file} comes out of JSON in other octets");
    }
}

#[test]
fn what_make_writes_check_accepts() {
    let common = ["--sender", ALICE, "--room", TEA, "--topic", "tea", "--expires", "+600"];
    for body in [
        ["--text", "Hello"].as_slice(),
        &["--text", "-- starts like an option"],
        &["--markdown", "*Hello*", "--language", "en,fr-CA", "--reply-to", FIRST],
        &["--text", "Hello!", "--edit", FIRST, "--disposition", "inline"],
        &["--react", "🎉", "--reply-to", FIRST],
        &["--delete", FIRST],
        &["--unreact", FIRST, "--reply-to", FIRST],
    ] {
        let octets = made(&[body, &common].concat());
        let run = content(&["check", "-"], &octets);
        assert_eq!(run.code, 0, "{body:?}: {}", run.out);
        let id = run.out.strip_prefix("standard input: ok ").unwrap().trim_end();
        assert!(id.len() == 64 && id.starts_with("01"), "{}", run.out);
        let explicit = content(&["check", "--sender", ALICE, "--room", TEA, "-"], &octets);
        assert_eq!(explicit.out, run.out);
    }
}

#[test]
fn the_options_of_make_end_up_in_their_fields() {
    let octets = made(&[
        "--markdown",
        "<b>Hello</b>",
        "--reply-to",
        FIRST,
        "--edit",
        FIRST,
        "--topic",
        "tea",
        "--expires",
        "1750000000",
        "--sender",
        ALICE,
        "--room",
        TEA,
        "--language",
        "en",
        "--disposition",
        "200",
        "--salt-hex",
        SALT,
    ]);
    let expected = serde_json::json!({
        "salt": SALT, "replaces": FIRST, "topicId": hex::encode("tea"),
        "expires": {"relative": false, "time": 1_750_000_000}, "inReplyTo": FIRST,
        "mimiExtensions": [{"key": 1, "value": ALICE}, {"key": 2, "value": TEA}],
        "nestedPart": {
            "disposition": 200, "language": "en", "cardinality": "single",
            "contentType": "text/markdown;variant=GFM-MIMI", "text": "&lt;b>Hello&lt;/b>",
        },
    });
    assert_eq!(json(&octets), expected);
}

#[test]
fn a_given_salt_gives_the_same_octets_and_no_salt_gives_others_each_time() {
    // req: MC08-4.1-01
    let fixed = || made(&["--text", "Hello", "--salt-hex", SALT]);
    assert_eq!(fixed(), fixed());
    let random = || made(&["--text", "Hello"]);
    assert_ne!(random(), random());
    let from_json = || {
        let text = r#"{"nestedPart":{"cardinality":"single","contentType":"text/plain","text":"Hello"}}"#;
        content(&["make", "--json", "-"], text.as_bytes()).octets
    };
    assert_ne!(from_json(), from_json());
}

#[test]
fn make_writes_a_file_and_says_which_message_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hello.cbor");
    let file = file.to_str().unwrap();
    let run = content(&["make", "--text", "Hello", "--sender", ALICE, "--room", TEA, "--out", file], &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let check = content(&["check", file], &[]);
    let id = check.out.rsplit(' ').next().unwrap();
    let octets = fs::read(file).unwrap().len();
    assert_eq!(run.out, format!("{file}: {octets} octets, message ID {id}"));
    assert_eq!(check.out, format!("{file}: ok {id}"));
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (good, bad, large, missing) = (path("good"), path("bad"), path("large"), path("missing"));
    let octets = made(&["--text", "Hello", "--salt-hex", SALT]);
    fs::write(&good, &octets).unwrap();
    fs::write(&bad, [octets.as_slice(), &[0]].concat()).unwrap();
    fs::File::create(&large).unwrap().set_len((16 << 20) + 1).unwrap();
    let directory = folder.path().to_str().unwrap().to_owned();
    let run = content(&["check", &missing, &bad, &large, &directory, &good], &[]);
    assert_eq!(run.code, 1);
    let lines: Vec<&str> = run.out.lines().collect();
    let trailing = format!("{bad}: rejected: octets follow the item (RFC 8949 section 3, offset {})", octets.len());
    assert_eq!(lines, [trailing, format!("{good}: ok (no message ID: give --sender and --room)")]);
    let errors: Vec<&str> = run.err.lines().collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].starts_with(&format!("error: {missing}: cannot be read: ")), "{errors:?}");
    assert_eq!(errors[1], format!("error: {large}: has more than 16 MiB, the most that is read"));
    assert!(errors[2].starts_with(&format!("error: {directory}: ")), "{errors:?}");
    assert_eq!(content(&["check", &good], &[]).code, 0);
    assert_eq!(content(&["check", &missing], &[]).code, 1);
}

#[test]
fn a_message_that_names_another_sender_or_room_is_rejected() {
    let octets = made(&["--text", "Hello", "--sender", ALICE, "--room", TEA]);
    let run = content(&["check", "--sender", "mimi://b.example/u/bob", "-"], &octets);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("rejected: the message says that mimi://a.example/u/alice sent it"), "{}", run.out);
    let run = content(&["check", "--room", "mimi://a.example/r/coffee", "-"], &octets);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("rejected: the message says that it belongs to mimi://a.example/r/tea"), "{}", run.out);
}

#[test]
fn show_names_the_fields_and_leaves_the_terminal_alone() {
    let octets = made(&[
        "--text",
        "a\u{1b}[2J\u{9b}b\u{202e}'c'",
        "--sender",
        ALICE,
        "--room",
        TEA,
        "--expires",
        "1644390004",
        "--reply-to",
        FIRST,
        "--salt-hex",
        SALT,
    ]);
    let run = content(&["show", "-"], &octets);
    assert_eq!(run.code, 0);
    for expected in [
        "h'000102030405060708090a0b0c0d0e0f',        # salt",
        "# replaces: nothing",
        "# inReplyTo: the message that this one answers",
        "1644390004                                # time: 2022-02-09T07:00:04Z",
        "1: \"mimi://a.example/u/alice\",            # senderUri",
        "# nestedPart: the body, partIndex 0",
        "# disposition: render",
        r"'a\u001b[2J\u009bb\u202e\'c\''",
    ] {
        assert!(run.out.contains(expected), "no {expected} in\n{}", run.out);
    }
    let json = content(&["show", "--json", "-"], &octets).out;
    for shown in [run.out, json] {
        assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
    }
}

#[test]
fn show_refuses_what_is_no_message_with_the_place() {
    let run = content(&["show", "-"], &[0x9f]);
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    let expected =
        "error: standard input: rejected: indefinite length (draft-ietf-mimi-content-08 section 6.1, offset 0)\n";
    assert_eq!(run.err, expected);
}

#[test]
fn json_that_is_no_message_is_refused_with_a_reason() {
    let body = r#""nestedPart":{"cardinality":"nullpart"}"#;
    for (text, reason) in [
        ("", "EOF"),
        ("{}", "nestedPart"),
        (&format!(r#"{{"salt":"00",{body}}}"#), "salt has 1 octets instead of 16"),
        (&format!(r#"{{"replaces":"zz",{body}}}"#), "is not hex"),
        (&format!(r#"{{"more":1,{body}}}"#), "unknown field `more`"),
        (&format!(r#"{{"mimiExtensions":[{{"key":1,"value":5}}],{body}}}"#), "is not text"),
        (&format!(r#"{{"mimiExtensions":[{{"key":-1,"value":1.5}}],{body}}}"#), "1.5 is not a value"),
        (r#"{"nestedPart":{"cardinality":"nullpart","language":"en, fr"}}"#, "no well-formed language tag"),
        (r#"{"nestedPart":{"cardinality":"nullpart","disposition":"shown"}}"#, "is no disposition"),
        (r#"{"nestedPart":{"cardinality":"single","contentType":"text/plain"}}"#, "content (hex) or text"),
        (r#"{"nestedPart":{"cardinality":"multi","partSemantics":"chooseOne","parts":[]}}"#, "0 parts instead of two"),
    ] {
        let run = content(&["make", "--json", "-"], text.as_bytes());
        assert_eq!((run.code, run.octets.len()), (1, 0), "{text}");
        assert!(run.err.contains(reason), "{text}: {}", run.err);
    }
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for arguments in [
        ["make"].as_slice(),
        &["make", "--text", "a", "--markdown", "b"],
        &["make", "--react", "🎉"],
        &["make", "--unreact", FIRST],
        &["make", "--delete", "01"],
        &["make", "--delete", FIRST, "--language", "en"],
        &["make", "--text", "a", "--expires", "10m"],
        &["make", "--text", "a", "--salt-hex", "00"],
        &["make", "--text", "a", "--language", "en, fr"],
        &["make", "--json", "-", "--sender", ALICE],
        &["check"],
        &["show"],
    ] {
        let run = content(arguments, &[]);
        assert_eq!((run.code, run.octets.len()), (2, 0), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.cbor");
    let text = "x".repeat(100_000);
    fs::write(&file, made(&["--text", &text])).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mimi-under-test"))
        .args(["content", "show"])
        .arg(Path::new(&file))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}
