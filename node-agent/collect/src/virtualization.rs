//! Which hypervisor a machine runs under, told by what its firmware calls itself.
//!
//! Best effort: firmware may call itself anything, and a hypervisor may hide.

/// What the verdict rests on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Evidence<'a> {
    /// `/sys/hypervisor/type`.
    pub(crate) hypervisor: Option<&'a str>,
    /// DMI `sys_vendor`.
    pub(crate) vendor: Option<&'a str>,
    /// DMI `product_name`.
    pub(crate) product: Option<&'a str>,
    /// DMI `bios_vendor`.
    pub(crate) bios_vendor: Option<&'a str>,
    /// Whether the processor says that it is virtual.
    pub(crate) is_virtual: Option<bool>,
}

/// What a maker's or product's name starts with, and the hypervisor that it means.
const NAMES: [(&str, &str); 13] = [
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("Google Compute Engine", "google"),
    ("Amazon EC2", "amazon"),
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Apple Virtualization", "apple"),
    ("QEMU", "qemu"),
];

/// Returns the hypervisor, `vm` for one that has no name here, `none` for a bare machine; nothing
/// where the machine does not tell.
pub(crate) fn detect(evidence: &Evidence<'_>) -> Option<String> {
    if let Some(hypervisor) = evidence.hypervisor {
        return Some(hypervisor.to_lowercase());
    }
    // Instances without a hypervisor have the same maker.
    let is_metal = evidence.product.is_some_and(|p| p.contains(".metal"));
    // Hyper-V's maker makes bare machines too: only its product's name tells.
    let is_hyperv = evidence.product == Some("Virtual Machine")
        && evidence
            .vendor
            .is_some_and(|vendor| vendor.starts_with("Microsoft"));
    let name = if is_metal {
        Some("none")
    } else if is_hyperv {
        Some("hyperv")
    } else {
        [evidence.product, evidence.vendor, evidence.bios_vendor]
            .into_iter()
            .flatten()
            .find_map(named)
    };
    let by_processor = || {
        evidence
            .is_virtual
            .map(|yes| if yes { "vm" } else { "none" })
    };
    name.or_else(by_processor).map(str::to_owned)
}

fn named(text: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(start, _)| text.starts_with(start))
        .map(|(_, hypervisor)| *hypervisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(vendor: &str, product: &str, is_virtual: Option<bool>, expected: Option<&str>) {
        let evidence = Evidence {
            vendor: Some(vendor),
            product: Some(product),
            is_virtual,
            ..Evidence::default()
        };
        assert_eq!(detect(&evidence).as_deref(), expected, "{vendor} {product}");
    }

    #[test]
    fn firmware_names_are_told_apart() {
        check("QEMU", "Standard PC (Q35 + ICH9, 2009)", None, Some("qemu"));
        check("Red Hat", "KVM", Some(true), Some("kvm"));
        check(
            "VMware, Inc.",
            "VMware Virtual Platform",
            Some(true),
            Some("vmware"),
        );
        check(
            "Microsoft Corporation",
            "Virtual Machine",
            Some(true),
            Some("hyperv"),
        );
        check(
            "Microsoft Corporation",
            "Surface",
            Some(false),
            Some("none"),
        );
        check("Amazon EC2", "m5.large", Some(true), Some("amazon"));
        check("Amazon EC2", "m5.metal", Some(false), Some("none"));
        check("Dell Inc.", "PowerEdge R640", Some(false), Some("none"));
        check("Hetzner", "vServer", Some(true), Some("vm"));
        check("Some", "Arm board", None, None);
    }

    #[test]
    fn a_hypervisor_that_names_itself_is_believed() {
        let evidence = Evidence {
            hypervisor: Some("xen"),
            is_virtual: Some(false),
            ..Evidence::default()
        };
        assert_eq!(detect(&evidence).as_deref(), Some("xen"));
    }
}
