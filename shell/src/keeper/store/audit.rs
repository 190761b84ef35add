//! What the keeper remembers of nodes' audits: the newest head of each, and what was found wrong.

use std::collections::BTreeSet;

use hailer_protocol::audit::Head;
use hailer_protocol::ids::{Link, NodeName};
use hailer_protocol::time::Wall;
use rusqlite::{OptionalExtension as _, params};

use super::{REMEMBERED_MS, Store, StoreError, name_at};

/// What is kept of a node's audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// The newest head that was seen.
    pub head: Option<Head>,
    /// Something was found that nobody has accepted yet: nothing is signed until somebody does.
    pub is_held: bool,
}

/// Something that was found wrong with a node's audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose audit.
    pub node: NodeName,
    /// When it was found.
    pub at: Wall,
    /// The record that it is about.
    pub seq: u64,
    /// What is wrong.
    pub what: String,
    /// When somebody accepted it, and why; nothing as long as nobody has.
    pub accepted: Option<(Wall, String)>,
}

impl Store {
    /// Returns what is kept of a node's audit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn audit_of(&self, node: &NodeName) -> Result<Kept, StoreError> {
        let read = || {
            let sql = "SELECT seq, link FROM audit_heads WHERE node = ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let row = |row: &rusqlite::Row<'_>| {
                Ok(Head {
                    seq: u64::from_le_bytes(row.get(0)?),
                    link: Link(row.get(1)?),
                })
            };
            let head = statement.query_row([node.as_str()], row).optional()?;
            let sql = "SELECT 1 FROM audit_findings WHERE node = ?1 AND accepted_ms IS NULL";
            let mut statement = self.connection.prepare_cached(sql)?;
            let is_held = statement.exists([node.as_str()])?;
            Ok(Kept { head, is_held })
        };
        read().map_err(self.failed())
    }

    /// Keeps the newest head of a node's audit in place of the last one, and says whether it was signed
    /// under.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_head(
        &mut self,
        now: Wall,
        node: &NodeName,
        head: Head,
        is_signed: bool,
    ) -> Result<(), StoreError> {
        let failed = self.failed();
        let sql = "INSERT INTO audit_heads (node, seq, link, seen_ms, signed_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (node) DO UPDATE SET seq = excluded.seq, link = excluded.link,
                       seen_ms = excluded.seen_ms,
                       signed_ms = coalesce(excluded.signed_ms, signed_ms)";
        let signed = is_signed.then_some(now.0);
        let row = params![
            node.as_str(),
            head.seq.to_le_bytes(),
            head.link.0,
            now.0,
            signed
        ];
        let kept = self.connection.execute(sql, row);
        kept.map(|_| ()).map_err(failed)
    }

    /// Writes down what was found; returns whether it is news. One finding that nobody has accepted is
    /// kept a node.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_finding(
        &mut self,
        now: Wall,
        node: &NodeName,
        seq: u64,
        what: &str,
    ) -> Result<bool, StoreError> {
        let failed = self.failed();
        let add = self.begin()?;
        let write = |add: rusqlite::Transaction<'_>| {
            let before = now.0.saturating_sub(REMEMBERED_MS);
            add.execute(
                "DELETE FROM audit_findings WHERE accepted_ms < ?1",
                [before],
            )?;
            let sql = "INSERT INTO audit_findings (node, at_ms, seq, what) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO NOTHING";
            let row = params![node.as_str(), now.0, seq.to_le_bytes(), what];
            let n = add.execute(sql, row)?;
            add.commit()?;
            Ok(n > 0)
        };
        write(add).map_err(failed)
    }

    /// Accepts what was found at these nodes: from now on whatever their audits hold is what is gone on
    /// from. Returns those where something was waiting.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn accept_findings(
        &mut self,
        now: Wall,
        nodes: &[NodeName],
        reason: &str,
    ) -> Result<Vec<NodeName>, StoreError> {
        let failed = self.failed();
        let accept = self.begin()?;
        let write = |accept: rusqlite::Transaction<'_>| {
            let mut accepted = Vec::new();
            for node in nodes {
                let sql = "UPDATE audit_findings SET accepted_ms = ?2, reason = ?3
                           WHERE node = ?1 AND accepted_ms IS NULL";
                if accept.execute(sql, params![node.as_str(), now.0, reason])? > 0 {
                    let sql = "DELETE FROM audit_heads WHERE node = ?1";
                    accept.execute(sql, [node.as_str()])?;
                    accepted.push(node.clone());
                }
            }
            accept.commit()?;
            Ok(accepted)
        };
        write(accept).map_err(failed)
    }

    /// Returns everything that was found and is remembered, the newest last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn findings(&self) -> Result<Vec<Finding>, StoreError> {
        let read = || {
            let sql = "SELECT node, at_ms, seq, what, accepted_ms, reason FROM audit_findings
                       ORDER BY id";
            let mut statement = self.connection.prepare_cached(sql)?;
            let one = |row: &rusqlite::Row<'_>| {
                let accepted: Option<i64> = row.get(4)?;
                let reason: Option<String> = row.get(5)?;
                Ok(Finding {
                    node: name_at(row, 0)?,
                    at: Wall(row.get(1)?),
                    seq: u64::from_le_bytes(row.get(2)?),
                    what: row.get(3)?,
                    accepted: accepted.map(|at| (Wall(at), reason.unwrap_or_default())),
                })
            };
            let rows = statement.query_map([], one)?;
            rows.collect::<rusqlite::Result<Vec<Finding>>>()
        };
        read().map_err(self.failed())
    }

    /// Forgets the heads of nodes that have long been gone from the fleet; returns how many.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn prune_heads(
        &mut self,
        now: Wall,
        fleet: &BTreeSet<NodeName>,
    ) -> Result<usize, StoreError> {
        let failed = self.failed();
        let before = now.0.saturating_sub(REMEMBERED_MS);
        let prune = self.begin()?;
        let write = |prune: rusqlite::Transaction<'_>| {
            let old: Vec<NodeName> = {
                let sql = "SELECT node FROM audit_heads WHERE seen_ms < ?1";
                let mut statement = prune.prepare(sql)?;
                let names = statement.query_map([before], |row| name_at(row, 0))?;
                names.collect::<Result<_, _>>()?
            };
            let gone: Vec<_> = old.iter().filter(|node| !fleet.contains(*node)).collect();
            for node in &gone {
                let sql = "DELETE FROM audit_heads WHERE node = ?1";
                prune.execute(sql, [node.as_str()])?;
            }
            prune.commit()?;
            Ok(gone.len())
        };
        write(prune).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> NodeName {
        NodeName::new(text).expect("a name")
    }

    #[test]
    fn heads_and_findings_outlive_the_keeper_until_somebody_accepts_them() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("keeper.db");
        let open = || Store::open(&path).expect("a store");
        let (web1, web2) = (node("web1"), node("web2"));
        let head = |seq| Head {
            seq,
            link: Link([7; 16]),
        };
        let mut store = open();
        assert_eq!(store.audit_of(&web1).expect("read"), Kept::default());
        for (seq, is_signed) in [(3, true), (u64::MAX, false)] {
            let kept = store.keep_head(Wall(5), &web1, head(seq), is_signed);
            kept.expect("written");
        }
        let add = |store: &mut Store, what| store.add_finding(Wall(9), &web1, 3, what);
        assert!(add(&mut store, "rewritten").expect("written"));
        assert!(!add(&mut store, "again").expect("written"), "no news");
        drop(store);
        let mut store = open();
        let kept = store.audit_of(&web1).expect("read");
        assert_eq!((kept.head, kept.is_held), (Some(head(u64::MAX)), true));
        let accepted = store.accept_findings(Wall(10), &[web2, web1.clone()], "restored");
        assert_eq!(accepted.expect("written"), std::slice::from_ref(&web1));
        assert_eq!(store.audit_of(&web1).expect("read"), Kept::default());
        let findings = store.findings().expect("read");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].accepted,
            Some((Wall(10), "restored".to_owned()))
        );
        assert!(add(&mut store, "once more").expect("written"));
    }

    #[test]
    fn what_is_long_over_is_forgotten_and_what_waits_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut store = Store::open(&dir.path().join("keeper.db")).expect("a store");
        let link = Link([1; 16]);
        let kept = store.keep_head(Wall(0), &node("old"), Head { seq: 1, link }, true);
        kept.expect("written");
        let late = Wall(REMEMBERED_MS + 1);
        for name in ["old", "web1"] {
            store
                .add_finding(Wall(0), &node(name), 1, "x")
                .expect("written");
        }
        let accepted = store.accept_findings(Wall(0), &[node("web1")], "y");
        assert_eq!(accepted.expect("written").len(), 1);
        assert!(
            store
                .add_finding(late, &node("web1"), 2, "z")
                .expect("written")
        );
        let left: Vec<_> = store.findings().expect("read");
        let left: Vec<_> = left.iter().map(|f| (f.node.as_str(), f.seq)).collect();
        assert_eq!(left, [("old", 1), ("web1", 2)]);
        let still = BTreeSet::from([node("old")]);
        assert_eq!(store.prune_heads(late, &still).expect("written"), 0);
        let gone = BTreeSet::new();
        assert_eq!(store.prune_heads(late, &gone).expect("written"), 1);
    }
}
