//! No parser panics, whatever it is given, and none is fooled into endless work.

use hailer_collect::procfs::{
    cpuinfo, diskstats, file_nr, loadavg, meminfo, mountinfo, net_dev, os_release, pid_stat,
    pid_status, pressure, stat, uptime, vmstat,
};
use proptest::prelude::*;

fn parse_with_all(text: &str) {
    let info = meminfo::parse(text);
    let _ = (info.available(), info.used());
    let cpus = stat::parse(text);
    if let (Some(a), Some((_, b))) = (cpus.all, cpus.each.first()) {
        let _ = (a.since(b).busy(), a.total());
    }
    let _ = cpuinfo::parse(text);
    let _ = diskstats::parse(text);
    let _ = file_nr::parse(text);
    let _ = loadavg::parse(text);
    let _ = mountinfo::parse(text);
    let _ = net_dev::parse(text);
    let _ = os_release::parse(text);
    let _ = pid_stat::parse(text);
    let _ = pid_status::effective_uid(text);
    let _ = pressure::parse(text);
    let _ = uptime::parse(text);
    let _ = vmstat::parse(text);
}

/// Words that the parsers look for, with numbers at the edge of what fits.
const WORDS: [&str; 34] = [
    "cpu",
    "cpu0",
    "cpu99999999999",
    "btime",
    "processes",
    "MemTotal:",
    "MemFree:",
    "Cached:",
    "Shmem:",
    "kB",
    "pswpin",
    "oom_kill",
    "some",
    "full",
    "avg10=",
    "avg10=NaN",
    "avg300=1e999",
    "8:1",
    "/",
    "-",
    "\\040",
    "\\7",
    "ext4",
    "(a)",
    "b)",
    "R",
    "Uid:",
    "PRETTY_NAME=\"",
    "\"",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "0",
    "eth0:",
];

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        parse_with_all(&text);
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        parse_with_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_shuffle_of_known_words_makes_a_parser_panic(
        picks in proptest::collection::vec((0..WORDS.len(), 0..4_usize), 0..80)
    ) {
        let blanks = [" ", "\n", "", "\t"];
        let text: String = picks.iter().flat_map(|(w, b)| [WORDS[*w], blanks[*b]]).collect();
        parse_with_all(&text);
    }

    /// A cut file keeps what stood before the cut: no line is made up.
    #[test]
    fn a_cut_file_never_has_more_lines_than_a_whole_one(cut in 0..400_usize) {
        let text = "1 0 8:1 / /a rw - ext4 /dev/sda1 rw\n2 0 8:2 / /b rw - ext4 /dev/sda2 rw\n";
        let part = &text[..cut.min(text.len())];
        let (part, whole) = (mountinfo::parse(part), mountinfo::parse(text));
        prop_assert!(part.len() <= whole.len());
        prop_assert!(part.iter().zip(&whole).all(|(p, w)| p.mountpoint == w.mountpoint));
    }
}
