//! Commands of sources: they run on this machine, print names, and have not for ever.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use hailer_lang::group_source::{ALL, GROUPS_MAX, GroupKey, GroupNodes, GroupSource, GroupsOfNode};
use hailer_lang::inventory::Inventory;
use hailer_lang::nearest::nearest;
use hailer_lang::node_set::NodeSet;
use hailer_lang::node_set::list::names_of_list;
use hailer_protocol::clean::Clean;
use hailer_protocol::time::Wall;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

/// What a command may print, in bytes.
const OUTPUT_MAX: u64 = 4 << 20;

/// The variable in which a command finds the group that it is asked for.
const GROUP: &str = "GROUP";

/// What is told of its standard error, in characters.
const STDERR_SHOWN: usize = 300;

/// Asks a source for a group.
///
/// # Errors
/// Says why there is no answer, with what the command said.
pub(super) async fn ask(
    (source, group): &GroupKey,
    inventory: &Inventory,
    folder: &Path,
    now: Wall,
) -> Result<GroupNodes, String> {
    let Some(source) = inventory.sources().get(source) else {
        return Err("there is no such source".to_owned());
    };
    let text = if group == ALL {
        everything(source, folder).await?
    } else {
        let text = run(&source.map, (GROUP, group), folder, source.timeout).await;
        match text {
            Ok(text) if text.trim().is_empty() => {
                return Err(unknown_group(source, group, folder, "it knows no such group").await);
            }
            Ok(text) => text,
            Err(why) => return Err(unknown_group(source, group, folder, &why).await),
        }
    };
    let names = names_of_list(&text).map_err(|e| format!("what it printed is no list: {e}"))?;
    let mut nodes = NodeSet::default();
    let mut elsewhere = 0;
    for (_, name) in names {
        match inventory.id(&name) {
            Some(id) => nodes.insert(id),
            None => elsewhere += 1,
        }
    }
    Ok(GroupNodes {
        nodes,
        elsewhere,
        at: now,
    })
}

/// Asks a source for the groups of a node.
///
/// # Errors
/// Says why there is no answer, with what the command said.
pub(super) async fn ask_reverse(
    command: &str,
    node: &str,
    timeout: Duration,
    folder: &Path,
    now: Wall,
) -> Result<GroupsOfNode, String> {
    let text = run(command, ("NODE", node), folder, timeout).await?;
    let groups = text.split(|c: char| c.is_whitespace() || c == ',');
    let groups = groups.filter(|name| !name.is_empty());
    Ok(GroupsOfNode {
        groups: groups.map(|name| Clean::line(name).into_string()).collect(),
        at: now,
    })
}

/// The nodes of all groups: by one command, or else group by group.
async fn everything(source: &GroupSource, folder: &Path) -> Result<String, String> {
    if let Some(all) = &source.all {
        return run(all, (GROUP, ""), folder, source.timeout).await;
    }
    let Some(list) = &source.list else {
        return Err(
            "it cannot tell all groups: its entry in the fleet file has neither `all` nor `list`"
                .to_owned(),
        );
    };
    let groups = groups(list, source, folder).await?;
    if groups.len() as u64 > GROUPS_MAX {
        return Err(format!(
            "it has {} groups, more than {GROUPS_MAX}: give its entry in the fleet file an `all`",
            groups.len()
        ));
    }
    let mut text = String::new();
    for group in groups {
        text.push_str(&run(&source.map, (GROUP, &group), folder, source.timeout).await?);
        text.push('\n');
    }
    Ok(text)
}

async fn groups(list: &str, source: &GroupSource, folder: &Path) -> Result<Vec<String>, String> {
    let text = run(list, (GROUP, ""), folder, source.timeout).await?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}

/// Adds the nearest group to what is told, where the source lists its groups.
async fn unknown_group(source: &GroupSource, group: &str, folder: &Path, why: &str) -> String {
    let Some(list) = &source.list else {
        return why.to_owned();
    };
    let known = groups(list, source, folder).await.unwrap_or_default();
    match nearest(group, known.iter().map(String::as_str)) {
        Some(near) if near != group => format!("{why}; did you mean `{near}`?"),
        Some(_) | None => why.to_owned(),
    }
}

/// Runs one command to its end, or to its deadline; nothing of it stays behind.
async fn run(
    command: &str,
    (variable, about): (&str, &str),
    folder: &Path,
    timeout: Duration,
) -> Result<String, String> {
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .env(variable, about)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("start its command: {e}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let mut tree = Tree::of(&child);
    let whole = async {
        let (out, err) = tokio::join!(bounded(out), bounded(err));
        (child.wait().await, out, err)
    };
    let ended = tokio::time::timeout(timeout, whole).await;
    if ended.is_ok() {
        tree.is_over();
    }
    let Ok((status, out, err)) = ended else {
        return Err(format!("its command took longer than {timeout:?}"));
    };
    let status = status.map_err(|e| format!("wait for its command: {e}"))?;
    let (out, err) = (
        out.map_err(|e| format!("read from its command: {e}"))?,
        err.unwrap_or_default(),
    );
    if !status.success() {
        let said = String::from_utf8_lossy(&err);
        let said: String = said.trim().chars().take(STDERR_SHOWN).collect();
        let said = Clean::line(&said);
        return Err(format!("its command ended with {status}: {said}"));
    }
    if out.len() as u64 > OUTPUT_MAX {
        return Err(format!("its command printed more than {OUTPUT_MAX} bytes"));
    }
    String::from_utf8(out).map_err(|_| "its command printed what is no text".to_owned())
}

/// A command with all that it started: where nobody waits for its end, it goes as a whole.
struct Tree(Option<Pid>);

impl Tree {
    fn of(child: &Child) -> Self {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        Self(pid.and_then(Pid::from_raw))
    }

    /// Its end was waited for: its number may be another's from now on.
    const fn is_over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Reads to the end; what is beyond the bound is read and dropped, so that the command can end.
async fn bounded(pipe: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else {
        return Ok(kept);
    };
    (&mut pipe)
        .take(OUTPUT_MAX + 1)
        .read_to_end(&mut kept)
        .await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(map: &str, group: &str) -> Result<String, String> {
        run(map, (GROUP, group), Path::new("/"), Duration::from_secs(60)).await
    }

    #[tokio::test]
    async fn a_command_gets_its_group_as_a_variable_and_never_as_text() {
        let text = of("echo \"<$GROUP>\"", "a; rm -rf x").await;
        assert_eq!(text.as_deref(), Ok("<a; rm -rf x>\n"));
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_with_what_it_said() {
        let why = of("echo no such rack >&2; exit 3", "r9").await;
        let why = why.expect_err("it failed");
        assert!(why.contains('3') && why.contains("no such rack"), "{why}");
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_ended() {
        let text = run(
            "sleep 3600 & wait",
            (GROUP, ""),
            Path::new("/"),
            Duration::from_millis(50),
        )
        .await;
        let why = text.expect_err("it does not end");
        assert!(why.contains("longer than"), "{why}");
    }

    #[tokio::test]
    async fn a_command_that_prints_for_ever_ends_at_its_deadline() {
        let text = run(
            "yes",
            (GROUP, ""),
            Path::new("/"),
            Duration::from_millis(200),
        )
        .await;
        assert!(text.is_err());
    }
}
