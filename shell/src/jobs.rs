//! Runs in the background: they go on, and are listened to, while other lines are typed.
//!
//! Somebody has to listen: a run that nobody hears holds its nodes up, as a slow terminal would.
//! Each run has a task of its own that takes its events in and hands the run back when it is
//! wanted at the prompt again, or when it is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hailer_protocol::time::Mono;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::error::ShellError;
use crate::fleet::Control;
use crate::running::{Bond, Heard, Running};

/// What the operator wants of a run in the background.
#[derive(Debug)]
enum Order {
    /// Tell its nodes to stop; go on listening.
    Cancel,
    /// Hand it back.
    Return,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Targets that ended.
    pub done: usize,
    /// Targets of the run.
    pub total: usize,
    /// Targets that ended, and not with `ok`.
    pub not_ok: usize,
    /// What the operator wanted of it.
    pub wish: Option<Control>,
    /// It is over; its result is about to be taken in.
    pub is_over: bool,
}

/// One run in the background, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The number that its result will have.
    pub number: u32,
    /// The line.
    pub text: String,
    /// The scope, as it was written.
    pub scope: String,
    /// When it began.
    pub begun: Mono,
    /// How far it is.
    pub progress: Progress,
}

#[derive(Debug)]
struct Job {
    text: String,
    scope: String,
    begun: Mono,
    /// It ends with this shell: only what is waited for here goes on without it.
    is_ours: bool,
    progress: Arc<Mutex<Progress>>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<Box<Running>>,
}

/// The runs of one shell that are in the background.
#[derive(Debug)]
pub struct Jobs {
    jobs: BTreeMap<u32, Job>,
    over: mpsc::UnboundedReceiver<u32>,
    over_to: mpsc::UnboundedSender<u32>,
}

impl Default for Jobs {
    fn default() -> Self {
        let (over_to, over) = mpsc::unbounded_channel();
        Self {
            jobs: BTreeMap::new(),
            over,
            over_to,
        }
    }
}

impl Jobs {
    /// Lets a run go on in the background.
    pub(crate) fn park(&mut self, mut running: Box<Running>) {
        running.is_aside = true;
        let (orders, wishes) = mpsc::unbounded_channel();
        let progress = Arc::new(Mutex::new(progress_of(&running)));
        let number = running.number;
        let job = Job {
            text: running.query.text.clone(),
            scope: running.query.scope.text.clone(),
            begun: running.tally.begun,
            is_ours: running.bond == Bond::Attached,
            progress: Arc::clone(&progress),
            orders,
            task: tokio::spawn(listen(running, wishes, progress, self.over_to.clone())),
        };
        self.jobs.insert(number, job);
    }

    /// Takes a run out of the background.
    ///
    /// # Errors
    /// When there is no such run.
    pub(crate) async fn take(&mut self, number: u32) -> Result<Box<Running>, ShellError> {
        let Some(job) = self.jobs.remove(&number) else {
            return Err(self.unknown(number));
        };
        let _ = job.orders.send(Order::Return);
        job.task
            .await
            .map_err(|e| ShellError::own(format!("the run ${number} broke off: {e}")))
    }

    /// Waits until a run is over and returns its number; for ever while there is none. May be
    /// dropped and called again.
    pub(crate) async fn over(&mut self) -> u32 {
        loop {
            match self.over.recv().await {
                // One that was taken out meanwhile is somebody else's.
                Some(number) if self.jobs.contains_key(&number) => return number,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Returns the number of a run that is over, if there is one.
    pub(crate) fn over_by_now(&mut self) -> Option<u32> {
        loop {
            let number = self.over.try_recv().ok()?;
            if self.jobs.contains_key(&number) {
                return Some(number);
            }
        }
    }

    /// Tells the nodes of all runs to stop that end with this shell, and lets go of the others.
    pub(crate) fn cancel_all(&mut self) {
        self.jobs.retain(|_, job| job.is_ours);
        for job in self.jobs.values() {
            let _ = job.orders.send(Order::Cancel);
        }
    }

    /// Whether leaving the shell would end something.
    #[must_use]
    pub fn would_end(&self) -> bool {
        self.jobs.values().any(|job| job.is_ours)
    }

    /// Returns the runs, in the order in which they began.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let listed = self.jobs.iter().map(|(number, job)| Listed {
            number: *number,
            text: job.text.clone(),
            scope: job.scope.clone(),
            begun: job.begun,
            progress: *job.progress.lock().unwrap_or_else(PoisonError::into_inner),
        });
        listed.collect()
    }

    /// Returns the number of the run that began last.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.jobs.keys().next_back().copied()
    }

    /// Whether that run is in the background.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.jobs.contains_key(&number)
    }

    /// Whether nothing is in the background.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Returns the error for a number that is no run's.
    pub(crate) fn unknown(&self, number: u32) -> ShellError {
        let numbers: Vec<String> = self.jobs.keys().map(u32::to_string).collect();
        let error = ShellError::usage(format!("no run ${number} is in the background"));
        match numbers.as_slice() {
            [] => error.hint("none is; Ctrl-Z lets a line under way go on there"),
            numbers => error.hint(format!("there is {}; see `jobs`", numbers.join(", "))),
        }
    }
}

fn progress_of(running: &Running) -> Progress {
    let tally = &running.tally;
    Progress {
        done: tally.done(),
        total: tally.total,
        not_ok: tally.not_ok,
        wish: tally.wish,
        is_over: false,
    }
}

/// Takes a run's events in until it is over or wanted back.
async fn listen(
    mut running: Box<Running>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    progress: Arc<Mutex<Progress>>,
    over: mpsc::UnboundedSender<u32>,
) -> Box<Running> {
    let tell = |now: Progress| *progress.lock().unwrap_or_else(PoisonError::into_inner) = now;
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order::Cancel) => {
                    running.wish(Control::Cancel);
                    tell(progress_of(&running));
                }
                Some(Order::Return) | None => return running,
            },
            heard = running.heard() => match heard {
                Heard::Event(_) => tell(progress_of(&running)),
                Heard::Ended(ended) => {
                    running.put_back(ended);
                    let now = progress_of(&running);
                    tell(Progress { is_over: true, ..now });
                    let _ = over.send(running.number);
                    return running;
                }
            },
        }
    }
}
