//! One agent in this process, and papers of its fleet in whatever role a test asks with.

use std::path::Path;

use hailer_agent::config::Config;
use hailer_protocol::role::Role;
use tokio::runtime::Runtime;

use super::hailer::Hailer;
use super::papers::Papers;

/// The user as whom agents of these tests run commands.
pub(crate) fn own_user() -> String {
    let id = std::process::Command::new("id").arg("-un").output();
    let name = String::from_utf8(id.expect("`id` is everywhere").stdout);
    name.expect("a name is text").trim().to_owned()
}

/// The agent of a node `n1`, and somebody who may or may not ask it.
pub(crate) struct Agent {
    papers: Papers,
    /// Ends the agent when it is dropped.
    _runtime: Runtime,
}

impl Agent {
    /// Starts the agent of an owner who allows that.
    pub(crate) fn start(policy: &str) -> Self {
        let papers = Papers::new("demo");
        papers.issue("n1", Role::Node, Papers::valid());
        papers.issue("operator", Role::Operator, Papers::valid());
        Self::with(papers, policy)
    }

    /// Starts the agent of an owner who allows that, with `ca.pem`, `n1.pem` and `n1.key` as they lie
    /// there.
    pub(crate) fn with(papers: Papers, policy: &str) -> Self {
        papers.write("policy", policy);
        let text = format!(
            "name = \"n1\"\nlisten = \"127.0.0.1:0\"\nca = \"ca.pem\"\ncert = \"n1.pem\"\n\
             key = \"n1.key\"\nstate_dir = \"state\"\nhelper = [\"{}\", \"exec-helper\"]\n\
             cgroup = \"off\"\n",
            env!("CARGO_BIN_EXE_hailer")
        );
        let file = papers.path("agent.toml");
        let config = Config::from_text(&text, &file).expect("a configuration");
        let runtime = Runtime::new().expect("a runtime");
        let listening = {
            let _entered = runtime.enter();
            hailer_agent::serve::start(&config).expect("the agent starts")
        };
        papers.write(
            "fleet.toml",
            &format!(
                "fleet = \"demo\"\nca = \"ca.pem\"\n\
                 operator = {{ cert = \"operator.pem\", key = \"operator.key\" }}\n\
                 [[nodes]]\nnames = \"n1\"\naddress = \"{}\"\n",
                listening.address()
            ),
        );
        // It serves for as long as the runtime does.
        runtime.spawn(async move {
            std::future::pending::<()>().await;
            drop(listening);
        });
        Self {
            papers,
            _runtime: runtime,
        }
    }

    /// Returns the papers of its fleet.
    pub(crate) const fn papers(&self) -> &Papers {
        &self.papers
    }

    /// Returns a run of `hailer` with its fleet.
    pub(crate) fn hailer(&self) -> Hailer {
        let dir: &Path = self.papers.dir();
        Hailer::new(dir).env(
            "HAILER_FLEET",
            &dir.join("fleet.toml").display().to_string(),
        )
    }
}
