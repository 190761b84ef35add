//! The fan-out's rules, one sentence each. What happened is written as text: `>0` dispatched,
//! `~0` asked to connect, `?0` to wait for it, `x0` asked to stop, `0=ok` ended, `^0` a gate to be
//! asked, `|1` a stage that begins, `.` the run's end.

use std::fmt::Write as _;
use std::time::Duration;

use super::*;

struct Play {
    fanout: Fanout,
    now: Mono,
    /// The attempt of each target's last dispatch.
    attempts: std::collections::HashMap<Target, Attempt>,
    text: String,
}

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn up(n: usize) -> Vec<LinkAtStart> {
    vec![LinkAtStart::Up; n]
}

impl Play {
    fn new(links: Vec<LinkAtStart>, policy: Policy) -> Self {
        let now = Mono(secs(1_000));
        let fanout = Fanout::new(links, policy, now);
        Self {
            fanout,
            now,
            attempts: std::collections::HashMap::new(),
            text: String::new(),
        }
    }

    /// Carries out a script such as `+0 started, 0:ok end` and returns the outputs as text.
    fn play(&mut self, script: &str) -> String {
        for word in script.split_whitespace() {
            let (verb, rest) = word.split_at(1);
            let target = || rest.parse::<Target>().expect("a target's number");
            let because = || Arc::<str>::from("broke");
            match verb {
                "+" => self.input(Input::Connected(target())),
                "-" => self.input(Input::ConnectFailed(target(), because())),
                "u" => {
                    self.collect();
                    let attempt = self.attempts.get(&target()).copied().unwrap_or_default();
                    self.input(Input::Unsent(target(), attempt, because()));
                }
                "U" => self.input(Input::Unsent(target(), 0, because())),
                "s" => self.input(Input::Started(target())),
                "l" => self.input(Input::Lost(target(), because())),
                "t" => self.advance(secs(rest.parse().expect("seconds"))),
                "g" => self.input(Input::Gate(target(), Ok(()))),
                "G" => self.input(Input::Gate(target(), Err(because()))),
                "h" => self.input(Input::Halt),
                "c" => self.input(Input::Cancel),
                "=" => {
                    let (target, state) = rest.split_once(':').expect("=TARGET:STATE");
                    let state = State::by_name(state).expect("a state");
                    self.input(Input::Ended(target.parse().expect("a target"), state));
                }
                other => panic!("no verb {other}"),
            }
        }
        self.outputs()
    }

    fn input(&mut self, input: Input) {
        self.fanout.handle_input(self.now, input);
    }

    /// Lets the time pass as a driver would: each timeout is handled when it is due.
    fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        while let Some((at, _)) = self.fanout.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.fanout.handle_timeout(self.now);
            assert!(
                self.fanout
                    .poll_timeout()
                    .is_none_or(|(next, _)| next > self.now),
                "a timeout that was handled is due again"
            );
        }
        self.now = until;
        self.fanout.handle_timeout(until);
    }

    /// Notes down the outputs so far.
    fn collect(&mut self) {
        while let Some(output) = self.fanout.poll_output() {
            match output {
                Output::Connect(t) => write!(self.text, "~{t} "),
                Output::Await(t, _) => write!(self.text, "?{t} "),
                Output::Dispatch(t, attempt) => {
                    self.attempts.insert(t, attempt);
                    write!(self.text, ">{t} ")
                }
                Output::Cancel(t) => write!(self.text, "x{t} "),
                Output::TargetEnded(t, state, _) => write!(self.text, "{t}={state} "),
                Output::AskGate(stage) => write!(self.text, "^{stage} "),
                Output::StageBegins(stage) => write!(self.text, "|{stage} "),
                Output::RunEnded => write!(self.text, ". "),
            }
            .expect("a string takes all");
        }
    }

    fn outputs(&mut self) -> String {
        self.collect();
        std::mem::take(&mut self.text).trim_end().to_owned()
    }
}

#[track_caller]
fn check(links: Vec<LinkAtStart>, policy: Policy, steps: &[(&str, &str)]) {
    let mut play = Play::new(links, policy);
    for (script, expected) in steps {
        assert_eq!(play.play(script), *expected, "after `{script}`");
    }
}

#[test]
fn a_run_over_nobody_ends_at_once() {
    check(up(0), Policy::default(), &[("", "."), ("h c t9", "")]);
}

#[test]
fn a_target_ends_as_its_node_says() {
    check(
        up(4),
        Policy::default(),
        &[
            ("", ">0 >1 >2 >3"),
            ("s0 =0:ok =1:failed =2:denied", "0=ok 1=failed 2=denied"),
            ("=3:timed_out", "3=timed_out ."),
        ],
    );
}

#[test]
fn no_more_than_max_in_flight_are_asked_at_once() {
    check(
        up(4),
        Policy::strictly(2),
        &[
            ("", ">0 >1"),
            ("s0 s1 t60", ""),
            ("=1:ok", "1=ok >2"),
            ("=0:ok =2:ok =3:ok", "0=ok >3 2=ok 3=ok ."),
        ],
    );
}

#[test]
fn a_bound_of_zero_still_asks_one_after_the_other() {
    check(
        up(2),
        Policy::strictly(0),
        &[("", ">0"), ("=0:ok =1:ok", "0=ok >1 1=ok .")],
    );
}

#[test]
fn a_node_without_a_connection_is_unreachable_and_holds_up_nobody() {
    let links = vec![
        LinkAtStart::Connecting,
        LinkAtStart::Down {
            reason: "no route".into(),
        },
        LinkAtStart::Up,
    ];
    check(
        links,
        Policy::strictly(1),
        &[
            ("", "~0 1=unreachable >2"),
            ("=2:ok", "2=ok"),
            ("-0", "0=unreachable ."),
        ],
    );
}

#[test]
fn a_patient_run_waits_for_its_nodes_to_its_end() {
    let down = LinkAtStart::Down {
        reason: "refused".into(),
    };
    check(
        vec![LinkAtStart::Up, LinkAtStart::Connecting, down.clone(), down],
        Policy::endless(),
        &[
            ("", "~1 ?2 ?3 >0"),
            ("s0 -1 t9999", "?1"),
            ("-1 +2", "?1 >2"),
            ("=0:ok", "0=ok"),
            ("c", "1=unreachable 3=unreachable x2"),
            ("=2:cancelled", "2=cancelled ."),
        ],
    );
}

#[test]
fn a_patient_run_ends_when_nobody_is_left_but_those_who_cannot_be_reached() {
    let down = LinkAtStart::Down {
        reason: "refused".into(),
    };
    check(
        vec![LinkAtStart::Up, LinkAtStart::Up, down],
        Policy::endless(),
        &[
            ("", "?2 >0 >1"),
            ("=0:ok t60 -2", "0=ok ?2"),
            ("=1:failed", "1=failed 2=unreachable ."),
        ],
    );
}

#[test]
fn a_node_that_connects_late_is_asked_when_it_is_its_turn() {
    check(
        vec![LinkAtStart::Connecting, LinkAtStart::Up],
        Policy::strictly(1),
        &[
            ("", "~0 >1"),
            ("+0", ""),
            ("=1:ok", "1=ok >0"),
            ("=0:ok", "0=ok ."),
        ],
    );
}

#[test]
fn connecting_may_take_long_as_long_as_it_goes_on_somewhere() {
    check(
        vec![LinkAtStart::Connecting; 3],
        Policy::default(),
        &[
            ("", "~0 ~1 ~2"),
            ("t9 +0 t9 -1 t9", ">0 1=unreachable"),
            ("t1", "2=unreachable"),
            ("=0:ok", "0=ok ."),
        ],
    );
}

#[test]
fn a_connection_lost_after_dispatch_is_lost_and_never_asked_again() {
    check(
        up(1),
        Policy::default(),
        &[("", ">0"), ("l0", "0=lost ."), ("+0 u0 s0 =0:ok t99", "")],
    );
}

#[test]
fn a_request_that_was_not_sent_is_tried_again_over_a_new_connection() {
    check(
        up(1),
        Policy::default(),
        &[
            ("", ">0"),
            ("u0", "~0"),
            ("+0", ">0"),
            ("U0", ""),
            ("u0 +0", "~0 >0"),
            ("u0", "0=unreachable ."),
        ],
    );
}

#[test]
fn a_halt_starts_nobody_else_and_lets_the_others_end() {
    let mut links = up(3);
    links.push(LinkAtStart::Connecting);
    check(
        links,
        Policy::strictly(1),
        &[
            ("", "~3 >0"),
            ("h", "3=not_started 1=not_started 2=not_started"),
            ("h +3 t60", ""),
            ("=0:ok", "0=ok ."),
        ],
    );
}

#[test]
fn a_cancelled_target_is_cancelled_only_if_its_node_says_so() {
    check(
        up(3),
        Policy::default(),
        &[
            ("", ">0 >1 >2"),
            ("c", "x0 x1 x2"),
            ("c", ""),
            ("=0:cancelled =1:ok", "0=cancelled 1=ok"),
            ("t4", ""),
            ("t1", "2=lost ."),
            ("=2:cancelled", ""),
        ],
    );
}

#[test]
fn a_cancelled_target_that_was_never_sent_its_request_is_cancelled() {
    check(
        up(1),
        Policy::default(),
        &[("", ">0"), ("c u0", "x0 0=cancelled .")],
    );
}

#[test]
fn a_halted_target_that_was_never_sent_its_request_is_not_started() {
    check(
        up(1),
        Policy::default(),
        &[("", ">0"), ("h u0", "0=not_started .")],
    );
}

#[test]
fn the_runs_deadline_stops_all_and_says_timed_out_where_the_node_confirms() {
    let policy = Policy {
        deadline: Some(secs(10)),
        connect_wait: secs(60),
        ..Policy::strictly(2)
    };
    let mut links = up(3);
    links.push(LinkAtStart::Connecting);
    check(
        links,
        policy,
        &[
            ("", "~3 >0 >1"),
            ("s0 s1 t10", "3=unreachable 2=not_started x0 x1"),
            ("=0:cancelled", "0=timed_out"),
            ("t5", "1=lost ."),
        ],
    );
}

#[test]
fn a_node_that_never_answers_though_connected_is_stopped_after_its_own_timeout() {
    let policy = Policy {
        answer_within: Some(secs(30)),
        ..Policy::default()
    };
    check(
        up(2),
        policy,
        &[
            ("", ">0 >1"),
            ("s0 s1 t30", ""),
            ("=0:timed_out", "0=timed_out"),
            ("t5", "x1"),
            ("t5", "1=lost ."),
        ],
    );
}

#[test]
fn a_node_without_a_sign_of_life_gives_its_place_to_the_next() {
    let policy = Policy {
        max_in_flight: 1,
        ..Policy::default()
    };
    check(
        up(3),
        policy,
        &[
            ("", ">0"),
            ("t3", ">1"),
            ("s1 t9", ""),
            ("s0 =1:ok", "1=ok"),
            ("=0:ok", "0=ok >2"),
            ("=2:ok", "2=ok ."),
        ],
    );
}

#[test]
fn early_timeouts_and_inputs_for_strangers_change_nothing() {
    let mut play = Play::new(up(1), Policy::default());
    assert_eq!(play.play(""), ">0");
    for _ in 0..10 {
        play.fanout.handle_timeout(play.now);
        play.fanout.handle_timeout(Mono::default());
    }
    assert_eq!(play.play("+7 -7 u7 s7 l7 =7:ok +0 -0"), "");
    assert_eq!(play.play("=0:ok =0:failed l0 c h t60"), "0=ok .");
}

#[test]
fn counts_add_up_to_all_targets_at_any_time() {
    let mut links = up(5);
    links.extend(vec![LinkAtStart::Connecting; 3]);
    let mut play = Play::new(links, Policy::strictly(2));
    for step in ["", "+5", "s0 =0:ok", "u1", "-6", "l2", "h", "c", "t99"] {
        play.play(step);
        let c = play.fanout.counts();
        assert_eq!(c.waiting + c.ready + c.in_flight + c.ended, 8, "{step}");
    }
    assert_eq!(play.fanout.counts().ended, 8);
    assert_eq!(play.fanout.poll_timeout(), None);
}

#[path = "tests/staged.rs"]
mod staged;
