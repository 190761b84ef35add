//! Commands that want to be more than the read that a policy allows: none is.

use hailer_protocol::policy::Policy;

use super::{Request, Want, sound};

/// What an owner would write who means well.
fn policy() -> Policy {
    sound(
        "allow read as nobody
           to anyone
           command df
           command df -h
           command uptime
           command systemctl status *
           command journalctl -u * -n *
           command journalctl --unit=* --no-pager
           command cat /var/log/*
           command tail -n * /var/log/**
           command grep * /var/log/*
           command find /var/log -name '*.log'
           command stat -t /backup/*.tar
           command ip -br *
           command /usr/bin/lsblk
           command date +*
           command ls -l* /tmp
           command echo ''
           command man -w df
        ",
    )
}

const SAID: &[&str] = &[
    "df",
    "df -h",
    "  df\t-h  ",
    "'df' \"-h\"",
    "d'f' -'h'",
    "systemctl status nginx",
    "systemctl status 'a b'",
    "systemctl status 'größe'",
    "journalctl -u nginx -n 50",
    "journalctl --unit=nginx --no-pager",
    "cat /var/log/syslog",
    "cat /var/log/..syslog",
    "cat '/var/log/a b'",
    "cat '/var/log/*'",
    "tail -n 5 /var/log/nginx/access.log",
    "grep error /var/log/syslog",
    "grep a=b /var/log/syslog",
    "find /var/log -name '*.log'",
    "stat -t /backup/monday.tar",
    "ip -br a",
    "/usr/bin/lsblk",
    "date +%s",
    "ls -la /tmp",
    "echo ''",
    "man -w df",
];

#[rustfmt::skip]
const HOSTILE: &[&str] = &[
    // Nothing, and what is nearly nothing.
    "", " ", "\t", "''", "\"\"", "'' df", "' '", "'df '", "' df'", "'df -h'", "\"df -h\"",
    // More than one command.
    "df; reboot", "df;reboot", "df ;", "; df", "df & reboot", "df &", "df && reboot", "df || reboot",
    "df | sh", "df |& sh", "df\nreboot", "df\r\nreboot", "df\rreboot", "df\n", "\ndf", "df\u{b}reboot",
    "df\u{c}reboot", "df\u{85}reboot", "df\u{2028}reboot", "df |> where x", "( df )", "{ df; }",
    "df ()", "!df", "! df", "if df", "time df", "coproc df", "function df",
    // Substitution and expansion.
    "df $(reboot)", "df `reboot`", "df \"$(reboot)\"", "df \"`reboot`\"", "df '$(reboot)'", "df $HOME",
    "df ${HOME}", "df $'\\x3b'", "df $((1))", "cat /var/log/$X", "cat /var/log/{a,b}", "cat /var/log/*",
    "cat /var/log/?", "cat /var/log/[ab]", "cat /var/log/~", "cat ~root/x", "$SHELL", "${0}", "df <(id)",
    "$(echo df)", "`echo df`",
    // Redirects.
    "df > /etc/passwd", "df >/etc/passwd", "df >> x", "df 2>x", "df < x", "df << x", "df <<< x",
    "df &> x", "df >& x", "> x df",
    // Backslashes.
    "d\\f", "\\df", "df \\-h", "df \\\n-h", "cat /var/log/\\..", "df \\; reboot",
    // Quotes that are not closed, comments, variables.
    "df '", "df \"", "'df", "df 'a\"", "df # -h", "#df", "df #", "A=b df", "PATH=/tmp df", "'A=b' df",
    "LD_PRELOAD=/tmp/x.so df", "=df", "A= df", "BASH_ENV=x sh", "env df", "env A=b df", "env -S df",
    // NUL and what cannot be seen.
    "df\0", "df\0reboot", "\0df", "df \0", "cat /var/log/x\0/etc/shadow", "\u{feff}df", "df\u{200b}",
    "d\u{ad}f", "df \u{202e}h-", "df\u{1b}[2K", "\u{8}df", "df \u{7f}", "df -h\u{2060}", "cat /var/log/\u{e0041}",
    // Look-alikes and other alphabets' blanks.
    "\u{501}f", "ｄｆ", "df －h", "df –h", "df −h", "df\u{a0}-h", "df\u{3000}-h", "df\u{2003}-h", "ⅾf",
    "df\u{301}", "ｃat /var/log/x", "саt /var/log/x", "cat ∕var∕log∕x", "cat /var⁄log⁄x", "cat /νar/log/x",
    // Another program of that name, and other letters.
    "/tmp/df", "./df", "../df", "/bin/df", "/usr/bin/../../tmp/df", "DF", "Df", "df.exe", "/usr/bin/df",
    "lsblk", "/usr/bin//lsblk", "/usr/bin/./lsblk", "/usr/bin/lsblk/", "//usr/bin/lsblk", "bin/lsblk",
    // Options where an argument is expected.
    "systemctl status --now", "systemctl status -Hroot@evil", "systemctl status --host=evil", "systemctl status -M x",
    "systemctl status --", "systemctl status -", "systemctl status ''", "systemctl status",
    "systemctl status '-H'", "systemctl status \"-\"H", "systemctl status nginx sshd", "systemctl status a -H b",
    "systemctl -H evil status nginx", "systemctl restart nginx", "systemctl status; reboot",
    "systemctl status /etc/shadow", "systemctl status ../x", "systemctl status ..", "systemctl STATUS nginx",
    "journalctl --vacuum-size=1", "journalctl -u --vacuum-size=1 -n 5", "journalctl -u x -n --vacuum-time=1s",
    "journalctl -u x -n 5 --rotate", "journalctl -u x -n", "journalctl -n 5 -u x", "journalctl -u -n",
    "journalctl -u x -n 5 -D /etc", "journalctl -u x -n -1", "journalctl -ux -n5", "journalctl",
    "journalctl --unit= --no-pager", "journalctl --unit=a/b --no-pager", "journalctl --unit=.. --no-pager",
    "journalctl --unit=x --file=/etc/shadow --no-pager", "journalctl --unit=x", "journalctl --Unit=x --no-pager",
    "journalctl --unit=x --no-pager --sync",
    // Out of a folder.
    "cat /etc/shadow", "cat /var/log/../../etc/shadow", "cat /var/log/..", "cat /var/log/", "cat /var/log",
    "cat /var/log/a/b", "cat /var/log//etc/shadow", "cat //var/log/x", "cat ./var/log/x", "cat /var/log/../x",
    "cat /var/log/x /etc/shadow", "cat -- /var/log/x", "cat -A /var/log/x", "cat '/var/log/../x'",
    "cat /var/log/\"..\"/x", "cat /var/log/.'.'/x", "cat /var/log/./../x", "cat /VAR/log/x", "cat", "cat -",
    "tail -n 5 /var/log/../../etc/shadow", "tail -n 5 /var/log/a/../../../etc/shadow", "tail -n 5 /var/log/a/..",
    "tail -n 5 /var/log/../log/x", "tail -n --follow /var/log/x", "tail -n 5 -f /var/log/x", "tail -f /var/log/x",
    "tail -n /etc/shadow /var/log/x", "tail -n 5 /var/log/", "tail -n 5 /etc/shadow",
    "grep -f/etc/shadow /var/log/x", "grep -r /var/log/x", "grep --file=/etc/shadow /var/log/x",
    "grep -e x /var/log/x", "grep x /var/log/x /etc/shadow", "grep /etc/shadow /var/log/x", "grep x /etc/shadow",
    "grep -- /var/log/x", "grep '-r' /var/log/x",
    // Programs that run others.
    "find /var/log -name '*.log' -exec sh", "find /var/log -exec reboot", "find / -name '*.log'",
    "find /var/log -name '*.log' -delete", "find /var/log -name *.log", "find /var/log -name 'x.log'",
    "stat -t /backup/../etc/x.tar", "stat -t /backup/.tar", "stat -t /backup/a/b.tar", "stat -t --printf=.tar",
    "stat -t -L.tar", "stat -t /backup/x.tar.gz", "stat -t /backup/x.tar /etc/x.tar", "stat -ft /backup/x.tar",
    "find /var/log -fprintf /etc/x", "tar -tf /backup/x.tar --checkpoint-action=exec=sh",
    "tar --checkpoint=1 --checkpoint-action=exec=sh -tf /backup/x.tar", "tar -tf /backup/../etc/x.tar",
    "tar -xf /backup/x.tar", "tar -tf /backup/.tar", "tar -tf /backup/a/b.tar", "tar -tf -Ish.tar",
    "tar -tf host:/backup/x.tar", "less /var/log/syslog", "less +!reboot /var/log/x", "more /var/log/x",
    "man df", "man -P reboot df", "man -H df", "man -w -P df", "vi /var/log/x", "vim -c :!sh", "view x",
    "awk BEGIN /var/log/x", "sed -n 1e /var/log/x", "xargs df", "sudo df", "su -c df", "nohup df", "timeout 1 df",
    "watch df", "sh -c df", "bash -c df", "busybox df", "nsenter -t 1 df", "chroot / df", "exec df", "eval df",
    "command df", ". df", "source df", "builtin df", "ssh -oProxyCommand=reboot x", "ssh evil", "git -c x=y log",
    "ip netns exec x df", "ip -br netns exec", "ip -b /etc/shadow", "ip -br -b", "ip -brief a", "ip a",
    "date -s 00:00", "date +%s -s 00:00", "date +", "date -f /etc/shadow", "date +/etc", "date --set=x", "date '-s' x",
    "ls -l /tmp", "ls -la /etc", "ls -la /tmp /etc", "ls --color /tmp", "ls -l/ /tmp", "ls -la /tmp/",
    "echo", "echo x", "echo '' ''", "echo -e ''",
    // Words that only begin or end as they should.
    "df -hT", "df -h /", "df -h -h", "df --h", "df -", "df --", "df -H", "dfx", "xdf", "df-h", "uptime -p",
    "reboot", "rm -rf /", "dd if=/dev/zero", "uptime uptime",
];

#[test]
fn what_the_patterns_say_is_allowed() {
    let policy = policy();
    for line in SAID {
        let request = Request::read(line);
        assert!(
            request.is_allowed(&policy),
            "{line:?}: {}",
            request.outcome(&policy)
        );
    }
}

#[test]
fn nothing_is_allowed_that_the_patterns_do_not_say() {
    assert!(HOSTILE.len() >= 300, "{}", HOSTILE.len());
    let policy = policy();
    let allowed: Vec<&&str> = HOSTILE
        .iter()
        .filter(|line| Request::read(line).is_allowed(&policy))
        .collect();
    assert!(allowed.is_empty(), "{allowed:#?}");
}

#[test]
fn what_is_behind_a_good_line_makes_it_a_bad_one() {
    let policy = policy();
    for line in SAID {
        for more in HOSTILE
            .iter()
            .filter(|h| !h.trim_matches([' ', '\t']).is_empty())
        {
            for text in [format!("{line};{more}"), format!("{line}\n{more}")] {
                assert!(!Request::read(&text).is_allowed(&policy), "{text:?}");
            }
        }
    }
}

#[test]
fn words_from_the_start_are_held_to_the_same() {
    let policy = policy();
    let is_allowed = |words: &[&str]| {
        let argv = words.iter().map(|w| (*w).to_owned()).collect();
        Request::new("alice", Want::Argv(argv)).is_allowed(&policy)
    };
    assert!(is_allowed(&["df", "-h"]));
    assert!(
        is_allowed(&["grep", "a|b $x", "/var/log/syslog"]),
        "there is no shell"
    );
    for words in [
        &[][..],
        &[""],
        &["", "df"],
        &["df -h"],
        &["df", ""],
        &["df", "-h", ""],
        &["A=b", "df"],
        &["grep", "-r", "/var/log/x"],
        &["grep", "x\0", "/var/log/x"],
        &["grep", "x\n", "/var/log/x"],
        &["grep", "x\u{202e}", "/var/log/x"],
        &["cat", "/var/log/../x"],
        &["cat", "/var/log/x", "/etc/shadow"],
        &["sh", "-c", "df"],
    ] {
        assert!(!is_allowed(words), "{words:?}");
    }
}

#[test]
fn a_word_of_any_length_costs_little_and_matches_no_wildcard() {
    let policy =
        sound("allow read as nobody\n  to anyone\n  command cat **a**a**a**a**a**a**a**b\n");
    let cat = |word: &str| Request::read(&format!("cat {word}")).is_allowed(&policy);
    assert!(cat("xaxaxaxaxaxaxaxb"));
    assert!(!cat(&"a".repeat(4096)));
    assert!(!cat(&format!("{}b", "xa".repeat(4096))));
    assert!(!cat(&"a".repeat(1 << 20)));
    let many = format!("cat {}", "a ".repeat(2000));
    assert!(!Request::read(&many).is_allowed(&policy));
}
