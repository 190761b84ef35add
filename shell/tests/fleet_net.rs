//! Runs over real connections to scripted nodes: whatever a node does, it is one true answer.

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::state::State;
use hailer_shell::fleet::{self, Ask, Control, Event, Finished, FleetError, Job, LinkView, Policy};
use support::{FLOOD_BYTES, Manner, Stage, bytes_of, done, output, started};
use tokio::sync::mpsc;

/// Runs a job to its end without listening to it.
async fn finish(stage: &Stage, job: Job) -> Finished {
    let (events, _) = mpsc::channel(1);
    let (_control, wishes) = mpsc::channel(1);
    let run = fleet::run(&stage.fleet, job, events, wishes);
    let patience = tokio::time::timeout(Duration::from_secs(60), run).await;
    patience.expect("the run ends").expect("the job is valid")
}

fn job(stage: &Stage, n: usize) -> Job {
    Job::new(&NodeSet::first(n), stage.a_run())
}

fn set(nodes: &[u32]) -> NodeSet {
    let mut set = NodeSet::default();
    nodes.iter().for_each(|node| set.insert(NodeId(*node)));
    set
}

fn state_of(finished: &Finished, node: u32) -> State {
    let answers = finished.gather.answers();
    let answer = answers.iter().find(|a| a.node == NodeId(node));
    answer.expect("every target has an answer").state
}

fn failure_of(finished: &Finished, node: u32) -> String {
    let answers = finished.gather.answers();
    let answer = answers.iter().find(|a| a.node == NodeId(node));
    let failure = &answer.expect("every target has an answer").failure;
    failure
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Waits for the first event that is wanted, and lets the others go.
async fn wait_for(events: &mut mpsc::Receiver<Event>, wanted: impl Fn(&Event) -> bool) {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
        if wanted(&event.expect("in time").expect("the run goes on")) {
            return;
        }
    }
}

#[tokio::test]
async fn many_nodes_answer_and_the_odd_one_stands_out() {
    let mut manners = vec![Manner::Good; 100];
    manners[42] = Manner::Odd;
    let stage = Stage::new(&manners);
    let finished = finish(&stage, job(&stage, 100)).await;
    assert_eq!(finished.summary.count(State::Ok), 99);
    assert_eq!(finished.summary.exit_code(), 1);
    let groups = finished.gather.groups().outliers_first();
    assert_eq!(groups.len(), 2);
    assert_eq!(stage.fleet.inventory().fold(&groups[0].nodes), "n42");
    assert_eq!(groups[0].rc, Some(3));
    assert_eq!(groups[0].out.0, b"n42");
    assert_eq!(groups[1].out.0, b"hello");
    assert_eq!(stage.fleet.up_count(), 100);
    // The connections stay up, and the second line asks everybody once more.
    let again = finish(&stage, job(&stage, 100)).await;
    assert_eq!(again.summary.total(), 100);
    assert_eq!(stage.seen.requests.load(Ordering::Relaxed), 200);
    assert!(
        stage
            .fleet
            .links()
            .hello(NodeId(7))
            .is_some_and(|h| h.software == "scripted")
    );
    stage.fleet.close().await;
}

#[tokio::test]
async fn an_answer_that_breaks_the_protocol_is_lost_and_harms_nobody_else() {
    fn garbage() -> Vec<u8> {
        vec![0xff; 500]
    }
    fn no_end() -> Vec<u8> {
        [bytes_of(&started()), bytes_of(&output(0, b"half"))].concat()
    }
    fn cut_short() -> Vec<u8> {
        let mut bytes = bytes_of(&done(State::Ok, 0, 0));
        bytes.pop();
        bytes
    }
    fn two_ends() -> Vec<u8> {
        bytes_of(&done(State::Ok, 0, 0)).repeat(2)
    }
    fn a_lie() -> Vec<u8> {
        bytes_of(&done(State::NotStarted, 0, 0))
    }
    fn nothing() -> Vec<u8> {
        Vec::new()
    }
    let cases = [
        (garbage as fn() -> Vec<u8>, "cannot be read"),
        (no_end, "broke off before its end"),
        (cut_short, "broke off before its end"),
        (two_ends, "went on after its end"),
        (a_lie, "claims the state `not_started`"),
        (nothing, "broke off before its end"),
    ];
    let mut manners: Vec<_> = cases.iter().map(|(bytes, _)| Manner::Raw(*bytes)).collect();
    manners.push(Manner::Good);
    let stage = Stage::new(&manners);
    let finished = finish(&stage, job(&stage, manners.len())).await;
    for (node, (_, text)) in (0..).zip(cases) {
        assert_eq!(state_of(&finished, node), State::Lost, "{text}");
        let failure = failure_of(&finished, node);
        assert!(failure.contains(text), "`{failure}` should say `{text}`");
    }
    assert_eq!(state_of(&finished, 6), State::Ok);
    let half = finished
        .gather
        .answers()
        .iter()
        .find(|a| a.node == NodeId(1));
    assert_eq!(half.expect("there").out.0, b"half");
    assert_eq!(finished.summary.exit_code(), 4);
}

#[tokio::test]
async fn who_is_down_or_somebody_else_is_unreachable_and_is_never_asked() {
    let manners = [Manner::Down, Manner::Good, Manner::Impostor];
    let stage = Stage::with_connect_timeout(&manners, Duration::from_secs(3));
    let finished = finish(&stage, job(&stage, 3)).await;
    assert_eq!(state_of(&finished, 0), State::Unreachable);
    assert_eq!(
        failure_of(&finished, 0),
        "no connection: no answer within 3s"
    );
    assert_eq!(state_of(&finished, 1), State::Ok);
    assert_eq!(state_of(&finished, 2), State::Unreachable);
    assert_eq!(stage.seen.requests.load(Ordering::Relaxed), 1);
    assert!(matches!(
        stage.fleet.links().view(NodeId(0)),
        Some(LinkView::Down { .. } | LinkView::Connecting)
    ));
    let live = stage.fleet.live();
    assert_eq!((live.up, live.down), (set(&[1]), set(&[0, 2])));
    // A number that is nobody's is an answer too.
    let nobody = finish(&stage, Job::new(&set(&[99]), stage.a_run())).await;
    assert_eq!(
        failure_of(&nobody, 99),
        "no connection: the inventory has no such node"
    );
}

#[tokio::test]
async fn a_connection_that_ends_within_an_answer_is_lost_with_what_came_and_is_dialled_again() {
    let stage = Stage::new(&[Manner::Dies]);
    let mut job = job(&stage, 1);
    job.is_live = true;
    let (events, mut heard) = mpsc::channel(8);
    let (_control, wishes) = mpsc::channel(1);
    let run = fleet::run(&stage.fleet, job.clone(), events, wishes);
    let kill = async {
        wait_for(&mut heard, |e| matches!(e, Event::Piece { .. })).await;
        stage.seen.die.notify_one();
        wait_for(&mut heard, |e| matches!(e, Event::Ended(_))).await;
    };
    let (finished, ()) = tokio::join!(run, kill);
    let finished = finished.expect("valid");
    assert_eq!(state_of(&finished, 0), State::Lost);
    assert!(
        failure_of(&finished, 0).contains("died"),
        "{}",
        failure_of(&finished, 0)
    );
    assert_eq!(finished.gather.answers()[0].out.0, b"half");
    assert_eq!(
        stage.seen.requests.load(Ordering::Relaxed),
        1,
        "never asked again"
    );
    // The next line waits for the new connection instead of failing.
    stage.seen.die.notify_one();
    let again = finish(&stage, job).await;
    assert_eq!(state_of(&again, 0), State::Lost);
    assert_eq!(stage.seen.requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_cancel_ends_what_confirms_and_counts_the_rest_as_lost() {
    let stage = Stage::new(&[Manner::Lasts, Manner::Ignores, Manner::Good]);
    let mut job = job(&stage, 3);
    job.policy.confirm_grace = Duration::from_millis(300);
    let (events, mut heard) = mpsc::channel(8);
    let (control, wishes) = mpsc::channel(2);
    let run = fleet::run(&stage.fleet, job, events, wishes);
    let operator = async {
        wait_for(&mut heard, |e| *e == Event::Started(NodeId(0))).await;
        control.send(Control::Halt).await.expect("listens");
        control.send(Control::Cancel).await.expect("listens");
        wait_for(&mut heard, |e| matches!(e, Event::Ended(_))).await;
    };
    let (finished, ()) = tokio::join!(run, operator);
    let finished = finished.expect("valid");
    assert_eq!(state_of(&finished, 0), State::Cancelled);
    let failure = failure_of(&finished, 1);
    assert_eq!(
        (state_of(&finished, 1), finished.summary.exit_code()),
        (State::Lost, 130)
    );
    assert_eq!(
        failure,
        "outcome unknown: the cancel was not confirmed within 300ms"
    );
}

#[tokio::test]
async fn a_halt_lets_those_in_flight_end_and_starts_nobody_else() {
    let stage = Stage::new(&[Manner::Good, Manner::Lasts, Manner::Good]);
    finish(&stage, Job::new(&set(&[0, 2]), stage.a_run())).await;
    let mut job = job(&stage, 3);
    job.targets = [1, 0, 2].map(NodeId).to_vec();
    job.policy = Policy::strictly(1);
    job.policy.deadline = Some(Duration::from_millis(700));
    let (events, mut heard) = mpsc::channel(8);
    let (control, wishes) = mpsc::channel(2);
    // Node 1 has to be connected first to be the one that is in flight.
    stage.fleet.connect_all_in_background();
    while stage.fleet.up_count() < 3 {
        tokio::task::yield_now().await;
    }
    let run = fleet::run(&stage.fleet, job, events, wishes);
    let operator = async {
        wait_for(&mut heard, |e| *e == Event::Started(NodeId(1))).await;
        control.send(Control::Halt).await.expect("listens");
        wait_for(&mut heard, |e| matches!(e, Event::Ended(_))).await;
    };
    let (finished, ()) = tokio::join!(run, operator);
    let finished = finished.expect("valid");
    assert_eq!(
        finished.summary.nodes_in(State::NotStarted),
        Some(&set(&[0, 2]))
    );
    // The run's deadline stopped it, and the node confirmed that.
    assert_eq!(state_of(&finished, 1), State::TimedOut);
}

#[tokio::test]
async fn a_flood_is_read_to_its_end_counted_exactly_and_kept_within_bounds() {
    let stage = Stage::new(&[Manner::Floods, Manner::Floods, Manner::Floods]);
    let mut job = job(&stage, 3);
    job.keep.stream_bytes = u64::MAX;
    job.kept_bytes = 1 << 20;
    let finished = finish(&stage, job).await;
    assert_eq!(finished.summary.count(State::Ok), 3);
    let answers = finished.gather.answers();
    let kept: usize = answers.iter().map(|a| a.out.0.len()).sum();
    assert_eq!(kept, 1 << 20);
    assert_eq!(finished.summary.cut_bytes, (3 * FLOOD_BYTES - kept) as u64);
    assert!(answers.iter().all(|a| a.out_bytes == FLOOD_BYTES as u64));
}

#[tokio::test]
async fn a_slow_listener_is_waited_for_and_misses_nothing() {
    let stage = Stage::new(&[Manner::Floods]);
    let mut job = job(&stage, 1);
    job.is_live = true;
    let (events, mut heard) = mpsc::channel(1);
    let (_control, wishes) = mpsc::channel(1);
    let run = fleet::run(&stage.fleet, job, events, wishes);
    let listener = async {
        let mut bytes_heard = 0;
        while let Some(event) = heard.recv().await {
            tokio::task::yield_now().await;
            match event {
                Event::Piece { bytes, .. } => bytes_heard += bytes.0.len(),
                Event::Started(_)
                | Event::Waits { .. }
                | Event::Rows { .. }
                | Event::Progress(_)
                | Event::Arriving(_)
                | Event::Stage(_)
                | Event::Answer(_) => {}
                Event::Ended(_) => break,
            }
        }
        bytes_heard
    };
    let (finished, bytes_heard) = tokio::join!(run, listener);
    assert_eq!(bytes_heard, FLOOD_BYTES);
    assert_eq!(finished.expect("valid").summary.count(State::Ok), 1);
}

#[tokio::test]
async fn a_run_that_is_dropped_stops_its_nodes() {
    let stage = Stage::new(&[Manner::Lasts, Manner::Lasts]);
    let (events, mut heard) = mpsc::channel(8);
    let (_control, wishes) = mpsc::channel(1);
    let run = fleet::run(&stage.fleet, job(&stage, 2), events, wishes);
    let both = async {
        wait_for(&mut heard, |e| matches!(e, Event::Started(_))).await;
        wait_for(&mut heard, |e| matches!(e, Event::Started(_))).await;
    };
    tokio::select! {
        _ = run => panic!("nobody ended it"),
        () = both => {}
    }
    let stopped = async {
        while stage.seen.resets.load(Ordering::Relaxed) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), stopped).await;
    in_time.expect("both nodes are asked to stop");
}

#[tokio::test]
async fn the_lease_of_a_long_attached_run_is_renewed_and_only_as_long_as_it_runs() {
    let stage = Stage::new(&[Manner::Lasts, Manner::Good]);
    let (events, _heard) = mpsc::channel(8);
    let (control, wishes) = mpsc::channel(1);
    let run = fleet::run(&stage.fleet, job(&stage, 2), events, wishes);
    let operator = async {
        while stage.seen.renewals.load(Ordering::Relaxed) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        control.send(Control::Cancel).await.expect("listens");
    };
    let both = async { tokio::join!(run, operator) };
    let in_time = tokio::time::timeout(Duration::from_secs(30), both).await;
    let (finished, ()) = in_time.expect("the lease is renewed");
    let node = finished.expect("valid");
    assert_eq!(state_of(&node, 0), State::Cancelled);
}

#[tokio::test]
async fn a_job_without_a_request_for_each_target_asks_nobody() {
    let stage = Stage::new(&[Manner::Good, Manner::Good]);
    let mut job = job(&stage, 2);
    job.ask = Ask::Each(vec![stage.a_run()]);
    let (events, _) = mpsc::channel(1);
    let (_control, wishes) = mpsc::channel(1);
    let refused = fleet::run(&stage.fleet, job.clone(), events, wishes).await;
    assert!(matches!(
        refused,
        Err(FleetError::Requests {
            requests: 1,
            targets: 2
        })
    ));
    assert_eq!(stage.seen.requests.load(Ordering::Relaxed), 0);
    // A signature is for one run.
    let (events, _) = mpsc::channel(1);
    let (_control, wishes) = mpsc::channel(1);
    job.ask = Ask::Each(vec![stage.a_run(), stage.a_run()]);
    let refused = fleet::run(&stage.fleet, job.clone(), events, wishes).await;
    assert!(matches!(refused, Err(FleetError::Sign(_))));
    assert_eq!(stage.seen.requests.load(Ordering::Relaxed), 0);
    job.ask = Ask::Each(vec![stage.a_run(); 2]);
    assert_eq!(finish(&stage, job).await.summary.count(State::Ok), 2);
}
