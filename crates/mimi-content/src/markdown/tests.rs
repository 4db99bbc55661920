#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use proptest::{prelude::*, sample::select};
use pulldown_cmark::Event;

use super::*;

fn html(text: &str) -> String {
    Markdown::new(text).to_html(|cid| Some(format!("blob:{cid}")))
}

fn plain(text: &str) -> String {
    Markdown::new(text).to_plain_text().text
}

fn link(text: &str) -> Link {
    let mut links = Markdown::new(text).links();
    assert_eq!(links.len(), 1, "{text}");
    links.remove(0)
}

#[test]
fn every_kind_of_html_tag_loses_its_bracket() {
    // req: MC08-7.1.1-02, MC08-7.1.1-03, MC08-7.1.1-04
    for tag in
        ["<b>", "</b>", "<a href=\"x\">", "<br/>", "<!-- c -->", "<?php x ?>", "<!DOCTYPE html>", "<![CDATA[x]]>"]
    {
        let escaped = format!("&lt;{}", &tag[1..]);
        assert_eq!(Markdown::new(format!("a {tag} b")).as_str(), format!("a {escaped} b"));
        assert_eq!(plain(&format!("a {tag} b")), format!("a {tag} b"));
        assert_eq!(Markdown::new(tag).as_str(), escaped, "as a block");
        assert_eq!(plain(tag), tag);
    }
}

#[test]
fn code_links_and_lone_brackets_stay_as_they_are() {
    for text in [
        "`<b>`",
        "```\n<script>\n```",
        "    <div>\n",
        "<https://example.com>",
        "<mimi://example.com/u/alice-smith>",
        "1 < 2 > 1",
        "a <- b",
        "\\<b>",
        "&lt;b>",
    ] {
        assert_eq!(Markdown::new(text).as_str(), text);
    }
    let block = "<div>\n<https://example.com>\n</div>";
    assert_eq!(Markdown::new(block).as_str(), "&lt;div>\n<https://example.com>\n&lt;/div>");
}

#[test]
fn the_published_example_is_unchanged_and_renders() {
    let text = "Hi everyone, we just shipped release 2.0. __Good  work__!";
    assert_eq!(Markdown::new(text).as_str(), text);
    assert_eq!(html(text), "<p>Hi everyone, we just shipped release 2.0. <strong>Good  work</strong>!</p>\n");
    assert_eq!(plain(text), "Hi everyone, we just shipped release 2.0. Good  work!");
}

#[test]
fn tables_task_lists_and_strikethrough_are_supported_and_bare_urls_are_not_links() {
    // req: MC08-7.1.1-01, MC08-7.1.1-05
    assert_eq!(
        html("|a|b|\n|:-|-:|\n|1|2|"),
        "<table>\n<thead><tr><th align=\"left\">a</th><th align=\"right\">b</th></tr></thead><tbody>\n\
         <tr><td align=\"left\">1</td><td align=\"right\">2</td></tr>\n</tbody></table>\n"
    );
    assert_eq!(
        html("- [x] done\n- [ ] to do"),
        "<ul>\n<li><input type=\"checkbox\" disabled checked> done</li>\n<li><input type=\"checkbox\" disabled> to do</li>\n</ul>\n"
    );
    assert_eq!(html("~~no~~"), "<p><del>no</del></p>\n");
    assert_eq!(
        html("see https://example.com and www.example.com"),
        "<p>see https://example.com and www.example.com</p>\n"
    );
    assert_eq!(html("a[^1]\n\n[^1]: no footnotes"), html("a\\[^1\\]\n\n\\[^1\\]: no footnotes").replace("\\", ""));
    assert_eq!(html("$x$ ^y^"), "<p>$x$ ^y^</p>\n");
}

#[test]
fn plain_text_keeps_the_structure_readable() {
    // req: MC08-7.1-04
    let text = "# Title\n\nA *b*\nc\n\n> quote\n>\n> more\n\n1. one\n2. two\n   - [x] deep\n\n```rust\nlet x;\n\nx\n```\n\n|a|b|\n|-|-|\n|1|2|\n\n***\nend";
    assert_eq!(
        plain(text),
        "Title\n\nA b\nc\n\n> quote\n>\n> more\n\n1. one\n2. two\n  - [x] deep\n\nlet x;\n\nx\n\na | b\n1 | 2\n\n---\n\nend"
    );
}

#[test]
fn the_forms_of_a_mention_in_section_9_6_are_found_with_their_text() {
    // req: MC08-9.6-03, MC08-9.6-04
    let target = "mimi://example.com/u/alice-smith";
    for (text, label) in [
        (format!("<{target}>"), target),
        (format!("[{target}]({target})"), target),
        (format!("[@AliceSmith]({target})"), "@AliceSmith"),
        (format!("[Alice]({target})"), "Alice"),
    ] {
        let text = format!("> Kudos to\n> {text}!");
        let shown = Markdown::new(&text).to_plain_text();
        let mention = shown.mentions().next().unwrap();
        assert_eq!(mention.target, target);
        assert_eq!(mention.label, label);
        assert_eq!(&shown.text[mention.text.clone()], label);
        assert!(text[mention.source.clone()].contains(target));
        assert!(!mention.needs_confirmation());
        assert_eq!(shown.text, format!("> Kudos to\n> {label}!"));
        assert!(Markdown::new(&text).to_html(|_| None).contains(
            "<a href=\"mimi://example.com/u/alice-smith\" rel=\"nofollow noopener noreferrer\" class=\"mention\">"
        ));
    }
    assert_eq!(link("[Bob](im:bob@example.com)").kind, LinkKind::Mention);
    assert!(link("[mimi://example.com/u/alice](mimi://example.com/u/mallory)").is_misleading());
}

#[test]
fn link_texts_are_compared_as_section_9_6_asks() {
    // req: MC08-9.6-01, MC08-9.6-02
    use Agreement::{Downgraded, OtherTarget, Same, Words};
    for (label, target, expected) in [
        ("example.com/foobar", "https://example.com/foobar", Same),
        ("https://example.com/foobar", "https://example.com/foobar", Same),
        ("https://example.com:443/foobar", "https://example.com/foobar", Same),
        ("https://example.com/foobar", "https://spearphishers.example/foobar", OtherTarget),
        ("https://example.com/foobar", "http://example.com/foobar", Downgraded),
        // Canonical forms.
        ("HTTPS://Example.COM", "https://example.com/", Same),
        ("https://example.com./a/../b/./c", "https://example.com/b/c", Same),
        ("https://example.com/%7euser?q=%2f", "https://example.com/~user?q=%2F", Same),
        ("example.com:8443/x", "https://example.com:8443/x", Same),
        ("http://example.com:80", "http://example.com", Same),
        ("bob@Example.com", "mailto:bob@example.com", Same),
        ("bob@example.com", "im:bob@example.com", Same),
        ("example.com/u/alice", "mimi://example.com/u/alice", Same),
        // Other places.
        ("http://example.com/foobar", "https://example.com/foobar", OtherTarget),
        ("https://example.com/foobar", "https://example.com/foobar/", OtherTarget),
        ("https://example.com:8443", "https://example.com", OtherTarget),
        ("example.com", "https://example.com.evil.example", OtherTarget),
        ("your bank (bank.example)", "https://evil.example", OtherTarget),
        ("www.bank", "https://evil.example", OtherTarget),
        ("192.0.2.1/x", "https://evil.example", OtherTarget),
        ("bob@bank.example", "mailto:mallory@evil.example", OtherTarget),
        // Lookalikes: Cyrillic, ideographic full stop, invisible characters.
        ("\u{435}xample.com", "https://example.com", OtherTarget),
        ("bank\u{3002}example", "https://evil.example", OtherTarget),
        ("bank\u{200b}.example", "https://evil.example", OtherTarget),
        // A user name that is to be taken for the host.
        ("https://bank.example@evil.example/", "https://bank.example@evil.example/", OtherTarget),
        // Words.
        ("click here", "https://example.com", Words),
        ("version 2.0", "https://example.com", Words),
        ("Kudos. Really", "https://example.com", Words),
        ("alice.smith", "mimi://example.com/u/alice-smith", Words),
        ("", "https://example.com", Words),
    ] {
        assert_eq!(link::compare(label, target), expected, "{label} -> {target}");
    }
}

#[test]
fn a_link_whose_text_differs_is_marked_for_confirmation() {
    // req: MC08-9.6-01, MC08-9.6-02
    assert_eq!(
        html("[a.example](https://b.example/?x=1&y=2)"),
        "<p><a href=\"https://b.example/?x=1&amp;y=2\" rel=\"nofollow noopener noreferrer\" class=\"confirm\">a.example</a></p>\n"
    );
    assert!(link("[here](https://a.example)").needs_confirmation());
    assert!(!link("[here](https://a.example)").is_misleading());
    assert!(!link("<https://a.example>").needs_confirmation());
    assert_eq!(plain("[here](https://a.example) <https://a.example>"), "here (https://a.example) https://a.example");
}

#[test]
fn targets_of_other_schemes_are_shown_as_text() {
    for target in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "&#x6A;avascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "/relative",
        "//host.example",
        "https:",
        "https:///path",
        "#top",
        "sip:bob@example.com",
    ] {
        let found = link(&format!("[x]({target})"));
        assert_eq!(found.kind, LinkKind::Blocked, "{target}");
        assert_eq!(html(&format!("[x]({target})")), "<p>x</p>\n");
    }
}

#[test]
fn images_are_shown_only_from_parts_of_the_message() {
    assert_eq!(
        html("![a *b* ![c](d)](cid:3@local.invalid)"),
        "<p><img src=\"blob:cid:3@local.invalid\" alt=\"a b c\"></p>\n"
    );
    assert_eq!(html("![bug](https://t.example/x.gif)"), "<p>bug</p>\n");
    assert_eq!(Markdown::new("![cat](cid:9@local.invalid)").to_html(|_| None), "<p>cat</p>\n");
    assert_eq!(
        html(
            "[![cat](cid:1@local.invalid)](https://a.example) ![[in](https://b.example)](x) [out](mimi://c.example/u/c)"
        ),
        "<p><a href=\"https://a.example\" rel=\"nofollow noopener noreferrer\" class=\"confirm\"><img src=\"blob:cid:1@local.invalid\" alt=\"cat\"></a> \
         in <a href=\"mimi://c.example/u/c\" rel=\"nofollow noopener noreferrer\" class=\"mention\">out</a></p>\n"
    );
}

#[test]
fn deep_nesting_neither_multiplies_the_output_nor_the_levels() {
    let deep = format!("{}x\n{}", ">".repeat(5_000), "y\n".repeat(5_000));
    assert!(plain(&deep).len() < 40 * deep.len());
    let page = html(&deep);
    assert!(page.matches("<blockquote>").count() <= 48);
    assert_safe(&page);
    let brackets = "<a title='`'> ` ".repeat(2_000);
    assert_eq!(Markdown::new(Markdown::new(&brackets).as_str()), Markdown::new(&brackets));
}

/// Reads the HTML with a grammar of nothing but what may occur, and checks that elements nest.
fn assert_safe(html: &str) {
    const VOID: [&str; 4] = ["br", "hr", "img", "input"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('"') && !text.contains('\''), "{html}");
        let (tag, after) = after.split_once('>').unwrap_or_else(|| panic!("open tag: {html}"));
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let known = [
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "pre",
            "code",
            "ul",
            "ol",
            "li",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "em",
            "strong",
            "del",
            "a",
            "img",
            "br",
            "hr",
            "input",
        ];
        assert!(known.contains(&name), "{name} in {html}");
        if !VOID.contains(&name) {
            open.push(name);
        }
        let mut attributes = attributes;
        while !attributes.is_empty() {
            let end = attributes.find(['=', ' ']).unwrap_or(attributes.len());
            let (attribute, after) = attributes.split_at(end);
            let value = after.strip_prefix("=\"").map(|after| after.split_once('"').unwrap());
            attributes = value.map_or(after, |(_, after)| after).trim_start_matches(' ');
            match (name, attribute, value.map(|(value, _)| value)) {
                ("a", "href", Some(url)) => {
                    let scheme = url.split(':').next().unwrap().to_ascii_lowercase();
                    assert!(["http", "https", "mailto", "mimi", "im", "cid"].contains(&scheme.as_str()), "{url}");
                }
                ("a", "rel", Some("nofollow noopener noreferrer")) => {}
                ("a", "class", Some("mention" | "confirm" | "mention confirm")) => {}
                ("img", "src", Some(url)) => assert!(url.starts_with("blob:cid:"), "{url}"),
                ("img", "alt", Some(_)) => {}
                ("code", "class", Some(class)) => assert!(class.starts_with("language-")),
                ("ol", "start", Some(number)) => assert!(number.parse::<u64>().is_ok()),
                ("th" | "td", "align", Some("left" | "center" | "right")) => {}
                ("input", "type", Some("checkbox")) | ("input", "disabled" | "checked", None) => {}
                other => panic!("{other:?} in {html}"),
            }
        }
    }
    assert!(open.is_empty(), "{html}");
}

fn cid_blob(cid: &str) -> Option<String> {
    cid.to_ascii_lowercase().starts_with("cid:").then(|| format!("blob:cid:{}", &cid[4..]))
}

/// Text of the pieces that Markdown and HTML are made of.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "<![CDATA[",
        "]]>",
        "<!X",
        "script",
        "<script>",
        "</script>",
        "img",
        "onerror=",
        "a",
        "b",
        " ",
        "\n",
        "\n\n",
        "\t",
        "    ",
        "\"",
        "'",
        "`",
        "```",
        "~~",
        "~~~",
        "*",
        "**",
        "_",
        "#",
        "# ",
        "> ",
        "- ",
        "1. ",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "javascript:",
        "java\tscript:",
        "data:",
        "https://a.example",
        "http:",
        "mimi://a.example/u/x",
        "cid:1@local.invalid",
        "im:",
        "&#60;",
        "&lt;",
        "&#x6A;",
        "&",
        "\\",
        "|",
        "|-|",
        "\n|-|-|\n",
        "[x]",
        "[ ]",
        ":",
        "=",
        "\0",
        "\u{202e}",
        "é",
        "\r",
        "<a:b>",
        "<div",
        "<div>",
        "style",
        "[1]: x ",
    ];
    prop_oneof![
        prop::collection::vec(select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat()),
        any::<String>(),
        "\\PC{0,80}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn html_has_nothing_but_the_safe_subset_whatever_the_input(text in hostile()) {
        let html = Markdown::new(&text).to_html(cid_blob);
        assert_safe(&html);
        prop_assert!(!html.contains("<script"));
    }

    #[test]
    fn no_html_is_left_after_escaping_and_escaping_twice_is_escaping_once(text in hostile()) {
        let once = Markdown::new(&text);
        let left = parser(once.as_str()).any(|event| matches!(event, Event::Html(_) | Event::InlineHtml(_)));
        prop_assert!(!left, "{}", once);
        prop_assert_eq!(&Markdown::new(once.as_str()), &once);
        prop_assert_eq!(once.as_str().replace("&lt;", "<"), text.replace("&lt;", "<"));
    }

    #[test]
    fn ranges_of_links_lie_on_their_text(text in hostile()) {
        let markdown = Markdown::new(&text);
        let shown = markdown.to_plain_text();
        for link in &shown.links {
            prop_assert!(shown.text.get(link.text.clone()).is_some());
            prop_assert!(markdown.as_str().get(link.source.clone()).is_some());
            if !link.label.contains(' ') {
                prop_assert_eq!(&shown.text[link.text.clone()], link.label.as_str());
            }
        }
    }

    #[test]
    fn an_html_tag_is_read_as_the_text_it_is(
        name in "[a-z][a-z0-9-]{0,8}", attribute in "[a-z]{1,6}", value in "[a-z0-9 :;()=./]{0,12}", closing in any::<bool>(),
    ) {
        let tag = if closing { format!("</{name}>") } else { format!("<{name} {attribute}=\"{value}\">") };
        let text = format!("before {tag} after");
        prop_assert_eq!(plain(&text), text.to_string());
    }

    #[test]
    fn every_target_agrees_with_itself(host in "[a-z]{1,8}\\.[a-z]{2,4}", path in "(/[a-zA-Z0-9%._~-]{0,6}){0,4}") {
        let target = format!("https://{host}{path}");
        prop_assert_eq!(link::compare(&target, &target), Agreement::Same);
        prop_assert_eq!(link::compare(&format!("{host}{path}"), &target), Agreement::Same);
        prop_assert_eq!(link::compare(&target.to_uppercase().replace(&path.to_uppercase(), &path), &target), Agreement::Same);
        let other = format!("https://x{host}{path}");
        prop_assert_eq!(link::compare(&target, &other), Agreement::OtherTarget);
    }
}
