//! What the process is given before it does anything: a log, clean panics, randomness.

use std::io;

use hailer_protocol::clean::Clean;

/// Prepares the process. `usual` says what is logged unless the environment does.
pub(crate) fn prepare(usual: &str) {
    log_to_stderr(usual);
    clean_panics();
    gather_randomness();
}

/// Seeds the random numbers of the process while files are read: that takes as long as reading a
/// large fleet file. Whoever needs one earlier waits for the same seed.
fn gather_randomness() {
    let seed = || {
        let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
        // What fails here fails again, and is told, where it is needed.
        let _ = random.fill(&mut [0]);
    };
    let _ = std::thread::Builder::new()
        .name("seed".to_owned())
        .spawn(seed);
}

/// A panic is a bug, and its message may hold what a node sent: it is shown escaped.
fn clean_panics() {
    std::panic::set_hook(Box::new(|panic| {
        use std::io::Write as _;
        let text = Clean::line(&panic.to_string());
        let _ = writeln!(io::stderr(), "hailer: this is a bug: {text}");
    }));
}

fn log_to_stderr(usual: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HAILER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(usual));
    let _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(filter)
        .with_ansi(false)
        .try_init();
}
