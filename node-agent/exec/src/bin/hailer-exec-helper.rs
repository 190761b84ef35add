//! The spawning helper as a program of its own, for tests, benches and embedders.

fn main() -> std::io::Result<()> {
    hailer_exec::helper::main()
}
