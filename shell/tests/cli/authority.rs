//! Operators who log in, lists of who is revoked, and roots that are replaced: with real processes.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;

use hailer_agent::join::{join, renew_once};
use hailer_agent::net::Listening;
use tokio::runtime::Runtime;

use crate::enrolment::{Keeper, credentials, hailer, mode_of};
use crate::support::hailer::Ran;
use crate::support::wait_until;

/// A fleet whose nodes have joined, and an operator on a machine of her own.
pub(crate) struct Fleet {
    pub(crate) keeper: Keeper,
    runtime: Runtime,
    nodes: Vec<(String, Listening)>,
}

impl Fleet {
    /// Starts a keeper and agents, and lets them join.
    pub(crate) fn start(nodes: &[&str]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let keeper = Keeper::start("demo", &[]);
        let mut fleet = Self {
            keeper,
            runtime,
            nodes: Vec::new(),
        };
        for node in nodes {
            let args = fleet.keeper.join_args(node, &fleet.keeper.token(node));
            fleet.runtime.block_on(join(&args)).expect("it joins");
            let config = fleet.keeper.config(node);
            let entered = fleet.runtime.enter();
            let listening = hailer_agent::serve::start(&config).expect("the agent starts");
            drop(entered);
            fleet.nodes.push(((*node).to_owned(), listening));
        }
        fleet.write_file("");
        fleet
    }

    /// Writes her fleet file, with something more at its end.
    fn write_file(&self, more: &str) {
        let mut text = "fleet = \"demo\"\nca = \"ca.pem\"\ndefault_scope = \"@all\"\n\
                        operator = { cert = \"operator.pem\", key = \"operator.key\" }\n"
            .to_owned();
        for (node, listening) in &self.nodes {
            let address = listening.address();
            text.push_str(&format!(
                "[[nodes]]\nnames = \"{node}\"\naddress = \"{address}\"\n"
            ));
        }
        let me = self.keeper.path("me");
        fs::create_dir_all(&me).expect("made");
        fs::write(me.join("fleet.toml"), text + more).expect("written");
    }

    fn dir(&self) -> &Path {
        self.keeper.dir.path()
    }

    /// Runs `hailer` with her fleet.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let fleet = ["--fleet", "me/fleet.toml"];
        hailer(self.dir(), &[&fleet[..], args].concat())
    }

    /// Gets a certificate for the day.
    pub(crate) fn login(&self) -> Ran {
        self.run(&["login", "--name", "ann", "--group", "sre", "--ca", "ca"])
    }

    /// Lets a node ask for its next certificate; returns what it got.
    fn renew(&self, node: &str) -> Result<Vec<Vec<u8>>, String> {
        let config = self.keeper.config(node);
        let (own, trust) = credentials(&config);
        let address = self.keeper.address.to_string();
        let next = self
            .runtime
            .block_on(renew_once(&config, &address, &own, &trust));
        next.map(|next| next.chain()).map_err(|e| e.to_string())
    }
}

#[test]
fn an_operator_logs_in_for_a_working_day_and_again() {
    let fleet = Fleet::start(&["web1"]);
    let status = || fleet.run(&["login", "--status"]);
    status().exits(2).complains("nobody is logged in");
    fleet
        .run(&["login", "--ca", "ca"])
        .exits(2)
        .complains("who are you?");
    fleet
        .run(&["login", "--name", "ann", "--ca", "ca", "--ttl", "9h"])
        .exits(2)
        .complains("between 1s and 8h");
    assert!(!fleet.keeper.path("me/operator.key").exists());
    let said = fleet.login().exits(0).out;
    assert!(
        said.contains("spiffe://demo/operator/ann, in sre, until"),
        "{said}"
    );
    let key = fs::read(fleet.keeper.path("me/operator.key")).expect("made");
    let cert = fs::read(fleet.keeper.path("me/operator.pem")).expect("made");
    assert_eq!(mode_of(&fleet.keeper.path("me/operator.key")), 0o600);
    fleet.run(&["-c", "echo in"]).exits(0).says("in");
    // Again, without a word about who: the same person, the same key, another certificate.
    fleet
        .run(&["login", "--ca", "ca"])
        .exits(0)
        .says("ann, in sre");
    assert_eq!(
        fs::read(fleet.keeper.path("me/operator.key")).expect("there"),
        key
    );
    assert_ne!(
        fs::read(fleet.keeper.path("me/operator.pem")).expect("there"),
        cert
    );
    status().exits(0).says("ann, in sre, until");
    fleet
        .run(&["login", "--ca", "ca", "--new-key"])
        .exits(0)
        .says("ann, in sre");
    let next = fs::read(fleet.keeper.path("me/operator.key")).expect("there");
    assert_ne!(next, key, "another key was asked for");
    assert_eq!(mode_of(&fleet.keeper.path("me/operator.key")), 0o600);
    fleet.run(&["-c", "echo in"]).exits(0).says("in");
    let short = ["login", "--ca", "ca", "--ttl", "1s"];
    fleet.run(&short).exits(0);
    wait_until("its end", || status().code == 2);
    fleet
        .run(&["-c", "echo in"])
        .exits(2)
        .complains("`hailer login` gets the next one");
}

#[test]
fn a_list_is_handed_to_who_is_there_and_who_is_not_is_said() {
    let fleet = Fleet::start(&["web1"]);
    fleet.login().exits(0);
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = silent.local_addr().expect("bound");
    fleet.write_file(&format!(
        "[[nodes]]\nnames = \"web2\"\naddress = \"{address}\"\n"
    ));
    let told = fleet.run(&["revoke", "operator/bob", "--ca", "ca"]);
    let told = told.exits(4).out;
    assert!(
        told.contains("1 nodes have it now, 0 had it before, 1 have NOT"),
        "{told}"
    );
    assert!(told.contains("  web2: "), "{told}");
    assert!(
        told.contains("revoked: operator/bob, every certificate from before now"),
        "{told}"
    );
    fleet.write_file("");
    let again = fleet.run(&["revoke", "--ca", "ca"]).exits(0).out;
    assert!(
        again.contains("1 nodes have it now, 0 had it before\n"),
        "{again}"
    );
    // She herself: the list goes out with her last connection.
    fleet.run(&["revoke", "operator/ann", "--ca", "ca"]);
    // A node that lets nobody in has run nothing: that is no unknown outcome.
    let out = fleet.run(&["-c", "echo in"]);
    assert_eq!(out.code, 7, "{out:?}");
    let told = format!("{}{}", out.out, out.err);
    assert!(
        told.contains("denied: your certificate is revoked"),
        "{told}"
    );
    assert!(!told.contains("outcome unknown"), "{told}");
}

#[test]
fn a_node_that_is_revoked_is_refused_by_the_shell_and_gets_no_certificate() {
    let fleet = Fleet::start(&["web1", "web2"]);
    fleet.login().exits(0);
    fleet.renew("web1").expect("not revoked yet");
    // The certificate must begin before the revocation does, which is told in milliseconds.
    hailer(fleet.dir(), &["revoke", "node/web1", "--ca", "ca"]).exits(0);
    let list = fleet.keeper.path("ca/revoked.list");
    fs::copy(&list, fleet.keeper.path("me/revoked.list")).expect("copied");
    let out = fleet.run(&["-c", "echo in"]);
    assert_eq!(out.code, 4, "{out:?}");
    assert!(
        format!("{}{}", out.out, out.err).contains("revoked"),
        "{out:?}"
    );
    fleet.run(&["-c", "@web2 : echo in"]).exits(0);
    // The keeper takes the list up by itself.
    wait_until("the keeper's refusal", || fleet.renew("web1").is_err());
    fleet.renew("web2").expect("nobody revoked it");
}

#[test]
fn a_new_issuer_takes_over_under_a_keeper_that_serves() {
    let fleet = Fleet::start(&["web1"]);
    fleet.login().exits(0);
    let before = fleet.renew("web1").expect("renewed");
    let issue = ["ca", "issuer", "node", "--ca", "ca"];
    hailer(fleet.dir(), &issue)
        .exits(2)
        .complains("--root FILE");
    hailer(
        fleet.dir(),
        &[&issue[..], &["--root", "offline.key"]].concat(),
    )
    .exits(0);
    // What the last one signed is good until its own end.
    fleet.run(&["-c", "echo in"]).exits(0);
    wait_until("a certificate of the next issuer", || {
        fleet.renew("web1").is_ok_and(|next| next[1] != before[1])
    });
    fleet.run(&["-c", "echo in"]).exits(0);
}

#[test]
fn a_root_is_replaced_step_by_step_and_nobody_is_shut_out() {
    let fleet = Fleet::start(&["web1", "web2"]);
    fleet.login().exits(0);
    let step = |args: &[&str]| {
        hailer(
            fleet.dir(),
            &[&["ca", "rotate"], args, &["--ca", "ca"]].concat(),
        )
    };
    let spread = || fleet.run(&["ca", "spread", "ca/trust.bundle"]);
    let authorities = |node: &str| {
        let text = fs::read_to_string(fleet.keeper.path(&format!("{node}/ca.pem")));
        text.expect("there").matches("BEGIN").count()
    };
    let before = fleet.renew("web1").expect("renewed");
    step(&["switch"])
        .exits(2)
        .complains("no rotation is under way");
    step(&["begin"]).exits(2).complains("--root FILE");
    step(&["begin", "--root", "offline.key"]).exits(0);
    step(&["begin", "--root", "offline.key"])
        .exits(2)
        .complains("is under way");
    step(&["finish"])
        .exits(2)
        .complains("`hailer ca rotate switch` comes first");
    spread().exits(0).says("bundle 1: 2 nodes have it now");
    spread()
        .exits(0)
        .says("bundle 1: 0 nodes have it now, 2 had it before");
    assert_eq!(authorities("web1"), 2);

    hailer(fleet.dir(), &["revoke", "node/web9", "--ca", "ca"]).exits(0);
    step(&["switch"]).exits(0);
    fleet.login().exits(0);
    // A node believes the next root's operators within a second.
    wait_until("an operator of the next root is let in", || {
        fleet.run(&["-c", "echo in"]).code == 0
    });
    wait_until("a certificate of the next root", || {
        fleet.renew("web1").is_ok_and(|next| next[1] != before[1])
    });

    // web2 has not renewed yet: it is passed over, and said.
    step(&["finish"]).exits(0);
    let mut told = String::new();
    // Its agent shows the certificate that it has renewed within a second.
    wait_until("web1 takes the next root alone", || {
        told = spread().exits(4).out;
        told.contains("bundle 2: 1 nodes have it now")
    });
    assert!(
        told.contains("web2: its own certificate is of an authority that goes"),
        "{told}"
    );
    assert_eq!((authorities("web1"), authorities("web2")), (1, 2));
    fleet.run(&["-c", "echo in"]).exits(0);
    fleet.login().exits(0);
    fs::copy(
        fleet.keeper.path("ca/revoked.list"),
        fleet.keeper.path("me/revoked.list"),
    )
    .expect("copied");
    fleet.run(&["-c", "@web1 : echo in"]).exits(0).says("in");
    step(&["begin", "--root", "offline.key"])
        .exits(8)
        .complains("does not fit");
}
