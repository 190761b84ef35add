//! Policies without a node, and runs that another operator approves first.

use std::fs;

use hailer_protocol::role::Role;

use crate::support::agent::{Agent, own_user};
use crate::support::hailer::Hailer;
use crate::support::papers::Papers;

/// What the owner of a node allows who wants four eyes.
fn four_eyes() -> String {
    format!(
        "allow probe\n  to anyone\n\nallow run as {}\n  to anyone\n  needs approval by anyone\n",
        own_user()
    )
}

/// Somebody else with a fleet file of their own.
fn other(agent: &Agent, name: &str) -> Hailer {
    let papers = agent.papers();
    papers.issue(name, Role::Operator, Papers::valid());
    let own = fs::read_to_string(papers.path("fleet.toml")).expect("it was written");
    let theirs = own.replace("operator.pem", &format!("{name}.pem"));
    let theirs = theirs.replace("operator.key", &format!("{name}.key"));
    papers.write(&format!("{name}.toml"), &theirs);
    let fleet = papers.path(&format!("{name}.toml")).display().to_string();
    agent.hailer().env("HAILER_FLEET", &fleet)
}

/// Signs `touch FILE` into the file `NAME`, and returns the paths of both.
fn request(agent: &Agent, name: &str) -> (String, String) {
    let papers = agent.papers();
    let file = papers.path(name).display().to_string();
    let touched = papers
        .path(&format!("{name}.touched"))
        .display()
        .to_string();
    let line = format!("@n1 : touch {touched}");
    let wishes = ["--request", &file, "--reason", "disk full"];
    let ran = agent.hailer().args(wishes).line(&line).run();
    ran.exits(0)
        .complains("signed for 1 node and sent to no node");
    assert!(
        !fs::exists(&touched).expect("it can be asked"),
        "nothing ran"
    );
    (file, touched)
}

#[test]
fn another_persons_approval_is_what_a_node_wants_and_nothing_less() {
    let agent = Agent::start(&four_eyes());
    let denied = agent.hailer().line("@n1 : true").run();
    denied
        .exits(7)
        .says("it needs the approval of another person");

    let (file, touched) = request(&agent, "r1");
    let run = |file: &str| agent.hailer().args(["run-approved", file]).run();
    run(&file)
        .exits(7)
        .says("it needs the approval of another person");
    assert!(!fs::exists(&touched).expect("it can be asked"));

    // One's own approval is none, and nobody approves twice.
    let own = agent.hailer().args(["approve", &file, "--yes"]).run();
    own.exits(2).complains("it is their own");
    let (file, touched) = request(&agent, "r2");
    let asked = other(&agent, "carol").args(["approve", &file]).run();
    asked.exits(2).complains("nobody is there to be asked");
    let shown = other(&agent, "carol")
        .args(["approve", &file, "--yes"])
        .run();
    let shown = shown.exits(0).complains("approved by carol");
    for told in [
        "operator asks to run",
        "touch ",
        "1 of 1 nodes (100 %)",
        "n1",
        "disk full",
        "until 2",
    ] {
        assert!(shown.out.contains(told), "{told}: {}", shown.out);
    }
    let again = other(&agent, "carol")
        .args(["approve", &file, "--yes"])
        .run();
    again.exits(2).complains("has approved it before");

    // Only who signed it starts it.
    let hers = other(&agent, "carol").args(["run-approved", &file]).run();
    hers.exits(2).complains("the request is `operator`'s");
    run(&file).exits(0);
    assert!(fs::exists(&touched).expect("it can be asked"), "it ran");
    fs::remove_file(&touched).expect("it is there");
    run(&file);
    assert!(
        !fs::exists(&touched).expect("it can be asked"),
        "it ran once"
    );
}

#[test]
fn who_approves_a_long_command_sees_its_end() {
    let agent = Agent::start(&four_eyes());
    let file = agent.papers().path("long").display().to_string();
    let line = format!("@n1 : echo {} ; touch /the-end", "x".repeat(4_000));
    let ran = agent.hailer().args(["--request", &file]).line(&line).run();
    ran.exits(0);
    let shown = other(&agent, "carol")
        .args(["approve", &file, "--yes"])
        .run();
    let shown = shown.exits(0);
    assert!(shown.out.contains("touch /the-end"), "{}", shown.out);
}

#[test]
fn a_denied_line_says_what_to_type_next_and_request_signs_it() {
    let policy = format!(
        "allow probe\n  to anyone\n\nallow run as {}\n  to anyone\n  needs reason\n  \
         needs approval by anyone\n",
        own_user()
    );
    let agent = Agent::start(&policy);
    let papers = agent.papers();
    let path = |name: &str| papers.path(name).display().to_string();
    let (file, touched) = (path("r1"), path("touched"));
    let line = format!("@n1 : touch {touched}");
    let request = format!("request {file}");
    let denied = agent.hailer().line(&line).run();
    denied
        .exits(7)
        .complains("`set reason TEXT`")
        .complains("`request FILE`");
    let lines = [&line, &request].map(String::as_str);
    let asked = agent.hailer().args(["--keep-going", "--reason", "full"]);
    let asked = asked.line(lines[0]).line(lines[1]).run();
    let asked = asked
        .exits(7)
        .complains("signed for 1 node and sent to no node");
    assert!(
        !asked.err.contains("set reason"),
        "it was given: {}",
        asked.err
    );
    let shown = other(&agent, "carol")
        .args(["approve", &file, "--yes"])
        .run();
    shown.exits(0).says("full");
    assert!(!fs::exists(&touched).expect("it can be asked"));
    agent.hailer().args(["run-approved", &file]).run().exits(0);
    assert!(fs::exists(&touched).expect("it can be asked"));
}

#[test]
fn request_signs_nothing_where_there_is_nothing_to_approve() {
    let agent = Agent::start(&format!(
        "allow probe\n  to anyone\n\nallow run as {}\n  to anyone\n",
        own_user()
    ));
    let file = agent.papers().path("r1").display().to_string();
    let request = format!("request {file}");
    for (before, why) in [
        ("@n1", "there is no line yet"),
        ("@n1 : metric load1", "only commands are approved"),
        ("@n1 : true", "no node denied $1"),
        ("@n1 : nodes", "asked no nodes for its rows"),
    ] {
        let ran = agent.hailer().line(before).line(&request).run();
        assert_ne!(ran.code, 0, "{before}");
        ran.complains(why);
        assert!(!fs::exists(&file).expect("it can be asked"), "{before}");
    }
}

#[test]
fn a_request_that_was_changed_on_its_way_is_refused() {
    let agent = Agent::start(&four_eyes());
    let (file, touched) = request(&agent, "r1");
    let approved = other(&agent, "carol")
        .args(["approve", &file, "--yes"])
        .run();
    approved.exits(0);
    let whole = fs::read_to_string(&file).expect("it was written");
    let json: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let run = |json: &serde_json::Value| {
        fs::write(&file, json.to_string()).expect("it can be written");
        agent.hailer().args(["run-approved", &file]).run()
    };
    // The last byte of the block is the last one of carol's signature: only a node finds that out.
    let mut forged = json.clone();
    let block = forged["block"].as_str().expect("hexadecimal digits");
    let (rest, last) = block.split_at(block.len() - 1);
    let other_digit = if last == "0" { "1" } else { "0" };
    forged["block"] = format!("{rest}{other_digit}").into();
    run(&forged).exits(7).says("who approved");
    // Another command, and another node: neither is what was signed.
    let mut other_body = json.clone();
    let body = other_body["bodies"][0]
        .as_str()
        .expect("hexadecimal digits");
    other_body["bodies"][0] = body.replacen("746f756368", "726d646972", 1).into();
    assert_ne!(other_body, json, "`touch` became `rmdir`");
    run(&other_body)
        .exits(2)
        .complains("something else than was signed");
    let mut other_node = json.clone();
    other_node["targets"][0][0] = "n2".into();
    run(&other_node).exits(2).complains("not what was signed");
    assert!(
        !fs::exists(&touched).expect("it can be asked"),
        "nothing ran"
    );
    run(&json).exits(0);
    assert!(fs::exists(&touched).expect("it can be asked"));
}

#[test]
fn only_runs_are_requested_and_what_was_approved_stays() {
    let agent = Agent::start(&four_eyes());
    let file = agent.papers().path("r").display().to_string();
    let wish = ["--request", &file];
    let probe = agent.hailer().args(wish).line("@n1 : metric load1").run();
    probe.exits(2).complains("only commands are approved");
    let sorted = agent.hailer().args(wish).line("@n1 : df |> group").run();
    sorted.exits(2).complains("rows on its nodes at most");
    let (file, _) = request(&agent, "r1");
    let twice = agent
        .hailer()
        .args(["--request", &file])
        .line("@n1 : true")
        .run();
    twice.exits(2).complains("a request is written once");
    let changed = ["run-approved", &file, "--reason", "another"];
    agent
        .hailer()
        .args(changed)
        .run()
        .exits(2)
        .complains("it runs what was approved");
}

#[test]
fn a_decision_is_explained_without_a_node() {
    let papers = Papers::new("demo");
    papers.write(
        "policy",
        "group leads from certificate\n\nallow read as nobody\n  to anyone\n  command df -h\n\n\
         allow run as root\n  to alice\n  on role=db\n  needs reason\n  \
         needs approval by group leads\n",
    );
    let policy = papers.path("policy").display().to_string();
    let can = |words: &[&str]| {
        let words = [&["can"], words, &["--policy", &policy]].concat();
        Hailer::new(papers.dir()).args(words).run()
    };
    let allowed = can(&["bob", "read", "df -h"]);
    let allowed = allowed.exits(0);
    assert!(
        allowed.out.contains("bob may read `df -h`"),
        "{}",
        allowed.out
    );
    let denied = can(&["bob", "read", "df -h; reboot"]);
    let denied = denied.exits(7);
    assert!(denied.out.contains("a shell acts on"), "{}", denied.out);
    let run = [
        "alice", "run", "reboot", "--label", "role=db", "--reason", "disk",
    ];
    can(&run).exits(7);
    can(&[&run[..], &["--approved-by", "carol"]].concat()).exits(7);
    let whole = can(&[&run[..], &["--approved-by", "carol=leads"]].concat());
    let whole = whole.exits(0);
    assert!(whole.out.contains("approved by carol"), "{}", whole.out);
    can(&["alice", "probe", "load1"])
        .exits(2)
        .complains("leave the command out");
}

#[test]
fn policies_are_checked_and_laid_out_and_keep_their_comments() {
    let papers = Papers::new("demo");
    papers.write("good", "# Ours.\nallow probe\nto anyone\n");
    papers.write("bad", "alow probe\n  to anyone\n");
    let path = |name: &str| papers.path(name).display().to_string();
    let (good, bad) = (path("good"), path("bad"));
    let hailer = |words: &[&str]| Hailer::new(papers.dir()).args(words).run();
    hailer(&["policy", "check", &good]).exits(0);
    let ran = hailer(&["policy", "check", &good, &bad]);
    ran.exits(2).complains("allow").complains("^");
    hailer(&["policy", "fmt", &good, &bad]).exits(2);
    hailer(&["policy", "fmt", "--check", &good]).exits(1);
    let text = || fs::read_to_string(&good).expect("it is there");
    assert_eq!(
        text(),
        "# Ours.\nallow probe\nto anyone\n",
        "nothing was written so far"
    );
    hailer(&["policy", "fmt", &good]).exits(0);
    assert_eq!(text(), "# Ours.\nallow probe\n  to      anyone\n");
    hailer(&["policy", "fmt", "--check", &good]).exits(0);
}
