//! Facts: one row of what a node says about itself.

use std::collections::BTreeMap;

use hailer_protocol::metrics::{FACTS, FactField};
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::Value;

use crate::collector::Collector;
use crate::cpu;
use crate::files::{Files, Tree};
use crate::procfs::cpuinfo::{self, CpuInfo};
use crate::procfs::meminfo;
use crate::procfs::os_release::{self, OsRelease};
use crate::procfs::stat::{self, Stat};
use crate::procfs::uptime;
use crate::units;
use crate::virtualization::{self, Evidence};

/// What the agent knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentFacts {
    /// The agent's version.
    pub version: String,
    /// The node's name in the agent's configuration.
    pub node: String,
    /// The labels in the agent's configuration.
    pub labels: BTreeMap<String, String>,
}

impl Collector {
    /// Reads all facts: one row under the columns of [`FACTS`]. Whatever the machine does not
    /// tell, or does not tell this user, is null.
    pub fn facts(&mut self, agent: &AgentFacts) -> Table {
        let sources = Sources::read(&mut self.files);
        let columns = FACTS
            .iter()
            .map(|fact| Column::new(fact.name, fact.data_type))
            .collect();
        let row = FACTS
            .iter()
            .map(|fact| sources.value(fact.field, agent))
            .collect();
        Table {
            columns,
            rows: vec![row],
        }
    }
}

/// The files that facts are read from; those that tell several facts are parsed once.
#[derive(Debug)]
struct Sources {
    hostname: Option<String>,
    kernel: Option<String>,
    kernel_version: Option<String>,
    arch: Option<String>,
    os: OsRelease,
    cpu: CpuInfo,
    stat: Stat,
    memory: Option<u64>,
    uptime: Option<Value>,
    vendor: Option<String>,
    product: Option<String>,
    bios_vendor: Option<String>,
    bios_version: Option<String>,
    bios_date: Option<String>,
    hypervisor: Option<String>,
}

impl Sources {
    fn read(files: &mut Files) -> Self {
        let mut text = |tree: Tree, file: &str| files.fact(tree, file).map(|t| t.into_owned());
        let os = text(Tree::Etc, "os-release");
        let cpu = text(Tree::Proc, "cpuinfo").unwrap_or_default();
        let stat = text(Tree::Proc, "stat").unwrap_or_default();
        let memory = text(Tree::Proc, "meminfo").unwrap_or_default();
        let since_boot = text(Tree::Proc, "uptime").unwrap_or_default();
        Self {
            hostname: text(Tree::Proc, "sys/kernel/hostname"),
            kernel: text(Tree::Proc, "sys/kernel/osrelease"),
            kernel_version: text(Tree::Proc, "sys/kernel/version"),
            // The file is there since Linux 6.1.
            arch: text(Tree::Proc, "sys/kernel/arch").or_else(own_arch),
            os: os.map(|text| os_release::parse(&text)).unwrap_or_default(),
            cpu: cpuinfo::parse(&cpu),
            stat: stat::parse(&stat),
            memory: meminfo::parse(&memory).total,
            uptime: uptime::parse(&since_boot).map(units::duration),
            vendor: text(Tree::Sys, "class/dmi/id/sys_vendor"),
            product: text(Tree::Sys, "class/dmi/id/product_name")
                .or_else(|| text(Tree::Sys, "firmware/devicetree/base/model")),
            bios_vendor: text(Tree::Sys, "class/dmi/id/bios_vendor"),
            bios_version: text(Tree::Sys, "class/dmi/id/bios_version"),
            bios_date: text(Tree::Sys, "class/dmi/id/bios_date"),
            hypervisor: text(Tree::Sys, "hypervisor/type"),
        }
    }

    fn value(&self, field: FactField, agent: &AgentFacts) -> Value {
        let text = |text: &Option<String>| Value::from(text.as_deref());
        match field {
            FactField::Hostname => text(&self.hostname),
            FactField::Kernel => text(&self.kernel),
            FactField::KernelVersion => text(&self.kernel_version),
            FactField::Arch => text(&self.arch),
            FactField::Os => text(&self.os.name),
            FactField::OsId => text(&self.os.id),
            FactField::OsVersion => text(&self.os.version),
            FactField::CpuModel => text(&self.cpu.model),
            FactField::Cpus => cpu::processors(&self.stat),
            FactField::Memory => self.memory.map(units::size).into(),
            FactField::Vendor => text(&self.vendor),
            FactField::Product => text(&self.product),
            FactField::BiosVendor => text(&self.bios_vendor),
            FactField::BiosVersion => text(&self.bios_version),
            FactField::BiosDate => text(&self.bios_date),
            FactField::Virtualization => virtualization::detect(&Evidence {
                hypervisor: self.hypervisor.as_deref(),
                vendor: self.vendor.as_deref(),
                product: self.product.as_deref(),
                bios_vendor: self.bios_vendor.as_deref(),
                is_virtual: self.cpu.is_virtual,
            })
            .into(),
            FactField::BootTime => self.boot_time().into(),
            FactField::Uptime => self.uptime.clone().into(),
            FactField::AgentNode => agent.node.as_str().into(),
            FactField::AgentVersion => agent.version.as_str().into(),
            FactField::Labels => labels(&agent.labels).into(),
        }
    }

    fn boot_time(&self) -> Option<Value> {
        let seconds = i64::try_from(self.stat.boot_time?).ok()?;
        seconds.checked_mul(1000).map(Value::Time)
    }
}

fn own_arch() -> Option<String> {
    let name = rustix::system::uname();
    name.machine().to_str().ok().map(str::to_owned)
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
    pairs.join(",")
}
