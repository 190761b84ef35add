//! What an operator asks is what a node gets, byte for byte: arguments and environments through
//! the codec and the framing, however the bytes are cut. `HAILER_CASES` says how many are tried; the long
//! form is a million, in release.

use hailer_protocol::envelope::Decoder;
use hailer_protocol::ids::{LeaseId, RunId};
use hailer_protocol::message::{Caps, Life, Message, OutputMode, Probe, Run};
use hailer_protocol::row_plan::RowPlan;

const CASES: u64 = 100_000;

/// Pieces that some shell, format or terminal would make something of.
const PIECES: [&str; 32] = [
    "'", "\"", "`", "$(x)", "${x}", "$x", ";", "&&", "||", "|", "\n", "\r", "\t", " ", "\\", "-",
    "--", "*", "?", "[a]", "~", "#", "!", "%s", "{{x}}", "é", "日本", "\u{202e}", "\x1b[2J",
    "\x7f", "=", "",
];

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).expect("small")
    }

    fn text(&mut self) -> String {
        (0..self.below(6))
            .map(|_| PIECES[self.below(PIECES.len())])
            .collect()
    }
}

fn run(probe: Probe, env: Vec<(String, String)>) -> Run {
    Run {
        run: RunId([1; 16]),
        probe,
        row_plan: RowPlan::default(),
        timeout_ms: None,
        life: Life::Attached(LeaseId([1; 16])),
        output: OutputMode::Stream,
        caps: Caps {
            output_bytes: 1,
            rows: 1,
            memory_bytes: None,
            cpu_seconds: None,
        },
        env,
    }
}

#[test]
fn arguments_arrive_as_they_were_given() {
    let seed = 0x5eed_0004_u64;
    println!("seed {seed:#x}");
    let cases = std::env::var("HAILER_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut random = Random(seed);
    for case in 0..cases.unwrap_or(CASES) {
        let words: Vec<String> = (0..random.below(5)).map(|_| random.text()).collect();
        let probe = if case % 3 == 0 {
            Probe::Shell(words.concat())
        } else {
            Probe::Argv(words)
        };
        let asked = run(probe, vec![(random.text(), random.text())]);
        let bytes = asked.to_envelope().expect("small").to_bytes();
        let cut = random.below(bytes.len());
        let mut decoder = Decoder::new();
        decoder.feed(&bytes[..cut]);
        assert_eq!(decoder.next_envelope(), Ok(None), "case {case}");
        decoder.feed(&bytes[cut..]);
        let envelope = decoder
            .next_envelope()
            .expect("well formed")
            .expect("whole");
        assert_eq!(
            Run::from_envelope(&envelope).as_ref(),
            Ok(&asked),
            "case {case}"
        );
    }
}
