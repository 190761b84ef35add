//! Certificates that somebody else's authority has made: `openssl` stands for step-ca, SPIRE and any
//! other that writes PEM.

use std::process::Command;

use crate::support::agent::{Agent, own_user};
use crate::support::papers::Papers;

/// What the authority's certificates say. No name of hailer's form is in those that sign.
const EXTENSIONS: &str = "\
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issuer]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[operator]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://demo/operator/ann
authorityKeyIdentifier = keyid
[node]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = URI:spiffe://demo/node/n1
[both_sides]
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = URI:spiffe://demo/operator/ann
[two_names]
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://demo/operator/ann, DNS:ann.example
[enciphers]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth
subjectAltName = URI:spiffe://demo/operator/ann
";

const P256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";

/// An authority out of another program.
struct Authority {
    papers: Papers,
}

impl Authority {
    /// Makes a root and an issuer below it; `None` where the program is missing.
    fn make() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            #[expect(clippy::print_stdout, reason = "a skip has to be seen")]
            {
                println!("skipped: there is no `openssl` on this machine");
            }
            return None;
        }
        let authority = Self {
            papers: Papers::new("demo"),
        };
        authority.papers.write("openssl.cnf", EXTENSIONS);
        authority.key("root", P256);
        authority.openssl(
            "req -x509 -new -key root.key -out ca.pem -days 2 -subj /CN=Root -config openssl.cnf -extensions root",
        );
        authority.key("issuer", P256);
        authority.sign("issuer", "issuer", ("ca.pem", "root.key"));
        authority.key("n1", P256);
        authority.sign("n1", "node", ("issuer.pem", "issuer.key"));
        authority.chain("n1", &["n1", "issuer"]);
        Some(authority)
    }

    fn openssl(&self, args: &str) {
        let ran = Command::new("openssl")
            .args(args.split(' '))
            .current_dir(self.papers.dir())
            .output()
            .expect("it starts");
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "openssl {args}: {err}");
    }

    /// Makes a key, in a file that is its owner's alone.
    fn key(&self, name: &str, kind: &str) {
        self.papers.write(&format!("{name}.key"), "");
        self.openssl(&format!("genpkey -algorithm {kind} -out {name}.key"));
    }

    /// Signs a certificate for a key that is there.
    fn sign(&self, name: &str, extensions: &str, (ca, ca_key): (&str, &str)) {
        self.openssl(&format!(
            "req -new -key {name}.key -out {name}.csr -subj /CN={name} -config openssl.cnf"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca} -CAkey {ca_key} -CAcreateserial -days 1 -sha256 \
             -out {name}.pem -extfile openssl.cnf -extensions {extensions}"
        ));
    }

    /// Puts certificates behind each other, in the file of the first.
    fn chain(&self, into: &str, names: &[&str]) {
        chain(&self.papers, into, names);
    }
}

fn chain(papers: &Papers, into: &str, names: &[&str]) {
    let read = |name: &&str| std::fs::read_to_string(papers.path(&format!("{name}.pem")));
    let text: Result<String, _> = names.iter().map(read).collect();
    papers.write(&format!("{into}.pem"), &text.expect("they are there"));
}

#[test]
fn papers_of_another_authority_connect_run_and_sign_whatever_their_keys() {
    let Some(authority) = Authority::make() else {
        return;
    };
    let issuer = ("issuer.pem", "issuer.key");
    let kinds = [
        ("P-256", P256),
        ("P-384", "EC -pkeyopt ec_paramgen_curve:P-384"),
        ("Ed25519", "ED25519"),
    ];
    for (name, kind) in kinds {
        authority.key(name, kind);
        authority.sign(name, "operator", issuer);
        authority.chain(name, &[name, "issuer"]);
    }
    authority.key("direct", P256);
    authority.sign("direct", "operator", ("ca.pem", "root.key"));
    // As older programs write a key: SEC 1, and no PKCS #8.
    authority.key("old", P256);
    authority.sign("old", "operator", issuer);
    authority.chain("old", &["old", "issuer"]);
    authority.openssl("ec -in old.key -out old.sec1");

    // Only what is signed is run here, and only for whom the name in the certificate says.
    let policy = format!("allow run as {}\n  to ann\n", own_user());
    let agent = Agent::with(authority.papers, &policy);
    let papers = agent.papers();
    let read = |name: &str| std::fs::read_to_string(papers.path(name)).expect("there");
    papers.write("old.key", &read("old.sec1"));
    assert!(read("old.key").contains("BEGIN EC PRIVATE KEY"));
    for name in ["P-256", "P-384", "Ed25519", "direct", "old"] {
        chain(papers, "operator", &[name]);
        papers.write("operator.key", &read(&format!("{name}.key")));
        let line = format!("@all : echo signed by {name}");
        let ran = agent.hailer().line(&line).run();
        ran.exits(0).says(&format!("signed by {name}"));
        let status = agent.hailer().args(["login", "--status"]).run();
        status.exits(0).says("spiffe://demo/operator/ann, until");
    }
}

#[test]
fn papers_that_no_node_would_take_are_refused_with_what_is_wrong_with_them() {
    let Some(authority) = Authority::make() else {
        return;
    };
    let issuer = ("issuer.pem", "issuer.key");
    for name in ["both_sides", "two_names", "enciphers"] {
        authority.key(name, P256);
        authority.sign(name, name, issuer);
        authority.chain(name, &[name, "issuer"]);
    }
    authority.key("good", P256);
    authority.sign("good", "operator", issuer);
    authority.key("rsa", "RSA -pkeyopt rsa_keygen_bits:2048");
    authority.sign("rsa", "operator", ("ca.pem", "root.key"));
    authority.chain("turned", &["issuer", "good"]);
    authority.chain("whole", &["good", "issuer", "ca"]);
    let agent = Agent::with(authority.papers, "allow run\n  to ann\n");
    let papers = agent.papers();
    for (name, key, wrong) in [
        (
            "both_sides",
            "both_sides",
            "extended key usage is not that of the role `operator`",
        ),
        ("two_names", "two_names", "1 URI names and 1 other names"),
        (
            "enciphers",
            "enciphers",
            "key usage is not `digital signature` alone",
        ),
        ("rsa", "rsa", "it must be on P-256, P-384 or Ed25519"),
        ("turned", "good", "the certificate is an authority's"),
        ("whole", "good", "holds 3 certificates"),
        ("good", "both_sides", "load the private key"),
    ] {
        chain(papers, "operator", &[name]);
        let text = std::fs::read_to_string(papers.path(&format!("{key}.key")));
        papers.write("operator.key", &text.expect("there"));
        let ran = agent.hailer().line("@all : echo in").run();
        ran.exits(2).complains(wrong);
    }
}
