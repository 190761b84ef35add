//! The prompt at work: start to prompt, key to screen, Tab to menu; the real program in a
//! pseudo-terminal, with a fleet file of many nodes of which nobody answers.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hailer_shell::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tempfile::TempDir;

use crate::pki::Pki;
use crate::processes::built;
use crate::report::{print_turns, say};
use crate::{Result, Size};

/// The nodes of a fleet for which the prompt must stay quick.
const NODES: usize = 10_000;

const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

/// After this long something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time for the program to find out that nobody answers, so that it is idle.
const SETTLED: Duration = Duration::from_secs(8);

/// What is typed, key by key.
const LINE: &str = "df --output=pcent,target |> parse |> where use_pct > 90 |> top 10 by use_pct";

/// Takes back what was typed.
const CLEAR: &str = "\x15";

/// Lines in the history.
const HISTORY: usize = 10_000;

/// How a fleet file says where nodes are.
#[derive(Clone, Copy)]
enum Addresses {
    /// By a pattern, which is what people write.
    Pattern,
    /// One by one, which is what programs write.
    Listed,
}

/// Measures the prompt with a fleet of [`NODES`] nodes.
pub(crate) fn measure(size: Size) -> Result<()> {
    say(&format!(
        "the prompt, {NODES} nodes, {HISTORY} lines of history"
    ));
    let dir = TempDir::new()?;
    write_history(dir.path())?;
    write_fleet(dir.path(), Addresses::Pattern)?;
    measure_starts("start to prompt", dir.path(), size)?;
    write_fleet(dir.path(), Addresses::Listed)?;
    measure_starts("the same, addresses listed", dir.path(), size)?;
    measure_keys(dir.path(), size)?;
    say("");
    Ok(())
}

fn measure_starts(name: &str, dir: &Path, size: Size) -> Result<()> {
    // The first start takes the plain history over.
    Prompt::open(dir)?.leave()?;
    let mut starts = Vec::new();
    for _ in 0..size.reps.min(10) {
        let begun = clock::mono();
        let prompt = Prompt::open(dir)?;
        starts.push(clock::mono().since(begun));
        prompt.leave()?;
    }
    print_turns(name, &starts);
    Ok(())
}

fn measure_keys(dir: &Path, size: Size) -> Result<()> {
    let mut prompt = Prompt::open(dir)?;
    print_turns("key to screen, nodes dialled", &prompt.type_line()?);
    std::thread::sleep(SETTLED);
    print_turns("key to screen", &prompt.type_line()?);
    for (name, typed, wanted) in [
        ("Tab: labels", "@ro", "2500 nodes"),
        ("Tab: nodes, folded", "@we", "web*"),
        ("Tab: columns", "df |> parse |> where o", "one of both"),
        ("Ctrl-R", "", "line 9999 of the history"),
    ] {
        let key = if name == "Ctrl-R" { "\x12" } else { "\t" };
        let mut walls = Vec::new();
        for _ in 0..size.reps.min(10) {
            prompt.types(typed)?;
            prompt.wait_for(|s| s.contains(&format!("> {typed}")))?;
            let before = prompt.contents();
            let begun = clock::mono();
            prompt.types(key)?;
            prompt.wait_for(|s| s != before && s.contains(wanted))?;
            walls.push(clock::mono().since(begun));
            // Escape closes the menu; followed by another key at once it would be a part of that.
            prompt.types("\x1b")?;
            std::thread::sleep(Duration::from_millis(100));
            prompt.types(CLEAR)?;
            prompt.wait_for_prompt()?;
        }
        print_turns(name, &walls);
    }
    prompt.leave()
}

fn write_fleet(dir: &Path, addresses: Addresses) -> Result<()> {
    Pki::generate()?.write(dir)?;
    let mut text = "fleet = \"load\"\nca = \"ca.pem\"\n\
                    operator = { cert = \"operator.pem\", key = \"operator.key\" }\n\
                    default_scope = \"@all\"\n"
        .to_owned();
    for (role, n) in [("web", NODES / 2), ("db", NODES / 4), ("cache", NODES / 4)] {
        // Nobody listens at any of them.
        let address = |at: usize| format!("\"127.0.{}.{}:9\"", at / 250 + 1, at % 250 + 1);
        let addresses = match addresses {
            Addresses::Pattern => "address = \"{name}.load.invalid:7117\"".to_owned(),
            Addresses::Listed => {
                let listed: Vec<String> = (0..n).map(address).collect();
                format!("addresses = [{}]", listed.join(", "))
            }
        };
        write!(
            text,
            "[[nodes]]\nnames = \"{role}[0001-{n:04}]\"\n{addresses}\n\
             labels = {{ role = \"{role}\", dc = \"fra\" }}\n"
        )?;
    }
    std::fs::write(dir.join("fleet.toml"), text)?;
    Ok(())
}

fn write_history(dir: &Path) -> Result<()> {
    let folder = dir.join("hailer");
    std::fs::create_dir(&folder)?;
    let lines: String = (0..HISTORY)
        .map(|n| format!("echo line {n} of the history\n"))
        .collect();
    std::fs::write(folder.join("history"), lines)?;
    Ok(())
}

/// The program in a terminal, and its screen.
struct Prompt {
    child: Child,
    terminal: File,
    screen: vt100::Parser,
}

impl Prompt {
    /// Starts the program and waits for its prompt.
    fn open(dir: &Path) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size)?;
        let name = ptsname(&master, Vec::new())?;
        let slave = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(built("hailer")?)
            .arg("--fleet")
            .arg(dir.join("fleet.toml"))
            .env("TERM", "xterm-256color")
            .env("HOME", dir)
            .env("XDG_STATE_HOME", dir)
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?))
            .stderr(Stdio::from(slave))
            .spawn()?;
        let mut prompt = Self {
            child,
            terminal: File::from(master),
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
        };
        prompt.wait_for_prompt()?;
        Ok(prompt)
    }

    fn leave(mut self) -> Result<()> {
        self.types("\x04")?;
        self.child.wait()?;
        Ok(())
    }

    fn contents(&self) -> String {
        self.screen.screen().contents()
    }

    fn types(&mut self, text: &str) -> Result<()> {
        Ok(self.terminal.write_all(text.as_bytes())?)
    }

    fn wait_for_prompt(&mut self) -> Result<()> {
        self.wait_for(|screen| screen.trim_end().ends_with('>'))
    }

    /// Types a line key by key, and takes it back; returns how long each key took to the screen.
    fn type_line(&mut self) -> Result<Vec<Duration>> {
        let mut walls = Vec::new();
        for (at, _) in LINE.char_indices() {
            let begun = clock::mono();
            self.types(&LINE[at..=at])?;
            let so_far = format!("> {}", LINE[..=at].trim_end());
            let column = self.screen.screen().cursor_position().1;
            self.wait_for_cursor(|screen, now| screen.contains(&so_far) && now > column)?;
            walls.push(clock::mono().since(begun));
        }
        self.types(CLEAR)?;
        self.wait_for_prompt()?;
        Ok(walls)
    }

    fn wait_for(&mut self, is_so: impl Fn(&str) -> bool) -> Result<()> {
        self.wait_for_cursor(|screen, _| is_so(screen))
    }

    /// Reads what the program writes until the screen, and the cursor's column, are as wanted.
    fn wait_for_cursor(&mut self, is_so: impl Fn(&str, u16) -> bool) -> Result<()> {
        let begun = clock::mono();
        let mut buffer = [0; 16 << 10];
        loop {
            let column = self.screen.screen().cursor_position().1;
            if is_so(&self.contents(), column) {
                return Ok(());
            }
            if clock::mono().since(begun) > PATIENCE {
                return Err(
                    format!("not in {PATIENCE:?}; the screen:\n{}", self.contents()).into(),
                );
            }
            let step = Timespec {
                tv_sec: 0,
                tv_nsec: 50_000_000,
            };
            if poll(
                &mut [PollFd::new(&self.terminal, PollFlags::IN)],
                Some(&step),
            )? == 0
            {
                continue;
            }
            let n = self.terminal.read(&mut buffer)?;
            self.screen.process(&buffer[..n]);
            let asks = |bytes: &[u8]| bytes.windows(4).any(|w| w == b"\x1b[6n");
            if asks(&buffer[..n]) {
                let (row, column) = self.screen.screen().cursor_position();
                self.types(&format!("\x1b[{};{}R", row + 1, column + 1))?;
            }
        }
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
