//! Decode bombs: small messages that claim to be large, deep or many. None ends the decoder, and none
//! makes it take memory for what is not there.
//!
//! The bombs are made of the golden bytes of every message: at every place a length of every size is
//! put in. What a decoder took is told by the kernel: the process's own peak, set back before each bomb
//! (`clear_refs`), and the address space, so that memory that was asked for and never touched counts, too.

use std::fs;

use hailer_protocol::codec;
use hailer_protocol::envelope::{Decoder, Envelope};
use hailer_protocol::expr::Expr;
use hailer_protocol::message::{Kind, decode_any};
use hailer_protocol::policy::Policy;
use hailer_protocol::row_plan::RowPlan;
use hailer_protocol::signing::SignedBlock;
use hailer_protocol::table::Table;

/// What one bomb may make a decoder take, beyond what it has itself.
const EXTRA_MAX: u64 = 2 << 20;

const WIRE: &str = include_str!("data/wire.txt");

/// Lengths as the codec writes them: what follows as two, four and eight bytes.
const LENGTHS: [&[u8]; 7] = [
    &[251, 0xff, 0xff],
    &[252, 0xff, 0xff, 0xff, 0x7f],
    &[252, 0, 0, 0x10, 0],
    &[253, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[253, 0, 0, 0, 0, 0, 0, 0, 0x40],
    &[
        254, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff,
    ],
    &[253, 0, 0, 0, 0, 1, 0, 0, 0],
];

fn golden() -> Vec<Envelope> {
    let mut all = Vec::new();
    for line in WIRE.lines().filter(|l| !l.starts_with('#')) {
        let Some(hex) = line.split_whitespace().last() else {
            continue;
        };
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
        let Some(bytes) = (0..hex.len() / 2)
            .map(|n| byte(2 * n))
            .collect::<Option<Vec<u8>>>()
        else {
            continue;
        };
        let mut decoder = Decoder::new();
        decoder.feed(&bytes);
        all.extend(decoder.next_envelope().ok().flatten());
    }
    all
}

/// What this process has: its most memory since it was set back, and its most address space ever.
fn taken() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").expect("there is a /proc");
    let of = |name: &str| {
        let line = status
            .lines()
            .find_map(|l| l.strip_prefix(name))
            .expect("it is told");
        let kib: u64 = line
            .trim()
            .trim_end_matches(" kB")
            .trim()
            .parse()
            .expect("a number");
        kib << 10
    };
    (of("VmHWM:"), of("VmPeak:"))
}

/// Sets a bomb off and returns what it took.
fn set_off(bomb: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").expect("the peak can be set back");
    let (resident, mapped) = taken();
    bomb();
    let (resident_after, mapped_after) = taken();
    (resident_after - resident.min(resident_after)).max(mapped_after - mapped)
}

/// Last, and not beside the bombs: the address space it takes would hide theirs.
fn what_is_taken_is_seen() {
    let touched = set_off(|| drop(std::hint::black_box(vec![1_u8; 16 << 20])));
    assert!(touched >= 15 << 20, "{touched}");
    let asked_for = set_off(|| drop(std::hint::black_box(Vec::<u8>::with_capacity(1 << 30))));
    assert!(asked_for >= 1 << 29, "{asked_for}");
}

#[test]
fn no_bomb_takes_more_than_two_mebibytes() {
    let mut tried = 0;
    let mut worst = 0;
    let mut check = |what: &str, bomb: &mut dyn FnMut()| {
        let took = set_off(bomb);
        worst = worst.max(took);
        assert!(took <= EXTRA_MAX, "{what}: {took} bytes");
        tried += 1;
    };
    let golden = golden();
    assert!(golden.len() >= Kind::ALL.len(), "{} samples", golden.len());
    for envelope in &golden {
        for at in (0..envelope.body.len()).step_by(1 + envelope.body.len() / 24) {
            let length = LENGTHS[at % LENGTHS.len()];
            let mut body = envelope.body[..at].to_vec();
            body.extend(length);
            body.extend(&envelope.body[at..]);
            // Something is there to be taken for the elements.
            body.extend([0; 4096]);
            let bomb = Envelope {
                body,
                ..envelope.clone()
            };
            check("a length in a message", &mut || drop(decode_any(&bomb)));
        }
    }
    for kind in Kind::ALL {
        for filler in [0, 1, 2, 3, 0xfb, 0xff] {
            let bomb = Envelope::new(*kind, vec![filler; 200_000]);
            check("a body of one byte", &mut || drop(decode_any(&bomb)));
        }
    }
    for length in LENGTHS {
        for filler in [0, 1, 0xfb] {
            let bytes = [length, &vec![filler; 16_000]].concat();
            check("a block", &mut || drop(SignedBlock::decode(&bytes)));
            check("a table", &mut || drop(codec::decode::<Table>(&bytes)));
            check("a plan", &mut || drop(codec::decode::<RowPlan>(&bytes)));
            check("texts", &mut || drop(codec::decode::<Vec<String>>(&bytes)));
            check("pairs", &mut || {
                drop(codec::decode::<Vec<(String, String)>>(&bytes))
            });
        }
    }
    for kind in 0..=255_u8 {
        // A message that is announced and never comes.
        let header = [kind, 0, 0, 0, 0xff, 0xff, 0x0f, 0];
        check("a header", &mut || {
            let mut decoder = Decoder::new();
            decoder.feed(&header);
            drop(decoder.next_envelope());
        });
        // Expressions in one another, of every kind of theirs.
        let deep = vec![kind; 60_000];
        check("an expression", &mut || drop(codec::decode::<Expr>(&deep)));
    }
    for deep in [
        "(",
        "[",
        "{",
        "not ",
        "\"",
        "allow run as x\n",
        "  to a\n",
        "@",
        "*",
    ] {
        let text = deep.repeat(20_000 / deep.len());
        check("a policy", &mut || drop(Policy::parse(&text)));
    }
    println!("{tried} bombs, the worst took {worst} bytes");
    assert!(tried >= 1000, "{tried} bombs");
    what_is_taken_is_seen();
}
