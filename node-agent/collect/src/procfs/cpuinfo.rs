//! `/proc/cpuinfo`: the processor's model. Every architecture has keys of its own.

/// What `/proc/cpuinfo` says of the first processor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CpuInfo {
    /// The model's name, where the architecture tells one (64-bit Arm mostly does not).
    pub model: Option<String>,
    /// Whether the processor says that it is a hypervisor's; none where it has no such flag list.
    pub is_virtual: Option<bool>,
}

/// Keys that hold a model name, the better ones first.
const MODEL_KEYS: [&str; 6] = [
    "model name", // x86, some Arm
    "cpu model",  // MIPS
    "cpu",        // POWER
    "uarch",      // RISC-V
    "Processor",  // old Arm
    "Model",      // single-board machines
];

/// Parses `/proc/cpuinfo`.
#[must_use]
pub fn parse(text: &str) -> CpuInfo {
    let mut best: Option<(usize, &str)> = None;
    let mut is_virtual = None;
    for line in text.lines() {
        let Some((key, text)) = line.split_once(':') else {
            continue;
        };
        let (key, text) = (key.trim(), text.trim());
        if key == "flags" && is_virtual.is_none() {
            is_virtual = Some(text.split_ascii_whitespace().any(|f| f == "hypervisor"));
        }
        let rank = MODEL_KEYS.iter().position(|known| *known == key);
        if let Some(rank) = rank.filter(|_| !text.is_empty())
            && best.is_none_or(|(best_rank, _)| rank < best_rank)
        {
            best = Some((rank, text));
        }
    }
    CpuInfo {
        model: best.map(|(_, model)| model.to_owned()),
        is_virtual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_x86_processor_tells_model_and_hypervisor() {
        let info = parse(
            "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\nflags\t\t: fpu hypervisor\n\
             \nprocessor\t: 1\nmodel name\t: another\n",
        );
        assert_eq!(info.model.as_deref(), Some("AMD EPYC"));
        assert_eq!(info.is_virtual, Some(true));
    }

    #[test]
    fn other_architectures_have_other_keys_or_none() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(parse(text).model.as_deref(), expected, "{text}");
            assert_eq!(parse(text).is_virtual, None);
        };
        check(
            "processor\t: 0\ncpu\t\t: POWER9, altivec\n",
            Some("POWER9, altivec"),
        );
        check(
            "processor : 0\nhart : 1\nuarch : sifive,u74-mc\n",
            Some("sifive,u74-mc"),
        );
        check("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", None);
        check("Model\t: Pi 4\nmodel name\t: ARMv7\n", Some("ARMv7"));
        check("", None);
    }
}
