//! GFM-MIMI, the Markdown of MIMI messages: GitHub Flavored Markdown with tables, task lists and strikethrough, without autolinked bare
//! URLs and without HTML (draft-ietf-mimi-content-08 section 7.1.1).
//!
//! [`Markdown::new`] takes what a user wrote or a peer sent and disarms the HTML tags in it; the result may be sent, and it may be shown
//! as [HTML](Markdown::to_html) or as [plain text](Markdown::to_plain_text). Both say which links there are, whether a link is a mention, and
//! whether its text agrees with where it goes (section 9.6). Nothing is fetched: images are shown only if they are parts of the
//! message, and then through a function of the caller's.

mod html;
mod link;
mod no_html;
mod plain;

use std::{fmt, string::String, vec::Vec};

use pulldown_cmark::{Event, Options, Parser};

pub use self::{
    link::{Agreement, Link, LinkKind},
    plain::PlainText,
};

/// Markdown without HTML tags.
///
/// ```
/// use mimi_content::markdown::Markdown;
///
/// let markdown = Markdown::new("**Kudos** to [@Alice](mimi://example.com/u/alice-smith) <b>!</b>");
/// assert_eq!(markdown.as_str(), "**Kudos** to [@Alice](mimi://example.com/u/alice-smith) &lt;b>!&lt;/b>");
///
/// let shown = markdown.to_plain_text();
/// assert_eq!(shown.text, "Kudos to @Alice <b>!</b>");
/// let mention = shown.mentions().next().ok_or("no mention")?;
/// assert_eq!(&shown.text[mention.text.clone()], "@Alice");
/// assert_eq!(mention.target, "mimi://example.com/u/alice-smith");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Markdown {
    source: String,
}

impl From<&str> for Markdown {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Markdown {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl Markdown {
    /// Takes text and replaces the opening angle bracket of every HTML tag by `&lt;`: open and closing tags, comments, processing
    /// instructions, declarations and CDATA sections. Code, and links in angle brackets, stay as they are.
    ///
    /// Do this before sending; do it with what is received too, because the peer may not have. A second time changes nothing.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        // req: MC08-7.1.1-02, MC08-7.1.1-04
        Self { source: no_html::escape(text.into()) }
    }

    /// The Markdown, as it may be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The same, as a string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.source
    }

    /// As plain text, with its links. The draft accepts this as support for Markdown.
    #[must_use]
    pub fn to_plain_text(&self) -> PlainText {
        // req: MC08-7.1-04
        plain::render(&self.source)
    }

    /// The links and mentions, in the order of the text.
    #[must_use]
    // req: MC08-5.4-01
    pub fn links(&self) -> Vec<Link> {
        self.to_plain_text().links
    }

    /// As HTML that is safe to put into a page.
    ///
    /// The elements are `p`, `h1` to `h6`, `blockquote`, `pre`, `code`, `ul`, `ol`, `li`, `table` and its parts, `em`, `strong`, `del`, `a`, `img`, `br`,
    /// `hr` and `input` (the disabled box of a task). Links go to `http`, `https`, `mailto`, `mimi`, `im` and `cid`; others are shown as their text. A
    /// mention has the class `mention`, and a link that section 9.6 wants confirmed before it is followed has the class `confirm`.
    ///
    /// `image` is asked for every image whose target is a `cid:` URI, and returns the URL to show it from, for example a
    /// `blob:` URL of the part that [`PartIndex`](crate::PartIndex) names; with `None`, and for every other image, the alternative text is shown.
    ///
    /// ```
    /// use mimi_content::markdown::Markdown;
    ///
    /// let markdown = Markdown::new("![a cat](cid:1@local.invalid) ![a bug](https://tracker.example/x.gif)");
    /// let html = markdown.to_html(|cid| (cid == "cid:1@local.invalid").then(|| "blob:cat".into()));
    /// assert_eq!(html, "<p><img src=\"blob:cat\" alt=\"a cat\"> a bug</p>\n");
    /// ```
    #[must_use]
    pub fn to_html(&self, image: impl FnMut(&str) -> Option<String>) -> String {
        html::render(&self.source, self.links(), image)
    }
}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl From<Markdown> for String {
    fn from(markdown: Markdown) -> Self {
        markdown.source
    }
}

/// A parser with the extensions the draft allows and no others. It has no autolinks of bare URLs.
fn parser(source: &str) -> Parser<'_> {
    // req: MC08-7.1.1-01, MC08-7.1.1-05
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    Parser::new_ext(source, options)
}

/// What an HTML event is in this variant, should there still be one.
fn without_html(event: Event<'_>) -> Event<'_> {
    match event {
        // req: MC08-7.1.1-03
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        event => event,
    }
}

#[cfg(test)]
mod tests;
