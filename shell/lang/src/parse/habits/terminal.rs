//! Programs that want a terminal. A node has none: they would end at once, hang, or do nothing, on
//! every node of the scope.

use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::shell_scan::{ShellToken, ShellTokenKind, unquote};
use crate::parse::Parser;

/// What a program would do without a terminal, and what to write instead.
struct Wants {
    programs: &'static [&'static str],
    /// With one of these arguments it does not want a terminal; `""` stands for any argument at all.
    unless: &'static [&'static str],
    instead: &'static str,
}

/// The programs, each with the way to do its work without a terminal.
const PROGRAMS: &[Wants] = &[
    Wants {
        programs: &["top"],
        unless: &["b", "-h", "--help", "-v", "-V"],
        instead: "write `top -b -n1`, or `metric top_cpu`; `metric top_cpu |> watch 2s` goes on",
    },
    Wants {
        programs: &["htop", "btop", "glances", "nmon"],
        unless: &["--help", "--version", "-h", "-v", "--stdout"],
        instead: "write `metric top_cpu` or `top -b -n1`; `|> watch 2s` shows it again and again",
    },
    Wants {
        programs: &["atop", "iotop"],
        unless: &["b", "--batch", "-P", "-r", "-w"],
        instead: "give it its batch mode, `iotop -b -n1` or `atop -P ALL 1 1`",
    },
    Wants {
        programs: &["watch"],
        unless: &["--help", "--version"],
        instead: "write `COMMAND |> watch 2s`: the shell repeats it, and marks what changed",
    },
    Wants {
        programs: &[
            "vi", "vim", "nvim", "nano", "emacs", "pico", "joe", "mcedit", "visudo",
        ],
        unless: &[
            "-e",
            "-es",
            "-s",
            "-Es",
            "-c",
            "--batch",
            "--help",
            "--version",
            "--headless",
        ],
        instead: "look with `cat FILE` or `grep -n … FILE`, change with `sed -i 's/OLD/NEW/' FILE`",
    },
    Wants {
        programs: &["clear", "reset"],
        unless: &[],
        instead: "Ctrl-L clears this screen",
    },
    Wants {
        programs: &["tmux", "screen"],
        unless: &[
            "ls",
            "list-sessions",
            "-ls",
            "-list",
            "new-session",
            "-d",
            "-dm",
            "-dmS",
            "send-keys",
            "kill-session",
            "-X",
            "has-session",
            "-V",
            "-v",
            "--version",
        ],
        instead: "a run outlives this shell without one; to see what there is, write `tmux ls` or `screen -ls`",
    },
    Wants {
        programs: &[
            "mc",
            "nmtui",
            "alsamixer",
            "cfdisk",
            "ncdu",
            "aptitude",
            "dialog",
            "whiptail",
        ],
        unless: &[
            "-o",
            "-f",
            "--help",
            "--version",
            "search",
            "install",
            "show",
        ],
        instead: "write the command that it would run for you",
    },
    Wants {
        programs: &["telnet", "minicom", "ftp", "sftp"],
        unless: &["-b"],
        instead: "write one command, such as `nc -zv HOST PORT` or `curl -v telnet://HOST:PORT`",
    },
    Wants {
        programs: &[
            "bash",
            "sh",
            "dash",
            "zsh",
            "fish",
            "python",
            "python3",
            "perl",
            "ruby",
            "node",
            "irb",
            "lua",
            "gdb",
            "bc",
            "nslookup",
            "mysql",
            "mariadb",
            "psql",
            "sqlite3",
            "redis-cli",
            "mongo",
            "mongosh",
            "fdisk",
            "parted",
        ],
        unless: &[""],
        instead: "give it its commands: `bash -c '…'`, `python3 -c '…'`, `psql -c '…'`, `mysql -e '…'`",
    },
];

impl Parser<'_> {
    /// `top`, `vi FILE`: as a line of its own, where nothing else could give it what it wants.
    pub(super) fn wants_terminal(&mut self, tokens: &[ShellToken]) {
        let simple = tokens.iter().all(|t| match t.kind {
            ShellTokenKind::Command | ShellTokenKind::Argument => t.depth == 0,
            ShellTokenKind::Assignment => true,
            ShellTokenKind::Keyword
            | ShellTokenKind::Target
            | ShellTokenKind::Operator
            | ShellTokenKind::Redirect
            | ShellTokenKind::Comment => false,
        });
        let mut words = tokens
            .iter()
            .filter(|t| t.kind == ShellTokenKind::Command || t.kind == ShellTokenKind::Argument)
            .map(|t| (t.span, unquote(t.span.of(self.text))));
        let mut command = words.next();
        // `sudo vi` is `vi` all the same.
        if command.as_ref().is_some_and(|(_, w)| w == "sudo") {
            command = words.next();
        }
        let Some((span, word)) = command.filter(|_| simple) else {
            return;
        };
        let program = word.rsplit('/').next().unwrap_or_default();
        let args: Vec<String> = words.map(|(_, word)| word).collect();
        let Some(wants) = PROGRAMS.iter().find(|w| w.programs.contains(&program)) else {
            return;
        };
        if args.iter().any(|arg| wants.is_content_with(arg)) {
            return;
        }
        let last = tokens.last().map_or(span, |t| t.span);
        self.error(
            Diagnostic::new(
                Code::WantsTerminal,
                span.to(last),
                format!("`{program}` wants a terminal, and there is none on the nodes"),
            )
            .label("would show or do nothing")
            .help(format!(
                "{}; `: {program}` runs it all the same",
                wants.instead
            )),
        );
    }
}

impl Wants {
    fn is_content_with(&self, arg: &str) -> bool {
        self.unless.iter().any(|unless| match *unless {
            "" => true,
            // One letter stands for a flag that may stand among others: `-bn1`.
            flag if flag.len() == 1 => {
                arg.starts_with('-') && !arg.starts_with("--") && arg.contains(flag)
            }
            word => arg == word,
        })
    }
}
