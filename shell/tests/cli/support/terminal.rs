//! A terminal: `hailer` in a pseudo-terminal, and the screen as a person would see it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use super::PATIENCE;

/// What has come out of the program: the screen, and whether it is at its end.
struct Screen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

/// A program in a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Screen>>,
    /// How the terminal was before anybody had it.
    found: Termios,
}

impl Terminal {
    /// Starts `hailer` with these arguments on a terminal of that size.
    pub(crate) fn start(args: &[&str], home: &Path, columns: u16, rows: u16) -> Self {
        Self::start_as("xterm-256color", args, home, columns, rows)
    }

    /// Starts `hailer` on a terminal of that kind.
    pub(crate) fn start_as(
        kind: &str,
        args: &[&str],
        home: &Path,
        columns: u16,
        rows: u16,
    ) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a pseudo-terminal");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).expect("a size");
        let found = tcgetattr(&master).expect("a terminal");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let slave = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())
            .expect("the other end");
        let stdio = || Stdio::from(slave.try_clone().expect("a descriptor"));
        // `setsid --ctty` makes it the controlling terminal, so that Ctrl-C is a signal. None is ignored,
        // whatever the tests' own runner wants ignored.
        let child = Command::new("env")
            .args(["--default-signal", "setsid", "--ctty"])
            .arg(env!("CARGO_BIN_EXE_hailer"))
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", kind)
            .env("HOME", home)
            .env("XDG_STATE_HOME", home)
            // What scrolls off the screen is no pager's.
            .env("HAILER_PAGER", "")
            .env("TMPDIR", home)
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("env and setsid are there");
        drop(slave);
        let screen = Screen {
            parser: vt100::Parser::new(rows, columns, 1000),
            raw: Vec::new(),
        };
        let screen = Arc::new(Mutex::new(screen));
        let keyboard = File::from(master);
        let reading = OwnedFd::from(keyboard.try_clone().expect("a descriptor"));
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || read(File::from(reading), &seen));
        Self {
            child,
            keyboard,
            screen,
            found,
        }
    }

    /// Types this text.
    pub(crate) fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("it reads");
    }

    /// Types this text and Enter.
    pub(crate) fn enters(&mut self, line: &str) {
        self.types(line);
        self.types("\r");
    }

    /// Returns the screen's lines, without blanks at their ends.
    pub(crate) fn screen(&self) -> Vec<String> {
        let screen = self.screen.lock().expect("the reader does not panic");
        let width = screen.parser.screen().size().1;
        let rows = screen.parser.screen().rows(0, width);
        rows.map(|l| l.trim_end().to_owned()).collect()
    }

    /// Returns the line on which the cursor stands.
    pub(crate) fn cursor_line(&self) -> String {
        let screen = self.screen.lock().expect("the reader does not panic");
        let (row, _) = screen.parser.screen().cursor_position();
        let width = screen.parser.screen().size().1;
        let mut rows = screen.parser.screen().rows(0, width);
        rows.nth(usize::from(row))
            .unwrap_or_default()
            .trim_end()
            .to_owned()
    }

    /// Returns everything that was ever written to the terminal.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.screen
            .lock()
            .expect("the reader does not panic")
            .raw
            .clone()
    }

    /// Waits until the screen is as wanted, and shows it if it never is.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            let shown = screen.join("\n");
            assert!(
                begun.elapsed() < PATIENCE,
                "no {what} on the screen:\n{shown}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a line of the screen has this text.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> Vec<String> {
        self.wait(text, |screen| screen.iter().any(|l| l.contains(text)))
    }

    /// Waits until the cursor stands behind an empty prompt that begins with this text.
    #[track_caller]
    pub(crate) fn wait_for_prompt(&self, prompt: &str) {
        self.wait(prompt, |_| {
            let line = self.cursor_line();
            line.starts_with(prompt) && line.ends_with('>')
        });
    }

    /// Changes the terminal's size.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let mut screen = self.screen.lock().expect("the reader does not panic");
        screen.parser.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.keyboard, size).expect("a size");
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process"), signal).expect("it is there");
    }

    /// Whether echo, line editing and signals are as they were before anybody had the terminal.
    pub(crate) fn is_as_found(&self) -> bool {
        let now = tcgetattr(&self.keyboard).expect("a terminal");
        now.local_modes == self.found.local_modes
            && now.input_modes == self.found.input_modes
            && now.output_modes == self.found.output_modes
    }

    /// Waits for the program's end and returns its exit code.
    #[track_caller]
    pub(crate) fn wait_for_end(&mut self) -> i32 {
        super::hailer::wait(&mut self.child).0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the screen up to date, and answers the one question that programs ask a terminal.
fn read(mut terminal: File, seen: &Mutex<Screen>) {
    const WHERE_IS_THE_CURSOR: &[u8] = b"\x1b[6n";
    let mut buffer = [0; 4096];
    loop {
        // The other end is closed when nobody has it open any more.
        let Ok(n @ 1..) = terminal.read(&mut buffer) else {
            return;
        };
        let answer = {
            let mut screen = seen.lock().expect("nobody panics with it");
            let before = screen
                .raw
                .len()
                .saturating_sub(WHERE_IS_THE_CURSOR.len() - 1);
            screen.raw.extend_from_slice(&buffer[..n]);
            screen.parser.process(&buffer[..n]);
            let is_asked = screen.raw[before..]
                .windows(WHERE_IS_THE_CURSOR.len())
                .any(|w| w == WHERE_IS_THE_CURSOR);
            let (row, column) = screen.parser.screen().cursor_position();
            is_asked.then(|| format!("\x1b[{};{}R", row + 1, column + 1))
        };
        if let Some(answer) = answer {
            let _ = terminal.write_all(answer.as_bytes());
        }
    }
}
