//! `hailer approve FILE`: another person looks at a run that somebody has signed, and agrees.
//!
//! What is shown is what was signed, and nothing else: the names and bodies in the file hash to what
//! the signature covers, and the signature is verified before anything is shown.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use hailer_identity::{SignatureJudge, Signer};
use hailer_lang::node_set::fold::fold;
use hailer_protocol::clean::Clean;
use hailer_protocol::grant::Grant;
use hailer_protocol::limits::APPROVALS_MAX;
use hailer_protocol::message::{Life, Probe, Run};
use hailer_protocol::signing::{Own, Signers, check};
use hailer_protocol::time::Wall;
use hailer_protocol::units::time_format::format_time;

use super::request_file::RequestFile;
use crate::cli::FleetArgs;
use crate::clock;
use crate::error::ShellError;
use crate::exit::Exit;
use crate::open;
use crate::show;

/// Different handfuls of rows that are shown; those beyond are counted.
const HANDED_MAX: usize = 20;

/// Shows the request in a file, asks, and adds the approval of whoever the fleet file says we are.
///
/// # Errors
/// When it is no request, not verified, over, our own, or approved by us before; and when nobody can
/// be asked.
pub fn carry_out(file: &Path, fleet: &FleetArgs, is_agreed: bool) -> Result<Exit, ShellError> {
    let fleet_file = open::given(fleet)?;
    let papers = open::papers(fleet_file)?;
    let mut request = RequestFile::read(file)?;
    let now = clock::wall();
    let refused = |why: &dyn std::fmt::Display| {
        ShellError::usage(format!("{}: {why}", file.display())).hint("nothing was approved")
    };
    let signers = SignatureJudge::new(&papers.trust)
        .map_err(|e| ShellError::own(e.to_string()))?
        .signers(now, &request.draft.block, None)
        .map_err(|e| refused(&e))?;
    let (node, body) = &request.draft.targets[0];
    let own = Own {
        fleet: papers.inventory.fleet(),
        node,
    };
    let body = &request.draft.bodies[*body];
    let checked = check(now, own, body, &request.draft.block, signers).map_err(|e| refused(&e))?;
    let signer = Signer::new(&papers.credentials).map_err(|e| ShellError::usage(e.to_string()))?;
    let me = &signer.holder().identity.name;
    if checked
        .signers
        .approvers
        .iter()
        .any(|a| a.identity.name == *me)
    {
        return Err(refused(&format!("`{me}` has approved it before")));
    }
    if request.draft.block.approvals.len() >= APPROVALS_MAX {
        return Err(refused(&format!(
            "it has {APPROVALS_MAX} approvals, and no more are taken"
        )));
    }
    let approval = signer
        .approve(&request.draft.block.statement)
        .map_err(|e| refused(&e))?;
    let shown = described(&request, &checked.signers, now, papers.inventory.len());
    show::write(&shown).map_err(|e| ShellError::own(format!("show the request: {e}")))?;
    if !is_agreed && !agrees(me.as_str())? {
        show::remark("nothing was approved\n");
        return Ok(Exit::FAILED);
    }
    request.draft.block.approvals.push(approval);
    // Long certificates of many people may be more than a node takes: that is told now.
    request.replace(file)?;
    show::remark(&format!(
        "approved by {me}; `hailer run-approved {}` runs it as {}\n",
        Clean::line(&file.display().to_string()),
        request.statement.operator
    ));
    Ok(Exit::OK)
}

fn agrees(me: &str) -> Result<bool, ShellError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(ShellError::usage("nobody is there to be asked").hint(
            "run it in a terminal, or look at what it shows and give --yes; nothing was approved",
        ));
    }
    show::remark(&format!("approve it as {me}? [y/N] "));
    let mut answer = String::new();
    let read = stdin.lock().read_line(&mut answer);
    read.map_err(|e| ShellError::own(format!("read the answer: {e}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Says everything that somebody must know who answers for a run.
#[must_use]
pub fn described(request: &RequestFile, signers: &Signers, now: Wall, own_size: usize) -> String {
    let statement = &request.statement;
    let (n, fleet) = (statement.targets.count, statement.targets.fleet);
    let mut out = format!(
        "{} asks to run, and to be approved by another:\n",
        signers.operator.identity.name
    );
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<9} {}", Clean::line(text));
    };
    let run = request.first();
    row("command", &whole_command(request));
    match (&statement.action.run_as, statement.action.grant) {
        (Some(user), _) => row("as", user),
        (None, Grant::Read) => row("as", "whom each node's policy names, only as a reading"),
        (None, Grant::Probe | Grant::Run | Grant::Automate) => {
            row("as", "whom each node's policy names first");
        }
    }
    let share = f64::from(n) * 100.0 / f64::from(fleet.max(1));
    row("on", &format!("{n} of {fleet} nodes ({share:.0} %)"));
    if own_size != fleet as usize {
        row("", &format!("your fleet file has {own_size} nodes"));
    }
    row(
        "nodes",
        &fold(request.draft.targets.iter().map(|(n, _)| n.as_str())),
    );
    row(
        "reason",
        statement.reason.as_deref().unwrap_or("none is given"),
    );
    let time = |at: Wall| format_time(at.0, "%FT%TZ");
    let left = statement.not_after.0.saturating_sub(now.0).max(0) / 60_000;
    row(
        "holds",
        &format!("until {}, {left} min from now", time(statement.not_after)),
    );
    row(
        "signed",
        &format!("at {}, run {}", time(statement.issued_at), statement.run),
    );
    if matches!(run.life, Life::Detached) {
        row("detached", "it goes on when whoever starts it has left");
    }
    if let Some(ms) = run.timeout_ms {
        row("timeout", &format!("killed on a node after {ms} ms"));
    }
    for approver in &signers.approvers {
        row("approved", &format!("by {}", approver.identity.name));
    }
    let handed = handed(request);
    for line in handed.iter().take(HANDED_MAX) {
        row("hands", line);
    }
    if handed.len() > HANDED_MAX {
        row(
            "",
            &format!("and {} more rows or nodes", handed.len() - HANDED_MAX),
        );
    }
    out
}

/// Returns the command to its end. Of a long one the statement has the beginning and a digest, which
/// was held against what the nodes are sent; whoever approves it sees all of it.
fn whole_command(request: &RequestFile) -> String {
    match &request.first().probe {
        Probe::Shell(text) | Probe::Each { command: text, .. } => text.clone(),
        Probe::Argv(_)
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Attach(_)
        | Probe::Cancel(_)
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. } => request.statement.action.command.to_string(),
    }
}

/// What the command is handed where: rows that a person saw before, and that are part of what is
/// approved.
fn handed(request: &RequestFile) -> Vec<String> {
    let mut out = Vec::new();
    for (at, run) in request.runs.iter().enumerate() {
        let rows = rows_of(run);
        if rows.is_empty() {
            continue;
        }
        let nodes = request.draft.targets.iter().filter(|(_, body)| *body == at);
        let nodes = fold(nodes.map(|(name, _)| name.as_str()));
        out.extend(rows.iter().map(|row| {
            let row: Vec<String> = row.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
            format!("{} on {nodes}", row.join(" "))
        }));
    }
    out
}

type Row = [(String, String)];

fn rows_of(run: &Run) -> Vec<&Row> {
    let own = Some(run.env.as_slice()).filter(|env| !env.is_empty());
    match &run.probe {
        Probe::Each { rows, .. } => own
            .into_iter()
            .chain(rows.iter().map(|row| row.env.as_slice()))
            .collect(),
        Probe::Shell(_)
        | Probe::Argv(_)
        | Probe::Metric(_)
        | Probe::Facts(_)
        | Probe::Runs
        | Probe::Attach(_)
        | Probe::Cancel(_)
        | Probe::Audit { .. }
        | Probe::AuditHead(_)
        | Probe::Apply(_)
        | Probe::Stow(_)
        | Probe::Automations
        | Probe::Events { .. }
        | Probe::Control(_)
        | Probe::Replay { .. } => own.into_iter().collect(),
    }
}
