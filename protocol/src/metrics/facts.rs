//! The closed list of facts: what a node says about itself, one column each.
//!
//! Serial numbers and asset tags are not among them: they are readable by root alone, and for a
//! reason.

use crate::value::DataType;

/// One fact, a column of the one row that `facts` has for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact {
    /// The column's name.
    pub name: &'static str,
    /// What it is; a reader matches on it.
    pub field: FactField,
    /// The column's type. Any fact is null where the machine does not tell.
    pub data_type: DataType,
    /// What it means, in one sentence without a full stop.
    pub description: &'static str,
}

/// What a fact is; each is described by its entry in [`FACTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactField {
    /// Column `hostname`.
    Hostname,
    /// Column `kernel`.
    Kernel,
    /// Column `kernel_version`.
    KernelVersion,
    /// Column `arch`.
    Arch,
    /// Column `os`.
    Os,
    /// Column `os_id`.
    OsId,
    /// Column `os_version`.
    OsVersion,
    /// Column `cpu_model`.
    CpuModel,
    /// Column `cpus`.
    Cpus,
    /// Column `memory`.
    Memory,
    /// Column `vendor`.
    Vendor,
    /// Column `product`.
    Product,
    /// Column `bios_vendor`.
    BiosVendor,
    /// Column `bios_version`.
    BiosVersion,
    /// Column `bios_date`.
    BiosDate,
    /// Column `virtualization`.
    Virtualization,
    /// Column `boot_time`.
    BootTime,
    /// Column `uptime`.
    Uptime,
    /// Column `agent_node`.
    AgentNode,
    /// Column `agent_version`.
    AgentVersion,
    /// Column `labels`.
    Labels,
}

const fn fact(
    name: &'static str,
    field: FactField,
    data_type: DataType,
    description: &'static str,
) -> Fact {
    Fact {
        name,
        field,
        data_type,
        description,
    }
}

/// Every fact, in the order of the columns.
pub const FACTS: &[Fact] = {
    use DataType::{Duration, Int, Size, Str, Time};
    use FactField as F;
    &[
        fact("hostname", F::Hostname, Str, "the kernel's host name"),
        fact(
            "kernel",
            F::Kernel,
            Str,
            "the kernel's release, as `uname -r` prints it",
        ),
        fact(
            "kernel_version",
            F::KernelVersion,
            Str,
            "the kernel's build, as `uname -v` prints it",
        ),
        fact(
            "arch",
            F::Arch,
            Str,
            "the machine's architecture, as `uname -m` prints it",
        ),
        fact(
            "os",
            F::Os,
            Str,
            "the distribution's full name (`PRETTY_NAME` of os-release)",
        ),
        fact(
            "os_id",
            F::OsId,
            Str,
            "the distribution's short name (`ID`)",
        ),
        fact(
            "os_version",
            F::OsVersion,
            Str,
            "the distribution's version (`VERSION_ID`)",
        ),
        fact(
            "cpu_model",
            F::CpuModel,
            Str,
            "the first processor's model name",
        ),
        fact("cpus", F::Cpus, Int, "processors online"),
        fact(
            "memory",
            F::Memory,
            Size,
            "main memory that the kernel manages",
        ),
        fact(
            "vendor",
            F::Vendor,
            Str,
            "the machine's maker (DMI `sys_vendor`)",
        ),
        fact(
            "product",
            F::Product,
            Str,
            "the machine's model (DMI `product_name`, else the device tree's)",
        ),
        fact(
            "bios_vendor",
            F::BiosVendor,
            Str,
            "the firmware's maker (DMI)",
        ),
        fact(
            "bios_version",
            F::BiosVersion,
            Str,
            "the firmware's version (DMI)",
        ),
        fact(
            "bios_date",
            F::BiosDate,
            Str,
            "the firmware's date as its maker wrote it (DMI)",
        ),
        fact(
            "virtualization",
            F::Virtualization,
            Str,
            "the hypervisor (`kvm`, `vmware` …), `vm` where its name is not told, `none` where there is none; best effort",
        ),
        fact(
            "boot_time",
            F::BootTime,
            Time,
            "when the kernel started, to the second",
        ),
        fact("uptime", F::Uptime, Duration, "time since then"),
        fact(
            "agent_node",
            F::AgentNode,
            Str,
            "the node's name in the agent's own configuration",
        ),
        fact("agent_version", F::AgentVersion, Str, "the agent's version"),
        fact(
            "labels",
            F::Labels,
            Str,
            "labels in the agent's own configuration, `key=value` with commas between",
        ),
    ]
};
