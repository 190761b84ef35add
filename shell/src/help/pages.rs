//! The pages of help, each of which fits a terminal of 80 columns and 24 lines.

/// One page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it is about, for the list of pages.
    pub(super) about: &'static str,
    /// Its text.
    pub(super) text: &'static str,
}

/// Every page, in the order in which a new operator reads them.
pub(super) const PAGES: &[Page] = &[
    Page {
        name: "language",
        about: "lines, scopes, pipes and results",
        text: LANGUAGE,
    },
    Page {
        name: "selectors",
        about: "which nodes",
        text: SELECTORS,
    },
    Page {
        name: "verbs",
        about: "what stands behind |>",
        text: VERBS,
    },
    Page {
        name: "run",
        about: "acting on what was found, with care",
        text: RUN,
    },
    Page {
        name: "states",
        about: "how a node's part ends, and exit codes",
        text: STATES,
    },
    Page {
        name: "keys",
        about: "the keys of the prompt",
        text: KEYS,
    },
    Page {
        name: "files",
        about: "what is kept where; scripts",
        text: FILES,
    },
    Page {
        name: "policy",
        about: "who may do what on a node",
        text: POLICY,
    },
    Page {
        name: "signing",
        about: "what is signed with a run; another person's approval",
        text: SIGNING,
    },
];

/// The language on one screen.
const LANGUAGE: &str = "\
A line is a Linux command. It runs on every node in scope; equal answers fold.

  uptime                         run it on the scope
  @role=db & dc=fra              set the scope; it stays
  @(web[01-20],db07) : df -h     a scope for this line only
  : nodes --help                 a Linux command whatever its first word
  !ls                            on your own machine

|  stays on the node. |> is the fleet's pipe:

  df --output=pcent,target |> parse |> where use_pct > 90 |> top 5 by use_pct
  metric mem |> where value > 95% |> count by dc
  |> count by version            go on from the last result; nothing runs again
  $3 |> where rc != 0            go on from result 3; $3 shows it, results lists
  @$3.failed : journalctl -n 50  a result's nodes as a scope
  retry $3.failed                its line again there, into $3

  explain LINE   where each part would run      ? @SELECTOR   which nodes
  metric NAME, facts, nodes      tables that need no process on the nodes
  jobs, cancel, detached LINE, history, set, let, source, open FILE, quit

Pages: help selectors, verbs, run, functions, states, keys, set, files, metric,
policy, signing. help WORD explains a word.
";

const SELECTORS: &str = "\
@SELECTOR sets the scope, @SELECTOR : LINE is for one line, ? @SELECTOR shows.

  all  web07  web[001-200]  rack[1-4]n[01-16]  web[0-6/2]  web*  /regex/
  front                  a group; @front:… and source:group where the fleet has
                         groups that a command knows
  dc=fra  dc!=fra        a label; != wants the label to be there
  dc in (fra,ams)  dc~^f
  state=up               connected now; down, unknown
  kernel~'^5'            a fact, asked of the nodes and kept for a while; a node
                         whose facts are not known is told of, never taken
  $3  $3.failed          the nodes of a result's rows; of its targets in a state
  $3.minority .majority  outside and in the largest group of equal answers

  A,B   either           A & B   both           A ! B   A without B
  A ^ B one of them      left to right; ( ) where , meets another operator

A selector that matches nothing, or a name that nothing has, is an error, and
nothing runs. A scope from a result is frozen: its nodes stay those of then.
";

const VERBS: &str = "\
on the nodes, from parse on, so that only what is left travels:
  parse [columns|json|kv|csv|lines|regex '…']   text into rows and columns
  where EXPR    select a, b    derive x = EXPR    take N per node
in the shell, over the whole fleet:
  group [by …]  count [by …]       equal rows with their nodes, or their number
  agg mean(x), worst = p99(y) by dc       sums, means, percentiles; uniq [by …]
  sort x desc   top 10 by x   take 10      order and the first ones
  join $3 [by …]                           beside another result's, or a file's
  diff, diff $3, diff $3 $7               odd answers against most; then and now
  why                                      what the odd nodes have in common
  sql 'select dc, count(*) from self group by dc'
at the end:
  run CMD, run each CMD      act where a row is left: help run
  save FILE                  .parquet .csv .ndjson .json; open FILE reads them
  follow                     the lines of endless commands as they come
  watch 2s                   again and again, what changed is marked

Columns of a command: node state rc ms bytes truncated out err, and the labels;
in expressions out and err end without their last newline: out = 'active'.
`help where` shows expressions, `help functions` what can be called in them.
";

const RUN: &str = "\
  … |> where use_pct > 90 |> run journalctl --vacuum-size=200M
  … |> run each kill \"$row_pid\"

run acts once on each node that still has a row, run each once a row, one after
the other. A row's columns arrive as $row_NAME, never as part of the command's
text. Who is acted on comes from where a row was observed, within the scope;
rows of answers that were cut or had not ended do not count.

The prompt asks once, with the nodes; scripts want --yes. Flags before CMD:
  --canary 1,5%,25%    a few first, then more; --wait 30s between,
  --gate 'LINE'        halt if this has rows, or fails, on those asked so far;
                       a node has --timeout for it, or 60 s
  --batch-by rack      one rack at a time
  --max-failures 2%    stop when more fail; --max-unreachable N|%; --fail-fast
  --pick 5 --seed 7    some of them by lot

Ctrl-C once asks nobody else, twice ends what runs. Who had no turn ends as
not_started, exit code 6; `retry $3.not_started` goes on there, and `retry $3`
wherever it was not ok; $3 gets the answers. With stages and no --max-failures
the first failure halts. A plain command with stages:
  nodes |> run --canary 1,5% systemctl restart nginx
Without stages all are asked at once, and a limit on failures comes too late.
`set canary 1,5%` holds for every run, and for commands that change things.
";

const STATES: &str = "\
Every target of a run ends in exactly one state. No verb can filter that away:
every table ends with who did not answer.

  state           what it says                                     exit code
  ok              ran, and its code was 0                                  0
  failed          ran, and its code was another                            1
  unreachable     no connection when it was its turn                       4
  lost            asked, and nobody knows what came of it                  4
  undeliverable   the agent cannot do this                                 4
  cancelled       ended on request                              4 (Ctrl-C 130)
  timed_out       killed at its deadline                                   5
  not_started     halted before its turn                                   6
  denied          refused by the node                                      7

  2  a mistake in the line or the arguments, or no line; nothing ran
  3  the selector matched nothing, or less than --expect
  4  also: a count, a file or a deed is of answers that were cut
  8  hailer itself failed

The highest that applies is the exit code.
";

const KEYS: &str = "\
  Tab              complete: nodes, labels, verbs, columns, metrics, programs
  Right, Ctrl-E    take the grey line from the history
  Up, Down         lines of the history; Ctrl-R searches it
  Enter            run; an open quote, a trailing |> or \\ go on in a new line
  Alt-Enter        a new line in any case
  Ctrl-C           at the prompt: drop what was typed
  Ctrl-D           leave
  Ctrl-L           clear the screen

while a line runs:
  Ctrl-C           ask nobody else; again: end the command on every node
  Ctrl-Z           let it go on in the background; jobs, jobs attach N, cancel N

A paste never runs by itself. A line that begins with a blank is not kept in the
history. \\history is hailer's word for certain, : history is Linux's.
";

const FILES: &str = "\
  ~/.config/hailer/rc.hail      set and let lines that every prompt begins with
  ~/.config/hailer/lines.hail   what let has named
  ~/.local/state/hailer/        the history
  $XDG_CONFIG_HOME and $XDG_STATE_HOME go before these.

  let oom = dmesg -T |> parse lines |> where line ~ 'oom'     then: @db : oom
  let fra = @dc=fra                                      then: @fra & role=db
  source checks.hail            its lines, as if they were typed

A script is lines; it stops at the first that fails, unless --keep-going:
  #!/usr/bin/env -S hailer --fleet /etc/hailer/fleet.toml
  @role=db
  df --output=pcent,target |> parse |> where use_pct > 90
Scripts read neither rc.hail nor lines.hail, unless --rc FILE says so.

  hailer -c LINE --format table|text|json|ndjson|csv|groups
  hailer --generate man | man -l -      the flags
";

const POLICY: &str = "\
The owner of a node says in a file who may do what there. What nothing allows is
denied, a deny wins wherever it stands, and a mistake anywhere allows nothing.

  group oncall = alice, bob
  group leads from certificate

  allow probe                        metrics and facts
    to      anyone
  allow read as nobody               these commands, in a sandbox, with no shell
    to      group oncall, carol
    command systemctl status *         * has no / in it, ** has anything
  allow run as root, deploy          any command, as these users
    to      group oncall
    on      role=web & tier!=payments
    at      mon-fri 08:00-18:00 +01:00
    needs   reason
    needs   approval by group leads
    needs   narrower than 25%
  deny run as root
    on      frozen=yes

  hailer policy check FILE, hailer policy fmt FILE
  hailer can alice run 'reboot' --policy FILE --label role=db      7 is no
";

const SIGNING: &str = "\
What starts or ends something on a node is signed with your key, once a run: the
command, which nodes, what each is sent, until when, why. A node carries it out
once, if it is one of them and its owner's policy allows it: help policy.

  --reason TEXT, set reason TEXT    why; written down on the nodes
  --run-as USER, set run_as USER    as one of the users that the policy names
  --read-only, set read_only on     only as a reading, whatever else is allowed
  explain LINE                      what would be signed

Where a policy wants another person's approval, the run is signed and waits:

  hailer -c LINE --request FILE     signs, and sends nothing; --holds 8h
  request FILE                      at the prompt: what the last line was denied
  hailer approve FILE               the other operator looks at it, and agrees
  hailer run-approved FILE          sends what was signed, and nothing else

Rows in front of a run are asked for when the request is written; their nodes
are part of it. FILE travels as you like: what was changed on its way is
refused. How it is spread (--canary, --gate) is not signed: say it with
run-approved.
";

#[cfg(test)]
mod tests {
    use hailer_lang::words;

    use super::*;

    #[test]
    fn every_page_fits_a_terminal_of_80_columns_and_24_lines() {
        for page in PAGES {
            assert!(page.text.lines().count() <= 23, "{}", page.name);
            let wide = page.text.lines().find(|l| l.chars().count() > 80);
            assert_eq!(wide, None, "{}", page.name);
        }
    }

    #[test]
    fn the_page_of_verbs_has_every_verb() {
        for verb in words::VERBS.iter().filter(|verb| verb.available) {
            assert!(VERBS.contains(verb.name), "{}", verb.name);
        }
    }

    #[test]
    fn the_page_of_states_has_every_state_with_its_exit_code() {
        for state in hailer_protocol::state::State::ALL {
            let mut lines = STATES.lines();
            let line = lines.find(|l| l.trim_start().starts_with(state.as_str()));
            let line = line.expect("a line a state");
            let code = state.exit_code().to_string();
            let codes = line.split_once("  ").map_or("", |(_, rest)| rest);
            assert!(codes.contains(&code), "{line}");
        }
    }
}
