//! `/proc/net/dev`: what each network interface has carried.

use super::next_number;

/// One interface's counters since it came to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetDev {
    /// The interface's name; a kernel allows any character but `/` and blanks, `:` too.
    pub device: String,
    /// What came in.
    pub received: Direction,
    /// What went out.
    pub transmitted: Direction,
}

/// One direction's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Direction {
    /// Bytes.
    pub bytes: Option<u64>,
    /// Packets.
    pub packets: Option<u64>,
    /// Packets with errors.
    pub errors: Option<u64>,
    /// Packets dropped.
    pub dropped: Option<u64>,
}

/// Parses `/proc/net/dev`; its two heading lines and lines without an interface are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<NetDev> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<NetDev> {
    // Old kernels print no blank behind the colon, and an alias has one in its name (`eth0:1`):
    // the last colon is the one that ends the name, since no counter has any.
    let (device, counters) = line.rsplit_once(':')?;
    let device = device.trim();
    if device.is_empty() {
        return None;
    }
    let mut words = counters.split_ascii_whitespace();
    let received = direction(&mut words);
    // fifo, frame, compressed, multicast
    let mut words = words.skip(4);
    Some(NetDev {
        device: device.to_owned(),
        received,
        transmitted: direction(&mut words),
    })
}

fn direction<'a>(words: &mut impl Iterator<Item = &'a str>) -> Direction {
    Direction {
        bytes: next_number(words),
        packets: next_number(words),
        errors: next_number(words),
        dropped: next_number(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "Inter-|   Receive                            |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs\n";

    #[test]
    fn headings_are_left_out_and_both_directions_are_read() {
        let text = format!(
            "{HEADING}  eth0: 120310391    3722    1    2    0     0   0    0   193140    1507    3    4    0 0 0 0\n"
        );
        let devices = parse(&text);
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].device, "eth0");
        let numbers = |d: Direction| (d.bytes, d.packets, d.errors, d.dropped);
        assert_eq!(
            numbers(devices[0].received),
            (Some(120_310_391), Some(3722), Some(1), Some(2))
        );
        assert_eq!(
            numbers(devices[0].transmitted),
            (Some(193_140), Some(1507), Some(3), Some(4))
        );
    }

    #[test]
    fn a_name_may_hold_a_colon_and_touch_its_first_counter() {
        let devices = parse("eth0:1:77 8 0 0 0 0 0 0 99 1 0 0 0 0 0 0");
        assert_eq!(devices[0].device, "eth0:1");
        assert_eq!(devices[0].received.bytes, Some(77));
        assert_eq!(devices[0].transmitted.bytes, Some(99));
    }

    #[test]
    fn a_short_line_has_none_where_it_ends() {
        let devices = parse("lo: 5\n: 6\n");
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].received.bytes, Some(5));
        assert_eq!(devices[0].transmitted, Direction::default());
    }
}
