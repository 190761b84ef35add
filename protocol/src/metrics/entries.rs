//! The entries of the metric catalog, in the order in which documentation prints them.

use super::{
    Cpu, Dimension, Disk, Filesystem, Host, Kind, Measure, Memory, Metric, Network, Paging,
    Pressure, Processes, Top,
};
use crate::value::DataType;

const DEVICE: Dimension = column("device", DataType::Str);
const DIRECTION: Dimension = column("direction", DataType::Str);
const FILESYSTEM: &[Dimension] = &[
    column("mountpoint", DataType::Str),
    DEVICE,
    column("fstype", DataType::Str),
];
const MODE: Dimension = column("mode", DataType::Str);
const PART: Dimension = column("part", DataType::Str);
const PROCESS: &[Dimension] = &[
    column("pid", DataType::Int),
    column("uid", DataType::Int),
    column("command", DataType::Str),
];
const STALL: &[Dimension] = &[
    column("stall", DataType::Str),
    column("window", DataType::Duration),
];

/// Every metric, one a line.
#[rustfmt::skip]
pub(super) const METRICS: &[Metric] = &[
    // processor time and load
    share("system.cpu.utilization", &["cpu"], Measure::Cpu(Cpu::Utilization), DataType::Percent, "share of processor time that was neither idle nor waiting for disks, over all processors; stolen time counts as busy"),
    share("system.cpu.utilization.by_mode", &["cpu_modes"], Measure::Cpu(Cpu::UtilizationByMode), DataType::Percent, "share of processor time in each mode, over all processors").by(&[MODE]),
    share("system.cpu.utilization.by_cpu", &["cpu_each"], Measure::Cpu(Cpu::UtilizationByCpu), DataType::Percent, "`system.cpu.utilization` of each processor").by(&[column("cpu", DataType::Int)]),
    counter("system.cpu.time", &["cpu_time"], Measure::Cpu(Cpu::Time), DataType::Duration, "processor time spent in each mode since boot, over all processors").by(&[MODE]),
    gauge("system.cpu.logical.count", &["cpus"], Measure::Cpu(Cpu::Count), DataType::Int, "processors online"),
    gauge("system.cpu.load_average.1m", &["load1", "load"], Measure::Cpu(Cpu::Load1), DataType::Float, "tasks that ran or could not be interrupted, averaged over one minute"),
    gauge("system.cpu.load_average.5m", &["load5"], Measure::Cpu(Cpu::Load5), DataType::Float, "the same over five minutes"),
    gauge("system.cpu.load_average.15m", &["load15"], Measure::Cpu(Cpu::Load15), DataType::Float, "the same over fifteen minutes"),
    // main memory
    gauge("system.memory.utilization", &["mem"], Measure::Memory(Memory::Utilization), DataType::Percent, "share of memory that is not available to new work"),
    gauge("system.memory.usage", &["mem_usage"], Measure::Memory(Memory::Usage), DataType::Size, "bytes by part: `used`, `free`, `buffers`, `cached`, `slab_reclaimable`, which add up to the whole, and `shared`, which is part of `cached`").by(&[PART]),
    gauge("system.memory.available", &["mem_available"], Measure::Memory(Memory::Available), DataType::Size, "bytes that new work could have without swapping; estimated on kernels before 3.14, which do not tell"),
    gauge("system.memory.limit", &["mem_total"], Measure::Memory(Memory::Limit), DataType::Size, "bytes that the kernel manages"),
    counter("system.memory.oom_kills", &["oom_kills"], Measure::Memory(Memory::OomKills), DataType::Int, "processes killed for want of memory since boot; null on kernels before 4.13"),
    // swap
    gauge("system.paging.utilization", &["swap"], Measure::Paging(Paging::Utilization), DataType::Percent, "used share of swap; null on a machine without swap"),
    gauge("system.paging.usage", &["swap_usage"], Measure::Paging(Paging::Usage), DataType::Size, "bytes of swap `used` and `free`").by(&[PART]),
    counter("system.paging.operations", &["swap_io"], Measure::Paging(Paging::Operations), DataType::Int, "pages swapped `in` and `out` since boot").by(&[DIRECTION]),
    // mounted filesystems
    gauge("system.filesystem.utilization", &["disk"], Measure::Filesystem(Filesystem::Utilization), DataType::Percent, "used share of the space open to an ordinary user, as `df` counts it").by(FILESYSTEM),
    gauge("system.filesystem.usage", &["disk_used"], Measure::Filesystem(Filesystem::Usage), DataType::Size, "bytes used").by(FILESYSTEM),
    gauge("system.filesystem.free", &["disk_free"], Measure::Filesystem(Filesystem::Free), DataType::Size, "bytes left for an ordinary user").by(FILESYSTEM),
    gauge("system.filesystem.limit", &["disk_total"], Measure::Filesystem(Filesystem::Limit), DataType::Size, "bytes in all, those kept for root among them").by(FILESYSTEM),
    gauge("system.filesystem.inodes.utilization", &["inodes"], Measure::Filesystem(Filesystem::InodesUtilization), DataType::Percent, "used share of the inodes; null where the filesystem has no fixed number").by(FILESYSTEM),
    gauge("system.filesystem.inodes.free", &["inodes_free"], Measure::Filesystem(Filesystem::InodesFree), DataType::Int, "inodes left; null where the filesystem has no fixed number").by(FILESYSTEM),
    gauge("system.filesystem.read_only", &["disk_read_only"], Measure::Filesystem(Filesystem::ReadOnly), DataType::Bool, "whether the mount or its filesystem is read-only now").by(FILESYSTEM),
    // block devices
    counter("system.disk.io", &["disk_bytes"], Measure::Disk(Disk::Io), DataType::Size, "bytes by `read` and `write` since boot").by(&[DEVICE, DIRECTION]),
    rate("system.disk.io.rate", &["disk_rate"], Measure::Disk(Disk::IoRate), DataType::Size, "bytes a second by `read` and `write`").by(&[DEVICE, DIRECTION]),
    counter("system.disk.operations", &["disk_ops"], Measure::Disk(Disk::Operations), DataType::Int, "finished operations by `read` and `write` since boot").by(&[DEVICE, DIRECTION]),
    rate("system.disk.operations.rate", &["iops"], Measure::Disk(Disk::OperationsRate), DataType::Float, "finished operations a second by `read` and `write`").by(&[DEVICE, DIRECTION]),
    counter("system.disk.io_time", &["disk_time"], Measure::Disk(Disk::IoTime), DataType::Duration, "time with an operation under way, since boot").by(&[DEVICE]),
    share("system.disk.utilization", &["disk_busy"], Measure::Disk(Disk::Utilization), DataType::Percent, "share of time with an operation under way; a device that serves many at once can be at 100 % with room left").by(&[DEVICE]),
    gauge("system.disk.pending_operations", &["disk_queue"], Measure::Disk(Disk::Pending), DataType::Int, "operations under way now").by(&[DEVICE]),
    // network interfaces
    counter("system.network.io", &["net_bytes"], Measure::Network(Network::Io), DataType::Size, "bytes by `receive` and `transmit` since the interface came to be").by(&[DEVICE, DIRECTION]),
    rate("system.network.io.rate", &["net_rate", "net"], Measure::Network(Network::IoRate), DataType::Size, "bytes a second by `receive` and `transmit`").by(&[DEVICE, DIRECTION]),
    counter("system.network.packets", &["net_packets"], Measure::Network(Network::Packets), DataType::Int, "packets since the interface came to be").by(&[DEVICE, DIRECTION]),
    rate("system.network.packets.rate", &["net_packet_rate"], Measure::Network(Network::PacketsRate), DataType::Float, "packets a second").by(&[DEVICE, DIRECTION]),
    counter("system.network.errors", &["net_errors"], Measure::Network(Network::Errors), DataType::Int, "packets with errors since the interface came to be").by(&[DEVICE, DIRECTION]),
    rate("system.network.errors.rate", &["net_error_rate"], Measure::Network(Network::ErrorsRate), DataType::Float, "packets with errors a second").by(&[DEVICE, DIRECTION]),
    counter("system.network.dropped", &["net_drops"], Measure::Network(Network::Dropped), DataType::Int, "packets dropped since the interface came to be").by(&[DEVICE, DIRECTION]),
    rate("system.network.dropped.rate", &["net_drop_rate"], Measure::Network(Network::DroppedRate), DataType::Float, "packets dropped a second").by(&[DEVICE, DIRECTION]),
    // processes
    gauge("system.processes.count", &["procs"], Measure::Processes(Processes::Count), DataType::Int, "processes by status: `running`, `sleeping`, `blocked` (waits for a device, cannot be interrupted), `idle` (the kernel's own), `stopped`, `zombie`, `other`").by(&[column("status", DataType::Str)]),
    gauge("system.processes.threads", &["threads"], Measure::Processes(Processes::Threads), DataType::Int, "threads of all processes"),
    counter("system.processes.created", &["forks"], Measure::Processes(Processes::Created), DataType::Int, "processes and threads started since boot"),
    rate("system.processes.created.rate", &["fork_rate"], Measure::Processes(Processes::CreatedRate), DataType::Float, "processes and threads started a second"),
    share("system.top.cpu", &["top_cpu"], Measure::Top(Top::Cpu), DataType::Percent, "the processes that used most processor time between the readings, 10 unless the agent is set otherwise; in points of one processor, as `top` counts, so that 200 is two processors").by(PROCESS).with(&[column("rss", DataType::Size)]),
    gauge("system.top.memory", &["top_mem"], Measure::Top(Top::Memory), DataType::Size, "the processes that hold most resident memory, 10 unless the agent is set otherwise").by(PROCESS).with(&[column("utilization", DataType::Percent)]),
    // pressure
    gauge("system.pressure.cpu", &["psi_cpu"], Measure::Pressure(Pressure::Cpu), DataType::Percent, "share of time in which `some` task, or all that could run (`full`), waited for a processor, averaged over 10 s, 1 min and 5 min; an error on kernels without PSI").by(STALL),
    gauge("system.pressure.memory", &["psi_mem"], Measure::Pressure(Pressure::Memory), DataType::Percent, "share of time in which `some` task, or all that could run (`full`), waited for memory, averaged over 10 s, 1 min and 5 min; an error on kernels without PSI").by(STALL),
    gauge("system.pressure.io", &["psi_io"], Measure::Pressure(Pressure::Io), DataType::Percent, "share of time in which `some` task, or all that could run (`full`), waited for a block device, averaged over 10 s, 1 min and 5 min; an error on kernels without PSI").by(STALL),
    // the machine as a whole
    gauge("system.uptime", &["uptime"], Measure::Host(Host::Uptime), DataType::Duration, "time since boot"),
    gauge("system.file_descriptors.open", &["fds"], Measure::Host(Host::FilesOpen), DataType::Int, "open files of all processes"),
    gauge("system.file_descriptors.limit", &["fd_limit"], Measure::Host(Host::FilesLimit), DataType::Int, "the kernel's bound on open files"),
    gauge("system.file_descriptors.utilization", &["fd_pct"], Measure::Host(Host::FilesUtilization), DataType::Percent, "open files as a share of that bound"),
];

const fn column(name: &'static str, data_type: DataType) -> Dimension {
    Dimension { name, data_type }
}

const fn gauge(
    name: &'static str,
    short: &'static [&'static str],
    measure: Measure,
    data_type: DataType,
    description: &'static str,
) -> Metric {
    entry(name, short, measure, Kind::Gauge, data_type, description)
}

const fn counter(
    name: &'static str,
    short: &'static [&'static str],
    measure: Measure,
    data_type: DataType,
    description: &'static str,
) -> Metric {
    entry(name, short, measure, Kind::Counter, data_type, description)
}

const fn share(
    name: &'static str,
    short: &'static [&'static str],
    measure: Measure,
    data_type: DataType,
    description: &'static str,
) -> Metric {
    entry(name, short, measure, Kind::Share, data_type, description)
}

const fn rate(
    name: &'static str,
    short: &'static [&'static str],
    measure: Measure,
    data_type: DataType,
    description: &'static str,
) -> Metric {
    entry(name, short, measure, Kind::Rate, data_type, description)
}

const fn entry(
    name: &'static str,
    short: &'static [&'static str],
    measure: Measure,
    kind: Kind,
    data_type: DataType,
    description: &'static str,
) -> Metric {
    Metric {
        name,
        short,
        measure,
        kind,
        dimensions: &[],
        data_type,
        extras: &[],
        description,
    }
}

impl Metric {
    const fn by(mut self, dimensions: &'static [Dimension]) -> Self {
        self.dimensions = dimensions;
        self
    }

    const fn with(mut self, extras: &'static [Dimension]) -> Self {
        self.extras = extras;
        self
    }
}
