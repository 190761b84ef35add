//! The table: what a secret looks like, and what it is called.
//!
//! A pattern's group `secret` is what is taken out; without one it is the whole match. Programs'
//! flags are looked for up to the end of one command: `|`, `;` and `&` end it.

/// One kind of secret.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it is, in a word or two.
    pub name: &'static str,
    /// How it is found.
    pub pattern: &'static str,
}

const fn rule(name: &'static str, pattern: &'static str) -> Rule {
    Rule { name, pattern }
}

/// A word of a command line, quoted or not, as the group `secret`.
macro_rules! word {
    () => {
        r#"(?P<secret>\[redacted\]|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s'";&|<>()]+)"#
    };
}

/// The names under which secrets go, as the end of a longer name.
macro_rules! named {
    () => {
        r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|secret[_-]?key|token|api[_-]?key|apikey|access[_-]?key|access[_-]?key[_-]?id|auth[_-]?key|private[_-]?key|encryption[_-]?key|signing[_-]?key|shared[_-]?key|account[_-]?key|credentials?|client[_-]?secret|auth[_-]?token|session[_-]?id|connection[_-]?string|sas|sig)"
    };
}

/// The rest of a command up to a flag. Where texts quote a command, a quote or `=` stands before it.
macro_rules! up_to {
    ($program:literal, $flag:literal) => {
        concat!(
            r#"(?:^|[\s/;&|(=`"'])"#,
            $program,
            r"(?:\s[^|;&]*?)?\s",
            $flag
        )
    };
}

/// Every kind of secret that is known.
#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    // whole blocks
    rule("private key", r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?P<secret>.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)"),
    rule("age key", r"AGE-SECRET-KEY-1[0-9A-Za-z]{20,}"),
    // headers
    rule("authorization header", r#"(?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|negotiate|token|apikey|aws4-hmac-sha256)\s+)?(?P<secret>[^\s"';|&]+)"#),
    rule("cookie header", r#"(?i)\b(?:set-)?cookie\s*:\s*(?P<secret>[^"'\n]+)"#),
    rule("key header", r#"(?i)\bx-(?:api-key|auth-token|vault-token|amz-security-token|gitlab-token|csrf-token|access-token)\s*:\s*(?P<secret>[^\s"';|&]+)"#),
    rule("bearer token", r"(?i)\bbearer\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})"),
    // names
    rule("named value", concat!(r#"(?i)[A-Za-z0-9_.-]*"#, named!(), r#"[0-9]?["']?\s?[=:]\s?"#, word!())),
    rule("named flag", concat!(r"(?i)(?:^|\s)--?[a-z0-9_-]*?", named!(), r"\s+", word!())),
    rule("passwd pair", r"(?i)\becho\s+(?:-n\s+)?(?P<quote>[^\s:|;&]+:)(?P<secret>[^\s|;&]+)\s*\|\s*(?:sudo\s+)?chpasswd"),
    rule("literal of a secret", r"--from-literal[= ][^\s=]+=(?P<secret>\S+)"),
    rule("identified by", r#"(?i)\bidentified\s+(?:with\s+\S+\s+)?by\s+(?P<secret>"[^"]*"|'[^']*')"#),
    rule("SQL password", r#"(?i)\bpassword\s+(?P<secret>'[^']*')"#),
    // URLs
    rule("password of a URL", r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@]*:(?P<secret>[^\s/@]+)@"),
    rule("token of a URL", r"(?i)\bhttps?://(?P<secret>[A-Za-z0-9_-]{16,})@"),
    rule("Slack webhook", r"hooks\.slack\.com/(?:services|workflows)/(?P<secret>[A-Za-z0-9/_-]+)"),
    rule("Discord webhook", r"discord(?:app)?\.com/api/webhooks/(?P<secret>[0-9]+/[A-Za-z0-9_-]+)"),
    rule("Teams webhook", r"webhook\.office\.com/(?P<secret>[A-Za-z0-9/@_-]+)"),
    // tokens of known issuers
    rule("AWS key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b"),
    rule("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    rule("GitHub fine-grained token", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
    rule("GitLab token", r"\bgl(?:pat|dt|rt|ptt|cbt|soat)-[A-Za-z0-9_-]{16,}"),
    rule("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{8,}"),
    rule("Slack app token", r"\bxapp-[A-Za-z0-9-]{8,}"),
    rule("Stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    rule("Google API key", r"\bAIza[A-Za-z0-9_-]{30,}"),
    rule("Google access token", r"\bya29\.[A-Za-z0-9_-]{10,}"),
    rule("JSON web token", r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    rule("npm token", r"\bnpm_[A-Za-z0-9]{20,}"),
    rule("PyPI token", r"\bpypi-[A-Za-z0-9_-]{20,}"),
    rule("crates.io token", r"\bcio[A-Za-z0-9]{32}\b"),
    rule("DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{32,}"),
    rule("SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    rule("Twilio key", r"\bSK[0-9a-f]{32}\b"),
    rule("Vault token", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    rule("Docker token", r"\bdckr_[a-z]+_[A-Za-z0-9_-]{16,}"),
    rule("Shopify token", r"\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}"),
    rule("Hugging Face token", r"\bhf_[A-Za-z0-9]{20,}"),
    rule("model provider key", r"\bsk-(?:[a-z]+[0-9]*-)*[A-Za-z0-9_-]{20,}"),
    rule("Databricks token", r"\bdapi[0-9a-f]{32}"),
    rule("Atlassian token", r"\bATATT3[A-Za-z0-9_=-]{20,}"),
    rule("Telegram token", r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b"),
    rule("Terraform token", r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}"),
    rule("Grafana token", r"\bgl(?:sa|c)_[A-Za-z0-9_+/=]{20,}"),
    // flags of programs that take a password as a word
    rule("mysql -p", concat!(up_to!(r"(?:mysql|mysqldump|mysqladmin|mysqlshow|mysqlcheck|mysqlimport|mariadb|mariadb-dump|mariadb-admin)", "-p"), r#"(?P<secret>"[^"]*"|'[^']*'|[^\s'";&|]+)"#)),
    rule("sshpass -p", concat!(up_to!("sshpass", r"-p\s*"), word!())),
    rule("curl -u", concat!(up_to!("curl", r#"(?:-[a-zA-Z]*u\s*|--user[ =]|--proxy-user[ =]|-U\s*)["']?[^\s:"']+:"#), r#"(?P<secret>[^\s"';|&]+)"#)),
    rule("login -p", concat!(up_to!(r"(?:docker|podman|buildah|skopeo|helm|oc|az|crane)(?:\s+[a-z-]+)*\s+login", r"-p\s*"), word!())),
    rule("redis-cli -a", concat!(up_to!(r"(?:redis-cli|valkey-cli|keydb-cli)", r"-a\s*"), word!())),
    rule("ldap -w", concat!(up_to!(r"ldap(?:search|add|modify|delete|passwd|whoami|compare)", r"-w\s*"), word!())),
    rule("mongo -p", concat!(up_to!(r"(?:mongo|mongosh|mongodump|mongorestore|mongoexport|mongoimport)", r"-p\s+"), word!())),
    rule("smb user%password", concat!(up_to!(r"(?:smbclient|rpcclient|net|smbmap|winexe)", r#"-U\s*["']?[^\s%"']+%"#), r#"(?P<secret>[^\s"';|&]+)"#)),
    rule("-P of a program", concat!(up_to!(r"(?:zip|unzip|ipmitool|sqlcmd|bcp|isql|tsql)", r"-P\s*"), word!())),
    rule("7z -p", concat!(up_to!(r"(?:7z|7za|7zr|rar|unrar)", "-p"), word!())),
    rule("openssl pass:", r"\bpass:(?P<secret>[^\s;|&]+)"),
    rule("htpasswd -b", concat!(up_to!("htpasswd", r"-[a-zA-Z]*b[a-zA-Z]*\s+\S+\s+\S+\s+"), word!())),
    rule("rabbitmqctl", concat!(r"\brabbitmqctl\s+(?:add_user|change_password|authenticate_user)\s+\S+\s+", word!())),
    rule("snmp -A and -X", concat!(up_to!(r"snmp[a-z]+", r"-[AX]\s*"), word!())),
    rule("wpa passphrase", concat!(r"\bwpa_passphrase\s+\S+\s+", word!())),
];
