//! One canary for each kind of secret.

use std::collections::BTreeSet;

use super::*;

/// A rule, a text with a secret that it must find, and the secret.
///
/// Secrets are put together here, so that nobody's scanner takes this file for a leak.
#[expect(clippy::too_many_lines, reason = "one of each kind")]
fn canaries() -> Vec<(&'static str, String, String)> {
    let tail = "Zq7Canary9Zq7Canary9Zq7Canary9Zq7Canary9";
    let upper = "ZQ7CANARY9ZQ7CAN";
    let hex = "deadbeefdeadbeefdeadbeefdeadbeef";
    let token = |head: &str, n: usize| format!("{head}{}", &tail[..n]);
    let of = |rule: &'static str, text: &str, secret: String| {
        (rule, text.replace("{}", &secret), secret)
    };
    let plain = || "hunter2canary".to_owned();
    vec![
        of(
            "private key",
            "cat <<E\n-----BEGIN RSA PRIVATE KEY-----{}-----END RSA PRIVATE KEY-----\nE",
            "\nMIIcanary\nAAAA\n".to_owned(),
        ),
        of(
            "private key",
            "echo '-----BEGIN OPENSSH PRIVATE KEY-----{}",
            "b3BlbnNzaCcanary'".to_owned(),
        ),
        of(
            "age key",
            "echo {} > key",
            format!("AGE-SECRET-KEY-1{upper}{upper}"),
        ),
        of(
            "authorization header",
            "curl -H 'Authorization: Basic {}' http://x",
            "dXNlcjpjYW5hcnk=".to_owned(),
        ),
        of(
            "authorization header",
            "curl -H 'Authorization: {}' http://x",
            plain(),
        ),
        of(
            "cookie header",
            "curl -H 'Cookie: {}' http://x",
            "sid=canary; b=2".to_owned(),
        ),
        of("key header", "curl -H 'X-Api-Key: {}' http://x", plain()),
        of(
            "bearer token",
            "wget --header=\"x: Bearer {}\" http://x",
            token("", 24),
        ),
        of("named value", "DB_PASSWORD={} ./migrate", plain()),
        of("named value", "PGPASSWORD='{}' psql", plain()),
        of(
            "named value",
            r#"curl -d '{"password": "{}"}' http://x"#,
            plain(),
        ),
        of("named value", "app --client-secret={}", plain()),
        of("named value", "MYSQL_PWD={} mysql", plain()),
        of(
            "named value",
            "export AWS_SECRET_ACCESS_KEY={}",
            token("", 40),
        ),
        of("named flag", "app --password {} --verbose", plain()),
        of(
            "named flag",
            "vault login -token \"{}\"",
            "hunter2 canary".to_owned(),
        ),
        of("passwd pair", "echo root:{} | chpasswd", plain()),
        of(
            "literal of a secret",
            "kubectl create generic s --from-literal=a={}",
            plain(),
        ),
        of(
            "identified by",
            "mysql -e \"CREATE USER a IDENTIFIED BY {}\"",
            "'hunter2canary'".to_owned(),
        ),
        of(
            "SQL password",
            "psql -c \"ALTER ROLE a WITH PASSWORD {}\"",
            "'hunter2canary'".to_owned(),
        ),
        of(
            "password of a URL",
            "git clone https://bob:{}@git.example/x",
            plain(),
        ),
        of("password of a URL", "redis-cli -u redis://:{}@h:1", plain()),
        of(
            "token of a URL",
            "git clone https://{}@git.example/x",
            token("", 30),
        ),
        of(
            "Slack webhook",
            "curl https://hooks.slack.com/services/{}",
            token("T0/B0/", 20),
        ),
        of(
            "Discord webhook",
            "curl https://discord.com/api/webhooks/{}",
            token("123456/", 20),
        ),
        of(
            "Teams webhook",
            "curl https://a.webhook.office.com/{}",
            token("webhookb2/", 20),
        ),
        of("AWS key", "echo {}", format!("AKIA{upper}")),
        of("GitHub token", "echo {}", token("ghp_", 36)),
        of(
            "GitHub fine-grained token",
            "echo {}",
            token("github_pat_", 36),
        ),
        of("GitLab token", "echo {}", token("glpat-", 20)),
        of("Slack token", "echo {}", token("xoxb-", 30)),
        of("Slack app token", "echo {}", token("xapp-1-", 30)),
        of("Stripe key", "echo {}", token("sk_live_", 24)),
        of("Google API key", "echo {}", token("AIza", 35)),
        of("Google access token", "echo {}", token("ya29.", 30)),
        of(
            "JSON web token",
            "echo {}",
            format!("eyJhbGciOiJub25l.{tail}.{tail}"),
        ),
        of("npm token", "echo {}", token("npm_", 36)),
        of("PyPI token", "echo {}", token("pypi-", 36)),
        of("crates.io token", "echo {}", token("cio", 32)),
        of(
            "DigitalOcean token",
            "echo {}",
            format!("dop_v1_{hex}{hex}"),
        ),
        of(
            "SendGrid key",
            "echo {}",
            format!("SG.{}.{tail}", &tail[..22]),
        ),
        of("Twilio key", "echo {}", format!("SK{hex}")),
        of("Vault token", "echo {}", token("hvs.", 24)),
        of("Docker token", "echo {}", token("dckr_pat_", 27)),
        of("Shopify token", "echo {}", format!("shpat_{hex}")),
        of("Hugging Face token", "echo {}", token("hf_", 34)),
        of("model provider key", "echo {}", token("sk-proj-", 40)),
        of("Databricks token", "echo {}", format!("dapi{hex}")),
        of("Atlassian token", "echo {}", token("ATATT3", 40)),
        of("Telegram token", "echo {}", token("123456789:", 35)),
        of(
            "Terraform token",
            "echo {}",
            format!("{}.atlasv1.{tail}", &tail[..14]),
        ),
        of("Grafana token", "echo {}", token("glsa_", 32)),
        of("mysql -p", "mysqldump -u root -p{} db", plain()),
        of("sshpass -p", "sshpass -p {} ssh h", plain()),
        of("curl -u", "curl -su bob:{} http://x", plain()),
        of("curl -u", "curl --user 'bob:{}' http://x", plain()),
        of("login -p", "docker login -u bob -p {} r.example", plain()),
        of("redis-cli -a", "redis-cli -h h -a {} info", plain()),
        of("ldap -w", "ldapsearch -D cn=a -w {} -b dc=x", plain()),
        of("mongo -p", "mongosh -u bob -p {} db", plain()),
        of("smb user%password", "smbclient //h/s -U bob%{}", plain()),
        of(
            "-P of a program",
            "ipmitool -H h -U a -P {} power status",
            plain(),
        ),
        of("7z -p", "7z x -p{} a.7z", plain()),
        of(
            "openssl pass:",
            "openssl rsa -passin pass:{} -in k",
            plain(),
        ),
        of("htpasswd -b", "htpasswd -cb /etc/p bob {}", plain()),
        of("rabbitmqctl", "rabbitmqctl change_password bob {}", plain()),
        of("snmp -A and -X", "snmpwalk -v3 -A {} -u a h", plain()),
        of("wpa passphrase", "wpa_passphrase net {}", plain()),
    ]
}

#[test]
fn every_kind_of_secret_is_taken_out_and_has_a_canary() {
    for (rule, text, secret) in canaries() {
        let clean = redact(&text);
        assert!(!clean.contains(&secret), "{rule}: {text} became {clean}");
        assert!(clean.contains(REDACTED), "{rule}: {text} became {clean}");
        assert!(
            clean.len() > REDACTED.len(),
            "{rule}: what named it is gone, too"
        );
        assert_eq!(redact(&clean), clean, "{rule}: twice is not once");
    }
    let tried: BTreeSet<_> = canaries().into_iter().map(|(rule, ..)| rule).collect();
    let known: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(
        tried, known,
        "each rule has a canary, and each canary its rule"
    );
    assert!(known.len() >= 30);
}

#[test]
fn a_rule_finds_its_canary_by_itself() {
    for (name, text, secret) in canaries() {
        let of = |rule: &&Rule| rule.name == name;
        let rule = RULES.iter().find(of).expect("a rule");
        let regex = Regex::new(rule.pattern).expect("a pattern");
        let found = regex.captures(&text);
        let found = found.unwrap_or_else(|| panic!("{name} does not find {text}"));
        let part = found.name("secret").or_else(|| found.get(0));
        let part = part.map_or("", |m| m.as_str());
        assert!(
            part.contains(secret.trim()),
            "{name} takes {part} out of {text}"
        );
    }
}

#[test]
fn what_is_no_secret_stays_as_it_was() {
    for text in [
        "",
        "uptime",
        "df -h /var",
        "mkdir -p /srv/data && cp -p a b",
        "ssh -p 22 host",
        "ps -p 1 -o pid,comm",
        "grep -rn password /etc/app",
        "passwd -l bob",
        "journalctl -u sshd --since '10 min ago'",
        "mysql -u root -e 'show processlist'",
        "mysql --port 3306 -P 3306",
        "docker run -p 80:80 nginx",
        "docker login --password-stdin < /run/token",
        "curl -s http://user@host:80/path",
        "curl -u bob http://x",
        "awk -F: '{print $1}' /etc/passwd",
        "zip -r a.zip dir",
        "systemctl restart token-service",
        "cat /etc/ssl/certs/ca.pem | head -1",
        "echo -----BEGIN CERTIFICATE-----",
        "scp bob@host:/etc/x .",
        "dd if=/dev/zero of=/x bs=1M",
        "kubectl get secret -n prod",
        "sk-1 is a task",
        "ls /home/ghp_short",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn a_command_that_a_text_quotes_loses_its_secrets_too() {
    for text in [
        "run `mysql -phunter2 db`: No such file",
        "WARN command=\"curl -u bob:hunter2 x\"",
        "line=redis-cli -a hunter2 ping",
    ] {
        let clean = redact(text);
        assert!(!clean.contains("hunter2"), "{clean}");
        assert!(clean.contains(REDACTED), "{clean}");
    }
}

#[test]
fn several_secrets_in_one_line_all_go() {
    let text = "A_TOKEN=one1 B_PASSWORD='two 2' curl -u x:three3 https://y:four4@h --secret five5";
    let clean = redact(text);
    for secret in ["one1", "two 2", "three3", "four4", "five5"] {
        assert!(!clean.contains(secret), "{clean}");
    }
    assert!(clean.contains("A_TOKEN=") && clean.contains("https://y:"));
}
