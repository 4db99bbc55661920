//! How results look to a person: colours only on a terminal and never with NO_COLOR, plain text in pipes.

use std::{
    env,
    io::{IsTerminal, stderr, stdout},
    time::Duration,
};

use tracing_subscriber::EnvFilter;

/// What a colour says.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warn,
    Quiet,
}

/// The text in the colour of the tone, when standard output shows colours.
pub(crate) fn tinted(text: &str, tone: Tone) -> String {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if no_color || !stdout().is_terminal() {
        return text.to_owned();
    }
    let code = match tone {
        Tone::Good => "32",
        Tone::Bad => "31;1",
        Tone::Warn => "33",
        Tone::Quiet => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// A duration with the unit that suits it.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    if millis < 10.0 {
        format!("{millis:.1} ms")
    } else if millis < 10_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1e3)
    }
}

/// Logs to standard error: what RUST_LOG says, `info` of our crates with `--verbose`, errors otherwise.
pub(crate) fn log_to_stderr(verbose: bool) {
    let default = if verbose { "info" } else { "error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let colours = stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(stderr);
    // A second run in one process (tests) keeps the first one's log.
    let _ = subscriber.try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_get_a_fitting_unit() {
        assert_eq!(duration(Duration::from_micros(1234)), "1.2 ms");
        assert_eq!(duration(Duration::from_millis(345)), "345 ms");
        assert_eq!(duration(Duration::from_secs(61)), "61.0 s");
    }
}
